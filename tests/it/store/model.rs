//! Random commits, applied to the embedded store and to the model in memory: same answers, same state,
//! also after a restart.

use std::sync::Arc;

use chrono::Duration;
use proptest::prelude::*;
use stata_service::adapters::store::{Options, SqliteStore};
use stata_service::domain::canonical::canonical_json;
use stata_service::domain::ids::{CodeId, KeyId};
use stata_service::domain::job::JobStatus;
use stata_service::ports::audit_log::AuditLog;
use stata_service::ports::clock::Clock;
use stata_service::ports::store::{
    Change, Commit, CommitError, Due, Expect, JobFilter, Receipt, Record, Store, StoreExt, WebhookScope,
    Write,
};

use crate::support::clock::ManualClock;
use crate::support::memory_store::MemoryStore;
use crate::support::records::*;

/// Which record, what happens to it and whether the caller knows its version.
#[derive(Debug, Clone)]
struct Step {
    kind: u8,
    id: u8,
    status: usize,
    delete: bool,
    /// Added to the right expectation; 0 means that the caller is right.
    off: u8,
}

#[derive(Debug, Clone)]
enum Op {
    Commit(Vec<Step>),
    /// Hours pass.
    Wait(u8),
}

fn steps() -> impl Strategy<Value = Step> {
    let off = prop_oneof![8 => Just(0_u8), 1 => Just(1), 1 => Just(2)];
    (0..8_u8, 0..4_u8, 0..8_usize, prop::bool::weighted(0.15), off)
        .prop_map(|(kind, id, status, delete, off)| Step { kind, id, status, delete, off })
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        10 => prop::collection::vec(steps(), 1..4).prop_map(Op::Commit),
        1 => (1..30_u8).prop_map(Op::Wait),
    ];
    prop::collection::vec(op, 1..40)
}

/// Builds the write of a step against what the model holds now.
async fn write_of(step: &Step, model: &MemoryStore, clock: &ManualClock) -> Write {
    let id = format!("id_{}", step.id);
    let tenant_name = if step.id.is_multiple_of(2) { "even" } else { "odd" };
    let (mut record, stored): (Record, Option<u64>) = match step.kind {
        0 => {
            let fresh = job(tenant_name, &id, i64::from(step.id / 2));
            let stored = model.job(&fresh.tenant_id, &fresh.job_id).await.expect("reads");
            let mut wanted = next(stored.as_ref().unwrap_or(&fresh), JobStatus::ALL[step.status]);
            wanted.retention.insert("x".to_owned(), serde_json::json!(step.status as f64 / 3.0));
            // whether a job is a cell is decided when it is made
            let wanted = if step.id == 3 { cell_of(wanted, "id_1") } else { wanted };
            (Record::from(wanted), stored.map(|r| r.version))
        }
        1 => {
            let hash = format!("hash_{}", step.status % 5);
            let stored = model.task_code(&CodeId::parse(id.as_str()).expect("valid")).await.expect("reads");
            (Record::TaskCode(Box::new(code(tenant_name, &id, &hash, 0))), stored.map(|r| r.version))
        }
        2 => {
            let stored = model.api_key(&KeyId::parse(id.as_str()).expect("valid")).await.expect("reads");
            (Record::ApiKey(Box::new(api_key(tenant_name, &id, 0))), stored.map(|r| r.version))
        }
        3 => {
            let stored = model.tenant(&tenant(&id)).await.expect("reads");
            (Record::Tenant(Box::new(tenant_record(&id))), stored.map(|r| r.version))
        }
        4 => {
            let stored = model.webhook(&id.parse().expect("valid")).await.expect("reads");
            let job_id = step.status.is_multiple_of(2).then_some("job_1");
            (Record::from(webhook(tenant_name, &id, job_id, 0)), stored.map(|r| r.version))
        }
        5 => {
            let stored = model.delivery(&id.parse().expect("valid")).await.expect("reads");
            let due = (!step.status.is_multiple_of(3)).then_some(i64::from(step.id));
            (Record::from(delivery("id_1", &id, 0, due)), stored.map(|r| r.version))
        }
        6 => {
            let stored = model.batch(&id.parse().expect("valid")).await.expect("reads");
            let ended = (!step.status.is_multiple_of(3)).then_some(i64::from(step.id));
            (Record::from(batch(tenant_name, &id, "job_1", 0, ended)), stored.map(|r| r.version))
        }
        _ => {
            let stored = model.idempotency(&id).await.expect("reads");
            (Record::Idempotency(Box::new(answer(&id, clock.now(), 24))), stored.map(|r| r.version))
        }
    };
    let expected = stored.unwrap_or(0) + u64::from(step.off);
    let expect = if expected == 0 { Expect::Absent } else { Expect::Version(expected) };
    if step.delete {
        return Write::Delete { key: record.key(), expect };
    }
    match &mut record {
        Record::Job(r) => Arc::make_mut(r).version = expected + 1,
        Record::TaskCode(r) => r.version = expected + 1,
        Record::ApiKey(r) => r.version = expected + 1,
        Record::Idempotency(r) => r.version = expected + 1,
        Record::Tenant(r) => r.version = expected + 1,
        Record::Webhook(r) => r.version = expected + 1,
        Record::Delivery(r) => r.version = expected + 1,
        Record::Cursor(r) => r.version = expected + 1,
        Record::Batch(r) => r.version = expected + 1,
    }
    Write::Put { record, expect }
}

