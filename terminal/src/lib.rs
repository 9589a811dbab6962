//! Text for people on a terminal.
//!
//! Map: [`screen`] makes foreign text safe; a [`Line`] is text with [`Tone`]s, screened as it is made; a [`Page`]
//! wraps lines, facts and [`Grid`]s to a width; [`unwrapped`] tables are for `grep` and `awk`; [`workloads`] is what both programs show alike; [`output`] is what is
//! known of standard output, and the only part that does I/O.
//!
//! Invariants: nothing in a [`Line`] can drive a terminal; colour never says more than the words do.

#![forbid(unsafe_code)]

mod grid;
mod line;
pub mod output;
mod page;
mod table;
mod text;
mod workloads;

pub use grid::{Column, Grid, Row};
pub use line::{Line, Tone};
pub use page::Page;
pub use table::{Widths, unwrapped};
pub use text::screen;
pub use workloads::workloads;
