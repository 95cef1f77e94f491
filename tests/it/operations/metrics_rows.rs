//! Every row of `docs/metrics.md`: exported from the start with its labels, and moved by what it counts.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use reqwest::Method;
use serde_json::json;
use stata_service::app::build::build;
use stata_service::app::options::{LlmWire, Options};
use stata_service::domain::gate::Rule;
use stata_service::domain::job::JobStatus;
use stata_service::domain::tenant::RetentionPolicy;
use stata_service::http::router;
use stata_service::ports::store::{Expect, JobFilter, Key, StoreExt, Write};

use crate::support::app::{ADMIN_KEY, Answer, Job, TestApp, http_client, options};
use crate::support::provider::{Provider, model, with_model};
use crate::support::receiver::{Receiver, Reply};
use crate::support::records::{self, commit};
use crate::support::runs::waiting_engine;
use crate::support::scrape::Scrape;

/// Few enough rows that the template warns of few degrees of freedom.
const FEW: &str = "y,x\n1,2\n2,4.1\n3,5.9\n4,8.2\n5,9.7\n6,12.3\n7,13.8\n8,16.1\n9,18.2\n10,19.9\n";

/// The families that the design names, with the labels that it names.
const DESIGN: &[(&str, &[&str])] = &[
    ("ss_http_requests_total", &["method", "route", "status"]),
    ("ss_http_request_duration_seconds", &[]),
    ("ss_http_in_flight", &[]),
    ("ss_jobs_total", &["event"]),
    ("ss_jobs", &["status"]),
    ("ss_queue_depth", &["tenant_class"]),
    ("ss_queue_oldest_age_seconds", &[]),
    ("ss_queue_wait_seconds", &[]),
    ("ss_run_duration_seconds", &["template_family", "verdict"]),
    ("ss_runs_total", &["cause", "verdict"]),
    ("ss_worker_inflight_jobs", &[]),
    ("ss_worker_up", &[]),
    ("ss_runs_recovered_total", &["how"]),
    ("ss_llm_requests_total", &["model", "outcome", "provider"]),
    ("ss_llm_request_duration_seconds", &[]),
    ("ss_llm_tokens_total", &[]),
    ("ss_llm_retries_total", &[]),
    ("ss_store_op_duration_seconds", &["backend", "op"]),
    ("ss_store_conflicts_total", &[]),
    ("ss_audit_events_total", &[]),
    ("ss_gate_requirement_ok", &["rule"]),
    ("ss_build_info", &[]),
    ("ss_engine_up", &[]),
    ("ss_engine_seats", &["state"]),
    ("ss_engine_licence_expiry_timestamp_seconds", &[]),
    ("ss_disk_free_bytes", &["volume"]),
    ("ss_store_fault", &[]),
    ("ss_store_quarantined_records", &[]),
    ("ss_audit_write_failures_total", &[]),
    ("ss_backup_last_success_timestamp_seconds", &[]),
    ("ss_tls_cert_expiry_timestamp_seconds", &[]),
    ("ss_upload_sessions_open", &[]),
    ("ss_schema_version", &["kind"]),
    ("ss_servers", &["state"]),
    ("ss_server_leads", &[]),
    ("ss_check_age_seconds", &["check"]),
    ("ss_llm_breaker_open", &["provider"]),
    ("ss_runs_warned_total", &["check"]),
    ("ss_retention_removed_total", &["kind"]),
    ("ss_config_reload_success", &[]),
    ("ss_webhook_deliveries_total", &[]),
    ("ss_webhook_attempts_total", &["outcome"]),
    ("ss_webhook_attempt_duration_seconds", &["outcome"]),
    ("ss_webhook_given_up_total", &[]),
    ("ss_webhook_disabled_total", &[]),
    ("ss_webhook_pending_endpoints", &[]),
];

