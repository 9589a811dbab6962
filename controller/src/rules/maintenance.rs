//! What stands against sending a node into maintenance: its workloads have to go somewhere, and the control plane goes on.

use muster_model::{NodeStatus, units};
use muster_proto::v1;

use super::picture::{Picture, Seen, named};
use super::workloads::{Load, count, in_words};
use super::{Kind, Objection, quorum};

/// What stands against maintenance of the node of that id, what is worst first. Nothing does when it is not there.
pub fn maintenance(picture: &Picture, id: &str) -> Vec<Objection> {
    let Some(seen) = picture.node(id) else {
        return Vec::new();
    };
    if picture.others(id).next().is_none() {
        let name = &seen.record.name;
        let text = format!("{name} is the only node of the cluster: add another one first");
        return vec![Objection::new(Kind::OnlyNode, text)];
    }
    let mut objections: Vec<Objection> = quorum::against_pausing(picture, id).into_iter().collect();
    objections.extend(against_draining(picture, seen));
    let nobody = |objection: &Objection| objection.kind == Kind::NobodyElse;
    if !objections.iter().any(nobody) {
        objections.extend(against_being_last(picture, seen));
    }
    objections
}

/// One of them at least goes on.
fn against_being_last(picture: &Picture, seen: &Seen) -> Option<Objection> {
    let name = &seen.record.name;
    if !seen.works() || picture.others(&seen.record.id).any(Seen::works) {
        return None;
    }
    let text = format!(
        "{name} is the only node that is active and online: bring another one up first, or go on by force"
    );
    Some(Objection::new(Kind::NobodyElse, text))
}

fn against_draining(picture: &Picture, seen: &Seen) -> Vec<Objection> {
    let name = &seen.record.name;
    // Nothing runs there any more: it stopped all of it when its lease ran out.
    if seen.record.status == NodeStatus::Fenced {
        return Vec::new();
    }
    match Load::now(seen) {
        Load::Unknown(why) => {
            let text = format!(
                "it is not known what runs on {name} ({why}): bring its agent up, or go on without knowing by force"
            );
            vec![Objection::new(Kind::Unknown, text)]
        }
        Load::Known(load) if count(&load) == 0 => Vec::new(),
        Load::Known(load) => {
            let checks = [
                against_gpus(name, &load),
                against_memory(picture, seen, &load),
            ];
            checks.into_iter().flatten().collect()
        }
    }
}

fn against_gpus(name: &str, load: &v1::WorkloadSummary) -> Option<Objection> {
    let workloads = match load.with_passed_through_gpu {
        0 => return None,
        1 => "1 workload".to_owned(),
        some => format!("{some} workloads"),
    };
    let text = format!(
        "a GPU is passed through to {workloads} of {name}, and what has one cannot leave: shut it down, or have it stopped by force"
    );
    Some(Objection::new(Kind::PassedThroughGpu, text))
}

