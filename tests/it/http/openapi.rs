//! The OpenAPI document against the service: its routes are those that answer, nothing in it is without words or
//! examples, and what it says on credentials, versions and codes is so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stata_service::domain::error::ErrorCode;
use stata_service::http::v1::openapi::document;

use crate::support::app::{ADMIN_KEY, Answer, Job, TestApp};
use crate::support::schema::faults;

/// Paths of files of the console, which stand in no document: `src/http/v1/mod.rs` mounts them by hand.
const BY_HAND: usize = 2;

type Operation = (Method, String, &'static Value);

fn operations() -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in document()["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            all.push((method.to_uppercase().parse().expect("a method"), path.clone(), operation));
        }
    }
    all
}

fn id_of(operation: &Value) -> &str {
    operation["operationId"].as_str().unwrap_or_default()
}

fn followed(value: &Value) -> &Value {
    match value["$ref"].as_str() {
        Some(target) => document().pointer(target.trim_start_matches('#')).expect("within the document"),
        None => value,
    }
}

/// A path with this job and otherwise with things that do not exist.
fn filled(path: &str, job: &Job) -> String {
    let own = path.replace("{job_id}", &job.job_id).replace("{part_number}", "1");
    let own = own.replace("{upload_session_id}", &format!("us_none.{}", job.job_id));
    regex::Regex::new(r"\{[a-z_]+\}").expect("a pattern").replace_all(&own, "absent").into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_in_the_document_and_the_other_way_round() {
    let mut app = TestApp::start().await;
    let job = app.job("a question").await;
    let mut told: BTreeMap<String, BTreeSet<Method>> = BTreeMap::new();
    for (method, path, _) in operations() {
        told.entry(path).or_default().insert(method);
    }
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    for (path, documented) in &told {
        for method in &methods {
            // refused before anything is read: nothing is changed
            let request = app.http.request(method.clone(), format!("{}{}", app.base, filled(path, &job)));
            let answer = Answer::of(request.header("Authorization", "Bearer nonsense")).await;
            let code = answer.body["error_code"].as_str().unwrap_or_default().to_owned();
            if documented.contains(method) {
                assert_ne!(code, "METHOD_NOT_ALLOWED", "{method} {path} is documented and does not answer");
                let of_asset = path == "/v1/docs/{asset}";
                assert!(code != "ROUTE_NOT_FOUND" || of_asset, "{method} {path} is documented and not there");
            } else {
                assert_eq!(code, "METHOD_NOT_ALLOWED", "{method} {path} answers and is not documented");
            }
        }
    }
    app.stop().await;
    // a route that is mounted without a description would not be found by asking
    let mut by_hand = 0;
    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/http")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("sources").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                let text = std::fs::read_to_string(entry.path()).expect("a source");
                let calls = [".route(\"/", ".nest(", ".add_undocumented("];
                by_hand += calls.iter().map(|call| text.matches(call).count()).sum::<usize>();
            }
        }
    }
    assert_eq!(by_hand, BY_HAND, "mount routes with `Routes::add`, so that the document has them");
}

#[test]
fn every_operation_is_told_whole() {
    let mut ids = BTreeSet::new();
    let tags: Vec<&Value> =
        document()["tags"].as_array().expect("tags").iter().map(|tag| &tag["name"]).collect();
    let mut missing = Vec::new();
    for (method, path, operation) in operations() {
        let id = id_of(operation);
        assert!(!id.is_empty() && ids.insert(id.to_owned()), "{method} {path}: {id}");
        let mut need = |holds: bool, what: &str| {
            if !holds {
                missing.push(format!("{id}: {what}"));
            }
        };
        need(operation["summary"].as_str().is_some_and(|text| text.ends_with('.')), "a summary");
        need(operation["description"].as_str().is_some_and(|text| text.len() > 20), "a description");
        need(
            operation["tags"].as_array().is_some_and(|list| list.iter().all(|tag| tags.contains(&tag))),
            "a tag",
        );
        need(operation["security"].is_array(), "its credentials");
        for parameter in operation["parameters"].as_array().into_iter().flatten().map(followed) {
            let name = parameter["name"].as_str().unwrap_or_default();
            need(
                parameter["description"].as_str().is_some_and(|text| !text.is_empty()),
                &format!("words on {name}"),
            );
        }
        for (kind, media) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
            let bytes = kind == "application/octet-stream";
            need(bytes || !media["example"].is_null(), &format!("an example of its {kind} request"));
        }
        for (status, response) in operation["responses"].as_object().expect("responses") {
            let response = followed(response);
            need(
                response["description"].as_str().is_some_and(|text| !text.is_empty()),
                &format!("words on {status}"),
            );
            need(response["headers"]["X-Trace-Id"].is_object(), &format!("headers of {status}"));
            let content = response["content"].as_object().into_iter().flatten();
            for (kind, media) in content.filter(|(kind, _)| kind.ends_with("json")) {
                let told = !media["example"].is_null()
                    || !media["examples"].is_null()
                    || status == "503"
                    || status == "202"
                    || id == "get_openapi";
                need(told, &format!("an example of {status} {kind}"));
            }
        }
    }
    for (name, schema) in document()["components"]["schemas"].as_object().expect("schemas") {
        without_words(name, schema, &mut missing);
    }
    assert!(missing.is_empty(), "src/http/v1/openapi has what is missing: {missing:#?}");
}

