//! The configuration files: `/etc/muster/config.toml`, then `config.d/*.toml` beside it in the order of their names.
//!
//! A later file replaces what an earlier one says; labels are replaced one by one. There is no key for a
//! secret: the join token and what logs in to a proxy are in files of their own.
//!
//! Map: `files` finds and reads them, `values` takes values, `faults` says where one is wrong, `effective` puts
//! files, variables and flags together and knows what came from where.

mod effective;
mod faults;
mod files;
mod page;
mod values;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use muster_model::Role;

use super::local::LocalRead;
use super::outward::Choice;
use crate::value::{Taint, Target, WorkloadsChoice};
pub(crate) use effective::{Given, Item, Origin, effective};
pub(crate) use faults::Fault;
pub(crate) use files::{Checked, check, read};
pub(crate) use page::PageConfig;

/// What the files say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) controllers: Option<Vec<Target>>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) state: Option<PathBuf>,
    pub(crate) name: Option<String>,
    pub(crate) role: Option<Role>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) taints: Option<Vec<Taint>>,
    pub(crate) workloads: Option<WorkloadsChoice>,
    pub(crate) socket: Option<PathBuf>,
    pub(crate) local_read: Option<LocalRead>,
    /// Where to serve metrics over HTTP.
    pub(crate) metrics: Option<SocketAddr>,
    /// Whether `metrics` may be an address that others can reach.
    pub(crate) metrics_public: Option<bool>,
    /// Through which proxy controllers are reached.
    pub(crate) proxy: Option<Choice>,
    /// Where `USER:PASSWORD` for the proxy is.
    pub(crate) proxy_credentials_file: Option<PathBuf>,
    /// Names, addresses and networks that are reached directly.
    pub(crate) no_proxy: Option<Vec<String>>,
    pub(crate) page: PageConfig,
    /// From where each of these is; labels as `labels.KEY`.
    pub(crate) origins: BTreeMap<String, Origin>,
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read the configuration {path}")]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the configuration is faulty: {}", faults::lines(.faults))]
    Faulty { faults: Vec<Fault> },
}

impl Config {
    /// Replaces what `later` says, too.
    fn then(mut self, later: Self) -> Self {
        self.labels.extend(later.labels);
        self.origins.extend(later.origins);
        Self {
            controllers: later.controllers.or(self.controllers),
            token_file: later.token_file.or(self.token_file),
            state: later.state.or(self.state),
            name: later.name.or(self.name),
            role: later.role.or(self.role),
            labels: self.labels,
            taints: later.taints.or(self.taints),
            workloads: later.workloads.or(self.workloads),
            socket: later.socket.or(self.socket),
            local_read: later.local_read.or(self.local_read),
            metrics: later.metrics.or(self.metrics),
            metrics_public: later.metrics_public.or(self.metrics_public),
            proxy: later.proxy.or(self.proxy),
            proxy_credentials_file: later.proxy_credentials_file.or(self.proxy_credentials_file),
            no_proxy: later.no_proxy.or(self.no_proxy),
            page: self.page.then(later.page),
            origins: self.origins,
        }
    }

    /// The address for metrics when others can reach it, and nobody said that they may.
    pub(crate) fn exposed(&self) -> Option<SocketAddr> {
        let is_exposed =
            |address: &SocketAddr| !address.ip().is_loopback() && self.metrics_public != Some(true);
        self.metrics.filter(is_exposed)
    }
}
