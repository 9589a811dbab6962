//! An HTTP proxy for tests: it takes CONNECT, and looks names up in a table of its own.

use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the proxy does.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// `HOST:PORT` as clients say it, and where that is; anything else gets 502.
    pub names: HashMap<String, SocketAddr>,
    /// These get 403.
    pub forbidden: Vec<String>,
    /// The value of `Proxy-Authorization` without which everything gets 407.
    pub authorization: Option<String>,
}

/// What was asked for, and what went through.
#[derive(Debug, Default)]
pub struct Seen {
    /// The first lines of the requests.
    pub requests: Vec<String>,
    /// What clients sent through tunnels.
    pub sent: Vec<u8>,
}

/// Serves as long as the test runs.
pub struct Forward {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Forward {
    /// Starts it on a free port of loopback.
    ///
    /// # Panics
    /// When there is none.
    pub fn start(rules: Rules) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::<Mutex<Seen>>::default();
        let (rules, shared) = (Arc::new(rules), Arc::clone(&seen));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (rules, seen) = (Arc::clone(&rules), Arc::clone(&shared));
                thread::spawn(move || serve(client, &rules, &seen));
            }
        });
        Self { address, seen }
    }

    /// Where it listens, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it saw so far.
    ///
    /// # Panics
    /// When a connection of it panicked.
    pub fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock().expect("no panic"))
    }
}

fn serve(mut client: TcpStream, rules: &Rules, seen: &Mutex<Seen>) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let Some(request) = lines.first().cloned() else {
        return Ok(());
    };
    seen.lock()
        .expect("no panic")
        .requests
        .push(request.clone());
    let refuse = |mut client: TcpStream, status: &str| {
        let body = "<html>the proxy says no</html>";
        write!(
            client,
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let given = lines.iter().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("proxy-authorization")
            .then_some(value)
    });
    if rules
        .authorization
        .as_deref()
        .is_some_and(|wanted| given != Some(wanted))
    {
        return refuse(client, "407 Proxy Authentication Required");
    }
    let mut words = request.split(' ');
    let place = match (words.next(), words.next()) {
        (Some("CONNECT"), Some(place)) => place,
        _ => return refuse(client, "405 Method Not Allowed"),
    };
    if rules.forbidden.iter().any(|forbidden| forbidden == place) {
        return refuse(client, "403 Forbidden");
    }
    let server = rules.names.get(place).map(TcpStream::connect);
    let Some(Ok(server)) = server else {
        return refuse(client, "502 Bad Gateway");
    };
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (back, mut forth) = (server.try_clone()?, server);
    let to = client.try_clone()?;
    let returning = thread::spawn(move || pass(back, to, |_| {}));
    let noted = |bytes: &[u8]| seen.lock().expect("no panic").sent.extend(bytes);
    let passed = pass(reader, forth.try_clone()?, noted);
    forth.flush()?;
    let _ = returning.join();
    passed
}

fn pass(mut from: impl Read, mut to: TcpStream, note: impl Fn(&[u8])) -> io::Result<()> {
    let mut buffer = [0; 8192];
    loop {
        let length = from.read(&mut buffer).unwrap_or(0);
        if length == 0 {
            return to.shutdown(Shutdown::Write);
        }
        note(&buffer[..length]);
        to.write_all(&buffer[..length])?;
    }
}
