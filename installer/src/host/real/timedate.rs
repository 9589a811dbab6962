//! What systemd-timedated is asked, as org.freedesktop.timedate1(5) describes it.

use std::time::Duration;

use zbus::proxy::CacheProperties;

use super::systemd::{ANSWER, Systemd, failed, in_time};
use crate::host::HostError;
use crate::value::TimeZoneName;

/// A service that keeps the time starts in the background; this long it is looked for.
const START: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

#[zbus::proxy(
    interface = "org.freedesktop.timedate1",
    default_service = "org.freedesktop.timedate1",
    default_path = "/org/freedesktop/timedate1"
)]
trait Timedate {
    fn set_timezone(&self, zone: &str, interactive: bool) -> zbus::Result<()>;
    #[zbus(name = "SetNTP")]
    fn set_ntp(&self, to: bool, interactive: bool) -> zbus::Result<()>;
    #[zbus(property, name = "CanNTP")]
    fn can_ntp(&self) -> zbus::Result<bool>;
    #[zbus(property, name = "NTP")]
    fn ntp(&self) -> zbus::Result<bool>;
}

impl Systemd {
    /// Has the time zone set. Where systemd has no timedated, files alone say it, and nobody has to be told.
    pub(super) fn set_time_zone(&self, zone: &TimeZoneName) -> Result<(), HostError> {
        let (runtime, connection) = self.connection()?;
        let done = runtime.block_on(in_time(ANSWER, async {
            let timedate = timedate(connection).await?;
            timedate.set_timezone(zone.as_str(), false).await
        }));
        match done {
            Err(error) if !is_missing(&error) => Err(failed("set the time zone", zone, &error)),
            _ => Ok(()),
        }
    }

    /// Whether the time is kept by NTP; none where there is no timedated, or no service that could.
    pub(super) fn ntp(&self) -> Result<Option<bool>, HostError> {
        let (runtime, connection) = self.connection()?;
        let found = runtime.block_on(in_time(ANSWER, async {
            let timedate = timedate(connection).await?;
            match timedate.can_ntp().await? {
                true => timedate.ntp().await.map(Some),
                false => Ok(None),
            }
        }));
        match found {
            Err(error) if is_missing(&error) => Ok(None),
            found => found.map_err(|error| failed("look at", "the keeping of time", &error)),
        }
    }

    /// Has the time kept by NTP or not, and waits until it is so.
    pub(super) fn set_ntp(&self, to: bool) -> Result<(), HostError> {
        let (runtime, connection) = self.connection()?;
        let done = runtime.block_on(in_time(START, async {
            let timedate = timedate(connection).await?;
            timedate.set_ntp(to, false).await?;
            while timedate.ntp().await? != to {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Ok(())
        }));
        done.map_err(|error| failed("set", "the keeping of time", &error))
    }
}

async fn timedate(connection: &zbus::Connection) -> zbus::Result<TimedateProxy<'static>> {
    let timedate = TimedateProxy::builder(connection);
    timedate.cache_properties(CacheProperties::No).build().await
}

/// Nobody has the name, nor can it be started. A property's error is one of D-Bus' own, a method's has a name.
fn is_missing(error: &zbus::Error) -> bool {
    match error {
        zbus::Error::FDO(error) => matches!(
            **error,
            zbus::fdo::Error::ServiceUnknown(_) | zbus::fdo::Error::NameHasNoOwner(_)
        ),
        zbus::Error::MethodError(name, ..) => {
            *name == "org.freedesktop.DBus.Error.ServiceUnknown"
                || *name == "org.freedesktop.systemd1.NoSuchUnit"
        }
        _ => false,
    }
}
