//! Room in mounted file systems.

use muster_model::Section;
use muster_model::disk::Filesystem;
use toml_span::{DeserError, Deserialize, Value};

use super::{Check, Finding, Kind, parameters, read};
use crate::machine::{Fact, Machine, Unknown};
use crate::policy::hardware::Place;
use crate::policy::size::{self, Size};
use crate::policy::values::{Percent, wrong};

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "free_space",
    about: "The file system that holds the path `mount` has `at_least` so much room, or \
            `percent_at_least` of its size, or both, for an ordinary user to fill. The path need \
            not be a mount point. File systems in memory are not in an inventory: of a path on one, \
            such as /tmp at times, the file system above is judged.",
    example: r#"{ mount = "/var/lib", at_least = "20 GiB", percent_at_least = 10 }"#,
    read: read::<FreeSpace>,
}];

parameters! {
    struct Room { mount: Place }
    optional { at_least: Size, percent_at_least: Percent }
}

/// What is asked for: at least one of both.
#[derive(Debug)]
struct FreeSpace(Room);

impl<'de> Deserialize<'de> for FreeSpace {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let span = value.span;
        let room = Room::deserialize(value)?;
        if room.at_least.is_none() && room.percent_at_least.is_none() {
            let message = "say how much: at_least = \"20 GiB\", percent_at_least = 10, or both";
            return Err(wrong(span, message).into());
        }
        Ok(Self(room))
    }
}

impl Check for FreeSpace {
    fn required(&self) -> String {
        let size = self.0.at_least.map(|size| format!("at least {size}"));
        let percent = self.0.percent_at_least;
        let percent = percent.map(|percent| format!("at least {percent}"));
        let asked: Vec<String> = size.into_iter().chain(percent).collect();
        format!("{} free for {}", asked.join(" and "), self.0.mount)
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Filesystems]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        match self.holder(machine) {
            Err(unknown) => Finding::unknown(&unknown),
            Ok(filesystem) => {
                let usage = usage(machine, filesystem);
                Finding::of(usage, |usage| self.decide(&filesystem.mount_point, &usage))
                    .with_devices([filesystem.mount_point.as_str()])
            }
        }
    }
}

impl FreeSpace {
    /// The file system that holds the path: of those mounted at or above it the lowest.
    fn holder<'a>(&self, machine: &Machine<'a>) -> Fact<&'a Filesystem> {
        let place = &self.0.mount;
        let all = machine.list(Section::Filesystems, &machine.inventory().filesystems)?;
        let holders = all.iter().filter(|one| place.is_below(&one.mount_point));
        let lowest = holders.max_by_key(|one| one.mount_point.len());
        lowest.ok_or_else(|| Unknown {
            fact: format!("the file system that holds {place}"),
            reason:
                "none of the inventory is mounted there or above: the path is in memory, or on a \
                     kind of file system that is not listed"
                    .to_owned(),
        })
    }

    fn decide(&self, mount_point: &str, usage: &Usage) -> Finding {
        let least = self.0.at_least;
        let percent = self.0.percent_at_least.unwrap_or(Percent(0));
        let holds =
            least.is_none_or(|least| usage.available >= least.bytes) && usage.is_free(percent);
        let finding = Finding::decided(holds, usage.in_words(least));
        let place = &self.0.mount;
        if holds || place.is_at(mount_point) {
            return finding;
        }
        finding.because(format!(
            "{place} is in the file system mounted at {mount_point}"
        ))
    }
}

/// How full a file system is.
struct Usage {
    /// Of the whole, in bytes.
    size: u64,
    /// In bytes.
    available: u64,
}

impl Usage {
    fn is_free(&self, percent: Percent) -> bool {
        let wanted = u128::from(self.size) * u128::from(percent.0);
        u128::from(self.available) * 100 >= wanted
    }

    /// Such as `26 GiB of 252 GiB free, 10 %`; rounded down, so that it is never what is wanted when
    /// it is less.
    fn in_words(&self, least: Option<Size>) -> String {
        let Self { size, available } = *self;
        let share = u128::from(available) * 100;
        let share = share.checked_div(u128::from(size));
        let share = share.unwrap_or_default();
        let (available, size) = match least {
            Some(least) => (least.beside(available), least.alike(size)),
            None => (size::in_words(available), size::in_words(size)),
        };
        format!("{available} of {size} free, {share} %")
    }
}

