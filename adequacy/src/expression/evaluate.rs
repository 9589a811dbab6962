//! Carries out a plan on one machine's facts.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

use super::calculate::{self, convert};
use super::facts::{Facts, Lack, Missing};
use super::plan::{Comparison, Loop, LoopKind, Plan, Search};
use super::value::{self, List, Place, Value};

/// Of an expression on one machine: each operation is a step, each element that is visited or
/// compared, and each [`BYTES_PER_STEP`] of text that is read or made. A thousand scans of 4,096
/// PCI functions; less than a second.
pub(super) const MAX_STEPS: usize = 10_000_000;

const BYTES_PER_STEP: usize = 32;

/// How many unknown facts are told of one expression.
const MAX_MISSING: usize = 32;

/// Why there is no value.
#[derive(Debug)]
pub(super) enum Stop {
    Unknown(Vec<Missing>),
    Failed(String),
    /// Nothing absorbs this.
    TooExpensive,
}

/// A fault takes a pointer's room beside the value, and is rare.
type Outcome<T> = Result<T, Box<Stop>>;

impl From<Lack> for Box<Stop> {
    fn from(lack: Lack) -> Self {
        Box::new(match lack {
            Lack::Unknown(missing) => Stop::Unknown(vec![missing]),
            Lack::Failed(message) => Stop::Failed(message),
        })
    }
}

fn failed<T>(message: impl Into<String>) -> Outcome<T> {
    Err(Box::new(Stop::Failed(message.into())))
}

pub(super) fn evaluate(plan: &Plan, facts: &Facts<'_>) -> Result<bool, Stop> {
    let mut evaluation = Evaluation {
        facts,
        locals: Vec::new(),
        steps: MAX_STEPS,
    };
    evaluation.condition(plan).map_err(|stop| *stop)
}

struct Evaluation<'e> {
    facts: &'e Facts<'e>,
    locals: Vec<Value<'e>>,
    /// That are left.
    steps: usize,
}

