//! What a batch reads under the lock of the heads before its commits are applied: receipts of the same commits,
//! versions of the records that they name, usage of their tenants. All statements go out at once.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use futures_util::future::{try_join, try_join_all};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, Row};

use super::apply::{Current, Heads, State};
use super::bounds::{TODAY, WEBHOOKS_OF, today_params, webhooks_params};
use super::claim::{ClaimRequest, Found, found, look};
use super::queue::{LANES, LaneNames};
use super::rows::{Param, Statement};
use super::schema::{TABLES_FORMAT, TablesFormat};
use super::session::Session;
use super::shared::Submitted;
use super::transaction::{BEGIN, BOUNDS, Failure, Why};
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

/// Returns the receipt out of a row of `sequence`, `versions`, from a column on.
///
/// # Errors
/// Any error of the row.
pub(super) fn receipt_of(row: &Row, from: usize) -> Result<Receipt, Error> {
    let versions: &str = row.try_get(from + 1)?;
    Ok(Receipt {
        sequence: row.try_get::<_, i64>(from)?.cast_unsigned(),
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

    /// The statements that read what has these names, and what the bounds of the commits need.
    fn statements(self, batch: &[Submitted], now: DateTime<Utc>) -> Vec<Statement> {
        let mut asked: Vec<Statement> = vec![(RECEIPTS.into(), vec![Param::texts(self.commits)])];
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

const RECEIPTS: &str = "SELECT id, sequence, versions FROM ss.commits WHERE id = ANY($1)";
const JOBS: &str = "SELECT j.tenant, j.job_id, j.nr, j.version, j.status, j.queue_seq, j.bytes \
                    FROM unnest($1, $2) AS k(tenant, job_id) \
                    JOIN ss.jobs j ON (j.job_id, j.tenant) = (k.job_id, k.tenant)";
const CODES: &str = "SELECT code_id, nr, version, code_sha256 FROM ss.task_codes \
                     WHERE code_id = ANY($1) OR code_sha256 = ANY($2)";
const API_KEYS: &str = "SELECT key_id, nr, version FROM ss.api_keys WHERE key_id = ANY($1)";
const IDEMPOTENCY: &str = "SELECT key_sha256, 0::int8, version FROM ss.idempotency \
                           WHERE key_sha256 = ANY($1) AND expires_at > $2";
const TENANTS: &str = "SELECT tenant, 0::int8, version FROM ss.tenants WHERE tenant = ANY($1)";
const WEBHOOKS: &str = "SELECT webhook_id, nr, version FROM ss.webhooks WHERE webhook_id = ANY($1)";
const DELIVERIES: &str = "SELECT delivery_id, nr, version FROM ss.deliveries WHERE delivery_id = ANY($1)";
const CURSORS: &str = "SELECT name, 0::int8, version FROM ss.cursors WHERE name = ANY($1)";
const BATCHES: &str = "SELECT batch_id, nr, version FROM ss.batches WHERE batch_id = ANY($1)";
const USAGE: &str = "SELECT tenant, jobs, bytes, queued FROM ss.tenant_usage WHERE tenant = ANY($1)";

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
    // the form of the tables after the heads: a statement that waited for their lock sees other tables as they were
    let mut statements: Vec<Statement> =
        [BOUNDS, HEADS, TABLES_FORMAT].map(|sql| (sql.into(), Vec::new())).into();
    let asked = names.statements(batch, now);
    let first_claim = statements.len() + asked.len();
    statements.extend(asked);
    statements.extend(claim.into_iter().flat_map(look));

    let prepared = session.prepare(&statements).await?;
    // polled in this order, and so sent in it
    let answers = try_join_all(prepared.iter().map(|statement| session.run(statement)));
    let (_, answers) = try_join(session.client.batch_execute(BEGIN), answers).await?;
    let (heads, format) = (one_row(&answers[1])?, one_row(&answers[2])?);
    let mut state = State::new(heads_of(heads)?, now);
    state.tables = TablesFormat::of(format, 0)?;
    for ((sql, _), rows) in statements[3..first_claim].iter().zip(&answers[3..]) {
        rows.iter().try_for_each(|row| read_row(&mut state, sql, row))?;
    }
    let found = claim.map(|claim| found(claim, &answers[first_claim..])).transpose()?;
    Ok((state, found))
}

fn one_row(rows: &[Row]) -> Result<&Row, Failure> {
    let missing = || Failure::Before(Why::Other("a table that has one row has none".to_owned()));
    rows.first().ok_or_else(missing)
}

/// Takes over what a row of one of the statements says.
fn read_row(state: &mut State, sql: &str, row: &Row) -> Result<(), Error> {
    let name: &str = row.try_get(0)?;
    match sql {
        RECEIPTS => drop(state.receipts.insert(name.to_owned(), receipt_of(row, 1)?)),
        JOBS => read_job(state, name, row)?,
        CODES => read_code(state, name, row)?,
        TODAY => state.know_today(name, row)?,
        WEBHOOKS_OF => state.know_webhooks(name, row)?,
        LANES => state.queue.know(name, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?),
        USAGE => {
            let number = |at| row.try_get::<_, i64>(at).map(|n| u64::try_from(n).unwrap_or(0));
            let usage = TenantUsage { jobs: number(1)?, bytes: number(2)?, queued: number(3)? };
            if let Ok(tenant) = TenantId::parse(name) {
                state.usage.know(&tenant, usage);
            }
        }
        other => {
            let key = match other {
                API_KEYS => KeyId::parse(name).ok().map(Key::ApiKey),
                TENANTS => TenantId::parse(name).ok().map(Key::Tenant),
                WEBHOOKS => WebhookId::parse(name).ok().map(Key::Webhook),
                DELIVERIES => DeliveryId::parse(name).ok().map(Key::Delivery),
                CURSORS => Some(Key::Cursor(name.to_owned())),
                BATCHES => BatchId::parse(name).ok().map(Key::Batch),
                _ => Some(Key::Idempotency(name.to_owned())),
            };
            let current = plain(row, 1)?;
            state.records.extend(key.map(|key| (key, current)));
        }
    }
    Ok(())
}

fn plain(row: &Row, from: usize) -> Result<Current, Error> {
    Ok(Current {
        nr: row.try_get(from)?,
        version: row.try_get::<_, i64>(from + 1)?.cast_unsigned(),
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
    let current = job_current(row, [2, 3, 4, 5, 6])?;
    let key = tenant.parse().ok().zip(row.try_get::<_, &str>(1)?.parse().ok());
    state.records.extend(key.map(|(tenant, id)| (Key::Job(tenant, id), current)));
    Ok(())
}

fn read_code(state: &mut State, id: &str, row: &Row) -> Result<(), Error> {
    let mut current = plain(row, 1)?;
    let hash: String = row.try_get(3)?;
    current.hash = Some(hash.clone());
    if let Some(key) = CodeId::parse(id).ok().map(Key::TaskCode) {
        state.hashes.insert(hash, key.clone());
        state.records.insert(key, current);
    }
    Ok(())
}
