//! Limits of a tenant as conditions of commits: one test per case and adapter.

use chrono::Duration;
use futures_util::future::join_all;
use stata_service::domain::ids::JobId;
use stata_service::domain::job::JobStatus;
use stata_service::domain::tenant::{BoundPassed, TenantBounds, TenantLimits, WebhookBound};
use stata_service::ports::clock::Clock;
use stata_service::ports::store::{Commit, CommitError, Expect, Key, StoreExt, Write};

use super::store::{Fresh, conformance};
use crate::support::records::*;

conformance![
    a_commit_keeps_the_bounds_of_its_tenant,
    a_commit_keeps_the_limit_of_a_day,
    concurrent_commits_do_not_pass_a_bound_together,
    webhooks_of_a_tenant_and_of_each_job_have_bounds_of_their_own,
];

/// A commit of one write within limits of the tenant `a`.
fn within(write: Write, limits: TenantLimits) -> Commit {
    let mut bounded = commit(vec![write]);
    bounded.within = Some(TenantBounds { tenant_id: tenant("a"), limits, webhooks: None });
    bounded
}

async fn a_commit_keeps_the_bounds_of_its_tenant(Fresh { store, .. }: Fresh) {
    let limits = TenantLimits { jobs: Some(1), bytes: Some(500), queued: Some(1), ..TenantLimits::default() };
    let over =
        |quota, limit, used| Err(CommitError::OverBound(BoundPassed { quota, limit, used, resets: None }));
    let first = job("a", "job_1", 0);
    store.commit(within(put(first.clone()), limits.clone())).await.expect("commits");
    store.commit(commit(vec![put(job("b", "job_2", 0))])).await.expect("another tenant");
    assert_eq!(store.commit(within(put(job("a", "job_3", 0)), limits.clone())).await, over("jobs", 1, 1));
    assert_eq!(store.job(&tenant("a"), &JobId::parse("job_3").expect("valid")).await, Ok(None));
    let mut full = next(&first, JobStatus::Queued);
    full.artifacts_index.push(artifact("artifacts/x.csv", 501));
    assert_eq!(store.commit(within(put(full.clone()), limits.clone())).await, over("bytes", 500, 0));
    // a commit without bounds may pass them, and one with bounds may then give back
    store.commit(commit(vec![put(full.clone()), put(job("a", "job_4", 0))])).await.expect("commits");
    let mut less = next(&full, JobStatus::Queued);
    less.artifacts_index.clear();
    store.commit(within(put(less), limits.clone())).await.expect("holds less");
    let second = next(&job("a", "job_4", 0), JobStatus::Queued);
    assert_eq!(store.commit(within(put(second), limits)).await, over("queued", 1, 1));
}

async fn a_commit_keeps_the_limit_of_a_day(Fresh { store, clock, .. }: Fresh) {
    let limits = TenantLimits { jobs_per_day: Some(2), ..TenantLimits::default() };
    let made = |id: &str| {
        let mut record = job("a", id, 0);
        record.timestamps.created_at = clock.now();
        record
    };
    let first = made("job_1");
    store.commit(within(put(first.clone()), limits.clone())).await.expect("commits");
    clock.advance(Duration::hours(1));
    store.commit(within(put(made("job_2")), limits.clone())).await.expect("commits");
    let resets_at = first.timestamps.created_at + Duration::days(1);
    let passed = BoundPassed {
        quota: "jobs_per_day",
        limit: 2,
        used: 2,
        resets: Some((resets_at, (resets_at - clock.now()).num_seconds().cast_unsigned())),
    };
    let refused = store.commit(within(put(made("job_3")), limits.clone())).await;
    assert_eq!(refused, Err(CommitError::OverBound(passed)));
    let changed = next(&first, JobStatus::DraftReady);
    store.commit(within(put(changed), limits.clone())).await.expect("no new job");
    clock.advance(Duration::hours(23));
    store.commit(within(put(made("job_3")), limits)).await.expect("the first one does not count any more");
}

async fn concurrent_commits_do_not_pass_a_bound_together(Fresh { store, clock, .. }: Fresh) {
    let limits = TenantLimits { jobs: Some(3), jobs_per_day: Some(5), ..TenantLimits::default() };
    let one = |n: usize| {
        let mut record = job("a", &format!("job_{n}"), 0);
        record.timestamps.created_at = clock.now();
        store.commit(within(put(record), limits.clone()))
    };
    let answers = join_all((0..12).map(one)).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
    assert_eq!(store.usage(&tenant("a")).await.expect("reads").jobs, 3);
}

async fn webhooks_of_a_tenant_and_of_each_job_have_bounds_of_their_own(Fresh { store, .. }: Fresh) {
    let make = |tenant_id: &str, id: &str, job_id: Option<&str>| {
        let mut bounded = commit(vec![put(webhook(tenant_id, id, job_id, 0))]);
        let job_id = job_id.map(|id| JobId::parse(id).expect("valid"));
        let webhooks = Some(WebhookBound { job_id, most: 2 });
        let limits = TenantLimits::default();
        bounded.within = Some(TenantBounds { tenant_id: tenant(tenant_id), limits, webhooks });
        store.commit(bounded)
    };
    let answers = join_all(["wh_1", "wh_2", "wh_3", "wh_4", "wh_5"].map(|id| make("a", id, None))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 2);
    let passed = BoundPassed { quota: "webhooks", limit: 2, used: 2, resets: None };
    assert_eq!(make("a", "wh_6", None).await, Err(CommitError::OverBound(passed.clone())));
    for (tenant_id, id, job_id) in [
        ("b", "wh_7", None),
        ("a", "wh_8", Some("job_1")),
        ("a", "wh_9", Some("job_1")),
        ("a", "wh_10", Some("job_2")),
    ] {
        make(tenant_id, id, job_id).await.expect("another tenant, or another job");
    }
    assert_eq!(make("a", "wh_11", Some("job_1")).await, Err(CommitError::OverBound(passed)));
    // one that goes makes room
    let gone =
        Write::Delete { key: Key::Webhook("wh_8".parse().expect("valid")), expect: Expect::Version(1) };
    store.commit(commit(vec![gone])).await.expect("commits");
    make("a", "wh_11", Some("job_1")).await.expect("commits");
}
