//! What every store promises: one test per case and adapter, and for the model in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::Duration;
use futures_util::future::join_all;
use stata_service::adapters::postgres::{Options as PostgresOptions, PostgresStore};
use stata_service::adapters::store::{Options, SqliteStore};
use stata_service::domain::batch::BatchRecord;
use stata_service::domain::ids::{JobId, KeyId};
use stata_service::domain::job::JobStatus;
use stata_service::domain::tenant::TenantUsage;
use stata_service::domain::webhook::{CursorRecord, WebhookRecord};
use stata_service::ports::audit_log::AuditLog;
use stata_service::ports::store::{
    ChangedRecord, CommitError, Expect, Housekeeping, JobFilter, Key, Store, StoreExt, Write,
};

use crate::support::chain::check_chained;
use crate::support::clock::ManualClock;
use crate::support::memory_store::MemoryStore;
use crate::support::postgres as servers;
use crate::support::records::*;

/// An empty store with its audit log and its clock.
pub(super) struct Fresh {
    pub store: Arc<dyn Store>,
    pub audit_log: Arc<dyn AuditLog>,
    pub clock: Arc<ManualClock>,
    /// Where the store lies, if it lies on the disk.
    _dir: Option<tempfile::TempDir>,
}

impl Fresh {
    /// In PostgreSQL, where it is here.
    pub(super) async fn postgres() -> Option<Self> {
        let (_, url) = servers::shared()?.database();
        let (dir, clock) = (tempfile::tempdir().expect("a directory"), Arc::new(ManualClock::new()));
        let options = PostgresOptions::new(url, dir.path().to_owned(), clock.clone());
        let store = PostgresStore::open(options).unwrap_or_else(|error| panic!("{error}"));
        Some(Self { store: store.clone(), audit_log: store, clock, _dir: Some(dir) })
    }

    pub(super) async fn sqlite() -> Option<Self> {
        let (dir, clock) = (tempfile::tempdir().expect("a directory"), Arc::new(ManualClock::new()));
        let store = SqliteStore::open(Options::new(dir.path().to_owned(), clock.clone())).expect("opens");
        Some(Self { store: store.clone(), audit_log: store, clock, _dir: Some(dir) })
    }

    pub(super) async fn memory() -> Option<Self> {
        let clock = Arc::new(ManualClock::new());
        let store = Arc::new(MemoryStore::new(clock.clone()));
        Some(Self { store: store.clone(), audit_log: store, clock, _dir: None })
    }
}

macro_rules! conformance {
    ($($case:ident),* $(,)?) => {
        conformance!(sqlite: $($case),*);
        conformance!(postgres: $($case),*);
        conformance!(memory: $($case),*);
    };
    ($adapter:ident: $($case:ident),*) => {
        mod $adapter {
            $(#[tokio::test]
            async fn $case() {
                if let Some(fresh) = crate::conformance::store::Fresh::$adapter().await {
                    super::$case(fresh).await;
                }
            })*
        }
    };
}

pub(super) use conformance;

conformance![
    a_record_reads_back_exactly,
    a_lost_race_names_both_versions_and_writes_nothing,
    a_deleted_record_is_absent,
    a_commit_without_audit_is_refused_unless_it_is_housekeeping,
    a_commit_that_breaks_the_rules_is_refused,
    the_outcome_of_a_commit_can_be_asked_for_and_is_not_applied_twice,
    of_concurrent_writers_one_wins,
    a_dropped_caller_does_not_take_its_commit_back,
    audit_events_are_chained_without_a_gap,
    the_queue_keeps_the_order_of_queueing,
    running_jobs_and_counts_follow_the_status,
    an_expired_answer_is_absent,
    deliveries_are_housekeeping_and_new_endpoints_are_not,
    how_cells_stand_is_housekeeping_and_new_batches_are_not,
    what_a_tenant_holds_follows_its_jobs,
    changes_come_in_commit_order,
    a_commit_that_is_too_large_is_refused,
];

