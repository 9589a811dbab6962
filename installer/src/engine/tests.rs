//! The kill test: a host that goes down after every single change, for a plan with every kind of step.

mod follow;
mod hand_over;
mod scan;
mod unconfirmed;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::host::Files as _;
use crate::host::model::{Crash, Model, Trouble};
use crate::plan::{PlannedStep, ProfileName, Wish, Wishes};
use crate::step::testing::host;
use crate::step::{Action, StepError};

fn actions() -> Vec<Value> {
    let unit = "[Service]\nExecStart=/usr/bin/true\n[Install]\nWantedBy=multi-user.target\n";
    vec![
        json!({"directory": {"path": "/var/lib/work", "mode": "0700"}}),
        json!({"directory": {"path": "/etc/sysctl.d", "owner": "7", "mode": "0750"}}),
        json!({"file": {"path": "/var/lib/work/config", "content": "a = 1\n", "mode": "0600"}}),
        json!({"file": {"path": "/etc/motd", "content": {"base64": "/wA="}, "group": "8"}}),
        json!({"sysctl": {"name": "vm.swappiness", "value": "10"}}),
        json!({"module": {"name": "br_netfilter"}}),
        json!({"hostname": {"name": "node-1"}}),
        json!({"user": {"name": "work", "description": "Runs work"}}),
        json!({"unit": {"name": "work.service", "content": unit, "at_boot": "enabled", "active": true}}),
        json!({"unit": {"name": "old.service", "content": "[Service]\n", "active": false}}),
        json!({"disk": {"name": "serial:EMPTY1", "mount": "/var/data", "label": "data"}}),
        json!({"directory": {"path": "/var/data/work", "mode": "0700"}}),
        json!({"network": {"reach": ["10.0.0.1:7443"], "links": [
            {"name": "bond0", "bond": {"mode": "active-backup", "members": ["eth0", "52:54:00:00:00:01"]}},
            {"name": "bond0.7", "vlan": {"id": 7, "on": "bond0"}, "addresses": ["10.0.0.2/24"], "gateways": ["10.0.0.1"]},
        ]}}),
        json!({"swap_off": {}}),
        json!({"command": {"run": ["/usr/bin/flag", "on"], "check": ["/usr/bin/flag", "check"], "undo": ["/usr/bin/flag", "off"]}}),
    ]
}

/// Of `program`, which is in `/usr/bin/flag`.
const FLAG_SHA256: &str = "1310ca2c8932dbd118668bd97442558a3e1f546b5e15c69699dfbd6024f548d8";

/// The other kinds, in a plan of their own: what the kill test takes grows with the square of a plan's length.
fn more_actions() -> Vec<Value> {
    vec![
        json!({"time": {"zone": "Zurich", "ntp": true}}),
        json!({"packages": {"names": ["app"]}}),
        json!({"firewall": {"port": "6443", "source": "10.0.0.0/8"}}),
        json!({"artifact": {"source": "/usr/bin/flag", "sha256": FLAG_SHA256, "path": "/usr/bin/tool"}}),
    ]
}

fn wishes(actions: &[Value]) -> Wishes {
    let wish = |(at, action): (usize, &Value)| Wish {
        id: format!("step-{at}"),
        why: "Because.".to_owned(),
        action: serde_json::from_value(action.clone()).unwrap(),
        attempts: 1,
    };
    Wishes {
        profile: ProfileName {
            name: "all".to_owned(),
            version: "1".to_owned(),
        },
        role: None,
        parameters: Default::default(),
        steps: actions.iter().enumerate().map(wish).collect(),
    }
}

fn plan(host: &Model) -> Plan {
    Plan::make(host, wishes(&actions())).unwrap()
}

/// The same steps, planned where the host is now.
fn replanned(host: &Model, plan: &Plan) -> Plan {
    let actions = plan.steps().iter().map(|step| json!(step.action));
    Plan::make(host, wishes(&actions.collect::<Vec<_>>())).unwrap()
}

fn install(host: &mut Model, plan: Plan) -> Result<Ended, EngineError> {
    let mut installer = Installer::open(host, "a test")?;
    let ended = installer.install(plan, &mut ())?;
    installer.close()?;
    Ok(ended)
}

fn uninstall(host: &mut Model) -> Result<Ended, EngineError> {
    let mut installer = Installer::open(host, "a test")?;
    let ended = installer.uninstall(Edited::Kept, &mut ())?;
    installer.close()?;
    Ok(ended)
}

