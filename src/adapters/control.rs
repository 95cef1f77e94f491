//! The control socket: one JSON line in, one JSON line out, for programs of the same user on the same
//! machine. It carries texts and knows nothing of what they mean.

use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rustix::fs::{Mode, OFlags};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

const NAME: &str = "control.sock";
/// Longest request or answer, in bytes.
const MAX_LINE: u64 = 4 * 1024 * 1024;
/// Longest wait for a request, and for an answer to be taken.
const IO_TIME: Duration = Duration::from_secs(30);

/// Returns the text of a request of the peer with this user id.
pub type Handler = Arc<dyn Fn(String, u32) -> BoxFuture<'static, String> + Send + Sync>;

/// A bound control socket. Only the owner of the store binds it.
pub struct ControlSocket {
    listener: UnixListener,
    /// The socket's directory, through which it is named: socket paths have at most 108 bytes.
    dir: File,
}

fn open_dir(dir: &Path) -> io::Result<File> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(dir, flags, Mode::empty())?))
}

fn short_path(dir: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{NAME}", dir.as_raw_fd()))
}

fn not_there(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

impl ControlSocket {
    /// Binds the socket in the store's directory; one that a dead owner left behind is replaced.
    ///
    /// # Errors
    /// Any I/O error. Needs a tokio runtime.
    pub fn bind(store_dir: &Path) -> io::Result<Self> {
        let dir = open_dir(store_dir)?;
        let path = short_path(&dir);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Self { listener, dir })
    }

    /// Serves requests until `stop` fires, then removes the socket.
    pub async fn serve(self, handler: Handler, stop: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(answer(stream, Arc::clone(&handler)));
                }
                Err(error) => {
                    tracing::warn!(event = "SS_CONTROL_FAILED", %error, "the control socket cannot accept");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        if let Err(error) = std::fs::remove_file(short_path(&self.dir)) {
            tracing::warn!(event = "SS_CONTROL_FAILED", %error, "the control socket cannot be removed");
        }
    }
}

async fn answer(stream: UnixStream, handler: Handler) {
    let own = rustix::process::geteuid().as_raw();
    let peer = match stream.peer_cred() {
        Ok(peer) if peer.uid() == own || peer.uid() == 0 => peer.uid(),
        Ok(peer) => {
            tracing::warn!(
                event = "SS_CONTROL_REFUSED",
                uid = peer.uid(),
                "a control request of another user is refused"
            );
            return;
        }
        Err(error) => {
            tracing::warn!(event = "SS_CONTROL_REFUSED", %error, "the user of a control request is not known");
            return;
        }
    };
    let (read, mut write) = stream.into_split();
    let line = match tokio::time::timeout(IO_TIME, read_line(read)).await {
        Ok(Ok(line)) => line,
        Ok(Err(error)) => {
            tracing::warn!(event = "SS_CONTROL_FAILED", %error, "a control request failed");
            return;
        }
        Err(_) => {
            tracing::warn!(event = "SS_CONTROL_FAILED", "a control request took too long");
            return;
        }
    };
    // a backup or a check takes the time it takes, and continues where the asker goes away
    let mut text = handler(line, peer).await;
    text.push('\n');
    match tokio::time::timeout(IO_TIME, write.write_all(text.as_bytes())).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(event = "SS_CONTROL_FAILED", %error, "a control request failed"),
        Err(_) => tracing::warn!(event = "SS_CONTROL_FAILED", "a control request took too long"),
    }
}

async fn read_line(read: impl tokio::io::AsyncRead + Unpin) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(read.take(MAX_LINE)).read_line(&mut line).await?;
    match line.strip_suffix('\n') {
        Some(line) => Ok(line.to_owned()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Sends one request to the owner of the store; `None` if nobody listens.
///
/// # Errors
/// Any other I/O error: then the outcome is not known.
pub async fn ask(store_dir: &Path, request: &str) -> io::Result<Option<String>> {
    ask_patiently(store_dir, request, IO_TIME).await
}

/// As [`ask`], for requests that take long.
///
/// # Errors
/// As [`ask`].
pub async fn ask_patiently(
    store_dir: &Path,
    request: &str,
    patience: Duration,
) -> io::Result<Option<String>> {
    let dir = match open_dir(store_dir) {
        Err(error) if not_there(&error) => return Ok(None),
        other => other?,
    };
    let mut stream = match UnixStream::connect(short_path(&dir)).await {
        Err(error) if not_there(&error) => return Ok(None),
        other => other?,
    };
    let exchange = async {
        stream.write_all(format!("{request}\n").as_bytes()).await?;
        read_line(&mut stream).await
    };
    tokio::time::timeout(patience, exchange)
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
        .map(Some)
}
