//! Force is given time: whoever asks for it is told what it goes past, and gets a ticket that is good only after a while.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::{Kind, Objection};

/// Nobody's force is quicker than this.
pub const WAIT: Duration = Duration::from_secs(10);
/// For so long a ticket is good, after the wait.
pub const VALID: Duration = Duration::from_secs(60);
/// Tickets that are kept; the oldest gives way.
const MOST: usize = 256;

/// What a ticket is for. It is good for nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// The node's id.
    pub node: String,
    /// Which change, by its number on the wire.
    pub change: i32,
    /// Who asked.
    pub admin: String,
}

/// Why a ticket is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// There is none of that name for this.
    #[error("this ticket is not known, was used, or has ended: ask again without one")]
    Unknown,
    /// It is too early.
    #[error("not yet: force waits, and this ticket is good in {} s", .left.as_secs_f64().ceil())]
    Early {
        /// For so long.
        left: Duration,
    },
    /// Something new stands against it.
    #[error("there is more to be warned of than before: ask again without a ticket")]
    Changed,
}

/// The tickets that are out.
#[derive(Debug, Default)]
pub struct Tickets {
    /// The oldest first.
    out: Vec<Ticket>,
}

#[derive(Debug)]
struct Ticket {
    name: String,
    purpose: Purpose,
    warned: BTreeSet<Kind>,
    from: Instant,
}

impl Tickets {
    /// Hands out a ticket of that name, for somebody who is warned of `objections`.
    pub fn give(&mut self, name: String, purpose: Purpose, objections: &[Objection], now: Instant) {
        self.out.retain(|ticket| now <= ticket.from + VALID);
        if self.out.len() >= MOST {
            self.out.remove(0);
        }
        self.out.push(Ticket {
            name,
            purpose,
            warned: kinds(objections),
            from: now + WAIT,
        });
    }

    /// Takes a ticket back, against `objections`. It is used up unless it came too early.
    ///
    /// # Errors
    /// It is not good for this now.
    pub fn take(
        &mut self,
        name: &str,
        purpose: &Purpose,
        objections: &[Objection],
        now: Instant,
    ) -> Result<(), NotTaken> {
        let mut out = self.out.iter();
        let place = out.position(|ticket| ticket.name == name && ticket.purpose == *purpose);
        let place = place.ok_or(NotTaken::Unknown)?;
        if let Some(ticket) = self.out.get(place)
            && now < ticket.from
        {
            let left = ticket.from - now;
            return Err(NotTaken::Early { left });
        }
        let ticket = self.out.remove(place);
        if now > ticket.from + VALID {
            return Err(NotTaken::Unknown);
        }
        match kinds(objections).is_subset(&ticket.warned) {
            true => Ok(()),
            false => Err(NotTaken::Changed),
        }
    }
}

fn kinds(objections: &[Objection]) -> BTreeSet<Kind> {
    objections.iter().map(|objection| objection.kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purpose(node: &str) -> Purpose {
        Purpose {
            node: node.to_owned(),
            change: 4,
            admin: "uid 0".to_owned(),
        }
    }

    fn objection(kind: Kind) -> Objection {
        Objection::new(kind, String::new())
    }

    /// What taking the ticket `t` for `n1` comes to, so long after it was given.
    fn taken(
        seconds: u64,
        purpose_then: &Purpose,
        objections: &[Objection],
    ) -> Result<(), NotTaken> {
        let mut tickets = Tickets::default();
        let now = Instant::now();
        let warned = [objection(Kind::Memory), objection(Kind::PassedThroughGpu)];
        tickets.give("t".to_owned(), purpose("n1"), &warned, now);
        let then = now + Duration::from_secs(seconds);
        tickets.take("t", purpose_then, objections, then)
    }

    #[tokio::test(start_paused = true)]
    async fn a_ticket_is_good_after_the_wait_and_not_for_long() {
        let n1 = purpose("n1");
        let left = Duration::from_secs(1);
        assert_eq!(taken(9, &n1, &[]), Err(NotTaken::Early { left }));
        assert_eq!(taken(10, &n1, &[]), Ok(()));
        assert_eq!(taken(70, &n1, &[]), Ok(()));
        assert_eq!(taken(71, &n1, &[]), Err(NotTaken::Unknown));
    }

    #[tokio::test(start_paused = true)]
    async fn a_ticket_is_good_for_what_was_warned_of_alone() {
        let n1 = purpose("n1");
        assert_eq!(taken(10, &n1, &[objection(Kind::Memory)]), Ok(()));
        assert_eq!(
            taken(10, &n1, &[objection(Kind::Unknown)]),
            Err(NotTaken::Changed)
        );
        let other = Purpose {
            change: 7,
            ..n1.clone()
        };
        assert_eq!(taken(10, &other, &[]), Err(NotTaken::Unknown));
        assert_eq!(taken(10, &purpose("n2"), &[]), Err(NotTaken::Unknown));
        let admin = "eve".to_owned();
        assert_eq!(
            taken(10, &Purpose { admin, ..n1 }, &[]),
            Err(NotTaken::Unknown)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_ticket_is_good_once_and_few_are_kept() {
        let mut tickets = Tickets::default();
        let now = Instant::now();
        tickets.give("first".to_owned(), purpose("n1"), &[], now);
        let then = now + WAIT;
        let early = tickets.take("first", &purpose("n1"), &[], now);
        assert_eq!(early, Err(NotTaken::Early { left: WAIT }));
        assert_eq!(tickets.take("first", &purpose("n1"), &[], then), Ok(()));
        let again = tickets.take("first", &purpose("n1"), &[], then);
        assert_eq!(again, Err(NotTaken::Unknown));
        for number in 0..=MOST {
            tickets.give(number.to_string(), purpose("n1"), &[], now);
        }
        assert_eq!(tickets.out.len(), MOST);
        let oldest = tickets.take("0", &purpose("n1"), &[], then);
        assert_eq!(oldest, Err(NotTaken::Unknown));
        tickets.give("late".to_owned(), purpose("n1"), &[], then + VALID * 2);
        assert_eq!(tickets.out.len(), 1, "what has ended is not kept");
    }
}
