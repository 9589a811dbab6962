//! A fleet of nodes in one process against a real `muster-controller serve`: each node has its own certificate, its own source
//! address on loopback, and its own connection over TLS 1.3.
//!
//! Map: `process` is the controller; `node` joins, connects and calls as an agent does; `figures` are numbers of a process and of
//! durations; `bench` does it all in order, and `report` says what came of it.

mod bench;
mod figures;
mod node;
mod process;
mod report;

pub use bench::{Outcome, Plan, run};
pub(crate) use figures::load;
pub use figures::{Cost, Usage};
pub(crate) use process::Controller;
pub use report::{ALL_BACK, ALL_FENCED, NO_WRITE, NOBODY_FENCED, Report, report};
