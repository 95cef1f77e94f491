//! A hostile provider: the outcome, the number of attempts and the evidence of each fault.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use stata_service::adapters::clock::SystemClock;
use stata_service::app::llm::model as build_model;
use stata_service::app::options::{LlmOptions, LlmWire};
use stata_service::ports::clock::Clock;
use stata_service::ports::llm::{
    AnswerSchema, LlmCall, LlmCause, LlmFailure, LlmMeter, LlmReply, Message, Role, Structure, Usage,
};

use crate::support::app::TestApp;
use crate::support::provider::{Provider, model, scripted, with_model};
use crate::support::records::tenant;

/// Keeps what is metered.
#[derive(Default)]
struct Meter(Mutex<Vec<String>>);

impl LlmMeter for Meter {
    fn attempt(&self, provider: &str, _: &str, outcome: &str, _: Duration) {
        self.0.lock().expect("not poisoned").push(format!("{provider} {outcome}"));
    }
    fn retry(&self, _: &str) {}
    fn tokens(&self, _: &str, _: &str, _: Usage) {}
    fn breaker(&self, provider: &str, open: bool) {
        self.0.lock().expect("not poisoned").push(format!("{provider} breaker {open}"));
    }
}

fn call() -> LlmCall {
    let schema = json!({"type": "object", "additionalProperties": false, "required": ["x"],
        "properties": {"x": {"type": "integer"}}});
    LlmCall {
        purpose: "draft",
        tenant: tenant("default"),
        system: "state".to_owned(),
        messages: vec![Message { role: Role::User, content: "the question".to_owned() }],
        schema: AnswerSchema { name: "answer", schema },
        max_output_tokens: 500,
    }
}

pub(crate) async fn ask(options: &LlmOptions) -> (Result<LlmReply, LlmFailure>, Vec<String>) {
    let meter = Arc::new(Meter::default());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let as_meter: Arc<dyn LlmMeter> = Arc::clone(&meter) as _;
    let built = build_model(options, &clock, &as_meter).expect("builds");
    let outcome = built.llm.complete(&call()).await;
    let metered = meter.0.lock().expect("not poisoned").clone();
    (outcome, metered)
}

/// A provider with one fault, asked over both wire formats: the cause and the attempts of each.
async fn meets(fault: &str) -> Vec<Result<usize, (LlmCause, usize)>> {
    let mut outcomes = Vec::new();
    for wire in [LlmWire::OpenAi, LlmWire::Anthropic] {
        let provider = Provider::start(&format!("[[chaos]]\n{fault}")).await;
        let (outcome, metered) = ask(&model(vec![provider.endpoint(wire)])).await;
        let notes = match &outcome {
            Ok(reply) => &reply.attempts,
            Err(failure) => &failure.attempts,
        };
        assert_eq!(notes.len(), metered.len(), "each attempt is metered once: {metered:?}");
        let numbers: Vec<u32> = notes.iter().map(|note| note.attempt).collect();
        assert_eq!(numbers, (1..=notes.len() as u32).collect::<Vec<_>>());
        assert_eq!(notes.len() as u64, provider.calls().await, "each attempt is one request");
        outcomes.push(match outcome {
            Ok(reply) => Ok(reply.attempts.len()),
            Err(failure) => Err((failure.cause, failure.attempts.len())),
        });
    }
    outcomes
}

