//! The store of a service: embedded, or in PostgreSQL.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::adapters::clock::SystemClock;
use crate::adapters::postgres::{self, Access, DatabaseClock, NodeOptions, PostgresStore};
use crate::adapters::store::sqlite::{OpenError, Options, SqliteStore};
use crate::ports::audit_log::AuditLog;
use crate::ports::clock::Clock;
use crate::ports::cluster::Cluster;
use crate::ports::store::Store;

/// An open store.
#[derive(Clone)]
pub enum OpenedStore {
    /// Embedded, below the data directory.
    File(Arc<SqliteStore>),
    /// In PostgreSQL.
    Postgres(Arc<PostgresStore>),
}

/// Why a store was not opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The embedded store was not opened.
    #[error(transparent)]
    File(#[from] OpenError),
    /// The store in PostgreSQL was not opened.
    #[error(transparent)]
    Postgres(#[from] postgres::OpenError),
}

/// How a store is opened.
pub(super) struct Opening<'a> {
    pub data_dir: &'a Path,
    /// In PostgreSQL if there is one.
    pub database_url: Option<&'a SecretString>,
    /// Address by which changes of other servers are heard; `database_url` if absent.
    pub listen_url: Option<&'a SecretString>,
    pub lock_wait: Duration,
    /// What the process does with a store in PostgreSQL; the embedded one is always owned.
    pub access: Access,
    /// Readers, for the usual number if absent.
    pub readers: Option<usize>,
    /// How a server joins those that share a store in PostgreSQL.
    pub node: Option<NodeOptions>,
}

impl OpenedStore {
    /// Opens the store that the settings name. Blocks while it waits for the lock.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn open(opening: Opening<'_>) -> Result<Self, StoreError> {
        let Opening { data_dir, database_url, listen_url, lock_wait, access, readers, node } = opening;
        Ok(match database_url {
            Some(url) => {
                let clock = Arc::new(DatabaseClock::default());
                let mut options = postgres::Options::new(
                    url.clone(),
                    data_dir.to_owned(),
                    Arc::clone(&clock) as Arc<dyn Clock>,
                );
                options.database_clock = clock;
                options.lock_wait = lock_wait;
                options.access = access;
                options.node = node;
                options.listen_url = listen_url.cloned();
                options.readers = readers.unwrap_or(options.readers);
                Self::Postgres(PostgresStore::open(options)?)
            }
            None => {
                let mut options = Options::new(data_dir.to_owned(), Arc::new(SystemClock));
                options.lock_wait = lock_wait;
                options.readers = readers.unwrap_or(options.readers);
                Self::File(SqliteStore::open(options)?)
            }
        })
    }

    /// Returns the store as its port.
    pub fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::File(store) => Arc::clone(store) as Arc<dyn Store>,
            Self::Postgres(store) => Arc::clone(store) as Arc<dyn Store>,
        }
    }

    /// Returns the clock by which the service judges what expires: the machine's, or the database's where servers share one.
    pub fn clock(&self) -> Arc<dyn Clock> {
        match self {
            Self::File(_) => Arc::new(SystemClock),
            Self::Postgres(store) => store.clock(),
        }
    }

    /// Returns the servers that share the store, where this process joined them.
    pub fn cluster(&self) -> Option<Arc<dyn Cluster>> {
        match self {
            Self::File(_) => None,
            Self::Postgres(store) => store.cluster(),
        }
    }

    /// Returns its audit log.
    pub fn audit_log(&self) -> Arc<dyn AuditLog> {
        match self {
            Self::File(store) => Arc::clone(store) as Arc<dyn AuditLog>,
            Self::Postgres(store) => Arc::clone(store) as Arc<dyn AuditLog>,
        }
    }

    /// Brings the store to rest and frees its lock. Blocks until that is done.
    pub fn shutdown(&self) {
        match self {
            Self::File(store) => store.shutdown(),
            Self::Postgres(store) => store.shutdown(),
        }
    }

    /// Stops an embedded store whose files are not at their place any more.
    pub(super) fn check_places(&self) {
        if let Self::File(store) = self {
            store.check_places();
        }
    }
}
