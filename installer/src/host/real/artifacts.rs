//! Large files: compared, copied, and brought from servers by HTTP.

use std::fs::File;
use std::io::{Read, Seek as _, SeekFrom, Write as _};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{OFlags, fstat};
use sha2::{Digest as _, Sha256};
use ureq::http::StatusCode;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};
use ureq::{Agent, Proxy};

use super::Real;
use crate::host::artifacts::{Artifacts, Fetch};
use crate::host::{Files as _, Host as _, HostError};
use crate::value::{Attributes, HostPath, Sha256Digest, Source};

/// A server that says nothing for so long is given up.
const SILENCE: Duration = Duration::from_secs(60);
/// A transfer that breaks off is gone on with so often, as long as something came each time.
const MOST_TRIES: usize = 20;
const PAUSE: Duration = Duration::from_secs(1);
const PART_BYTES: usize = 1 << 16;
const PRIVATE: u32 = 0o600;
/// Where distributions have the authorities that they trust: Debian and SUSE, the family of RHEL.
const AUTHORITIES: [&str; 2] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
];
const LARGEST_AUTHORITIES: u64 = 16 << 20;

impl Artifacts for Real {
    fn digest(&self, path: &HostPath) -> Result<Option<Sha256Digest>, HostError> {
        let failed = |error| HostError::failed("read", path, error);
        let opened = self.opened(path, OFlags::RDONLY);
        let Some(opened) = opened.map_err(|error| failed(error.into()))? else {
            return Ok(None);
        };
        let mut file = File::from(opened);
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(HostError::because("read", path, "it is no regular file"));
        }
        let mut digest = Sha256::new();
        let mut part = vec![0; PART_BYTES];
        loop {
            match file.read(&mut part).map_err(failed)? {
                0 => return Ok(Some(Sha256Digest::of(&digest.finalize()))),
                length => digest.update(part.get(..length).unwrap_or_default()),
            }
        }
    }

    fn fetch(&mut self, what: &Fetch<'_>, path: &HostPath) -> Result<(), HostError> {
        if self.look(path)?.is_none() {
            self.make_file(path, b"", &Attributes::of_root(PRIVATE))?;
        }
        let opened = self.opened(path, OFlags::WRONLY);
        let opened = opened.and_then(|opened| opened.ok_or(rustix::io::Errno::NOENT));
        let opened = opened.map_err(|error| HostError::failed("write", path, error.into()))?;
        let mut target = Target {
            file: File::from(opened),
            most_bytes: what.most_bytes,
        };
        match what.source {
            Source::Path(from) => self.copy(from, &mut target),
            Source::Url(url) => self.download(url, what, &mut target),
        }
    }
}

/// What is being written, from its end on.
struct Target {
    file: File,
    most_bytes: u64,
}

impl Target {
    fn length(&self) -> std::io::Result<u64> {
        Ok(u64::try_from(fstat(&self.file)?.st_size).unwrap_or_default())
    }

    fn begin_anew(&mut self) -> std::io::Result<()> {
        self.file.set_len(0)
    }

    /// Adds what comes.
    fn take(&mut self, mut from: impl Read) -> std::io::Result<()> {
        let mut length = self.file.seek(SeekFrom::End(0))?;
        let mut part = vec![0; PART_BYTES];
        loop {
            let part = match from.read(&mut part)? {
                0 => return Ok(()),
                read => part.get(..read).unwrap_or_default(),
            };
            length += part.len() as u64;
            if length > self.most_bytes {
                return Err(std::io::Error::other(format!(
                    "it is larger than {} MiB: say more as most_mib",
                    self.most_bytes >> 20
                )));
            }
            self.file.write_all(part)?;
        }
    }
}

impl Real {
    fn copy(&self, from: &HostPath, target: &mut Target) -> Result<(), HostError> {
        let failed = |error| HostError::failed("copy", from, error);
        let opened = self.opened(from, OFlags::RDONLY);
        let opened = opened.and_then(|opened| opened.ok_or(rustix::io::Errno::NOENT));
        let file = File::from(opened.map_err(|error| failed(error.into()))?);
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(HostError::because("copy", from, "it is no regular file"));
        }
        target
            .begin_anew()
            .and_then(|()| target.take(file))
            .map_err(failed)
    }

    fn download(
        &mut self,
        url: &str,
        what: &Fetch<'_>,
        target: &mut Target,
    ) -> Result<(), HostError> {
        let agent = agent(url, what)?;
        let mut tries = 0;
        loop {
            let failed = |error| HostError::failed("download", url, error);
            let had = target.length().map_err(failed)?;
            tries += 1;
            match request(&agent, url, had, target) {
                Ok(()) => return Ok(()),
                Err(_) if tries < MOST_TRIES && target.length().is_ok_and(|has| has > had) => {
                    self.pause(PAUSE);
                }
                Err(error) => return Err(failed(error)),
            }
        }
    }
}

