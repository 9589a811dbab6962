//! GPUs through NVIDIA's management library: a stand-in for it, built here, is what the loader
//! finds.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "test code: a broken lab must stop at once and say where"
)]

use std::path::Path;
use std::process::{Command, Output};

use muster_discovery::{Options, Query, Source, discover};
use muster_model::pci::Gpu;

/// The symbols that are used, with the layouts of `nvml.h`: one H100 and one GPU that was lost.
const LIBRARY: &str = r#"
#include <string.h>
#include <stdio.h>
typedef struct { char legacy[16]; unsigned domain, bus, device, ids, subsystem; char id[32]; } pci;
typedef struct { unsigned version; unsigned long long total, reserved, free, used; } memory;
static int there = 1, lost = 2;
int nvmlInit_v2(void) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlSystemGetDriverVersion(char *out, unsigned size) { snprintf(out, size, "550.1"); return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
    *device = index ? &lost : &there;
    return 0;
}
int nvmlDeviceGetName(void *device, char *out, unsigned size) {
    if (device == &lost) return 15;
    snprintf(out, size, "NVIDIA H100 80GB HBM3");
    return 0;
}
int nvmlDeviceGetUUID(void *device, char *out, unsigned size) {
    if (device == &lost) return 15;
    snprintf(out, size, "GPU-0a1b2c3d");
    return 0;
}
int nvmlDeviceGetPciInfo_v3(void *device, pci *out) {
    memset(out, 0, sizeof *out);
    strcpy(out->legacy, "0000:5B:00.0");
    strcpy(out->id, device == &lost ? "00000000:5C:00.0" : "00000000:5B:00.0");
    return 0;
}
int nvmlDeviceGetMemoryInfo_v2(void *device, memory *out) {
    if (device == &lost) return 15;
    out->total = 85520809984ULL;
    return 0;
}
"#;

const ANSWER: &str = "MUSTER_TEST_NVML";

#[test]
fn asks_the_library() {
    let library = tempfile::tempdir().unwrap();
    build(library.path());
    let output = child("answers", library.path(), None);
    let answer = line(&output);
    let gpus: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(gpus[0]["uuid"], "GPU-0a1b2c3d");
    assert_eq!(gpus[0]["memory_bytes"], 85_520_809_984_u64);
    assert_eq!(gpus[1]["pci_slot"], "00000000:5C:00.0");
    assert!(gpus[1]["uuid"].is_null());
}

#[test]
fn without_the_library_it_is_unsupported() {
    let nothing = tempfile::tempdir().unwrap();
    let output = child("answers", nothing.path(), None);
    // A machine with NVIDIA's driver has a library of its own.
    let answer = line(&output);
    assert!(
        answer.starts_with('[') || answer.contains("libnvidia-ml.so.1"),
        "{answer}"
    );
}

/// In a mount namespace of its own, with a bus on which NVIDIA's driver is bound.
#[test]
fn fills_the_gpus_of_the_bus() {
    let library = tempfile::tempdir().unwrap();
    build(library.path());
    let bus = tempfile::tempdir().unwrap();
    for slot in ["0000:5b:00.0", "0000:5d:00.0"] {
        let function = bus.path().join(slot);
        std::fs::create_dir(&function).unwrap();
        let uevent = "DRIVER=nvidia\nPCI_CLASS=30200\nPCI_ID=10DE:2330\n";
        std::fs::write(function.join("uevent"), uevent).unwrap();
    }
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| {
        use std::os::unix::fs::MetadataExt as _;
        own.uid() == 0
    });
    if !is_root || !Path::new("/sys/bus/pci/devices").is_dir() {
        let ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(
            !ci,
            "not root, or no PCI bus, and CI=true allows no skipped test"
        );
        eprintln!("skipped: takes root, to mount a bus in a namespace");
        return;
    }
    let output = child("discovers", library.path(), Some(bus.path()));
    let gpus: Vec<Gpu> = serde_json::from_str(&line(&output)).unwrap();
    assert_eq!(gpus.len(), 2);
    assert_eq!(gpus[0].memory_bytes, Some(85_520_809_984));
    assert_eq!(gpus[0].uuid.as_deref(), Some("GPU-0a1b2c3d"));
    assert_eq!(gpus[0].model.as_deref(), Some("NVIDIA H100 80GB HBM3"));
    // One that the library does not list has its name from the list of names.
    assert_eq!(gpus[1].model.as_deref(), Some("GH100 [H100 SXM5 80GB]"));
    assert_eq!(gpus[1].memory_bytes, None);
}

#[test]
#[ignore = "run by the tests above in a process of its own"]
fn answers() {
    let answer = Source::live().unwrap().ask(Query::Nvml);
    let answer = answer.map_or_else(
        |fault| fault.to_string(),
        |bytes| String::from_utf8(bytes).unwrap(),
    );
    println!("{ANSWER} {answer}");
}

#[test]
#[ignore = "run by the tests above in a process of its own"]
fn discovers() {
    let options = Options {
        sections: [muster_model::Section::Gpus].into(),
        ..Options::default()
    };
    let found = discover(&Source::live().unwrap(), &options);
    println!(
        "{ANSWER} {}",
        serde_json::to_string(&found.inventory.gpus).unwrap()
    );
}

fn build(folder: &Path) {
    let source = folder.join("nvml.c");
    std::fs::write(&source, LIBRARY).unwrap();
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(folder.join("libnvidia-ml.so.1"))
        .arg(source)
        .status();
    assert!(status.expect("cc runs").success());
}

/// The loader reads its path when a process starts.
fn child(test: &str, library: &Path, bus: Option<&Path>) -> Output {
    let own = std::env::current_exe().unwrap();
    let mut command = match bus {
        None => Command::new(&own),
        Some(bus) => {
            let mut command = Command::new("unshare");
            let script = "mount --bind \"$0\" /sys/bus/pci/devices && exec \"$@\"";
            command
                .args(["--mount", "sh", "-c", script])
                .arg(bus)
                .arg(&own);
            command
        }
    };
    let output = command
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env("LD_LIBRARY_PATH", library)
        .output()
        .expect("the test runs itself");
    assert!(output.status.success(), "{output:?}");
    output
}

fn line(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.split_once(ANSWER));
    line.unwrap_or_else(|| panic!("no answer in {text}"))
        .1
        .trim()
        .to_owned()
}
