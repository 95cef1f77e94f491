//! The examples of the document are real: their requests are sent to the service in the order of a journey, and its
//! answers have the fields of the recorded ones. `SS_TEST_RENEW=1` records them again.

use std::collections::BTreeMap;
use std::path::PathBuf;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Map, Value, json};
use stata_service::http::v1::openapi::document;

use crate::support::app::{ADMIN_KEY, Answer, PATIENCE, TestApp, trial_options};

const PAY: &[u8] = include_bytes!("../../../assets/stata_do_library/datasets/pay.csv");
const BOOK: &[u8] = include_bytes!("../../fixtures/ingest/book.xlsx");
/// A reference vector (see `admin_access`), whose password is "password".
const PASSWORD_HASH: &str =
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

/// What stands for ids, secrets and times in examples, and what of this run they stand for.
#[derive(Default)]
struct Stand {
    /// Real text to the example's.
    known: BTreeMap<String, String>,
    counts: BTreeMap<String, usize>,
}

impl Stand {
    /// Replaces what differs from run to run.
    fn in_for(&mut self, text: &str) -> String {
        let secrets = regex::Regex::new(
            r"(?x) (?P<job>ssv1\.)(?P<of>[A-Za-z0-9_]+)\.[A-Za-z0-9_-]+
              | (?P<key>ss[kps]_)[A-Za-z0-9]+_[A-Za-z0-9]+ | (?P<code>ssc_)[a-z0-9]{10,}
              | (?P<hook>whsec_)[A-Za-z0-9+/=]+
              | (?P<sign>signature=)[A-Za-z0-9_-]+ | (?P<expires>expires=)\d+
              | \b(?P<id>[a-z]+(_[a-z]+)?_)[0-9a-f]{32} | \b(?P<trace>[0-9a-f]{32})\b
              | (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z)",
        )
        .expect("a pattern");
        let whole = secrets.replace_all(text, |found: &regex::Captures<'_>| {
            let real = found[0].to_owned();
            let fixed = |name: &str| found.name(name).map(|part| part.as_str().to_owned());
            if fixed("time").is_some() {
                return "2026-01-15T09:30:00Z".to_owned();
            }
            if fixed("expires").is_some() {
                return "expires=1768469700".to_owned();
            }
            if let (Some(prefix), Some(of)) = (fixed("job"), fixed("of")) {
                let example = format!("{prefix}{}.example", self.in_for(&of));
                return self.known.entry(real).or_insert(example).clone();
            }
            let kind = ["key", "code", "hook", "sign", "id", "trace"]
                .into_iter()
                .find_map(fixed)
                .unwrap_or_default();
            if let Some(example) = self.known.get(&real) {
                return example.clone();
            }
            let number = self.counts.entry(kind.clone()).or_default();
            *number += 1;
            let example = match kind.as_str() {
                "signature=" => "signature=example".to_owned(),
                "ssc_" => format!("ssc_example{number}"),
                "whsec_" => format!("whsec_ZXhhbXBsZSBvZiBhIHNlY3JldCAgMzIgYnl0ZXM{number}"),
                secret if secret.starts_with("ss") => format!("{secret}0123456789abcdef_example{number}"),
                id if id.ends_with('_') => format!("{id}0198c0de{number:024}"),
                _ => format!("4bf92f3577b34da6a3ce929d0e0e{number:04}"),
            };
            self.known.insert(real, example.clone());
            example
        });
        whole.into_owned()
    }

    /// Puts this run's ids and secrets into an example.
    fn out_of(&self, example: &str) -> String {
        let mut text = example.to_owned();
        for (real, stands) in &self.known {
            text = text.replace(stands, real);
        }
        text
    }
}

struct Walk {
    app: TestApp,
    stand: Stand,
    /// By operation and status.
    recorded: BTreeMap<String, Map<String, Value>>,
}

/// Short enough to read: lists of two, texts of 300 characters.
fn shortened(value: Value) -> Value {
    match value {
        Value::Array(list) => Value::Array(list.into_iter().take(2).map(shortened).collect()),
        Value::Object(map) => map.into_iter().map(|(name, value)| (name, shortened(value))).collect(),
        Value::String(text) if text.chars().count() > 300 => {
            Value::String(text.chars().take(300).collect::<String>() + " \u{2026}")
        }
        other => other,
    }
}

fn operation(id: &str) -> (Method, String, &'static Value) {
    for (path, item) in document()["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            if operation["operationId"] == id {
                return (method.to_uppercase().parse().expect("a method"), path.clone(), operation);
            }
        }
    }
    panic!("no operation {id}")
}

