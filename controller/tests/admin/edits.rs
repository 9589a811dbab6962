//! Names, tags, labels and taints of nodes.

use muster_proto::v1;
use muster_proto::v1::admin_client::AdminClient;
use tonic::Code;
use tonic::transport::Channel;

use super::lab::Lab;
use super::{id, record};

#[tokio::test]
async fn names_tags_labels_and_taints_are_edited_after_joining() {
    let lab = Lab::start().await;
    lab.fleet.admit(record(1), Vec::new()).await.unwrap();
    let mut admin = lab.admin().await;
    let asked = v1::EditNodeRequest {
        name: Some("blue".to_owned()),
        description: Some("top of rack".to_owned()),
        add_tags: vec!["new".to_owned()],
        set_labels: [("rack".to_owned(), "7".to_owned())].into(),
        set_taints: vec![taint("dedicated", "NoSchedule"), taint("old", "NoExecute")],
        ..of("node-1")
    };
    let node = edited(&mut admin, asked.clone()).await;
    assert_eq!(
        (node.name.as_str(), node.taints.len(), node.revision),
        ("blue", 2, 2)
    );
    // The same again is no change, and no event.
    let again = v1::EditNodeRequest {
        node: "blue".to_owned(),
        ..asked
    };
    assert_eq!(edited(&mut admin, again).await.revision, 2);
    let removed = v1::EditNodeRequest {
        remove_taints: vec!["old".to_owned()],
        remove_labels: vec!["rack".to_owned()],
        remove_tags: vec!["new".to_owned()],
        ..of("blue")
    };
    let node = edited(&mut admin, removed).await;
    assert_eq!(node.taints, [taint("dedicated", "NoSchedule")]);
    assert!(node.labels.is_empty() && node.tags.is_empty());
    let events = lab.fleet.store().events(&id(1), 1, 10).await.unwrap();
    let said: Vec<&str> = events
        .iter()
        .map(|event| event.message.split(" set by").next().unwrap())
        .collect();
    assert_eq!(
        said,
        [
            "name blue, description, tag new, label rack=7, taint dedicated=gpu:NoSchedule, taint old=gpu:NoExecute",
            "no tag new, no label rack, no taint old"
        ]
    );
}

#[tokio::test]
async fn an_edit_that_is_wrong_is_refused() {
    let lab = Lab::start().await;
    for number in 0..2 {
        lab.fleet.admit(record(number), Vec::new()).await.unwrap();
    }
    let mut admin = lab.admin().await;
    let named = |name: &str| v1::EditNodeRequest {
        name: Some(name.to_owned()),
        ..of("node-0")
    };
    let wrong = [
        (named(" "), Code::InvalidArgument),
        (named("a\u{1b}b"), Code::InvalidArgument),
        (named("node-1"), Code::AlreadyExists),
        (
            v1::EditNodeRequest {
                add_tags: vec!["a b".to_owned()],
                ..of("node-0")
            },
            Code::InvalidArgument,
        ),
        (
            v1::EditNodeRequest {
                set_labels: [("a b".to_owned(), String::new())].into(),
                ..of("node-0")
            },
            Code::InvalidArgument,
        ),
        (
            v1::EditNodeRequest {
                set_taints: vec![taint("a", "Never")],
                ..of("node-0")
            },
            Code::InvalidArgument,
        ),
        (of("nobody"), Code::NotFound),
    ];
    for (asked, code) in wrong {
        let refused = admin.edit_node(asked.clone()).await.unwrap_err();
        assert_eq!(refused.code(), code, "{asked:?}: {refused}");
    }
}

/// An edit of that node which changes nothing yet.
fn of(node: &str) -> v1::EditNodeRequest {
    v1::EditNodeRequest {
        node: node.to_owned(),
        ..Default::default()
    }
}

fn taint(key: &str, effect: &str) -> v1::Taint {
    v1::Taint {
        key: key.to_owned(),
        value: "gpu".to_owned(),
        effect: effect.to_owned(),
    }
}

async fn edited(admin: &mut AdminClient<Channel>, asked: v1::EditNodeRequest) -> v1::NodeRecord {
    let answer = admin.edit_node(asked).await.unwrap();
    answer.into_inner().node.unwrap()
}
