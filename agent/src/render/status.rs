//! What the agent is and does, for people.

use std::time::Duration;

use jiff::Timestamp;

use super::layout::{Column, Grid, Line, Page, Row, Tone};
use crate::daemon::look::{Agent, Certificate, Origin, Seen, Source};

/// The agent in a few lines.
pub(crate) fn summary(seen: &Seen, width: usize) -> String {
    let mut page = Page::new(width);
    page.paragraph(&headline(seen));
    let node = seen.node_id.as_deref().unwrap_or_default();
    page.fact("node", &Line::default().plain(node));
    if let Some(agent) = &seen.agent {
        page.fact("is to be", &wanted(agent));
    }
    page.fact("certificate", &certificate(seen.certificate.as_ref()));
    let targets = seen.targets.iter();
    let targets = targets.map(|target| Line::default().plain(&target.controller));
    page.fact("controllers", &Line::joined(targets, ", "));
    page.finish()
}

/// The controllers that are asked, a line each.
pub(crate) fn targets(seen: &Seen, width: usize) -> String {
    let columns = vec![
        Column::fixed("controller"),
        Column::fixed("from"),
        Column::fixed("connected"),
        Column::numeric("tried"),
        Column::numeric("failed"),
        Column::flexible("last failure", 20),
    ];
    let number = |number: Option<u64>| Line::from(number.map(|number| number.to_string()));
    let rows = seen.targets.iter().map(|target| {
        vec![
            Line::toned(Tone::Name, &target.controller),
            Line::from(origin(target.origin)),
            yes(target.connected),
            number(target.attempts),
            number(target.failures),
            Line::from(target.error.as_deref().unwrap_or_default()),
        ]
    });
    grid(
        width,
        columns,
        rows,
        "no controller: `muster connect HOST:PORT` adds one",
    )
}

/// The controllers that answer, a line each.
pub(crate) fn connections(seen: &Seen, width: usize) -> String {
    let all = seen.connections.iter().flatten();
    let is_proxied = all.clone().any(|connection| connection.proxy.is_some());
    let mut columns = vec![
        Column::fixed("controller"),
        Column::fixed("since"),
        Column::fixed("last answer"),
        Column::numeric("took"),
        Column::numeric("heartbeats"),
        Column::numeric("lease left"),
    ];
    let at = |at: Option<Timestamp>| Line::from(at.map(moment));
    if is_proxied {
        columns.push(Column::fixed("through"));
    }
    let rows = all.map(|connection| {
        let took = Duration::from_micros(connection.round_trip_us).as_secs_f64() * 1e3;
        let lease = connection.lease_left_ms.map(Duration::from_millis);
        let mut cells = vec![
            Line::toned(Tone::Name, &connection.controller),
            at(connection.since),
            at(connection.last_answer),
            Line::from(format!("{took:.1} ms")),
            Line::from(connection.heartbeats.to_string()),
            Line::from(lease.map(|lease| format!("{:.1} s", lease.as_secs_f64()))),
        ];
        if is_proxied {
            cells.push(Line::from(
                connection.proxy.as_deref().unwrap_or("directly"),
            ));
        }
        cells
    });
    let none = match seen.source {
        Source::Agent => "no controller answers; `muster doctor` looks for the cause",
        Source::State => "the agent does not run: there is no connection",
    };
    grid(width, columns, rows, none)
}

/// The controllers of the cluster, a line each.
pub(crate) fn peers(seen: &Seen, width: usize) -> String {
    let columns = vec![
        Column::fixed("controller"),
        Column::fixed("connected"),
        Column::fixed("issued the certificate"),
    ];
    let rows = seen.peers.iter().map(|peer| {
        vec![
            Line::toned(Tone::Name, &peer.controller),
            yes(peer.connected),
            yes(Some(peer.issued_certificate)),
        ]
    });
    grid(
        width,
        columns,
        rows,
        "no controller is known to be of the cluster yet",
    )
}

fn grid(
    width: usize,
    columns: Vec<Column>,
    rows: impl Iterator<Item = Vec<Line>>,
    none: &str,
) -> String {
    let rows = rows.map(|cells| Row {
        cells,
        notes: Vec::new(),
    });
    let rows: Vec<Row> = rows.collect();
    let mut page = Page::new(width);
    match rows.is_empty() {
        true => page.paragraph(&Line::toned(Tone::Attention, none)),
        false => page.grid(&Grid::new(columns, rows)),
    }
    page.finish()
}

