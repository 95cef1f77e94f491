//! The tables that batches write.

use super::rows::{Cell, Table};
use crate::ports::store::Key;

const JOBS: Table = Table {
    name: "jobs",
    names: &["tenant", "job_id"],
    columns: &[
        "tenant",
        "job_id",
        "nr",
        "version",
        "status",
        "queue_seq",
        "ready_at",
        "client_ref",
        "created_at",
        "fence",
        "sequence",
        "checksum",
        "json",
        "ended_at",
        "files_at",
        "inputs_at",
        "bytes",
        "uploads_at",
        "batch_id",
    ],
    kept: &["nr"],
};
const TASK_CODES: Table = Table {
    name: "task_codes",
    names: &["code_id"],
    columns: &["code_id", "nr", "tenant", "code_sha256", "version", "created_at", "checksum", "json"],
    kept: &["nr"],
};
const API_KEYS: Table = Table {
    name: "api_keys",
    names: &["key_id"],
    columns: &["key_id", "nr", "tenant", "version", "created_at", "checksum", "json"],
    kept: &["nr"],
};
const IDEMPOTENCY: Table = Table {
    name: "idempotency",
    names: &["key_sha256"],
    columns: &["key_sha256", "version", "expires_at", "checksum", "json"],
    kept: &[],
};
const TENANTS: Table = Table {
    name: "tenants",
    names: &["tenant"],
    columns: &["tenant", "version", "checksum", "json"],
    kept: &[],
};
const WEBHOOKS: Table = Table {
    name: "webhooks",
    names: &["webhook_id"],
    columns: &["webhook_id", "nr", "tenant", "job_id", "version", "created_at", "checksum", "json"],
    kept: &["nr"],
};
const DELIVERIES: Table = Table {
    name: "deliveries",
    names: &["delivery_id"],
    columns: &["delivery_id", "nr", "webhook_id", "version", "created_at", "due_at", "checksum", "json"],
    kept: &["nr"],
};
const CURSORS: Table =
    Table { name: "cursors", names: &["name"], columns: &["name", "version", "checksum", "json"], kept: &[] };
const BATCHES: Table = Table {
    name: "batches",
    names: &["batch_id"],
    columns: &[
        "batch_id",
        "nr",
        "tenant",
        "job_id",
        "version",
        "created_at",
        "open",
        "ended_at",
        "checksum",
        "json",
    ],
    kept: &["nr"],
};
/// Usage of tenants.
pub(super) const USAGE: Table = Table {
    name: "tenant_usage",
    names: &["tenant"],
    columns: &["tenant", "jobs", "bytes", "queued"],
    kept: &[],
};
/// The audit chain.
pub(super) const AUDIT: Table =
    Table { name: "audit", names: &[], columns: &["seq", "resource", "json"], kept: &[] };
/// Receipts of commits.
pub(super) const COMMITS: Table = Table {
    name: "commits",
    names: &[],
    columns: &["sequence", "id", "committed_at", "versions"],
    kept: &[],
};

/// The queue: a projection of the queued jobs, in the order of queueing.
pub(super) const QUEUE: Table = Table {
    name: "queue",
    names: &["queue_seq"],
    columns: &["queue_seq", "tenant", "job_id", "lane", "turn", "delayed_until"],
    kept: &["lane", "turn"],
};
/// The running jobs, with the claim of each.
pub(super) const ACTIVE: Table = Table {
    name: "active_runs",
    names: &["tenant", "job_id"],
    columns: &["tenant", "job_id", "run_id", "fence", "started_at", "node_id", "epoch"],
    kept: &[],
};

/// Records that were known to be damaged when they were moved here.
const QUARANTINE: Table =
    Table { name: "quarantine", names: &["key"], columns: &["key", "reason", "found_at"], kept: &[] };

/// Every table that holds content.
pub(super) const ALL: [&Table; 13] = [
    &TENANTS,
    &TASK_CODES,
    &API_KEYS,
    &WEBHOOKS,
    &CURSORS,
    &JOBS,
    &DELIVERIES,
    &BATCHES,
    &IDEMPOTENCY,
    &USAGE,
    &QUARANTINE,
    &AUDIT,
    &COMMITS,
];

/// Returns the table that holds a record.
pub(super) fn table_of(key: &Key) -> &'static Table {
    match key {
        Key::Job(..) => &JOBS,
        Key::TaskCode(_) => &TASK_CODES,
        Key::ApiKey(_) => &API_KEYS,
        Key::Idempotency(_) => &IDEMPOTENCY,
        Key::Tenant(_) => &TENANTS,
        Key::Webhook(_) => &WEBHOOKS,
        Key::Delivery(_) => &DELIVERIES,
        Key::Cursor(_) => &CURSORS,
        Key::Batch(_) => &BATCHES,
    }
}

/// The cells of the columns that name a record.
pub(super) fn names_of(key: &Key) -> Vec<Cell> {
    let text = |text: &str| Cell::Text(text.to_owned());
    match key {
        Key::Job(tenant, job) => vec![text(tenant.as_str()), text(job.as_str())],
        Key::TaskCode(id) => vec![text(id.as_str())],
        Key::ApiKey(id) => vec![text(id.as_str())],
        Key::Idempotency(id) => vec![text(id)],
        Key::Tenant(id) => vec![text(id.as_str())],
        Key::Webhook(id) => vec![text(id.as_str())],
        Key::Delivery(id) => vec![text(id.as_str())],
        Key::Cursor(name) => vec![text(name)],
        Key::Batch(id) => vec![text(id.as_str())],
    }
}
