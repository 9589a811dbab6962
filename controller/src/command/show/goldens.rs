//! What is shown of fixed answers. The names of fields in JSON are a contract: docs/controller.md lists them.

use muster_proto::v1;
use muster_proto::v1::watch_nodes_response::Kind;

use super::{Feed, Sheet, Text};
use crate::command::cli::{Format, Output};

const NOW: i64 = 1_800_000_000_000;

fn sheet(format: Format, room: Option<usize>) -> Sheet {
    let no_headers = false;
    Sheet {
        output: Output { format, no_headers },
        room,
        now_unix_ms: NOW,
    }
}

/// As a reader sees it who has no colours.
fn plain(text: &Text) -> String {
    match text {
        Text::Styled(text) => anstream::adapter::strip_str(text).to_string(),
        Text::Plain(text) => text.clone(),
    }
}

fn nodes() -> Vec<v1::NodeRecord> {
    let busy = v1::NodeRecord {
        id: "0123456789abcdef0123456789abcdef".to_owned(),
        name: "node7".to_owned(),
        description: "top of rack 7".to_owned(),
        hostname: "node7.example".to_owned(),
        address: "10.0.0.7".to_owned(),
        status: v1::NodeStatus::Active.into(),
        reason: "every readiness check passes".to_owned(),
        status_since_unix_ms: NOW - 90_000_000,
        role: v1::Role::Worker.into(),
        heard_unix_ms: Some(NOW - 4_000),
        certificate_ends_unix_ms: Some(NOW + 7_000_000_000),
        gauges: Some(v1::Gauges {
            cpu_percent: Some(12.4),
            memory_used_bytes: Some(24 << 30),
            memory_total_bytes: Some(64 << 30),
            network_received_bytes_per_s: Some(1500),
            network_transmitted_bytes_per_s: Some(0),
            load_1m: Some(0.75),
        }),
        tags: vec!["blue".to_owned(), "new".to_owned()],
        labels: [("zone", "a"), ("rack", "7")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        taints: vec![v1::Taint {
            key: "dedicated".to_owned(),
            value: "gpu".to_owned(),
            effect: "NoSchedule".to_owned(),
        }],
        agent_version: "0.1.0".to_owned(),
        workloads: Some(v1::WorkloadSummary {
            machines: 2,
            containers: 1,
            pods: 0,
            memory_bytes: 12 << 30,
            with_passed_through_gpu: 1,
        }),
        revision: 9,
        ..Default::default()
    };
    let hostile = v1::NodeRecord {
        id: "f".repeat(32),
        name: "evil\u{1b}[2J\u{202e}name".to_owned(),
        status: v1::NodeStatus::Fenced.into(),
        reason: "not heard for 45 s\r\nroot@c1:~# ".to_owned(),
        status_since_unix_ms: NOW - 60_000,
        offline: true,
        stuck: "fenced for longer than an hour".to_owned(),
        certificate_ends_unix_ms: Some(NOW - 5_000),
        certificate_warning: "its certificate has ended".to_owned(),
        revision: 3,
        ..Default::default()
    };
    vec![busy, hostile]
}

fn shown(format: Format, room: Option<usize>) -> String {
    plain(&super::nodes(&nodes(), &sheet(format, room)).unwrap())
}

#[test]
fn lists_of_nodes() {
    insta::assert_snapshot!("nodes_table", shown(Format::Table, None));
    insta::assert_snapshot!("nodes_table_80", shown(Format::Table, Some(80)));
    insta::assert_snapshot!("nodes_wide", shown(Format::Wide, None));
    insta::assert_snapshot!("nodes_json", shown(Format::Json, None));
    insta::assert_snapshot!("nodes_yaml", shown(Format::Yaml, None));
    insta::assert_snapshot!("nodes_name", shown(Format::Name, None));
}

/// The manual lists every field that programs read.
#[test]
fn the_manual_names_every_field() {
    let manual = include_str!("../../../../docs/controller.md");
    let node = serde_json::to_value(super::documents::Node::from(&nodes()[0])).unwrap();
    let token =
        serde_json::to_value(super::documents::Token::from(&v1::TokenRecord::default())).unwrap();
    let cluster = v1::GetClusterResponse::default();
    let cluster = serde_json::to_value(super::documents::Cluster::from(&cluster)).unwrap();
    for document in [node, token, cluster] {
        for field in document.as_object().unwrap().keys() {
            assert!(manual.contains(&format!("`{field}`")), "{field}");
        }
    }
}

#[test]
fn no_nodes_and_no_headers() {
    let shown =
        |nodes: &[v1::NodeRecord], sheet: &Sheet| plain(&super::nodes(nodes, sheet).unwrap());
    for room in [None, Some(80)] {
        assert_eq!(shown(&[], &sheet(Format::Table, room)), "");
        let mut bare = sheet(Format::Table, room);
        bare.output.no_headers = true;
        let text = shown(&nodes(), &bare);
        assert!(
            text.starts_with("node7") && !text.contains("REASON"),
            "{text}"
        );
    }
    assert_eq!(shown(&[], &sheet(Format::Json, None)), "[]\n");
}

/// Names and reasons come from machines that nobody has accepted yet.
#[test]
fn foreign_text_cannot_drive_a_terminal() {
    for format in [Format::Table, Format::Wide, Format::Name] {
        for room in [None, Some(60), Some(200)] {
            let text = super::nodes(&nodes(), &sheet(format, room)).unwrap();
            let (Text::Styled(text) | Text::Plain(text)) = text;
            let text = anstream::adapter::strip_str(&text).to_string();
            let unsafe_ =
                |letter: char| letter != '\n' && (letter.is_control() || letter == '\u{202e}');
            assert!(!text.contains(unsafe_), "{format:?}: {text:?}");
        }
    }
}

#[test]
fn nothing_is_wider_than_the_terminal() {
    for room in 40..200 {
        for line in shown(Format::Table, Some(room)).lines() {
            let wide = muster_terminal::Line::from(line).width();
            assert!(wide <= room, "{wide} of {room}: {line}");
        }
    }
}

#[test]
fn where_two_have_a_name_ids_are_given() {
    let mut nodes = nodes();
    nodes[1].name = "node7".to_owned();
    let text = plain(&super::nodes(&nodes, &sheet(Format::Name, None)).unwrap());
    assert_eq!(
        text,
        format!("0123456789abcdef0123456789abcdef\n{}\n", "f".repeat(32))
    );
}

#[test]
fn one_node() {
    let inventory = r#"{"schema": "muster.inventory/v1", "system": {"vendor": "Acme", "product": "R7"},
        "host": {"os": {"pretty_name": "Debian 13"}, "kernel": {"release": "6.12", "architecture": "x86_64"}},
        "memory": {"total_bytes": 68719476736}, "warnings": []}"#;
    let rule = |id: &str, status: &str| {
        serde_json::json!({"id": id, "title": id, "severity": "required", "status": status, "actual": null,
            "required": "more", "devices": [], "reasons": [], "remedy": "Fit more."})
    };
    let rules = [rule("memory", "fail"), rule("cpu", "pass")];
    let verdict = serde_json::json!({"schema": "muster.verdict/v1", "standing": "inadequate",
        "policy": {"name": "p", "version": "1"}, "machine": {"hostname": null, "captured_at": null},
        "roles": [{"role": "worker", "standing": "inadequate", "rules": rules}]});
    let verdict = verdict.to_string();
    let pack = |schema: &str, json: &str| v1::Document::pack(schema, json.as_bytes()).ok();
    let node = v1::GetNodeResponse {
        node: nodes().into_iter().next(),
        inventory: pack("muster.inventory/v1", inventory),
        verdict: pack("muster.verdict/v1", &verdict),
    };
    let shown = |node: &v1::GetNodeResponse, format| {
        plain(&super::node(node, &sheet(format, None)).unwrap())
    };
    insta::assert_snapshot!("node", shown(&node, Format::Table));
    let silent = v1::GetNodeResponse {
        node: nodes().pop(),
        ..Default::default()
    };
    insta::assert_snapshot!("node_that_is_silent", shown(&silent, Format::Table));
    assert!(shown(&silent, Format::Json).starts_with("{\n  \"id\": \"ffff"));
}

