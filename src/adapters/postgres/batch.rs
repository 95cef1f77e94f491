//! What a batch reads under the lock of the heads before its commits are applied: receipts of the same commits,
//! versions of the records that they name, usage of their tenants. One statement takes the lock, one reads all of it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use futures_util::future::{try_join, try_join_all};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, Row};

use super::apply::{Current, Heads, State};
use super::bounds::{TODAY, WEBHOOKS_OF, today_params, webhooks_params};
use super::claim::{ClaimRequest, Found, found};
use super::combined::union;
use super::queue::{LANES, LaneNames};
use super::rows::{Param, Statement};
use super::schema::TABLES_FORMAT;
use super::session::Session;
use super::shared::Submitted;
use super::transaction::{BEGIN, Failure, Settings, Why};
use crate::adapters::store::keys;
use crate::domain::audit::GENESIS_HASH;
use crate::domain::ids::{BatchId, CodeId, DeliveryId, KeyId, TenantId, WebhookId};
use crate::domain::job::JobStatus;
use crate::domain::tenant::TenantUsage;
use crate::ports::store::{Key, Receipt, Record};

/// The heads, as [`heads_of`] reads them.
const HEADS: &str = "SELECT epoch, sequence, queue_seq, nr, audit_seq, audit_hash, job_counts, claim_after FROM ss.heads FOR UPDATE";

/// Makes this process the owner, by the next epoch; returns the heads.
///
/// # Errors
/// Any error of the database.
pub(super) async fn take_over(client: &Client, owner: &str) -> Result<Heads, Error> {
    let sql = "UPDATE ss.heads SET epoch = epoch + 1, owner = $1 \
               RETURNING epoch, sequence, queue_seq, nr, audit_seq, audit_hash, job_counts, claim_after";
    heads_of(&client.query_typed_one(sql, &[(&owner, Type::TEXT)]).await?)
}

/// Returns the heads as they are.
///
/// # Errors
/// Any error of the database.
pub(super) async fn present(client: &Client) -> Result<Heads, Error> {
    let sql =
        "SELECT epoch, sequence, queue_seq, nr, audit_seq, audit_hash, job_counts, claim_after FROM ss.heads";
    heads_of(&client.query_typed_one(sql, &[]).await?)
}

fn heads_of(row: &Row) -> Result<Heads, Error> {
    let hash: String = row.try_get(5)?;
    let counts: &str = row.try_get(6)?;
    Ok(Heads {
        epoch: row.try_get(0)?,
        sequence: row.try_get::<_, i64>(1)?.cast_unsigned(),
        queue_seq: row.try_get::<_, i64>(2)?.cast_unsigned(),
        nr: row.try_get(3)?,
        audit_seq: row.try_get::<_, i64>(4)?.cast_unsigned(),
        audit_hash: if hash.is_empty() { GENESIS_HASH.to_owned() } else { hash },
        // numbers for display; what cannot be read is counted from here on
        jobs: serde_json::from_str(counts).unwrap_or_default(),
        claim_after: row.try_get(7)?,
    })
}

/// Returns the receipt out of the columns of sequence and versions.
///
/// # Errors
/// Any error of the row.
pub(super) fn receipt_of(row: &Row, [sequence, versions]: [usize; 2]) -> Result<Receipt, Error> {
    let versions: &str = row.try_get(versions)?;
    Ok(Receipt {
        sequence: row.try_get::<_, i64>(sequence)?.cast_unsigned(),
        versions: keys::decode_versions(versions).unwrap_or_default(),
    })
}

/// The names that a batch asks for, by kind.
#[derive(Default)]
struct Names {
    commits: Vec<String>,
    jobs: (Vec<String>, Vec<String>),
    codes: Vec<String>,
    hashes: Vec<String>,
    api_keys: Vec<String>,
    idempotency: Vec<String>,
    tenants: Vec<String>,
    webhooks: Vec<String>,
    deliveries: Vec<String>,
    cursors: Vec<String>,
    batches: Vec<String>,
    used: BTreeSet<String>,
    lanes: LaneNames,
}

