//! What `nodes list --watch` prints: the state, and then a line for each change.

use std::collections::{HashMap, HashSet};

use muster_proto::v1;
use muster_proto::v1::watch_nodes_response::Kind;
use muster_terminal::{Line, Tone, Widths};

use super::documents::{GoneNode, Node, NodeChange};
use super::nodes::{columns, row};
use super::{Sheet, Text, lines};
use crate::command::cli::Format;

/// A watch for one reader.
#[derive(Debug)]
pub(in crate::command) struct Feed {
    sheet: Sheet,
    widths: Widths,
    known: HashMap<String, Known>,
    /// Told since the last reset.
    seen: HashSet<String>,
    phase: Phase,
}

/// How a node was shown last.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    name: String,
    revision: u64,
    offline: bool,
    stuck: bool,
}

#[derive(Debug)]
enum Phase {
    /// The first state, which is shown as a whole.
    First(Vec<v1::NodeRecord>),
    /// The state came again: only what is another than was shown is news.
    Again,
    Following,
}

impl Feed {
    pub(in crate::command) fn new(sheet: Sheet) -> Self {
        Self {
            sheet,
            widths: Widths::default(),
            known: HashMap::new(),
            seen: HashSet::new(),
            phase: Phase::First(Vec::new()),
        }
    }

    /// What is to be written for a step at that time; nothing, often.
    pub(in crate::command) fn step(
        &mut self,
        step: &v1::WatchNodesResponse,
        now_unix_ms: i64,
    ) -> anyhow::Result<Option<Text>> {
        self.sheet.now_unix_ms = now_unix_ms;
        match self.sheet.output.format {
            Format::Json => {
                let line = serde_json::to_string(&document(step)?)?;
                Ok(Some(Text::Plain(format!("{line}\n"))))
            }
            Format::Yaml => {
                let document = serde_saphyr::to_string(&document(step)?)?;
                Ok(Some(Text::Plain(format!("---\n{document}"))))
            }
            Format::Name | Format::Table | Format::Wide => Ok(self.news(step)),
        }
    }

    fn news(&mut self, step: &v1::WatchNodesResponse) -> Option<Text> {
        let node = step.node.clone().unwrap_or_default();
        match step.kind() {
            Kind::Reset => {
                self.seen.clear();
                if matches!(self.phase, Phase::Following) {
                    self.phase = Phase::Again;
                }
                None
            }
            Kind::Node => self.node(node),
            Kind::Gone => {
                let known = self.known.remove(&node.id)?;
                Some(self.gone(&known.name))
            }
            Kind::Synced => self.synced(),
            Kind::Unspecified => None,
        }
    }

    fn node(&mut self, node: v1::NodeRecord) -> Option<Text> {
        let known = Known {
            name: node.name.clone(),
            revision: node.revision,
            offline: node.offline,
            stuck: !node.stuck.is_empty(),
        };
        self.seen.insert(node.id.clone());
        let before = self.known.insert(node.id.clone(), known.clone());
        match &mut self.phase {
            Phase::First(nodes) => {
                nodes.push(node);
                None
            }
            Phase::Again | Phase::Following if before.as_ref() == Some(&known) => None,
            Phase::Again | Phase::Following => Some(self.line(&node)),
        }
    }

    fn synced(&mut self) -> Option<Text> {
        match std::mem::replace(&mut self.phase, Phase::Following) {
            Phase::First(nodes) => Some(self.whole(&nodes)),
            Phase::Again | Phase::Following => {
                let (seen, mut gone) = (&self.seen, Vec::new());
                self.known.retain(|id, known| {
                    let stays = seen.contains(id);
                    if !stays {
                        gone.push(known.name.clone());
                    }
                    stays
                });
                gone.sort();
                let texts: Vec<Text> = gone.iter().map(|name| self.gone(name)).collect();
                joined(texts)
            }
        }
    }

    /// The first state with its titles, even when there are no nodes yet: changes will stand under them.
    fn whole(&mut self, nodes: &[v1::NodeRecord]) -> Text {
        if self.sheet.output.format == Format::Name {
            return lines(nodes.iter().map(|node| node.name.as_str()));
        }
        let titles = self.sheet.titles(&columns(&self.sheet));
        let titles: Vec<Line> = titles
            .iter()
            .map(|title| Line::toned(Tone::Label, title))
            .collect();
        let rows: Vec<_> = nodes.iter().map(|node| row(node, &self.sheet)).collect();
        let head = (!titles.is_empty()).then_some(&titles);
        let all = || head.into_iter().chain(&rows);
        all().for_each(|row| self.widths.fit(row));
        // What is likely to come is to fit too.
        let usual = [
            "",
            "activating",
            "control",
            "",
            "100 %",
            "100 %",
            "59 min 59 s",
        ];
        self.widths.fit(&usual.map(Line::from));
        let mut text = String::new();
        all().for_each(|row| self.widths.paint(row, &mut text));
        Text::Styled(text)
    }

    fn line(&mut self, node: &v1::NodeRecord) -> Text {
        if self.sheet.output.format == Format::Name {
            return lines([node.name.as_str()].into_iter());
        }
        let row = row(node, &self.sheet);
        let mut text = String::new();
        self.widths.paint(&row, &mut text);
        Text::Styled(text)
    }

    /// Deleted, or not what was asked for any more.
    fn gone(&self, name: &str) -> Text {
        if self.sheet.output.format == Format::Name {
            return Text::Plain(String::new());
        }
        let row = [
            Line::toned(Tone::Name, name),
            Line::toned(Tone::Faint, "gone from this list"),
        ];
        let mut text = String::new();
        self.widths.paint(&row, &mut text);
        Text::Styled(text)
    }
}

fn joined(texts: Vec<Text>) -> Option<Text> {
    let texts: String = texts
        .into_iter()
        .map(|text| match text {
            Text::Styled(text) | Text::Plain(text) => text,
        })
        .collect();
    (!texts.is_empty()).then_some(Text::Styled(texts))
}

fn document(step: &v1::WatchNodesResponse) -> anyhow::Result<serde_json::Value> {
    let change = match step.kind() {
        Kind::Reset => "reset",
        Kind::Node => "node",
        Kind::Gone => "gone",
        Kind::Synced => "synced",
        Kind::Unspecified => "unknown",
    };
    let node = step.node.as_ref();
    if step.kind() == Kind::Gone {
        let id = node.map(|node| node.id.as_str()).unwrap_or_default();
        return Ok(serde_json::to_value(GoneNode { change, id })?);
    }
    let node = node.map(Node::from);
    Ok(serde_json::to_value(NodeChange { change, node })?)
}
