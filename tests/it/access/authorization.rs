//! Who may do what: every route of the OpenAPI document with every kind of credential, compared with the
//! reviewed table `tests/fixtures/authorization.tsv` and with the rules that it must follow.

use std::collections::BTreeMap;
use std::path::PathBuf;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{ADMIN_KEY, Answer, Job, TestApp, trial_options};

/// As in `admin_access`: a reference vector, whose password is "password".
const PASSWORD_HASH: &str =
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

/// Routes that answer without a credential.
const PUBLIC: &[&str] = &[
    "GET /health/live",
    "GET /health/ready",
    "GET /metrics",
    "GET /v1/capabilities",
    "GET /v1/console",
    "GET /v1/docs",
    "GET /v1/docs/{asset}",
    "GET /v1/openapi.json",
    "POST /v1/admin/auth/login",
    "POST /v1/task-codes/redeem",
    "POST /v1/trial",
];

/// One way to come.
struct Visitor {
    name: &'static str,
    /// The whole header, or none.
    authorization: Option<String>,
    tenant: Option<&'static str>,
}

fn bearer(name: &'static str, credential: &str) -> Visitor {
    Visitor { name, authorization: Some(format!("Bearer {credential}")), tenant: None }
}

async fn post(app: &TestApp, path: &str, credential: &str, body: Value) -> Value {
    Answer::of(app.request(Method::POST, path, credential).json(&body)).await.ok()
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}

async fn key(app: &TestApp, role: &str, tenant: &str) -> (String, String) {
    let body = json!({"role": role, "tenant_id": tenant});
    let made = post(app, "/v1/admin/api-keys", ADMIN_KEY, body).await;
    (text(&made, "key_id"), text(&made, "api_key"))
}

async fn session(app: &TestApp) -> String {
    let body = json!({"username": "ops", "password": "password"});
    text(&post(app, "/v1/admin/auth/login", ADMIN_KEY, body).await, "token")
}

/// A token of a job whose code was revoked.
async fn revoked_job_token(app: &TestApp) -> String {
    let made = post(app, "/v1/admin/task-codes", ADMIN_KEY, json!({"count": 1})).await;
    let code = &made["task_codes"][0];
    let token = text(&app.redeem(&text(code, "task_code"), "").await.ok(), "token");
    post(app, &format!("/v1/admin/task-codes/{}/revoke", text(code, "code_id")), ADMIN_KEY, json!({})).await;
    token
}

async fn visitors(app: &TestApp, job: &Job) -> Vec<Visitor> {
    let [viewer, client, operator, admin] = [
        key(app, "viewer", "default").await.1,
        key(app, "client", "default").await.1,
        key(app, "operator", "default").await.1,
        key(app, "admin", "default").await.1,
    ];
    let (expired_id, expired) = key(app, "admin", "default").await;
    post(app, &format!("/v1/admin/api-keys/{expired_id}/rotate"), ADMIN_KEY, json!({"overlap_hours": 0}))
        .await;
    let (revoked_id, revoked) = key(app, "admin", "default").await;
    post(app, &format!("/v1/admin/api-keys/{revoked_id}/revoke"), ADMIN_KEY, json!({})).await;
    let ended = session(app).await;
    Answer::of(app.request(Method::POST, "/v1/admin/auth/logout", &ended)).await.ok();
    let open = session(app).await;
    let personal = post(app, "/v1/admin/tokens", &open, json!({})).await;
    let withdrawn = post(app, "/v1/admin/tokens", &open, json!({})).await;
    post(app, &format!("/v1/admin/tokens/{}/revoke", text(&withdrawn, "token_id")), &open, json!({})).await;
    let (secret, truncated) = job.token.split_at(job.token.len() - 8);
    vec![
        Visitor { name: "none", authorization: None, tenant: None },
        bearer("malformed", "nonsense"),
        Visitor { name: "basic", authorization: Some("Basic YWRtaW46YWRtaW4=".to_owned()), tenant: None },
        bearer("unknown", "ssk_unknown_0123456789abcdef0123456789abcdef"),
        bearer("forged", &format!("{secret}{}", truncated.chars().rev().collect::<String>())),
        bearer("truncated", secret),
        bearer("key_expired", &expired),
        bearer("key_revoked", &revoked),
        bearer("session_ended", &ended),
        bearer("token_revoked", &text(&withdrawn, "token")),
        bearer("job_revoked", &revoked_job_token(app).await),
        bearer("job_own", &job.token),
        bearer("job_other", &app.job("another question").await.token),
        bearer("viewer", &viewer),
        bearer("client", &client),
        bearer("operator", &operator),
        bearer("admin", &admin),
        bearer("session", &open),
        bearer("personal", &text(&personal, "token")),
        bearer("viewer_foreign", &key(app, "viewer", "acme").await.1),
        bearer("client_foreign", &key(app, "client", "acme").await.1),
        bearer("operator_foreign", &key(app, "operator", "acme").await.1),
        Visitor { tenant: Some("acme"), ..bearer("job_own_as_acme", &job.token) },
        Visitor { tenant: Some("acme"), ..bearer("client_as_acme", &client) },
        Visitor { tenant: Some("acme"), ..bearer("admin_as_acme", &admin) },
    ]
}