/// Asks for what is missing: RFC 9110, 14.2. A server need not do as it is asked, and then sends all of it.
fn request(agent: &Agent, url: &str, had: u64, target: &mut Target) -> std::io::Result<()> {
    let mut asked = agent.get(url);
    if had > 0 {
        asked = asked.header("Range", format!("bytes={had}-"));
    }
    let mut answer = asked.call().map_err(ureq::Error::into_io)?;
    match answer.status() {
        StatusCode::PARTIAL_CONTENT if had > 0 => {}
        StatusCode::OK => target.begin_anew()?,
        // There is no more than what is there already.
        StatusCode::RANGE_NOT_SATISFIABLE if had > 0 => return Ok(()),
        status => {
            return Err(std::io::Error::other(format!(
                "the server answers with {status}"
            )));
        }
    }
    target.take(answer.body_mut().as_reader())
}

fn agent(url: &str, what: &Fetch<'_>) -> Result<Agent, HostError> {
    let failed = |error: ureq::Error| HostError::failed("download", url, error.into_io());
    let proxy = what.proxy.map(|proxy| Proxy::new(proxy.as_str()));
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")))
        .proxy(proxy.transpose().map_err(failed)?)
        .timeout_connect(Some(SILENCE))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .tls_config(tls()?);
    Ok(config.build().new_agent())
}

/// Whom the machine trusts. Without its list no server with `https://` is.
fn tls() -> Result<TlsConfig, HostError> {
    let mut trusted: Vec<Certificate<'static>> = Vec::new();
    for path in AUTHORITIES {
        let Ok(file) = File::open(path) else {
            continue;
        };
        let mut pem = Vec::new();
        file.take(LARGEST_AUTHORITIES)
            .read_to_end(&mut pem)
            .map_err(|error| HostError::failed("read", path, error))?;
        trusted.extend(parse_pem(&pem).filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        }));
    }
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(provider))
        .root_certs(RootCerts::new_with_certs(&trusted))
        .build())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    const CONTENT: &[u8] = b"a file that is too long for one transfer";

    /// Serves `CONTENT` to one after the other, of which all but the last are cut off after so many bytes. Tells what each asked for.
    fn server(
        cuts: &'static [usize],
        heeds_ranges: bool,
    ) -> (Source, thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/file", listener.local_addr().unwrap());
        let served = thread::spawn(move || {
            let serve = |cut: &usize| {
                let (mut stream, _) = listener.accept().unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let asked: Vec<String> = lines
                    .map(Result::unwrap)
                    .take_while(|line| !line.is_empty())
                    .collect();
                let range = asked.iter().find_map(|line| {
                    line.to_lowercase()
                        .strip_prefix("range: ")
                        .map(str::to_owned)
                });
                let from = range.as_ref().filter(|_| heeds_ranges).map_or(0, |range| {
                    range
                        .trim_start_matches("bytes=")
                        .trim_end_matches('-')
                        .parse()
                        .unwrap()
                });
                let status = if from > 0 {
                    "206 Partial Content"
                } else {
                    "200 OK"
                };
                let rest = &CONTENT[from..];
                let head = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    rest.len()
                );
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(&rest[..rest.len().min(*cut)]).unwrap();
                range.unwrap_or_default()
            };
            cuts.iter().map(serve).collect()
        });
        (Source::Url(url.clone()), served)
    }

    fn fetched(source: &Source, most_bytes: u64) -> (Result<(), HostError>, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        // Of whoever runs the tests.
        File::create(folder.path().join("file")).unwrap();
        let mut host = Real::other_root(folder.path()).unwrap();
        let path = HostPath::known("/file");
        let what = Fetch {
            source,
            proxy: None,
            most_bytes,
        };
        let fetched = host.fetch(&what, &path);
        let content = host.read(&path).unwrap().unwrap();
        let digest = Sha256Digest::of(&Sha256::digest(&content));
        assert_eq!(host.digest(&path).unwrap(), Some(digest));
        (fetched, content)
    }

    #[test]
    fn a_transfer_that_breaks_off_is_gone_on_with() {
        let (source, served) = server(&[10, 5, 1000], true);
        let (fetched, content) = fetched(&source, 1 << 20);
        fetched.unwrap();
        assert_eq!(content, CONTENT);
        assert_eq!(served.join().unwrap(), ["", "bytes=10-", "bytes=15-"]);
    }

    #[test]
    fn a_server_that_knows_no_ranges_sends_all_of_it_again() {
        let (source, served) = server(&[10, 1000], false);
        let (fetched, content) = fetched(&source, 1 << 20);
        fetched.unwrap();
        assert_eq!(content, CONTENT);
        assert_eq!(served.join().unwrap(), ["", "bytes=10-"]);
    }

    #[test]
    fn more_than_is_allowed_is_not_taken_and_what_nobody_serves_is_told() {
        let (source, served) = server(&[1000], true);
        let (refused, content) = fetched(&source, 8);
        let told = refused.unwrap_err().to_string();
        assert!(told.contains("it is larger than"), "{told}");
        assert!(content.len() <= 8, "{content:?}");
        served.join().unwrap();
        // Nobody listens there any more.
        let told = fetched(&source, 8).0.unwrap_err().to_string();
        assert!(
            told.starts_with("cannot download http://127.0.0.1:"),
            "{told}"
        );
    }
}
