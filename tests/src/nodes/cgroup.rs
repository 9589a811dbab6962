//! The control group of a lab. Whatever happens to the test, a process outside of it sees the end of the test's standing pipe, kills
//! all that is in the group and removes it: nothing is left behind, on Ctrl-C and after a crash either.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Reads until the pipe is closed, then kills all in the group `$0` and removes the groups named after it. `rmdir` fails while the killed are still going.
const REAPER: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
for _ in $(seq 100); do
    left=
    [ ! -e "$0" ] || echo 1 >"$0/cgroup.kill"
    for group; do
        [ ! -e "$group" ] || find "$group" -depth -type d -exec rmdir {} + || left=yes
    done
    [ -n "$left" ] || exit
    sleep 0.1
done 2>/dev/null
"#;

/// Enters the group `$0`, then becomes the program.
const ENTER: &str = r#"mkdir -p "$0" && echo $$ >"$0/cgroup.procs" && exec "$@""#;

#[derive(Debug)]
pub(super) struct Cgroup {
    folder: PathBuf,
    reaper: Child,
}

impl Cgroup {
    /// An error is the reason why there can be none.
    pub(super) fn make() -> Result<Self, String> {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let own = own_group().ok_or("there is no control group hierarchy of version 2")?;
        let mounted = mount("cgroup2", "").ok_or("that of version 2 is not mounted")?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = own.join(format!("muster-lab-{}-{count}", std::process::id()));
        let folder = mounted.join(&name);
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let reaper = Command::new("sh")
            .args(["-c", REAPER])
            .arg(&folder)
            .arg(&folder)
            // Where there is one beside it, systemd-nspawn makes the same groups in the hierarchy of version 1.
            .args(mount("cgroup", "name=systemd").map(|mounted| mounted.join(&name)))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C goes to the group of the test.
            .process_group(0)
            .spawn()
            .map_err(|error| format!("sh: {error}"))?;
        Ok(Self { folder, reaper })
    }

    /// A program in the group `name` below.
    pub(super) fn command(&self, name: &str, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", ENTER])
            .arg(self.folder.join(name))
            .arg(program);
        command
    }

    /// Kills all that is in the group `name` below.
    pub(super) fn kill(&self, name: &str) {
        fs::write(self.folder.join(name).join("cgroup.kill"), "1").expect("a group can be killed");
    }

    /// Kills everything and removes the group.
    pub(super) fn clear(&mut self) {
        drop(self.reaper.stdin.take());
        let _ = self.reaper.wait();
    }
}

/// This process' own group, below the mount of version 2.
fn own_group() -> Option<PathBuf> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    Some(own.into())
}

/// Where a hierarchy is mounted that has this option, or any.
fn mount(kind: &str, option: &str) -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    mounts.lines().find_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (at, is_kind) = (fields.next()?, fields.next()? == kind);
        let has_option = option.is_empty() || fields.next()?.split(',').any(|one| one == option);
        (is_kind && has_option).then(|| PathBuf::from(at))
    })
}
