//! A store with every kind of record, and its rows as each of the two databases holds them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use rusqlite::Connection;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::store::{Options, SqliteStore};
use stata_service::domain::job::{JobRecord, JobStatus};
use stata_service::domain::webhook::CursorRecord;
use stata_service::ports::clock::Clock as _;
use stata_service::ports::store::{Record, Store, Write};

use super::postgres::Server;
use super::records::*;

/// Tables with the columns that both databases have.
const TABLES: &[(&str, &str)] = &[
    (
        "jobs",
        "nr tenant job_id version status queue_seq ready_at client_ref created_at fence sequence checksum json \
         ended_at files_at inputs_at bytes uploads_at batch_id",
    ),
    ("task_codes", "nr code_id tenant code_sha256 version created_at checksum json"),
    ("api_keys", "nr key_id tenant version created_at checksum json"),
    ("idempotency", "key_sha256 version expires_at checksum json"),
    ("tenants", "tenant version checksum json"),
    ("tenant_usage", "tenant jobs bytes queued"),
    ("webhooks", "nr webhook_id tenant job_id version created_at checksum json"),
    ("deliveries", "nr delivery_id webhook_id version created_at due_at checksum json"),
    ("cursors", "name version checksum json"),
    ("batches", "nr batch_id tenant job_id version created_at open ended_at checksum json"),
    ("quarantine", "key reason found_at"),
    ("audit", "seq json"),
    ("commits", "sequence id committed_at versions"),
    ("heads", "sequence queue_seq audit_seq audit_hash job_counts"),
];

/// Opens the embedded store of a data directory.
pub(crate) fn embedded(data: &Path) -> Arc<SqliteStore> {
    SqliteStore::open(Options::new(data.to_owned(), Arc::new(SystemClock))).unwrap_or_else(|e| panic!("{e}"))
}

/// A put of a record.
fn any(record: impl Into<AnyRecord>) -> Write {
    put(record)
}

/// Makes an embedded store with every kind of record, and so many jobs.
pub(crate) async fn fill(data: &Path, jobs: usize) {
    let store = embedded(data);
    let now = SystemClock.now();
    let mut others = vec![
        any(tenant_record("default")),
        any(tenant_record("other")),
        any(code("default", "code_1", "hash_1", 1)),
        any(code("other", "code_2", "hash_2", 2)),
        any(api_key("default", "key_1", 1)),
        any(answer("answer_1", now, 48)),
        any(webhook("default", "wh_1", None, 1)),
        any(webhook("other", "wh_2", Some("job_000001"), 2)),
        any(delivery("wh_1", "msg_1", 1, Some(5))),
        any(delivery("wh_2", "msg_2", 2, None)),
        any(batch("default", "batch_1", "job_000001", 1, None)),
        any(batch("default", "batch_2", "job_000001", 2, Some(9))),
    ];
    let cursor = CursorRecord { name: "webhooks".to_owned(), version: 1, sequence: 1 };
    others.push(put(AnyRecord(Record::from(cursor))));
    store.commit(commit(others)).await.expect("commits");
    for from in (0..jobs).step_by(100) {
        let some: Vec<JobRecord> = (from..jobs.min(from + 100)).map(made).collect();
        store.commit(commit(some.iter().cloned().map(put).collect())).await.expect("commits");
        let queued = some.iter().filter(|job| is_third(job)).map(|job| put(next(job, JobStatus::Queued)));
        store.commit(commit(queued.collect())).await.expect("commits");
    }
    // rows that went leave holes in the numbers
    if jobs > 10 {
        let gone = made(10);
        store.commit(commit(vec![delete(job_key(&gone), 1)])).await.expect("commits");
    }
    store.shutdown();
}

/// Every third job is queued later.
fn is_third(job: &JobRecord) -> bool {
    (job.timestamps.created_at - time(0)).num_seconds() % 3 == 2
}

