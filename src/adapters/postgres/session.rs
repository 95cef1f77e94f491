//! Statements by name. PostgreSQL parses and plans a statement that has a name once for each connection, which is most of
//! the work of a small one.
//!
//! A pooler in transaction mode leads each transaction to some server: the name may be unknown there, or that of another
//! statement. So names are used only where every connection keeps its server. That shows in the process number that a
//! connection is given when it begins, by which it may cancel its statements: a pooler makes up numbers of its own, since
//! it has to find out itself whose statement to cancel.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use deadpool_postgres::ClientWrapper;
use futures_util::future::{Ready as Immediate, ready, try_join_all};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Row};

use super::rows::{Param, Statement};

/// Settings of a connection that keeps its server. A plan with a name is kept: one that was made while a table was small must
/// not read the whole of it once it is large, and one that serves all values must not be compiled, nor be divided among processes,
/// for its estimated cost.
/// [`Plans`] says how long.
const SETTINGS: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off; \
     SET max_parallel_workers_per_gather = 0";
/// Bounds of the statements of a transaction, and of its silence: a process that hangs must not keep a lock.
pub(super) const BOUNDS: &str = "SELECT set_config('lock_timeout', '5s', true), set_config('statement_timeout', '20s', true), \
     set_config('idle_in_transaction_session_timeout', '20s', true)";
/// The same for all transactions of a connection that keeps its server. Records of more than 2 kB are compressed; lz4, where the
/// server has it, takes a fraction of the time of pglz.
const SETTINGS_OF_WRITER: &str = "SET lock_timeout = '5s'; SET statement_timeout = '20s'; \
     SET idle_in_transaction_session_timeout = '20s'; \
     SELECT set_config(name, 'lz4', false) FROM pg_settings \
     WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)";
/// Code of the request for TLS (PostgreSQL, "Message Formats", `SSLRequest`).
const SSL_REQUEST: [u8; 4] = 80_877_103_u32.to_be_bytes();

/// Whether the connections of an address keep their servers.
#[derive(Clone, Default)]
pub(super) struct Kept {
    /// One of them was found not to.
    is_pooled: Arc<AtomicBool>,
}

impl Kept {
    /// Looks at a new connection before it is used, and sets it up where it keeps its server.
    ///
    /// # Errors
    /// Any error of the connection.
    pub(super) async fn look_at(&self, client: &Client) -> Result<(), Error> {
        let given = given_process(client).await;
        let own: i32 = client.query_typed_one("SELECT pg_backend_pid()", &[]).await?.try_get(0)?;
        if given == Some(own) {
            return client.batch_execute(SETTINGS).await;
        }
        if !self.is_pooled.swap(true, Ordering::SeqCst) {
            tracing::info!(
                event = "SS_STORE_POOLED",
                "a pooler is between this process and the database: statements are planned again each time"
            );
        }
        Ok(())
    }

    /// Sets a connection up that writes, where it keeps its server. The transactions of others
    /// [have to be bounded each](Session::bounds).
    ///
    /// # Errors
    /// Any error of the connection.
    pub(super) async fn set_up_writer(&self, client: &Client) -> Result<(), Error> {
        if self.is_pooled.load(Ordering::SeqCst) {
            return Ok(());
        }
        client.batch_execute(SETTINGS_OF_WRITER).await
    }

    /// A connection with what is known of all.
    pub(super) fn session<'a>(&self, client: &'a ClientWrapper) -> Session<'a> {
        Session { client, is_named: !self.is_pooled.load(Ordering::SeqCst) }
    }
}

/// Longest time between two times that plans are made again.
const OLDEST: Duration = Duration::from_secs(64);
/// Commits by which tables have grown.
const GROWTH: u64 = 1_000;

/// How long plans are kept: a second, then twice as long each time, up to about a minute, and as long as the tables have hardly
/// grown. The plan of a table that is empty may use an index that finds too much once it has grown, as all jobs of a tenant. To
/// make the plans of a commit again takes as long as several commits.
pub(super) struct Plans {
    until: Instant,
    age: Duration,
    /// Sequence of the newest commit when they were made.
    made_at: u64,
}

impl Plans {
    /// Plans that are made from now on.
    pub(super) fn new() -> Self {
        let age = Duration::from_secs(1);
        Self { until: Instant::now() + age, age, made_at: 0 }
    }

    /// True, once, when they are to be made again, after the newest commit.
    pub(super) fn are_due(&mut self, newest: u64) -> bool {
        self.are_due_at(Instant::now(), newest)
    }

