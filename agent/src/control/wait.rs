//! `muster wait`.

use std::io::Write as _;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};

use super::{ask_for_status, block_on, place_of};
use crate::cli::{Goal, WaitArguments};
use crate::daemon::local::client::AskError;
use crate::daemon::look::{Link, Seen};
use crate::exit::Exit;
use crate::render::screen;

/// So often the agent is asked.
const LOOK: Duration = Duration::from_millis(250);

/// Waits until it is so, or the time is over.
pub(crate) fn wait(arguments: &WaitArguments) -> anyhow::Result<Exit> {
    let place = place_of(&arguments.place)?;
    let mut missing = String::new();
    let so = async {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            let now = match ask_for_status(&place.socket).await {
                Ok(seen) => still_missing(arguments.goal, &seen),
                // It may be starting, or ending.
                Err(error @ (AskError::NotRunning { .. } | AskError::Silent { .. })) => {
                    Some(error.to_string())
                }
                Err(AskError::Failed { .. }) => Some("the agent is ending".to_owned()),
                Err(error) => return Err(error),
            };
            let Some(now) = now else {
                return Ok(());
            };
            if now != missing {
                tell(&now);
                missing = now;
            }
        }
    };
    match block_on(async { Ok(timeout(arguments.timeout, so).await) })? {
        Ok(Ok(())) => Ok(Exit::Complete),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => {
            let limit = arguments.timeout.as_secs_f64();
            tell(&format!(
                "not within {limit} s; `muster doctor` looks for the cause"
            ));
            Ok(Exit::TimedOut)
        }
    }
}

/// What it is not yet; none when it is.
fn still_missing(goal: Goal, seen: &Seen) -> Option<String> {
    if seen.certificate.is_none() {
        let link = seen.agent.as_ref().map(|agent| agent.summary.clone());
        return Some(link.unwrap_or_else(|| "the agent is starting".to_owned()));
    }
    let Some(agent) = &seen.agent else {
        return Some("the agent is starting".to_owned());
    };
    match (&agent.link, goal) {
        (Link::Connected { .. }, Goal::Ready) => None,
        (Link::Connected { .. }, Goal::Active) => match agent.status.as_deref() {
            Some("active") => None,
            Some(other) => Some(format!("the node is {other}")),
            None => Some("the controller has not said what the node is".to_owned()),
        },
        _ => Some(agent.summary.clone()),
    }
}

fn tell(line: &str) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(anstream::stderr(), "muster: {}", screen(line));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::look::{Agent, Certificate, Source};

    fn seen(link: Link, status: Option<&str>) -> Seen {
        let at = jiff::Timestamp::UNIX_EPOCH;
        Seen {
            source: Source::Agent,
            node_id: None,
            certificate: Some(Certificate {
                not_before: at,
                not_after: at,
                expired: false,
            }),
            agent: Some(Agent {
                running: true,
                since: None,
                summary: link.to_string(),
                link,
                status: status.map(str::to_owned),
                role: None,
                run_workloads: None,
            }),
            targets: Vec::new(),
            connections: None,
            peers: Vec::new(),
        }
    }

    #[test]
    fn ready_is_connected_and_active_is_what_the_controller_says() {
        let connected = || Link::Connected {
            controller: "c1:1".to_owned(),
        };
        let approved = seen(connected(), Some("approved"));
        assert_eq!(still_missing(Goal::Ready, &approved), None);
        let missing = still_missing(Goal::Active, &approved);
        assert_eq!(missing.as_deref(), Some("the node is approved"));
        let active = seen(connected(), Some("active"));
        assert_eq!(still_missing(Goal::Active, &active), None);
        // What a lost controller said last does not count.
        let lost = Link::Lost {
            reason: "refused".to_owned(),
        };
        let lost = seen(lost, Some("active"));
        assert!(
            still_missing(Goal::Active, &lost)
                .unwrap()
                .contains("refused")
        );
        let mut early = seen(Link::Enrolling, None);
        early.certificate = None;
        assert!(
            still_missing(Goal::Ready, &early)
                .unwrap()
                .contains("enrolled")
        );
    }
}
