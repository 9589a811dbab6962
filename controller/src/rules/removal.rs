//! What stands against removing a node for good. Its status allows it only in maintenance: that is the table's to say.

use super::picture::Picture;
use super::workloads::{Load, count, in_words};
use super::{Kind, Objection, quorum};

/// What stands against removing the node of that id, what is worst first. Nothing does when it is not there.
pub fn removal(picture: &Picture, id: &str) -> Vec<Objection> {
    let Some(seen) = picture.node(id) else {
        return Vec::new();
    };
    let name = &seen.record.name;
    if picture.others(id).next().is_none() {
        let text = format!("{name} is the only node of the cluster: it cannot be removed");
        return vec![Objection::new(Kind::OnlyNode, text)];
    }
    let mut objections: Vec<Objection> =
        quorum::against_removing(picture, id).into_iter().collect();
    // A node in maintenance is often switched off: what it said last still holds, as nothing may start there.
    match Load::last(seen) {
        Load::Known(load) if count(&load) == 0 => {}
        Load::Known(load) => {
            let text = format!(
                "{} remain on {name}: move or delete them first",
                in_words(&load)
            );
            objections.push(Objection::new(Kind::Remaining, text));
        }
        Load::Unknown(why) => {
            let text = format!(
                "it is not known what remains on {name} ({why}): switch it on, or go on without knowing by force"
            );
            objections.push(Objection::new(Kind::Unknown, text));
        }
    }
    objections
}

#[cfg(test)]
mod tests {
    use muster_model::{NodeStatus, Role};
    use muster_proto::v1;

    use super::super::Seen;
    use super::super::testing::{control, picture, seen, two_machines, worker};
    use super::*;

    fn in_maintenance() -> Seen {
        seen("n1", NodeStatus::InMaintenance, Role::Worker)
    }

    fn against(node: Seen, others: Vec<Seen>) -> Vec<(Kind, String)> {
        let mut nodes = others;
        nodes.push(node);
        let objections = removal(&picture(nodes), "n1");
        objections
            .into_iter()
            .map(|objection| (objection.kind, objection.text))
            .collect()
    }

    #[test]
    fn the_only_node_stays() {
        let said = against(in_maintenance(), vec![]);
        let text = "n1 is the only node of the cluster: it cannot be removed";
        assert_eq!(said, [(Kind::OnlyNode, text.to_owned())]);
        assert_eq!(against(in_maintenance(), vec![worker("n2")]), []);
    }

    #[test]
    fn what_remains_keeps_it() {
        let mut load = two_machines();
        (load.containers, load.pods) = (1, 3);
        let said = against(in_maintenance().runs(load), vec![worker("n2")]);
        let text =
            "2 virtual machines, 1 container and 3 pods remain on n1: move or delete them first";
        assert_eq!(said, [(Kind::Remaining, text.to_owned())]);
        assert!(!Kind::Remaining.yields_to_force());
    }

    #[test]
    fn what_was_said_before_it_was_switched_off_holds_and_silence_is_no_answer() {
        let off = in_maintenance().with(|seen| seen.is_online = false);
        assert_eq!(against(off.clone(), vec![worker("n2")]), []);
        let full = off.clone().runs(two_machines());
        assert_eq!(against(full, vec![worker("n2")])[0].0, Kind::Remaining);
        let unheard = off.clone().with(|seen| seen.heard_unix_ms = None);
        let said = against(unheard, vec![worker("n2")]);
        let text = "it is not known what remains on n1 (it was not heard since the controller started): switch it on, or go on without knowing by force";
        assert_eq!(said, [(Kind::Unknown, text.to_owned())]);
        let mute = off.with(|seen| seen.report = Some(v1::NodeReport::default()));
        assert_eq!(against(mute, vec![worker("n2")])[0].0, Kind::Unknown);
        assert!(Kind::Unknown.yields_to_force());
    }

    #[test]
    fn the_only_control_node_stays() {
        let node = control("n1", NodeStatus::InMaintenance);
        let said = against(node, vec![worker("n2")]);
        let text = "n1 is the only control node; add another one first";
        assert_eq!(said, [(Kind::Quorum, text.to_owned())]);
    }
}
