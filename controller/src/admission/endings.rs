//! Tells of certificates that end although their nodes should have renewed them.

use std::time::Duration;

use super::Admission;
use crate::fleet::MoveError;
use crate::record::NodeRecord;

/// How often certificates are looked at, whatever their life is.
const MOST_OFTEN: Duration = Duration::from_secs(1);
const LEAST_OFTEN: Duration = Duration::from_secs(600);

impl Admission {
    /// Looks at the certificates of all nodes again and again, until it is dropped. Each that ends stands in its node's log, once.
    pub async fn watch_certificates(&self) {
        // Late is a certificate for a sixth of its life.
        let each = (self.certificate_life / 100).clamp(MOST_OFTEN, LEAST_OFTEN);
        loop {
            tokio::time::sleep(each).await;
            for (record, _) in self.fleet.nodes() {
                if let Err(error) = self.tell_of_ending(&record).await {
                    tracing::warn!(node = %record.id, name = %record.name, %error, "that its certificate ends cannot be noted");
                }
            }
        }
    }

    async fn tell_of_ending(&self, record: &NodeRecord) -> Result<(), MoveError> {
        let warning = record.certificate_warning(self.fleet.now());
        let Some(warning) = warning.filter(|_| !record.succession.is_end_told) else {
            return Ok(());
        };
        let told = record.certificate_serial.clone();
        let edit = |record: &mut NodeRecord| {
            // It may have another one by now.
            record.succession.is_end_told = record.certificate_serial == told;
            Vec::new()
        };
        let fleet = &self.fleet;
        let noted = fleet.edit_as("certificate_ends", &record.id, warning, edit);
        noted.await.map(|_| ())
    }
}
