//! The command line.

mod import;
mod nodes;
mod tokens;
mod values;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use muster_terminal::output::ColorChoice;

use super::administrators::AdministratorCommand;
use super::authority::AuthorityCommand;

pub(crate) use import::ImportArguments;
pub(crate) use nodes::{
    Changes, EventArguments, FilterArguments, ListArguments, NodeCommand, Several, ShowArguments,
    Targets, WorkloadsArguments,
};
pub(crate) use tokens::TokenCommand;
pub(crate) use values::duration;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed; standard error says why
  2  the command line is wrong, or what it asks for is
  3  refused by a rule: the node's status, a confirmation that is missing, a name that is taken
  4  there is no such node or token";

/// Admits nodes to a cluster and keeps their life.
#[derive(Debug, Parser)]
#[command(name = "muster-controller", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    /// The local socket for administrators.
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        default_value = "/run/muster-controller/admin.sock"
    )]
    pub(crate) socket: PathBuf,

    #[command(flatten)]
    pub(crate) remote: Remote,

    /// When to colour the output; `auto` also heeds NO_COLOR and CLICOLOR_FORCE.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub(crate) color: Color,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// A controller elsewhere.
#[derive(Debug, Args)]
pub(crate) struct Remote {
    /// A controller on another machine, instead of the local socket.
    #[arg(
        long,
        global = true,
        value_name = "HOST:PORT",
        requires = "credentials"
    )]
    pub(crate) server: Option<String>,

    /// The administrator's key and certificate, as `admin issue` wrote them.
    #[arg(long, global = true, value_name = "FILE", requires = "server")]
    pub(crate) credentials: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve nodes and administrators until it is told to stop.
    Serve(ServeArguments),
    /// Make, list and revoke join tokens.
    #[command(subcommand)]
    Tokens(TokenCommand),
    /// See and change nodes.
    #[command(subcommand)]
    Nodes(NodeCommand),
    /// Show what happens to the nodes.
    Events(EventArguments),
    /// See the cluster as a whole.
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// See the certificate authority, and replace its root.
    #[command(subcommand)]
    Authority(AuthorityCommand),
    /// Issue, list and revoke certificates of administrators.
    #[command(subcommand)]
    Admin(AdministratorCommand),
    /// Print a completion script for a shell.
    Completions {
        /// Which shell.
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Write a manual page for each command into a folder.
    #[command(hide = true)]
    ManualPages {
        /// The folder, which has to be there.
        folder: PathBuf,
    },
}

/// Where and how to serve.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Where the database and the certificate authority are kept; made when they are not there.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/muster-controller")]
    pub(crate) state: PathBuf,

    /// Where to listen for nodes; port 0 takes a free one.
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        default_value = "[::]:7443",
        env = "MUSTER_CONTROLLER_LISTEN"
    )]
    pub(crate) listen: SocketAddr,

    /// A name or address by which nodes reach this controller, for its certificate; may be given again. This machine's
    /// host name and addresses unless given.
    #[arg(
        long = "name",
        value_name = "NAME",
        env = "MUSTER_CONTROLLER_NAMES",
        value_delimiter = ','
    )]
    pub(crate) names: Vec<String>,

    /// The policy by which machines are judged, in TOML; the default policy of muster unless given.
    #[arg(long, value_name = "FILE", env = "MUSTER_CONTROLLER_POLICY")]
    pub(crate) policy: Option<PathBuf>,

    /// The configuration, in TOML; /etc/muster-controller/config.toml unless given, if it is there.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// A certificate authority that you have: the certificate that signs, those above it, the root last, in PEM. Made on
    /// the first start unless given.
    #[arg(long, value_name = "FILE", requires = "authority_key")]
    pub(crate) authority_cert: Option<PathBuf>,

    /// The private key of the first certificate in --authority-cert, in PEM.
    #[arg(long, value_name = "FILE", requires = "authority_cert")]
    pub(crate) authority_key: Option<PathBuf>,

    /// Where the packages are that machines install to become nodes, muster_*.deb; the folder packages of --state unless given.
    #[arg(long, value_name = "DIR", env = "MUSTER_CONTROLLER_PACKAGES")]
    pub(crate) packages: Option<PathBuf>,

    /// Time between two heartbeats of a node.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub(crate) interval: Duration,

    /// How long certificates of nodes are good; each renews its own after two thirds of that, more or less.
    #[arg(long, value_name = "DURATION", default_value = "90d", value_parser = duration)]
    pub(crate) certificate_life: Duration,

    /// Connections from one address at a time that have shown no certificate (yet): machines that join, and nodes during the
    /// handshake. More where a large fleet shares the address of a translator.
    #[arg(long, value_name = "NUMBER", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) newcomers_per_address: u32,

    #[arg(skip)]
    pub(crate) socket: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Count the nodes, say how many failures the control plane survives, and what needs somebody.
    Status {
        #[command(flatten)]
        output: Output,
    },
}

/// How to show an answer.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Output {
    /// How to show it.
    #[arg(
        short = 'o',
        long = "output",
        value_enum,
        value_name = "FORMAT",
        default_value = "table"
    )]
    pub(crate) format: Format,

    /// Leave out the titles of tables.
    #[arg(long)]
    pub(crate) no_headers: bool,
}

/// How to show an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: the usual columns.
    Table,
    /// For people: every column.
    Wide,
    /// For programs.
    Json,
    /// The same as YAML.
    Yaml,
    /// The names alone, a line each.
    Name,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal that can.
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

impl From<Color> for ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// The completion script for `shell`.
pub(crate) fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "muster-controller", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Writes a manual page for each command into `folder`.
///
/// # Errors
/// A page cannot be written.
pub(crate) fn manual_pages(folder: &Path) -> std::io::Result<()> {
    clap_mangen::generate_to(Cli::command(), folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_flag_has_a_help_text() {
        fn look(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            for argument in command.get_arguments() {
                let help = argument.get_help().map(ToString::to_string);
                assert!(
                    help.is_some_and(|help| !help.is_empty()),
                    "{path}: {}",
                    argument.get_id()
                );
            }
            for child in command.get_subcommands() {
                assert!(child.get_about().is_some(), "{path} {}", child.get_name());
                look(child, &path);
            }
        }
        look(&Cli::command(), "");
    }

    #[test]
    fn completions_know_the_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = completions(shell);
            assert!(
                script.contains("muster-controller") && script.contains("maintenance"),
                "{shell}"
            );
        }
    }
}