impl Walk {
    /// Sends the example of an operation; the answer has this status and the fields of the example.
    async fn step(&mut self, id: &str, path: &[(&str, &str)], credential: &str, status: u16) -> Value {
        let (method, mut target, operation) = operation(id);
        let (target_path, query) = path.iter().partition::<Vec<_>, _>(|(name, _)| !name.starts_with('?'));
        for (name, value) in target_path {
            target = target.replace(&format!("{{{name}}}"), value);
        }
        for (i, (name, value)) in query.into_iter().enumerate() {
            target += &format!("{}{}={value}", if i == 0 { "?" } else { "&" }, &name[1..]);
        }
        let mut request = self.app.request(method, &target, credential);
        let content = &operation["requestBody"]["content"];
        let example = content["application/json"].get("example");
        if let Some(body) = example {
            let body = self.stand.out_of(&body.to_string());
            request = request.header("Content-Type", "application/json").body(body);
        } else if content["application/json"].is_object() {
            panic!("{id} has no example of its body");
        }
        if content["multipart/form-data"].is_object() {
            let part = Part::bytes(PAY).file_name("pay.csv");
            request = request.multipart(Form::new().part("file", part).text("role", "primary_dataset"));
        }
        if content["application/octet-stream"].is_object() {
            request = request.body(PAY);
        }
        let answer = Answer::of(request).await;
        assert_eq!(answer.status.as_u16(), status, "{id}: {}", answer.body);
        let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().to_owned();
        if !answer.body.is_null() && operation["responses"][status.to_string()]["content"][&kind].is_object()
        {
            self.record(id, status, &kind, &answer.body, operation);
        }
        answer.body
    }

