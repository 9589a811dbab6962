//! The one line that makes a machine a node: on bare machines under systemd, with a controller that hands out the packages.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "test code"
)]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use muster_tests::images::skip;
use muster_tests::loopback::POLICY;
use muster_tests::nodes::{CONTROLLER, Lab, Node, succeed};
use muster_tests::packages::packages;
use muster_tests::program::{self, Ran};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);
/// What a machine has of muster, if anything: files, processes, and what was left in the middle.
const NOTHING: &str = "test ! -e /usr/bin/muster && test ! -e /etc/muster && test ! -e /etc/credstore/muster-token \
    && ! pgrep -f 'install[.]sh' >/dev/null && ! ls -A /tmp | grep -v ^systemd-private";

/// A controller with packages in the network of the lab.
struct Site<'a> {
    lab: &'a Lab,
    process: Child,
    package: PathBuf,
}

impl<'a> Site<'a> {
    fn start(lab: &'a Lab) -> Self {
        let built = packages(&folder(lab, "built"));
        let package = built.into_iter().find(|it| name(it).starts_with("muster_"));
        let package = package.expect("a package of the agent");
        fs::copy(&package, folder(lab, "packages").join(name(&package))).unwrap();
        fs::write(lab.path("policy.toml"), POLICY).unwrap();
        let log = fs::File::create(lab.path("controller.log")).unwrap();
        let mut command = lab.command("controller", program::controller());
        command
            .arg("--socket")
            .arg(lab.path("admin.sock"))
            .args(["serve", "--interval", "1s", "--name", CONTROLLER])
            .arg("--listen")
            .arg(format!("{CONTROLLER}:7443"));
        for (flag, path) in [
            ("--state", "controller"),
            ("--policy", "policy.toml"),
            ("--packages", "packages"),
        ] {
            command.arg(flag).arg(lab.path(path));
        }
        command.env("NO_COLOR", "1").stdin(Stdio::null());
        let process = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let site = Self {
            lab,
            process,
            package,
        };
        until("the controller serves", || {
            site.ask(&["nodes", "list"]).code == Some(0)
        });
        site
    }

    fn ask(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(program::controller());
        command.arg("--socket").arg(self.lab.path("admin.sock"));
        program::run(command.args(arguments))
    }

    /// A new line, with these arguments for `import-command`.
    fn line(&self, arguments: &[&str]) -> String {
        let ran = self.ask(&[&["nodes", "import-command"], arguments].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.told);
        ran.data
    }

    fn node(&self, name: &str) -> Value {
        let listed = self.ask(&["nodes", "list", "-o", "json"]);
        let nodes: Vec<Value> = serde_json::from_str(&listed.data).unwrap();
        let found = nodes.into_iter().find(|node| node["name"] == name);
        found.unwrap_or_default()
    }

    /// What somebody carries to a machine, in its `/evidence/FOLDER`.
    fn carry(&self, node: &Node<'_>, into: &str) {
        let into = node.evidence(into);
        fs::create_dir(&into).unwrap();
        for file in ["install.sh", "root.pem", "packages/manifest"] {
            let mut curl = self.lab.command("fetch", "curl");
            curl.args(["-qfsSk", &format!("https://{CONTROLLER}:7443/{file}"), "-o"]);
            succeed(curl.arg(into.join(file.rsplit('/').next().unwrap())));
        }
        fs::copy(&self.package, into.join(name(&self.package))).unwrap();
    }
}

impl Drop for Site<'_> {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

