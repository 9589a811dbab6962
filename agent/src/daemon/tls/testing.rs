//! A made authority for tests: a root, an intermediate, and what it issues.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, PublicKeyData as _,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};

/// Signs with an intermediate below a root.
pub(crate) struct Authority {
    pub(crate) root: CertificateDer<'static>,
    pub(crate) intermediate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    root_key: KeyPair,
}

/// A server's chain up to its root, and its key.
pub(crate) struct Server {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let root_key = KeyPair::generate().unwrap();
        let root = ca("root").self_signed(&root_key).unwrap().der().clone();
        let root_issuer = Issuer::from_ca_cert_der(&root, &root_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let intermediate = ca("intermediate").signed_by(&key, &root_issuer).unwrap();
        let intermediate = intermediate.der().clone();
        let issuer = Issuer::from_ca_cert_der(&intermediate, key).unwrap();
        Self {
            root,
            intermediate,
            issuer,
            root_key,
        }
    }

    /// SHA-256 of the root's public key.
    pub(crate) fn pin(&self) -> [u8; 32] {
        Sha256::digest(self.root_key.subject_public_key_info()).into()
    }

    /// A server's certificate that ends after `life`, which may be negative.
    pub(crate) fn server(&self, name: &str, life: Duration) -> Server {
        self.leaf(name, life, ExtendedKeyUsagePurpose::ServerAuth)
    }

    pub(crate) fn leaf(
        &self,
        name: &str,
        life: Duration,
        usage: ExtendedKeyUsagePurpose,
    ) -> Server {
        let key = KeyPair::generate().unwrap();
        let params = params(name, life, usage);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Server {
            chain: vec![
                certificate.der().clone(),
                self.intermediate.clone(),
                self.root.clone(),
            ],
            key: PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())),
        }
    }

    /// A node's chain, without the root, for the request in DER.
    pub(crate) fn node(&self, request: &[u8], life: Duration) -> Vec<CertificateDer<'static>> {
        let request = request.to_vec().into();
        let mut request = CertificateSigningRequestParams::from_der(&request).unwrap();
        request.params = params("node.example", life, ExtendedKeyUsagePurpose::ClientAuth);
        let certificate = request.signed_by(&self.issuer).unwrap();
        vec![certificate.der().clone(), self.intermediate.clone()]
    }
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn params(name: &str, life: Duration, usage: ExtendedKeyUsagePurpose) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::days(2);
    params.not_after = now + life;
    params.extended_key_usages = vec![usage];
    params
}