impl Names {
    fn of(batch: &[Submitted]) -> Self {
        let mut names = Self::default();
        let mut keys = BTreeSet::new();
        for Submitted { commit, .. } in batch {
            names.commits.push(commit.id.clone());
            for write in &commit.writes {
                keys.insert(&write.key);
                match write.put.as_ref().map(|put| &put.record) {
                    Some(Record::TaskCode(code)) => names.hashes.push(code.code_sha256.clone()),
                    Some(Record::Job(job)) => names.lanes.add(job),
                    _ => {}
                }
            }
        }
        for key in keys {
            match key {
                Key::Job(tenant, id) => {
                    names.used.insert(tenant.to_string());
                    names.jobs.0.push(tenant.to_string());
                    names.jobs.1.push(id.to_string());
                }
                Key::TaskCode(id) => names.codes.push(id.to_string()),
                Key::ApiKey(id) => names.api_keys.push(id.to_string()),
                Key::Idempotency(id) => names.idempotency.push(id.clone()),
                Key::Tenant(id) => names.tenants.push(id.to_string()),
                Key::Webhook(id) => names.webhooks.push(id.to_string()),
                Key::Delivery(id) => names.deliveries.push(id.to_string()),
                Key::Cursor(name) => names.cursors.push(name.clone()),
                Key::Batch(id) => names.batches.push(id.to_string()),
            }
        }
        names
    }

    /// The selects of the settings, of what has these names, and of what the bounds of the commits need.
    fn selects(self, batch: &[Submitted], now: DateTime<Utc>) -> Vec<Statement> {
        let settings = format!("{SETTINGS} ({TABLES_FORMAT}) t");
        let mut asked: Vec<Statement> =
            vec![(settings.into(), Vec::new()), (RECEIPTS.into(), vec![Param::texts(self.commits)])];
        let mut ask = |sql: &'static str, params: Option<Vec<Param>>| {
            asked.extend(params.map(|params| (sql.into(), params)));
        };
        let some = |list: Vec<String>| (!list.is_empty()).then(|| vec![Param::texts(list)]);
        let (tenants, ids) = self.jobs;
        ask(JOBS, (!ids.is_empty()).then(|| vec![Param::texts(tenants), Param::texts(ids)]));
        ask(
            CODES,
            (!self.codes.is_empty()).then(|| vec![Param::texts(self.codes), Param::texts(self.hashes)]),
        );
        ask(API_KEYS, some(self.api_keys));
        let live = |mut params: Vec<Param>| {
            params.push(Param::number(now.timestamp_millis()));
            params
        };
        ask(IDEMPOTENCY, some(self.idempotency).map(live));
        ask(TENANTS, some(self.tenants));
        ask(WEBHOOKS, some(self.webhooks));
        ask(DELIVERIES, some(self.deliveries));
        ask(CURSORS, some(self.cursors));
        ask(BATCHES, some(self.batches));
        ask(LANES, self.lanes.into_params());
        ask(USAGE, some(self.used.into_iter().collect()));
        ask(TODAY, today_params(batch, now));
        ask(WEBHOOKS_OF, webhooks_params(batch));
        asked
    }
}

/// What a batch reads under the lock is one select of several kinds of rows: the kind, three texts and four numbers. A
/// record without further texts has its name, number and version.
const SETTINGS: &str = "SELECT 'settings', current_setting('synchronous_commit'), NULL::text, NULL::text, \
                        t.*, NULL::int8, NULL::int8 FROM";
const RECEIPTS: &str = "SELECT 'receipt', id, versions, NULL, sequence, NULL, NULL, NULL FROM ss.commits \
                        WHERE id = ANY($1)";
