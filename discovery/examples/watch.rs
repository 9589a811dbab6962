//! A line of JSON a change, until the end of standard input: `cargo run --example watch`.
#![allow(clippy::print_stdout, reason = "an example")]

use std::io::Read as _;
use std::thread;
use std::time::Duration;

use muster_discovery::{Fault, Options, Source, Watcher};

fn main() -> Result<(), Fault> {
    let mut watcher = Watcher::new(Source::live()?, Options::default())?;
    let stopper = watcher.stopper();
    thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        stopper.stop();
    });
    while !watcher.is_stopped() {
        for change in watcher.next(Duration::from_secs(3600))? {
            println!("{}", serde_json::json!(change));
        }
    }
    Ok(())
}