/// Reasons of malformed commits are for people, so they are not compared.
fn comparable(outcome: Result<Receipt, CommitError>) -> Result<Receipt, CommitError> {
    outcome.map_err(|error| match error {
        CommitError::Invalid { .. } => CommitError::Invalid { reason: String::new() },
        other => other,
    })
}

/// Everything that can be read, in a form that can be compared.
async fn state_of(store: &(impl Store + AuditLog)) -> String {
    let mut parts = Vec::new();
    for status in [None, Some(JobStatus::Queued), Some(JobStatus::Created)] {
        for tenant in [None, Some(tenant("odd"))] {
            let filter = JobFilter { status, tenant, limit: 100, ..Default::default() };
            parts.push(format!("{:?}", store.list_jobs(filter).await));
        }
    }
    parts.push(format!("{:?}", store.queued(0, 100).await));
    parts.push(format!("{:?}", store.running().await));
    parts.push(format!("{:?}", store.list_task_codes(None, None, 100).await));
    parts.push(format!("{:?}", store.list_api_keys(None).await));
    parts.push(format!("{:?}", store.list_tenants().await));
    for scope in [WebhookScope::All, WebhookScope::Tenant, WebhookScope::Job("job_1".parse().expect("valid"))]
    {
        parts.push(format!("{:?}", store.list_webhooks(Some(tenant("odd")), scope, 10).await));
    }
    let endpoint = || "id_1".parse().expect("valid");
    parts.push(format!("{:?}", store.pending_webhooks().await));
    parts.push(format!("{:?}", store.list_deliveries(endpoint(), None, 10).await));
    parts.push(format!("{:?}", store.pending_deliveries(endpoint(), 2).await));
    parts.push(format!("{:?}", store.old_deliveries(time(1), 10).await));
    let own = "job_1".parse().expect("valid");
    parts.push(format!("{:?}", store.list_batches(&tenant("odd"), &own, None, 10).await));
    parts.push(format!("{:?} {:?}", store.open_batches().await, store.due_batches(time(3), 10).await));
    parts.push(format!("{:?} {:?}", store.usage(&tenant("odd")).await, store.usage(&tenant("even")).await));
    parts.push(format!("{:?}", store.due_jobs(Due::Ended, time(1000), None, 100).await));
    for id in 0..4 {
        parts.push(format!("{:?}", store.idempotency(&format!("id_{id}")).await));
        parts.push(format!("{:?}", store.task_code_by_hash(&format!("hash_{id}")).await));
    }
    // the order of members inside an event's detail is not kept
    parts.push(canonical_json(&store.events(0, 0, 1000).await.expect("reads")));
    let status = store.status();
    let counts: Vec<_> = status.jobs.iter().filter(|(_, n)| **n > 0).collect();
    parts.push(format!("{counts:?} {} {:?}", status.sequence, status.audit_heads));
    parts.join("\n")
}

fn drain(changes: &mut tokio::sync::mpsc::UnboundedReceiver<Change>) -> Vec<Change> {
    let mut all = Vec::new();
    while let Ok(change) = changes.try_recv() {
        all.push(change);
    }
    all
}

async fn compare(ops: Vec<Op>) {
    let dir = tempfile::tempdir().expect("a directory");
    let clock = Arc::new(ManualClock::new());
    let open = || SqliteStore::open(Options::new(dir.path().to_owned(), clock.clone())).expect("opens");
    let store = open();
    let model = MemoryStore::new(clock.clone());
    let (mut real_changes, mut model_changes) = (store.changes(), model.changes());
    for op in ops {
        match op {
            Op::Wait(hours) => clock.advance(Duration::hours(hours.into())),
            Op::Commit(steps) => {
                let mut writes = Vec::new();
                for step in &steps {
                    writes.push(write_of(step, &model, &clock).await);
                }
                let both: Commit = commit(writes);
                let real = comparable(store.commit(both.clone()).await);
                let expected = comparable(model.commit(both).await);
                assert_eq!(real, expected);
            }
        }
    }
    assert_eq!(drain(&mut real_changes), drain(&mut model_changes));
    let expected = state_of(&model).await;
    assert_eq!(state_of(store.as_ref()).await, expected);
    store.shutdown();
    assert_eq!(state_of(open().as_ref()).await, expected, "after a restart");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_embedded_store_behaves_as_the_model(ops in ops()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(compare(ops));
    }
}
