//! What the kernel and udev tell of their own accord: links, addresses, devices, mounts.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use muster_model::Section;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::ask;
use super::netlink::NetlinkSocket;
use crate::Fault;
use crate::parse::netlink::{Link, links, messages};
use crate::parse::uevent;

/// `RTMGRP_LINK`, `RTMGRP_IPV4_IFADDR` and `RTMGRP_IPV6_IFADDR` of `linux/rtnetlink.h`.
const GROUPS: u32 = 0x1 | 0x10 | 0x100;
/// Room for some thousand notifications that come at once.
const RECEIVE_BUFFER: usize = 4 << 20;
/// Longer than any event; a longer one would be cut, and its subsystem comes early.
const DATAGRAM: usize = 64 << 10;

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Notice {
    /// These sections may have changed; none where it was not for us.
    Sections(BTreeSet<Section>),
    /// Notices were lost: anything may have changed.
    Lost,
    /// Somebody asked to stop.
    Stopped,
    /// Nothing, in the time given.
    Nothing,
}

/// Listens to the kernel. Nothing is asked again and again: each wait is one `poll(2)`.
pub(crate) struct Monitor {
    network: NetlinkSocket,
    devices: DeviceEvents,
    mounts: Option<File>,
    stop: PipeReader,
    names: HashMap<u32, Name>,
}

/// The name of an interface, and the one that was last reported.
struct Name {
    reported: String,
    current: String,
}

/// Ends the wait of a [`Monitor`], from any thread.
#[derive(Clone)]
pub(crate) struct Stop(Arc<PipeWriter>);

impl Stop {
    pub(crate) fn stop(&self) {
        let _ = (&*self.0).write_all(&[1]);
    }
}

impl Monitor {
    /// Begins to listen; what happens from here on is not missed.
    pub(crate) fn open() -> Result<(Self, Stop), Fault> {
        let network = NetlinkSocket::route(GROUPS)?;
        network.widen(RECEIVE_BUFFER);
        let (stop, stopper) =
            std::io::pipe().map_err(|error| Fault::Unsupported(error.to_string()))?;
        let mut monitor = Self {
            network,
            devices: DeviceEvents::open()?,
            // Polled, never read: `poll` says that the mounts of this namespace changed (proc(5)).
            mounts: File::open("/proc/self/mountinfo").ok(),
            stop,
            names: HashMap::new(),
        };
        monitor.learn_names()?;
        Ok((monitor, Stop(Arc::new(stopper))))
    }

    /// Interfaces that have another name than at the last call: before, after.
    pub(crate) fn take_renames(&mut self) -> Vec<(String, String)> {
        let mut renames = Vec::new();
        for name in self.names.values_mut() {
            if name.reported != name.current {
                renames.push((name.reported.clone(), name.current.clone()));
                name.reported.clone_from(&name.current);
            }
        }
        renames.sort();
        renames
    }

    /// Waits for the next notice.
    pub(crate) fn wait(&mut self, timeout: Duration) -> Result<Notice, Fault> {
        let ready = self.poll(timeout)?;
        let Some([stop, network, devices, mounts]) = ready else {
            return Ok(Notice::Nothing);
        };
        if stop {
            let _ = self.stop.read(&mut [0; 64]);
            return Ok(Notice::Stopped);
        }
        let mut sections = BTreeSet::new();
        let mut whole = true;
        if network {
            sections.insert(Section::Network);
            whole &= self.take_links()?;
        }
        if devices {
            whole &= self.devices.take(&mut sections)?;
        }
        if mounts {
            sections.extend([Section::Disks, Section::Filesystems]);
        }
        Ok(if whole {
            Notice::Sections(sections)
        } else {
            Notice::Lost
        })
    }

    fn poll(&self, timeout: Duration) -> Result<Option<[bool; 4]>, Fault> {
        // Rounded up: a wait that ends a moment early would be one more wait of nothing.
        let timeout =
            PollTimeout::try_from(timeout + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX);
        let mounts = self.mounts.as_ref().map_or(self.stop.as_fd(), AsFd::as_fd);
        let mut polled = [
            PollFd::new(self.stop.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.network.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.devices.descriptor(), PollFlags::POLLIN),
            PollFd::new(mounts, PollFlags::POLLPRI),
        ];
        match poll(&mut polled, timeout) {
            Ok(0) | Err(Errno::EINTR) => Ok(None),
            Ok(_) => Ok(Some(polled.map(|one| one.any().unwrap_or(false)))),
            Err(errno) => Err(errno.into()),
        }
    }