/// Goes on with what was begun, or begins, until all is installed.
fn complete(host: &mut Model, plan: Plan) {
    let mut installer = Installer::open(host, "a test").unwrap();
    let ended = match installer.has_unfinished() {
        true => resumed(&mut installer),
        false => match store::receipts(installer.host).unwrap().is_empty() {
            true => installer.install(plan, &mut ()).unwrap(),
            false => return installer.close().unwrap(),
        },
    };
    installer.close().unwrap();
    assert_eq!(ended.outcome, Some(Outcome::Installed));
}

/// What was not confirmed is put back first, and tried again when somebody wants it.
fn resumed(installer: &mut Installer<'_>) -> Ended {
    match installer.resume(&mut ()) {
        Err(EngineError::Step {
            why: StepError::Unconfirmed(_),
            ..
        }) => installer.resume(&mut ()).unwrap(),
        ended => ended.unwrap(),
    }
}

/// Undoes what was begun or done.
fn clear(host: &mut Model) {
    let mut installer = Installer::open(host, "a test").unwrap();
    let is_uninstalling =
        matches!(&installer.current, Some((_, begun)) if matches!(begun.work, Work::Uninstall(_)));
    let ended = match installer.has_unfinished() {
        true if is_uninstalling => Some(installer.resume(&mut ()).unwrap()),
        true => Some(installer.revert(&mut ()).unwrap()),
        false if store::receipts(installer.host).unwrap().is_empty() => None,
        false => Some(installer.uninstall(Edited::Kept, &mut ()).unwrap()),
    };
    installer.close().unwrap();
    assert_eq!(
        ended.map(|ended| ended.kept).unwrap_or_default(),
        Vec::<String>::new()
    );
}

/// Both ways out of where `host` is: all is done, and all is undone then; or all is undone at once.
fn prove_both_ways(host: &Model, before: &Model, plan: &Plan, told: &str) {
    let mut completed = host.clone();
    complete(&mut completed, plan.clone());
    assert!(
        !replanned(&completed, plan).has_changes(),
        "{told}: not as planned"
    );
    uninstall(&mut completed).unwrap();
    assert_eq!(
        completed.snapshot(),
        before.snapshot(),
        "{told}: completed, and undone"
    );
    prove_undone(host, before, told);
}

fn prove_undone(host: &Model, before: &Model, told: &str) {
    let mut undone = host.clone();
    clear(&mut undone);
    assert_eq!(undone.snapshot(), before.snapshot(), "{told}: undone");
    // That it is undone holds over a loss of power, too.
    undone.restart(Crash::PowerLost);
    assert_eq!(
        undone.snapshot(),
        before.snapshot(),
        "{told}: undone, and started again"
    );
}

#[test]
fn the_plan_of_the_kill_test_has_every_kind_of_step() {
    let actions = [actions(), more_actions()].concat();
    let kinds = actions
        .iter()
        .filter_map(|action| action.as_object()?.keys().next());
    assert_eq!(kinds.collect::<BTreeSet<_>>().len(), Action::KINDS.len());
    let plan = Plan::make(&host(), wishes(&actions)).unwrap();
    assert!(plan.steps().iter().all(PlannedStep::is_change));
}

#[test]
fn a_plan_is_the_same_for_the_same_host() {
    let plan = plan(&host());
    assert_eq!(plan, self::plan(&host()));
    let json = serde_json::to_vec(&plan).unwrap();
    assert_eq!(Plan::from_json(&json).unwrap(), plan);
    let changed = String::from_utf8(json)
        .unwrap()
        .replace("vm.swappiness", "vm.dirty_ratio");
    assert!(
        Plan::from_json(changed.as_bytes())
            .unwrap_err()
            .to_string()
            .contains("changed")
    );
    let mut other = host();
    other.put("/etc/motd", "Bye\n");
    assert_ne!(plan.digest(), self::plan(&other).digest());
}