/// A path with this job and otherwise with things that do not exist, so that nothing is changed.
fn filled(path: &str, job: &Job) -> String {
    let mut out = String::new();
    for part in path.split_inclusive('}') {
        match part.split_once('{') {
            Some((before, "job_id}")) => out.push_str(&format!("{before}{}", job.job_id)),
            // a session names its job
            Some((before, "upload_session_id}")) => out.push_str(&format!("{before}us_none.{}", job.job_id)),
            Some((before, "part_number}")) => out.push_str(&format!("{before}1")),
            Some((before, _)) => out.push_str(&format!("{before}absent")),
            None => out.push_str(part),
        }
    }
    out
}

/// What a visitor meets: a refusal of authorization by its status, or `in`.
async fn meet(app: &TestApp, method: &Method, path: &str, visitor: &Visitor) -> String {
    let mut request =
        app.http.request(method.clone(), format!("{}{path}", app.base)).header("If-Match", "\"v999999\"");
    if *method != Method::GET {
        // authorized requests are refused by their body: nothing is changed
        request = request.json(&json!({"no_such_field": 1}));
    }
    if let Some(authorization) = &visitor.authorization {
        request = request.header("Authorization", authorization);
    }
    if let Some(tenant) = visitor.tenant {
        request = request.header("X-SS-Tenant-ID", tenant);
    }
    let response = request.send().await.expect("answers");
    let status = response.status().as_u16();
    if status < 400 {
        return "in".to_owned();
    }
    let context = format!("{method} {path} as {}", visitor.name);
    let kind =
        response.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let challenged = response.headers().contains_key("www-authenticate");
    let body: Value = serde_json::from_str(&response.text().await.expect("a body")).unwrap_or_default();
    assert_ne!(status, 500, "{context}: {body}");
    if kind != "application/problem+json" {
        assert!(path.starts_with("/health"), "{context}: {status} as {kind}");
        return "in".to_owned();
    }
    match (status, body["error_code"].as_str().unwrap_or_default()) {
        (401, code) => {
            assert!(challenged && code.starts_with("AUTH_"), "{context}: {body}");
            "401".to_owned()
        }
        (403, "AUTH_TOKEN_INVALID") => "403 invalid".to_owned(),
        (403, "AUTH_TOKEN_FORBIDDEN") => "403 forbidden".to_owned(),
        (404, "JOB_NOT_FOUND") => "404".to_owned(),
        (429, _) => panic!("{context} was slowed down"),
        _ => "in".to_owned(),
    }
}

type Table = BTreeMap<String, BTreeMap<&'static str, String>>;

