//! Hostile requests against every route of the OpenAPI document, with and without credentials: whatever is
//! sent, the answer is a problem document with a code, never a 500, a plain text or a broken connection.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::faults::full;
use crate::support::app::{ADMIN_KEY, Answer, TestApp};

/// Hand-made bodies: each was the undoing of some service.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let json = "application/json";
    let text = |body: &str| body.as_bytes().to_vec();
    vec![
        (json, vec![]),
        (json, text("null")),
        (json, text("[]")),
        (json, text("\"text\"")),
        (json, text("{\"\":{}}")),
        (json, text("{\"a\":1,\"a\":2}")),
        (json, text("{\"count\":1e400}")),
        (json, text("{\"count\":-1,\"expires_in_days\":99999999999999999999}")),
        (json, text("{\"reason\":\"\\ud800\"}")),
        (json, text("{\"roles\":{\"__proto__\":[null]},\"parameters\":{\"\\u0000\":NaN}}")),
        (json, "[".repeat(20_000).into_bytes()),
        (json, "{\"a\":".repeat(20_000).into_bytes()),
        (json, b"\xff\xfe{\x00}\x00".to_vec()),
        (json, text("{\"requirement\":\"\u{202e}\u{0}<script>\",\"task_code\":\"'; DROP TABLE jobs;--\"}")),
        ("text/plain", text("{}")),
        ("application/xml", text("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>")),
        (
            "multipart/form-data; boundary=x",
            text("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../../x\"\r\n\r\n"),
        ),
        ("multipart/form-data", text("no boundary")),
        ("application/x-www-form-urlencoded", text("a=%ZZ&b[c]=1")),
    ]
}

/// Segments in place of every parameter of a path.
const SEGMENTS: &[&str] = &[
    "absent",
    "%00",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..",
    "%ff%fe",
    "'%20OR%201=1--",
    "%F0%9F%92%A5",
    "a%0d%0aX-Injected:1",
    "-",
];

const QUERIES: &[&str] = &[
    "",
    "?limit=-1",
    "?limit=99999999999999999999",
    "?cursor=%00%ff",
    "?a[b]=c&a=&&=",
    "?rows=NaN&columns=",
];

fn filled(path: &str, segment: &str) -> String {
    let mut out = String::new();
    for part in path.split_inclusive('}') {
        match part.split_once('{') {
            Some((before, _)) => out.push_str(&format!("{before}{segment}")),
            None => out.push_str(part),
        }
    }
    out
}

async fn routes(app: &TestApp) -> Vec<(Method, String)> {
    let document = Answer::of(app.http.get(format!("{}/v1/openapi.json", app.base))).await.ok();
    let paths = document["paths"].as_object().expect("paths").clone();
    let mut out = Vec::new();
    for (path, item) in paths {
        for method in item.as_object().expect("operations").keys() {
            out.push((method.to_uppercase().parse().expect("a method"), path.clone()));
        }
    }
    out
}

