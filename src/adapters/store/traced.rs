//! The span of a commit, with the names of OpenTelemetry's semantic conventions for databases. Both stores use it.

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;
use tracing::Instrument;

use crate::ports::store::{Commit, CommitError, Receipt};

/// The answer to a commit that was handed over.
pub(in crate::adapters) type Answer = oneshot::Receiver<Result<Receipt, CommitError>>;

/// Hands a commit over at once, and waits for its answer in a span of the database `system`. Where no answer
/// comes, the outcome is unknown.
///
/// # Errors
/// As [`crate::ports::store::Store::commit`].
pub(in crate::adapters) fn commit_in_span<'a>(
    system: &'static str,
    commit: Commit,
    submit: impl FnOnce(Commit) -> Result<Answer, CommitError>,
) -> BoxFuture<'a, Result<Receipt, CommitError>> {
    let id = commit.id.clone();
    let span = tracing::debug_span!(
        "store.commit",
        otel.kind = "client",
        otel.status_code = tracing::field::Empty,
        db.system.name = system,
        db.operation.name = "commit",
        db.operation.batch.size = commit.writes.len() as u64,
    );
    let sent = submit(commit);
    Box::pin(async move {
        let answer = async { sent?.await.unwrap_or(Err(CommitError::Indeterminate { id })) };
        let answer = answer.instrument(span.clone()).await;
        if answer.is_err() {
            span.record("otel.status_code", "error");
        }
        answer
    })
}
