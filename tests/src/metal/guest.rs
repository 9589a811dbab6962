//! A root shell in the emulated machine.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// How long a command may take in there.
const COMMAND_DEADLINE: Duration = Duration::from_secs(300);

/// The shell: one command at a time.
pub struct Guest {
    stream: BufReader<UnixStream>,
    number: u32,
}

/// What a command did.
#[derive(Debug)]
pub struct Output {
    /// Its exit code.
    pub code: i32,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: String,
}

impl Guest {
    pub(super) fn attach(stream: UnixStream, deadline: Instant) -> io::Result<Self> {
        stream.set_read_timeout(Some(deadline.saturating_duration_since(Instant::now())))?;
        let mut guest = Self {
            stream: BufReader::new(stream),
            number: 0,
        };
        let line = guest.line().map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => io::Error::other("it said nothing in time"),
            _ => error,
        })?;
        guest
            .stream
            .get_ref()
            .set_read_timeout(Some(COMMAND_DEADLINE))?;
        match line.as_str() {
            "ready" => Ok(guest),
            other => Err(io::Error::other(format!("it said {other:?}"))),
        }
    }

    /// Runs shell as root and waits for its end.
    ///
    /// # Panics
    /// When the machine does not answer.
    pub fn run(&mut self, shell: &str) -> Output {
        self.exchange(shell)
            .unwrap_or_else(|error| panic!("the machine did not answer {shell:?}: {error}"))
    }

    /// Runs shell that has to succeed, and gives its standard output.
    ///
    /// # Panics
    /// When it fails.
    pub fn succeed(&mut self, shell: &str) -> Vec<u8> {
        let output = self.run(shell);
        assert!(
            output.code == 0,
            "{shell:?} ended with {}: {}",
            output.code,
            output.stderr
        );
        output.stdout
    }

    /// The content of a file.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn fetch(&mut self, path: &str) -> Vec<u8> {
        self.succeed(&format!("cat '{path}'"))
    }

    fn exchange(&mut self, shell: &str) -> io::Result<Output> {
        self.number += 1;
        let stream = self.stream.get_mut();
        stream.write_all(format!("{} {}\n{shell}", self.number, shell.len()).as_bytes())?;
        let line = self.line()?;
        let numbers: Vec<usize> = line
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect();
        let [number, code, stdout, stderr] = numbers[..] else {
            return Err(io::Error::other(format!("it said {line:?}")));
        };
        assert_eq!(number, self.number as usize, "an answer to another request");
        let stdout = self.bytes(stdout)?;
        let stderr = self.bytes(stderr)?;
        Ok(Output {
            code: i32::try_from(code).unwrap_or(-1),
            stdout,
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        })
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line)? {
            0 => Err(io::Error::other("it is gone")),
            _ => Ok(line.trim_end().to_owned()),
        }
    }

    fn bytes(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}
