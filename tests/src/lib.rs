//! Labs and helpers of the whole-system tests.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "test code: a broken lab must stop at once and say where"
)]

pub mod aloud;
pub mod bench;
pub mod dumps;
pub mod fleet;
pub mod floor;
pub mod forward;
pub mod huge;
pub mod hwloc;
pub mod idle;
pub mod images;
pub mod ledger;
pub mod loopback;
pub mod lsblk;
pub mod lscpu;
pub mod measure;
pub mod metal;
pub mod namespace;
pub mod nodes;
pub mod packages;
pub mod policies;
pub mod program;
pub mod recorded;
pub mod ttar;
