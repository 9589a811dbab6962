//! Answers as text.

use std::fmt::Write as _;
use std::io::Write as _;

use muster_proto::v1;
use serde_json::{Value, json};

use super::cli::Format;

/// Writes to standard output; a reader that has seen enough is no error.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

pub(super) fn created(created: &v1::CreateTokenResponse, format: Format) -> anyhow::Result<String> {
    let record = created.record.clone().unwrap_or_default();
    match format {
        // Alone on its line, to be piped.
        Format::Table => Ok(format!("{}\n", created.token)),
        Format::Json => text(&json!({"token": created.token, "record": token_json(&record)})),
    }
}

pub(super) fn tokens(tokens: &[v1::TokenRecord], format: Format) -> anyhow::Result<String> {
    if format == Format::Json {
        return text(&tokens.iter().map(token_json).collect());
    }
    let rows = tokens.iter().map(|token| {
        let state = match token {
            token if token.revoked => "revoked".to_owned(),
            token if token.uses_left == 0 => "used up".to_owned(),
            token => format!("{} left", token.uses_left),
        };
        vec![
            token.id.clone(),
            role(token.role),
            state,
            at(token.expires_unix_ms),
            or_dash(&token.name),
        ]
    });
    Ok(table(
        &["ID", "ROLE", "USES", "EXPIRES", "NAME"],
        rows.collect(),
    ))
}

pub(super) fn nodes(nodes: &[v1::NodeRecord], format: Format) -> anyhow::Result<String> {
    if format == Format::Json {
        return text(&nodes.iter().map(node_json).collect());
    }
    let rows = nodes.iter().map(|node| {
        let offline = if node.offline { " (offline)" } else { "" };
        vec![
            node.name.clone(),
            format!("{}{offline}", status(node.status)),
            role(node.role),
            or_dash(&node.address),
            gauge(node),
            node.reason.clone(),
            node.id.clone(),
        ]
    });
    Ok(table(
        &[
            "NAME",
            "STATUS",
            "ROLE",
            "ADDRESS",
            "CPU/MEMORY",
            "REASON",
            "ID",
        ],
        rows.collect(),
    ))
}

pub(super) fn node(shown: &v1::GetNodeResponse, format: Format) -> anyhow::Result<String> {
    let node = shown.node.clone().unwrap_or_default();
    if format == Format::Json {
        return text(&node_json(&node));
    }
    let labels: Vec<String> = node
        .labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let rows = [
        ("name", node.name.clone()),
        ("id", node.id.clone()),
        ("status", status(node.status)),
        ("why", node.reason.clone()),
        ("twin of", or_dash(&node.quarantine)),
        ("since", at(node.status_since_unix_ms)),
        (
            "heard",
            node.heard_unix_ms.map_or_else(|| "never".to_owned(), at),
        ),
        ("role", role(node.role)),
        ("hostname", or_dash(&node.hostname)),
        ("address", or_dash(&node.address)),
        ("usage", gauge(&node)),
        ("tags", or_dash(&node.tags.join(", "))),
        ("labels", or_dash(&labels.join(", "))),
        ("agent", or_dash(&node.agent_version)),
    ];
    Ok(rows.iter().fold(String::new(), |mut text, (label, value)| {
        let _ = writeln!(text, "{label:<10}{}", plain(value));
        text
    }))
}

pub(super) fn events(events: &[v1::Event], format: Format) -> anyhow::Result<String> {
    if format == Format::Json {
        let events = events.iter().map(|event| {
            json!({"sequence": event.sequence, "at": at(event.at_unix_ms), "kind": event.kind, "message": event.message,
                "spool_sequence": event.spool_sequence})
        });
        return text(&events.collect());
    }
    let rows = events.iter().map(|event| {
        vec![
            at(event.at_unix_ms),
            event.kind.clone(),
            event.message.clone(),
        ]
    });
    Ok(table(&["AT", "EVENT", "WHAT HAPPENED"], rows.collect()))
}