fn without_words(at: &str, schema: &Value, missing: &mut Vec<String>) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let at = format!("{at}.{name}");
        if field["$ref"].is_null() && field["description"].as_str().is_none_or(str::is_empty) {
            missing.push(format!("{at}: words (fields.tsv, or a comment at the field)"));
        }
        without_words(&at, field, missing);
    }
    for part in ["oneOf", "anyOf", "allOf"].iter().filter_map(|group| schema[*group].as_array()).flatten() {
        without_words(at, part, missing);
    }
}

#[test]
fn every_example_is_valid_and_every_error_code_is_an_answer() {
    let document = document();
    let mut found = Vec::new();
    let mut codes = BTreeSet::new();
    for (_, _, operation) in operations() {
        let id = id_of(operation);
        let mut content: Vec<(String, &Value)> = Vec::new();
        for (kind, media) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
            content.push((format!("{id} {kind}"), media));
        }
        for (status, response) in operation["responses"].as_object().into_iter().flatten() {
            for (kind, media) in followed(response)["content"].as_object().into_iter().flatten() {
                content.push((format!("{id} {status} {kind}"), media));
                codes.extend(
                    media["examples"].as_object().into_iter().flatten().map(|(code, _)| code.clone()),
                );
            }
        }
        for (at, media) in content {
            let one = media.get("example").map(|example| (String::new(), example));
            let named = media["examples"].as_object().into_iter().flatten();
            let named = named.map(|(name, example)| (name.clone(), &followed(example)["value"]));
            for (name, example) in one.into_iter().chain(named) {
                let faults = faults(document, &media["schema"], example);
                found.extend(faults.into_iter().map(|fault| format!("{at} {name}: {fault}")));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    let all: BTreeSet<String> = ErrorCode::ALL.iter().map(|code| code.as_str().to_owned()).collect();
    assert_eq!(codes, all, "each code stands at an operation, and no other");
}

#[test]
fn the_roles_are_those_of_the_table_of_authorization() {
    let table = include_str!("../../fixtures/authorization.tsv");
    let mut lines = table.lines();
    let names: Vec<&str> = lines.next().expect("a heading").split('\t').collect();
    let rows: BTreeMap<&str, Vec<&str>> =
        lines.map(|line| (line.split('\t').next().unwrap_or_default(), line.split('\t').collect())).collect();
    for (method, path, operation) in operations() {
        let route = format!("{method} {path}");
        let row = rows.get(route.as_str()).unwrap_or_else(|| panic!("{route} is not in the table"));
        let admitted = |visitor: &str| {
            let column = names.iter().position(|name| *name == visitor).expect("a visitor of the table");
            row[column] == "in"
        };
        let told = operation["security"].as_array().expect("credentials");
        let scheme = |name: &str| told.iter().find_map(|one| one.get(name));
        if told.is_empty() {
            assert!(admitted("none"), "{route} needs a credential");
            continue;
        }
        for role in ["viewer", "client", "operator", "admin"] {
            let said =
                scheme("api_key").and_then(Value::as_array).is_some_and(|roles| roles.contains(&json!(role)));
            // a key cannot log out; the sessions of administrators can
            let logout = path.ends_with("/logout");
            assert_eq!(
                said,
                admitted(if logout && role == "admin" { "session" } else { role }),
                "{route} for {role}"
            );
        }
        assert_eq!(scheme("job_token").is_some(), admitted("job_own"), "{route} for the job's token");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_read_if_match_where_the_document_says_so() {
    let mut app = TestApp::start_with(|options| options.llm = None).await;
    let job = app.job("a question").await;
    for (method, path, operation) in operations().into_iter().filter(|(method, ..)| *method != Method::GET) {
        let told = operation["parameters"].as_array().into_iter().flatten();
        let told = told.into_iter().any(|one| one["$ref"] == "#/components/parameters/ifMatch");
        let request = app.request(method.clone(), &filled(&path, &job), ADMIN_KEY);
        let request = request.header("If-Match", "nonsense").json(&json!({"no_such_field": 1}));
        let answer = Answer::of(request).await;
        let read = answer.body["context"]["errors"][0]["path"] == "If-Match";
        assert_eq!(read, told, "{method} {path}: {}", answer.body);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_needs_no_credential_and_no_other_host() {
    let mut app = TestApp::start().await;
    let get = |path: &str| app.http.get(format!("{}/v1/{path}", app.base));
    let page = get("docs").send().await.expect("answers");
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let policy = page.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let tag = page.headers()["etag"].clone();
    let html = page.text().await.expect("text");
    let attribute = regex::Regex::new(r#"(?:src|href)="([^"]+)""#).expect("a pattern");
    let mut files = 0;
    for address in attribute.captures_iter(&html).map(|found| found[1].to_owned()) {
        if address.starts_with("data:") {
            continue;
        }
        // relative, so that a prefix of a proxy is kept
        assert!(!address.contains("//") && !address.starts_with('/'), "{address}");
        assert_eq!(get(&address).send().await.expect("answers").status(), StatusCode::OK, "{address}");
        files += 1;
    }
    assert!(files >= 5, "{files}");
    let again = get("docs").header("If-None-Match", tag).send().await.expect("answers");
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    let script = "docs/swagger-ui-bundle.js";
    let packed = get(script).header("Accept-Encoding", "gzip").send().await.expect("answers");
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    let packed = packed.bytes().await.expect("a body");
    let plain = get(script).send().await.expect("answers");
    assert!(!plain.headers().contains_key("content-encoding"));
    let plain = plain.bytes().await.expect("a body");
    let mut unpacked = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(&packed[..]);
    std::io::Read::read_to_end(&mut reader, &mut unpacked).expect("whole");
    assert!(unpacked == plain && packed.len() * 3 < plain.len());
    Answer::of(get("docs/no.such")).await.refused(404, "ROUTE_NOT_FOUND");
    app.stop().await;
}

/// Every code that an operation answers.
fn codes_of(operation: &Value) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for (_, response) in operation["responses"].as_object().expect("responses") {
        let media = &followed(response)["content"]["application/problem+json"];
        codes.extend(media["examples"].as_object().into_iter().flatten().map(|(code, _)| code.clone()));
    }
    codes
}

/// The list of routes for people.
fn routes_page() -> String {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for (_, _, operation) in operations() {
        for code in codes_of(operation) {
            *times.entry(code).or_default() += 1;
        }
    }
    let mut text = "# Routes\n\nFrom the OpenAPI document; a test renews it (`SS_TEST_RENEW=1 cargo test --test it openapi::`). \
                    `all` stands for every role. Codes that \
                    a quarter of all routes can answer are not repeated here.\n\n| route | operation | job token | roles of keys | own error codes |\n\
                    |---|---|---|---|---|\n"
        .to_owned();
    for (method, path, operation) in operations() {
        let schemes = operation["security"].as_array().expect("credentials");
        let roles = schemes.iter().find_map(|one| one["api_key"].as_array());
        let roles = match roles {
            Some(roles) if roles.len() == 4 => "all".to_owned(),
            Some(roles) => roles.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
            None => String::new(),
        };
        let open = if schemes.is_empty() { "no credential" } else { "" };
        let token = if schemes.iter().any(|one| one.get("job_token").is_some()) { "yes" } else { open };
        let own = codes_of(operation).into_iter().filter(|code| times[code] < operations().len() / 4);
        let codes: Vec<String> = own.map(|code| format!("`{code}`")).collect();
        let (id, codes) = (id_of(operation), codes.join(" "));
        text += &format!("| {method} `{path}` | {id} | {token} | {roles} | {codes} |\n");
    }
    text
}

#[test]
#[expect(clippy::disallowed_methods, reason = "renewing the page is asked for by the environment")]
fn the_page_of_routes_is_that_of_the_document() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/routes.md");
    if std::env::var("SS_TEST_RENEW").is_ok() {
        std::fs::write(&file, routes_page()).expect("writes");
    }
    let written = std::fs::read_to_string(&file).expect("the page of routes");
    assert!(written == routes_page(), "run this test with SS_TEST_RENEW=1 and review docs/routes.md");
}