fn written(table: &Table, names: &[&'static str]) -> String {
    let mut out = format!("route\t{}\n", names.join("\t"));
    for (route, row) in table {
        let cells: Vec<&str> = names.iter().map(|name| row[name].as_str()).collect();
        out.push_str(&format!("{route}\t{}\n", cells.join("\t")));
    }
    out
}

/// The rules of `docs/api.md`, whatever the table says.
fn check_rules(route: &str, row: &BTreeMap<&'static str, String>) {
    let is = |names: &[&str], expected: &str| {
        for name in names {
            assert_eq!(row[name], expected, "{route} as {name}");
        }
    };
    if PUBLIC.contains(&route) {
        is(&row.keys().copied().collect::<Vec<_>>(), "in");
        return;
    }
    is(&["none", "malformed", "basic"], "401");
    is(&["unknown", "forged", "truncated", "key_expired", "key_revoked"], "403 invalid");
    is(&["session_ended", "token_revoked", "job_revoked"], "403 invalid");
    // a credential of one tenant under the name of another finds nothing
    is(&["job_own_as_acme", "client_as_acme"], "404");
    // a link opens for a while what its maker may read
    let reads = route.starts_with("GET ") || route.ends_with("/links");
    if route.contains(" /v1/admin/") {
        is(&["job_own", "job_other", "viewer", "viewer_foreign"], "403 forbidden");
    }
    if route.contains(" /v1/jobs/{job_id}") || route.contains("{upload_session_id}") {
        is(&["job_own", "admin", "session", "personal"], "in");
        is(&["job_other"], "403 forbidden");
        is(&["admin_as_acme"], "404");
        is(&["viewer"], if reads { "in" } else { "403 forbidden" });
        is(&["client"], if route.starts_with("DELETE") { "403 forbidden" } else { "in" });
    }
    if route.contains("{job_id}") || route.contains("{upload_session_id}") {
        for name in ["viewer_foreign", "client_foreign", "operator_foreign"] {
            assert_ne!(row[name], "in", "{route} as {name}");
        }
    }
    if !route.ends_with("/logout") {
        is(&["admin", "session", "personal"], "in");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "renewing the table is asked for by the environment")]
async fn every_route_admits_whom_the_table_says_and_nobody_else() {
    let mut app = TestApp::start_with(|options| {
        options.admin.username = Some("ops".to_owned());
        options.admin.password_hash = Some(PASSWORD_HASH.to_owned().into());
        options.trial = Some(trial_options());
    })
    .await;
    let job = app.job("a question").await;
    let visitors = visitors(&app, &job).await;
    let names: Vec<&'static str> = visitors.iter().map(|v| v.name).collect();
    let document = Answer::of(app.http.get(format!("{}/v1/openapi.json", app.base))).await.ok();
    let mut table = Table::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in ["get", "post", "put", "patch", "delete"].iter().filter(|m| item[**m].is_object()) {
            let method: Method = method.to_uppercase().parse().expect("a method");
            let mut row = BTreeMap::new();
            for visitor in &visitors {
                let logout = path.ends_with("/logout") && visitor.name == "session";
                let spare = if logout { Some(bearer("session", &session(&app).await)) } else { None };
                let visitor = spare.as_ref().unwrap_or(visitor);
                row.insert(visitor.name, meet(&app, &method, &filled(path, &job), visitor).await);
            }
            table.insert(format!("{method} {path}"), row);
        }
    }
    assert!(table.len() >= 50, "{} routes", table.len());
    let found = written(&table, &names);
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/authorization.tsv");
    if std::env::var("SS_TEST_RENEW").is_ok() {
        std::fs::write(&file, &found).expect("writes");
    }
    let expected = std::fs::read_to_string(&file).expect("the reviewed table");
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected, "run this test with SS_TEST_RENEW=1 and review the difference");
    }
    assert_eq!(found.lines().count(), expected.lines().count(), "routes came or went: renew and review");
    for (route, row) in &table {
        check_rules(route, row);
    }
    // nothing was changed on the way
    assert_eq!(app.get(&job, "").await.ok()["version"], 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_names_every_type_once_and_marks_every_protected_route() {
    let mut app = TestApp::start().await;
    let document = Answer::of(app.http.get(format!("{}/v1/openapi.json", app.base))).await.ok();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let route = format!("{} {path}", method.to_uppercase());
            let marked = operation["security"].as_array().is_some_and(|list| !list.is_empty());
            assert_eq!(marked, !PUBLIC.contains(&route.as_str()), "{route}");
            let refusal = operation["responses"]["default"]["$ref"].as_str().expect("one for all");
            let refusal = document.pointer(refusal.trim_start_matches('#')).expect("within the document");
            let problem = &refusal["content"]["application/problem+json"]["schema"];
            assert!(problem.to_string().contains("ProblemDocument"), "{route} does not tell how it refuses");
        }
    }
    // bodies of different routes with one name would overwrite each other in the document
    let codes = &document["paths"]["/v1/admin/task-codes"]["post"]["requestBody"];
    let keys = &document["paths"]["/v1/admin/api-keys"]["post"]["requestBody"];
    assert_ne!(codes["content"]["application/json"]["schema"], keys["content"]["application/json"]["schema"]);
    app.stop().await;
}