fn yes(is_so: Option<bool>) -> Line {
    match is_so {
        Some(true) => Line::toned(Tone::Good, "yes"),
        Some(false) => Line::from("no"),
        None => Line::default(),
    }
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Configuration => "configuration",
        Origin::Connect => "muster connect",
        Origin::Controller => "a controller",
    }
}

fn headline(seen: &Seen) -> Line {
    let Some(agent) = &seen.agent else {
        return Line::toned(Tone::Attention, "The agent was never started here")
            .plain(": `muster agent --help` says how");
    };
    let since = agent.since.map(|since| format!(" since {}", moment(since)));
    let since = since.unwrap_or_default();
    let runs = |words: &str| {
        Line::toned(Tone::Name, words)
            .plain(&format!(", {}", agent.summary))
            .tone(Tone::Faint, &since)
    };
    match (seen.source, agent.running) {
        (Source::Agent, _) => runs("The agent runs"),
        (Source::State, true) => runs("The agent runs, and does not listen; its state says"),
        (Source::State, false) => Line::toned(Tone::Bad, "The agent does not run")
            .plain("; this is from its state on disk"),
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
    use crate::daemon::look::{ConnectionSeen, Link, Peer, TargetSeen};

    fn plain(seen: &Seen) -> String {
        anstream::adapter::strip_str(&summary(seen, 80)).to_string()
    }

    #[test]
    fn a_node_that_is_connected() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let link = Link::Connected {
            controller: "c1:7443".to_owned(),
        };
        let seen = Seen {
            source: Source::Agent,
            node_id: Some("0123456789abcdef0123456789abcdef".to_owned()),
            certificate: Some(Certificate {
                not_before: at(1_790_000_000),
                not_after: at(1_800_000_000),
                expired: false,
            }),
            targets: vec![target("c1:7443", None), target("c2:7443", Some("refused"))],
            connections: Some(vec![ConnectionSeen {
                controller: "c1:7443".to_owned(),
                proxy: None,
                since: Some(at(1_790_000_100)),
                last_answer: Some(at(1_790_000_200)),
                round_trip_us: 1_234,
                heartbeats: 11,
                lease_left_ms: Some(27_500),
            }]),
            peers: vec![Peer {
                controller: "c1:7443".to_owned(),
                connected: Some(true),
                issued_certificate: true,
            }],
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
        The agent runs, connected to c1:7443 since 2026-09-21 14:15:00 UTC
          node          0123456789abcdef0123456789abcdef
          is to be      active, worker, workloads may run
          certificate   good until 2027-01-15 08:00:00 UTC
          controllers   c1:7443, c2:7443
        ");
        let text = |render: fn(&Seen, usize) -> String| {
            anstream::adapter::strip_str(&render(&seen, 100)).to_string()
        };
        insta::assert_snapshot!(text(targets), @"
        controller  from           connected  tried  failed  last failure
        c1:7443     configuration  yes            3       1
        c2:7443     configuration  no             3       1  refused
        ");
        insta::assert_snapshot!(text(connections), @"
        controller  since                    last answer                took  heartbeats  lease left
        c1:7443     2026-09-21 14:15:00 UTC  2026-09-21 14:16:40 UTC  1.2 ms          11      27.5 s
        ");
        insta::assert_snapshot!(text(peers), @"
        controller  connected  issued the certificate
        c1:7443     yes        yes
        ");
    }

    fn target(controller: &str, error: Option<&str>) -> TargetSeen {
        TargetSeen {
            controller: controller.to_owned(),
            origin: Origin::Configuration,
            connected: Some(error.is_none()),
            attempts: Some(3),
            failures: Some(1),
            last_attempt: None,
            error: error.map(str::to_owned),
        }
    }

    #[test]
    fn a_machine_that_never_was_a_node() {
        let seen = Seen {
            node_id: None,
            source: Source::State,
            certificate: None,
            targets: Vec::new(),
            connections: None,
            peers: Vec::new(),
            agent: None,
        };
        insta::assert_snapshot!(plain(&seen), @"
        The agent was never started here: `muster agent --help` says how
          certificate   none: not enrolled
        ");
    }
}
