//! What the agent keeps on disk, by default in `/var/lib/muster`.
//!
//! `node-id` and `key.pem` say who this node is, `next-key.pem` while its key is replaced; `enrolment.json` what a controller's authority says of it; `standing.json`
//! the newest that a controller told; `targets.json` which controllers the operator added and forgot; `status.json` how the agent is doing;
//! `boot-id` the boot in which it ran last; `page-key.pem` and `page-certificate.pem` are the page's; `events` is the spool. Only the agent that holds `lock` writes.

mod documents;
pub(super) mod files;

use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

pub(crate) use documents::{AgentStatus, Enrolment, Link, Targets, Told};
use documents::{VERSION, Versioned};
pub(crate) use files::StateError;

const NODE_ID: &str = "node-id";
const KEY: &str = "key.pem";
const NEXT_KEY: &str = "next-key.pem";
const ENROLMENT: &str = "enrolment.json";
const STANDING: &str = "standing.json";
const STATUS: &str = "status.json";
const TARGETS: &str = "targets.json";
const SPOOL: &str = "events";
const BOOT: &str = "boot-id";
/// What the page shows itself with.
pub(super) const PAGE_KEY: &str = "page-key.pem";
pub(super) const PAGE_CERTIFICATE: &str = "page-certificate.pem";
const LOCK: &str = "lock";
/// There while a reset is being done.
const RESET: &str = "reset";
const ALL: [&str; 10] = [
    NODE_ID,
    KEY,
    NEXT_KEY,
    ENROLMENT,
    STANDING,
    STATUS,
    TARGETS,
    BOOT,
    PAGE_KEY,
    PAGE_CERTIFICATE,
];

const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;

const JOIN_AGAIN: &str = "; this machine must join again then";
const HARMLESS: &str = "; the agent makes another";

/// The folder of the state.
#[derive(Debug)]
pub(crate) struct State {
    folder: PathBuf,
    /// None where the state is only looked at.
    _lock: Option<File>,
}

impl State {
    /// Takes the folder for this process, makes it when it is not there, and removes what a crash left unfinished.
    pub(crate) fn open(folder: &Path) -> Result<Self, StateError> {
        files::make_folder(folder)?;
        let lock = files::lock(&folder.join(LOCK))?;
        for name in ALL {
            files::sweep(&folder.join(name))?;
        }
        let state = Self {
            folder: folder.to_owned(),
            _lock: Some(lock),
        };
        if state.is_resetting()? {
            tracing::warn!("a reset was begun and not finished");
            state.reset()?;
        }
        Ok(state)
    }

    /// Deletes who this node is and what it was told. One that is broken off is finished by the next [`State::open`].
    pub(crate) fn reset(&self) -> Result<(), StateError> {
        let begun = self.folder.join(RESET);
        files::write(&begun, b"", PRIVATE)?;
        for name in ALL {
            files::remove(&self.folder.join(name))?;
        }
        files::remove_folder(&self.folder.join(SPOOL))?;
        files::sync_folder(&self.folder)?;
        files::remove(&begun)?;
        files::sync_folder(&self.folder)
    }

