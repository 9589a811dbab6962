//! The controller's process, in a folder of its own.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use hyper_util::rt::TokioIo;
use muster_proto::v1;
use muster_proto::v1::admin_client::AdminClient;
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint};

use crate::loopback::{POLICY, Process};
use crate::program;

const PATIENCE: Duration = Duration::from_secs(120);

/// A controller that serves.
pub(crate) struct Controller {
    pub(crate) address: String,
    folder: PathBuf,
    interval: Duration,
    serving: Process,
    log: File,
    /// A line of it that is not whole yet.
    rest: String,
}

impl Controller {
    /// Starts one with its state in `folder`.
    pub(crate) fn start(folder: &Path, interval: Duration) -> Self {
        fs::write(folder.join("policy.toml"), POLICY).expect("the policy is written");
        let (serving, address) = serve(folder, "127.0.0.1:0", interval);
        let log = File::open(folder.join("controller.log"));
        Self {
            log: log.expect("it has a log"),
            rest: String::new(),
            address,
            folder: folder.to_owned(),
            interval,
            serving,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.serving.id()
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.join("controller")
    }

    /// A new token that admits so many and accepts them at once.
    pub(crate) async fn token(&self, uses: u32) -> String {
        let token = v1::CreateTokenRequest {
            role: v1::Role::Worker.into(),
            ttl_s: 24 * 3600,
            uses,
            auto_accept: true,
            ..v1::CreateTokenRequest::default()
        };
        let mut admin = self.admin().await;
        let token = admin.create_token(token).await.expect("a token");
        token.into_inner().token
    }

    /// As `kill -9`, and started again on the same port.
    pub(crate) fn kill_and_start(&mut self) {
        // It may have ended by itself.
        let _ = self.serving.0.kill();
        let _ = self.serving.0.wait();
        (self.serving, self.address) = serve(&self.folder, &self.address, self.interval);
    }

    /// The service for administrators.
    pub(crate) async fn admin(&self) -> AdminClient<Channel> {
        let socket = self.folder.join("admin.sock");
        let connector = tower::service_fn(move |_| {
            let socket = socket.clone();
            async move { UnixStream::connect(socket).await.map(TokioIo::new) }
        });
        let endpoint = Endpoint::from_static("http://localhost");
        let channel = endpoint.connect_with_connector(connector).await;
        AdminClient::new(channel.expect("the socket answers"))
    }

    /// How often its log has the words, in what was written since this was asked last.
    pub(crate) fn told_since(&mut self, words: &str) -> usize {
        let mut log = std::mem::take(&mut self.rest);
        self.log.read_to_string(&mut log).expect("it has a log");
        let whole = log.rfind('\n').map_or(0, |end| end + 1);
        self.rest = log.split_off(whole);
        log.lines().filter(|line| line.contains(words)).count()
    }
}

fn serve(folder: &Path, listen: &str, interval: Duration) -> (Process, String) {
    let told = folder.join("address");
    let mut command = Command::new(program::controller());
    command.arg("--socket").arg(folder.join("admin.sock"));
    command.args(["serve", "--listen", listen, "--interval"]);
    command.arg(format!("{}ms", interval.as_millis()));
    command.arg("--state").arg(folder.join("controller"));
    command.arg("--policy").arg(folder.join("policy.toml"));
    command.env("NO_COLOR", "1");
    command.stdout(File::create(&told).expect("a file"));
    let serving = Process::start(&mut command, &folder.join("controller.log"));
    let until = Instant::now() + PATIENCE;
    loop {
        let text = fs::read_to_string(&told).expect("a file");
        if let Some(address) = text.strip_prefix("listening on ") {
            return (serving, address.trim().to_owned());
        }
        let log = || fs::read_to_string(folder.join("controller.log")).unwrap_or_default();
        assert!(Instant::now() < until, "it does not listen: {}", log());
        std::thread::sleep(Duration::from_millis(20));
    }
}
