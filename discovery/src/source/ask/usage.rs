//! Usage of processors, memory and network, by `sysinfo`.

use std::thread;
use std::time::{Duration, Instant};

use muster_model::usage::{NetworkUsage, Usage};
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, Networks, RefreshKind, System};

use crate::Fault;
use crate::parse::natural;
use crate::source::Answer;

/// Two samples, `over` apart.
#[allow(
    clippy::disallowed_methods,
    reason = "the span between two samples is the measurement"
)]
pub(super) fn usage(over: Duration) -> Answer {
    let what = RefreshKind::nothing()
        .with_cpu(CpuRefreshKind::nothing().with_usage())
        .with_memory(MemoryRefreshKind::everything());
    let mut system = System::new_with_specifics(what).map_err(unsupported)?;
    let mut networks = Networks::new_with_refreshed_list().map_err(unsupported)?;
    let begun = Instant::now();
    thread::sleep(over.max(sysinfo::MINIMUM_CPU_UPDATE_INTERVAL));
    system.refresh_cpu_usage();
    networks.refresh(true);
    let measured = begun.elapsed();

    let load = System::load_average().ok();
    let usage = Usage {
        measured_ms: u64::try_from(measured.as_millis()).ok(),
        cpu_percent: Some(tenths(system.global_cpu_usage())),
        load_average: load
            .map(|load| vec![load.one, load.five, load.fifteen])
            .unwrap_or_default(),
        memory_used_bytes: Some(system.used_memory()),
        swap_used_bytes: Some(system.used_swap()),
        network: network(&networks, measured),
    };
    serde_json::to_vec(&usage).map_err(|error| Fault::Malformed(error.to_string()))
}

fn network(networks: &Networks, measured: Duration) -> Vec<NetworkUsage> {
    let rate = |bytes: u64| {
        let nanoseconds = measured.as_nanos().max(1);
        u64::try_from(u128::from(bytes) * 1_000_000_000 / nanoseconds).ok()
    };
    let mut usage: Vec<_> = networks
        .iter()
        .map(|(name, data)| NetworkUsage {
            name: name.to_string_lossy().into_owned(),
            received_bytes_per_s: rate(data.received()),
            transmitted_bytes_per_s: rate(data.transmitted()),
        })
        .collect();
    usage.sort_by(|a, b| natural::compare(&a.name, &b.name));
    usage
}

fn tenths(percent: f32) -> f64 {
    (f64::from(percent) * 10.0).round() / 10.0
}

fn unsupported(error: impl std::fmt::Display) -> Fault {
    Fault::Unsupported(error.to_string())
}
