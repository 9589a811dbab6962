//! What a machine needs to become a node by one line.

use std::sync::Arc;

use muster_proto::v1;
use sha2::{Digest as _, Sha256};
use tonic::Status;

use super::Service;
use crate::hex::hex;
use crate::packages::Package;
use crate::serve::download::{Downloads, SCRIPT};

/// Where machines fetch what.
#[derive(Debug, Clone)]
pub(in crate::serve) struct Installation {
    pub(in crate::serve) downloads: Downloads,
    /// In the controller's certificate.
    pub(in crate::serve) names: Vec<String>,
    pub(in crate::serve) port: u16,
}

impl Service {
    pub(super) async fn get_installation(&self) -> Result<v1::GetInstallationResponse, Status> {
        let Installation {
            downloads,
            names,
            port,
        } = &self.installation;
        let (packages, now) = (Arc::clone(&downloads.packages), self.services.fleet.now());
        let read = tokio::task::spawn_blocking(move || packages.catalogue(now)).await;
        let read = read.map_err(|error| Status::internal(error.to_string()))?;
        let (packages, problem) = match &read {
            Ok(catalogue) => (
                catalogue.packages.iter().map(shown).collect(),
                String::new(),
            ),
            Err(error) => (Vec::new(), error.to_string()),
        };
        Ok(v1::GetInstallationResponse {
            names: names.clone(),
            port: (*port).into(),
            root_sha256: hex(&Sha256::digest(downloads.authority.root_pem())),
            script_sha256: hex(&Sha256::digest(SCRIPT)),
            packages,
            problem,
        })
    }
}

fn shown(package: &Package) -> v1::Package {
    v1::Package {
        file: package.file.clone(),
        version: package.version.clone(),
        architecture: package.architecture.clone(),
        size_bytes: package.size_bytes(),
        sha256: package.sha256.clone(),
    }
}