/// Labels of families for which the design states none.
const FURTHER: &[(&str, &[&str])] = &[
    ("ss_http_request_duration_seconds", &["method", "route"]),
    ("ss_llm_request_duration_seconds", &["model", "provider"]),
    ("ss_llm_tokens_total", &["direction", "model", "provider"]),
    ("ss_llm_retries_total", &["provider"]),
    ("ss_build_info", &["engine", "version"]),
];

type Rows = BTreeMap<String, (String, BTreeSet<String>)>;

/// The table of the documentation.
fn documented() -> Rows {
    let text = include_str!("../../../docs/metrics.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(" | ").collect();
        let name = cells[0].trim_end_matches('`').to_owned();
        // an empty cell of labels runs into the separator before the next
        let labels = if cells[2].starts_with("| ") { "" } else { cells[2] };
        let kind = cells[1];
        (name, (kind.to_owned(), labels.split(", ").filter(|l| !l.is_empty()).map(str::to_owned).collect()))
    };
    rows.map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_service_exports_what_is_documented_and_designed() {
    let mut app = TestApp::start().await;
    let exported = Scrape::of(&app).await.families();
    let documented = documented();
    assert_eq!(exported, documented, "docs/metrics.md");
    let own = exported.iter().filter(|(name, _)| name.starts_with("ss_") && !name.starts_with("ss_otel_"));
    let own: BTreeMap<&str, Vec<&str>> =
        own.map(|(name, (_, labels))| (name.as_str(), labels.iter().map(String::as_str).collect())).collect();
    let mut designed: BTreeMap<&str, Vec<&str>> =
        DESIGN.iter().map(|(name, labels)| (*name, labels.to_vec())).collect();
    for (name, labels) in FURTHER {
        assert_eq!(designed.insert(name, labels.to_vec()), Some(Vec::new()), "{name}");
    }
    assert_eq!(own, designed);
    app.stop().await;
}

/// States a draft for a regression, freezes its plan and asks for a run.
async fn run(app: &TestApp) -> Job {
    let job = app.job("How is y related to x?").await;
    app.upload(&job, "data.csv", FEW).await.ok();
    let draft =
        json!({"template_id": "linear.ols_robust", "roles": {"outcome_var": "y", "regressors": ["x"]}});
    app.put(&job, "/draft", &draft).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    app.post(&job, "/run", &json!({})).await.ok();
    job
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_moves_the_metrics_of_jobs_store_and_requests() {
    let mut app = TestApp::start().await;
    let before = Scrape::of(&app).await;
    assert_eq!(before.get("ss_runs_total", &[]), 0.0);
    assert_eq!(before.get("ss_http_in_flight", &[]), 1.0, "the scrape itself");
    let job = run(&app).await;
    let ended = app.wait_for_end(&job).await;
    assert_eq!(ended["status"], "succeeded", "{ended}");
    let seen = Scrape::until(&app, "the run is counted", |s| s.get("ss_runs_total", &[]) == 1.0).await;
    assert_eq!(seen.get("ss_runs_total", &[("verdict", "succeeded"), ("cause", "none")]), 1.0);
    let linear = [("template_family", "linear"), ("verdict", "succeeded")];
    assert_eq!(seen.get("ss_run_duration_seconds_count", &linear), 1.0);
    assert_eq!(seen.get("ss_runs_warned_total", &[("check", "few_df")]), 1.0);
    // y is 1 to 10 in the order of the rows: the plan says so, and its run repeats it
    assert_eq!(seen.get("ss_runs_warned_total", &[("check", "other")]), 1.0);
    assert_eq!(seen.get("ss_runs_warned_total", &[]), 2.0, "nothing else warned");
    assert_eq!(seen.get("ss_queue_wait_seconds_count", &[]), 1.0);
    assert_eq!(seen.get("ss_jobs", &[("status", "succeeded")]), 1.0);
    for event in ["created", "draft_ready", "confirmed", "queued", "running", "succeeded"] {
        assert!(seen.get("ss_jobs_total", &[("event", event)]) >= 1.0, "{event}");
    }
    let route = [("method", "POST"), ("route", "/v1/jobs/{job_id}/run"), ("status", "200")];
    assert_eq!(seen.get("ss_http_requests_total", &route), 1.0);
    assert_eq!(seen.get("ss_http_request_duration_seconds_count", &route[..2]), 1.0);
    for op in ["commit", "job", "task_code_by_hash"] {
        let count =
            |s: &Scrape| s.get("ss_store_op_duration_seconds_count", &[("op", op), ("backend", "sqlite")]);
        assert!(count(&seen) > count(&before), "{op}");
    }
    assert!(seen.get("ss_audit_events_total", &[]) > before.get("ss_audit_events_total", &[]));
    assert_eq!(seen.get("ss_worker_up", &[]), 1.0);
    for name in ["process_cpu_seconds_total", "process_threads", "process_start_time_seconds"] {
        assert!(seen.get(name, &[]) > 0.0, "{name}");
    }
    assert_eq!(seen.get("ss_servers", &[("state", "live")]), 1.0);
    assert_eq!(seen.get("ss_server_leads", &[]), 1.0);
    assert!(seen.get("ss_disk_free_bytes", &[("volume", "data")]) > 0.0);
    assert!(seen.get("ss_check_age_seconds", &[]) < 300.0, "checks are renewed");
    // no label is one of a tenant or a job
    assert!(!seen.text.contains(&job.job_id), "{}", seen.text);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_and_the_versions_of_what_is_written_are_exported() {
    let mut app = TestApp::start().await;
    let job = app.job("q").await;
    let seen = Scrape::of(&app).await;
    // as docs/recovery.md, docs/backup.md and docs/migration.md have them
    for (kind, version) in [("store", 1.0), ("job", 4.0), ("launcher", 3.0), ("backup", 1.0)] {
        assert_eq!(seen.get("ss_schema_version", &[("kind", kind)]), version, "{kind}");
    }
    assert_eq!(seen.get("ss_store_conflicts_total", &[]), 0.0);
    let ctx = app.context();
    let filter = JobFilter { limit: 1, ..JobFilter::default() };
    let stored = ctx.store.list_jobs(filter).await.expect("reads").items.remove(0);
    assert_eq!(stored.job_id.as_str(), job.job_id);
    let key = Key::Job(stored.tenant_id.clone(), stored.job_id.clone());
    let late = Write::Delete { key, expect: Expect::Version(stored.version + 7) };
    assert!(ctx.store.commit(commit(vec![late])).await.is_err());
    drop(ctx);
    assert_eq!(Scrape::of(&app).await.get("ss_store_conflicts_total", &[]), 1.0);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queued_jobs_are_counted_by_class_with_the_age_of_the_oldest() {
    let mut app = TestApp::start_with(|options| options.worker.concurrency = 0).await;
    run(&app).await;
    let seen =
        Scrape::until(&app, "the queue has an age", |s| s.get("ss_queue_oldest_age_seconds", &[]) > 0.0)
            .await;
    assert_eq!(seen.get("ss_queue_depth", &[("tenant_class", "default")]), 1.0);
    assert_eq!(seen.get("ss_queue_depth", &[("tenant_class", "own")]), 0.0);
    assert_eq!(seen.get("ss_worker_up", &[]), 0.0, "nothing is claimed here");
    let tenant = app.request(Method::PUT, "/v1/admin/tenants/default", ADMIN_KEY);
    Answer::of(tenant.json(&json!({"limits": {"running": 1}}))).await.ok();
    let seen = Scrape::of(&app).await;
    assert_eq!(seen.get("ss_queue_depth", &[("tenant_class", "default")]), 0.0);
    assert_eq!(seen.get("ss_queue_depth", &[("tenant_class", "own")]), 1.0);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn places_for_runs_and_attempts_of_an_earlier_process_are_counted() {
    let beside = tempfile::tempdir().expect("a directory");
    let mut app = TestApp::start_with(waiting_engine(beside.path())).await;
    let seats =
        |s: &Scrape| ["busy", "free", "blocked"].map(|state| s.get("ss_engine_seats", &[("state", state)]));
    Scrape::until(&app, "two places are free", |s| seats(s) == [0.0, 2.0, 0.0]).await;
    let job = run(&app).await;
    let seen = Scrape::until(&app, "a place is busy", |s| seats(s) == [1.0, 1.0, 0.0]).await;
    assert_eq!(seen.get("ss_worker_inflight_jobs", &[]), 1.0);
    assert_eq!(seen.get("ss_engine_up", &[]), 1.0);
    app.restart().await;
    std::fs::write(beside.path().join("go"), "").expect("writes");
    let ended = app.wait_for_end(&job).await;
    assert_eq!(ended["status"], "failed", "{ended}");
    let adopted = |s: &Scrape| s.get("ss_runs_recovered_total", &[("how", "adopted")]);
    let seen = Scrape::until(&app, "the attempt is counted", |s| adopted(s) == 1.0).await;
    assert_eq!(seen.get("ss_runs_recovered_total", &[("how", "lost")]), 0.0);
    assert_eq!(seen.get("ss_runs_total", &[("verdict", "failed"), ("cause", "log_incomplete")]), 1.0);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_is_not_there_is_down() {
    let gone = |options: &mut Options| options.engine.command = vec!["/nonexistent/stata".to_owned()];
    let mut app = TestApp::start_with(gone).await;
    Scrape::until(&app, "the engine is down", |s| s.get("ss_engine_up", &[]) == 0.0).await;
    // a run finds it missing, and claims stop
    run(&app).await;
    let blocked = |s: &Scrape| s.get("ss_engine_seats", &[("state", "blocked")]) == 2.0;
    let seen = Scrape::until(&app, "the places are blocked", blocked).await;
    assert_eq!(seen.get("ss_worker_up", &[]), 0.0);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_answers_and_one_that_does_not_are_counted() {
    let provider = Provider::start("").await;
    let mut app = TestApp::start_with(with_model(provider.endpoint(LlmWire::OpenAi))).await;
    let fresh = Scrape::of(&app).await;
    let labels = [("provider", "openai"), ("model", "simulated")];
    assert_eq!(fresh.get("ss_llm_requests_total", &labels), 0.0, "there before the first call");
    let job = app.job("How is y related to x?").await;
    app.upload(&job, "data.csv", FEW).await.ok();
    app.get(&job, "/draft/preview").await;
    let seen = Scrape::of(&app).await;
    assert!(seen.get("ss_llm_requests_total", &labels) >= 1.0);
    assert!(seen.get("ss_llm_request_duration_seconds_count", &labels) >= 1.0);
    assert!(seen.get("ss_llm_tokens_total", &[("direction", "input")]) > 0.0);
    assert_eq!(seen.get("ss_llm_retries_total", &[("provider", "openai")]), 0.0);
    app.stop().await;
    // a port that nobody listens at
    let refused = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let mut endpoint = provider.endpoint(LlmWire::OpenAi);
    endpoint.base_url = format!("http://{refused}/v1");
    let mut app = TestApp::start_with(|options| options.llm = Some(model(vec![endpoint]))).await;
    for _ in 0..2 {
        let job = app.job("How is y related to x?").await;
        app.upload(&job, "data.csv", FEW).await.ok();
        app.get(&job, "/draft/preview").await;
    }
    let open = |s: &Scrape| s.get("ss_llm_breaker_open", &[("provider", "openai")]) == 1.0;
    let seen = Scrape::until(&app, "the breaker opens", open).await;
    assert!(seen.get("ss_llm_retries_total", &[("provider", "openai")]) >= 2.0);
    assert!(seen.get("ss_llm_requests_total", &labels) >= 5.0);
    assert_eq!(seen.get("ss_llm_requests_total", &[("outcome", "answered")]), 0.0);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_and_their_attempts_are_counted() {
    let receiver = Receiver::start().await;
    receiver.will([Reply::Status(500), Reply::Status(204), Reply::Status(410)]);
    let mut app = TestApp::start().await;
    let body = json!({"url": receiver.url, "event_types": ["job.created"]});
    Answer::of(app.request(Method::POST, "/v1/webhooks", ADMIN_KEY).json(&body)).await.ok();
    app.job("accepted at the second attempt").await;
    receiver.wait(2).await;
    app.job("refused for good").await;
    let ended = |s: &Scrape| s.get("ss_webhook_disabled_total", &[]) == 1.0;
    let seen = Scrape::until(&app, "the endpoint is disabled", ended).await;
    assert_eq!(seen.get("ss_webhook_deliveries_total", &[]), 2.0);
    assert_eq!(seen.get("ss_webhook_attempts_total", &[("outcome", "delivered")]), 1.0);
    assert_eq!(seen.get("ss_webhook_attempts_total", &[("outcome", "refused")]), 2.0);
    assert_eq!(seen.get("ss_webhook_attempt_duration_seconds_count", &[("outcome", "refused")]), 2.0);
    assert_eq!(seen.get("ss_webhook_given_up_total", &[]), 1.0);
    let idle = |s: &Scrape| s.get("ss_webhook_pending_endpoints", &[]) == 0.0;
    Scrape::until(&app, "nothing is pending", idle).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_sessions_are_open_across_a_restart_until_their_job_goes() {
    let mut app = TestApp::start().await;
    let job = app.job("q").await;
    let files = json!({"files": [{"filename": "a.csv", "size_bytes": 9, "role": "primary_dataset"}]});
    let bundle = app.post(&job, "/inputs/bundle", &files).await.ok();
    let body = json!({"bundle_id": bundle["bundle_id"], "file_id": bundle["files"][0]["file_id"]});
    app.post(&job, "/inputs/upload-sessions", &body).await.ok();
    let open = |n: f64| move |s: &Scrape| s.get("ss_upload_sessions_open", &[]) == n;
    Scrape::until(&app, "one session is open", open(1.0)).await;
    app.restart().await;
    assert_eq!(Scrape::of(&app).await.get("ss_upload_sessions_open", &[]), 1.0, "from the first scrape on");
    let removed = app.request(Method::DELETE, &format!("/v1/jobs/{}", job.job_id), &job.token);
    Answer::of(removed).await.ok();
    Scrape::until(&app, "no session is open", open(0.0)).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_records_are_counted() {
    let mut app = TestApp::start().await;
    let job = app.job("q").await;
    app.stop().await;
    let data = app.dir.path().join("data");
    let store = rusqlite::Connection::open(data.join("store/store.sqlite3")).expect("opens");
    store.execute("UPDATE jobs SET checksum = zeroblob(32)", []).expect("damages");
    drop(store);
    app.restart().await;
    // whoever reads it finds the damage, and its token with it
    assert_eq!(app.get(&job, "").await.status, 403);
    Scrape::until(&app, "it is counted", |s| s.get("ss_store_quarantined_records", &[]) == 1.0).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_retention_removes_is_counted_by_kind() {
    let policy = RetentionPolicy { jobs_days: 1, ..RetentionPolicy::default() };
    let mut app = TestApp::start_with(|options| options.retention = policy).await;
    let removed = |s: &Scrape| s.get("ss_retention_removed_total", &[]);
    assert_eq!(removed(&Scrape::of(&app).await), 0.0);
    let mut old = records::job("default", "job_old", 0);
    let long_ago = "2020-01-01T00:00:00Z".parse().expect("a time");
    old.status = JobStatus::Failed;
    old.timestamps.finished_at = Some(long_ago);
    old.timestamps.updated_at = long_ago;
    let ctx = app.context();
    ctx.store.commit(commit(vec![records::put(old)])).await.expect("commits");
    drop(ctx);
    // a sweep follows each start
    app.restart().await;
    let seen = Scrape::until(&app, "a removal is counted", |s| removed(s) == 1.0).await;
    assert_eq!(seen.get("ss_retention_removed_total", &[("kind", "job")]), 1.0);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_the_gate_hold_outside_of_production() {
    let mut app = TestApp::start().await;
    let seen = Scrape::of(&app).await;
    let rules = seen.samples().filter(|(name, ..)| *name == "ss_gate_requirement_ok").count();
    assert_eq!(rules, Rule::ALL.len());
    assert_eq!(seen.get("ss_gate_requirement_ok", &[]), Rule::ALL.len() as f64);
    assert_eq!(seen.get("ss_engine_licence_expiry_timestamp_seconds", &[]), 0.0, "nobody asked the engine");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn openmetrics_carries_the_trace_of_a_request() {
    let mut app = TestApp::start().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let asked = app.http.get(format!("{}/v1/templates", app.base));
    asked.header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01")).send().await.expect("answers");
    let scrape =
        |accept: &'static str| app.http.get(format!("{}/metrics", app.base)).header("accept", accept);
    let open =
        scrape("application/openmetrics-text;version=1.0.0,text/plain;q=0.5").send().await.expect("answers");
    assert_eq!(open.headers()["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = open.text().await.expect("text");
    assert!(text.ends_with("\n# EOF\n"), "{text}");
    let exemplar = format!("# {{trace_id=\"{trace}\"}}");
    for series in ["ss_http_requests_total{", "ss_http_request_duration_seconds_bucket{"] {
        let line = text.lines().find(|l| l.starts_with(series) && l.contains(&exemplar));
        assert!(line.is_some_and(|l| l.contains("route=\"/v1/templates\"")), "{series} in\n{text}");
    }
    assert!(!text.lines().any(|l| l.starts_with("# TYPE") && l.contains("_total ")), "{text}");
    let plain = scrape("*/*").send().await.expect("answers");
    assert_eq!(plain.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert!(!plain.text().await.expect("text").contains("trace_id"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_read_though_the_store_does_not_answer() {
    let dir = tempfile::tempdir().expect("a directory");
    let built = tokio::task::block_in_place(|| build(options(dir.path().join("data"))));
    let built = built.unwrap_or_else(|error| panic!("{error}"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("bound"));
    let service = router::build(built.app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let task = tokio::spawn(async move { axum::serve(listener, service).await.expect("serves") });
    let store = built.store.clone();
    tokio::task::block_in_place(move || store.shutdown());
    let http = http_client();
    let codes = http.get(format!("{base}/v1/admin/task-codes")).bearer_auth(ADMIN_KEY);
    assert_eq!(codes.send().await.expect("answers").status(), 503, "the store is closed");
    let metrics = http.get(format!("{base}/metrics")).send().await.expect("answers");
    assert_eq!(metrics.status(), 200);
    let text = metrics.text().await.expect("text");
    assert!(text.contains("\nss_jobs{status=\"created\"} 0\n"), "{text}");
    task.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_requests_make_no_series() {
    let mut app = TestApp::start().await;
    let series = |s: &Scrape| s.samples().count();
    // once each, so that the series of these answers are there
    let provoke = async |n: usize| {
        for path in [format!("/no/{n}"), format!("/v1/jobs/job_{n}"), format!("/v1/nothing/{n}?q={n}")] {
            let method = Method::from_bytes(format!("M{n}").as_bytes()).expect("a method");
            for method in [Method::GET, method] {
                let request = app.request(method, &path, &format!("sst_{n}"));
                request
                    .header("x-request-id", format!("r{n}"))
                    .header("user-agent", format!("u{n}"))
                    .send()
                    .await
                    .expect("answers");
            }
        }
    };
    provoke(0).await;
    let before = series(&Scrape::of(&app).await);
    for n in 1..30 {
        provoke(n).await;
    }
    assert_eq!(series(&Scrape::of(&app).await), before);
    app.stop().await;
}
