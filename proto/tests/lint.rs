//! How the protocol is written: the rules of `buf lint` (its STANDARD set, but for the suffix `Service`), and a
//! comment on all that has a name of its own.

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

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{
    DescriptorPool, EnumDescriptor, FileDescriptor, MessageDescriptor, ServiceDescriptor, Syntax,
};

const TYPES: &str = "muster/v1/types.proto";
const NODE: &str = "muster/v1/node.proto";

/// A file, what to change in it to what, and the complaint. Each is put before or into something that stays, and so takes its comment.
const FAULTS: [(&str, &str, &str, &str); 11] = [
    (
        TYPES,
        "enum Role {",
        "enum Bad { BAD_UNSPECIFIED = 0; ONE = 1; }\nenum Role {",
        "ONE does not begin with BAD_",
    ),
    (
        TYPES,
        "enum Role {",
        "enum Bad { BAD_NONE = 0; }\nenum Role {",
        "BAD_NONE, is not BAD_UNSPECIFIED",
    ),
    (
        TYPES,
        "enum Role {",
        "enum Bad { BAD_UNSPECIFIED = 0; }\nenum Role {",
        "enum muster.v1.Role has no comment",
    ),
    (
        TYPES,
        "message Taint {",
        "message Bad { uint32 a = 3; }\nmessage Taint {",
        "skips the numbers [1, 2]",
    ),
    (
        TYPES,
        "message Taint {",
        "message Bad { uint32 Load = 1; }\nmessage Taint {",
        "Load is not in lower_snake_case",
    ),
    (
        TYPES,
        "message Taint {",
        "message bad_one {}\nmessage Taint {",
        "bad_one is not in UpperCamelCase",
    ),
    (
        TYPES,
        "message Taint {",
        "message Bad {}\nmessage Taint {",
        "message muster.v1.Taint has no comment",
    ),
    (
        NODE,
        "service Node {",
        "service Bad {}\nservice Node {",
        "service muster.v1.Node has no comment",
    ),
    (
        NODE,
        "service Node {",
        "service Node {\n  rpc Bad(WatchRequest) returns (WatchResponse);",
        "rpc muster.v1.Node.Bad has no comment",
    ),
    (
        NODE,
        "service Node {",
        "service Node {\n  rpc Bad(WatchRequest) returns (WatchResponse);",
        "Bad does not take a BadRequest",
    ),
    (
        NODE,
        "service Node {",
        "service Node {\n  rpc Bad(WatchRequest) returns (WatchResponse);",
        "Bad does not return a BadResponse",
    ),
];

