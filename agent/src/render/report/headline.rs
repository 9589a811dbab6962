//! One sentence: what machine this is.

use muster_model::Inventory;
use muster_model::headline::Headline;

use crate::render::layout::{Line, Tone};

/// Names the machine and sums it up.
pub(super) fn line(inventory: &Inventory) -> Line {
    let Headline { machine, parts } = Headline::of(inventory);
    let mut line = Line::toned(Tone::Name, &machine);
    if !parts.is_empty() {
        line = line.plain(": ").plain(&parts.join(", "));
    }
    line
}
