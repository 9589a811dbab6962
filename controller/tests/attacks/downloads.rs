//! What anybody may fetch, and that it is nothing else: over HTTP/1.1 as it is on the wire, and over HTTP/2.

use std::fs;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use muster_controller::serve::Newcomers;
use muster_proto::v1;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::lab::{Lab, Setup};

const FILE: &str = "muster_0.1.0_amd64.deb";
const CONTENT: &[u8] = b"a package";

async fn lab() -> Lab {
    with_package(Lab::start().await, CONTENT)
}

fn with_package(lab: Lab, content: &[u8]) -> Lab {
    fs::create_dir(lab.packages()).unwrap();
    fs::write(lab.packages().join(FILE), content).unwrap();
    lab
}

/// Status, head and body of the answer to a request by HTTP/1.1, after which the connection is closed.
async fn asked(lab: &Lab, method: &str, path: &str) -> (u16, String, Vec<u8>) {
    let mut stream = lab.shaken_for(&["http/1.1"]).await;
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    let body = answer.split_off(end + 4);
    let head = String::from_utf8(answer).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase(), body)
}

async fn installation(lab: &Lab) -> v1::GetInstallationResponse {
    let asked = v1::GetInstallationRequest {};
    let told = lab.admin().await.get_installation(asked).await;
    told.unwrap().into_inner()
}

fn digest(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_machine_that_is_no_node_fetches_what_it_installs() {
    let lab = lab().await;
    let (status, head, root) = asked(&lab, "GET", "/root.pem").await;
    assert_eq!((status, root), (200, lab.authority.root_pem().into_bytes()));
    assert!(head.contains("\r\ncontent-length: "), "{head}");
    let (_, _, script) = asked(&lab, "GET", "/install.sh").await;
    assert!(script.starts_with(b"#!/bin/sh\n") && script.ends_with(b"\n}\n"));
    let (_, _, manifest) = asked(&lab, "GET", "/packages/manifest").await;
    let manifest = String::from_utf8(manifest).unwrap();
    let line = format!("{} {} amd64 0.1.0 {FILE}", digest(CONTENT), CONTENT.len());
    assert_eq!(manifest.lines().nth(1), Some(line.as_str()));
    let package = format!("/packages/{FILE}");
    assert_eq!(asked(&lab, "GET", &package).await.2, CONTENT);
    let (status, head, body) = asked(&lab, "HEAD", &package).await;
    assert_eq!((status, body.len()), (200, 0));
    assert!(
        head.contains(&format!("content-length: {}", CONTENT.len())),
        "{head}"
    );

    // The digests that the one line tells are those of what is served.
    let installation = installation(&lab).await;
    assert_eq!(installation.script_sha256, digest(&script));
    assert_eq!(
        installation.root_sha256,
        digest(lab.authority.root_pem().as_bytes())
    );
    assert_eq!(installation.port, u32::from(lab.port));
    assert_eq!(installation.names, ["localhost"]);
    assert_eq!(installation.packages[0].file, FILE);
    assert_eq!(installation.problem, "");
}

#[tokio::test]
async fn nothing_else_is_served() {
    let lab = lab().await;
    let folder = lab.packages();
    let outside = folder.parent().unwrap();
    assert!(outside.join("authority/root.key").exists());
    fs::write(folder.join("muster-controller.toml"), "secret").unwrap();
    std::os::unix::fs::symlink(outside.join("authority"), folder.join("link")).unwrap();
    for path in [
        "/",
        "/packages",
        "/packages/",
        "/packages/muster-controller.toml",
        "/packages/link/root.key",
        "/packages/../authority/root.key",
        "/packages/%2e%2e/authority/root.key",
        "/packages/..%2fauthority%2froot.key",
        "/packages//authority/root.key",
        "/packages/muster_0.1.0_amd64.deb/../../authority/root.key",
        "/packages/./muster_0.1.0_amd64.deb",
        "/packages/muster_0.1.0_amd64.deb%00",
        "/packages/MUSTER_0.1.0_AMD64.DEB",
        "/muster.v1.Admin/ListNodes",
        "/authority/root.key",
    ] {
        let (status, _, body) = asked(&lab, "GET", path).await;
        assert_eq!(
            (status, body),
            (404, b"there is no such file\n".to_vec()),
            "{path}"
        );
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let (status, _, _) = asked(&lab, method, "/root.pem").await;
        assert_eq!(status, 405, "{method}");
    }
}

#[tokio::test]
async fn without_packages_that_is_said_and_the_rest_goes_on() {
    let lab = Lab::start().await;
    let (status, _, body) = asked(&lab, "GET", "/packages/manifest").await;
    assert_eq!(
        (status, body),
        (404, b"this controller has no packages\n".to_vec())
    );
    assert_eq!(asked(&lab, "GET", "/root.pem").await.0, 200);
    let problem = installation(&lab).await.problem;
    assert!(
        problem.contains(lab.packages().to_str().unwrap()),
        "{problem}"
    );
    // They come without a restart.
    let lab = with_package(lab, CONTENT);
    assert_eq!(asked(&lab, "GET", "/packages/manifest").await.0, 200);
}

#[tokio::test]
async fn who_speaks_http_2_or_says_nothing_of_it_is_served_too() {
    let lab = lab().await;
    let stream = TokioIo::new(lab.shaken().await);
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    for path in ["/root.pem".to_owned(), format!("/packages/{FILE}")] {
        let uri = format!("https://localhost{path}");
        let request = hyper::Request::get(uri)
            .body(Empty::<Bytes>::new())
            .unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(
            body == CONTENT || body == lab.authority.root_pem(),
            "{path}"
        );
    }
    let mut stream = lab.shaken_for(&[]).await;
    let request = b"GET /root.pem HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn of_one_connection_one_package_is_sent_at_a_time() {
    // More than the windows of HTTP/2 let through before it is read.
    let large = vec![7; 8 << 20];
    let lab = with_package(Lab::start().await, &large);
    let stream = TokioIo::new(lab.shaken().await);
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    let mut ask = || {
        let uri = format!("https://localhost/packages/{FILE}");
        let request = hyper::Request::get(uri)
            .body(Empty::<Bytes>::new())
            .unwrap();
        sender.send_request(request)
    };
    let first = ask().await.unwrap();
    let mut second = Box::pin(ask());
    let early = tokio::time::timeout(Duration::from_millis(500), second.as_mut()).await;
    assert!(early.is_err(), "both are sent at once");
    assert!(first.into_body().collect().await.unwrap().to_bytes() == large);
    let second = second.await.unwrap();
    assert!(second.into_body().collect().await.unwrap().to_bytes() == large);
}

#[tokio::test]
async fn who_does_not_read_is_cut_off() {
    let newcomers = Newcomers {
        longest_stay: Duration::from_secs(2),
        ..Newcomers::default()
    };
    let lab = Lab::with(Setup {
        newcomers,
        ..Setup::default()
    });
    let large = vec![7; 32 << 20];
    let lab = with_package(lab.await, &large);
    // Which takes a while for the first time.
    assert_eq!(installation(&lab).await.problem, "");
    let mut stream = lab.shaken_for(&["http/1.1"]).await;
    let request = format!("GET /packages/{FILE} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut begun = [0; 1024];
    stream.read_exact(&mut begun).await.unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut rest)).await;
    assert!(
        ended.is_ok() && rest.len() < large.len() / 2,
        "{}",
        rest.len()
    );
}
