//! What the committer keeps in memory about the last commit: sequences, heads of the audit chains, counts of jobs.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};

use super::usage::{Usages, count};
use crate::domain::audit::{ChainedEvent, GENESIS_HASH};
use crate::domain::job::JobStatus;

/// The ends of all orders, as of the transaction under way.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::adapters) struct Heads {
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
    pub(in crate::adapters) fn load(conn: &Connection) -> rusqlite::Result<Self> {
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
    pub(in crate::adapters) fn save(&self, conn: &Connection) -> rusqlite::Result<()> {
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
    pub(super) fn count(&mut self, from: Option<JobStatus>, to: Option<JobStatus>) {
        count(&mut self.jobs, from, to);
    }
}

/// Counts jobs again, where the kept counts are damaged.
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
