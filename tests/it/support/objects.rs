//! Real S3 servers for tests: rclone keeps objects on the disk, checks signatures and ignores conditions; moto has them in
//! memory and knows conditions. `scripts/test` brings both into `target/tools`.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use stata_service::adapters::objects::{Credentials, Options};

use super::fault_proxy::FaultProxy;
use super::program::Start;
use super::servers::{not_here, spawn, tools};

/// Key id of the tests.
pub(crate) const KEY_ID: &str = "AKIATESTTESTTEST";
/// Secret of the tests.
pub(crate) const SECRET: &str = "secret-of-the-object-store-tests";
/// The bucket.
pub(crate) const BUCKET: &str = "files";

/// A server on a port of the loopback address.
pub(crate) struct Server {
    program: PathBuf,
    is_moto: bool,
    /// Its own port, another one each time it starts.
    port: AtomicU16,
    front: FaultProxy,
    /// Objects of rclone.
    folder: tempfile::TempDir,
    process: Mutex<Option<Child>>,
}

impl Server {
    /// Starts rclone with a bucket; `None`, with a message, where it is not here.
    pub(crate) fn rclone() -> Option<Self> {
        Self::start(tools().join("rclone-s3/bin/rclone"), false)
    }

    /// Starts moto with a bucket; `None`, with a message, where it is not here.
    pub(crate) fn moto() -> Option<Self> {
        Self::start(tools().join("moto/bin/moto_server"), true)
    }

    fn start(program: PathBuf, is_moto: bool) -> Option<Self> {
        if !program.exists() {
            not_here(if is_moto { "moto" } else { "rclone" });
            return None;
        }
        let folder = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(folder.path().join(BUCKET)).expect("a bucket");
        // rclone loses objects and stops to answer when several requests at once make files in a new folder
        let front = FaultProxy::start(!is_moto);
        let server =
            Self { program, is_moto, port: AtomicU16::new(0), front, folder, process: Mutex::default() };
        server.run();
        if is_moto {
            let made = std::thread::scope(|scope| {
                scope.spawn(|| server.request("PUT", BUCKET)).join().expect("does not panic")
            });
            assert!(made.contains(" 200 "), "{made}");
        }
        Some(server)
    }

    /// Sends a request without a body or signature; returns the head of the answer.
    fn request(&self, method: &str, path: &str) -> String {
        use std::io::{Read as _, Write as _};
        let mut stream =
            TcpStream::connect(("127.0.0.1", self.port.load(Ordering::Relaxed))).expect("it listens");
        let head = format!(
            "{method} /{path} HTTP/1.1\r\nHost: s3\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answers");
        answer.lines().next().unwrap_or_default().to_owned() + " "
    }

    /// Starts the server on what it has, and waits until it listens.
    pub(crate) fn run(&self) {
        // another process may take the port before the server does
        while !self.runs_on(free_port()) {}
    }

    fn runs_on(&self, port: u16) -> bool {
        let address = format!("127.0.0.1:{port}");
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(&self.program);
        if self.is_moto {
            command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        } else {
            command.args(["serve", "s3", "--auth-key", &format!("{KEY_ID},{SECRET}"), "--addr", &address]);
            command.args(["--config", "/dev/null"]).arg(self.folder.path());
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = spawn(command);
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(&address).is_err() {
            if child.try_wait().expect("it was started").is_some() {
                return false;
            }
            assert!(Instant::now() < deadline, "the object server does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        *self.process.lock().expect("not poisoned") = Some(child);
        self.port.store(port, Ordering::Relaxed);
        self.front.lead_to(port);
        true
    }

    /// Kills the server at once.
    pub(crate) fn kill(&self) {
        let Some(mut child) = self.process.lock().expect("not poisoned").take() else { return };
        child.kill().expect("it is there");
        child.wait().expect("reaped");
    }

    /// True for moto.
    pub(crate) fn is_moto(&self) -> bool {
        self.is_moto
    }

    /// What stands before the server and can disturb it.
    pub(crate) fn front(&self) -> &FaultProxy {
        &self.front
    }

    /// The address that clients use.
    pub(crate) fn endpoint(&self) -> String {
        self.front.endpoint()
    }

    /// A key as credentials.
    pub(crate) fn key(id: &str, secret: &str) -> Credentials {
        Credentials::Key { access_key_id: id.to_owned().into(), secret_access_key: secret.to_owned().into() }
    }

    /// Settings with a prefix that nobody else has.
    pub(crate) fn options(&self) -> Options {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        Options {
            endpoint: Some(self.endpoint()),
            region: "us-east-1".to_owned(),
            bucket: BUCKET.to_owned(),
            prefix: format!("test/{}", NUMBER.fetch_add(1, Ordering::Relaxed)),
            path_style: true,
            public_endpoint: None,
            credentials: Self::key(KEY_ID, SECRET),
            patience: Duration::from_secs(6),
        }
    }

    /// The settings of a program whose files are here, below a prefix.
    pub(crate) fn settings(&self, start: Start, prefix: &str) -> Start {
        start
            .with("SS_FILES__BACKEND", "s3")
            .with("SS_S3_ENDPOINT", &self.endpoint())
            .with("SS_S3_BUCKET", BUCKET)
            .with("SS_S3__PREFIX", prefix)
            .with("SS_S3_FORCE_PATH_STYLE", "true")
            .with("SS_S3_ACCESS_KEY_ID", KEY_ID)
            .with("SS_S3_SECRET_ACCESS_KEY", SECRET)
    }

    /// The folder in which rclone keeps the objects of the bucket.
    pub(crate) fn bucket(&self) -> PathBuf {
        self.folder.path().join(BUCKET)
    }
}

fn free_port() -> u16 {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    free.local_addr().expect("an address").port()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The rclone that all tests share which leave it running.
pub(crate) fn rclone() -> Option<&'static Server> {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    SHARED.get_or_init(Server::rclone).as_ref()
}

/// The moto that all tests share.
pub(crate) fn moto() -> Option<&'static Server> {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    SHARED.get_or_init(Server::moto).as_ref()
}
