use std::fs;

use muster_model::Warning;

use super::*;
use crate::testing::{Tree, found};

/// Name, enabled, masked.
type Facts = (String, Option<bool>, Option<bool>);

fn services(tree: &Tree) -> (Vec<Facts>, Vec<Warning>) {
    let (services, warnings) = found(tree, probe);
    let facts = |it: Service| (it.name, it.enabled, it.masked);
    let services = services.unwrap().into_iter().map(facts);
    (services.collect(), warnings)
}

fn no(name: &str) -> Facts {
    (name.to_owned(), Some(false), Some(false))
}

fn enabled(name: &str) -> Facts {
    (name.to_owned(), Some(true), Some(false))
}

fn masked(name: &str) -> Facts {
    (name.to_owned(), Some(false), Some(true))
}

#[test]
fn links_enable_and_mask() {
    let tree = Tree::new(&[
        ("usr/lib/systemd/system/ssh.service", ""),
        ("usr/lib/systemd/system/ssh.socket", ""),
        ("usr/lib/systemd/system/cups.service", ""),
        ("usr/lib/systemd/system/quiet.service", ""),
        ("usr/lib/systemd/system/basic.target", ""),
        ("run/systemd/system/once.service", ""),
        ("etc/systemd/system/ssh.service.d/override.conf", ""),
    ]);
    let vendor = "/usr/lib/systemd/system";
    tree.link(
        "etc/systemd/system/multi-user.target.wants/ssh.service",
        &format!("{vendor}/ssh.service"),
    );
    tree.link(
        "run/systemd/system/a.target.requires/once.service",
        "../once.service",
    );
    tree.link("etc/systemd/system/cups.service", "/dev/null");
    // What only the vendor wants is not enabled.
    tree.link(
        "usr/lib/systemd/system/sysinit.target.wants/quiet.service",
        "../quiet.service",
    );
    let (services, warnings) = services(&tree);
    assert_eq!(warnings, []);
    let expected = [
        masked("cups.service"),
        enabled("once.service"),
        no("quiet.service"),
        enabled("ssh.service"),
        no("ssh.socket"),
    ];
    assert_eq!(services, expected);
}

#[test]
fn the_first_folder_decides() {
    let tree = Tree::new(&[
        ("etc/systemd/system/a.service", ""),
        ("usr/lib/systemd/system/b.service", ""),
        ("lib/systemd/system/c.service", ""),
    ]);
    tree.link("run/systemd/system/a.service", "/dev/null");
    tree.link("run/systemd/system/b.service", "../../../dev/null");
    tree.link("usr/local/lib/systemd/system/c.service", "/opt/c/c.service");
    let expected = [no("a.service"), masked("b.service"), no("c.service")];
    assert_eq!(services(&tree).0, expected);
}

#[test]
fn aliases_are_what_they_stand_for() {
    let tree = Tree::new(&[
        ("usr/lib/systemd/system/gdm.service", ""),
        ("usr/lib/systemd/system/logind.service", ""),
    ]);
    // An alias that an administrator made enables; one of the vendor's does not.
    tree.link(
        "etc/systemd/system/display-manager.service",
        "/usr/lib/systemd/system/gdm.service",
    );
    tree.link(
        "usr/lib/systemd/system/dbus-login.service",
        "logind.service",
    );
    tree.link("etc/systemd/system/old.service", "older.service");
    tree.link("etc/systemd/system/older.service", "old.service");
    tree.link("etc/systemd/system/logind.service", "/dev/null");
    let (services, warnings) = services(&tree);
    assert_eq!(warnings, []);
    let expected = [
        masked("dbus-login.service"),
        enabled("display-manager.service"),
        enabled("gdm.service"),
        masked("logind.service"),
        enabled("old.service"),
        enabled("older.service"),
    ];
    assert_eq!(services, expected);
}

#[test]
fn instances_enable_their_template() {
    let tree = Tree::new(&[
        ("usr/lib/systemd/system/getty@.service", ""),
        ("usr/lib/systemd/system/ppp@.service", ""),
    ]);
    let wants = "etc/systemd/system/getty.target.wants";
    tree.link(
        &format!("{wants}/getty@tty1.service"),
        "/usr/lib/systemd/system/getty@.service",
    );
    tree.link(
        &format!("{wants}/gone@1.service"),
        "/usr/lib/systemd/system/gone@.service",
    );
    let expected = [
        enabled("getty@.service"),
        enabled("getty@tty1.service"),
        no("ppp@.service"),
    ];
    assert_eq!(services(&tree).0, expected);
}

#[test]
fn without_systemd_they_are_unknown() {
    let (services, warnings) = found(&Tree::new(&[]), probe);
    assert_eq!(services, None);
    assert_eq!(warnings[0].kind, WarningKind::Absent);
}

#[test]
fn what_cannot_be_read_is_unknown_and_told() {
    let tree = Tree::new(&[("usr/lib/systemd/system/a.service", "")]);
    let looped = tree.path().join("etc/systemd");
    fs::create_dir_all(&looped).unwrap();
    tree.link("etc/systemd/system", "system");
    let (services, warnings) = services(&tree);
    assert_eq!(services, [("a.service".to_owned(), None, Some(false))]);
    assert_eq!(warnings[0].kind, WarningKind::Malformed);
}
