//! The committer: the one thread that writes. It takes what waits, applies each commit in turn inside one
//! transaction, ends the transaction once, and only then answers. No timer, no retry.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};
use tokio::sync::oneshot;

use super::apply::{Applied, apply, quarantine};
use super::job_cache::Written;
use super::shared::{Committed, Core, Request};
use super::usage::Usages;
use crate::domain::audit::{ChainedEvent, GENESIS_HASH};
use crate::domain::ids::TenantId;
use crate::domain::job::JobStatus;
use crate::domain::tenant::TenantUsage;
use crate::ports::store::{Change, CommitError, Key, Receipt};

/// Most requests of one transaction; bounds the time a caller waits for others.
const MAX_BATCH: usize = 256;

/// Transactions after which the write-ahead log (a dozen pages each, or more) is worth moving.
const CHECKPOINT_EVERY: usize = 200;

/// The ends of all orders, as of the transaction under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Heads {
    pub sequence: u64,
    pub queue_seq: u64,
    pub audit_seq: u64,
    pub audit_hash: String,
    pub jobs: BTreeMap<JobStatus, u64>,
    pub usage: Usages,
}

impl Heads {
    /// Reads the heads of the last transaction. Where they disagree with the last audit event or the last
    /// receipt, which are written with them, those are taken: nothing may be numbered twice.
    ///
    /// # Errors
    /// Any error of the database.
    pub fn load(conn: &Connection) -> rusqlite::Result<Self> {
        let mut heads = Self::kept(conn)?;
        let before = heads.clone();
        let receipt: Option<i64> =
            conn.query_row("SELECT MAX(sequence) FROM commits", [], |row| row.get(0))?;
        heads.sequence = heads.sequence.max(receipt.unwrap_or(0).cast_unsigned());
        let queued: Option<i64> =
            conn.query_row("SELECT MAX(queue_seq) FROM jobs WHERE queue_seq > 0", [], |row| row.get(0))?;
        heads.queue_seq = heads.queue_seq.max(queued.unwrap_or(0).cast_unsigned());
        let last = conn
            .query_row("SELECT seq, json FROM audit ORDER BY seq DESC LIMIT 1", [], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
            })
            .optional()?;
        if let Some((seq, json)) = last {
            heads.audit_seq = seq.cast_unsigned();
            // an event that cannot be read leaves the kept hash; verification names the event
            if let Ok(event) = serde_json::from_str::<ChainedEvent>(&json) {
                heads.audit_hash = event.hash;
            }
        }
        if heads != before {
            tracing::error!(
                event = "SS_STORE_HEADS_REPAIRED",
                "the kept heads of the store disagreed with its tables"
            );
        }
        Ok(heads)
    }

    fn kept(conn: &Connection) -> rusqlite::Result<Self> {
        conn.query_row(
            "SELECT sequence, queue_seq, audit_seq, audit_hash, job_counts FROM heads WHERE one = 1",
            [],
            |row| {
                let hash: String = row.get(3)?;
                let counts: String = row.get(4)?;
                let jobs = match serde_json::from_str(&counts) {
                    Ok(jobs) => jobs,
                    Err(_) => recount(conn)?,
                };
                Ok(Self {
                    sequence: row.get::<_, i64>(0)?.cast_unsigned(),
                    queue_seq: row.get::<_, i64>(1)?.cast_unsigned(),
                    audit_seq: row.get::<_, i64>(2)?.cast_unsigned(),
                    audit_hash: if hash.is_empty() { GENESIS_HASH.to_owned() } else { hash },
                    jobs,
                    usage: Usages::load(conn)?,
                })
            },
        )
    }

    /// Keeps the heads in their table.
    ///
    /// # Errors
    /// Any error of the database.
    pub(super) fn save(&self, conn: &Connection) -> rusqlite::Result<()> {
        let counts = serde_json::to_string(&self.jobs).expect("counts serialise to JSON");
        conn.prepare_cached(
            "UPDATE heads SET sequence = ?1, queue_seq = ?2, audit_seq = ?3, audit_hash = ?4, job_counts = ?5
             WHERE one = 1",
        )?
        .execute((
            self.sequence.cast_signed(),
            self.queue_seq.cast_signed(),
            self.audit_seq.cast_signed(),
            &self.audit_hash,
            counts,
        ))
        .map(|_| ())
    }

    /// Moves one job from a status to another; `None` stands for absence.
    pub fn count(&mut self, from: Option<JobStatus>, to: Option<JobStatus>) {
        if let Some(n) = from.and_then(|status| self.jobs.get_mut(&status)) {
            *n = n.saturating_sub(1);
        }
        if let Some(status) = to {
            *self.jobs.entry(status).or_default() += 1;
        }
    }
}

/// Counts jobs anew, where the kept counts are damaged.
fn recount(conn: &Connection) -> rusqlite::Result<BTreeMap<JobStatus, u64>> {
    let mut statement = conn.prepare("SELECT status, COUNT(*) FROM jobs GROUP BY status")?;
    let mut rows = statement.query([])?;
    let mut jobs = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let status: String = row.get(0)?;
        if let Some(status) = JobStatus::ALL.into_iter().find(|s| s.as_str() == status) {
            jobs.insert(status, row.get::<_, i64>(1)?.cast_unsigned());
        }
    }
    Ok(jobs)
}

