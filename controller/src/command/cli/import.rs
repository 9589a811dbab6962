//! `muster-controller nodes import-command`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use muster_model::Role;
use muster_proto::v1;

use super::Output;
use super::values::{duration, node_name, pair, proxy, role, taint};

pub(super) const HELP: &str = "\
Examples:
  muster-controller nodes import-command --role worker         paste it into a shell of the machine
  muster-controller nodes import-command --role worker | ssh node7 sh
  muster-controller nodes import-command --role worker --uses 20 --ttl 8h --label rack=7 --auto-accept
  muster-controller nodes import-command --from /media/usb     for a machine that no network reaches yet

The line has a join token in it: whoever has the line can have a machine join, as often and as long as --uses and --ttl say.
Give it to the shell itself, as above: of `ssh node7 'LINE'` the machine's list of processes would show it.";

/// What the machine is to be, and how it reaches this controller.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// The only role that it admits to; any unless given.
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub(crate) role: Option<Role>,

    /// What to call the node; its host name unless given.
    #[arg(long, value_name = "NAME", value_parser = node_name)]
    pub(crate) name: Option<String>,

    /// A label for every node that it admits; may be given again, or several with commas between.
    #[arg(long = "label", alias = "labels", value_name = "KEY=VALUE", value_delimiter = ',', value_parser = pair)]
    pub(crate) labels: Vec<(String, String)>,

    /// A taint for every node that it admits; may be given again, or several with commas between.
    #[arg(long = "taint", alias = "taints", value_name = "KEY[=VALUE]:EFFECT", value_delimiter = ',', value_parser = taint)]
    pub(crate) taints: Vec<v1::Taint>,

    /// How machines reach this controller: HOST or HOST:PORT, of a name in its certificate; the first of those unless given.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) address: Option<String>,

    /// How long the line is good, such as 30m, 24h or 7d.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
    pub(crate) ttl: Duration,

    /// How many machines it admits.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) uses: u32,

    /// Accept at once whatever it admits, unless the machine is inadequate or quarantined.
    #[arg(long)]
    pub(crate) auto_accept: bool,

    /// The HTTP proxy by which machines reach this controller, such as http://p:3128.
    #[arg(long, value_name = "URL", value_parser = proxy)]
    pub(crate) proxy: Option<String>,

    /// The folder of the machine where install.sh, root.pem, manifest and the package were carried; fetched unless given.
    #[arg(long, value_name = "DIR")]
    pub(crate) from: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) output: Output,
}
