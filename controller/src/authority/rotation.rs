//! Replacing the root without cutting a node off.
//!
//! From the beginning on, nodes are handed both roots, and certificates of the new one; the controller shows
//! itself by the new root and by the new root signed by the old one, so that whoever trusts either trusts it.
//! A node that shows a certificate of the new root has proved that it knows the new root. When all have, the
//! old one can go.
//!
//! Until then it can be gone back: the two change places, and all of this holds the other way round.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use tokio::time::Instant;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::files::{self, FilesError, Rotation};
use super::make::{Line, cross_sign};
use super::{Authority, AuthorityError, Old};
use crate::bucket::Limit;
use crate::hex::hex;
use crate::record::{NodeRecord, UnixMs};

/// Nodes that are asked to renew.
const RENEWALS: Limit = Limit {
    burst: 50,
    each: Duration::from_millis(20),
};

/// Why the root is not replaced.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// One at a time.
    #[error(
        "the root is being replaced already; finish that first with `muster-controller authority rotate --finish`, or go back with --abort"
    )]
    Begun,
    /// There is nothing to finish.
    #[error(
        "the root is not being replaced; begin with `muster-controller authority rotate --start`"
    )]
    NotBegun,
    /// Whoever trusts the root that signs now alone would be cut off.
    #[error(
        "the key of the root that signs now, root.key, is not in {folder}: put it back to go back, or finish with `muster-controller authority rotate --finish`"
    )]
    NoKey {
        /// Where it should be.
        folder: PathBuf,
    },
    /// Somebody else has its root's key.
    #[error("this authority is not the controller's own: whoever issued it replaces it")]
    NotOwn,
    /// It cannot be kept.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// It cannot be made.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

/// A root as it is shown to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// SHA-256 of its public key (SPKI), as hex.
    pub pin: String,
    /// What it is called.
    pub subject: String,
    /// When it ends.
    pub ends: UnixMs,
    /// When the intermediate that signs below it ends.
    pub intermediate_ends: UnixMs,
}

impl Authority {
    /// Makes a new root, from which all certificates come from now on. Whether the controller shows the new one
    /// already; it does not where the old root's key is kept elsewhere.
    ///
    /// # Errors
    /// [`RotationError`] says why not; nothing has changed then.
    pub fn begin_rotation(&self, now: UnixMs) -> Result<bool, RotationError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = self.folder.as_deref().ok_or(RotationError::NotOwn)?;
        let held = self.held();
        if held.old.is_some() {
            return Err(RotationError::Begun);
        }
        let old = files::rotation(folder)?.signing;
        let signing = old + 1;
        let (line, keys) = Line::create(&format!("muster root {signing}"), now)?;
        let old_key = files::root_key(&files::line_folder(folder, old))?;
        let cross = old_key
            .map(|old_key| cross_sign(&line, &held.signing, &old_key, now))
            .transpose()?;
        let new_folder = files::line_folder(folder, signing);
        files::keep_line(&new_folder, &line, &keys, cross.as_ref())?;
        let old = Some(old);
        files::keep_rotation(folder, Rotation { signing, old })?;
        let is_shown = cross.is_some();
        let line_before = Arc::clone(&held.signing);
        let old = Old {
            line: line_before,
            cross,
        };
        self.replace(Arc::new(line), Some(old));
        Ok(is_shown)
    }

    /// Goes back to the root before: certificates come from it again, and the new one is what is forgotten in the end. Nobody is
    /// cut off by that: the controller shows itself by the old root, and by the old root signed by the new one.
    ///
    /// # Errors
    /// [`RotationError`] says why not; nothing has changed then.
    pub fn abort_rotation(&self, now: UnixMs) -> Result<(), RotationError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = self.folder.as_deref().ok_or(RotationError::NotOwn)?;
        let held = self.held();
        let Rotation { signing, old } = files::rotation(folder)?;
        let (Some(number), Some(Old { line, .. })) = (old, &held.old) else {
            return Err(RotationError::NotBegun);
        };
        let new_folder = files::line_folder(folder, signing);
        let key = files::root_key(&new_folder)?;
        let key = key.ok_or(RotationError::NoKey { folder: new_folder })?;
        let cross = cross_sign(line, &held.signing, &key, now)?;
        files::keep_cross(&files::line_folder(folder, number), Some(&cross))?;
        let (signing, old) = (number, Some(signing));
        files::keep_rotation(folder, Rotation { signing, old })?;
        let old = Old {
            line: Arc::clone(&held.signing),
            cross: Some(cross),
        };
        self.replace(Arc::clone(line), Some(old));
        Ok(())
    }

    /// Forgets the root that does not sign: who shows a certificate of it, or knows it alone, is cut off from now on.
    ///
    /// # Errors
    /// [`RotationError`] says why not; nothing has changed then.
    pub fn finish_rotation(&self) -> Result<(), RotationError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = self.folder.as_deref().ok_or(RotationError::NotOwn)?;
        let held = self.held();
        if held.old.is_none() {
            return Err(RotationError::NotBegun);
        }
        let signing = files::rotation(folder)?.signing;
        files::keep_rotation(folder, Rotation { signing, old: None })?;
        self.replace(Arc::clone(&held.signing), None);
        Ok(())
    }

    /// Whether a node should have its certificate renewed now, so that it knows the new root. Not all are asked at
    /// once: each renewal is a signature and a write to the store.
    pub fn wants_renewal(&self, node: &NodeRecord) -> bool {
        if !self.is_rotating() || node.root == Some(self.signing_root()) {
            return false;
        }
        let now = Instant::now();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let may = asked.wait(RENEWALS, now).is_zero();
        if may {
            asked.charge(RENEWALS, now);
        }
        may
    }

    /// Whether the root is being replaced.
    pub fn is_rotating(&self) -> bool {
        self.held().old.is_some()
    }

    /// The pin of the root that signs now, as hex.
    pub fn signing_root(&self) -> String {
        hex(&self.held().signing.pin)
    }

    /// The pin, as hex, of the root above a chain without its first certificate; none when it is no root of
    /// this authority.
    pub fn root_above(&self, intermediates: &[CertificateDer<'_>]) -> Option<String> {
        let held = self.held();
        let mut lines = held.lines();
        let found = lines.find(|line| {
            let mut below = line.intermediates.iter().chain([&line.root]);
            below.next() == intermediates.first()
        });
        found.map(|line| hex(&line.pin))
    }

    /// The roots for people, the one that signs first.
    pub fn shown(&self) -> Vec<Shown> {
        self.held().lines().map(|line| shown(line)).collect()
    }
}

fn shown(line: &Line) -> Shown {
    let root = X509Certificate::from_der(&line.root).map(|(_, root)| root);
    let signing = line.intermediates.first().unwrap_or(&line.root);
    Shown {
        pin: hex(&line.pin),
        subject: root
            .map(|root| root.subject().to_string())
            .unwrap_or_default(),
        ends: ends(&line.root),
        intermediate_ends: ends(signing),
    }
}

fn ends(certificate: &CertificateDer<'_>) -> UnixMs {
    let parsed = X509Certificate::from_der(certificate);
    parsed.map_or(0, |(_, parsed)| {
        parsed.validity().not_after.timestamp().saturating_mul(1000)
    })
}

#[cfg(test)]
mod tests;
