//! What the machine is as a node of a cluster.

use axum::extract::State;
use maud::{Markup, html};
use muster_model::NodeStatus;

use crate::Shared;
use crate::parts::{Place, fact, marked, page, shown, table};
use crate::pictures::Mark;
use crate::ports::{Controller, Node};
use crate::problem::Problem;
use crate::words::{Reader, Words};

/// Shows it as it is now.
pub(crate) async fn show(
    State(shared): State<Shared>,
    Reader(words): Reader,
) -> Result<Markup, Problem> {
    let node = shared.machine.node().await?;
    let inventory = shared.machine.inventory().await?;
    let main = html! {
        h1 { (words.node) }
        (standing(words, &node))
        (controllers(words, &node.controllers))
    };
    let name = inventory.host.hostname.as_deref();
    Ok(page(words, Place::Node, name, &main))
}

fn standing(words: &Words, node: &Node) -> Markup {
    let workloads = node.run_workloads.map(|may| match may {
        true => words.workloads_may_run,
        false => words.workloads_may_not_run,
    });
    let status = node.status.as_deref();
    let told = status.map_or_else(
        || words.no_status.to_owned(),
        |status| shown(&status.replace('_', " ")),
    );
    html! {
        section class=(format!("hero {}", mark(status).class())) {
            (crate::pictures::sign(mark(status)))
            div {
                p.sentence { (told) }
                @if let Some(summary) = &node.summary { p { (words.agent) ": " (shown(summary)) } }
            }
        }
        section.card {
            dl.facts.wide {
                (fact(words.node_id, node.id.as_deref()))
                (fact(words.role, node.role.as_deref()))
                (fact(words.workloads, workloads))
                (fact(words.certificate_until, node.certificate_until.as_deref()))
            }
        }
    }
}

/// What a status is worth to whoever looks at the node.
fn mark(status: Option<&str>) -> Mark {
    match status.and_then(NodeStatus::from_key) {
        Some(NodeStatus::Active) => Mark::Good,
        Some(
            NodeStatus::Inadequate
            | NodeStatus::Rejected
            | NodeStatus::Failed
            | NodeStatus::Fenced
            | NodeStatus::Out,
        ) => Mark::Bad,
        Some(
            NodeStatus::Unfencing | NodeStatus::EnteringMaintenance | NodeStatus::InMaintenance,
        ) => Mark::Attention,
        Some(_) => Mark::Neutral,
        None => Mark::Unknown,
    }
}

fn controllers(words: &Words, controllers: &[Controller]) -> Markup {
    let rows: Vec<Markup> = controllers.iter().map(|known| row(words, known)).collect();
    let heads = [
        words.controller,
        words.state,
        words.round_trip,
        words.heartbeats,
        words.lease_left,
    ];
    html! {
        section.card #controllers {
            h2 { (words.controllers) }
            @if controllers.is_empty() {
                p { (words.no_controller) " " code { "sudo muster connect HOST:PORT" } }
            } @else {
                (table(words.controllers, &heads, &rows))
            }
        }
    }
}

fn row(words: &Words, known: &Controller) -> Markup {
    let (mark, state) = match (known.connected, &known.error) {
        (Some(true), _) => (Mark::Good, words.connected),
        (_, Some(_)) => (Mark::Bad, words.does_not_answer),
        (Some(false), None) => (Mark::Neutral, words.not_connected),
        (None, None) => (Mark::Unknown, words.unknown),
    };
    let seconds = |span: std::time::Duration| muster_model::units::seconds(span.as_secs());
    html! {
        th scope="row" { (shown(&known.address)) }
        td {
            (marked(mark, state))
            @if let Some(error) = &known.error { div.fine { (shown(error)) } }
        }
        td { @if let Some(took) = known.round_trip { (format!("{:.1}\u{a0}ms", took.as_secs_f64() * 1e3)) } }
        td { @if let Some(count) = known.heartbeats { (count) } }
        td { @if let Some(left) = known.lease_left { (seconds(left)) } }
    }
}