    /// False when some were lost.
    fn take_links(&mut self) -> Result<bool, Fault> {
        let mut datagram = vec![0; DATAGRAM];
        loop {
            match self.network.take(&mut datagram) {
                Ok(None) => return Ok(true),
                Ok(Some(length)) => {
                    let received = datagram.get(..length).unwrap_or_default();
                    self.forget(received);
                    self.learn(links(received).items);
                }
                Err(Errno::ENOBUFS) => {
                    self.learn_names()?;
                    return Ok(false);
                }
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    fn learn_names(&mut self) -> Result<(), Fault> {
        let known = links(&ask::links()?).items;
        let present: HashSet<u32> = known.iter().map(|link| link.index).collect();
        self.names.retain(|index, _| present.contains(index));
        self.learn(known);
        Ok(())
    }

    fn learn(&mut self, links: Vec<Link>) {
        for link in links {
            match self.names.get_mut(&link.index) {
                Some(name) => name.current = link.name,
                None => {
                    let name = Name {
                        reported: link.name.clone(),
                        current: link.name,
                    };
                    self.names.insert(link.index, name);
                }
            }
        }
    }

    /// An index can be given again to another interface. A message of another family than
    /// `AF_UNSPEC` says only that the interface left a bridge.
    fn forget(&mut self, received: &[u8]) {
        const RTM_DELLINK: u16 = 17;
        for message in messages(received).filter(|message| message.kind == RTM_DELLINK) {
            let index = message
                .payload
                .get(4..8)
                .and_then(|bytes| bytes.try_into().ok());
            if let (Some(0), Some(index)) = (message.payload.first(), index) {
                self.names.remove(&u32::from_ne_bytes(index));
            }
        }
    }
}

/// Devices that come, go and change: as udev says where it runs, for its links and names are
/// complete then; else as the kernel says.
enum DeviceEvents {
    #[cfg(feature = "udev")]
    Udev(udev::MonitorSocket),
    Kernel(NetlinkSocket),
}

impl DeviceEvents {
    fn open() -> Result<Self, Fault> {
        #[cfg(feature = "udev")]
        if let Some(socket) = Self::udev() {
            return Ok(Self::Udev(socket));
        }
        let socket = NetlinkSocket::kernel_objects()?;
        socket.widen(RECEIVE_BUFFER);
        Ok(Self::Kernel(socket))
    }

    /// `None` where no udev runs: its monitor would be silent for ever.
    #[cfg(feature = "udev")]
    fn udev() -> Option<udev::MonitorSocket> {
        std::fs::symlink_metadata("/run/udev/control").ok()?;
        udev::MonitorBuilder::new().ok()?.listen().ok()
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        match self {
            #[cfg(feature = "udev")]
            Self::Udev(socket) => socket.as_fd(),
            Self::Kernel(socket) => socket.as_fd(),
        }
    }

    /// False when some were lost.
    fn take(&self, sections: &mut BTreeSet<Section>) -> Result<bool, Fault> {
        match self {
            #[cfg(feature = "udev")]
            Self::Udev(socket) => {
                Errno::clear();
                for event in socket.iter() {
                    let subsystem = event.subsystem().and_then(|name| name.to_str());
                    sections.extend(concerned(subsystem.unwrap_or_default()));
                }
                Ok(Errno::last() != Errno::ENOBUFS)
            }
            Self::Kernel(socket) => take_kernel_objects(socket, sections),
        }
    }
}

fn take_kernel_objects(
    socket: &NetlinkSocket,
    sections: &mut BTreeSet<Section>,
) -> Result<bool, Fault> {
    let mut datagram = vec![0; DATAGRAM];
    loop {
        match socket.take(&mut datagram) {
            Ok(None) => return Ok(true),
            Ok(Some(length)) => {
                let event = datagram.get(..length).unwrap_or_default();
                sections.extend(concerned(uevent::subsystem(event).unwrap_or_default()));
            }
            Err(Errno::ENOBUFS) => return Ok(false),
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Which sections a device of this subsystem is part of.
fn concerned(subsystem: &str) -> &'static [Section] {
    use Section::{
        Arrays, Bmc, Cpu, Disks, Filesystems, Gpus, Iommu, Memory, Network, Numa, Pci, Usb,
        VolumeGroups, Watchdogs,
    };
    match subsystem {
        "net" | "infiniband" | "ieee80211" => &[Network],
        "block" | "nvme" | "scsi" | "bcache" => &[Disks, Arrays, VolumeGroups, Filesystems],
        // The number of virtual functions is a fact of the interface, too.
        "pci" => &[Pci, Gpus, Network, Iommu],
        "drm" | "nvidia" => &[Gpus],
        "usb" => &[Usb],
        "cpu" | "node" => &[Cpu, Numa],
        "memory" => &[Memory, Numa],
        "ipmi" => &[Bmc],
        "watchdog" => &[Watchdogs],
        _ => &[],
    }
}