async fn a_record_reads_back_exactly(Fresh { store, .. }: Fresh) {
    let mut record = job("default", "job_1", 0);
    record.unknown = unknown_members();
    record.retention.insert("share".to_owned(), serde_json::json!(0.1 + 0.2));
    record.client_ref = Some("ref \u{1F600}".to_owned());
    let receipt = store.commit(commit(vec![put(record.clone())])).await.expect("commits");
    assert_eq!(receipt.versions, [(job_key(&record), 1)]);
    let read = store.job(&record.tenant_id, &record.job_id).await.expect("reads");
    assert_eq!(read, Some(record.clone()));
    assert_eq!(store.job(&tenant("other"), &record.job_id).await, Ok(None));
    assert_eq!(store.jobs_by_id(&record.job_id).await, Ok(vec![Arc::new(record.clone())]));
    let absent = JobId::parse("job_2").expect("valid");
    assert_eq!(store.job(&record.tenant_id, &absent).await, Ok(None));
}

async fn a_lost_race_names_both_versions_and_writes_nothing(Fresh { store, audit_log, .. }: Fresh) {
    let first = job("default", "job_1", 0);
    store.commit(commit(vec![put(first.clone())])).await.expect("commits");
    let second = next(&first, JobStatus::DraftReady);
    let third = next(&second, JobStatus::DraftReady);
    let refused = store.commit(commit(vec![put(job("default", "job_2", 0)), put(third)])).await;
    let conflict = |expected, actual| CommitError::Conflict { key: job_key(&first), expected, actual };
    assert_eq!(refused, Err(conflict(Some(2), Some(1))));
    let refused = store.commit(commit(vec![put(job("default", "job_2", 0)), put(first.clone())])).await;
    assert_eq!(refused, Err(conflict(None, Some(1))));
    let absent = next(&job("default", "job_9", 0), JobStatus::Created);
    let refused = store.commit(commit(vec![put(absent.clone())])).await;
    let expected = CommitError::Conflict { key: job_key(&absent), expected: Some(1), actual: None };
    assert_eq!(refused, Err(expected));
    assert_eq!(store.job(&first.tenant_id, &JobId::parse("job_2").expect("valid")).await, Ok(None));
    assert_eq!(store.job(&first.tenant_id, &first.job_id).await, Ok(Some(first.clone())));
    assert_eq!(audit_log.events(0, 0, 100).await.expect("reads").len(), 1);
    assert_eq!(store.status().sequence, 1);
}

async fn a_deleted_record_is_absent(Fresh { store, .. }: Fresh) {
    let record = job("default", "job_1", 0);
    store.commit(commit(vec![put(record.clone())])).await.expect("commits");
    let refused = store.commit(commit(vec![delete(job_key(&record), 2)])).await;
    let expected = CommitError::Conflict { key: job_key(&record), expected: Some(2), actual: Some(1) };
    assert_eq!(refused, Err(expected));
    store.commit(commit(vec![delete(job_key(&record), 1)])).await.expect("deletes");
    assert_eq!(store.job(&record.tenant_id, &record.job_id).await, Ok(None));
    let page = store.list_jobs(JobFilter { limit: 10, ..Default::default() }).await.expect("lists");
    assert!(page.items.is_empty());
    store.commit(commit(vec![put(record.clone())])).await.expect("absent again");
}

