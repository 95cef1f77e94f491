//! Equal requests at several servers at once: each is carried out once.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use stata_service::app::options::LlmWire;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::support::{Job, Shared};
use crate::llm::drafts::{CHOICE, DRAFT};
use crate::support::app::{ADMIN_KEY, Answer, PATIENCE};
use crate::support::program::{Program, Start};
use crate::support::provider::{PROVIDER_KEY, Provider, scripted};

const CODES: &str = "/v1/admin/task-codes";
const CLAIMS: &str = "SELECT count(*)::text FROM ss.claims_of_work";

async fn with_key(server: &Program, key: &str) -> Answer {
    let request = server.request(Method::POST, CODES, ADMIN_KEY).header("Idempotency-Key", key);
    Answer::of(request.json(&json!({"count": 1}))).await
}

/// Waits until the database's answer is this.
async fn until(shared: &Shared, sql: &str, answer: &[&str]) {
    let deadline = Instant::now() + PATIENCE;
    while shared.sql(sql) != answer {
        assert!(Instant::now() < deadline, "{sql} is not {answer:?} but {:?}", shared.sql(sql));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A request whose body is not complete.
async fn begun(server: &Program, key: &str) -> TcpStream {
    let address = server.base.strip_prefix("http://").expect("plain");
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let head = format!(
        "POST {CODES} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {ADMIN_KEY}\r\nIdempotency-Key: {key}\r\n\
         Content-Type: application/json\r\nContent-Length: 11\r\nConnection: close\r\n\r\n{{\"count\""
    );
    stream.write_all(head.as_bytes()).await.expect("is sent");
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_with_one_key_at_two_servers_run_once() {
    let Some(shared) = Shared::new() else { return };
    let (one, two) =
        tokio::task::block_in_place(|| (shared.server("one", "api").go(), shared.server("two", "api").go()));
    let keys: Vec<String> = (0..20).map(|n| format!("key-{n}")).collect();
    let servers = [&one, &two, &one, &two];
    let sent = keys.iter().flat_map(|key| servers.map(|server| with_key(server, key)));
    let answers = futures_util::future::join_all(sent).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, keys.len());
    // the answer is a secret, which is given once
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.refused(409, "IDEMPOTENCY_SECRET_NOT_REPLAYABLE");
    }
    assert_eq!(shared.sql("SELECT count(*)::text FROM ss.task_codes"), ["20"]);

    // one that is under way elsewhere, until it has its answer
    until(&shared, CLAIMS, &["0"]).await;
    let mut under_way = begun(&one, "slow").await;
    until(&shared, CLAIMS, &["1"]).await;
    let later = with_key(&two, "slow").await;
    assert_eq!(later.headers["retry-after"], "1");
    later.refused(409, "IDEMPOTENCY_IN_PROGRESS");
    with_key(&two, "another").await.ok();
    under_way.write_all(b":1}").await.expect("is sent");
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut under_way, &mut answer).await.expect("is answered");
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    with_key(&two, "slow").await.refused(409, "IDEMPOTENCY_SECRET_NOT_REPLAYABLE");

    // one whose client went away gives its claim back
    until(&shared, CLAIMS, &["0"]).await;
    let gone = begun(&one, "gone").await;
    until(&shared, CLAIMS, &["1"]).await;
    drop(gone);
    until(&shared, CLAIMS, &["0"]).await;
    with_key(&two, "gone").await.ok();

    // and one whose server is gone ends with its lease
    until(&shared, CLAIMS, &["0"]).await;
    let _under_way = begun(&one, "lost").await;
    until(&shared, CLAIMS, &["1"]).await;
    tokio::task::block_in_place(|| one.kill());
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = with_key(&two, "lost").await;
        if answer.status == 201 {
            break;
        }
        answer.refused(409, "IDEMPOTENCY_IN_PROGRESS");
        assert!(Instant::now() < deadline, "the claim of a lost server ends");
    }
    assert_eq!(shared.sql("SELECT count(*)::text FROM ss.task_codes"), ["24"]);
    tokio::task::block_in_place(|| assert!(two.end().success()));
}

fn with_model(start: Start, provider: &Provider) -> Start {
    start
        .with("SS_LLM_PROVIDER", "openai")
        .with("SS_LLM_BASE_URL", &provider.endpoint(LlmWire::OpenAi).base_url)
        .with("SS_LLM_API_KEY", PROVIDER_KEY)
        .with("SS_LLM_MODEL", "simulated")
}

#[tokio::test(flavor = "multi_thread")]
async fn pollers_of_two_servers_cause_one_call_of_the_model() {
    let Some(shared) = Shared::new() else { return };
    let slow = "[latency]\nfirst_token = { kind = 'fixed', ms = 500.0 }\n";
    let provider = Provider::start(&format!("{}{slow}", scripted(&[DRAFT], &[CHOICE]))).await;
    let (one, two) = tokio::task::block_in_place(|| {
        let [one, two] = ["one", "two"].map(|name| with_model(shared.server(name, "api"), &provider).go());
        (one, two)
    });
    let job = Job::new(&one, &two).await;
    one.upload(job.path.strip_prefix("/v1/jobs/").expect("a path"), &job.token, super::support::PAY)
        .await
        .ok();
    let deadline = Instant::now() + PATIENCE;
    let polled = async |server: &Program| loop {
        let path = format!("{}/draft/preview", job.path);
        let answer = server.call(Method::GET, &path, &job.token, &json!({})).await;
        if answer.status == 200 {
            break answer.ok()["draft_id"].clone();
        }
        assert_eq!(answer.status, 202, "{}", answer.body);
        assert!(Instant::now() < deadline, "{}", answer.body);
    };
    let pollers = (0..8).map(|n| polled(if n % 2 == 0 { &one } else { &two }));
    let drafts = futures_util::future::join_all(pollers).await;
    assert!(drafts.iter().all(|id| *id == drafts[0] && id.is_string()), "{drafts:?}");
    assert_eq!(provider.calls().await, 2, "one for the statement, one for the choice");
    until(&shared, CLAIMS, &["0"]).await;
    tokio::task::block_in_place(|| {
        for server in [one, two] {
            assert!(server.end().success());
        }
    });
}