    fn are_due_at(&mut self, now: Instant, newest: u64) -> bool {
        let are_due = now >= self.until && newest >= self.made_at + self.made_at.clamp(1, GROWTH);
        if are_due {
            self.age = (self.age * 2).min(OLDEST);
            self.until = now + self.age;
            self.made_at = newest;
        }
        are_due
    }
}

/// A connection, and whether its statements have names.
#[derive(Clone, Copy)]
pub(super) struct Session<'a> {
    pub client: &'a ClientWrapper,
    is_named: bool,
}

/// A statement that goes out at once when it is run.
pub(super) struct Prepared<'s> {
    statement: &'s Statement,
    name: Option<tokio_postgres::Statement>,
}

impl Session<'_> {
    /// The statement that bounds a transaction, where the connection does not do so for all.
    pub(super) fn bounds(self) -> Option<Statement> {
        (!self.is_named).then(|| (BOUNDS.into(), Vec::new()))
    }

    /// Gives names to statements, those that have none yet. It waits for the server then: statements that have to go out in an
    /// order are prepared before the first of them is run.
    ///
    /// # Errors
    /// Any error of the database.
    pub(super) async fn prepare<'s>(self, statements: &'s [Statement]) -> Result<Vec<Prepared<'s>>, Error> {
        try_join_all(statements.iter().map(|statement| async {
            if !self.is_named {
                return Ok(Prepared { statement, name: None });
            }
            let types: Vec<Type> = statement.1.iter().map(Param::kind).collect();
            let name = self.client.prepare_typed_cached(&statement.0, &types).await?;
            Ok(Prepared { statement, name: Some(name) })
        }))
        .await
    }

    /// Runs a statement.
    ///
    /// # Errors
    /// Any error of the database.
    pub(super) async fn run(self, prepared: &Prepared<'_>) -> Result<Vec<Row>, Error> {
        let (sql, params) = prepared.statement;
        let Some(name) = &prepared.name else { return super::rows::query(self.client, sql, params).await };
        let values: Vec<&(dyn ToSql + Sync)> = params.iter().map(Param::value).collect();
        self.client.query(name, &values).await
    }

    /// Prepares and runs one statement.
    ///
    /// # Errors
    /// Any error of the database.
    pub(super) async fn query(self, statement: &Statement) -> Result<Vec<Row>, Error> {
        let prepared = self.prepare(std::slice::from_ref(statement)).await?;
        self.run(&prepared[0]).await
    }
}

/// Returns the process number that a connection was given when it began: the one of a request to cancel, which is written
/// here and goes nowhere.
async fn given_process(client: &Client) -> Option<i32> {
    let (near, mut far) = tokio::io::duplex(64);
    let read = async {
        // length and code
        let mut head = [0; 8];
        far.read_exact(&mut head).await.ok()?;
        if head[4..] == SSL_REQUEST {
            far.write_all(b"S").await.ok()?;
            far.read_exact(&mut head).await.ok()?;
        }
        far.read_i32().await.ok()
    };
    let token = client.cancel_token();
    let (written, process) = futures_util::join!(token.cancel_query_raw(near, Plain), read);
    written.ok().and(process)
}

/// The bytes as they are, where the connection itself has TLS.
struct Plain;

impl TlsConnect<DuplexStream> for Plain {
    type Stream = PlainStream;
    type Error = std::convert::Infallible;
    type Future = Immediate<Result<PlainStream, Self::Error>>;

    fn connect(self, stream: DuplexStream) -> Self::Future {
        ready(Ok(PlainStream(stream)))
    }
}

struct PlainStream(DuplexStream);

impl TlsStream for PlainStream {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for PlainStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl AsyncWrite for PlainStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_made_again_once_the_tables_have_grown() {
        let mut plans = Plans::new();
        let begin = Instant::now();
        let mut are_due = |seconds, newest| plans.are_due_at(begin + Duration::from_secs(seconds), newest);
        assert!(!are_due(0, 500), "too soon");
        assert!(are_due(2, 500));
        assert!(!are_due(9, 999), "hardly grown");
        assert!(are_due(9, 1_000), "twice as many");
        assert!(!are_due(10, 90_000), "too soon");
        assert!(are_due(20, 90_000));
        assert!(!are_due(9_000, 90_999), "hardly grown");
        assert!(are_due(9_000, 91_000));
    }
}
