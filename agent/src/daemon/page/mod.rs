//! The page of this node, `https://NODE/installer`: its task. What it shows, and who may see it, is the room `installer-web/`.
//!
//! Map: `settings` is what the configuration says; `here` is this machine as the page asks about it; `certificate` is how the page shows itself;
//! `serve` takes connections; `announce` says on the console and in the journal where the page is and what opens it; `codes` makes a code when
//! `muster page code` asks for one.
//!
//! Invariants: off unless the configuration says where to listen; a page that cannot be served leaves the node a node; it reads what
//! the survey knows and discovers nothing by itself but what only a policy asks for.

mod announce;
mod certificate;
mod codes;
mod here;
mod serve;
mod settings;

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use muster_installer_web::{Hosts, Page as Shown, redirect, router};
use muster_model::{INVENTORY_SCHEMA, Inventory};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::connect::chain;
use super::facts::Known;
use super::local::Desk;
use super::ports::Observer;
use super::survey::Changed;
use announce::Announcement;
use certificate::{Certificate, CertificateError};
pub(crate) use codes::{Asks, Codes, Opening, codes};
use here::Here;
use serve::{Door, Listening};
pub(crate) use settings::PageSettings;

/// So often the certificate is looked at: it is to be renewed in time.
const LOOK: Duration = Duration::from_hours(24);

/// All that the page's task needs.
pub(crate) struct Page {
    pub(crate) settings: PageSettings,
    /// Where the key and certificate are kept.
    pub(crate) state: PathBuf,
    /// Where it is written what the console is to show.
    pub(crate) issue: PathBuf,
    pub(crate) known: Known,
    pub(crate) changed: Changed,
    /// Reads what a policy looks at beside what is known.
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) asks: Asks,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
enum PageError {
    #[error("nothing can listen on {address}")]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error("no code can be made")]
    Code { source: getrandom::Error },
}

impl Page {
    /// Serves until `cancel`. What keeps it from that is logged.
    pub(crate) async fn run(mut self, desk: Arc<Desk>, cancel: CancellationToken) {
        let ended = tokio::select! {
            () = cancel.cancelled() => Ok(()),
            ended = self.serve(desk) => ended,
        };
        announce::clear(&self.issue);
        if let Err(error) = ended {
            tracing::error!(error = chain(&error), "the page cannot be served");
        }
    }

    async fn serve(&mut self, desk: Arc<Desk>) -> Result<(), PageError> {
        let machine = Here {
            desk,
            known: self.known.clone(),
            changed: Arc::clone(&self.changed),
            observer: Arc::clone(&self.observer),
        };
        let names = self.names();
        let hosts = Hosts::new(names.hosts.clone());
        let shown = Arc::new(Shown::new(Arc::new(machine), hosts.clone()));
        let certificate = self.certificate(&names)?;
        let (door, doors) = watch::channel(certificate.config());
        let secure = listen(self.settings.listen).await?;
        let port = secure
            .local_addr()
            .map_or(self.settings.listen.port(), |it| it.port());
        let secure = Listening {
            listener: secure,
            door: Door::Tls(doors),
            router: router(Arc::clone(&shown)),
        };
        let plain = match self.settings.http {
            None => None,
            Some(address) => Some(Listening {
                listener: listen(address).await?,
                door: Door::Plain,
                router: redirect(hosts, port),
            }),
        };
        let announcement = Announcement {
            urls: announce::urls(self.settings.listen.ip(), port, &names),
            fingerprint: certificate.fingerprint().to_owned(),
            issue: self.issue.clone(),
        };
        let keeping = self.keep(&shown, announcement, door);
        // Nothing of these ends by itself but by a failure.
        tokio::select! {
            () = secure.run() => Ok(()),
            () = async { match plain { Some(plain) => plain.run().await, None => std::future::pending().await } } => Ok(()),
            kept = keeping => kept,
        }
    }

