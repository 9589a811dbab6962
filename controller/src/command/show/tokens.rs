//! Join tokens.

use muster_proto::v1;
use muster_terminal::{Column, Line, Tone};

use super::cells::{at, known_role, labels, or_none};
use super::documents::{CreatedToken, ImportCommand, Token};
use super::{Sheet, Text, json, lines, yaml};
use crate::command::cli::Format;

pub(in crate::command) fn created(
    created: &v1::CreateTokenResponse,
    sheet: &Sheet,
) -> anyhow::Result<Text> {
    let record = created.record.clone().unwrap_or_default();
    let document = CreatedToken {
        token: &created.token,
        record: Token::from(&record),
    };
    match sheet.output.format {
        Format::Json => json(&document),
        Format::Yaml => yaml(&document),
        Format::Name => Ok(lines([record.id.as_str()].into_iter())),
        // Alone on its line, to be piped.
        Format::Table | Format::Wide => Ok(Text::Plain(format!("{}\n", created.token))),
    }
}

/// The one line that makes a machine a node.
pub(in crate::command) struct Import<'a> {
    pub(in crate::command) command: &'a str,
    pub(in crate::command) address: &'a str,
    pub(in crate::command) created: &'a v1::CreateTokenResponse,
    pub(in crate::command) installation: &'a v1::GetInstallationResponse,
}

pub(in crate::command) fn import(import: &Import<'_>, sheet: &Sheet) -> anyhow::Result<Text> {
    let record = import.created.record.clone().unwrap_or_default();
    let packages = import.installation.packages.iter();
    let document = ImportCommand {
        command: import.command,
        controller: import.address,
        root_sha256: &import.installation.root_sha256,
        packages: packages.map(|package| package.file.as_str()).collect(),
        record: Token::from(&record),
    };
    match sheet.output.format {
        Format::Json => json(&document),
        Format::Yaml => yaml(&document),
        Format::Name => Ok(lines([record.id.as_str()].into_iter())),
        // Alone on its line, to be piped.
        Format::Table | Format::Wide => Ok(Text::Plain(format!("{}\n", import.command))),
    }
}

pub(in crate::command) fn tokens(
    tokens: &[v1::TokenRecord],
    sheet: &Sheet,
) -> anyhow::Result<Text> {
    match sheet.output.format {
        Format::Json => json(&tokens.iter().map(Token::from).collect::<Vec<_>>()),
        Format::Yaml => yaml(&tokens.iter().map(Token::from).collect::<Vec<_>>()),
        Format::Name => Ok(lines(tokens.iter().map(|token| token.id.as_str()))),
        Format::Table | Format::Wide => {
            let rows = tokens.iter().map(|token| row(token, sheet));
            Ok(sheet.table(columns(sheet), rows.collect()))
        }
    }
}

fn columns(sheet: &Sheet) -> Vec<Column> {
    let mut columns = vec![
        Column::fixed("ID"),
        Column::fixed("ROLE"),
        Column::fixed("USES"),
        Column::fixed("EXPIRES"),
        Column::fixed("NAME"),
    ];
    if sheet.is_wide() {
        columns.extend([Column::fixed("CREATED"), Column::flexible("LABELS", 16)]);
    }
    columns
}

fn row(token: &v1::TokenRecord, sheet: &Sheet) -> Vec<Line> {
    let state = match token {
        token if token.revoked => Line::toned(Tone::Faint, "revoked"),
        token if token.expires_unix_ms <= sheet.now_unix_ms => Line::toned(Tone::Faint, "expired"),
        token if token.uses_left == 0 => Line::toned(Tone::Faint, "used up"),
        token => Line::from(format!("{} left", token.uses_left)),
    };
    let role = known_role(token.role).map_or("any", muster_model::Role::key);
    let mut row = vec![
        Line::toned(Tone::Name, &token.id),
        Line::from(role),
        state,
        or_none(at(token.expires_unix_ms).as_deref()),
        or_none(Some(&token.name)),
    ];
    if sheet.is_wide() {
        row.extend([
            or_none(at(token.created_unix_ms).as_deref()),
            labels(&token.labels),
        ]);
    }
    row
}
