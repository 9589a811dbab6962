//! Values while an expression is evaluated.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

use super::arena::{Arena, Node, Span};

/// A value that is known.
#[derive(Debug, Clone)]
pub(super) enum Value<'e> {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Cow<'e, str>),
    List(List<'e>),
    Record(Place<'e>),
    Map(Place<'e>),
}

/// A list of the inventory, or one that the expression made.
#[derive(Debug, Clone)]
pub(super) enum List<'e> {
    Facts(Place<'e>),
    Made(Rc<[Value<'e>]>),
}

/// Where the children of a node are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'e> {
    pub(super) arena: &'e Arena,
    pub(super) span: Span,
}

impl List<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Facts(place) => place.span.len() as usize,
            Self::Made(values) => values.len(),
        }
    }
}

impl<'e> Place<'e> {
    /// The value's place under `key`, where these are the keys and values of a map.
    pub(super) fn under(self, key: &str) -> Option<u32> {
        let pairs = self.arena.nodes(self.span).chunks_exact(2);
        let mut keys = pairs.map(|pair| match pair {
            [Node::Text(text), _] => self.arena.text(*text),
            _ => "",
        });
        let index = keys.position(|known| known == key)?;
        self.span.at(u32::try_from(2 * index + 1).ok()?)
    }

    pub(super) fn keys(self) -> impl Iterator<Item = &'e str> {
        let keys = self.arena.nodes(self.span).iter().step_by(2);
        keys.filter_map(move |key| match key {
            Node::Text(text) => Some(self.arena.text(*text)),
            _ => None,
        })
    }
}

/// How two values stand to each other; nothing where they do not compare, as NaN with anything.
pub(super) fn compare(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        (Value::Uint(left), Value::Uint(right)) => Some(left.cmp(right)),
        (Value::Double(left), Value::Double(right)) => left.partial_cmp(right),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Int(left), Value::Uint(right)) => Some(i128::from(*left).cmp(&i128::from(*right))),
        (Value::Uint(left), Value::Int(right)) => Some(i128::from(*left).cmp(&i128::from(*right))),
        (Value::Double(left), Value::Int(right)) => compare_double(*left, i128::from(*right)),
        (Value::Double(left), Value::Uint(right)) => compare_double(*left, i128::from(*right)),
        (Value::Int(_) | Value::Uint(_), Value::Double(_)) => {
            compare(right, left).map(Ordering::reverse)
        }
        _ => None,
    }
}

/// Exact where a conversion of the integer to double would round. An `i128` has room for every
/// 64-bit integer; doubles beyond it saturate, and stay beyond.
#[allow(clippy::cast_possible_truncation, reason = "saturating, see above")]
fn compare_double(left: f64, right: i128) -> Option<Ordering> {
    if left.is_nan() {
        return None;
    }
    let whole = left.trunc();
    let fraction = left.partial_cmp(&whole)?;
    Some((whole as i128).cmp(&right).then(fraction))
}

/// Equality of scalars and of lists, whose elements `equal` gets in turn.
pub(super) fn equal(left: &Value<'_>, right: &Value<'_>) -> bool {
    compare(left, right) == Some(Ordering::Equal)
}