async fn a_commit_without_audit_is_refused_unless_it_is_housekeeping(
    Fresh { store, audit_log, clock, .. }: Fresh,
) {
    use stata_service::ports::clock::Clock;
    let silent = |writes, housekeeping| {
        let mut c = commit(writes);
        c.audit.clear();
        c.housekeeping = housekeeping;
        c
    };
    let created = job("default", "job_1", 0);
    let refused = store.commit(silent(vec![put(created.clone())], None)).await;
    assert!(matches!(refused, Err(CommitError::Invalid { .. })), "{refused:?}");
    let refused = store.commit(silent(vec![put(created.clone())], Some(Housekeeping::RunProgress))).await;
    assert!(matches!(refused, Err(CommitError::Invalid { .. })), "a new job is no progress: {refused:?}");
    let kind = Some(Housekeeping::Idempotency);
    let refused = store.commit(silent(vec![put(api_key("default", "k1", 0))], kind)).await;
    assert!(matches!(refused, Err(CommitError::Invalid { .. })), "{refused:?}");
    let kept = answer("key", clock.now(), 1);
    store.commit(silent(vec![put(kept)], kind)).await.expect("an answer alone needs no event");
    store.commit(commit(vec![put(created.clone())])).await.expect("commits");
    let progress = next(&created, JobStatus::Created);
    let kind = Some(Housekeeping::RunProgress);
    store.commit(silent(vec![put(progress.clone())], kind)).await.expect("progress needs no event");
    let ingest =
        progress.begin_ingest("up_1", reading("inputs/up_1/original_1"), "srv_1", time(1)).expect("kept");
    let kind = Some(Housekeeping::IngestProgress);
    store.commit(silent(vec![put(ingest.clone())], kind)).await.expect("progress needs no event");
    assert_eq!(store.job(&ingest.tenant_id, &ingest.job_id).await, Ok(Some(ingest)));
    assert_eq!(audit_log.events(0, 0, 100).await.expect("reads").len(), 1);
}

async fn a_commit_that_breaks_the_rules_is_refused(Fresh { store, .. }: Fresh) {
    let record = job("default", "job_1", 0);
    let invalid = async |writes: Vec<Write>| {
        let refused = store.commit(commit(writes)).await;
        assert!(matches!(refused, Err(CommitError::Invalid { .. })), "{refused:?}");
    };
    let wrapped: AnyRecord = record.clone().into();
    invalid(vec![Write::Put { record: wrapped.0.clone(), expect: Expect::Version(1) }]).await;
    invalid(vec![Write::Put { record: wrapped.0, expect: Expect::Version(u64::MAX - 1) }]).await;
    invalid(vec![put(record.clone()), put(record.clone())]).await;
    invalid(vec![Write::Delete { key: job_key(&record), expect: Expect::Absent }]).await;
    invalid(vec![put(code("default", "c1", "same", 0)), put(code("default", "c2", "same", 0))]).await;
    assert_eq!(store.status().sequence, 0);
}

async fn the_outcome_of_a_commit_can_be_asked_for_and_is_not_applied_twice(
    Fresh { store, audit_log, .. }: Fresh,
) {
    let once = commit(vec![put(job("default", "job_1", 0))]);
    let receipt = store.commit(once.clone()).await.expect("commits");
    assert_eq!(store.committed(&once.id).await, Ok(Some(receipt.clone())));
    assert_eq!(store.committed("never").await, Ok(None));
    assert_eq!(store.commit(once).await, Ok(receipt), "the same commit again");
    assert_eq!(store.status().sequence, 1);
    assert_eq!(audit_log.events(0, 0, 100).await.expect("reads").len(), 1);
}

async fn of_concurrent_writers_one_wins(Fresh { store, .. }: Fresh) {
    let outcomes =
        join_all((0..50).map(|_| store.commit(commit(vec![put(job("default", "job_1", 0))])))).await;
    assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1);
    for lost in outcomes.into_iter().filter_map(Result::err) {
        assert!(matches!(lost, CommitError::Conflict { expected: None, actual: Some(1), .. }), "{lost:?}");
    }
}

async fn a_dropped_caller_does_not_take_its_commit_back(Fresh { store, .. }: Fresh) {
    let mut changes = store.changes();
    drop(store.commit(commit(vec![put(job("default", "job_1", 0))])));
    let change = changes.recv().await.expect("the change is delivered");
    assert_eq!(change.sequence, 1);
}

