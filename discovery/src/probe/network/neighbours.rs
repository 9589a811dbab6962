//! What is at the other end of each cable (LLDP).

use muster_model::network::{InterfaceKind, Neighbour, NetworkInterface};
use muster_model::{Origin, WarningKind};

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::lldp;
use crate::source::Answer;

/// Listens on all physical links at once, for as long as the options say. In a capture each
/// interface is asked: which ones were listened on, it says itself.
pub(super) fn fill(context: &Context<'_>, interfaces: &mut [NetworkInterface], notes: &mut Notes) {
    let options = context.options;
    let replayed = context.source.origin() == Origin::Capture;
    let Some(time) = options.lldp else {
        return;
    };
    let mut listened: Vec<&mut NetworkInterface> = interfaces
        .iter_mut()
        .filter(|interface| {
            replayed
                || interface.kind == Some(InterfaceKind::Physical)
                || options.lldp_also.contains(&interface.name)
        })
        .collect();
    if listened.is_empty() {
        return;
    }
    let names: Vec<String> = listened
        .iter()
        .map(|interface| interface.name.clone())
        .collect();
    let answers = context.source.listen(&names, time);
    if answers
        .iter()
        .any(|answer| matches!(answer, Err(Fault::Denied)))
    {
        let message = "LLDP: permission denied; listening takes CAP_NET_RAW, and CAP_NET_ADMIN \
                       where a link is switched off: run as root to read it";
        notes.warn("network", WarningKind::Denied, message);
    }
    for (interface, answer) in listened.iter_mut().zip(answers) {
        interface.neighbour = neighbour(&interface.name, answer, notes);
    }
}

fn neighbour(name: &str, answer: Answer, notes: &mut Notes) -> Option<Neighbour> {
    if matches!(answer, Err(Fault::Denied)) {
        return None;
    }
    let answer = notes.require(name, "LLDP", answer)?;
    // Several stations on one segment are told apart by their ids, not by who was heard first.
    lldp::frames(&answer)
        .filter_map(lldp::frame)
        .min_by(|a, b| (&a.chassis_id, &a.port_id).cmp(&(&b.chassis_id, &b.port_id)))
}
