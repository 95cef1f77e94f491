//! The audit: every change leaves an event, events are found, and a chain that was tampered with is found out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use rusqlite::Connection;
use serde_json::{Value, json};
use stata_service::domain::audit::{ChainedEvent, GENESIS_HASH};

use crate::batches::{ended, two_by_two};
use crate::support::app::{ADMIN_KEY, Answer, Job, PATIENCE, TestApp, trial_options, until};
use crate::support::receiver::{Receiver, Reply};
use crate::support::seeded_data_dir::{data_dir, drafted_job, report};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");
const PASSWORD_HASH: &str =
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
/// Routes that write nothing whatever they are sent.
const WRITE_NOTHING: &[&str] = &["POST /v1/jobs/{job_id}/plan/preview", "POST /v1/jobs/{job_id}/links"];
const FINALIZE: &str = "POST /v1/upload-sessions/{upload_session_id}/finalize";

async fn find(app: &TestApp, query: &str, key: &str) -> Vec<ChainedEvent> {
    let path = format!("/v1/admin/audit?limit=200&{query}");
    let page = Answer::of(app.request(Method::GET, &path, key)).await.ok();
    serde_json::from_value(page["events"].clone()).expect("events")
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}

/// Walks the routes and looks after each at what was added to the chain.
struct Walk {
    app: TestApp,
    seen: BTreeSet<String>,
    head: u64,
}

impl Walk {
    /// Sends a request to a route; the events that it leaves must have these actions.
    async fn step(
        &mut self,
        route: &str,
        names: &[&str],
        credential: &str,
        body: Value,
        actions: &[&str],
    ) -> Value {
        let (method, pattern) = route.split_once(' ').expect("method and path");
        let mut path = pattern.to_owned();
        for name in names {
            let (from, to) = (path.find('{').expect("a name"), path.find('}').expect("a name") + 1);
            path.replace_range(from..to, name);
        }
        let method: Method = method.parse().expect("a method");
        let answer = Answer::of(self.app.request(method, &path, credential).json(&body)).await.ok();
        self.left(route, actions).await;
        answer
    }

    async fn left(&mut self, route: &str, actions: &[&str]) {
        self.seen.insert(route.to_owned());
        let mut events = find(&self.app, "", ADMIN_KEY).await;
        events.retain(|e| e.seq > self.head);
        events.reverse();
        self.head = events.last().map_or(self.head, |e| e.seq);
        let found: Vec<&str> = events.iter().map(|e| e.event.action.as_str()).collect();
        for action in actions {
            assert!(found.contains(action), "{route} left {found:?}, not {action}");
        }
        assert_eq!(actions.is_empty(), found.is_empty(), "{route} left {found:?}");
        for event in &events {
            assert!(event.event.trace_id.is_some() && event.event.actor.kind != "nobody", "{event:?}");
            let inside = event.event.actor.kind == "system";
            assert!(inside || event.event.address.is_some(), "{route}: {event:?}");
        }
    }

