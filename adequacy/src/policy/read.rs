//! A policy from TOML, with all its mistakes at once.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use muster_model::Role;
use toml_span::de_helpers::TableHelper;
use toml_span::value::ValueInner;
use toml_span::{DeserError, Deserialize, Span, Value};

use super::fault::{Collected, Faults, nearest, quoted};
use super::values::{Set, Text, one_of, text, wrong};
use super::{POLICY_SCHEMA, Policy, Rule, Test};
use crate::check;
use crate::expression::Expression;
use crate::verdict::{PolicyName, Severity};

/// A policy is written by hand; nobody writes as much.
const LARGEST_TEXT: usize = 1 << 20;
const MOST_RULES: usize = 1000;
const NO_RULES: &str = "there are no [[rules]], so that every machine would be adequate";

pub(super) fn policy(content: &str) -> Result<Policy, Faults> {
    let mut faults = Collected::default();
    if content.len() > LARGEST_TEXT {
        faults.add(0, "the text is larger than 1 MiB, which no policy is");
        return Err(faults.in_text(content));
    }
    match toml_span::parse(content) {
        Err(error) => faults.add_one(error),
        Ok(mut document) => {
            if let Some(policy) = whole(&mut document, &mut faults) {
                return Ok(policy);
            }
        }
    }
    Err(faults.in_text(content))
}

/// The policy, unless there was a fault.
fn whole(document: &mut Value<'_>, faults: &mut Collected) -> Option<Policy> {
    let mut table = match TableHelper::new(document) {
        Ok(table) => table,
        Err(error) => {
            faults.add_all(error);
            return None;
        }
    };
    let schema = table.required_s::<String>("schema");
    if let Ok(schema) = schema
        && schema.value != POLICY_SCHEMA
    {
        let found = quoted(&schema.value);
        faults.add(
            schema.span.start,
            format!("this is {found}, and {POLICY_SCHEMA:?} is understood here"),
        );
    }
    let name = table.required::<Text>("name");
    let version = table.required::<Text>("version");
    let description = table.optional::<Text>("description");
    let roles = table.required_s::<Roles>("roles");
    let judged = match &roles {
        Ok(roles) => roles.value.0.clone(),
        Err(_) => Role::ALL.into(),
    };
    let rules = match table.take("rules") {
        Some((_, mut rules)) => read_rules(&mut rules, &judged, faults),
        None => {
            faults.add(0, NO_RULES);
            Vec::new()
        }
    };
    if let Err(error) = table.finalize(None) {
        faults.add_all(error);
    }
    if !faults.is_empty() {
        return None;
    }
    let roles = roles.ok()?;
    note_idle_roles(&roles.value.0, roles.span, &rules, faults);
    if !faults.is_empty() {
        return None;
    }
    Some(Policy {
        name: PolicyName {
            name: name.ok()?.0,
            version: version.ok()?.0,
        },
        description: description.map(|text| text.0).unwrap_or_default(),
        roles: roles.value.0.into_iter().collect(),
        rules,
    })
}

/// A role that no rule is for would be anybody's.
fn note_idle_roles(judged: &BTreeSet<Role>, at: Span, rules: &[Rule], faults: &mut Collected) {
    let is_idle = |role: &&Role| !rules.iter().any(|rule| rule.roles.contains(role));
    for role in judged.iter().filter(is_idle) {
        let message = format!(
            "no rule is for the role {role}, so that every machine would be adequate for it"
        );
        faults.add(at.start, message);
    }
}

fn read_rules(value: &mut Value<'_>, judged: &BTreeSet<Role>, faults: &mut Collected) -> Vec<Rule> {
    let span = value.span;
    let ValueInner::Array(tables) = value.take() else {
        faults.add(
            span.start,
            "rules are written as [[rules]], one table a rule",
        );
        return Vec::new();
    };
    if tables.is_empty() {
        faults.add(span.start, NO_RULES);
    }
    if tables.len() > MOST_RULES {
        faults.add(
            span.start,
            format!("a policy has at most {MOST_RULES} rules"),
        );
        return Vec::new();
    }
    let mut seen = BTreeMap::new();
    let mut rules = Vec::new();
    for mut table in tables {
        let Some((id_at, rule)) = read_rule(&mut table, judged, faults) else {
            continue;
        };
        if seen.insert(rule.id.clone(), id_at).is_some() {
            let id = &rule.id;
            faults.add(
                id_at.start,
                format!("there is another rule with the id {id:?}"),
            );
        }
        rules.push(rule);
    }
    rules
}

