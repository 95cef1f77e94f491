//! Applies the commits of a batch, one after the other, to what the batch read under the lock: no database here. What
//! they leave is written afterwards, once for each record.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::bounds::WebhookScope;
use super::claim::ActiveKey;
use super::combined::together;
use super::queue::QueueRows;
use super::rows::{Cell, Rows, Statement, Table, clean};
use super::shared::Submitted;
use super::tables::{ACTIVE, AUDIT, COMMITS, USAGE, names_of, table_of};
use super::transaction::{Settings, save};
use crate::adapters::store::apply_job::IndexColumns;
use crate::adapters::store::batches::BatchColumns;
use crate::adapters::store::keys;
use crate::adapters::store::prepare::{PreparedWrite, Put};
use crate::adapters::store::usage::{Usages, count};
use crate::domain::ids::TenantId;
use crate::domain::job::{JobRecord, JobStatus};
use crate::domain::tenant::MadeToday;
use crate::ports::store::{Change, ChangedRecord, CommitError, Expect, Key, Receipt, Record};

/// The one row of heads.
#[derive(Debug, Clone, Default)]
pub(super) struct Heads {
    pub epoch: i64,
    pub sequence: u64,
    pub queue_seq: u64,
    /// Number of the newest row.
    pub nr: i64,
    pub audit_seq: u64,
    pub audit_hash: String,
    pub jobs: BTreeMap<JobStatus, u64>,
    /// The tenant that was served last by a claim.
    pub claim_after: String,
}

/// What conditions and writes need to know of a stored record.
#[derive(Debug, Clone, Default)]
pub(super) struct Current {
    pub nr: i64,
    pub version: u64,
    /// Of a job. A status that cannot be read counts as none, so that a damaged record can be replaced.
    pub status: Option<JobStatus>,
    pub queue_seq: Option<i64>,
    /// Of a job: bytes of its content, while it counts.
    pub bytes: Option<i64>,
    /// Of a task code.
    pub hash: Option<String>,
}

/// What a record becomes by the batch.
enum End {
    Row(Vec<Cell>),
    Gone,
}

/// The state of a batch: what was read, changed by each commit in turn.
pub(super) struct State {
    pub heads: Heads,
    pub settings: Settings,
    pub records: HashMap<Key, Current>,
    /// Task codes by their hash.
    pub hashes: HashMap<String, Key>,
    pub receipts: HashMap<String, Receipt>,
    pub usage: Usages,
    /// Jobs that tenants with a limit of a day made within one.
    pub today: HashMap<TenantId, MadeToday>,
    /// Webhooks of tenants and of jobs that a commit bounds.
    pub webhooks: HashMap<WebhookScope, u64>,
    pub now: DateTime<Utc>,
    ends: HashMap<Key, End>,
    /// The queue, as the batch leaves it.
    pub queue: QueueRows,
    /// Rows of running jobs, likewise.
    active: BTreeMap<ActiveKey, Option<Vec<Cell>>>,
    audit: Rows,
    commits: Rows,
    /// Changes of the applied commits, in order.
    pub changes: Vec<Change>,
}

fn expected(expect: Expect) -> Option<u64> {
    match expect {
        Expect::Absent | Expect::Import => None,
        Expect::Version(n) => Some(n),
    }
}

fn number(n: u64) -> Cell {
    Cell::Number(Some(n.cast_signed()))
}

fn millis(at: DateTime<Utc>) -> Cell {
    Cell::Number(Some(at.timestamp_millis()))
}

