//! The agent's end: asks the helper, which the message bus starts for that.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use muster_model::Section;
use tokio::time::{Instant, sleep, timeout};
use zbus::Connection;
use zbus::proxy::CacheProperties;

use crate::daemon::connect::chain;
use crate::daemon::observe::LONGEST;
use crate::daemon::ports::{Observer, ObserverError, Workloads, WorkloadsError};
use crate::daemon::systemd::{KILLED, SystemdWorkloads};

/// It starts within milliseconds, or something is badly wrong.
const START: Duration = Duration::from_secs(5);
/// A heartbeat waits no longer for what only adds to it.
const GLANCE: Duration = Duration::from_secs(2);
/// So long it is asked again for what nothing else waits for: the bus may be told of it only now, by a package that is being installed.
const PATIENCE: Duration = Duration::from_secs(15);
/// What has a deadline of its own is asked for once more at once.
const AT_ONCE: Duration = Duration::from_millis(1);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Errors that another try does not change: those of the helper itself, and the bus's no.
const FINAL: [&str; 4] = [
    "io.muster.Helper1.Error.",
    "org.freedesktop.DBus.Error.AccessDenied",
    "org.freedesktop.DBus.Error.InvalidArgs",
    "org.freedesktop.DBus.Error.UnknownMethod",
];

/// Why the helper did not do it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HelperError {
    #[error("muster-helper.service did not {what}: {reason}")]
    Refused { what: &'static str, reason: String },
    #[error("muster-helper.service cannot be reached to {what}")]
    Unreachable {
        what: &'static str,
        source: zbus::Error,
    },
    #[error("muster-helper.service did not {what} within {} s", longest.as_secs())]
    Silent {
        what: &'static str,
        longest: Duration,
    },
}

#[zbus::proxy(
    interface = "io.muster.Helper1",
    default_service = "io.muster.Helper1",
    default_path = "/io/muster/Helper1"
)]
trait Helper1 {
    fn discover(&self, sections: Vec<String>) -> zbus::Result<String>;
    fn workloads(&self) -> zbus::Result<String>;
    fn allow_workloads(&self) -> zbus::Result<()>;
    fn stop_workloads(&self, grace_ms: u64) -> zbus::Result<()>;
}

/// What the helper sees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HelperEyes;

#[async_trait]
impl Observer for HelperEyes {
    async fn inventory(&self, sections: &BTreeSet<Section>) -> Result<Vec<u8>, ObserverError> {
        let names: Vec<String> = sections.iter().map(|it| it.key().to_owned()).collect();
        let question = Question {
            what: "discover this machine",
            longest: START + LONGEST,
            patience: PATIENCE,
        };
        let json = question.ask(|helper| {
            let names = names.clone();
            async move { helper.discover(names).await }
        });
        let json = json.await.map_err(ObserverError::from)?;
        Ok(json.into_bytes())
    }

    async fn workloads(&self) -> Option<muster_model::Workloads> {
        let question = Question {
            what: "look what runs",
            longest: GLANCE,
            patience: Duration::ZERO,
        };
        let json = question
            .ask(|helper| async move { helper.workloads().await })
            .await;
        let json = json.inspect_err(|error| {
            let reason = chain(error);
            tracing::warn!(reason, "what runs is seen without the rights of root");
        });
        serde_json::from_str(&json.ok()?).ok()
    }
}

/// The workloads, stopped and started by the helper. Looking at them takes no rights.
#[derive(Debug, Default)]
pub(crate) struct HelperWorkloads {
    systemd: SystemdWorkloads,
}

impl HelperWorkloads {
    /// Those that systemd knows.
    pub(crate) fn of(systemd: SystemdWorkloads) -> Self {
        Self { systemd }
    }
}

#[async_trait]
impl Workloads for HelperWorkloads {
    async fn count(&self) -> Option<u32> {
        self.systemd.count().await
    }

    async fn stop_all(&self, grace: Duration) -> Result<(), WorkloadsError> {
        let question = Question {
            what: "stop the workloads",
            longest: START + grace + KILLED,
            patience: AT_ONCE,
        };
        let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        let stopped = question.ask(|helper| async move { helper.stop_workloads(grace_ms).await });
        stopped.await.map_err(WorkloadsError::from)
    }

    async fn allow(&self) -> Result<(), WorkloadsError> {
        // Asked with each heartbeat: the helper is not started for it.
        if self.systemd.are_allowed().await? {
            return Ok(());
        }
        let question = Question {
            what: "start the workloads",
            longest: START,
            patience: AT_ONCE,
        };
        let allowed = question.ask(|helper| async move { helper.allow_workloads().await });
        allowed.await.map_err(WorkloadsError::from)
    }
}

