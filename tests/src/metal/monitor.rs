//! The emulator's monitor (QMP): plugs devices in and pulls them out.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::{Value, json};

/// A session with the monitor.
pub struct Monitor {
    stream: BufReader<UnixStream>,
}

impl Monitor {
    pub(super) fn attach(stream: UnixStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let mut monitor = Self {
            stream: BufReader::new(stream),
        };
        monitor.execute("qmp_capabilities", &json!({}))?;
        Ok(monitor)
    }

    /// Carries out a command and gives what it returns.
    ///
    /// # Errors
    /// When the monitor refuses, or says nothing in time.
    pub fn execute(&mut self, command: &str, arguments: &Value) -> io::Result<Value> {
        let request = json!({ "execute": command, "arguments": arguments });
        self.stream
            .get_mut()
            .write_all(format!("{request}\n").as_bytes())?;
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::Error::other("the monitor is gone"));
            }
            let answer: Value = serde_json::from_str(&line)?;
            if let Some(value) = answer.get("return") {
                return Ok(value.clone());
            }
            if let Some(error) = answer.get("error") {
                return Err(io::Error::other(format!("{command}: {error}")));
            }
        }
    }
}
