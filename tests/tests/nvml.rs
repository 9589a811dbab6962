//! GPUs through NVIDIA's management library: a stand-in for it, built here, is what the loader
//! finds, and a bus with NVIDIA's driver stands in for the machine's in a mount namespace.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "test code: a broken lab must stop at once and say where"
)]

use std::path::Path;
use std::process::Command;

use muster_model::Inventory;
use muster_tests::program::{is_root, muster, run};

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

#[test]
fn the_library_fills_what_it_knows() {
    let library = tempfile::tempdir().unwrap();
    build(library.path());
    let Some(found) = discover(library.path()) else {
        return;
    };
    let [present, lost, unlisted] = found.gpus.as_slice() else {
        panic!("three GPUs are on the bus: {:?}", found.gpus);
    };
    assert_eq!(present.memory_bytes, Some(85_520_809_984));
    assert_eq!(present.uuid.as_deref(), Some("GPU-0a1b2c3d"));
    assert_eq!(present.model.as_deref(), Some("NVIDIA H100 80GB HBM3"));
    // What the library does not tell has its name from the list of names.
    for gpu in [lost, unlisted] {
        assert_eq!(gpu.model.as_deref(), Some("GH100 [H100 SXM5 80GB]"));
        assert_eq!((gpu.memory_bytes, gpu.uuid.as_deref()), (None, None));
    }
}

#[test]
fn without_the_library_names_stay_and_the_reason_is_given() {
    let nothing = tempfile::tempdir().unwrap();
    let Some(found) = discover(nothing.path()) else {
        return;
    };
    assert_eq!(found.gpus.len(), 3);
    for gpu in &found.gpus {
        assert_eq!(gpu.model.as_deref(), Some("GH100 [H100 SXM5 80GB]"));
        assert_eq!(gpu.memory_bytes, None);
    }
    assert!(!found.warnings.is_empty());
}

/// What the program finds on the bus, with the library that lies in `library`; `None`, said aloud,
/// where nothing can be mounted.
fn discover(library: &Path) -> Option<Inventory> {
    if !is_root() || !Path::new("/sys/bus/pci/devices").is_dir() {
        let ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(
            !ci,
            "not root, or no PCI bus; CI=true allows no skipped test"
        );
        muster_tests::aloud::say("skipped: takes root, to mount a bus in a namespace");
        return None;
    }
    let bus = tempfile::tempdir().unwrap();
    for slot in ["0000:5b:00.0", "0000:5c:00.0", "0000:5d:00.0"] {
        let function = bus.path().join(slot);
        std::fs::create_dir(&function).unwrap();
        let uevent = "DRIVER=nvidia\nPCI_CLASS=30200\nPCI_ID=10DE:2330\n";
        std::fs::write(function.join("uevent"), uevent).unwrap();
    }
    let script = "mount --bind \"$0\" /sys/bus/pci/devices && exec \"$@\"";
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-c", script])
        .arg(bus.path())
        .arg(muster())
        .args(["discover", "--section", "gpus", "-o", "json"])
        // The loader reads its path when a process starts.
        .env("LD_LIBRARY_PATH", library);
    let ran = run(&mut command);
    assert_eq!(ran.code, Some(0), "{}", ran.told);
    Some(serde_json::from_str(&ran.data).unwrap())
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
