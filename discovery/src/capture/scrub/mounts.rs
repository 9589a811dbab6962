//! Tables of mounts: the names that people and servers gave.

use super::identity::Identities;

/// What a file system in memory is called where nobody chose its name.
const USUAL_NAMES: &[&str] = &[
    "tmpfs",
    "none",
    "udev",
    "dev",
    "run",
    "shm",
    "cgroup",
    "cgroup_root",
];

/// Folders in which people name their own.
const PERSONAL: &[&str] = &["home", "root", "mnt", "media", "srv", "data", "tmp"];

/// Every name in `mounts` or `mountinfo`.
pub(super) fn collect(content: &str, into: &mut Identities) {
    for line in content.lines() {
        let mut rest = line.split(' ');
        // mountinfo has the device two fields after a lone dash (proc_pid_mountinfo(5)).
        if let Some((front, behind)) = line.split_once(" - ") {
            // What is mounted of the file system, and where.
            let paths = front.split(' ').skip(3).take(2);
            paths.for_each(|path| mount_point(path, into));
            let mut behind = behind.split(' ');
            let kind = behind.next().unwrap_or_default();
            let device = behind.next().unwrap_or_default();
            mounted(device, into);
            if kind == "tmpfs" && !USUAL_NAMES.contains(&device) {
                into.text(device);
            }
        } else {
            mounted(rest.next().unwrap_or_default(), into);
            mount_point(rest.next().unwrap_or_default(), into);
        }
        for option in line.split([' ', ',']) {
            if let Some(user) = option.strip_prefix("username=") {
                into.text(user);
            }
        }
    }
}

/// The parts below the folders in which people name their own.
pub(super) fn mount_point(path: &str, into: &mut Identities) {
    let path = path.trim_start_matches('/');
    if let Some((first, below)) = path.split_once('/')
        && PERSONAL.contains(&first)
    {
        into.text(below);
    }
}

/// What was mounted: of a file server the server and the path there.
pub(super) fn mounted(device: &str, into: &mut Identities) {
    if let Some(share) = device.strip_prefix("//") {
        let (server, path) = share.split_once('/').unwrap_or((share, ""));
        into.host_name(server);
        into.text(path);
    } else if let Some((server, path)) = device.split_once(":/") {
        into.host_name(server.trim_matches(['[', ']']));
        into.text(path);
    }
}
