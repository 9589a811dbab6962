//! The table of transitions as a picture.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Next, TRANSITIONS};

/// A Mermaid state diagram of every transition, an arrow for each pair of statuses.
pub fn diagram() -> String {
    let mut arrows: BTreeMap<(usize, String, String), Vec<String>> = BTreeMap::new();
    for (place, (from, event, next)) in TRANSITIONS.iter().enumerate() {
        let to = match next {
            Next::Becomes(status) => status.key().to_owned(),
            Next::Deleted => "[*]".to_owned(),
            Next::Stays => continue,
        };
        let from = from.key().to_owned();
        let first = arrows
            .keys()
            .find(|(_, other_from, other_to)| *other_from == from && *other_to == to)
            .map_or(place, |(place, _, _)| *place);
        let labels = arrows.entry((first, from, to)).or_default();
        labels.push(format!("{event:?}"));
    }
    let mut text = String::from(
        "stateDiagram-v2\n    [*] --> candidate: adequate\n    [*] --> inadequate: not adequate\n",
    );
    for ((_, from, to), labels) in arrows {
        let _ = writeln!(text, "    {from} --> {to}: {}", labels.join(", "));
    }
    text
}
