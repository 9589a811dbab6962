//! Carries out a plan on one machine's facts.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::calculate::{self, convert};
use super::facts::{Facts, Lack, Missing};
use super::plan::{Comparison, Plan, Search};
use super::value::{self, List, Value};

/// Of an expression on one machine: each operation is a step, each element that is visited or
/// compared, and each [`BYTES_PER_STEP`] of text that is read or made. Room for a hundred scans of
/// 4,096 PCI functions; some 50 ms.
pub(super) const MAX_STEPS: usize = 2_000_000;

const BYTES_PER_STEP: usize = 32;

/// A pattern may be in hundreds of states at each byte.
const STEPS_PER_MATCHED_BYTE: usize = 16;

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
pub(super) type Outcome<T> = Result<T, Box<Stop>>;

impl From<Lack> for Box<Stop> {
    fn from(lack: Lack) -> Self {
        Box::new(match lack {
            Lack::Unknown(missing) => Stop::Unknown(vec![missing]),
            Lack::Failed(message) => Stop::Failed(message),
        })
    }
}

pub(super) fn failed<T>(message: impl Into<String>) -> Outcome<T> {
    Err(Box::new(Stop::Failed(message.into())))
}

pub(super) fn evaluate(plan: &Plan, facts: &Facts<'_>, steps: usize) -> Result<bool, Stop> {
    let mut evaluation = Evaluation {
        facts,
        locals: Vec::new(),
        steps,
    };
    evaluation.condition(plan).map_err(|stop| *stop)
}

pub(super) struct Evaluation<'e> {
    pub(super) facts: &'e Facts<'e>,
    pub(super) locals: Vec<Value<'e>>,
    /// That are left.
    steps: usize,
}

impl<'e> Evaluation<'e> {
    pub(super) fn charge(&mut self, steps: usize) -> Outcome<()> {
        match self.steps.checked_sub(steps) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err(Box::new(Stop::TooExpensive)),
        }
    }

    pub(super) fn condition(&mut self, plan: &'e Plan) -> Outcome<bool> {
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
            Plan::Matches(text, pattern) => {
                let text = self.text(text)?;
                self.charge(text.len().saturating_mul(STEPS_PER_MATCHED_BYTE))?;
                Ok(pattern.is_match(&text))
            }
            _ => match self.value(plan)? {
                Value::Bool(value) => Ok(value),
                _ => failed("a condition is no bool"),
            },
        }
    }

    pub(super) fn text(&mut self, plan: &'e Plan) -> Outcome<Cow<'e, str>> {
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

    pub(super) fn value(&mut self, plan: &'e Plan) -> Outcome<Value<'e>> {
        self.charge(1)?;
        match plan {
            Plan::Int(value) => Ok(Value::Int(*value)),
            Plan::Uint(value) => Ok(Value::Uint(*value)),
            Plan::Double(value) => Ok(Value::Double(*value)),
            Plan::Text(value) => Ok(Value::Text(value.into())),
            Plan::Section(section) => Ok(self.facts.section(*section)?),
            Plan::Local(index) => match self.locals.get(*index).cloned() {
                Some(value) => {
                    // A list that was made is shared, a text is copied.
                    if let Value::Text(Cow::Owned(text)) = &value {
                        self.charge(text.len() / BYTES_PER_STEP)?;
                    }
                    Ok(value)
                }
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
pub(super) fn join(left: Option<Box<Stop>>, right: Option<Box<Stop>>) -> Box<Stop> {
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
