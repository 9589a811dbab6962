//! Where a controller is.

use std::fmt;
use std::str::FromStr;

use rustls::pki_types::ServerName;

/// Where a controller listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// A name or an address, an IPv6 one without its brackets.
    host: String,
    port: u16,
    name: ServerName<'static>,
}

/// Why a text is no [`Target`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoTarget {
    #[error(
        "give the controller as HOST:PORT, such as controller.example:7443 or [2001:db8::1]:7443"
    )]
    Form,
    #[error("{host} is neither a host's name nor an address")]
    Host { host: String },
}

impl Target {
    /// A name or an address, an IPv6 one without its brackets, and the port.
    pub(crate) fn host_and_port(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// What its certificate has to be for.
    pub(crate) fn server_name(&self) -> ServerName<'static> {
        self.name.clone()
    }
}

impl FromStr for Target {
    type Err = NoTarget;

    fn from_str(text: &str) -> Result<Self, NoTarget> {
        let (host, port) = text.rsplit_once(':').ok_or(NoTarget::Form)?;
        let port = port.parse().map_err(|_| NoTarget::Form)?;
        let in_brackets = |host: &str| Some(host.strip_prefix('[')?.strip_suffix(']')?.to_owned());
        let host = match in_brackets(host) {
            Some(address) => address,
            None if host.contains(':') => return Err(NoTarget::Form),
            None => host.to_owned(),
        };
        match ServerName::try_from(host.clone()) {
            Ok(name) => Ok(Self { host, port, name }),
            Err(_) => Err(NoTarget::Host { host }),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(formatter, "[{}]:{}", self.host, self.port),
            false => write!(formatter, "{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_written_as_they_are_read() {
        for text in ["c1.example:7443", "192.0.2.1:1", "[2001:db8::1]:7443"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_target_is_refused() {
        let malformed = [
            "c1.example",
            "c1:70000",
            "2001:db8::1:7443",
            ":",
            "[::1]",
            "https://c1:7443",
        ];
        for text in malformed {
            assert_eq!(text.parse::<Target>(), Err(NoTarget::Form), "{text}");
        }
        for text in [":7443", "a b:7443", "c1/:7443"] {
            let refused = text.parse::<Target>();
            assert!(matches!(refused, Err(NoTarget::Host { .. })), "{text}");
        }
    }
}
