//! LLDP frames sent at one end of a pair of interfaces are heard at the other.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use muster_discovery::{Options, Source, discover};
use muster_model::network::{AdminState, NetworkInterface};
use muster_model::{Inventory, Section};
use muster_tests::namespace::{entered, ip};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pnet_datalink::{Channel, Config};

#[test]
fn hears_every_link_at_once() {
    if !entered("hears_every_link_at_once") {
        return;
    }
    ip("link add here0 type veth peer name there0");
    ip("link add here1 type veth peer name there1");
    for name in ["here0", "there0", "here1", "there1"] {
        ip(&format!("link set {name} up"));
    }
    let _switch0 = Switch::start("there0", "port-0");
    let _switch1 = Switch::start("there1", "port-1");
    let begun = Instant::now();
    let (inventory, replayed) = listen(&["here0", "here1"], Duration::from_secs(20));
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "ends when all have answered"
    );
    for (name, port) in [("here0", "port-0"), ("here1", "port-1")] {
        let neighbour = interface(&inventory, name).neighbour.clone().unwrap();
        assert_eq!(neighbour.port_id.as_deref(), Some(port));
        assert_eq!(neighbour.chassis_id.as_deref(), Some("00:1c:73:aa:bb:cc"));
        assert_eq!(neighbour.system_name.as_deref(), Some("leaf-3"));
        assert_eq!(neighbour.vlan, Some(4000));
        assert_eq!(neighbour.management_addresses, ["192.0.2.7"]);
    }
    assert_eq!(interface(&inventory, "there0").neighbour, None);
    assert_eq!(inventory.network, replayed.network);
}

#[test]
fn switches_on_and_off_again() {
    if !entered("switches_on_and_off_again") {
        return;
    }
    ip("link add here0 type veth peer name there0");
    ip("link set there0 up");
    let _switch = Switch::start("there0", "port-0");
    let (inventory, _) = listen(&["here0"], Duration::from_secs(10));
    let here = interface(&inventory, "here0");
    assert!(here.neighbour.is_some());
    assert_eq!(here.admin_state, Some(AdminState::Down));
    let after = ip("-d -o link show here0");
    assert!(!after.contains(",UP") && !after.contains("<UP"), "{after}");
    assert!(after.contains("promiscuity 0"), "{after}");
}

#[test]
fn a_signal_ends_it_when_all_is_put_back() {
    if !entered("a_signal_ends_it_when_all_is_put_back") {
        return;
    }
    ip("link add here0 type veth peer name there0");
    ip("link set there0 up");
    let is_up = || ip("-o link show here0").contains(",UP");
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        assert!(!is_up());
        // A shell starts what runs in the background with some signals ignored.
        let mut listener = Command::new("env")
            .args([
                "--default-signal=INT,TERM,HUP",
                env!("CARGO_BIN_EXE_listen"),
                "here0",
            ])
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while !is_up() {
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "it was never switched on"
            );
        }
        let id = Pid::from_raw(i32::try_from(listener.id()).unwrap());
        kill(id, signal).unwrap();
        let status = listener.wait().unwrap();
        assert_eq!(status.signal(), Some(signal as i32));
        assert!(!is_up(), "{signal} left the interface on");
    }
}

#[test]
fn silence_ends_at_the_bound() {
    if !entered("silence_ends_at_the_bound") {
        return;
    }
    ip("link add here0 type veth peer name there0");
    ip("link set here0 up");
    ip("link set there0 up");
    // What the host itself sends on the link is no neighbour.
    let _own = Switch::start("here0", "own");
    let begun = Instant::now();
    let (inventory, _) = listen(&["here0"], Duration::from_secs(1));
    let took = begun.elapsed();
    assert!(
        took >= Duration::from_secs(1) && took < Duration::from_secs(3),
        "{took:?}"
    );
    assert_eq!(interface(&inventory, "here0").neighbour, None);
}

fn listen(names: &[&str], time: Duration) -> (Inventory, Inventory) {
    let options = Options {
        sections: BTreeSet::from([Section::Network]),
        lldp: Some(time),
        lldp_also: names.iter().map(|name| (*name).to_owned()).collect(),
        ..Options::default()
    };
    let source = Source::live().unwrap().recorded();
    let live = discover(&source, &options).inventory;
    let replay = Source::replay(source.into_recording());
    let replayed = discover(&replay, &options).inventory;
    (live, replayed)
}

fn interface<'a>(inventory: &'a Inventory, name: &str) -> &'a NetworkInterface {
    let mut interfaces = inventory.network.iter();
    interfaces.find(|interface| interface.name == name).unwrap()
}

/// Sends a frame every tenth of a second until it is dropped.
struct Switch(Arc<AtomicBool>);

impl Switch {
    fn start(name: &str, port: &str) -> Self {
        let mut interfaces = pnet_datalink::interfaces().into_iter();
        let interface = interfaces.find(|found| found.name == name).unwrap();
        let channel = pnet_datalink::channel(&interface, Config::default());
        let Ok(Channel::Ethernet(mut sender, _)) = channel else {
            panic!("{name}: no channel");
        };
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let frame = frame(port);
        thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let _ = sender.send_to(&frame, None);
                thread::park_timeout(Duration::from_millis(100));
            }
        });
        Self(stop)
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn frame(port: &str) -> Vec<u8> {
    let tlv = |kind: u16, value: &[u8]| {
        let head = kind << 9 | u16::try_from(value.len()).unwrap();
        [head.to_be_bytes().as_slice(), value].concat()
    };
    let mut frame = vec![0x01, 0x80, 0xc2, 0, 0, 0x0e, 2, 0, 0, 0, 0, 1, 0x88, 0xcc];
    frame.extend(tlv(1, &[4, 0, 0x1c, 0x73, 0xaa, 0xbb, 0xcc]));
    frame.extend(tlv(2, format!("\x05{port}").as_bytes()));
    frame.extend(tlv(3, &[0, 120]));
    frame.extend(tlv(5, b"leaf-3"));
    frame.extend(tlv(8, &[5, 1, 192, 0, 2, 7, 2, 0, 0, 0, 1, 0]));
    frame.extend(tlv(127, &[0, 0x80, 0xc2, 1, 0x0f, 0xa0]));
    frame.extend(tlv(0, &[]));
    frame.resize(60.max(frame.len()), 0);
    frame
}
