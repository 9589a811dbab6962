//! `muster diff`.

use muster_adequacy::compare::{Options, Relation, compare};

use crate::cli::{self, DiffArguments, DiffFormat};
use crate::exit::Exit;
use crate::machine_file::{MachineFile, this_machine};
use crate::render::{self, comparison};
use crate::terminal;

/// Compares and shows what differs.
pub(crate) fn run(arguments: &DiffArguments) -> anyhow::Result<Exit> {
    let reads_twice = arguments.before == MachineFile::StandardInput
        && arguments.after == Some(MachineFile::StandardInput);
    if reads_twice {
        return Ok(cli::refuse(
            "only one of the two machines can come from standard input",
        ));
    }
    let before = arguments.before.inventory(&arguments.sections)?;
    let after = match &arguments.after {
        Some(file) => file.inventory(&arguments.sections)?,
        None => this_machine()?,
    };
    let found = compare(&before, &after, &options(arguments));
    match arguments.output {
        DiffFormat::Json => terminal::write_plain(&render::json(&found)?),
        DiffFormat::Yaml => terminal::write_plain(&render::yaml(&found)?),
        DiffFormat::Report => {
            let sources = [
                arguments.before.to_string(),
                match &arguments.after {
                    Some(file) => file.to_string(),
                    None => "this machine".to_owned(),
                },
            ];
            let text = comparison::render(&found, &sources, terminal::width());
            terminal::write_styled(&text, arguments.color.into())
        }
    }?;
    Ok(match arguments.exit_code && !found.differences.is_empty() {
        true => Exit::Different,
        false => Exit::Complete,
    })
}

fn options(arguments: &DiffArguments) -> Options {
    let mut options = Options {
        identities: arguments.identities,
        relation: match (arguments.same_machine, arguments.two_machines) {
            (true, _) => Some(Relation::SameMachine),
            (_, true) => Some(Relation::TwoMachines),
            _ => None,
        },
        ..Options::default()
    };
    if !arguments.sections.is_empty() {
        options.sections = arguments.sections.iter().copied().collect();
    }
    options
}
