//! Control of the running agent on its own machine: a Unix socket, `/run/muster/agent.sock` as a rule.
//!
//! Map: `protocol` is what is said, shared by both ends; `door` is the socket; `access` says who may do what; `server` takes
//! connections, `control` holds its task; `desk` answers; `client` asks; `metrics` writes them for Prometheus, `web` serves those on a port of loopback.
//!
//! Invariants: who calls is known from the kernel (SO_PEERCRED), not from what it says; requests, connections and
//! times are bounded; an agent that cannot be controlled goes on being a node; no answer holds a secret.

mod access;
pub(crate) mod client;
mod control;
mod desk;
mod door;
mod metrics;
pub(crate) mod protocol;
mod server;
mod web;

pub(crate) use access::LocalRead;
pub(crate) use control::{Control, resets};
pub(crate) use desk::{Desk, ResetAsked, shown};
