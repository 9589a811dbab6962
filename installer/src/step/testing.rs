//! What every step is tested for.

use serde_json::Value;

use super::Action;
use crate::host::model::{Crash, Model};
use crate::host::{Enablement, Files as _, Machine as _};

/// A host on which every kind of step has something to do, and something to put back.
pub(crate) fn host() -> Model {
    const INSTALLABLE: &str = "[Service]\n[Install]\n";
    let mut host = Model::new();
    host.put("/etc/motd", "Hello\n");
    host.put("/etc/hostname", "old\n");
    host.put(
        "/etc/fstab",
        "# table\n/dev/sda1 / xfs defaults 0 1\n/dev/sda2 none swap sw 0 0\n",
    );
    host.put("/usr/bin/flag", "program");
    host.plug("serial:EMPTY1", None);
    host.plug("wwn:0x5000c500a1b2c3d4", Some("ext4"));
    host.put(
        "/etc/systemd/network/10-eth0.network",
        "[Match]\nName=eth0\n\n[Network]\nAddress=10.0.0.2/24\nGateway=10.0.0.1\n",
    );
    host.put(
        "/etc/systemd/network/10-others.network",
        "[Match]\nName=eth1\n\n[Network]\nDHCP=no\n",
    );
    host.put("/etc/systemd/system/old.service", INSTALLABLE);
    host.put("/usr/lib/systemd/system/shipped.service", INSTALLABLE);
    host.put("/usr/lib/systemd/system/static.service", "[Service]\n");
    host.put("/usr/lib/systemd/system/timesync.service", INSTALLABLE);
    for zone in ["UTC", "Zurich"] {
        host.put(&format!("/usr/share/zoneinfo/{zone}"), "TZif");
    }
    host.put("/etc/firewall", "22/tcp\n");
    host.put("/etc/packages", "base\n");
    host.put("/etc/timezone", "Etc/UTC\n");
    let old = "old.service".to_owned().try_into().unwrap();
    host.set_enablement(&old, Enablement::Enabled).unwrap();
    host.sync_everything().unwrap();
    host.boot();
    host.changes = 0;
    host
}

/// The action that is written so.
pub(crate) fn action(written: &Value) -> Action {
    serde_json::from_value(written.clone()).unwrap()
}

/// Why the step cannot be planned.
pub(crate) fn refused(host: &Model, written: &Value) -> String {
    let action = action(written);
    let found = action.inspect(host);
    let refused = found.and_then(|before| action.wanted(&before));
    let refused = refused.and_then(|_| action.check(host));
    refused.unwrap_err().to_string()
}

/// Does the step twice and undoes it twice: done, it is as it wants to be, and undone, the host is as it was. The host where it is done is given back.
pub(crate) fn prove(host: &Model, written: &Value) -> Model {
    let action = action(written);
    let mut done = host.clone();
    let before = action.inspect(&done).unwrap();
    let wanted = action.wanted(&before).unwrap();
    assert_ne!(before, wanted, "{written}: nothing is to be done");
    for _ in 0..2 {
        action.set(&mut done, &wanted).unwrap();
        assert_eq!(action.inspect(&done).unwrap(), wanted, "{written}");
    }
    // A step that finds what it wants has nothing to do.
    assert_eq!(action.wanted(&wanted).unwrap(), wanted, "{written}");
    let mut undone = done.clone();
    for _ in 0..2 {
        action.set(&mut undone, &before).unwrap();
        assert_eq!(undone.snapshot(), host.snapshot(), "{written}");
    }
    undone.restart(Crash::PowerLost);
    assert_eq!(
        undone.snapshot().0,
        host.snapshot().0,
        "{written}: it was not synced"
    );
    done
}
