//! What keeps a node in its status for longer than is usual, and what to do.

use std::time::Duration;

use muster_model::NodeStatus;
use muster_proto::v1;
use muster_proto::v1::node_report::Progress;

use super::picture::Seen;
use super::workloads::{Load, count, in_words};
use crate::record::{NodeRecord, UnixMs};

/// How long it is usual to be in a status; none where it may be for ever.
fn usual(status: NodeStatus) -> Option<Duration> {
    let minutes = match status {
        NodeStatus::Approved | NodeStatus::Fenced | NodeStatus::Unfencing => 2,
        NodeStatus::Activating | NodeStatus::Failed => 5,
        NodeStatus::EnteringMaintenance => 10,
        NodeStatus::Starting => 30,
        NodeStatus::Candidate
        | NodeStatus::Inadequate
        | NodeStatus::Rejected
        | NodeStatus::Active
        | NodeStatus::InMaintenance
        | NodeStatus::Out => return None,
    };
    Some(Duration::from_secs(minutes * 60))
}

/// Whether the node is longer in its status than is usual, at `now`.
pub fn is_overlong(record: &NodeRecord, now: UnixMs) -> bool {
    usual(record.status).is_some_and(|usual| lasting(record.status_since, now) > usual)
}

/// The cause and the remedy when the node is longer in its status than is usual, at `now`.
pub fn stuck(seen: &Seen, now: UnixMs) -> Option<String> {
    if !is_overlong(&seen.record, now) {
        return None;
    }
    let since = lasting(seen.record.status_since, now);
    let cause = match silence(seen, now) {
        Some(silence) => silence,
        None => cause(seen),
    };
    Some(format!("for {}: {cause}", in_words_of_time(since)))
}

/// Why nothing is heard of it, if nothing is.
fn silence(seen: &Seen, now: UnixMs) -> Option<String> {
    if seen.is_online {
        return None;
    }
    let record = &seen.record;
    if record.certificate_serial.is_none() {
        return Some(
            "its agent has not fetched its certificate; is `muster agent` running there, with a join token that is still good?"
                .to_owned(),
        );
    }
    let silent = match seen.heard_unix_ms {
        None => "it was not heard since the controller started".to_owned(),
        Some(heard) => format!(
            "it was last heard {} ago",
            in_words_of_time(lasting(heard, now))
        ),
    };
    let remedy = match record.status {
        NodeStatus::Fenced => {
            "bring it back (power, network, `systemctl status muster-agent`), or take it out of service by `nodes maintenance --force`"
        }
        _ => "look at its power, its network and `systemctl status muster-agent`",
    };
    Some(format!("{silent}; {remedy}"))
}

/// Why a node that is heard does not get further.
fn cause(seen: &Seen) -> String {
    let report = seen.report.clone().unwrap_or_default();
    let idle = "its agent reports no progress; look at `journalctl -u muster-agent` there";
    let text = match (seen.record.status, report.progress()) {
        (NodeStatus::Starting, Progress::Applying) => {
            "its agent still applies its plan; follow `journalctl -u muster-agent -f` there"
        }
        (NodeStatus::Activating, Progress::Installed) => {
            "its readiness checks do not pass; `journalctl -u muster-agent` there has why"
        }
        (NodeStatus::Failed, _) => return failure(&seen.record.reason),
        (NodeStatus::Unfencing, _) => return unfencing(seen),
        (NodeStatus::EnteringMaintenance, _) => return draining(seen),
        (NodeStatus::Fenced, _) => {
            "it is heard, and the store does not take that it is back; look at the controller's log"
        }
        _ => idle,
    };
    text.to_owned()
}

fn failure(reason: &str) -> String {
    format!(
        "{reason}; mend it there, and it goes on by itself: `journalctl -u muster-agent` has the whole error"
    )
}

fn unfencing(seen: &Seen) -> String {
    let running = match Load::now(seen) {
        Load::Known(load) if count(&load) > 0 => format!(" ({} still run)", in_words(&load)),
        Load::Known(_) => String::new(),
        Load::Unknown(why) => format!(" ({why})"),
    };
    format!(
        "it does not prove that what ran before it was fenced has stopped{running}; stop it there, or restart the machine"
    )
}

fn draining(seen: &Seen) -> String {
    let report = seen.report.clone().unwrap_or_default();
    match Load::now(seen) {
        Load::Known(load) if count(&load) > 0 => format!(
            "{} still run there{}; move or stop them; or call it off by `nodes maintenance --cancel`, and force it then",
            in_words(&load),
            gpus(&load),
        ),
        Load::Known(_) => "its agent does not say that all workloads are gone; look at `journalctl -u muster-agent` there".to_owned(),
        Load::Unknown(_) if report.workloads.is_some_and(|some| some > 0) => format!(
            "{} workloads still run there; move or stop them; or call it off by `nodes maintenance --cancel`, and force it then",
            report.workloads.unwrap_or_default(),
        ),
        Load::Unknown(why) => format!("it is not known what runs there ({why}); look there; or call it off by `nodes maintenance --cancel`, and force it then"),
    }
}

