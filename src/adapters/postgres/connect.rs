//! Connections: the address from the settings, TLS, and why a store could not be opened.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use futures_util::future::{BoxFuture, FutureExt as _, select_ok};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::{AsyncMessage, Client, Config, Connection};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::hosts::{each_host, is_elsewhere};
use super::session::Kept;
use super::writer::{Promotions, timeline_of};
use crate::adapters::store::LockError;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Head start of a host over the next one of the address.
const NEXT_HOST: Duration = Duration::from_millis(250);
/// Pause before a host is asked again that takes no writes, while another one has not answered yet.
const AGAIN: Duration = Duration::from_millis(500);
/// A connection whose peer is silent this long is broken.
const SILENCE: Duration = Duration::from_secs(10);

/// Why the store was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory is owned by another process, or not on a local file system.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The data directory could not be created or read, or the runtime not started.
    #[error("cannot use the data directory: {0}")]
    Io(#[from] std::io::Error),
    /// The address cannot be read. It is never shown: it may hold a password.
    #[error("store.database_url is not the URL of a PostgreSQL database")]
    Url,
    /// TLS cannot be set up; the reason.
    #[error("TLS towards the database cannot be set up: {0}")]
    Tls(String),
    /// The database does not answer, refuses the login or a statement; the reason.
    #[error("the database cannot be used: {0}")]
    Database(String),
    /// The server is older than the oldest supported release.
    #[error("PostgreSQL {found} is too old; 15 is the oldest that is supported")]
    OldServer {
        /// Major version of the server.
        found: i32,
    },
    /// The database has no tables of the service.
    #[error("the database has no tables of this service; run `stata-service store migrate` once")]
    NotMigrated,
    /// The tables were made by an earlier release.
    #[error(
        "the tables have format {found}, and this release needs {known}; run `stata-service store migrate` once"
    )]
    OlderFormat {
        /// Format of the tables.
        found: i64,
        /// Format of this release.
        known: i64,
    },
    /// The tables have a format that this release does not know.
    #[error("the tables have format {found}, and this release knows {known}; use a newer release")]
    NewerFormat {
        /// Format of the tables.
        found: i64,
        /// Format of this release.
        known: i64,
    },
    /// The data directory holds an embedded store.
    #[error(
        "the data directory holds an embedded store, which would be left behind; move it with `stata-service store \
         move`, use another data directory, or store.backend = \"file\""
    )]
    EmbeddedStore,
    /// Records are being copied into the tables, or their move was taken back.
    #[error(
        "the database holds the copy of a move that is not complete; run `stata-service store move` to its end, or \
         continue with store.backend = \"file\""
    )]
    Moving,
    /// Another server is live that cannot read the files of this one, or this one not those of the other.
    #[error(
        "the server {node} uses the same database and is live, and files are not in one object store for both: set \
         files.backend = \"s3\" with the same s3.endpoint, s3.bucket and s3.prefix on all servers"
    )]
    OtherServer {
        /// Name of the other server.
        node: String,
    },
    /// The records of the data directory were moved into another database.
    #[error(
        "the records of this data directory were moved to {target}, which store.database_url does not name"
    )]
    MovedElsewhere {
        /// The other database, for people.
        target: String,
    },
}

impl From<tokio_postgres::Error> for OpenError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(text_of(&error))
    }
}

/// Returns the text of an error with that of the server, which its own text leaves out.
pub(super) fn text_of(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} (SQLSTATE {})", db.message(), db.code().code()),
        None => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

/// Where the database is.
#[derive(Clone)]
pub(super) struct Target {
    pub config: Config,
    /// The same for each of its hosts alone.
    hosts: Vec<Config>,
    /// The host that took writes last.
    last: Arc<AtomicUsize>,
    pub promotions: Promotions,
    /// Whether its connections keep their servers.
    pub kept: Kept,
    tls: MakeRustlsConnect,
    /// Where the notifications of its connections go, if anyone wants them.
    heard_by: Option<UnboundedSender<String>>,
}

/// An open connection. The task that drives it ends with it.
pub(super) struct Link {
    pub client: ClientWrapper,
}

