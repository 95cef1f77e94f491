//! Connections: the address from the settings, TLS, and why a store could not be opened.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use secrecy::{ExposeSecret, SecretString};
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::adapters::store::LockError;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);
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
         files.backend = \"s3\" with the same bucket and prefix on all servers"
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
    pub tls: MakeRustlsConnect,
}

/// An open connection with the task that drives it, which ends with it.
pub(super) struct Link {
    pub client: Client,
    task: JoinHandle<()>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
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
        Ok(Self { config, tls: tls()? })
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
        let connecting = self.config.connect(self.tls.clone());
        let silent = |_| OpenError::Database("it does not answer".to_owned());
        let (client, connection) = tokio::time::timeout(2 * CONNECT, connecting).await.map_err(silent)??;
        let task = tokio::spawn(async move {
            // the requests under way fail with the same error
            let _ = connection.await;
        });
        Ok(Link { client, task })
    }
}

fn is_elsewhere(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name != "localhost"
                && !name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Host::Unix(_) => false,
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
