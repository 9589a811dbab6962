//! `floor LIST` carries out the requests in the file LIST; `floor --list` writes that of this
//! machine. See `muster_tests::floor`.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a tool of the bench: reading its list and printing is what it is for"
)]

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("--list") => println!("{}", muster_tests::floor::list()),
        Some(path) => match std::fs::read_to_string(path) {
            Ok(list) => println!("{}", muster_tests::floor::carry_out(&list)),
            Err(_) => return ExitCode::FAILURE,
        },
        None => return ExitCode::from(2),
    }
    ExitCode::SUCCESS
}
