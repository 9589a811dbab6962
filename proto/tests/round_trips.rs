//! Whatever can be said comes out of the wire as it went in: messages, words, documents, join tokens.

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

use std::sync::LazyLock;

use muster_model::{NodeStatus, Role};
use muster_proto::{JoinToken, v1};
use proptest::prelude::*;
use proptest::strategy::Union;
use proptest::test_runner::TestRunner;
use prost::Message as _;
use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor,
    Value,
};

static POOL: LazyLock<DescriptorPool> = LazyLock::new(wire::current);

/// Of each message.
const CASES: u32 = 64;

#[test]
fn every_message_comes_out_of_the_code_as_it_went_in() {
    for name in wire::spoken(&POOL) {
        let descriptor = message(&name);
        let code = wire::code(&name);
        let mut runner = TestRunner::new(ProptestConfig {
            cases: CASES,
            failure_persistence: None,
            ..ProptestConfig::default()
        });
        let comes_back = |said: DynamicMessage| {
            let bytes = said.encode_to_vec();
            let again = code(&bytes).unwrap();
            let read = |bytes: &[u8]| DynamicMessage::decode(descriptor.clone(), bytes).unwrap();
            prop_assert_eq!(read(&again), read(&bytes), "{}", name);
            prop_assert_eq!(again.len(), bytes.len(), "{}", name);
            Ok(())
        };
        let held = runner.run(&messages(&descriptor), comes_back);
        held.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

proptest! {
    #[test]
    fn bytes_of_strangers_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for name in wire::spoken(&POOL) {
            // Whether they say anything does not matter.
            let _ = wire::code(&name)(&bytes);
        }
    }

    #[test]
    fn a_number_is_the_word_that_has_it_or_none(number in prop_oneof![-2..40_i32, any::<i32>()]) {
        let status = v1::NodeStatus::try_from(number).ok();
        let known = status.and_then(v1::NodeStatus::known);
        prop_assert_eq!(known.is_some(), (1..=13).contains(&number));
        if let Some(word) = known {
            prop_assert_eq!(i32::from(v1::NodeStatus::from(word)), number);
        }
        let role = v1::Role::try_from(number).ok();
        let known = role.and_then(v1::Role::known);
        prop_assert_eq!(known.is_some(), (1..=2).contains(&number));
        if let Some(word) = known {
            prop_assert_eq!(i32::from(v1::Role::from(word)), number);
        }
    }

    #[test]
    fn a_word_is_known_again(
        status in prop::sample::select(NodeStatus::ALL.to_vec()),
        role in prop::sample::select(Role::ALL.to_vec()),
    ) {
        prop_assert_eq!(v1::NodeStatus::from(status).known(), Some(status));
        prop_assert_eq!(v1::Role::from(role).known(), Some(role));
    }

    #[test]
    fn a_document_comes_back_and_is_never_another(
        content in prop::collection::vec(any::<u8>(), 0..4000),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        const SCHEMA: &str = "muster.inventory/v1";
        let packed = v1::Document::pack(SCHEMA, &content).unwrap();
        prop_assert_eq!(&packed.unpack(SCHEMA).unwrap(), &content);
        let sent = v1::Document::decode(packed.encode_to_vec().as_slice()).unwrap();
        prop_assert_eq!(&sent.unpack(SCHEMA).unwrap(), &content);

        let mut damaged = packed.clone();
        let byte = at.index(damaged.content.len());
        damaged.content[byte] ^= 1 << bit;
        if let Ok(read) = damaged.unpack(SCHEMA) {
            prop_assert_eq!(&read, &content, "a bit that means nothing");
        }
        let mut of_another = packed;
        let byte = at.index(of_another.digest.len());
        of_another.digest[byte] ^= 1 << bit;
        prop_assert!(of_another.unpack(SCHEMA).is_err());
    }

    #[test]
    fn a_join_token_comes_back(
        id in "[A-Za-z0-9]{10}",
        secret in any::<[u8; 32]>(),
        pin in any::<[u8; 32]>(),
        space in "[ \t\n]{0,3}",
    ) {
        let text = JoinToken::new(&id, secret, pin).reveal();
        let read = JoinToken::parse(&format!("{space}{}{space}", *text)).unwrap();
        prop_assert_eq!((read.id(), read.secret(), read.pin()), (id.as_str(), &secret, &pin));
        prop_assert_eq!(read.reveal(), text);
    }

    /// Two texts are never one token: what is revoked under one could be used under the other.
    #[test]
    fn what_is_taken_for_a_token_is_written_in_one_way(
        text in prop_oneof![
            any::<String>(),
            "mst1\\.[A-Za-z0-9]{10}\\.[A-Za-z0-9_-]{42,44}\\.[A-Za-z0-9_-]{42,44}=?",
        ],
    ) {
        if let Ok(token) = JoinToken::parse(&text) {
            let again = token.reveal();
            prop_assert_eq!(again.as_str(), text.trim());
        }
    }
}

fn message(name: &str) -> MessageDescriptor {
    let full = format!("muster.v1.{name}");
    POOL.get_message_by_name(&full).unwrap()
}

/// Any message of a kind: each field is there or not.
fn messages(descriptor: &MessageDescriptor) -> BoxedStrategy<DynamicMessage> {
    let fields: Vec<FieldDescriptor> = descriptor.fields().collect();
    let each = fields
        .iter()
        .map(|field| prop::option::of(values(field)))
        .collect::<Vec<_>>();
    let descriptor = descriptor.clone();
    each.prop_map(move |values| {
        let mut message = DynamicMessage::new(descriptor.clone());
        for (field, value) in fields.iter().zip(values) {
            // Of a `oneof`, the last one is there.
            if let Some(value) = value {
                message.set_field(field, value);
            }
        }
        message
    })
    .boxed()
}

/// Anything that a field may have.
fn values(field: &FieldDescriptor) -> BoxedStrategy<Value> {
    if field.is_map() {
        let entry = field.kind();
        let entry = entry.as_message().unwrap();
        assert!(matches!(entry.map_entry_key_field().kind(), Kind::String));
        let of_it = prop::collection::hash_map(
            any::<String>().prop_map(MapKey::String),
            single(&entry.map_entry_value_field()),
            0..3,
        );
        return of_it.prop_map(Value::Map).boxed();
    }
    match field.cardinality() {
        Cardinality::Repeated => prop::collection::vec(single(field), 0..3)
            .prop_map(Value::List)
            .boxed(),
        _ => single(field),
    }
}

fn single(field: &FieldDescriptor) -> BoxedStrategy<Value> {
    match field.kind() {
        Kind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::Double => any::<f64>().prop_map(Value::F64).boxed(),
        Kind::Uint32 => any::<u32>().prop_map(Value::U32).boxed(),
        Kind::Uint64 => any::<u64>().prop_map(Value::U64).boxed(),
        Kind::Int64 => any::<i64>().prop_map(Value::I64).boxed(),
        Kind::String => any::<String>().prop_map(Value::String).boxed(),
        Kind::Bytes => prop::collection::vec(any::<u8>(), 0..40)
            .prop_map(|bytes| Value::Bytes(bytes.into()))
            .boxed(),
        // A later release may have more words.
        Kind::Enum(one) => {
            let known = one.values().map(|value| value.number()).collect::<Vec<_>>();
            let number = Union::new([prop::sample::select(known).boxed(), any::<i32>().boxed()]);
            number.prop_map(Value::EnumNumber).boxed()
        }
        Kind::Message(of) => messages(&of).prop_map(Value::Message).boxed(),
        other => panic!("a {other:?}: say here what it may be"),
    }
}
