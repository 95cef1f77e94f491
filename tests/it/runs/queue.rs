//! The queue: fairness between tenants, limits of tenants, order across restarts, places over HTTP.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use stata_service::adapters::clock::SystemClock;
use stata_service::domain::job::JobRecord;
use stata_service::domain::tenant::TenantLimits;
use stata_service::ports::clock::Clock;
use stata_service::ports::store::{Expect, Record, Store, StoreExt, Write};
use stata_service::worker::Drain;

use crate::support::app::{Job, TestApp};
use crate::support::records::{commit, tenant_record};
use crate::support::worker_harness::WorkerHarness;

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

fn started(job: &JobRecord) -> DateTime<Utc> {
    job.latest_run().expect("an attempt").started_at
}

#[tokio::test(flavor = "multi_thread")]
async fn many_jobs_of_one_tenant_do_not_hold_back_anothers_first() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut harness = WorkerHarness::open(dir.path());
    harness.options.concurrency = 1;
    for n in 0..40 {
        harness.queue("big", &format!("big_{n:02}"), "good").await;
    }
    harness.queue("small", "small_1", "good").await;
    let worker = harness.worker().await;
    let small = harness.ended("small", "small_1").await;
    let mut before = 0;
    for n in 0..40 {
        let job = harness.job("big", &format!("big_{n:02}")).await;
        before += usize::from(job.latest_run().is_some_and(|run| run.started_at < started(&small)));
    }
    assert!(before <= 1, "{before} of the other tenant were taken before");
    worker.drain(Drain::Wait(std::time::Duration::from_secs(20))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_own_limit_bounds_its_runs_and_a_higher_one_takes_effect_at_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut harness = WorkerHarness::open(dir.path());
    harness.options.concurrency = 4;
    let mut record = tenant_record("a");
    record.limits = TenantLimits { running: Some(1), ..TenantLimits::default() };
    let put = |record: &stata_service::domain::tenant::TenantRecord, expect| {
        commit(vec![Write::Put { record: Record::Tenant(Box::new(record.clone())), expect }])
    };
    harness.store.commit(put(&record, Expect::Absent)).await.expect("committed");
    harness.tenants.refresh(harness.store.as_ref()).await.expect("read");
    for id in ["a_1", "a_2", "a_3"] {
        harness.queue("a", id, "forever").await;
    }
    harness.queue("b", "b_1", "good").await;
    let worker = harness.worker().await;
    harness.until("a", "a_1", |job| job.running_run().is_some()).await;
    harness.ended("b", "b_1").await;
    for _ in 0..400 {
        if worker.status().active == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(worker.status().active, 1, "permits are free, but not for this tenant");
    record.version = 2;
    record.limits.running = Some(2);
    harness.store.commit(put(&record, Expect::Version(1))).await.expect("committed");
    harness.until("a", "a_2", |job| job.running_run().is_some()).await;
    assert!(harness.job("a", "a_3").await.latest_run().is_none());
    worker.drain(Drain::Wait(std::time::Duration::ZERO)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_queueing_outlives_restarts() {
    let dir = tempfile::tempdir().expect("a directory");
    let harness = WorkerHarness::open(dir.path());
    // neither names nor times of creation follow the order of queueing
    for id in ["job_c", "job_a", "job_d", "job_b"] {
        harness.queue("t", id, "good").await;
    }
    harness.store.shutdown();
    drop(harness);
    let mut harness = WorkerHarness::open(dir.path());
    harness.options.concurrency = 1;
    let worker = harness.worker().await;
    let mut order = Vec::new();
    for id in ["job_a", "job_b", "job_c", "job_d"] {
        let job = harness.ended("t", id).await;
        order.push((started(&job), id));
    }
    order.sort_unstable();
    assert_eq!(order.into_iter().map(|(_, id)| id).collect::<Vec<_>>(), ["job_c", "job_a", "job_d", "job_b"]);
    worker.drain(Drain::Wait(std::time::Duration::from_secs(20))).await;
}

async fn queued(app: &TestApp) -> Job {
    let job = app.job("").await;
    app.upload(&job, "pay.csv", PAY).await.ok();
    let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay",
                       "roles": {"regressors": ["schooling"]}});
    app.put(&job, "/draft", &draft).await.ok();
    app.post(&job, "/confirm", &json!({"confirmed": true})).await.ok();
    job
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_job_shows_how_many_are_before_it() {
    let mut app = TestApp::start_with(|options| options.worker.concurrency = 0).await;
    let jobs = [queued(&app).await, queued(&app).await, queued(&app).await];
    for round in 0..2 {
        for (place, job) in (0..).zip(&jobs) {
            // the projection follows the commit
            let mut seen = Value::Null;
            for _ in 0..400 {
                seen = app.get(job, "").await.ok()["queue"].clone();
                if seen["position"] == json!(place) {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            assert_eq!(seen["position"], json!(place), "round {round}");
        }
        app.restart().await;
    }
    app.post(&jobs[0], "/cancel", &json!({})).await.ok();
    let mut last = Value::Null;
    for _ in 0..400 {
        last = app.get(&jobs[2], "").await.ok()["queue"]["position"].clone();
        if last == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(last, 1);
    assert_eq!(app.get(&jobs[0], "").await.ok()["queue"], Value::Null);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_waiting_jobs_each_know_their_place() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut harness = WorkerHarness::open(dir.path());
    harness.options.concurrency = 0;
    let template = harness.confirm("t", "job_0000", "good").await;
    harness.enqueue(template.clone()).await;
    for n in 1..1000 {
        let mut job = template.enqueue(SystemClock.now()).expect("a confirmed job can be queued");
        job.version = 1;
        job.job_id = format!("job_{n:04}").parse().expect("valid");
        harness.put(job, Expect::Absent).await;
    }
    let worker = harness.worker().await;
    let tenant = template.tenant_id.clone();
    for n in [0_u64, 1, 500, 999] {
        let id = format!("job_{n:04}").parse().expect("valid");
        assert_eq!(harness.store.queue_position(&tenant, &id).await, Ok(Some(n)), "as counted in the tables");
    }
    worker.drain(Drain::Detach).await;
    harness.options.concurrency = 1;
    harness.options.tenant_limit = Some(0);
    let worker = harness.worker().await;
    for n in [0_u64, 1, 500, 999] {
        let id = format!("job_{n:04}").parse().expect("valid");
        assert_eq!(
            harness.store.queue_position(&tenant, &id).await,
            Ok(Some(n)),
            "as claims would take them"
        );
    }
    worker.drain(Drain::Detach).await;
}
