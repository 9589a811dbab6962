//! Runs programs: the ones named here for steps of ours, and those of `command` steps, which only root could have put there.
//!
//! No shell is between. A program gets nothing of our environment, no input but what is piped into one of ours, and is ended with all that it started when its time is over.

use std::io::{Read, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command as Process, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use crate::host::{Command, HostError, Ran};
use crate::value::HostPath;

/// What steps of ours run. Nothing else is found by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    AptGet,
    AptMark,
    Blkid,
    Ip,
    Dnf,
    Dpkg,
    DpkgQuery,
    FirewallCmd,
    MkfsExt4,
    MkfsXfs,
    Modprobe,
    Networkctl,
    Nft,
    Partx,
    Rmmod,
    Rpm,
    Sfdisk,
    Swapon,
    Swapoff,
    Systemctl,
    Sysusers,
    Udevadm,
    Userdel,
    Wipefs,
}

/// How a tool is run, where that is not as usual.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) arguments: &'a [&'a str],
    /// What it reads; shorter than what a pipe holds.
    pub(super) input: &'a str,
    pub(super) limit: Duration,
}

impl Default for Call<'_> {
    fn default() -> Self {
        Self {
            arguments: &[],
            input: "",
            limit: LIMIT,
        }
    }
}

const FOLDERS: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
const LIMIT: Duration = Duration::from_secs(60);
/// Of what a program says the end is told.
const SAID_BYTES: usize = 4096;
/// What a tool of ours says is read, too: all of it.
const HEARD_BYTES: usize = 1 << 20;
/// After a program has ended, what it started may have its output open for ever.
const LAST_WORDS: Duration = Duration::from_secs(2);

impl Tool {
    fn name(self) -> &'static str {
        match self {
            Self::AptGet => "apt-get",
            Self::AptMark => "apt-mark",
            Self::Blkid => "blkid",
            Self::Ip => "ip",
            Self::Dnf => "dnf",
            Self::Dpkg => "dpkg",
            Self::DpkgQuery => "dpkg-query",
            Self::FirewallCmd => "firewall-cmd",
            Self::MkfsExt4 => "mkfs.ext4",
            Self::MkfsXfs => "mkfs.xfs",
            Self::Modprobe => "modprobe",
            Self::Networkctl => "networkctl",
            Self::Nft => "nft",
            Self::Partx => "partx",
            Self::Rmmod => "rmmod",
            Self::Rpm => "rpm",
            Self::Sfdisk => "sfdisk",
            Self::Swapon => "swapon",
            Self::Swapoff => "swapoff",
            Self::Systemctl => "systemctl",
            Self::Sysusers => "systemd-sysusers",
            Self::Udevadm => "udevadm",
            Self::Userdel => "userdel",
            Self::Wipefs => "wipefs",
        }
    }

    /// Where it is.
    pub(super) fn find(self) -> Result<HostPath, HostError> {
        let name = self.name();
        let places = FOLDERS.iter().map(|folder| format!("{folder}/{name}"));
        let Some(place) = places.into_iter().find(|place| Path::new(place).exists()) else {
            return Err(HostError::because("run", name, "it is not installed"));
        };
        HostPath::try_from(place).map_err(|why| HostError::because("run", name, &why.to_string()))
    }

    /// Runs it with these arguments. How it ended is up to whoever asked.
    pub(super) fn run(self, arguments: &[&str]) -> Result<Ran, HostError> {
        self.ask(&Call {
            arguments,
            ..Call::default()
        })
    }

    /// Runs it, and takes it for an error when it does not end with 0.
    pub(super) fn succeed(self, arguments: &[&str]) -> Result<Ran, HostError> {
        self.call(&Call {
            arguments,
            ..Call::default()
        })
    }

    /// The same, not as usual.
    pub(super) fn call(self, call: &Call<'_>) -> Result<Ran, HostError> {
        self.judged(self.ask(call)?)
    }

    /// What it ended with, as an error when that is not 0.
    pub(super) fn judged(self, ran: Ran) -> Result<Ran, HostError> {
        match ran.code {
            Some(0) => Ok(ran),
            code => Err(HostError::Program {
                program: self.name().to_owned(),
                how: code.map_or("was ended".to_owned(), |code| format!("ended with {code}")),
                said: format!(": {}", end_of(ran.said.trim())),
            }),
        }
    }

    /// Runs it, not as usual. How it ended is up to whoever asked.
    pub(super) fn ask(self, call: &Call<'_>) -> Result<Ran, HostError> {
        let arguments = call.arguments.iter().map(|&argument| argument.to_owned());
        let command = Command {
            program: self.find()?,
            arguments: arguments.collect(),
            limit: call.limit,
        };
        run_with(&command, call.input, HEARD_BYTES)
    }
}

