//! Nothing that was released is taken away or changes its meaning; additions pass.
//!
//! `proto/released` has the `.proto` files of the last release. At a release,
//! `MUSTER_BLESS=released cargo test -p muster-proto --test breaking` puts the files of this tree there: only when nothing of
//! what was released breaks.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    dead_code,
    reason = "test code"
)]

mod wire;

use std::collections::BTreeSet;

use prost_reflect::{Cardinality, DescriptorPool, FieldDescriptor};

#[test]
fn what_was_released_is_still_there() {
    let broken = broken(&wire::released(), &wire::current());
    assert!(
        broken.is_empty(),
        "the last release speaks what this tree does not:\n{}",
        broken.join("\n")
    );
    if wire::releases() {
        for file in wire::FILES {
            let kept = wire::released_folder().join(file);
            std::fs::copy(wire::folder().join(file), kept).unwrap();
        }
    }
}

#[test]
fn what_breaks_is_found() {
    let types = "muster/v1/types.proto";
    let node = "muster/v1/node.proto";
    let faults = [
        (
            types,
            "optional double load_1m = 6;",
            "reserved 6;",
            "field 6 of muster.v1.Gauges",
        ),
        (
            types,
            "optional double load_1m = 6;",
            "reserved 6; optional double load_1m = 7;",
            "field 6 of muster.v1.Gauges",
        ),
        (
            types,
            "optional double load_1m = 6;",
            "optional float load_1m = 6;",
            "field 6 of muster.v1.Gauges",
        ),
        (
            types,
            "optional double load_1m = 6;",
            "double load_1m = 6;",
            "field 6 of muster.v1.Gauges",
        ),
        (
            types,
            "optional double load_1m = 6;",
            "repeated double load_1m = 6;",
            "field 6 of muster.v1.Gauges",
        ),
        (
            types,
            "optional double load_1m = 6;",
            "optional double load = 6;",
            "field 6 of muster.v1.Gauges",
        ),
        (
            types,
            "  ROLE_WORKER = 2;",
            "  ROLE_WORKER = 3;",
            "value 2 of muster.v1.Role",
        ),
        (
            node,
            "message WatchRequest {\n  uint64 generation = 1;",
            "message WatchRequest {",
            "field 1 of muster.v1.WatchRequest",
        ),
        (
            node,
            "returns (stream WatchResponse)",
            "returns (WatchResponse)",
            "rpc muster.v1.Node.Watch",
        ),
    ];
    for (file, from, to, complaint) in faults {
        let found = broken(&wire::current(), &wire::changed(file, from, to));
        assert_eq!(found.len(), 1, "{to:?}: {found:?}");
        assert!(found[0].starts_with(complaint), "{to:?}: {found:?}");
    }
}

#[test]
fn renewing_goldens_is_no_release() {
    assert!(wire::is_release("released"));
    for word in ["1", "", "yes", "release"] {
        assert!(!wire::is_release(word), "{word:?}");
    }
}

#[test]
fn additions_pass() {
    let to = "optional double load_1m = 6;\n  repeated string more = 7;";
    let more = wire::changed("muster/v1/types.proto", "optional double load_1m = 6;", to);
    assert_eq!(broken(&wire::current(), &more), Vec::<String>::new());
}

/// What `old` says and `new` does not.
fn broken(old: &DescriptorPool, new: &DescriptorPool) -> Vec<String> {
    facts(old).difference(&facts(new)).cloned().collect()
}

/// The protocol, a sentence for each thing that a peer relies on.
fn facts(pool: &DescriptorPool) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    for message in pool.all_messages() {
        for field in message.fields() {
            let (name, number) = (message.full_name(), field.number());
            facts.insert(format!("field {number} of {name}: {}", shape(&field)));
        }
    }
    for one in pool.all_enums() {
        for value in one.values() {
            let (number, name) = (value.number(), value.name());
            facts.insert(format!("value {number} of {}: {name}", one.full_name()));
        }
    }
    for method in pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
    {
        let stream = |streams: bool| if streams { "stream " } else { "" };
        facts.insert(format!(
            "rpc {}({}{}) returns ({}{})",
            method.full_name(),
            stream(method.is_client_streaming()),
            method.input().full_name(),
            stream(method.is_server_streaming()),
            method.output().full_name(),
        ));
    }
    facts
}

/// Name, type and presence: `optional double load_1m`.
fn shape(field: &FieldDescriptor) -> String {
    let presence = match (field.cardinality(), field.containing_oneof()) {
        (Cardinality::Repeated, _) => "repeated ".to_owned(),
        (_, Some(oneof)) if !field.field_descriptor_proto().proto3_optional() => {
            format!("oneof {} ", oneof.name())
        }
        _ if field.supports_presence() => "optional ".to_owned(),
        _ => String::new(),
    };
    format!("{presence}{:?} {}", field.kind(), field.name())
}