#[test]
fn what_is_installed_is_uninstalled_and_nothing_is_left() {
    let before = host();
    let mut host = before.clone();
    let plan = plan(&host);
    assert_eq!(
        install(&mut host, plan).unwrap().outcome,
        Some(Outcome::Installed)
    );
    assert_ne!(host.snapshot(), before.snapshot());
    assert!(!self::plan(&host).has_changes());
    assert_eq!(host.text("/etc/hostname").unwrap(), "node-1\n");
    assert!(
        host.text("/etc/fstab")
            .unwrap()
            .contains("# /dev/sda2 none swap")
    );
    // What holds now holds at the next start, too.
    host.restart(Crash::PowerLost);
    assert!(!self::plan(&host).has_changes());
    assert_eq!(uninstall(&mut host).unwrap().kept, Vec::<String>::new());
    assert_eq!(host.snapshot(), before.snapshot());
    assert_eq!(host.text("/var/lib/muster-install/journal"), None);
    assert!(
        host.look(&HostPath::known("/var/lib/muster-install"))
            .unwrap()
            .is_none()
    );
    assert!(matches!(
        uninstall(&mut host),
        Err(EngineError::NothingInstalled)
    ));
}

#[test]
fn whatever_instant_a_host_goes_down_at_all_is_done_or_undone() {
    for (actions, least) in [(actions(), 300), (more_actions(), 50)] {
        goes_down_while_installing(&wishes(&actions), least);
    }
}

fn goes_down_while_installing(wishes: &Wishes, least: usize) {
    let before = host();
    let plan = Plan::make(&before, wishes.clone()).unwrap();
    let mut whole = before.clone();
    install(&mut whole, plan.clone()).unwrap();
    let mut cases = 0;
    for crash in Crash::ALL {
        for after in 1..=whole.changes {
            let mut host = before.clone();
            host.trouble = Some(Trouble::CrashAfter(after));
            let went_well = install(&mut host, plan.clone()).is_ok();
            assert!(!went_well || after == whole.changes);
            host.restart(crash);
            prove_both_ways(
                &host,
                &before,
                &plan,
                &format!("{crash:?} after change {after}"),
            );
            cases += 1;
        }
    }
    println!(
        "{cases} crashes while installing ({} changes): each resumed and undone, and undone at once",
        whole.changes
    );
    assert!(cases > least, "{cases}");
}

#[test]
fn whatever_instant_a_host_goes_down_at_while_it_is_undone_all_is_undone() {
    for (actions, least) in [(actions(), 200), (more_actions(), 50)] {
        goes_down_while_it_is_undone(&wishes(&actions), least);
    }
}

fn goes_down_while_it_is_undone(wishes: &Wishes, least: usize) {
    let before = host();
    let plan = Plan::make(&before, wishes.clone()).unwrap();
    let mut installed = before.clone();
    install(&mut installed, plan.clone()).unwrap();
    installed.changes = 0;
    let mut whole = installed.clone();
    uninstall(&mut whole).unwrap();
    let mut cases = 0;
    for crash in Crash::ALL {
        for after in 1..=whole.changes {
            let mut host = installed.clone();
            host.trouble = Some(Trouble::CrashAfter(after));
            let _ = uninstall(&mut host);
            host.restart(crash);
            prove_undone(
                &host,
                &before,
                &format!("{crash:?} after change {after} of undoing"),
            );
            cases += 1;
        }
    }
    println!(
        "{cases} crashes while uninstalling ({} changes): each undone",
        whole.changes
    );
    assert!(cases > least, "{cases}");
}

/// Whoever asks to go on is told how it ended, also when there was nothing left but to remove the journal.
#[test]
fn what_had_ended_when_the_host_went_down_is_told() {
    let before = host();
    let plan = plan(&before);
    let mut whole = before.clone();
    install(&mut whole, plan.clone()).unwrap();
    let mut told = 0;
    for after in 1..=whole.changes {
        let mut host = before.clone();
        host.trouble = Some(Trouble::CrashAfter(after));
        let _ = install(&mut host, plan.clone());
        host.restart(Crash::Killed);
        let journal = host.text("/var/lib/muster-install/journal");
        if journal.is_some_and(|journal| journal.contains("\"ended\"")) {
            let mut installer = Installer::open(&mut host, "a test").unwrap();
            let ended = installer.resume(&mut ()).unwrap();
            assert_eq!(ended.outcome, Some(Outcome::Installed));
            assert!(installer.resume(&mut ()).is_err());
            told += 1;
        }
    }
    assert!(told > 3, "{told}");
}