fn folder(lab: &Lab, name: &str) -> PathBuf {
    let folder = lab.path(name);
    fs::create_dir(&folder).unwrap();
    folder
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "in vain: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// How a line went: what it said, each with the time since its beginning.
struct Went {
    succeeded: bool,
    said: Vec<(Duration, String)>,
}

impl Went {
    fn text(&self) -> String {
        let lines = self.said.iter().map(|(_, line)| format!("{line}\n"));
        lines.collect()
    }
}

/// Gives the line to a shell of the machine, as `ssh NODE sh` does.
fn paste(node: &Node<'_>, line: &str) -> Went {
    let begun = Instant::now();
    let mut command = node.login();
    let mut shell = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = shell.stdin.take().unwrap();
    input.write_all(line.as_bytes()).unwrap();
    drop(input);
    let told = BufReader::new(shell.stderr.take().unwrap()).lines();
    let said = told.map(|line| (begun.elapsed(), line.unwrap())).collect();
    let succeeded = shell.wait().unwrap().success();
    Went { succeeded, said }
}

/// Fails unless the line is refused for that reason, and the machine is as bare as before.
fn refused(node: &Node<'_>, line: &str, reason: &str) {
    let went = paste(node, line);
    let text = went.text();
    assert!(!went.succeeded && text.contains(reason), "{reason}: {text}");
    node.succeed(NOTHING);
}

/// The line with one digit of the `number`th digest in it turned.
fn turned(line: &str, digest: &str) -> String {
    let last = digest.chars().last().unwrap();
    let other = if last == '0' { '1' } else { '0' };
    let wrong = format!("{}{other}", &digest[..digest.len() - 1]);
    assert!(line.contains(digest), "{line}");
    line.replace(digest, &wrong)
}

fn flip(file: &Path, at: usize) {
    let mut content = fs::read(file).unwrap();
    content[at] ^= 1;
    fs::write(file, content).unwrap();
}

fn bare<'a>(lab: &'a Lab, number: u8) -> Node<'a> {
    let node = Node::boot_with(lab, number, &[], &[]);
    node.succeed("mount -t tmpfs -o noexec,nosuid,mode=1777 none /tmp");
    node.succeed(NOTHING);
    node
}

#[test]
fn one_line_makes_a_machine_a_node() {
    let Some(lab) = Lab::start() else { return };
    let site = Site::start(&lab);
    let node = bare(&lab, 1);
    what_is_not_the_controllers_is_refused(&site, &node);
    what_broke_off_does_nothing(&node);
    joins(&site, &node);
    twice_is_once(&site, &node);
}

