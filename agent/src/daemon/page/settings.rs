//! What the configuration says of the page.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::daemon::config::PageConfig;

/// Where and how the page is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageSettings {
    /// Over TLS.
    pub(crate) listen: SocketAddr,
    /// Where plain HTTP is led there from.
    pub(crate) http: Option<SocketAddr>,
    /// Names of the machine beside its own.
    pub(crate) names: Vec<String>,
    /// Of the operator; the agent makes its own without.
    pub(crate) material: Option<Material>,
}

/// Where a certificate and its key are, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Material {
    /// With what is above it.
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl PageSettings {
    /// None where the page is off.
    pub(crate) fn of(config: PageConfig) -> Option<Self> {
        let material = config.certificate.zip(config.key);
        Some(Self {
            listen: config.listen?,
            http: config.http,
            names: config.names.unwrap_or_default(),
            material: material.map(|(certificate, key)| Material { certificate, key }),
        })
    }
}
