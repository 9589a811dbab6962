//! SMBIOS: the firmware's own description of the machine.
//!
//! Specification: DMTF DSP0134, here up to version 3.7. Section numbers below are of 3.7.
//! `entry_point` reads the anchor, `structure` one structure, and `machine`, `memory` and
//! `controller` what the document needs of the types that they name.

mod controller;
mod entry_point;
mod machine;
mod memory;
mod structure;

pub(crate) use machine::{Baseboard, Enclosure, Firmware, Identity, chassis_kind, iso_date};
pub(crate) use memory::{Array, Device, ErrorCorrection, Size, Use};
use structure::{Span, Structure};

/// A version from which a field is laid out as it is.
pub(crate) type Version = (u8, u8);

/// What is assumed where the entry point cannot be read: every rule that later versions share.
const ASSUMED_VERSION: Version = (3, 0);
/// Most structures: version 2 counts them in 16 bits, and a handle has no more.
const STRUCTURES_CAP: usize = 1 << 16;
/// Type of the structure that ends the table (section 7.45).
const END_OF_TABLE: u8 = 127;

/// A table with the places of its structures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Smbios {
    version: Version,
    table: Vec<u8>,
    spans: Vec<Span>,
    /// What is wrong with the entry point or the table; what stands before it is still good.
    pub(crate) faults: Vec<String>,
}

impl Smbios {
    /// Reads the entry point and finds the structures.
    pub(crate) fn parse(entry: &[u8], mut table: Vec<u8>) -> Self {
        let mut faults = Vec::new();
        let (version, limits) = match entry_point::parse(entry) {
            Ok(entry) => (entry.version, Some(entry)),
            Err(fault) => {
                faults.push(format!("the entry point {fault}"));
                (ASSUMED_VERSION, None)
            }
        };
        let count = limits.as_ref().and_then(|limits| limits.structures);
        if let Some(limits) = &limits {
            table.truncate(limits.table_bytes);
            // Version 3 gives only the most that it may be (section 5.2.2).
            if limits.exact && table.len() < limits.table_bytes {
                faults.push(format!(
                    "the table has {} bytes where {} were announced",
                    table.len(),
                    limits.table_bytes
                ));
            }
        }
        let mut spans = Vec::new();
        if let Err(fault) = find(&table, count, &mut spans) {
            faults.push(fault);
        }
        Self {
            version,
            table,
            spans,
            faults,
        }
    }

    /// The structures of a type, in the order of the table.
    fn of_type(&self, kind: u8) -> impl Iterator<Item = Structure<'_>> {
        self.spans
            .iter()
            .filter(move |span| span.kind == kind)
            .map(|span| Structure::new(&self.table, span, self.version))
    }
}

/// Finds the structures up to the end-of-table structure, the announced count, or the end.
fn find(table: &[u8], count: Option<usize>, spans: &mut Vec<Span>) -> Result<(), String> {
    let most = count.unwrap_or(STRUCTURES_CAP).min(STRUCTURES_CAP);
    let mut start = 0;
    while start < table.len() && spans.len() < most {
        // Some firmware pads the end with zeros instead of an end-of-table structure.
        if table
            .get(start..)
            .is_some_and(|rest| rest.iter().all(|byte| *byte == 0))
        {
            return Ok(());
        }
        let (span, next) = structure::find(table, start)?;
        let kind = span.kind;
        spans.push(span);
        start = next;
        if kind == END_OF_TABLE {
            return Ok(());
        }
    }
    match count {
        Some(count) if spans.len() < count => Err(format!(
            "the table ends after {} of {count} structures",
            spans.len()
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
pub(crate) mod made;
#[cfg(test)]
mod tests;
