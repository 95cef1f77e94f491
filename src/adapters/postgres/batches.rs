//! Lists of the batches of jobs.

use super::lists::{Conditions, MAX_LIMIT};
use super::reads::{Readers, whole};
use super::rows::Param;
use crate::domain::batch::BatchRecord;
use crate::ports::store::{Page, Query, ReadError, Row};

impl Readers {
    /// Answers a query for batches.
    ///
    /// # Errors
    /// [`ReadError::InvalidCursor`], or `Unavailable`; `Stopped` for a query of another kind.
    pub(super) async fn answer_batches(&self, query: Query) -> Result<Page<Row>, ReadError> {
        Ok(match query {
            Query::Batches { tenant, job_id, cursor, limit } => {
                let conditions = Conditions::default()
                    .with("tenant = ?", Some(Param::text(tenant.as_str())))
                    .with("job_id = ?", Some(Param::text(job_id.as_str())));
                self.page::<BatchRecord>(conditions, cursor.as_deref(), limit).await?.map(Row::from)
            }
            Query::OpenBatches => {
                let rest = "WHERE open IS NOT NULL ORDER BY created_at, nr";
                whole(self.all::<BatchRecord>(rest, Vec::new()).await?)
            }
            Query::DueBatches { before, limit } => {
                let limit = limit.min(MAX_LIMIT);
                let rest = format!("WHERE ended_at < $1 ORDER BY ended_at, nr LIMIT {limit}");
                let before = Param::number(before.timestamp_millis());
                whole(self.all::<BatchRecord>(&rest, vec![before]).await?)
            }
            other => {
                let reason = format!("the query {} has no answer", other.name());
                return Err(ReadError::Stopped { reason });
            }
        })
    }
}
