//! What only the disks themselves can answer: what is on them, where udev has not looked, and their
//! health. All disks side by side; each has until the deadline.

use muster_model::WarningKind;
use muster_model::disk::Partition;

use super::{Draft, health};
use crate::Fault;
use crate::context::Context;
use crate::notes::{Notes, RUN_AS_ROOT};
use crate::parse::signature::{self, Content};
use crate::source::{ASLEEP, Answer, Query, Request};

/// Asks the disks and fills in what they answer.
pub(super) fn ask(context: &Context<'_>, drafts: &mut [Draft], notes: &mut Notes) {
    if context.source.is_files_only() {
        return;
    }
    let groups: Vec<Vec<Request>> = drafts.iter().map(questions).collect();
    let answers = context
        .source
        .within(context.options.device_deadline, groups.clone());
    let mut faults = Faults::default();
    for ((draft, group), answers) in drafts.iter_mut().zip(&groups).zip(answers) {
        let replies = group
            .iter()
            .zip(answers)
            .filter_map(|(request, answer)| match request {
                Request::Ask(query) => Some((query, answer)),
                _ => None,
            });
        take(draft, replies, &mut faults, notes);
    }
    faults.note(notes);
}

/// What is on it first: a disk that hangs on its health has then said that.
fn questions(draft: &Draft) -> Vec<Request> {
    let disk = (!draft.content_known).then_some(&draft.disk.name);
    let signatures = disk.into_iter().chain(&draft.unread_partitions);
    let signatures = signatures.map(|device| Query::BlockSignature {
        device: device.clone(),
    });
    signatures
        .chain(health::queries(draft))
        .map(Request::Ask)
        .collect()
}

fn take<'q>(
    draft: &mut Draft,
    replies: impl Iterator<Item = (&'q Query, Answer)>,
    faults: &mut Faults,
    notes: &mut Notes,
) {
    let name = draft.disk.name.clone();
    let mut of_health = Vec::new();
    let mut last_fault = None;
    for (query, answer) in replies {
        let answer = match answer {
            Ok(answer) => answer,
            Err(fault) => {
                let fault = (what(query), fault);
                if faults.is_of_this_disk(&fault.1) && last_fault.as_ref() != Some(&fault) {
                    notes.require::<()>(&name, fault.0, Err(fault.1.clone()));
                    last_fault = Some(fault);
                }
                continue;
            }
        };
        match query {
            Query::BlockSignature { device } => match signature::parse(&answer) {
                Some(content) => take_content(draft, device, content),
                None => notes.warn(
                    &name,
                    WarningKind::Malformed,
                    "signature: not laid out as one",
                ),
            },
            query => of_health.push((query, answer)),
        }
    }
    health::take(draft, &of_health, notes);
}

fn what(query: &Query) -> &'static str {
    match query {
        Query::BlockSignature { .. } => "what is on it",
        _ => "health",
    }
}

fn take_content(draft: &mut Draft, device: &str, content: Content) {
    if device != draft.disk.name {
        let partition = draft
            .disk
            .partitions
            .iter_mut()
            .find(|one| one.name == device);
        if let Some(partition) = partition {
            partition.filesystem = content.signature;
        }
        return;
    }
    draft.content_known = true;
    draft.disk.filesystem = content.signature;
    for entry in content.partitions {
        let of_entry = |one: &&mut Partition| one.number == Some(entry.number);
        if let Some(partition) = draft.disk.partitions.iter_mut().find(of_entry) {
            partition.kind = partition.kind.take().or(entry.kind);
            partition.uuid = partition.uuid.take().or(entry.uuid);
            partition.label = partition.label.take().or(entry.label);
        }
    }
}

/// What is missing where no disk may be opened.
const UNKNOWN: &str = "health, and what is on disks that udev has not read, are unknown";

/// Faults that are the same for every disk, said once.
#[derive(Default)]
struct Faults {
    denied: bool,
    without_node: bool,
}

impl Faults {
    fn is_of_this_disk(&mut self, fault: &Fault) -> bool {
        match fault {
            Fault::Denied => self.denied = true,
            Fault::Absent => self.without_node = true,
            Fault::NotAsked => {}
            // Most disks do not know every question; one that sleeps would.
            Fault::Unsupported(reason) => return reason == ASLEEP,
            _ => return true,
        }
        false
    }

    fn note(&self, notes: &mut Notes) {
        if self.denied {
            let message = format!("{UNKNOWN}: permission denied; {RUN_AS_ROOT}");
            notes.warn("disks", WarningKind::Denied, message);
        }
        if self.without_node {
            let message =
                format!("{UNKNOWN}: their device nodes are not in /dev, as in a container");
            notes.warn("disks", WarningKind::Absent, message);
        }
    }
}
