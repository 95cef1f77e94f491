//! Clients that never give up: each walks jobs through their life, repeats what was not answered, and keeps
//! a journal of what was. Whatever the journal holds must be true after any fault.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::Rng;
use crate::support::app::{ADMIN_KEY, http_client};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

/// What was acknowledged of one job.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub job: String,
    pub token: String,
    /// The highest version that any answer told.
    pub version: u64,
    pub fingerprint: Option<String>,
    /// Text of the last draft that was answered.
    pub draft_text: Option<String>,
    pub plan_id: Option<String>,
    pub run_asked: bool,
    /// A cancel was sent; a kill may have taken its answer away, so that the repeat finds it done (409).
    pub cancel_sent: bool,
}

/// What clients and the test share.
#[derive(Default)]
pub(super) struct Journal {
    pub base: RwLock<String>,
    pub stop: AtomicBool,
    /// Held by each request; who takes it whole has the clients wait.
    pub under_way: tokio::sync::RwLock<()>,
    /// Answers that were noted.
    pub acknowledged: AtomicU64,
    pub jobs: Mutex<Vec<Arc<Mutex<Facts>>>>,
    codes: Mutex<Vec<String>>,
}

impl Journal {
    /// The facts of every job so far.
    pub(super) fn facts(&self) -> Vec<Facts> {
        let jobs = self.jobs.lock().expect("not poisoned");
        jobs.iter().map(|facts| facts.lock().expect("not poisoned").clone()).collect()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base.read().expect("not poisoned"))
    }
}

