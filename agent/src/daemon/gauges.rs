//! How busy this node is, as heartbeats tell it.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use muster_proto::v1;
use sysinfo::{Networks, System};

use super::core::fencing::SinceBoot;

/// Shorter spans say nothing of rates.
const SHORTEST: Duration = Duration::from_secs(1);

/// Measures between one call and the next. What the system does not tell is not known.
pub(crate) struct Meter {
    system: Option<System>,
    networks: Option<Networks>,
    measured: SinceBoot,
    last: v1::Gauges,
}

impl Meter {
    /// Begins to measure at `now`.
    pub(crate) fn new(now: SinceBoot) -> Self {
        let mut meter = Self {
            system: System::new().ok(),
            networks: Networks::new_with_refreshed_list().ok(),
            measured: now,
            last: v1::Gauges::default(),
        };
        meter.refresh();
        let (used, total) = meter.memory();
        meter.last = v1::Gauges {
            memory_used_bytes: used,
            memory_total_bytes: total,
            load_1m: load(),
            ..v1::Gauges::default()
        };
        meter
    }

    /// The gauges at `now`; rates are those since the last measurement, a second or more ago.
    pub(crate) fn measure(&mut self, now: SinceBoot) -> v1::Gauges {
        let span = now.saturating_sub(self.measured);
        if span < SHORTEST {
            return self.last;
        }
        self.measured = now;
        self.refresh();
        let cpu = self.system.as_ref().map(System::global_cpu_usage);
        let (used, total) = self.memory();
        let (received, transmitted) = self.moved().unzip();
        self.last = v1::Gauges {
            cpu_percent: cpu.map(f64::from),
            memory_used_bytes: used,
            memory_total_bytes: total,
            network_received_bytes_per_s: received.map(|bytes| per_second(bytes, span)),
            network_transmitted_bytes_per_s: transmitted.map(|bytes| per_second(bytes, span)),
            load_1m: load(),
        };
        self.last
    }

    fn refresh(&mut self) {
        if let Some(system) = &mut self.system {
            system.refresh_cpu_usage();
            system.refresh_memory();
        }
        if let Some(networks) = &mut self.networks {
            networks.refresh(true);
        }
    }

    /// Used, and all of it. Where the kernel tells nothing, sysinfo says 0.
    fn memory(&self) -> (Option<u64>, Option<u64>) {
        let system = self.system.as_ref();
        let system = system.filter(|system| system.total_memory() > 0);
        system
            .map(|system| (system.used_memory(), system.total_memory()))
            .unzip()
    }

    /// Bytes received and transmitted by physical interfaces since the last measurement.
    fn moved(&self) -> Option<(u64, u64)> {
        let all = self.networks.as_ref()?.iter();
        let physical = all.filter(|(name, _)| is_physical(name));
        let bytes = physical.map(|(_, data)| (data.received(), data.transmitted()));
        bytes.reduce(|sum, next| (sum.0 + next.0, sum.1 + next.1))
    }
}

/// Bridges, bonds and tunnels carry the same bytes again.
fn is_physical(interface: &OsStr) -> bool {
    Path::new("/sys/class/net")
        .join(interface)
        .join("device")
        .exists()
}

fn per_second(bytes: u64, span: Duration) -> u64 {
    let milliseconds = u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1);
    bytes.saturating_mul(1000) / milliseconds
}

fn load() -> Option<f64> {
    System::load_average().ok().map(|load| load.one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gauges_are_within_their_bounds() {
        let mut meter = Meter::new(Duration::ZERO);
        let first = meter.measure(Duration::ZERO);
        assert_eq!(first.cpu_percent, None, "nothing was measured yet");
        let gauges = meter.measure(Duration::from_secs(10));
        let cpu = gauges.cpu_percent.unwrap();
        assert!((0.0..=100.0).contains(&cpu), "{cpu}");
        assert!(gauges.memory_used_bytes <= gauges.memory_total_bytes);
        assert_eq!(meter.measure(Duration::from_millis(10_500)), gauges);
    }

    #[test]
    fn rates_are_per_second() {
        assert_eq!(per_second(1_000, Duration::from_millis(500)), 2_000);
        assert_eq!(per_second(10, Duration::ZERO), 10_000);
    }
}
