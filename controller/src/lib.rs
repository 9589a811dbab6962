//! The controller: admits nodes, keeps their life, decides fencing.
//!
//! Map: [`record`] is what is kept; [`store`] keeps it; [`lifecycle`] is the life of a node as a pure function.

#![forbid(unsafe_code)]

pub mod lifecycle;
pub mod record;
pub mod store;
