//! The controller: admits nodes, keeps their life, decides fencing.
//!
//! Map: [`authority`] issues certificates, by which a [`peer`] is known. [`record`] is what is kept; [`store`] keeps it; [`lifecycle`] is the life of a node as a pure function.

#![forbid(unsafe_code)]

pub mod authority;
pub mod lifecycle;
pub mod peer;
pub mod record;
pub mod store;
