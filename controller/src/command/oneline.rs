//! The one line that makes a machine a node: a join token, piped into what fetches the script, checks it and runs it.
//!
//! `packaging/oneline.sh` says how. What differs from line to line is an argument of it, quoted for every shell; the token is none.

use std::net::IpAddr;

/// A machine that reaches the controller.
const ONLINE: &str = include_str!("../../../packaging/oneline.sh");
/// One to which a folder was carried.
const CARRIED: &str = include_str!("../../../packaging/bundle.sh");

/// What stands in a line.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) token: &'a str,
    /// `HOST:PORT`.
    pub(super) address: &'a str,
    /// Of `/root.pem`, as hex.
    pub(super) root_sha256: &'a str,
    pub(super) name: Option<&'a str>,
    pub(super) proxy: Option<&'a str>,
    /// The folder on the machine, and the digest of its install.sh, as hex.
    pub(super) carried: Option<(&'a str, &'a str)>,
}

/// Why there is no line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum LineError {
    #[error(
        "the controller's certificate has no name or address that another machine could use; start it with --name, or name one of the machine's own with --address"
    )]
    NoName,
    #[error(
        "{asked} is not in the controller's certificate, so that machines would refuse it: it has {names}. `serve --name {asked}` puts it there"
    )]
    OtherName { asked: String, names: String },
    #[error(
        "{0:?} is no address: give HOST or HOST:PORT, such as c1.example:7443 or [2001:db8::1]:7443"
    )]
    NoAddress(String),
}

impl Line<'_> {
    /// In one line without the end of it, for any shell of Unix.
    pub(super) fn text(&self) -> String {
        let mut words = Vec::new();
        let program = match self.carried {
            None => {
                words.extend([self.address, self.root_sha256]);
                ONLINE
            }
            Some((folder, script_sha256)) => {
                words.extend([folder, script_sha256]);
                words.extend(["--controller", self.address]);
                words.extend(["--root-sha256", self.root_sha256]);
                CARRIED
            }
        };
        for (flag, value) in [("--name", self.name), ("--proxy", self.proxy)] {
            words.extend(value.into_iter().flat_map(|value| [flag, value]));
        }
        let words: Vec<String> = words.into_iter().map(quoted).collect();
        // Shells print by themselves, so that no process has the token as an argument.
        format!(
            "echo {} | sh -c {} muster {}",
            quoted(self.token),
            quoted(&joined(program)),
            words.join(" ")
        )
    }
}

/// A script of whole statements, a line each, in one.
fn joined(script: &str) -> String {
    let lines = script.lines().map(str::trim);
    let statements = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    statements.collect::<Vec<_>>().join("; ")
}

/// One word for a shell, whatever is in it.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.:/".contains(letter);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// Where machines reach the controller: what was asked for, if it is in the certificate, or the first in it that others can use.
pub(super) fn address(
    asked: Option<&str>,
    names: &[String],
    port: u16,
) -> Result<String, LineError> {
    let Some(asked) = asked else {
        let mut ranked: Vec<&String> = names.iter().filter(|name| is_for_others(name)).collect();
        // Names outlive addresses, and names with a domain are known elsewhere.
        ranked.sort_by_key(|name| (name.parse::<IpAddr>().is_ok(), !name.contains('.')));
        let name = ranked.first().ok_or(LineError::NoName)?;
        return Ok(joint(name, port));
    };
    let (host, port) = split(asked, port).ok_or_else(|| LineError::NoAddress(asked.to_owned()))?;
    let is_it = |name: &String| match (name.parse::<IpAddr>(), host.parse::<IpAddr>()) {
        (Ok(name), Ok(host)) => name == host,
        _ => name.eq_ignore_ascii_case(host),
    };
    match names.iter().any(is_it) {
        true => Ok(joint(host, port)),
        false => Err(LineError::OtherName {
            asked: host.to_owned(),
            names: names.join(", "),
        }),
    }
}

fn is_for_others(name: &str) -> bool {
    match name.parse::<IpAddr>() {
        Ok(address) => !address.is_loopback() && !address.is_unspecified(),
        Err(_) => name != "localhost" && !name.contains('*'),
    }
}

