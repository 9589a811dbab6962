//! One release of skew, both ways: bytes of the last release are understood by this tree's code, and bytes of this
//! tree by code that has the protocol of the last release.
//!
//! `golden/` has what the last release sends, with every field set, and beside each what it says. With
//! `MUSTER_BLESS=1` what is missing there is added; what is there is never written again.

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

use std::path::PathBuf;

use muster_proto::v1;
use prost::Message;
use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor,
    ReflectMessage as _, Value,
};

#[test]
fn bytes_of_the_last_release_are_understood() {
    let (released, current) = (wire::released(), wire::current());
    for name in wire::spoken(&released) {
        let (bytes, said) = golden(&released, &name);
        let new = decode(&current, &name, &bytes);
        assert_eq!(text(&new), said, "{name} says something else now");
        // Nothing of it is lost in the code either.
        let code = wire::code(&name);
        let again = code(&bytes).unwrap();
        assert_eq!(again, bytes, "{name} comes out of the code changed");
    }
}

#[test]
fn bytes_of_this_tree_are_understood_by_the_last_release() {
    let (released, current) = (wire::released(), wire::current());
    for name in wire::spoken(&released) {
        let new = filled(&find(&current, &name));
        let old = decode(&released, &name, &new.encode_to_vec());
        understood(&old, &new);
    }
}

/// The same with a release that lacks fields and messages for certain.
#[test]
fn what_is_not_known_is_passed_over() {
    let to = "optional double load_1m = 6;\n  optional double load_5m = 7;\n  Taint nested = 8;";
    let newer = wire::changed("muster/v1/types.proto", "optional double load_1m = 6;", to);
    let beat = filled(&find(&newer, "HeartbeatRequest"));
    let bytes = beat.encode_to_vec();
    let old = decode(&wire::current(), "HeartbeatRequest", &bytes);
    understood(&old, &beat);
    assert!(text(&old).len() < text(&beat).len());
    let code = v1::HeartbeatRequest::decode(bytes.as_slice()).unwrap();
    let gauges = code.gauges.unwrap();
    assert_eq!((gauges.cpu_percent, gauges.load_1m), (Some(1.5), Some(6.5)));
}

/// A value that an enum has not had yet arrives as a number, and is known as none.
#[test]
fn statuses_of_later_releases_are_unknown_and_no_error() {
    let to = "NODE_STATUS_OUT = 13;\n  NODE_STATUS_LATER = 14;";
    let newer = wire::changed("muster/v1/types.proto", "NODE_STATUS_OUT = 13;", to);
    let mut node = DynamicMessage::new(find(&newer, "NodeRecord"));
    node.set_field_by_name("status", Value::EnumNumber(14));
    let node = v1::NodeRecord::decode(node.encode_to_vec().as_slice()).unwrap();
    assert_eq!(v1::NodeStatus::try_from(node.status).ok(), None);
}

/// The bytes that are kept of a message, and what they say.
fn golden(released: &DescriptorPool, name: &str) -> (Vec<u8>, String) {
    let path =
        |ending: &str| -> PathBuf { wire::folder().join(format!("tests/golden/{name}.{ending}")) };
    if wire::blesses() && !path("bin").exists() {
        let message = filled(&find(released, name));
        std::fs::write(path("bin"), message.encode_to_vec()).unwrap();
        std::fs::write(path("txt"), text(&message)).unwrap();
    }
    let bytes = std::fs::read(path("bin"));
    let bytes = bytes.unwrap_or_else(|_| panic!("{name} has no golden; MUSTER_BLESS=1 adds it"));
    (bytes, std::fs::read_to_string(path("txt")).unwrap())
}

/// Fails unless `old` has each field that it knows as `new` has it.
fn understood(old: &DynamicMessage, new: &DynamicMessage) {
    for field in old.descriptor().fields() {
        let theirs = new.get_field_by_number(field.number()).unwrap();
        let ours = old.get_field(&field);
        let where_ = field.full_name();
        match (&*ours, &*theirs) {
            (Value::Message(ours), Value::Message(theirs)) => understood(ours, theirs),
            (Value::List(ours), Value::List(theirs)) => {
                assert_eq!(ours.len(), theirs.len(), "{where_}");
                for (ours, theirs) in ours.iter().zip(theirs) {
                    match (ours.as_message(), theirs.as_message()) {
                        (Some(ours), Some(theirs)) => understood(ours, theirs),
                        _ => assert_eq!(ours, theirs, "{where_}"),
                    }
                }
            }
            (ours, theirs) => assert_eq!(ours, theirs, "{where_}"),
        }
    }
}

fn find(pool: &DescriptorPool, name: &str) -> MessageDescriptor {
    let full = format!("muster.v1.{name}");
    pool.get_message_by_name(&full)
        .unwrap_or_else(|| panic!("there is no {full}"))
}

fn decode(pool: &DescriptorPool, name: &str, bytes: &[u8]) -> DynamicMessage {
    DynamicMessage::decode(find(pool, name), bytes).unwrap()
}

/// What a message says, a line a field.
fn text(message: &DynamicMessage) -> String {
    let options = prost_reflect::text_format::FormatOptions::new()
        .pretty(true)
        .skip_unknown_fields(true);
    format!("{}\n", message.to_text_format_with_options(&options))
}

/// A message with every field set to something of its own; the first of a `oneof`.
fn filled(descriptor: &MessageDescriptor) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    for field in descriptor.fields() {
        let taken = field
            .containing_oneof()
            .is_some_and(|oneof| oneof.fields().any(|other| message.has_field(&other)));
        if !taken {
            let value = filling(&field);
            message.set_field(&field, value);
        }
    }
    message
}

fn filling(field: &FieldDescriptor) -> Value {
    if field.is_map() {
        let entry = field.kind();
        let entry = entry.as_message().unwrap();
        let key = match filling(&entry.map_entry_key_field()) {
            Value::String(key) => MapKey::String(key),
            other => panic!("a map by {other:?}"),
        };
        let value = filling(&entry.map_entry_value_field());
        return Value::Map([(key, value)].into());
    }
    let value = single(field);
    match field.cardinality() {
        Cardinality::Repeated => Value::List(vec![value.clone(), value]),
        _ => value,
    }
}

fn single(field: &FieldDescriptor) -> Value {
    let number = field.number();
    match field.kind() {
        Kind::Bool => Value::Bool(true),
        Kind::Double => Value::F64(f64::from(number) + 0.5),
        Kind::Uint32 => Value::U32(1000 + number),
        Kind::Uint64 => Value::U64((1 << 40) + u64::from(number)),
        Kind::Int64 => Value::I64(1_790_000_000_000 + i64::from(number)),
        Kind::String => Value::String(format!("{} {number}", field.name())),
        Kind::Bytes => Value::Bytes(vec![0, 255, u8::try_from(number).unwrap()].into()),
        Kind::Enum(one) => Value::EnumNumber(one.values().last().unwrap().number()),
        Kind::Message(message) => Value::Message(filled(&message)),
        other => panic!("a {other:?}: say here what to fill it with"),
    }
}
