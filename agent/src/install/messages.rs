//! The kinds of entries that an installation leaves in systemd's journal. `systemd/catalog/muster.catalog` explains each by its id.

use tracing::Level;

/// A kind of entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    PlanBegun,
    StepBegun,
    StepUnconfirmed,
    StepDone,
    StepUnchanged,
    StepTriedAgain,
    StepFailed,
    StepUndoing,
    StepUndone,
    StepKept,
    Installed,
    Reverted,
    Uninstalled,
    Stopped,
    Failed,
}

impl Message {
    /// Its `MESSAGE_ID`, which never changes, and how much it matters.
    pub(super) fn entry(self) -> (&'static str, Level) {
        match self {
            Self::PlanBegun => ("daff5e9c34114e17aedcb8dcc88e6ff0", Level::INFO),
            // Beside the line that the step gets when it is done: of the least priority, so that it can be left out.
            Self::StepBegun => ("e22a84fa96284119b4ee1ca543098a6a", Level::TRACE),
            Self::StepUnconfirmed => ("9a2be35ca6e44ec1b0c4e4e3bb0f5d27", Level::WARN),
            Self::StepDone => ("85b20199c05e401489735ec599fcf8d5", Level::INFO),
            Self::StepUnchanged => ("0907d2d3a1204cc2bb5bfa4118a0c576", Level::INFO),
            Self::StepTriedAgain => ("aa2de10e490a49078cdae34cc896a29d", Level::WARN),
            Self::StepFailed => ("11b74a14c3d246429edee839aedd8e75", Level::ERROR),
            Self::StepUndoing => ("1d41dbdd73fc4330a15d464882412e72", Level::TRACE),
            Self::StepUndone => ("fbc9c269b7ca4ff29e1bf946ea827ea1", Level::INFO),
            Self::StepKept => ("1a2116f6e65844b699f174bea33e2207", Level::WARN),
            Self::Installed => ("3e58d3e4a5ae488fb0985c68f307d501", Level::INFO),
            Self::Reverted => ("68bb8399ee05495b81d816afa611ebd6", Level::INFO),
            Self::Uninstalled => ("6fbd789939a544c28c9eb813bfbc0a62", Level::INFO),
            Self::Stopped => ("1f91ad455918498ab5a42d5c49d464dc", Level::WARN),
            Self::Failed => ("0539705313ca4520ac6b408c4cb37248", Level::ERROR),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const CATALOG: &str = include_str!("../../../systemd/catalog/muster.catalog");
    const ALL: [Message; 15] = [
        Message::PlanBegun,
        Message::StepBegun,
        Message::StepUnconfirmed,
        Message::StepDone,
        Message::StepUnchanged,
        Message::StepTriedAgain,
        Message::StepFailed,
        Message::StepUndoing,
        Message::StepUndone,
        Message::StepKept,
        Message::Installed,
        Message::Reverted,
        Message::Uninstalled,
        Message::Stopped,
        Message::Failed,
    ];

    #[test]
    fn the_catalog_explains_each_kind_and_no_other() {
        let explained: Vec<&str> = CATALOG
            .lines()
            .filter_map(|line| line.strip_prefix("-- "))
            .collect();
        let ids: BTreeSet<&str> = ALL.iter().map(|message| message.entry().0).collect();
        assert_eq!(ids.len(), ALL.len(), "two have the same id");
        assert_eq!(explained.iter().copied().collect::<BTreeSet<_>>(), ids);
        assert_eq!(explained.len(), ids.len(), "one is explained twice");
        // sd-id128(3).
        for id in ids {
            let is_digit = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
            assert!(id.len() == 32 && id.bytes().all(is_digit), "{id}");
        }
    }

    /// systemd-catalog of a faulty text leaves out what follows.
    #[test]
    fn every_entry_of_the_catalog_has_a_subject_and_says_what_to_do() {
        for entry in CATALOG.split("\n-- ").skip(1) {
            let (head, text) = entry.split_once("\n\n").unwrap();
            assert!(head.contains("\nSubject: "), "{entry}");
            assert!(text.trim().len() > 80, "{entry}");
        }
    }
}
