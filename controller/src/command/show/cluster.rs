//! The cluster as a whole.

use muster_proto::v1;
use muster_terminal::{Column, Grid, Line, Page, Row, Tone};

use super::cells::status_word;
use super::documents::{Cluster, attention_kind};
use super::{Sheet, Text, json, lines, yaml};
use crate::command::cli::Format;

/// Where nothing says how wide the output is.
const USUAL_WIDTH: usize = 100;

pub(in crate::command) fn cluster(
    cluster: &v1::GetClusterResponse,
    sheet: &Sheet,
) -> anyhow::Result<Text> {
    match sheet.output.format {
        Format::Json => json(&Cluster::from(cluster)),
        Format::Yaml => yaml(&Cluster::from(cluster)),
        Format::Name => {
            let names = cluster.attention.iter().map(|one| one.name.as_str());
            Ok(lines(names))
        }
        Format::Table | Format::Wide => Ok(Text::Styled(page(cluster, sheet))),
    }
}

fn page(cluster: &v1::GetClusterResponse, sheet: &Sheet) -> String {
    let mut page = Page::new(sheet.room.unwrap_or(USUAL_WIDTH));
    let v1::GetClusterResponse {
        nodes,
        control_nodes,
        tolerated_failures,
        ..
    } = cluster;
    let noun = if *nodes == 1 { "node" } else { "nodes" };
    page.paragraph(&Line::from(format!(
        "{nodes} {noun}, {control_nodes} for control; {tolerated_failures} of these may fail"
    )));
    let counts = cluster.counts.iter().map(|count| {
        let number = Line::from(format!("{} ", count.nodes));
        number.and(status_word(count.status))
    });
    page.fact("statuses", &Line::dotted(counts));
    let offline = match cluster.offline {
        0 => Line::default(),
        offline => Line::toned(Tone::Bad, &offline.to_string()),
    };
    page.fact("offline", &offline);
    for advice in &cluster.advice {
        page.fact("advice", &Line::from(advice));
    }
    page.fact("controller", &Line::from(&cluster.version));
    if !cluster.attention.is_empty() {
        page.heading(Line::toned(Tone::Title, "Needs somebody"));
        page.grid(&attention(&cluster.attention, sheet));
        let told = u32::try_from(cluster.attention.len()).unwrap_or(u32::MAX);
        let more = cluster.attention_total.saturating_sub(told);
        if more > 0 {
            let line = format!("and {more} more: `nodes list` has them");
            page.paragraph(&Line::toned(Tone::Faint, &line));
        }
    }
    page.finish()
}

fn attention(all: &[v1::Attention], sheet: &Sheet) -> Grid {
    let columns = vec![
        Column::fixed("NODE"),
        Column::fixed("IS"),
        Column::flexible("WHY", 20),
        Column::fixed("WHAT TO DO"),
    ];
    let rows = all.iter().map(|one| Row {
        cells: vec![
            Line::toned(Tone::Name, &one.name),
            Line::toned(tone(one.kind()), &attention_kind(one).replace('_', " ")),
            Line::from(&one.reason),
            Line::toned(Tone::Faint, remedy(one.kind())),
        ],
        notes: Vec::new(),
    });
    let grid = Grid::new(columns, rows.collect());
    match sheet.output.no_headers {
        true => grid.untitled(),
        false => grid,
    }
}

fn tone(kind: v1::attention::Kind) -> Tone {
    use v1::attention::Kind;
    match kind {
        Kind::Fenced | Kind::Failed | Kind::Offline => Tone::Bad,
        _ => Tone::Attention,
    }
}

/// What one does about it first.
fn remedy(kind: v1::attention::Kind) -> &'static str {
    use v1::attention::Kind;
    match kind {
        Kind::Fenced | Kind::Offline => "look at its network and power",
        Kind::Failed | Kind::Stuck => "nodes events NODE",
        Kind::CertificateEnds => "look at its agent: it does not renew",
        Kind::Quarantined => "nodes show NODE",
        Kind::Inadequate => "nodes show NODE --verdict",
        Kind::Candidate => "nodes accept NODE",
        Kind::Unspecified => "",
    }
}
