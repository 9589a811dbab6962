//! The wire of muster: gRPC package `muster.v1`, generated from `muster/v1/*.proto`.
//!
//! Map: [`v1`] is the generated code; its documentation is in the `.proto` files.

#![forbid(unsafe_code)]

/// Messages, clients and servers of `muster.v1`.
#[allow(
    missing_docs,
    clippy::all,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    reason = "generated"
)]
pub mod v1 {
    tonic::include_proto!("muster.v1");
}
