//! One node: a container that systemd boots.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Lab, succeed};
use crate::program;

/// A container boots in half a second, on a busy machine in some.
const PATIENCE: Duration = Duration::from_secs(60);

/// The parts of this checkout that systemd and the message bus read, and where.
const PARTS: [(&str, &str); 4] = [
    ("systemd", "/usr/lib/systemd/system"),
    ("systemd/sysusers.d", "/usr/lib/sysusers.d"),
    ("systemd/dbus-1/system.d", "/usr/share/dbus-1/system.d"),
    (
        "systemd/dbus-1/system-services",
        "/usr/share/dbus-1/system-services",
    ),
];

/// A container.
#[derive(Debug)]
pub struct Node<'a> {
    lab: &'a Lab,
    name: String,
    container: Child,
    /// Its first process.
    leader: u32,
}

impl<'a> Node<'a> {
    /// Boots node `number`, with the units of this checkout, `muster`, and those files, which are given with their paths inside.
    /// `/evidence` inside is the folder `NAME.evidence` of the lab. Of a node that was booted before with this number and dropped, which
    /// is as when its power goes, it has the machine-id and the agent's state.
    ///
    /// # Panics
    /// When it does not boot.
    pub fn boot(lab: &'a Lab, number: u8, files: &[(&str, &str)]) -> Self {
        Self::boot_keeping(lab, number, files, &[])
    }

    /// The same with more `folders` that such a node still has.
    ///
    /// # Panics
    /// When it does not boot.
    pub fn boot_keeping(
        lab: &'a Lab,
        number: u8,
        files: &[(&str, &str)],
        folders: &[&str],
    ) -> Self {
        let program = (
            program::muster().to_owned(),
            PathBuf::from("/usr/bin/muster"),
        );
        let parts = PARTS.iter().flat_map(|(from, to)| files_in(from, to));
        let kept = ["/var/lib/muster"].iter().chain(folders).map(|inside| {
            let outside = lab.path(&format!("n{number}{}", inside.replace('/', ".")));
            fs::create_dir_all(&outside).expect("a folder of the node");
            format!("--bind={}:{inside}", outside.display())
        });
        let ours = parts
            .chain([program])
            .map(|(outside, inside)| read_only(&outside, &inside));
        let node = Self::bound(lab, number, ours.chain(kept), files);
        // As the packages do: the user, then the bus that is to know it.
        node.succeed("systemd-sysusers && busctl call org.freedesktop.DBus / org.freedesktop.DBus ReloadConfig");
        node
    }

    /// The same without anything of muster, but with `outside` files at their paths inside.
    ///
    /// # Panics
    /// When it does not boot.
    pub fn boot_with(
        lab: &'a Lab,
        number: u8,
        outside: &[(PathBuf, PathBuf)],
        files: &[(&str, &str)],
    ) -> Self {
        let outside = outside.iter();
        let outside = outside.map(|(outside, inside)| read_only(outside, inside));
        Self::bound(lab, number, outside, files)
    }

