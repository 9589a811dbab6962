//! `muster-controller admin`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;

use super::Output;
use super::values::duration;

/// Certificates of administrators.
#[derive(Debug, Subcommand)]
pub(crate) enum AdministratorCommand {
    /// Make a key here, have a certificate issued for it, and write both into a file.
    Issue {
        /// Whose it is.
        name: String,
        /// How long it lives, such as 12h or 30d.
        #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = duration)]
        ttl: Duration,
        /// The file, for `--credentials`; NAME.pem unless given. It must not be there.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// List the certificates.
    List {
        #[command(flatten)]
        output: Output,
    },
    /// End certificates at once.
    Revoke {
        /// A serial number, or a name for all of its certificates.
        administrator: String,
    },
}