    /// Waits for the end of the run and takes note of what it left.
    async fn run_ended(&mut self, job: &Job, actions: &[&str]) {
        self.app.wait_for_end(job).await;
        self.left("the worker", actions).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_that_changes_anything_leaves_its_event() {
    let app = TestApp::start_with(|options| {
        options.admin.username = Some("ops".to_owned());
        options.admin.password_hash = Some(PASSWORD_HASH.to_owned().into());
        options.trial = Some(trial_options());
    })
    .await;
    let document = Answer::of(app.http.get(format!("{}/v1/openapi.json", app.base))).await.ok();
    let mut walk = Walk { app, seen: BTreeSet::new(), head: 0 };
    credentials(&mut walk).await;
    jobs(&mut walk).await;
    webhooks(&mut walk).await;
    batches(&mut walk).await;
    let mut changing = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in ["post", "put", "patch", "delete"].iter().filter(|m| item[**m].is_object()) {
            changing.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let walked: BTreeSet<&str> =
        walk.seen.iter().map(String::as_str).chain(NOT_HERE.iter().copied()).collect();
    let missed: Vec<&String> = changing.iter().filter(|route| !walked.contains(route.as_str())).collect();
    assert!(missed.is_empty(), "walk these routes too: {missed:?}");
    walk.app.stop().await;
    let (code, verified) = report(&data_dir(&walk.app), &["audit", "verify", "--json"]);
    assert_eq!((code, &verified["ok"]), (Some(0), &json!(true)), "{verified}");
}

/// Routes that need what this walk has not; the tests named walk them.
const NOT_HERE: &[&str] = &[
    // llm_drafts: drafts of a model leave draft.made_by_model or draft.model_failed
    "POST /v1/jobs/{job_id}/draft/preview",
    // llm_interpretation: a reading of the model leaves its own events
    "POST /v1/jobs/{job_id}/interpretation",
    // admin_access: reads the settings again
    "POST /v1/admin/system/reload",
    // inputs::cancel_reading: a reading that is under way leaves inputs.reading_cancelled
    "POST /v1/jobs/{job_id}/inputs/cancel",
];

async fn credentials(walk: &mut Walk) {
    let admin = ADMIN_KEY;
    let login = json!({"username": "ops", "password": "password"});
    let session = walk.step("POST /v1/admin/auth/login", &[], "none", login, &["admin.login"]).await;
    let session = text(&session, "token");
    walk.step("POST /v1/admin/auth/logout", &[], &session, json!({}), &["admin.logout"]).await;
    for route in ["POST /v1/admin/tokens/{token_id}/revoke", "DELETE /v1/admin/tokens/{token_id}"] {
        let body = json!({"label": "script"});
        let made = walk.step("POST /v1/admin/tokens", &[], admin, body, &["admin_token.created"]).await;
        let action = if route.starts_with("DELETE") { "admin_token.deleted" } else { "admin_token.revoked" };
        walk.step(route, &[&text(&made, "token_id")], admin, json!({}), &[action]).await;
    }
    let made = walk
        .step("POST /v1/admin/api-keys", &[], admin, json!({"role": "client"}), &["api_key.created"])
        .await;
    let id = text(&made, "key_id");
    let rotate = "POST /v1/admin/api-keys/{key_id}/rotate";
    walk.step(rotate, &[&id], admin, json!({"overlap_hours": 1}), &["api_key.rotated"]).await;
    let revoke = "POST /v1/admin/api-keys/{key_id}/revoke";
    walk.step(revoke, &[&id], admin, json!({"reason": "walk"}), &["api_key.revoked"]).await;
    walk.step("POST /v1/trial", &[], "none", json!({}), &["task_code.created"]).await;
    let tenant = "PUT /v1/admin/tenants/{tenant_id}";
    walk.step(tenant, &["acme"], admin, json!({"data_sharing_max": "none"}), &["tenant.changed"]).await;
    let codes = "POST /v1/admin/task-codes";
    for route in ["POST /v1/admin/task-codes/{code_id}/revoke", "DELETE /v1/admin/task-codes/{code_id}"] {
        let made = walk.step(codes, &[], admin, json!({"count": 1}), &["task_code.created"]).await;
        let action = if route.starts_with("DELETE") { "task_code.deleted" } else { "task_code.revoked" };
        walk.step(route, &[&text(&made["task_codes"][0], "code_id")], admin, json!({}), &[action]).await;
    }
}

async fn redeemed(walk: &mut Walk) -> Job {
    let code = walk.app.task_codes(1).await.remove(0);
    walk.left("POST /v1/admin/task-codes", &["task_code.created"]).await;
    let body = json!({"task_code": code, "requirement": "What goes with higher pay?"});
    let actions = ["task_code.redeemed", "job.created"];
    let made = walk.step("POST /v1/task-codes/redeem", &[], "none", body, &actions).await;
    Job { job_id: text(&made, "job_id"), token: text(&made, "token") }
}

async fn uploaded(walk: &mut Walk) -> Job {
    let job = redeemed(walk).await;
    walk.app.upload(&job, "pay.csv", PAY).await.ok();
    walk.left("POST /v1/jobs/{job_id}/inputs/upload", &["inputs.replaced"]).await;
    job
}

async fn jobs(walk: &mut Walk) {
    let job = uploaded(walk).await;
    let (id, token) = (job.job_id.clone(), job.token.clone());
    let at = |rest: &str| {
        let (method, path) = rest.split_once(' ').unwrap_or((rest, ""));
        format!("{method} /v1/jobs/{{job_id}}{path}")
    };
    let on = [id.as_str()];
    walk.step(&at("PATCH"), &on, &token, json!({"title": "pay"}), &["job.described"]).await;
    let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay",
                       "roles": {"regressors": ["schooling"]}});
    walk.step(&at("POST /draft/suggest"), &on, &token, json!({"submit": true}), &["draft.stated"]).await;
    walk.step(&at("PUT /draft"), &on, &token, draft.clone(), &["draft.stated"]).await;
    let patch = json!({"field_updates": {"parameters.level": 90}});
    walk.step(&at("POST /draft/patch"), &on, &token, patch, &["draft.stated"]).await;
    for route in WRITE_NOTHING {
        let body = if route.ends_with("links") { json!({"scope": "events"}) } else { json!({}) };
        walk.step(route, &on, &token, body, &[]).await;
    }
    walk.step(&at("POST /plan/freeze"), &on, &token, json!({}), &["plan.frozen"]).await;
    walk.step(&at("POST /plan/revise"), &on, &token, json!({"reason": "again"}), &["plan.revised"]).await;
    walk.step(&at("POST /plan/freeze"), &on, &token, json!({}), &["plan.frozen"]).await;
    walk.step(&at("POST /run"), &on, &token, json!({}), &["run.queued"]).await;
    walk.run_ended(&job, &["run.succeeded"]).await;
    let run = text(&walk.app.get(&job, "").await.ok()["latest_run"], "run_id");
    let render = "POST /v1/jobs/{job_id}/runs/{run_id}/render";
    walk.step(render, &[&id, &run], &token, json!({"formats": ["tex"]}), &["run.rendered"]).await;
    walk.step(&at("POST /plan/revise"), &on, &token, json!({}), &["plan.revised"]).await;
    walk.step(&at("POST /confirm"), &on, &token, json!({"confirmed": true}), &["plan.frozen", "run.queued"])
        .await;
    walk.run_ended(&job, &["run.succeeded"]).await;
    walk.step(&at("DELETE"), &on, &token, json!({}), &["job.deleted"]).await;

    for route in ["POST /v1/jobs/{job_id}/cancel", "POST /v1/admin/jobs/{job_id}/cancel"] {
        let other = uploaded(walk).await;
        let credential = if route.contains("admin") { ADMIN_KEY.to_owned() } else { other.token.clone() };
        let body = json!({"reason": "not needed"});
        walk.step(route, &[&other.job_id], &credential, body, &["job.cancelled"]).await;
    }
    failed_and_retried(walk, draft).await;
    workbook(walk).await;
    sessions(walk).await;
}

async fn batches(walk: &mut Walk) {
    let job = uploaded(walk).await;
    let (on, token) = ([job.job_id.as_str()], job.token.as_str());
    let preview = "POST /v1/jobs/{job_id}/batch/preview";
    walk.step(preview, &on, token, two_by_two(), &[]).await;
    let create = "POST /v1/jobs/{job_id}/batches";
    let made = walk.step(create, &on, token, two_by_two(), &["batch.created", "cell.created"]).await;
    let batch_id = text(&made, "batch_id");
    let on = [on[0], batch_id.as_str()];
    let cancel = "POST /v1/jobs/{job_id}/batches/{batch_id}/cancel";
    walk.step(cancel, &on, token, json!({}), &["batch.cancel_requested"]).await;
    ended(&walk.app, &job, &made).await;
    walk.left("the worker", &["batch.completed"]).await;
    let again = "POST /v1/jobs/{job_id}/batches/{batch_id}/run";
    walk.step(again, &on, token, json!({}), &["batch.queued_again", "run.queued"]).await;
    let done = ended(&walk.app, &job, &made).await;
    walk.left("the worker", &["batch.completed", "run.succeeded"]).await;
    let run = |at: usize| json!({"job_id": done["cells"][at]["job_id"]});
    let runs = json!({"runs": [run(0), run(1)]});
    walk.step("POST /v1/comparisons", &[], ADMIN_KEY, runs, &[]).await;
    let delete = "DELETE /v1/jobs/{job_id}/batches/{batch_id}";
    walk.step(delete, &on, token, json!({}), &["batch.deleted"]).await;
}

async fn webhooks(walk: &mut Walk) {
    let receiver = Receiver::start().await;
    receiver.always(Reply::Status(500));
    let job = redeemed(walk).await;
    let body = json!({"url": receiver.url});
    let route = "POST /v1/jobs/{job_id}/webhooks";
    walk.step(route, &[&job.job_id], &job.token, body.clone(), &["webhook.created"]).await;
    let made = walk.step("POST /v1/webhooks", &[], ADMIN_KEY, body, &["webhook.created"]).await;
    let id = text(&made, "webhook_id");
    let at = |method: &str, rest: &str| format!("{method} /v1/webhooks/{{webhook_id}}{rest}");
    let rotate = at("POST", "/rotate-secret");
    walk.step(&rotate, &[&id], ADMIN_KEY, json!({}), &["webhook.secret_rotated"]).await;
    let delivery = walk.step(&at("POST", "/test"), &[&id], ADMIN_KEY, json!({}), &["webhook.tested"]).await;
    let path = format!("/v1/webhooks/{id}/deliveries");
    for enabled in [false, true] {
        let change = json!({"enabled": enabled});
        walk.step(&at("PATCH", ""), &[&id], ADMIN_KEY, change, &["webhook.changed"]).await;
        // given up, because the endpoint is disabled
        delivery_is(walk, &path, "failed").await;
    }
    receiver.always(Reply::Status(204));
    let since = json!({"since": "2026-01-01T00:00:00Z"});
    walk.step(&at("POST", "/replay"), &[&id], ADMIN_KEY, since, &["webhook.replayed"]).await;
    // a replay of one that is about to be sent changes nothing
    delivery_is(walk, &path, "delivered").await;
    let one = at("POST", "/deliveries/{delivery_id}/replay");
    let delivery = text(&delivery, "delivery_id");
    walk.step(&one, &[&id, &delivery], ADMIN_KEY, json!({}), &["webhook.replayed"]).await;
    walk.step(&at("DELETE", ""), &[&id], ADMIN_KEY, json!({}), &["webhook.deleted"]).await;
}

/// Waits until the last delivery has a status.
async fn delivery_is(walk: &Walk, path: &str, status: &str) {
    let listed = async || Answer::of(walk.app.request(Method::GET, path, ADMIN_KEY)).await.ok();
    until(async || listed().await["deliveries"][0]["status"] == status).await;
}

async fn failed_and_retried(walk: &mut Walk, mut draft: Value) {
    let job = uploaded(walk).await;
    draft["sample_if"] = json!("schooling > 1000");
    walk.step("PUT /v1/jobs/{job_id}/draft", &[&job.job_id], &job.token, draft, &["draft.stated"]).await;
    let freeze = "POST /v1/jobs/{job_id}/plan/freeze";
    let known = json!({"acknowledged_checks": [{"id": "no_obs", "reason": "a run that fails"}]});
    walk.step(freeze, &[&job.job_id], &job.token, known, &["plan.frozen"]).await;
    walk.step("POST /v1/jobs/{job_id}/run", &[&job.job_id], &job.token, json!({}), &["run.queued"]).await;
    walk.run_ended(&job, &["run.failed"]).await;
    let retry = "POST /v1/admin/jobs/{job_id}/retry";
    walk.step(retry, &[&job.job_id], ADMIN_KEY, json!({}), &["run.queued"]).await;
    walk.run_ended(&job, &["run.failed"]).await;
}

async fn sessions(walk: &mut Walk) {
    let job = redeemed(walk).await;
    let (id, token) = (job.job_id.clone(), job.token.clone());
    let file = json!({"filename": "pay.csv", "size_bytes": PAY.len(), "role": "primary_dataset"});
    let stated = &["inputs.bundle_stated"];
    let route = "POST /v1/jobs/{job_id}/inputs/bundle";
    let bundle = walk.step(route, &[&id], &token, json!({"files": [file]}), stated).await;
    let body = json!({"bundle_id": bundle["bundle_id"], "file_id": bundle["files"][0]["file_id"]});
    let opened = &["inputs.upload_session_opened"];
    let route = "POST /v1/jobs/{job_id}/inputs/upload-sessions";
    let session = walk.step(route, &[&id], &token, body, opened).await;
    let session_id = text(&session, "upload_session_id");
    let refresh = "POST /v1/upload-sessions/{upload_session_id}/refresh-urls";
    walk.step(refresh, &[&session_id], &token, json!({"part_numbers": [1]}), &[]).await;
    let url = format!("{}{}", walk.app.base, text(&session, "presigned_url"));
    Answer::of(walk.app.http.put(url).body(PAY)).await.ok();
    walk.left("PUT /v1/upload-sessions/{upload_session_id}/parts/{part_number}", &[]).await;
    let actions = &["inputs.file_received", "inputs.replaced"];
    walk.step(FINALIZE, &[&session_id], &token, json!({"parts": []}), actions).await;
}

async fn workbook(walk: &mut Walk) {
    let job = redeemed(walk).await;
    let bytes: &[u8] = include_bytes!("../../fixtures/ingest/book.xlsx");
    let part = Part::bytes(bytes).file_name("book.xlsx");
    let form = Form::new().part("file", part).text("role", "primary_dataset");
    let path = format!("/v1/jobs/{}/inputs/upload", job.job_id);
    let uploaded = Answer::of(walk.app.request(Method::POST, &path, &job.token).multipart(form)).await.ok();
    walk.left("POST /v1/jobs/{job_id}/inputs/upload", &["inputs.replaced"]).await;
    let preview = walk.app.get(&job, "/inputs/preview").await.ok();
    let sheets: Vec<String> = serde_json::from_value(preview["sheet_names"].clone()).expect("names");
    let key = text(&uploaded["datasets"][0], "dataset_key");
    let selected = &["inputs.sheet_selected"];
    let body = json!({"sheet_name": sheets[1], "header_row": 4});
    walk.step("POST /v1/jobs/{job_id}/inputs/primary/sheet", &[&job.job_id], &job.token, body, selected)
        .await;
    let body = json!({"sheet_name": sheets[0], "header_row": 1});
    let route = "POST /v1/jobs/{job_id}/inputs/datasets/{dataset_key}/sheet";
    walk.step(route, &[&job.job_id, &key], &job.token, body, selected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_found_by_operators_and_of_their_tenant_only() {
    let mut app = TestApp::start().await;
    let job = drafted_job(&app).await;
    let make = async |role: &str, tenant: &str| {
        let body = json!({"role": role, "tenant_id": tenant});
        let made = app.request(Method::POST, "/v1/admin/api-keys", ADMIN_KEY).json(&body);
        text(&Answer::of(made).await.ok(), "api_key")
    };
    let (own, foreign) = (make("operator", "default").await, make("operator", "acme").await);
    let actions = |events: Vec<ChainedEvent>| events.into_iter().map(|e| e.event.action).collect::<Vec<_>>();
    let of_job = find(&app, &format!("resource=job:{}", job.job_id), &own).await;
    assert_eq!(actions(of_job), ["draft.stated", "inputs.replaced", "job.created"]);
    assert!(find(&app, &format!("resource=job:{}", job.job_id), &foreign).await.is_empty());
    assert!(find(&app, "", &foreign).await.iter().all(|e| e.event.tenant.as_str() == "acme"));
    assert_eq!(actions(find(&app, "action=draft.", &own).await), ["draft.stated"]);
    assert!(find(&app, &format!("actor={}", job.job_id), &own).await.len() >= 2);
    let later = "since=2999-01-01T00:00:00Z";
    assert!(find(&app, later, &own).await.is_empty());
    let first = Answer::of(app.request(Method::GET, "/v1/admin/audit?limit=2", ADMIN_KEY)).await.ok();
    let cursor = text(&first, "next_cursor");
    let path = format!("/v1/admin/audit?limit=2&cursor={cursor}");
    let second = Answer::of(app.request(Method::GET, &path, ADMIN_KEY)).await.ok();
    assert_eq!(second["events"][0]["seq"].as_u64(), first["events"][1]["seq"].as_u64().map(|n| n - 1));
    for bad in ["limit=0", "limit=201", "cursor=x", "since=yesterday", "who=me"] {
        let path = format!("/v1/admin/audit?{bad}");
        Answer::of(app.request(Method::GET, &path, ADMIN_KEY)).await.refused(400, "INPUT_VALIDATION_FAILED");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_leaves_an_event_without_its_secret() {
    let mut app = TestApp::start().await;
    let job = app.job("q").await;
    let other = app.job("q").await;
    let path = format!("/v1/jobs/{}", other.job_id);
    Answer::of(app.request(Method::GET, &path, &job.token)).await.refused(403, "AUTH_TOKEN_FORBIDDEN");
    Answer::of(app.http.get(format!("{}{path}", app.base))).await.refused(401, "AUTH_BEARER_TOKEN_MISSING");
    // no answer waits for them
    let noted = async {
        loop {
            let events = find(&app, "action=access.refused", ADMIN_KEY).await;
            if events.len() == 2 {
                return events;
            }
        }
    };
    let events = tokio::time::timeout(PATIENCE, noted).await.expect("both are noted");
    let forbidden = &events[1].event;
    assert_eq!(forbidden.resource, "route:GET /v1/jobs/{job_id}");
    assert_eq!(forbidden.reason.as_deref(), Some("AUTH_TOKEN_FORBIDDEN"));
    assert_eq!(
        (forbidden.actor.kind.as_str(), forbidden.actor.id.as_str()),
        ("claimed_job_token", &*job.job_id)
    );
    assert_eq!(forbidden.address.as_deref(), Some("127.0.0.1"));
    assert_eq!(events[0].event.actor.kind, "nobody");
    let secret = job.token.rsplit('.').next().expect("a secret").to_owned();
    assert!(!serde_json::to_string(&events).expect("JSON").contains(&secret));
    // a flood of refusals is counted, not written
    for _ in 0..200 {
        app.http.get(format!("{}{path}", app.base)).send().await.expect("answers");
    }
    let events = find(&app, "action=access.refused", ADMIN_KEY).await;
    assert!(events.len() <= 120, "{} events", events.len());
    app.stop().await;
}

fn conn(data: &Path) -> Connection {
    Connection::open(data.join("store/store.sqlite3")).expect("opens")
}

/// The whole chain anew from an event on, as someone who can write the file would do it.
fn rewrite(data: &Path, from: u64, change: impl Fn(&mut Value)) {
    let conn = conn(data);
    let mut statement = conn.prepare("SELECT json FROM audit ORDER BY seq").expect("prepares");
    let texts: Vec<String> =
        statement.query_map([], |row| row.get(0)).expect("queries").map(|t| t.expect("reads")).collect();
    let mut previous = GENESIS_HASH.to_owned();
    let mut lines: BTreeMap<String, String> = BTreeMap::new();
    for text in texts {
        let mut value: Value = serde_json::from_str(&text).expect("JSON");
        if value["seq"].as_u64() == Some(from) {
            change(&mut value);
        }
        let event: ChainedEvent = serde_json::from_value(value).expect("an event");
        let chained = ChainedEvent::chain(event.chain, event.seq, &previous, event.event);
        previous.clone_from(&chained.hash);
        let json = stata_service::domain::canonical::canonical_json(&chained);
        conn.execute("UPDATE audit SET json = ?1 WHERE seq = ?2", (&json, chained.seq.cast_signed()))
            .expect("writes");
        let month = chained.event.time.format("%Y-%m").to_string();
        lines.entry(month).or_default().push_str(&format!("{json}\n"));
    }
    conn.execute("UPDATE heads SET audit_hash = ?1", [&previous]).expect("writes");
    for (month, text) in lines {
        std::fs::write(data.join(format!("audit/{month}.jsonl")), text).expect("writes");
    }
}

/// Cuts the chain and its export off after an event.
fn cut_off(data: &Path, last: u64) {
    let conn = conn(data);
    conn.execute("DELETE FROM audit WHERE seq > ?1", [last.cast_signed()]).expect("deletes");
    let hash: String = conn
        .query_row("SELECT json ->> '$.hash' FROM audit WHERE seq = ?1", [last.cast_signed()], |row| {
            row.get(0)
        })
        .expect("reads");
    conn.execute("UPDATE heads SET audit_seq = ?1, audit_hash = ?2", (last.cast_signed(), hash))
        .expect("writes");
    for file in std::fs::read_dir(data.join("audit")).expect("exported").flatten() {
        let text = std::fs::read_to_string(file.path()).expect("text");
        let kept: String = text
            .lines()
            .filter(|line| {
                let event: Value = serde_json::from_str(line).expect("JSON");
                event["seq"].as_u64().is_some_and(|seq| seq <= last)
            })
            .map(|line| format!("{line}\n"))
            .collect();
        std::fs::write(file.path(), kept).expect("writes");
    }
}

/// A way to tamper, what is found, and whether only an anchor tells.
type Tampering = (&'static str, fn(&Path), &'static str, bool);

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_tamper_with_the_chain_is_found_out() {
    let mut app = TestApp::start().await;
    for _ in 0..3 {
        drafted_job(&app).await;
    }
    app.stop().await;
    let data = data_dir(&app);
    let (code, whole) = report(&data, &["audit", "verify", "--json"]);
    assert_eq!(code, Some(0), "{whole}");
    let anchor = app.dir.path().join("anchor.log");
    let line = json!({"event": "SS_AUDIT_HEAD", "seq": whole["audit_seq"], "hash": whole["audit_hash"]});
    std::fs::write(&anchor, format!("not JSON\n{line}\n")).expect("writes");
    let anchor = anchor.to_str().expect("text").to_owned();
    let copy = app.dir.path().join("untouched");
    let restore = |from: &Path, to: &Path| {
        let _ = std::fs::remove_dir_all(to);
        let done = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().expect("runs");
        assert!(done.success());
    };
    restore(&data, &copy);
    let ways: &[Tampering] = &[
        (
            "changed",
            |data| {
                conn(data)
                    .execute_batch("UPDATE audit SET json = replace(json, 'T', 'U') WHERE seq = 6")
                    .expect("writes");
            },
            "does not match its hash",
            false,
        ),
        (
            "removed",
            |data| conn(data).execute_batch("DELETE FROM audit WHERE seq = 5").expect("writes"),
            "it is not event 5",
            false,
        ),
        (
            "swapped",
            |data| {
                conn(data)
                .execute_batch("UPDATE audit SET seq = -1 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = -1;")
                .expect("writes");
            },
            "it is not event 4",
            false,
        ),
        (
            "not JSON",
            |data| conn(data).execute_batch("UPDATE audit SET json = 'x' WHERE seq = 3").expect("writes"),
            "not whole JSON",
            false,
        ),
        (
            "its end removed",
            |data| conn(data).execute_batch("DELETE FROM audit WHERE seq > 7").expect("writes"),
            "the chain ends at event 7",
            false,
        ),
        (
            "export changed",
            |data| {
                for file in std::fs::read_dir(data.join("audit")).expect("exported").flatten() {
                    let text = std::fs::read_to_string(file.path()).expect("text").replacen(
                        "job.created",
                        "job.changed",
                        1,
                    );
                    std::fs::write(file.path(), text).expect("writes");
                }
            },
            "it differs from the chain",
            false,
        ),
        (
            "export cut",
            |data| {
                for file in std::fs::read_dir(data.join("audit")).expect("exported").flatten() {
                    let text = std::fs::read_to_string(file.path()).expect("text");
                    let lines: Vec<&str> = text.lines().collect();
                    std::fs::write(file.path(), lines[..lines.len() - 1].join("\n") + "\n").expect("writes");
                }
            },
            "it ends at event",
            false,
        ),
        ("cut off everywhere", |data| cut_off(data, 7), "it was cut off", true),
        (
            "rewritten everywhere",
            |data| rewrite(data, 5, |event| event["reason"] = json!("nothing to see")),
            "the chain was rewritten",
            true,
        ),
    ];
    for (name, tamper, found, needs_anchor) in ways {
        restore(&copy, &data);
        tamper(&data);
        let (code, alone) = report(&data, &["audit", "verify", "--json"]);
        assert_eq!(code == Some(0), *needs_anchor, "{name}: {alone}");
        let (code, anchored) = report(&data, &["audit", "verify", "--anchor", &anchor, "--json"]);
        assert_ne!(code, Some(0), "{name}");
        assert!(anchored["problems"].to_string().contains(found), "{name}: {anchored}");
    }
    restore(&copy, &data);
    let (code, clean) = report(&data, &["audit", "verify", "--anchor", &anchor, "--json"]);
    assert_eq!((code, &clean["checked"]["anchors"]), (Some(0), &json!(1)), "{clean}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_of_a_service_in_use_is_verified_through_it() {
    let mut app = TestApp::start().await;
    drafted_job(&app).await;
    let data = data_dir(&app);
    let (code, verified) = tokio::task::block_in_place(|| report(&data, &["audit", "verify", "--json"]));
    assert_eq!((code, &verified["ok"]), (Some(0), &json!(true)), "{verified}");
    let status = Answer::of(app.request(Method::GET, "/v1/admin/system/status", ADMIN_KEY)).await.ok();
    assert_eq!(status["audit_heads"][0]["hash"], verified["audit_hash"]);
    app.stop().await;
}