async fn send(
    app: &TestApp,
    method: &Method,
    path: &str,
    credential: Option<&str>,
    body: Option<&(impl AsRef<str>, Vec<u8>)>,
) {
    let Ok(url) = reqwest::Url::parse(&format!("{}{path}", app.base)) else { return };
    let mut request = app.http.request(method.clone(), url);
    if let Some(credential) = credential {
        request = request.bearer_auth(credential);
    }
    if let Some((kind, bytes)) = body {
        request = request.header("Content-Type", kind.as_ref()).body(bytes.clone());
    }
    let context = format!("{method} {path} {:?}", body.map(|(kind, bytes)| (kind.as_ref(), bytes.len())));
    let response = request.send().await.unwrap_or_else(|error| panic!("{context}: {error}"));
    let status = response.status();
    if status.as_u16() < 400 || path.starts_with("/health") {
        return;
    }
    let kind = response.headers().get("content-type").and_then(|v| v.to_str().ok()).map(str::to_owned);
    assert_eq!(kind.as_deref(), Some("application/problem+json"), "{context}: {status}");
    let text = response.text().await.expect("a body");
    let problem: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{context}: {text}"));
    let code = problem["error_code"].as_str().unwrap_or_default();
    assert!(!code.is_empty() && problem["status"] == status.as_u16(), "{context}: {problem}");
    for leak in ["panicked", "src/", ".rs:", "rusqlite", "SELECT ", "backtrace"] {
        assert!(!text.contains(leak), "{context}: {leak} in {text}");
    }
    if status.is_server_error() {
        // what is out by configuration says so; nothing else is the service's fault
        assert!(
            status == StatusCode::SERVICE_UNAVAILABLE && code == "LLM_NOT_CONFIGURED",
            "{context}: {problem}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hand_made_hostile_requests_get_problems_and_nothing_else() {
    let mut app = TestApp::start().await;
    let job = app.job("a question").await;
    let bodies = bodies();
    for (method, path) in routes(&app).await {
        if path.ends_with("/events") {
            continue; // an endless stream where it is allowed
        }
        let own = path.replace("{job_id}", &job.job_id);
        for (credential, path) in [(None, &path), (Some(ADMIN_KEY), &path), (Some(job.token.as_str()), &own)]
        {
            if method == Method::DELETE && credential == Some(job.token.as_str()) {
                continue;
            }
            // without a credential all are refused alike, before the path is looked at
            let few = if credential.is_none() && !full() { 2 } else { SEGMENTS.len() };
            for segment in SEGMENTS.iter().take(if path.contains('{') { few } else { 1 }) {
                send(&app, &method, &filled(path, segment), credential, None::<&(&str, _)>).await;
            }
            if method == Method::GET || full() {
                for query in QUERIES {
                    let target = format!("{}{query}", filled(path, "absent"));
                    send(&app, &method, &target, credential, None::<&(&str, _)>).await;
                }
            }
            // an administrator on what does not exist, or the holder on the own job: whose body is read
            let read = credential.is_some_and(|c| (c == ADMIN_KEY) != path.contains(&job.job_id) || full());
            if method != Method::GET && read && (path.contains(&job.job_id) || !path.contains("{job_id}")) {
                for body in &bodies {
                    send(&app, &method, &filled(path, "absent"), credential, Some(body)).await;
                }
            }
        }
    }
    let live = app.http.get(format!("{}/health/live", app.base)).send().await.expect("answers");
    assert!(live.status().is_success());
    app.stop().await;
}

/// Random JSON whose names are often those that routes know.
fn document() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "task_code",
        "requirement",
        "roles",
        "parameters",
        "count",
        "role",
        "tenant_id",
        "limits",
        "retention",
        "reason",
        "expires_in_days",
        "answers",
        "field_updates",
        "derived_variables",
        "sample_if",
        "data_steps",
        "output_formats",
        "confirmed",
        "files",
        "hold",
        "username",
        "password",
        "label",
        "scope",
        "x",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|n| json!(n)),
        ".{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..6).prop_map(|members| members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn random_documents_get_problems_and_nothing_else() {
    let mut app = TestApp::start().await;
    let job = app.job("a question").await;
    let rounds = if full() { 300 } else { 6 };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let documents = document();
    for (method, path) in routes(&app).await {
        if method == Method::GET || method == Method::DELETE {
            continue;
        }
        let own = path.replace("{job_id}", &job.job_id);
        for _ in 0..rounds {
            let body = documents.new_tree(&mut runner).expect("a document").current();
            let bytes = serde_json::to_vec(&body).expect("serialises");
            for credential in [ADMIN_KEY, job.token.as_str()] {
                send(
                    &app,
                    &method,
                    &filled(&own, "absent"),
                    Some(credential),
                    Some(&("application/json", bytes.clone())),
                )
                .await;
            }
        }
    }
    app.stop().await;
}