impl<'e> Evaluation<'e> {
    fn charge(&mut self, steps: usize) -> Outcome<()> {
        match self.steps.checked_sub(steps) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err(Box::new(Stop::TooExpensive)),
        }
    }

    fn condition(&mut self, plan: &'e Plan) -> Outcome<bool> {
        self.charge(1)?;
        match plan {
            Plan::Bool(value) => Ok(*value),
            Plan::Not(operand) => Ok(!self.condition(operand)?),
            Plan::And(operands) => self.connective(operands, false),
            Plan::Or(operands) => self.connective(operands, true),
            Plan::Has(fact) => Ok(self.known(fact)?.is_some()),
            Plan::Compare(comparison, operands) => self.compare(*comparison, operands),
            Plan::In(operands) => {
                let (needle, container) = self.both(operands)?;
                self.is_in(&needle, &container)
            }
            Plan::Search(search, operands) => {
                let [text, part] = &**operands;
                let (text, part) = (self.text(text)?, self.text(part)?);
                Ok(match search {
                    Search::Contains => text.contains(&*part),
                    Search::StartsWith => text.starts_with(&*part),
                    Search::EndsWith => text.ends_with(&*part),
                })
            }
            Plan::Matches(text, pattern) => Ok(pattern.is_match(&self.text(text)?)),
            _ => match self.value(plan)? {
                Value::Bool(value) => Ok(value),
                _ => failed("a condition is no bool"),
            },
        }
    }

    fn text(&mut self, plan: &'e Plan) -> Outcome<Cow<'e, str>> {
        match self.value(plan)? {
            Value::Text(text) => {
                self.charge(text.len() / BYTES_PER_STEP)?;
                Ok(text)
            }
            _ => failed("a text is no string"),
        }
    }

    fn both(&mut self, plans: &'e [Plan; 2]) -> Outcome<(Value<'e>, Value<'e>)> {
        let [left, right] = plans;
        match (self.value(left), self.value(right)) {
            (Ok(left), Ok(right)) => Ok((left, right)),
            (left, right) => Err(join(left.err(), right.err())),
        }
    }

    fn value(&mut self, plan: &'e Plan) -> Outcome<Value<'e>> {
        self.charge(1)?;
        match plan {
            Plan::Int(value) => Ok(Value::Int(*value)),
            Plan::Uint(value) => Ok(Value::Uint(*value)),
            Plan::Double(value) => Ok(Value::Double(*value)),
            Plan::Text(value) => Ok(Value::Text(value.into())),
            Plan::Section(section) => Ok(self.facts.section(*section)?),
            Plan::Local(index) => match self.locals.get(*index) {
                Some(value) => Ok(value.clone()),
                None => failed("a variable is not set"),
            },
            Plan::Field(of, index) => self.field(of, *index),
            Plan::Key(of, key) => self.key(of, key),
            Plan::Element(of, index) => self.element(of, index),
            Plan::Negate(operand) => calculate::negate(&self.value(operand)?).or_else(failed),
            Plan::If(parts) => {
                let [condition, yes, no] = &**parts;
                let chosen = if self.condition(condition)? { yes } else { no };
                self.value(chosen)
            }
            Plan::Calculate(calculation, operands) => {
                let (left, right) = self.both(operands)?;
                self.charge(made(&left) + made(&right))?;
                match (left, right) {
                    (Value::List(left), Value::List(right)) => self.concatenate(&left, &right),
                    (left, right) => {
                        calculate::calculate(*calculation, left, right).or_else(failed)
                    }
                }
            }
            Plan::List(elements) => {
                let values: Result<Vec<_>, _> =
                    elements.iter().map(|element| self.value(element)).collect();
                Ok(Value::List(List::Made(values?.into())))
            }
            Plan::Size(of) => self.size(of),
            Plan::Bool(_)
            | Plan::Has(_)
            | Plan::Not(_)
            | Plan::And(_)
            | Plan::Or(_)
            | Plan::Compare(..)
            | Plan::In(_)
            | Plan::Search(..)
            | Plan::Matches(..) => self.condition(plan).map(Value::Bool),
            Plan::Convert(conversion, operand) => {
                let value = self.value(operand)?;
                convert(*conversion, value).or_else(failed)
            }
            Plan::Loop(whole) => self.comprehension(whole),
        }
    }

    fn field(&mut self, of: &'e Plan, index: u32) -> Outcome<Value<'e>> {
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

    fn key(&mut self, of: &'e Plan, key: &'e Plan) -> Outcome<Value<'e>> {
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

    fn element(&mut self, of: &'e Plan, index: &'e Plan) -> Outcome<Value<'e>> {
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

    fn at(&self, list: &List<'e>, index: u32) -> Option<Outcome<Value<'e>>> {
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
    fn known(&mut self, fact: &'e Plan) -> Outcome<Option<Value<'e>>> {
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

    /// `&&` is decided by one false, `||` by one true, whatever the other operand is.
    fn connective(&mut self, operands: &'e [Plan; 2], decides: bool) -> Outcome<bool> {
        let [left, right] = operands;
        let left = self.condition(left);
        if matches!(left, Ok(value) if value == decides) {
            return Ok(decides);
        }
        if matches!(&left, Err(stop) if matches!(**stop, Stop::TooExpensive)) {
            return left;
        }
        let right = self.condition(right);
        match (left, right) {
            (_, Ok(value)) if value == decides => Ok(decides),
            (Ok(_), Ok(_)) => Ok(!decides),
            (left, right) => Err(join(left.err(), right.err())),
        }
    }

    fn compare(&mut self, comparison: Comparison, operands: &'e [Plan; 2]) -> Outcome<bool> {
        let (left, right) = self.both(operands)?;
        let holds = match comparison {
            Comparison::Equal => self.equal(&left, &right)?,
            Comparison::NotEqual => !self.equal(&left, &right)?,
            _ => {
                self.charge(made(&left).min(made(&right)))?;
                let order = value::compare(&left, &right);
                match comparison {
                    Comparison::Less => order == Some(Ordering::Less),
                    Comparison::Greater => order == Some(Ordering::Greater),
                    Comparison::LessOrEqual => order.is_some_and(Ordering::is_le),
                    _ => order.is_some_and(Ordering::is_ge),
                }
            }
        };
        Ok(holds)
    }

    fn equal(&mut self, left: &Value<'e>, right: &Value<'e>) -> Outcome<bool> {
        self.charge(made(left).min(made(right)))?;
        let (Value::List(left), Value::List(right)) = (left, right) else {
            return Ok(value::equal(left, right));
        };
        if left.len() != right.len() {
            return Ok(false);
        }
        let mut index = 0;
        while let (Some(one), Some(another)) = (self.at(left, index), self.at(right, index)) {
            if !self.equal(&one?, &another?)? {
                return Ok(false);
            }
            index += 1;
        }
        Ok(true)
    }

    fn is_in(&mut self, needle: &Value<'e>, container: &Value<'e>) -> Outcome<bool> {
        match container {
            Value::Map(place) => {
                self.charge(place.span.len() as usize)?;
                Ok(matches!(needle, Value::Text(key) if place.under(key).is_some()))
            }
            Value::List(list) => {
                let mut index = 0;
                while let Some(element) = self.at(list, index) {
                    self.charge(1)?;
                    if self.equal(needle, &element?)? {
                        return Ok(true);
                    }
                    index += 1;
                }
                Ok(false)
            }
            _ => failed("in is asked of no list"),
        }
    }

    fn concatenate(&self, left: &List<'e>, right: &List<'e>) -> Outcome<Value<'e>> {
        let mut values = Vec::with_capacity(left.len() + right.len());
        for list in [left, right] {
            let mut index = 0;
            while let Some(element) = self.at(list, index) {
                values.push(element?);
                index += 1;
            }
        }
        Ok(Value::List(List::Made(values.into())))
    }

    fn size(&mut self, of: &'e Plan) -> Outcome<Value<'e>> {
        let size = match self.value(of)? {
            Value::Text(text) => {
                self.charge(text.len() / BYTES_PER_STEP)?;
                text.chars().count()
            }
            Value::List(list) => list.len(),
            Value::Map(place) => place.keys().count(),
            _ => return failed("size is asked of no list"),
        };
        Ok(Value::Int(i64::try_from(size).unwrap_or(i64::MAX)))
    }

    fn comprehension(&mut self, whole: &'e Loop) -> Outcome<Value<'e>> {
        let list = match self.value(&whole.range)? {
            Value::List(list) => list,
            Value::Map(place) => List::Made(keys(place)),
            _ => return failed("a comprehension has no list"),
        };
        match whole.kind {
            LoopKind::All => self.fold(whole, &list, false),
            LoopKind::Exists => self.fold(whole, &list, true),
            LoopKind::ExistsOne => self.count(whole, &list),
            LoopKind::Map => self.map(whole, &list),
        }
    }

    /// What `plan` is for each element in turn; `each` says whether to go on.
    fn visit<T>(
        &mut self,
        list: &List<'e>,
        plan: fn(&mut Self, &'e Loop) -> Outcome<T>,
        whole: &'e Loop,
        mut each: impl FnMut(Outcome<T>) -> Outcome<bool>,
    ) -> Outcome<()> {
        let mut index = 0;
        while let Some(element) = self.at(list, index) {
            index += 1;
            let outcome = element.and_then(|element| {
                self.locals.push(element);
                let outcome = plan(self, whole);
                self.locals.pop();
                outcome
            });
            let stopped = matches!(&outcome, Err(stop) if matches!(**stop, Stop::TooExpensive));
            if !each(outcome)? || stopped {
                break;
            }
        }
        Ok(())
    }

    /// `all` is decided by one false, `exists` by one true, whatever else is unknown.
    fn fold(&mut self, whole: &'e Loop, list: &List<'e>, decides: bool) -> Outcome<Value<'e>> {
        let mut decided = false;
        let mut stop = None;
        let ask = |this: &mut Self, whole: &'e Loop| this.condition(&whole.body);
        self.visit(list, ask, whole, |outcome| {
            match outcome {
                Ok(value) => decided = value == decides,
                Err(other) => stop = Some(join(stop.take(), Some(other))),
            }
            Ok(!decided)
        })?;
        match stop {
            Some(stop) if !decided => Err(stop),
            _ if decided => Ok(Value::Bool(decides)),
            _ => Ok(Value::Bool(!decides)),
        }
    }

    /// Nothing decides before the last element: each unknown one could be the one, or one too many.
    fn count(&mut self, whole: &'e Loop, list: &List<'e>) -> Outcome<Value<'e>> {
        let mut count = 0_usize;
        let mut stop = None;
        let ask = |this: &mut Self, whole: &'e Loop| this.condition(&whole.body);
        self.visit(list, ask, whole, |outcome| {
            match outcome {
                Ok(value) => count += usize::from(value),
                Err(other) => stop = Some(join(stop.take(), Some(other))),
            }
            Ok(true)
        })?;
        stop.map_or(Ok(Value::Bool(count == 1)), Err)
    }

    fn map(&mut self, whole: &'e Loop, list: &List<'e>) -> Outcome<Value<'e>> {
        let mut values = Vec::new();
        let mut stop = None;
        let make = |this: &mut Self, whole: &'e Loop| match &whole.filter {
            Some(filter) if !this.condition(filter)? => Ok(None),
            _ => this.value(&whole.body).map(Some),
        };
        self.visit(list, make, whole, |outcome| {
            match outcome {
                Ok(value) => values.extend(value),
                Err(other) => stop = Some(join(stop.take(), Some(other))),
            }
            Ok(true)
        })?;
        stop.map_or(Ok(Value::List(List::Made(values.into()))), Err)
    }
}

fn keys(place: Place<'_>) -> Rc<[Value<'_>]> {
    place.keys().map(|key| Value::Text(key.into())).collect()
}

/// The steps that it takes to copy or compare a value.
fn made(value: &Value<'_>) -> usize {
    match value {
        Value::Text(text) => text.len() / BYTES_PER_STEP,
        Value::List(list) => list.len(),
        _ => 0,
    }
}

/// What two operands that both stopped make of the whole: the limit above all, then what is unknown,
/// for it might have kept the other from failing.
fn join(left: Option<Box<Stop>>, right: Option<Box<Stop>>) -> Box<Stop> {
    let (mut left, right) = match (left, right) {
        (Some(left), Some(right)) => (left, right),
        (Some(one), None) | (None, Some(one)) => return one,
        (None, None) => return Box::new(Stop::Failed("nothing stopped".to_owned())),
    };
    match (&mut *left, *right) {
        (Stop::TooExpensive, _) | (_, Stop::TooExpensive) => Box::new(Stop::TooExpensive),
        (Stop::Unknown(all), Stop::Unknown(more)) => {
            for missing in more {
                if all.len() < MAX_MISSING && !all.contains(&missing) {
                    all.push(missing);
                }
            }
            left
        }
        (Stop::Failed(_), Stop::Unknown(more)) => Box::new(Stop::Unknown(more)),
        _ => left,
    }
}
