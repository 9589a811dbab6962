//! What is handed over: written down by one process, which may go down at every instant, and done by another one, which may, too.

use super::*;

const ORDER: &str = "/var/lib/muster-install/order";

/// As the service does it.
fn serve(host: &mut Model) -> Result<Ended, EngineError> {
    let mut installer = Installer::open(host, "the service")?;
    let ended = installer.resume(&mut ());
    installer.close()?;
    ended
}

/// As command line and service do it one after the other.
fn hand_over(host: &mut Model, task: Task) -> Result<Ended, EngineError> {
    match Installer::open(host, "a command line")?.hand_over(task)? {
        Some(ended) => Ok(ended),
        None => serve(host),
    }
}

#[test]
fn what_is_handed_over_is_done_by_whoever_resumes() {
    let before = host();
    let mut host = before.clone();
    let installer = Installer::open(&mut host, "a command line").unwrap();
    let handed_over = installer.hand_over(Task::Install(plan(&before))).unwrap();
    assert_eq!(handed_over, None);
    assert_eq!(
        host.text("/etc/motd").unwrap(),
        "Hello\n",
        "nothing is done yet"
    );
    let told = status(&host).unwrap();
    assert!(told.goes_on_at_boot && told.at_work.is_none());
    // It is there for good.
    host.restart(Crash::PowerLost);
    assert_eq!(serve(&mut host).unwrap().outcome, Some(Outcome::Installed));
    assert!(!super::plan(&host).has_changes());
    assert!(!status(&host).unwrap().goes_on_at_boot);
    assert_eq!(host.text(ORDER), None);
    let ended = hand_over(&mut host, Task::Uninstall(Edited::Kept)).unwrap();
    assert_eq!(ended.outcome, Some(Outcome::Uninstalled));
    assert_eq!(host.snapshot(), before.snapshot());
    let folder = HostPath::known("/var/lib/muster-install");
    assert!(host.look(&folder).unwrap().is_none());
}

#[test]
fn what_is_begun_and_handed_over_can_be_put_back() {
    let before = host();
    let mut host = before.clone();
    let installer = Installer::open(&mut host, "a command line").unwrap();
    installer.hand_over(Task::Install(plan(&before))).unwrap();
    let ended = hand_over(&mut host, Task::Revert).unwrap();
    assert_eq!(ended.outcome, Some(Outcome::Reverted));
    assert_eq!(host.snapshot(), before.snapshot());
    let again = hand_over(&mut host, Task::Revert).unwrap_err();
    assert!(
        matches!(again, EngineError::NothingUnfinished(_)),
        "{again}"
    );
}

/// Asked for before the service has begun, and heeded when it does, also after a loss of power; whoever goes on later means to go on.
#[test]
fn a_cancellation_is_not_lost_before_the_service_begins() {
    let before = host();
    let mut host = before.clone();
    let installer = Installer::open(&mut host, "a command line").unwrap();
    installer.hand_over(Task::Install(plan(&before))).unwrap();
    request_cancellation(&mut host).unwrap();
    host.restart(Crash::PowerLost);
    assert_eq!(serve(&mut host).unwrap().outcome, Some(Outcome::Reverted));
    assert_eq!(host.snapshot(), before.snapshot());

    let installer = Installer::open(&mut host, "a command line").unwrap();
    installer.hand_over(Task::Install(plan(&before))).unwrap();
    files::set_file(&mut host, &store::order(), None).unwrap();
    request_cancellation(&mut host).unwrap();
    let ended = hand_over(&mut host, Task::Resume).unwrap();
    assert_eq!(ended.outcome, Some(Outcome::Installed));
}

#[test]
fn what_was_edited_is_put_back_when_that_was_handed_over() {
    let before = host();
    let mut host = before.clone();
    hand_over(&mut host, Task::Install(plan(&before))).unwrap();
    host.put("/etc/motd", "Mine\n");
    hand_over(&mut host, Task::Uninstall(Edited::PutBack)).unwrap();
    assert_eq!(host.text("/etc/motd").unwrap(), "Hello\n");
}

#[test]
fn an_installation_that_failed_is_not_gone_on_with_at_the_next_boot() {
    let before = host();
    let plan = plan(&before);
    let mut probe = before.clone();
    hand_over(&mut probe, Task::Install(plan.clone())).unwrap();
    let mut failures = 0;
    for after in 0..probe.changes {
        let mut host = before.clone();
        host.trouble = Some(Trouble::FailAfter(after));
        let done = hand_over(&mut host, Task::Install(plan.clone()));
        if matches!(done, Err(EngineError::Step { .. })) {
            let told = status(&host).unwrap();
            assert!(
                told.unfinished.is_some() && !told.goes_on_at_boot,
                "{after}"
            );
            failures += 1;
        }
    }
    assert!(failures > 20, "{failures}");
}

#[test]
fn one_that_was_stopped_between_steps_is_gone_on_with_at_the_next_boot() {
    let mut host = host();
    let plan = plan(&host);
    let installer = Installer::open(&mut host, "a command line").unwrap();
    installer.hand_over(Task::Install(plan)).unwrap();
    let mut installer = Installer::open(&mut host, "the service").unwrap();
    let mut observer = Impatient {
        left: 2,
        told: Vec::new(),
    };
    assert_eq!(installer.resume(&mut observer).unwrap().outcome, None);
    installer.leave().unwrap();
    host.restart(Crash::PowerLost);
    assert!(status(&host).unwrap().goes_on_at_boot);
    assert_eq!(serve(&mut host).unwrap().outcome, Some(Outcome::Installed));
}

/// Whatever a power loss leaves: where word was left, the service goes on at boot; and from everywhere both ways out are open.
#[test]
fn whatever_instant_it_goes_down_at_it_is_done_or_undone() {
    let before = host();
    let plan = plan(&before);
    let mut whole = before.clone();
    hand_over(&mut whole, Task::Install(plan.clone())).unwrap();
    let mut at_boot = 0;
    for crash in Crash::ALL {
        for after in 1..=whole.changes {
            let mut host = before.clone();
            host.trouble = Some(Trouble::CrashAfter(after));
            let _ = hand_over(&mut host, Task::Install(plan.clone()));
            host.restart(crash);
            let told = format!("{crash:?} after change {after}");
            prove_both_ways(&host, &before, &plan, &told);
            if status(&host).unwrap().goes_on_at_boot {
                let mut installer = Installer::open(&mut host, "the service").unwrap();
                let ended = resumed(&mut installer);
                installer.close().unwrap();
                assert_eq!(ended.outcome, Some(Outcome::Installed), "{told}");
                at_boot += 1;
            }
        }
    }
    println!("{at_boot} crashes after which the service goes on at boot");
    assert!(at_boot > 150, "{at_boot}");
}
