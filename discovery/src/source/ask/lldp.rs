//! Listening for LLDP frames on several interfaces at once.
//!
//! An interface that is switched off hears nothing, so it is switched on for the time and off
//! again when the value that remembers it is dropped: at the end, on an error, and on `SIGINT`,
//! `SIGTERM` and `SIGHUP`, which wait so long in the thread that discovers and in those that it
//! starts. A process that is killed outright, or one of its other threads that takes the signal,
//! leaves the interface on. Switching an interface off
//! again takes with it what others put on it meanwhile, such as addresses by autoconfiguration.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signalfd::SignalFd;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, getsockopt, socket, sockopt};
use pnet_datalink::{Channel, Config, DataLinkReceiver, NetworkInterface};

use super::netlink;
use crate::Fault;
use crate::parse::lldp;
use crate::parse::netlink::{Link, links};
use crate::source::Answer;
use crate::source::ioctl::packet;
use crate::source::netlink::NetlinkSocket;
use crate::source::signals::HeldSignals;

/// `RTM_NEWLINK`, `RTMGRP_LINK` and `IFF_UP`.
const RTM_NEWLINK: u16 = 16;
const LINK_GROUP: u32 = 1;
const IFF_UP: u32 = 1;
/// How long a link that was switched on may take to find its partner.
const NEGOTIATION: Duration = Duration::from_secs(6);
/// Most frames kept of one interface: one of each station on a shared segment.
const FRAMES_CAP: usize = 16;
/// Errors of one socket after which it is not asked any more.
const ERRORS_CAP: usize = 16;

/// The frames heard on each interface within `time`: sooner when each that has a carrier answered.
pub(in crate::source) fn listen(interfaces: &[String], time: Duration) -> Vec<Answer> {
    match Listening::start(interfaces, time) {
        Ok(listening) => listening.until_heard(),
        Err(fault) => vec![Err(fault); interfaces.len()],
    }
}

struct Listening {
    ears: Vec<Result<Ear, Fault>>,
    notifications: NetlinkSocket,
    switched_on: SwitchedOn,
    signal: SignalFd,
    held: HeldSignals,
    settled_at: Instant,
    until: Instant,
}

/// One interface that is listened on.
struct Ear {
    index: u32,
    carrier: bool,
    receiver: Box<dyn DataLinkReceiver>,
    socket: OwnedFd,
    frames: Vec<Vec<u8>>,
    errors: usize,
}

impl Listening {
    fn start(interfaces: &[String], time: Duration) -> Result<Self, Fault> {
        // Joined before the first look, so that no change between the two is lost.
        let notifications = NetlinkSocket::route(LINK_GROUP)?;
        let known: HashMap<String, Link> = links(&netlink::links()?)
            .items
            .into_iter()
            .map(|link| (link.name.clone(), link))
            .collect();
        let begun = Instant::now();
        let held = HeldSignals::hold()?;
        let mut listening = Self {
            ears: Vec::new(),
            notifications,
            switched_on: SwitchedOn::new()?,
            signal: held.descriptor()?,
            held,
            settled_at: begun,
            until: begun + time,
        };
        for name in interfaces {
            let link = known.get(name).ok_or(Fault::Vanished);
            let ear = link.and_then(|link| listening.open(link));
            listening.ears.push(ear);
        }
        Ok(listening)
    }

    fn open(&mut self, link: &Link) -> Result<Ear, Fault> {
        let ear = Ear::open(link)?;
        if !link.up {
            self.switched_on.add(link.index)?;
            self.settled_at = Instant::now() + NEGOTIATION;
        }
        Ok(ear)
    }

    fn until_heard(mut self) -> Vec<Answer> {
        while !self.is_complete() {
            let now = Instant::now();
            if now >= self.until || !self.wait(now) {
                break;
            }
        }
        let Self {
            ears,
            held,
            switched_on,
            ..
        } = self;
        // In this order: a signal that came meanwhile is delivered when all is put back.
        drop(switched_on);
        drop(held);
        ears.into_iter().map(|ear| ear.map(Ear::answer)).collect()
    }

    /// Links that were just switched on may still find their partner, unless all have answered.
    fn is_complete(&self) -> bool {
        let ears = || self.ears.iter().flatten();
        let all_answered = ears().all(|ear| !ear.frames.is_empty());
        let settled = all_answered || Instant::now() >= self.settled_at.min(self.until);
        settled && !ears().any(Ear::is_waiting)
    }

    /// Waits for the next frame, change or signal; false on a signal.
    fn wait(&mut self, now: Instant) -> bool {
        let waiting = self.ears.iter().flatten().any(Ear::is_waiting);
        let next = match waiting {
            true => self.until,
            false => self.settled_at.min(self.until),
        };
        let left = next.saturating_duration_since(now) + Duration::from_millis(1);
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let ready = {
            let fixed = [self.notifications.as_fd(), self.signal.as_fd()];
            let ears = self.ears.iter().flatten().filter(|ear| ear.is_sound());
            let ears = ears.map(|ear| ear.socket.as_fd());
            let descriptors: Vec<BorrowedFd<'_>> = fixed.into_iter().chain(ears).collect();
            ready(&descriptors, timeout)
        };
        let mut ready = ready.into_iter();
        if ready.next() == Some(true) {
            self.follow_carriers();
        }
        if ready.next() == Some(true) {
            return false;
        }
        let ears = self.ears.iter_mut().flatten().filter(|ear| ear.is_sound());
        for (ear, ready) in ears.zip(ready) {
            if ready {
                ear.hear();
            }
        }
        true
    }

