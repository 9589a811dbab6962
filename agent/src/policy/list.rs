//! `muster policy list`.

use anstream::ColorChoice;

use super::{Origin, Unusable, find, parse};
use crate::cli::PolicyPlace;
use crate::exit::Exit;
use crate::render::policy::{self as render, Listed, Use};
use crate::terminal;

/// Lists the named policies.
pub(super) fn run(place: &PolicyPlace, colour: ColorChoice) -> anyhow::Result<Exit> {
    let every = find::every(place)?;
    let listed: Vec<Listed> = every
        .iter()
        .flat_map(|(name, origins)| {
            let origins = origins.iter().enumerate();
            origins.map(|(at, origin)| listed(name, origin, at > 0))
        })
        .collect();
    terminal::write_styled(&render::list(&listed, terminal::width()), colour)?;
    let faulty = listed.iter().any(|policy| policy.fault.is_some());
    Ok(if faulty { Exit::Policy } else { Exit::Complete })
}

fn listed(name: &str, origin: &Origin, overridden: bool) -> Listed {
    let used = if overridden {
        Use::Overridden
    } else {
        Use::InForce
    };
    let mut listed = Listed {
        name: name.to_owned(),
        origin: origin.to_string(),
        used,
        version: None,
        description: String::new(),
        fault: None,
    };
    match find::at(origin).map_err(Unusable::Unread).and_then(parse) {
        Ok(loaded) => {
            listed.version = Some(loaded.policy.name().version.clone());
            listed.description = loaded.policy.description().to_owned();
        }
        Err(Unusable::Unread(error)) => listed.fault = Some(format!("{error:#}")),
        Err(Unusable::Faulty(..)) => {
            listed.fault = Some(match origin {
                Origin::File(path) => {
                    let path = path.display();
                    format!("faulty; `muster policy validate {path}` says why")
                }
                Origin::Embedded(_) => "faulty".to_owned(),
            });
        }
    }
    listed
}
