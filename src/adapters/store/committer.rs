//! The committer: the one thread that writes. It takes what waits, applies each commit in turn inside one
//! transaction, ends the transaction once, and only then answers. No timer, no retry.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

use super::apply::{Applied, apply, quarantine};
use super::checkpoint;
use super::heads::Heads;
use super::job_cache::Written;
use super::prepare::Prepared;
use super::shared::{Committed, Core, Request};
use super::standing::{self, Fused};
use super::verify::problems;
use crate::ports::store::{Change, CommitError, Key, Receipt};

/// Most requests of one transaction; bounds the time a caller waits for others.
const MAX_BATCH: usize = 256;

/// Transactions after which the write-ahead log (a dozen pages each, or more) is worth moving.
const CHECKPOINT_EVERY: usize = 200;

type Reply = oneshot::Sender<Result<Receipt, CommitError>>;

/// Runs until the queue is closed and empty, or the store stops.
pub(super) fn run(core: &Arc<Core>, mut conn: Connection, mut heads: Heads) {
    let mut batch = Vec::new();
    let mut transactions = 0_usize;
    while core.requests.take_waiting(MAX_BATCH, &mut batch) {
        let requests = std::mem::take(&mut batch);
        // a reply that is dropped by a panic reads as "indeterminate" on the caller's side
        let outcome = catch_unwind(AssertUnwindSafe(|| commit_batch(core, &mut conn, &mut heads, requests)));
        match outcome {
            Ok(true) => {
                transactions += 1;
                if transactions.is_multiple_of(CHECKPOINT_EVERY) {
                    // full means that the thread is already asked
                    let _ = core.checkpoints.push(());
                }
                if !checkpoint::finish(core, &conn) {
                    break;
                }
            }
            Ok(false) => break,
            Err(_) => {
                core.stop("the committer panicked");
                break;
            }
        }
    }
    refuse_rest(core);
    core.standing.withdraw();
    core.listeners.end();
    core.exports.close();
    core.checkpoints.close();
}

/// Fails the requests that wait behind a fault.
fn refuse_rest(core: &Core) {
    let Some(reason) = core.fault() else { return };
    while let Some(request) = core.requests.take() {
        if let Request::Commit { reply, .. } = request {
            let _ = reply.send(Err(CommitError::Stopped { reason: reason.clone() }));
        }
    }
}

/// One batch, split into what it consists of.
#[derive(Default)]
struct Batch {
    commits: Vec<Prepared>,
    replies: Vec<Reply>,
    damages: Vec<(Key, String)>,
    reindex: Vec<&'static str>,
}

impl Batch {
    /// How many of its commits carry audit events.
    fn audited(&self) -> usize {
        self.commits.iter().filter(|commit| !commit.audit.is_empty()).count()
    }

    fn of(requests: Vec<Request>) -> Self {
        let mut batch = Self::default();
        for request in requests {
            match request {
                Request::Commit { commit, reply } => {
                    batch.commits.push(*commit);
                    batch.replies.push(reply);
                }
                Request::Quarantine { key, reason } => batch.damages.push((key, reason)),
                Request::Reindex { table } => batch.reindex.push(table),
            }
        }
        batch
    }

    /// A caller that went away does not undo its commit.
    fn answer(self, answers: Vec<Result<Receipt, CommitError>>) {
        for (reply, answer) in self.replies.into_iter().zip(answers) {
            let _ = reply.send(answer);
        }
    }
}

/// How a transaction failed.
enum Failure {
    /// Nothing of it was applied.
    Before(rusqlite::Error),
    /// Its end failed: what is on the disk is not known.
    AtEnd(rusqlite::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Before(error)
    }
}

impl Failure {
    /// True if a page that the transaction needs is damaged. Nothing was applied then.
    fn is_damage(&self) -> bool {
        matches!(self, Self::Before(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt))
    }

    /// True if the volume refused to grow a file. Nothing was applied then, even at the end: the record
    /// that completes a transaction is written last.
    fn is_full(&self) -> bool {
        let (Self::Before(error) | Self::AtEnd(error)) = self;
        error.sqlite_error_code() == Some(ErrorCode::DiskFull)
    }
}

/// When a caller that met a damaged page may come again: indexes may be repaired by then.
const DAMAGE_RETRY: Duration = Duration::from_secs(10);
/// When a caller that met a full volume may come again.
const FULL_RETRY: Duration = Duration::from_secs(5);