fn gpus(load: &v1::WorkloadSummary) -> String {
    match load.with_passed_through_gpu {
        0 => String::new(),
        some => format!(", {some} of them with a GPU passed through, which cannot leave"),
    }
}

/// From then to now; nothing when the clock was set back.
fn lasting(since: UnixMs, now: UnixMs) -> Duration {
    let milliseconds = u64::try_from(now.saturating_sub(since)).unwrap_or(0);
    Duration::from_millis(milliseconds)
}

/// The largest unit alone.
fn in_words_of_time(duration: Duration) -> String {
    let s = duration.as_secs();
    match s {
        0..120 => format!("{s} s"),
        120..7_200 => format!("{} min", s / 60),
        7_200..172_800 => format!("{} h", s / 3_600),
        _ => format!("{} days", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use muster_model::Role;

    use super::super::testing::{NOW, seen, two_machines};
    use super::*;

    const MINUTE: i64 = 60_000;

    fn node(status: NodeStatus) -> Seen {
        seen("n1", status, Role::Worker)
    }

    fn progress(status: NodeStatus, progress: Progress) -> Seen {
        node(status).with(|seen| seen.report.get_or_insert_default().set_progress(progress))
    }

    fn offline(status: NodeStatus) -> Seen {
        node(status).with(|seen| seen.is_online = false)
    }

    #[test]
    fn nobody_is_stuck_before_the_usual_time() {
        for status in NodeStatus::ALL {
            let Some(usual) = usual(status) else {
                assert_eq!(
                    stuck(&offline(status), NOW + 1_000_000 * MINUTE),
                    None,
                    "{status}"
                );
                continue;
            };
            let limit = NOW + i64::try_from(usual.as_millis()).unwrap();
            assert_eq!(stuck(&offline(status), limit), None, "{status}");
            assert!(stuck(&offline(status), limit + 1).is_some(), "{status}");
            assert_eq!(
                stuck(&offline(status), NOW - MINUTE),
                None,
                "the clock was set back"
            );
        }
    }

    #[test]
    fn the_cause_and_the_remedy() {
        use NodeStatus::{
            Activating, Approved, EnteringMaintenance, Failed, Fenced, Starting, Unfencing,
        };
        let no_certificate = offline(Approved).is(|record| record.certificate_serial = None);
        let unheard = offline(Approved).with(|seen| seen.heard_unix_ms = None);
        let some = |seen: &mut Seen| {
            let report = seen.report.get_or_insert_default();
            (report.workloads, report.workload_summary) = (Some(3), None);
        };
        let mut with_gpu = two_machines();
        (with_gpu.pods, with_gpu.with_passed_through_gpu) = (1, 1);
        let nodes = [
            ("accepted, and no agent", no_certificate),
            ("enrolled, and never heard", unheard),
            ("heard, and then not", offline(Approved)),
            ("heard, and idle", progress(Approved, Progress::Idle)),
            ("applying", progress(Starting, Progress::Applying)),
            ("not ready", progress(Activating, Progress::Installed)),
            ("failed", progress(Failed, Progress::Failed)),
            ("failed and silent", offline(Failed)),
            ("fenced", offline(Fenced)),
            ("unfencing", node(Unfencing)),
            ("unfencing, busy", node(Unfencing).runs(two_machines())),
            ("draining", node(EnteringMaintenance).runs(two_machines())),
            (
                "draining, with a GPU",
                node(EnteringMaintenance).runs(with_gpu),
            ),
            (
                "draining, counted only",
                node(EnteringMaintenance).with(some),
            ),
            (
                "draining, unknown",
                node(EnteringMaintenance).with(|seen| seen.report = None),
            ),
        ];
        let mut told = String::new();
        for (case, seen) in nodes {
            let text = stuck(&seen, NOW + 45 * MINUTE).unwrap();
            told.push_str(&format!("{case}: {text}\n"));
        }
        insta::assert_snapshot!(told);
    }

    #[test]
    fn times_are_in_one_unit() {
        let seconds = [
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (7_199, "119 min"),
            (7_200, "2 h"),
            (172_800, "2 days"),
        ];
        for (s, words) in seconds {
            assert_eq!(in_words_of_time(Duration::from_secs(s)), words);
        }
    }
}
