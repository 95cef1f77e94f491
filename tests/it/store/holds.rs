//! A hold counts from its commit on, also while a sweep is under way.

use std::sync::Arc;

use chrono::Duration;
use stata_service::app::sweep;
use stata_service::domain::job::JobStatus;
use stata_service::domain::tenant::{Hold, RetentionPolicy};
use stata_service::ports::clock::Clock;
use stata_service::service::operations::retention::Sweeper;

use crate::support::clock::ManualClock;
use crate::support::context::context;
use crate::support::flaky_store::FlakyStore;
use crate::support::records::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_is_set_during_a_sweep_keeps_what_is_still_there() {
    let dir = tempfile::tempdir().expect("a directory");
    let clock = Arc::new(ManualClock::new());
    let mut ctx = context(dir.path(), Arc::clone(&clock) as Arc<dyn Clock>);
    ctx.options.retention = RetentionPolicy { jobs_days: 2, ..RetentionPolicy::default() };
    for id in ["job_1", "job_2", "job_3"] {
        let mut job = job("acme", id, 0);
        job.status = JobStatus::Failed;
        job.timestamps.finished_at = Some(clock.now());
        ctx.store.commit(commit(vec![put(job)])).await.expect("commits");
    }
    let mut record = tenant_record("acme");
    record.hold = Some(Hold { reason: "a dispute".to_owned(), since: clock.now() });
    let hold = commit(vec![put(record)]);
    ctx.store = Arc::new(FlakyStore::followed(Arc::clone(&ctx.store), "job.expired", hold));
    clock.advance(Duration::days(3));
    let summary = Sweeper::default().pass(&sweep::deps(&ctx), 100, false).await.expect("sweeps");
    assert_eq!((summary.removed.get("job"), summary.held), (Some(&1), 2), "{summary:?}");
    let kept = ["job_2", "job_3"].map(|id| id.parse().expect("an id"));
    for id in kept {
        let job = ctx.load_job(&tenant("acme"), &id).await.expect("reads");
        assert!(!job.is_removed(), "{id}");
    }
}
