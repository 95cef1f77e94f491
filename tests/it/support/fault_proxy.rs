//! Stands between the service and an object server, sees each request, and answers some of them as a server in trouble
//! does. One request for each connection, so that every request can be chosen.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 503 with the code `SlowDown`; the server does not see it.
    SlowDown,
    /// 429; the server does not see it.
    TooMany,
    /// The connection ends before the server sees the request.
    Reset,
    /// The server does it, and its answer never arrives.
    Unanswered,
    /// Half of the answer's bytes, then the end.
    Half,
    /// The answer arrives, a little at a time.
    Slow,
    /// The server does it, and its answer arrives once another rule is set, or none.
    Held,
}

/// All of them that need no other rule to end.
pub(crate) const FAULTS: [Fault; 6] =
    [Fault::SlowDown, Fault::TooMany, Fault::Reset, Fault::Unanswered, Fault::Half, Fault::Slow];

/// A request: its method and its path with the query.
pub(crate) type Seen = (String, String);
/// Chooses what happens to a request, which is the n-th (from 0) since the rule was set.
type Rule = Box<dyn FnMut(usize, &Seen) -> Option<Fault> + Send>;

struct Shared {
    /// Port of the server.
    target: Mutex<u16>,
    /// Held while a server has a request that can have one at a time.
    turn: Option<Mutex<()>>,
    rule: Mutex<Option<Rule>>,
    /// How many rules were set or taken away.
    changes: AtomicUsize,
    seen: Mutex<Vec<Seen>>,
    /// Until when every connection is refused.
    away: Mutex<Option<Instant>>,
}

/// A running proxy; ends with the test process.
pub(crate) struct FaultProxy {
    shared: Arc<Shared>,
    port: u16,
}

impl FaultProxy {
    /// Starts one that leads nowhere yet. It passes requests on at once, or one at a time.
    pub(crate) fn start(one_at_a_time: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared {
            target: Mutex::new(0),
            turn: one_at_a_time.then(Mutex::default),
            rule: Mutex::new(None),
            changes: AtomicUsize::new(0),
            seen: Mutex::default(),
            away: Mutex::new(None),
        });
        let of_all = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&of_all);
                std::thread::spawn(move || shared.serve(client));
            }
        });
        Self { shared, port }
    }

    /// Sets the port of the server.
    pub(crate) fn lead_to(&self, port: u16) {
        *self.shared.target.lock().expect("not poisoned") = port;
    }

    /// Its address.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Sets the rule for the requests that follow, and forgets those that were seen.
    pub(crate) fn rule(&self, rule: impl FnMut(usize, &Seen) -> Option<Fault> + Send + 'static) {
        *self.shared.rule.lock().expect("not poisoned") = Some(Box::new(rule));
        self.shared.changes.fetch_add(1, Ordering::SeqCst);
        self.shared.seen.lock().expect("not poisoned").clear();
    }

    /// Passes everything on again.
    pub(crate) fn heal(&self) {
        *self.shared.rule.lock().expect("not poisoned") = None;
        self.shared.changes.fetch_add(1, Ordering::SeqCst);
        *self.shared.away.lock().expect("not poisoned") = None;
    }

    /// Refuses every connection for some time, from the n-th request (from 0) on.
    pub(crate) fn cut_at(&self, n: usize, lasts: Duration) {
        let shared = Arc::clone(&self.shared);
        self.rule(move |number, _| {
            if number != n {
                return None;
            }
            *shared.away.lock().expect("not poisoned") = Some(Instant::now() + lasts);
            Some(Fault::Reset)
        });
    }

    /// The requests since the rule was set.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().expect("not poisoned").clone()
    }
}

impl Shared {
    fn is_away(&self) -> bool {
        self.away.lock().expect("not poisoned").is_some_and(|until| Instant::now() < until)
    }

    fn fault_of(&self, seen: Seen) -> Option<Fault> {
        let mut list = self.seen.lock().expect("not poisoned");
        let fault = self.rule.lock().expect("not poisoned").as_mut().and_then(|rule| rule(list.len(), &seen));
        list.push(seen);
        fault
    }

