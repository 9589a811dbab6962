//! What a host's kernel can do, which ports are taken, and which services it has. Their sections are
//! in an inventory only where they were asked for.

mod modules;
mod ports;
mod services;

use super::finding::Sorted;
use super::{Check, Finding, Kind, Outcome, parameters, read};

pub(super) const KINDS: &[Kind] = &[modules::KIND, ports::KIND, services::KIND];