#[test]
fn tokens_and_events() {
    let token = |number: u32| v1::TokenRecord {
        id: format!("token{number}"),
        role: i32::from(number == 0),
        created_unix_ms: NOW - 1000,
        expires_unix_ms: NOW + 1000 - i64::from(number / 3) * 5000,
        uses_left: number,
        revoked: number == 2,
        labels: [("zone".to_owned(), "a".to_owned())].into(),
        ..Default::default()
    };
    let tokens: Vec<_> = (0..4).map(token).collect();
    let shown = |format| plain(&super::tokens(&tokens, &sheet(format, None)).unwrap());
    insta::assert_snapshot!("tokens_wide", shown(Format::Wide));
    insta::assert_snapshot!("tokens_json", shown(Format::Json));
    let event = v1::Event {
        sequence: 2,
        at_unix_ms: NOW,
        kind: "status_changed".to_owned(),
        message: "approved: by uid 0\u{1b}[31m".to_owned(),
        spool_sequence: None,
    };
    let shown =
        |format| plain(&super::events(std::slice::from_ref(&event), &sheet(format, None)).unwrap());
    insta::assert_snapshot!("events_table", shown(Format::Table));
    insta::assert_snapshot!("events_json", shown(Format::Json));
    let told = v1::WatchEventsResponse {
        node: "id7".to_owned(),
        name: "node7".to_owned(),
        event: Some(event.clone()),
    };
    let shown = |format| plain(&super::event(&told, &sheet(format, None)).unwrap());
    insta::assert_snapshot!(
        "event_of_a_watch",
        [Format::Table, Format::Json, Format::Yaml]
            .map(shown)
            .concat()
    );
}

