//! A real PostgreSQL for tests: one server for the test process, one database for each test. The programs come from
//! `SS_TEST_PG_BIN`, from the system, or from `target/tools`, where `scripts/test` unpacks them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use stata_service::adapters::postgres::store::migrate;

use super::servers::{not_here, spawn, tools, variable};

/// The user of the server where the tests run as root, whom PostgreSQL refuses.
const NOBODY: u32 = 65534;

/// Where `initdb` and `postgres` are; `None`, with a message, where they are not. In CI their absence is a failure.
pub(crate) fn programs() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let mut folders: Vec<PathBuf> = variable("SS_TEST_PG_BIN").map(PathBuf::from).into_iter().collect();
        for root in ["/usr/lib/postgresql".into(), tools().join("postgresql-15/usr/lib/postgresql")] {
            let versions = std::fs::read_dir(root).into_iter().flatten().flatten();
            let mut versions: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
            versions.sort();
            folders.extend(versions.into_iter().rev());
        }
        folders.extend(std::env::split_paths(&variable("PATH").unwrap_or_default()));
        let folder =
            folders.into_iter().find(|f| f.join("initdb").exists() && f.join("postgres").exists())?;
        reachable(folder.join("postgres")).parent().map(Path::to_owned)
    });
    if found.is_none() {
        not_here("PostgreSQL");
    }
    found.as_deref()
}

/// A server with a data directory of its own, reached through a socket in it.
pub(crate) struct Server {
    folder: PathBuf,
    bin: &'static Path,
    process: Mutex<Option<Child>>,
    /// The port of the network, which its socket is named after; 0 where it has none.
    port: AtomicU16,
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The folder into which a program was unpacked with its libraries; `None` for one of the system.
fn unpacked(program: &Path) -> Option<&Path> {
    program.ancestors().find(|folder| folder.parent().is_some() && folder.join("usr/lib").is_dir())
}

/// A command that ends with this process, and is not root. Libraries that were unpacked with it are found.
fn command(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if let Some(unpacked) = unpacked(program) {
        let folders = std::fs::read_dir(unpacked.join("usr/lib")).into_iter().flatten().flatten();
        let libraries =
            folders.map(|entry| entry.path()).filter(|path| path.to_string_lossy().ends_with("-linux-gnu"));
        command.env("LD_LIBRARY_PATH", std::env::join_paths(libraries).expect("plain paths"));
    }
    command.current_dir("/").args(["--pdeathsig", "KILL"]);
    if is_root() {
        let id = NOBODY.to_string();
        command.args(["--reuid", &id, "--regid", &id, "--clear-groups"]);
    }
    command.arg("--").arg(program);
    command
}

/// The program, or a copy of it with what was unpacked beside it, where the repository lies in a folder that the user
/// of the server cannot enter.
fn reachable(program: PathBuf) -> PathBuf {
    let Some(unpacked) = unpacked(&program) else { return program };
    // the program itself would start: it is opened before the rights are given up
    let tried = command(Path::new("/bin/ls")).arg(unpacked).output();
    if tried.is_ok_and(|done| done.status.success()) {
        return program;
    }
    let name = unpacked.file_name().expect("a folder").to_string_lossy();
    let copy = PathBuf::from(format!("/tmp/ss-pg-{}-{name}", std::process::id()));
    let done = Command::new("cp").arg("-a").args([unpacked, &copy]).status().expect("cp runs");
    assert!(done.success(), "{} is copied", unpacked.display());
    copy.join(program.strip_prefix(unpacked).expect("below it"))
}

/// Removes what test processes left behind that are gone.
fn remove_leftovers() {
    for entry in std::fs::read_dir("/tmp").into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix("ss-pg-").and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Makes the folder of a server.
fn new_folder() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = PathBuf::from(format!("/tmp/ss-pg-{}-{number}", std::process::id()));
    std::fs::create_dir(&folder).expect("created");
    if is_root() {
        std::os::unix::fs::chown(&folder, Some(NOBODY), Some(NOBODY)).expect("given away");
    }
    folder
}

impl Server {
    /// Makes a cluster and starts it; `None` where PostgreSQL is not here.
    pub(crate) fn start() -> Option<Self> {
        let bin = programs()?;
        remove_leftovers();
        let folder = new_folder();
        let made = command(&bin.join("initdb"))
            .args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-D"])
            .arg(folder.join("data"))
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Some(Self::begin(folder, bin))
    }