#[test]
fn a_host_that_goes_down_again_while_it_recovers_recovers() {
    let before = host();
    let plan = plan(&before);
    let mut whole = before.clone();
    install(&mut whole, plan.clone()).unwrap();
    let mut cases = 0;
    // Each first instant, with some second ones after it, forwards and backwards.
    for first in 1..=whole.changes {
        for second in [1, 2, 5, 13, 34] {
            let crash = Crash::ALL[cases % 3];
            let mut host = before.clone();
            host.trouble = Some(Trouble::CrashAfter(first));
            let _ = install(&mut host, plan.clone());
            host.restart(crash);
            host.trouble = Some(Trouble::CrashAfter(host.changes + second));
            if let Ok(mut installer) = Installer::open(&mut host, "a test") {
                let _ = match second % 2 {
                    0 => installer.resume(&mut ()),
                    _ => installer.revert(&mut ()),
                };
            }
            host.restart(crash);
            prove_undone(
                &host,
                &before,
                &format!("{crash:?} at {first} and {second}"),
            );
            cases += 1;
        }
    }
    println!("{cases} crashes while recovering: each undone");
}

#[test]
fn a_change_that_fails_harms_nothing() {
    for actions in [actions(), more_actions()] {
        fails(&wishes(&actions));
    }
}

fn fails(wishes: &Wishes) {
    let before = host();
    let plan = Plan::make(&before, wishes.clone()).unwrap();
    let mut whole = before.clone();
    install(&mut whole, plan.clone()).unwrap();
    for after in 0..whole.changes {
        let mut host = before.clone();
        host.trouble = Some(Trouble::FailAfter(after));
        assert!(install(&mut host, plan.clone()).is_err(), "{after}");
        // The program has ended.
        host.restart(Crash::Killed);
        prove_both_ways(&host, &before, &plan, &format!("change {after} failed"));
    }
}

#[test]
fn two_at_once_are_refused() {
    let mut host = host();
    host.lease(&store::lease(), "muster install by root on tty1")
        .unwrap();
    let error = Installer::open(&mut host, "another").err().unwrap();
    assert!(
        error
            .to_string()
            .starts_with("muster install by root on tty1 is at work"),
        "{error}"
    );
}

#[test]
fn what_somebody_edited_stays_and_is_told_of() {
    let before = host();
    let mut host = before.clone();
    install(&mut host, plan(&before)).unwrap();
    host.put("/etc/motd", "Mine\n");
    host.put("/var/lib/work/mine", "");
    let mut purged = host.clone();
    let kept = uninstall(&mut host).unwrap().kept;
    let told = "/var/lib/work stays: there is something in it that muster did not put there";
    assert_eq!(kept, ["file was changed since, and stays as it is", told]);
    assert_eq!(host.text("/etc/motd").unwrap(), "Mine\n");
    assert_eq!(host.text("/var/lib/work/mine").unwrap(), "");
    assert_eq!(host.text("/var/lib/work/config"), None);
    // What is somebody else's is not deleted, even when all is to be put back.
    let mut installer = Installer::open(&mut purged, "a test").unwrap();
    let kept = installer.uninstall(Edited::PutBack, &mut ()).unwrap().kept;
    assert_eq!(kept, [told]);
    assert_eq!(purged.text("/etc/motd").unwrap(), "Hello\n");
}

#[test]
fn several_installations_are_undone_from_the_newest_on() {
    let before = host();
    let mut host = before.clone();
    for text in ["one\n", "two\n"] {
        let action = json!({"file": {"path": "/etc/motd", "content": text}});
        let plan = Plan::make(&host, wishes(&[action])).unwrap();
        install(&mut host, plan).unwrap();
    }
    assert_eq!(status(&host).unwrap().installed.len(), 2);
    uninstall(&mut host).unwrap();
    assert_eq!(host.snapshot(), before.snapshot());
}

#[test]
fn records_that_are_not_ours_are_refused_and_nothing_is_changed() {
    let mut host = host();
    let plan = plan(&host);
    install(&mut host, plan).unwrap();
    let path = "/var/lib/muster-install/receipt-0001.json";
    let receipt = host.text(path).unwrap();
    host.put(
        path,
        &receipt.replace("muster.receipt/v1", "muster.receipt/v9"),
    );
    let before = host.snapshot();
    let error = uninstall(&mut host).unwrap_err().to_string();
    assert!(
        error.contains("muster.receipt/v9") && error.contains("Nothing was changed"),
        "{error}"
    );
    host.put("/var/lib/muster-install/journal", "0123456789abcdef {}\n");
    host.restart(Crash::Killed);
    let error = uninstall(&mut host).unwrap_err().to_string();
    assert!(error.contains("journal is damaged at line 1"), "{error}");
    assert_eq!(host.snapshot(), before);
}

