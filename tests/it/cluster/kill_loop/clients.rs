//! Clients that never give up: each walks jobs through their life at whichever server answers, repeats what was not answered on
//! the condition that the job is still as it was read, and checks that nothing that was answered is ever taken back.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::multipart::{Form, Part};
use reqwest::{Client as Http, Method, RequestBuilder};
use serde_json::{Value, json};

use super::super::support::PAY;
use super::fleet::Fleet;
use super::results::{Files, check_results};
use crate::faults::Rng;
use crate::support::app::{ADMIN_KEY, http_client};

/// Longest wait for an answer: a server that is stopped gives none.
const ANSWER: Duration = Duration::from_secs(10);
/// Longest life of a job while servers come and go. It waits for four attempts at most.
const LIFE: Duration = Duration::from_secs(900);

/// What was acknowledged of one job.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub job: String,
    token: String,
    version: u64,
    fingerprint: Option<String>,
    plan_id: Option<String>,
    run_asked: bool,
    cancel_sent: bool,
    /// The state in which it was found after its end.
    ended: Option<String>,
}

/// What clients and the test share.
pub(super) struct Journal {
    pub fleet: Fleet,
    pub stop: AtomicBool,
    /// Answers that were noted.
    pub acknowledged: AtomicU64,
    pub jobs: Mutex<Vec<Arc<Mutex<Facts>>>>,
    /// The files of a job that ran undisturbed.
    pub files: Files,
    http: Http,
}

impl Journal {
    pub(super) fn new(fleet: Fleet) -> Self {
        Self {
            fleet,
            stop: AtomicBool::new(false),
            acknowledged: AtomicU64::new(0),
            jobs: Mutex::default(),
            files: Files::default(),
            http: http_client(),
        }
    }

    /// Every job so far.
    pub(super) fn jobs(&self) -> Vec<Arc<Mutex<Facts>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Repeats a request at one server or another until it is answered; `None` when the clients are to stop.
    async fn insist(
        &self,
        dice: &mut Rng,
        request: impl Fn(&Http, &str) -> RequestBuilder,
    ) -> Option<(u16, Vec<u8>)> {
        while !self.stop.load(Ordering::SeqCst) {
            let asked = request(&self.http, &self.fleet.base(dice)).timeout(ANSWER).send().await;
            let answered = match asked {
                Ok(response) => {
                    let status = response.status().as_u16();
                    response.bytes().await.ok().map(|body| (status, body))
                }
                Err(_) => None,
            };
            match answered {
                // refused before anything was done, or not known
                Some((408 | 429 | 503, _)) | None => tokio::time::sleep(Duration::from_millis(50)).await,
                Some((status, body)) => {
                    self.acknowledged.fetch_add(1, Ordering::SeqCst);
                    return Some((status, body.to_vec()));
                }
            }
        }
        None
    }

    /// A request of an administrator that succeeds.
    pub(super) async fn admin(
        &self,
        dice: &mut Rng,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Option<Value> {
        let (status, answer) = self
            .insist(dice, |http, base| {
                http.request(method.clone(), format!("{base}{path}")).bearer_auth(ADMIN_KEY).json(body)
            })
            .await?;
        let answer = json_of(&answer);
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        Some(answer)
    }
}

/// A body as JSON, or as text.
fn json_of(body: &[u8]) -> Value {
    let text = || Value::String(String::from_utf8_lossy(body).into_owned());
    serde_json::from_slice(body).unwrap_or_else(|_| text())
}

/// How far a job is; it never goes back.
fn rank(status: &str) -> usize {
    match status {
        "created" => 0,
        "draft_ready" => 1,
        "confirmed" => 2,
        "queued" | "running" => 3,
        "succeeded" | "failed" | "cancelled" => 4,
        other => panic!("{other}"),
    }
}

/// One job's client.
pub(super) struct Client<'a> {
    pub journal: &'a Journal,
    pub facts: Arc<Mutex<Facts>>,
}