fn usage(machine: &Machine<'_>, filesystem: &Filesystem) -> Fact<Usage> {
    let fact = |field: &str, bytes: Option<u64>| {
        let place = &filesystem.mount_point;
        machine.device_fact(Section::Filesystems, place, field, bytes)
    };
    Ok(Usage {
        available: fact("available_bytes", filesystem.available_bytes)?,
        // Those of some servers say nothing with a zero.
        size: fact(
            "size_bytes",
            filesystem.size_bytes.filter(|bytes| *bytes > 0),
        )?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::check::Outcome::{Fail, Pass, Undetermined};
    use crate::check::testing::{fault, hold, judged, required};

    const GIB: u64 = 1 << 30;

    fn filesystem(mount_point: &str, size: Option<u64>, available: Option<u64>) -> Value {
        json!({"mount_point": mount_point, "size_bytes": size, "available_bytes": available})
    }

    fn machine() -> Value {
        json!({"filesystems": [
            filesystem("/", Some(100 * GIB), Some(50 * GIB)),
            filesystem("/srv", Some(100 * GIB), Some(10 * GIB - 1)),
            filesystem("/srv/nfs", None, None),
        ]})
    }

    #[test]
    fn free_space() {
        let half = Some("50 GiB of 100 GiB free, 50 %");
        let tenth = Some("10 GiB of 100 GiB free, 9 %");
        hold(
            "free_space",
            &[
                (
                    r#"{ mount = "/", at_least = "50 GiB" }"#,
                    machine(),
                    Pass,
                    half,
                ),
                (
                    r#"{ mount = "/var/lib", at_least = "50 GiB" }"#,
                    machine(),
                    Pass,
                    half,
                ),
                // A name that begins alike is elsewhere.
                (
                    r#"{ mount = "/srv2", at_least = "51 GiB" }"#,
                    machine(),
                    Fail,
                    half,
                ),
                (
                    r#"{ mount = "/srv/x/", percent_at_least = 9 }"#,
                    machine(),
                    Pass,
                    tenth,
                ),
                (
                    r#"{ mount = "/srv", percent_at_least = 10 }"#,
                    machine(),
                    Fail,
                    tenth,
                ),
                (
                    r#"{ mount = "/srv", at_least = "10 GiB" }"#,
                    machine(),
                    Fail,
                    Some("10 GiB less 1 B of 100 GiB free, 9 %"),
                ),
                (
                    r#"{ mount = "/", at_least = "1 GiB", percent_at_least = 60 }"#,
                    machine(),
                    Fail,
                    half,
                ),
                (
                    r#"{ mount = "/srv/nfs", at_least = "1 B" }"#,
                    machine(),
                    Undetermined,
                    None,
                ),
                (
                    r#"{ mount = "/", at_least = "1 B" }"#,
                    json!({"filesystems": [filesystem("/boot", Some(1), Some(1))]}),
                    Undetermined,
                    None,
                ),
                (
                    r#"{ mount = "/", at_least = "1 B" }"#,
                    json!({}),
                    Undetermined,
                    None,
                ),
            ],
        );
        let parameters = r#"{ mount = "/srv/nfs/x", at_least = "1 B" }"#;
        assert_eq!(
            judged("free_space", parameters, machine()).devices,
            ["/srv/nfs"]
        );
        let reasons = |mount: &str| {
            let parameters = format!("{{ mount = {mount:?}, at_least = \"1 TiB\" }}");
            judged("free_space", &parameters, machine()).reasons
        };
        assert_eq!(reasons("/srv"), Vec::<String>::new());
        assert_eq!(
            reasons("/var/lib"),
            ["/var/lib is in the file system mounted at /"]
        );
    }

    #[test]
    fn odd_sizes_are_no_trouble() {
        let empty = json!({"filesystems": [filesystem("/", Some(0), Some(0))]});
        let finding = judged(
            "free_space",
            r#"{ mount = "/", percent_at_least = 10 }"#,
            empty,
        );
        assert_eq!(finding.outcome, Undetermined);
        let huge = json!({"filesystems": [filesystem("/", Some(u64::MAX), Some(u64::MAX))]});
        let finding = judged(
            "free_space",
            r#"{ mount = "/", percent_at_least = 100 }"#,
            huge,
        );
        assert_eq!(finding.outcome, Pass);
    }

    #[test]
    fn parameters_say_how_much() {
        let both = r#"{ mount = "/var", at_least = "20 GiB", percent_at_least = 10 }"#;
        assert_eq!(
            required("free_space", both),
            "at least 20 GiB and at least 10 % free for /var"
        );
        assert_eq!(
            fault("free_space", r#"{ mount = "/var" }"#),
            "say how much: at_least = \"20 GiB\", percent_at_least = 10, or both"
        );
    }
}
