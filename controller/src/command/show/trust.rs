//! The certificate authority, and the certificates of administrators.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use muster_proto::v1;
use muster_terminal::{Column, Line, Tone, screen};
use serde::Serialize;

use super::cells::{at, or_none};
use super::{Sheet, Text, json, lines, yaml};
use crate::command::cli::Format;

/// The certificate authority.
#[derive(Debug, Serialize)]
pub(super) struct Authority<'a> {
    roots: Vec<Root<'a>>,
    behind: Vec<Behind<'a>>,
    behind_total: u32,
    advice: &'a [String],
}

/// A root.
#[derive(Debug, Serialize)]
pub(super) struct Root<'a> {
    pin: &'a str,
    subject: &'a str,
    ends_at: Option<String>,
    intermediate_ends_at: Option<String>,
    signs: bool,
    nodes: u32,
    administrators: u32,
}

/// Who does not know the root that signs.
#[derive(Debug, Serialize)]
pub(super) struct Behind<'a> {
    /// Null: an administrator.
    node: Option<&'a str>,
    name: &'a str,
}

/// A certificate of an administrator.
#[derive(Debug, Serialize)]
pub(super) struct Administrator<'a> {
    name: &'a str,
    serial: &'a str,
    issued_at: Option<String>,
    ends_at: Option<String>,
    issued_by: &'a str,
    revoked: bool,
}

/// The authority, and what the administrator should know after a change of it.
pub(in crate::command) fn authority(
    authority: &v1::GetAuthorityResponse,
    advice: &[String],
    sheet: &Sheet,
) -> anyhow::Result<Text> {
    let document = Authority::of(authority, advice);
    match sheet.output.format {
        Format::Json => json(&document),
        Format::Yaml => yaml(&document),
        Format::Name => Ok(lines(authority.roots.iter().map(|root| root.pin.as_str()))),
        Format::Table | Format::Wide => Ok(Text::Plain(text(authority, advice))),
    }
}

/// The certificates of administrators.
pub(in crate::command) fn administrators(
    all: &[v1::Administrator],
    sheet: &Sheet,
) -> anyhow::Result<Text> {
    match sheet.output.format {
        Format::Json => json(&all.iter().map(Administrator::from).collect::<Vec<_>>()),
        Format::Yaml => yaml(&all.iter().map(Administrator::from).collect::<Vec<_>>()),
        Format::Name => Ok(lines(handles(all).into_iter())),
        Format::Table | Format::Wide => {
            let rows = all.iter().map(|one| row(one, sheet));
            Ok(sheet.table(columns(sheet), rows.collect()))
        }
    }
}

impl<'a> Authority<'a> {
    pub(super) fn of(authority: &'a v1::GetAuthorityResponse, advice: &'a [String]) -> Self {
        let behind = authority.behind.iter().map(|behind| Behind {
            node: Some(behind.node.as_str()).filter(|node| !node.is_empty()),
            name: &behind.name,
        });
        Self {
            roots: authority.roots.iter().map(Root::from).collect(),
            behind: behind.collect(),
            behind_total: authority.behind_total,
            advice,
        }
    }
}

impl<'a> From<&'a v1::Root> for Root<'a> {
    fn from(root: &'a v1::Root) -> Self {
        Self {
            pin: &root.pin,
            subject: &root.subject,
            ends_at: at(root.ends_unix_ms),
            intermediate_ends_at: at(root.intermediate_ends_unix_ms),
            signs: root.signs,
            nodes: root.nodes,
            administrators: root.administrators,
        }
    }
}

impl<'a> From<&'a v1::Administrator> for Administrator<'a> {
    fn from(one: &'a v1::Administrator) -> Self {
        Self {
            name: &one.name,
            serial: &one.serial,
            issued_at: at(one.issued_unix_ms),
            ends_at: at(one.ends_unix_ms),
            issued_by: &one.issued_by,
            revoked: one.revoked,
        }
    }
}

fn text(authority: &v1::GetAuthorityResponse, advice: &[String]) -> String {
    let mut text = String::new();
    for root in &authority.roots {
        let use_now = match root.signs {
            true => "signs",
            false => "is forgotten in the end",
        };
        let _ = writeln!(text, "{} ({use_now})", screen(&root.subject));
        let _ = writeln!(text, "  pin            {}", screen(&root.pin));
        let ends = at(root.ends_unix_ms).unwrap_or_default();
        let _ = writeln!(text, "  ends           {ends}");
        let ends = at(root.intermediate_ends_unix_ms).unwrap_or_default();
        let _ = writeln!(text, "  intermediate   ends {ends}");
        let _ = writeln!(text, "  nodes          {}", root.nodes);
        let _ = writeln!(text, "  administrators {}", root.administrators);
    }
    for behind in &authority.behind {
        let what = match behind.node.as_str() {
            "" => "administrator",
            _ => "node",
        };
        let name = screen(&behind.name);
        let _ = writeln!(text, "does not know the root that signs: {what} {name}");
    }
    let named = u32::try_from(authority.behind.len()).unwrap_or(u32::MAX);
    let more = authority.behind_total.saturating_sub(named);
    if more > 0 {
        let _ = writeln!(text, "and {more} more");
    }
    for line in advice {
        let _ = writeln!(text, "advice: {}", screen(line));
    }
    text
}

/// By what `admin revoke` finds each: its name, or its serial number where several have that name.
fn handles(all: &[v1::Administrator]) -> Vec<&str> {
    let mut named: BTreeMap<&str, u32> = BTreeMap::new();
    for one in all {
        *named.entry(&one.name).or_default() += 1;
    }
    let handle = |one: &v1::Administrator| named.get(one.name.as_str()) == Some(&1);
    all.iter()
        .map(|one| match handle(one) {
            true => one.name.as_str(),
            false => one.serial.as_str(),
        })
        .collect()
}

fn columns(sheet: &Sheet) -> Vec<Column> {
    let mut columns = vec![
        Column::fixed("NAME"),
        Column::fixed("SERIAL"),
        Column::fixed("ENDS"),
        Column::fixed("STATE"),
    ];
    if sheet.is_wide() {
        columns.extend([Column::fixed("ISSUED"), Column::flexible("ISSUED BY", 12)]);
    }
    columns
}

fn row(one: &v1::Administrator, sheet: &Sheet) -> Vec<Line> {
    let state = match one {
        one if one.revoked => Line::toned(Tone::Faint, "revoked"),
        one if one.ends_unix_ms <= sheet.now_unix_ms => Line::toned(Tone::Faint, "ended"),
        _ => Line::toned(Tone::Good, "good"),
    };
    let mut row = vec![
        Line::toned(Tone::Name, &one.name),
        Line::from(&one.serial),
        or_none(at(one.ends_unix_ms).as_deref()),
        state,
    ];
    if sheet.is_wide() {
        row.extend([
            or_none(at(one.issued_unix_ms).as_deref()),
            or_none(Some(&one.issued_by)),
        ]);
    }
    row
}

#[cfg(test)]
mod tests;
