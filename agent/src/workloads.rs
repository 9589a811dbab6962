//! `muster workloads`.

use anstream::ColorChoice;
use anyhow::Context as _;
use muster_discovery::{Source, workloads};

use crate::cli::{WorkloadsArguments, WorkloadsFormat};
use crate::exit::Exit;
use crate::{render, terminal};

/// Looks at what runs here and shows it.
pub(crate) fn run(arguments: &WorkloadsArguments) -> anyhow::Result<Exit> {
    let source = match &arguments.root {
        Some(root) => Source::at_root(root),
        None => Source::live(),
    };
    let mut found = workloads(&source.context("this machine cannot be read")?);
    match arguments.output {
        WorkloadsFormat::Json => terminal::write_plain(&render::json(&found)?),
        WorkloadsFormat::Yaml => terminal::write_plain(&render::yaml(&found)?),
        WorkloadsFormat::Table => {
            if !arguments.services {
                found.services = None;
            }
            terminal::write_styled(&muster_terminal::workloads(&found), ColorChoice::Auto)
        }
    }?;
    Ok(Exit::Complete)
}
