//! The commands that look at a node's agent and control it, with the agent as a process of its own, and without one.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

mod config;
mod control;
mod doctor;
mod lab;
mod socket;
mod support;
