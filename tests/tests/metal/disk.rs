//! A disk for data: found by its serial number, made, mounted, killed in the middle, undone, under udev and systemd as they are.

use muster_tests::metal::{Attach, Guest, Hardware};

/// With the disk's serial number for `DISK`.
const PROFILE: &str = r#"
schema = "muster.profile/v1"
name = "disk"
version = "1"

[[steps]]
id = "disk"
why = "Data has a disk of its own."
disk = { name = "serial:DISK", mount = "/srv/disk", file_system = "ext4", label = "data" }

[[steps]]
id = "folder"
why = "It is root's alone."
directory = { path = "/srv/disk/work", mode = "0700" }
"#;

/// What an installation may have changed: the disk, but for what is recognized by nobody, and the units.
const LOOK: &str = "udevadm settle; lsblk -rno NAME,FSTYPE,LABEL,MOUNTPOINT $disk; head -c 1M $disk | md5sum; \
    tail -c 1M $disk | md5sum; find /etc/systemd /srv -xdev | sort; ls /dev/disk/by-uuid";

/// Proves it on the disk that nothing else is done to.
pub(crate) fn data_disk(guest: &mut Guest, hardware: &Hardware) {
    guest.succeed(include_str!("../../lab/metal/systemd"));
    let serial = hardware.disk(Attach::Nvme).serial;
    for (name, serial) in [("disk", serial), ("wrong", "NOBODY"), ("root", "ROOT0001")] {
        let profile = PROFILE.replace("DISK", serial);
        guest.succeed(&format!(
            "cat >/run/lab/{name}.toml <<'END'\n{profile}\nEND"
        ));
    }
    let before = inside(guest, LOOK);
    refused(guest);
    killed(guest);
    assert_eq!(inside(guest, LOOK), before, "killed and cancelled");
    inside(guest, "muster install --yes --profile /run/lab/disk.toml");
    inside(
        guest,
        "test \"$(findmnt -no FSTYPE,LABEL /srv/disk)\" = 'ext4   data' && test -d /srv/disk/work \
         && systemctl is-enabled srv-disk.mount",
    );
    let would = "echo mine >/srv/disk/mine; muster uninstall --dry-run; rm /srv/disk/mine";
    let would = inside(guest, would);
    assert!(would.contains("there is something on it"), "{would}");
    inside(guest, "muster uninstall --yes");
    assert_eq!(inside(guest, LOOK), before, "installed and uninstalled");
}

/// Nobody's disk, and one that is in use.
fn refused(guest: &mut Guest) {
    for (name, why) in [
        ("wrong", "no disk of this machine has that name"),
        ("root", "mounted at /"),
    ] {
        let told = inside(
            guest,
            &format!("! muster install --yes --profile /run/lab/{name}.toml 2>&1"),
        );
        assert!(told.contains(why), "{told}");
    }
}

/// In the middle, when the kernel has the partition; then all is put back.
fn killed(guest: &mut Guest) {
    let told = inside(
        guest,
        "muster install --yes --profile /run/lab/disk.toml >/run/lab/killed 2>&1 & pid=$!
         for _ in $(seq 1000); do [ -e /sys/class/block/${disk#/dev/}p1 ] && break; sleep 0.05; done
         kill -9 $pid; wait $pid
         muster install --status
         for _ in $(seq 10); do muster install --cancel && exit 0; sleep 1; done
         exit 1",
    );
    assert!(
        told.contains("not finished: installing the profile disk"),
        "{told}"
    );
}

/// Shell where systemd is the first process, which has to succeed; `$disk` is the device.
fn inside(guest: &mut Guest, shell: &str) -> String {
    guest.succeed(&format!(
        "cat >/run/lab/step <<'END'\ndisk=/dev/nvme0n1\n{shell}\nEND"
    ));
    let said = guest.succeed(
        "nsenter --target $(cat /run/lab/systemd.pid) --mount --pid bash /run/lab/step 2>/run/lab/step.err \
         || { tail -n 30 /run/lab/step.err /run/lab/systemd.log >&2; false; }",
    );
    String::from_utf8_lossy(&said).into_owned()
}
