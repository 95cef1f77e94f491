//! The reader threads: each owns a connection and answers through a one-shot channel, so that no query
//! runs on an async thread.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

use super::queue::{HandOver, Refused};
use super::rows::Damage;
use super::schema;
use super::shared::Core;
use crate::ports::store::{Key, ReadError};

/// Most reads that wait; more are refused.
const MAX_WAITING: usize = 4096;

type Query = Box<dyn FnOnce(&Connection) + Send>;

/// A pool of reader threads.
pub(super) struct Readers {
    queue: Arc<HandOver<Query>>,
    core: Arc<Core>,
}

/// Why a query has no answer.
pub(super) enum QueryError {
    Sqlite(rusqlite::Error),
    Damage(Damage),
    Final(ReadError),
}

impl From<rusqlite::Error> for QueryError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Damage> for QueryError {
    fn from(damage: Damage) -> Self {
        Self::Damage(damage)
    }
}

impl Readers {
    /// Starts `threads` readers of a database that exists.
    ///
    /// # Errors
    /// Any error of opening a connection or starting a thread.
    pub(super) fn start(
        path: &Path,
        threads: usize,
        core: Arc<Core>,
    ) -> Result<(Self, Vec<JoinHandle<()>>), super::sqlite::OpenError> {
        let queue: Arc<HandOver<Query>> = Arc::new(HandOver::new(MAX_WAITING));
        let mut handles = Vec::with_capacity(threads);
        for n in 0..threads {
            let conn = schema::open_reader(path)?;
            let queue = Arc::clone(&queue);
            handles.push(std::thread::Builder::new().name(format!("store-read-{n}")).spawn(move || {
                while let Some(query) = queue.take() {
                    query(&conn);
                }
            })?);
        }
        Ok((Self { queue, core }, handles))
    }

    /// Runs a query on a reader thread. `key` names the record in reports of damage.
    ///
    /// # Errors
    /// [`ReadError`].
    pub(super) async fn read<T: Send + 'static>(
        &self,
        key: Option<Key>,
        query: impl FnOnce(&Connection) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<T, ReadError> {
        if let Some(reason) = self.core.fault() {
            return Err(ReadError::Stopped { reason });
        }
        let (reply, answer) = oneshot::channel();
        let task: Query = Box::new(move |conn| {
            let _ = reply.send(query(conn));
        });
        match self.queue.push(task) {
            Ok(()) => {}
            Err(Refused::Full(_)) => {
                return Err(ReadError::Unavailable { retry_after: Duration::from_secs(1) });
            }
            Err(Refused::Closed(_)) => {
                return Err(ReadError::Stopped { reason: "the store is closed".to_owned() });
            }
        }
        let gone = || ReadError::Stopped { reason: "a reader ended".to_owned() };
        answer.await.map_err(|_| gone())?.map_err(|error| self.error(key, error))
    }

    fn error(&self, key: Option<Key>, error: QueryError) -> ReadError {
        match error {
            QueryError::Final(error) => error,
            QueryError::Damage(damage) => {
                let named = damage.key.or(key);
                if let (true, Some(key)) = (damage.newer, &named) {
                    return ReadError::NewerSchema { key: key.clone() };
                }
                if let Some(key) = &named {
                    self.core.report_damage(key, damage.reason);
                }
                corrupt(named)
            }
            QueryError::Sqlite(error) => match (error.sqlite_error_code(), key) {
                (Some(ErrorCode::DatabaseCorrupt), Some(key)) => {
                    self.core.report_damage(&key, "the database page is damaged");
                    self.core.ask_for_look();
                    ReadError::Corrupt { key }
                }
                // the rest is still served; the committer stops by itself where it meets the page
                (Some(ErrorCode::DatabaseCorrupt), None) => {
                    tracing::error!(event = "SS_RECORD_DAMAGED", %error, "a page of the database is damaged");
                    self.core.ask_for_look();
                    ReadError::Stopped { reason: "a page of the database is damaged".to_owned() }
                }
                (Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _) => {
                    ReadError::Unavailable { retry_after: Duration::from_secs(1) }
                }
                _ => {
                    let reason = format!("reading failed: {error}");
                    self.core.stop(&reason);
                    ReadError::Stopped { reason }
                }
            },
        }
    }

    /// Lets the threads end once what waits is answered.
    pub(super) fn close(&self) {
        self.queue.close();
    }
}

fn corrupt(key: Option<Key>) -> ReadError {
    match key {
        Some(key) => ReadError::Corrupt { key },
        None => ReadError::Stopped { reason: "a damaged record has no readable name".to_owned() },
    }
}