#[test]
fn the_cluster() {
    use v1::attention::Kind::{Candidate, Fenced};
    let attention = |kind: v1::attention::Kind, name: &str| v1::Attention {
        kind: kind.into(),
        node: format!("id of {name}"),
        name: name.to_owned(),
        reason: "a reason".to_owned(),
    };
    let count = |status: v1::NodeStatus, nodes| v1::StatusCount {
        status: status.into(),
        nodes,
    };
    let cluster = v1::GetClusterResponse {
        nodes: 7,
        control_nodes: 2,
        tolerated_failures: 0,
        advice: vec!["one more is better".to_owned()],
        counts: vec![
            count(v1::NodeStatus::Candidate, 1),
            count(v1::NodeStatus::Active, 6),
        ],
        offline: 1,
        attention: vec![attention(Fenced, "node1"), attention(Candidate, "node2")],
        attention_total: 5,
        version: "0.1.0".to_owned(),
    };
    let shown = |format| plain(&super::cluster(&cluster, &sheet(format, None)).unwrap());
    insta::assert_snapshot!("cluster", shown(Format::Table));
    insta::assert_snapshot!("cluster_json", shown(Format::Json));
}

/// After a reset what is as it was is no news; what went meanwhile is.
#[test]
fn a_feed_tells_news_alone() {
    let step = |kind: Kind, node: Option<v1::NodeRecord>| v1::WatchNodesResponse {
        kind: kind.into(),
        node,
    };
    let [busy, hostile] = <[_; 2]>::try_from(nodes()).unwrap();
    let fenced = v1::NodeRecord {
        status: v1::NodeStatus::Fenced.into(),
        revision: 10,
        ..busy.clone()
    };
    let heard = v1::NodeRecord {
        heard_unix_ms: Some(NOW),
        ..fenced.clone()
    };
    let steps = [
        step(Kind::Reset, None),
        step(Kind::Node, Some(busy)),
        step(Kind::Node, Some(hostile)),
        step(Kind::Synced, None),
        step(Kind::Node, Some(fenced)),
        step(Kind::Reset, None),
        step(Kind::Node, Some(heard)),
        step(Kind::Synced, None),
    ];
    let run = |format| {
        let mut feed = Feed::new(sheet(format, Some(200)));
        let texts = steps
            .iter()
            .filter_map(|step| feed.step(step, NOW).unwrap());
        texts.map(|text| plain(&text)).collect::<String>()
    };
    insta::assert_snapshot!("feed_table", run(Format::Table));
    insta::assert_snapshot!("feed_name", run(Format::Name));
    assert_eq!(run(Format::Json).lines().count(), steps.len());
}
