//! udev's hardware database.

use crate::Fault;
use crate::source::Answer;

/// The properties of a modalias as `KEY=value` lines.
#[cfg(feature = "udev")]
pub(super) fn answer(modalias: &str) -> Answer {
    if modalias.contains('\0') {
        return Err(Fault::Malformed("a NUL in a modalias".to_owned()));
    }
    // What libudev says of a database that is missing is `ENOENT`, or nothing.
    let database = udev::Hwdb::new().map_err(|_| Fault::Absent)?;
    let mut lines = Vec::new();
    for entry in database.query(modalias) {
        lines.extend_from_slice(entry.name().as_encoded_bytes());
        lines.push(b'=');
        lines.extend_from_slice(entry.value().as_encoded_bytes());
        lines.push(b'\n');
    }
    Ok(lines)
}

#[cfg(not(feature = "udev"))]
pub(super) fn answer(_modalias: &str) -> Answer {
    Err(Fault::Unsupported(
        "this muster was built without udev".to_owned(),
    ))
}
