//! Steps that might cut the host off: whatever happens, they are confirmed, or all is as it was before.

use super::*;

const CUT: &str = "10.66.0.2/24";

fn action(address: &str, reach: &[&str]) -> Value {
    json!({"network": {"reach": reach, "window_s": 5, "links": [
        {"name": "br0", "bridge": {"members": ["eth0"]}, "mtu": 9000, "addresses": ["10.0.0.2/24", address]},
    ]}})
}

fn network(host: &Model, address: &str, reach: &[&str]) -> Plan {
    Plan::make(host, wishes(&[action(address, reach)])).unwrap()
}

/// A host that nobody reaches while it has the address.
fn cut() -> Model {
    let mut host = host();
    host.unreachable_with = Some(CUT.to_owned());
    host
}

fn is_set_up(host: &Model) -> bool {
    host.kernel.network.text("05-muster-br0.netdev").is_some()
}

/// As `muster-install.service` does, at its next start or the next boot.
fn start(host: &mut Model) -> Result<Option<Ended>, EngineError> {
    let mut installer = Installer::open(host, "a test")?;
    if !installer.has_unfinished() {
        installer.close()?;
        return Ok(None);
    }
    let ended = installer.resume(&mut ());
    installer.close()?;
    ended.map(Some)
}

#[test]
fn what_reaches_nobody_is_put_back_and_the_step_fails() {
    let before = cut();
    let mut host = before.clone();
    let plan = network(&host, CUT, &["10.0.0.1:7443"]);
    let mut installer = Installer::open(&mut host, "a test").unwrap();
    let why = installer.install(plan, &mut ()).unwrap_err().to_string();
    assert_eq!(
        why,
        "step step-0 failed: 10.0.0.1:7443 did not answer within 5 s; what was before is put back"
    );
    installer.close().unwrap();
    assert_eq!(host.snapshot(), before.snapshot());
    let unfinished = status(&host).unwrap().unfinished.unwrap();
    assert_eq!(unfinished.steps[0].state, "waiting");
    assert!(unfinished.steps[0].failed.is_some());
    // Tried again it is the same, and cancelled there is nothing left.
    assert!(start(&mut host).is_err());
    assert_eq!(host.snapshot(), before.snapshot());
    clear(&mut host);
    host.restart(Crash::PowerLost);
    assert_eq!(host.snapshot(), before.snapshot());
}

#[test]
fn what_reaches_somebody_stays() {
    let mut host = cut();
    let plan = network(&host, "10.7.0.2/24", &["10.0.0.1:7443"]);
    assert_eq!(
        install(&mut host, plan).unwrap().outcome,
        Some(Outcome::Installed)
    );
    assert!(is_set_up(&host));
}

/// Says so, or asks for an end, once the step waits.
struct Somebody {
    says: fn(&mut bool),
    is_waiting: bool,
    is_to_stop: bool,
}

impl Observer for Somebody {
    fn on(&mut self, event: &Event<'_>) {
        if let Event::Step {
            state: StepEvent::Unconfirmed,
            ..
        } = event
        {
            self.is_waiting = true;
            (self.says)(&mut self.is_to_stop);
        }
    }

    fn is_to_stop(&mut self) -> bool {
        self.is_to_stop
    }
}

#[test]
fn whoever_is_asked_to_end_before_it_is_confirmed_puts_back() {
    let before = cut();
    let mut host = before.clone();
    let plan = network(&host, CUT, &[]);
    let mut somebody = Somebody {
        says: |is_to_stop| *is_to_stop = true,
        is_waiting: false,
        is_to_stop: false,
    };
    let mut installer = Installer::open(&mut host, "a test").unwrap();
    let why = installer
        .install(plan, &mut somebody)
        .unwrap_err()
        .to_string();
    assert!(
        somebody.is_waiting && why.contains("stopped before it was confirmed"),
        "{why}"
    );
    installer.close().unwrap();
    assert_eq!(host.snapshot(), before.snapshot());
}

/// The file that `muster install --confirm-network` makes is made by a step before; what somebody said before the step waited counts for nothing.
#[test]
fn what_was_said_before_confirms_nothing_and_nobody_is_needed_twice() {
    let before = host();
    let mut host = before.clone();
    confirm_network_early(&mut host);
    let plan = network(&host, CUT, &[]);
    let why = install(&mut host, plan).unwrap_err().to_string();
    assert!(why.contains("nobody has confirmed it within 5 s"), "{why}");
    assert!(!is_set_up(&host));
}

