use std::fs;

use super::*;
use crate::daemon::core::standing::Standing;

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn what_was_kept_comes_back_and_the_key_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("a/b");
    let state = State::open(&folder).unwrap();
    assert_eq!(state.node_id().unwrap(), None);
    assert_eq!(state.told().unwrap(), Told::default());
    let id = "0123456789abcdef0123456789abcdef";
    state.keep_node_id(id).unwrap();
    state.keep_key(b"key").unwrap();
    let standing = Standing {
        epoch: 3,
        generation: 9,
    };
    let told = Told::new(standing, vec!["c1:7443".to_owned()]);
    state.keep_told(&told).unwrap();
    assert_eq!(state.node_id().unwrap().unwrap(), id);
    assert_eq!(state.key().unwrap().unwrap().as_slice(), b"key");
    assert_eq!(state.told().unwrap(), told);
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join(KEY)), 0o600);
}

#[test]
fn a_crash_while_writing_leaves_the_old_file_and_is_swept() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    state.keep_key(b"old").unwrap();
    drop(state);
    let leftover = folder.path().join("key.pem.tmp");
    fs::write(&leftover, b"half of a new k").unwrap();
    let state = State::open(folder.path()).unwrap();
    assert!(!leftover.exists(), "half a key stays on disk");
    assert_eq!(state.key().unwrap().unwrap().as_slice(), b"old");
}

#[test]
fn a_leftover_that_others_can_read_does_not_become_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    let leftover = folder.path().join("key.pem.tmp");
    fs::write(&leftover, b"").unwrap();
    fs::set_permissions(&leftover, fs::Permissions::from_mode(0o666)).unwrap();
    state.keep_key(b"key").unwrap();
    assert_eq!(mode(&folder.path().join(KEY)), 0o600);
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    state.keep_key(b"key").unwrap();
    let key = folder.path().join(KEY);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let refused = state.key().unwrap_err();
    assert!(matches!(refused, StateError::NotPrivate { .. }));
}

#[test]
fn one_agent_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let first = State::open(folder.path()).unwrap();
    let second = State::open(folder.path()).unwrap_err();
    assert!(matches!(second, StateError::InUse { .. }), "{second}");
    drop(first);
    assert!(State::open(folder.path()).is_ok());
}

#[test]
fn damaged_files_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    let cases = [
        ("{", "damaged"),
        (
            r#"{"epoch": 1, "generation": 1}"#,
            "missing field `version`",
        ),
        (
            r#"{"version": 2, "epoch": 1, "generation": 1}"#,
            "of version 2",
        ),
    ];
    for (content, expected) in cases {
        fs::write(folder.path().join(STANDING), content).unwrap();
        let refused = state.told().unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
        assert!(refused.contains("remove it"), "{refused}");
    }
    fs::write(folder.path().join(NODE_ID), "no id\n").unwrap();
    let refused = state.node_id().unwrap_err().to_string();
    assert!(refused.contains("must join again"), "{refused}");
}

#[test]
fn what_a_newer_agent_added_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    let newer = r#"{"version": 1, "epoch": 1, "generation": 2, "added": true}"#;
    fs::write(folder.path().join(STANDING), newer).unwrap();
    assert_eq!(state.told().unwrap().standing.generation, 2);
}

#[test]
fn a_reset_that_a_crash_broke_off_is_finished_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    state
        .keep_node_id("0123456789abcdef0123456789abcdef")
        .unwrap();
    state.keep_key(b"key").unwrap();
    let mut targets = Targets::default();
    targets.add(&"c1:7443".parse().unwrap());
    state.keep_targets(&targets).unwrap();
    drop(state);
    fs::write(folder.path().join(RESET), "").unwrap();
    let state = State::open(folder.path()).unwrap();
    assert_eq!(state.node_id().unwrap(), None);
    assert_eq!(state.key().unwrap(), None);
    assert_eq!(state.targets().unwrap(), Targets::default());
    assert!(!state.is_resetting().unwrap());
}
