//! What firmware says, against second opinions: raw SMBIOS tables of two machines with their
//! decoded contents and with `dmidecode`, and the kernel's excerpt on machines whose trees were
//! recorded.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

#[path = "fidelity_smbios/recorded.rs"]
mod recorded;
#[path = "fidelity_smbios/tables.rs"]
mod tables;

use std::fs;
use std::path::Path;

use muster_discovery::{Options, Source, discover};
use muster_model::Inventory;
use muster_tests::dumps::dump;
use muster_tests::ledger::hold_table;

const INTRO: &str = "System, board, chassis, firmware, DIMMs, management controller, sensors and \
watchdogs. The raw tables are compared with their decoded contents as recorded and with what \
`dmidecode` makes of them; of the recorded trees every attribute that the document has.";

#[test]
fn firmware_facts_equal_the_second_opinions() {
    if dump("smbios").is_none() {
        return;
    }
    let mut rows = vec![tables::supermicro(), tables::asrock()];
    rows.extend(recorded::rows());
    hold_table("smbios", INTRO, &rows);
}

/// Discovers all of another root.
fn inventory(root: &Path) -> Inventory {
    let source = Source::at_root(root).expect("the root can be read");
    discover(&source, &Options::default()).inventory
}

fn write(root: &Path, name: &str, content: &[u8]) {
    let path = root.join(name);
    let parent = path.parent().expect("a name with a folder");
    fs::create_dir_all(parent).expect("a folder in the root");
    fs::write(&path, content).expect("a file in the root");
}
