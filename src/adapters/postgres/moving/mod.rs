//! `store move`: the records of an embedded store become those of a PostgreSQL database. The service is stopped. Rows are
//! copied in chunks that remember how far they came, every row is compared, and then the two marks change, that of the
//! data directory first: at no moment can both stores be opened.

mod source;
mod target;
mod verify;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_postgres::Client;

use super::connect::{OpenError, Target};
use super::store::apart;
use crate::adapters::ids::SystemIds;
use crate::adapters::store::check::Report;
use crate::adapters::store::moved::{self, MoveMark, MoveState};
use crate::adapters::store::{self, Options, SqliteStore, tools};
use crate::ports::clock::Clock;
use crate::ports::ids::IdSource;
use source::{Chunk, Source};
use target::{Entered, Progress};

/// Request of a move.
pub struct MoveSpec {
    /// Data directory with the embedded store.
    pub data_dir: PathBuf,
    /// `postgres://…`, with tables that hold nothing.
    pub url: SecretString,
    /// Source of the current time (UTC).
    pub clock: Arc<dyn Clock>,
    /// How long to wait for an owner of the data directory to end.
    pub lock_wait: Duration,
    /// Moves a store with damaged records too; they stay as they are.
    pub keep_damaged: bool,
}

/// Result of a move.
#[derive(Debug, Serialize)]
pub struct Moved {
    /// True if the database has the records from here on.
    pub ok: bool,
    /// True if the move was complete before.
    pub before: bool,
    /// The database, for people.
    pub target: String,
    /// Sequence of the last commit.
    pub sequence: u64,
    /// Number of the last event of the audit chain.
    pub audit_seq: u64,
    /// Hash of that event: SHA-256 in hexadecimal digits.
    pub audit_hash: String,
    /// Rows of each table in the database, all of them compared with the source.
    pub rows: BTreeMap<&'static str, u64>,
    /// Rows that this call copied; the others were copied before it.
    pub copied: u64,
    /// Time to copy and to compare, in seconds.
    pub seconds: f64,
    /// Problems of the records themselves, which the data directory has too.
    pub damage: Report,
}

/// What a move is doing, for people who wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Rows of a table that were copied, of all rows of the table.
    Copied {
        /// Name of the table.
        table: &'static str,
        /// Rows that this call copied.
        rows: u64,
        /// Rows of the table.
        of: u64,
    },
    /// Every row is compared.
    Verifying,
    /// The data directory was changed since an earlier call copied it.
    StartingOver,
}

/// Why nothing was moved, or a move was not taken back.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The request cannot be done as it is.
    #[error("{0}")]
    Refused(String),
    /// The embedded store cannot be used.
    #[error(transparent)]
    Store(#[from] store::OpenError),
    /// The database cannot be used.
    #[error(transparent)]
    Postgres(#[from] OpenError),
}

impl From<io::Error> for MoveError {
    fn from(error: io::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<tokio_postgres::Error> for MoveError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error.into())
    }
}

fn refused(text: impl Into<String>) -> MoveError {
    MoveError::Refused(text.into())
}

/// Moves the records of a data directory, or finishes a move that was begun. Files of jobs stay where they are. Blocks.
///
/// # Errors
/// [`MoveError`]; the embedded store is as it was then, and can be used unless its mark says otherwise.
pub fn move_store(spec: &MoveSpec, on: &mut (dyn FnMut(Step) + Send)) -> Result<Moved, MoveError> {
    let target = Target::parse(&spec.url)?;
    if !tools::database(&spec.data_dir).is_file() {
        return Err(refused("the data directory holds no embedded store"));
    }
    let is_moved = moved::read(&spec.data_dir)?.is_some_and(|mark| mark.state == MoveState::Moved);
    if !is_moved {
        // the opening checks the write-ahead log and brings tables of an earlier build up to date
        let mut options = Options::new(spec.data_dir.clone(), Arc::clone(&spec.clock));
        options.lock_wait = spec.lock_wait;
        SqliteStore::open(options)?.shutdown();
    }
    let _owned = tools::own_whatever_moved(&spec.data_dir, spec.lock_wait, spec.clock.now())?;
    let source = Source::open(&spec.data_dir)?;
    apart(async move || Mover { spec, source, target: &target, on }.run().await)
}

/// Undoes a move to which the database has added nothing: the embedded store can be opened again, the database cannot.
/// Blocks.
///
/// # Errors
/// [`MoveError`].
pub fn take_back(spec: &MoveSpec) -> Result<(), MoveError> {
    let target = Target::parse(&spec.url)?;
    let _owned = tools::own_whatever_moved(&spec.data_dir, spec.lock_wait, spec.clock.now())?;
    let mark = moved::read(&spec.data_dir)?.filter(|mark| mark.state == MoveState::Moved);
    let mark = mark.ok_or_else(|| refused("the records of the data directory were not moved"))?;
    apart(async || {
        let link = target.connect().await?;
        target::close(&link.client, &mark).await
    })?;
    set_mark(spec, &mark, MoveState::Copying)
}

