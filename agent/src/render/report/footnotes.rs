//! Warnings as numbered notes.

use muster_model::{Inventory, Section, Warning, WarningKind};

use super::Layout;
use crate::render::layout::{Line, Page, Tone};

/// Subjects named in a note before the rest is counted.
const NAMED_SUBJECTS: usize = 6;

/// Warnings that say the same of several subjects are one note.
pub(super) struct Footnotes {
    notes: Vec<Note>,
    told: bool,
    root_sees_more: bool,
}

struct Note {
    probe: String,
    kind: WarningKind,
    message: String,
    subjects: Vec<String>,
    /// It is about devices that have a line of their own, where its number stands.
    on_devices: bool,
}

impl Footnotes {
    pub(super) fn new(inventory: &Inventory, layout: Layout) -> Self {
        let mut notes: Vec<Note> = Vec::new();
        for warning in &inventory.warnings {
            let is_device = is_device(inventory, warning);
            let same = notes.iter_mut().find(|note| {
                note.probe == warning.probe
                    && note.kind == warning.kind
                    && note.message == warning.message
            });
            match same {
                Some(note) => {
                    note.subjects.push(warning.subject.clone());
                    note.on_devices &= is_device;
                }
                None => notes.push(Note {
                    probe: warning.probe.clone(),
                    kind: warning.kind,
                    message: warning.message.clone(),
                    subjects: vec![warning.subject.clone()],
                    on_devices: is_device,
                }),
            }
        }
        Self {
            notes,
            told: layout.explain,
            root_sees_more: layout.root_sees_more,
        }
    }

    /// The numbers of the notes on a device.
    pub(super) fn of_device(&self, section: Section, name: &str) -> Line {
        self.marks(|note| note.is_about(section, name))
    }

    /// The numbers of the notes on a few sections that stand at no device.
    pub(super) fn of_sections(&self, sections: &[Section]) -> Line {
        self.marks(|note| {
            let concerned = sections.iter().any(|section| note.probe == section.key());
            concerned && !note.on_devices
        })
    }

    fn marks(&self, concerned: impl Fn(&Note) -> bool) -> Line {
        if !self.told {
            return Line::default();
        }
        let numbers: Vec<String> = self
            .notes
            .iter()
            .enumerate()
            .filter(|(_, note)| concerned(note))
            .map(|(at, _)| (at + 1).to_string())
            .collect();
        match numbers.as_slice() {
            [] => Line::default(),
            numbers => {
                Line::from("\u{a0}").tone(Tone::Attention, &format!("[{}]", numbers.join(",")))
            }
        }
    }

    /// The notes themselves, and what would help most of them.
    pub(super) fn block(&self, page: &mut Page) {
        if self.notes.is_empty() || !self.told {
            return;
        }
        let count = self.notes.len();
        let title = super::count(count, "warning", "warnings");
        page.heading(Line::toned(Tone::Title, &title));
        let digits = count.to_string().len() + 2;
        for (at, note) in self.notes.iter().enumerate() {
            let number = format!("{:>digits$}", format!("[{}]", at + 1));
            page.item(&Line::toned(Tone::Attention, &number), 2, &note.line());
        }
        let denied = |note: &Note| note.kind == WarningKind::Denied;
        if self.root_sees_more && self.notes.iter().any(denied) {
            let hint = "Run as root to see what was denied: sudo muster discover";
            page.standing_heading(Line::toned(Tone::Name, hint));
        }
    }
}

impl Note {
    fn is_about(&self, section: Section, name: &str) -> bool {
        self.probe == section.key() && self.subjects.iter().any(|subject| subject == name)
    }

    fn line(&self) -> Line {
        let named: Vec<&str> = self
            .subjects
            .iter()
            .take(NAMED_SUBJECTS)
            .map(String::as_str)
            .collect();
        let mut subjects = named.join(", ");
        if self.subjects.len() > NAMED_SUBJECTS {
            let rest = self.subjects.len() - NAMED_SUBJECTS;
            subjects.push_str(&format!(" and {rest} more"));
        }
        let subject = if subjects == self.probe {
            subjects
        } else {
            format!("{} {subjects}", self.probe)
        };
        let tone = match self.kind {
            WarningKind::Malformed | WarningKind::TimedOut | WarningKind::Vanished => Tone::Bad,
            _ => Tone::Attention,
        };
        Line::toned(tone, word(self.kind))
            .tone(Tone::Name, &format!(" {subject}: "))
            .plain(&self.message)
    }
}

fn is_device(inventory: &Inventory, warning: &Warning) -> bool {
    let is = |name: &str| name == warning.subject;
    match warning.probe.as_str() {
        "network" => inventory.network.iter().any(|device| is(&device.name)),
        "disks" => inventory.disks.iter().any(|device| is(&device.name)),
        "arrays" => inventory.arrays.iter().any(|device| is(&device.name)),
        "gpus" => inventory
            .gpus
            .iter()
            .any(|device| device.pci_slot.as_deref().is_some_and(is)),
        "usb" => inventory.usb.iter().any(|device| is(&device.path)),
        _ => false,
    }
}

fn word(kind: WarningKind) -> &'static str {
    match kind {
        WarningKind::Absent => "absent",
        WarningKind::Denied => "denied",
        WarningKind::Malformed => "malformed",
        WarningKind::Vanished => "vanished",
        WarningKind::TimedOut => "timed out",
        WarningKind::Unsupported => "unsupported",
    }
}