impl Client<'_> {
    fn facts(&self) -> std::sync::MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(
        &self,
        dice: &mut Rng,
        method: Method,
        path: &str,
        with: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Option<(u16, Vec<u8>)> {
        let Facts { job, token, .. } = self.facts().clone();
        let request = |http: &Http, base: &str| {
            with(http.request(method.clone(), format!("{base}/v1/jobs/{job}{path}")).bearer_auth(&token))
        };
        self.journal.insist(dice, request).await
    }

    /// Reads something of the job.
    pub(super) async fn get(&self, dice: &mut Rng, path: &str) -> Option<Value> {
        Some(json_of(&self.bytes(dice, path).await?))
    }

    /// Reads something of the job as it is.
    pub(super) async fn bytes(&self, dice: &mut Rng, path: &str) -> Option<Vec<u8>> {
        let (status, answer) = self.ask(dice, Method::GET, path, |request| request).await?;
        assert_eq!(status, 200, "{path}: {}", json_of(&answer));
        Some(answer)
    }

    /// Changes the job as it was at a version; `None` where it was changed before, which the next look shows.
    async fn change(
        &self,
        dice: &mut Rng,
        method: Method,
        path: &str,
        version: u64,
        with: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Option<Option<Value>> {
        let tag = format!("\"v{version}\"");
        let (status, answer) =
            self.ask(dice, method, path, |request| with(request.header("If-Match", &tag))).await?;
        match status {
            200..300 => Some(Some(json_of(&answer))),
            409 | 412 => Some(None),
            _ => panic!("{path}: {status} {}", json_of(&answer)),
        }
    }

    /// Reads the job; everything that was acknowledged is there.
    pub(super) async fn look(&self, dice: &mut Rng) -> Option<Value> {
        // what was acknowledged before the request was sent
        let known = self.facts().clone();
        let job = self.get(dice, "").await?;
        let status = job["status"].as_str().expect("a status");
        let version = job["version"].as_u64().expect("a version");
        assert!(version >= known.version, "{known:?}: {job}");
        if let Some(fingerprint) = &known.fingerprint {
            assert_eq!(&job["inputs"]["fingerprint"], fingerprint, "{known:?}: {job}");
        }
        if let Some(plan_id) = &known.plan_id {
            assert_eq!(&job["plan"]["plan_id"], plan_id, "{known:?}: {job}");
        }
        assert!(!known.run_asked || rank(status) >= 3, "{known:?}: {job}");
        assert!(known.ended.as_deref().is_none_or(|ended| ended == status), "{known:?}: {job}");
        let mut facts = self.facts();
        facts.version = facts.version.max(version);
        drop(facts);
        Some(job)
    }

    /// Does the next thing for the job; true once it has ended.
    async fn step(&self, dice: &mut Rng) -> Option<bool> {
        let job = self.look(dice).await?;
        let version = job["version"].as_u64().expect("a version");
        let json = |body: Value| move |request: RequestBuilder| request.json(&body);
        match job["status"].as_str().expect("a status") {
            "created" if job["inputs"].is_null() => {
                let with = |request: RequestBuilder| {
                    let part = Part::bytes(PAY.as_bytes()).file_name("pay.csv");
                    request.multipart(Form::new().part("file", part))
                };
                let done = self.change(dice, Method::POST, "/inputs/upload", version, with).await?;
                let fingerprint = done.and_then(|done| Some(done["fingerprint"].as_str()?.to_owned()));
                self.facts().fingerprint = fingerprint;
            }
            "created" => {
                let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay", "roles": {"regressors": ["schooling"]}});
                self.change(dice, Method::PUT, "/draft", version, json(draft)).await?;
            }
            "draft_ready" => {
                let frozen =
                    self.change(dice, Method::POST, "/plan/freeze", version, json(json!({}))).await?;
                let plan_id =
                    frozen.map(|frozen| frozen["plan"]["plan_id"].as_str().expect("an id").to_owned());
                self.facts().plan_id = plan_id;
            }
            "confirmed" => {
                let queued = self.change(dice, Method::POST, "/run", version, json(json!({}))).await?;
                self.facts().run_asked = queued.is_some();
            }
            status @ ("queued" | "running") => self.wait(dice, status, &job).await?,
            ended => {
                self.facts().ended = Some(ended.to_owned());
                self.check_end(dice, &job).await?;
                return Some(true);
            }
        }
        Some(false)
    }

    /// Waits for a moment; sometimes it reads the log or cancels meanwhile.
    async fn wait(&self, dice: &mut Rng, status: &str, job: &Value) -> Option<()> {
        match dice.below(150) {
            0 => {
                let version = job["version"].as_u64().expect("a version");
                self.facts().cancel_sent = true;
                self.change(dice, Method::POST, "/cancel", version, |request| request).await?;
            }
            1..20 if status == "running" => {
                let run = job["latest_run"]["run_id"].as_str().expect("an id");
                let path = format!("/runs/{run}/log");
                let (status, answer) = self.ask(dice, Method::GET, &path, |request| request).await?;
                // it is not there before the engine starts, nor once the run was lost
                assert!([200, 404].contains(&status), "{status} {}", json_of(&answer));
            }
            _ => tokio::time::sleep(Duration::from_millis(200)).await,
        }
        Some(())
    }

    /// Checks the attempts and the results of a job that has ended.
    pub(super) async fn check_end(&self, dice: &mut Rng, job: &Value) -> Option<()> {
        let known = self.facts().clone();
        let runs = self.get(dice, "/runs").await?;
        let runs = runs["runs"].as_array().expect("a list");
        let of = |status: &str| runs.iter().filter(|run| run["status"] == status).count();
        assert!(of("running") == 0 && runs.iter().all(|run| !run["ended_at"].is_null()), "{runs:?}");
        // nothing but lost processes, and files that are away, ends an attempt here
        let is_other = |run: &&Value| {
            let is_expected = run["cause"] == "worker_lost" || run["cause_detail"] == "files_unavailable";
            run["status"] == "failed" && !is_expected
        };
        assert_eq!(runs.iter().find(is_other), None, "{known:?}");
        match job["status"].as_str().expect("a status") {
            "succeeded" => {
                assert_eq!(of("succeeded"), 1, "{runs:?}");
                let run = runs.iter().find(|run| run["status"] == "succeeded").expect("one");
                check_results(self, dice, run).await?;
            }
            "cancelled" => assert!(known.cancel_sent && of("succeeded") == 0, "{known:?}: {runs:?}"),
            // the first and three automatic attempts were lost
            _ => assert!(runs.len() >= 4 && of("succeeded") == 0, "{known:?}: {runs:?}"),
        }
        Some(())
    }

    /// Walks the job to its end; false where the clients are to stop.
    pub(super) async fn to_the_end(&self, dice: &mut Rng) -> Option<()> {
        let began = Instant::now();
        while !self.step(dice).await? {
            assert!(began.elapsed() < LIFE, "a job does not end: {:?}", self.facts());
        }
        Some(())
    }
}

/// Makes a job out of a new code.
pub(super) async fn redeem<'a>(journal: &'a Journal, dice: &mut Rng) -> Option<Client<'a>> {
    let codes = journal.admin(dice, Method::POST, "/v1/admin/task-codes", &json!({"count": 1})).await?;
    let code = codes["task_codes"][0]["task_code"].as_str().expect("a code");
    let body = json!({"task_code": code, "requirement": "What is the effect of schooling on pay?"});
    let (status, redeemed) = journal
        .insist(dice, |http, base| http.post(format!("{base}/v1/task-codes/redeem")).json(&body))
        .await?;
    let redeemed = json_of(&redeemed);
    assert_eq!(status, 200, "{redeemed}");
    let text = |name: &str| redeemed[name].as_str().expect("text").to_owned();
    let facts = Facts { job: text("job_id"), token: text("token"), ..Facts::default() };
    let facts = Arc::new(Mutex::new(facts));
    journal.jobs.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&facts));
    Some(Client { journal, facts })
}

/// Walks one job after the other until the clients are to stop.
pub(super) async fn walk(journal: Arc<Journal>, mut dice: Rng) {
    while let Some(client) = redeem(&journal, &mut dice).await {
        if client.to_the_end(&mut dice).await.is_none() {
            return;
        }
    }
}
