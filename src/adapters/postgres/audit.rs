//! Reads of the audit chain.

use tokio_postgres::Row;

use super::reads::{Readers, count, limited};
use super::rows::{Param, clean};
use crate::adapters::store::prepare::CHAIN;
use crate::domain::audit::{AuditFilter, ChainedEvent};
use crate::ports::audit_log::{AuditFrom, FoundEvents};
use crate::ports::store::ReadError;

/// Events of one read where no index helps.
const LOOK: i64 = 1000;
/// Most events that one query looks through where no index helps; the answer then says where to continue.
const LOOK_THROUGH: usize = 20_000;

impl Readers {
    /// Reads events of a chain, as [`crate::ports::audit_log::AuditLog::events`] says.
    ///
    /// # Errors
    /// `Stopped` naming the event that cannot be read, or `Unavailable`.
    pub(super) async fn events(
        &self,
        chain: u32,
        after: u64,
        limit: usize,
    ) -> Result<Vec<ChainedEvent>, ReadError> {
        if chain != CHAIN {
            return Ok(Vec::new());
        }
        let sql = "SELECT seq, json FROM ss.audit WHERE seq > $1 ORDER BY seq LIMIT $2";
        let after = Param::number(i64::try_from(after).unwrap_or(i64::MAX));
        let rows = self.rows(sql, vec![after, limited(limit)]).await?;
        rows.iter().map(|row| self.event(row)).collect()
    }

    /// Finds events, as [`crate::ports::audit_log::AuditLog::find`] says.
    ///
    /// # Errors
    /// As [`Readers::events`].
    pub(super) async fn find(
        &self,
        filter: AuditFilter,
        from: AuditFrom,
        limit: usize,
    ) -> Result<FoundEvents, ReadError> {
        let (bound, order, seq) = match from {
            AuditFrom::After(seq) => (">", "ASC", seq),
            AuditFrom::Before(seq) => ("<", "DESC", seq),
        };
        let indexed = if filter.resource.is_some() { "AND resource = $3" } else { "" };
        let sql = format!(
            "SELECT seq, json FROM ss.audit WHERE seq {bound} $1 {indexed} ORDER BY seq {order} LIMIT $2"
        );
        let mut at = i64::try_from(seq).unwrap_or(i64::MAX);
        let mut found = FoundEvents { events: Vec::new(), next: None };
        let mut seen = 0;
        loop {
            let mut params = vec![Param::number(at), Param::number(LOOK)];
            params.extend(filter.resource.as_deref().map(|r| Param::text(clean(r))));
            let rows = self.rows(&sql, params).await?;
            for row in &rows {
                if found.events.len() == limit || seen == LOOK_THROUGH {
                    found.next = Some(count(at));
                    return Ok(found);
                }
                let event = self.event(row)?;
                at = event.seq.cast_signed();
                seen += 1;
                if filter.finds(&event.event) {
                    found.events.push(event);
                }
            }
            if i64::try_from(rows.len()).unwrap_or(i64::MAX) < LOOK {
                return Ok(found);
            }
        }
    }

    /// A damaged event ends the read: an answer without it would say that it never was.
    fn event(&self, row: &Row) -> Result<ChainedEvent, ReadError> {
        serde_json::from_str(&self.cell::<String>(row, 1)?).map_err(|_| {
            let seq = row.try_get::<_, i64>(0).unwrap_or_default();
            tracing::error!(event = "SS_RECORD_DAMAGED", seq, "an audit event is damaged");
            ReadError::Stopped { reason: format!("audit event {seq} is damaged") }
        })
    }
}
