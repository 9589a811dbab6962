//! The crate `cel` evaluates too: whatever it makes of an expression, this module makes of it.

use std::collections::HashMap;
use std::sync::Arc;

use cel::{Context, Env, Value};
use proptest::prelude::*;

use super::*;

/// What is null is left out, so that to ask for it is an error. Integers are `int`.
fn value_of(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => (*value).into(),
        Json::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64().unwrap().into(),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(elements) => elements.iter().map(value_of).collect::<Vec<_>>().into(),
        Json::Object(fields) => {
            let known = fields.iter().filter(|(_, value)| !value.is_null());
            let known = known.map(|(name, value)| (name.clone(), value_of(value)));
            known.collect::<HashMap<String, Value>>().into()
        }
    }
}

struct Oracle {
    env: Arc<Env>,
    variables: Vec<(String, Value)>,
    inventory: Inventory,
}

impl Oracle {
    fn new() -> Self {
        let inventory = metal();
        let document = serde_json::to_value(&inventory).unwrap();
        let fields = document.as_object().unwrap().iter();
        Self {
            env: Arc::new(Env::stdlib()),
            variables: fields
                .map(|(name, value)| (name.clone(), value_of(value)))
                .collect(),
            inventory,
        }
    }

    fn agrees(&self, expression: &Expression) -> bool {
        let text = expression.text();
        let mut context = Context::with_env(Arc::clone(&self.env));
        for (name, value) in &self.variables {
            context.add_variable_from_value(name.as_str(), value.clone());
        }
        let theirs = self.env.compile(text).unwrap().execute(&context);
        let machine = Machine::new(&self.inventory);
        let facts = Facts::new(&machine);
        match (expression.evaluate(&facts), &theirs) {
            (Answer::Yes, Ok(Value::Bool(true))) | (Answer::No, Ok(Value::Bool(false))) => true,
            (Answer::Unknown(_) | Answer::Failed(_), Err(_)) => true,
            (ours, theirs) => panic!("{text}\n{ours:?}\n{theirs:?}"),
        }
    }
}

fn pick(choices: &'static [&'static str]) -> BoxedStrategy<String> {
    prop::sample::select(choices)
        .prop_map(str::to_owned)
        .boxed()
}

/// The shape with its `~` replaced in turn.
fn filled(shape: &'static str, parts: Vec<BoxedStrategy<String>>) -> BoxedStrategy<String> {
    let fill = move |parts: Vec<String>| {
        let gaps = shape
            .split('~')
            .zip(parts.into_iter().chain([String::new()]));
        gaps.map(|(before, part)| format!("{before}{part}"))
            .collect()
    };
    parts.prop_map(fill).boxed()
}

/// `d` is a disk wherever these stand.
fn number(depth: u32) -> BoxedStrategy<String> {
    let leaf = pick(&[
        "0",
        "1",
        "-3",
        "7",
        "9223372036854775807",
        "cpu.threads",
        "cpu.sockets",
        "memory.total_bytes",
        "d.size_bytes",
        "memory.ecc.correctable_errors",
        "d.health.media_errors",
        "d.numa_node",
        "disks[1].size_bytes",
        "disks[9].size_bytes",
        "size(cpu.flags)",
        "disks.size()",
        "size(d.name)",
        "size(cpu.vulnerabilities)",
        "numa[0].distances[1]",
        "int('12')",
        "int('x')",
        "int(cpu.frequency_mhz.base)",
        "size('äß€')",
    ]);
    if depth == 0 {
        return leaf;
    }
    let next = || number(depth - 1);
    let sign = || pick(&["+", "-", "*", "/", "%"]);
    prop_oneof![
        3 => leaf,
        2 => filled("(~ ~ ~)", vec![next(), sign(), next()]),
        1 => filled("(~ ? ~ : ~)", vec![condition(depth - 1), next(), next()]),
        1 => filled("disks.map(d, ~)[0]", vec![next()]),
        1 => filled("disks.filter(d, ~).size()", vec![condition(depth - 1)]),
        1 => filled("size(disks.map(d, ~, ~))", vec![condition(depth - 1), next()]),
        1 => filled("(-(~))", vec![next()]),
    ]
    .boxed()
}