fn made(n: usize) -> JobRecord {
    let tenant = if n.is_multiple_of(2) { "default" } else { "other" };
    // several jobs of one second: their order is that of their rows
    let mut job = job(tenant, &format!("job_{n:06}"), i64::try_from(n / 4 * 3 + n % 3).expect("small"));
    job.client_ref = match n % 5 {
        0 => Some(format!("ref {n} — ünï\u{0}")),
        1 => Some(format!("ref {n}")),
        _ => None,
    };
    if n % 13 == 12 {
        job = cell_of(job, "batch_1");
    }
    if n.is_multiple_of(7) {
        job.artifacts_index.push(artifact("artifacts/runs/run_1/table.csv", 17));
    }
    job
}

fn line(cells: impl Iterator<Item = Option<String>>) -> String {
    cells
        .map(|cell| cell.map_or_else(|| "-".to_owned(), |text| format!("{text:?}")))
        .collect::<Vec<_>>()
        .join("|")
}

/// Every row of every table of an embedded store.
pub(crate) fn rows_of_embedded(data: &Path) -> BTreeMap<&'static str, Vec<String>> {
    let conn = Connection::open(data.join("store/store.sqlite3")).expect("opens");
    let mut found = BTreeMap::new();
    for (table, columns) in TABLES {
        let columns: Vec<&str> = columns.split_whitespace().collect();
        let list = columns.iter().map(|column| match *column {
            "nr" => "CAST(row AS TEXT)".to_owned(),
            "checksum" => "lower(hex(checksum))".to_owned(),
            other => format!("CAST({other} AS TEXT)"),
        });
        let sql = format!("SELECT {} FROM {table}", list.collect::<Vec<_>>().join(", "));
        let mut statement = conn.prepare(&sql).expect("prepares");
        let rows = statement.query_map([], |row| {
            let cells = (0..columns.len()).map(|at| row.get::<_, Option<String>>(at));
            Ok(line(cells.collect::<Result<Vec<_>, _>>()?.into_iter()))
        });
        let mut rows: Vec<String> = rows.expect("queries").map(|row| row.expect("reads")).collect();
        rows.sort();
        found.insert(*table, rows);
    }
    found
}

/// Every row of every table of a PostgreSQL store.
pub(crate) fn rows_of_postgres(server: &Server, name: &str) -> BTreeMap<&'static str, Vec<String>> {
    let mut found = BTreeMap::new();
    for (table, columns) in TABLES {
        let list = columns.split_whitespace().map(|column| match column {
            "checksum" => "encode(checksum, 'hex')".to_owned(),
            other => format!("{other}::text"),
        });
        let sql =
            format!("SELECT json_build_array({})::text FROM ss.{table}", list.collect::<Vec<_>>().join(", "));
        let mut rows: Vec<String> = server
            .sql(name, &sql)
            .expect("reads")
            .iter()
            .map(|row| line(serde_json::from_str::<Vec<Option<String>>>(row).expect("JSON").into_iter()))
            .collect();
        rows.sort();
        found.insert(*table, rows);
    }
    found
}

/// The rows as PostgreSQL can hold them: a column cannot have U+0000.
pub(crate) fn without_nul(rows: &mut BTreeMap<&'static str, Vec<String>>) {
    for row in rows.values_mut().flatten() {
        *row = row.replace("\\0", "\u{FFFD}");
    }
    rows.values_mut().for_each(|rows| rows.sort());
}

/// The program with the settings of a database.
pub(crate) fn tool(data: &Path, url: Option<&SecretString>, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stata-service"));
    command.args(words).env("SS_DATA_DIR", data).env("SS_STORE__LOCK_WAIT", "0").stdin(Stdio::null());
    if let Some(url) = url {
        command.env("SS_JOB_STORE_BACKEND", "postgres").env("SS_DATABASE_URL", url.expose_secret());
    }
    command
}

/// Runs the program; returns its exit code, the JSON that it prints, and what it says to people.
pub(crate) fn run(data: &Path, url: Option<&SecretString>, words: &[&str]) -> (Option<i32>, Value, String) {
    let Output { status, stdout, stderr } = tool(data, url, words).output().expect("runs");
    let says = String::from_utf8_lossy(&stderr).into_owned();
    (status.code(), serde_json::from_slice(&stdout).unwrap_or_default(), says)
}
