//! Which of several servers takes writes: the one that was promoted last.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_postgres::{Client, Error};

use super::connect::{Link, Target};

/// How often a server that takes writes is asked, how often one that follows it and may be promoted, and how long an
/// answer may take.
const TAKES_WRITES: Duration = Duration::from_secs(1);
const FOLLOWS: Duration = Duration::from_millis(250);
const LOOK: Duration = Duration::from_secs(3);

/// A server that was promoted is used from so long after it was found: until other servers of the service found it too, they
/// read from the earlier one, where what is acknowledged here is not to be seen.
const KNOWN_TO_ALL: Duration = FOLLOWS.saturating_mul(3);

/// The timelines of servers that took writes, where the address has several hosts: each promotion begins another one.
#[derive(Clone, Default)]
pub(super) struct Promotions(Arc<watch::Sender<Newest>>);

#[derive(Debug, Clone, Copy, Default)]
struct Newest {
    timeline: u32,
    /// When another one than the first was found.
    found: Option<Instant>,
}

impl Promotions {
    /// Notes the timeline of a server that takes writes: connections to servers of earlier ones end. False if another server
    /// was promoted after this one.
    pub(super) fn note(&self, timeline: u32) -> bool {
        self.0.send_if_modified(|newest| {
            let is_newer = timeline > newest.timeline;
            if is_newer {
                *newest = Newest { timeline, found: (newest.timeline > 0).then(Instant::now) };
            }
            is_newer
        });
        timeline == self.0.borrow().timeline
    }

    /// Waits until another server is found that was promoted after the one with this timeline.
    pub(super) async fn until_after(&self, own: &AtomicU32) {
        let _ = self.0.subscribe().wait_for(|newest| newest.timeline > own.load(Ordering::SeqCst)).await;
    }

    /// Waits until the other servers of the service found the last promotion too.
    pub(super) async fn until_known_to_all(&self) {
        let found = self.0.borrow().found;
        if let Some(found) = found {
            tokio::time::sleep_until(found + KNOWN_TO_ALL).await;
        }
    }
}

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

/// Asks every host whether it takes writes, so that connections to an earlier one end once another one was promoted. The
/// earlier one may hang, or answer reads from before the promotion while its commits wait for standbys that left it.
/// Ends at once with one host.
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
        let pause = match asked.ok().and_then(Result::ok) {
            Some((next, takes_writes)) => {
                link = Some(next);
                if takes_writes { TAKES_WRITES } else { FOLLOWS }
            }
            None => TAKES_WRITES,
        };
        tokio::time::sleep(pause).await;
    }
}

/// Notes the timeline of a host that takes writes; returns the connection for the next time, and whether it does.
async fn look(target: &Target, host: usize, link: Option<Link>) -> Result<(Link, bool), Error> {
    let link = match link {
        Some(link) => link,
        None => target.link_to(host).await?,
    };
    let timeline = timeline_of(&link.client).await?;
    if let Some(timeline) = timeline {
        target.promotions.note(timeline);
    }
    Ok((link, timeline.is_some()))
}
