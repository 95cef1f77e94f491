//! Which of several servers takes writes: the one that was promoted last.

use std::time::Duration;

use futures_util::future::join_all;
use tokio_postgres::{Client, Error};

use super::connect::{Link, Target};

/// How often each server is asked, and how long it may take.
const EVERY: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_secs(3);

/// Returns the timeline that a server writes; `None` where it follows another one, or does not tell.
///
/// # Errors
/// The connection is lost.
pub(super) async fn timeline_of(client: &Client) -> Result<Option<u32>, Error> {
    let sql = "SELECT CASE WHEN NOT pg_is_in_recovery() THEN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END";
    match client.query_typed_one(sql, &[]).await {
        Ok(row) => Ok(row.try_get::<_, String>(0).ok().and_then(|text| u32::from_str_radix(&text, 16).ok())),
        Err(error) if error.as_db_error().is_some_and(|db| !db.code().code().starts_with("57")) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Asks every host each second whether it takes writes, so that connections to an earlier one end once another one was
/// promoted. The earlier one may hang, or answer while its commits wait for standbys that left it. Ends at once with one host.
pub(super) async fn watch(target: Target) {
    if target.has_several_hosts() {
        join_all((0..target.hosts()).map(|host| watch_host(&target, host))).await;
    }
}

async fn watch_host(target: &Target, host: usize) {
    let mut link: Option<Link> = None;
    loop {
        let asked = tokio::time::timeout(LOOK, look(target, host, link.take())).await;
        // that the database is away is told by those who need it
        link = asked.ok().and_then(Result::ok);
        tokio::time::sleep(EVERY).await;
    }
}

/// Notes the timeline of a host; returns the connection for the next time.
async fn look(target: &Target, host: usize, link: Option<Link>) -> Result<Link, Error> {
    let link = match link {
        Some(link) => link,
        None => target.link_to(host).await?,
    };
    if let Some(timeline) = timeline_of(&link.client).await? {
        target.note(timeline);
    }
    Ok(link)
}
