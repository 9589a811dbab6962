//! The time zone, and that the time is kept by NTP.

use serde::{Deserialize, Serialize};

use super::{Step, StepError};
use crate::host::{EntryKind, Host, files};
use crate::value::{Content, HostPath, KeptFile, TimeZoneName};

const ZONES: &str = "/usr/share/zoneinfo";
/// As systemd-timedated writes `/etc/localtime`.
const TO_ZONES: &str = "../usr/share/zoneinfo";

/// The time zone, and whether the time is kept by NTP; at least one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Time {
    /// The time zone; without, it is left as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<TimeZoneName>,
    /// Whether the service that systemd-timedated(8) knows keeps the time; without, it is left as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ntp: Option<bool>,
}

/// The time zone and the keeping of time as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TimeState {
    /// None where the step is not about it.
    pub zone: Option<ZoneFiles>,
    /// Whether NTP keeps the time; none where the step is not about it, or nothing runs.
    pub ntp: Option<bool>,
}

/// The files that say the time zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ZoneFiles {
    /// What the link `/etc/localtime` says, as localtime(5) has it; none where there is none, which is UTC.
    pub localtime: Option<String>,
    /// Debian's `/etc/timezone`; none where there is none, and none is made.
    pub timezone: Option<KeptFile>,
}

fn localtime() -> HostPath {
    HostPath::known("/etc/localtime")
}

fn timezone() -> HostPath {
    HostPath::known("/etc/timezone")
}

impl ZoneFiles {
    fn of(host: &dyn Host) -> Result<Self, StepError> {
        Ok(Self {
            localtime: files::link(host, &localtime())?,
            timezone: files::file(host, &timezone())?,
        })
    }

    /// These files where they say `zone`. A link that leads there on another way stays.
    fn saying(&self, zone: &TimeZoneName) -> Self {
        let ways = [ZONES, TO_ZONES].map(|folder| format!("{folder}/{zone}"));
        let leads_there = |link: &&String| ways.contains(link);
        let [_, usual] = &ways;
        let timezone = self.timezone.as_ref().map(|file| KeptFile {
            content: match file.content.text().map(str::trim) == Some(zone.as_str()) {
                true => file.content.clone(),
                false => Content::from(format!("{zone}\n").as_str()),
            },
            attributes: file.attributes.clone(),
        });
        let localtime = self.localtime.as_ref().filter(leads_there);
        Self {
            localtime: Some(localtime.unwrap_or(usual).clone()),
            timezone,
        }
    }

    /// The zone that the link names; UTC where there is none. None: it leads somewhere else.
    fn zone(&self) -> Option<TimeZoneName> {
        let name = match &self.localtime {
            None => "UTC",
            Some(link) => link.split_once("/zoneinfo/")?.1,
        };
        TimeZoneName::try_from(name.to_owned()).ok()
    }

    fn set(&self, host: &mut dyn Host) -> Result<(), StepError> {
        if Self::of(host)? != *self
            && host.is_running()
            && let Some(zone) = self.zone()
        {
            host.set_time_zone(&zone)?;
        }
        // To the byte, and also where nobody was there to be told.
        files::set_link(host, &localtime(), self.localtime.as_deref())?;
        Ok(files::set_file(host, &timezone(), self.timezone.as_ref())?)
    }
}

impl Step for Time {
    type State = TimeState;

    fn title(&self) -> String {
        let zone = self
            .zone
            .as_ref()
            .map(|zone| format!("set the time zone to {zone}"));
        let ntp = self.ntp.map(|ntp| match ntp {
            true => "keep the time by NTP".to_owned(),
            false => "do not keep the time by NTP".to_owned(),
        });
        let words: Vec<String> = zone.into_iter().chain(ntp).collect();
        let words = words.join(", and ");
        match words.split_at_checked(1) {
            Some((first, rest)) => first.to_uppercase() + rest,
            None => "Leave the time as it is".to_owned(),
        }
    }

