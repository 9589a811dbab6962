//! What the agent is and does, for people.

use jiff::Timestamp;

use super::layout::{Line, Page, Tone};
use crate::daemon::look::{Agent, Certificate, Seen};

/// Renders with ANSI styles.
pub(crate) fn render(seen: &Seen, width: usize) -> String {
    let mut page = Page::new(width);
    page.paragraph(&headline(seen.agent.as_ref()));
    let node = seen.node_id.as_deref().unwrap_or_default();
    page.fact("node", &Line::default().plain(node));
    if let Some(agent) = &seen.agent {
        page.fact("is to be", &wanted(agent));
    }
    page.fact("certificate", &certificate(seen.certificate.as_ref()));
    let controllers = seen.controllers.iter();
    let controllers = controllers.map(|controller| Line::default().plain(controller));
    page.fact("controllers", &Line::joined(controllers, ", "));
    page.finish()
}

fn headline(agent: Option<&Agent>) -> Line {
    let Some(agent) = agent else {
        return Line::toned(Tone::Attention, "The agent was never started here")
            .plain(": `muster agent --help` says how");
    };
    let since = agent.since.map(|since| format!(" since {}", moment(since)));
    let since = since.unwrap_or_default();
    match agent.running {
        true => Line::toned(Tone::Name, "The agent runs")
            .plain(&format!(", {}", agent.summary))
            .tone(Tone::Faint, &since),
        false => Line::toned(Tone::Bad, "The agent does not run"),
    }
}

/// The controller's word, which may be old when no controller answers.
fn wanted(agent: &Agent) -> Line {
    let workloads = agent.run_workloads.map(|run| match run {
        true => "workloads may run",
        false => "no workloads",
    });
    let words = [agent.status.as_deref(), agent.role.as_deref(), workloads];
    let words = words.into_iter().flatten();
    Line::joined(words.map(|word| Line::default().plain(word)), ", ")
}

fn certificate(certificate: Option<&Certificate>) -> Line {
    match certificate {
        None => Line::toned(Tone::Attention, "none: not enrolled"),
        Some(certificate) if certificate.expired => {
            let ended = format!("ended {}", moment(certificate.not_after));
            Line::toned(Tone::Bad, &ended)
        }
        Some(certificate) => {
            Line::default().plain(&format!("good until {}", moment(certificate.not_after)))
        }
    }
}

/// To the second, in UTC.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::look::Link;

    fn plain(seen: &Seen) -> String {
        anstream::adapter::strip_str(&render(seen, 80)).to_string()
    }

    #[test]
    fn a_node_that_is_connected() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let link = Link::Connected {
            controller: "c1:7420".to_owned(),
        };
        let seen = Seen {
            node_id: Some("0123456789abcdef0123456789abcdef".to_owned()),
            certificate: Some(Certificate {
                not_before: at(1_790_000_000),
                not_after: at(1_800_000_000),
                expired: false,
            }),
            controllers: vec!["c1:7420".to_owned(), "c2:7420".to_owned()],
            agent: Some(Agent {
                running: true,
                since: Some(at(1_790_000_100)),
                summary: link.to_string(),
                link,
                status: Some("active".to_owned()),
                role: Some("worker".to_owned()),
                run_workloads: Some(true),
            }),
        };
        insta::assert_snapshot!(plain(&seen), @"
        The agent runs, connected to c1:7420 since 2026-09-21 14:15:00 UTC
          node          0123456789abcdef0123456789abcdef
          is to be      active, worker, workloads may run
          certificate   good until 2027-01-15 08:00:00 UTC
          controllers   c1:7420, c2:7420
        ");
    }

    #[test]
    fn a_machine_that_never_was_a_node() {
        let seen = Seen {
            node_id: None,
            certificate: None,
            controllers: Vec::new(),
            agent: None,
        };
        insta::assert_snapshot!(plain(&seen), @"
        The agent was never started here: `muster agent --help` says how
          certificate   none: not enrolled
        ");
    }
}
