//! Who this node is: a random id, and a key that is made here and never leaves.

use std::fmt;
use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PublicKeyData as _};
use rustls::crypto::aws_lc_rs::sign::any_ecdsa_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::sign::SigningKey;
use zeroize::{Zeroize as _, Zeroizing};

use super::credentials::Credentials;
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
    /// Takes the identity from the state, or makes one there at the first start.
    pub(crate) fn open_or_create(state: &State) -> Result<Self, IdentityError> {
        let id = match state.node_id()? {
            Some(id) => id,
            None => make_id(state)?,
        };
        finish_renewal(state)?;
        let pem = match state.key()? {
            Some(pem) => pem,
            None => {
                let pem = make_key()?;
                state.keep_key(&pem)?;
                pem
            }
        };
        Self::of(state, id, &pem)
    }

    /// The same node with the key that is to follow: one that was made before and came to nothing, or a new one.
    pub(crate) fn successor(state: &State, id: &str) -> Result<Self, IdentityError> {
        let pem = match state.next_key()? {
            Some(pem) => pem,
            None => {
                let pem = make_key()?;
                state.keep_next_key(&pem)?;
                pem
            }
        };
        Self::of(state, id.to_owned(), &pem)
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

/// ECDSA on P-256, in PEM.
fn make_key() -> Result<Zeroizing<Vec<u8>>, IdentityError> {
    let key = KeyPair::generate().map_err(|source| IdentityError::Make { source })?;
    Ok(Zeroizing::new(key.serialize_pem().into_bytes()))
}

/// Where the certificate on disk is for the key that is to follow, the agent ended before it had put that in its place.
fn finish_renewal(state: &State) -> Result<(), IdentityError> {
    let (Some(pem), Some(enrolment)) = (state.next_key()?, state.enrolment()?) else {
        return Ok(());
    };
    let next = Identity::of(state, String::new(), &pem)?;
    if Credentials::kept(&enrolment, &next.public_key()).is_ok() {
        tracing::info!("the key of the certificate takes its place");
        state.promote_key()?;
    }
    Ok(())
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

    #[allow(
        clippy::disallowed_methods,
        reason = "the agent's own state, not the host"
    )]
    /// The folder after a step, as a crash there leaves it; with a key and a certificate for it, or none.
    fn fits(folder: &std::path::Path) -> Option<Vec<u8>> {
        let copy = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(folder).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
        let state = State::open(copy.path()).unwrap();
        let key = Identity::open_or_create(&state).unwrap().public_key();
        let enrolment = state.enrolment().unwrap().unwrap();
        Credentials::kept(&enrolment, &key).ok()?;
        // And again, after what was finished there.
        let again = Identity::open_or_create(&state).unwrap().public_key();
        (again == key).then_some(key)
    }

    #[test]
    fn a_crash_at_any_instant_of_a_renewal_leaves_a_key_and_its_certificate() {
        let authority = crate::daemon::tls::testing::Authority::new();
        let issue = |identity: &Identity| {
            let request = identity.certificate_request().unwrap();
            let chain = authority.node(&request, time::Duration::DAY);
            let issued = muster_proto::v1::Issued {
                certificate_chain: chain.iter().map(|der| der.to_vec()).collect(),
                roots: vec![authority.root.to_vec()],
            };
            let now = rustls::pki_types::UnixTime::now();
            let credentials = Credentials::issued(&issued, &identity.public_key(), now);
            credentials.unwrap().to_enrolment("c1:7443".to_owned())
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let state = State::open(path).unwrap();
        let old = Identity::open_or_create(&state).unwrap();
        state.keep_enrolment(&issue(&old)).unwrap();
        let (old_key, half) = (Some(old.public_key()), b"half of it");
        assert_eq!(fits(path), old_key);

        std::fs::write(path.join("next-key.pem.tmp"), half).unwrap();
        assert_eq!(fits(path), old_key, "while the key is written");
        let new = Identity::successor(&state, old.id()).unwrap();
        let new_key = Some(new.public_key());
        assert_ne!(old_key, new_key);
        assert_eq!(fits(path), old_key, "before the certificate is there");
        let again = Identity::successor(&state, old.id()).unwrap();
        assert_eq!(Some(again.public_key()), new_key, "asked for again");
        std::fs::write(path.join("enrolment.json.tmp"), half).unwrap();
        assert_eq!(fits(path), old_key, "while the certificate is written");
        state.keep_enrolment(&issue(&new)).unwrap();
        assert_eq!(fits(path), new_key, "before the key is in its place");
        state.promote_key().unwrap();
        assert_eq!(fits(path), new_key);
        assert!(!path.join("next-key.pem").exists());
        let third = Identity::successor(&state, old.id()).unwrap();
        assert_ne!(Some(third.public_key()), new_key);
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
