//! Which proxy, for whom, and who this node is to it.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::http::Uri;
use hyper::http::uri::Authority;
use hyper_util::client::proxy::matcher::Matcher;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use crate::daemon::config::Config;
use crate::value::Target;

/// Where a proxy is named for all programs.
const PROXY_VARIABLES: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
/// Whom it is not for.
const EXCEPT_VARIABLES: [&str; 2] = ["NO_PROXY", "no_proxy"];
/// No user and password are nearly so long.
const LONGEST_BYTES: u64 = 4096;

/// An HTTP proxy through which controllers are reached.
pub(crate) struct Proxy {
    address: Address,
    /// `user:password` as HTTP has it (RFC 7617).
    credentials: Option<Zeroizing<String>>,
    /// By the addresses and names that are reached directly.
    matcher: Matcher,
}

/// What the configuration says of a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    /// None, whatever the environment says.
    Direct,
    /// This one.
    Through(Address),
}

/// Where a proxy listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// A name or an address, an IPv6 one in brackets.
    host: String,
    port: u16,
}

/// Why a text names no proxy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAddress {
    #[error("give the proxy as http://HOST:PORT, or none")]
    Form,
    #[error("a proxy is spoken to by HTTP alone: give it as http://HOST:PORT, or none")]
    Scheme,
    #[error(
        "others can read a password here: write USER:PASSWORD into a file that only the agent (user muster, as a service) can read, and name that with proxy_credentials_file"
    )]
    Credentials,
}

/// Why it is not known how controllers are reached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyError {
    #[error(
        "the variable {variable} names no proxy that muster can use; correct it, or set proxy in the configuration (proxy = \"none\" for no proxy)"
    )]
    Variable {
        variable: &'static str,
        source: NoAddress,
    },
    #[error("cannot read the proxy's user and password from {path}")]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path} is to hold USER:PASSWORD for the proxy, in one line")]
    NoCredentials { path: PathBuf },
}

