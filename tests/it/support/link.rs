//! The way of one server to the database, which can be cut or fall silent: a socket that passes bytes on to another one.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};

/// What becomes of bytes and of new connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passage {
    Open,
    /// Connections end, and new ones end at once.
    Cut,
    /// Nothing arrives, not even the end of a connection; after it everything does.
    Silent,
}

struct Shared {
    target: Mutex<PathBuf>,
    passage: Mutex<Passage>,
    changed: Condvar,
    connections: Mutex<Vec<Weak<Connection>>>,
}

/// A running link; ends with the test process.
pub(crate) struct Link {
    shared: Arc<Shared>,
    folder: PathBuf,
}

struct Connection {
    client: UnixStream,
    server: UnixStream,
}

impl Link {
    /// Starts one in a folder, as the socket of a database, to the socket of one.
    pub(crate) fn start(folder: &Path, target: PathBuf) -> Self {
        std::fs::create_dir_all(folder).expect("a folder");
        let listener = UnixListener::bind(folder.join(".s.PGSQL.5432")).expect("a free socket");
        let shared = Arc::new(Shared {
            target: Mutex::new(target),
            passage: Mutex::new(Passage::Open),
            changed: Condvar::new(),
            connections: Mutex::default(),
        });
        let of_all = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&of_all);
                std::thread::spawn(move || shared.carry(client));
            }
        });
        Self { shared, folder: folder.to_owned() }
    }

    /// The address of a database through it.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgresql://postgres@{}/{database}", self.host())
    }

    /// The host of an address through it.
    pub(crate) fn host(&self) -> String {
        self.folder.display().to_string().replace('/', "%2F")
    }

    /// Has new connections go to another socket.
    pub(crate) fn lead_to(&self, target: PathBuf) {
        *self.shared.target.lock().unwrap_or_else(PoisonError::into_inner) = target;
    }

    /// Sets what becomes of bytes from here on.
    pub(crate) fn set(&self, passage: Passage) {
        *self.shared.passage.lock().unwrap_or_else(PoisonError::into_inner) = passage;
        self.shared.changed.notify_all();
        if passage == Passage::Cut {
            let mut connections = self.shared.connections.lock().unwrap_or_else(PoisonError::into_inner);
            connections.drain(..).filter_map(|one| one.upgrade()).for_each(|one| one.end());
        }
    }
}

impl Shared {
    /// Waits until the link is not silent, which a server that is away must not end; false where it is cut.
    fn is_open(&self) -> bool {
        let passage = self.passage.lock().unwrap_or_else(PoisonError::into_inner);
        let is_silent = |passage: &mut Passage| *passage == Passage::Silent;
        *self.changed.wait_while(passage, is_silent).unwrap_or_else(PoisonError::into_inner) != Passage::Cut
    }

    fn carry(self: &Arc<Self>, client: UnixStream) {
        if !self.is_open() {
            return;
        }
        // a server that is away ends the connection of the client
        let target = self.target.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Ok(server) = UnixStream::connect(target) else { return };
        let connection = Arc::new(Connection { client, server });
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.retain(|one| one.strong_count() > 0);
        connections.push(Arc::downgrade(&connection));
        drop(connections);
        for is_request in [true, false] {
            let (shared, connection) = (Arc::clone(self), Arc::clone(&connection));
            std::thread::spawn(move || {
                let (from, to) = match is_request {
                    true => (&connection.client, &connection.server),
                    false => (&connection.server, &connection.client),
                };
                shared.pass(from, to);
                connection.end();
            });
        }
    }

    /// Passes bytes on until the connection ends. Its end is bytes too: it does not arrive while the link is silent.
    fn pass(&self, mut from: &UnixStream, mut to: &UnixStream) {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = from.read(&mut buffer);
            let is_open = self.is_open();
            let Ok(length @ 1..) = read else { return };
            if !is_open {
                return;
            }
            if to.write_all(&buffer[..length]).is_err() {
                return;
            }
        }
    }
}

impl Connection {
    fn end(&self) {
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }
}
