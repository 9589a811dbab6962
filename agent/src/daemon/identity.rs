//! Who this node is: a random id, and a key that is made here and never leaves.

use std::fmt;
use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PublicKeyData as _};
use rustls::crypto::aws_lc_rs::sign::any_ecdsa_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::sign::SigningKey;
use zeroize::{Zeroize as _, Zeroizing};

use super::random;
use super::state::{State, StateError};

/// The node's id and key. `Debug` does not show the key.
pub(crate) struct Identity {
    id: String,
    key: KeyPair,
    signer: Arc<dyn SigningKey>,
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error("a key cannot be made")]
    Make { source: rcgen::Error },
    #[error("the system gives no randomness")]
    Randomness { source: getrandom::Error },
    #[error("the certificate request cannot be made")]
    Request { source: rcgen::Error },
}

impl Identity {
    /// The identity of the state, if there is one.
    pub(crate) fn open(state: &State) -> Result<Option<Self>, IdentityError> {
        match (state.node_id()?, state.key()?) {
            (Some(id), Some(pem)) => Self::of(state, id, &pem).map(Some),
            _ => Ok(None),
        }
    }

    /// Takes the identity from the state, or makes one there at the first start.
    pub(crate) fn open_or_create(state: &State) -> Result<Self, IdentityError> {
        let id = match state.node_id()? {
            Some(id) => id,
            None => make_id(state)?,
        };
        let pem = match state.key()? {
            Some(pem) => pem,
            None => make_key(state)?,
        };
        Self::of(state, id, &pem)
    }

    fn of(state: &State, id: String, pem: &[u8]) -> Result<Self, IdentityError> {
        let unusable = || state.damaged_key("no ECDSA key in PEM");
        let text = std::str::from_utf8(pem).map_err(|_| unusable())?;
        let key = KeyPair::from_pem(text).map_err(|_| unusable())?;
        let mut der = PrivateKeyDer::from_pem_slice(pem).map_err(|_| unusable())?;
        let signer = any_ecdsa_type(&der).map_err(|_| unusable());
        der.zeroize();
        let signer = signer?;
        Ok(Self { id, key, signer })
    }

    /// 32 hexadecimal digits.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// What signs for TLS.
    pub(crate) fn signer(&self) -> Arc<dyn SigningKey> {
        Arc::clone(&self.signer)
    }

    /// The public key (SPKI) in DER.
    pub(crate) fn public_key(&self) -> Vec<u8> {
        self.key.subject_public_key_info()
    }

    /// A PKCS #10 request in DER, which proves that the private key is here.
    pub(crate) fn certificate_request(&self) -> Result<Vec<u8>, IdentityError> {
        let mut params = CertificateParams::default();
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, self.id.as_str());
        params.distinguished_name = name;
        let request = params.serialize_request(&self.key);
        match request {
            Ok(request) => Ok(request.der().to_vec()),
            Err(source) => Err(IdentityError::Request { source }),
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Identity({})", self.id)
    }
}

fn make_id(state: &State) -> Result<String, IdentityError> {
    let id = random::id().map_err(|source| IdentityError::Randomness { source })?;
    state.keep_node_id(&id)?;
    tracing::info!(node_id = id, "this node has an id now");
    Ok(id)
}

/// ECDSA on P-256.
fn make_key(state: &State) -> Result<Zeroizing<Vec<u8>>, IdentityError> {
    let key = KeyPair::generate().map_err(|source| IdentityError::Make { source })?;
    let pem = Zeroizing::new(key.serialize_pem().into_bytes());
    state.keep_key(&pem)?;
    Ok(pem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_made_once_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let made = Identity::open_or_create(&state).unwrap();
        let found = Identity::open_or_create(&state).unwrap();
        assert_eq!(made.id(), found.id());
        assert_eq!(made.id().len(), 32);
        assert_eq!(made.public_key(), found.public_key());
        let other = tempfile::tempdir().unwrap();
        let other = State::open(other.path()).unwrap();
        let other = Identity::open_or_create(&other).unwrap();
        assert_ne!(made.id(), other.id());
        assert_ne!(made.public_key(), other.public_key());
    }

    #[test]
    fn the_request_is_for_the_key_and_signed_by_it() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let identity = Identity::open_or_create(&state).unwrap();
        let request = identity.certificate_request().unwrap().into();
        let request = rcgen::CertificateSigningRequestParams::from_der(&request).unwrap();
        let asked_for = request.public_key.subject_public_key_info();
        assert_eq!(asked_for, identity.public_key());
    }

    #[test]
    fn nothing_shows_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let identity = Identity::open_or_create(&state).unwrap();
        assert_eq!(
            format!("{identity:?}"),
            format!("Identity({})", identity.id())
        );
        let pem = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
        state.keep_key(pem.as_bytes()).unwrap();
        let refused = Identity::open_or_create(&state).unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("c2VjcmV0"));
        assert!(refused.to_string().contains("no ECDSA key"), "{refused}");
    }
}