impl Target {
    /// Reads the address. Other machines are reached through TLS unless `sslmode` says otherwise; certificates are
    /// always checked.
    ///
    /// # Errors
    /// [`OpenError::Url`] or [`OpenError::Tls`].
    pub(super) fn parse(url: &SecretString) -> Result<Self, OpenError> {
        // certificates and names are checked anyway, which is what these two ask for
        let text = ["verify-full", "verify-ca"].iter().fold(url.expose_secret().to_owned(), |text, mode| {
            text.replace(&format!("sslmode={mode}"), "sslmode=require")
        });
        if !["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
            return Err(OpenError::Url);
        }
        let mut config: Config = text.parse().map_err(|_| OpenError::Url)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(OpenError::Url);
        }
        if !text.contains("sslmode=") && config.get_hosts().iter().any(is_elsewhere) {
            config.ssl_mode(SslMode::Require);
        }
        config
            .application_name("stata-service")
            .connect_timeout(CONNECT)
            .tcp_user_timeout(SILENCE)
            .keepalives_idle(SILENCE)
            .keepalives_interval(Duration::from_secs(3))
            .keepalives_retries(3)
            .target_session_attrs(TargetSessionAttrs::ReadWrite);
        Ok(Self {
            hosts: each_host(&config),
            config,
            last: Arc::default(),
            promotions: Promotions::default(),
            kept: Kept::default(),
            tls: tls()?,
            heard_by: None,
        })
    }

    /// Returns the same with another address: it follows the same promotions.
    ///
    /// # Errors
    /// As [`Target::parse`].
    pub(super) fn directly(&self, url: Option<&SecretString>) -> Result<Self, OpenError> {
        let Some(url) = url else { return Ok(self.clone()) };
        Ok(Self { promotions: self.promotions.clone(), ..Self::parse(url)? })
    }

    /// Returns the same, of whose connections the notifications go to someone.
    pub(super) fn heard_by(&self, to: UnboundedSender<String>) -> Self {
        Self { heard_by: Some(to), ..self.clone() }
    }

    /// Returns the database and its hosts, for people; without user and password.
    pub(super) fn describe(&self) -> String {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        });
        let hosts = hosts.collect::<Vec<_>>().join(", ");
        let name = self.config.get_dbname().or(self.config.get_user()).unwrap_or_default();
        format!("the PostgreSQL database {name} at {hosts}")
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// Any error of the connection.
    pub(super) async fn connect(&self) -> Result<Link, OpenError> {
        let silent = |_| OpenError::Database("it does not answer".to_owned());
        let (client, task) = tokio::time::timeout(2 * CONNECT, self.reach()).await.map_err(silent)??;
        Ok(Link { client: ClientWrapper::new(client, task) })
    }

    /// Opens a connection for transactions whose statements may have names.
    ///
    /// # Errors
    /// As [`Target::connect`].
    pub(super) async fn connect_to_stay(&self) -> Result<Link, OpenError> {
        let silent = |_| OpenError::Database("it does not answer".to_owned());
        let link = self.connect().await?;
        let prepare = async {
            self.kept.look_at(&link.client).await?;
            self.kept.set_up_writer(&link.client).await
        };
        tokio::time::timeout(CONNECT, prepare).await.map_err(silent)??;
        Ok(link)
    }

    /// True where the address names several hosts, one of which may take over from another.
    pub(super) fn has_several_hosts(&self) -> bool {
        self.hosts() > 1
    }

    /// Number of hosts of the address.
    pub(super) fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// Opens a connection to one of the hosts, whether it takes writes or not.
    ///
    /// # Errors
    /// Any error of the connection.
    pub(super) async fn link_to(&self, host: usize) -> Result<Link, tokio_postgres::Error> {
        let mut any = self.hosts[host].clone();
        any.target_session_attrs(TargetSessionAttrs::Any);
        let (client, connection) = any.connect(self.tls.clone()).await?;
        let task = tokio::spawn(drive(connection, None));
        Ok(Link { client: ClientWrapper::new(client, task) })
    }

    /// Asks the hosts, the next one before the one before it gave up: a machine that is gone is silent, and who waits has no
    /// time for its time-out. The first that takes writes is used. While one is silent the others are asked again: one of them
    /// may be promoted meanwhile.
    async fn reach(&self) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
        let first = self.last.load(Ordering::Relaxed);
        let refused = AtomicUsize::new(0);
        let refused = &refused;
        let tries = (0..self.hosts.len()).zip(0_u32..).map(|(place, turn)| {
            let host = (first + place) % self.hosts.len();
            async move {
                tokio::time::sleep(turn * NEXT_HOST).await;
                let (client, task) = self.insist(host, refused).await?;
                Ok((host, client, task))
            }
            .boxed()
        });
        let ((host, client, task), _slower) = select_ok(tries).await?;
        self.last.store(host, Ordering::Relaxed);
        Ok((client, task))
    }

    /// Asks a host until it takes writes, or every host has refused.
    async fn insist(
        &self,
        host: usize,
        refused: &AtomicUsize,
    ) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
        let mut is_counted = false;
        loop {
            match self.reach_one(host).await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(error) => {
                    if !is_counted {
                        refused.fetch_add(1, Ordering::Relaxed);
                        is_counted = true;
                    }
                    if refused.load(Ordering::Relaxed) >= self.hosts.len() {
                        return Err(error);
                    }
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Asks one host; `None` where it takes writes although another one was promoted in its place. Of several hosts, the
    /// connection ends when another one is found that was promoted later: one that hangs may keep its connections open.
    async fn reach_one(
        &self,
        host: usize,
    ) -> Result<Option<(Client, JoinHandle<()>)>, tokio_postgres::Error> {
        let (client, connection) = self.hosts[host].connect(self.tls.clone()).await?;
        let own = Arc::new(AtomicU32::new(u32::MAX));
        let (promotions, of_task) = (self.promotions.clone(), Arc::clone(&own));
        let heard_by = self.heard_by.clone();
        let task = tokio::spawn(async move {
            tokio::select! {
                () = drive(connection, heard_by) => {}
                () = promotions.until_after(&of_task) => {}
            }
        });
        if self.has_several_hosts()
            && let Some(timeline) = timeline_of(&client).await?
        {
            own.store(timeline, Ordering::SeqCst);
            if !self.promotions.note(timeline) {
                task.abort();
                return Ok(None);
            }
            self.promotions.until_known_to_all().await;
        }
        Ok(Some((client, task)))
    }
}

/// Drives a connection to its end; the requests under way then fail with its error.
async fn drive<S, T>(mut connection: Connection<S, T>, heard_by: Option<UnboundedSender<String>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
        if let (AsyncMessage::Notification(sign), Some(to)) = (message, &heard_by) {
            // nobody listens any more where the store ends
            let _ = to.send(sign.payload().to_owned());
        }
    }
}

impl deadpool_postgres::Connect for Target {
    fn connect(&self, _: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), tokio_postgres::Error>> {
        async {
            let (client, task) = self.reach().await?;
            self.kept.look_at(&client).await?;
            Ok((client, task))
        }
        .boxed()
    }
}

fn tls() -> Result<MakeRustlsConnect, OpenError> {
    let failed = |error: rustls::Error| OpenError::Tls(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(failed)?
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
