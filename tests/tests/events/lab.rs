//! A controller and an agent that talk through a wire which can be cut.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use muster_tests::loopback::{Loopback, Process, text};
use serde_json::Value;

/// The cluster, and the wire to its controller.
pub(crate) struct Lab {
    cluster: Loopback,
    wire: Wire,
}

impl Deref for Lab {
    type Target = Loopback;

    fn deref(&self) -> &Loopback {
        &self.cluster
    }
}

impl DerefMut for Lab {
    fn deref_mut(&mut self) -> &mut Loopback {
        &mut self.cluster
    }
}

impl Lab {
    /// `arguments` are for `muster-controller serve`.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let cluster = Loopback::start(arguments);
        let wire = Wire::to(cluster.address());
        Self { cluster, wire }
    }

    /// Nothing goes over the wire from now on.
    pub(crate) fn cut(&self) {
        self.wire.is_cut.store(true, Ordering::SeqCst);
    }

    pub(crate) fn mend(&self) {
        self.wire.is_cut.store(false, Ordering::SeqCst);
    }

    /// An agent at the other end of the wire, with a new token.
    pub(crate) fn newcomer(&self) -> Process {
        let token = self.token(&[]);
        self.agent(&[
            "--controller",
            &self.wire.address,
            "--token-file",
            text(&token),
        ])
    }

    /// The same, once enrolled.
    pub(crate) fn returning(&self) -> Process {
        self.agent(&["--controller", &self.wire.address])
    }

    pub(crate) fn wait_for_event(&self, kind: &str) {
        self.wait_until(kind, |events| kinds(events).any(|told| told == kind));
    }

    /// Waits for events of which `is_so` says that they are all.
    pub(crate) fn wait_until(&self, what: &str, is_so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let mut events = Vec::new();
        self.patiently(what, || {
            events = self.events();
            is_so(&events)
        });
        events
    }
}

/// The kinds of the events, in order.
pub(crate) fn kinds(events: &[Value]) -> impl Iterator<Item = &str> {
    events.iter().filter_map(|event| event["kind"].as_str())
}

/// The numbers in the node's spool, in the order of the store.
pub(crate) fn spooled(events: &[Value]) -> Vec<u64> {
    let numbers = events.iter().map(|event| event["spool_sequence"].as_u64());
    numbers.flatten().collect()
}

/// Carries bytes to and fro, unless it is cut: then they are held, as if the cable were out.
struct Wire {
    address: String,
    is_cut: Arc<AtomicBool>,
}

impl Wire {
    fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let is_cut = Arc::new(AtomicBool::new(false));
        let (target, cut) = (target.to_owned(), Arc::clone(&is_cut));
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = TcpStream::connect(&target) else {
                    continue;
                };
                let ends = [
                    (near.try_clone().unwrap(), far.try_clone().unwrap()),
                    (far, near),
                ];
                for (from, to) in ends {
                    let cut = Arc::clone(&cut);
                    std::thread::spawn(move || carry(from, to, &cut));
                }
            }
        });
        Self { address, is_cut }
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, cut: &AtomicBool) {
    let mut buffer = [0; 16 << 10];
    let mut carried = || -> io::Result<()> {
        loop {
            let count = from.read(&mut buffer)?;
            while cut.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(20));
            }
            if count == 0 {
                return Ok(());
            }
            to.write_all(&buffer[..count])?;
        }
    };
    let _ = carried();
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
