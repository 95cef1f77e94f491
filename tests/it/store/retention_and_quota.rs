//! Revision, description and removal of jobs, and what tenants may hold, over HTTP.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use stata_service::domain::ids::{JobId, TenantId};
use stata_service::domain::layout::job_dir;

use crate::support::app::{ADMIN_KEY, Answer, Job, TestApp};
use crate::support::runs::interpreters;

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

fn ols(regressor: &str) -> Value {
    json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay", "roles": {"regressors": [regressor]}})
}

async fn frozen(app: &TestApp, requirement: &str) -> Job {
    let job = app.job(requirement).await;
    app.upload(&job, "pay.csv", PAY).await.ok();
    app.put(&job, "/draft", &ols("schooling")).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    job
}

async fn run(app: &TestApp, job: &Job) -> Value {
    app.post(job, "/run", &json!({})).await.ok();
    let ended = app.wait_for_end(job).await;
    assert_eq!(ended["status"], "succeeded", "{}", app.get(job, "/runs").await.ok());
    ended
}

async fn send(app: &TestApp, method: Method, job: &Job, credential: &str, body: &Value) -> Answer {
    let path = format!("/v1/jobs/{}", job.job_id);
    Answer::of(app.request(method, &path, credential).json(body)).await
}

async fn delete(app: &TestApp, job: &Job) -> Answer {
    send(app, Method::DELETE, job, &job.token, &Value::Null).await
}

async fn put_tenant(app: &TestApp, body: &Value) -> Answer {
    let request = app.request(Method::PUT, "/v1/admin/tenants/default", ADMIN_KEY);
    Answer::of(request.json(body)).await
}

/// Paths and hashes of a job's artifacts.
async fn artifacts(app: &TestApp, job: &Job) -> BTreeMap<String, String> {
    let list = app.get(job, "/artifacts").await.ok();
    let list = list["artifacts"].as_array().expect("a list").iter();
    let text = |v: &Value| v.as_str().expect("a text").to_owned();
    list.map(|a| (text(&a["rel_path"]), text(&a["sha256"]))).collect()
}

fn dir_of(app: &TestApp, job: &Job) -> PathBuf {
    let id = JobId::parse(job.job_id.as_str()).expect("valid");
    app.dir.path().join("data").join(job_dir(&TenantId::default_tenant(), &id))
}

