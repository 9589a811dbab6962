//! What happened to nodes.

use muster_proto::v1;
use muster_terminal::{Column, Line, Tone, Widths};

use super::cells::{at, or_none};
use super::documents::Event;
use super::{Sheet, Text, json, lines, yaml};
use crate::command::cli::Format;

pub(in crate::command) fn events(events: &[v1::Event], sheet: &Sheet) -> anyhow::Result<Text> {
    match sheet.output.format {
        Format::Json => json(&events.iter().map(Event::from).collect::<Vec<_>>()),
        Format::Yaml => yaml(&events.iter().map(Event::from).collect::<Vec<_>>()),
        Format::Name => Ok(lines(events.iter().map(|event| event.kind.as_str()))),
        Format::Table | Format::Wide => {
            let columns = vec![
                Column::fixed("AT"),
                Column::fixed("EVENT"),
                Column::flexible("WHAT HAPPENED", 20),
            ];
            Ok(sheet.table(columns, events.iter().map(row).collect()))
        }
    }
}

/// One event of a watch: a line, or a document.
pub(in crate::command) fn event(
    told: &v1::WatchEventsResponse,
    sheet: &Sheet,
) -> anyhow::Result<Text> {
    let event = told.event.clone().unwrap_or_default();
    let document = Event::of(&told.node, &told.name, &event);
    match sheet.output.format {
        Format::Json => {
            let line = serde_json::to_string(&document)?;
            Ok(Text::Plain(format!("{line}\n")))
        }
        Format::Yaml => {
            let document = serde_saphyr::to_string(&document)?;
            Ok(Text::Plain(format!("---\n{document}")))
        }
        Format::Name => Ok(lines([told.name.as_str()].into_iter())),
        Format::Table | Format::Wide => {
            let mut row = row(&event);
            row.insert(1, Line::toned(Tone::Name, &told.name));
            // Nobody knows what comes: wide enough for most.
            let mut widths = Widths::default();
            let usual = [
                "2026-01-01T00:00:00Z",
                "a-node-name.example",
                "status_changed",
                "",
            ];
            widths.fit(&usual.map(Line::from));
            let mut text = String::new();
            widths.paint(&row, &mut text);
            Ok(Text::Styled(text))
        }
    }
}

fn row(event: &v1::Event) -> Vec<Line> {
    vec![
        or_none(at(event.at_unix_ms).as_deref()),
        Line::toned(Tone::Label, &event.kind),
        Line::from(&event.message),
    ]
}