    /// Keeps certificate and announcement true, and makes codes.
    async fn keep(
        &mut self,
        shown: &Shown,
        mut announcement: Announcement,
        door: watch::Sender<Arc<rustls::ServerConfig>>,
    ) -> Result<(), PageError> {
        let mut code = Some(make_code(shown)?);
        announcement.tell(code.as_ref());
        loop {
            tokio::select! {
                Some(ask) = self.asks.next() => {
                    let made = make_code(shown)?;
                    ask.answer(&announcement.urls, &announcement.fingerprint, &made);
                    code = Some(made);
                    announcement.show(code.as_ref());
                }
                () = shown.sign_in().no_code_left(), if code.is_some() => {
                    code = None;
                    announcement.show(None);
                }
                Ok(()) = self.known.changed() => self.renew(&door, &mut announcement, code.as_ref()),
                () = tokio::time::sleep(LOOK) => self.renew(&door, &mut announcement, code.as_ref()),
            }
        }
    }

    /// An address or name that is new has to be in the certificate, and on the console.
    fn renew(
        &self,
        door: &watch::Sender<Arc<rustls::ServerConfig>>,
        announcement: &mut Announcement,
        code: Option<&muster_installer_web::Code>,
    ) {
        let names = self.names();
        match self.certificate(&names) {
            Ok(certificate) if certificate.fingerprint() != announcement.fingerprint => {
                certificate
                    .fingerprint()
                    .clone_into(&mut announcement.fingerprint);
                door.send_replace(certificate.config());
                tracing::info!(
                    fingerprint = announcement.fingerprint,
                    "the page has another certificate"
                );
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(error = chain(&error), "the page keeps its certificate"),
        }
        let port = announcement.port();
        announcement.urls = announce::urls(self.settings.listen.ip(), port, &names);
        announcement.show(code);
    }

    fn certificate(&self, names: &Names) -> Result<Certificate, CertificateError> {
        match &self.settings.material {
            Some(material) => Certificate::of_files(material),
            None => Certificate::of_state(&self.state, &names.all()),
        }
    }

    /// What the machine is called, by what is known of it.
    fn names(&self) -> Names {
        let facts = Arc::clone(&self.known.borrow());
        let document = facts.inventory.unpack(INVENTORY_SCHEMA).ok();
        let inventory = document.and_then(|json| Inventory::from_json(&json).ok());
        Names::of(&inventory.unwrap_or_default(), &self.settings.names)
    }
}

fn make_code(shown: &Shown) -> Result<muster_installer_web::Code, PageError> {
    let made = shown.sign_in().make_code();
    made.map_err(|source| PageError::Code { source })
}

async fn listen(address: SocketAddr) -> Result<TcpListener, PageError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| PageError::Listen { address, source })
}

/// What this machine is called, and where it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Names {
    /// Names that are in DNS or not, the machine's own first.
    hosts: Vec<String>,
    /// Addresses that others may reach.
    addresses: BTreeSet<IpAddr>,
}

impl Names {
    fn of(inventory: &Inventory, configured: &[String]) -> Self {
        let own = inventory.host.hostname.iter().cloned();
        let links = inventory.network.iter().flat_map(|link| &link.addresses);
        let addresses = links.filter_map(|address| address.split('/').next()?.parse().ok());
        let is_global = |address: &IpAddr| match address {
            IpAddr::V4(v4) => !v4.is_link_local() && !v4.is_loopback(),
            IpAddr::V6(v6) => !v6.is_unicast_link_local() && !v6.is_loopback(),
        };
        Self {
            hosts: own.chain(configured.iter().cloned()).collect(),
            addresses: addresses.filter(is_global).collect(),
        }
    }

    /// As they stand in a certificate; this machine calls itself so, too.
    fn all(&self) -> BTreeSet<String> {
        let addresses = self.addresses.iter().map(ToString::to_string);
        let own = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        self.hosts
            .iter()
            .cloned()
            .chain(addresses)
            .chain(own)
            .collect()
    }
}

/// Where the console's text is written: beside the socket, which is a folder that the agent may write to.
pub(crate) fn issue_beside(socket: &Path) -> PathBuf {
    socket.with_file_name("issue")
}