#[test]
fn the_protocol_is_well_written() {
    let complaints = lint(&wire::current());
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Each rule is broken once, and found.
#[test]
fn every_rule_finds_what_breaks_it() {
    for (file, from, to, complaint) in FAULTS {
        let complaints = lint(&wire::changed(file, from, to));
        assert!(
            complaints.iter().any(|line| line.contains(complaint)),
            "{to:?} is not found: {complaints:?}"
        );
    }
}

fn lint(pool: &DescriptorPool) -> Vec<String> {
    let mut found = Vec::new();
    for file in pool.files() {
        let comments = Comments::of(&file);
        found.extend(lint_file(&file));
        for message in file.messages() {
            lint_message(&message, &comments, &mut found);
        }
        for one in file.enums() {
            lint_enum(&one, &comments, &mut found);
        }
        for service in file.services() {
            lint_service(&service, &comments, &mut found);
        }
    }
    found
}

fn lint_file(file: &FileDescriptor) -> Vec<String> {
    let (name, package) = (file.name(), file.package_name());
    let mut found = Vec::new();
    if file.syntax() != Syntax::Proto3 {
        found.push(format!("{name} is not proto3"));
    }
    let version = package.rsplit_once(".v").map(|(_, version)| version);
    if version.is_none_or(|version| version.parse::<u32>().is_err()) {
        found.push(format!("{name}: the package {package} has no version"));
    }
    let folder = package.replace('.', "/");
    if !name.starts_with(&format!("{folder}/")) {
        found.push(format!(
            "{name} is not in the folder of its package, {folder}"
        ));
    }
    found
}

fn lint_message(message: &MessageDescriptor, comments: &Comments, found: &mut Vec<String>) {
    if message.is_map_entry() {
        return;
    }
    let name = message.full_name();
    comments.want("message", name, message.path(), found);
    if !is_upper_camel(message.name()) {
        found.push(format!("{name} is not in UpperCamelCase"));
    }
    let mut used: BTreeSet<u32> = message.fields().map(|field| field.number()).collect();
    used.extend(message.reserved_ranges().flatten());
    let last = used.last().copied().unwrap_or(0);
    let skipped: Vec<u32> = (1..=last).filter(|number| !used.contains(number)).collect();
    if !skipped.is_empty() {
        found.push(format!(
            "{name} skips the numbers {skipped:?}: reserve them"
        ));
    }
    for field in message.fields() {
        if !is_lower_snake(field.name()) {
            found.push(format!("{} is not in lower_snake_case", field.full_name()));
        }
    }
    for child in message.child_messages() {
        lint_message(&child, comments, found);
    }
    for child in message.child_enums() {
        lint_enum(&child, comments, found);
    }
}

fn lint_enum(one: &EnumDescriptor, comments: &Comments, found: &mut Vec<String>) {
    let name = one.full_name();
    comments.want("enum", name, one.path(), found);
    let prefix = format!("{}_", upper_snake(one.name()));
    for value in one.values() {
        if !value.name().starts_with(&prefix) {
            found.push(format!(
                "{name}: {} does not begin with {prefix}",
                value.name()
            ));
        }
        let wanted = format!("{prefix}UNSPECIFIED");
        if value.number() == 0 && value.name() != wanted {
            found.push(format!(
                "{name}: its zero, {}, is not {wanted}",
                value.name()
            ));
        }
    }
}

fn lint_service(service: &ServiceDescriptor, comments: &Comments, found: &mut Vec<String>) {
    let name = service.full_name();
    comments.want("service", name, service.path(), found);
    for method in service.methods() {
        comments.want("rpc", method.full_name(), method.path(), found);
        let wanted = (
            format!("{}Request", method.name()),
            format!("{}Response", method.name()),
        );
        if method.input().name() != wanted.0 {
            found.push(format!(
                "{} does not take a {}",
                method.full_name(),
                wanted.0
            ));
        }
        if method.output().name() != wanted.1 {
            found.push(format!(
                "{} does not return a {}",
                method.full_name(),
                wanted.1
            ));
        }
    }
}

/// The comments before things, by the things' paths in their file.
struct Comments(BTreeMap<Vec<i32>, String>);

impl Comments {
    fn of(file: &FileDescriptor) -> Self {
        let proto = file.file_descriptor_proto();
        let places = proto
            .source_code_info
            .iter()
            .flat_map(|info| &info.location);
        let comments = places.filter_map(|place| {
            let comment = place.leading_comments.clone()?;
            Some((place.path.clone(), comment))
        });
        Self(comments.collect())
    }

    fn want(&self, kind: &str, name: &str, path: &[i32], found: &mut Vec<String>) {
        let comment = self.0.get(path).map(|comment| comment.trim());
        if comment.is_none_or(str::is_empty) {
            found.push(format!("{kind} {name} has no comment"));
        }
    }
}

fn is_upper_camel(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_uppercase()) && !name.contains('_')
}

fn is_lower_snake(name: &str) -> bool {
    let fits =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    name.starts_with(|letter: char| letter.is_ascii_lowercase()) && name.chars().all(fits)
}

/// `NodeStatus` as `NODE_STATUS`.
fn upper_snake(name: &str) -> String {
    let mut snake = String::new();
    for (at, letter) in name.char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_uppercase());
    }
    snake
}
