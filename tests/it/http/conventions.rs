//! Conventions on every route: problem documents, traces, nothing outside the known paths.

use reqwest::Method;
use serde_json::json;
use stata_service::domain::audit::ChainedEvent;

use crate::support::app::{ADMIN_KEY, Answer, TestApp};
use crate::support::chain::check_chained;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outside_v1_health_and_metrics_answers() {
    let mut app = TestApp::start().await;
    for path in ["/", "/jobs", "/jobs/job_1", "/v2/jobs", "/v1", "/v1/nothing", "/admin", "/health"] {
        Answer::of(app.request(Method::GET, path, ADMIN_KEY)).await.refused(404, "ROUTE_NOT_FOUND");
    }
    let detail = |problem: serde_json::Value| problem["detail"].as_str().unwrap_or_default().to_owned();
    let misspelt = Answer::of(app.request(Method::GET, "/v1/job/job_1/runs", ADMIN_KEY)).await;
    let said = detail(misspelt.refused(404, "ROUTE_NOT_FOUND"));
    assert!(said.contains("did you mean /v1/jobs/{job_id}/runs?"), "{said}");
    let foreign = Answer::of(app.request(Method::GET, "/wp-login.php", ADMIN_KEY)).await;
    let said = detail(foreign.refused(404, "ROUTE_NOT_FOUND"));
    assert!(!said.contains("did you mean"), "{said}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_created_by_redeem_alone() {
    let mut app = TestApp::start().await;
    let request = app.request(Method::POST, "/v1/jobs", ADMIN_KEY).json(&json!({}));
    let answer = Answer::of(request).await;
    assert_eq!(answer.headers["allow"], "GET,HEAD");
    answer.refused(405, "METHOD_NOT_ALLOWED");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_credential_is_refused_before_anything_is_looked_up() {
    let mut app = TestApp::start().await;
    let get = |path: &str| app.http.get(format!("{}{path}", app.base));
    let answer = Answer::of(get("/v1/jobs/no_such_job")).await;
    assert!(answer.headers["www-authenticate"].to_str().is_ok_and(|v| v.starts_with("Bearer")));
    answer.refused(401, "AUTH_BEARER_TOKEN_MISSING");
    for bad in ["Bearer x", "Basic abc", "Bearer ssk_a_b", "Bearer", "ssv1.a.b"] {
        let request = get("/v1/jobs/no_such_job").header("Authorization", bad);
        Answer::of(request).await.refused(401, "AUTH_BEARER_TOKEN_INVALID");
    }
    let unknown = format!("ssv1.no_such_job.{}", "a".repeat(43));
    Answer::of(app.request(Method::GET, "/v1/jobs/no_such_job", &unknown))
        .await
        .refused(403, "AUTH_TOKEN_INVALID");
    Answer::of(app.request(Method::GET, "/v1/jobs/no_such_job", ADMIN_KEY))
        .await
        .refused(404, "JOB_NOT_FOUND");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trace_and_request_ids_are_taken_over_and_returned() {
    let mut app = TestApp::start().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = app
        .http
        .get(format!("{}/v1/nothing", app.base))
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"))
        .header("X-Request-Id", "mine-1");
    let answer = Answer::of(request).await;
    assert_eq!(answer.headers["x-request-id"], "mine-1");
    assert_eq!(answer.refused(404, "ROUTE_NOT_FOUND")["trace_id"], trace);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsafe_tenant_is_refused() {
    let mut app = TestApp::start().await;
    for tenant in ["../etc", "a/b", "a b", "-x", &"a".repeat(65)] {
        let request = app.request(Method::GET, "/v1/jobs", ADMIN_KEY).header("X-SS-Tenant-ID", tenant);
        Answer::of(request).await.refused(400, "TENANT_ID_UNSAFE");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_live_and_ready_and_metrics_are_exported() {
    let mut app = TestApp::start().await;
    let get = |path: &str| app.http.get(format!("{}{path}", app.base));
    assert_eq!(Answer::of(get("/health/live")).await.ok()["status"], "ok");
    let ready = Answer::of(get("/health/ready")).await.ok();
    assert_eq!(ready["checks"]["store"]["ok"], true, "{ready}");
    assert_eq!(ready["checks"]["engine"]["ok"], true, "{ready}");
    let text = get("/metrics").send().await.expect("answers").text().await.expect("a text");
    for name in
        ["ss_build_info", "ss_http_requests_total", "ss_jobs{status=\"queued\"} 0", "ss_store_fault 0"]
    {
        assert!(text.contains(name), "{name} in {text}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_fails_without_the_engine_while_liveness_stays() {
    let mut app =
        TestApp::start_with(|options| options.engine.command = vec!["/no/such/stata".to_owned()]).await;
    let get = |path: &str| app.http.get(format!("{}{path}", app.base));
    let ready = Answer::of(get("/health/ready")).await;
    assert_eq!(ready.status, 503);
    assert_eq!(
        (&ready.body["status"], &ready.body["checks"]["engine"]["ok"]),
        (&json!("not_ready"), &json!(false))
    );
    assert_eq!(
        Answer::of(get("/health/ready?scope=traffic")).await.status,
        200,
        "finished results stay readable"
    );
    assert_eq!(Answer::of(get("/health/live")).await.status, 200);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_job_leaves_a_chained_audit_event() {
    let mut app = TestApp::start().await;
    let job = app.job("a question").await;
    app.upload(&job, "a.csv", "y,x\n1,2\n2,4\n3,5\n").await.ok();
    app.put(&job, "/draft", &json!({"roles": {"item_vars": ["y", "x"]}})).await.ok();
    app.post(&job, "/cancel", &json!({"reason": "not needed"})).await.ok();
    app.stop().await;
    let mut events: Vec<ChainedEvent> = Vec::new();
    for file in std::fs::read_dir(app.dir.path().join("data/audit")).expect("exported").flatten() {
        let text = std::fs::read_to_string(file.path()).expect("text");
        events.extend(text.lines().map(|line| serde_json::from_str::<ChainedEvent>(line).expect("an event")));
    }
    events.sort_by_key(|e| e.seq);
    check_chained(&events);
    let resource = format!("job:{}", job.job_id);
    let seen: Vec<&str> =
        events.iter().filter(|e| e.event.resource == resource).map(|e| e.event.action.as_str()).collect();
    assert_eq!(seen, ["job.created", "inputs.replaced", "draft.stated", "job.cancelled"]);
    let cancelled = events.iter().find(|e| e.event.action == "job.cancelled").expect("seen above");
    assert_eq!(cancelled.event.after.as_deref(), Some("cancelled"));
    assert_eq!(cancelled.event.reason.as_deref(), Some("not needed"));
    assert_eq!(cancelled.event.actor.kind, "job_token");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_the_library_and_the_capabilities_are_served() {
    let mut app = TestApp::start().await;
    let get = |path: &str| app.http.get(format!("{}{path}", app.base));
    let document = Answer::of(get("/v1/openapi.json")).await.ok();
    assert!(document["openapi"].as_str().is_some_and(|v| v.starts_with("3.1")), "{}", document["openapi"]);
    for path in
        ["/v1/task-codes/redeem", "/v1/jobs/{job_id}", "/v1/jobs/{job_id}/artifacts/{rel_path}", "/metrics"]
    {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    assert!(document["paths"]["/v1/jobs"]["post"].is_null(), "jobs are created by redeem alone");
    let capabilities = Answer::of(get("/v1/capabilities")).await.ok();
    assert_eq!(
        capabilities["output_formats"],
        json!(["csv", "svg", "log", "do", "xlsx", "docx", "tex", "pdf", "png", "dta"])
    );
    Answer::of(get("/v1/templates")).await.refused(401, "AUTH_BEARER_TOKEN_MISSING");
    let job = app.job("").await;
    let list = Answer::of(app.request(Method::GET, "/v1/templates?family=linear", &job.token)).await.ok();
    let ids: Vec<&str> = list["templates"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|t| t["template_id"].as_str())
        .collect();
    assert!(ids.contains(&"linear.ols_robust") && ids.iter().all(|id| id.starts_with("linear.")), "{ids:?}");
    let one = Answer::of(app.request(Method::GET, "/v1/templates/panel.fe", &job.token)).await.ok();
    assert_eq!(one["meta"]["contract"], "2.0");
    Answer::of(app.request(Method::GET, "/v1/templates/no.such", &job.token))
        .await
        .refused(404, "TEMPLATE_NOT_FOUND");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_too_large_or_no_text_are_refused_at_once() {
    let mut app = TestApp::start().await;
    let send = |body: Vec<u8>| {
        let url = format!("{}/v1/task-codes/redeem", app.base);
        Answer::of(app.http.post(url).header("Content-Type", "application/json").body(body))
    };
    let long = format!("{{\"task_code\":\"{}\"}}", "x".repeat(50_000_000));
    let refused = send(long.into_bytes()).await.refused(413, "PAYLOAD_TOO_LARGE");
    assert!(refused["context"]["limit_bytes"].as_u64().is_some());
    send(br#"{"task_code":"\ud800"}"#.to_vec()).await.refused(400, "INPUT_VALIDATION_FAILED");
    send(b"{\"task_code\":\"\xff\"}".to_vec()).await.refused(400, "INPUT_VALIDATION_FAILED");
    send(b"[".repeat(100_000)).await.refused(400, "INPUT_VALIDATION_FAILED");
    let path = format!("/v1/jobs/{}", "j".repeat(5000));
    Answer::of(app.request(Method::GET, &path, ADMIN_KEY)).await.refused(404, "JOB_NOT_FOUND");
    app.stop().await;
}