/// Stops after so many steps, and counts what it is told.
struct Impatient {
    left: usize,
    told: Vec<String>,
}

impl Observer for Impatient {
    fn on(&mut self, event: &Event<'_>) {
        if let Event::Step { number, state, .. } = event {
            self.told.push(format!("{number} {}", state.key()));
            self.left -= usize::from(matches!(state, StepEvent::Done));
        }
    }

    fn is_to_stop(&mut self) -> bool {
        self.left == 0
    }
}

#[test]
fn an_installation_stops_between_steps_and_goes_on() {
    let mut host = host();
    let plan = plan(&host);
    let mut observer = Impatient {
        left: 2,
        told: Vec::new(),
    };
    let mut installer = Installer::open(&mut host, "a test").unwrap();
    let ended = installer.install(plan.clone(), &mut observer).unwrap();
    assert_eq!(ended.outcome, None);
    assert_eq!(observer.told, ["1 begun", "1 done", "2 begun", "2 done"]);
    assert!(matches!(
        installer.install(plan, &mut ()),
        Err(EngineError::Unfinished(_))
    ));
    assert_eq!(
        installer.resume(&mut ()).unwrap().outcome,
        Some(Outcome::Installed)
    );
}

/// Asks from elsewhere that all is put back: by the file that another process makes.
#[test]
fn an_installation_that_is_cancelled_puts_back_what_it_did() {
    let before = host();
    let mut host = before.clone();
    let asks = json!({"file": {"path": store::cancellation(), "content": ""}});
    let mut all = actions();
    all.insert(5, asks);
    let plan = Plan::make(&host, wishes(&all)).unwrap();
    let mut installer = Installer::open(&mut host, "a test").unwrap();
    let ended = installer.install(plan, &mut ()).unwrap();
    assert_eq!(ended.outcome, Some(Outcome::Reverted));
    installer.close().unwrap();
    assert_eq!(host.snapshot(), before.snapshot());
}

#[test]
fn a_step_that_fails_is_tried_again_as_often_as_it_says() {
    let host = host();
    let mut wishes = wishes(&[json!({"file": {"path": "/etc/motd", "content": "new"}})]);
    wishes.steps[0].attempts = 3;
    let plan = Plan::make(&host, wishes).unwrap();
    let mut probe = host.clone();
    install(&mut probe, plan.clone()).unwrap();
    // Among the changes of the step itself, not of the journal.
    let mut told = Vec::new();
    for after in 0..probe.changes {
        let mut host = host.clone();
        host.trouble = Some(Trouble::FailAfter(after));
        let mut observer = Impatient {
            left: 9,
            told: Vec::new(),
        };
        if let Ok(mut installer) = Installer::open(&mut host, "a test") {
            let done = installer.install(plan.clone(), &mut observer).is_ok();
            told.extend(done.then_some(observer.told));
        }
    }
    let retried = told
        .iter()
        .filter(|told| **told == ["1 begun", "1 tried_again", "1 done"]);
    assert_eq!(retried.count(), 4, "{told:?}");
}

/// A document as it was written by a released version: it has to be understood as long as there is one like it somewhere.
fn fixture(name: &str, now: &str) -> String {
    let path = format!("{}/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("MUSTER_BLESS").is_some() {
        std::fs::write(&path, now).unwrap();
    }
    let file = std::fs::File::open(&path).unwrap();
    std::io::read_to_string(file).unwrap()
}

#[test]
fn documents_of_every_released_version_are_read_and_undone() {
    let before = host();
    let mut host = before.clone();
    let actions = [actions(), more_actions()].concat();
    let plan = Plan::make(&host, wishes(&actions)).unwrap();
    let text = serde_json::to_string_pretty(&plan).unwrap();
    let kept = fixture("plan-v1", &text);
    assert_eq!(Plan::from_json(kept.as_bytes()).unwrap(), plan);
    install(&mut host, plan).unwrap();
    let path = "/var/lib/muster-install/receipt-0001.json";
    let kept = fixture("receipt-v1", &host.text(path).unwrap());
    assert_eq!(
        Some(&kept),
        host.text(path).as_ref(),
        "a receipt is written otherwise now: keep both"
    );
    host.put(path, &kept);
    uninstall(&mut host).unwrap();
    assert_eq!(host.snapshot(), before.snapshot());
}
