//! What every store promises: one test per case and adapter, and for the model in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::Duration;
use futures_util::future::join_all;
use stata_service::adapters::postgres::{Options as PostgresOptions, PostgresStore};
use stata_service::adapters::store::{Options, SqliteStore};
use stata_service::domain::audit::{Actor, AuditEvent, AuditFilter};
use stata_service::domain::ids::{CodeId, JobId, KeyId, TenantId};
use stata_service::domain::job::JobStatus;
use stata_service::domain::tenant::TenantUsage;
use stata_service::domain::webhook::{CursorRecord, WebhookRecord};
use stata_service::ports::audit_log::{AuditFrom, AuditLog};
use stata_service::ports::store::{
    ChangedRecord, CommitError, Due, Expect, Housekeeping, JobFilter, Key, ReadError, Store, StoreExt,
    WebhookScope, Write,
};

use crate::support::chain::check_chained;
use crate::support::clock::ManualClock;
use crate::support::memory_store::MemoryStore;
use crate::support::postgres as servers;
use crate::support::records::*;

/// An empty store with its audit log and its clock.
struct Fresh {
    store: Arc<dyn Store>,
    audit_log: Arc<dyn AuditLog>,
    clock: Arc<ManualClock>,
    /// Where the store lies, if it lies on the disk.
    _dir: Option<tempfile::TempDir>,
}

impl Fresh {
    /// In PostgreSQL, where it is here.
    async fn postgres() -> Option<Self> {
        let (_, url) = servers::shared()?.database();
        let (dir, clock) = (tempfile::tempdir().expect("a directory"), Arc::new(ManualClock::new()));
        let options = PostgresOptions::new(url, dir.path().to_owned(), clock.clone());
        let store = PostgresStore::open(options).unwrap_or_else(|error| panic!("{error}"));
        Some(Self { store: store.clone(), audit_log: store, clock, _dir: Some(dir) })
    }

    async fn sqlite() -> Option<Self> {
        let (dir, clock) = (tempfile::tempdir().expect("a directory"), Arc::new(ManualClock::new()));
        let store = SqliteStore::open(Options::new(dir.path().to_owned(), clock.clone())).expect("opens");
        Some(Self { store: store.clone(), audit_log: store, clock, _dir: Some(dir) })
    }

    async fn memory() -> Option<Self> {
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
                if let Some(fresh) = super::Fresh::$adapter().await {
                    super::$case(fresh).await;
                }
            })*
        }
    };
}

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
    audit_events_are_found_by_what_they_say,
    lists_filter_and_page_newest_first,
    the_queue_keeps_the_order_of_queueing,
    running_jobs_and_counts_follow_the_status,
    task_codes_are_found_by_hash_and_hashes_are_unique,
    api_keys_are_listed_by_tenant,
    an_expired_answer_is_absent,
    tenants_are_listed_by_id,
    endpoints_and_deliveries_are_listed,
    deliveries_are_housekeeping_and_new_endpoints_are_not,
    what_a_tenant_holds_follows_its_jobs,
    ended_jobs_and_old_inputs_are_found_oldest_first,
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
    let ingest = progress.begin_ingest("up_1", "srv_1", time(1)).expect("kept");
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

