//! Looks through the whole database after it was opened, behind the service's back: a damaged index
//! hides records that are there, which no single read can notice. Indexes are rebuilt from their
//! tables; what cannot be repaired is named in health.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::shared::{Core, Request};
use crate::adapters::background::give_way;

/// Every table that grows.
const TABLES: [&str; 10] = [
    "jobs",
    "tenants",
    "task_codes",
    "api_keys",
    "idempotency",
    "webhooks",
    "deliveries",
    "batches",
    "commits",
    "audit",
];

/// Looks after a delay, and again whenever a damaged page is met; ends with the store.
pub(super) fn run(core: &Arc<Core>, conn: &Connection, delay: Duration) {
    give_way();
    core.verifies.pause(delay);
    while !core.is_closing() {
        look(core, conn);
        if core.verifies.take().is_none() {
            return;
        }
    }
}

fn look(core: &Core, conn: &Connection) {
    let mut damage = Vec::new();
    for table in TABLES {
        match problems(conn, table) {
            // Interrupted by the end of the store.
            Ok(_) | Err(_) if core.is_closing() => return,
            Ok(None) => {}
            Ok(Some(what)) => damage.push((table, what)),
            Err(error) => damage.push((table, error.to_string())),
        }
    }
    for (table, what) in damage {
        tracing::error!(
            event = "SS_STORE_TABLE_DAMAGED",
            table,
            what,
            "a table of the store is damaged; its indexes are rebuilt"
        );
        core.note_damage(table, &what);
        // Where the queue is full or closed the next look asks again.
        let _ = core.requests.push(Request::Reindex { table });
    }
    core.note_verified();
}

/// Returns the first problems of a table and its indexes.
pub(super) fn problems(conn: &Connection, table: &str) -> rusqlite::Result<Option<String>> {
    let mut statement = conn.prepare(&format!("PRAGMA integrity_check('{table}')"))?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let line: String = row.get(0)?;
        if line != "ok" && found.len() < 3 {
            found.push(line);
        }
    }
    Ok((!found.is_empty()).then(|| found.join("; ")))
}
