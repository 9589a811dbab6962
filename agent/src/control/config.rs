//! `muster config`.

use std::fmt::Write as _;

use anstream::ColorChoice;
use clap::CommandFactory as _;
use clap::parser::ValueSource;

use crate::cli::{
    Cli, ConfigCommand, ConfigFormat, ConfigShowArguments, ConfigValidateArguments, FaultForm,
};
use crate::daemon::config::{Checked, Given, Item, check};
use crate::daemon::shown;
use crate::exit::Exit;
use crate::{render, terminal};

/// Shows or checks the agent's configuration.
pub(crate) fn config(command: &ConfigCommand) -> anyhow::Result<Exit> {
    match command {
        ConfigCommand::Show(arguments) => show(arguments),
        ConfigCommand::Validate(arguments) => validate(arguments),
    }
}

fn show(arguments: &ConfigShowArguments) -> anyhow::Result<Exit> {
    let items = shown(&arguments.agent, how_given)?;
    let text = match arguments.output {
        ConfigFormat::Json => render::json(&items)?,
        ConfigFormat::Toml => toml(&items, arguments.origin.then_some(Origins)),
    };
    terminal::write_plain(&text)?;
    Ok(Exit::Complete)
}

/// Whether the argument of that key came by a variable or by a flag: only the parser knows.
fn how_given(key: &str) -> Option<Given> {
    let matches = Cli::command()
        .try_get_matches_from(std::env::args_os())
        .ok()?;
    let (_, config) = matches.subcommand()?;
    let (_, show) = config.subcommand()?;
    match show.value_source(key)? {
        ValueSource::CommandLine => Some(Given::Flag),
        ValueSource::EnvVariable => Some(Given::Variable),
        _ => None,
    }
}

/// Where values are from is shown as well.
#[derive(Debug, Clone, Copy)]
struct Origins;

/// A file that says the same; what has no value is left out.
fn toml(items: &[Item], origins: Option<Origins>) -> String {
    let mut text = String::new();
    for item in items.iter().filter(|item| !item.value.is_null()) {
        // Every JSON value here is a TOML value, but for DEL, which TOML wants escaped.
        let value = item.value.to_string().replace('\x7f', "\\u007f");
        let _ = write!(text, "{} = {value}", key(&item.key));
        if origins.is_some() {
            let _ = write!(text, "  # {}", item.origin);
        }
        text.push('\n');
    }
    text
}

/// A label's name may be anything.
fn key(key: &str) -> String {
    match key.split_once('.') {
        None => key.to_owned(),
        Some((table, name)) => format!("{table}.{}", serde_json::Value::from(name)),
    }
}

fn validate(arguments: &ConfigValidateArguments) -> anyhow::Result<Exit> {
    let file = arguments.file.as_deref().or(arguments.config.as_deref());
    let checked = check(file)?;
    match arguments.output {
        FaultForm::Json => terminal::write_plain(&render::json(&checked.faults)?),
        FaultForm::Report => terminal::write_styled(&report(&checked), ColorChoice::Auto),
    }?;
    Ok(match checked.faults.is_empty() {
        true => Exit::Complete,
        false => Exit::Failed,
    })
}

fn report(checked: &Checked) -> String {
    let mut text = String::new();
    for fault in &checked.faults {
        let _ = writeln!(text, "{}", render::screen(&fault.to_string()));
    }
    let clean =
        |file: &&std::path::PathBuf| checked.faults.iter().all(|fault| fault.file != **file);
    for file in checked.files.iter().filter(clean) {
        let _ = writeln!(text, "{}: valid", file.display());
    }
    if checked.files.is_empty() {
        text.push_str("there is no configuration file: everything is as usual\n");
    }
    text
}
