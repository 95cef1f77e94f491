//! Tenants meet each other nowhere: the same job id in two of them, their lists, files, errors and metrics.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use stata_service::domain::ids::{JobId, TenantId};
use stata_service::domain::layout::job_dir;

use crate::store::migration::place;
use crate::support::app::{ADMIN_KEY, Answer, TestApp};

const BOTH: &str = "job_in_both";

async fn key(app: &TestApp, role: &str, tenant: &str) -> String {
    let request = app.request(Method::POST, "/v1/admin/api-keys", ADMIN_KEY);
    let made = Answer::of(request.json(&json!({"role": role, "tenant_id": tenant}))).await.ok();
    made["api_key"].as_str().expect("a key").to_owned()
}

async fn get(app: &TestApp, path: &str, key: &str) -> Answer {
    Answer::of(app.request(Method::GET, path, key)).await
}

fn ids(list: &Value) -> Vec<(&str, &str)> {
    let jobs = list["jobs"].as_array().expect("a list").iter();
    jobs.map(|job| {
        (job["tenant_id"].as_str().unwrap_or_default(), job["job_id"].as_str().unwrap_or_default())
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_job_id_in_two_tenants_is_two_jobs() {
    let mut app = TestApp::start_with(|options| {
        place(&options.data_dir, &format!("jobs/{BOTH}"), BOTH, "v1/full.json");
        place(&options.data_dir, &format!("jobs/tenants/acme/{BOTH}"), BOTH, "v3/tenant.json");
    })
    .await;
    let (home, acme) = (key(&app, "operator", "default").await, key(&app, "operator", "acme").await);
    let path = format!("/v1/jobs/{BOTH}");
    let (first, second) = (get(&app, &path, &home).await.ok(), get(&app, &path, &acme).await.ok());
    assert_eq!((&first["tenant_id"], &second["tenant_id"]), (&json!("default"), &json!("acme")));
    assert_ne!(first["requirement"], second["requirement"]);
    // one goes, the other stays
    let gone = Answer::of(app.request(Method::DELETE, &path, &acme)).await;
    assert!(gone.status.is_success(), "{}", gone.body);
    assert!(get(&app, &path, &acme).await.ok()["removed"].is_object());
    assert_eq!(get(&app, &path, &home).await.ok(), first);
    app.stop().await;
    let at = |tenant: &str| {
        let tenant = TenantId::parse(tenant).expect("valid");
        let dir = job_dir(&tenant, &JobId::parse(BOTH).expect("valid"));
        let file = app.dir.path().join("data").join(dir).join("job.json");
        let record: Value = serde_json::from_slice(&std::fs::read(file).expect("its copy")).expect("JSON");
        record["tenant_id"].clone()
    };
    assert_eq!((at("default"), at("acme")), (json!("default"), json!("acme")));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_errors_metrics_and_files_keep_tenants_apart() {
    let mut app = TestApp::start().await;
    let (home, acme) = (key(&app, "client", "default").await, key(&app, "client", "acme").await);
    let (home_ops, acme_ops) = (key(&app, "operator", "default").await, key(&app, "operator", "acme").await);
    let ours = app.job("the question of the first tenant").await;
    let made = app.request(Method::POST, "/v1/admin/task-codes", &acme).json(&json!({"count": 2}));
    let codes = Answer::of(made).await.ok();
    let code = codes["task_codes"][0]["task_code"].as_str().expect("a code");
    // a code of one tenant redeems in no other
    app.redeem(code, "stolen").await.refused(404, "TASK_CODE_NOT_FOUND");
    let redeem = app.http.post(format!("{}/v1/task-codes/redeem", app.base)).header("X-SS-Tenant-ID", "acme");
    let body = json!({"task_code": code, "requirement": "the question of the second tenant"});
    let theirs = Answer::of(redeem.json(&body)).await.ok();
    let theirs = theirs["job_id"].as_str().expect("an id");
    let (home_list, acme_list) =
        (get(&app, "/v1/jobs", &home).await.ok(), get(&app, "/v1/jobs", &acme).await.ok());
    assert_eq!(ids(&home_list), [("default", ours.job_id.as_str())]);
    assert_eq!(ids(&acme_list), [("acme", theirs)]);
    assert_eq!(ids(&get(&app, "/v1/admin/jobs", &home_ops).await.ok()), [("default", ours.job_id.as_str())]);
    assert_eq!(ids(&get(&app, "/v1/admin/jobs", &acme_ops).await.ok()), [("acme", theirs)]);
    assert_eq!(
        ids(&get(&app, "/v1/admin/jobs", ADMIN_KEY).await.ok()).len(),
        2,
        "an administrator sees both"
    );
    for list in
        ["/v1/admin/task-codes", "/v1/admin/api-keys", "/v1/admin/tenants", "/v1/jobs", "/v1/admin/jobs"]
    {
        for credential in [&home, &home_ops] {
            let answer = get(&app, list, credential).await;
            assert!(!answer.body.to_string().contains("acme"), "{list}: {}", answer.body);
        }
    }
    // an error says the same of what is elsewhere and of what is nowhere
    let elsewhere = get(&app, &format!("/v1/jobs/{theirs}"), &home).await.refused(404, "JOB_NOT_FOUND");
    let nowhere = get(&app, "/v1/jobs/job_nowhere", &home).await.refused(404, "JOB_NOT_FOUND");
    assert_eq!((&elsewhere["detail"], &elsewhere["context"]), (&nowhere["detail"], &nowhere["context"]));
    let code_id = codes["task_codes"][1]["code_id"].as_str().expect("an id");
    let revoke = app.request(Method::POST, &format!("/v1/admin/task-codes/{code_id}/revoke"), &home);
    Answer::of(revoke.json(&json!({}))).await.refused(404, "TASK_CODE_NOT_FOUND");
    let metrics = app.http.get(format!("{}/metrics", app.base)).send().await.expect("answers");
    assert!(!metrics.text().await.expect("a text").contains("acme"));
    app.stop().await;
    let jobs = |tenant: &str| {
        let root = app.dir.path().join("data/tenants").join(tenant).join("jobs");
        folders(&root).iter().flat_map(|shard| folders(shard)).map(|job| name(&job)).collect::<Vec<_>>()
    };
    assert_eq!((jobs("default"), jobs("acme")), (vec![ours.job_id.clone()], vec![theirs.to_owned()]));
}

fn folders(dir: &Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(dir).expect("a folder").flatten().map(|entry| entry.path()).collect()
}

fn name(path: &Path) -> String {
    path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned()
}
