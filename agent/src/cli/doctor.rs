//! The command line of `muster doctor`.

use std::path::PathBuf;

use clap::Args;

use super::{PlaceArguments, StatusFormat};
use crate::value::Target;

pub(super) const HELP: &str = "\
Examples:
  sudo muster doctor                        why is this node not as it should be?
  muster doctor c1.example:7443             why does that controller not answer?
  sudo muster doctor c1.example:7443 --token-file /run/muster-token
                                            before joining: is it the cluster of this token?
  sudo muster doctor -o json                all checks, those that found nothing too

Looks at the configuration, the agent, its state and certificate, the machine's id and name, the space where it
writes, and makes contact with each controller: name, route, port, TLS, clocks, and whether the node is
welcome. Nothing is changed, and the token is not sent.

Exit codes:
  0  nothing is wrong
  1  something is; standard output says what, and what helps
  2  the command line is wrong";

/// What `muster doctor` is asked for.
#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Only these controllers; those that the agent asks, if none is given.
    #[arg(value_name = "HOST:PORT")]
    pub(crate) controllers: Vec<Target>,

    /// The file with the join token, by whose pin a controller is judged before this machine has joined.
    #[arg(long, value_name = "FILE", env = "MUSTER_TOKEN_FILE")]
    pub(crate) token_file: Option<PathBuf>,

    /// How to show it.
    #[arg(
        short,
        long,
        value_enum,
        value_name = "FORMAT",
        default_value = "report"
    )]
    pub(crate) output: StatusFormat,

    #[command(flatten)]
    pub(crate) place: PlaceArguments,
}