fn confirm_network_early(host: &mut Model) {
    let installer = Installer::open(host, "a test").unwrap();
    confirm_network(installer.host).unwrap();
    installer.host.release(&store::lease()).unwrap();
}

#[test]
fn a_step_is_confirmed_by_somebody_who_says_so() {
    let mut host = host();
    let plan = network(&host, CUT, &[]);
    host.confirms_when_waiting = true;
    let ended = install(&mut host, plan).unwrap();
    assert_eq!(ended.outcome, Some(Outcome::Installed));
    assert!(is_set_up(&host));
    assert_eq!(host.text("/var/lib/muster-install/confirm"), None);
}

/// The last of the invariants: after the first start after a crash, at any instant, the network is confirmed, or as it was to the byte, on disk and in the kernel.
#[test]
fn whatever_instant_a_host_goes_down_at_nothing_is_left_unconfirmed() {
    for address in [CUT, "10.7.0.2/24"] {
        let before = cut();
        let plan = network(&before, address, &["10.0.0.1:7443"]);
        let mut whole = before.clone();
        let _ = install(&mut whole, plan.clone());
        let mut cases = 0;
        for crash in Crash::ALL {
            for after in 1..=whole.changes {
                let mut host = before.clone();
                host.trouble = Some(Trouble::CrashAfter(after));
                let _ = install(&mut host, plan.clone());
                host.restart(crash);
                let told = format!("{address}, {crash:?} after change {after}");
                // Also when it goes down again while it puts back.
                let mut again = host.clone();
                again.trouble = Some(Trouble::CrashAfter(again.changes + 1 + after % 17));
                let _ = start(&mut again);
                again.restart(crash);
                for mut host in [host, again] {
                    recovered(&mut host, &before, address, &told);
                }
                cases += 1;
            }
        }
        println!(
            "{cases} crashes around a network step with {address}: each confirmed or put back"
        );
        assert!(cases > 100, "{cases}");
    }
}

fn recovered(host: &mut Model, before: &Model, address: &str, told: &str) {
    let had_word = host.text("/var/lib/muster-install/order").is_some();
    match start(host) {
        Ok(Some(Ended {
            outcome: Some(Outcome::Installed),
            ..
        })) => {
            assert!(
                is_set_up(host) && address != CUT,
                "{told}: it was not confirmed"
            );
        }
        Ok(Some(ended)) => panic!("{told}: {ended:?}"),
        Ok(None) => {
            let is_done = !store::receipts(host).unwrap().is_empty();
            assert_eq!(is_set_up(host), is_done, "{told}");
        }
        Err(EngineError::Step {
            why: StepError::Unconfirmed(_),
            ..
        }) => {
            assert_eq!(host.snapshot(), before.snapshot(), "{told}");
            let mut rebooted = host.clone();
            rebooted.restart(Crash::PowerLost);
            assert_eq!(
                rebooted.snapshot(),
                before.snapshot(),
                "{told}, and started again"
            );
        }
        Err(error) => panic!("{told}, with word of it: {had_word}: {error}"),
    }
    prove_undone(host, before, told);
}

/// What could not be put back is tried again at the next boot: word of it stays.
#[test]
fn what_cannot_be_put_back_is_tried_again_at_the_next_boot() {
    let before = cut();
    let mut host = before.clone();
    let plan = network(&host, CUT, &["10.0.0.1:7443"]);
    Installer::open(&mut host, "a test")
        .unwrap()
        .hand_over(Task::Install(plan))
        .unwrap();
    host.refuses_to_reload_after = Some(1);
    let why = start(&mut host).unwrap_err().to_string();
    assert!(why.contains("could not be put back"), "{why}");
    assert!(host.text("/var/lib/muster-install/order").is_some());
    host.refuses_to_reload_after = None;
    host.restart(Crash::PowerLost);
    let why = start(&mut host).unwrap_err().to_string();
    assert!(why.contains("what was before is put back"), "{why}");
    assert_eq!(host.snapshot(), before.snapshot());
    assert_eq!(host.text("/var/lib/muster-install/order"), None);
}
