//! `wire OWN OTHER PORT PORT`: a long wire. What comes to a port of the address OWN goes to the other port of OTHER: late, in another order,
//! or not at all. Each line of the input says how from then on: for either direction the delay and what may be added to it in
//! milliseconds, and how many of a hundred are lost. Ends with the input.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a tool of a lab: it stops at once where it is broken, and waiting is what it is for"
)]

use std::io::BufRead as _;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// One direction.
#[derive(Debug, Clone, Copy, Default)]
struct Way {
    delay_ms: u64,
    jitter_ms: u64,
    loss_percent: u64,
}

fn main() {
    let mut words = std::env::args().skip(1);
    let mut word = || words.next().expect("OWN OTHER PORT PORT");
    let own: IpAddr = word().parse().expect("an address");
    let other: IpAddr = word().parse().expect("an address");
    let [near, far] = [word(), word()].map(|port| port.parse::<u16>().expect("a port"));
    let [near_end, far_end] =
        [near, far].map(|port| Arc::new(UdpSocket::bind((own, port)).expect("a free port")));
    let ways: [Arc<Mutex<Way>>; 2] = Default::default();
    let [there, back] = ways.clone();
    let directions = [
        (Arc::clone(&near_end), Arc::clone(&far_end), far, there),
        (far_end, near_end, near, back),
    ];
    for (from, to, port, way) in directions {
        let other = SocketAddr::from((other, port));
        thread::spawn(move || carry(&from, &to, other, &way));
    }
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        let numbers = line
            .split_whitespace()
            .map(|number| number.parse().expect("a number"));
        let numbers: Vec<u64> = numbers.collect();
        for (way, numbers) in ways.iter().zip(numbers.chunks_exact(3)) {
            if let &[delay_ms, jitter_ms, loss_percent] = numbers {
                *way.lock().unwrap() = Way {
                    delay_ms,
                    jitter_ms,
                    loss_percent,
                };
            }
        }
    }
}

/// Each packet waits for itself, so that a quick one overtakes a slow one.
fn carry(from: &UdpSocket, to: &Arc<UdpSocket>, other: SocketAddr, way: &Mutex<Way>) {
    let mut buffer = [0; 65536];
    loop {
        let Ok((length, _)) = from.recv_from(&mut buffer) else {
            continue;
        };
        let way = *way.lock().unwrap();
        if draw(100) < way.loss_percent {
            continue;
        }
        let late = Duration::from_millis(way.delay_ms + draw(way.jitter_ms + 1));
        let (packet, to) = (buffer[..length].to_vec(), Arc::clone(to));
        thread::spawn(move || {
            thread::sleep(late);
            // The other end may be gone.
            let _ = to.send_to(&packet, other);
        });
    }
}

/// A random number below `bound`.
fn draw(bound: u64) -> u64 {
    getrandom::u64().expect("the system gives randomness") % bound
}