async fn audit_events_are_chained_without_a_gap(Fresh { store, audit_log, .. }: Fresh) {
    for i in 0..5 {
        let mut c = commit(vec![put(job("default", &format!("job_{i}"), 0))]);
        c.audit.push(event("test.second"));
        store.commit(c).await.expect("commits");
    }
    let events = audit_log.events(0, 0, 100).await.expect("reads");
    assert_eq!(events.len(), 10);
    let last = check_chained(&events);
    for (i, event) in events.iter().enumerate() {
        assert_eq!(event.event.action, if i % 2 == 0 { "test.changed" } else { "test.second" });
    }
    assert_eq!(audit_log.events(0, 7, 2).await.expect("reads"), events[7..9]);
    assert!(audit_log.events(1, 0, 10).await.expect("reads").is_empty());
    assert_eq!(store.status().audit_heads, [(0, 10, last)]);
}

async fn the_queue_keeps_the_order_of_queueing(Fresh { store, .. }: Fresh) {
    let mut records = Vec::new();
    for (tenant, id) in [("a", "job_2"), ("b", "job_1"), ("a", "job_3")] {
        let created = job(tenant, id, 0);
        let queued = next(&created, JobStatus::Queued);
        store.commit(commit(vec![put(created)])).await.expect("commits");
        store.commit(commit(vec![put(queued.clone())])).await.expect("commits");
        records.push(queued);
    }
    let order = async |after| -> Vec<String> {
        store.queued(after, 100).await.expect("reads").iter().map(|q| q.job_id.to_string()).collect()
    };
    assert_eq!(order(0).await, ["job_2", "job_1", "job_3"]);
    let first = store.queued(0, 1).await.expect("reads").remove(0);
    assert_eq!((first.tenant.as_str(), first.ready_at), ("a", time(0)));
    assert_eq!(order(first.queue_seq).await, ["job_1", "job_3"]);
    let [a, b, c] = records.try_into().expect("three");
    assert_eq!(store.queue_position(&c.tenant_id, &c.job_id).await, Ok(Some(2)));
    let touched = next(&a, JobStatus::Queued);
    store.commit(commit(vec![put(touched.clone())])).await.expect("commits");
    assert_eq!(order(0).await, ["job_2", "job_1", "job_3"], "an update keeps the place");
    let mut later = next(&touched, JobStatus::Queued);
    later.queue.as_mut().expect("queued").ready_at = time(60);
    store.commit(commit(vec![put(later.clone())])).await.expect("commits");
    assert_eq!(store.queued(0, 1).await.expect("reads")[0].ready_at, time(60));
    let running = next(&later, JobStatus::Running);
    store.commit(commit(vec![put(running.clone())])).await.expect("commits");
    assert_eq!(order(0).await, ["job_1", "job_3"]);
    assert_eq!(store.queue_position(&a.tenant_id, &a.job_id).await, Ok(None));
    assert_eq!(store.queue_position(&b.tenant_id, &b.job_id).await, Ok(Some(0)));
    let again = next(&running, JobStatus::Queued);
    store.commit(commit(vec![put(again)])).await.expect("commits");
    assert_eq!(order(0).await, ["job_1", "job_3", "job_2"], "a requeued job gets a new place");
    store.commit(commit(vec![delete(job_key(&b), b.version)])).await.expect("commits");
    assert_eq!(order(0).await, ["job_3", "job_2"]);
}

async fn running_jobs_and_counts_follow_the_status(Fresh { store, .. }: Fresh) {
    let counts =
        || -> Vec<(JobStatus, u64)> { store.status().jobs.into_iter().filter(|(_, n)| *n > 0).collect() };
    let first = job("a", "job_1", 0);
    let second = job("b", "job_2", 1);
    store.commit(commit(vec![put(first.clone()), put(second.clone())])).await.expect("commits");
    assert_eq!(counts(), [(JobStatus::Created, 2)]);
    let running = next(&second, JobStatus::Running);
    store.commit(commit(vec![put(running.clone())])).await.expect("commits");
    assert_eq!(store.running().await, Ok(vec![running.clone()]));
    assert_eq!(counts(), [(JobStatus::Created, 1), (JobStatus::Running, 1)]);
    store.commit(commit(vec![put(next(&running, JobStatus::Failed))])).await.expect("commits");
    store.commit(commit(vec![delete(job_key(&first), 1)])).await.expect("commits");
    assert_eq!(store.running().await, Ok(vec![]));
    assert_eq!(counts(), [(JobStatus::Failed, 1)]);
}

