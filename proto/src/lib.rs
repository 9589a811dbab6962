//! The wire of muster: gRPC package `muster.v1`, generated from `muster/v1/*.proto`.
//!
//! Map: [`v1`] is the generated code; its documentation is in the `.proto` files. `convert` turns its numbers
//! into the model's words; `document` packs JSON; `codec` sizes the buffers of calls; [`token`] is what admits a machine.

#![forbid(unsafe_code)]

mod codec;
mod convert;
mod document;
pub mod token;

pub use document::DocumentError;
pub use token::JoinToken;

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
