//! Kill -9 of the program over a batch under way, again and again: no cell is lost, none has results twice.

use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use super::{PAY, base};
use crate::faults::{Rng, full, seed};
use crate::support::app::{ADMIN_KEY, Answer, Job, PATIENCE};
use crate::support::postgres;
use crate::support::program::{Program, Start};

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_outlives_kills() {
    let dir = tempfile::tempdir().expect("a directory");
    batch_over_kills(&Start::on(dir.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_outlives_kills_on_postgres() {
    let Some(server) = postgres::shared() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let (_, url) = server.database();
    let start = Start::on_postgres(dir.path(), &url);
    batch_over_kills(&start).await;
}

async fn batch_over_kills(start: &Start) {
    let start = start.clone().with("SS_WORKER_CONCURRENCY", "2");
    let mut dice = Rng(seed());
    let mut service = start.go();
    let job = job(&service).await;
    service.upload(&job.job_id, &job.token, PAY).await.ok();
    let levels: Vec<Value> = (0..12).map(|n| json!({"values": {"level": 80 + n}})).collect();
    let request = json!({"base": base(), "axes": {"parameters": levels}});
    let path = format!("/v1/jobs/{}/batches", job.job_id);
    let mut made: Option<Value> = None;
    let rounds = if full() { 40 } else { 8 };
    for round in 0..rounds {
        // the request itself is killed in the first rounds, and repeated
        if made.is_none() || round % 3 == 0 {
            let url = format!("{}{path}", service.base);
            let asked = service.http.post(url).bearer_auth(&job.token).json(&request).send();
            let wait = std::time::Duration::from_millis(dice.next() % 400);
            if let Ok(Ok(answer)) = tokio::time::timeout(wait, asked).await {
                let status = answer.status().as_u16();
                if let Ok(body) = answer.json::<Value>().await {
                    assert!(matches!(status, 200 | 201), "{body}");
                    let first = made.get_or_insert_with(|| body.clone());
                    assert_eq!(first["batch_id"], body["batch_id"], "one batch for one request");
                }
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(dice.next() % 600)).await;
        service.kill();
        service = start.go();
    }
    let made = service.call(Method::POST, &path, &job.token, &request).await.ok();
    let done =
        settled(&service, &format!("{path}/{}", made["batch_id"].as_str().expect("an id")), &job.token).await;
    assert_eq!((&done["status"], &done["counts"]["succeeded"]), (&json!("succeeded"), &json!(12)), "{done}");
    for cell in done["cells"].as_array().expect("a list") {
        let runs = format!("/v1/jobs/{}/runs", cell["job_id"].as_str().expect("a job"));
        let runs = service.call(Method::GET, &runs, &job.token, &Value::Null).await.ok();
        let runs = runs["runs"].as_array().expect("a list").clone();
        let succeeded = runs.iter().filter(|run| run["status"] == "succeeded").count();
        assert_eq!(succeeded, 1, "{runs:?}");
        for other in runs.iter().filter(|run| run["status"] != "succeeded") {
            assert_eq!(other["cause"], "worker_lost", "only kills took attempts: {other}");
        }
        assert_eq!(cell["attempts"], runs.len());
    }
    let listed = service.call(Method::GET, &path, &job.token, &Value::Null).await.ok();
    assert_eq!(listed["batches"].as_array().map(Vec::len), Some(1), "{listed}");
    let jobs = service.call(Method::GET, "/v1/admin/jobs", ADMIN_KEY, &Value::Null).await.ok();
    assert_eq!(jobs["jobs"].as_array().map(Vec::len), Some(1), "cells are in no list");
    assert!(service.end().success());
}

async fn job(service: &Program) -> Job {
    let codes =
        service.call(Method::POST, "/v1/admin/task-codes", ADMIN_KEY, &json!({"count": 1})).await.ok();
    let redeem = json!({"task_code": codes["task_codes"][0]["task_code"], "requirement": "What goes with higher pay?"});
    let url = format!("{}/v1/task-codes/redeem", service.base);
    let redeemed = Answer::of(service.http.post(url).json(&redeem)).await.ok();
    let text = |name: &str| redeemed[name].as_str().expect("a text").to_owned();
    Job { job_id: text("job_id"), token: text("token") }
}

async fn settled(service: &Program, path: &str, token: &str) -> Value {
    let started = Instant::now();
    loop {
        let seen: Value =
            Answer::of(service.http.get(format!("{}{path}", service.base)).bearer_auth(token)).await.ok();
        if seen["status"] != "running" {
            return seen;
        }
        assert!(started.elapsed() < 3 * PATIENCE, "still {seen}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