async fn an_expired_answer_is_absent(Fresh { store, clock, .. }: Fresh) {
    use stata_service::ports::clock::Clock;
    let first = answer("key", clock.now(), 24);
    store.commit(commit(vec![put(first.clone())])).await.expect("commits");
    assert_eq!(store.idempotency("key").await, Ok(Some(first.clone())));
    clock.advance(Duration::hours(24));
    assert_eq!(store.idempotency("key").await, Ok(None));
    let second = answer("key", clock.now(), 24);
    store.commit(commit(vec![put(second.clone())])).await.expect("the expired one does not stand in the way");
    assert_eq!(store.idempotency("key").await, Ok(Some(second)));
}

async fn deliveries_are_housekeeping_and_new_endpoints_are_not(Fresh { store, .. }: Fresh) {
    let silent = |writes| {
        let mut c = commit(writes);
        c.audit.clear();
        c.housekeeping = Some(Housekeeping::Deliveries);
        c
    };
    let endpoint = webhook("default", "wh_1", None, 1);
    let refused = store.commit(silent(vec![put(endpoint.clone())])).await;
    assert!(matches!(refused, Err(CommitError::Invalid { .. })), "{refused:?}");
    store.commit(commit(vec![put(endpoint.clone())])).await.expect("commits");
    let cursor = CursorRecord { name: "webhooks".to_owned(), version: 1, sequence: 7 };
    let writes = vec![put(delivery("wh_1", "msg_1", 1, Some(2))), put(AnyRecord(cursor.clone().into()))];
    store.commit(silent(writes)).await.expect("deliveries need no event");
    assert_eq!(store.cursor("webhooks").await, Ok(Some(cursor.clone())));
    assert_eq!(store.cursor("others").await, Ok(None));
    let (moved, failing) = (
        CursorRecord { version: 2, sequence: 9, ..cursor },
        WebhookRecord { version: 2, failing_since: Some(time(5)), ..endpoint.clone() },
    );
    let writes = vec![put(AnyRecord(moved.clone().into())), put(failing.clone())];
    store.commit(silent(writes)).await.expect("the outcome of attempts needs no event");
    assert_eq!(store.cursor("webhooks").await, Ok(Some(moved)));
    assert_eq!(store.webhook(&endpoint.webhook_id).await, Ok(Some(failing)));
    let refused = store.commit(silent(vec![delete(Key::Webhook(endpoint.webhook_id), 2)])).await;
    assert!(matches!(refused, Err(CommitError::Invalid { .. })), "{refused:?}");
}

async fn how_cells_stand_is_housekeeping_and_new_batches_are_not(Fresh { store, .. }: Fresh) {
    let silent = |writes| {
        let mut c = commit(writes);
        c.audit.clear();
        c.housekeeping = Some(Housekeeping::BatchProgress);
        c
    };
    let record = batch("default", "batch_1", "job_1", 1, None);
    let refused = store.commit(silent(vec![put(record.clone())])).await;
    assert!(matches!(refused, Err(CommitError::Invalid { .. })), "{refused:?}");
    store.commit(commit(vec![put(record.clone())])).await.expect("commits");
    let next = BatchRecord { version: 2, ..record };
    store.commit(silent(vec![put(next.clone())])).await.expect("needs no event");
    assert_eq!(store.batch(&next.batch_id).await, Ok(Some(next.clone())));
    let refused = store.commit(silent(vec![put(job("default", "job_1", 0))])).await;
    assert!(matches!(refused, Err(CommitError::Invalid { .. })), "{refused:?}");
    let refused = store.commit(silent(vec![delete(Key::Batch(next.batch_id), 2)])).await;
    assert!(matches!(refused, Err(CommitError::Invalid { .. })), "{refused:?}");
}

