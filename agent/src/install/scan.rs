//! `muster uninstall --scan`.

use std::collections::BTreeMap;
use std::io::Write as _;

use muster_installer::engine::scan;
use muster_installer::plan::Wishes;

use super::{facts, host, profile};
use crate::cli::{PlanFormat, UninstallArguments};
use crate::exit::Exit;
use crate::render::{self, json};
use crate::terminal;

/// Tells what is left of muster's records, and what of each known profile the host has.
pub(super) fn run(arguments: &UninstallArguments) -> anyhow::Result<Exit> {
    let place = &arguments.place;
    let host = host(place)?;
    let facts = facts(place)?;
    let mut wishes: Vec<Wishes> = Vec::new();
    let mut left_out = Vec::new();
    for (origin, profile) in profile::every(&arguments.profiles)? {
        let made = profile.and_then(|profile| {
            let role = profile.roles().first().copied();
            let made = profile.wishes(role, &BTreeMap::new(), &facts);
            made.map_err(|unfit| unfit.to_string())
        });
        match made {
            Ok(made) => wishes.push(made),
            Err(why) => left_out.push(format!("{origin}: {why}")),
        }
    }
    for left_out in left_out {
        let told = format!("not looked for: the profile {left_out}");
        let _ = writeln!(anstream::stderr(), "muster: {}", render::screen(&told));
    }
    let scan = scan(&host, &wishes)?;
    match arguments.output {
        PlanFormat::Json => drop(terminal::write_plain(&json(&scan)?)?),
        PlanFormat::Report => {
            let text = render::scan(&scan, terminal::width());
            terminal::write_styled(&text, place.color.into())?;
        }
    }
    Ok(Exit::Complete)
}
