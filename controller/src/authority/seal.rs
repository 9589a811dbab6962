//! Signatures on what machines install that are no nodes yet: by a key of its own, below the root that they are told to trust.
//!
//! In text, so that a shell can take it apart: the signature (ECDSA on P-256 over SHA-256, as RFC 3279, section 2.2.3 has it),
//! the certificate of its key, and those above it without the root. The certificate is for signing code (RFC 5280, section
//! 4.2.1.12), which no certificate of a node or a controller is.

use pem::{EncodeConfig, LineEnding, Pem};
use rcgen::{ExtendedKeyUsagePurpose, KeyPair, SigningKey as _};
use time::Duration;

use super::make::{leaf, serial};
use super::{Authority, AuthorityError};
use crate::record::UnixMs;

/// A copy of what was signed may be carried to a machine that no network reaches.
const LIFE: Duration = Duration::days(90);
const SIGNATURE: &str = "MUSTER SIGNATURE";

/// What the authority says of some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// The signature and the certificates, in PEM with line feeds.
    pub text: String,
    /// When another should be made.
    pub renew_at: UnixMs,
}

impl Authority {
    /// Signs `content` with a new key.
    ///
    /// # Errors
    /// It could not be signed.
    pub fn seal(&self, content: &[u8], now: UnixMs) -> Result<Seal, AuthorityError> {
        let held = self.held();
        let line = held.shown();
        let key = KeyPair::generate()?;
        let mut params = leaf("muster packages", now, LIFE)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        params.serial_number = Some(serial()?.0);
        let certificate = params.signed_by(&key, &line.issuer)?;
        let mut text = block(SIGNATURE, &key.sign(content)?);
        for der in std::iter::once(certificate.der()).chain(&line.intermediates) {
            text.push_str(&block("CERTIFICATE", der));
        }
        let life_ms = UnixMs::try_from(LIFE.whole_milliseconds()).unwrap_or(UnixMs::MAX);
        Ok(Seal {
            text,
            renew_at: now.saturating_add(life_ms / 3),
        })
    }

    /// The root that the controller shows, in PEM with line feeds.
    pub fn root_pem(&self) -> String {
        block("CERTIFICATE", &self.held().shown().root)
    }
}

fn block(tag: &str, content: &[u8]) -> String {
    let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
    pem::encode_config(&Pem::new(tag, content), config)
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::{FromDer as _, X509Certificate};

    use super::*;

    #[test]
    fn a_seal_is_below_the_root_and_for_nothing_else() {
        let now = 1_790_000_000_000;
        let (authority, _) = Authority::create(now).unwrap();
        let seal = authority.seal(b"content", now).unwrap();
        assert!(!seal.text.contains('\r'));
        assert!(seal.renew_at > now);
        let blocks = pem::parse_many(&seal.text).unwrap();
        let [signature, signer, intermediate] = blocks.as_slice() else {
            panic!("{}", blocks.len());
        };
        assert_eq!(signature.tag(), SIGNATURE);
        let root = pem::parse(authority.root_pem()).unwrap();
        let [signer, intermediate, root] = [signer, intermediate, &root]
            .map(|pem| X509Certificate::from_der(pem.contents()).unwrap().1);
        for (below, above) in [(&signer, &intermediate), (&intermediate, &root)] {
            below.verify_signature(Some(above.public_key())).unwrap();
        }
        let usage = signer.extended_key_usage().unwrap().unwrap().value;
        assert!(usage.code_signing && !usage.client_auth && !usage.server_auth);
    }
}