/// An answer, or nothing where the connection broke.
async fn answer(request: RequestBuilder) -> Option<(u16, Value)> {
    let response = request.timeout(Duration::from_secs(20)).send().await.ok()?;
    let status = response.status().as_u16();
    let body = response.bytes().await.ok()?;
    Some((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

/// Repeats a request until it is answered; `None` when the clients are told to stop.
async fn insist(
    journal: &Journal,
    request: impl Fn(&reqwest::Client) -> RequestBuilder,
) -> Option<(u16, Value)> {
    let http = http_client();
    while !journal.stop.load(Ordering::SeqCst) {
        let answered = {
            let _under_way = journal.under_way.read().await;
            answer(request(&http)).await
        };
        match answered {
            // The service refused before it did anything, or is going down: come again.
            Some((429 | 503, _)) | None => tokio::time::sleep(Duration::from_millis(5)).await,
            Some(answered) => {
                journal.acknowledged.fetch_add(1, Ordering::SeqCst);
                return Some(answered);
            }
        }
    }
    None
}

/// Takes an unused code, making more where none is left.
async fn code(journal: &Journal) -> Option<String> {
    let taken = journal.codes.lock().expect("not poisoned").pop();
    if taken.is_some() {
        return taken;
    }
    let (status, made) = insist(journal, |http| {
        let request = http.post(journal.url("/v1/admin/task-codes")).bearer_auth(ADMIN_KEY);
        request.json(&json!({"count": 20}))
    })
    .await?;
    assert!((200..300).contains(&status), "{status} {made}");
    let codes = made["task_codes"].as_array().expect("a list").iter();
    let codes = codes.map(|c| c["task_code"].as_str().expect("a code").to_owned());
    journal.codes.lock().expect("not poisoned").extend(codes);
    journal.codes.lock().expect("not poisoned").pop()
}

/// One job's client.
struct Client<'a> {
    journal: &'a Journal,
    facts: Arc<Mutex<Facts>>,
}

impl Client<'_> {
    fn note(&self, change: impl FnOnce(&mut Facts)) {
        change(&mut self.facts.lock().expect("not poisoned"));
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        let (job, token) = {
            let facts = self.facts.lock().expect("not poisoned");
            (facts.job.clone(), facts.token.clone())
        };
        insist(self.journal, |http| {
            let url = self.journal.url(&format!("/v1/jobs/{job}{path}"));
            let request = http.request(method.clone(), url).bearer_auth(&token);
            match body {
                Some(body) => request.json(body),
                None => request,
            }
        })
        .await
    }

    async fn done(&self, method: Method, path: &str, body: &Value) -> Option<Value> {
        let (status, answered) = self.ask(method, path, Some(body)).await?;
        assert!((200..300).contains(&status), "{path}: {status} {answered}");
        Some(answered)
    }

    /// Reads the job; no answer may be older than one before.
    async fn look(&self) -> Option<Value> {
        let (status, job) = self.ask(Method::GET, "", None).await?;
        assert_eq!(status, 200, "{job}");
        let version = job["version"].as_u64().expect("a version");
        self.note(|facts| {
            assert!(version >= facts.version, "{}: {version} after {}", facts.job, facts.version);
            facts.version = version;
        });
        Some(job)
    }

    async fn upload(&self) -> Option<()> {
        let (job, token) = {
            let facts = self.facts.lock().expect("not poisoned");
            (facts.job.clone(), facts.token.clone())
        };
        let (status, inputs) = insist(self.journal, |http| {
            let form = Form::new().part("file", Part::bytes(PAY.as_bytes()).file_name("pay.csv"));
            let url = self.journal.url(&format!("/v1/jobs/{job}/inputs/upload"));
            http.post(url).bearer_auth(&token).multipart(form)
        })
        .await?;
        assert!(status == 200 || status == 202, "{status} {inputs}");
        let fingerprint = inputs["fingerprint"].as_str().map(str::to_owned);
        self.note(|facts| facts.fingerprint = fingerprint);
        Some(())
    }

    /// From the upload to the request of a run.
    async fn prepare(&self, name: &str) -> Option<()> {
        self.upload().await?;
        let text = |n: u32| format!("draft {n} of {name}");
        let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay", "draft_text": text(1),
                           "roles": {"regressors": ["schooling"]}});
        self.done(Method::PUT, "/draft", &draft).await?;
        self.note(|facts| facts.draft_text = Some(text(1)));
        self.look().await?;
        let patch = json!({"field_updates": {"draft_text": text(2)}});
        self.done(Method::POST, "/draft/patch", &patch).await?;
        self.note(|facts| facts.draft_text = Some(text(2)));
        self.look().await?;
        let plan = self.done(Method::POST, "/plan/freeze", &json!({})).await?;
        let plan_id = plan["plan"]["plan_id"].as_str().expect("an id").to_owned();
        self.note(|facts| facts.plan_id = Some(plan_id));
        self.done(Method::POST, "/run", &json!({})).await?;
        self.note(|facts| facts.run_asked = true);
        Some(())
    }

    /// Waits for the end of the job, or cancels it on the way.
    async fn follow(&self, dice: &mut Rng) -> Option<()> {
        let cancel = dice.below(8) == 0;
        let mut looks = 0;
        loop {
            let job = self.look().await?;
            if ["succeeded", "failed", "cancelled"].contains(&job["status"].as_str().expect("a status")) {
                return Some(());
            }
            looks += 1;
            if cancel && looks == 5 {
                self.note(|facts| facts.cancel_sent = true);
                let (status, answered) = self.ask(Method::POST, "/cancel", Some(&json!({}))).await?;
                // 409: it ended a moment before.
                assert!([200, 202, 409].contains(&status), "{status} {answered}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Walks one job after the other until told to stop. At most `ahead` seconds are spent on one job's end:
/// a job that waits for its retry holds nobody up.
pub(super) async fn walk(journal: Arc<Journal>, mut dice: Rng) {
    let mut n = 0;
    while !journal.stop.load(Ordering::SeqCst) {
        n += 1;
        let Some(code) = code(&journal).await else { return };
        let name = format!("{code}-{n}");
        let Some((status, redeemed)) = insist(&journal, |http| {
            let body = json!({"task_code": code, "requirement": name});
            http.post(journal.url("/v1/task-codes/redeem")).json(&body)
        })
        .await
        else {
            return;
        };
        assert_eq!(status, 200, "{redeemed}");
        let facts = Arc::new(Mutex::new(Facts {
            job: redeemed["job_id"].as_str().expect("an id").to_owned(),
            token: redeemed["token"].as_str().expect("a token").to_owned(),
            ..Facts::default()
        }));
        journal.jobs.lock().expect("not poisoned").push(Arc::clone(&facts));
        let client = Client { journal: &journal, facts };
        if client.prepare(&name).await.is_none() {
            return;
        }
        // A job that waits for its retry holds nobody up for long; without a bound clients would queue jobs faster than a slow
        // machine runs them, and the newest would never be the one that runs.
        let _ = tokio::time::timeout(Duration::from_secs(3), client.follow(&mut dice)).await;
    }
}

/// Everything in the journal is true of the service at `base`; returns the job.
pub(super) async fn check(base: &str, facts: &Facts) -> Value {
    let http = http_client();
    let get = |path: &str| http.get(format!("{base}/v1/jobs/{}{path}", facts.job)).bearer_auth(&facts.token);
    let (status, job) = answer(get("")).await.expect("answers");
    assert_eq!(status, 200, "{}: {job}", facts.job);
    assert!(job["version"].as_u64() >= Some(facts.version), "{facts:?}: {job}");
    if let Some(fingerprint) = &facts.fingerprint {
        assert_eq!(&job["inputs"]["fingerprint"], fingerprint, "{facts:?}");
    }
    if let Some(text) = &facts.draft_text {
        let (_, draft) = answer(get("/draft/preview")).await.expect("answers");
        let found = draft["draft_text"].as_str().expect("a draft");
        // a client at work may have sent its second draft since the journal was read
        let second = text.replacen("draft 1 of", "draft 2 of", 1);
        assert!(found == text || found == second, "{facts:?}: {found}");
    }
    if let Some(plan_id) = &facts.plan_id {
        assert_eq!(&job["plan"]["plan_id"], plan_id, "{facts:?}");
    }
    if facts.run_asked {
        let status = job["status"].as_str().expect("a status");
        assert!(
            ["queued", "running", "succeeded", "failed", "cancelled"].contains(&status),
            "{facts:?}: {status}"
        );
    }
    job
}

/// Reads the attempts of a job.
pub(super) async fn runs(base: &str, facts: &Facts) -> Vec<Value> {
    let http = http_client();
    let request = http.get(format!("{base}/v1/jobs/{}/runs", facts.job)).bearer_auth(&facts.token);
    let (status, body) = answer(request).await.expect("answers");
    assert_eq!(status, 200, "{body}");
    body["runs"].as_array().expect("a list").clone()
}
