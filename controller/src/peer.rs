//! Who is at the other end of a connection, by their certificate.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::time::ASN1Time;

use crate::hex::hex;
use crate::record::UnixMs;
use crate::succession::Term;

/// Who somebody is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// The node of that id.
    Node(String),
    /// The administrator of that name.
    Admin(String),
}

const NODE: &str = "muster:node:";
const ADMIN: &str = "muster:admin:";

impl Peer {
    /// The name that stands in a certificate's subject alternative name.
    pub(crate) fn uri(&self) -> String {
        match self {
            Self::Node(id) => format!("{NODE}{id}"),
            Self::Admin(name) => format!("{ADMIN}{name}"),
        }
    }

    /// Id or name.
    pub fn name(&self) -> &str {
        match self {
            Self::Node(name) | Self::Admin(name) => name,
        }
    }

    fn of_uri(uri: &str) -> Option<Self> {
        let name = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        match (uri.strip_prefix(NODE), uri.strip_prefix(ADMIN)) {
            (Some(id), _) => name(id).map(Self::Node),
            (None, Some(admin)) => name(admin).map(Self::Admin),
            (None, None) => None,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(id) => write!(formatter, "node {id}"),
            Self::Admin(name) => write!(formatter, "administrator {name}"),
        }
    }
}

/// A connection: which of all that there have been, and when it was made.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    pub(crate) number: u64,
    /// The other side was alive then.
    pub(crate) made: Instant,
}

impl Link {
    /// One that is made now.
    pub fn made_now() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self {
            number: LAST.fetch_add(1, Ordering::Relaxed),
            made: Instant::now(),
        }
    }
}

/// Somebody's certificate: who they are, and its serial number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// Who.
    pub peer: Peer,
    /// Serial number, as hex.
    pub serial: String,
    /// When the certificate begins to be good.
    pub begins: UnixMs,
    /// When it ends.
    pub ends: UnixMs,
}

impl Identified {
    /// How long the certificate is good.
    pub fn term(&self) -> Term {
        Term {
            begins: self.begins,
            ends: self.ends,
        }
    }
}

fn unix_ms(time: ASN1Time) -> UnixMs {
    time.timestamp().saturating_mul(1000)
}

/// Reads a certificate that TLS has verified. Nobody, when it names nobody or more than one.
pub fn identify(certificate: &[u8]) -> Option<Identified> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let names = certificate.subject_alternative_name().ok()??;
    let mut peers = names
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::URI(uri) => Peer::of_uri(uri),
            _ => None,
        });
    match (peers.next(), peers.next()) {
        (Some(peer), None) => Some(Identified {
            peer,
            serial: hex(certificate.raw_serial()),
            begins: unix_ms(certificate.validity().not_before),
            ends: unix_ms(certificate.validity().not_after),
        }),
        _ => None,
    }
}
