//! All about one node.

use muster_adequacy::verdict::{RoleVerdict, RuleStatus, Severity, Standing};
use muster_adequacy::{VERDICT_SCHEMA, Verdict};
use muster_model::headline::Headline;
use muster_model::{INVENTORY_SCHEMA, Inventory, units};
use muster_proto::{DocumentError, v1};
use muster_terminal::{Line, Page, Tone};
use serde_json::Value;

use super::cells::{ago, at, cpu, labels, memory, memory_share, or_none, role, status, taints};
use super::documents::Node;
use super::{Sheet, Text, json, lines, yaml};
use crate::command::cli::Format;

/// Where nothing says how wide the output is.
const USUAL_WIDTH: usize = 100;

pub(in crate::command) fn node(shown: &v1::GetNodeResponse, sheet: &Sheet) -> anyhow::Result<Text> {
    let node = shown.node.clone().unwrap_or_default();
    match sheet.output.format {
        Format::Json => json(&Node::from(&node)),
        Format::Yaml => yaml(&Node::from(&node)),
        Format::Name => Ok(lines([node.name.as_str()].into_iter())),
        Format::Table | Format::Wide => Ok(Text::Styled(page(&node, shown, sheet))),
    }
}

/// The JSON of a document that came with a node, indented.
pub(in crate::command) fn json_of(
    document: &v1::Document,
    schema: &'static str,
) -> anyhow::Result<Text> {
    json(&read(document, schema)?)
}

fn read(document: &v1::Document, schema: &'static str) -> anyhow::Result<Value> {
    Ok(serde_json::from_slice(&document.unpack(schema)?)?)
}

fn page(node: &v1::NodeRecord, shown: &v1::GetNodeResponse, sheet: &Sheet) -> String {
    let mut page = Page::new(sheet.room.unwrap_or(USUAL_WIDTH));
    let name = Line::toned(Tone::Name, &node.name).plain(", ");
    page.paragraph(&name.and(status(node)));
    page.fact("why", &Line::from(&node.reason));
    page.fact("twin of", &Line::toned(Tone::Bad, &node.quarantine));
    page.fact("stuck", &Line::toned(Tone::Attention, &node.stuck));
    let since = at(node.status_since_unix_ms).unwrap_or_default();
    let since = Line::from(since)
        .plain(", ")
        .and(ago(node.status_since_unix_ms, sheet.now_unix_ms));
    page.fact("since", &since.plain(" ago"));
    page.fact("heard", &heard(node, sheet));
    page.fact("certificate", &certificate(node));
    page.fact("role", &role(node.role));
    page.fact("id", &Line::from(&node.id));
    page.fact("description", &Line::from(&node.description));
    page.fact("hostname", &Line::from(&node.hostname));
    page.fact("address", &Line::from(&node.address));
    page.fact("usage", &usage(node.gauges.as_ref()));
    page.fact("runs", &workloads(node.workloads.as_ref()));
    page.fact("tags", &or_none(Some(&node.tags.join(", "))));
    page.fact("labels", &labels(&node.labels));
    page.fact("taints", &taints(&node.taints));
    page.fact("agent", &Line::from(&node.agent_version));
    page.fact("machine", &machine(shown.inventory.as_ref()));
    page.fact("system", &system(shown.inventory.as_ref()));
    page.fact("verdict", &verdict(shown.verdict.as_ref()));
    page.finish()
}

fn heard(node: &v1::NodeRecord, sheet: &Sheet) -> Line {
    match node.heard_unix_ms {
        None => Line::from("not since the controller started"),
        Some(at) => ago(at, sheet.now_unix_ms).plain(" ago"),
    }
}

fn certificate(node: &v1::NodeRecord) -> Line {
    let Some(ends) = node.certificate_ends_unix_ms.and_then(at) else {
        return Line::default();
    };
    let until = Line::from("until ").plain(&ends);
    match node.certificate_warning.as_str() {
        "" => until,
        warning => until.plain(": ").tone(Tone::Attention, warning),
    }
}

