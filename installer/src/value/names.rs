//! What things are called by the kernel, systemd and the databases of users.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{HostPath, NoValue};

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident: $check:expr, $wanted:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// As it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NoValue;

            fn try_from(text: String) -> Result<Self, NoValue> {
                let check: fn(&str) -> bool = $check;
                match check(&text) {
                    true => Ok(Self(text)),
                    false => Err(NoValue::because($wanted)),
                }
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    )*};
}

names! {
    /// A user or a group, by name or by number. useradd(8) has the form of names.
    AccountName: is_account, "a user or group has up to 31 lower-case letters, digits, - and _, or is a number";
    /// Where somebody listens: `HOST:PORT`, an IPv6 address in brackets.
    Endpoint: is_endpoint, "what is to be reached is HOST:PORT, such as 10.0.0.1:7443 or [fd00::1]:7443";
    /// What hostname(7) allows, without dots at its ends.
    HostName: is_host, "a host name has labels of up to 63 letters, digits and -, with dots between them, and 64 characters at most";
    /// A network link: linux/if.h, IFNAMSIZ is 16 bytes with the zero at its end.
    LinkName: is_link, "a link has a name of up to 15 letters, digits and -_. that is not all, default, . or ..";
    /// The hardware address of a network link.
    MacAddress: is_mac, "a hardware address is six pairs of hexadecimal digits with colons, such as 52:54:00:12:34:56";
    /// A module of the kernel, with underscores.
    ModuleName: is_module, "a kernel module has up to 55 lower-case letters, digits and _";
    /// A parameter of the kernel as sysctl(8) writes it: `net.ipv4.ip_forward`.
    ParameterName: is_parameter, "a kernel parameter is names of letters, digits, - and _ with dots between them, such as vm.swappiness";
    /// A package of the distribution, by its name alone.
    PackageName: is_package, "a package has up to 128 letters, digits and +-._, begins with a letter or a digit, and ends with one or with +";
    /// A time zone as tzdata names it: `Europe/Zurich`.
    TimeZoneName: is_time_zone, "a time zone is named as `timedatectl list-timezones` does, such as Europe/Zurich";
    /// A unit of systemd with its type: systemd.unit(5).
    UnitName: is_unit, "a unit is a name of letters, digits and :-_.\\@ with its type, such as muster-agent.service";
}

impl AccountName {
    pub(crate) fn root() -> Self {
        Self("root".to_owned())
    }

    /// One that the host knows no name of.
    pub fn numbered(id: u32) -> Self {
        Self(id.to_string())
    }

    /// None for a name.
    pub fn number(&self) -> Option<u32> {
        self.0.parse().ok()
    }
}

impl UnitName {
    /// The unit that mounts at this place: systemd.unit(5), "String Escaping for Inclusion in Unit Names".
    ///
    /// # Errors
    /// The place has characters that mean something else in a unit.
    pub(crate) fn of_mount(place: &HostPath) -> Result<Self, NoValue> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_.:+@".contains(c);
        if !place.as_str().chars().all(is_plain) {
            return Err(NoValue::because(format!(
                "{place} is no place to mount at: it has others than letters, digits and -_.:+@"
            )));
        }
        let mut name = String::new();
        for (at, c) in place.as_str().chars().skip(1).enumerate() {
            match c {
                '/' => name.push('-'),
                '.' if at == 0 => name.push_str("\\x2e"),
                '-' | '+' | '@' => name.push_str(&format!("\\x{:02x}", u32::from(c))),
                c => name.push(c),
            }
        }
        Self::try_from(format!("{name}.mount"))
    }
}

fn is_account(text: &str) -> bool {
    const LONGEST: usize = 31;
    let begins = text.starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
    let is_name = begins && text.len() <= LONGEST && all(text, |c| is_lower_word(c) || c == '-');
    is_name || text.parse::<u32>().is_ok_and(|id| id.to_string() == text)
}

fn is_endpoint(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let is_host = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => is_host(host),
    };
    is_host && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_link(text: &str) -> bool {
    const LONGEST: usize = 15;
    // Folders of /proc/sys/net/ipv4/conf that stand for all links.
    const TAKEN: [&str; 4] = ["all", "default", ".", ".."];
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=LONGEST).contains(&text.len())
        && !text.starts_with('-')
        && !TAKEN.contains(&text)
        && all(text, fits)
}

fn is_mac(text: &str) -> bool {
    let is_pair = |pair: &str| pair.len() == 2 && all(pair, |c| c.is_ascii_hexdigit());
    text.split(':').count() == 6 && text.split(':').all(is_pair)
}

fn is_host(text: &str) -> bool {
    const LONGEST: usize = 64;
    const LONGEST_LABEL: usize = 63;
    let fits = |label: &str| {
        !label.is_empty()
            && label.len() <= LONGEST_LABEL
            && !label.starts_with('-')
            && !label.ends_with('-')
            && all(label, |c| c.is_ascii_alphanumeric() || c == '-')
    };
    text.len() <= LONGEST && text.split('.').all(fits)
}

fn is_module(text: &str) -> bool {
    // linux/moduleparam.h: MODULE_NAME_LEN is 56 bytes on 64-bit machines.
    const LONGEST: usize = 55;
    !text.is_empty() && text.len() <= LONGEST && all(text, is_lower_word)
}

