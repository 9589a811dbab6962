//! What the agent measures of itself, as Prometheus reads it: the text format 0.0.4.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::fmt::{Display, Write as _};
use std::time::Duration;

use muster_model::NodeStatus;

use crate::daemon::board::{BOUNDS_MS, RoundTrips, Sight};
use crate::daemon::state::{Link, Told};

/// What the format is called in HTTP.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What there is to tell.
pub(super) struct Measured {
    pub(super) sight: Sight,
    pub(super) told: Told,
    /// None before the first start.
    pub(super) node_id: Option<String>,
    pub(super) started_unix_ms: i64,
    /// None before enrolment.
    pub(super) certificate_ends_unix_s: Option<i64>,
    pub(super) targets: usize,
    pub(super) connection_attempts: u64,
    pub(super) connection_failures: u64,
    /// None before the first lease.
    pub(super) lease_left: Option<Duration>,
}

/// All metrics. One of which nothing is known is left out.
pub(super) fn text(measured: &Measured) -> String {
    let mut page = Page::default();
    about(&mut page, measured);
    link(&mut page, measured);
    heartbeats(&mut page, &measured.sight);
    wanted(&mut page, measured);
    page.text
}

fn about(page: &mut Page, measured: &Measured) {
    page.family(
        "muster_agent_info",
        Kind::Gauge,
        "The agent's version and the node's id.",
    );
    let id = measured.node_id.as_deref().unwrap_or_default();
    let labels = [("version", env!("CARGO_PKG_VERSION")), ("node_id", id)];
    page.sample("muster_agent_info", &labels, 1);
    page.gauge(
        "muster_agent_start_time_seconds",
        "When the agent started, in seconds since 1970.",
        Some(seconds(measured.started_unix_ms)),
    );
    page.gauge(
        "muster_agent_certificate_expiry_timestamp_seconds",
        "When the node's certificate ends, in seconds since 1970.",
        measured.certificate_ends_unix_s,
    );
}

fn link(page: &mut Page, measured: &Measured) {
    let status = measured.sight.status.as_ref();
    let is_connected = status.map(|status| matches!(status.link, Link::Connected { .. }));
    page.gauge(
        "muster_agent_connected",
        "Whether a controller answers heartbeats.",
        Some(u8::from(is_connected.unwrap_or_default())),
    );
    page.gauge(
        "muster_agent_targets",
        "Controllers that the agent knows to ask.",
        Some(measured.targets),
    );
    page.counter(
        "muster_agent_connection_attempts_total",
        "Attempts to connect to a controller.",
        measured.connection_attempts,
    );
    page.counter(
        "muster_agent_connection_failures_total",
        "Attempts to connect to a controller that failed.",
        measured.connection_failures,
    );
    page.gauge(
        "muster_agent_last_answer_timestamp_seconds",
        "When a controller answered last, in seconds since 1970.",
        measured.sight.answered_unix_ms.map(seconds),
    );
    page.gauge(
        "muster_agent_lease_remaining_seconds",
        "How long workloads may run without another answer.",
        measured.lease_left.map(|left| left.as_secs_f64()),
    );
}

fn heartbeats(page: &mut Page, sight: &Sight) {
    const NAME: &str = "muster_agent_heartbeats_total";
    page.family(NAME, Kind::Counter, "Heartbeats, by what came of them.");
    page.sample(NAME, &[("result", "answered")], sight.heartbeats_answered);
    page.sample(NAME, &[("result", "lost")], sight.heartbeats_lost);
    round_trips(page, &sight.round_trips);
}

fn round_trips(page: &mut Page, trips: &RoundTrips) {
    const NAME: &str = "muster_agent_heartbeat_duration_seconds";
    page.family(
        NAME,
        Kind::Histogram,
        "How long controllers took to answer heartbeats.",
    );
    let bucket = format!("{NAME}_bucket");
    let mut below = 0;
    for (bound, count) in BOUNDS_MS.iter().zip(trips.counts) {
        below += count;
        let bound = Duration::from_millis(u64::from(*bound)).as_secs_f64();
        page.sample(&bucket, &[("le", &bound.to_string())], below);
    }
    page.sample(&bucket, &[("le", "+Inf")], trips.count);
    page.sample(&format!("{NAME}_sum"), &[], trips.sum.as_secs_f64());
    page.sample(&format!("{NAME}_count"), &[], trips.count);
}