async fn audit_events_are_found_by_what_they_say(Fresh { store, audit_log, .. }: Fresh) {
    for i in 0..6_i64 {
        let mut c = commit(vec![put(job("default", &format!("job_{i}"), 0))]);
        let resource = format!("job:{}", i % 2);
        let actor = Actor { kind: "api_key".to_owned(), id: format!("k{}", i % 3) };
        let tenant = TenantId::parse(if i < 4 { "default" } else { "other" }).expect("valid");
        c.audit = vec![AuditEvent { resource, actor, tenant, time: time(i), ..event("run.queued") }];
        c.audit.push(AuditEvent { resource: "job:2".to_owned(), time: time(i), ..event("plan.frozen") });
        store.commit(c).await.expect("commits");
    }
    let find = async |filter: AuditFilter, from: AuditFrom, limit: usize| {
        let found = audit_log.find(filter, from, limit).await.expect("reads");
        (found.events.iter().map(|e| e.seq).collect::<Vec<_>>(), found.next)
    };
    let all = AuditFilter::default;
    let of = |resource: &str| AuditFilter { resource: Some(resource.to_owned()), ..all() };
    let oldest = AuditFrom::After(0);
    let newest = AuditFrom::Before(u64::MAX);
    assert_eq!(find(of("job:1"), oldest, 10).await, (vec![3, 7, 11], None));
    assert_eq!(find(of("job:1"), AuditFrom::After(3), 10).await, (vec![7, 11], None));
    assert_eq!(find(of("job:1"), oldest, 2).await, (vec![3, 7], Some(7)));
    assert_eq!(find(of("job:1"), newest, 2).await, (vec![11, 7], Some(7)));
    assert_eq!(find(of("job:1"), AuditFrom::Before(7), 2).await, (vec![3], None));
    assert_eq!(find(of("job:"), oldest, 10).await, (vec![], None));
    let actor = AuditFilter { actor: Some("k1".to_owned()), ..all() };
    assert_eq!(find(actor, newest, 10).await, (vec![9, 3], None));
    let action = |name: &str| AuditFilter { action: Some(name.to_owned()), ..all() };
    assert_eq!(find(action("run."), oldest, 3).await.0, [1, 3, 5]);
    assert_eq!(find(action("run"), oldest, 3).await.0, [0; 0]);
    assert_eq!(find(action("plan.frozen"), newest, 2).await.0, [12, 10]);
    let tenant = AuditFilter { tenant: TenantId::parse("other").ok(), ..all() };
    assert_eq!(find(tenant, oldest, 10).await.0, [9, 11]);
    let span = AuditFilter { since: Some(time(1)), until: Some(time(3)), ..all() };
    assert_eq!(find(span, oldest, 10).await.0, [3, 4, 5, 6]);
}

