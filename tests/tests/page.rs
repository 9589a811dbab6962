//! The page of a running agent, over TLS on loopback: as a person comes in, and as those come who should not.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use muster_tests::loopback::{Loopback, PATIENCE, Process, text};
use muster_tests::program;
use nix::sys::signal::Signal;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

/// More than the page has places for.
const SILENT: usize = 300;

/// An agent with a page, which no controller knows.
struct Lab {
    lab: Loopback,
    agent: Process,
    address: SocketAddr,
    http: SocketAddr,
    tls: Arc<ClientConfig>,
}

impl Lab {
    fn start() -> Self {
        let lab = Loopback::new();
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        let http = port.local_addr().unwrap();
        drop(port);
        let config = lab.path("config.toml");
        let page = format!("[page]\nlisten = '127.0.0.1:0'\nhttp = '{http}'\n");
        fs::write(&config, page).unwrap();
        let agent = lab.agent(&["--config", text(&config)]);
        let issue = lab.path("agent/issue");
        lab.patiently("the console is told of the page", || issue.exists());
        let url = lab.read("agent/issue");
        let url = url
            .lines()
            .find_map(|line| line.trim().strip_prefix("https://"))
            .unwrap();
        let address = url.trim_end_matches("/installer").parse().unwrap();
        let pem = fs::read(lab.path("agent/page-certificate.pem")).unwrap();
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(&pem).unwrap())
            .unwrap();
        let tls = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            lab,
            agent,
            address,
            http,
            tls: Arc::new(tls),
        }
    }

    /// The code that the console shows.
    fn shown(&self) -> Option<String> {
        let issue = self.lab.read("agent/issue");
        let shown = issue
            .lines()
            .find_map(|line| line.strip_prefix("One-time code:"))?;
        let shown = shown.trim();
        (!shown.contains(' ')).then(|| shown.to_owned())
    }

    /// One request on a connection of its own, whose certificate has to be for the address.
    fn ask(&self, head: &str, body: &str) -> String {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let name = ServerName::from(self.address.ip());
        let session = ClientConnection::new(Arc::clone(&self.tls), name).unwrap();
        let mut stream = StreamOwned::new(session, stream);
        let (address, length) = (self.address, body.len());
        let request = format!(
            "{head}\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // Without TLS's own farewell the answer is whole all the same: it has a length.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }

    fn get(&self, path: &str, cookie: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nCookie: {cookie}"), "")
    }

    /// What a browser keeps after signing in.
    fn sign_in(&self, code: &str) -> Option<String> {
        let head = format!(
            "POST /installer/sign-in HTTP/1.1\r\nOrigin: https://{}\r\nSec-Fetch-Site: same-origin\r\n\
             Content-Type: application/x-www-form-urlencoded",
            self.address
        );
        let answer = self.ask(&head, &format!("code={code}"));
        let cookie = answer
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: "))?;
        Some(cookie.split(';').next().unwrap().to_owned())
    }
}

fn document(answer: &str) -> Value {
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

#[test]
fn the_code_of_the_console_opens_the_page_once() {
    let mut lab = Lab::start();
    let stranger = lab.get("/installer", "");
    assert!(stranger.starts_with("HTTP/1.1 303 "), "{stranger}");
    let code = lab.shown().unwrap();
    assert!(
        lab.lab.read("agent.log").contains(&code),
        "the journal has no code"
    );
    let cookie = lab.sign_in(&code).unwrap();
    assert!(cookie.starts_with("__Host-muster="), "{cookie}");
    let page = lab.get("/installer", &cookie);
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.contains("content-security-policy: default-src 'none'"));
    assert_eq!(lab.sign_in(&code), None, "the code was good twice");
    lab.lab
        .patiently("the console shows no code", || lab.shown().is_none());

    // What it says is what the commands say.
    let verdict = document(&lab.get("/api/v1/verdict?policy=worker-production", &cookie));
    let mut check = program::command();
    check.args(["check", "--policy", "worker-production", "-o", "json"]);
    let checked: Value = serde_json::from_str(&program::run(&mut check).data).unwrap();
    let rules = |verdict: &Value| -> Vec<String> {
        let rules = verdict["roles"][0]["rules"].as_array().unwrap().clone();
        rules
            .iter()
            .map(|rule| format!("{} {}", rule["id"], rule["status"]))
            .collect()
    };
    assert_eq!(rules(&verdict), rules(&checked));
    let status = document(&lab.get("/api/v1/status", &cookie));
    let shown = lab.lab.json(&["status", "-o", "json"]);
    assert_eq!(status["node_id"], shown["node_id"]);

    let made = lab.lab.muster(&["page", "code"]);
    assert_eq!(made.code, Some(0), "{}", made.told);
    let fresh = made
        .data
        .lines()
        .find_map(|line| line.strip_prefix("Code: "))
        .unwrap();
    let fresh = fresh.split(' ').next().unwrap();
    assert_eq!(lab.shown().as_deref(), Some(fresh));
    assert!(lab.sign_in(fresh).is_some(), "{}", made.data);

    assert_eq!(lab.agent.end(Signal::SIGTERM), Some(0));
    let issue = lab.lab.path("agent/issue");
    assert!(
        !issue.exists(),
        "the console tells of a page that is not there"
    );
}

#[test]
fn plain_http_leads_to_tls_and_says_nothing() {
    let lab = Lab::start();
    let mut stream = TcpStream::connect(lab.http).unwrap();
    let request = format!(
        "GET /installer HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        lab.http
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 308 "), "{answer}");
    assert!(
        answer.contains(&format!("location: https://{}/installer\r\n", lab.address)),
        "{answer}"
    );
}

#[test]
fn who_connects_and_says_nothing_keeps_nobody_out() {
    let lab = Lab::start();
    let cookie = lab.sign_in(&lab.shown().unwrap()).unwrap();
    let mut silent = Vec::new();
    for number in 0..SILENT {
        let mut stream = TcpStream::connect(lab.address).unwrap();
        if number % 2 == 0 {
            // The first byte of a handshake (RFC 8446, section 5.1).
            let _ = stream.write_all(&[22]);
        }
        silent.push(stream);
        if number % 50 == 0 {
            let page = lab.get("/installer", &cookie);
            assert!(
                page.starts_with("HTTP/1.1 200 OK\r\n"),
                "after {number}: {page}"
            );
        }
    }
    // Who came first had to make room.
    silent[0]
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    assert!(!matches!(silent[0].read(&mut [0]), Ok(1..)));
}

#[test]
fn without_a_word_in_the_configuration_there_is_no_page() {
    let lab = Loopback::start(&[]);
    let token = lab.token(&[]);
    let _agent = lab.agent(&["--controller", lab.address(), "--token-file", text(&token)]);
    lab.patiently("the agent answers", || {
        lab.muster(&["status"]).code == Some(0) && lab.path("agent/agent.sock").exists()
    });
    let refused = lab.muster(&["page", "code"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.told.contains("[page]"), "{}", refused.told);
    assert!(!lab.path("agent/page-key.pem").exists());
    assert!(!lab.path("agent/issue").exists());
}

#[test]
fn mistakes_of_the_pages_table_are_told_with_their_place() {
    let lab = Loopback::new();
    let config = lab.path("config.toml");
    for (content, place, what) in [
        (
            "[page]\nlisten = '0.0.0.0'\n",
            "2:",
            "no address with a port",
        ),
        (
            "[page]\nlitsen = '0.0.0.0:8443'\n",
            "2:",
            "there is no key litsen",
        ),
        ("[page]\nhttp = '0.0.0.0:80'\n", "2:", "say with listen"),
        (
            "[page]\nlisten = '0.0.0.0:8443'\nkey = '/k.pem'\n",
            "3:",
            "give certificate, too",
        ),
    ] {
        fs::write(&config, content).unwrap();
        let told = program::run(program::command().args(["config", "validate"]).arg(&config));
        assert_eq!(told.code, Some(1), "{content}");
        let line = format!("{}:{place}", config.display());
        assert!(
            told.data.contains(&line) && told.data.contains(what),
            "{content}: {}",
            told.data
        );
    }
}