    /// For looking only; the agent may run meanwhile.
    pub(crate) fn look(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            _lock: None,
        }
    }

    /// Whether a reset was begun and not finished.
    pub(crate) fn is_resetting(&self) -> Result<bool, StateError> {
        Ok(files::read(&self.folder.join(RESET))?.is_some())
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The node's id: 32 hexadecimal digits. None before the first start.
    pub(crate) fn node_id(&self) -> Result<Option<String>, StateError> {
        let path = self.folder.join(NODE_ID);
        let Some(content) = files::read(&path)? else {
            return Ok(None);
        };
        let id = String::from_utf8_lossy(&content).trim().to_owned();
        let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        match is_id {
            true => Ok(Some(id)),
            false => Err(damaged(path, "no node id", JOIN_AGAIN)),
        }
    }

    /// Keeps the node's id.
    pub(crate) fn keep_node_id(&self, id: &str) -> Result<(), StateError> {
        let line = format!("{id}\n");
        files::write(&self.folder.join(NODE_ID), line.as_bytes(), PUBLIC)
    }

    /// The private key as PEM. None before the first start. Refused when others can read it.
    pub(crate) fn key(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StateError> {
        self.private(KEY)
    }

    fn private(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StateError> {
        let path = self.folder.join(name);
        let content = files::read(&path)?;
        if content.is_some() {
            let metadata = path.metadata();
            let metadata = metadata.map_err(|source| files::failed("look at", &path, source))?;
            if metadata.permissions().mode() & 0o077 != 0 {
                return Err(StateError::NotPrivate { path });
            }
        }
        Ok(content)
    }

    /// Keeps the private key, its owner's alone.
    pub(crate) fn keep_key(&self, pem: &[u8]) -> Result<(), StateError> {
        files::write(&self.folder.join(KEY), pem, PRIVATE)
    }

    /// The key that is to follow, as [`Self::key`]. None when none is under way.
    pub(crate) fn next_key(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StateError> {
        self.private(NEXT_KEY)
    }

    /// Keeps the key that is to follow.
    pub(crate) fn keep_next_key(&self, pem: &[u8]) -> Result<(), StateError> {
        files::write(&self.folder.join(NEXT_KEY), pem, PRIVATE)
    }

    /// The key that was to follow takes the place of the one before.
    pub(crate) fn promote_key(&self) -> Result<(), StateError> {
        let path = self.folder.join(KEY);
        let renamed = files::rename(&self.folder.join(NEXT_KEY), &path);
        renamed.map_err(|source| files::failed("replace", &path, source))
    }

    /// The key's file cannot be used, for that reason.
    pub(crate) fn damaged_key(&self, why: &str) -> StateError {
        damaged(self.folder.join(KEY), why, JOIN_AGAIN)
    }

    /// The enrolment's file cannot be used, for that reason.
    pub(crate) fn damaged_enrolment(&self, why: &str) -> StateError {
        damaged(self.folder.join(ENROLMENT), why, JOIN_AGAIN)
    }

    /// What enrolment gave; none before.
    pub(crate) fn enrolment(&self) -> Result<Option<Enrolment>, StateError> {
        self.document(ENROLMENT, JOIN_AGAIN)
    }

    /// Keeps what enrolment gave.
    pub(crate) fn keep_enrolment(&self, enrolment: &Enrolment) -> Result<(), StateError> {
        self.keep(ENROLMENT, enrolment, PUBLIC)
    }

    /// What a controller told last; nothing before.
    pub(crate) fn told(&self) -> Result<Told, StateError> {
        let told = self.document(STANDING, "; a stale controller is not recognized then")?;
        Ok(told.unwrap_or_default())
    }

    /// Keeps what a controller told.
    pub(crate) fn keep_told(&self, told: &Told) -> Result<(), StateError> {
        self.keep(STANDING, told, PUBLIC)
    }

    /// How the agent said that it is doing; none before its first start.
    pub(crate) fn status(&self) -> Result<Option<AgentStatus>, StateError> {
        self.document(STATUS, HARMLESS)
    }

    /// Says how the agent is doing.
    pub(crate) fn keep_status(&self, status: &AgentStatus) -> Result<(), StateError> {
        self.keep(STATUS, status, PUBLIC)
    }

    /// The controllers of the cluster: those that were told, else the one that issued the certificate.
    pub(crate) fn controllers(&self) -> Result<Vec<String>, StateError> {
        let told = self.told()?.endpoints;
        match told.is_empty() {
            true => Ok(self
                .enrolment()?
                .into_iter()
                .map(|it| it.controller)
                .collect()),
            false => Ok(told),
        }
    }

    /// Which controllers the operator added and forgot; none before.
    pub(crate) fn targets(&self) -> Result<Targets, StateError> {
        let targets = self.document(TARGETS, "; `muster connect` adds controllers anew then")?;
        Ok(targets.unwrap_or_default())
    }

    /// Keeps which controllers the operator added and forgot.
    pub(crate) fn keep_targets(&self, targets: &Targets) -> Result<(), StateError> {
        self.keep(TARGETS, targets, PUBLIC)
    }

    /// The boot in which an agent ran last, as it was kept; none before the first.
    pub(crate) fn boot(&self) -> Result<Option<String>, StateError> {
        let content = files::read(&self.folder.join(BOOT))?;
        Ok(content.map(|content| String::from_utf8_lossy(&content).trim().to_owned()))
    }

    /// Keeps the boot in which this agent runs.
    pub(crate) fn keep_boot(&self, boot: &str) -> Result<(), StateError> {
        let line = format!("{boot}\n");
        files::write(&self.folder.join(BOOT), line.as_bytes(), PUBLIC)
    }

    /// The folder of the event spool.
    pub(crate) fn spool(&self) -> PathBuf {
        self.folder.join(SPOOL)
    }

    fn document<T>(&self, name: &str, consequence: &'static str) -> Result<Option<T>, StateError>
    where
        T: DeserializeOwned + Versioned,
    {
        let path = self.folder.join(name);
        let Some(content) = files::read(&path)? else {
            return Ok(None);
        };
        match serde_json::from_slice::<T>(&content) {
            Ok(document) if document.version() == VERSION => Ok(Some(document)),
            Ok(document) => {
                let version = document.version();
                let why = format!("of version {version}, which this agent does not know");
                Err(damaged(path, &why, consequence))
            }
            Err(error) => Err(damaged(path, &format!("damaged ({error})"), consequence)),
        }
    }

    fn keep<T: Serialize>(&self, name: &str, document: &T, mode: u32) -> Result<(), StateError> {
        let path = self.folder.join(name);
        let mut content = serde_json::to_vec_pretty(document)
            .map_err(|error| files::failed("write", &path, error.into()))?;
        content.push(b'\n');
        files::write(&path, &content, mode)
    }
}

fn damaged(path: PathBuf, why: &str, consequence: &'static str) -> StateError {
    StateError::Damaged {
        path,
        why: why.to_owned(),
        consequence,
    }
}

#[cfg(test)]
mod tests;