    fn record(&mut self, id: &str, status: u16, kind: &str, body: &Value, operation: &Value) {
        let example = self.stand.in_for(&shortened(body.clone()).to_string());
        let example: Value = serde_json::from_str(&example).expect("still JSON");
        let status = status.to_string();
        if !renews() {
            let told = &operation["responses"][&status]["content"][kind]["example"];
            let names = |value: &Value| {
                value.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>()).unwrap_or_default()
            };
            assert_eq!(names(told), names(&example), "{id} {status}: run with SS_TEST_RENEW=1 and review");
        }
        let answers = self.recorded.entry(id.to_owned()).or_default();
        answers.entry(status).or_insert_with(|| json!({kind: example}));
    }

    async fn ended(&self, job: &str, token: &str) {
        let started = std::time::Instant::now();
        loop {
            let seen =
                Answer::of(self.app.request(Method::GET, &format!("/v1/jobs/{job}"), token)).await.ok();
            if ["succeeded", "failed", "cancelled"].contains(&seen["status"].as_str().unwrap_or_default()) {
                assert_eq!(seen["status"], "succeeded", "{seen}");
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{seen}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    async fn batch_ended(&self, job: &str, batch: &str, token: &str) {
        let path = format!("/v1/jobs/{job}/batches/{batch}");
        let started = std::time::Instant::now();
        while Answer::of(self.app.request(Method::GET, &path, token)).await.ok()["status"] == "running" {
            assert!(started.elapsed() < PATIENCE, "the batch does not end");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "renewing is asked for by the environment")]
fn renews() -> bool {
    std::env::var("SS_TEST_RENEW").is_ok()
}

fn text(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("{pointer} in {value}"))
        .to_owned()
}

async fn credentials(walk: &mut Walk) {
    let admin = ADMIN_KEY;
    let key = text(&walk.step("create_api_key", &[], admin, 201).await, "/key_id");
    walk.step("list_api_keys", &[], admin, 200).await;
    walk.step("rotate_api_key", &[("key_id", &key)], admin, 201).await;
    walk.step("revoke_api_key", &[("key_id", &key)], admin, 200).await;
    let session = text(&walk.step("admin_login", &[], "none", 200).await, "/token");
    let token = text(&walk.step("create_admin_token", &[], &session, 201).await, "/token_id");
    walk.step("list_admin_tokens", &[], admin, 200).await;
    walk.step("revoke_admin_token", &[("token_id", &token)], admin, 200).await;
    walk.step("delete_admin_token", &[("token_id", &token)], admin, 204).await;
    walk.step("admin_logout", &[], &session, 204).await;
    walk.step("put_tenant", &[("tenant_id", "default")], admin, 200).await;
    walk.step("get_tenant", &[("tenant_id", "default")], admin, 200).await;
    walk.step("list_tenants", &[], admin, 200).await;
}

/// Redeems a fresh code; the first one by the example.
async fn redeemed(walk: &mut Walk) -> (String, String) {
    walk.stand.known.retain(|_, stands| stands != "ssc_example1");
    walk.stand.counts.remove("ssc_");
    walk.step("create_task_codes", &[], ADMIN_KEY, 201).await;
    let job = walk.step("redeem_task_code", &[], "none", 200).await;
    (text(&job, "/job_id"), text(&job, "/token"))
}

async fn inputs_and_plans(walk: &mut Walk, job: &str, token: &str) {
    let here = [("job_id", job)];
    walk.step("preview_draft", &here, token, 202).await;
    walk.step("request_draft", &here, token, 202).await;
    walk.step("upload_inputs", &here, token, 200).await;
    walk.step("preview_inputs", &[("job_id", job), ("?rows", "2"), ("?columns", "3")], token, 200).await;
    walk.step("patch_job", &here, token, 200).await;
    walk.step("suggest_draft", &here, token, 200).await;
    walk.step("state_draft", &here, token, 200).await;
    walk.step("patch_draft", &here, token, 200).await;
    walk.step("preview_draft", &here, token, 200).await;
    walk.step("preview_plan", &here, token, 200).await;
    walk.step("freeze_plan", &here, token, 200).await;
    walk.step("get_plan", &here, token, 200).await;
    walk.step("list_plans", &here, token, 200).await;
}

async fn run(walk: &mut Walk, job: &str, token: &str) {
    let here = [("job_id", job)];
    walk.step("run_job", &here, token, 200).await;
    walk.ended(job, token).await;
    walk.step("get_job", &here, token, 200).await;
    let run = text(&walk.step("list_runs", &here, token, 200).await, "/runs/0/run_id");
    let of_run = [("job_id", job), ("run_id", run.as_str())];
    walk.step("get_run", &of_run, token, 200).await;
    walk.step("get_run_log", &of_run, token, 200).await;
    walk.step("get_run_findings", &[of_run[0], of_run[1], ("?language", "en")], token, 200).await;
    walk.step("render_run", &of_run, token, 200).await;
    walk.step("list_artifacts", &here, token, 200).await;
    walk.step("create_link", &here, token, 200).await;
    walk.step("list_jobs", &[("?limit", "1")], ADMIN_KEY, 200).await;
    walk.step("admin_list_jobs", &[("?limit", "1")], ADMIN_KEY, 200).await;
    walk.step("admin_get_job", &here, ADMIN_KEY, 200).await;
    walk.step("admin_list_artifacts", &here, ADMIN_KEY, 200).await;
    walk.step("revise_plan", &here, token, 200).await;
    walk.step("confirm_plan", &here, token, 200).await;
    walk.ended(job, token).await;
    walk.step("delete_job", &here, token, 200).await;
}

/// A job that arrives in a session, has sheets, waits and is cancelled.
async fn others(walk: &mut Walk) {
    let (job, token) = redeemed(walk).await;
    let here = [("job_id", job.as_str())];
    walk.step("state_bundle", &here, &token, 200).await;
    walk.step("get_bundle", &here, &token, 200).await;
    let session = walk.step("open_upload_session", &here, &token, 200).await;
    let id = text(&session, "/upload_session_id");
    let part = [("upload_session_id", id.as_str()), ("part_number", "1")];
    walk.step("put_part", &part, &token, 200).await;
    walk.step("get_upload_session", &part, &token, 200).await;
    walk.step("refresh_upload_urls", &part, &token, 200).await;
    walk.step("finalize_upload", &part, &token, 200).await;
    walk.step("cancel_reading", &here, &token, 200).await;
    walk.step("cancel_job", &here, &token, 200).await;
    let (job, token) = redeemed(walk).await;
    let here = [("job_id", job.as_str())];
    let part = Part::bytes(BOOK).file_name("book.xlsx");
    let form = Form::new().part("file", part).text("role", "primary_dataset");
    let path = format!("/v1/jobs/{job}/inputs/upload");
    Answer::of(walk.app.request(Method::POST, &path, &token).multipart(form)).await.ok();
    walk.step("select_primary_sheet", &here, &token, 200).await;
    let of_data = [("job_id", job.as_str()), ("dataset_key", "main")];
    walk.step("select_dataset_sheet", &of_data, &token, 200).await;
    walk.step("admin_cancel_job", &here, ADMIN_KEY, 200).await;
}

/// A batch that is cancelled, queued again, succeeds and is removed.
async fn batches(walk: &mut Walk, job: &str, token: &str) {
    let here = [("job_id", job)];
    walk.step("upload_inputs", &here, token, 200).await;
    walk.step("preview_batch", &here, token, 200).await;
    let id = text(&walk.step("create_batch", &here, token, 201).await, "/batch_id");
    let of_batch = [("job_id", job), ("batch_id", id.as_str())];
    // 202 while running cells end, 200 where none runs; of the repeat, which is recorded, always 200
    let cancel = format!("/v1/jobs/{job}/batches/{id}/cancel");
    let cancelled = Answer::of(walk.app.request(Method::POST, &cancel, token)).await;
    assert!(cancelled.status.is_success(), "{}", cancelled.body);
    walk.batch_ended(job, &id, token).await;
    walk.step("cancel_batch", &of_batch, token, 200).await;
    walk.step("run_batch_again", &of_batch, token, 200).await;
    walk.batch_ended(job, &id, token).await;
    walk.step("create_batch", &here, token, 200).await;
    walk.step("get_batch", &of_batch, token, 200).await;
    walk.step("list_batches", &here, token, 200).await;
    walk.step("compare_batch", &of_batch, token, 200).await;
    walk.step("compare_runs", &[], token, 200).await;
    walk.step("delete_batch", &of_batch, ADMIN_KEY, 200).await;
}

/// Nobody listens at the addresses of these examples.
async fn webhooks(walk: &mut Walk, job: &str, token: &str) {
    walk.step("create_job_webhook", &[("job_id", job)], token, 201).await;
    walk.step("list_job_webhooks", &[("job_id", job)], token, 200).await;
    let made = walk.step("create_webhook", &[], ADMIN_KEY, 201).await;
    let id = text(&made, "/webhook_id");
    let here = [("webhook_id", id.as_str())];
    walk.step("list_webhooks", &[], ADMIN_KEY, 200).await;
    walk.step("get_webhook", &here, ADMIN_KEY, 200).await;
    walk.step("patch_webhook", &here, ADMIN_KEY, 200).await;
    walk.step("rotate_webhook_secret", &here, ADMIN_KEY, 200).await;
    let delivery = text(&walk.step("test_webhook", &here, ADMIN_KEY, 202).await, "/delivery_id");
    walk.step("list_webhook_deliveries", &here, ADMIN_KEY, 200).await;
    let one = [("webhook_id", id.as_str()), ("delivery_id", delivery.as_str())];
    walk.step("replay_webhook_delivery", &one, ADMIN_KEY, 202).await;
    walk.step("replay_failed_deliveries", &here, ADMIN_KEY, 202).await;
    walk.step("delete_webhook", &here, ADMIN_KEY, 204).await;
}

async fn the_service(walk: &mut Walk, token: &str) {
    for id in ["get_capabilities", "get_health_live", "get_health_ready"] {
        walk.step(id, &[], token, 200).await;
    }
    walk.step("begin_trial", &[], "none", 200).await;
    walk.step("list_templates", &[("?family", "linear")], token, 200).await;
    walk.step("get_template", &[("template_id", "linear.ols_robust")], token, 200).await;
    walk.step("system_status", &[], ADMIN_KEY, 200).await;
    walk.step("system_reload", &[], ADMIN_KEY, 200).await;
    walk.step("find_audit_events", &[("?limit", "2")], ADMIN_KEY, 200).await;
    let codes = walk.step("list_task_codes", &[("?limit", "2")], ADMIN_KEY, 200).await;
    let code = text(&codes, "/task_codes/0/code_id");
    walk.step("revoke_task_code", &[("code_id", &code)], ADMIN_KEY, 200).await;
    walk.step("delete_task_code", &[("code_id", &code)], ADMIN_KEY, 204).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_requests_of_the_examples_are_taken_and_answered_as_recorded() {
    let app = TestApp::start_with(|options| {
        options.admin.username = Some("ops".to_owned());
        options.admin.password_hash = Some(PASSWORD_HASH.to_owned().into());
        options.trial = Some(trial_options());
    })
    .await;
    let mut walk = Walk { app, stand: Stand::default(), recorded: BTreeMap::new() };
    credentials(&mut walk).await;
    let (job, token) = redeemed(&mut walk).await;
    inputs_and_plans(&mut walk, &job, &token).await;
    run(&mut walk, &job, &token).await;
    others(&mut walk).await;
    let (job, token) = redeemed(&mut walk).await;
    webhooks(&mut walk, &job, &token).await;
    batches(&mut walk, &job, &token).await;
    the_service(&mut walk, &token).await;
    walk.app.stop().await;
    if renews() {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/http/v1/openapi/examples.json");
        let text = std::fs::read_to_string(&file).expect("the examples");
        let mut all: Map<String, Value> = serde_json::from_str(&text).expect("JSON");
        for (id, answers) in walk.recorded {
            all.entry(id).or_insert_with(|| json!({}))["answers"] = Value::Object(answers);
        }
        let text = serde_json::to_string_pretty(&all).expect("serialises");
        std::fs::write(&file, text + "\n").expect("writes");
    }
}