impl State {
    /// Starts with the heads and nothing read.
    pub(super) fn new(heads: Heads, now: DateTime<Utc>) -> Self {
        Self {
            queue: QueueRows::after(heads.queue_seq),
            heads,
            settings: Settings::OWN,
            records: HashMap::new(),
            hashes: HashMap::new(),
            receipts: HashMap::new(),
            usage: Usages::default(),
            today: HashMap::new(),
            webhooks: HashMap::new(),
            now,
            ends: HashMap::new(),
            active: BTreeMap::new(),
            audit: Vec::new(),
            commits: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// Applies one commit: first all conditions, then everything. A commit that was applied before gets its receipt.
    ///
    /// # Errors
    /// The refusal of this commit; nothing of it was applied.
    pub(super) fn apply(&mut self, submitted: &Submitted) -> Result<Receipt, CommitError> {
        let commit = &submitted.commit;
        if let Some(receipt) = self.receipts.get(&commit.id) {
            return Ok(receipt.clone());
        }
        commit.writes.iter().try_for_each(|write| self.check(write))?;
        if let Some(bounds) = &commit.within {
            self.check_bounds(bounds, commit)?;
        }
        self.heads.sequence += 1;
        let sequence = self.heads.sequence;
        let mut versions = Vec::with_capacity(commit.writes.len());
        for write in &commit.writes {
            let version = match &write.put {
                Some(put) => self.put(write, put),
                None => self.delete(write),
            };
            versions.push((write.key.clone(), version));
        }
        for (event, resource) in commit.audit.iter().zip(&submitted.resources) {
            let seq = self.heads.audit_seq + 1;
            let (hash, json) = event.chain(seq, &self.heads.audit_hash);
            self.audit.push(vec![number(seq), Cell::Text(clean(resource)), Cell::Text(json)]);
            (self.heads.audit_seq, self.heads.audit_hash) = (seq, hash);
        }
        self.commits.push(vec![
            number(sequence),
            Cell::Text(commit.id.clone()),
            millis(self.now),
            Cell::Text(keys::encode_versions(&versions)),
        ]);
        let receipt = Receipt { sequence, versions };
        self.receipts.insert(commit.id.clone(), receipt.clone());
        Ok(receipt)
    }

    /// Checks a write's condition; a task code's hash must also be free or its own.
    fn check(&self, write: &PreparedWrite) -> Result<(), CommitError> {
        let conflict = |actual| {
            let (key, expected) = (write.key.clone(), expected(write.expect));
            Err(CommitError::Conflict { key, expected, actual })
        };
        let have = self.records.get(&write.key).map(|current| current.version);
        if expected(write.expect) != have {
            return conflict(have);
        }
        if let Some(Put { record: Record::TaskCode(code), .. }) = &write.put
            && let Some(other) = self.hashes.get(&code.code_sha256).filter(|other| **other != write.key)
        {
            return conflict(self.records.get(other).map(|current| current.version));
        }
        Ok(())
    }

    fn put(&mut self, write: &PreparedWrite, put: &Put) -> u64 {
        let stored = self.records.remove(&write.key);
        let nr = stored.as_ref().map(|current| current.nr).unwrap_or_else(|| {
            self.heads.nr += 1;
            self.heads.nr
        });
        let version = put.record.version();
        let mut current = Current { nr, version, ..Current::default() };
        let mut change = ChangedRecord::Other(write.key.clone());
        let bytes = |put: &Put| [Cell::Bytes(put.checksum.to_vec()), Cell::Text(put.json.clone())];
        let mut row = names_of(&write.key);
        match &put.record {
            Record::Job(job) => {
                change = ChangedRecord::Job(Arc::clone(job));
                row.extend(self.job_cells(job, put, stored.as_ref(), &mut current));
            }
            Record::TaskCode(r) => {
                if let Some(hash) = stored.and_then(|stored| stored.hash) {
                    self.hashes.remove(&hash);
                }
                self.hashes.insert(r.code_sha256.clone(), write.key.clone());
                current.hash = Some(r.code_sha256.clone());
                row.extend([Cell::Number(Some(nr)), Cell::Text(r.tenant_id.to_string())]);
                row.extend([Cell::Text(r.code_sha256.clone()), number(version), millis(r.created_at)]);
                row.extend(bytes(put));
            }
            Record::ApiKey(r) => {
                row.extend([Cell::Number(Some(nr)), Cell::Text(r.tenant_id.to_string())]);
                row.extend([number(version), millis(r.created_at)]);
                row.extend(bytes(put));
            }
            Record::Idempotency(r) => {
                row.extend([number(version), millis(r.expires_at)]);
                row.extend(bytes(put));
            }
            Record::Webhook(r) => {
                if stored.is_none() {
                    self.count_webhook(&r.tenant_id, r.job_id.as_ref());
                }
                let job_id = r.job_id.as_ref().map(ToString::to_string).unwrap_or_default();
                row.extend([Cell::Number(Some(nr)), Cell::Text(r.tenant_id.to_string()), Cell::Text(job_id)]);
                row.extend([number(version), millis(r.created_at)]);
                row.extend(bytes(put));
            }
            Record::Delivery(r) => {
                row.extend([Cell::Number(Some(nr)), Cell::Text(r.webhook_id.to_string()), number(version)]);
                let due_at = r.due_at.map(|at| at.timestamp_millis());
                row.extend([millis(r.created_at), Cell::Number(due_at)]);
                row.extend(bytes(put));
            }
            Record::Batch(r) => {
                let listed = BatchColumns::of(r);
                row.extend([Cell::Number(Some(nr)), Cell::Text(r.tenant_id.to_string())]);
                row.extend([Cell::Text(r.job_id.to_string()), number(version), millis(r.created_at)]);
                row.extend([Cell::Number(listed.open), Cell::Number(listed.ended_at)]);
                row.extend(bytes(put));
            }
            Record::Tenant(_) | Record::Cursor(_) => {
                row.push(number(version));
                row.extend(bytes(put));
            }
        }
        self.changes.push(Change { sequence: self.heads.sequence, is_own: true, record: change });
        self.records.insert(write.key.clone(), current);
        self.ends.insert(write.key.clone(), End::Row(row));
        version
    }

    /// The cells of a job after its names. A job gets a place in the queue when it becomes queued.
    fn job_cells(
        &mut self,
        job: &JobRecord,
        put: &Put,
        stored: Option<&Current>,
        current: &mut Current,
    ) -> Vec<Cell> {
        let before = stored.and_then(|stored| stored.status);
        current.status = Some(job.status);
        current.queue_seq = match before {
            _ if job.status != JobStatus::Queued => None,
            Some(JobStatus::Queued) if stored.is_some_and(|stored| stored.queue_seq.is_some()) => {
                stored.and_then(|stored| stored.queue_seq)
            }
            _ => {
                self.heads.queue_seq += 1;
                Some(self.heads.queue_seq.cast_signed())
            }
        };
        let columns = IndexColumns::of(job);
        current.bytes = columns.bytes;
        if stored.is_none() {
            self.count_today(&job.tenant_id);
        }
        count(&mut self.heads.jobs, before, Some(job.status));
        let held = (stored.and_then(|stored| stored.bytes), before);
        self.usage.change(&job.tenant_id, held, (columns.bytes, Some(job.status)));
        let queue = job.queue.as_ref().filter(|_| current.queue_seq.is_some());
        self.follow_queue(job, stored, current.queue_seq);
        vec![
            Cell::Number(Some(current.nr)),
            number(job.version),
            Cell::Text(job.status.as_str().to_owned()),
            Cell::Number(current.queue_seq),
            Cell::Number(queue.map(|queue| queue.ready_at.timestamp_millis())),
            Cell::MaybeText(job.client_ref.as_deref().map(clean)),
            millis(job.timestamps.created_at),
            number(job.fence),
            number(self.heads.sequence),
            Cell::Bytes(put.checksum.to_vec()),
            Cell::Text(put.json.clone()),
            Cell::Number(columns.ended_at),
            Cell::Number(columns.files_at),
            Cell::Number(columns.inputs_at),
            Cell::Number(columns.bytes),
            Cell::Number(columns.uploads_at),
            Cell::MaybeText(job.cell.as_ref().map(|cell| cell.batch_id.to_string())),
        ]
    }

    /// Keeps the queue and the running jobs in step with a job.
    fn follow_queue(&mut self, job: &JobRecord, stored: Option<&Current>, queue_seq: Option<i64>) {
        let left = stored.and_then(|stored| stored.queue_seq).filter(|left| Some(*left) != queue_seq);
        if let Some(left) = left {
            self.queue.remove(left);
        }
        if let Some(queue_seq) = queue_seq {
            self.queue.put(queue_seq, job, self.now);
        }
        let ran = stored.and_then(|stored| stored.status) == Some(JobStatus::Running);
        if ran && job.status != JobStatus::Running {
            self.set_active((job.tenant_id.clone(), job.job_id.clone()), None);
        }
    }

    /// Sets the row of a running job, or removes it.
    pub(super) fn set_active(&mut self, key: ActiveKey, row: Option<Vec<Cell>>) {
        self.active.insert(key, row);
    }

    /// Returns how many runs the commits of this batch began.
    pub(super) fn begun(&self) -> u64 {
        self.active.values().filter(|row| row.is_some()).count() as u64
    }

    fn delete(&mut self, write: &PreparedWrite) -> u64 {
        let stored = self.records.remove(&write.key).unwrap_or_default();
        if let Key::Job(tenant, job_id) = &write.key {
            if let Some(left) = stored.queue_seq {
                self.queue.remove(left);
            }
            if stored.status == Some(JobStatus::Running) {
                self.set_active((tenant.clone(), job_id.clone()), None);
            }
            count(&mut self.heads.jobs, stored.status, None);
            self.usage.change(tenant, (stored.bytes, stored.status), (None, None));
        }
        if let Some(hash) = &stored.hash {
            self.hashes.remove(hash);
        }
        let record = ChangedRecord::Deleted(write.key.clone());
        self.changes.push(Change { sequence: self.heads.sequence, is_own: true, record });
        self.ends.insert(write.key.clone(), End::Gone);
        stored.version
    }

    /// True if the transaction has to be kept.
    pub(super) fn has_applied(&self) -> bool {
        !self.commits.is_empty() || self.queue.has_delayed()
    }

    /// Returns the statements that write what the commits left, with the heads, and forgets it.
    pub(super) fn statements(&mut self) -> Vec<Statement> {
        // records that go first: another one may take over what is unique of them
        let (mut statements, mut writes) = (Vec::new(), Vec::new());
        let mut ends: BTreeMap<&str, (&Table, Rows, Rows)> = BTreeMap::new();
        for (key, end) in std::mem::take(&mut self.ends) {
            let table = table_of(&key);
            let (_, rows, gone) = ends.entry(table.name).or_insert((table, Vec::new(), Vec::new()));
            match end {
                End::Row(row) => rows.push(row),
                End::Gone => gone.push(names_of(&key)),
            }
        }
        for [gone, rows] in ends.into_values().map(|(table, rows, gone)| table.written(rows, gone)) {
            statements.extend(gone);
            writes.extend(rows);
        }
        writes.extend(self.queue.rows());
        let (mut runs, mut ended) = (Rows::new(), Rows::new());
        for ((tenant, job_id), row) in std::mem::take(&mut self.active) {
            match row {
                Some(row) => runs.push(row),
                None => ended.push(vec![Cell::Text(tenant.to_string()), Cell::Text(job_id.to_string())]),
            }
        }
        writes.extend(ACTIVE.written(runs, ended).into_iter().flatten());
        let usage = self.usage.take_changed().into_iter().map(|(tenant, usage)| {
            vec![
                Cell::Text(tenant.to_string()),
                number(usage.jobs),
                number(usage.bytes),
                number(usage.queued),
            ]
        });
        let rest = [
            (&USAGE, usage.collect()),
            (&AUDIT, std::mem::take(&mut self.audit)),
            (&COMMITS, std::mem::take(&mut self.commits)),
        ];
        writes.extend(rest.into_iter().filter(|(_, rows)| !rows.is_empty()).map(|(t, rows)| t.put(rows)));
        writes.push(save(&self.heads));
        statements.extend(together(writes));
        statements.extend(self.queue.delays());
        statements
    }
}
