//! Work that one server does for all of them: within this process a lock of its own holds others off, and the claim in the
//! store holds off other servers. A server that dies gives its claims up with its lease.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::error::Problem;
use crate::ports::cluster::Cluster;
use crate::service::shared::commits::read_problem;
use crate::service::shared::context::Context;

/// Times that giving back a claim is tried, and the time between two tries. One that is left behind ends by itself.
const TRIES: u32 = 60;
const PAUSE: Duration = Duration::from_secs(1);

/// The right to do a piece of work alone. When it is dropped, the claim is given back, and then the lock of this process.
#[derive(Debug)]
pub struct SoleWork<L: Send + 'static> {
    lock: Option<L>,
    claim: Option<Claim>,
}

/// A claim in the store.
struct Claim {
    cluster: Arc<dyn Cluster>,
    key: String,
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claim").field("key", &self.key).finish_non_exhaustive()
    }
}

impl<L: Send + 'static> SoleWork<L> {
    /// Work that only this process can do, or that it may do beside others.
    pub fn within_this_process(lock: L) -> Self {
        Self { lock: Some(lock), claim: None }
    }

    /// Claims the work of a key for at most so long. The caller holds the lock of the key in this process, and gets it back
    /// while another server does the work.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn claim(
        ctx: &Context,
        key: String,
        at_most: Duration,
        lock: L,
    ) -> Result<Result<Self, L>, Problem> {
        let Some(cluster) = ctx.cluster.clone() else {
            return Ok(Ok(Self::within_this_process(lock)));
        };
        // in a task: where nobody waits any more, the claim is given back
        let claiming = tokio::spawn(async move {
            // an outcome that is not known may be a claim
            let mut work =
                Self { lock: Some(lock), claim: Some(Claim { cluster: Arc::clone(&cluster), key }) };
            let key = work.claim.as_ref().map_or("", |claim| claim.key.as_str());
            match cluster.claim_work(key, at_most).await {
                Ok(true) => Ok(Ok(work)),
                Ok(false) => {
                    work.claim = None;
                    Ok(work.lock.take().map_or_else(|| Ok(work), Err))
                }
                Err(error) => Err(read_problem(error)),
            }
        });
        claiming.await.unwrap_or_else(|_| Err(Problem::internal()))
    }

    /// True if other servers are held off by a claim.
    pub fn is_claimed(&self) -> bool {
        self.claim.is_some()
    }
}

impl<L: Send + 'static> Drop for SoleWork<L> {
    fn drop(&mut self) {
        let (lock, claim) = (self.lock.take(), self.claim.take());
        let Some((Claim { cluster, key }, runtime)) = claim.zip(tokio::runtime::Handle::try_current().ok())
        else {
            return;
        };
        runtime.spawn(async move {
            for _ in 0..TRIES {
                if cluster.release_work(&key).await.is_ok() {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
            drop(lock);
        });
    }
}
