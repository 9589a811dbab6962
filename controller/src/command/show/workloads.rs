//! What runs on a node.

use muster_model::workload::{WORKLOADS_SCHEMA, Workloads};
use muster_proto::v1;

use super::{Sheet, Text, json, lines, yaml};
use crate::command::cli::Format;

pub(in crate::command) fn workloads(
    told: &v1::GetWorkloadsResponse,
    with_services: bool,
    sheet: &Sheet,
) -> anyhow::Result<Text> {
    let document = told.workloads.as_ref();
    let document = document.ok_or_else(|| anyhow::anyhow!("the controller sent no document"))?;
    let mut found: Workloads = serde_json::from_slice(&document.unpack(WORKLOADS_SCHEMA)?)?;
    match sheet.output.format {
        Format::Json => json(&found),
        Format::Yaml => yaml(&found),
        Format::Name => Ok(names(&found)),
        Format::Table | Format::Wide => {
            if !with_services {
                found.services = None;
            }
            Ok(Text::Styled(muster_terminal::workloads(&found)))
        }
    }
}

/// Of machines, containers and pods.
fn names(found: &Workloads) -> Text {
    let machines = found.machines.iter().flatten();
    let machines = machines.map(|machine| machine.name.as_str());
    let containers = found.containers.iter().flatten();
    let containers = containers.map(|container| container.name.as_deref().unwrap_or(&container.id));
    let pods = found.pods.iter().flatten();
    let pods = pods.map(|pod| pod.name.as_deref().unwrap_or(&pod.uid));
    lines(machines.chain(containers).chain(pods))
}
