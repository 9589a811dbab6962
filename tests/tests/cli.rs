//! The program from outside: exit codes, what goes where, and that nothing makes it panic.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use muster_model::{INVENTORY_SCHEMA, Inventory, Section, WarningKind};
use muster_tests::program::{self, Ran, command, command_as_nobody, run};
use serde_json::Value;
use tempfile::TempDir;

fn muster(arguments: &[&str]) -> Ran {
    run(command().args(arguments))
}

/// A small machine that is the same everywhere.
fn made_root() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "proc/sys/kernel/hostname", "made\n");
    write(root.path(), "proc/sys/kernel/osrelease", "6.1.0\n");
    let release = "ID=debian\nPRETTY_NAME=\"Made \u{1b}[31mOS\"\n";
    write(root.path(), "etc/os-release", release);
    root
}

fn write(root: &Path, path: &str, content: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn discover_at(root: &TempDir, arguments: &[&str]) -> Command {
    let mut command = command();
    command.args(["discover", "--root", root.path().to_str().unwrap()]);
    command.args(arguments);
    command
}

fn at_root(root: &TempDir, arguments: &[&str]) -> Ran {
    run(&mut discover_at(root, arguments))
}

#[test]
fn help_and_version_are_data() {
    let ways = [
        &["--help"][..],
        &["help"],
        &["discover", "--help"],
        &["help", "discover"],
    ];
    for arguments in ways {
        let ran = muster(arguments);
        assert_eq!(
            (ran.code, ran.told.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
        assert!(ran.data.contains("Exit codes:") && ran.data.contains("Usage: muster"));
    }
    let ran = muster(&["--version"]);
    assert_eq!(ran.data, format!("muster {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_wrong_command_line_is_2_and_no_data() {
    let wrong: [&[&str]; 14] = [
        &[],
        &["discovr"],
        &["discover", "--no-such"],
        &["discover", "-o", "xml"],
        &["discover", "-s", ""],
        &["discover", "--timeout", "2"],
        &["discover", "--timings", "--quiet"],
        &["discover", "--root", "/", "--replay", "x"],
        &["discover", "--root", "/", "--lldp", "1s"],
        &["discover", "--force"],
        &["discover", "--watch", "-o", "json"],
        &["discover", "--watch", "--replay", "x"],
        &["discover", "--scrub"],
        &["schema", "weather"],
    ];
    for arguments in wrong {
        let ran = muster(arguments);
        assert_eq!(
            (ran.code, ran.data.as_str()),
            (Some(2), ""),
            "{arguments:?}"
        );
        assert!(!ran.told.is_empty());
    }
    let ran = muster(&["discover", "-s", "cpu,netwrok"]);
    assert!(ran.told.contains("'network'"), "no hint: {}", ran.told);
}

#[test]
fn a_root_that_is_not_there_is_1() {
    let ran = muster(&["discover", "--root", "/nonexistent"]);
    assert_eq!((ran.code, ran.data.as_str()), (Some(1), ""));
    assert!(ran.told.contains("/nonexistent"), "{}", ran.told);
}

#[test]
fn this_machine_in_every_format() {
    for format in ["report", "json", "yaml", "table", "wide"] {
        let ran = muster(&["discover", "-q", "-o", format]);
        assert_eq!((ran.code, ran.told.as_str()), (Some(0), ""), "{format}");
        assert!(!ran.data.is_empty() && ran.data.ends_with('\n'), "{format}");
        assert!(
            !ran.data.contains('\u{1b}'),
            "{format} has colour in a pipe"
        );
    }
}

#[test]
fn json_is_the_inventory() {
    let ran = muster(&["discover", "-o", "json"]);
    assert_eq!((ran.code, ran.told.as_str()), (Some(0), ""));
    let inventory: Inventory = serde_json::from_str(&ran.data).unwrap();
    assert_eq!(inventory.schema, INVENTORY_SCHEMA);
    let value: Value = serde_json::from_str(&ran.data).unwrap();
    for section in Section::ALL {
        let key = section.key();
        let is_there = !section.is_opt_in() || section == Section::Usage;
        assert_eq!(value.get(key).is_some(), is_there, "{key}");
    }
}

#[test]
fn a_section_comes_alone() {
    let ran = muster(&["discover", "-o", "json", "-s", "host,iommu", "-s", "host"]);
    let value: Value = serde_json::from_str(&ran.data).unwrap();
    let keys = value.as_object().unwrap().keys();
    let mut keys: Vec<&str> = keys.map(String::as_str).collect();
    keys.sort_unstable();
    let expected = [
        "captured_at",
        "host",
        "iommu",
        "schema",
        "source",
        "warnings",
    ];
    assert_eq!(keys, expected);
}

#[test]
fn another_root_is_not_this_machine() {
    let root = made_root();
    let ran = at_root(&root, &["-o", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.told);
    let inventory: Inventory = serde_json::from_str(&ran.data).unwrap();
    assert_eq!(inventory.host.hostname.as_deref(), Some("made"));
    assert_eq!(inventory.captured_at, None);
    let again = at_root(&root, &["-o", "json"]);
    assert_eq!(ran.data, again.data, "not the same bytes");
}

#[test]
fn a_capture_replays_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.tar.zst");
    let path = file.to_str().unwrap();
    let live = muster(&["discover", "-o", "json", "--capture", path]);
    assert_eq!((live.code, live.told.as_str()), (Some(0), ""));
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let replayed = muster(&["discover", "-o", "json", "--replay", path]);
    assert_eq!(replayed.code, Some(0), "{}", replayed.told);
    let without_source = |text: &str| text.replacen("\"live\"", "\"capture\"", 1);
    assert_eq!(without_source(&live.data), replayed.data);

    let before = fs::read(&file).unwrap();
    let again = muster(&["discover", "--capture", path]);
    assert_eq!((again.code, again.data.as_str()), (Some(1), ""));
    assert!(again.told.contains("--force"), "{}", again.told);
    assert_eq!(fs::read(&file).unwrap(), before);
    assert_eq!(
        muster(&["discover", "--capture", path, "--force"]).code,
        Some(0)
    );
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "something is left"
    );
}

#[test]
fn a_capture_has_what_is_opt_in_for_whoever_asks() {
    let root = made_root();
    write(root.path(), "proc/modules", "nvme 61440 0 - Live 0x0\n");
    write(root.path(), "usr/lib/systemd/system/ssh.service", "");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.tar.zst");
    let path = file.to_str().unwrap();
    let shown = at_root(&root, &["-o", "json", "--capture", path]);
    assert_eq!(shown.data, at_root(&root, &["-o", "json"]).data);

    let chosen = ["-s", "modules,listeners,services", "-o", "json"];
    let asked = at_root(&root, &chosen);
    let replayed = [&["discover", "--replay", path], &chosen[..]].concat();
    let replayed = muster(&replayed);
    let as_root = replayed.data.replacen("\"capture\"", "\"root\"", 1);
    assert_eq!(asked.data, as_root);
    let inventory = Inventory::from_json(asked.data.as_bytes()).unwrap();
    let loaded = inventory.modules.as_ref().unwrap().loaded.as_deref();
    assert_eq!(loaded, Some(&["nvme".to_owned()][..]));
    assert_eq!(inventory.services.as_ref().unwrap().len(), 1);
    // It is null, and a warning says why.
    assert_eq!(inventory.listeners, None);
    assert!(inventory.was_discovered(Section::Listeners));
    assert!(!inventory.was_discovered(Section::Usage));

    // A capture of other sections says what it was made without.
    let cpu = at_root(&root, &["-s", "cpu", "--force", "--capture", path]);
    assert_eq!(cpu.code, Some(0), "{}", cpu.told);
    let without = muster(&[
        "discover", "-q", "-s", "services", "-o", "json", "--replay", path,
    ]);
    assert!(without.data.contains("made without it"), "{}", without.data);
}

#[test]
fn a_capture_of_usage_shows_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.tar.zst");
    let path = file.to_str().unwrap();
    let live = muster(&[
        "discover",
        "-q",
        "-s",
        "usage",
        "-o",
        "json",
        "--capture",
        path,
    ]);
    let live = Inventory::from_json(live.data.as_bytes()).unwrap();
    assert!(live.usage.is_some());
    let replayed = |chosen: &[&str]| {
        let ran = muster(&[&["discover", "-o", "json", "--replay", path], chosen].concat());
        Inventory::from_json(ran.data.as_bytes()).unwrap().usage
    };
    assert_eq!(replayed(&[]), live.usage);
    assert_eq!(replayed(&["-s", "usage"]), live.usage);
    assert_eq!(replayed(&["-s", "iommu"]), None);
}

#[test]
fn a_scrubbed_capture_does_not_name_the_machine() {
    let root = made_root();
    write(
        root.path(),
        "etc/machine-id",
        "0123456789abcdef0123456789abcdef\n",
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.tar.zst");
    let path = file.to_str().unwrap();
    assert_eq!(
        at_root(&root, &["-q", "--capture", path, "--scrub"]).code,
        Some(0)
    );
    let replayed = muster(&["discover", "-o", "json", "--replay", path]);
    let inventory: Inventory = serde_json::from_str(&replayed.data).unwrap();
    let id = inventory.host.machine_id.unwrap();
    assert_eq!(id.len(), 32);
    assert_ne!(id, "0123456789abcdef0123456789abcdef");
    assert_eq!(inventory.host.kernel.release.as_deref(), Some("6.1.0"));
}

#[test]
fn what_is_no_capture_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "not", "not a capture");
    let file = folder.path().join("not");
    let ran = muster(&["discover", "--replay", file.to_str().unwrap()]);
    assert_eq!((ran.code, ran.data.as_str()), (Some(1), ""));
    assert!(ran.told.contains("not a capture"), "{}", ran.told);
}

#[test]
fn strict_tells_warnings_by_3() {
    let root = made_root();
    assert_eq!(at_root(&root, &["-q"]).code, Some(0));
    let ran = at_root(&root, &["--strict", "-q", "-o", "json"]);
    assert_eq!(ran.code, Some(3));
    let inventory: Inventory = serde_json::from_str(&ran.data).unwrap();
    assert!(!inventory.warnings.is_empty());
}

#[test]
fn timings_and_logs_go_to_standard_error() {
    let root = made_root();
    let ran = at_root(&root, &["--timings", "-o", "json"]);
    assert!(
        ran.told.contains("host") && ran.told.contains("total"),
        "{}",
        ran.told
    );
    serde_json::from_str::<Value>(&ran.data).unwrap();
    let ran = at_root(&root, &["-v", "-o", "json"]);
    assert!(ran.told.contains("discovering"), "{}", ran.told);
    serde_json::from_str::<Value>(&ran.data).unwrap();
}

#[test]
fn foreign_text_does_not_drive_the_terminal() {
    let root = made_root();
    for format in ["report", "table", "wide"] {
        let ran = at_root(&root, &["-q", "-o", format, "--color", "never"]);
        assert!(!ran.data.contains('\u{1b}'), "{format}");
        assert!(
            ran.data.contains("Made \\x1b[31mOS"),
            "{format}: {}",
            ran.data
        );
    }
}

#[test]
fn colour_is_asked_for_or_not() {
    let root = made_root();
    let coloured = |arguments: &[&str], name: &str, value: &str| {
        let ran = run(discover_at(&root, arguments).env(name, value));
        ran.data.contains("\u{1b}[")
    };
    assert!(coloured(&["--color", "always"], "NO_COLOR", "1"));
    assert!(coloured(&[], "CLICOLOR_FORCE", "1"));
    assert!(!coloured(&[], "NO_COLOR", "1"));
    assert!(!coloured(&["--color", "never"], "CLICOLOR_FORCE", "1"));
}

#[test]
fn columns_set_the_width() {
    let root = made_root();
    for width in [60, 80, 140] {
        let ran = run(discover_at(&root, &[]).env("COLUMNS", width.to_string()));
        let widest = ran.data.lines().map(|line| line.chars().count()).max();
        assert!(widest.unwrap() <= width, "{width}: {}", ran.data);
    }
}

#[test]
fn an_ordinary_user_gets_an_inventory() {
    let ran = run(command_as_nobody().args(["discover", "-o", "json"]));
    assert_eq!(ran.code, Some(0), "{}", ran.told);
    let inventory: Inventory = serde_json::from_str(&ran.data).unwrap();
    assert!(inventory.host.hostname.is_some());
    assert!(inventory.host.kernel.release.is_some());
    let report = run(command_as_nobody().arg("discover"));
    let is_denied = |warning: &muster_model::Warning| warning.kind == WarningKind::Denied;
    let denied = inventory.warnings.iter().any(is_denied);
    assert_eq!(report.data.contains("Run as root"), denied);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = command()
        .args(["schema", "inventory"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut told = String::new();
    let mut stderr = child.stderr.take().unwrap();
    stderr.read_to_string(&mut told).unwrap();
    assert_eq!((child.wait().unwrap().code(), told.as_str()), (Some(0), ""));
}

#[test]
fn a_full_disk_is_1() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = command();
    command.args(["discover", "-o", "json"]).stdout(full);
    let output = command.stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("cannot write to standard output"), "{told}");
}

#[test]
fn closed_streams_do_not_panic() {
    for redirection in [">&-", "2>&-", "<&-", ">&- 2>&- <&-"] {
        let script = format!(
            "{} discover -o json {redirection}",
            program::muster().display()
        );
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        let ended = (output.status.code(), told.as_str());
        assert_eq!(ended, (Some(0), ""), "{redirection}");
    }
}

#[test]
fn the_schemas_are_the_published_ones() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    for name in ["inventory", "change"] {
        let published = fs::read_to_string(docs.join(format!("{name}.schema.json"))).unwrap();
        assert_eq!(muster(&["schema", name]).data, published);
    }
}

#[test]
fn completions_are_scripts() {
    let ran = muster(&["completions", "bash"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.data.contains("_muster()"));
}

#[test]
fn what_cannot_work_is_said_before_discovery() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("made");
    let ran = run(command().args(["discover", "--root"]).arg(&file));
    assert_eq!(ran.code, Some(1));
    assert!(ran.told.ends_with(": it is a file\n"), "{}", ran.told);

    let nowhere = folder.path().join("nowhere/a.tar.zst");
    let ran = run(command().args(["discover", "--capture"]).arg(&nowhere));
    assert_eq!((ran.code, ran.data.as_str()), (Some(1), ""));
    assert!(ran.told.contains("there is no directory"), "{}", ran.told);
}
