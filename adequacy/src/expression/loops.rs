//! Comprehensions: what `all`, `exists`, `exists_one`, `filter` and `map` do.

use std::rc::Rc;

use super::evaluate::{Evaluation, Outcome, Stop, failed, join};
use super::plan::{Loop, LoopKind};
use super::value::{List, Place, Value};

impl<'e> Evaluation<'e> {
    pub(super) fn comprehension(&mut self, whole: &'e Loop) -> Outcome<Value<'e>> {
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