impl Proxy {
    /// The one that the configuration names, else that of the environment; none where neither does.
    pub(crate) fn of(
        config: &Config,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, ProxyError> {
        let (address, credentials) = match &config.proxy {
            Some(Choice::Direct) => return Ok(None),
            Some(Choice::Through(address)) => (address.clone(), None),
            None => match set(&PROXY_VARIABLES, &variable) {
                None => return Ok(None),
                Some((variable, text)) => {
                    let read = url(&Zeroizing::new(text));
                    read.map_err(|source| ProxyError::Variable { variable, source })?
                }
            },
        };
        let credentials = match &config.proxy_credentials_file {
            Some(path) => Some(read(path)?),
            None => credentials,
        };
        let except = match &config.no_proxy {
            Some(except) => except.join(","),
            None => set(&EXCEPT_VARIABLES, &variable).map_or_else(String::new, |(_, text)| text),
        };
        // To the matcher it means every name, and no address.
        if except.split(',').any(|name| name.trim() == "*") {
            return Ok(None);
        }
        Ok(Some(Self::new(address, credentials, except)))
    }

    fn new(address: Address, credentials: Option<Zeroizing<String>>, except: String) -> Self {
        let encoded = |plain: Zeroizing<String>| {
            Zeroizing::new(format!(
                "Basic {}",
                *Zeroizing::new(BASE64_STANDARD.encode(plain.as_bytes()))
            ))
        };
        Self {
            matcher: Matcher::builder()
                .all(address.to_string())
                .no(except)
                .build(),
            address,
            credentials: credentials.map(encoded),
        }
    }

    /// Whether `target` is reached through it. This machine itself never is.
    pub(super) fn is_for(&self, target: &Target) -> bool {
        let (host, _) = target.host_and_port();
        let is_here = host
            .parse()
            .map_or(host == "localhost", |it: IpAddr| it.is_loopback());
        let uri = format!("https://{target}/").parse::<Uri>();
        !is_here && uri.is_ok_and(|uri| self.matcher.intercept(&uri).is_some())
    }

    /// Where it listens.
    pub(super) fn host_and_port(&self) -> (&str, u16) {
        (
            self.address.host.trim_matches(['[', ']']),
            self.address.port,
        )
    }

    /// The value of `Proxy-Authorization`, where there is one.
    pub(super) fn authorization(&self) -> Option<&str> {
        self.credentials.as_deref().map(String::as_str)
    }
}

/// What the environment says where the configuration says nothing: the proxy, whom it is not for, and by which variables.
pub(crate) fn of_environment(
    variable: impl Fn(&str) -> Option<String>,
) -> [Option<(&'static str, String)>; 2] {
    let proxy = set(&PROXY_VARIABLES, &variable).and_then(|(name, text)| {
        let (address, _) = url(&Zeroizing::new(text)).ok()?;
        Some((name, address.to_string()))
    });
    [proxy, set(&EXCEPT_VARIABLES, &variable)]
}

fn set(
    names: &[&'static str],
    variable: impl Fn(&str) -> Option<String>,
) -> Option<(&'static str, String)> {
    let set = |name: &&'static str| Some((*name, variable(name).filter(|text| !text.is_empty())?));
    names.iter().find_map(set)
}

/// `[http://][USER:PASSWORD@]HOST[:PORT]`, the user and password percent-encoded.
fn url(text: &str) -> Result<(Address, Option<Zeroizing<String>>), NoAddress> {
    let rest = match text.split_once("://") {
        Some(("http", rest)) => rest,
        Some(_) => return Err(NoAddress::Scheme),
        None => text,
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (credentials, place) = match rest.rsplit_once('@') {
        Some((credentials, place)) => (Some(decoded(credentials)?), place),
        None => (None, rest),
    };
    let place: Authority = place.parse().map_err(|_| NoAddress::Form)?;
    let port = match place.port() {
        Some(port) => port.as_u16(),
        None if place.as_str() == place.host() => 80,
        // It has one, which is no number.
        None => return Err(NoAddress::Form),
    };
    let address = Address {
        host: place.host().to_owned(),
        port,
    };
    Ok((address, credentials))
}

fn decoded(text: &str) -> Result<Zeroizing<String>, NoAddress> {
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_| NoAddress::Form)?;
    let whole = match decoded.contains(':') {
        true => decoded.into_owned(),
        false => format!("{decoded}:"),
    };
    Ok(Zeroizing::new(whole))
}

fn read(path: &Path) -> Result<Zeroizing<String>, ProxyError> {
    // As large as it gets at once: growing it would leave copies behind.
    let room = usize::try_from(LONGEST_BYTES + 1).unwrap_or_default();
    let mut text = Zeroizing::new(String::with_capacity(room));
    let read = File::open(path).and_then(|file| file.take(LONGEST_BYTES).read_to_string(&mut text));
    read.map_err(|source| ProxyError::Read {
        path: path.to_owned(),
        source,
    })?;
    let line = text.trim_end_matches(['\r', '\n']);
    match line.contains(':') && !line.contains(['\r', '\n']) {
        true => Ok(Zeroizing::new(line.to_owned())),
        false => Err(ProxyError::NoCredentials {
            path: path.to_owned(),
        }),
    }
}

impl FromStr for Choice {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        match (text, url(text)?) {
            ("none", _) => Ok(Self::Direct),
            (_, (_, Some(_))) => Err(NoAddress::Credentials),
            (_, (address, None)) => Ok(Self::Through(address)),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => formatter.write_str("none"),
            Self::Through(address) => address.fmt(formatter),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "http://{}:{}", self.host, self.port)
    }
}

/// Where it listens, and nothing of what logs in to it.
impl fmt::Display for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(formatter)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Proxy({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Target {
        text.parse().unwrap()
    }

    fn environment(set: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        move |name| {
            let mut set = set.iter();
            set.find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        }
    }

    fn of(set: &'static [(&str, &str)]) -> Option<Proxy> {
        Proxy::of(&Config::default(), environment(set)).unwrap()
    }

    #[test]
    fn the_environment_names_a_proxy_and_whom_it_is_not_for() {
        assert!(of(&[("HTTP_PROXY", "http://p:3128")]).is_none());
        assert!(of(&[("HTTPS_PROXY", "")]).is_none());
        let proxy = of(&[
            ("https_proxy", "p.example"),
            ("NO_PROXY", "10.0.0.0/8, inside.example,c9"),
        ]);
        let proxy = proxy.unwrap();
        assert_eq!(proxy.to_string(), "http://p.example:80");
        for direct in [
            "10.1.2.3:7443",
            "c1.inside.example:7443",
            "c9:7443",
            "127.0.0.1:7443",
            "[::1]:7443",
            "localhost:7443",
        ] {
            assert!(!proxy.is_for(&target(direct)), "{direct}");
        }
        for through in ["192.0.2.1:7443", "c1.example:7443", "[2001:db8::1]:7443"] {
            assert!(proxy.is_for(&target(through)), "{through}");
        }
    }

    #[test]
    fn the_configuration_counts_for_more() {
        let set = environment(&[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", "*")]);
        let config = |proxy: &str| Config {
            proxy: Some(proxy.parse().unwrap()),
            no_proxy: Some(Vec::new()),
            ..Config::default()
        };
        assert!(Proxy::of(&config("none"), &set).unwrap().is_none());
        let proxy = Proxy::of(&config("http://[2001:db8::5]:3128/"), &set)
            .unwrap()
            .unwrap();
        assert_eq!(proxy.host_and_port(), ("2001:db8::5", 3128));
        assert!(proxy.is_for(&target("c1.example:7443")));
    }

    #[test]
    fn what_logs_in_is_shown_nowhere() {
        let proxy = of(&[("HTTPS_PROXY", "http://u%40x:p%3Aw@p:3128")]).unwrap();
        assert_eq!(proxy.authorization(), Some("Basic dUB4OnA6dw=="));
        assert_eq!(
            format!("{proxy:?} {proxy}"),
            "Proxy(http://p:3128) http://p:3128"
        );
        let [shown, _] = of_environment(environment(&[("HTTPS_PROXY", "http://u:pw@p:3128")]));
        assert_eq!(shown, Some(("HTTPS_PROXY", "http://p:3128".to_owned())));

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        std::fs::write(&path, "user:pass word\n").unwrap();
        let config = Config {
            proxy: Some("http://p:3128".parse().unwrap()),
            proxy_credentials_file: Some(path.clone()),
            ..Config::default()
        };
        let proxy = Proxy::of(&config, |_| None).unwrap().unwrap();
        assert_eq!(proxy.authorization(), Some("Basic dXNlcjpwYXNzIHdvcmQ="));
        std::fs::write(&path, "secret").unwrap();
        let refused = Proxy::of(&config, |_| None).unwrap_err().to_string();
        assert!(refused.contains("USER:PASSWORD") && !refused.contains("secret"));
    }

    #[test]
    fn what_is_no_proxy_is_refused() {
        let refused = |text: &str| text.parse::<Choice>().unwrap_err();
        assert_eq!(refused("socks5://p:1"), NoAddress::Scheme);
        assert_eq!(refused("https://p:1"), NoAddress::Scheme);
        assert_eq!(refused("http://u:p@p:1"), NoAddress::Credentials);
        for text in ["", "http://", "http://p:1/path", "p:x", "a b"] {
            assert_eq!(refused(text), NoAddress::Form, "{text:?}");
        }
        let variable = environment(&[("HTTPS_PROXY", "socks5://u:secret@p:1")]);
        let refused = Proxy::of(&Config::default(), variable).unwrap_err();
        let told = crate::daemon::connect::chain(&refused);
        assert!(
            told.contains("HTTPS_PROXY") && told.contains("http://HOST:PORT"),
            "{told}"
        );
        assert!(!told.contains("secret"), "{told}");
    }
}