const JOBS: &str = "SELECT 'job', j.tenant, j.job_id, j.status, j.nr, j.version, j.queue_seq, j.bytes \
                    FROM unnest($1, $2) AS k(tenant, job_id) \
                    JOIN ss.jobs j ON (j.job_id, j.tenant) = (k.job_id, k.tenant)";
const CODES: &str = "SELECT 'code', code_id, code_sha256, NULL, nr, version, NULL, NULL FROM ss.task_codes \
                     WHERE code_id = ANY($1) OR code_sha256 = ANY($2)";
const API_KEYS: &str = "SELECT 'api_key', key_id, NULL, NULL, nr, version, NULL, NULL FROM ss.api_keys \
                        WHERE key_id = ANY($1)";
const IDEMPOTENCY: &str = "SELECT 'idempotency', key_sha256, NULL, NULL, 0, version, NULL, NULL FROM ss.idempotency \
                           WHERE key_sha256 = ANY($1) AND expires_at > $2";
const TENANTS: &str = "SELECT 'tenant', tenant, NULL, NULL, 0, version, NULL, NULL FROM ss.tenants \
                       WHERE tenant = ANY($1)";
const WEBHOOKS: &str = "SELECT 'webhook', webhook_id, NULL, NULL, nr, version, NULL, NULL FROM ss.webhooks \
                        WHERE webhook_id = ANY($1)";
const DELIVERIES: &str = "SELECT 'delivery', delivery_id, NULL, NULL, nr, version, NULL, NULL FROM ss.deliveries \
                          WHERE delivery_id = ANY($1)";
const CURSORS: &str = "SELECT 'cursor', name, NULL, NULL, 0, version, NULL, NULL FROM ss.cursors \
                       WHERE name = ANY($1)";
const BATCHES: &str = "SELECT 'batch', batch_id, NULL, NULL, nr, version, NULL, NULL FROM ss.batches \
                       WHERE batch_id = ANY($1)";
const USAGE: &str = "SELECT 'usage', tenant, NULL, NULL, jobs, bytes, queued, NULL FROM ss.tenant_usage \
                     WHERE tenant = ANY($1)";

/// Begins a transaction, takes the lock of the heads and reads what a batch needs, and what its claim finds, in one round
/// trip.
///
/// # Errors
/// Nothing was applied.
pub(super) async fn load(
    session: Session<'_>,
    batch: &[Submitted],
    claim: Option<&ClaimRequest>,
    now: DateTime<Utc>,
) -> Result<(State, Option<Found>), Failure> {
    let mut names = Names::of(batch);
    names.commits.extend(claim.into_iter().flat_map(ClaimRequest::commit_ids));
    let mut selects = names.selects(batch, now);
    selects.extend(claim.into_iter().flat_map(ClaimRequest::facts));
    // settings first, then the lock: a statement that waited for it sees other tables as they were
    let mut statements: Vec<Statement> = Vec::with_capacity(5);
    statements.extend(session.bounds());
    let at_heads = statements.len();
    statements.push((HEADS.into(), Vec::new()));
    statements.extend(claim.map(ClaimRequest::due));
    statements.push(union(selects));
    statements.extend(claim.map(ClaimRequest::pick));

    let prepared = session.prepare(&statements).await?;
    // polled in this order, and so sent in it
    let answers = try_join_all(prepared.iter().map(|statement| session.run(statement)));
    let (_, mut answers) = try_join(session.client.batch_execute(BEGIN), answers).await?;
    let picked = claim.and_then(|_| answers.pop()).unwrap_or_default();
    let read = answers.pop().unwrap_or_default();
    let mut state = State::new(heads_of(answers[at_heads].first().ok_or_else(missing)?)?, now);
    let is_settings = |row: &&Row| row.try_get::<_, &str>(0).is_ok_and(|kind| kind == "settings");
    state.settings = Settings::of(read.iter().find(is_settings).ok_or_else(missing)?)?;
    read.iter().try_for_each(|row| read_row(&mut state, row))?;
    let found = claim.map(|claim| found(claim, &read, &picked)).transpose()?;
    Ok((state, found))
}

