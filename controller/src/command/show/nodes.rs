//! Lists of nodes.

use std::collections::BTreeMap;

use muster_proto::v1;
use muster_terminal::{Column, Line, Tone, screen};

use super::cells::{
    ago, certificate, cpu, labels, memory, memory_share, or_none, role, status, status_word, taints,
};
use super::documents::Node;
use super::{Sheet, Text, json, lines, yaml};
use crate::command::cli::Format;

pub(in crate::command) fn nodes(nodes: &[v1::NodeRecord], sheet: &Sheet) -> anyhow::Result<Text> {
    match sheet.output.format {
        Format::Json => json(&nodes.iter().map(Node::from).collect::<Vec<_>>()),
        Format::Yaml => yaml(&nodes.iter().map(Node::from).collect::<Vec<_>>()),
        Format::Name => Ok(lines(handles(nodes).into_iter())),
        Format::Table | Format::Wide => {
            let rows = nodes.iter().map(|node| row(node, sheet));
            Ok(sheet.table(columns(sheet), rows.collect()))
        }
    }
}

/// By what other commands find each: its name, or its id where several have that name.
fn handles(nodes: &[v1::NodeRecord]) -> Vec<&str> {
    let mut named: BTreeMap<&str, u32> = BTreeMap::new();
    for node in nodes {
        *named.entry(&node.name).or_default() += 1;
    }
    let handle = |node: &'_ v1::NodeRecord| named.get(node.name.as_str()) == Some(&1);
    nodes
        .iter()
        .map(|node| {
            if handle(node) {
                node.name.as_str()
            } else {
                node.id.as_str()
            }
        })
        .collect()
}

pub(super) fn columns(sheet: &Sheet) -> Vec<Column> {
    let mut columns = vec![
        Column::flexible("NAME", 12),
        Column::flexible("STATUS", 9),
        Column::fixed("ROLE"),
        Column::fixed("ADDRESS"),
        Column::numeric("CPU"),
        Column::numeric("MEMORY"),
        Column::fixed("SINCE"),
        Column::flexible("REASON", 12),
    ];
    if sheet.is_wide() {
        columns.extend([
            Column::fixed("HEARD"),
            Column::fixed("CERTIFICATE"),
            Column::fixed("HOSTNAME"),
            Column::fixed("AGENT"),
            Column::flexible("TAGS", 10),
            Column::flexible("LABELS", 16),
            Column::flexible("TAINTS", 16),
            Column::flexible("DESCRIPTION", 16),
            Column::fixed("ID"),
        ]);
    }
    columns
}

pub(super) fn row(node: &v1::NodeRecord, sheet: &Sheet) -> Vec<Line> {
    let gauges = node.gauges.as_ref();
    let mut row = vec![
        Line::toned(Tone::Name, &node.name),
        status(node),
        role(node.role),
        or_none(Some(&node.address)),
        cpu(gauges),
        match sheet.is_wide() {
            true => memory(gauges),
            false => memory_share(gauges),
        },
        ago(node.status_since_unix_ms, sheet.now_unix_ms),
        or_none(Some(match node.stuck.as_str() {
            "" => &node.reason,
            stuck => stuck,
        })),
    ];
    if sheet.is_wide() {
        let heard = node.heard_unix_ms.map(|at| ago(at, sheet.now_unix_ms));
        row.extend([
            heard.unwrap_or_else(|| or_none(None)),
            certificate(node, sheet.now_unix_ms),
            or_none(Some(&node.hostname)),
            or_none(Some(&node.agent_version)),
            or_none(Some(&node.tags.join(", "))),
            labels(&node.labels),
            taints(&node.taints),
            or_none(Some(&node.description)),
            or_none(Some(&node.id)),
        ]);
    }
    row
}

/// What came of a change: `node7 is approved`, and what the administrator should know.
pub(in crate::command) fn changed(asked: &str, changed: &v1::ChangeNodeResponse) -> Text {
    let line = match &changed.node {
        Some(node) => Line::toned(Tone::Name, &node.name)
            .plain(" is ")
            .and(status_word(node.status)),
        None => Line::toned(Tone::Name, asked).plain(" is deleted"),
    };
    let mut text = String::new();
    line.paint(&mut text);
    text.push('\n');
    for advice in &changed.advice {
        text.push_str(&format!("advice: {}\n", screen(advice)));
    }
    Text::Styled(text)
}
