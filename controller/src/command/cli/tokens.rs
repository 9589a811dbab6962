//! `muster-controller tokens`.

use std::time::Duration;

use clap::Subcommand;
use muster_model::Role;
use muster_proto::v1;

use super::Output;
use super::values::{duration, pair, role, taint};

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a join token and print it, this once.
    Create {
        /// The only role that it admits to; any unless given.
        #[arg(long, value_parser = role)]
        role: Option<Role>,
        /// How long it lives, such as 30m, 24h or 7d.
        #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration)]
        ttl: Duration,
        /// How many nodes it admits.
        #[arg(long, default_value_t = 1)]
        uses: u32,
        /// The only node name that it admits; any unless given.
        #[arg(long)]
        name: Option<String>,
        /// A label for every node that it admits; may be given again.
        #[arg(long = "label", value_name = "KEY=VALUE", value_parser = pair)]
        labels: Vec<(String, String)>,
        /// A taint for every node that it admits; may be given again.
        #[arg(long = "taint", value_name = "KEY[=VALUE]:EFFECT", value_parser = taint)]
        taints: Vec<v1::Taint>,
        /// Accept at once whatever it admits, unless the machine is inadequate or quarantined.
        #[arg(long)]
        auto_accept: bool,
        #[command(flatten)]
        output: Output,
    },
    /// List the join tokens, without their secrets.
    List {
        #[command(flatten)]
        output: Output,
    },
    /// End a join token at once.
    Revoke {
        /// Its id, as `tokens list` shows it.
        id: String,
    },
}