fn wanted(page: &mut Page, measured: &Measured) {
    const NAME: &str = "muster_agent_node_status";
    let status = measured.sight.status.as_ref();
    page.family(
        NAME,
        Kind::Gauge,
        "What the controller says that the node is: 1 for that status.",
    );
    for known in NodeStatus::ALL {
        let is_it = status.is_some_and(|status| status.status.as_deref() == Some(known.key()));
        page.sample(NAME, &[("status", known.key())], u8::from(is_it));
    }
    page.gauge(
        "muster_agent_workloads_allowed",
        "Whether the controller wants workloads to run here.",
        status.and_then(|status| status.run_workloads).map(u8::from),
    );
    page.gauge(
        "muster_agent_epoch",
        "The newest epoch that a controller told.",
        Some(measured.told.standing.epoch),
    );
    page.gauge(
        "muster_agent_generation",
        "The newest generation of what the node is to be.",
        Some(measured.told.standing.generation),
    );
}

#[allow(
    clippy::cast_precision_loss,
    reason = "milliseconds since 1970 are exact in an f64 for ages"
)]
fn seconds(unix_ms: i64) -> f64 {
    unix_ms as f64 / 1000.0
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

#[derive(Debug, Default)]
struct Page {
    text: String,
}

impl Page {
    fn gauge(&mut self, name: &str, help: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.family(name, Kind::Gauge, help);
            self.sample(name, &[], value);
        }
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, Kind::Counter, help);
        self.sample(name, &[], value);
    }

    fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.text.push_str(name);
        if !labels.is_empty() {
            let labels = labels.iter();
            let labels = labels.map(|(name, value)| format!("{name}=\"{}\"", escaped(value)));
            let _ = write!(self.text, "{{{}}}", labels.collect::<Vec<_>>().join(","));
        }
        let _ = writeln!(self.text, " {value}");
    }
}

/// A label's value as the format wants it.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::board::Board;

    fn measured() -> Measured {
        Measured {
            sight: Sight::default(),
            told: Told::default(),
            node_id: None,
            started_unix_ms: 1_790_000_000_500,
            certificate_ends_unix_s: None,
            targets: 0,
            connection_attempts: 0,
            connection_failures: 0,
            lease_left: None,
        }
    }

    #[test]
    fn a_histogram_counts_upwards_to_all() {
        let board = Board::default();
        for took in [1, 3, 400, 20_000] {
            board.answered("c1:1", Duration::from_millis(took), None);
        }
        let text = text(&Measured {
            sight: board.sight(),
            ..measured()
        });
        for line in [
            "# TYPE muster_agent_heartbeat_duration_seconds histogram",
            "muster_agent_heartbeat_duration_seconds_bucket{le=\"0.001\"} 1",
            "muster_agent_heartbeat_duration_seconds_bucket{le=\"0.005\"} 2",
            "muster_agent_heartbeat_duration_seconds_bucket{le=\"10\"} 3",
            "muster_agent_heartbeat_duration_seconds_bucket{le=\"+Inf\"} 4",
            "muster_agent_heartbeat_duration_seconds_sum 20.404",
            "muster_agent_heartbeat_duration_seconds_count 4",
            "muster_agent_heartbeats_total{result=\"answered\"} 4",
        ] {
            assert!(text.lines().any(|told| told == line), "{line}\n{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let text = text(&measured());
        assert!(!text.contains("certificate"), "{text}");
        assert!(!text.contains("lease"), "{text}");
        assert!(
            text.contains("muster_agent_start_time_seconds 1790000000.5\n"),
            "{text}"
        );
        // Each family is told once, before its samples.
        let families = text.lines().filter(|line| line.starts_with("# TYPE"));
        let names: Vec<&str> = families.filter_map(|line| line.split(' ').nth(2)).collect();
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), names.len());
    }

    #[test]
    fn labels_are_escaped() {
        let mut page = Page::default();
        page.sample("a", &[("b", "c\"d\\e\nf")], 1);
        assert_eq!(page.text, "a{b=\"c\\\"d\\\\e\\nf\"} 1\n");
    }
}