async fn what_a_tenant_holds_follows_its_jobs(Fresh { store, .. }: Fresh) {
    let usage = |jobs, bytes, queued| TenantUsage { jobs, bytes, queued };
    let (a, b) = (tenant("a"), tenant("b"));
    let first = job("a", "job_1", 0);
    store.commit(commit(vec![put(first.clone()), put(job("b", "job_2", 1))])).await.expect("commits");
    assert_eq!(store.usage(&a).await, Ok(usage(1, 0, 0)));
    assert_eq!(store.usage(&b).await, Ok(usage(1, 0, 0)));
    let mut queued = next(&first, JobStatus::Queued);
    queued.artifacts_index.push(artifact("artifacts/x.csv", 300));
    queued.artifacts_index.push(artifact("inputs/up/main.dta", 400));
    store.commit(commit(vec![put(queued.clone())])).await.expect("commits");
    assert_eq!(store.usage(&a).await, Ok(usage(1, 700, 1)));
    let without = queued.remove_inputs(time(2));
    store.commit(commit(vec![put(without.clone())])).await.expect("commits");
    assert_eq!(store.usage(&a).await, Ok(usage(1, 300, 1)));
    let removed = without.remove_content("request", None, time(3)).expect("not running");
    store.commit(commit(vec![put(removed.clone())])).await.expect("commits");
    let all = store.usage_of_all().await.expect("reads");
    assert_eq!(
        BTreeMap::from_iter(all),
        BTreeMap::from([(a.clone(), usage(0, 0, 0)), (b.clone(), usage(1, 0, 0))])
    );
    store.commit(commit(vec![delete(job_key(&removed), removed.version)])).await.expect("deletes");
    assert_eq!(store.usage(&a).await, Ok(usage(0, 0, 0)));
    assert_eq!(store.usage(&tenant("c")).await, Ok(usage(0, 0, 0)), "one that never had a job");
    assert_eq!(store.nth_newest_job(&b, 1).await, Ok(Some(time(1))));
    assert_eq!(store.nth_newest_job(&b, 2).await, Ok(None));
}

async fn changes_come_in_commit_order(Fresh { store, .. }: Fresh) {
    store.commit(commit(vec![put(job("default", "early", 0))])).await.expect("commits");
    let mut changes = store.changes();
    let commits = (0..40).map(|i| store.commit(commit(vec![put(job("default", &format!("job_{i}"), 0))])));
    for outcome in join_all(commits).await {
        outcome.expect("commits");
    }
    let first = job("default", "job_0", 0);
    let queued = next(&first, JobStatus::Queued);
    store.commit(commit(vec![put(queued), put(api_key("default", "k", 0))])).await.expect("commits");
    store.commit(commit(vec![delete(job_key(&first), 2)])).await.expect("commits");
    for sequence in 2..42 {
        let change = changes.recv().await.expect("delivered");
        assert_eq!(change.sequence, sequence);
        assert!(matches!(change.record, ChangedRecord::Job(_)));
    }
    let change = changes.recv().await.expect("delivered");
    assert!(matches!((change.sequence, change.record), (42, ChangedRecord::Job(_))));
    let change = changes.recv().await.expect("delivered");
    let key = Key::ApiKey(KeyId::parse("k").expect("valid"));
    assert_eq!((change.sequence, change.record), (42, ChangedRecord::Other(key)));
    let change = changes.recv().await.expect("delivered");
    assert_eq!((change.sequence, change.record), (43, ChangedRecord::Deleted(job_key(&first))));
    assert!(changes.try_recv().is_err(), "nothing else");
}

async fn a_commit_that_is_too_large_is_refused(Fresh { store, .. }: Fresh) {
    let mut record = job("default", "job_1", 0);
    record.requirement = "x".repeat(17 * 1024 * 1024);
    let refused = store.commit(commit(vec![put(record)])).await;
    assert_eq!(refused, Err(CommitError::TooLarge { limit: 16 * 1024 * 1024 }));
    assert_eq!(store.status().sequence, 0);
}
