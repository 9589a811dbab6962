//! A profile from TOML, with all its mistakes at once.

use std::collections::{BTreeMap, BTreeSet};

use muster_model::Role;
use serde_json::Value as Json;
use toml_span::de_helpers::TableHelper;
use toml_span::value::{Table, ValueInner};
use toml_span::{Span, Value};

use super::fault::{Collected, Faults};
use super::when::{self, Facts, Wanted};
use super::{PROFILE_SCHEMA, Parameter, Profile};
use crate::plan::{ProfileName, Wish};
use crate::step::Action;

/// A profile is written by hand; nobody writes as much.
const LARGEST_BYTES: usize = 1 << 20;
const MOST_STEPS: usize = 1000;
const MOST_ATTEMPTS: i64 = 10;
const LONGEST_NAME: usize = 64;

type Values = BTreeMap<String, String>;

/// Reads all of it; in the steps, what depends on parameters without a default is left out.
pub(super) fn profile(text: &str) -> Result<Profile, Faults> {
    let mut faults = Collected::default();
    let Some(mut document) = parsed(text, &mut faults) else {
        return Err(faults.in_text(text));
    };
    let profile = whole(&mut document, text, &mut faults);
    match profile {
        Some(profile) if faults.is_empty() => {
            let defaults = profile.parameters.iter();
            let defaults =
                defaults.map(|(name, parameter)| Some((name.clone(), parameter.default.clone()?)));
            if let Some(values) = defaults.collect::<Option<Values>>() {
                steps(text, &values, None)?;
            }
            Ok(profile)
        }
        _ => Err(faults.in_text(text)),
    }
}

/// The steps, with the values of parameters in their places; without facts, all of them.
pub(super) fn steps(
    text: &str,
    values: &Values,
    facts: Option<&Facts>,
) -> Result<Vec<Wish>, Faults> {
    let mut faults = Collected::default();
    let mut wishes = Vec::new();
    if let Some(mut document) = parsed(text, &mut faults)
        && let Some(steps) = document.pointer_mut("/steps")
    {
        let tables = match steps.take() {
            ValueInner::Array(tables) => tables,
            _ => Vec::new(),
        };
        let mut seen = BTreeSet::new();
        for mut table in tables.into_iter().take(MOST_STEPS) {
            let at = table.span;
            let read = step(&mut table, values, facts, &mut faults);
            if let Some((wish, is_wanted)) = read {
                if !seen.insert(wish.id.clone()) {
                    faults.add(
                        at.start,
                        format!("there is another step with the id {:?}", wish.id),
                    );
                }
                wishes.extend(is_wanted.then_some(wish));
            }
        }
    }
    match faults.is_empty() {
        true => Ok(wishes),
        false => Err(faults.in_text(text)),
    }
}

fn parsed<'a>(text: &'a str, faults: &mut Collected) -> Option<Value<'a>> {
    if text.len() > LARGEST_BYTES {
        faults.add(0, "the text is larger than 1 MiB, which no profile is");
        return None;
    }
    toml_span::parse(text)
        .map_err(|error| faults.add_one(&error))
        .ok()
}

/// The profile but for its steps, unless there was a fault.
fn whole(document: &mut Value<'_>, text: &str, faults: &mut Collected) -> Option<Profile> {
    let mut table = TableHelper::new(document)
        .map_err(|error| faults.add_all(error))
        .ok()?;
    if let Ok(schema) = table.required_s::<String>("schema")
        && schema.value != PROFILE_SCHEMA
    {
        let found = schema.value;
        let message = format!("this is {found:?}, and {PROFILE_SCHEMA:?} is understood here");
        faults.add(schema.span.start, message);
    }
    let name = table.required_s::<String>("name");
    let version = table.required::<String>("version");
    let description = table.optional::<String>("description");
    let roles = table.optional_s::<Vec<String>>("roles");
    let roles = roles.map(|roles| read_roles(&roles.value, roles.span, faults));
    let parameters = table.take("parameters");
    let parameters = parameters.map(|(_, mut value)| read_parameters(&mut value, faults));
    match table
        .take("steps")
        .map(|(_, mut value)| (value.span, value.take()))
    {
        Some((_, ValueInner::Array(steps))) if (1..=MOST_STEPS).contains(&steps.len()) => {}
        Some((at, _)) => faults.add(
            at.start,
            format!("steps are written as [[steps]], up to {MOST_STEPS}"),
        ),
        None => faults.add(
            0,
            "there are no [[steps]], so that nothing would be installed",
        ),
    }
    if let Err(error) = table.finalize(None) {
        faults.add_all(error);
    }
    let name = name.ok()?;
    if !is_name(&name.value) {
        faults.add(
            name.span.start,
            "a name has up to 64 lower-case letters, digits, - and _",
        );
    }
    Some(Profile {
        name: ProfileName {
            name: name.value,
            version: version.ok()?,
        },
        description: description.unwrap_or_default(),
        roles: roles.unwrap_or_default(),
        parameters: parameters.unwrap_or_default(),
        text: text.to_owned(),
    })
}

fn read_roles(names: &[String], at: Span, faults: &mut Collected) -> BTreeSet<Role> {
    let roles = names.iter().filter_map(|name| {
        let role = Role::from_key(name);
        if role.is_none() {
            faults.add(
                at.start,
                format!("there is no role {name:?}; there is control, worker"),
            );
        }
        role
    });
    roles.collect()
}

