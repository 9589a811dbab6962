//! What is at the other end of each cable: `cargo run --example neighbours [INTERFACE …]`, as root.
//! Interfaces that are not physical have to be named.
#![allow(clippy::print_stdout, reason = "an example")]

use std::time::Duration;

use muster_discovery::{Fault, Options, Source, discover};
use muster_model::Section;

fn main() -> Result<(), Fault> {
    let options = Options {
        sections: [Section::Network].into(),
        // Switches announce themselves every 30 seconds.
        lldp: Some(Duration::from_secs(35)),
        lldp_also: std::env::args().skip(1).collect(),
        ..Options::default()
    };
    let inventory = discover(&Source::live()?, &options).inventory;
    for interface in inventory.network {
        if let Some(neighbour) = interface.neighbour {
            println!("{}: {neighbour:?}", interface.name);
        }
    }
    for warning in inventory.warnings {
        println!("{}: {}", warning.subject, warning.message);
    }
    Ok(())
}
