//! Trials: an analysis without a task code, within bounds, marked, and removed after hours.

use reqwest::Method;
use serde_json::{Value, json};
use stata_service::app::options::{Options, TrialOptions};

use crate::support::app::{ADMIN_KEY, Answer, Job, TestApp, trial_options};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");
const QUESTION: &str = "effect of schooling on log pay, controlling for years of work";

/// Offers trials after a change of their usual bounds.
fn offered(change: impl FnOnce(&mut TrialOptions)) -> impl FnOnce(&mut Options) {
    let mut trial = trial_options();
    change(&mut trial);
    |options| options.trial = Some(trial)
}

async fn begin(app: &TestApp) -> Answer {
    Answer::of(app.http.post(format!("{}/v1/trial", app.base))).await
}

async fn redeem(app: &TestApp, offer: &Value, tenant: &str) -> Answer {
    let request = app.http.post(format!("{}/v1/task-codes/redeem", app.base));
    let body = json!({"task_code": offer["task_code"], "requirement": QUESTION});
    Answer::of(request.header("X-SS-Tenant-ID", tenant).json(&body)).await
}

async fn trial(app: &TestApp) -> Job {
    let offer = begin(app).await.ok();
    let redeemed = redeem(app, &offer, "trial").await.ok();
    let text = |name: &str| redeemed[name].as_str().expect("a text").to_owned();
    Job { job_id: text("job_id"), token: text("token") }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_offers_no_trial_unless_its_operator_does() {
    let mut app = TestApp::start().await;
    begin(&app).await.refused(404, "TRIAL_NOT_OFFERED");
    let capabilities = Answer::of(app.http.get(format!("{}/v1/capabilities", app.base))).await.ok();
    assert_eq!(capabilities["trial"], Value::Null);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_leads_from_nothing_to_a_table_within_its_bounds() {
    let mut app = TestApp::start_with(offered(|_| {})).await;
    let capabilities = Answer::of(app.http.get(format!("{}/v1/capabilities", app.base))).await.ok();
    assert_eq!(capabilities["trial"]["keep_hours"], 24);
    let offer = begin(&app).await.ok();
    redeem(&app, &offer, "default").await.refused(404, "TASK_CODE_NOT_FOUND");
    let job = trial(&app).await;
    let view = app.get(&job, "").await.ok();
    assert_eq!((&view["tenant_id"], &view["trial"]["runs"]), (&json!("trial"), &json!(2)));
    assert_eq!(view["timestamps"]["expires_at"], view["trial"]["expires_at"]);
    assert_eq!(view["data_sharing"], "none");
    // sample data only, whatever way they come
    let refused = app.upload(&job, "own.csv", "a,b\n1,2\n").await.refused(403, "TRIAL_LIMIT");
    assert_eq!(refused["context"]["limit"], "uploads");
    let large = vec![b'x'; (1 << 20) + 1];
    app.upload(&job, "large.csv", large).await.refused(413, "PAYLOAD_TOO_LARGE");
    let bundle = json!({"files": [{"filename": "l.csv", "size_bytes": 2 << 20, "role": "primary_dataset"}]});
    app.post(&job, "/inputs/bundle", &bundle).await.refused(413, "PAYLOAD_TOO_LARGE");
    app.upload(&job, "pay.csv", PAY).await.ok();
    let hook = json!({"url": "https://example.org/hook"});
    let refused = app.post(&job, "/webhooks", &hook).await.refused(403, "TRIAL_LIMIT");
    assert_eq!(refused["context"]["limit"], "webhooks");
    let path = format!("/v1/jobs/{}", job.job_id);
    let more = app.request(Method::PATCH, &path, &job.token).json(&json!({"data_sharing": "samples"}));
    Answer::of(more).await.refused(400, "INPUT_VALIDATION_FAILED");
    app.post(&job, "/draft/suggest", &json!({"submit": true})).await.ok();
    app.post(&job, "/plan/freeze", &json!({"output_formats": ["docx"]})).await.ok();
    app.post(&job, "/run", &json!({})).await.ok();
    assert_eq!(app.wait_for_end(&job).await["status"], "succeeded");
    let run = app.get(&job, "/runs").await.ok()["runs"][0].clone();
    assert!(run["results"].as_array().is_some_and(|rows| rows.len() > 2), "{run}");
    // the report says what it is
    let listed = app.get(&job, "/artifacts").await.ok();
    let docx = listed["artifacts"].as_array().expect("a list").iter();
    let docx = docx.filter_map(|a| a["rel_path"].as_str()).find(|path| path.ends_with(".docx"));
    let bytes = app.artifact(&job, docx.expect("the report")).await;
    let parts = crate::support::capsules::files(&bytes);
    let document = String::from_utf8_lossy(&parts["word/document.xml"]);
    assert!(document.contains("a trial of the service"));
    for revision in [1, 2] {
        app.post(&job, "/plan/revise", &json!({})).await.ok();
        let seed = json!({"seed": revision});
        app.post(&job, "/plan/freeze", &seed).await.ok();
        let ran = app.post(&job, "/run", &json!({})).await;
        if revision == 1 {
            ran.ok();
            app.wait_for_end(&job).await;
        } else {
            let refused = ran.refused(403, "TRIAL_LIMIT");
            assert_eq!(refused["context"], json!({"limit": "runs", "most": 2}));
        }
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn own_files_are_taken_where_the_operator_allows_them() {
    let mut app = TestApp::start_with(offered(|trial| trial.terms.uploads = true)).await;
    let job = trial(&app).await;
    app.upload(&job, "own.csv", "a,b\n1,2\n2,3\n").await.ok();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_and_all_together_may_begin_only_so_many() {
    let mut app = TestApp::start_with(offered(|trial| trial.bounds.per_address_per_hour = 3)).await;
    // eight at once: three get a code
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let request = app.http.post(format!("{}/v1/trial", app.base));
        tasks.push(tokio::spawn(async move { Answer::of(request).await }));
    }
    let mut codes = std::collections::BTreeSet::new();
    for task in tasks {
        let answer = task.await.expect("answers");
        if answer.status.is_success() {
            codes.insert(answer.ok()["task_code"].as_str().expect("a code").to_owned());
        } else {
            let refused = answer.refused(429, "RATE_LIMITED");
            assert_eq!(refused["context"]["limit"], "trials_per_hour");
            assert!(refused["retry_after_seconds"].as_u64() > Some(60), "{refused}");
        }
    }
    assert_eq!(codes.len(), 3);
    app.stop().await;

    let few = offered(|trial| trial.bounds.jobs_per_day = 2);
    let mut app = TestApp::start_with(few).await;
    let first = trial(&app).await;
    trial(&app).await;
    let refused = begin(&app).await.refused(429, "QUOTA_EXCEEDED");
    assert_eq!(refused["context"]["quota"], "jobs_per_day");
    // an administrator's limits for the tenant take precedence, and the trials are found in its lists
    let limits = json!({"limits": {"jobs_per_day": 50}});
    let path = "/v1/admin/tenants/trial";
    Answer::of(app.request(Method::PUT, path, ADMIN_KEY).json(&limits)).await.ok();
    let refused = begin(&app).await.refused(429, "RATE_LIMITED");
    assert_eq!(refused["context"]["limit"], "trials_per_day");
    let jobs = app.request(Method::GET, "/v1/jobs", ADMIN_KEY).header("X-SS-Tenant-ID", "trial");
    let jobs = Answer::of(jobs).await.ok();
    assert_eq!(jobs["jobs"].as_array().map(Vec::len), Some(2));
    assert!(jobs["jobs"].to_string().contains(&first.job_id));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_outlives_a_restart_and_the_end_of_the_offer_with_its_bounds() {
    let mut app = TestApp::start_with(offered(|trial| trial.terms.uploads = true)).await;
    let job = trial(&app).await;
    app.options_mut().trial = None;
    app.restart().await;
    let view = app.get(&job, "").await.ok();
    assert_eq!((&view["trial"]["uploads"], &view["trial"]["max_bytes"]), (&json!(true), &json!(1 << 20)));
    app.upload(&job, "large.csv", vec![b'x'; (1 << 20) + 1]).await.refused(413, "PAYLOAD_TOO_LARGE");
    begin(&app).await.refused(404, "TRIAL_NOT_OFFERED");
    app.stop().await;
}
