//! Following what another process does: on a folder of this machine, because a file that was removed is still to be read.

#![allow(clippy::disallowed_methods, reason = "a journal is torn by hand")]

use std::fs;
use std::path::Path;

use super::*;
use crate::engine::{Followed, Follower, Past};
use crate::host::Real;

fn root() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for folder in ["etc", "srv", "var/lib"] {
        fs::create_dir_all(root.path().join(folder)).unwrap();
    }
    root
}

fn files(count: usize) -> Vec<Value> {
    let file = |at: usize| json!({"file": {"path": format!("/srv/{at}"), "content": "a"}});
    (0..count).map(file).collect()
}

/// What is told, a line each; it stops after so many.
#[derive(Default)]
struct Lines {
    told: Vec<String>,
    most: Option<usize>,
}

impl Observer for Lines {
    fn on(&mut self, event: &Event<'_>) {
        self.told.push(match event {
            Event::Begun { work, of, .. } => format!("{work} {of}"),
            Event::Step { number, state, .. } => format!("{number} {}", state.key()),
            Event::Ended { outcome, .. } => format!("{outcome:?}"),
        });
    }

    fn is_to_stop(&mut self) -> bool {
        self.most.is_some_and(|most| self.told.len() >= most)
    }
}

/// Hands it over, has a thread do it, and tells what that told and what whoever followed was told.
fn followed(root: &Path, task: Task) -> (Vec<String>, Vec<String>, Followed) {
    let mut host = Real::other_root(root).unwrap();
    let installer = Installer::open(&mut host, "a command line").unwrap();
    assert_eq!(installer.hand_over(task).unwrap(), None);
    let mut lines = Lines::default();
    let follower = Follower::attach(&host, Past::Told, &mut lines).unwrap();
    let work = root.to_owned();
    let worker = std::thread::spawn(move || {
        let mut host = Real::other_root(&work).unwrap();
        let mut installer = Installer::open(&mut host, "another").unwrap();
        let mut lines = Lines::default();
        installer.resume(&mut lines).unwrap();
        installer.close().unwrap();
        lines.told
    });
    let followed = follower
        .run(&mut || Ok(!worker.is_finished()), &mut lines)
        .unwrap();
    (worker.join().unwrap(), lines.told, followed)
}

#[test]
fn whoever_follows_is_told_the_same_to_the_last_word() {
    let root = root();
    let host = Real::other_root(root.path()).unwrap();
    let plan = Plan::make(&host, wishes(&files(40))).unwrap();
    let (told, seen, followed) = self::followed(root.path(), Task::Install(plan));
    assert_eq!(followed.outcome, Some(Outcome::Installed));
    assert_eq!(seen, told);
    assert_eq!(seen.len(), 82);
}

#[test]
fn what_was_before_is_told_or_not() {
    let root = root();
    let mut host = Real::other_root(root.path()).unwrap();
    let plan = Plan::make(&host, wishes(&files(3))).unwrap();
    let mut installer = Installer::open(&mut host, "another").unwrap();
    let mut observer = Impatient {
        left: 2,
        told: Vec::new(),
    };
    installer.install(plan, &mut observer).unwrap();
    installer.leave().unwrap();
    for (past, told) in [
        (Past::Told, &["installing 3", "1 done", "2 done"][..]),
        (Past::Skipped, &[]),
    ] {
        let mut lines = Lines::default();
        let follower = Follower::attach(&host, past, &mut lines).unwrap();
        let followed = follower.run(&mut || Ok(false), &mut lines).unwrap();
        assert_eq!(lines.told, told);
        assert_eq!(followed, Followed::default());
    }
}

#[test]
fn whoever_does_not_want_to_follow_any_more_leaves() {
    let root = root();
    let host = Real::other_root(root.path()).unwrap();
    let mut lines = Lines {
        told: Vec::new(),
        most: Some(0),
    };
    let follower = Follower::attach(&host, Past::Told, &mut lines).unwrap();
    let followed = follower.run(&mut || Ok(true), &mut lines).unwrap();
    assert!(followed.is_left && followed.outcome.is_none());
}

/// What is written while it is read, torn off by a crash and written anew is read once.
#[test]
fn a_line_that_is_not_whole_is_waited_for() {
    let root = root();
    let mut host = Real::other_root(root.path()).unwrap();
    let plan = Plan::make(&host, wishes(&files(2))).unwrap();
    let installer = Installer::open(&mut host, "another").unwrap();
    installer.hand_over(Task::Install(plan)).unwrap();
    let journal = root.path().join("var/lib/muster-install/journal");
    let whole = fs::read(&journal).unwrap();
    let torn = [whole.as_slice(), b"0123456789abcdef {\"rec"].concat();
    fs::write(&journal, torn).unwrap();
    let mut lines = Lines::default();
    let follower = Follower::attach(&host, Past::Told, &mut lines).unwrap();
    let mut worker = Real::other_root(root.path()).unwrap();
    let mut installer = Installer::open(&mut worker, "another").unwrap();
    installer.resume(&mut ()).unwrap();
    installer.close().unwrap();
    let followed = follower.run(&mut || Ok(false), &mut lines).unwrap();
    assert_eq!(followed.outcome, Some(Outcome::Installed));
    assert_eq!(lines.told.last().unwrap(), "Installed");
    assert_eq!(lines.told.len(), 6, "{:?}", lines.told);
}

#[test]
fn several_installations_are_followed_while_they_are_undone() {
    let root = root();
    for count in [1, 2] {
        let mut host = Real::other_root(root.path()).unwrap();
        let plan = Plan::make(&host, wishes(&files(count))).unwrap();
        let mut installer = Installer::open(&mut host, "another").unwrap();
        installer.install(plan, &mut ()).unwrap();
        installer.close().unwrap();
    }
    let (_, seen, followed) = self::followed(root.path(), Task::Uninstall(Edited::Kept));
    assert_eq!(followed.outcome, Some(Outcome::Uninstalled));
    assert_eq!(seen.first().unwrap(), "uninstalling 1");
    assert_eq!(seen.last().unwrap(), "Uninstalled");
    assert!(!root.path().join("srv/0").exists());
}
