//! What a batch reads under the lock of the heads before its commits are applied: receipts of the same commits,
//! versions of the records that they name, usage of their tenants. All statements go out at once.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, Row};

use super::apply::{Current, Heads, State};
use super::rows::{Param, query};
use super::shared::Submitted;
use crate::adapters::store::keys;
use crate::adapters::store::usage::Usages;
use crate::domain::audit::GENESIS_HASH;
use crate::domain::ids::{CodeId, DeliveryId, KeyId, TenantId, WebhookId};
use crate::domain::job::JobStatus;
use crate::domain::tenant::TenantUsage;
use crate::ports::store::{Key, Receipt, Record};

/// The heads, as [`heads_of`] reads them.
const HEADS: &str =
    "SELECT epoch, sequence, queue_seq, nr, audit_seq, audit_hash, job_counts FROM ss.heads FOR UPDATE";

/// Makes this process the owner, by the next epoch; returns the heads.
///
/// # Errors
/// Any error of the database.
pub(super) async fn take_over(client: &Client, owner: &str) -> Result<Heads, Error> {
    let sql = "UPDATE ss.heads SET epoch = epoch + 1, owner = $1 \
               RETURNING epoch, sequence, queue_seq, nr, audit_seq, audit_hash, job_counts";
    heads_of(&client.query_typed_one(sql, &[(&owner, Type::TEXT)]).await?)
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
    used: BTreeSet<String>,
}

impl Names {
    fn of(batch: &[Submitted]) -> Self {
        let mut names = Self::default();
        let mut keys = BTreeSet::new();
        for Submitted { commit, .. } in batch {
            names.commits.push(commit.id.clone());
            for write in &commit.writes {
                keys.insert(&write.key);
                if let Some(Record::TaskCode(code)) = write.put.as_ref().map(|put| &put.record) {
                    names.hashes.push(code.code_sha256.clone());
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
            }
        }
        names
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
const USAGE: &str = "SELECT tenant, jobs, bytes, queued FROM ss.tenant_usage WHERE tenant = ANY($1)";

/// Takes the lock of the heads and reads what a batch needs, in one round trip after `begin`.
///
/// # Errors
/// Any error of the database.
pub(super) async fn load(
    client: &Client,
    begin: &str,
    batch: &[Submitted],
    now: DateTime<Utc>,
) -> Result<State, Error> {
    let names = Names::of(batch);
    let mut asked: Vec<(&str, Vec<Param>)> = vec![(RECEIPTS, vec![Param::texts(names.commits)])];
    let mut ask = |sql, params, needed: bool| {
        if needed {
            asked.push((sql, params));
        }
    };
    let some = |list: &Vec<String>| !list.is_empty();
    let needed = some(&names.jobs.0);
    ask(JOBS, vec![Param::texts(names.jobs.0), Param::texts(names.jobs.1)], needed);
    let needed = some(&names.codes);
    ask(CODES, vec![Param::texts(names.codes), Param::texts(names.hashes)], needed);
    let needed = some(&names.api_keys);
    ask(API_KEYS, vec![Param::texts(names.api_keys)], needed);
    let needed = some(&names.idempotency);
    let params = vec![Param::texts(names.idempotency), Param::number(now.timestamp_millis())];
    ask(IDEMPOTENCY, params, needed);
    let needed = some(&names.tenants);
    ask(TENANTS, vec![Param::texts(names.tenants)], needed);
    for (sql, list) in [(WEBHOOKS, names.webhooks), (DELIVERIES, names.deliveries), (CURSORS, names.cursors)]
    {
        let needed = some(&list);
        ask(sql, vec![Param::texts(list)], needed);
    }
    let needed = !names.used.is_empty();
    ask(USAGE, vec![Param::texts(names.used.into_iter().collect())], needed);

    // polled in this order, and so sent in it
    let (_, heads, found) = futures_util::try_join!(
        client.batch_execute(begin),
        client.query_typed_one(HEADS, &[]),
        try_join_all(asked.iter().map(|(sql, params)| query(client, sql, params))),
    )?;
    let mut state = State::new(heads_of(&heads)?, now);
    let mut usages: HashMap<TenantId, TenantUsage> = HashMap::new();
    for ((sql, _), rows) in asked.iter().zip(&found) {
        for row in rows {
            let name: &str = row.try_get(0)?;
            match *sql {
                RECEIPTS => drop(state.receipts.insert(name.to_owned(), receipt_of(row, 1)?)),
                JOBS => read_job(&mut state, name, row)?,
                CODES => read_code(&mut state, name, row)?,
                USAGE => {
                    let number = |at| row.try_get::<_, i64>(at).map(|n| u64::try_from(n).unwrap_or(0));
                    let usage = TenantUsage { jobs: number(1)?, bytes: number(2)?, queued: number(3)? };
                    usages.extend(TenantId::parse(name).ok().map(|tenant| (tenant, usage)));
                }
                other => {
                    let key = match other {
                        API_KEYS => KeyId::parse(name).ok().map(Key::ApiKey),
                        TENANTS => TenantId::parse(name).ok().map(Key::Tenant),
                        WEBHOOKS => WebhookId::parse(name).ok().map(Key::Webhook),
                        DELIVERIES => DeliveryId::parse(name).ok().map(Key::Delivery),
                        CURSORS => Some(Key::Cursor(name.to_owned())),
                        _ => Some(Key::Idempotency(name.to_owned())),
                    };
                    let current = plain(row, 1)?;
                    state.records.extend(key.map(|key| (key, current)));
                }
            }
        }
    }
    state.usage = Usages::of(usages);
    Ok(state)
}

fn plain(row: &Row, from: usize) -> Result<Current, Error> {
    Ok(Current {
        nr: row.try_get(from)?,
        version: row.try_get::<_, i64>(from + 1)?.cast_unsigned(),
        ..Current::default()
    })
}

fn read_job(state: &mut State, tenant: &str, row: &Row) -> Result<(), Error> {
    let mut current = plain(row, 2)?;
    let status: &str = row.try_get(4)?;
    current.status = JobStatus::ALL.into_iter().find(|known| known.as_str() == status);
    current.queue_seq = row.try_get(5)?;
    current.bytes = row.try_get(6)?;
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
