//! The store's contract written down a second time, in memory: the model that property tests compare
//! with. It passes the same conformance suite as the real adapters.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{DateTime, Utc};
use futures_util::future::{BoxFuture, FutureExt, ready};
use stata_service::domain::audit::{ChainedEvent, GENESIS_HASH};
use stata_service::domain::credential::{ApiKeyRecord, IdempotencyRecord, TaskCodeRecord};
use stata_service::domain::ids::{CodeId, JobId, KeyId, TenantId};
use stata_service::domain::job::{JobRecord, JobStatus};
use stata_service::domain::tenant::{TenantRecord, TenantUsage};
use stata_service::ports::clock::Clock;
use stata_service::ports::store::*;
use tokio::sync::mpsc;

const LIMIT: usize = 16 * 1024 * 1024;

#[derive(Default)]
struct State {
    sequence: u64,
    queue_seq: u64,
    inserted: u64,
    /// With the order of insertion.
    records: BTreeMap<Key, (u64, Record)>,
    queue: BTreeMap<Key, u64>,
    receipts: HashMap<String, Receipt>,
    audit: Vec<ChainedEvent>,
    listeners: Vec<mpsc::UnboundedSender<Change>>,
}

/// A store in memory.
pub(crate) struct MemoryStore {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

fn answer<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    ready(value).boxed()
}

impl MemoryStore {
    /// An empty store.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().expect("not poisoned");
        let now = self.clock.now();
        state.records.retain(|_, (_, r)| !matches!(r, Record::Idempotency(i) if i.expires_at <= now));
        state
    }

    fn apply(&self, commit: Commit) -> Result<Receipt, CommitError> {
        check(&commit)?;
        let mut state = self.state();
        if let Some(receipt) = state.receipts.get(&commit.id) {
            return Ok(receipt.clone());
        }
        for write in &commit.writes {
            let (key, expect) = match write {
                Write::Put { record, expect } => (record.key(), *expect),
                Write::Delete { key, expect } => (key.clone(), *expect),
            };
            let actual = state.records.get(&key).map(|(_, r)| r.version());
            let expected = match expect {
                Expect::Absent | Expect::Import => None,
                Expect::Version(n) => Some(n),
            };
            let taken = match write {
                Write::Put { record: Record::TaskCode(code), .. } => {
                    state.records.values().find_map(|(_, r)| match r {
                        Record::TaskCode(other)
                            if other.code_sha256 == code.code_sha256 && other.code_id != code.code_id =>
                        {
                            Some(other.version)
                        }
                        _ => None,
                    })
                }
                _ => None,
            };
            if actual != expected {
                return Err(CommitError::Conflict { key, expected, actual });
            }
            if taken.is_some() {
                return Err(CommitError::Conflict { key, expected, actual: taken });
            }
        }
        state.sequence += 1;
        let mut receipt = Receipt { sequence: state.sequence, versions: Vec::new() };
        for write in commit.writes {
            receipt.versions.push(state.write(write));
        }
        for event in commit.audit {
            let prev = state.audit.last().map_or(GENESIS_HASH.to_owned(), |e| e.hash.clone());
            let seq = state.audit.len() as u64 + 1;
            state.audit.push(ChainedEvent::chain(0, seq, &prev, event));
        }
        state.receipts.insert(commit.id, receipt.clone());
        Ok(receipt)
    }

    fn page<T: Clone>(
        &self,
        cursor: Option<String>,
        limit: usize,
        pick: impl Fn(&Record) -> Option<(i64, T)>,
    ) -> Result<Page<T>, ReadError> {
        let before: Option<(i64, u64)> = match cursor {
            None => None,
            Some(text) => Some(
                text.split_once('.')
                    .and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)))
                    .ok_or(ReadError::InvalidCursor)?,
            ),
        };
        let state = self.state();
        let mut found: Vec<(i64, u64, T)> = state
            .records
            .values()
            .filter_map(|(row, r)| pick(r).map(|(at, item)| (at, *row, item)))
            .filter(|(at, row, _)| before.is_none_or(|b| (*at, *row) < b))
            .collect();
        found.sort_by_key(|(at, row, _)| std::cmp::Reverse((*at, *row)));
        let more = found.len() > limit.max(1);
        found.truncate(limit.max(1));
        let next_cursor = found.last().filter(|_| more).map(|(at, row, _)| format!("{at}.{row}"));
        Ok(Page { items: found.into_iter().map(|(_, _, item)| item).collect(), next_cursor })
    }

    fn jobs(&self, keep: impl Fn(&JobRecord) -> bool) -> Vec<JobRecord> {
        let state = self.state();
        let mut found: Vec<(u64, JobRecord)> = state
            .records
            .values()
            .filter_map(|(row, r)| match r {
                Record::Job(job) if keep(job) => Some((*row, (**job).clone())),
                _ => None,
            })
            .collect();
        found.sort_by_key(|(row, job)| (job.timestamps.created_at, *row));
        found.into_iter().map(|(_, job)| job).collect()
    }
}

