//! Part and serial numbers of network cards, from their vital product data.
//!
//! A card takes milliseconds to give it, and a broken one seconds: it is read within the deadline,
//! once a card, by root only (the kernel lets nobody else).

use muster_model::WarningKind;
use muster_model::pci::PciFunction;

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::vpd;
use crate::source::{Dir, Request};

/// The address field has 15 bits (PCI 3.0, appendix I).
const VPD_CAP: usize = 32 << 10;

/// The cards to ask.
#[derive(Default)]
pub(super) struct Vital {
    cards: Vec<Card>,
}

struct Card {
    /// The place of its first function among all.
    first: usize,
    slot: String,
    path: String,
}

impl Vital {
    /// Takes note of a network card that has such data; `place` is that of the function among all.
    pub(super) fn consider(&mut self, directory: &Dir<'_>, function: &PciFunction, place: usize) {
        let class = function.class_code.as_deref().unwrap_or_default();
        // The functions of a card share the data of the first.
        if !class.starts_with("02") || !function.slot.ends_with(".0") {
            return;
        }
        // One call that tells a file from nothing without opening it: it is not a link.
        if let Err(Fault::Unsupported(_)) = directory.link("vpd") {
            let path = format!("{}/vpd", directory.path());
            self.cards.push(Card {
                first: place,
                slot: function.slot.clone(),
                path,
            });
        }
    }

    /// Reads them side by side.
    pub(super) fn fill(
        self,
        context: &Context<'_>,
        functions: &mut [PciFunction],
        notes: &mut Notes,
    ) {
        if self.cards.is_empty() {
            return;
        }
        if !context.is_root() {
            notes.warn(
                "pci",
                WarningKind::Denied,
                "part and serial numbers of network cards (vital product data): permission denied; \
                 run as root to read it",
            );
            return;
        }
        let groups = self.cards.iter();
        let groups = groups.map(|card| vec![Request::Read(card.path.clone(), VPD_CAP)]);
        let deadline = context.options.device_deadline;
        let answers = context.source.within(deadline, groups.collect());
        for (Card { first, slot, .. }, answer) in self.cards.iter().zip(answers) {
            let answer = answer.into_iter().next().unwrap_or(Err(Fault::TimedOut));
            // The kernel answers EIO for a card whose data is known to be broken.
            let data = match answer {
                Err(Fault::Malformed(_)) => continue,
                other => notes.keep(slot, "vital product data", other),
            };
            let Some(found) = data.and_then(|data| vpd::parse(&data)) else {
                continue;
            };
            let card = slot.trim_end_matches('0');
            let functions = functions.iter_mut().skip(*first);
            for function in functions.take_while(|function| function.slot.starts_with(card)) {
                function.part_number.clone_from(&found.part_number);
                function.serial.clone_from(&found.serial);
            }
        }
    }
}
