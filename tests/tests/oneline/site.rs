//! A controller that hands out packages, and bare machines to paste its line into.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use muster_tests::loopback::POLICY;
use muster_tests::nodes::{CONTROLLER, Lab, Node, succeed};
use muster_tests::packages::packages;
use muster_tests::program::{self, Ran};
use serde_json::Value;

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// What a machine has of muster, if anything: files, processes, and what was left in the middle.
pub(crate) const NOTHING: &str = "test ! -e /usr/bin/muster && test ! -e /etc/muster && test ! -e /etc/credstore/muster-token \
    && ! pgrep -f 'install[.]sh' >/dev/null && ! ls -A /tmp | grep -v ^systemd-private";

/// A controller with packages in the network of the lab.
pub(crate) struct Site<'a> {
    pub(crate) lab: &'a Lab,
    pub(crate) process: Child,
    pub(crate) package: PathBuf,
}

impl<'a> Site<'a> {
    pub(crate) fn start(lab: &'a Lab) -> Self {
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

    pub(crate) fn ask(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(program::controller());
        command.arg("--socket").arg(self.lab.path("admin.sock"));
        program::run(command.args(arguments))
    }

    /// A new line, with these arguments for `import-command`.
    pub(crate) fn line(&self, arguments: &[&str]) -> String {
        let ran = self.ask(&[&["nodes", "import-command"], arguments].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.told);
        ran.data
    }

    pub(crate) fn node(&self, name: &str) -> Value {
        let listed = self.ask(&["nodes", "list", "-o", "json"]);
        let nodes: Vec<Value> = serde_json::from_str(&listed.data).unwrap();
        let found = nodes.into_iter().find(|node| node["name"] == name);
        found.unwrap_or_default()
    }

    /// What somebody carries to a machine, in its `/evidence/FOLDER`.
    pub(crate) fn carry(&self, node: &Node<'_>, into: &str) {
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

pub(crate) fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

pub(crate) fn folder(lab: &Lab, name: &str) -> PathBuf {
    let folder = lab.path(name);
    fs::create_dir(&folder).unwrap();
    folder
}

pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "in vain: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// How a line went: what it said, each with the time since its beginning.
pub(crate) struct Went {
    pub(crate) succeeded: bool,
    pub(crate) said: Vec<(Duration, String)>,
}

impl Went {
    pub(crate) fn text(&self) -> String {
        let lines = self.said.iter().map(|(_, line)| format!("{line}\n"));
        lines.collect()
    }
}

/// Gives the line to a shell of the machine, as `ssh NODE sh` does.
pub(crate) fn paste(node: &Node<'_>, line: &str) -> Went {
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
pub(crate) fn refused(node: &Node<'_>, line: &str, reason: &str) {
    let went = paste(node, line);
    let text = went.text();
    assert!(!went.succeeded && text.contains(reason), "{reason}: {text}");
    node.succeed(NOTHING);
}

/// The line with one digit of the `number`th digest in it turned.
pub(crate) fn turned(line: &str, digest: &str) -> String {
    let last = digest.chars().last().unwrap();
    let other = if last == '0' { '1' } else { '0' };
    let wrong = format!("{}{other}", &digest[..digest.len() - 1]);
    assert!(line.contains(digest), "{line}");
    line.replace(digest, &wrong)
}

pub(crate) fn flip(file: &Path, at: usize) {
    let mut content = fs::read(file).unwrap();
    content[at] ^= 1;
    fs::write(file, content).unwrap();
}

pub(crate) fn bare<'a>(lab: &'a Lab, number: u8) -> Node<'a> {
    let node = Node::boot_with(lab, number, &[], &[]);
    node.succeed("mount -t tmpfs -o noexec,nosuid,mode=1777 none /tmp");
    node.succeed(NOTHING);
    node
}
