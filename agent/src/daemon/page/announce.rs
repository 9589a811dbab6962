//! Says where the page is and what opens it: on the console (issue(5), by agetty(8)) and in the journal.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use muster_installer_web::Code;

use super::Names;
use crate::daemon::state::files::{remove, replace};

/// The port of HTTPS needs not be told (RFC 9110, section 4.2.2).
const USUAL_PORT: u16 = 443;
/// More than these nobody reads on a console.
const MOST_URLS: usize = 6;

/// What is told.
pub(super) struct Announcement {
    /// The likeliest first.
    pub(super) urls: Vec<String>,
    pub(super) fingerprint: String,
    /// The file for the console.
    pub(super) issue: PathBuf,
}

impl Announcement {
    /// In the journal and on the console.
    pub(super) fn tell(&self, code: Option<&Code>) {
        let url = self.urls.first().map_or("", String::as_str);
        tracing::info!(url, fingerprint = self.fingerprint, "the page is served");
        if let Some(code) = code {
            // In the message, because journalctl shows no fields; who may read the journal may have a code made.
            tracing::info!(
                "sign-in code of {url}: {} (good once, for an hour)",
                code.reveal()
            );
        }
        self.show(code);
    }

    /// On the console alone. Without a place for that, the journal has to do.
    pub(super) fn show(&self, code: Option<&Code>) {
        if let Err(error) = replace(&self.issue, self.text(code).as_bytes(), 0o600) {
            tracing::debug!(%error, issue = %self.issue.display(), "the console is not told of the page");
        }
    }

    /// The port that is in the addresses.
    pub(super) fn port(&self) -> u16 {
        let url = self.urls.first().map_or("", String::as_str);
        let rest = url.trim_end_matches("/installer");
        let port = rest
            .rsplit_once(':')
            .and_then(|(_, port)| port.parse().ok());
        port.unwrap_or(USUAL_PORT)
    }

    fn text(&self, code: Option<&Code>) -> String {
        let mut text = "\nmuster shows and sets up this machine in a browser:\n".to_owned();
        for url in &self.urls {
            text.push_str(&format!("  {url}\n"));
        }
        match code {
            Some(code) => text.push_str(&format!("One-time code:  {}\n", code.reveal())),
            None => text.push_str("One-time code:  sudo muster page code\n"),
        }
        text.push_str(&format!("Certificate (SHA-256):  {}\n\n", self.fingerprint));
        // A backslash is an order to agetty(8).
        text.replace('\\', "")
    }
}

/// The console does not tell of a page that is not there.
pub(super) fn clear(issue: &Path) {
    if let Err(error) = remove(issue) {
        tracing::debug!(%error, "the console still tells of the page");
    }
}

/// Where the page is for others; for this machine alone when it listens there only.
pub(super) fn urls(listens_on: IpAddr, port: u16, names: &Names) -> Vec<String> {
    let addresses: Vec<IpAddr> = match listens_on.is_unspecified() {
        false => vec![listens_on],
        true => {
            let heard = names.addresses.iter().copied();
            heard
                .filter(|it| listens_on.is_ipv6() || it.is_ipv4())
                .collect()
        }
    };
    let hosts = addresses.iter().map(|address| match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    });
    let own = names.hosts.iter().cloned();
    let own = own.filter(|_| !listens_on.is_loopback());
    let hosts = hosts.chain(own).take(MOST_URLS);
    let urls = hosts.map(|host| match port {
        USUAL_PORT => format!("https://{host}/installer"),
        _ => format!("https://{host}:{port}/installer"),
    });
    urls.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names {
            hosts: vec!["node-7".to_owned()],
            addresses: ["192.0.2.7", "2001:db8::7"]
                .map(|it| it.parse().unwrap())
                .into(),
        }
    }

    fn shown(issue: &Path) -> String {
        let content = crate::daemon::state::files::read(issue).unwrap().unwrap();
        String::from_utf8(content.to_vec()).unwrap()
    }

    #[test]
    fn addresses_are_where_others_reach_the_page() {
        let urls = |listen: &str, port| urls(listen.parse().unwrap(), port, &names());
        assert_eq!(
            urls("0.0.0.0", 443),
            ["https://192.0.2.7/installer", "https://node-7/installer"]
        );
        assert_eq!(urls("::", 8443)[1], "https://[2001:db8::7]:8443/installer");
        assert_eq!(
            urls("127.0.0.1", 8443),
            ["https://127.0.0.1:8443/installer"]
        );
    }

    #[test]
    fn the_console_is_told_and_given_no_orders() {
        let folder = tempfile::tempdir().unwrap();
        let announcement = Announcement {
            urls: vec!["https://node\\d7:8443/installer".to_owned()],
            fingerprint: "AB:CD".to_owned(),
            issue: folder.path().join("issue"),
        };
        assert_eq!(announcement.port(), 8443);
        announcement.show(None);
        let text = shown(&announcement.issue);
        assert!(text.contains("https://noded7:8443/installer"), "{text}");
        assert!(text.contains("sudo muster page code"), "{text}");
        let code = muster_installer_web::SignIn::default().make_code().unwrap();
        announcement.show(Some(&code));
        let text = shown(&announcement.issue);
        assert!(text.contains(code.reveal()), "{text}");
        clear(&announcement.issue);
        assert!(!announcement.issue.exists());
    }
}
