//! Discovers a whole machine and listens for LLDP for a minute on the interfaces named: to be ended
//! by a signal, which a test of its own process could not survive.

#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use muster_discovery::{Options, Source, discover};

fn main() -> ExitCode {
    let Ok(source) = Source::live() else {
        return ExitCode::FAILURE;
    };
    let options = Options {
        lldp: Some(Duration::from_secs(60)),
        lldp_also: std::env::args().skip(1).collect(),
        ..Options::default()
    };
    discover(&source, &options);
    ExitCode::SUCCESS
}
