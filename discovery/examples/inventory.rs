//! Discovers this machine, or replays the capture that is given as the first argument:
//! `cargo run -p muster-discovery --example inventory [FILE.tar.zst]`.

#![allow(clippy::print_stdout, reason = "an example that prints")]

use std::fs::File;

use muster_discovery::{Options, Source, capture, discover};
use muster_model::Section;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let source = match std::env::args_os().nth(1) {
        Some(file) => Source::replay(capture::read(File::open(file)?)?),
        None => Source::live()?,
    };
    // One section alone: nothing else is read.
    let only_network = Options {
        sections: [Section::Network].into(),
        ..Options::default()
    };
    for interface in discover(&source, &only_network).inventory.network {
        println!("{} {:?}", interface.name, interface.mac);
    }

    let found = discover(&source, &Options::default());
    println!("{:?}", found.inventory.host.os.pretty_name);
    for warning in &found.inventory.warnings {
        println!(
            "{}: {}: {}",
            warning.probe, warning.subject, warning.message
        );
    }
    Ok(())
}
