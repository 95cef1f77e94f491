//! Small valid records and commits for tests of the store.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, json};
use stata_service::domain::artifact::{Artifact, ArtifactKind};
use stata_service::domain::audit::{Actor, AuditEvent};
use stata_service::domain::batch::{BatchCell, BatchRecord, BatchStatus};
use stata_service::domain::credential::{ApiKeyRecord, IdempotencyRecord, KeyKind, Role, TaskCodeRecord};
use stata_service::domain::dataset::{DatasetRole, Inputs};
use stata_service::domain::ids::{CodeId, JobId, KeyId, TenantId, TraceId};
use stata_service::domain::job::cell::{CellChoice, CellOf};
use stata_service::domain::job::ingest::{Original, Reading};
use stata_service::domain::job::ops::NewJob;
use stata_service::domain::job::record::{DataSharing, QueueEntry, TokenState};
use stata_service::domain::job::{JobRecord, JobStatus};
use stata_service::domain::tenant::{TenantLimits, TenantRecord};
use stata_service::domain::webhook::event::EventType;
use stata_service::domain::webhook::{
    DeliveryAttempt, DeliveryRecord, DeliveryStatus, SecretName, WebhookRecord,
};
use stata_service::ports::store::{Commit, Expect, Key, Record, Write};

/// A fixed time plus a number of seconds.
pub(crate) fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + seconds, 0).expect("a valid time")
}

/// A tenant's id.
pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).expect("a valid tenant")
}

/// A job in state `created`, version 1.
pub(crate) fn job(tenant_id: &str, id: &str, created: i64) -> JobRecord {
    JobRecord::create(
        NewJob {
            tenant_id: tenant(tenant_id),
            job_id: JobId::parse(id).expect("a valid id"),
            trace_id: TraceId::parse("0".repeat(32)).expect("a valid id"),
            requirement: "Does x raise y? — ünïcode \"quoted\"".to_owned(),
            client_ref: None,
            data_sharing: DataSharing::Schema,
            token: Some(TokenState {
                code_id: CodeId::parse("code_1").expect("a valid id"),
                secret_sha256: "5ec2e7".to_owned(),
                generation: 1,
                expires_at: time(1_000_000),
                revoked: false,
            }),
            trial: None,
            expires_at: None,
        },
        time(created),
    )
}

/// The next version of a job in a state; a queued one gets its queue entry.
pub(crate) fn next(job: &JobRecord, status: JobStatus) -> JobRecord {
    let mut next = job.clone();
    next.version += 1;
    next.status = status;
    next.queue = (status == JobStatus::Queued)
        .then_some(QueueEntry { queued_at: job.timestamps.created_at, ready_at: job.timestamps.created_at });
    next
}

/// A task code, version 1.
pub(crate) fn code(tenant_id: &str, id: &str, hash: &str, created: i64) -> TaskCodeRecord {
    TaskCodeRecord {
        code_id: CodeId::parse(id).expect("a valid id"),
        version: 1,
        tenant_id: tenant(tenant_id),
        code_sha256: hash.to_owned(),
        created_at: time(created),
        expires_at: time(1_000_000),
        used_at: None,
        job_id: None,
        requirement_sha256: None,
        trial: None,
        revoked_at: None,
        deleted_at: None,
    }
}

/// An API key, version 1.
pub(crate) fn api_key(tenant_id: &str, id: &str, created: i64) -> ApiKeyRecord {
    ApiKeyRecord {
        key_id: KeyId::parse(id).expect("a valid id"),
        version: 1,
        tenant_id: tenant(tenant_id),
        role: Role::Client,
        label: Some("front end".to_owned()),
        secret_sha256: "abc".to_owned(),
        created_at: time(created),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        kind: KeyKind::ApiKey,
        owner: None,
    }
}

/// A stored answer, version 1, that expires after a number of hours.
pub(crate) fn answer(key: &str, now: DateTime<Utc>, hours: i64) -> IdempotencyRecord {
    IdempotencyRecord {
        key_sha256: key.to_owned(),
        version: 1,
        request_sha256: "def".to_owned(),
        response: None,
        resource: Some("job:1".to_owned()),
        created_at: now,
        expires_at: now + Duration::hours(hours),
    }
}

