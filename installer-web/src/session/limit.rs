//! How often anybody may try a code: so often from one place, and so often all together.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use tokio::time::Instant;

/// A person mistypes a few times.
const FROM_ONE_PLACE: Rate = Rate {
    every: Duration::from_secs(20),
    at_once: 6,
};
/// All of them together, so that many places help nobody.
const ALL: Rate = Rate {
    every: Duration::from_secs(2),
    at_once: 30,
};

/// So many at once, and then one after each span.
struct Rate {
    every: Duration,
    at_once: u32,
}

/// Attempts so far. A place is forgotten when it may try as often as any other, and there are never more than [`ALL`] lets try in that
/// time.
#[derive(Default)]
pub(super) struct Limits {
    all: Option<Instant>,
    places: HashMap<IpAddr, Instant>,
}

impl Rate {
    /// When all that was tried is made up for, with one attempt more; or how long to wait for that one (the generic cell rate
    /// algorithm, ITU-T I.371).
    fn attempt(&self, until: Option<Instant>, now: Instant) -> Result<Instant, Duration> {
        let until = until.unwrap_or(now).max(now) + self.every;
        let most = now + self.every * self.at_once;
        match until.checked_duration_since(most) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => Ok(until),
        }
    }
}

impl Limits {
    /// One more attempt from there, or how long to wait.
    pub(super) fn attempt(&mut self, from: IpAddr, now: Instant) -> Result<(), Duration> {
        self.places.retain(|_, until| *until > now);
        let place = place(from);
        // First: who tries too often takes nothing from others.
        let of_place = FROM_ONE_PLACE.attempt(self.places.get(&place).copied(), now)?;
        self.all = Some(ALL.attempt(self.all, now)?);
        self.places.insert(place, of_place);
        Ok(())
    }
}

/// Whoever has an address of IPv6 has its whole network (RFC 4291, section 2.5.4).
fn place(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn v4(last: u16) -> IpAddr {
        let [high, low] = last.to_be_bytes();
        IpAddr::from([192, 0, high, low])
    }

    #[test]
    fn one_place_has_a_few_and_then_waits() {
        let (mut limits, now) = (Limits::default(), Instant::now());
        for _ in 0..6 {
            assert_eq!(limits.attempt(v4(1), now), Ok(()));
        }
        assert_eq!(limits.attempt(v4(1), now), Err(20 * SECOND));
        assert_eq!(limits.attempt(v4(1), now + 5 * SECOND), Err(15 * SECOND));
        assert_eq!(limits.attempt(v4(2), now), Ok(()));
        assert_eq!(limits.attempt(v4(1), now + 20 * SECOND), Ok(()));
        assert_eq!(limits.attempt(v4(1), now + 20 * SECOND), Err(20 * SECOND));
    }

    #[test]
    fn many_places_have_no_more_than_all_together() {
        let (mut limits, now) = (Limits::default(), Instant::now());
        let tried = (0..1000).filter(|last| limits.attempt(v4(*last), now).is_ok());
        assert_eq!(tried.count(), 30);
        assert_eq!(limits.places.len(), 30);
        assert_eq!(limits.attempt(v4(2000), now), Err(2 * SECOND));
        limits.attempt(v4(2000), now + 3600 * SECOND).unwrap();
        assert_eq!(limits.places.len(), 1, "the others are forgotten");
    }

    #[test]
    fn a_network_of_ipv6_is_one_place() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(place(address("2001:db8::1")), place(address("2001:db8::2")));
        assert_ne!(
            place(address("2001:db8:0:1::1")),
            place(address("2001:db8:0:2::1"))
        );
        assert_eq!(place(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }
}
