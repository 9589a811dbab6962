//! The table `[page]`: where this machine's page is served, and how.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::{Value as Json, json};
use toml_span::de_helpers::TableHelper;
use toml_span::{DeserError, Deserialize, Value};

use super::values::{Address, Each};
use super::{Config, Fault, Origin};

/// What the files say of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PageConfig {
    /// Over TLS; without it there is no page.
    pub(crate) listen: Option<SocketAddr>,
    /// Where plain HTTP is led there from.
    pub(crate) http: Option<SocketAddr>,
    /// Names of the machine beside its own.
    pub(crate) names: Option<Vec<String>>,
    /// The operator's certificate with what is above it, in PEM.
    pub(crate) certificate: Option<PathBuf>,
    /// Its private key, in PEM.
    pub(crate) key: Option<PathBuf>,
}

impl PageConfig {
    /// Replaces what `later` says, too.
    pub(super) fn then(self, later: Self) -> Self {
        Self {
            listen: later.listen.or(self.listen),
            http: later.http.or(self.http),
            names: later.names.or(self.names),
            certificate: later.certificate.or(self.certificate),
            key: later.key.or(self.key),
        }
    }

    /// Every key with its value.
    pub(super) fn effective(&self) -> [(&'static str, Json); 5] {
        [
            ("page.listen", json!(self.listen)),
            ("page.http", json!(self.http)),
            (
                "page.names",
                json!(self.names.as_deref().unwrap_or_default()),
            ),
            ("page.certificate", json!(self.certificate)),
            ("page.key", json!(self.key)),
        ]
    }

    /// What does not go together: a key, and why not.
    fn contradiction(&self) -> Option<(&'static str, &'static str)> {
        match (&self.certificate, &self.key) {
            (Some(_), None) => Some((
                "page.certificate",
                "its private key is missing: give key, too",
            )),
            (None, Some(_)) => Some((
                "page.key",
                "its certificate is missing: give certificate, too",
            )),
            _ if self.listen.is_none() && self.http.is_some() => Some((
                "page.http",
                "it only leads to the page over TLS: say with listen where that is",
            )),
            _ if self.http.is_some() && self.http == self.listen => Some((
                "page.http",
                "listen has this address already: give another port",
            )),
            _ => None,
        }
    }
}

/// What of the page's keys does not go together, with its place.
pub(super) fn contradiction(config: &Config) -> Option<Fault> {
    let (key, message) = config.page.contradiction()?;
    match config.origins.get(key)? {
        Origin::File { path, line } => Some(Fault {
            file: path.clone(),
            line: *line,
            column: 1,
            message: message.to_owned(),
        }),
        _ => None,
    }
}

impl<'de> Deserialize<'de> for PageConfig {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let mut table = TableHelper::new(value)?;
        let page = Self {
            listen: table.optional::<Address>("listen").map(|it| it.0),
            http: table.optional::<Address>("http").map(|it| it.0),
            names: table.optional::<Each<String>>("names").map(|it| it.0),
            certificate: table.optional::<String>("certificate").map(Into::into),
            key: table.optional::<String>("key").map(Into::into),
        };
        table.finalize(None)?;
        Ok(page)
    }
}