fn joint(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

/// Host and port of `HOST`, `HOST:PORT`, `ADDRESS` or `[ADDRESS]:PORT`.
fn split(asked: &str, usual: u16) -> Option<(&str, u16)> {
    if asked.parse::<IpAddr>().is_ok() {
        return Some((asked, usual));
    }
    let (host, port) = match asked.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (asked, usual),
    };
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host = match inner {
        Some(address) => address.parse::<IpAddr>().ok().map(|_| address)?,
        None => host,
    };
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-.:".contains(letter);
    let is_name = inner.is_some() || !host.contains(':');
    (!host.is_empty() && is_name && port > 0 && host.chars().all(fits)).then_some((host, port))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a shell says what it reads")]
mod tests {
    use std::process::Command;

    use super::*;

    const DIGEST: &str = "00ff";

    fn line<'a>(name: Option<&'a str>, carried: Option<(&'a str, &'a str)>) -> Line<'a> {
        Line {
            token: "mst1.abcdefghij.s_-.p",
            address: "[2001:db8::1]:7443",
            root_sha256: DIGEST,
            name,
            proxy: Some("http://p:3128"),
            carried,
        }
    }

    #[test]
    fn it_is_one_line_that_a_shell_understands_and_has_the_token_once_before_the_pipe() {
        for carried in [None, Some(("/media/a b's", DIGEST))] {
            let text = line(Some("n1"), carried).text();
            assert!(!text.contains('\n'), "{text}");
            let (before, after) = text.split_once('|').unwrap();
            assert_eq!(before, "echo mst1.abcdefghij.s_-.p ");
            assert!(!after.contains("mst1"), "{text}");
            let ran = Command::new("sh").args(["-n", "-c", &text]).status();
            assert!(ran.unwrap().success(), "{text}");
        }
    }

    #[test]
    fn scripts_are_statements_a_line_each() {
        for script in [ONLINE, CARRIED] {
            assert!(
                !script.contains('\'') || !joined(script).contains('\''),
                "{script}"
            );
            let told = Command::new("sh")
                .args(["-n", "-c", &joined(script)])
                .status();
            assert!(told.unwrap().success(), "{script}");
        }
    }

    #[test]
    fn words_are_words_whatever_is_in_them() {
        for word in [
            "", "a b", "it's", "$(id)", "`id`", "[::1]:1", "a\"b\\", "~", "!x", "*",
        ] {
            let echo = format!("printf %s {}", quoted(word));
            let said = Command::new("sh").args(["-c", &echo]).output().unwrap();
            assert_eq!(String::from_utf8(said.stdout).unwrap(), word);
        }
        assert_eq!(quoted("http://p:3128"), "http://p:3128");
    }

    #[test]
    fn machines_are_told_an_address_that_is_in_the_certificate() {
        let names = [
            "localhost",
            "c1",
            "c1.example",
            "127.0.0.1",
            "192.0.2.1",
            "2001:db8::1",
        ];
        let names = names.map(str::to_owned);
        let told = |asked| address(asked, &names, 7443);
        for (asked, expected) in [
            (None, "c1.example:7443"),
            (Some("c1"), "c1:7443"),
            (Some("C1:8000"), "C1:8000"),
            (Some("192.0.2.1"), "192.0.2.1:7443"),
            (Some("2001:db8:0::1"), "[2001:db8:0::1]:7443"),
            (Some("[2001:db8::1]:1"), "[2001:db8::1]:1"),
            (Some("localhost"), "localhost:7443"),
        ] {
            assert_eq!(told(asked).as_deref(), Ok(expected), "{asked:?}");
        }
        let other = told(Some("c2.example")).unwrap_err().to_string();
        assert!(other.contains("c2.example is not in"), "{other}");
        for wrong in [
            "", ":7443", "c1:x", "c1:0", "c1:70000", "a b", "$(id)", "[c1]:1", "::g",
        ] {
            assert_eq!(
                told(Some(wrong)),
                Err(LineError::NoAddress(wrong.to_owned()))
            );
        }
        let alone = ["localhost".to_owned(), "::1".to_owned()];
        assert_eq!(address(None, &alone, 1), Err(LineError::NoName));
    }
}
