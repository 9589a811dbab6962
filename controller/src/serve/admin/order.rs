//! In which order nodes are listed, and where a page ends.
//!
//! A page ends at a place in the order, not at a count: whoever did not change between two pages is on exactly one of
//! them, whatever came, went or moved meanwhile.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use muster_model::{NodeStatus, Role};
use serde::{Deserialize, Serialize};
use tonic::Status;

use crate::fleet::Heard;
use crate::record::NodeRecord;

/// What nodes are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum By {
    Name,
    Status,
    Role,
    Heard,
    Cpu,
    Memory,
    Age,
}

/// An order over nodes, total and stable: ties go by name, then id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Order {
    by: By,
    reversed: bool,
}

/// Where a node stands in an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// What it is sorted by; none where that is not known, or is the name.
    number: Option<i64>,
    name: String,
    id: String,
}

/// What a page token says.
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    order: Order,
    after: Place,
}

impl Order {
    /// Of `name`, `-cpu` and so on; of nothing, by name.
    pub(super) fn parse(text: &str) -> Result<Self, Status> {
        let (reversed, key) = match text.strip_prefix('-') {
            Some(key) => (true, key),
            None => (false, text),
        };
        let by = match key {
            "" | "name" => By::Name,
            "status" => By::Status,
            "role" => By::Role,
            "heard" => By::Heard,
            "cpu" => By::Cpu,
            "memory" => By::Memory,
            "age" => By::Age,
            other => {
                return Err(Status::invalid_argument(format!(
                    "nodes are not sorted by {other:?}: name, status, role, heard, cpu, memory or age, with `-` in front the other way round"
                )));
            }
        };
        Ok(Self { by, reversed })
    }

    pub(super) fn place(self, record: &NodeRecord, heard: Option<&Heard>) -> Place {
        Place {
            number: self.number(record, heard),
            name: record.name.clone(),
            id: record.id.clone(),
        }
    }

    fn number(self, record: &NodeRecord, heard: Option<&Heard>) -> Option<i64> {
        let gauges = heard.and_then(|heard| heard.gauges.as_ref());
        match self.by {
            By::Name => None,
            By::Status => position(&NodeStatus::ALL, &record.status),
            By::Role => position(&Role::ALL, record.role.as_ref()?),
            By::Heard => heard.map(|heard| heard.at_unix_ms),
            By::Cpu => gauges?.cpu_percent.map(thousandths),
            By::Memory => memory_share(gauges?).map(thousandths),
            // The youngest first, as with other numbers the smallest.
            By::Age => Some(-record.status_since),
        }
    }

    /// What is not known comes last either way.
    pub(super) fn compare(self, left: &Place, right: &Place) -> Ordering {
        let turned = |ordering: Ordering| match self.reversed {
            true => ordering.reverse(),
            false => ordering,
        };
        let known = left.number.is_none().cmp(&right.number.is_none());
        let numbers = turned(left.number.cmp(&right.number));
        let names = (&left.name, &left.id).cmp(&(&right.name, &right.id));
        let names = match self.by {
            By::Name => turned(names),
            _ => names,
        };
        known.then(numbers).then(names)
    }

    pub(super) fn token(self, after: Place) -> Result<String, Status> {
        let token = Token { order: self, after };
        let json = serde_json::to_vec(&token)
            .map_err(|error| Status::internal(format!("no page token can be made: {error}")))?;
        Ok(URL_SAFE_NO_PAD.encode(json))
    }

    /// Where the page before ended; none of an empty token.
    pub(super) fn after(self, token: &str) -> Result<Option<Place>, Status> {
        if token.is_empty() {
            return Ok(None);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok();
        let read = bytes.and_then(|bytes| serde_json::from_slice::<Token>(&bytes).ok());
        match read {
            Some(token) if token.order == self => Ok(Some(token.after)),
            Some(_) => Err(Status::invalid_argument(
                "the page token is of another order: list from the beginning",
            )),
            None => Err(Status::invalid_argument(
                "the page token is none of this controller: list from the beginning",
            )),
        }
    }
}

/// How much of its memory a node uses, in percent.
fn memory_share(gauges: &muster_proto::v1::Gauges) -> Option<f64> {
    let total = gauges.memory_total_bytes.filter(|total| *total > 0)?;
    #[allow(clippy::cast_precision_loss, reason = "three digits count")]
    let share = gauges.memory_used_bytes? as f64 / total as f64;
    Some(share * 100.0)
}

fn thousandths(number: f64) -> i64 {
    #[allow(clippy::cast_possible_truncation, reason = "saturates, as it should")]
    let whole = (number * 1000.0) as i64;
    whole
}

fn position<T: PartialEq>(all: &[T], one: &T) -> Option<i64> {
    let at = all.iter().position(|other| other == one)?;
    i64::try_from(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(number: Option<i64>, name: &str) -> Place {
        Place {
            number,
            name: name.to_owned(),
            id: format!("id of {name}"),
        }
    }

    #[test]
    fn what_is_not_known_comes_last_either_way() {
        let places = [
            place(Some(2), "a"),
            place(None, "b"),
            place(Some(1), "c"),
            place(Some(2), "d"),
        ];
        let sorted = |order: &str| {
            let order = Order::parse(order).unwrap();
            let mut places = places.clone();
            places.sort_by(|left, right| order.compare(left, right));
            places.map(|place| place.name).concat()
        };
        assert_eq!(sorted("cpu"), "cadb");
        assert_eq!(sorted("-cpu"), "adcb");
        assert!(Order::parse("colour").is_err());
        assert!(Order::parse("--cpu").is_err());
    }

    #[test]
    fn names_are_turned_too() {
        let (a, b) = (place(None, "a"), place(None, "b"));
        let compare = |order: &str| Order::parse(order).unwrap().compare(&a, &b);
        assert_eq!(compare("name"), Ordering::Less);
        assert_eq!(compare(""), Ordering::Less);
        assert_eq!(compare("-name"), Ordering::Greater);
    }

    #[test]
    fn a_token_is_of_one_order() {
        let order = Order::parse("-cpu").unwrap();
        let token = order.token(place(Some(7), "a")).unwrap();
        assert_eq!(order.after(&token).unwrap(), Some(place(Some(7), "a")));
        assert_eq!(order.after("").unwrap(), None);
        assert!(Order::parse("cpu").unwrap().after(&token).is_err());
        for wrong in ["x", "a/b", "e30", "\u{0}"] {
            assert!(order.after(wrong).is_err(), "{wrong:?} was taken");
        }
    }
}
