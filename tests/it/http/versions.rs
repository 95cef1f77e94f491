//! Two versions of the interface side by side: the real `/v1`, deprecated by a registry of the test, and a `/v2` that
//! only this test has.

use axum::Router;
use axum::routing::get;
use reqwest::Method;
use serde_json::{Value, json};
use stata_service::app::build::build;
use stata_service::http::router;
use stata_service::http::v1::openapi::document;
use stata_service::http::versions::{Notice, Versions};

use crate::support::app::{TestApp, http_client, options};

fn notice(successor: &str) -> Notice {
    let (since, sunset) = ("2026-09-01T00:00:00Z", "2027-06-01T00:00:00Z");
    let notice = Notice::new(since.parse().expect("a time"), sunset.parse().expect("a time"), "/v1/docs");
    notice.expect("nine months").with_successor(successor)
}

/// The real service with a second version beside it.
fn both() -> Versions {
    Versions::default().current("/v2").deprecated("/v1", notice("/v2/capabilities")).deprecated_route(
        Method::GET,
        "/v2/old",
        notice("/v2/new"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_version_works_beside_the_first_whose_end_is_announced() {
    let dir = tempfile::tempdir().expect("a folder");
    let built = tokio::task::block_in_place(|| build(options(dir.path().join("data"))))
        .unwrap_or_else(|e| panic!("{e}"));
    let second = Router::new()
        .route("/v2/capabilities", get(async || "second"))
        .route("/v2/old", get(async || "old").post(async || "posted"));
    let served = both().wrap(router::build(built.app.clone()).merge(second));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("bound"));
    let server = tokio::spawn(async move { axum::serve(listener, served).await });
    let http = http_client();
    let ask = |path: &str| http.get(format!("{base}{path}")).send();

    let first = ask("/v1/capabilities").await.expect("answers");
    assert_eq!(first.headers()["deprecation"], "@1788220800");
    assert_eq!(first.headers()["sunset"], "Tue, 01 Jun 2027 00:00:00 GMT");
    let links: Vec<String> =
        first.headers().get_all("link").iter().map(|link| link.to_str().expect("text").to_owned()).collect();
    assert_eq!(
        links,
        [
            "</v1/docs>; rel=\"deprecation\"; type=\"text/html\"",
            "</v2/capabilities>; rel=\"successor-version\""
        ]
    );
    let body: Value = first.json().await.expect("JSON");
    assert_eq!(body["engine"], "open", "the deprecated version answers as before");
    let refused = ask("/v1/jobs").await.expect("answers");
    assert_eq!(refused.status(), 401);
    assert!(refused.headers().contains_key("deprecation"), "refusals tell it too");

    let second = ask("/v2/capabilities").await.expect("answers");
    assert!(!second.headers().contains_key("deprecation") && !second.headers().contains_key("sunset"));
    assert_eq!(second.text().await.expect("text"), "second");
    assert!(ask("/v2/old").await.expect("answers").headers().contains_key("sunset"));
    let posted = http.post(format!("{base}/v2/old")).send().await.expect("answers");
    assert!(!posted.headers().contains_key("sunset"), "only the GET is deprecated");
    for path in ["/health/live", "/nothing"] {
        assert!(!ask(path).await.expect("answers").headers().contains_key("deprecation"), "{path}");
    }
    server.abort();
}

#[test]
fn the_document_marks_what_is_deprecated() {
    let mut marked = document().clone();
    both().mark(&mut marked);
    let operation = &marked["paths"]["/v1/jobs"]["get"];
    assert_eq!(operation["deprecated"], true);
    let text = operation["description"].as_str().expect("words");
    assert!(
        text.starts_with(
            "Deprecated since 2026-09-01; answers until 2027-06-01. Use /v2/capabilities instead."
        )
    );
    assert!(marked["paths"]["/health/live"]["get"]["deprecated"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_deprecated_now() {
    let text = document().to_string();
    assert!(!text.contains("\"deprecated\":true"));
    let mut app = TestApp::start().await;
    let answer = app.http.get(format!("{}/v1/capabilities", app.base)).send().await.expect("answers");
    assert!(!answer.headers().contains_key("deprecation"));
    let told: Value = answer.json().await.expect("JSON");
    assert_eq!(told["api_versions"], json!([{"prefix": "/v1", "state": "current"}]));
    app.stop().await;
}