fn text(depth: u32) -> BoxedStrategy<String> {
    let leaf = pick(&[
        "''",
        "'a'",
        "\"ä\"",
        "d.name",
        "d.serial",
        "string(d.transport)",
        "string(d.health.status)",
        "host.hostname",
        "bmc.ipv4",
        "cpu.architecture",
        "disks[0].model",
        "cpu.vulnerabilities['meltdown']",
        "cpu.vulnerabilities.none",
        "string(1)",
        "string(1.5)",
        "string(true)",
    ]);
    if depth == 0 {
        return leaf;
    }
    let next = || text(depth - 1);
    prop_oneof![
        3 => leaf,
        1 => filled("(~ + ~)", vec![next(), next()]),
        1 => filled("(~ ? ~ : ~)", vec![condition(depth - 1), next(), next()]),
        1 => filled("string(~)", vec![number(depth - 1)]),
    ]
    .boxed()
}

fn condition(depth: u32) -> BoxedStrategy<String> {
    let leaf = pick(&[
        "true",
        "false",
        "d.rotational",
        "d.available",
        "host.secure_boot",
        "has(d.serial)",
        "has(d.health.status)",
        "has(d.numa_node)",
        "has(cpu.isolated_cpus)",
        "'aes' in cpu.flags",
        "'meltdown' in cpu.vulnerabilities",
        "d.transport in ['sas', 'sata']",
        "numa[0].distances == [10, 21]",
        "d.links != cpu.flags",
        "cpu.flags.exists_one(f, f == 'aes')",
        "cpu.vulnerabilities.all(v, v.size() > 3)",
        "d.serial.matches('^[A-K]')",
        "cpu.frequency_mhz.base >= cpu.threads",
        "cpu.frequency_mhz.min < 3.5",
        "1u <= cpu.threads",
        "2.0 == 2",
        "bool('t')",
        "double('1.5') > cpu.threads",
        "cpu.flags + ['x'] != []",
        "[] == cpu.flags",
        "uint(-1) == 1u",
        "1.0 / 0.0 > 5",
        "d.mount_points.exists(m, m == '/')",
    ]);
    if depth == 0 {
        return leaf;
    }
    let next = || condition(depth - 1);
    let order = || pick(&["<", "<=", ">", ">=", "==", "!="]);
    prop_oneof![
        2 => leaf,
        2 => filled("(~ && ~)", vec![next(), next()]),
        2 => filled("(~ || ~)", vec![next(), next()]),
        1 => filled("!(~)", vec![next()]),
        1 => filled("(~ ? ~ : ~)", vec![next(), next(), next()]),
        2 => filled("(~ ~ ~)", vec![number(depth - 1), order(), number(depth - 1)]),
        2 => filled("(~ ~ ~)", vec![text(depth - 1), order(), text(depth - 1)]),
        1 => filled("~.~(~)", vec![text(depth - 1), pick(&["contains", "startsWith", "endsWith"]), text(depth - 1)]),
        1 => filled("(~ in [~, ~])", vec![number(depth - 1), number(depth - 1), number(depth - 1)]),
        3 => filled("disks.~(d, ~)", vec![pick(&["all", "exists", "exists_one"]), next()]),
        1 => filled("disks.filter(d, ~).~(d, ~)", vec![next(), pick(&["all", "exists"]), next()]),
    ]
    .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn both_evaluations_agree(body in condition(3), fold in pick(&["all", "exists", "exists_one"])) {
        let text = format!("disks.{fold}(d, {body})");
        let expression = Expression::compile(&text).unwrap();
        thread_local!(static ORACLE: Oracle = Oracle::new());
        prop_assert!(ORACLE.with(|oracle| oracle.agrees(&expression)));
    }
}
