//! Services and sockets of systemd, by the folders of their unit files: systemd.unit(5). What
//! generators make and what is transient is left out; no unit file is opened, since those of an
//! administrator may hold secrets.

use std::collections::{BTreeMap, BTreeSet};

use muster_model::software::Service;
use muster_model::{Found, WarningKind};

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::unit_name::{is_service_or_socket, pulls_in, template_of};
use crate::source::Source;

/// Folders of units, the first that has a unit decides. In the first two links are made to enable
/// one; the others are the vendor's.
const FOLDERS: [&str; 5] = [
    "etc/systemd/system",
    "run/systemd/system",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
];
const ENABLING: [&str; 2] = [FOLDERS[0], FOLDERS[1]];
/// Most aliases of aliases that are followed.
const STEPS: usize = 8;

/// Fills `services`.
pub(crate) fn probe(context: &Context<'_>) -> Found<Option<Vec<Service>>> {
    let mut notes = Notes::new("services");
    let units = Units::read(context.source, &mut notes);
    let services = units.map(|units| units.services());
    notes.with(services)
}

/// What stands where a unit's file is looked for.
enum Unit {
    File,
    Masked,
    Alias(String),
    Unknown,
}

struct Units {
    by_name: BTreeMap<String, Unit>,
    /// Units and instances that a link enables, and the templates of the latter.
    enabled: BTreeSet<String>,
    /// Whether all links that enable could be read.
    knows_enabled: bool,
}

impl Units {
    fn read(source: &Source, notes: &mut Notes) -> Option<Self> {
        let mut units = Self {
            by_name: BTreeMap::new(),
            enabled: BTreeSet::new(),
            knows_enabled: true,
        };
        let mut listed = 0;
        let mut absent = 0;
        for folder in FOLDERS {
            let names = match source.list(folder) {
                Err(Fault::Absent) => {
                    absent += 1;
                    continue;
                }
                Err(Fault::NotAsked) => {
                    let what = "the folders of systemd's units";
                    return notes.require_recorded("services", what, Err(Fault::NotAsked));
                }
                names => notes.require_part(folder, names),
            };
            listed += usize::from(names.is_some());
            units.folder(source, folder, names, notes);
        }
        if absent == FOLDERS.len() {
            let message = "no folder of systemd's units is there; another program starts services";
            notes.warn("services", WarningKind::Absent, message);
        }
        (listed > 0).then_some(units)
    }

    fn folder(
        &mut self,
        source: &Source,
        folder: &str,
        names: Option<Vec<String>>,
        notes: &mut Notes,
    ) {
        let enables = ENABLING.contains(&folder);
        self.knows_enabled &= names.is_some() || !enables;
        for name in names.unwrap_or_default() {
            if enables && pulls_in(&name) {
                let links = source.list(&format!("{folder}/{name}"));
                let links = notes.require(&name, folder, links);
                self.knows_enabled &= links.is_some();
                links
                    .unwrap_or_default()
                    .iter()
                    .for_each(|it| self.enable(it));
            } else if is_service_or_socket(&name) && !self.by_name.contains_key(&name) {
                let unit = unit(source, folder, &name, notes);
                if let (Unit::Alias(target), true) = (&unit, enables) {
                    self.enable(target);
                }
                self.by_name.insert(name, unit);
            }
        }
    }

    fn enable(&mut self, name: &str) {
        if is_service_or_socket(name) {
            self.enabled.extend(template_of(name));
            self.enabled.insert(name.to_owned());
        }
    }

    fn services(&self) -> Vec<Service> {
        let instances = self.enabled.iter().filter(|name| {
            let template = template_of(name);
            template.is_some_and(|template| self.by_name.contains_key(&template))
        });
        let names: BTreeSet<&String> = self.by_name.keys().chain(instances).collect();
        let service = |name: &String| {
            let meant = self.meant(name);
            let is_enabled = self.enabled.contains(name) || self.enabled.contains(&meant);
            Service {
                enabled: (is_enabled || self.knows_enabled).then_some(is_enabled),
                masked: match self.by_name.get(&meant) {
                    Some(Unit::Masked) => Some(true),
                    Some(Unit::Unknown) => None,
                    _ => Some(false),
                },
                name: name.clone(),
            }
        };
        names.into_iter().map(service).collect()
    }

    /// The unit whose file counts: the end of its aliases, or an instance's template.
    fn meant(&self, name: &str) -> String {
        let mut meant = name.to_owned();
        for _ in 0..STEPS {
            meant = match self.by_name.get(&meant) {
                Some(Unit::Alias(target)) => target.clone(),
                Some(_) => break,
                None => match template_of(&meant) {
                    Some(template) => template,
                    None => break,
                },
            };
        }
        meant
    }
}

fn unit(source: &Source, folder: &str, name: &str, notes: &mut Notes) -> Unit {
    let path = format!("{folder}/{name}");
    let target = match source.target(&path) {
        // It is no link.
        Err(Fault::Unsupported(_)) => return Unit::File,
        target => notes.require(name, &path, target),
    };
    match target.as_deref() {
        None => Unit::Unknown,
        Some("dev/null") => Unit::Masked,
        Some(target) => match target.rsplit_once('/').map_or(target, |(_, last)| last) {
            // The file is kept elsewhere, under the same name.
            same if same == name => Unit::File,
            other => Unit::Alias(other.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests;