/// Applies one batch; false after a fault.
fn commit_batch(core: &Core, conn: &mut Connection, heads: &mut Heads, requests: Vec<Request>) -> bool {
    let batch = Batch::of(requests);
    if let Some(reason) = core.places.lost() {
        stop(core, batch, reason, false);
        return false;
    }
    let before = (heads.sequence, heads.audit_seq);
    let mut effects = Effects::default();
    let mut result = transaction(core, conn, heads, &batch, &mut effects);
    if matches!(&result, Err(failure) if failure.is_full()) && core.reserve.release() {
        start_over(core, conn, heads, &mut effects);
        result = transaction(core, conn, heads, &batch, &mut effects);
    }
    // what was written since may lie in files that nobody will find again
    let lost = if result.is_ok() { core.places.lost() } else { None };
    if let Some(reason) = lost {
        core.cache.clear();
        core.count_audit_failures(batch.audited());
        stop(core, batch, reason, true);
        return false;
    }
    match result {
        Ok(answers) => {
            let fused = effects.fused.take();
            publish(core, heads, before, effects);
            if let Some(fused) = fused {
                fused.answer();
            }
            batch.reindex.iter().for_each(|table| reindex(core, conn, table));
            batch.answer(answers);
            true
        }
        Err(failure) if failure.is_full() => {
            tracing::error!(event = "SS_STORE_FULL", "the store's volume is full; commits are refused");
            start_over(core, conn, heads, &mut effects);
            for (key, _) in &batch.damages {
                core.clear_quarantined(std::slice::from_ref(key));
            }
            core.count_audit_failures(batch.audited());
            let answers = batch.commits.iter().map(|_| Err(CommitError::Full { retry_after: FULL_RETRY }));
            let answers = answers.collect();
            batch.answer(answers);
            true
        }
        Err(failure) if failure.is_damage() => {
            start_over(core, conn, heads, &mut effects);
            refuse_damaged(core, conn, heads, batch)
        }
        Err(failure) => {
            core.cache.clear();
            core.count_audit_failures(batch.audited());
            let at_end = matches!(failure, Failure::AtEnd(_));
            let (Failure::Before(error) | Failure::AtEnd(error)) = failure;
            stop(core, batch, format!("writing failed: {error}"), at_end);
            false
        }
    }
}

/// Rebuilds the indexes of a damaged table; one whose own pages are damaged stays as it is.
fn reindex(core: &Core, conn: &Connection, table: &'static str) {
    // each statement is a separate transaction
    let mended = conn.execute_batch(&format!("REINDEX {table}"));
    match mended.and_then(|()| problems(conn, table)) {
        Ok(None) => {
            tracing::info!(event = "SS_STORE_TABLE_MENDED", table, "the indexes of a table were made anew");
            core.note_damage(table, "");
        }
        Ok(Some(what)) => core.note_damage(table, &what),
        Err(error) => core.note_damage(table, &error.to_string()),
    }
}

/// Finds the commits of a batch that meet a damaged page, one by one: they are refused, all others are
/// applied. False after a fault.
fn refuse_damaged(core: &Core, conn: &mut Connection, heads: &mut Heads, batch: Batch) -> bool {
    if batch.commits.len() + batch.damages.len() <= 1 {
        tracing::error!(
            event = "SS_RECORD_DAMAGED",
            "a commit met a damaged page of the database and is refused"
        );
        core.note_damage("pages", "a commit met a damaged page");
        core.ask_for_look();
        core.count_audit_failures(batch.audited());
        let answers = batch
            .commits
            .iter()
            .map(|_| Err(CommitError::Unavailable { retry_after: DAMAGE_RETRY }))
            .collect();
        batch.answer(answers);
        return true;
    }
    let Batch { commits, replies, damages, .. } = batch;
    let alone = commits
        .into_iter()
        .zip(replies)
        .map(|(commit, reply)| Request::Commit { commit: Box::new(commit), reply });
    let noted = damages.into_iter().map(|(key, reason)| Request::Quarantine { key, reason });
    for request in alone.chain(noted).collect::<Vec<_>>() {
        if !commit_batch(core, conn, heads, vec![request]) {
            return false;
        }
    }
    true
}