    fn bound(
        lab: &'a Lab,
        number: u8,
        binds: impl Iterator<Item = String>,
        files: &[(&str, &str)],
    ) -> Self {
        let name = format!("n{number}");
        let [evidence, uuid] = ["evidence", "uuid"].map(|what| lab.path(&format!("{name}.{what}")));
        fs::create_dir_all(&evidence).expect("a folder of the node");
        if !uuid.exists() {
            fs::copy("/proc/sys/kernel/random/uuid", &uuid).expect("the kernel makes them");
        }
        let uuid = fs::read_to_string(uuid).expect("the node's machine-id");
        let network = format!(
            "[Match]\nName=host0\n[Network]\nAddress=10.77.0.{}/24\nLinkLocalAddressing=no\n",
            10 + number
        );
        let mut command = lab.command(&name, "systemd-nspawn");
        command
            .args(["--quiet", "--register=no", "--keep-unit", "--boot"])
            .args(["--volatile=overlay", "--network-bridge=br0"])
            .arg("--directory")
            .arg(lab.root())
            .arg(format!("--machine={name}"))
            .arg(format!("--uuid={}", uuid.trim()))
            .arg(format!("--bind={}:/evidence", evidence.display()))
            .args(binds);
        let own = [("/etc/systemd/network/10-lab.network", network.as_str())];
        for (count, (inside, content)) in own.iter().chain(files).enumerate() {
            let outside = lab.path(&format!("{name}.{count}"));
            fs::write(&outside, content).expect("a file of the node");
            command.arg(read_only(&outside, Path::new(inside)));
        }
        let console = fs::File::create(lab.path(&format!("{name}.console"))).expect("a console");
        let container = command
            .arg("systemd.unified_cgroup_hierarchy=1")
            .stdin(Stdio::null())
            .stdout(console.try_clone().expect("the console twice"))
            .stderr(console)
            .spawn()
            .expect("systemd-nspawn runs");
        let mut node = Self {
            lab,
            name,
            container,
            leader: 0,
        };
        node.leader = node.leader();
        node.wait_for("systemctl is-active -q basic.target");
        node
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A file in `/evidence`.
    pub fn evidence(&self, file: &str) -> PathBuf {
        self.lab.path(&format!("{}.evidence", self.name)).join(file)
    }

    /// Runs a shell script inside.
    ///
    /// # Panics
    /// When it fails.
    pub fn succeed(&self, script: &str) -> String {
        succeed(&mut self.shell(script))
    }

    /// A shell inside that is told on its standard input what to do, as one behind SSH is.
    pub fn login(&self) -> Command {
        let mut command = self.inside();
        command.args(["sh", "-s"]);
        command
    }

    /// Waits until a shell script inside succeeds.
    ///
    /// # Panics
    /// When it does not in a minute.
    pub fn wait_for(&self, script: &str) {
        let until = Instant::now() + PATIENCE;
        while !self
            .shell(script)
            .output()
            .is_ok_and(|ran| ran.status.success())
        {
            assert!(
                Instant::now() < until,
                "{}: in vain: {script}\n{}",
                self.name,
                self.journal()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What the units of muster said.
    pub fn journal(&self) -> String {
        let said = self.shell("journalctl --no-pager -o short-precise -b | grep -E 'muster|systemd\\[1\\]' | tail -n 150").output();
        said.map(|said| String::from_utf8_lossy(&said.stdout).into_owned())
            .unwrap_or_default()
    }

    /// Takes its cable out, or puts it in again: `down` or `up`.
    pub fn link(&self, state: &str) {
        self.lab.ip(&format!("link set vb-{} {state}", self.name));
    }

    fn shell(&self, script: &str) -> Command {
        let mut command = self.inside();
        command.args(["sh", "-c", script]).stdin(Stdio::null());
        command
    }

    fn inside(&self) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg("--target")
            .arg(self.leader.to_string())
            .args(["--all", "--wdns=/"])
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }

    /// The process that is 1 inside: the only one below systemd-nspawn.
    fn leader(&mut self) -> u32 {
        let supervisor = self.container.id();
        let children = format!("/proc/{supervisor}/task/{supervisor}/children");
        let until = Instant::now() + PATIENCE;
        loop {
            let children = fs::read_to_string(&children).unwrap_or_default();
            if let Some(child) = children.split_whitespace().next() {
                let child: u32 = child.parse().expect("a process id");
                let runs = fs::read_to_string(format!("/proc/{child}/comm"));
                if runs.is_ok_and(|runs| runs == "systemd\n") {
                    return child;
                }
            }
            let console = || fs::read_to_string(self.lab.path(&format!("{}.console", self.name)));
            let ended = self.container.try_wait().expect("it is ours");
            assert!(
                ended.is_none() && Instant::now() < until,
                "{} does not boot: {ended:?}: {:?}",
                self.name,
                console()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Node<'_> {
    fn drop(&mut self) {
        self.lab.cgroup.kill(&self.name);
        let _ = self.container.wait();
        // The kernel takes it away some time after that, and a node that is booted again needs its name.
        let cable = format!("vb-{}", self.name);
        let mut ip = self.lab.command("holder", "ip");
        let _ = ip.args(["link", "delete", &cable]).output();
    }
}

/// How systemd-nspawn shows a file inside that nobody there can write.
fn read_only(outside: &Path, inside: &Path) -> String {
    format!("--bind-ro={}:{}", outside.display(), inside.display())
}

/// The files of a folder of this checkout, with their places in a folder of the node.
fn files_in(from: &str, to: &str) -> Vec<(PathBuf, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(from);
    let entries = fs::read_dir(&folder).expect("a folder of this checkout");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = paths.filter(|path| path.is_file()).collect();
    files.sort();
    assert!(!files.is_empty(), "nothing in {}", folder.display());
    let inside = |file: &PathBuf| Path::new(to).join(file.file_name().expect("a name"));
    let files = files.into_iter();
    files.map(|file| (file.clone(), inside(&file))).collect()
}