    fn serve(&self, mut client: TcpStream) -> Option<()> {
        if self.is_away() {
            return reset(&client);
        }
        let (head, body) = read_request(&mut client).ok()??;
        let mut words = head.split(' ');
        let seen = (words.next()?.to_owned(), words.next()?.to_owned());
        if self.is_away() {
            return reset(&client);
        }
        let changes = self.changes.load(Ordering::SeqCst);
        let fault = self.fault_of(seen);
        match fault {
            Some(Fault::SlowDown) => return refuse(&mut client, "503 Slow Down", "SlowDown"),
            Some(Fault::TooMany) => return refuse(&mut client, "429 Too Many Requests", "TooManyRequests"),
            Some(Fault::Reset) => return reset(&client),
            _ => {}
        }
        let answer = self.forward(&head, &body).ok()?;
        match fault {
            Some(Fault::Unanswered) => return reset(&client),
            Some(Fault::Held) => {
                while self.changes.load(Ordering::SeqCst) == changes {
                    std::thread::sleep(Duration::from_millis(10));
                }
                client.write_all(&answer).ok()?;
            }
            Some(Fault::Half) => client.write_all(&answer[..answer.len() / 2]).ok()?,
            Some(Fault::Slow) => {
                let piece = answer.len().div_ceil(20).max(1);
                for bytes in answer.chunks(piece) {
                    std::thread::sleep(Duration::from_millis(20));
                    client.write_all(bytes).ok()?;
                }
            }
            _ => client.write_all(&answer).ok()?,
        }
        client.shutdown(Shutdown::Both).ok()
    }

    /// Has the server do a request; returns its whole answer.
    fn forward(&self, head: &str, body: &[u8]) -> io::Result<Vec<u8>> {
        let _turn = self.turn.as_ref().map(|turn| turn.lock().expect("not poisoned"));
        let port = *self.target.lock().expect("not poisoned");
        let mut server = TcpStream::connect(("127.0.0.1", port))?;
        server.set_read_timeout(Some(SILENCE))?;
        server.write_all(closing(head).as_bytes())?;
        // a server that refuses a request may answer before it has read the body
        let sent = server.write_all(body);
        let mut answer = Vec::new();
        let ended = server.read_to_end(&mut answer);
        if answer.is_empty() {
            sent.and(ended)?;
        }
        Ok(answer)
    }
}

/// Longest silence of a server that is there.
const SILENCE: Duration = Duration::from_secs(60);

/// Reads a request whose length is in its head; `None` where there is none.
fn read_request(client: &mut TcpStream) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 1 << 16];
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        let n = client.read(&mut buffer)?;
        if n == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&buffer[..n]);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut body = bytes.split_off(end);
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    if head.to_ascii_lowercase().contains("expect: 100-continue") {
        client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    while body.len() < length.unwrap_or(0) {
        let n = client.read(&mut buffer)?;
        if n == 0 {
            return Ok(None);
        }
        body.extend_from_slice(&buffer[..n]);
    }
    Ok(Some((head, body)))
}

/// The head of a request after whose answer the server closes the connection.
fn closing(head: &str) -> String {
    let lines = head.trim_end().split("\r\n").filter(|line| {
        let name = line.split(':').next().unwrap_or_default();
        !name.eq_ignore_ascii_case("connection") && !name.eq_ignore_ascii_case("expect")
    });
    let mut closing: String = lines.map(|line| format!("{line}\r\n")).collect();
    closing.push_str("Connection: close\r\n\r\n");
    closing
}

fn refuse(client: &mut TcpStream, status: &str, code: &str) -> Option<()> {
    let body =
        format!("<Error><Code>{code}</Code><Message>Please reduce your request rate.</Message></Error>");
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nConnection: close\r\n");
    write!(client, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).ok()?;
    client.shutdown(Shutdown::Both).ok()
}

/// Ends a connection without an answer.
fn reset(client: &TcpStream) -> Option<()> {
    client.shutdown(Shutdown::Both).ok()
}