fn what_is_not_the_controllers_is_refused(site: &Site<'_>, node: &Node<'_>) {
    let told = site.line(&["-o", "json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    let [line, digest] = ["command", "root_sha256"].map(|key| told[key].as_str().unwrap());
    refused(
        node,
        &turned(line, digest),
        "is not the controller that this line is for",
    );
    refused(node, &line.replace("mst1.", "mst2."), "no join token");

    site.carry(node, "carried");
    let carried = |file: &str| node.evidence("carried").join(file);
    let line = site.line(&["--from", "/evidence/carried"]);
    let package = carried(name(&site.package));
    let changes: [(&Path, usize, &str); 4] = [
        (&carried("install.sh"), 100, "is not that of the controller"),
        (
            &carried("root.pem"),
            100,
            "is not the root of the controller",
        ),
        (&carried("manifest"), 30, "is not signed by the controller"),
        (&package, 1000, "SHA-256 is not that of the list"),
    ];
    for (file, at, reason) in changes {
        flip(file, at);
        refused(node, &line, reason);
        flip(file, at);
    }
    // A list that somebody else signed, with all that belongs to it.
    let manifest = carried("manifest");
    let own = fs::read_to_string(&manifest).unwrap();
    node.succeed(
        "cd /evidence/carried && sed '/^-----BEGIN /,$d' manifest >list && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
         -nodes -keyout key -out certificate -subj '/CN=muster packages' -addext extendedKeyUsage=codeSigning 2>/dev/null \
         && openssl dgst -sha256 -sign key -out signature list && { cat list; echo '-----BEGIN MUSTER SIGNATURE-----'; base64 signature; \
         echo '-----END MUSTER SIGNATURE-----'; cat certificate; } >manifest",
    );
    refused(node, &line, "is not signed by the controller");
    fs::write(&manifest, &own).unwrap();
    // Without openssl nobody can say whose a carried list is.
    node.succeed("mv /usr/bin/openssl /usr/bin/openssl.away");
    refused(node, &line, "openssl is missing");
    node.succeed("mv /usr/bin/openssl.away /usr/bin/openssl");
}

/// Whatever is missing from the end of the script, nothing of it runs.
fn what_broke_off_does_nothing(node: &Node<'_>) {
    let script = fs::read_to_string(node.evidence("carried/install.sh")).unwrap();
    let whole = script.trim_end().len();
    let lines = script.match_indices('\n').map(|(at, _)| at);
    let ends: Vec<usize> = lines
        .chain(whole - 40..whole)
        .filter(|end| *end < whole)
        .collect();
    let pieces = node.evidence("pieces");
    fs::create_dir(&pieces).unwrap();
    for end in &ends {
        fs::write(pieces.join(end.to_string()), &script[..*end]).unwrap();
    }
    // Complete, it says how it is used: had a piece been run, it would have said so.
    node.succeed("sh /evidence/carried/install.sh --help | grep -q '^usage:'");
    let said = node.succeed(
        "cd /evidence/pieces && for piece in *; do sh \"$piece\" --help 2>/dev/null </dev/null; done; true",
    );
    assert_eq!(said, "", "of {} pieces", ends.len());
    assert!(ends.len() > 300);
    node.succeed(NOTHING);
}

fn joins(site: &Site<'_>, node: &Node<'_>) {
    let line = site.line(&[
        "--role",
        "worker",
        "--name",
        "n1",
        "--labels",
        "rack=7,zone=a",
        "--taints",
        "dedicated=gpu:NoSchedule",
    ]);
    let secret = line.split('.').nth(2).unwrap().to_owned();
    // Every process' arguments and environment, over and over.
    node.succeed(
        "setsid sh -c 'while test ! -e /evidence/enough; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; sleep 0.01; done' \
         >/evidence/processes 2>/dev/null </dev/null &",
    );
    let went = paste(node, &line);
    assert!(went.succeeded, "{}\n{}", went.text(), node.journal());
    fs::write(node.evidence("enough"), "").unwrap();
    let processes = fs::read(node.evidence("processes")).unwrap();
    let has = |what: &str| {
        processes
            .windows(what.len())
            .any(|it| it == what.as_bytes())
    };
    assert!(
        has("install.sh") && has("apt-get"),
        "the processes were not looked at"
    );
    assert!(!has(&secret), "others see the token");
    assert!(
        went.text().contains("muster-controller nodes accept n1"),
        "{}",
        went.text()
    );

    let candidate = site.node("n1");
    assert_eq!(candidate["status"], "candidate", "{candidate:#}");
    assert_eq!(candidate["role"], "worker");
    assert_eq!(candidate["labels"]["rack"], "7");
    assert_eq!(candidate["labels"]["zone"], "a");
    assert_eq!(candidate["taints"][0]["key"], "dedicated");
    node.succeed("test $(stat -c %a:%U /etc/credstore/muster-token) = 600:root");
    assert_eq!(site.ask(&["nodes", "accept", "n1"]).code, Some(0));
    until("n1 is active", || site.node("n1")["status"] == "active");
    node.succeed(
        "systemctl is-enabled -q muster-agent.service && muster wait --for active --timeout 30s",
    );
    node.succeed("muster config validate && ! ls -A /tmp | grep -v ^systemd-private");
}

/// The same again changes nothing, whether the line is new or old.
fn twice_is_once(site: &Site<'_>, node: &Node<'_>) {
    let process = || node.succeed("systemctl show --value -p MainPID muster-agent.service");
    let before = process();
    for _ in 0..2 {
        let went = paste(node, &site.line(&["--name", "n1"]));
        let text = went.text();
        assert!(went.succeeded && text.contains("is installed"), "{text}");
        assert!(!text.contains("fetching"), "{text}");
        assert!(text.contains("this machine is a node"), "{text}");
    }
    assert_eq!(process(), before, "the agent was disturbed");
    node.succeed(
        "test ! -e /etc/credstore/muster-token && ! ls -A /tmp | grep -v ^systemd-private",
    );
    // It is no other controller's by a line of that one.
    let other = paste(node, &site.line(&["--name", "n2"]));
    assert!(
        !other.succeeded && other.text().contains("is a node already"),
        "{}",
        other.text()
    );
    assert_eq!(process(), before);
    // Nothing is put under an installation that runs; the machine has to have one to do.
    node.succeed("mkdir -p /var/lib/muster/install && echo 'muster install, process 1' >/var/lib/muster/install/lease");
    node.succeed("setsid flock /var/lib/muster/install/lease sleep 60 >/dev/null 2>&1 </dev/null & sleep 0.2");
    let busy = paste(node, &site.line(&["--name", "n1"]));
    let text = busy.text();
    assert!(
        !busy.succeeded
            && text.contains("an installation runs on this machine: muster install, process 1"),
        "{text}"
    );
    node.succeed("pkill -x sleep; rm -r /var/lib/muster/install; dpkg --purge muster >/dev/null 2>&1 && test ! -e /etc/muster");
}

/// With wget, without openssl, and without anybody who accepts: how long it takes, too.
#[test]
fn a_machine_with_wget_alone_is_a_node_at_once() {
    let Some(lab) = Lab::start() else { return };
    let site = Site::start(&lab);
    let node = bare(&lab, 1);
    node.succeed("rm /usr/bin/curl /usr/bin/openssl");
    let line = site.line(&["--role", "worker", "--name", "n1", "--auto-accept"]);
    let begun = Instant::now();
    let (went, heard) = thread::scope(|scope| {
        let pasted = scope.spawn(|| paste(&node, &line));
        until("n1 is heard", || !site.node("n1")["heard_at"].is_null());
        let heard = begun.elapsed();
        (pasted.join().unwrap(), heard)
    });
    assert!(went.succeeded, "{}\n{}", went.text(), node.journal());
    assert!(
        went.text().contains("this machine is a node of"),
        "{}",
        went.text()
    );
    let size = fs::metadata(&site.package).unwrap().len() >> 20;
    eprintln!(
        "from the line to the first heartbeat: {:.2} s, with a package of {size} MiB",
        heard.as_secs_f64()
    );
    for (at, line) in &went.said {
        eprintln!("  {:6.2} s  {line}", at.as_secs_f64());
    }
}

/// Who is not root goes on as root, and the token goes on on standard input.
#[test]
fn who_is_not_root_goes_on_by_sudo() {
    if !program::is_root() {
        return skip("the script as another user", "it takes root");
    }
    let folder = tempfile::tempdir().unwrap();
    let inside = |name: &str| folder.path().join(name);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/install.sh");
    fs::copy(script, inside("install.sh")).unwrap();
    fs::write(inside("sudo"), "#!/bin/sh\nprintf '%s\\n' \"$@\"\ncat\n").unwrap();
    succeed(
        Command::new("chmod")
            .args(["-R", "a+rX"])
            .arg(folder.path()),
    );
    succeed(Command::new("chmod").arg("a+x").arg(inside("sudo")));
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "sh"])
        .arg(inside("install.sh"))
        .args(["--controller", "c1:7443", "--root-sha256", &"0".repeat(64)])
        .env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()))
        .env("https_proxy", "http://p:3128")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"mst1.token\n")
        .unwrap();
    let told = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let words: Vec<&str> = told.lines().collect();
    assert_eq!(words[..2], ["sh", inside("install.sh").to_str().unwrap()]);
    assert_eq!(words[2..4], ["--controller", "c1:7443"]);
    assert_eq!(
        words[words.len() - 3..],
        ["--proxy", "http://p:3128", "mst1.token"]
    );
}