pub(super) fn cluster(cluster: &v1::GetClusterResponse, format: Format) -> anyhow::Result<String> {
    let v1::GetClusterResponse {
        nodes,
        control_nodes,
        tolerated_failures,
        advice,
        ..
    } = cluster;
    if format == Format::Json {
        return text(&json!({
            "nodes": nodes, "control_nodes": control_nodes, "tolerated_failures": tolerated_failures, "advice": advice,
        }));
    }
    let mut text = format!(
        "{nodes} nodes, {control_nodes} of them control nodes; {tolerated_failures} of these may fail\n"
    );
    for line in advice {
        let _ = writeln!(text, "advice: {line}");
    }
    Ok(text)
}

pub(super) fn changed(asked: &str, changed: &v1::ChangeNodeResponse) -> String {
    let mut text = match &changed.node {
        Some(node) => format!("{} is {}\n", plain(&node.name), status(node.status)),
        None => format!("{} is deleted\n", plain(asked)),
    };
    for line in &changed.advice {
        let _ = writeln!(text, "advice: {line}");
    }
    text
}

fn node_json(node: &v1::NodeRecord) -> Value {
    let gauges = node.gauges.unwrap_or_default();
    json!({
        "id": node.id, "name": node.name, "description": node.description, "hostname": node.hostname,
        "address": node.address, "status": status(node.status).replace(' ', "_"), "reason": node.reason,
        "status_since": at(node.status_since_unix_ms), "role": role(node.role), "offline": node.offline,
        "heard_at": node.heard_unix_ms.map(at), "cpu_percent": gauges.cpu_percent,
        "quarantine": (!node.quarantine.is_empty()).then_some(&node.quarantine),
        "memory_used_bytes": gauges.memory_used_bytes, "memory_total_bytes": gauges.memory_total_bytes,
        "tags": node.tags, "labels": node.labels, "agent_version": node.agent_version, "revision": node.revision,
    })
}

fn token_json(token: &v1::TokenRecord) -> Value {
    json!({
        "id": token.id, "role": role(token.role), "created_at": at(token.created_unix_ms),
        "expires_at": at(token.expires_unix_ms), "uses_left": token.uses_left, "name": token.name,
        "labels": token.labels, "revoked": token.revoked, "auto_accept": token.auto_accept,
    })
}

fn text(value: &Value) -> anyhow::Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(value)?))
}

fn status(number: i32) -> String {
    let known = v1::NodeStatus::try_from(number)
        .ok()
        .and_then(v1::NodeStatus::known);
    known.map_or_else(|| "unknown".to_owned(), |status| status.to_string())
}

fn role(number: i32) -> String {
    let known = v1::Role::try_from(number).ok().and_then(v1::Role::known);
    known.map_or("any", muster_model::Role::key).to_owned()
}

fn gauge(node: &v1::NodeRecord) -> String {
    let gauges = node.gauges.unwrap_or_default();
    let cpu = gauges.cpu_percent.map(|percent| format!("{percent:.0} %"));
    let memory = gauges.memory_used_bytes.map(muster_model::units::bytes);
    match (cpu, memory) {
        (Some(cpu), Some(memory)) => format!("{cpu}, {memory}"),
        _ => "–".to_owned(),
    }
}

/// RFC 3339, UTC, whole seconds.
fn at(unix_ms: i64) -> String {
    let instant = jiff::Timestamp::from_second(unix_ms / 1000);
    instant.map_or_else(|_| "–".to_owned(), |instant| instant.to_string())
}

fn or_dash(text: &str) -> String {
    if text.is_empty() {
        "–".to_owned()
    } else {
        text.to_owned()
    }
}

/// Columns as wide as what is in them.
fn table(heads: &[&str], rows: Vec<Vec<String>>) -> String {
    let heads = heads.iter().map(|head| (*head).to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(heads)
        .chain(rows)
        .map(|row| row.iter().map(|cell| plain(cell)).collect())
        .collect();
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// What a node says of itself must not drive a terminal.
pub(super) fn plain(text: &str) -> String {
    let safe = |character: char| {
        if character.is_control() {
            '\u{fffd}'
        } else {
            character
        }
    };
    text.chars().map(safe).collect()
}
