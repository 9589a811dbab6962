//! The clock of leases: it never jumps, and it counts while the machine is suspended.

use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::core::fencing::SinceBoot;

/// A clock that can be waited for.
pub(crate) trait Clock: Send + Sync + 'static {
    /// Time since boot.
    fn now(&self) -> SinceBoot;

    /// Waits until then. An error means that nobody will be woken: whoever waited has to act at once.
    fn sleep_until(&self, until: SinceBoot) -> impl Future<Output = io::Result<()>> + Send;
}

/// The kernel's `CLOCK_BOOTTIME`. After a suspension its timers expire at once, where those of `CLOCK_MONOTONIC` would wait on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BootClock;

impl Clock for BootClock {
    fn now(&self) -> SinceBoot {
        let time = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
    }

    #[allow(
        deprecated,
        reason = "unsound only for what changes its descriptor; an owned one never does"
    )]
    async fn sleep_until(&self, until: SinceBoot) -> io::Result<()> {
        let timer = AsyncFd::with_interest(timer(until)?, Interest::READABLE)?;
        timer.readable().await?.retain_ready();
        Ok(())
    }
}

/// The clock on the wall, in milliseconds since 1970. It may jump.
pub(crate) fn now_unix_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let milliseconds = since.map(|since| since.as_millis()).unwrap_or_default();
    i64::try_from(milliseconds).unwrap_or(i64::MAX)
}

/// Becomes readable once, at `until`.
fn timer(until: SinceBoot) -> io::Result<OwnedFd> {
    let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
    let timer = timerfd_create(TimerfdClockId::Boottime, flags)?;
    let none = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let once = Itimerspec {
        it_interval: none,
        it_value: Timespec {
            tv_sec: i64::try_from(until.as_secs()).unwrap_or(i64::MAX),
            // Zero would disarm the timer.
            tv_nsec: i64::from(until.subsec_nanos().max(1)),
        },
    };
    timerfd_settime(&timer, TimerfdTimerFlags::ABSTIME, &once)?;
    Ok(timer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_timer_wakes_when_its_time_has_come() {
        let clock = BootClock;
        let until = clock.now() + Duration::from_millis(30);
        clock.sleep_until(until).await.unwrap();
        assert!(clock.now() >= until);
        clock.sleep_until(Duration::ZERO).await.unwrap();
    }
}
