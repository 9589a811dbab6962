use serde_json::{Value, json};

use super::super::testing::{action, host, prove, refused};
use super::super::{Edited, State, undo};
use super::*;
use crate::host::Machine as _;
use crate::host::model::Model;

const EMPTY: &str = "serial:EMPTY1";
const FULL: &str = "wwn:0x5000c500a1b2c3d4";

fn disk(name: &str) -> Value {
    json!({"disk": {"name": name, "mount": "/var/data-1", "label": "data"}})
}

/// A host where the step is done, with the state that was before.
fn done(host: &Model, written: &Value) -> (Model, State) {
    let mut host = host.clone();
    let action = action(written);
    let before = action.inspect(&host).unwrap();
    action
        .set(&mut host, &action.wanted(&before).unwrap())
        .unwrap();
    (host, before)
}

/// Undoes it as the engine does, and gives what is kept.
fn undone(host: &mut Model, written: &Value, before: &State) -> Vec<String> {
    let action = action(written);
    let now = action.inspect(host).unwrap();
    let after = action.wanted(before).unwrap();
    let keep = action.keep(host, before).unwrap();
    let undo = undo([before, &after, &now], Edited::PutBack, &keep).unwrap();
    action.set(host, &undo.target).unwrap();
    assert_eq!(action.inspect(host).unwrap(), undo.target);
    undo.kept
}

#[test]
fn an_empty_disk_is_made_and_mounted_and_empty_again() {
    let mut there = host();
    there.plug("serial:SECOND", None);
    for name in [EMPTY, "serial:SECOND"] {
        prove(&there, &disk(name));
    }
    let ext4 =
        json!({"disk": {"name": EMPTY, "mount": "/var/lib", "label": "a", "file_system": "ext4"}});
    prove(&there, &ext4);
    let after = prove(&there, &disk(EMPTY));
    let unit = after
        .text("/etc/systemd/system/var-data\\x2d1.mount")
        .unwrap();
    assert!(unit.contains("\nWhere=/var/data-1\nType=xfs\n"), "{unit}");
}

#[test]
fn what_is_on_a_disk_is_refused_and_wiped_only_where_it_is_said() {
    let told = refused(&host(), &disk(FULL));
    assert!(
        told.contains(FULL) && told.contains("it is not empty: on the disk ext4"),
        "{told}"
    );
    let mut written = disk(FULL);
    written["disk"]["existing"] = json!("wipe");
    let (mut after, before) = done(&host(), &written);
    assert!(action(&written).is_destructive(&before));
    let kept = undone(&mut after, &written, &before);
    assert!(
        kept[0].contains("was wiped, as was planned (on the disk ext4)"),
        "{kept:?}"
    );
    assert_eq!(kept.len(), 1);
    assert_eq!(after.kernel, host().kernel);
    // And it is not used while anything uses it.
    let mut held = host();
    held.plugged(FULL).holders.push("used by md0".to_owned());
    assert!(refused(&held, &written).contains("used by md0"));
}

#[test]
fn what_comes_onto_a_disk_between_plan_and_work_is_not_overwritten() {
    let action = action(&disk(EMPTY));
    let before = action.inspect(&host()).unwrap();
    let wanted = action.wanted(&before).unwrap();
    let mut written = host();
    written.plugged(EMPTY).now.other = Some("crypto_LUKS".to_owned());
    let mut held = host();
    held.plugged(EMPTY).holders.push("used by dm-0".to_owned());
    let mut gone = host();
    gone.disks.clear();
    for mut host in [written, held, gone] {
        let disks = format!("{:?}", host.disks);
        action.set(&mut host, &wanted).unwrap_err();
        assert_eq!(format!("{:?}", host.disks), disks);
    }
}

#[test]
fn data_stays() {
    let written = disk(EMPTY);
    let (mut full, before) = done(&host(), &written);
    full.plugged(EMPTY).now.files.insert("mine".to_owned());
    let kept = undone(&mut full, &written, &before);
    assert!(
        kept[0].contains("something on it that muster did not put there"),
        "{kept:?}"
    );
    assert!(full.plugged(EMPTY).now.files.contains("mine"));
    assert_eq!(full.kernel, host().kernel);
    // What was made before is found again, and used as it is.
    let again = prove(&full, &written);
    assert!(
        again
            .disks
            .values()
            .any(|disk| disk.now.files.contains("mine"))
    );
    // Where it is not mounted nobody can tell.
    let (mut unmounted, before) = done(&host(), &written);
    let unit = UnitName::of_mount(&HostPath::known("/var/data-1")).unwrap();
    unmounted.stop(&unit).unwrap();
    unmounted.plugged(EMPTY).now.files.insert("mine".to_owned());
    let kept = undone(&mut unmounted, &written, &before);
    assert!(kept[0].contains("it is not mounted"), "{kept:?}");
    assert!(unmounted.plugged(EMPTY).now.files.contains("mine"));
}

/// A host went down while it was undone, came up again, and was used.
#[test]
fn data_that_came_after_the_decision_stays() {
    let written = disk(EMPTY);
    let (host, before) = done(&host(), &written);
    for is_mounted in [true, false] {
        let mut host = host.clone();
        if !is_mounted {
            let unit = UnitName::of_mount(&HostPath::known("/var/data-1")).unwrap();
            host.stop(&unit).unwrap();
        }
        host.plugged(EMPTY).now.files.insert("mine".to_owned());
        let told = action(&written).set(&mut host, &before).unwrap_err();
        assert!(told.to_string().contains("stays as it is"), "{told}");
        assert!(host.plugged(EMPTY).now.files.contains("mine"));
    }
}

#[test]
fn lost_and_found_is_no_data() {
    let written = disk(EMPTY);
    let before = host();
    let (mut host, state) = done(&before, &written);
    let files = &mut host.plugged(EMPTY).now.files;
    files.insert(OF_THE_FILE_SYSTEM.to_owned());
    assert_eq!(undone(&mut host, &written, &state), [""; 0]);
    assert_eq!(host.snapshot(), before.snapshot());
}

#[test]
fn where_it_cannot_be_done_nothing_is_planned() {
    assert!(refused(&host(), &disk("serial:NONE")).contains("no disk of this machine"));
    let mut full = host();
    full.put("/var/lib/mine", "");
    let lib = json!({"disk": {"name": EMPTY, "mount": "/var/lib", "label": "a"}});
    assert!(refused(&full, &lib).contains("would be hidden"));
    let mut without = host();
    without.has_disk_tools = false;
    assert!(refused(&without, &disk(EMPTY)).contains("sfdisk: it is not installed"));
    let odd = json!({"disk": {"name": EMPTY, "mount": "/var/a b", "label": "a"}});
    assert!(refused(&host(), &odd).contains("no place to mount at"));
}