impl From<HelperError> for WorkloadsError {
    fn from(error: HelperError) -> Self {
        Self {
            what: chain(&error),
        }
    }
}

impl From<HelperError> for ObserverError {
    fn from(error: HelperError) -> Self {
        Self {
            what: chain(&error),
        }
    }
}

/// Whether the helper can be called, by who asks.
pub(crate) async fn is_reachable() -> Result<(), HelperError> {
    let question = Question {
        what: "answer",
        longest: START,
        patience: Duration::ZERO,
    };
    question
        .ask(|helper| async move { helper.workloads().await })
        .await
        .map(drop)
}

/// One call.
struct Question {
    what: &'static str,
    /// How long an answer may take.
    longest: Duration,
    /// When nobody answered, it is asked again until so long after the first time.
    patience: Duration,
}

impl Question {
    async fn ask<T, Asking>(
        &self,
        question: impl Fn(Helper1Proxy<'static>) -> Asking,
    ) -> Result<T, HelperError>
    where
        Asking: Future<Output = zbus::Result<T>>,
    {
        let question = &question;
        self.until_answered(|| async { question(connect().await?).await })
            .await
    }

    async fn until_answered<T, Asking>(&self, once: impl Fn() -> Asking) -> Result<T, HelperError>
    where
        Asking: Future<Output = zbus::Result<T>>,
    {
        let begun = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let is_last = begun.elapsed() >= self.patience;
            let error = match timeout(self.longest, once()).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) if is_final(&error) || is_last => return Err(self.failed(error)),
                Ok(Err(error)) => error,
                Err(_) => {
                    let (what, longest) = (self.what, self.longest);
                    return Err(HelperError::Silent { what, longest });
                }
            };
            tracing::debug!(error = %error, what = self.what, "asking the helper again");
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn failed(&self, error: zbus::Error) -> HelperError {
        let what = self.what;
        match error {
            zbus::Error::MethodError(name, reason, _) => HelperError::Refused {
                what,
                reason: reason.unwrap_or_else(|| name.to_string()),
            },
            source => HelperError::Unreachable { what, source },
        }
    }
}

fn is_final(error: &zbus::Error) -> bool {
    match error {
        zbus::Error::MethodError(name, ..) => {
            FINAL.iter().any(|known| name.as_str().starts_with(known))
        }
        _ => false,
    }
}

/// A connection of its own each time: few are needed, and none is broken by a bus that was started anew.
async fn connect() -> zbus::Result<Helper1Proxy<'static>> {
    let connection = Connection::system().await?;
    Helper1Proxy::builder(&connection)
        .cache_properties(CacheProperties::No)
        .build()
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &'static str) -> zbus::Error {
        let message = zbus::Message::method_call("/", "Discover");
        let message = message.build(&()).unwrap();
        zbus::Error::MethodError(name.try_into().unwrap(), None, message)
    }

    async fn asked(name: &'static str, patience: Duration) -> (u32, HelperError) {
        let tries = std::cell::Cell::new(0);
        let question = Question {
            what: "look",
            longest: START,
            patience,
        };
        let asked = question.until_answered(|| {
            tries.set(tries.get() + 1);
            async { Err::<(), _>(told(name)) }
        });
        let error = asked.await.unwrap_err();
        (tries.get(), error)
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_died_is_asked_again() {
        let no_reply = "org.freedesktop.DBus.Error.NoReply";
        assert_eq!(asked(no_reply, Duration::ZERO).await.0, 1);
        assert_eq!(asked(no_reply, AT_ONCE).await.0, 2);
        let (tries, error) = asked(no_reply, PATIENCE).await;
        assert!((5..20).contains(&tries), "{tries}");
        assert!(error.to_string().contains("NoReply"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_no_is_a_no() {
        for name in [
            "io.muster.Helper1.Error.Failed",
            "org.freedesktop.DBus.Error.AccessDenied",
        ] {
            assert_eq!(asked(name, PATIENCE).await.0, 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_hangs_keeps_nobody_waiting() {
        let question = Question {
            what: "look",
            longest: GLANCE,
            patience: PATIENCE,
        };
        let begun = Instant::now();
        let asked = question.until_answered(std::future::pending::<zbus::Result<()>>);
        assert!(matches!(asked.await, Err(HelperError::Silent { .. })));
        assert_eq!(begun.elapsed(), GLANCE);
    }
}
