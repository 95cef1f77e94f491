//! Signs between the processes of one database: whoever committed tells the others, so that they look at once. A sign is
//! only a reason to look earlier. Nothing is missed without it, since everything is also looked for about once a second.
//!
//! A sign is sent after its commit, by a statement of its own: `NOTIFY` inside a commit takes a lock of the whole PostgreSQL
//! instance. Commits of the meantime share one. Listening needs a connection that keeps its server; behind a pooler in
//! transaction mode no sign arrives, which shows in that a process does not hear itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::connect::{Link, Target, text_of};
use super::pace::Pace;
use super::reads::Readers;
use super::rows::Param;
use crate::adapters::ids::SystemIds;
use crate::ports::ids::IdSource as _;

/// Statements that listen, and that tell.
const LISTEN: &str = "LISTEN ss_wake";
const TELL: &str = "SELECT pg_notify('ss_wake', $1)::text";
/// How often a process that listens tells itself something.
const PING: Duration = Duration::from_secs(5);
/// A connection by which nothing of that was heard for so long is given up.
const SILENT: Duration = Duration::from_secs(15);
/// Pause after a connection that was lost or could not be made, and after one that never heard anything.
const AGAIN: Duration = Duration::from_secs(1);
const DEAF: Duration = Duration::from_secs(300);

/// What a process has to tell.
pub(super) struct Wake {
    /// Name of this process in its signs.
    me: String,
    /// The newest commit of this process.
    newest: AtomicU64,
    has_news: Notify,
    /// No other server is there to be told.
    is_alone: AtomicBool,
}

impl Wake {
    /// A process that has nothing to tell yet.
    pub(super) fn new() -> Self {
        Self {
            me: SystemIds.id("wake"),
            newest: AtomicU64::new(0),
            has_news: Notify::new(),
            is_alone: AtomicBool::new(false),
        }
    }

    /// Has others told about a commit of this process.
    pub(super) fn tell(&self, sequence: u64) {
        self.newest.fetch_max(sequence, Ordering::Relaxed);
        if !self.is_alone() {
            self.has_news.notify_one();
        }
    }

    /// Notes whether other servers share the store; one that just joined looks by itself until this is known.
    pub(super) fn set_alone(&self, is_alone: bool) {
        self.is_alone.store(is_alone, Ordering::Relaxed);
    }

    fn is_alone(&self) -> bool {
        self.is_alone.load(Ordering::Relaxed)
    }

    fn sign(&self) -> String {
        format!("{} {}", self.me, self.newest.load(Ordering::Relaxed))
    }

    /// Reads a sign: whether it is of this process, and the newest commit of its sender.
    fn read(&self, sign: &str) -> Option<(bool, u64)> {
        let (sender, newest) = sign.split_once(' ')?;
        Some((sender == self.me, newest.parse().ok()?))
    }
}

/// Tells others about commits of this process until it is dropped.
pub(super) async fn tell(readers: Arc<Readers>) {
    let wake = &readers.core.wake;
    let mut pace = Pace::new();
    loop {
        wake.has_news.notified().await;
        // who misses it looks by itself; that the database is away was reported by the read
        let _ = readers.frequent_rows(TELL, vec![Param::text(wake.sign())]).await;
        pace.rest().await;
    }
}

/// Why a connection that listened is given up.
enum Lost {
    /// The connection was lost, or could not be made; why.
    Connection(String),
    /// It never heard anything: a pooler is in between.
    Deaf,
}

/// Listens to others, on connections of its own, until it is dropped.
pub(super) async fn listen(readers: Arc<Readers>, target: Target) {
    loop {
        let pause = match hear(&readers, &target).await {
            Lost::Connection(why) => {
                tracing::debug!(why, "signs of other processes are not heard");
                AGAIN
            }
            Lost::Deaf => {
                tracing::info!(
                    event = "SS_STORE_NO_WAKE",
                    "changes of other servers are seen about a second late: no notification of the database arrives, as \
                     behind a pooler; store.listen_url names an address without one"
                );
                DEAF
            }
        };
        sleep(pause).await;
    }
}

async fn hear(readers: &Readers, target: &Target) -> Lost {
    let core = &readers.core;
    let (to, mut signs) = mpsc::unbounded_channel();
    let link = match begin(target, to).await {
        Ok(link) => link,
        Err(why) => return Lost::Connection(why),
    };
    // what was committed before
    core.order.look();
    let mut heard = Instant::now();
    let mut is_deaf = true;
    let mut ping = interval(PING);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            sign = signs.recv() => match sign {
                None => return Lost::Connection("the connection is lost".to_owned()),
                Some(sign) => match core.wake.read(&sign) {
                    Some((true, _)) => (heard, is_deaf) = (Instant::now(), false),
                    Some((false, newest)) if newest > core.order.delivered() => core.order.look(),
                    _ => {}
                },
            },
            _ = ping.tick() => {
                if core.wake.is_alone() {
                    heard = Instant::now();
                } else if heard.elapsed() > SILENT {
                    drop(link);
                    return if is_deaf { Lost::Deaf } else { Lost::Connection("it is silent".to_owned()) };
                } else {
                    core.wake.has_news.notify_one();
                }
            }
        }
    }
}

async fn begin(target: &Target, to: mpsc::UnboundedSender<String>) -> Result<Link, String> {
    let link = target.heard_by(to).connect().await.map_err(|error| error.to_string())?;
    link.client.batch_execute(LISTEN).await.map_err(|error| text_of(&error))?;
    Ok(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_its_own_signs_and_reads_those_of_others() {
        let (one, other) = (Wake::new(), Wake::new());
        one.tell(7);
        one.tell(5);
        assert_eq!(one.read(&one.sign()), Some((true, 7)));
        assert_eq!(other.read(&one.sign()), Some((false, 7)));
        for strange in ["", "wake_1", "wake_1 x", "wake_1 -1"] {
            assert_eq!(one.read(strange), None, "{strange}");
        }
    }

    #[tokio::test]
    async fn a_process_that_is_alone_tells_nothing() {
        let wake = Wake::new();
        wake.set_alone(true);
        wake.tell(1);
        let told = tokio::time::timeout(Duration::from_millis(50), wake.has_news.notified()).await;
        assert!(told.is_err());
        wake.set_alone(false);
        wake.tell(2);
        wake.has_news.notified().await;
    }
}