/// Whether a program is there, and nobody but root could have put it there: nor a folder on the way to it.
pub(super) fn vet(program: &HostPath) -> Result<(), HostError> {
    // inode(7): writable by the group, by others.
    const WRITABLE: u32 = 0o022;
    let refused = |why: &str| Err(HostError::because("run", program, why));
    let real = match Path::new(program.as_str()).canonicalize() {
        Ok(real) => real,
        Err(error) => return Err(HostError::failed("run", program, error)),
    };
    for place in real.ancestors() {
        let found = match place.metadata() {
            Ok(found) => found,
            Err(error) => return Err(HostError::failed("run", program, error)),
        };
        if found.uid() != 0 || found.mode() & WRITABLE != 0 {
            return refused(&format!("others than root may change {}", place.display()));
        }
    }
    match real.metadata() {
        Ok(found) if found.is_file() && found.mode() & 0o111 != 0 => Ok(()),
        _ => refused("it is no program"),
    }
}

/// Runs a program to its end, or to that of its time.
pub(super) fn run(command: &Command) -> Result<Ran, HostError> {
    run_with(command, "", SAID_BYTES)
}

fn run_with(command: &Command, input: &str, heard_bytes: usize) -> Result<Ran, HostError> {
    let failed = |error| HostError::failed("run", &command.program, error);
    let (output, writer) = std::io::pipe().map_err(failed)?;
    let errors = writer.try_clone().map_err(failed)?;
    let input = piped(input).map_err(failed)?;
    let mut child = spawn(command, [input, writer.into(), errors.into()]).map_err(failed)?;
    let said = Arc::new(Mutex::new(Vec::new()));
    let (ended, all_said) = mpsc::channel::<()>();
    let listener = Arc::clone(&said);
    // It ends with the last process that has the output open; nobody waits for that one.
    thread::spawn(move || {
        listen(output, &listener, heard_bytes);
        drop(ended);
    });
    let (status, in_time) = wait(&mut child, command.limit).map_err(failed)?;
    let _ = all_said.recv_timeout(LAST_WORDS);
    let words = words(&said);
    Ok(Ran {
        code: status.code().filter(|_| in_time == Ended::InTime),
        said: match (in_time, status.signal()) {
            (Ended::TooLate, _) => format!("it had not ended after {} s", command.limit.as_secs()),
            (Ended::InTime, Some(signal)) => format!("signal {signal}: {words}"),
            (Ended::InTime, None) => words,
        },
    })
}

#[allow(clippy::disallowed_methods, reason = "this is the allow-listed runner")]
fn spawn(command: &Command, [input, output, errors]: [Stdio; 3]) -> std::io::Result<Child> {
    Process::new(command.program.as_str())
        .args(&command.arguments)
        .env_clear()
        .env("PATH", PATH)
        .env("LC_ALL", "C.UTF-8")
        // Nobody is there to answer debconf(7), and needrestart(1) would end services, this one, too.
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("NEEDRESTART_SUSPEND", "1")
        .current_dir("/")
        .stdin(input)
        .stdout(output)
        .stderr(errors)
        .process_group(0)
        .spawn()
}