fn usage(gauges: Option<&v1::Gauges>) -> Line {
    let Some(known) = gauges else {
        return Line::default();
    };
    let rate = |bytes: Option<u64>, word: &str| {
        bytes.map(|bytes| format!("{word} {}/s", units::bytes(bytes)))
    };
    Line::dotted([
        Line::from("processor ").and(cpu(gauges)),
        Line::from("memory ")
            .and(memory(gauges))
            .plain(" (")
            .and(memory_share(gauges))
            .plain(")"),
        Line::from(known.load_1m.map(|load| format!("load {load:.2}"))),
        Line::from(rate(known.network_received_bytes_per_s, "in")),
        Line::from(rate(known.network_transmitted_bytes_per_s, "out")),
    ])
}

/// Without its services: those are not counted here.
fn workloads(known: Option<&v1::WorkloadSummary>) -> Line {
    let Some(runs) = known else {
        return Line::default();
    };
    let some = |count: u32, what: &str| (count > 0).then(|| format!("{what} {count}"));
    let kinds = [
        some(runs.machines, "virtual machines"),
        some(runs.containers, "containers"),
        some(runs.pods, "pods"),
    ];
    if kinds.iter().all(Option::is_none) {
        return Line::from("no virtual machine, container or pod");
    }
    let memory = format!("memory {}", units::bytes(runs.memory_bytes));
    let kept = some(runs.with_passed_through_gpu, "with a GPU passed through");
    let rest = [Some(memory), kept];
    Line::dotted(kinds.into_iter().chain(rest).map(Line::from))
}

fn machine(document: Option<&v1::Document>) -> Line {
    match inventory(document) {
        None => Line::toned(Tone::Faint, "it has sent no inventory"),
        Some(Err(why)) => Line::toned(Tone::Attention, &why),
        Some(Ok(inventory)) => {
            let Headline { machine, parts } = Headline::of(&inventory);
            Line::from(
                std::iter::once(machine)
                    .chain(parts)
                    .collect::<Vec<_>>()
                    .join(", "),
            )
        }
    }
}

fn system(document: Option<&v1::Document>) -> Line {
    let Some(Ok(inventory)) = inventory(document) else {
        return Line::default();
    };
    let kernel = inventory
        .host
        .kernel
        .release
        .map(|release| format!("Linux {release}"));
    Line::dotted([
        Line::from(inventory.host.os.pretty_name),
        Line::from(kernel),
        Line::from(inventory.host.kernel.architecture),
    ])
}

fn inventory(document: Option<&v1::Document>) -> Option<Result<Inventory, String>> {
    let json = document?.unpack(INVENTORY_SCHEMA);
    let json = json.map_err(|error: DocumentError| error.to_string());
    Some(json.and_then(|json| Inventory::from_json(&json).map_err(|error| error.to_string())))
}

/// A word a role, and which rules fail.
fn verdict(document: Option<&v1::Document>) -> Line {
    let Some(document) = document else {
        return Line::default();
    };
    let read = read(document, VERDICT_SCHEMA).and_then(|json| Ok(serde_json::from_value(json)?));
    let Ok(Verdict { roles, .. }) = read else {
        return Line::toned(
            Tone::Attention,
            "it cannot be read here; --verdict prints it",
        );
    };
    Line::joined(roles.iter().map(judged), "; ")
}

fn judged(role: &RoleVerdict) -> Line {
    let (tone, standing) = match role.standing {
        Standing::Adequate => (Tone::Good, "adequate"),
        Standing::Inadequate => (Tone::Bad, "inadequate"),
        Standing::Undetermined => (Tone::Attention, "undetermined"),
    };
    let line = Line::from(format!("{}: ", role.role)).tone(tone, standing);
    let failing = role
        .rules
        .iter()
        .filter(|rule| rule.severity == Severity::Required && rule.status == RuleStatus::Fail);
    let failing: Vec<&str> = failing.map(|rule| rule.id.as_str()).collect();
    match failing.is_empty() {
        true => line,
        false => line.plain(&format!(" (fails {})", failing.join(", "))),
    }
}