async fn actions(app: &TestApp, job: &Job) -> Vec<String> {
    let dir = app.dir.path().join("data/audit");
    let resource = format!("job:{}", job.job_id);
    let mut actions = Vec::new();
    // the export follows within a second
    for _ in 0..200 {
        actions.clear();
        for file in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            let text = std::fs::read_to_string(file.path()).unwrap_or_default();
            let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            actions.extend(
                events
                    .filter(|e| e["resource"] == resource)
                    .map(|e| e["action"].as_str().unwrap_or_default().to_owned()),
            );
        }
        if actions.iter().any(|a| a == "job.deleted") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    actions
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revised_plan_keeps_earlier_plans_runs_and_artifacts() {
    let mut app = TestApp::start().await;
    let job = frozen(&app, "q").await;
    let first = app.get(&job, "/plan").await.ok()["plan"].clone();
    let first_run = run(&app, &job).await["latest_run"]["run_id"].clone();
    let before = artifacts(&app, &job).await;
    let revised = app.post(&job, "/plan/revise", &json!({"reason": "another control"})).await.ok();
    assert_eq!(revised, json!({"job_id": job.job_id, "status": "draft_ready", "revision": 2}));
    let again = app.post(&job, "/plan/revise", &json!({})).await.ok();
    assert_eq!(again, revised, "a repeated revision is equal");
    app.get(&job, "/plan").await.refused(409, "PLAN_MISSING");
    app.post(&job, "/run", &json!({})).await.refused(409, "PLAN_MISSING");
    app.put(&job, "/draft", &ols("years_work")).await.ok();
    let second = app.post(&job, "/plan/freeze", &json!({})).await.ok()["plan"].clone();
    assert_eq!(
        (&second["revision"], &second["contract"]["bound"]["regressors"]),
        (&json!(2), &json!(["years_work"]))
    );
    let second_run = run(&app, &job).await["latest_run"]["run_id"].clone();
    let plans = app.get(&job, "/plans").await.ok()["plans"].clone();
    assert_eq!(plans.as_array().map(Vec::len), Some(2), "{plans}");
    for (at, plan, run_id) in [(0, &first, &first_run), (1, &second, &second_run)] {
        assert_eq!((&plans[at]["plan_id"], &plans[at]["runs"]), (&plan["plan_id"], &json!([run_id])));
        let path = format!("artifacts/plans/{}.json", plan["plan_id"].as_str().expect("an id"));
        let file: Value = serde_json::from_slice(&app.artifact(&job, &path).await).expect("JSON");
        assert_eq!(file, *plan);
    }
    let after = artifacts(&app, &job).await;
    for (path, sha256) in &before {
        let bytes = app.artifact(&job, path).await;
        let stays = after.get(path) == Some(sha256);
        let current = path == "artifacts/plan.json"
            || path.starts_with("artifacts/template/")
            || path.starts_with("artifacts/selection/");
        assert!(stays || current, "{path} of the first plan changed");
        assert_eq!(after.get(path), Some(&stata_service::domain::canonical::sha256_hex(&bytes)), "{path}");
    }
    let copy = format!("artifacts/plans/{}/source.do", first["plan_id"].as_str().expect("an id"));
    let body = app.artifact(&job, &copy).await;
    assert_eq!(json!(stata_service::domain::canonical::sha256_hex(body)), first["template"]["sha256"]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_inputs_after_a_revision_leave_those_of_earlier_plans() {
    let mut app = TestApp::start().await;
    let job = frozen(&app, "").await;
    let before = artifacts(&app, &job).await;
    app.upload(&job, "pay.csv", PAY).await.refused(409, "JOB_LOCKED");
    app.post(&job, "/plan/revise", &json!({})).await.ok();
    let fewer: String = PAY.lines().take(400).map(|l| format!("{l}\n")).collect();
    app.upload(&job, "pay.csv", fewer).await.ok();
    let after = artifacts(&app, &job).await;
    for path in before.keys().filter(|path| path.starts_with("inputs/")) {
        assert!(after.contains_key(path), "{path}");
        app.artifact(&job, path).await;
    }
    assert!(after.len() > before.len());
    app.post(&job, "/plan/freeze", &json!({})).await.refused(409, "PLAN_FREEZE_NOT_ALLOWED");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_has_at_most_twenty_plans() {
    let mut app = TestApp::start().await;
    let job = frozen(&app, "").await;
    for revision in 2..=20 {
        let revised = app.post(&job, "/plan/revise", &json!({})).await.ok();
        assert_eq!(revised["revision"], revision);
        app.post(&job, "/plan/freeze", &json!({})).await.ok();
    }
    let refused = app.post(&job, "/plan/revise", &json!({})).await.refused(409, "QUOTA_EXCEEDED");
    assert_eq!(refused["context"], json!({"quota": "plan_revisions", "limit": 20, "used": 20}));
    assert_eq!(app.get(&job, "/plans").await.ok()["plans"].as_array().map(Vec::len), Some(20));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_requirement_makes_the_draft_stale_and_a_title_does_not() {
    let mut app = TestApp::start().await;
    let job = app.job("first").await;
    app.upload(&job, "pay.csv", PAY).await.ok();
    app.put(&job, "/draft", &ols("schooling")).await.ok();
    let patch = async |body: Value| send(&app, Method::PATCH, &job, &job.token, &body).await;
    let titled = patch(json!({"title": "Pay", "client_ref": "r-1", "data_sharing": "none"})).await.ok();
    assert_eq!(
        (&titled["title"], &titled["client_ref"], &titled["data_sharing"]),
        (&json!("Pay"), &json!("r-1"), &json!("none"))
    );
    assert_eq!((&titled["status"], &titled["draft"]["stale"]), (&json!("draft_ready"), &json!(false)));
    let same = patch(json!({"title": "Pay", "requirement": "first"})).await.ok();
    assert_eq!(same["version"], titled["version"], "nothing changed, nothing is written");
    let changed = patch(json!({"requirement": "second", "title": null})).await.ok();
    assert_eq!((&changed["status"], &changed["draft"]["stale"]), (&json!("created"), &json!(true)));
    assert_eq!((&changed["requirement"], &changed["title"]), (&json!("second"), &Value::Null));
    app.post(&job, "/plan/freeze", &json!({})).await.refused(409, "PLAN_FREEZE_NOT_ALLOWED");
    app.put(&job, "/draft", &ols("schooling")).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    patch(json!({"requirement": "third"})).await.refused(409, "JOB_LOCKED");
    patch(json!({"title": "t".repeat(201)})).await.refused(400, "INPUT_VALIDATION_FAILED");
    patch(json!({"status": "succeeded"})).await.refused(400, "INPUT_VALIDATION_FAILED");
    let stale = app
        .request(Method::PATCH, &format!("/v1/jobs/{}", job.job_id), &job.token)
        .header("if-match", "\"v1\"")
        .json(&json!({"title": "x"}));
    Answer::of(stale).await.refused(412, "JOB_VERSION_CONFLICT");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_job_leaves_ids_and_hashes_and_nothing_else() {
    let mut app = TestApp::start().await;
    let job = frozen(&app, "a secret question").await;
    run(&app, &job).await;
    let before = artifacts(&app, &job).await;
    let gone = delete(&app, &job).await.ok();
    assert_eq!((&gone["status"], &gone["requirement"]), (&json!("succeeded"), &json!("")));
    assert_eq!((&gone["removed"]["by"], &gone["next_actions"]), (&json!("request"), &json!([])));
    assert_eq!(delete(&app, &job).await.ok(), gone, "a repeated removal is equal");
    assert_eq!(app.get(&job, "").await.ok(), gone);
    assert_eq!(artifacts(&app, &job).await, before, "the hashes stay");
    for path in before.keys() {
        app.get(&job, &format!("/artifacts/{path}")).await.refused(410, "ARTIFACT_EXPIRED");
    }
    app.get(&job, "/artifacts/artifacts/none.csv").await.refused(404, "ARTIFACT_NOT_FOUND");
    for path in ["/plan", "/draft/preview", "/inputs/preview"] {
        app.get(&job, path).await.refused(410, "JOB_GONE");
    }
    for path in ["/run", "/plan/freeze", "/plan/revise", "/plan/preview", "/cancel"] {
        app.post(&job, path, &json!({})).await.refused(410, "JOB_GONE");
    }
    app.upload(&job, "pay.csv", PAY).await.refused(410, "JOB_GONE");
    let plans = app.get(&job, "/plans").await.ok();
    assert_eq!(plans["plans"][0]["runs"].as_array().map(Vec::len), Some(1), "{plans}");
    let runs = app.get(&job, "/runs").await.ok();
    assert_eq!((&runs["runs"][0]["status"], &runs["runs"][0]["results"]), (&json!("succeeded"), &json!([])));
    let dir = dir_of(&app, &job);
    for part in ["inputs", "artifacts", "runs"] {
        assert!(!dir.join(part).exists(), "{part}");
    }
    let actions = actions(&app, &job).await;
    assert!(
        actions.contains(&"run.succeeded".to_owned()) && actions.ends_with(&["job.deleted".to_owned()]),
        "{actions:?}"
    );
    let mut copy = String::new();
    // the readable copy follows the record; before its first time it is absent
    for _ in 0..1500 {
        copy = std::fs::read_to_string(dir.join("job.json")).unwrap_or_default();
        if copy.contains("\"removed\"") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(copy.contains("\"removed\""), "{copy}");
    assert!(!copy.contains("secret question") && !copy.contains("schooling"), "{copy}");
    app.restart().await;
    assert_eq!(app.get(&job, "").await.ok(), gone);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_is_not_deleted_and_a_waiting_one_is_cancelled_first() {
    let scripts = tempfile::tempdir().expect("a directory");
    let script = scripts.path().join("slow.sh");
    std::fs::write(&script, "#!/bin/sh\nsleep 30\n").expect("written");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let command = vec![script.display().to_string()];
    let mut app = TestApp::start_with(|options| {
        options.engine.command = command;
        options.engine.readable = interpreters();
        options.worker.concurrency = 1;
    })
    .await;
    let (running, waiting) = (frozen(&app, "").await, frozen(&app, "").await);
    app.post(&running, "/run", &json!({})).await.ok();
    app.wait_for(&running, &["running"]).await;
    app.post(&waiting, "/run", &json!({})).await.ok();
    let refused = delete(&app, &running).await.refused(409, "JOB_ILLEGAL_TRANSITION");
    assert_eq!(refused["context"]["allowed"], json!(["cancel"]));
    assert_eq!(delete(&app, &waiting).await.ok()["status"], "cancelled");
    app.post(&running, "/cancel", &json!({})).await.ok();
    app.wait_for_end(&running).await;
    assert_eq!(delete(&app, &running).await.ok()["status"], "cancelled");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_delete_and_clients_do_not() {
    let mut app = TestApp::start().await;
    let job = app.job("q").await;
    for (role, status) in [("viewer", 403), ("client", 403), ("operator", 200)] {
        let request = app.request(Method::POST, "/v1/admin/api-keys", ADMIN_KEY);
        let made = Answer::of(request.json(&json!({"role": role}))).await.ok();
        let key = made["api_key"].as_str().expect("a key").to_owned();
        let answer = send(&app, Method::DELETE, &job, &key, &Value::Null).await;
        assert_eq!(answer.status.as_u16(), status, "{role}: {}", answer.body);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_keeps_everything_until_it_is_lifted() {
    let mut app = TestApp::start().await;
    let job = app.job("q").await;
    let held = put_tenant(&app, &json!({"hold": {"reason": "audit of 2026"}})).await.ok();
    assert_eq!(held["hold"]["reason"], "audit of 2026");
    let refused = delete(&app, &job).await.refused(403, "RETENTION_HOLD");
    assert_eq!(refused["context"]["since"], held["hold"]["since"]);
    let again = put_tenant(&app, &json!({"hold": {"reason": "longer"}})).await.ok();
    assert_eq!(again["hold"]["since"], held["hold"]["since"], "the hold stands since its beginning");
    app.restart().await;
    delete(&app, &job).await.refused(403, "RETENTION_HOLD");
    put_tenant(&app, &json!({})).await.ok();
    delete(&app, &job).await.ok();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_redeems_do_not_pass_a_quota_together() {
    let mut app = TestApp::start().await;
    let settings = put_tenant(&app, &json!({"limits": {"jobs": 3}})).await.ok();
    assert_eq!((&settings["version"], &settings["usage"]["jobs"]), (&json!(1), &json!(0)));
    let codes = app.task_codes(12).await;
    let answers = join_all(codes.iter().map(|code| app.redeem(code, "q"))).await;
    let (made, refused): (Vec<Answer>, Vec<Answer>) =
        answers.into_iter().partition(|a| a.status.is_success());
    assert_eq!((made.len(), refused.len()), (3, 9));
    for answer in refused {
        let body = answer.refused(409, "QUOTA_EXCEEDED");
        assert_eq!(body["context"], json!({"quota": "jobs", "limit": 3, "used": 3}));
    }
    let first = made.into_iter().next().expect("three").ok();
    let text = |v: &Value| v.as_str().expect("a text").to_owned();
    let job = Job { job_id: text(&first["job_id"]), token: text(&first["token"]) };
    delete(&app, &job).await.ok();
    let view = Answer::of(app.request(Method::GET, "/v1/admin/tenants/default", ADMIN_KEY)).await.ok();
    assert_eq!(view["usage"]["jobs"], 2);
    let unused = codes.last().expect("a code");
    app.redeem(unused, "q").await.ok();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quotas_of_bytes_queue_and_day_say_what_is_used() {
    let mut app = TestApp::start_with(|options| options.worker.concurrency = 0).await;
    let (first, second) = (frozen(&app, "").await, frozen(&app, "").await);
    put_tenant(&app, &json!({"limits": {"queued": 1}})).await.ok();
    app.post(&first, "/run", &json!({})).await.ok();
    let refused = app.post(&second, "/run", &json!({})).await.refused(409, "QUOTA_EXCEEDED");
    assert_eq!(refused["context"], json!({"quota": "queued", "limit": 1, "used": 1}));
    app.post(&first, "/run", &json!({})).await.ok();
    app.post(&first, "/cancel", &json!({})).await.ok();
    app.post(&second, "/run", &json!({})).await.ok();
    let usage = put_tenant(&app, &json!({"limits": {"jobs_per_day": 2}})).await.ok()["usage"].clone();
    let code = app.task_codes(1).await.remove(0);
    let answer = app.redeem(&code, "q").await;
    let wait: u64 = answer.headers["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((86_000..=86_400).contains(&wait), "{wait}");
    let refused = answer.refused(429, "QUOTA_EXCEEDED");
    assert_eq!(
        (&refused["context"]["quota"], &refused["context"]["used"]),
        (&json!("jobs_per_day"), &json!(2))
    );
    assert!(refused["context"]["resets_at"].is_string());
    let limit = usage["bytes"].as_u64().expect("a number") + 1000;
    put_tenant(&app, &json!({"limits": {"bytes": limit}})).await.ok();
    let third = app.redeem(&code, "q").await.ok();
    let text = |v: &Value| v.as_str().expect("a text").to_owned();
    let third = Job { job_id: text(&third["job_id"]), token: text(&third["token"]) };
    let refused = app.upload(&third, "pay.csv", PAY).await.refused(409, "QUOTA_EXCEEDED");
    assert_eq!(
        (&refused["context"]["quota"], &refused["context"]["limit"]),
        (&json!("bytes"), &json!(limit))
    );
    assert!(
        !dir_of(&app, &third).join("inputs").read_dir().is_ok_and(|mut d| d.next().is_some()),
        "nothing is left"
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_tenants_are_for_administrators_and_hold_to_versions() {
    let mut app = TestApp::start().await;
    let path = "/v1/admin/tenants/clinic";
    let get = async || Answer::of(app.request(Method::GET, path, ADMIN_KEY)).await;
    assert_eq!(get().await.ok()["version"], 0, "no settings of its own");
    let put = |version: u64, body: Value| {
        let request = app.request(Method::PUT, path, ADMIN_KEY).header("if-match", format!("\"v{version}\""));
        Answer::of(request.json(&body))
    };
    let body = json!({"limits": {"running": 2}, "retention": {"jobs_days": 30}, "data_sharing_max": "none"});
    let stored = put(0, body).await.ok();
    assert_eq!(
        (&stored["version"], &stored["limits"], &stored["retention"]),
        (&json!(1), &json!({"running": 2}), &json!({"jobs_days": 30}))
    );
    put(0, json!({})).await.refused(412, "JOB_VERSION_CONFLICT");
    put(1, json!({"retention": {"jobs_days": 99999}})).await.refused(400, "INPUT_VALIDATION_FAILED");
    put(1, json!({"limit": {}})).await.refused(400, "INPUT_VALIDATION_FAILED");
    assert_eq!(get().await.ok(), stored);
    let listed = Answer::of(app.request(Method::GET, "/v1/admin/tenants", ADMIN_KEY)).await.ok();
    assert_eq!(listed["tenants"], json!([stored]));
    let request = app.request(Method::POST, "/v1/admin/api-keys", ADMIN_KEY);
    let operator = Answer::of(request.json(&json!({"role": "operator"}))).await.ok();
    let key = operator["api_key"].as_str().expect("a key");
    Answer::of(app.request(Method::GET, path, key)).await.refused(403, "AUTH_TOKEN_FORBIDDEN");
    let codes = app.request(Method::POST, "/v1/admin/task-codes", ADMIN_KEY);
    let made = Answer::of(codes.json(&json!({"count": 1, "tenant_id": "clinic"}))).await.ok();
    let redeem =
        app.http.post(format!("{}/v1/task-codes/redeem", app.base)).header("x-ss-tenant-id", "clinic");
    let code = &made["task_codes"][0]["task_code"];
    let more = json!({"task_code": code, "requirement": "q", "data_sharing": "samples"});
    let redeem_again = redeem.try_clone().expect("no body yet");
    Answer::of(redeem.json(&more)).await.refused(400, "INPUT_VALIDATION_FAILED");
    let job = Answer::of(redeem_again.json(&json!({"task_code": code, "requirement": "q"}))).await.ok();
    let job_path = format!("/v1/jobs/{}", job["job_id"].as_str().expect("an id"));
    let seen =
        Answer::of(app.request(Method::GET, &job_path, job["token"].as_str().expect("a token"))).await.ok();
    assert_eq!(seen["data_sharing"], "none", "the tenant's most is the default");
    app.stop().await;
}
