//! `muster-controller admin`: certificates of administrators, by which they reach the controller from elsewhere.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use muster_proto::v1;
use rcgen::{CertificateParams, KeyPair};
use zeroize::Zeroizing;

use super::cli::AdministratorCommand;
use super::remote::{Client, day, told};
use super::show::{self, Sheet, Text};

pub(super) async fn run(
    client: &mut Client,
    command: AdministratorCommand,
) -> anyhow::Result<Text> {
    match command {
        AdministratorCommand::Issue { name, ttl, out } => {
            let out = out.unwrap_or_else(|| PathBuf::from(format!("{name}.pem")));
            issue(client, name, ttl, &out).await.map(Text::Plain)
        }
        AdministratorCommand::List { output } => {
            let listed = client.list_administrators(v1::ListAdministratorsRequest {});
            let listed = listed.await.map_err(told)?.into_inner();
            show::administrators(&listed.administrators, &Sheet::new(output))
        }
        AdministratorCommand::Revoke { administrator } => {
            let request = v1::RevokeAdministratorRequest {
                administrator: administrator.clone(),
            };
            let revoked = client.revoke_administrator(request).await.map_err(told)?;
            let count = revoked.into_inner().revoked;
            let text = format!("{count} certificates of {administrator} revoked\n");
            Ok(Text::Plain(text))
        }
    }
}

/// The key is made here, and goes nowhere but into the file.
async fn issue(
    client: &mut Client,
    name: String,
    ttl: Duration,
    out: &Path,
) -> anyhow::Result<String> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(out)
        .with_context(|| format!("cannot make {}; --out names another file", out.display()))?;
    let written = fill(client, &mut file, name, ttl).await;
    if written.is_err() {
        // Nothing is in it that anybody needs.
        let _ = fs::remove_file(out);
    }
    let record = written?;
    Ok(format!(
        "{} has the key and the certificate {} of {}, good until {}\n",
        out.display(),
        record.serial,
        record.name,
        day(record.ends_unix_ms)
    ))
}

async fn fill(
    client: &mut Client,
    file: &mut fs::File,
    name: String,
    ttl: Duration,
) -> anyhow::Result<v1::Administrator> {
    let key = KeyPair::generate().context("a key cannot be made")?;
    let request = CertificateParams::default().serialize_request(&key);
    let request = v1::IssueAdministratorRequest {
        name,
        ttl_s: u32::try_from(ttl.as_secs()).unwrap_or(u32::MAX),
        certificate_request: request.context("a request cannot be made")?.der().to_vec(),
    };
    let issued = client.issue_administrator(request).await.map_err(told)?;
    let issued = issued.into_inner();
    file.write_all(Zeroizing::new(key.serialize_pem()).as_bytes())?;
    for der in issued.certificate_chain.iter().chain(&issued.roots) {
        let text = pem::encode(&pem::Pem::new("CERTIFICATE", der.clone()));
        file.write_all(text.as_bytes())?;
    }
    file.sync_all()?;
    Ok(issued.record.unwrap_or_default())
}
