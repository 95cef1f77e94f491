//! How the service meets its clients: headers, rates, CORS, proxies, bounds on head, body and time.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::app::{ADMIN_KEY, Answer, TestApp};

/// Sends bytes as they are and reads until the service closes the connection.
async fn raw(app: &TestApp, bytes: &[u8]) -> String {
    let address: SocketAddr = app.base.trim_start_matches("http://").parse().expect("an address");
    let mut stream = TcpStream::connect(address).await.expect("connects");
    // The service may have answered and closed before all is sent.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    // A connection that the service resets after its answer is one that it has closed.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_protecting_headers() {
    let mut app = TestApp::start().await;
    for path in ["/health/live", "/metrics", "/v1/capabilities", "/v1/openapi.json", "/v1/jobs", "/nothing"] {
        for credential in [None, Some(ADMIN_KEY)] {
            let mut request = app.http.get(format!("{}{path}", app.base));
            if let Some(key) = credential {
                request = request.bearer_auth(key);
            }
            let headers = request.send().await.expect("answers").headers().clone();
            let has = |name: &str, value: &str| {
                assert_eq!(headers.get(name).and_then(|v| v.to_str().ok()), Some(value), "{path}: {name}");
            };
            has("x-content-type-options", "nosniff");
            has("x-frame-options", "DENY");
            has("referrer-policy", "no-referrer");
            has("cross-origin-opener-policy", "same-origin");
            has("cross-origin-resource-policy", "same-origin");
            assert!(
                headers["content-security-policy"].to_str().is_ok_and(|v| v.contains("default-src 'none'"))
            );
            assert!(headers.contains_key("permissions-policy"));
            assert!(headers["cache-control"].to_str().is_ok_and(|v| v.contains("no-store")), "{path}");
            for name in ["server", "strict-transport-security", "access-control-allow-origin"] {
                assert!(!headers.contains_key(name), "{path}: {name}");
            }
        }
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_credential_has_a_bucket_of_its_own_and_probes_have_none() {
    let mut app = TestApp::start_with(|options| options.edge.credential = (1, 3)).await;
    let get = async |key: &str| Answer::of(app.request(Method::GET, "/v1/templates?limit=1", key)).await;
    let made = app.request(Method::POST, "/v1/admin/api-keys", ADMIN_KEY);
    let made = Answer::of(made.json(&json!({"role": "viewer"}))).await.ok();
    let other = made["api_key"].as_str().expect("a key").to_owned();
    let mut seen = Vec::new();
    for _ in 0..6 {
        let answer = get(&other).await;
        assert!(
            answer.headers["ratelimit-policy"].to_str().is_ok_and(|v| v.contains("\"credential\";q=3;w=3"))
        );
        assert!(answer.headers["ratelimit"].to_str().is_ok_and(|v| v.contains("\"credential\";r=")));
        seen.push(answer.status.as_u16());
        if answer.status == 429 {
            assert!(
                answer.headers["retry-after"].to_str().is_ok_and(|v| v.parse::<u64>().is_ok_and(|s| s >= 1))
            );
            let body = answer.refused(429, "RATE_LIMITED");
            assert_eq!((&body["retryable"], &body["context"]["limit"]), (&json!(true), &json!("credential")));
        }
    }
    assert!(seen[..3].iter().all(|s| *s != 429) && seen.contains(&429), "{seen:?}");
    assert_ne!(get(ADMIN_KEY).await.status, 429, "another credential is not touched");
    for _ in 0..20 {
        let probe = app.http.get(format!("{}/health/live", app.base)).send().await.expect("answers");
        assert!(probe.status().is_success() && !probe.headers().contains_key("ratelimit"));
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_and_addresses_are_limited_and_forwarded_addresses_count_only_from_trusted_proxies() {
    for (trusted, expected) in [(false, 429), (true, 200)] {
        let mut app = TestApp::start_with(|options| {
            options.edge.address = (1, 4);
            if trusted {
                options.edge.trusted_proxies = vec!["127.0.0.0/8".to_owned()];
            }
        })
        .await;
        let mut last = 0;
        for n in 0..10 {
            let request = app.http.get(format!("{}/v1/capabilities", app.base));
            let request = request.header("X-Forwarded-For", format!("192.0.2.{n}"));
            last = request.send().await.expect("answers").status().as_u16();
        }
        assert_eq!(last, expected, "trusted: {trusted}");
        app.stop().await;
    }
    let mut app = TestApp::start_with(|options| options.edge.tenant = (1, 2)).await;
    let mut refused = 0;
    for _ in 0..6 {
        let answer = Answer::of(app.request(Method::GET, "/v1/jobs", ADMIN_KEY)).await;
        refused += usize::from(answer.status == 429 && answer.body["context"]["limit"] == "tenant");
    }
    assert!(refused >= 2, "{refused}");
    let elsewhere = app.request(Method::GET, "/v1/jobs", ADMIN_KEY).header("X-SS-Tenant-ID", "acme");
    Answer::of(elsewhere).await.ok();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_listed_origins_may_call_and_others_may_not() {
    let mut app =
        TestApp::start_with(|options| options.edge.origins = vec!["https://a.example".to_owned()]).await;
    let preflight = async |origin: &str| {
        let request = app.http.request(Method::OPTIONS, format!("{}/v1/jobs/x/draft", app.base));
        let request = request.header("Origin", origin).header("Access-Control-Request-Method", "PUT");
        request
            .header("Access-Control-Request-Headers", "authorization,if-match")
            .send()
            .await
            .expect("answers")
    };
    let allowed = preflight("https://a.example").await;
    assert!(allowed.status().is_success());
    let headers = allowed.headers();
    assert_eq!(headers["access-control-allow-origin"], "https://a.example");
    assert!(
        headers["access-control-allow-headers"].to_str().is_ok_and(|v| v.to_lowercase().contains("if-match"))
    );
    assert!(!headers.contains_key("access-control-allow-credentials"));
    let refused = preflight("https://b.example").await;
    assert!(!refused.headers().contains_key("access-control-allow-origin"));
    let request = app.request(Method::GET, "/v1/jobs", ADMIN_KEY).header("Origin", "https://a.example");
    let answer = Answer::of(request).await;
    assert_eq!(answer.headers["access-control-allow-origin"], "https://a.example");
    let exposed = answer.headers["access-control-expose-headers"].to_str().expect("text").to_lowercase();
    for name in ["etag", "retry-after", "ratelimit", "x-trace-id", "idempotency-replayed"] {
        assert!(exposed.contains(name), "{name} in {exposed}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_beyond_the_bounds_are_refused_with_a_problem() {
    let mut app = TestApp::start().await;
    let long = format!("/v1/jobs?client_ref={}", "x".repeat(9_000));
    let body = Answer::of(app.request(Method::GET, &long, ADMIN_KEY)).await.refused(414, "URI_TOO_LONG");
    assert_eq!(body["context"]["limit_bytes"], 8192);
    let mut many = app.request(Method::GET, "/v1/jobs", ADMIN_KEY);
    for n in 0..150 {
        many = many.header(format!("x-{n}"), "1");
    }
    Answer::of(many).await.refused(431, "HEADERS_TOO_LARGE");
    let large = app.request(Method::GET, "/v1/jobs", ADMIN_KEY).header("x-large", "y".repeat(40_000));
    Answer::of(large).await.refused(431, "HEADERS_TOO_LARGE");
    // beyond what is read at all
    let huge = format!("GET /v1/jobs HTTP/1.1\r\nhost: x\r\nx-huge: {}\r\n\r\n", "z".repeat(200_000));
    let answer = raw(&app, huge.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_heads_are_cut_off_and_slow_bodies_are_told() {
    let mut app = TestApp::start_with(|options| {
        options.edge.header_timeout = Duration::from_millis(300);
        options.edge.body_timeout = Duration::from_millis(300);
    })
    .await;
    let head = raw(&app, b"GET /v1/jobs HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
    assert!(!head.contains("200 OK"), "{head}");
    let body = raw(
        &app,
        b"POST /v1/task-codes/redeem HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"task",
    )
    .await;
    assert!(body.starts_with("HTTP/1.1 408") && body.contains("REQUEST_TIMEOUT"), "{body}");
    let live = app.http.get(format!("{}/health/live", app.base)).send().await.expect("answers");
    assert!(live.status().is_success());
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_body_is_bounded_by_its_expanded_size() {
    let mut app = TestApp::start().await;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(b"{\"task_code\":\"").expect("packs");
    packer.write_all(&vec![b'x'; 100 << 20]).expect("packs");
    let bomb = packer.finish().expect("packs");
    assert!(bomb.len() < 200_000);
    let request = app.http.post(format!("{}/v1/task-codes/redeem", app.base));
    let request = request.header("Content-Type", "application/json").header("Content-Encoding", "gzip");
    let refused = Answer::of(request.body(bomb)).await.refused(413, "PAYLOAD_TOO_LARGE");
    assert_eq!(refused["context"]["limit_bytes"], 1 << 20);
    app.stop().await;
}

#[tokio::test]
async fn the_rates_for_benchmarks_are_settings_and_nothing_else() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("performance/limits.toml");
    let flags = stata_service::config::Flags { config: Some(file), values: Vec::new() };
    let host = stata_service::config::Host { cores: 2, first_process: false, container: false };
    let settings = stata_service::config::load_from(&flags, Vec::new(), host).expect("valid");
    assert_eq!(settings.limits.credential_burst, 1_000_000);
    assert!(
        settings
            .shown
            .iter()
            .filter(|s| s.origin != "default")
            .all(|s| { s.key.starts_with("limits.") || s.key == "http.max_connections_per_address" })
    );
}