fn read_parameters(value: &mut Value<'_>, faults: &mut Collected) -> BTreeMap<String, Parameter> {
    let mut parameters = BTreeMap::new();
    let span = value.span;
    let ValueInner::Table(tables) = value.take() else {
        faults.add(span.start, "parameters are written as [parameters.NAME]");
        return parameters;
    };
    for (key, mut value) in tables {
        if !is_name(&key.name) {
            faults.add(
                key.span.start,
                "a name has up to 64 lower-case letters, digits, - and _",
            );
        }
        match TableHelper::new(&mut value) {
            Err(error) => faults.add_all(error),
            Ok(mut table) => {
                let description = table.required::<String>("description");
                let default = table.optional::<String>("default");
                if let Err(error) = table.finalize(None) {
                    faults.add_all(error);
                }
                if let Ok(description) = description {
                    parameters.insert(
                        key.name.into_owned(),
                        Parameter {
                            description,
                            default,
                        },
                    );
                }
            }
        }
    }
    parameters
}

/// A step, and whether its condition holds.
fn step(
    value: &mut Value<'_>,
    values: &Values,
    facts: Option<&Facts>,
    faults: &mut Collected,
) -> Option<(Wish, bool)> {
    let span = value.span;
    let ValueInner::Table(mut table) = value.take() else {
        faults.add(span.start, "a step is a table: [[steps]]");
        return None;
    };
    let mut own = Table::new();
    for name in ["id", "why", "attempts"] {
        own.extend(table.remove_entry(name));
    }
    let wanted = match table.remove("when") {
        Some(mut condition) => when::holds(&mut condition, values, facts, faults),
        None => Wanted::Yes,
    };
    let mut own = Value::with_span(ValueInner::Table(own), span);
    let mut own = TableHelper::new(&mut own).ok()?;
    let id = own.required_s::<String>("id");
    let why = own.required::<String>("why");
    let attempts = own.optional_s::<i64>("attempts");
    if let Err(error) = own.finalize(None) {
        faults.add_all(error);
    }
    let attempts = match attempts {
        None => 1,
        Some(attempts) if (1..=MOST_ATTEMPTS).contains(&attempts.value) => {
            u32::try_from(attempts.value).unwrap_or(1)
        }
        Some(attempts) => {
            faults.add(
                attempts.span.start,
                format!("a step is tried from 1 to {MOST_ATTEMPTS} times"),
            );
            1
        }
    };
    if wanted == Wanted::NotGiven {
        return None;
    }
    let action = action(&table, span, values, faults);
    let id = id.ok()?;
    if !is_name(&id.value) {
        faults.add(
            id.span.start,
            "an id has up to 64 lower-case letters, digits, - and _",
        );
    }
    let wish = Wish {
        id: id.value,
        why: why.ok()?,
        action: action?,
        attempts,
    };
    Some((wish, wanted == Wanted::Yes))
}

/// The one thing that a step does: `KIND = { … }`.
fn action(
    table: &Table<'_>,
    step: Span,
    values: &Values,
    faults: &mut Collected,
) -> Option<Action> {
    let mut entries = table.iter();
    let (Some((key, value)), None) = (entries.next(), entries.next()) else {
        let second = table.keys().nth(1).map_or(step, |key| key.span);
        faults.add(second.start, "a step does one thing, such as file = { … }");
        return None;
    };
    let mut json = json(value, values, faults)?;
    json = Json::Object([(key.name.to_string(), json)].into_iter().collect());
    match serde_path_to_error::deserialize(json) {
        Ok(action) => Some(action),
        Err(error) => {
            let at = place(value, key.span, error.path());
            faults.add(at.start, error.inner().to_string());
            None
        }
    }
}

/// Where in a step's action a mistake is: as far as there is something.
fn place(value: &Value<'_>, key: Span, path: &serde_path_to_error::Path) -> Span {
    use serde_path_to_error::Segment;
    let mut at = (value, key);
    for segment in path.iter().skip(1) {
        let next = match segment {
            Segment::Map { key } => at.0.as_table().and_then(|table| table.get(key.as_str())),
            Segment::Seq { index } => at.0.as_array().and_then(|array| array.get(*index)),
            _ => None,
        };
        match next {
            Some(next) => at = (next, next.span),
            None => break,
        }
    }
    at.1
}

fn json(value: &Value<'_>, values: &Values, faults: &mut Collected) -> Option<Json> {
    if let Some(text) = value.as_str() {
        return match filled(text, values) {
            Ok(text) => Some(Json::from(text)),
            Err(why) => {
                faults.add(value.span.start, why);
                None
            }
        };
    }
    if let Some(table) = value.as_table() {
        let fields = table
            .iter()
            .map(|(key, value)| Some((key.name.to_string(), json(value, values, faults)?)));
        return Some(Json::Object(fields.collect::<Option<_>>()?));
    }
    if let Some(array) = value.as_array() {
        let members = array.iter().map(|value| json(value, values, faults));
        return Some(Json::Array(members.collect::<Option<_>>()?));
    }
    let plain = value
        .as_integer()
        .map(Json::from)
        .or(value.as_bool().map(Json::from));
    if plain.is_none() {
        faults.add(value.span.start, "no step takes a number with a fraction");
    }
    plain
}

/// A text with the values of parameters: `${name}`. A `$` itself is `$$`.
fn filled(text: &str, values: &Values) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        filled.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            filled.push('$');
            rest = after;
            continue;
        }
        let name = after
            .strip_prefix('{')
            .and_then(|after| after.split_once('}'));
        let (name, after) =
            name.ok_or("a parameter is written as ${name}, and a $ itself as $$")?;
        let value = values.get(name);
        filled.push_str(value.ok_or_else(|| format!("there is no parameter {name:?}"))?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    !text.is_empty() && text.len() <= LONGEST_NAME && text.chars().all(fits)
}