    fn begin(folder: PathBuf, bin: &'static Path) -> Self {
        let server = Self { folder, bin, process: Mutex::new(None), port: AtomicU16::new(0) };
        server.run();
        server
    }

    /// Makes a standby of this server and starts it: it follows, and has the settings that this server has now.
    pub(crate) fn standby(&self) -> Self {
        let folder = new_folder();
        let made = command(&self.bin.join("pg_basebackup"))
            .args(["-R", "-X", "stream", "-c", "fast", "--no-sync", "-U", "postgres", "-h"])
            .arg(&self.folder)
            .arg("-D")
            .arg(folder.join("data"))
            .output()
            .expect("pg_basebackup runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self::begin(folder, self.bin)
    }

    /// Has commits wait for whichever standby follows; returns once one does.
    pub(crate) fn wait_for_standbys(&self) {
        self.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'").expect("set");
        self.sql("postgres", "SELECT pg_reload_conf()").expect("read again");
        let deadline = Instant::now() + Duration::from_secs(60);
        let states = || self.sql("postgres", "SELECT sync_state FROM pg_stat_replication").expect("asked");
        while states() != ["sync"] {
            assert!(Instant::now() < deadline, "no standby follows: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Has a standby take writes from here on.
    pub(crate) fn promote(&self) {
        assert_eq!(
            self.sql("postgres", "SELECT pg_promote(true, 60)").expect("asked"),
            ["t"],
            "{}",
            self.log()
        );
    }

    fn spawn(&self) -> Child {
        let mut command = command(&self.bin.join("postgres"));
        command.arg("-D").arg(self.folder.join("data")).arg("-k").arg(&self.folder);
        command.args(["-c", "max_connections=400", "-c", "shared_buffers=32MB"]);
        match self.port.load(Ordering::SeqCst) {
            0 => command.args(["-c", "listen_addresses="]),
            port => command
                .args(["-c", "listen_addresses=127.0.0.1", "-c", "ssl=on", "-c", "ssl_cert_file=tls.pem"])
                .args(["-c", "ssl_key_file=tls.key", "-p", &port.to_string()]),
        };
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let log = File::options().create(true).append(true).open(self.folder.join("log"));
        command.stderr(log.expect("a log"));
        spawn(command)
    }

    /// Starts the server on its data, and waits until it answers.
    pub(crate) fn run(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut child = self.spawn();
        while self.sql("postgres", "SELECT 1").is_err() {
            assert!(Instant::now() < deadline, "PostgreSQL does not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
            // after a kill it refuses to start until the last process of the one before is gone
            if child.try_wait().expect("waits").is_some() {
                child = self.spawn();
            }
        }
        *self.process.lock().expect("not poisoned") = Some(child);
    }

    /// Starts it again on a port of the loopback address where it takes connections through TLS alone; returns the port,
    /// or `None` where this server was built without TLS.
    pub(crate) fn only_tls(&self, certificate: &str, key: &str) -> Option<u16> {
        if self.sql("postgres", "SHOW ssl_library").expect("asked") == [""] {
            eprintln!("skipped: this PostgreSQL was built without TLS");
            return None;
        }
        self.end(rustix::process::Signal::INT);
        let data = self.folder.join("data");
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = port.expect("a free port").port();
        let rules = "local all all trust\nhostssl all all 127.0.0.1/32 trust\nhostnossl all all 127.0.0.1/32 reject\n";
        for (name, text) in [("tls.pem", certificate), ("tls.key", key), ("pg_hba.conf", rules)] {
            let path = data.join(name);
            std::fs::write(&path, text).expect("written");
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
                .expect("set");
            if is_root() {
                std::os::unix::fs::chown(&path, Some(NOBODY), Some(NOBODY)).expect("given away");
            }
        }
        self.port.store(port, Ordering::SeqCst);
        self.run();
        Some(port)
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Ends the server: `INT` in order, `KILL` at once.
    pub(crate) fn end(&self, signal: rustix::process::Signal) {
        let Some(mut child) = self.process.lock().expect("not poisoned").take() else { return };
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, signal).expect("it is there");
        child.wait().expect("reaped");
    }

    /// Its socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    /// Where its socket is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The address of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        match self.port.load(Ordering::SeqCst) {
            0 => format!("postgresql://postgres@{folder}/{database}"),
            port => format!("postgresql://postgres@{folder}:{port}/{database}"),
        }
    }

    /// Runs statements; returns the first column of the rows.
    ///
    /// # Errors
    /// Any error of the database.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> Result<Vec<String>, tokio_postgres::Error> {
        let (url, sql) = (self.url(database), sql.to_owned());
        let work = async move {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
            tokio::spawn(connection);
            let messages = client.simple_query(&sql).await?;
            let rows = messages.iter().filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            });
            Ok(rows.collect())
        };
        // tests call it from any runtime
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(work)
        })
        .join()
        .expect("does not panic")
    }

    /// Makes a database without tables; returns its address.
    pub(crate) fn empty_database(&self) -> (String, SecretString) {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}")).expect("made");
        let url = self.url(&name);
        (name, url.into())
    }

    /// Makes a database with the tables of the service; returns its name and its address.
    pub(crate) fn database(&self) -> (String, SecretString) {
        let (name, url) = self.empty_database();
        migrate(&url).unwrap_or_else(|error| panic!("{error}"));
        (name, url)
    }
}