/// A rule and the place of its id; nothing when there was a fault.
fn read_rule(
    value: &mut Value<'_>,
    judged: &BTreeSet<Role>,
    faults: &mut Collected,
) -> Option<(Span, Rule)> {
    let span = value.span;
    let mut table = match TableHelper::new(value) {
        Ok(table) => table,
        Err(error) => {
            faults.add_all(error);
            return None;
        }
    };
    let id = table.required_s::<Id>("id");
    let title = table.required::<Text>("title");
    let severity = table.required::<Severity>("severity");
    let remedy = table.required::<Text>("remedy");
    let roles = table.optional_s::<Roles>("roles");
    // `Some(None)`: there is one, and it is wrong.
    let condition = table
        .take("when")
        .map(|(_, mut condition)| compile(&mut condition, faults));
    let test = read_test(&mut table, span, faults);
    let roles = match roles {
        None => judged.clone(),
        Some(roles) => {
            for role in roles.value.0.difference(judged) {
                let message =
                    format!("the policy does not judge the role {role}; see `roles` at its top");
                faults.add(roles.span.start, message);
            }
            roles.value.0
        }
    };
    if let Err(error) = table.finalize(None) {
        faults.add_all(error);
    }
    let id = id.ok()?;
    let rule = Rule {
        id: id.value.0,
        title: title.ok()?.0,
        severity: severity.ok()?,
        roles,
        condition: match condition {
            None => None,
            Some(compiled) => Some(compiled?),
        },
        test: test?,
        remedy: remedy.ok()?.0,
    };
    Some((id.span, rule))
}

/// The one of `check` and `expression` that a rule has.
fn read_test(table: &mut TableHelper<'_>, rule: Span, faults: &mut Collected) -> Option<Test> {
    let (message, place) = match (table.take("check"), table.take("expression")) {
        (Some((_, mut check)), None) => {
            return read_check(&mut check)
                .map_err(|error| faults.add_all(error))
                .ok();
        }
        (None, Some((_, mut expression))) => {
            return compile(&mut expression, faults).map(Test::Expression);
        }
        (Some(_), Some((key, _))) => (
            "a rule has either a check or an expression, and this one has both",
            key.span,
        ),
        (None, None) => (
            "a rule has a check.… or an expression, and this one has none",
            rule,
        ),
    };
    faults.add(place.start, message);
    None
}

/// A CEL expression, with each mistake at its own place in the policy's text.
fn compile(value: &mut Value<'_>, faults: &mut Collected) -> Option<Expression> {
    let span = value.span;
    let text = match value.take_string(Some("a CEL expression in quotation marks")) {
        Ok(text) => text,
        Err(error) => {
            faults.add_one(error);
            return None;
        }
    };
    // What was written with escapes has other places in the file than in the expression.
    let as_written = matches!(text, Cow::Borrowed(_));
    let mistakes = match Expression::compile(&text) {
        Ok(expression) => return Some(expression),
        Err(mistakes) => mistakes,
    };
    for mistake in mistakes {
        let offset = mistake.offset.filter(|_| as_written).unwrap_or(0);
        faults.add(span.start + offset, mistake.message);
    }
    None
}

/// `check.NAME = { … }`.
fn read_check(value: &mut Value<'_>) -> Result<Test, DeserError> {
    let span = value.span;
    let ValueInner::Table(table) = value.take() else {
        return Err(wrong(span, "a check is written as check.NAME = { … }").into());
    };
    let mut entries = table.into_iter();
    let (Some((key, mut parameters)), None) = (entries.next(), entries.next()) else {
        return Err(wrong(span, "a rule has one check: check.NAME = { … }").into());
    };
    let name: &str = &key.name;
    match check::kind(name) {
        Some(kind) => Ok(Test::Check {
            name: kind.name,
            check: (kind.read)(&mut parameters)?,
        }),
        None => {
            let shown = quoted(name);
            let message = match nearest(name, check::kinds().map(|kind| kind.name)) {
                Some(meant) => format!("there is no check {shown}; did you mean {meant:?}?"),
                None => format!(
                    "there is no check {shown}; `muster policy checks` lists those that are"
                ),
            };
            Err(wrong(key.span, message).into())
        }
    }
}

/// The name of a rule: lower-case letters, digits and hyphens.
struct Id(String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        const LONGEST: usize = 64;
        let span = value.span;
        let id = text(value)?;
        let fits =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if id.chars().all(fits) && id.len() <= LONGEST {
            Ok(Self(id))
        } else {
            let message =
                format!("an id has up to {LONGEST} lower-case letters, digits and hyphens");
            Err(wrong(span, message).into())
        }
    }
}

/// A role by its name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct RoleName(Role);

impl<'de> Deserialize<'de> for RoleName {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let words = &["control", "worker", "server"];
        let meanings = [Role::Control, Role::Worker, Role::Control];
        Ok(Self(one_of(value, words, &meanings)?))
    }
}

/// Roles by their names.
struct Roles(BTreeSet<Role>);

impl<'de> Deserialize<'de> for Roles {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let names = Set::<RoleName>::deserialize(value)?.0;
        Ok(Self(names.into_iter().map(|name| name.0).collect()))
    }
}

impl<'de> Deserialize<'de> for Severity {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        one_of(
            value,
            &["required", "recommended"],
            &[Self::Required, Self::Recommended],
        )
    }
}
