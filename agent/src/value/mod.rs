//! What operators write, as values: the command line and the configuration both take them.

mod taint;
mod target;

use clap::ValueEnum;

pub(crate) use taint::Taint;
pub(crate) use target::Target;

/// Who starts and stops workloads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum WorkloadsChoice {
    /// systemd, where it runs the machine and knows muster-workload.target.
    #[default]
    Auto,
    /// systemd; the agent does not start without it.
    Systemd,
    /// Nobody: this node has none.
    None,
}
