//! Stands between the store and PostgreSQL and cuts connections in COMMIT: before the server reads it, or after the
//! server has answered it and before the store reads the answer.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Port of the proxy's socket, beside that of the server (5432).
const PORT: u16 = 7000;

/// Where the next connection that sends COMMIT is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Cut {
    Nowhere,
    /// The server never reads it: not applied.
    BeforeCommit,
    /// The server has answered it: applied.
    AfterCommit,
}

/// What the proxy and its connections share.
struct Shared {
    server: PathBuf,
    next: AtomicU8,
    before: AtomicUsize,
    after: AtomicUsize,
    /// The first request with this text is kept from the server, and everything after it.
    hold: Mutex<Option<&'static [u8]>>,
    held: AtomicUsize,
}

/// A proxy on a socket in the folder of the server.
pub(crate) struct Proxy {
    shared: Arc<Shared>,
    folder: PathBuf,
}

impl Proxy {
    /// Starts it; it ends with the test process.
    pub(crate) fn start(folder: &Path) -> Self {
        let shared = Arc::new(Shared {
            server: folder.join(".s.PGSQL.5432"),
            next: AtomicU8::new(Cut::Nowhere as u8),
            before: AtomicUsize::new(0),
            after: AtomicUsize::new(0),
            hold: Mutex::new(None),
            held: AtomicUsize::new(0),
        });
        let listener = UnixListener::bind(folder.join(format!(".s.PGSQL.{PORT}"))).expect("a free socket");
        let of_all = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // a server that is away ends the connection of the client
                let Ok(server) = UnixStream::connect(&of_all.server) else { continue };
                Connection::carry(client, server, &of_all);
            }
        });
        Self { shared, folder: folder.to_owned() }
    }

    /// The address of a database through it.
    pub(crate) fn url(&self, database: &str) -> secrecy::SecretString {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgresql://postgres@{folder}:{PORT}/{database}").into()
    }

    /// Has the next COMMIT cut.
    pub(crate) fn cut(&self, at: Cut) {
        self.shared.next.store(at as u8, Ordering::SeqCst);
    }

    /// Keeps the next request with this text from the server: the client waits for its answer for ever.
    pub(crate) fn hold(&self, text: &'static [u8]) {
        self.shared.held.store(0, Ordering::SeqCst);
        *self.shared.hold.lock().expect("not poisoned") = Some(text);
    }

    /// Waits until a request is held.
    pub(crate) fn wait_until_held(&self) {
        let deadline = std::time::Instant::now() + super::app::PATIENCE;
        while self.shared.held.load(Ordering::SeqCst) == 0 {
            assert!(std::time::Instant::now() < deadline, "no such request came");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// Connections that were cut before and after the server read COMMIT.
    pub(crate) fn cuts(&self) -> (usize, usize) {
        (self.shared.before.load(Ordering::SeqCst), self.shared.after.load(Ordering::SeqCst))
    }
}

/// One connection of the store.
struct Connection {
    client: UnixStream,
    server: UnixStream,
    /// Set while the answer of a COMMIT is withheld: what the server said since.
    withheld: Mutex<Option<Vec<u8>>>,
    shared: Arc<Shared>,
}

impl Connection {
    fn carry(client: UnixStream, server: UnixStream, shared: &Arc<Shared>) {
        let this = Arc::new(Self { client, server, withheld: Mutex::new(None), shared: Arc::clone(shared) });
        let other = Arc::clone(&this);
        std::thread::spawn(move || this.requests());
        std::thread::spawn(move || other.answers());
    }

    fn end(&self) {
        let _ = self.client.shutdown(std::net::Shutdown::Both);
        let _ = self.server.shutdown(std::net::Shutdown::Both);
    }

    /// Takes the order to cut here, if it is this one.
    fn is_to_cut(&self, at: Cut) -> bool {
        let next = &self.shared.next;
        next.compare_exchange(at as u8, Cut::Nowhere as u8, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Takes the order to hold a text, if it was sent.
    fn is_to_hold(&self, sent: &[u8]) -> bool {
        let mut hold = self.shared.hold.lock().expect("not poisoned");
        let found = hold.is_some_and(|text| sent.windows(text.len()).any(|window| window == text));
        if found {
            *hold = None;
        }
        found
    }

    fn requests(&self) {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = (&self.client).read(&mut buffer) {
            let sent = &buffer[..length];
            if self.is_to_hold(sent) {
                self.shared.held.fetch_add(1, Ordering::SeqCst);
                // until the client is gone
                while let Ok(1..) = (&self.client).read(&mut buffer) {}
                break;
            }
            // the end of a query, not the name of an isolation level
            if sent.windows(7).any(|word| word == b"COMMIT\0") {
                if self.is_to_cut(Cut::BeforeCommit) {
                    self.shared.before.fetch_add(1, Ordering::SeqCst);
                    break;
                }
                if self.is_to_cut(Cut::AfterCommit) {
                    *self.withheld.lock().expect("not poisoned") = Some(Vec::new());
                }
            }
            if (&self.server).write_all(sent).is_err() {
                break;
            }
        }
        self.end();
    }

    fn answers(&self) {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = (&self.server).read(&mut buffer) {
            let said = &buffer[..length];
            if let Some(withheld) = self.withheld.lock().expect("not poisoned").as_mut() {
                withheld.extend_from_slice(said);
                // CommandComplete with its tag
                if withheld.windows(7).any(|word| word == b"COMMIT\0") {
                    self.shared.after.fetch_add(1, Ordering::SeqCst);
                    break;
                }
                continue;
            }
            if (&self.client).write_all(said).is_err() {
                break;
            }
        }
        self.end();
    }
}
