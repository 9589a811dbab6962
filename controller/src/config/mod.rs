//! The controller's configuration: TOML, with all its mistakes told at once.
//!
//! There is no key for a secret.

mod values;

use std::fmt::Display;
use std::str::FromStr;

use muster_adequacy::policy::{Collected, Faults};
use muster_adequacy::verdict::Standing;
use toml_span::Value;
use toml_span::de_helpers::TableHelper;
use toml_span::value::ValueInner;

use crate::admission::Rule;
use values::{
    Adequate, Fingerprint, KeyedTaint, Labels, List, Mac, Name, Network, RoleKey, Text, TokenId,
};

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// Who is accepted without a person: the first that fits counts.
    pub rules: Vec<Rule>,
}

/// Reads a configuration.
///
/// # Errors
/// All its mistakes, with their places.
pub fn parse(text: &str) -> Result<Config, Faults> {
    let mut faults = Collected::default();
    let config = match toml_span::parse(text) {
        Ok(mut document) => whole(&mut document, &mut faults),
        Err(error) => {
            faults.add_one(error);
            Config::default()
        }
    };
    if faults.is_empty() {
        Ok(config)
    } else {
        Err(faults.in_text(text))
    }
}

fn whole(document: &mut Value<'_>, faults: &mut Collected) -> Config {
    let mut table = match TableHelper::new(document) {
        Ok(table) => table,
        Err(error) => {
            faults.add_all(error);
            return Config::default();
        }
    };
    let rules = table.take("admission");
    let rules = rules.map(|(_, mut rules)| read_rules(&mut rules, faults));
    if let Err(error) = table.finalize(None) {
        faults.add_all(error);
    }
    Config {
        rules: rules.unwrap_or_default(),
    }
}

fn read_rules(value: &mut Value<'_>, faults: &mut Collected) -> Vec<Rule> {
    let span = value.span;
    let ValueInner::Array(tables) = value.take() else {
        let form = "rules are written as [[admission]], one table a rule";
        faults.add(span.start, form);
        return Vec::new();
    };
    let mut rules: Vec<Rule> = Vec::new();
    for mut table in tables {
        let start = table.span.start;
        let Some(rule) = read_rule(&mut table, faults) else {
            continue;
        };
        if rules.iter().any(|other| other.name == rule.name) {
            let message = format!("there is another rule with the name {:?}", rule.name);
            faults.add(start, message);
        }
        rules.push(rule);
    }
    rules
}

fn read_rule(value: &mut Value<'_>, faults: &mut Collected) -> Option<Rule> {
    let start = value.span.start;
    let mut table = match TableHelper::new(value) {
        Ok(table) => table,
        Err(error) => {
            faults.add_all(error);
            return None;
        }
    };
    let rule = Rule {
        name: table
            .required::<Text<Name>>("name")
            .map(|text| text.0.0)
            .unwrap_or_default(),
        token: one::<TokenId>(&mut table, "token").map(|id| id.0),
        standing: one::<Adequate>(&mut table, "verdict").map(|Adequate| Standing::Adequate),
        readmit: table.optional("readmit").unwrap_or_default(),
        fingerprints: many::<Fingerprint>(&mut table, "fingerprints")
            .map(|all| all.into_iter().map(|one| one.0).collect()),
        serials: many::<Name>(&mut table, "serials")
            .map(|all| all.into_iter().map(|one| one.0).collect()),
        macs: many::<Mac>(&mut table, "macs").map(|all| all.into_iter().map(|one| one.0).collect()),
        node_name: one(&mut table, "node_name"),
        networks: many::<Network>(&mut table, "networks")
            .map(|all| all.into_iter().map(|one| one.0).collect()),
        role: one::<RoleKey>(&mut table, "role").map(|role| role.0),
        labels: table.optional::<Labels>("labels").unwrap_or_default().0,
        taints: many::<KeyedTaint>(&mut table, "taints")
            .unwrap_or_default()
            .into_iter()
            .map(|KeyedTaint(key, taint)| (key, taint))
            .collect(),
    };
    if let Err(error) = table.finalize(None) {
        faults.add_all(error);
        return None;
    }
    if rule.asks_for_nothing() {
        faults.add(start, "this rule has no condition, and would accept every machine; give one of token, verdict, fingerprints, serials, macs, node_name, networks");
    }
    Some(rule)
}

fn one<T: FromStr<Err: Display>>(table: &mut TableHelper<'_>, key: &'static str) -> Option<T> {
    table.optional::<Text<T>>(key).map(|text| text.0)
}

fn many<T: FromStr<Err: Display>>(
    table: &mut TableHelper<'_>,
    key: &'static str,
) -> Option<Vec<T>> {
    table.optional::<List<T>>(key).map(|list| list.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_configuration() {
        let config = parse(
            r#"
            [[admission]]
            name = "rack 7"
            token = "0123456789"
            verdict = "adequate"
            fingerprints = ["AA00000000000000000000000000000000000000000000000000000000000000"]
            serials = ["ABC123"]
            macs = ["52-54-00-12-34-5F"]
            node_name = "rack7-*"
            networks = ["192.0.2.0/24", "2001:db8::1"]
            readmit = true
            role = "worker"
            labels = { rack = "7" }
            taints = ["dedicated=gpu:NoSchedule"]

            [[admission]]
            name = "the rest"
            networks = ["198.51.100.7"]
            "#,
        );
        let config = config.unwrap();
        insta::assert_debug_snapshot!(config.rules);
        assert_eq!(parse("").unwrap(), Config::default());
    }

    #[test]
    fn all_mistakes_are_told_with_their_places_and_without_secrets() {
        let refused = parse(
            r#"
sokcet = 1
[[admission]]
name = "a"
token = "mst1.0123456789.verysecret.pin"
verdict = "undetermined"
macs = ["52:54:00", "x"]
networks = []
[[admission]]
name = "a"
[[admission]]
nmae = "c"
node_name = "***"
role = "king"
taints = ["k:Never"]
labels = 1
"#,
        );
        let told = refused.unwrap_err().to_string();
        assert!(!told.contains("verysecret"), "{told}");
        insta::assert_snapshot!(told);
    }

    #[test]
    fn what_is_no_toml_is_told() {
        let told = parse(
            "[[admission]
",
        )
        .unwrap_err()
        .to_string();
        assert!(told.starts_with("1:"), "{told}");
        let told = parse(
            "admission = 1
",
        )
        .unwrap_err()
        .to_string();
        assert!(told.contains("[[admission]]"), "{told}");
    }
}
