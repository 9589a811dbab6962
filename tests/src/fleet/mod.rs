//! A fleet of nodes in one process against a real `muster-controller serve`: each node has its own certificate, its own source
//! address on loopback, and its own connection over TLS 1.3.
//!
//! Map: `process` is the controller; `node` joins, connects and calls as an agent does; `figures` makes numbers of what came of it; `bench` does
//! it all in order and writes the report.

mod bench;
mod figures;
mod node;
mod process;

pub use bench::{Plan, Report, run};
pub use figures::{Cost, Usage};