impl State {
    fn write(&mut self, write: Write) -> (Key, u64) {
        let (key, version, record) = match write {
            Write::Delete { key, .. } => {
                let (_, gone) = self.records.remove(&key).expect("its condition holds");
                self.queue.remove(&key);
                (key.clone(), gone.version(), ChangedRecord::Deleted(key))
            }
            Write::Put { record, .. } => {
                let key = record.key();
                let changed = match &record {
                    Record::Job(job) => {
                        self.place(&key, job.status);
                        ChangedRecord::Job(Arc::new((**job).clone()))
                    }
                    _ => ChangedRecord::Other(key.clone()),
                };
                self.inserted += 1;
                let row = self.records.get(&key).map_or(self.inserted, |(row, _)| *row);
                let version = record.version();
                self.records.insert(key.clone(), (row, record));
                (key, version, changed)
            }
        };
        let change = Change { sequence: self.sequence, record, queue_seq: self.queue.get(&key).copied() };
        self.listeners.retain(|l| l.send(change.clone()).is_ok());
        (key, version)
    }

    fn place(&mut self, key: &Key, status: JobStatus) {
        if status != JobStatus::Queued {
            self.queue.remove(key);
        } else if !self.queue.contains_key(key) {
            self.queue_seq += 1;
            self.queue.insert(key.clone(), self.queue_seq);
        }
    }
}

fn check(commit: &Commit) -> Result<(), CommitError> {
    let invalid = || CommitError::Invalid { reason: "broken rule".to_owned() };
    let mut bytes = 0;
    let mut names = std::collections::BTreeSet::new();
    let mut hashes = std::collections::BTreeSet::new();
    for write in &commit.writes {
        let key = match write {
            Write::Delete { expect: Expect::Absent | Expect::Import, .. } => return Err(invalid()),
            Write::Delete { key, .. } => key.clone(),
            Write::Put { record, expect } => {
                let wanted = match expect {
                    Expect::Absent => 1,
                    Expect::Import => record.version().max(1),
                    Expect::Version(n) => n + 1,
                };
                if record.version() != wanted {
                    return Err(invalid());
                }
                if let Record::TaskCode(code) = record
                    && !hashes.insert(code.code_sha256.clone())
                {
                    return Err(invalid());
                }
                bytes += match record {
                    Record::Job(r) => serde_json::to_string(r),
                    Record::TaskCode(r) => serde_json::to_string(r),
                    Record::ApiKey(r) => serde_json::to_string(r),
                    Record::Idempotency(r) => serde_json::to_string(r),
                    Record::Tenant(r) => serde_json::to_string(r),
                }
                .expect("serialises")
                .len();
                record.key()
            }
        };
        if !names.insert(key) {
            return Err(invalid());
        }
        let may_be_silent = match (commit.housekeeping, write) {
            (Some(Housekeeping::RunProgress), Write::Put { record: Record::Job(_), expect }) => {
                *expect != Expect::Absent
            }
            (Some(Housekeeping::LastUsed), Write::Put { record: Record::ApiKey(_), expect }) => {
                *expect != Expect::Absent
            }
            (Some(Housekeeping::Idempotency), Write::Put { record: Record::Idempotency(_), .. }) => true,
            (Some(Housekeeping::Idempotency), Write::Delete { key: Key::Idempotency(_), .. }) => true,
            _ => false,
        };
        if commit.audit.is_empty() && !may_be_silent {
            return Err(invalid());
        }
    }
    if commit.audit.is_empty() && commit.housekeeping.is_none() {
        return Err(invalid());
    }
    if bytes > LIMIT { Err(CommitError::TooLarge { limit: LIMIT }) } else { Ok(()) }
}

