//! Removes what is not needed any more and looks at the server's durability, from time to time.

use std::sync::Arc;
use std::time::Duration;

use super::durability;
use super::reads::Readers;
use super::rows::Param;
use super::{progress, tries, work};
use crate::ports::store::ReadError;

/// How often that happens.
const EVERY: Duration = Duration::from_secs(60);

/// Most receipts of one statement, and most statements of one time: no backlog is left, and no transaction is long.
const RECEIPTS: (i64, usize) = (10_000, 50);
/// Removes receipts from before `$1`, `$2` at most. Of several servers each takes others.
const OLD_RECEIPTS: &str = "\
WITH gone AS (
  DELETE FROM ss.commits WHERE sequence IN (SELECT sequence FROM ss.commits WHERE committed_at < $1
    ORDER BY sequence LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1
)
SELECT count(*) FROM gone";

/// Runs until it is dropped.
pub(super) async fn run(readers: Arc<Readers>) {
    loop {
        tokio::time::sleep(EVERY).await;
        durability::look(&readers).await;
        if let Err(error) = readers.prune().await {
            tracing::warn!(event = "SS_STORE_UNREACHABLE", %error, "old receipts are not removed now");
        }
    }
}

impl Readers {
    /// Removes receipts and starts of servers that are older than a day, answers that expired, and claims of work
    /// and counts of tries that are over.
    ///
    /// # Errors
    /// `Unavailable` or `Stopped`.
    pub(super) async fn prune(&self) -> Result<(), ReadError> {
        let now = self.core.clock.now().timestamp_millis();
        for _ in 0..RECEIPTS.1 {
            let params = vec![Param::number(now - 24 * 3600 * 1000), Param::number(RECEIPTS.0)];
            let rows = self.rows(OLD_RECEIPTS, params).await?;
            let removed: i64 = rows.first().map_or(Ok(0), |row| self.cell(row, 0))?;
            if removed < RECEIPTS.0 {
                break;
            }
        }
        self.rows("DELETE FROM ss.idempotency WHERE expires_at <= $1", vec![Param::number(now)]).await?;
        // a start that a run names is needed to know that it is over
        let nodes = "DELETE FROM ss.nodes n WHERE state IN ('gone', 'lost') \
                     AND lease_until < clock_timestamp() - interval '1 day' \
                     AND NOT EXISTS (SELECT 1 FROM ss.active_runs a WHERE (a.node_id, a.epoch) = (n.node_id, n.epoch))";
        self.rows(nodes, Vec::new()).await?;
        self.rows(work::PRUNE, Vec::new()).await?;
        self.rows(tries::PRUNE, Vec::new()).await?;
        self.rows(progress::PRUNE, Vec::new()).await?;
        Ok(())
    }
}
