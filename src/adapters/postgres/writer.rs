//! Which of several servers takes writes: the one that was promoted last.

use std::time::Duration;

use tokio_postgres::{Client, Error};

use super::connect::{Link, Target};

/// How often the server that takes writes is asked whether it answers, and how long it may take.
const EVERY: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_secs(3);

/// Returns the timeline that a server writes; `None` where it does not tell.
///
/// # Errors
/// The connection is lost.
pub(super) async fn timeline_of(client: &Client) -> Result<Option<u32>, Error> {
    let sql = "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)";
    match client.query_typed_one(sql, &[]).await {
        Ok(row) => Ok(row.try_get::<_, String>(0).ok().and_then(|text| u32::from_str_radix(&text, 16).ok())),
        Err(error) if error.as_db_error().is_some_and(|db| !db.code().code().starts_with("57")) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Asks the server that takes writes every second. Where it does not answer the hosts are asked, so that connections to one that
/// hangs end once another one was promoted, not when their own time runs out. Ends at once with one host.
pub(super) async fn watch(target: Target) {
    let mut link: Option<Link> = None;
    while target.has_several_hosts() {
        if let Some(open) = &link {
            let asked = tokio::time::timeout(LOOK, open.client.batch_execute("SELECT 1")).await;
            if !matches!(asked, Ok(Ok(()))) {
                link = None;
            }
        }
        if link.is_none() {
            // that the database is away is told by those who need it
            link = target.connect().await.ok();
        }
        tokio::time::sleep(EVERY).await;
    }
}
