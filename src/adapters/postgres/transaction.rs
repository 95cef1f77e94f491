//! One transaction: two round trips, the lock of the heads from the first to the end.

use std::time::Duration;

use futures_util::future::join_all;
use tokio_postgres::{Client, Error, Row};

use super::apply::{Heads, State};
use super::batch;
use super::claim::ClaimRequest;
use super::connect::text_of;
use super::rows::{Param, Statement, query};
use super::schema::{TABLES_FORMAT, TablesFormat};
use super::session::{BOUNDS, Session};
use super::shared::{Core, Submitted};
use crate::ports::store::{Change, Claims, CommitError, Receipt};

/// Begins a transaction.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
/// Ends it. Without the limit of time: a COMMIT that it breaks off reads as an error, and is applied all the same.
const COMMIT: &str = "SET LOCAL statement_timeout = 0; COMMIT";
/// The same where the role or the database does not wait for the disk, or not for a synchronous standby.
const DURABLE_COMMIT: &str = "SET LOCAL synchronous_commit = on; SET LOCAL statement_timeout = 0; COMMIT";
/// Longest wait for a round trip.
const ANSWER: Duration = Duration::from_secs(20);

/// Sets the same, for a transaction that only waits for others: what it finds is acknowledged.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', true) \
     WHERE current_setting('synchronous_commit') IN ('off', 'local')";

/// What a transaction finds set under its lock.
pub(super) struct Settings {
    /// The form of the tables.
    pub tables: TablesFormat,
    /// An acknowledged commit is on the disk, on a synchronous standby too, without being asked for.
    is_durable: bool,
}

impl Settings {
    /// What a transaction of this release's own tables starts with.
    pub(super) const OWN: Self = Self { tables: TablesFormat::OWN, is_durable: false };

    /// Reads the row of the settings.
    ///
    /// # Errors
    /// Any error of the row.
    pub(super) fn of(row: &Row) -> Result<Self, Error> {
        let waits: &str = row.try_get(1)?;
        Ok(Self { tables: TablesFormat::of(row, 4)?, is_durable: !matches!(waits, "off" | "local") })
    }
}

/// What a batch comes to once its transaction is durable.
pub(super) struct Outcome {
    pub answers: Vec<Result<Receipt, CommitError>>,
    /// What the claim of the batch got, if it has one.
    pub claims: Option<Claims>,
    /// Sequence of the newest commit before them.
    pub before: u64,
    pub changes: Vec<Change>,
    pub heads: Heads,
}

/// How a transaction failed.
pub(super) enum Failure {
    /// Nothing of it was applied.
    Before(Why),
    /// Its end was sent, and what came of it is not known.
    AtEnd(Box<Outcome>, String),
    /// This process may not write any more; why.
    Fenced(&'static str),
}

/// Why nothing was applied.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The connection is lost, or the transaction stood in the way of another one.
    Again(String),
    /// The database's volume is full.
    Full(String),
    /// The database cannot hold a value of the batch.
    Data(String),
    Other(String),
}

impl Why {
    /// Sorts an error by its SQLSTATE.
    pub(super) fn of(error: &Error) -> Self {
        let text = text_of(error);
        let Some(code) = error.code() else { return Self::Again(text) };
        match (code.code(), code.code().get(..2)) {
            ("53100", _) => Self::Full(text),
            // a name that the server does not know, or a plan from before a migration
            ("26000", _) => Self::Again(text),
            ("0A000", _) if text.contains("cached plan") => Self::Again(text),
            // its time ran out
            ("57014", _) => Self::Other(text),
            // a server that follows another one, that ends or starts, or a lost race for a lock
            ("25006" | "55000", _) | (_, Some("08" | "57" | "40")) => Self::Again(text),
            (_, Some("22" | "23" | "54")) => Self::Data(text),
            _ => Self::Other(text),
        }
    }

    /// Returns the text.
    pub(super) fn text(&self) -> &str {
        let (Self::Again(text) | Self::Full(text) | Self::Data(text) | Self::Other(text)) = self;
        text
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Before(Why::of(&error))
    }
}

/// Applies a batch and makes it durable. Where nothing was applied the transaction is taken back.
///
/// # Errors
/// [`Failure`]. The connection must not be used again.
pub(super) async fn transaction(
    session: Session<'_>,
    core: &Core,
    commits: &[Submitted],
    claim: Option<&ClaimRequest>,
) -> Result<Outcome, Failure> {
    let outcome = apply(session, core, commits, claim).await;
    if matches!(outcome, Err(Failure::Before(_))) {
        core.order.give_up();
    }
    outcome
}

