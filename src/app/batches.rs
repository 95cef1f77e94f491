//! The task that keeps the records of batches up to date.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::service::Context;
use crate::service::batches::follow::BatchFollower;

/// Starts following. Returns once every batch that an earlier process left open is up to date.
///
/// # Errors
/// The store's.
pub(super) async fn start(ctx: &Arc<Context>, stop: &CancellationToken) -> std::io::Result<JoinHandle<()>> {
    let follower = BatchFollower::start(Arc::clone(ctx)).await;
    let follower = follower.map_err(|problem| std::io::Error::other(problem.message))?;
    Ok(tokio::spawn(follower.run(stop.clone())))
}
