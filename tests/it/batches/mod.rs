//! Batches: several specifications on the inputs of one job, each a job with its plan and its run.

mod create;
mod kills;
mod life;
mod removal;

use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{Answer, Job, PATIENCE, TestApp};

pub(crate) const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

/// A linear regression of pay on schooling.
pub(crate) fn base() -> Value {
    json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay", "roles": {"regressors": ["schooling"]}})
}

/// Two sets of controls on two samples.
pub(crate) fn two_by_two() -> Value {
    json!({
        "title": "Does the return to schooling depend on the specification?",
        "base": base(),
        "axes": {
            "controls": [{"label": "none", "columns": []}, {"label": "experience", "columns": ["years_work"]}],
            "samples": [{"label": "all", "condition": null}, {"label": "older", "condition": "age > 30"}],
        },
    })
}

/// A job with the sample data.
pub(crate) async fn with_data(app: &TestApp) -> Job {
    let job = app.job("What goes with higher pay?").await;
    app.upload(&job, "pay.csv", PAY).await.ok();
    job
}

/// Makes a batch; returns it.
pub(crate) async fn made(app: &TestApp, job: &Job, request: &Value) -> Value {
    let answer = app.post(job, "/batches", request).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.body);
    assert_eq!(answer.headers["etag"], format!("\"v{}\"", answer.body["version"]));
    answer.body
}

/// The path of a batch below its job.
fn path(batch: &Value) -> String {
    format!("/batches/{}", batch["batch_id"].as_str().expect("an id"))
}

async fn read(app: &TestApp, job: &Job, batch: &Value) -> Value {
    app.get(job, &path(batch)).await.ok()
}

/// Waits until a batch is as a test wants it.
async fn read_until(app: &TestApp, job: &Job, batch: &Value, holds: impl Fn(&Value) -> bool) -> Value {
    let started = Instant::now();
    loop {
        let seen = read(app, job, batch).await;
        if holds(&seen) {
            return seen;
        }
        assert!(started.elapsed() < 2 * PATIENCE, "still {seen}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Waits until every cell has ended.
pub(crate) async fn ended(app: &TestApp, job: &Job, batch: &Value) -> Value {
    read_until(app, job, batch, |seen| seen["status"] != "running").await
}

fn cells(batch: &Value) -> &Vec<Value> {
    batch["cells"].as_array().expect("a list")
}

/// The job of a cell, under the token of the job of its batch.
fn cell_job(job: &Job, cell: &Value) -> Job {
    Job { job_id: cell["job_id"].as_str().expect("a job").to_owned(), token: job.token.clone() }
}

/// The only attempt of a cell that succeeded.
async fn run_of(app: &TestApp, job: &Job, cell: &Value) -> Value {
    let runs = app.get(&cell_job(job, cell), "/runs").await.ok();
    let succeeded: Vec<Value> = runs["runs"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|run| run["status"] == "succeeded")
        .cloned()
        .collect();
    assert_eq!(succeeded.len(), 1, "{runs}");
    succeeded[0].clone()
}

/// DELETE with a job's token, below the job.
async fn delete(app: &TestApp, job: &Job, path: &str) -> Answer {
    let path = format!("/v1/jobs/{}{path}", job.job_id);
    Answer::of(app.request(Method::DELETE, &path, &job.token)).await
}
