//! The store's contract written down a second time, in memory: the model that property tests compare
//! with. It passes the same conformance suite as the real adapters.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{DateTime, Utc};
use futures_util::future::{BoxFuture, FutureExt, ready};
use stata_service::domain::audit::{AuditFilter, ChainedEvent, GENESIS_HASH};
use stata_service::domain::ids::{BatchId, TenantId, WebhookId};
use stata_service::domain::job::record::may_start;
use stata_service::domain::job::{JobRecord, JobStatus};
use stata_service::domain::tenant::{MadeToday, TenantBounds, TenantUsage};
use stata_service::ports::audit_log::{AuditFrom, AuditLog, FoundEvents};
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
    /// The tenant that a claim served last.
    served: Option<TenantId>,
    /// When each lane was served last.
    lanes: HashMap<(TenantId, Option<BatchId>), u64>,
}

/// A store in memory.
pub(crate) struct MemoryStore {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// How a crash and a failover could lose changes, as its status tells.
    pub(crate) risks: [Option<String>; 2],
}

fn answer<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    ready(value).boxed()
}

impl MemoryStore {
    /// An empty store.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::default(), risks: [None, None] }
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
        state.check_bounds(&commit, self.clock.now())?;
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
    fn check_bounds(&self, commit: &Commit, now: DateTime<Utc>) -> Result<(), CommitError> {
        let Some(TenantBounds { tenant_id, limits, webhooks }) = &commit.within else { return Ok(()) };
        let jobs = self.records.values().filter_map(|(_, record)| match record {
            Record::Job(job) if job.tenant_id == *tenant_id => Some((record.key(), Arc::clone(job))),
            _ => None,
        });
        let mut jobs: HashMap<Key, Arc<JobRecord>> = jobs.collect();
        let usage = |jobs: &HashMap<Key, Arc<JobRecord>>| TenantUsage {
            jobs: jobs.values().filter(|job| job.stock_bytes().is_some()).count() as u64,
            bytes: jobs.values().filter_map(|job| job.stock_bytes()).sum(),
            queued: jobs.values().filter(|job| job.status == JobStatus::Queued).count() as u64,
        };
        let (before, known) = (usage(&jobs), jobs.len());
        let made = jobs.values().map(|job| job.timestamps.created_at);
        let made: Vec<_> = made.filter(|at| *at + chrono::Duration::days(1) > now).collect();
        let made = MadeToday { jobs: made.len() as u64, oldest: made.into_iter().min() };
        for write in &commit.writes {
            match write {
                Write::Put { record: record @ Record::Job(job), .. } if job.tenant_id == *tenant_id => {
                    jobs.insert(record.key(), Arc::clone(job));
                }
                Write::Delete { key, .. } => drop(jobs.remove(key)),
                Write::Put { .. } => {}
            }
        }
        let new = jobs.len().saturating_sub(known) as u64;
        let passed = limits.passed(before, usage(&jobs)).or_else(|| limits.passed_today(made, new, now));
        let passed = passed.or_else(|| {
            let bound = webhooks.as_ref()?;
            let counts = |record: &Record| {
                matches!(record, Record::Webhook(one) if one.tenant_id == *tenant_id && one.job_id == bound.job_id)
            };
            let used = self.records.values().filter(|(_, record)| counts(record)).count() as u64;
            let is_new = |write: &&Write| {
                matches!(write, Write::Put { record, expect: Expect::Absent } if counts(record))
            };
            bound.passed(used, commit.writes.iter().filter(is_new).count() as u64)
        });
        passed.map_or(Ok(()), |passed| Err(CommitError::OverBound(passed)))
    }

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
                        ChangedRecord::Job(Arc::clone(job))
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
        let change = Change { sequence: self.sequence, is_own: true, record };
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
                    Record::Job(r) => serde_json::to_string(r.as_ref()),
                    Record::TaskCode(r) => serde_json::to_string(r),
                    Record::ApiKey(r) => serde_json::to_string(r),
                    Record::Idempotency(r) => serde_json::to_string(r),
                    Record::Tenant(r) => serde_json::to_string(r),
                    Record::Webhook(r) => serde_json::to_string(r),
                    Record::Delivery(r) => serde_json::to_string(r),
                    Record::Cursor(r) => serde_json::to_string(r),
                    Record::Batch(r) => serde_json::to_string(r),
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
            (
                Some(Housekeeping::RunProgress | Housekeeping::IngestProgress),
                Write::Put { record: Record::Job(_), expect },
            ) => *expect != Expect::Absent,
            (Some(Housekeeping::LastUsed), Write::Put { record: Record::ApiKey(_), expect }) => {
                *expect != Expect::Absent
            }
            (
                Some(Housekeeping::Deliveries),
                Write::Put { record: Record::Delivery(_) | Record::Cursor(_), .. }
                | Write::Delete { key: Key::Delivery(_), .. },
            ) => true,
            (Some(Housekeeping::Deliveries), Write::Put { record: Record::Webhook(_), expect }) => {
                matches!(expect, Expect::Version(_))
            }
            (Some(Housekeeping::BatchProgress), Write::Put { record: Record::Batch(_), expect }) => {
                matches!(expect, Expect::Version(_))
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

impl MemoryStore {
    fn records(
        &self,
        cursor: Option<String>,
        limit: usize,
        pick: impl Fn(&Record) -> Option<DateTime<Utc>>,
    ) -> Result<Page<Row>, ReadError> {
        let page =
            self.page(cursor, limit, |record| pick(record).map(|at| (at.timestamp_millis(), record.clone())));
        page.map(|page| page.map(Row::Record))
    }

    fn due(&self, due: Due, before: DateTime<Utc>, cursor: Option<String>, limit: usize) -> Page<Row> {
        let since = move |job: &JobRecord| match due {
            Due::Ended => job.ended_at(),
            Due::Files => job.files_due_since(),
            Due::Inputs => job.inputs_since(),
        };
        let mut jobs = self.jobs(|job| since(job).is_some_and(|at| at < before));
        jobs.sort_by_key(|job| since(job));
        let skip: usize = cursor.and_then(|c| c.parse().ok()).unwrap_or(0);
        let more = jobs.len() > skip + limit;
        let items = jobs.into_iter().skip(skip).take(limit).map(Row::from).collect();
        Page { items, next_cursor: more.then(|| (skip + limit).to_string()) }
    }

    fn queued_jobs(&self, after_seq: u64, limit: usize) -> Vec<Row> {
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
                    batch_id: job.cell.as_ref().map(|cell| cell.batch_id.clone()),
                }),
                _ => None,
            })
            .collect();
        jobs.sort_by_key(|job| job.queue_seq);
        jobs.truncate(limit);
        jobs.into_iter().map(Row::Queued).collect()
    }

    /// The next job of the next tenant that is below its limit.
    fn ready(&self, limits: &RunningLimits, refused: &[Key]) -> Option<Arc<JobRecord>> {
        let now = self.clock.now();
        let mut state = self.state();
        let job_of = |key: &Key| match state.records.get(key) {
            Some((_, Record::Job(job))) => Some(Arc::clone(job)),
            _ => None,
        };
        let mut queued: Vec<_> = state.queue.iter().filter(|(key, _)| !refused.contains(key)).collect();
        queued.sort_by_key(|(_, seq)| **seq);
        let queued = queued.into_iter().filter_map(|(key, _)| job_of(key));
        let ready: Vec<_> =
            queued.filter(|job| may_start(job.queue.as_ref().expect("queued").ready_at, now)).collect();
        let running = |tenant: &TenantId| {
            let is = |r: &Record| matches!(r, Record::Job(j) if j.tenant_id == *tenant && j.status == JobStatus::Running);
            state.records.values().filter(|(_, record)| is(record)).count() as u64
        };
        let is_running = |r: &Record| matches!(r, Record::Job(j) if j.status == JobStatus::Running);
        let all = state.records.values().filter(|(_, record)| is_running(record)).count() as u64;
        if limits.all.is_some_and(|most| all >= most) {
            return None;
        }
        let has_room = |tenant: &TenantId| limits.get(tenant).is_none_or(|most| running(tenant) < most);
        let mut tenants: Vec<TenantId> = ready.iter().map(|job| job.tenant_id.clone()).collect();
        tenants.sort();
        tenants.dedup();
        let split = tenants.partition_point(|tenant| Some(tenant) <= state.served.as_ref());
        tenants.rotate_left(split);
        let tenant = tenants.into_iter().find(has_room)?;
        let lane_of =
            |job: &JobRecord| (job.tenant_id.clone(), job.cell.as_ref().map(|cell| cell.batch_id.clone()));
        let own = ready.iter().filter(|job| job.tenant_id == tenant);
        let own: Vec<_> = own.map(|job| lane_of(job)).collect();
        // a new lane waits behind those that wait already
        for lane in &own {
            let last = state.lanes.values().max().map_or(1, |last| last + 1);
            state.lanes.entry(lane.clone()).or_insert(last);
        }
        let lane = own.into_iter().min_by_key(|lane| state.lanes.get(lane).copied())?;
        let found = ready.iter().find(|job| lane_of(job) == lane).cloned();
        let round = state.lanes.values().max().map_or(1, |last| last + 1);
        state.lanes.insert(lane, round);
        state.served = Some(tenant);
        found
    }

    fn claims(&self, ask: &ClaimAsk) -> Claims {
        let (mut jobs, mut refused) = (Vec::new(), Vec::new());
        while let Some(run_id) = ask.runs.get(jobs.len())
            && let Some(job) = self.ready(&ask.limits, &refused)
        {
            match (ask.make)(&job, run_id) {
                Ok(made) => {
                    let after = Arc::new(made.0.clone());
                    self.apply(claim_commit(run_id, job.version, made)).expect("nobody else writes it");
                    jobs.push(Claimed { run_id: run_id.clone(), job: after });
                }
                Err(_) => refused.push(Record::Job(job).key()),
            }
        }
        let now = self.clock.now();
        let waiting = self.jobs(|job| job.status == JobStatus::Queued);
        let waiting = waiting.iter().filter_map(|job| job.queue.as_ref()).map(|queue| queue.ready_at);
        Claims { jobs, next_ready: waiting.filter(|at| !may_start(*at, now)).min() }
    }

    fn position(&self, key: &Key) -> Option<u64> {
        let state = self.state();
        let seq = state.queue.get(key).copied()?;
        Some(state.queue.values().filter(|other| **other < seq).count() as u64)
    }

    fn usages(&self, tenant: Option<&TenantId>) -> Vec<Row> {
        let mut usages: BTreeMap<TenantId, TenantUsage> = BTreeMap::new();
        for job in self.jobs(|job| tenant.is_none_or(|tenant| job.tenant_id == *tenant)) {
            let usage = usages.entry(job.tenant_id.clone()).or_default();
            usage.jobs += u64::from(job.stock_bytes().is_some());
            usage.bytes += job.stock_bytes().unwrap_or(0);
            usage.queued += u64::from(job.status == JobStatus::Queued);
        }
        usages.into_iter().map(|(tenant, usage)| Row::Usage(tenant, usage)).collect()
    }

    /// Webhooks or deliveries in an order, at most `limit`.
    fn ordered<O: Ord>(&self, limit: usize, order: impl Fn(&Record) -> Option<O>) -> Page<Row> {
        let state = self.state();
        let mut found: Vec<(O, u64, Record)> = state
            .records
            .values()
            .filter_map(|(row, record)| Some((order(record)?, *row, record.clone())))
            .collect();
        found.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        Page::whole(found.into_iter().take(limit).map(|(.., record)| Row::Record(record)).collect())
    }

    fn has_pending(&self, webhook_id: &WebhookId) -> bool {
        let is = |r: &Record| matches!(r, Record::Delivery(d) if d.webhook_id == *webhook_id && d.due_at.is_some());
        self.state().records.values().any(|(_, record)| is(record))
    }

    fn answer(&self, query: Query) -> Result<Page<Row>, ReadError> {
        let jobs = |jobs: Vec<JobRecord>| Page::whole(jobs.into_iter().map(Row::from).collect());
        Ok(match query {
            Query::Jobs(filter) => self.records(filter.cursor.clone(), filter.limit, |record| {
                let Record::Job(job) = record else { return None };
                let at = job.timestamps.created_at;
                let keep = job.cell.is_none()
                    && filter.tenant.as_ref().is_none_or(|t| *t == job.tenant_id)
                    && filter.status.is_none_or(|s| s == job.status)
                    && (filter.client_ref.is_none() || filter.client_ref == job.client_ref)
                    && filter.created_after.is_none_or(|t| at > t)
                    && filter.created_before.is_none_or(|t| at < t);
                keep.then_some(at)
            })?,
            Query::JobsById(job_id) => jobs(self.jobs(|job| job.job_id == job_id)),
            Query::DueJobs { due, before, cursor, limit } => self.due(due, before, cursor, limit),
            Query::JobsWithUploads(now) => {
                jobs(self.jobs(|job| job.uploads_until().is_some_and(|at| at > now)))
            }
            Query::RunningJobs => jobs(self.jobs(|job| job.status == JobStatus::Running)),
            Query::NthNewestJob { tenant, nth } => {
                let jobs = self.jobs(|job| job.tenant_id == tenant);
                let at = usize::try_from(nth).ok().and_then(|nth| jobs.len().checked_sub(nth));
                let found =
                    at.and_then(|at| jobs.get(at)).map(|job| Row::CreatedAt(job.timestamps.created_at));
                Page::whole(found.into_iter().collect())
            }
            Query::Queued { after_seq, limit } => Page::whole(self.queued_jobs(after_seq, limit)),
            Query::QueuePosition { tenant, job_id } => {
                Page::whole(self.position(&Key::Job(tenant, job_id)).map(Row::Position).into_iter().collect())
            }
            Query::Batches { tenant, job_id, cursor, limit } => {
                self.records(cursor, limit, |record| match record {
                    Record::Batch(r) if (&r.tenant_id, &r.job_id) == (&tenant, &job_id) => Some(r.created_at),
                    _ => None,
                })?
            }
            Query::OpenBatches => self.ordered(usize::MAX, |record| match record {
                Record::Batch(r) if r.is_open() && r.removed.is_none() => Some(r.created_at),
                _ => None,
            }),
            Query::DueBatches { before, limit } => self.ordered(limit, |record| match record {
                Record::Batch(r) if !r.is_open() && r.removed.is_none() => {
                    r.ended_at.filter(|at| *at < before)
                }
                _ => None,
            }),
            // keys are ordered, and with them the tenants
            Query::Tenants => {
                let all = self.state().records.values().map(|(_, r)| r.clone()).collect::<Vec<_>>();
                let tenants = all.into_iter().filter(|record| matches!(record, Record::Tenant(_)));
                Page::whole(tenants.map(Row::Record).collect())
            }
            Query::Usage(tenant) => Page::whole(self.usages(tenant.as_ref())),
            Query::TaskCodeByHash(hash) => self.records(None, 1, |record| match record {
                Record::TaskCode(code) if code.code_sha256 == hash => Some(code.created_at),
                _ => None,
            })?,
            Query::TaskCodes { tenant, cursor, limit } => {
                self.records(cursor, limit, |record| match record {
                    Record::TaskCode(code) if tenant.as_ref().is_none_or(|t| *t == code.tenant_id) => {
                        Some(code.created_at)
                    }
                    _ => None,
                })?
            }
            Query::Webhooks { tenant, scope, limit } => self.ordered(limit, |record| match record {
                Record::Webhook(r) if tenant.as_ref().is_none_or(|t| *t == r.tenant_id) => match &scope {
                    WebhookScope::All => Some(r.created_at),
                    WebhookScope::Tenant => r.job_id.is_none().then_some(r.created_at),
                    WebhookScope::Job(job) => (r.job_id.as_ref() == Some(job)).then_some(r.created_at),
                },
                _ => None,
            }),
            Query::PendingWebhooks => {
                let mut all = self.ordered(usize::MAX, |record| match record {
                    Record::Webhook(r) => Some(r.created_at),
                    _ => None,
                });
                all.items.retain(
                    |row| matches!(row, Row::Record(Record::Webhook(r)) if self.has_pending(&r.webhook_id)),
                );
                all
            }
            Query::Deliveries { webhook_id, cursor, limit } => {
                self.records(cursor, limit, |record| match record {
                    Record::Delivery(r) if r.webhook_id == webhook_id => Some(r.created_at),
                    _ => None,
                })?
            }
            Query::PendingDeliveries { webhook_id, limit } => self.ordered(limit, |record| match record {
                Record::Delivery(r) if r.webhook_id == webhook_id => r.due_at,
                _ => None,
            }),
            Query::OldDeliveries { before, limit } => self.ordered(limit, |record| match record {
                Record::Delivery(r) => {
                    let is_old = r.created_at < before && r.due_at.is_none_or(|due| due < before);
                    is_old.then_some(r.created_at)
                }
                _ => None,
            }),
            Query::ApiKeys(tenant) => self.records(None, usize::MAX, |record| match record {
                Record::ApiKey(key) if tenant.as_ref().is_none_or(|t| *t == key.tenant_id) => {
                    Some(key.created_at)
                }
                _ => None,
            })?,
        })
    }
}

impl Store for MemoryStore {
    fn commit(&self, commit: Commit) -> BoxFuture<'_, Result<Receipt, CommitError>> {
        answer(self.apply(commit))
    }
    fn committed<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<Receipt>, ReadError>> {
        answer(Ok(self.state().receipts.get(id).cloned()))
    }
    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Record>, ReadError>> {
        answer(Ok(self.state().records.get(key).map(|(_, record)| record.clone())))
    }
    fn query(&self, query: Query) -> BoxFuture<'_, Result<Page<Row>, ReadError>> {
        answer(self.answer(query))
    }
    fn claim(&self, ask: ClaimAsk) -> BoxFuture<'_, Result<Claims, ClaimError>> {
        answer(Ok(self.claims(&ask)))
    }
    fn changes(&self) -> mpsc::UnboundedReceiver<Change> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.state().listeners.push(sender);
        receiver
    }
    fn status(&self) -> StoreStatus {
        let state = self.state();
        let [crash_risk, failover_risk] = self.risks.clone();
        let mut status =
            StoreStatus { sequence: state.sequence, crash_risk, failover_risk, ..StoreStatus::default() };
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

impl AuditLog for MemoryStore {
    fn events(
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
    fn find(
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
}
