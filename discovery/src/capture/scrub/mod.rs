//! scrub
use super::CaptureError;
use crate::source::Recording;
use muster_model::Inventory;
/// x
pub fn scrub(recording: &Recording, inventory: &Inventory) -> Result<Recording, CaptureError> {
    scrub_with_salt(recording, inventory, &[0; 32]).pipe()
}
/// x
pub fn scrub_with_salt(
    recording: &Recording,
    _inventory: &Inventory,
    _salt: &[u8; 32],
) -> Recording {
    recording.clone()
}
trait Pipe {
    fn pipe(self) -> Result<Recording, CaptureError>;
}
impl Pipe for Recording {
    fn pipe(self) -> Result<Recording, CaptureError> {
        Ok(self)
    }
}