type Reply = oneshot::Sender<Result<Receipt, CommitError>>;

/// Runs until the queue is closed and empty, or the store stops.
pub fn run(core: &Arc<Core>, mut conn: Connection, mut heads: Heads) {
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
            }
            Ok(false) => break,
            Err(_) => {
                core.stop("the committer panicked");
                break;
            }
        }
    }
    refuse_rest(core);
    core.end_listeners();
    core.exports.close();
    core.checkpoints.close();
}

/// Answers what waits behind a fault.
fn refuse_rest(core: &Core) {
    let Some(reason) = core.fault() else { return };
    while let Some(request) = core.requests.take() {
        if let Request::Commit { reply, .. } = request {
            let _ = reply.send(Err(CommitError::Stopped { reason: reason.clone() }));
        }
    }
}

/// Applies one batch; false after a fault.
fn commit_batch(core: &Core, conn: &mut Connection, heads: &mut Heads, requests: Vec<Request>) -> bool {
    let mut answers: Vec<(Reply, Result<Receipt, CommitError>)> = Vec::with_capacity(requests.len());
    let mut waiting: Vec<Reply> = Vec::new();
    let mut effects = Effects::default();
    let before = (heads.sequence, heads.audit_seq);
    let result = transaction(core, conn, heads, requests, &mut answers, &mut waiting, &mut effects);
    if let Err(error) = result {
        // the heads are not the tables' any more; nothing uses them after a stop
        let reason = format!("writing failed: {error}");
        core.stop(&reason);
        core.cache.clear();
        for reply in answers.into_iter().map(|(reply, _)| reply).chain(waiting) {
            let _ = reply.send(Err(CommitError::Stopped { reason: reason.clone() }));
        }
        return false;
    }
    let jobs = effects.jobs.iter().map(|w| Key::Job(w.tenant.clone(), w.job_id.clone())).collect();
    core.cache.show(effects.jobs);
    core.publish_heads(heads.sequence, (heads.audit_seq, &heads.audit_hash), &heads.jobs);
    core.publish_usage(effects.usage);
    core.clear_quarantined(&effects.healed);
    core.deliver(&effects.changes);
    if (heads.sequence, heads.audit_seq) != before {
        // the queue of exports has no bound, and it is closed by this thread only
        let _ = core.exports.push(Committed { sequence: heads.sequence, jobs });
    }
    for (reply, answer) in answers {
        // a caller that went away does not undo its commit
        let _ = reply.send(answer);
    }
    true
}

/// What a transaction causes once it is durable.
#[derive(Default)]
struct Effects {
    changes: Vec<Change>,
    jobs: Vec<Written>,
    healed: Vec<Key>,
    usage: Vec<(TenantId, TenantUsage)>,
}

fn transaction(
    core: &Core,
    conn: &mut Connection,
    heads: &mut Heads,
    requests: Vec<Request>,
    answers: &mut Vec<(Reply, Result<Receipt, CommitError>)>,
    waiting: &mut Vec<Reply>,
    effects: &mut Effects,
) -> rusqlite::Result<()> {
    let mut commits = Vec::with_capacity(requests.len());
    let mut damages = Vec::new();
    for request in requests {
        match request {
            Request::Commit { commit, reply } => {
                commits.push(commit);
                waiting.push(reply);
            }
            Request::Quarantine { key, reason } => damages.push((key, reason)),
        }
    }
    let now = core.clock.now();
    let before = (heads.sequence, heads.audit_seq);
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    prune(&tx, core.exported_sequence(), now.timestamp_millis(), commits.len())?;
    waiting.reverse();
    for commit in commits {
        let outcome = apply(&tx, heads, now.timestamp_millis(), &commit)?;
        let reply = waiting.pop().expect("one reply per commit");
        match outcome {
            Ok(Applied { receipt, changes, jobs }) => {
                effects.healed.extend(
                    receipt
                        .versions
                        .iter()
                        .map(|(key, _)| key)
                        .filter(|key| core.is_quarantined(key))
                        .cloned(),
                );
                effects.changes.extend(changes);
                effects.jobs.extend(jobs);
                answers.push((reply, Ok(receipt)));
            }
            Err(refused) => answers.push((reply, Err(refused))),
        }
    }
    for key in &effects.healed {
        tx.execute("DELETE FROM quarantine WHERE key = ?1", [super::keys::encode(key)])?;
    }
    for (key, reason) in damages {
        if !effects.healed.contains(&key) {
            quarantine(&tx, heads, now, &key, &reason)?;
        }
    }
    if (heads.sequence, heads.audit_seq) != before {
        heads.save(&tx)?;
        effects.usage = heads.usage.save(&tx)?;
    }
    core.cache.hide(effects.jobs.iter());
    tx.commit()
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