/// What is read by whoever has it as its input: nothing is waited for, since a pipe holds it.
fn piped(input: &str) -> std::io::Result<Stdio> {
    if input.is_empty() {
        return Ok(Stdio::null());
    }
    let (reader, mut writer) = std::io::pipe()?;
    writer.write_all(input.as_bytes())?;
    Ok(reader.into())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    InTime,
    TooLate,
}

fn wait(child: &mut Child, limit: Duration) -> std::io::Result<(ExitStatus, Ended)> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| std::io::Error::other("it has no process id"))?;
    let ended = pidfd_open(pid, PidfdFlags::empty())?;
    let limit = Timespec::try_from(limit).map_err(std::io::Error::other)?;
    let mut waiting = [PollFd::new(&ended, PollFlags::IN)];
    if poll(&mut waiting, Some(&limit))? > 0 {
        return Ok((child.wait()?, Ended::InTime));
    }
    kill_process_group(pid, Signal::KILL)?;
    Ok((child.wait()?, Ended::TooLate))
}

/// Keeps the end of what is said.
fn listen(mut output: impl Read, kept: &Mutex<Vec<u8>>, heard_bytes: usize) {
    let mut part = [0; SAID_BYTES];
    while let Ok(length @ 1..) = output.read(&mut part) {
        let Ok(mut kept) = kept.lock() else {
            return;
        };
        kept.extend(part.iter().take(length));
        let surplus = kept.len().saturating_sub(heard_bytes);
        kept.drain(..surplus);
    }
}

fn end_of(said: &str) -> &str {
    let from = said.ceil_char_boundary(said.len().saturating_sub(SAID_BYTES));
    said.get(from..).unwrap_or_default()
}

fn words(kept: &Mutex<Vec<u8>>) -> String {
    let kept = kept.lock().map(|kept| kept.clone()).unwrap_or_default();
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(program: &str, arguments: &[&str], limit: Duration) -> Ran {
        run(&Command {
            program: HostPath::try_from(program.to_owned()).unwrap(),
            arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
            limit,
        })
        .unwrap()
    }

    #[test]
    fn a_program_is_run_with_its_words_and_nothing_of_ours() {
        let ended = ran("/usr/bin/env", &[], LIMIT);
        assert_eq!(ended.code, Some(0));
        assert_eq!(
            ended.said,
            format!(
                "DEBIAN_FRONTEND=noninteractive\nLC_ALL=C.UTF-8\nNEEDRESTART_SUSPEND=1\nPATH={PATH}\n"
            )
        );
        let ended = ran("/usr/bin/printf", &["%s", "$HOME; false"], LIMIT);
        assert_eq!(ended.said, "$HOME; false");
        assert_eq!(ran("/usr/bin/false", &[], LIMIT).code, Some(1));
    }

    #[test]
    fn of_much_the_end_is_told() {
        let ended = ran("/usr/bin/seq", &["100000"], LIMIT);
        assert!(ended.said.ends_with("\n100000\n") && ended.said.len() <= SAID_BYTES);
    }

    #[test]
    fn what_takes_too_long_is_ended_with_all_that_it_started() {
        let ended = ran(
            "/usr/bin/env",
            &["sh", "-c", "sleep 60 & sleep 60"],
            Duration::from_millis(300),
        );
        assert_eq!(ended.code, None);
        assert!(ended.said.starts_with("it had not ended"), "{}", ended.said);
    }

    #[test]
    fn what_others_than_root_may_change_is_not_run() {
        let path = |path: &Path| HostPath::try_from(path.to_str().unwrap().to_owned()).unwrap();
        vet(&path(Path::new("/usr/bin/env"))).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        std::fs::write(&program, "").unwrap();
        // /tmp is everybody's.
        let refused = vet(&path(&program)).unwrap_err().to_string();
        assert!(refused.contains("others than root may change"), "{refused}");
        assert!(vet(&path(Path::new("/usr/bin/none"))).is_err());
    }
}