/// PgBouncer in transaction mode in front of a server: each transaction may get another connection.
pub(crate) struct Pooler {
    process: Child,
    folder: PathBuf,
    connections: usize,
}

/// Where a pooler leads. After a server that was away it tries again each second; its own default is 15 seconds.
fn write_pooler_settings(folder: &Path, server: &Server, connections: usize) {
    let settings = format!(
        "[databases]\n* = host={} user=postgres\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = {}\n\
         listen_port = 6432\nauth_type = any\npool_mode = transaction\nserver_login_retry = 1\n\
         default_pool_size = {connections}\n",
        server.folder.display(),
        folder.display()
    );
    let file = folder.join("pooler.ini");
    std::fs::write(&file, settings).expect("written");
    // whoever runs it may be another user, and the umask may let nobody else read
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("changed");
}

impl Pooler {
    /// Starts it with a number of connections to the server; `None` where it is not here.
    pub(crate) fn start(server: &Server, connections: usize) -> Option<Self> {
        let places = [PathBuf::from("/usr/sbin"), tools().join("pgbouncer/usr/sbin")];
        let Some(program) = places.iter().map(|folder| folder.join("pgbouncer")).find(|path| path.exists())
        else {
            not_here("PgBouncer");
            return None;
        };
        let folder = new_folder();
        write_pooler_settings(&folder, server, connections);
        let mut command = command(&reachable(program));
        command.arg("-q").arg(folder.join("pooler.ini")).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(File::create(folder.join("pooler.log")).expect("a log"));
        let process = spawn(command);
        let deadline = Instant::now() + Duration::from_secs(30);
        while !folder.join(".s.PGSQL.6432").exists() {
            assert!(Instant::now() < deadline, "the pooler does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self { process, folder, connections })
    }

    /// Has it pass transactions on to another server, as a change of its settings does.
    pub(crate) fn lead_to(&self, server: &Server) {
        write_pooler_settings(&self.folder, server, self.connections);
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).expect("it is there");
    }

    /// The address of a database through it.
    pub(crate) fn url(&self, database: &str) -> SecretString {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgresql://postgres@{folder}:6432/{database}").into()
    }

    /// Its socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.6432")
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end(rustix::process::Signal::QUIT);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The server that all tests share which leave it running.
pub(crate) fn shared() -> Option<&'static Server> {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    SHARED.get_or_init(Server::start).as_ref()
}
