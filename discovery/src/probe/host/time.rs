//! State of the clock.

use muster_model::host::Time;

use crate::Fault;
use crate::notes::Notes;
use crate::source::{Query, Source};

/// `adjtimex(2)`.
const TIME_ERROR: i32 = 5;
const STA_UNSYNC: i32 = 0x40;

/// `has_system`: whether the root has a system at all, so that an absent file means its default.
pub(super) fn read(source: &Source, has_system: bool, notes: &mut Notes) -> Time {
    let state = source.ask(Query::ClockState);
    let state = state.and_then(|state| synchronized(&state));
    Time {
        synchronized: notes.require(
            "time",
            "whether the clock is synchronized (adjtimex)",
            state,
        ),
        rtc_utc: rtc_utc(source, has_system, notes),
    }
}

/// The state returned and `status`, a line each.
fn synchronized(state: &[u8]) -> Result<bool, Fault> {
    let malformed = || Fault::Malformed("not a state and a status".to_owned());
    let text = std::str::from_utf8(state).map_err(|_| malformed())?;
    let mut numbers = text.lines().map(str::parse::<i32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(state)), Some(Ok(status))) => Ok(state != TIME_ERROR && status & STA_UNSYNC == 0),
        _ => Err(malformed()),
    }
}

/// `hwclock(8)`: the third line of `etc/adjtime` is `UTC` or `LOCAL`; without one it is UTC.
fn rtc_utc(source: &Source, has_system: bool, notes: &mut Notes) -> Option<bool> {
    let content = match source.text("etc/adjtime") {
        Err(Fault::Absent) => return has_system.then_some(true),
        told => notes.require("time", "etc/adjtime", told)?,
    };
    match content.lines().nth(2).map(str::trim) {
        None | Some("" | "UTC") => Some(true),
        Some("LOCAL") => Some(false),
        Some(other) => {
            let fault = Fault::Malformed(format!("neither UTC nor LOCAL: {other:.20}"));
            notes.require("time", "etc/adjtime", Err(fault))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_state() {
        assert_eq!(synchronized(b"0\n8193"), Ok(true));
        assert_eq!(synchronized(b"5\n64"), Ok(false));
        assert_eq!(synchronized(b"0\n64"), Ok(false));
        for nonsense in [b"".as_slice(), b"x\ny", b"1", b"\xff\n1"] {
            assert!(synchronized(nonsense).is_err());
        }
    }
}
