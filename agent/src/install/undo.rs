//! `muster uninstall`.

use muster_installer::Edited;
use muster_installer::engine::{EngineError, Task, preview};

use super::{confirm, host, perform, scan};
use crate::cli::UninstallArguments;
use crate::exit::Exit;
use crate::render;
use crate::terminal;

/// Puts back what was installed.
pub(crate) fn uninstall(arguments: &UninstallArguments) -> anyhow::Result<Exit> {
    if arguments.scan {
        return scan::run(arguments);
    }
    let mut host = host(&arguments.place)?;
    let edited = match arguments.purge {
        true => Edited::PutBack,
        false => Edited::Kept,
    };
    if !arguments.yes {
        let undone = preview(&host, edited)?;
        if undone.is_empty() {
            return Err(EngineError::NothingInstalled.into());
        }
        let text = render::undone(&undone, terminal::width());
        terminal::write_styled(&text, arguments.place.color.into())?;
        if arguments.dry_run {
            return Ok(Exit::Complete);
        }
        confirm::ask("Put all this back?", "--yes")?;
    }
    perform(&mut host, &arguments.place, Task::Uninstall(edited))
}
