//! What the controller told this node, and whether an answer is older than that.

use serde::{Deserialize, Serialize};

/// The newest that was heard; kept on disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// Counted up by the controller when what the node may do is decided anew.
    pub(crate) epoch: u64,
    /// Counted up by the controller with each change of what the node is to be.
    pub(crate) generation: u64,
}

/// An answer comes from a controller that knows less than the node does: it must not be obeyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the controller answers with {what} {told}, and the node has heard of {known}: it has old data, or is another controller"
)]
pub(crate) struct Stale {
    what: &'static str,
    told: u64,
    known: u64,
}

impl Standing {
    /// Takes in an answer's numbers; without a generation it says nothing of what the node is to be.
    pub(crate) fn heard(self, epoch: u64, generation: Option<u64>) -> Result<Self, Stale> {
        let generation = generation.unwrap_or(self.generation);
        for (what, told, known) in [
            ("epoch", epoch, self.epoch),
            ("generation", generation, self.generation),
        ] {
            if told < known {
                return Err(Stale { what, told, known });
            }
        }
        Ok(Self { epoch, generation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Standing = Standing {
        epoch: 4,
        generation: 7,
    };

    #[test]
    fn what_is_newer_counts() {
        let heard = NOW.heard(5, Some(8)).unwrap();
        assert_eq!((heard.epoch, heard.generation), (5, 8));
        assert_eq!(NOW.heard(4, Some(7)).unwrap(), NOW);
        assert_eq!(NOW.heard(4, None).unwrap(), NOW);
    }

    #[test]
    fn a_stale_controller_is_refused() {
        let refused = NOW.heard(3, Some(9)).unwrap_err();
        assert!(refused.to_string().contains("epoch 3"), "{refused}");
        let refused = NOW.heard(5, Some(6)).unwrap_err();
        assert!(refused.to_string().contains("generation 6"), "{refused}");
    }
}
