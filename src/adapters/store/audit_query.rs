//! Finding audit events: by resource through an index, by anything else through a bounded scan of the chain.

use rusqlite::{Connection, ToSql};

use super::readers::QueryError;
use crate::domain::audit::{AuditFilter, ChainedEvent};
use crate::ports::audit_log::{AuditFrom, FoundEvents};
use crate::ports::store::ReadError;

/// Most events that one query looks through where no index helps; the answer then says where to continue.
const LOOK_THROUGH: usize = 20_000;

/// The expression must be that of the index, to the letter.
const INDEXED: &str = "AND CASE WHEN json_valid(json) THEN json ->> '$.resource' END = ?2";

/// Finds events, as [`crate::ports::audit_log::AuditLog::find`] says.
///
/// # Errors
/// `Stopped` naming the event that cannot be read, or an error of the database.
pub(super) fn find(
    conn: &Connection,
    filter: &AuditFilter,
    from: AuditFrom,
    limit: usize,
) -> Result<FoundEvents, QueryError> {
    let (bound, order, seq) = match from {
        AuditFrom::After(seq) => (">", "ASC", seq),
        AuditFrom::Before(seq) => ("<", "DESC", seq),
    };
    let resource = if filter.resource.is_some() { INDEXED } else { "" };
    let sql = format!("SELECT seq, json FROM audit WHERE seq {bound} ?1 {resource} ORDER BY seq {order}");
    let mut statement = conn.prepare_cached(&sql)?;
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    let mut rows = match &filter.resource {
        Some(resource) => statement.query([&seq as &dyn ToSql, resource])?,
        None => statement.query([seq])?,
    };
    let mut found = FoundEvents { events: Vec::new(), next: None };
    let mut last = None;
    let mut seen = 0;
    while let Some(row) = rows.next()? {
        if found.events.len() == limit || seen == LOOK_THROUGH {
            found.next = last;
            break;
        }
        let event = read(row)?;
        last = Some(event.seq);
        seen += 1;
        if filter.finds(&event.event) {
            found.events.push(event);
        }
    }
    Ok(found)
}

fn read(row: &rusqlite::Row<'_>) -> Result<ChainedEvent, QueryError> {
    let seq: i64 = row.get(0)?;
    let text = row.get_ref(1)?.as_str().ok();
    text.and_then(|json| serde_json::from_str(json).ok()).ok_or_else(|| damaged(seq))
}

/// A damaged event ends the query: an answer without it would say that it never was.
pub(super) fn damaged(seq: i64) -> QueryError {
    tracing::error!(event = "SS_RECORD_DAMAGED", seq, "an audit event is damaged");
    QueryError::Final(ReadError::Stopped { reason: format!("audit event {seq} is damaged") })
}
