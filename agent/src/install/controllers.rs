//! The controllers of this machine, for profiles that want to know whether they are still reached.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use muster_installer::Profile;

use crate::cli::PlaceArguments;
use crate::daemon::{State, place};

/// The parameter of a profile that they are the value of, where nobody gives another one.
const PARAMETER: &str = "controllers";
/// More are not asked.
const MOST: usize = 16;

/// Gives them to a profile that has that parameter: those of the configuration and of the agent's state, with commas between.
///
/// # Errors
/// Configuration or state cannot be read.
pub(super) fn fill(profile: &Profile, given: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
    if !profile.parameters().contains_key(PARAMETER) || given.contains_key(PARAMETER) {
        return Ok(());
    }
    let known = known().context("cannot tell the controllers of this machine")?;
    if !known.is_empty() {
        let known: Vec<String> = known.into_iter().take(MOST).collect();
        given.insert(PARAMETER.to_owned(), known.join(","));
    }
    Ok(())
}

fn known() -> anyhow::Result<BTreeSet<String>> {
    let place = place(&PlaceArguments {
        socket: None,
        state: None,
        config: None,
    })?;
    let configured = place.controllers.iter().map(ToString::to_string);
    let mut known: BTreeSet<String> = configured.collect();
    known.extend(State::look(&place.state).controllers()?);
    Ok(known)
}