/// An audit event.
pub(crate) fn event(action: &str) -> AuditEvent {
    AuditEvent {
        time: time(0),
        tenant: TenantId::default_tenant(),
        actor: Actor::system("test"),
        action: action.to_owned(),
        resource: "job:1".to_owned(),
        before: None,
        after: Some("created".to_owned()),
        reason: Some("because \"it\" must".to_owned()),
        trace_id: None,
        address: None,
        detail: json!({"weight": 0.1, "list": [1, null]}),
    }
}

/// A commit with one event and a fresh id.
pub(crate) fn commit(writes: Vec<Write>) -> Commit {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let id = format!("commit_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    Commit { id, writes, audit: vec![event("test.changed")], housekeeping: None, within: None }
}

/// A put; the expectation follows from the record's version.
pub(crate) fn put(record: impl Into<AnyRecord>) -> Write {
    let record = record.into().0;
    let expect = match record.version() {
        1 => Expect::Absent,
        n => Expect::Version(n - 1),
    };
    Write::Put { record, expect }
}

/// A deletion of a version.
pub(crate) fn delete(key: Key, version: u64) -> Write {
    Write::Delete { key, expect: Expect::Version(version) }
}

/// The name of a job.
pub(crate) fn job_key(job: &JobRecord) -> Key {
    Key::Job(job.tenant_id.clone(), job.job_id.clone())
}

/// Members that a later release may have written.
pub(crate) fn unknown_members() -> Map<String, serde_json::Value> {
    let mut map = Map::new();
    map.insert("from_later".to_owned(), json!({"z": 1, "a": [0.1, 1e-300, 0.30000000000000004]}));
    map
}

/// An artifact of a size.
pub(crate) fn artifact(rel_path: &str, size_bytes: u64) -> Artifact {
    Artifact {
        kind: ArtifactKind::ExportOther,
        rel_path: rel_path.to_owned(),
        created_at: time(0),
        size_bytes,
        sha256: "0".repeat(64),
        media_type: "text/plain".to_owned(),
        meta: Map::new(),
        stored_as: None,
    }
}

/// Inputs without a data set.
pub(crate) fn inputs(created_at: DateTime<Utc>) -> Inputs {
    Inputs {
        manifest_rel_path: "inputs/up/manifest.json".to_owned(),
        fingerprint: "f".repeat(64),
        created_at,
        datasets: Vec::new(),
        warnings: Vec::new(),
    }
}

/// A tenant's record, version 1.
/// The reading of one file.
pub(crate) fn reading(rel_path: &str) -> Reading {
    let original = Original {
        rel_path: rel_path.to_owned(),
        original_name: "data.csv".to_owned(),
        size_bytes: 1,
        sha256: "0".repeat(64),
        role: DatasetRole::PrimaryDataset,
        dataset_key: "main".to_owned(),
    };
    Reading {
        files: vec![original],
        bundle_id: None,
        actor: Actor::system("tests"),
        address: None,
        trace_id: "0".repeat(32),
        exact: false,
    }
}

pub(crate) fn tenant_record(id: &str) -> TenantRecord {
    TenantRecord {
        tenant_id: tenant(id),
        version: 1,
        created_at: time(0),
        updated_at: time(0),
        limits: TenantLimits { jobs: Some(7), ..TenantLimits::default() },
        retention: Default::default(),
        data_sharing_max: None,
        hold: None,
    }
}

/// An endpoint of a tenant, or of one of its jobs.
pub(crate) fn webhook(tenant_id: &str, id: &str, job_id: Option<&str>, seconds: i64) -> WebhookRecord {
    WebhookRecord {
        webhook_id: id.parse().expect("valid"),
        version: 1,
        revision: 1,
        tenant_id: tenant(tenant_id),
        job_id: job_id.map(|job_id| job_id.parse().expect("valid")),
        url: "https://receiver.example.com/".to_owned(),
        event_types: vec![EventType::RunFailed],
        enabled: true,
        enabled_since: time(seconds),
        disabled_because: None,
        secret: SecretName { key_id: "0123456789abcdef".to_owned(), generation: 1 },
        previous_secrets: Vec::new(),
        created_at: time(seconds),
        updated_at: time(seconds),
        failing_since: None,
    }
}

/// A delivery to an endpoint, pending until a time or at its end.
pub(crate) fn delivery(webhook_id: &str, id: &str, seconds: i64, due: Option<i64>) -> DeliveryRecord {
    DeliveryRecord {
        delivery_id: id.parse().expect("valid"),
        version: 1,
        webhook_id: webhook_id.parse().expect("valid"),
        tenant_id: tenant("default"),
        job_id: None,
        event_type: "run.failed".to_owned(),
        body: "{}".to_owned(),
        created_at: time(seconds),
        status: if due.is_some() { DeliveryStatus::Pending } else { DeliveryStatus::Delivered },
        due_at: due.map(time),
        tries: 0,
        attempts: Vec::new(),
    }
}

/// A successful attempt at a delivery.
pub(crate) fn attempt(seconds: i64) -> DeliveryAttempt {
    DeliveryAttempt { at: time(seconds), duration_ms: 12, status_code: Some(200), error: None }
}

/// A batch of one cell, version 1: open, or ended at a time.
pub(crate) fn batch(
    tenant_id: &str,
    id: &str,
    job_id: &str,
    seconds: i64,
    ended: Option<i64>,
) -> BatchRecord {
    BatchRecord {
        version: 1,
        tenant_id: tenant(tenant_id),
        batch_id: id.parse().expect("valid"),
        job_id: job_id.parse().expect("valid"),
        title: Some("several controls".to_owned()),
        request: json!({"axes": {"outcomes": ["y", "z"]}}),
        request_sha256: "def".to_owned(),
        input_fingerprint: "f".repeat(64),
        focus: None,
        status: if ended.is_some() { BatchStatus::Failed } else { BatchStatus::Running },
        cells: vec![BatchCell::new(
            1,
            vec![CellChoice { axis: "outcome".to_owned(), label: "y".to_owned() }],
        )],
        created_at: time(seconds),
        updated_at: time(seconds),
        ended_at: ended.map(time),
        cancel_requested: None,
        removed: None,
    }
}

/// A job as a cell of a batch.
pub(crate) fn cell_of(mut job: JobRecord, batch_id: &str) -> JobRecord {
    job.cell = Some(CellOf {
        job_id: "job_1".parse().expect("valid"),
        batch_id: batch_id.parse().expect("valid"),
        index: 1,
        set: "artifacts/sets/s".to_owned(),
        choices: Vec::new(),
    });
    job
}

/// Any record, boxed.
pub(crate) struct AnyRecord(pub Record);

impl From<JobRecord> for AnyRecord {
    fn from(r: JobRecord) -> Self {
        Self(Record::from(r))
    }
}
impl From<TaskCodeRecord> for AnyRecord {
    fn from(r: TaskCodeRecord) -> Self {
        Self(Record::TaskCode(Box::new(r)))
    }
}
impl From<ApiKeyRecord> for AnyRecord {
    fn from(r: ApiKeyRecord) -> Self {
        Self(Record::ApiKey(Box::new(r)))
    }
}
impl From<TenantRecord> for AnyRecord {
    fn from(r: TenantRecord) -> Self {
        Self(Record::Tenant(Box::new(r)))
    }
}
impl From<WebhookRecord> for AnyRecord {
    fn from(r: WebhookRecord) -> Self {
        Self(Record::from(r))
    }
}
impl From<DeliveryRecord> for AnyRecord {
    fn from(r: DeliveryRecord) -> Self {
        Self(Record::from(r))
    }
}
impl From<BatchRecord> for AnyRecord {
    fn from(r: BatchRecord) -> Self {
        Self(Record::from(r))
    }
}
impl From<IdempotencyRecord> for AnyRecord {
    fn from(r: IdempotencyRecord) -> Self {
        Self(Record::Idempotency(Box::new(r)))
    }
}