    fn follow_carriers(&mut self) {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(Some(length)) = self.notifications.take(&mut buffer) {
            for link in links(buffer.get(..length).unwrap_or_default()).items {
                for ear in self.ears.iter_mut().flatten() {
                    // Messages about a bridge's port do not speak of the carrier.
                    if ear.index == link.index {
                        ear.carrier = link.carrier.unwrap_or(ear.carrier);
                    }
                }
            }
        }
    }
}

impl Ear {
    fn open(link: &Link) -> Result<Self, Fault> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let raw = socket(AddressFamily::Packet, SockType::Raw, flags, None)?;
        packet::only_lldp(raw.as_fd(), link.index)?;
        let kept = raw.try_clone().map_err(|error| fault(&error))?;
        let configuration = Config {
            read_timeout: Some(Duration::ZERO),
            // Long enough for a frame of the largest usual MTU.
            read_buffer_size: 9216,
            promiscuous: false,
            // The channel owns it from here on, and closes it.
            socket_fd: Some(raw.into_raw_fd()),
            ..Config::default()
        };
        let interface = NetworkInterface {
            name: link.name.clone(),
            description: String::new(),
            index: link.index,
            mac: None,
            ips: Vec::new(),
            flags: 0,
        };
        let channel = pnet_datalink::channel(&interface, configuration);
        match channel.map_err(|error| fault(&error))? {
            Channel::Ethernet(_, receiver) => Ok(Self {
                index: link.index,
                carrier: link.carrier == Some(true) && link.up,
                receiver,
                socket: kept,
                frames: Vec::new(),
                errors: 0,
            }),
            _ => Err(Fault::Unsupported(
                "a channel that is not Ethernet".to_owned(),
            )),
        }
    }

    fn is_waiting(&self) -> bool {
        self.carrier && self.is_sound() && self.frames.is_empty()
    }

    /// One that only has errors is left alone.
    fn is_sound(&self) -> bool {
        self.errors < ERRORS_CAP
    }

    /// Takes the frame that waits. Errors of the interface, such as that it went down, are read
    /// off the socket, or it would be ready for ever.
    fn hear(&mut self) {
        match self.receiver.next() {
            Ok(frame) => {
                let is_new = !self.frames.iter().any(|known| known == frame);
                if is_new && self.frames.len() < FRAMES_CAP && lldp::frame(frame).is_some() {
                    self.frames.push(frame.to_vec());
                }
            }
            Err(error) if error.kind() == ErrorKind::TimedOut => {}
            Err(_) => {
                self.errors += 1;
                let _ = getsockopt(&self.socket, sockopt::SocketError);
            }
        }
    }

    /// Each frame with its length before it.
    fn answer(self) -> Vec<u8> {
        let mut answer = Vec::new();
        for frame in self.frames {
            if let Ok(length) = u16::try_from(frame.len()) {
                answer.extend(length.to_be_bytes());
                answer.extend(frame);
            }
        }
        answer
    }
}

/// Interfaces to switch off again.
struct SwitchedOn {
    control: NetlinkSocket,
    indexes: Vec<u32>,
}

impl SwitchedOn {
    fn new() -> Result<Self, Fault> {
        Ok(Self {
            control: NetlinkSocket::route(0)?,
            indexes: Vec::new(),
        })
    }

    fn add(&mut self, index: u32) -> Result<(), Fault> {
        self.indexes.push(index);
        self.switch(index, IFF_UP).inspect_err(|_| {
            self.indexes.pop();
        })
    }

    /// `struct ifinfomsg`: family, type, index, flags, and which flags to change.
    fn switch(&mut self, index: u32, flags: u32) -> Result<(), Fault> {
        let fields = [0, index, flags, IFF_UP];
        let payload: Vec<u8> = fields
            .iter()
            .flat_map(|field| field.to_ne_bytes())
            .collect();
        self.control.change(RTM_NEWLINK, &payload)
    }
}

impl Drop for SwitchedOn {
    fn drop(&mut self) {
        for index in std::mem::take(&mut self.indexes) {
            // One that went away needs nothing; any other failure cannot be mended from here.
            let _ = self.switch(index, 0);
        }
    }
}

/// Which of the descriptors have something to take.
fn ready(descriptors: &[BorrowedFd<'_>], timeout: PollTimeout) -> Vec<bool> {
    let mut polled: Vec<PollFd<'_>> = descriptors
        .iter()
        .map(|descriptor| PollFd::new(*descriptor, PollFlags::POLLIN))
        .collect();
    match poll(&mut polled, timeout) {
        Ok(_) => polled.iter().map(|one| one.any().unwrap_or(true)).collect(),
        Err(_) => Vec::new(),
    }
}

fn fault(error: &std::io::Error) -> Fault {
    match error.raw_os_error() {
        Some(number) => Errno::from_raw(number).into(),
        None => Fault::Unsupported(error.to_string()),
    }
}
