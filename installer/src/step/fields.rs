//! The fields of a state, each of which stands for itself.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Keep, State, StepError};

/// What becomes of that which somebody changed since it was installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edited {
    /// It stays, and is told of.
    Kept,
    /// What was before is put back all the same.
    PutBack,
}

/// What undoing a step comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Undo {
    /// The state to set.
    pub(crate) target: State,
    /// What stays, and why, in words.
    pub(crate) kept: Vec<String>,
}

/// What is to be set, so that a step that found `before` and left `after` is undone where the host is at `now`.
pub(crate) fn undo(
    [before, after, now]: [&State; 3],
    edited: Edited,
    keep: &[Keep],
) -> Result<Undo, StepError> {
    let (kind, before) = split(before)?;
    let [(after_kind, after), (now_kind, mut target)] = [split(after)?, split(now)?];
    if kind != after_kind || kind != now_kind {
        return Err(StepError::OtherKind);
    }
    let mut kept = Vec::new();
    for (field, was) in before {
        let (left, found) = (after.get(&field), target.get(&field));
        if left == Some(&was) || found == Some(&was) {
            continue;
        }
        match keep.iter().find(|keep| keep.field == field) {
            Some(keep) => kept.push(keep.why.clone()),
            _ if found == left || edited == Edited::PutBack => drop(target.insert(field, was)),
            _ => kept.push(format!("{field} was changed since, and stays as it is")),
        }
    }
    let target = Value::from(Map::from_iter([(kind, Value::from(target))]));
    Ok(Undo {
        target: serde_json::from_value(target).map_err(|_| StepError::OtherKind)?,
        kept,
    })
}

/// The kind of a state, and its fields.
fn split(state: &State) -> Result<(String, Map<String, Value>), StepError> {
    match serde_json::to_value(state) {
        Ok(Value::Object(object)) => match object.into_iter().next() {
            Some((kind, Value::Object(fields))) => Ok((kind, fields)),
            _ => Err(StepError::OtherKind),
        },
        _ => Err(StepError::OtherKind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sysctl(at_boot: Option<&str>, value: &str) -> State {
        let attributes = json!({"owner": "root", "group": "root", "mode": "0644"});
        let file = at_boot.map(|content| json!({"content": content, "attributes": attributes}));
        serde_json::from_value(json!({"sysctl": {"folder": null, "at_boot": file, "value": value}}))
            .unwrap()
    }

    fn undone(now: &State, edited: Edited, keep: &[Keep]) -> (State, Vec<String>) {
        let [before, after] = [sysctl(None, "60"), sysctl(Some("a"), "10")];
        let undo = undo([&before, &after, now], edited, keep).unwrap();
        (undo.target, undo.kept)
    }

    #[test]
    fn what_nobody_changed_is_put_back() {
        let found = undone(&sysctl(Some("a"), "10"), Edited::Kept, &[]);
        assert_eq!(found, (sysctl(None, "60"), vec![]));
        // Somebody undid it already.
        let found = undone(&sysctl(None, "60"), Edited::Kept, &[]);
        assert_eq!(found, (sysctl(None, "60"), vec![]));
    }

    #[test]
    fn each_field_that_was_edited_stays_for_itself() {
        let now = sysctl(Some("mine"), "10");
        let found = undone(&now, Edited::Kept, &[]);
        assert_eq!(
            found,
            (
                sysctl(Some("mine"), "60"),
                vec!["at_boot was changed since, and stays as it is".to_owned()]
            )
        );
        assert_eq!(undone(&now, Edited::PutBack, &[]).0, sysctl(None, "60"));
    }

    #[test]
    fn what_the_step_keeps_stays() {
        let keep = Keep {
            field: "value".into(),
            why: "it does".to_owned(),
        };
        let found = undone(&sysctl(Some("a"), "10"), Edited::PutBack, &[keep]);
        assert_eq!(found, (sysctl(None, "10"), vec!["it does".to_owned()]));
    }

    #[test]
    fn what_the_step_did_not_change_is_none_of_its_business() {
        let same = sysctl(None, "10");
        let undo = undo(
            [&same, &same, &sysctl(Some("b"), "20")],
            Edited::PutBack,
            &[],
        )
        .unwrap();
        assert_eq!(undo.target, sysctl(Some("b"), "20"));
        assert!(undo.kept.is_empty());
    }
}
