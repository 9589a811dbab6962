//! The agent when nothing happens: enrolled, connected, with heartbeats every 10 s; beside prometheus-node-exporter, which is
//! scraped as often as Prometheus does it.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use muster_proto::v1;

use crate::fleet::{Controller, Usage, load};
use crate::program;

/// Between two heartbeats, as a controller has it by default.
const INTERVAL: Duration = Duration::from_secs(10);
/// Between two scrapes: Prometheus' own configuration has it so.
const SCRAPE: Duration = Duration::from_secs(15);
/// Until nothing of the start is going on any more.
const SETTLED: Duration = Duration::from_secs(60);
/// How long the machine may take to become a node.
const PATIENCE: Duration = Duration::from_secs(60);

const MOST_RESIDENT_BYTES: u64 = 15 << 20;
const MOST_PERCENT: f64 = 0.1;
const EXPORTER: &str = "prometheus-node-exporter";

/// What came of it.
#[derive(Debug)]
pub struct Idle {
    /// As Markdown.
    pub text: String,
    /// What was demanded and is not so.
    pub missed: Vec<&'static str>,
}

/// Killed when it is dropped.
struct Running(Child);

/// What one of the two costs.
struct Cost {
    percent: f64,
    resident_bytes: u64,
    /// What nobody else can have of it.
    own_bytes: u64,
    threads: u64,
}

/// Measures both for so long, after a minute in which they settle.
///
/// # Panics
/// When a program does not run, or the machine does not become a node.
pub async fn idle(measured: Duration) -> Idle {
    let before = load();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let controller = Controller::start(folder.path(), INTERVAL);
    let agent = agent(folder.path(), &controller).await;
    let (exporter, port) = exporter(folder.path());
    scrape_for(port, SETTLED).await;
    let processes = [agent.0.id(), exporter.0.id()];
    let (begun, used) = (Instant::now(), processes.map(Usage::of));
    scrape_for(port, measured).await;
    let [agent, exporter] = [0, 1].map(|at| cost(processes[at], used[at], begun.elapsed()));
    report(measured, &agent, &exporter, &[before, load()])
}

fn report(measured: Duration, agent: &Cost, exporter: &Cost, load: &[String; 2]) -> Idle {
    let mib = |bytes: u64| format!("{:.1} MiB", Usage::mebibytes(bytes));
    let row = |what: &str, value: &dyn Fn(&Cost) -> String| {
        format!("| {what} | {} | {} |\n", value(agent), value(exporter))
    };
    let mut text = format!(
        "Measured for {} s, {} s after the start: the agent enrolled and active, with a heartbeat every {} s; {EXPORTER} with its \
         defaults, scraped every {} s. The machine has {} control groups, at which the agent looks with each heartbeat; its load \
         before and after: {}.\n\n| what | `muster agent` | {EXPORTER} |\n| --- | --- | --- |\n",
        measured.as_secs(),
        SETTLED.as_secs(),
        INTERVAL.as_secs(),
        SCRAPE.as_secs(),
        control_groups(),
        load.join("; "),
    );
    text += &row("resident memory", &|cost| mib(cost.resident_bytes));
    text += &row("of that anonymous, and not of its files", &|cost| {
        mib(cost.own_bytes)
    });
    text += &row("of one processor", &|cost| format!("{:.3} %", cost.percent));
    text += &row("threads", &|cost| cost.threads.to_string());
    let demanded = [
        (
            "resident memory of the agent under 15 MiB",
            agent.resident_bytes < MOST_RESIDENT_BYTES,
        ),
        ("under 0.1 % of a processor", agent.percent < MOST_PERCENT),
    ];
    text += "\n| demanded | met |\n| --- | --- |\n";
    for (what, is_met) in demanded {
        text += &format!("| {what} | {} |\n", if is_met { "yes" } else { "**no**" });
    }
    let missed = demanded.into_iter().filter(|(_, is_met)| !is_met);
    Idle {
        text,
        missed: missed.map(|(what, _)| what).collect(),
    }
}

/// Of the hierarchy that has the processes.
fn control_groups() -> usize {
    let root = Path::new("/sys/fs/cgroup");
    let first = Some(root.join("systemd")).filter(|first| first.exists());
    let mut folders = vec![first.unwrap_or(root.to_owned())];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        // One that went away has none.
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let groups = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        folders.extend(groups.map(|group| group.path()));
        count += 1;
    }
    count
}

fn cost(process: u32, before: Usage, passed: Duration) -> Cost {
    let after = Usage::of(process);
    Cost {
        percent: after.since(before, passed).percent,
        resident_bytes: after.resident_bytes,
        own_bytes: after.own_bytes,
        threads: after.threads,
    }
}

/// An agent whose machine is active in the cluster.
async fn agent(folder: &Path, controller: &Controller) -> Running {
    let token = folder.join("token");
    fs::write(&token, controller.token(1).await).expect("the token is written");
    let mut command = program::command();
    command.args(["agent", "--controller", &controller.address]);
    command.arg("--token-file").arg(&token);
    command.arg("--state").arg(folder.join("agent"));
    let agent = start(&mut command, &folder.join("agent.log"));
    let until = Instant::now() + PATIENCE;
    while !is_active(controller).await {
        let log = || fs::read_to_string(folder.join("agent.log")).unwrap_or_default();
        assert!(
            Instant::now() < until,
            "it does not become active: {}",
            log()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    agent
}

async fn is_active(controller: &Controller) -> bool {
    let mut admin = controller.admin().await;
    let listed = admin.list_nodes(v1::ListNodesRequest::default()).await;
    let nodes = listed.expect("nodes are listed").into_inner().nodes;
    nodes
        .iter()
        .any(|node| node.status() == v1::NodeStatus::Active)
}

fn exporter(folder: &Path) -> (Running, u16) {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let mut command = Command::new(EXPORTER);
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    let exporter = start(&mut command, &folder.join("exporter.log"));
    let until = Instant::now() + PATIENCE;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(Instant::now() < until, "{EXPORTER} does not listen");
        std::thread::sleep(Duration::from_millis(100));
    }
    (exporter, port)
}

/// Scrapes for so long.
async fn scrape_for(port: u16, long: Duration) {
    let until = tokio::time::Instant::now() + long;
    let mut ticks = tokio::time::interval(SCRAPE);
    while tokio::time::Instant::now() < until {
        tokio::select! {
            // Cancel-safe: nothing is lost with a tick.
            _ = ticks.tick() => scrape(port),
            () = tokio::time::sleep_until(until) => {}
        }
    }
}

fn scrape(port: u16) {
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect(to).expect("the exporter listens");
    let request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).expect("it takes requests");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    assert!(answer.starts_with(b"HTTP/1.1 200"), "it gives no metrics");
}

fn start(command: &mut Command, log: &Path) -> Running {
    let log = File::create(log).expect("a log");
    let started = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn();
    Running(started.unwrap_or_else(|error| {
        let program = command.get_program().display();
        panic!("{program} does not start: {error}; `apt-get install {EXPORTER}` has the exporter")
    }))
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
