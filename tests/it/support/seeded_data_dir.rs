//! A service that has been used: jobs in several states, one with a run behind it, tokens and keys.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rusqlite::Connection;
use serde_json::{Value, json};

use super::app::{ADMIN_KEY, Answer, Job, TestApp};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

/// Makes a job with data, a plan and a run that succeeded.
pub(crate) async fn finished_job(app: &TestApp) -> Job {
    let job = app.job("教育对工资的影响").await;
    app.upload(&job, "pay.csv", PAY).await.ok();
    let roles = json!({"roles": {"outcome_var": "log_pay", "regressors": ["schooling"]}});
    app.put(&job, "/draft", &roles).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    app.post(&job, "/run", &json!({})).await.ok();
    assert_eq!(app.wait_for_end(&job).await["status"], "succeeded");
    job
}

/// Makes a job with data and a draft.
pub(crate) async fn drafted_job(app: &TestApp) -> Job {
    let job = app.job("schooling and pay").await;
    app.upload(&job, "pay.csv", PAY).await.ok();
    let roles = json!({"roles": {"outcome_var": "log_pay", "regressors": ["schooling"]}});
    app.put(&job, "/draft", &roles).await.ok();
    job
}

/// Makes an API key through the service; returns its text.
pub(crate) async fn api_key(app: &TestApp) -> String {
    let request = app.request(reqwest::Method::POST, "/v1/admin/api-keys", ADMIN_KEY);
    let made = Answer::of(request.json(&json!({"role": "viewer"}))).await.ok();
    made["api_key"].as_str().expect("shown once").to_owned()
}

/// The data directory of a service.
pub(crate) fn data_dir(app: &TestApp) -> PathBuf {
    app.dir.path().join("data")
}

/// Runs the program on a data directory.
pub(crate) fn program(data: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stata-service"))
        .args(arguments)
        .env("SS_DATA_DIR", data)
        .env("SS_STORE__LOCK_WAIT", "0")
        .output()
        .expect("runs")
}

/// Runs the program and reads the JSON that it prints.
pub(crate) fn report(data: &Path, arguments: &[&str]) -> (Option<i32>, Value) {
    let output = program(data, arguments);
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), report)
}

/// Every row of every table of records, and of the audit chain, as the database holds them.
pub(crate) fn tables(data: &Path) -> BTreeMap<String, Vec<String>> {
    let conn = Connection::open(data.join("store/store.sqlite3")).expect("opens");
    let mut found = BTreeMap::new();
    for table in ["jobs", "task_codes", "api_keys", "idempotency", "tenants", "audit"] {
        let mut statement =
            conn.prepare(&format!("SELECT json FROM {table} ORDER BY json")).expect("prepares");
        let rows = statement.query_map([], |row| row.get(0)).expect("queries");
        found.insert(table.to_owned(), rows.map(|row| row.expect("reads")).collect());
    }
    found
}

/// Files below the directories of jobs with their bytes, without working space and temporary names.
pub(crate) fn job_files(data: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![data.join("tenants")];
    while let Some(dir) = open.pop() {
        let Ok(entries) = fs::read_dir(dir) else { continue };
        for entry in entries {
            let path = entry.expect("reads").path();
            let rel = path.strip_prefix(data).expect("is below").to_string_lossy().into_owned();
            if path.is_dir() {
                // tenants/<t>/jobs/<shard>/<job>/runs is working space
                if rel.split('/').nth(5) != Some("runs") {
                    open.push(path);
                }
            } else if !rel.rsplit('/').next().unwrap_or_default().starts_with('.') {
                found.insert(rel, fs::read(&path).expect("reads"));
            }
        }
    }
    found
}