/// Whether the others have the memory together. Whether each workload fits somewhere is up to whoever places it.
fn against_memory(picture: &Picture, seen: &Seen, load: &v1::WorkloadSummary) -> Option<Objection> {
    let name = &seen.record.name;
    let takers = || {
        picture
            .others(&seen.record.id)
            .filter(|other| other.takes_workloads())
    };
    let leaving = in_words(load);
    if takers().next().is_none() {
        let text = format!(
            "no other node is active, online and without a taint that keeps workloads off: nothing can take {leaving} of {name}; bring another node up, or have them stopped by force"
        );
        return Some(Objection::new(Kind::NobodyElse, text));
    }
    let free = takers()
        .filter_map(Seen::free_memory_bytes)
        .fold(0, u64::saturating_add);
    if load.memory_bytes <= free {
        return None;
    }
    let unknown = named(takers().filter(|other| other.free_memory_bytes().is_none()));
    let not_counted = match unknown.as_str() {
        "" => String::new(),
        unknown => format!(", without {unknown}, of which it is not known"),
    };
    let text = format!(
        "{leaving} of {name} use {}, and the other nodes have {} free together{not_counted}: shut some down, bring another node up, or have them stopped by force",
        units::bytes(load.memory_bytes),
        units::bytes(free),
    );
    Some(Objection::new(Kind::Memory, text))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{GIB, control, picture, seen, two_machines, worker};
    use super::*;
    use crate::record::TaintEffect;

    /// What stands against maintenance of `node`, beside `others`.
    fn against(node: Seen, others: Vec<Seen>) -> Vec<(Kind, String)> {
        let id = node.record.id.clone();
        let mut nodes = others;
        nodes.push(node);
        let objections = maintenance(&picture(nodes), &id);
        objections
            .into_iter()
            .map(|objection| (objection.kind, objection.text.replace('\u{a0}', " ")))
            .collect()
    }

    fn kinds(node: Seen, others: Vec<Seen>) -> Vec<Kind> {
        against(node, others)
            .into_iter()
            .map(|(kind, _)| kind)
            .collect()
    }

    fn busy() -> Seen {
        worker("n1").runs(two_machines())
    }

    fn free(name: &str, free_bytes: u64) -> Seen {
        worker(name).with(|seen| {
            let gauges = seen.gauges.get_or_insert_default();
            gauges.memory_used_bytes = Some(16 * GIB - free_bytes);
        })
    }

    #[test]
    fn an_empty_node_needs_no_more_than_another_one() {
        assert_eq!(kinds(worker("n1"), vec![worker("n2")]), []);
        let fenced = seen("n2", NodeStatus::Fenced, muster_model::Role::Worker);
        let said = against(worker("n1"), vec![fenced.clone()]);
        let text = "n1 is the only node that is active and online: bring another one up first, or go on by force".to_owned();
        assert_eq!(said, [(Kind::NobodyElse, text)]);
        let failed = worker("n1").is(|record| record.status = NodeStatus::Failed);
        assert_eq!(
            kinds(failed, vec![fenced]),
            [],
            "it does nothing that would be missed"
        );
        let said = against(worker("n1"), vec![]);
        let text = "n1 is the only node of the cluster: add another one first".to_owned();
        assert_eq!(said, [(Kind::OnlyNode, text)]);
        let candidate = seen("n2", NodeStatus::Candidate, muster_model::Role::Worker);
        assert_eq!(kinds(worker("n1"), vec![candidate]), [Kind::OnlyNode]);
    }

    #[test]
    fn the_others_need_the_memory_together() {
        assert_eq!(kinds(busy(), vec![free("n2", 8 * GIB)]), []);
        assert_eq!(
            kinds(busy(), vec![free("n2", 4 * GIB), free("n3", 4 * GIB)]),
            []
        );
        let said = against(busy(), vec![free("n2", 4 * GIB), free("n3", 3 * GIB)]);
        let text = "2 virtual machines of n1 use 8 GiB, and the other nodes have 7 GiB free together: shut some down, bring another node up, or have them stopped by force";
        assert_eq!(said, [(Kind::Memory, text.to_owned())]);
    }

    #[test]
    fn memory_that_is_not_known_is_not_there() {
        let silent = worker("n3").with(|seen| seen.gauges = None);
        assert_eq!(kinds(busy(), vec![free("n2", 8 * GIB), silent.clone()]), []);
        let said = against(busy(), vec![free("n2", 4 * GIB), silent]);
        let [(Kind::Memory, text)] = said.as_slice() else {
            panic!("{said:?}");
        };
        assert!(
            text.contains("4 GiB free together, without n3, of which it is not known:"),
            "{text}"
        );
    }

    #[test]
    fn only_who_may_take_workloads_counts() {
        let offline = worker("n2").with(|seen| seen.is_online = false);
        let failed = seen("n3", NodeStatus::Failed, muster_model::Role::Worker);
        let kept = worker("n4").tainted(TaintEffect::NoSchedule);
        let others = vec![offline, failed, kept];
        assert_eq!(kinds(busy(), others.clone()), [Kind::NobodyElse]);
        let preferred = worker("n5").tainted(TaintEffect::PreferNoSchedule);
        let others = others.into_iter().chain([preferred]).collect();
        assert_eq!(kinds(busy(), others), []);
    }

    #[test]
    fn a_passed_through_gpu_keeps_its_workload() {
        let mut load = two_machines();
        load.with_passed_through_gpu = 1;
        let said = against(worker("n1").runs(load), vec![free("n2", 16 * GIB)]);
        let text = "a GPU is passed through to 1 workload of n1, and what has one cannot leave: shut it down, or have it stopped by force";
        assert_eq!(said, [(Kind::PassedThroughGpu, text.to_owned())]);
        let both = kinds(worker("n1").runs(load), vec![free("n2", GIB)]);
        assert_eq!(both, [Kind::PassedThroughGpu, Kind::Memory]);
    }

    #[test]
    fn what_is_not_known_is_said() {
        type Edit = fn(&mut Seen);
        let cases: [(&str, Edit); 5] = [
            ("its heartbeats do not come", |seen| seen.is_online = false),
            ("its agent says nothing of it", |seen| seen.report = None),
            ("it was not heard since the controller started", |seen| {
                seen.heard_unix_ms = None;
            }),
            ("its agent cannot tell", |seen| {
                seen.report = Some(v1::NodeReport::default());
            }),
            ("its agent says that 3 run, and not which", |seen| {
                let workloads = Some(3);
                seen.report = Some(v1::NodeReport {
                    workloads,
                    ..Default::default()
                });
            }),
        ];
        for (why, edit) in cases {
            let said = against(worker("n1").with(edit), vec![worker("n2")]);
            let text = format!(
                "it is not known what runs on n1 ({why}): bring its agent up, or go on without knowing by force"
            );
            assert_eq!(said, [(Kind::Unknown, text)]);
        }
        let none = |seen: &mut Seen| {
            let workloads = Some(0);
            seen.report = Some(v1::NodeReport {
                workloads,
                ..Default::default()
            });
        };
        assert_eq!(kinds(worker("n1").with(none), vec![worker("n2")]), []);
    }

    #[test]
    fn a_fenced_node_has_stopped_everything() {
        let fenced = busy().is(|record| record.status = NodeStatus::Fenced);
        let fenced = fenced.with(|seen| seen.is_online = false);
        assert_eq!(kinds(fenced, vec![free("n2", 0)]), []);
    }

    #[test]
    fn the_quorum_comes_first_and_does_not_yield() {
        let active = NodeStatus::Active;
        let said = against(
            control("c1", active).runs(two_machines()),
            vec![control("c2", active), free("w", 0)],
        );
        let found: Vec<(Kind, bool)> = said
            .iter()
            .map(|(kind, _)| (*kind, kind.yields_to_force()))
            .collect();
        assert_eq!(found, [(Kind::Quorum, false)]);
        let text = "without c1, 1 of 2 control nodes would work, and 2 have to: the control plane would lose its quorum; bring another control node up first";
        assert_eq!(said[0].1, text);
    }
}
