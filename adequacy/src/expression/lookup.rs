//! How a plan gets at facts: by field, by key, by index.

use super::evaluate::{Evaluation, Outcome, failed};
use super::facts::Lack;
use super::plan::Plan;
use super::value::{List, Value};

impl<'e> Evaluation<'e> {
    pub(super) fn field(&mut self, of: &'e Plan, index: u32) -> Outcome<Value<'e>> {
        let local = match of {
            // What most fields are asked of: a copy of the variable can be spared.
            Plan::Local(local) => self.locals.get(*local),
            _ => None,
        };
        let place = match local {
            Some(Value::Record(place)) => *place,
            _ => match self.value(of)? {
                Value::Record(place) => place,
                _ => return failed("a field is asked of no record"),
            },
        };
        match place.span.at(index) {
            Some(field) => Ok(self.facts.value(place.arena, field)?),
            None => failed("a record lacks a field"),
        }
    }

    pub(super) fn key(&mut self, of: &'e Plan, key: &'e Plan) -> Outcome<Value<'e>> {
        let key = self.text(key)?;
        let Value::Map(place) = self.value(of)? else {
            return failed("a key is asked of no map");
        };
        self.charge(place.span.len() as usize)?;
        match place.under(&key) {
            Some(value) => Ok(self.facts.value(place.arena, value)?),
            None => failed(format!(
                "the machine has no entry {key:?}; ask has(…) first"
            )),
        }
    }

    pub(super) fn element(&mut self, of: &'e Plan, index: &'e Plan) -> Outcome<Value<'e>> {
        let index = match self.value(index)? {
            Value::Int(index) => u32::try_from(index).ok(),
            Value::Uint(index) => u32::try_from(index).ok(),
            _ => None,
        };
        let Value::List(list) = self.value(of)? else {
            return failed("an element is asked of no list");
        };
        match index.map(|index| self.at(&list, index)) {
            Some(Some(value)) => value,
            _ => failed(format!(
                "an element is asked of a list of {} by an index beyond them",
                list.len()
            )),
        }
    }

    pub(super) fn at(&self, list: &List<'e>, index: u32) -> Option<Outcome<Value<'e>>> {
        match list {
            List::Facts(place) => {
                let at = place.span.at(index)?;
                Some(self.facts.value(place.arena, at).map_err(Box::from))
            }
            List::Made(values) => values.get(index as usize).cloned().map(Ok),
        }
    }

    /// The value of a fact; nothing when it, or one on the way to it, is unknown or not there. Of a
    /// section that nobody looked at, even that cannot be said.
    pub(super) fn known(&mut self, fact: &'e Plan) -> Outcome<Option<Value<'e>>> {
        let (of, place) = match fact {
            Plan::Field(of, index) => match self.known(of)? {
                Some(Value::Record(of)) => (of, of.span.at(*index)),
                _ => return Ok(None),
            },
            Plan::Key(of, key) => match self.known(of)? {
                Some(Value::Map(of)) => {
                    self.charge(of.span.len() as usize)?;
                    (of, of.under(&self.text(key)?))
                }
                _ => return Ok(None),
            },
            other => return self.value(other).map(Some),
        };
        match place.map(|place| self.facts.value(of.arena, place)) {
            None | Some(Err(Lack::Unknown(_))) => Ok(None),
            Some(value) => Ok(Some(value?)),
        }
    }
}