/// Forgets what a transaction that failed had in mind: the heads are the tables' again.
fn start_over(core: &Core, conn: &Connection, heads: &mut Heads, effects: &mut Effects) {
    if let Some(fused) = std::mem::take(effects).fused {
        fused.release(core);
    }
    core.cache.clear();
    match Heads::load(conn) {
        Ok(kept) => *heads = kept,
        Err(error) => core.stop(&format!("the heads cannot be read back: {error}")),
    }
}

/// Stops the store and answers the batch that met the reason; `at_end` where it may have been applied.
fn stop(core: &Core, batch: Batch, reason: String, at_end: bool) {
    core.stop(&reason);
    let answer = |commit: &Prepared| match at_end {
        true => Err(CommitError::Indeterminate { id: commit.id.clone() }),
        false => Err(CommitError::Stopped { reason: reason.clone() }),
    };
    let answers = batch.commits.iter().map(answer).collect();
    batch.answer(answers);
}

/// Shows a durable transaction to everyone who looks.
fn publish(core: &Core, heads: &Heads, before: (u64, u64), effects: Effects) {
    let jobs = effects.jobs.iter().map(|w| Key::Job(w.tenant.clone(), w.job_id.clone())).collect();
    core.waiting.changed(&effects.jobs, core.clock.now());
    core.cache.show(effects.jobs);
    core.publish_heads(heads.sequence, (heads.audit_seq, &heads.audit_hash), &heads.jobs);
    core.clear_quarantined(&effects.healed);
    core.listeners.deliver(&effects.changes);
    if (heads.sequence, heads.audit_seq) != before {
        // the queue of exports has no bound, and it is closed by this thread only
        let _ = core.exports.push(Committed { sequence: heads.sequence, jobs });
    }
}

/// Effects of a transaction once it is durable.
#[derive(Default)]
pub(super) struct Effects {
    pub changes: Vec<Change>,
    pub jobs: Vec<Written>,
    healed: Vec<Key>,
    /// Claims in the transaction that queues their jobs.
    pub fused: Option<Fused>,
}

fn transaction(
    core: &Core,
    conn: &mut Connection,
    heads: &mut Heads,
    batch: &Batch,
    effects: &mut Effects,
) -> Result<Vec<Result<Receipt, CommitError>>, Failure> {
    let now = core.clock.now();
    let before = (heads.sequence, heads.audit_seq);
    let mut answers = Vec::with_capacity(batch.commits.len());
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    prune(&tx, core.exported_sequence(), now.timestamp_millis(), batch.commits.len())?;
    for commit in &batch.commits {
        match apply(&tx, heads, now.timestamp_millis(), commit)? {
            Ok(Applied { receipt, changes, jobs }) => {
                let named = receipt.versions.iter().map(|(key, _)| key);
                effects.healed.extend(named.filter(|key| core.is_quarantined(key)).cloned());
                effects.changes.extend(changes);
                effects.jobs.extend(jobs);
                answers.push(Ok(receipt));
            }
            Err(refused) => answers.push(Err(refused)),
        }
    }
    standing::claim(core, &tx, heads, now, effects)?;
    for key in &effects.healed {
        tx.execute("DELETE FROM quarantine WHERE key = ?1", [super::keys::encode(key)])?;
    }
    for (key, reason) in &batch.damages {
        if !effects.healed.contains(key) {
            quarantine(&tx, heads, now, key, reason)?;
        }
    }
    if (heads.sequence, heads.audit_seq) != before {
        heads.save(&tx)?;
        heads.usage.save(&tx)?;
    }
    core.cache.hide(effects.jobs.iter());
    tx.commit().map_err(Failure::AtEnd)?;
    Ok(answers)
}

/// Keeps receipts for a day and answers until they expire. The work is bounded by the batch.
fn prune(conn: &Connection, exported: u64, now_ms: i64, commits: usize) -> rusqlite::Result<()> {
    const DAY_MS: i64 = 24 * 3600 * 1000;
    let limit = i64::try_from(2 * commits.max(1)).unwrap_or(i64::MAX);
    conn.prepare_cached(
        "DELETE FROM commits WHERE sequence IN (SELECT sequence FROM commits ORDER BY sequence LIMIT ?1)
         AND committed_at < ?2 AND sequence <= ?3",
    )?
    .execute((limit, now_ms - DAY_MS, exported.cast_signed()))?;
    conn.prepare_cached(
        "DELETE FROM idempotency WHERE row IN
         (SELECT row FROM idempotency WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
    )?
    .execute((now_ms, limit))
    .map(|_| ())
}