fn set_mark(spec: &MoveSpec, mark: &MoveMark, state: MoveState) -> Result<(), MoveError> {
    let mark = MoveMark { state, at: spec.clock.now(), ..mark.clone() };
    Ok(moved::write(&spec.data_dir, &mark)?)
}

/// One move.
struct Mover<'a> {
    spec: &'a MoveSpec,
    source: Source,
    target: &'a Target,
    on: &'a mut (dyn FnMut(Step) + Send),
}

impl Mover<'_> {
    async fn run(mut self) -> Result<Moved, MoveError> {
        let started = Instant::now();
        let data_dir = self.spec.data_dir.as_path();
        let link = self.target.connect().await?;
        let client = &link.client;
        let mut mark = moved::read(data_dir)?;
        let known = mark.clone();
        let begin = || {
            let new = MoveMark {
                id: SystemIds.id("move"),
                state: MoveState::Copying,
                target: self.target.describe(),
                at: self.spec.clock.now(),
            };
            moved::write(data_dir, &new)?;
            let id = new.id.clone();
            mark = Some(new);
            Ok(id)
        };
        let mut progress =
            match target::enter(client, (data_dir, &self.source), known.as_ref(), begin).await? {
                Entered::Done => return Ok(self.report(true, 0, started)),
                Entered::Copy(progress) => progress,
            };
        let mark = mark.ok_or_else(|| refused("the data directory has no mark of the move"))?;
        let mut copied = self.copy(client, &mark, &mut progress).await?;
        (self.on)(Step::Verifying);
        let mut verified = verify::verify(client, (data_dir, &self.source)).await?;
        if !verified.differing.is_empty() {
            (self.on)(Step::StartingOver);
            progress = target::start_over(client, &self.source).await?;
            copied = self.copy(client, &mark, &mut progress).await?;
            (self.on)(Step::Verifying);
            verified = verify::verify(client, (data_dir, &self.source)).await?;
        }
        if !verified.differing.is_empty() {
            let text =
                format!("the copy differs from the data directory in {}", verified.differing.join(", "));
            return Err(OpenError::Database(format!("{text}; does something else use the database?")).into());
        }
        let mut moved = self.report(false, copied, started);
        (moved.rows, moved.damage) = (verified.rows, verified.report);
        moved.ok = moved.damage.ok || self.spec.keep_damaged;
        if moved.ok {
            set_mark(self.spec, &mark, MoveState::Moved)?;
            target::switch(client, &mark.id).await?;
        }
        Ok(moved)
    }

    /// Copies what follows `progress`; returns the number of rows.
    async fn copy(
        &mut self,
        client: &Client,
        mark: &MoveMark,
        progress: &mut Progress,
    ) -> Result<u64, MoveError> {
        let (send, mut chunks) = mpsc::channel::<Chunk>(2);
        let (data_dir, after) = (self.spec.data_dir.clone(), progress.clone());
        let reader = std::thread::spawn(move || read_chunks(&data_dir, &after, &send));
        let (mut copied, mut of_table) = (0, ("", 0));
        while let Some(chunk) = chunks.recv().await {
            let (table, rows) = (chunk.table.name, chunk.rows.len() as u64);
            target::put(client, &mark.id, chunk, progress).await?;
            copied += rows;
            of_table = (table, if of_table.0 == table { of_table.1 + rows } else { rows });
            let of = self.source.rows.get(table).copied().unwrap_or(0);
            (self.on)(Step::Copied { table, rows: of_table.1, of });
        }
        reader
            .join()
            .map_err(|_| io::Error::other("the reader of the data directory ended by a panic"))??;
        target::put_heads(client, &self.source).await?;
        Ok(copied)
    }

    fn report(&self, before: bool, copied: u64, started: Instant) -> Moved {
        let heads = &self.source.heads;
        Moved {
            ok: true,
            before,
            target: self.target.describe(),
            sequence: heads.sequence,
            audit_seq: heads.audit_seq,
            audit_hash: heads.audit_hash.clone(),
            rows: self.source.rows.clone(),
            copied,
            seconds: started.elapsed().as_secs_f64(),
            damage: Report { ok: true, ..Report::default() },
        }
    }
}

/// Hands the rows of a data directory over until nobody takes them.
fn read_chunks(data_dir: &Path, after: &Progress, send: &mpsc::Sender<Chunk>) -> io::Result<()> {
    let source = Source::open(data_dir)?;
    source.chunks(after, |chunk| send.blocking_send(chunk).is_ok()).map_err(io::Error::other)
}