    fn inspect(&self, host: &dyn Host) -> Result<TimeState, StepError> {
        if let Some(zone) = &self.zone {
            let path = HostPath::known(ZONES).join(zone.as_str());
            let path = path.map_err(|why| StepError::refused(why.to_string()))?;
            let found = host.look(&path)?;
            if found.is_none_or(|found| found.kind == EntryKind::Directory) {
                return Err(StepError::refused(format!(
                    "there is no time zone {path}: `timedatectl list-timezones` has the names of time zones; where it has none, install the package tzdata"
                )));
            }
        }
        let zone = self.zone.as_ref().map(|_| ZoneFiles::of(host));
        let ntp = match self.ntp {
            Some(_) if host.is_running() => Some(host.ntp()?.ok_or_else(no_ntp)?),
            _ => None,
        };
        Ok(TimeState {
            zone: zone.transpose()?,
            ntp,
        })
    }

    fn wanted(&self, before: &TimeState) -> Result<TimeState, StepError> {
        if self.zone.is_none() && self.ntp.is_none() {
            return Err(StepError::refused(
                "a step of time has a zone, or says whether there is to be ntp",
            ));
        }
        let zone = self.zone.as_ref().zip(before.zone.as_ref());
        Ok(TimeState {
            zone: zone.map(|(zone, files)| files.saying(zone)),
            ntp: before.ntp.and(self.ntp),
        })
    }

    fn set(&self, host: &mut dyn Host, state: &TimeState) -> Result<(), StepError> {
        if let Some(zone) = &state.zone {
            zone.set(host)?;
        }
        if let Some(ntp) = state.ntp
            && host.ntp()? != Some(ntp)
        {
            host.set_ntp(ntp)?;
        }
        Ok(host.sync_everything()?)
    }
}

fn no_ntp() -> StepError {
    StepError::refused(
        "systemd-timedated knows no service that keeps the time by NTP: install systemd-timesyncd or chrony, or leave ntp out",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{action, host, prove, refused};
    use crate::host::Files as _;
    use crate::host::model::Model;
    use crate::value::HostPath;

    #[test]
    fn the_zone_and_the_keeping_of_time_are_set_and_put_back() {
        let both = json!({"time": {"zone": "Zurich", "ntp": true}});
        let link = HostPath::known("/etc/localtime");
        let mut host = host();
        for before in [None, Some("/usr/share/zoneinfo/UTC")] {
            if let Some(before) = before {
                host.make_link(&link, before).unwrap();
                host.take("/etc/timezone");
            }
            let after = prove(&host, &both);
            let says = after.link(&link).unwrap();
            assert_eq!(says.as_deref(), Some("../usr/share/zoneinfo/Zurich"));
            let debians = before.is_none().then(|| "Zurich\n".to_owned());
            assert_eq!(after.text("/etc/timezone"), debians);
            assert!(after.kernel.active.contains("timesync.service"));
        }
        prove(&host, &json!({"time": {"ntp": true}}));
        host.is_running = false;
        let after = prove(&host, &both);
        assert!(!after.kernel.active.contains("timesync.service"));
    }

    #[test]
    fn a_link_that_leads_there_on_another_way_stays() {
        let mut host = host();
        let link = HostPath::known("/etc/localtime");
        host.make_link(&link, "/usr/share/zoneinfo/UTC").unwrap();
        host.put("/etc/timezone", "UTC");
        let action = action(&json!({"time": {"zone": "UTC"}}));
        let before = action.inspect(&host).unwrap();
        assert_eq!(action.wanted(&before).unwrap(), before);
    }

    #[test]
    fn what_cannot_be_is_refused_while_planning() {
        let mut host = host();
        let told = |host: &Model, written: Value| refused(host, &json!({"time": written}));
        assert!(told(&host, json!({})).contains("a zone, or"));
        let none = told(&host, json!({"zone": "Mars/Olympus"}));
        assert!(none.starts_with("there is no time zone /usr/share/zoneinfo/Mars/Olympus"));
        host.take("/usr/lib/systemd/system/timesync.service");
        assert!(told(&host, json!({"ntp": true})).contains("no service that keeps the time"));
        host.put("/etc/localtime", "TZif");
        let told = told(&host, json!({"zone": "Zurich"}));
        assert_eq!(told, "/etc/localtime is a file");
    }
}