fn both<T: Clone>(one: T) -> Vec<T> {
    vec![one.clone(), one]
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses_are_retried_or_not_as_they_should_be() {
    let status = |status: u16, more: &str| format!("fault = {{ kind = 'status', status = {status}{more} }}");
    let quick = ", retry_after_ms = 5";
    for (code, cause) in [
        (408, LlmCause::ServerError),
        (409, LlmCause::ServerError),
        (429, LlmCause::RateLimited),
        (500, LlmCause::ServerError),
        (503, LlmCause::Overloaded),
        (529, LlmCause::Overloaded),
    ] {
        assert_eq!(meets(&status(code, quick)).await, both(Err((cause, 3))), "{code}");
    }
    for (code, cause) in [
        (400, LlmCause::InvalidRequest),
        (401, LlmCause::Authentication),
        (403, LlmCause::Forbidden),
        (404, LlmCause::ModelNotFound),
        (422, LlmCause::InvalidRequest),
    ] {
        assert_eq!(meets(&status(code, "")).await, both(Err((cause, 1))), "{code}");
    }
    let no_credit = status(429, ", code = 'insufficient_quota'");
    assert_eq!(meets(&no_credit).await[0], Err((LlmCause::QuotaExhausted, 1)), "waiting does not heal it");
    let overruled = status(500, ", should_retry = false");
    assert_eq!(meets(&overruled).await, both(Err((LlmCause::ServerError, 1))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_the_provider_asks_for_is_obeyed_and_a_very_long_one_ends_the_call() {
    let fault = |after: &str| {
        format!("first = 1\nfault = {{ kind = 'status', status = 429, retry_after = '{after}' }}")
    };
    let started = std::time::Instant::now();
    assert_eq!(meets(&fault("0.3")).await, both(Ok(2)));
    assert!(started.elapsed() >= Duration::from_millis(600), "two calls waited 0.3 s each");
    let date =
        (SystemClock.now() - chrono::Duration::seconds(5)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    assert_eq!(meets(&fault(&date)).await, both(Ok(2)), "a date that is past is no wait");
    assert_eq!(meets(&fault("86400")).await, both(Err((LlmCause::RateLimited, 1))));
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_answers_are_told_apart() {
    for (fault, cause, attempts) in [
        ("{ kind = 'truncate', after_bytes = 300 }", LlmCause::Truncated, 3),
        ("{ kind = 'reset', after_bytes = 300 }", LlmCause::Transport, 3),
        ("{ kind = 'stall', after_bytes = 300, ms = 60000 }", LlmCause::IdleTimeout, 3),
        ("{ kind = 'hang', ms = 60000 }", LlmCause::FirstByteTimeout, 3),
        ("{ kind = 'malformed' }", LlmCause::Protocol, 3),
        ("{ kind = 'html' }", LlmCause::Protocol, 3),
        ("{ kind = 'huge', bytes = 10000000 }", LlmCause::TooLarge, 1),
        ("{ kind = 'refusal' }", LlmCause::Refused, 1),
    ] {
        assert_eq!(meets(&format!("fault = {fault}")).await, both(Err((cause, attempts))), "{fault}");
    }
    let inside = meets("fault = { kind = 'error_inside' }").await;
    assert!(
        inside.iter().all(|o| matches!(o, Err((LlmCause::ServerError | LlmCause::Overloaded, 3)))),
        "{inside:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_bytes_and_noise_in_a_stream_do_no_harm() {
    assert_eq!(meets("fault = { kind = 'slow', bytes = 3, ms = 0 }").await, both(Ok(1)));
    assert_eq!(meets("fault = { kind = 'noise' }").await, both(Ok(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_ends_is_bounded_by_the_total_time() {
    let provider = Provider::start("[[chaos]]\nfault = { kind = 'slow', bytes = 1, ms = 50 }").await;
    let mut options = model(vec![provider.endpoint(LlmWire::OpenAi)]);
    options.timeout = Duration::from_millis(800);
    let failure = ask(&options).await.0.expect_err("too slow");
    assert_eq!((failure.cause, failure.attempts.len()), (LlmCause::TotalTimeout, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_schemas_is_asked_for_plain_json() {
    let provider = Provider::start("supports_json_schema = false").await;
    let reply = ask(&model(vec![provider.endpoint(LlmWire::OpenAi)])).await.0.expect("answers");
    assert_eq!(reply.structure, Structure::JsonObject);
    assert!(serde_json::from_str::<serde_json::Value>(&reply.text).is_ok(), "{}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_provider_answers_where_the_first_fails_and_is_named() {
    let down =
        Provider::start("[[chaos]]\nfault = { kind = 'status', status = 500, retry_after_ms = 1 }").await;
    let up = Provider::start("").await;
    let endpoints = vec![down.endpoint(LlmWire::OpenAi), up.endpoint(LlmWire::Anthropic)];
    let reply = ask(&model(endpoints)).await.0.expect("answers");
    let seen: Vec<(u32, &str, &str)> =
        reply.attempts.iter().map(|n| (n.attempt, n.provider.as_str(), n.outcome.as_str())).collect();
    assert_eq!(reply.provider, "anthropic");
    assert_eq!(
        seen,
        [
            (1, "openai", "server_error"),
            (2, "openai", "server_error"),
            (3, "openai", "server_error"),
            (4, "anthropic", "answered")
        ]
    );
    let refuses = Provider::start("[[chaos]]\nfault = { kind = 'refusal' }").await;
    let endpoints = vec![refuses.endpoint(LlmWire::OpenAi), up.endpoint(LlmWire::Anthropic)];
    let failure = ask(&model(endpoints)).await.0.expect_err("a refusal is an answer");
    assert_eq!(failure.cause, LlmCause::Refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_breaker_opens_after_failures_in_a_row_and_answers_at_once() {
    let provider =
        Provider::start("[[chaos]]\nfault = { kind = 'status', status = 503, retry_after_ms = 1 }").await;
    let mut options = model(vec![provider.endpoint(LlmWire::OpenAi)]);
    options.max_attempts = 8;
    let (outcome, metered) = ask(&options).await;
    let failure = outcome.expect_err("down");
    assert_eq!(failure.cause, LlmCause::BreakerOpen);
    assert_eq!(provider.calls().await, 5, "no request leaves once the breaker is open");
    assert!(metered.contains(&"openai breaker true".to_owned()), "{metered:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_budget_of_tokens_ends_with_the_day() {
    let provider = Provider::start("").await;
    let mut options = model(vec![provider.endpoint(LlmWire::OpenAi)]);
    options.tokens_per_day = 1;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let meter: Arc<dyn LlmMeter> = Arc::new(Meter::default());
    let llm = build_model(&options, &clock, &meter).expect("builds").llm;
    llm.complete(&call()).await.expect("the first call may pass the line");
    let failure = llm.complete(&call()).await.expect_err("used up");
    assert_eq!(failure.cause, LlmCause::Budget);
    assert!(failure.retry_after.is_some_and(|wait| wait <= Duration::from_secs(86_400)));
    let other = LlmCall { tenant: tenant("other"), ..call() };
    llm.complete(&other).await.expect("another tenant's budget");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_and_an_absent_server_fail_at_once_with_their_causes() {
    let provider = Provider::start("").await;
    let mut endpoint = provider.endpoint(LlmWire::OpenAi);
    endpoint.api_key = "sk-wrong".to_owned().into();
    let failure = ask(&model(vec![endpoint])).await.0.expect_err("refused");
    assert_eq!((failure.cause, failure.attempts.len()), (LlmCause::Authentication, 1));
    let mut endpoint = provider.endpoint(LlmWire::OpenAi);
    // the discard port: nothing listens there
    endpoint.base_url = "http://127.0.0.1:9/v1".to_owned();
    let failure = ask(&model(vec![endpoint])).await.0.expect_err("nobody there");
    assert_eq!(failure.cause, LlmCause::Connect);
    let mut endpoint = provider.endpoint(LlmWire::OpenAi);
    endpoint.base_url = endpoint.base_url.replace("http://", "https://");
    let failure = ask(&model(vec![endpoint])).await.0.expect_err("no TLS there");
    assert!(matches!(failure.cause, LlmCause::Tls | LlmCause::Connect), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_draft_names_its_cause_the_same_way_each_time() {
    let chaos = "[[chaos]]\nfault = { kind = 'status', status = 500, retry_after_ms = 1 }";
    let provider =
        Provider::start(&format!("{}{chaos}", scripted(&[], &[]).replace("answers = []", "answers = ['x']")))
            .await;
    let mut app = TestApp::start_with(with_model(provider.endpoint(LlmWire::OpenAi))).await;
    let job = super::drafts::uploaded(&app).await;
    let first = app.get(&job, "/draft/preview").await.refused(502, "LLM_CALL_FAILED");
    assert_eq!(
        (&first["context"]["cause"], &first["context"]["attempts"]),
        (&json!("server_error"), &json!(3))
    );
    let calls = provider.calls().await;
    let second = app.get(&job, "/draft/preview").await.refused(502, "LLM_CALL_FAILED");
    assert_eq!((&second["context"], provider.calls().await), (&first["context"], calls));
    let metrics = app.http.get(format!("{}/metrics", app.base)).send().await.expect("answers");
    let metrics = metrics.text().await.expect("a body");
    let line = "ss_llm_requests_total{model=\"simulated\",outcome=\"server_error\",provider=\"openai\"} 3";
    assert!(metrics.contains(line), "{metrics}");
    app.put(&job, "/draft", &json!({"outcome_var": "log_pay", "roles": {"regressors": ["age"]}})).await.ok();
    assert_eq!(app.get(&job, "/draft/preview").await.ok()["source"], "client");
    app.stop().await;
}
