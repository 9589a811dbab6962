//! Names of containers, by the files in which their runtimes keep them: no daemon is asked.

use muster_model::workload::{Container, ContainerRuntime};
use serde::Deserialize;

use crate::source::Source;

/// A folder a container: `daemon.json` may have Docker keep them elsewhere, and then there is no name.
const DOCKER: &str = "var/lib/docker/containers";
/// Podman's, when root runs it: all of its containers in one file.
const PODMAN: &str = "var/lib/containers/storage/overlay-containers/containers.json";

/// What is of use in Docker's `config.v2.json`.
#[derive(Deserialize)]
struct Docker {
    /// With a slash in front.
    #[serde(rename = "Name")]
    name: String,
}

/// What is of use of a container in `containers.json` of containers/storage.
#[derive(Deserialize)]
struct Stored {
    id: String,
    #[serde(default)]
    names: Vec<String>,
}

/// Names those that can be named; the others keep their ids alone.
pub(super) fn name_all(source: &Source, containers: &mut [Container]) {
    let of = |runtime| move |found: &&mut Container| found.runtime == Some(runtime);
    for container in containers.iter_mut().filter(of(ContainerRuntime::Docker)) {
        container.name = docker(source, &container.id);
    }
    let mut podman = containers
        .iter_mut()
        .filter(of(ContainerRuntime::Podman))
        .peekable();
    if podman.peek().is_none() {
        return;
    }
    let stored = source.read(PODMAN).ok();
    let stored: Vec<Stored> = stored
        .and_then(|json| serde_json::from_slice(&json).ok())
        .unwrap_or_default();
    for container in podman {
        let of_it = stored.iter().find(|stored| stored.id == container.id);
        container.name = of_it.and_then(|stored| stored.names.first().cloned());
    }
}

fn docker(source: &Source, id: &str) -> Option<String> {
    // A group's name is anybody's text: no path is made of it.
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let json = is_id.then(|| source.read(&format!("{DOCKER}/{id}/config.v2.json")))?;
    let Docker { name } = serde_json::from_slice(&json.ok()?).ok()?;
    let name = name.strip_prefix('/').unwrap_or(&name);
    (!name.is_empty()).then(|| name.to_owned())
}
