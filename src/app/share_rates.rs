//! Rates of requests over all servers of a store. Each server decides by itself; once a second it takes what its busy
//! callers used out of buckets that all share, and keeps to what is left there. A caller who spreads requests over N
//! servers gains at most what they let through within that second, and has to wait it out.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::servers::KnownServers;
use crate::http::middleware::edge::Edge;
use crate::ports::cluster::{Cluster, Tries};

/// Length of a turn.
const TURN: Duration = Duration::from_secs(1);

/// Shares what busy callers use, until `stop` fires. Without busy callers the database is not asked.
pub(super) async fn run(
    edge: Arc<Edge>,
    cluster: Arc<dyn Cluster>,
    known: Arc<KnownServers>,
    stop: CancellationToken,
) {
    loop {
        for busy in edge.busy_callers(known.serving(), TURN) {
            let bucket = Tries { most: busy.burst, window: busy.window };
            let subject = busy.caller.digest();
            let asked = cluster.take_use(&subject, bucket, busy.requests);
            // while the database does not answer, each server limits for itself
            match stop.run_until_cancelled(asked).await {
                Some(Ok(left)) => edge.lower(&busy.caller, left),
                Some(Err(_)) => break,
                None => return,
            }
        }
        if stop.run_until_cancelled(tokio::time::sleep(TURN)).await.is_none() {
            return;
        }
    }
}
