//! Certificates for nodes that were admitted.

use std::time::Duration;

use super::{Admission, AdmissionError, Outcome};
use crate::authority::{AuthorityError, Issued, Request};
use crate::peer::Peer;
use crate::record::NodeRecord;
use crate::store::Write;
use crate::succession::Successor;

/// How long a node's certificate is good for, unless it is set otherwise.
pub(super) const CERTIFICATE_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);

impl Admission {
    /// A new certificate for a node that has one, for a key of its own.
    ///
    /// # Errors
    /// The request is not valid, or cannot be answered.
    pub async fn renew(&self, node: &NodeRecord, request: &[u8]) -> Result<Issued, AdmissionError> {
        let request = Request::parse(request)?;
        let key = request.key_digest();
        let issued = self.sign(node, request)?;
        self.note(node, &issued, &key).await?;
        Ok(issued)
    }

    /// Issues a certificate for the key that was admitted.
    pub(crate) async fn issue(
        &self,
        record: &NodeRecord,
        request: Request,
    ) -> Result<Outcome, AdmissionError> {
        let key = request.key_digest();
        let issued = self.sign(record, request)?;
        self.note(record, &issued, &key).await?;
        Ok(Outcome::Issued(issued))
    }

    fn sign(&self, record: &NodeRecord, request: Request) -> Result<Issued, AuthorityError> {
        let peer = Peer::Node(record.id.clone());
        self.authority
            .issue(request, &peer, self.fleet.now(), self.certificate_life)
    }

    async fn note(
        &self,
        record: &NodeRecord,
        issued: &Issued,
        key: &str,
    ) -> Result<(), AdmissionError> {
        let note = format!("certificate {} issued", issued.serial);
        let edit = |record: &mut NodeRecord| {
            record.succession.readmission = None;
            let revoked = record.certificate_issued(Successor {
                serial: issued.serial.clone(),
                public_key: key.to_owned(),
                term: Some(issued.term),
            });
            let revoked = revoked.into_iter();
            revoked.map(|serial| Write::Revoke { serial }).collect()
        };
        self.fleet.edit_with(&record.id, &note, edit).await?;
        Ok(())
    }
}
