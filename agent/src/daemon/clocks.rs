//! Notices what the clocks tell beside the time: that the machine was suspended, or that the clock on the wall was set.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The clocks are compared as often without any jump: what the one on the wall was slewed by meanwhile (500 ppm at the most,
/// adjtimex(2)) must not look like a step.
const COMPARED_EACH: i64 = 15 * 60;
/// Less is neither a suspension nor a step that anybody has to know of.
const LEAST_MS: i128 = 2000;

/// What the clocks show at one moment, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clocks {
    /// Since 1970.
    wall: i128,
    /// Since the start of the machine.
    boot: i128,
    /// The same without the time for which the machine was suspended.
    monotonic: i128,
}

/// What time alone does not explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Jump {
    /// None when the machine was not suspended.
    pub(crate) suspended: Option<Duration>,
    /// By how many milliseconds the clock on the wall was set, less than 0 is back. None when it was not.
    pub(crate) set_by_ms: Option<i64>,
}

impl Clocks {
    /// As they are now.
    pub(crate) fn now() -> Self {
        Self {
            wall: milliseconds(ClockId::Realtime),
            boot: milliseconds(ClockId::Boottime),
            monotonic: milliseconds(ClockId::Monotonic),
        }
    }

    /// What happened between these readings and `later` ones.
    pub(crate) fn until(self, later: Self) -> Jump {
        let passed = later.boot - self.boot;
        let suspended = passed - (later.monotonic - self.monotonic);
        let set_by = later.wall - self.wall - passed;
        Jump {
            suspended: (suspended >= LEAST_MS)
                .then(|| Duration::from_millis(u64::try_from(suspended).unwrap_or_default())),
            set_by_ms: (set_by.abs() >= LEAST_MS)
                .then(|| i64::try_from(set_by).unwrap_or_default()),
        }
    }
}

/// Tells of jumps.
pub(crate) struct Jumps {
    timer: AsyncFd<OwnedFd>,
    last: Clocks,
}

impl Jumps {
    /// Notices what happens from here on.
    #[allow(
        deprecated,
        reason = "unsound only for what changes its descriptor; an owned one never does"
    )]
    pub(crate) fn notice() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Realtime, flags)?;
        arm(&timer)?;
        Ok(Self {
            timer: AsyncFd::with_interest(timer, Interest::READABLE)?,
            last: Clocks::now(),
        })
    }

    /// Waits for the next one. Can be dropped at any time.
    pub(crate) async fn next(&mut self) -> io::Result<Jump> {
        loop {
            let mut ready = self.timer.readable_mut().await?;
            let mut expirations = [0; 8];
            match rustix::io::read(ready.get_inner(), &mut expirations) {
                Err(Errno::AGAIN | Errno::INTR) => {
                    ready.clear_ready();
                    continue;
                }
                // The clock was set, or the machine woke up (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET).
                Ok(_) | Err(Errno::CANCELED) => ready.clear_ready(),
                Err(error) => return Err(error.into()),
            }
            arm(self.timer.get_ref())?;
            let now = Clocks::now();
            let jump = self.last.until(now);
            self.last = now;
            if jump != Jump::default() {
                return Ok(jump);
            }
        }
    }
}

fn arm(timer: &OwnedFd) -> io::Result<()> {
    let now = clock_gettime(ClockId::Realtime);
    let once = Itimerspec {
        it_interval: Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        },
        it_value: Timespec {
            tv_sec: now.tv_sec.saturating_add(COMPARED_EACH),
            tv_nsec: now.tv_nsec,
        },
    };
    let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    timerfd_settime(timer, flags, &once)?;
    Ok(())
}

fn milliseconds(clock: ClockId) -> i128 {
    let time = clock_gettime(clock);
    i128::from(time.tv_sec) * 1000 + i128::from(time.tv_nsec) / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: Clocks = Clocks {
        wall: 1_700_000_000_000,
        boot: 5_000_000,
        monotonic: 4_000_000,
    };

    fn after(wall: i128, boot: i128, monotonic: i128) -> Jump {
        BEFORE.until(Clocks {
            wall: BEFORE.wall + wall,
            boot: BEFORE.boot + boot,
            monotonic: BEFORE.monotonic + monotonic,
        })
    }

    #[test]
    fn time_that_passes_is_no_jump() {
        assert_eq!(after(60_000, 60_000, 60_000), Jump::default());
        // Slewed at 500 ppm for as long as the clocks are not compared.
        assert_eq!(after(900_450, 900_000, 900_000), Jump::default());
        assert_eq!(after(899_550, 900_000, 900_000), Jump::default());
    }

    #[test]
    fn a_clock_that_is_set_jumps_either_way() {
        assert_eq!(after(3_601_000, 1000, 1000).set_by_ms, Some(3_600_000));
        assert_eq!(after(-3_599_000, 1000, 1000).set_by_ms, Some(-3_600_000));
        assert_eq!(after(3_601_000, 1000, 1000).suspended, None);
    }

    #[test]
    fn a_suspension_is_no_set_clock() {
        let jump = after(7_200_000, 7_200_000, 1000);
        assert_eq!(jump.suspended, Some(Duration::from_millis(7_199_000)));
        assert_eq!(jump.set_by_ms, None);
        let both = after(3_600_000, 7_200_000, 1000);
        assert_eq!(both.set_by_ms, Some(-3_600_000));
        assert!(both.suspended.is_some());
    }

    #[tokio::test]
    async fn the_kernel_takes_the_timer_and_nothing_jumps_by_itself() {
        let mut jumps = Jumps::notice().unwrap();
        let waited = tokio::time::timeout(Duration::from_millis(50), jumps.next()).await;
        assert!(waited.is_err(), "{waited:?}");
    }
}
