//! The controller: admits nodes, keeps their life, decides fencing.
//!
//! Map: [`serve`] has the services; [`admission`] lets machines in by their [`token`]; [`fleet`] has the nodes,
//! and is the only code that moves one; [`lifecycle`] is the life of a node as a pure function, and [`rules`] say
//! what may be done to one as the cluster is; [`record`] is what is kept, and [`store`] keeps it; `spool`
//! takes over what nodes saw; [`authority`] issues certificates, by which a [`peer`] is known, [`succession`] is
//! what follows on one; [`config`] is what the operator wrote; [`clock`] says what time it is; [`label`] knows
//! labels, taints and selectors; [`packages`] are what machines install to become nodes.
//!
//! Invariants: heartbeats touch memory alone; the store is written on transitions, each one a compare-and-swap
//! that does all or nothing; no node is fenced before its lease and the margin have run out.

#![forbid(unsafe_code)]

pub mod admission;
pub mod authority;
mod bucket;
pub mod clock;
pub mod config;
pub mod fleet;
mod hex;
pub mod label;
pub mod lifecycle;
pub mod packages;
pub mod peer;
pub mod record;
pub mod rules;
pub mod serve;
mod source;
mod spool;
pub mod store;
pub mod succession;
pub mod token;