impl Store for MemoryStore {
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Receipt, CommitError>> {
        answer(self.apply(commit))
    }
    fn committed<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<Receipt>, ReadError>> {
        answer(Ok(self.state().receipts.get(id).cloned()))
    }
    fn shared_job<'a>(
        &'a self,
        tenant: &'a TenantId,
        job_id: &'a JobId,
    ) -> BoxFuture<'a, Result<Option<Arc<JobRecord>>, ReadError>> {
        answer(Ok(self.jobs(|j| j.tenant_id == *tenant && j.job_id == *job_id).pop().map(Arc::new)))
    }
    fn jobs_by_id<'a>(&'a self, job_id: &'a JobId) -> BoxFuture<'a, Result<Vec<Arc<JobRecord>>, ReadError>> {
        answer(Ok(self.jobs(|j| j.job_id == *job_id).into_iter().map(Arc::new).collect()))
    }
    fn due_jobs(
        &self,
        due: Due,
        before: DateTime<Utc>,
        cursor: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Page<JobRecord>, ReadError>> {
        let since = move |job: &JobRecord| match due {
            Due::Ended => job.ended_at(),
            Due::Files => job.files_due_since(),
            Due::Inputs => job.inputs_since(),
        };
        let mut jobs = self.jobs(|job| since(job).is_some_and(|at| at < before));
        jobs.sort_by_key(|job| since(job));
        let skip: usize = cursor.and_then(|c| c.parse().ok()).unwrap_or(0);
        let more = jobs.len() > skip + limit;
        let items = jobs.into_iter().skip(skip).take(limit).collect();
        answer(Ok(Page { items, next_cursor: more.then(|| (skip + limit).to_string()) }))
    }
    fn nth_newest_job<'a>(
        &'a self,
        tenant: &'a TenantId,
        nth: u64,
    ) -> BoxFuture<'a, Result<Option<DateTime<Utc>>, ReadError>> {
        let jobs = self.jobs(|job| job.tenant_id == *tenant);
        let at = usize::try_from(nth).ok().and_then(|nth| jobs.len().checked_sub(nth));
        answer(Ok(at.and_then(|at| jobs.get(at)).map(|job| job.timestamps.created_at)))
    }
    fn tenant<'a>(&'a self, tenant: &'a TenantId) -> BoxFuture<'a, Result<Option<TenantRecord>, ReadError>> {
        answer(Ok(match self.state().records.get(&Key::Tenant(tenant.clone())) {
            Some((_, Record::Tenant(record))) => Some((**record).clone()),
            _ => None,
        }))
    }
    fn list_tenants(&self) -> BoxFuture<'_, Result<Vec<TenantRecord>, ReadError>> {
        let state = self.state();
        let all = state.records.values().filter_map(|(_, r)| match r {
            Record::Tenant(record) => Some((**record).clone()),
            _ => None,
        });
        answer(Ok(all.collect()))
    }
    fn usage(&self, tenant: &TenantId) -> TenantUsage {
        let mut usage = TenantUsage::default();
        for job in self.jobs(|job| job.tenant_id == *tenant) {
            usage.jobs += u64::from(job.stock_bytes().is_some());
            usage.bytes += job.stock_bytes().unwrap_or(0);
            usage.queued += u64::from(job.status == JobStatus::Queued);
        }
        usage
    }
    fn list_jobs(&self, filter: JobFilter) -> BoxFuture<'_, Result<Page<JobRecord>, ReadError>> {
        answer(self.page(filter.cursor.clone(), filter.limit, |record| {
            let Record::Job(job) = record else { return None };
            let at = job.timestamps.created_at;
            let keep = filter.tenant.as_ref().is_none_or(|t| *t == job.tenant_id)
                && filter.status.is_none_or(|s| s == job.status)
                && (filter.client_ref.is_none() || filter.client_ref == job.client_ref)
                && filter.created_after.is_none_or(|t| at > t)
                && filter.created_before.is_none_or(|t| at < t);
            keep.then(|| (at.timestamp_millis(), (**job).clone()))
        }))
    }
    fn task_code_by_hash<'a>(
        &'a self,
        code_sha256: &'a str,
    ) -> BoxFuture<'a, Result<Option<TaskCodeRecord>, ReadError>> {
        let found = self.state().records.values().find_map(|(_, r)| match r {
            Record::TaskCode(code) if code.code_sha256 == code_sha256 => Some((**code).clone()),
            _ => None,
        });
        answer(Ok(found))
    }
    fn task_code<'a>(
        &'a self,
        code_id: &'a CodeId,
    ) -> BoxFuture<'a, Result<Option<TaskCodeRecord>, ReadError>> {
        answer(Ok(match self.state().records.get(&Key::TaskCode(code_id.clone())) {
            Some((_, Record::TaskCode(code))) => Some((**code).clone()),
            _ => None,
        }))
    }
    fn list_task_codes(
        &self,
        tenant: Option<TenantId>,
        cursor: Option<String>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Page<TaskCodeRecord>, ReadError>> {
        answer(self.page(cursor, limit, |record| match record {
            Record::TaskCode(code) if tenant.as_ref().is_none_or(|t| *t == code.tenant_id) => {
                Some((code.created_at.timestamp_millis(), (**code).clone()))
            }
            _ => None,
        }))
    }
    fn api_key<'a>(&'a self, key_id: &'a KeyId) -> BoxFuture<'a, Result<Option<ApiKeyRecord>, ReadError>> {
        answer(Ok(match self.state().records.get(&Key::ApiKey(key_id.clone())) {
            Some((_, Record::ApiKey(key))) => Some((**key).clone()),
            _ => None,
        }))
    }
    fn list_api_keys(&self, tenant: Option<TenantId>) -> BoxFuture<'_, Result<Vec<ApiKeyRecord>, ReadError>> {
        let page = self.page(None, usize::MAX, |record| match record {
            Record::ApiKey(key) if tenant.as_ref().is_none_or(|t| *t == key.tenant_id) => {
                Some((key.created_at.timestamp_millis(), (**key).clone()))
            }
            _ => None,
        });
        answer(page.map(|page| page.items))
    }
    fn idempotency<'a>(
        &'a self,
        key_sha256: &'a str,
    ) -> BoxFuture<'a, Result<Option<IdempotencyRecord>, ReadError>> {
        answer(Ok(match self.state().records.get(&Key::Idempotency(key_sha256.to_owned())) {
            Some((_, Record::Idempotency(stored))) => Some((**stored).clone()),
            _ => None,
        }))
    }
    fn queued(&self, after_seq: u64, limit: usize) -> BoxFuture<'_, Result<Vec<QueuedJob>, ReadError>> {
        let state = self.state();
        let mut jobs: Vec<QueuedJob> = state
            .queue
            .iter()
            .filter(|(_, seq)| **seq > after_seq)
            .filter_map(|(key, seq)| match state.records.get(key) {
                Some((_, Record::Job(job))) => Some(QueuedJob {
                    tenant: job.tenant_id.clone(),
                    job_id: job.job_id.clone(),
                    queue_seq: *seq,
                    ready_at: job.queue.as_ref().map(|q| q.ready_at).unwrap_or_default(),
                }),
                _ => None,
            })
            .collect();
        jobs.sort_by_key(|job| job.queue_seq);
        jobs.truncate(limit);
        answer(Ok(jobs))
    }
    fn queue_position<'a>(
        &'a self,
        tenant: &'a TenantId,
        job_id: &'a JobId,
    ) -> BoxFuture<'a, Result<Option<u64>, ReadError>> {
        let state = self.state();
        let seq = state.queue.get(&Key::Job(tenant.clone(), job_id.clone())).copied();
        answer(Ok(seq.map(|seq| state.queue.values().filter(|other| **other < seq).count() as u64)))
    }
    fn jobs_with_uploads(&self, now: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<JobRecord>, ReadError>> {
        answer(Ok(self.jobs(|job| job.uploads_open_until().into_iter().any(|at| at > now))))
    }
    fn running(&self) -> BoxFuture<'_, Result<Vec<JobRecord>, ReadError>> {
        answer(Ok(self.jobs(|job| job.status == JobStatus::Running)))
    }
    fn audit_events(
        &self,
        chain: u32,
        after_seq: u64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<ChainedEvent>, ReadError>> {
        let events = self
            .state()
            .audit
            .iter()
            .filter(|e| e.chain == chain && e.seq > after_seq)
            .take(limit)
            .cloned()
            .collect();
        answer(Ok(events))
    }
    fn find_audit_events(
        &self,
        filter: AuditFilter,
        from: AuditFrom,
        limit: usize,
    ) -> BoxFuture<'_, Result<FoundEvents, ReadError>> {
        let mut found: Vec<_> = self
            .state()
            .audit
            .iter()
            .filter(|e| match from {
                AuditFrom::After(seq) => e.seq > seq,
                AuditFrom::Before(seq) => e.seq < seq,
            })
            .filter(|e| filter.finds(&e.event))
            .cloned()
            .collect();
        if matches!(from, AuditFrom::Before(_)) {
            found.reverse();
        }
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|e| e.seq);
        answer(Ok(FoundEvents { events: found, next }))
    }
    fn changes(&self) -> mpsc::UnboundedReceiver<Change> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.state().listeners.push(sender);
        receiver
    }
    fn status(&self) -> StoreStatus {
        let state = self.state();
        let mut status = StoreStatus { sequence: state.sequence, ..StoreStatus::default() };
        for (_, record) in state.records.values() {
            if let Record::Job(job) = record {
                *status.jobs.entry(job.status).or_default() += 1;
            }
        }
        let head = state.audit.last().map_or(GENESIS_HASH.to_owned(), |e| e.hash.clone());
        status.audit_heads = vec![(0, state.audit.len() as u64, head)];
        status
    }
}
