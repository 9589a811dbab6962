//! Who calls, by the certificate of the connection. It is looked at with each call: since the connection was
//! made it may have been revoked or have ended.

use std::sync::Arc;

use tonic::{Request, Status};

use super::{Services, status_of_move, tls};
use crate::peer::Identified;
use crate::record::NodeRecord;

impl Services {
    /// Who calls; `nobody` is told when no certificate was shown.
    pub(super) fn caller<'a, T>(
        &self,
        request: &'a Request<T>,
        nobody: &'static str,
    ) -> Result<&'a Identified, Status> {
        let connection = request.extensions().get::<tls::Connection>();
        let identified = connection.and_then(|connection| connection.identified.as_ref());
        let identified = identified.ok_or_else(|| Status::unauthenticated(nobody))?;
        if self.revoked.has(&identified.serial) {
            return Err(Status::unauthenticated("the certificate was revoked"));
        }
        if identified.term().has_ended(self.fleet.now()) {
            return Err(Status::unauthenticated("the certificate has ended"));
        }
        Ok(identified)
    }

    /// Notes under which root the certificate is that a node shows: it knows the roots that came with it.
    pub(super) async fn note_root<T>(
        &self,
        node: Arc<NodeRecord>,
        request: &Request<T>,
    ) -> Result<Arc<NodeRecord>, Status> {
        let connection = request.extensions().get::<tls::Connection>();
        let root = connection.and_then(|connection| connection.root.as_deref());
        let Some(root) = root.filter(|root| node.root.as_deref() != Some(*root)) else {
            return Ok(node);
        };
        let short = root.get(..16).unwrap_or_default();
        let note = format!("shows a certificate of the root {short}");
        let edit = |record: &mut NodeRecord| record.root = Some(root.to_owned());
        let edited = self.fleet.edit(&node.id, &note, edit).await;
        edited.map_err(|error| status_of_move(&error))
    }
}
