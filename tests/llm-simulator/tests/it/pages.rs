//! What browsers see: CORS and security headers.

use reqwest::{Method, Response};

use crate::support::*;

async fn ask(base: &str, method: Method, origin: &str) -> Response {
    let request = client()
        .request(method, format!("{base}/v1/chat/completions"))
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization");
    request.send().await.unwrap()
}

#[tokio::test]
async fn pages_may_call_only_where_they_are_listed() {
    let closed = start(settings("")).await;
    let refused = ask(&closed, Method::OPTIONS, "https://app.example").await;
    assert_eq!(refused.status(), 405);
    assert!(!refused.headers().contains_key("access-control-allow-origin"));
    let open = start(settings("keys = ['k']\n[cors]\norigins = ['https://app.example']")).await;
    let preflight = ask(&open, Method::OPTIONS, "https://app.example").await;
    assert_eq!(preflight.status(), 204, "a preflight shows no key");
    assert_eq!(preflight.headers()["access-control-allow-origin"], "https://app.example");
    let allowed = preflight.headers()["access-control-allow-headers"].to_str().unwrap();
    assert!(allowed.contains("authorization") && allowed.contains("anthropic-version"), "{allowed}");
    assert!(!preflight.headers().contains_key("access-control-allow-credentials"));
    let other = ask(&open, Method::OPTIONS, "https://other.example").await;
    assert!(!other.headers().contains_key("access-control-allow-origin"));
    let refused = ask(&open, Method::POST, "https://app.example").await;
    assert_eq!(refused.status(), 401);
    assert_eq!(
        refused.headers()["access-control-allow-origin"],
        "https://app.example",
        "a page can read why it was refused"
    );
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let base = start(settings("")).await;
    for path in ["/health", "/metrics", "/v1/models", "/nowhere", "/admin/keys"] {
        let answer = get(&format!("{base}{path}")).await;
        let headers = answer.headers();
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        assert!(headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
        assert!(!headers.contains_key("server") && !headers.contains_key("strict-transport-security"));
    }
    let streamed = {
        let mut body = chat("x");
        body["stream"] = true.into();
        post(&format!("{base}/v1/chat/completions"), &body, &[]).await
    };
    assert_eq!(streamed.headers()["x-frame-options"], "DENY");
    assert_eq!(streamed.headers()["content-type"], "text/event-stream");
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused() {
    for (toml, named) in [
        ("[cors]\norigins = ['app.example']", "cors"),
        ("trusted_proxies = ['here']", "trusted_proxies"),
        ("[limits]\nrequests_per_second = -1.0", "limits"),
        ("[limits]\nburst = 0", "limits"),
        ("[telemetry]\nsample_ratio = 2.0", "telemetry"),
        ("[[chaos]]\nprobability = 1.5\nfault = { kind = 'html' }", "chaos"),
        ("[[chaos]]\nfault = { kind = 'status', status = 200 }", "chaos"),
        ("[[scripts]]\ncontains = 'x'\nanswers = []", "scripts"),
        ("[latency]\nfirst_token = { kind = 'normal', mean_ms = 1.0, sd_ms = -1.0 }", "latency"),
    ] {
        let parsed: llm_simulator::Settings = toml::from_str(toml).unwrap();
        assert!(parsed.check().unwrap_err().starts_with(named), "{toml}");
    }
    for unknown in ["sed = 1", "[limits]\nper_second = 1", "[[chaos]]\nfault = { kind = 'flood' }"] {
        assert!(toml::from_str::<llm_simulator::Settings>(unknown).is_err(), "{unknown}");
    }
}
