//! Real nodes: containers in which systemd runs as it does on a machine, on a network of their own.
//!
//! [`Lab`] holds all of it, [`Node`] is one of them, [`Wire`] is a bad way to some of them. Needs root, a control group hierarchy of
//! version 2 and Debian's packages that `tests/setup` installs; without them a test says what it skipped and why. Whatever is begun in a
//! lab is in one control group, which a process of its own clears away when the test ends, however it ends.

mod cgroup;
mod firmware;
mod node;
mod wire;

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::images::{Recipe, skip};
use crate::program;
use cgroup::Cgroup;
pub use firmware::give_firmware;
pub use node::Node;
pub use wire::{Weather, Wire};

const RECIPE: Recipe = Recipe {
    name: "nodes",
    files: &["build"],
    needs: &[
        "systemd-nspawn",
        "debootstrap",
        "ip",
        "ethtool",
        "nsenter",
        "unshare",
        "setpriv",
    ],
};

/// Where the controllers are.
pub const CONTROLLER: &str = "10.77.0.1";

/// A network with nodes.
#[derive(Debug)]
pub struct Lab {
    root: PathBuf,
    cgroup: Cgroup,
    /// Its namespaces are those of the lab.
    holder: Child,
    folder: TempDir,
}

impl Lab {
    /// An empty lab. `None`, said aloud, where it cannot be; with `CI=true` that is a failure.
    ///
    /// # Panics
    /// When it cannot be set up, or nothing may be skipped.
    pub fn start() -> Option<Self> {
        let ready = match program::is_root() {
            true => RECIPE
                .prepare()
                .and_then(|image| Ok((image, Cgroup::make()?))),
            false => Err("it takes root".to_owned()),
        };
        let (image, cgroup) = ready
            .inspect_err(|reason| skip("the lab of nodes", reason))
            .ok()?;
        let script = format!(
            "ip link set lo up && ip link add br0 type bridge && ip addr add {CONTROLLER}/24 dev br0 \
             && ip link set br0 up && echo ready && exec sleep infinity"
        );
        let mut holder = cgroup
            .command("holder", "unshare")
            .args([
                "--net",
                "--mount",
                "--propagation=slave",
                "sh",
                "-c",
                &script,
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare runs");
        wait_for_a_line(&mut holder);
        Some(Self {
            root: image.join("root"),
            cgroup,
            holder,
            folder: tempfile::tempdir().expect("a folder for the lab"),
        })
    }

    /// The file or folder `name` of this lab, which is thrown away with it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The root directory of the nodes before they are started.
    pub fn root(&self) -> &std::path::Path {
        &self.root
    }

    /// A program in the lab's network, ended with the lab. Its processes are counted as `name`.
    pub fn command(&self, name: &str, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = self.cgroup.command(name, "nsenter");
        command
            .arg("--target")
            .arg(self.holder.id().to_string())
            .args(["--net", "--mount", "--wdns=/", "--"])
            .arg(program);
        command
    }

    /// Runs `ip` with these words in the lab's network.
    ///
    /// # Panics
    /// When it fails.
    pub fn ip(&self, words: &str) {
        let mut command = self.command("holder", "ip");
        succeed(command.args(words.split_whitespace()));
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.cgroup.clear();
        let _ = self.holder.wait();
    }
}

/// Runs to the end.
///
/// # Panics
/// When it fails.
pub fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    let Output {
        status,
        stdout,
        stderr,
    } = output;
    let told = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{command:?}: {status}: {told}");
    String::from_utf8(stdout).expect("output is UTF-8")
}

fn wait_for_a_line(child: &mut Child) {
    use std::io::{BufRead as _, BufReader};
    let output = child.stdout.take().expect("its output is piped");
    let mut line = String::new();
    BufReader::new(output)
        .read_line(&mut line)
        .expect("its output can be read");
    assert_eq!(line, "ready\n", "the lab's network");
}