fn missing() -> Failure {
    Failure::Before(Why::Other("a table that has one row has none".to_owned()))
}

/// Takes over what a row says.
fn read_row(state: &mut State, row: &Row) -> Result<(), Error> {
    let (kind, name): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
    let key = match kind {
        "receipt" => {
            state.receipts.insert(name.to_owned(), receipt_of(row, [4, 2])?);
            None
        }
        "job" => {
            read_job(state, name, row)?;
            None
        }
        "code" => {
            read_code(state, name, row)?;
            None
        }
        "today" => {
            state.know_today(name, row)?;
            None
        }
        "webhooks_of" => {
            state.know_webhooks(name, row)?;
            None
        }
        "lane" => {
            state.queue.know(name, row.try_get(2)?, row.try_get(4)?, row.try_get(5)?);
            None
        }
        "usage" => {
            read_usage(state, name, row)?;
            None
        }
        "api_key" => KeyId::parse(name).ok().map(Key::ApiKey),
        "tenant" => TenantId::parse(name).ok().map(Key::Tenant),
        "webhook" => WebhookId::parse(name).ok().map(Key::Webhook),
        "delivery" => DeliveryId::parse(name).ok().map(Key::Delivery),
        "cursor" => Some(Key::Cursor(name.to_owned())),
        "batch" => BatchId::parse(name).ok().map(Key::Batch),
        "idempotency" => Some(Key::Idempotency(name.to_owned())),
        // the settings, and what a claim finds
        _ => None,
    };
    if let Some(key) = key {
        state.records.insert(key, plain(row)?);
    }
    Ok(())
}

fn read_usage(state: &mut State, tenant: &str, row: &Row) -> Result<(), Error> {
    let number = |at| row.try_get::<_, i64>(at).map(|n| u64::try_from(n).unwrap_or(0));
    let usage = TenantUsage { jobs: number(4)?, bytes: number(5)?, queued: number(6)? };
    if let Ok(tenant) = TenantId::parse(tenant) {
        state.usage.know(&tenant, usage);
    }
    Ok(())
}

fn plain(row: &Row) -> Result<Current, Error> {
    Ok(Current {
        nr: row.try_get(4)?,
        version: row.try_get::<_, i64>(5)?.cast_unsigned(),
        ..Current::default()
    })
}

/// Reads what conditions need to know of a job, out of the columns of number, version, status, place and bytes.
///
/// # Errors
/// Any error of the row.
pub(super) fn job_current(
    row: &Row,
    [nr, version, status, queue_seq, bytes]: [usize; 5],
) -> Result<Current, Error> {
    let status: &str = row.try_get(status)?;
    Ok(Current {
        nr: row.try_get(nr)?,
        version: row.try_get::<_, i64>(version)?.cast_unsigned(),
        status: JobStatus::ALL.into_iter().find(|known| known.as_str() == status),
        queue_seq: row.try_get(queue_seq)?,
        bytes: row.try_get(bytes)?,
        ..Current::default()
    })
}

fn read_job(state: &mut State, tenant: &str, row: &Row) -> Result<(), Error> {
    let current = job_current(row, [4, 5, 3, 6, 7])?;
    let key = tenant.parse().ok().zip(row.try_get::<_, &str>(2)?.parse().ok());
    state.records.extend(key.map(|(tenant, id)| (Key::Job(tenant, id), current)));
    Ok(())
}

fn read_code(state: &mut State, id: &str, row: &Row) -> Result<(), Error> {
    let mut current = plain(row)?;
    let hash: String = row.try_get(2)?;
    current.hash = Some(hash.clone());
    if let Some(key) = CodeId::parse(id).ok().map(Key::TaskCode) {
        state.hashes.insert(hash, key.clone());
        state.records.insert(key, current);
    }
    Ok(())
}