async fn lists_filter_and_page_newest_first(Fresh { store, .. }: Fresh) {
    for i in 0..10_i64 {
        let mut record = job(if i % 2 == 0 { "even" } else { "odd" }, &format!("job_{i}"), i / 3);
        record.client_ref = (i == 4).then(|| "mine".to_owned());
        store.commit(commit(vec![put(record.clone())])).await.expect("commits");
        if i == 6 {
            store.commit(commit(vec![put(next(&record, JobStatus::DraftReady))])).await.expect("commits");
        }
    }
    let list = async |filter: JobFilter| -> Vec<String> {
        let mut cursor = None;
        let mut ids = Vec::new();
        loop {
            let page =
                store.list_jobs(JobFilter { cursor, limit: 3, ..filter.clone() }).await.expect("lists");
            assert!(page.items.len() <= 3);
            ids.extend(page.items.iter().map(|job| job.job_id.to_string().replace("job_", "")));
            cursor = page.next_cursor;
            if cursor.is_none() {
                return ids;
            }
        }
    };
    let all = JobFilter::default;
    assert_eq!(list(all()).await.join(""), "9876543210");
    let even = Some(tenant("even"));
    assert_eq!(list(JobFilter { tenant: even.clone(), ..all() }).await.join(""), "86420");
    let status = Some(JobStatus::DraftReady);
    assert_eq!(list(JobFilter { status, ..all() }).await.join(""), "6");
    assert_eq!(list(JobFilter { tenant: Some(tenant("odd")), status, ..all() }).await.join(""), "");
    let status = Some(JobStatus::Created);
    assert_eq!(list(JobFilter { tenant: even.clone(), status, ..all() }).await.join(""), "8420");
    let client_ref = Some("mine".to_owned());
    assert_eq!(list(JobFilter { client_ref: client_ref.clone(), ..all() }).await.join(""), "4");
    assert_eq!(list(JobFilter { client_ref, tenant: Some(tenant("odd")), ..all() }).await.join(""), "");
    let (created_after, created_before) = (Some(time(0)), Some(time(2)));
    assert_eq!(list(JobFilter { created_after, created_before, ..all() }).await.join(""), "543");
    let bad = JobFilter { cursor: Some("not a cursor".to_owned()), limit: 3, ..all() };
    assert_eq!(store.list_jobs(bad).await, Err(ReadError::InvalidCursor));
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

async fn task_codes_are_found_by_hash_and_hashes_are_unique(Fresh { store, .. }: Fresh) {
    let first = code("a", "c1", "hash1", 0);
    store.commit(commit(vec![put(first.clone()), put(code("b", "c2", "hash2", 1))])).await.expect("commits");
    assert_eq!(store.task_code_by_hash("hash1").await, Ok(Some(first.clone())));
    assert_eq!(store.task_code_by_hash("none").await, Ok(None));
    let id = CodeId::parse("c1").expect("valid");
    assert_eq!(store.task_code(&id).await, Ok(Some(first.clone())));
    let refused = store.commit(commit(vec![put(code("a", "c3", "hash1", 0))])).await;
    assert!(matches!(refused, Err(CommitError::Conflict { .. })), "{refused:?}");
    let mut used = first.clone();
    used.version = 2;
    used.used_at = Some(time(5));
    store.commit(commit(vec![put(used.clone())])).await.expect("keeps its own hash");
    assert_eq!(store.task_code_by_hash("hash1").await, Ok(Some(used)));
    let ids = async |tenant, cursor, limit| {
        let page = store.list_task_codes(tenant, cursor, limit).await.expect("lists");
        let ids: Vec<String> = page.items.iter().map(|c| c.code_id.to_string()).collect();
        (ids.join(","), page.next_cursor)
    };
    assert_eq!(ids(Some(tenant("a")), None, 9).await, ("c1".to_owned(), None));
    let (first_page, cursor) = ids(None, None, 1).await;
    assert_eq!(first_page, "c2");
    assert_eq!(ids(None, cursor, 1).await, ("c1".to_owned(), None));
}

async fn api_keys_are_listed_by_tenant(Fresh { store, .. }: Fresh) {
    let key = api_key("a", "k1", 0);
    store.commit(commit(vec![put(key.clone()), put(api_key("b", "k2", 1))])).await.expect("commits");
    assert_eq!(store.api_key(&KeyId::parse("k1").expect("valid")).await, Ok(Some(key.clone())));
    assert_eq!(store.api_key(&KeyId::parse("k3").expect("valid")).await, Ok(None));
    assert_eq!(store.list_api_keys(Some(tenant("a"))).await, Ok(vec![key.clone()]));
    let all: Vec<String> =
        store.list_api_keys(None).await.expect("lists").iter().map(|k| k.key_id.to_string()).collect();
    assert_eq!(all, ["k2", "k1"]);
    let mut silent = commit(vec![]);
    let mut used = key;
    used.version = 2;
    used.last_used_at = Some(time(9));
    silent.writes.push(put(used.clone()));
    silent.audit.clear();
    silent.housekeeping = Some(Housekeeping::LastUsed);
    store.commit(silent).await.expect("commits");
    assert_eq!(store.api_key(&used.key_id).await, Ok(Some(used.clone())));
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

async fn tenants_are_listed_by_id(Fresh { store, .. }: Fresh) {
    let (a, b) = (tenant_record("a"), tenant_record("b"));
    store.commit(commit(vec![put(b.clone()), put(a.clone())])).await.expect("commits");
    assert_eq!(store.tenant(&a.tenant_id).await, Ok(Some(a.clone())));
    assert_eq!(store.tenant(&tenant("c")).await, Ok(None));
    assert_eq!(store.list_tenants().await, Ok(vec![a.clone(), b]));
    let mut changed = a;
    changed.version = 2;
    changed.limits.jobs = None;
    store.commit(commit(vec![put(changed.clone())])).await.expect("commits");
    assert_eq!(store.tenant(&changed.tenant_id).await, Ok(Some(changed)));
}

async fn endpoints_and_deliveries_are_listed(Fresh { store, .. }: Fresh) {
    let (all, of_job) =
        (webhook("default", "wh_all", None, 1), webhook("default", "wh_job", Some("job_1"), 2));
    let foreign = webhook("acme", "wh_acme", None, 3);
    store
        .commit(commit(vec![put(of_job.clone()), put(foreign.clone()), put(all.clone())]))
        .await
        .expect("commits");
    assert_eq!(store.webhook(&all.webhook_id).await, Ok(Some(all.clone())));
    let job = |id: &str| WebhookScope::Job(id.parse().expect("valid"));
    let own = Some(tenant("default"));
    let list = async |tenant: &Option<TenantId>, scope, limit| {
        store.list_webhooks(tenant.clone(), scope, limit).await.expect("lists")
    };
    assert_eq!(list(&own, WebhookScope::Tenant, 9).await, std::slice::from_ref(&all));
    assert_eq!(list(&own, job("job_1"), 9).await, std::slice::from_ref(&of_job));
    assert_eq!(list(&Some(tenant("acme")), job("job_1"), 9).await, []);
    assert_eq!(list(&own, job("job_2"), 9).await, []);
    assert_eq!(list(&own, WebhookScope::All, 9).await, [all.clone(), of_job.clone()]);
    assert_eq!(list(&None, WebhookScope::All, 2).await, [all.clone(), of_job.clone()]);
    assert_eq!(store.pending_webhooks().await, Ok(Vec::new()));

    let (late, soon) = (delivery("wh_all", "msg_1", 1, Some(90)), delivery("wh_all", "msg_2", 2, Some(80)));
    let (done, other) = (delivery("wh_all", "msg_3", 3, None), delivery("wh_acme", "msg_4", 4, None));
    let records = [&late, &soon, &done, &other].map(|record| put(record.clone()));
    store.commit(commit(records.into())).await.expect("commits");
    assert_eq!(store.delivery(&late.delivery_id).await, Ok(Some(late.clone())));
    assert_eq!(store.pending_webhooks().await, Ok(vec![all.clone()]));
    let id = || all.webhook_id.clone();
    assert_eq!(store.pending_deliveries(id(), 9).await, Ok(vec![soon.clone(), late.clone()]));
    assert_eq!(store.pending_deliveries(id(), 1).await, Ok(vec![soon.clone()]));
    let page = store.list_deliveries(id(), None, 2).await.expect("lists");
    assert_eq!(page.items, [done.clone(), soon.clone()]);
    let rest = store.list_deliveries(id(), page.next_cursor, 2).await.expect("lists");
    assert_eq!((rest.items, rest.next_cursor), (vec![late.clone()], None));
    assert_eq!(store.old_deliveries(time(4), 9).await, Ok(vec![done.clone()]));
    assert_eq!(store.old_deliveries(time(9), 9).await, Ok(vec![done.clone(), other.clone()]));

    let all_but_late = vec![soon.clone(), done.clone(), other];
    assert_eq!(store.old_deliveries(time(81), 9).await, Ok(all_but_late), "due long ago");

    let ended = soon.attempted(attempt(20), None);
    store.commit(commit(vec![put(ended.clone())])).await.expect("commits");
    assert_eq!(store.pending_deliveries(id(), 9).await, Ok(vec![late]));
    assert_eq!(store.old_deliveries(time(9), 1).await, Ok(vec![ended]));
    store.commit(commit(vec![delete(Key::Delivery(done.delivery_id.clone()), 1)])).await.expect("commits");
    assert_eq!(store.delivery(&done.delivery_id).await, Ok(None));
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

async fn ended_jobs_and_old_inputs_are_found_oldest_first(Fresh { store, .. }: Fresh) {
    for (id, ended) in [("job_1", 30), ("job_2", 10), ("job_3", 20)] {
        let mut ended_job = next(&job("a", id, 0), JobStatus::Failed);
        ended_job.version = 1;
        ended_job.timestamps.finished_at = Some(time(ended));
        ended_job.inputs = Some(inputs(time(ended - 5)));
        store.commit(commit(vec![put(ended_job)])).await.expect("commits");
    }
    store.commit(commit(vec![put(job("a", "job_4", 0))])).await.expect("commits");
    let names = async |due, before, cursor, limit| {
        let page = store.due_jobs(due, time(before), cursor, limit).await.expect("reads");
        let ids: Vec<String> = page.items.iter().map(|j| j.job_id.to_string()).collect();
        (ids.join(","), page.next_cursor)
    };
    assert_eq!(names(Due::Ended, 30, None, 9).await, ("job_2,job_3".to_owned(), None));
    let (first, cursor) = names(Due::Ended, 99, None, 2).await;
    assert_eq!(first, "job_2,job_3");
    assert_eq!(names(Due::Ended, 99, cursor, 2).await, ("job_1".to_owned(), None));
    assert_eq!(names(Due::Inputs, 26, None, 9).await.0, "job_2,job_3,job_1");
    let read = store.job(&tenant("a"), &JobId::parse("job_2").expect("valid")).await.expect("reads");
    let without = read.expect("stored").remove_inputs(time(50));
    store.commit(commit(vec![put(without.clone())])).await.expect("commits");
    assert_eq!(names(Due::Inputs, 26, None, 9).await.0, "job_3,job_1");
    let removed = without.remove_content("retention", None, time(60)).expect("not running");
    store.commit(commit(vec![put(removed.clone())])).await.expect("commits");
    assert_eq!(names(Due::Ended, 99, None, 9).await.0, "job_3,job_1");
    assert_eq!(names(Due::Files, 99, None, 9).await.0, "job_2", "its files may still be there");
    store.commit(commit(vec![put(removed.files_gone(time(70)))])).await.expect("commits");
    assert_eq!(names(Due::Files, 99, None, 9).await.0, "");
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
        assert_eq!((change.sequence, change.queue_seq), (sequence, None));
        assert!(matches!(change.record, ChangedRecord::Job(_)));
    }
    let change = changes.recv().await.expect("delivered");
    assert_eq!((change.sequence, change.queue_seq), (42, Some(1)));
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