async fn apply(
    session: Session<'_>,
    core: &Core,
    commits: &[Submitted],
    claim: Option<&ClaimRequest>,
) -> Result<Outcome, Failure> {
    let silent = || Failure::Before(Why::Again("the database does not answer".to_owned()));
    let loading = batch::load(session, commits, claim, core.clock.now());
    let (mut state, found) = tokio::time::timeout(ANSWER, loading).await.map_err(|_| silent())??;
    if let Some(why) = core.bar(state.heads.epoch, state.settings.tables, Some(state.heads.sequence)) {
        return Err(Failure::Fenced(why));
    }
    let before = state.heads.sequence;
    core.order.begin(before);
    let answers = commits.iter().map(|commit| state.apply(commit)).collect();
    let claims = claim.zip(found).map(|(claim, found)| state.claim(core, claim, found));
    if state.has_applied() {
        let healed = core.healed_names(&state.changes);
        return end(session, state, before, (answers, claims), healed).await;
    }
    tokio::time::timeout(ANSWER, session.client.batch_execute("ROLLBACK")).await.map_err(|_| silent())??;
    Ok(Outcome { answers, claims, before, changes: Vec::new(), heads: state.heads })
}

/// Writes what the commits left and ends the transaction, in one round trip.
async fn end(
    session: Session<'_>,
    mut state: State,
    before: u64,
    (answers, claims): (Vec<Result<Receipt, CommitError>>, Option<Claims>),
    healed: Vec<String>,
) -> Result<Outcome, Failure> {
    let mut statements = state.statements();
    if !healed.is_empty() {
        let sql = "DELETE FROM ss.quarantine WHERE key = ANY($1)";
        statements.push((sql.into(), vec![Param::texts(healed)]));
    }
    let silent = || Failure::Before(Why::Again("the database does not answer".to_owned()));
    let preparing = tokio::time::timeout(ANSWER, session.prepare(&statements));
    let prepared = preparing.await.map_err(|_| silent())??;
    let writes = join_all(prepared.iter().map(|statement| session.run(statement)));
    let commit =
        session.client.batch_execute(if state.settings.is_durable { COMMIT } else { DURABLE_COMMIT });
    // polled in this order, and so sent in it
    let both = async { futures_util::join!(writes, commit) };
    let ended = tokio::time::timeout(ANSWER, both).await;
    let outcome =
        Outcome { answers, claims, before, changes: std::mem::take(&mut state.changes), heads: state.heads };
    let Ok((writes, commit)) = ended else {
        return Err(Failure::AtEnd(Box::new(outcome), "the database does not answer".to_owned()));
    };
    let error = writes.into_iter().find_map(Result::err).or(commit.err());
    match error {
        None => Ok(outcome),
        // an error of a statement takes the transaction back; a server that ends may have applied it
        Some(error) => match error.as_db_error() {
            Some(db) if !db.code().code().starts_with("57") && !db.code().code().starts_with("08") => {
                Err(Failure::Before(Why::of(&error)))
            }
            _ => Err(Failure::AtEnd(Box::new(outcome), text_of(&error))),
        },
    }
}

/// Returns the statement that keeps the heads, without the epoch.
pub(super) fn save(heads: &Heads) -> Statement {
    let sql = "UPDATE ss.heads SET sequence = $1, queue_seq = $2, nr = $3, audit_seq = $4, audit_hash = $5, \
               job_counts = $6, claim_after = $7";
    let counts = serde_json::to_string(&heads.jobs).expect("counts serialise to JSON");
    let params = vec![
        Param::number(heads.sequence.cast_signed()),
        Param::number(heads.queue_seq.cast_signed()),
        Param::number(heads.nr),
        Param::number(heads.audit_seq.cast_signed()),
        Param::text(heads.audit_hash.clone()),
        Param::text(counts),
        Param::text(heads.claim_after.clone()),
    ];
    (sql.into(), params)
}

/// Waits until no transaction is under way, by the lock of the heads; returns the epoch, the form of the tables, and the
/// receipts of commits. What is not applied then never will be.
///
/// # Errors
/// Any error of the database.
pub(super) async fn settled(
    client: &Client,
    ids: Vec<String>,
) -> Result<((i64, TablesFormat), Vec<Receipt>), Error> {
    let ids = [Param::texts(ids)];
    let (_, _, _, epoch, format, found, _) = futures_util::try_join!(
        client.batch_execute(BEGIN),
        query(client, BOUNDS, &[]),
        query(client, DURABLE, &[]),
        client.query_typed_one("SELECT epoch FROM ss.heads FOR UPDATE", &[]),
        client.query_typed_one(TABLES_FORMAT, &[]),
        query(client, "SELECT sequence, versions FROM ss.commits WHERE id = ANY($1)", &ids),
        client.batch_execute("COMMIT"),
    )?;
    let receipts = found.iter().map(|row| batch::receipt_of(row, [0, 1])).collect::<Result<_, _>>()?;
    Ok(((epoch.try_get(0)?, TablesFormat::of(&format, 0)?), receipts))
}