fn is_parameter(text: &str) -> bool {
    let fits = |part: &str| {
        !part.is_empty()
            && all(part, |c| {
                c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
            })
    };
    text.contains('.') && text.len() <= 256 && text.split('.').all(fits)
}

/// Debian's policy, 5.6.7, and what rpm takes. To apt-get a `-` at the end says that it is to be removed.
fn is_package(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric());
    let ends = text.ends_with(|last: char| last.is_ascii_alphanumeric() || last == '+');
    let fits = all(text, |c| c.is_ascii_alphanumeric() || "+-._".contains(c));
    begins && ends && fits && text.len() <= 128
}

/// Names below a folder: none leads out of it.
fn is_time_zone(text: &str) -> bool {
    let fits = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphanumeric())
            && all(part, |c| {
                c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+')
            })
    };
    text.len() <= 128 && text.split('/').all(fits)
}

fn is_unit(text: &str) -> bool {
    // systemd.unit(5): 255 characters at most, and these types.
    const LONGEST: usize = 255;
    const TYPES: [&str; 11] = [
        "service",
        "socket",
        "device",
        "mount",
        "automount",
        "swap",
        "target",
        "path",
        "timer",
        "slice",
        "scope",
    ];
    let fits = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c);
    let kind = text.rsplit_once('.');
    text.len() <= LONGEST
        && all(text, fits)
        && kind.is_some_and(|(name, kind)| !name.is_empty() && TYPES.contains(&kind))
}

fn is_lower_word(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'
}

fn all(text: &str, fits: impl Fn(char) -> bool) -> bool {
    text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_their_owners_take() {
        type Check = (
            fn(&str) -> bool,
            &'static [&'static str],
            &'static [&'static str],
        );
        let checks: [Check; 10] = [
            (
                is_endpoint,
                &["10.0.0.1:7443", "controller.example.org:443", "[fd00::1]:1"],
                &[
                    "", "10.0.0.1", "a:0", "a:65536", "fd00::1", "[fd00:1", "a b:1", ":1",
                ],
            ),
            (
                is_link,
                &["eth0", "bond0.100", "enp0s31f6np0", "br-lan_1"],
                &[
                    "",
                    "all",
                    "default",
                    "..",
                    "a/b",
                    "a b",
                    "sixteen-letters-",
                    "-a",
                    "a:0",
                    "ä",
                ],
            ),
            (
                is_mac,
                &["52:54:00:12:34:56", "AA:bb:00:00:00:01"],
                &[
                    "",
                    "52:54:00:12:34",
                    "52:54:00:12:34:5g",
                    "525400123456",
                    "52:54:00:12:34:56:78",
                ],
            ),
            (
                is_account,
                &["root", "_apt", "systemd-network", "0", "1000"],
                &["", "Root", "-a", "a b", "007", "a/b", "4294967296"],
            ),
            (
                is_host,
                &["a", "node-1.example.org", "N1"],
                &["", "-a", "a-", "a..b", ".a", "a.", "a_b", "ä"],
            ),
            (
                is_module,
                &["br_netfilter", "nf_conntrack"],
                &["", "br-netfilter", "../a", "A", "a b"],
            ),
            (
                is_parameter,
                &["vm.swappiness", "net.ipv4.conf.all.rp_filter"],
                &["", "swappiness", "vm/swappiness", "vm..a", ".a", "a.=1"],
            ),
            (
                is_package,
                &[
                    "nfs-common",
                    "g++",
                    "libstdc++6",
                    "NetworkManager",
                    "python3.11",
                ],
                &[
                    "",
                    "-y",
                    "nfs-common-",
                    "a b",
                    "a=1",
                    "a:amd64",
                    "a/b",
                    "./a.deb",
                    ".",
                    "task^",
                ],
            ),
            (
                is_time_zone,
                &[
                    "UTC",
                    "Europe/Zurich",
                    "Etc/GMT+1",
                    "America/Argentina/La_Rioja",
                ],
                &[
                    "",
                    "/UTC",
                    "../shadow",
                    "Europe/",
                    "a//b",
                    "a b",
                    "-a",
                    "posix/../a",
                ],
            ),
            (
                is_unit,
                &["a.service", "getty@tty1.service", "dev-sda1.swap"],
                &["", "a", ".service", "a.conf", "a/b.service", "a b.service"],
            ),
        ];
        for (check, right, wrong) in checks {
            for text in right {
                assert!(check(text), "{text:?}");
            }
            for text in wrong {
                assert!(!check(text), "{text:?}");
            }
        }
    }

    #[test]
    fn units_of_mounts_have_the_names_that_systemd_gives_them() {
        let unit = |place: &str| {
            let place = HostPath::try_from(place.to_owned()).unwrap();
            UnitName::of_mount(&place).map(String::from)
        };
        // As systemd-escape(1) says with --path --suffix=mount.
        assert_eq!(unit("/data").unwrap(), "data.mount");
        let data = unit("/var/lib/muster-data").unwrap();
        assert_eq!(data, "var-lib-muster\\x2ddata.mount");
        assert_eq!(
            unit("/.data/.a+b@c").unwrap(),
            "\\x2edata-.a\\x2bb\\x40c.mount"
        );
        for wrong in ["/a b", "/a\\b", "/a%b", "/\"a"] {
            assert!(unit(wrong).is_err(), "{wrong}");
        }
    }
}
