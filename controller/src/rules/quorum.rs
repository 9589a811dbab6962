//! The control plane: n control nodes go on without n − (⌊n/2⌋ + 1) of them.

use muster_model::NodeStatus;

use super::picture::Picture;
use super::{Kind, Objection};

/// Control nodes, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quorum {
    /// Those that have a vote, whether they work or not.
    pub voters: u32,
    /// Those of them that work.
    pub working: u32,
}

impl Quorum {
    /// Of the cluster as it is. Who was accepted and is not set up yet has no vote.
    pub fn of(picture: &Picture) -> Self {
        use NodeStatus::{Approved, Starting};
        let mut quorum = Self {
            voters: 0,
            working: 0,
        };
        let controls = picture.members().filter(|seen| seen.is_control());
        for seen in controls.filter(|seen| !matches!(seen.record.status, Approved | Starting)) {
            quorum.voters += 1;
            quorum.working += u32::from(seen.works());
        }
        quorum
    }

    /// So many have to work.
    pub fn needed(self) -> u32 {
        self.voters / 2 + 1
    }

    /// Whether so many work.
    pub fn holds(self) -> bool {
        self.voters == 0 || self.working >= self.needed()
    }
}

/// What stands against taking the node out of service for a while.
pub(super) fn against_pausing(picture: &Picture, id: &str) -> Option<Objection> {
    let seen = picture.node(id)?;
    let before = Quorum::of(picture);
    // One that does not work is not missed.
    if !(seen.is_control() && seen.works()) {
        return None;
    }
    let after = Quorum {
        working: before.working.saturating_sub(1),
        ..before
    };
    (!after.holds()).then(|| {
        objection(format!(
            "without {}, {} of {} control nodes would work, and {} have to: the control plane would lose its quorum; bring another control node up first",
            seen.record.name,
            after.working,
            after.voters,
            after.needed(),
        ))
    })
}

/// What stands against removing the node for good. It does not work by then, and its vote goes with it.
pub(super) fn against_removing(picture: &Picture, id: &str) -> Option<Objection> {
    let seen = picture.node(id)?;
    if !seen.is_control() {
        return None;
    }
    let before = Quorum::of(picture);
    let after = Quorum {
        voters: before.voters.saturating_sub(1),
        ..before
    };
    if after.voters == 0 {
        return Some(objection(format!(
            "{} is the only control node; add another one first",
            seen.record.name
        )));
    }
    (!after.holds()).then(|| {
        objection(format!(
            "without {}, {} of {} control nodes would work, and {} have to: bring them up first",
            seen.record.name,
            after.working,
            after.voters,
            after.needed(),
        ))
    })
}

/// What to know while a control node is out of service.
pub fn advice_while_paused(picture: &Picture) -> Vec<String> {
    let quorum = Quorum::of(picture);
    let consequence = match quorum.working.checked_sub(quorum.needed()) {
        None => "the control plane has no quorum".to_owned(),
        Some(0) => "no other may fail until this one is back".to_owned(),
        Some(spare) => format!("{spare} more may fail until this one is back"),
    };
    let Quorum { voters, working } = quorum;
    vec![format!(
        "{working} of {voters} control nodes work, and {} have to: {consequence}",
        quorum.needed()
    )]
}

/// What to know of so many control nodes.
pub fn advice(controls: u32) -> Vec<String> {
    let tolerated = tolerated(controls);
    let may_fail = match tolerated {
        0 => "none of them may fail".to_owned(),
        tolerated => format!("{tolerated} of them may fail"),
    };
    match controls {
        0 => Vec::new(),
        1 => vec!["one control node survives no failure; three survive one".to_owned()],
        even if even % 2 == 0 => vec![format!(
            "{even} control nodes survive as many failures as {} do ({tolerated}): one more, or one less, is better",
            even - 1,
        )],
        odd => vec![format!("{odd} control nodes: {may_fail}")],
    }
}

/// How many of so many control nodes may fail.
pub fn tolerated(controls: u32) -> u32 {
    controls.saturating_sub(controls / 2 + 1)
}

fn objection(text: String) -> Objection {
    Objection::new(Kind::Quorum, text)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{control, picture, worker};
    use super::*;

    #[test]
    fn even_counts_buy_nothing() {
        let table = [(0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 2)];
        for (controls, failures) in table {
            assert_eq!(tolerated(controls), failures, "{controls}");
        }
        assert_eq!(advice(0), [""; 0]);
        assert_eq!(advice(3), ["3 control nodes: 1 of them may fail"]);
        assert_eq!(
            advice(4),
            [
                "4 control nodes survive as many failures as 3 do (1): one more, or one less, is better"
            ]
        );
    }

    #[test]
    fn while_one_is_away_fewer_may_fail() {
        let advice = |working: u32, away: u32| {
            let mut nodes = Vec::new();
            for number in 0..working {
                nodes.push(control(&format!("c{number}"), NodeStatus::Active));
            }
            for number in 0..away {
                nodes.push(control(&format!("m{number}"), NodeStatus::InMaintenance));
            }
            advice_while_paused(&picture(nodes)).join("")
        };
        assert_eq!(
            advice(2, 1),
            "2 of 3 control nodes work, and 2 have to: no other may fail until this one is back"
        );
        assert!(advice(4, 1).ends_with("1 more may fail until this one is back"));
        assert!(advice(1, 1).ends_with("the control plane has no quorum"));
    }

    /// Statuses of control nodes, the first of which is to go: whether it may pause, and be removed.
    #[test]
    fn a_quorum_stays() {
        use NodeStatus::{Active, Approved, EnteringMaintenance, Fenced, InMaintenance, Starting};
        let table: &[(&[NodeStatus], bool, bool)] = &[
            (&[Active], false, false),
            (&[Active, Active], false, true),
            (&[Active, Active, Active], true, true),
            (&[Active, Active, Fenced], false, false),
            (&[Active, Active, EnteringMaintenance], false, false),
            (&[Active, Active, InMaintenance], false, false),
            (&[Active, Active, Active, Fenced], false, true),
            (&[Active, Active, Active, Active, Fenced], true, true),
            (&[Active, Active, Approved, Starting], false, true),
            (&[Fenced, Active, Fenced], true, false),
            (&[InMaintenance, Active], true, true),
            (&[InMaintenance, Active, Active], true, true),
            (&[InMaintenance, Fenced, Fenced], true, false),
        ];
        for (statuses, may_pause, may_be_removed) in table {
            let mut nodes = vec![worker("w")];
            for (number, status) in statuses.iter().enumerate() {
                nodes.push(control(&format!("c{number}"), *status));
            }
            let picture = picture(nodes);
            // Whatever is removed does not work any more; the table has the first as it is before.
            assert_eq!(
                against_pausing(&picture, "c0").is_none(),
                *may_pause,
                "{statuses:?}"
            );
            let stopped = stop_first(&picture);
            assert_eq!(
                against_removing(&stopped, "c0").is_none(),
                *may_be_removed,
                "{statuses:?}"
            );
            assert_eq!(against_pausing(&stopped, "w"), None, "a worker has no vote");
        }
    }

    fn stop_first(picture: &Picture) -> Picture {
        let members = picture.members().cloned();
        let stopped = members.map(|mut seen| {
            seen.is_online = seen.is_online && seen.record.id != "c0";
            seen
        });
        Picture::new(stopped.collect())
    }
}
