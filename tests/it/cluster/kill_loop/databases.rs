//! The database of the kill loop: a server that takes writes and a standby that each of its commits waits for. Where the first
//! is lost the standby is promoted, and gets a standby of its own.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::{Client as Http, Method};
use rustix::process::Signal;
use serde_json::json;
use tokio::task::block_in_place;

use crate::support::app::{ADMIN_KEY, http_client};
use crate::support::link::{Link, Passage};
use crate::support::postgres::{Pooler, Server};

/// Longest wait for an answer to a write after a promotion.
const ANSWER: Duration = Duration::from_secs(10);
/// Longest time until a write is acknowledged after a promotion, on any machine.
const BACK: Duration = Duration::from_secs(180);

/// How the server that takes writes is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Loss {
    /// Its processes are killed, and connections to it are refused.
    Dead,
    /// The same, and its address is silent: connections to it neither succeed nor fail.
    Silent,
}

/// Both servers; `writer` is the place of the one that takes writes.
struct Pair {
    servers: [Server; 2],
    writer: usize,
}

pub(super) struct Databases {
    pair: Mutex<Pair>,
    pooler: Option<Pooler>,
    name: String,
    /// From each promotion to a write that a server acknowledged, with how the one before was lost.
    back: Mutex<Vec<(Loss, Duration)>>,
}

impl Databases {
    /// Starts both and the pooler, if one is asked for; `None`, with a message, where a program is not here.
    pub(super) fn start(is_pooled: bool) -> Option<Self> {
        let first = Server::start()?;
        // each of the servers may have its committer wait for a lock while others renew their leases
        let pooler = if is_pooled { Some(Pooler::start(&first, 20)?) } else { None };
        let (name, _) = first.database();
        let standby = first.standby();
        first.wait_for_standbys();
        let pair = Mutex::new(Pair { servers: [first, standby], writer: 0 });
        Some(Self { pair, pooler, name, back: Mutex::default() })
    }

    fn pair(&self) -> MutexGuard<'_, Pair> {
        self.pair.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the ways of a service below a folder: one to the pooler, or one to each of the two.
    pub(super) fn links(&self, folder: &std::path::Path) -> Vec<Link> {
        if let Some(pooler) = &self.pooler {
            return vec![Link::start(&folder.join("link"), pooler.socket())];
        }
        let link =
            |(n, server): (usize, &Server)| Link::start(&folder.join(format!("link-{n}")), server.socket());
        self.pair().servers.iter().enumerate().map(link).collect()
    }

    /// The address of the database through the ways of a service.
    pub(super) fn url(&self, links: &[Link]) -> String {
        let hosts: Vec<String> = links.iter().map(Link::host).collect();
        format!("postgresql://postgres@{}/{}", hosts.join(","), self.name)
    }

    /// Kills the server that takes writes, and starts it again after a while.
    pub(super) async fn restart(&self, lasts: Duration) {
        block_in_place(|| self.pair().writer().end(Signal::KILL));
        tokio::time::sleep(lasts).await;
        block_in_place(|| self.pair().writer().run());
    }

    /// Loses the server that takes writes and promotes its standby. `links` are those of all services, `bases` the addresses
    /// of services that are well: each must acknowledge a write. In the end there is a standby again, which commits wait for.
    pub(super) async fn promote(&self, loss: Loss, links: &[&[Link]], bases: &[String]) {
        // those to a pooler stay: it has a way of its own
        let links_to =
            |n: usize| links.iter().filter(|of_one| of_one.len() > 1).map(move |of_one| &of_one[n]);
        let lost = block_in_place(|| {
            let mut pair = self.pair();
            // whoever promotes in earnest, too, takes a standby that has everything
            pair.writer().wait_for_standbys();
            let lost = pair.writer;
            pair.writer().end(Signal::KILL);
            if loss == Loss::Silent {
                links_to(lost).for_each(|link| link.set(Passage::Silent));
            }
            pair.writer = 1 - lost;
            pair.writer().promote();
            lost
        });
        let promoted = Instant::now();
        if let Some(pooler) = &self.pooler {
            pooler.lead_to(self.pair().writer());
        }
        let http = http_client();
        let back = bases.iter().map(|base| writes_again(&http, base, promoted));
        let back = futures_util::future::join_all(back).await;
        let back = back.into_iter().map(|after| (loss, after));
        self.back.lock().unwrap_or_else(PoisonError::into_inner).extend(back);
        block_in_place(|| {
            let mut pair = self.pair();
            let standby = pair.writer().standby();
            for link in links_to(lost) {
                link.lead_to(standby.socket());
                // what was under way to the one that is lost ends
                link.set(Passage::Cut);
                link.set(Passage::Open);
            }
            pair.servers[lost] = standby;
            pair.writer().wait_for_standbys();
        });
    }

    /// Asks the database.
    pub(super) fn sql(&self, sql: &str) -> Vec<String> {
        self.pair().writer().sql(&self.name, sql).expect("is answered")
    }

    /// From each promotion to a write that a server acknowledged, shortest first, by how the one before was lost.
    pub(super) fn back(&self) -> Vec<(Loss, Duration)> {
        let mut back = self.back.lock().unwrap_or_else(PoisonError::into_inner).clone();
        back.sort();
        back
    }
}

impl Pair {
    fn writer(&self) -> &Server {
        &self.servers[self.writer]
    }
}

/// Waits until a service acknowledges a write; returns how long after the promotion that was.
async fn writes_again(http: &Http, base: &str, promoted: Instant) -> Duration {
    loop {
        let request =
            http.request(Method::POST, format!("{base}/v1/admin/task-codes")).bearer_auth(ADMIN_KEY);
        let asked = request.json(&json!({"count": 1})).timeout(ANSWER).send().await;
        if asked.is_ok_and(|answer| answer.status().is_success()) {
            return promoted.elapsed();
        }
        assert!(promoted.elapsed() < BACK, "no write is acknowledged after a promotion");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
