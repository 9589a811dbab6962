//! The `muster` program.

#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    reason = "a thin first path; replaced by the report"
)]

use muster_discovery::{Options, Source, discover};

fn main() -> anyhow::Result<()> {
    let source = Source::live()?;
    let found = discover(&source, &Options::default());
    println!("{}", serde_json::to_string_pretty(&found.inventory)?);
    Ok(())
}
