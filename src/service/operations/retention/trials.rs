//! The removal of trials, whose times are hours and stand in their records. They are listed by their creation: no
//! trial is kept longer than the settings permit, so that a full round needs to be made once.

use chrono::Duration;

use super::Place;
use super::pass::Pass;
use crate::domain::ids::TenantId;
use crate::ports::store::{JobFilter, ReadError, StoreExt};
use crate::service::access::offer_trial::TRIAL_TENANT;

/// Shortest and longest time that a trial is kept: the bounds of `trial.keep_hours`.
const SHORTEST: Duration = Duration::hours(1);
const LONGEST: Duration = Duration::days(30);
/// Time in which a trial that was due is tried again: a hold, a run, a fault of the volume.
const TRIED_AGAIN: Duration = Duration::days(7);

/// Position of the sweep among the trials.
#[derive(Debug, Default)]
pub(super) struct Round {
    place: Place,
    /// Every trial was seen once; older ones are gone.
    complete: bool,
}

/// Checks about `limit` trials and removes the content of those that are due.
///
/// # Errors
/// As reads of the store.
pub(super) async fn sweep(round: &mut Round, pass: &mut Pass<'_>) -> Result<(), ReadError> {
    let filter = JobFilter {
        tenant: TenantId::parse(TRIAL_TENANT).ok(),
        created_before: Some(pass.now - SHORTEST + Duration::milliseconds(1)),
        created_after: round.complete.then(|| pass.now - LONGEST - TRIED_AGAIN),
        cursor: round.place.take(),
        limit: pass.limit,
        ..JobFilter::default()
    };
    let page = pass.deps.store.list_jobs(filter).await?;
    pass.summary.more |= page.next_cursor.is_some();
    round.complete |= page.next_cursor.is_none();
    round.place = page.next_cursor;
    for job in page.items {
        if job.trial.is_some() && !job.is_removed() {
            let kind = if job.runs.is_empty() { "unfinished" } else { "job" };
            pass.expire(kind, &job).await;
        }
    }
    Ok(())
}
