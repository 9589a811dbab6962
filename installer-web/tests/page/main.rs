//! The page as it is asked over HTTP, without a socket.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "test code"
)]

mod api;
mod hostile;
mod looks;
mod security;
mod sign_in;
mod support;
