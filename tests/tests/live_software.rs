//! The running machine's modules, listeners and services, against what is known of them otherwise.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "test code"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;

use muster_discovery::{Options, Source, discover};
use muster_model::software::TransportProtocol::{self, Tcp, Udp};
use muster_model::{Inventory, Section};

fn only(section: Section) -> Inventory {
    let options = Options {
        sections: [section].into(),
        ..Options::default()
    };
    discover(&Source::live().unwrap(), &options).inventory
}

/// What a program prints; `None`, said aloud, where it is not installed or cannot tell here.
fn printed(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output();
    match output {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout).ok(),
        _ => {
            muster_tests::aloud::say(format_args!(
                "skipped: {program} is not installed, or cannot tell here"
            ));
            None
        }
    }
}

fn listeners() -> BTreeSet<(TransportProtocol, SocketAddr)> {
    let listeners = only(Section::Listeners).listeners.expect("known here");
    let entry = |it: &muster_model::software::Listener| {
        let address: IpAddr = it.address.parse().expect("an address");
        (it.protocol.unwrap(), SocketAddr::new(address, it.port))
    };
    let distinct: BTreeSet<_> = listeners.iter().map(entry).collect();
    assert_eq!(distinct.len(), listeners.len(), "one is there twice");
    distinct
}

#[test]
fn our_own_sockets_are_there_and_connections_are_not() {
    let loopbacks = ["127.0.0.1:0", "[::1]:0"];
    let tcp: Vec<_> = loopbacks.into_iter().flat_map(TcpListener::bind).collect();
    let udp: Vec<_> = loopbacks.into_iter().flat_map(UdpSocket::bind).collect();
    assert!(!tcp.is_empty() && !udp.is_empty(), "no loopback");
    let client = TcpStream::connect(tcp[0].local_addr().unwrap()).unwrap();
    let connected = UdpSocket::bind("127.0.0.1:0").unwrap();
    connected.connect(udp[0].local_addr().unwrap()).unwrap();

    let found = listeners();
    for listener in &tcp {
        let address = listener.local_addr().unwrap();
        assert!(found.contains(&(Tcp, address)), "{address} of {found:?}");
    }
    for socket in &udp {
        let address = socket.local_addr().unwrap();
        assert!(found.contains(&(Udp, address)), "{address} of {found:?}");
    }
    assert!(!found.contains(&(Tcp, client.local_addr().unwrap())));
    assert!(!found.contains(&(Udp, connected.local_addr().unwrap())));
}

#[test]
fn the_same_modules_as_lsmod() {
    let modules = only(Section::Modules).modules.unwrap();
    let Some(loaded) = modules.loaded else {
        muster_tests::aloud::say("skipped: this kernel tells of no loaded modules");
        return;
    };
    let Some(theirs) = printed("lsmod", &[]) else {
        return;
    };
    let names = theirs.lines().skip(1);
    let names: BTreeSet<&str> = names.filter_map(|it| it.split(' ').next()).collect();
    assert_eq!(
        loaded.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        names
    );
}

#[test]
fn the_same_services_as_systemctl() {
    let kinds = "--type=service,socket";
    let arguments = [
        "--root=/",
        "list-unit-files",
        kinds,
        "--no-legend",
        "--plain",
    ];
    let Some(theirs) = printed("systemctl", &arguments) else {
        return;
    };
    let services = only(Section::Services)
        .services
        .expect("known where systemctl is");
    let ours: BTreeMap<&str, _> = services.iter().map(|it| (it.name.as_str(), it)).collect();
    let mut compared = 0;
    for line in theirs.lines() {
        let mut words = line.split_ascii_whitespace();
        let (Some(name), Some(state)) = (words.next(), words.next()) else {
            continue;
        };
        let facts = |name: &str| ours.get(name).map(|it| (it.enabled, it.masked));
        let expected = match state {
            "enabled" | "enabled-runtime" => (Some(true), Some(false)),
            "disabled" | "static" | "indirect" | "linked" => (Some(false), Some(false)),
            "masked" | "masked-runtime" => {
                assert_eq!(facts(name).map(|it| it.1), Some(Some(true)), "{name}");
                continue;
            }
            // An alias is what it stands for, a generated one is left out.
            _ => continue,
        };
        compared += 1;
        assert_eq!(facts(name), Some(expected), "{name} is {state}");
    }
    assert!(
        compared > 0 || theirs.is_empty(),
        "nothing compared: {theirs}"
    );
}
