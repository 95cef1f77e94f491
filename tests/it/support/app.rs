//! The real service on a free port with a data directory of its own, and a client that speaks to it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use stata_service::app::build::build;
use stata_service::app::options::{
    EdgeOptions, EngineOptions, OnShutdown, Options, ShutdownOptions, TrialOptions, WorkerOptions,
};
use stata_service::app::serve::{Ended, serve};
use stata_service::domain::job::JobStatus;
use stata_service::domain::tenant::RetentionPolicy;
use stata_service::domain::trial::TrialTerms;
use stata_service::ports::runner::SandboxMode;
use stata_service::service::Context;
use stata_service::service::access::offer_trial::TrialBounds;
use stata_service::service::shared::space::DiskLow;
use tokio_util::sync::CancellationToken;

/// The bootstrap admin key of tests.
pub(crate) const ADMIN_KEY: &str = "ssk_root_0123456789abcdef0123456789abcdef";
/// Longest wait for anything in a test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running service. On drop it checks that no job is left `running`; a test that leaves one on purpose says so with
/// [`TestApp::leave_running_jobs`].
pub(crate) struct TestApp {
    pub base: String,
    pub http: reqwest::Client,
    pub dir: tempfile::TempDir,
    shutdown: CancellationToken,
    served: Option<tokio::task::JoinHandle<std::io::Result<Ended>>>,
    pub options: Options,
    /// What the use cases need, while the service runs.
    ctx: Weak<Context>,
    may_leave_running: bool,
}

/// A job with its token.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub job_id: String,
    pub token: String,
}

/// A client of the service.
pub(crate) fn http_client() -> reqwest::Client {
    stata_service::adapters::llm::install_tls();
    // the server closes connections that are idle for 10 s; a request sent at that moment would be lost
    let builder = reqwest::Client::builder().pool_idle_timeout(Duration::from_secs(5));
    builder.build().expect("a client")
}

/// Returns the options of a service in a directory, with the open engine.
pub(crate) fn options(data_dir: PathBuf) -> Options {
    let program = env!("CARGO_BIN_EXE_stata-service");
    Options {
        env: "development".to_owned(),
        data_dir,
        library_dir: None,
        store_lock_wait: Duration::from_secs(5),
        database_url: None,
        listen_url: None,
        server: Default::default(),
        files: Default::default(),
        bootstrap_admin_key: Some(ADMIN_KEY.to_owned().into()),
        admin: Default::default(),
        edge: wide_open(),
        upload_max_bytes: 64 * 1024 * 1024,
        upload_max_files: 10,
        // on a loaded machine reading takes long, and tests of other things want its result
        upload_answer_within: PATIENCE,
        disk_low: DiskLow(Some(0)),
        token_days: 30,
        link_keys: None,
        llm: None,
        trial: None,
        webhooks: super::receiver::options(),
        batch_cells: 64,
        retention: RetentionPolicy {
            run_workdirs_hours: 24,
            upload_sessions_hours: 24,
            ..Default::default()
        },
        engine: EngineOptions {
            command: vec![program.to_owned(), "dofile".to_owned()],
            kind: "open".to_owned(),
            launcher: Some(program.into()),
            run_timeout: Duration::from_secs(60),
            run_memory_mb: 2048,
            limits: Default::default(),
            processors: 1,
            sandbox: SandboxMode::Enforce,
            readable: Vec::new(),
            timezone: "UTC".to_owned(),
        },
        worker: WorkerOptions { concurrency: 2, tenant_concurrency: None, seats: None },
        shutdown: ShutdownOptions {
            on_shutdown: OnShutdown::Wait,
            timeout: Duration::from_secs(20),
            drain_delay: Duration::ZERO,
        },
        gate: Default::default(),
    }
}

/// Trials with narrow bounds, as many as a test likes.
pub(crate) fn trial_options() -> TrialOptions {
    let terms = TrialTerms { keep_hours: 24, max_bytes: 1 << 20, uploads: false, runs: 2, run_seconds: 60 };
    let bounds = TrialBounds { per_address_per_hour: 1_000, jobs_per_day: 1_000, running: 1 };
    TrialOptions { terms, bounds }
}

/// Without limits on callers, which tests of other things would meet.
fn wide_open() -> EdgeOptions {
    let rate = (1_000_000, 1_000_000);
    let (streams_per_credential, max_connections_per_address) = (1_000_000, 1_000_000);
    EdgeOptions {
        credential: rate,
        tenant: rate,
        address: rate,
        streams_per_credential,
        max_connections_per_address,
        ..EdgeOptions::default()
    }
}

impl TestApp {
    /// Starts a service with the usual options.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts a service after a change of its options.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut options = options(dir.path().join("data"));
        change(&mut options);
        let mut app = Self {
            base: String::new(),
            http: http_client(),
            dir,
            shutdown: CancellationToken::new(),
            served: None,
            options,
            ctx: Weak::new(),
            may_leave_running: false,
        };
        app.open().await;
        app
    }

    async fn open(&mut self) {
        let options = self.options.clone();
        let built = tokio::task::block_in_place(|| build(options)).unwrap_or_else(|e| panic!("{e}"));
        self.ctx = Arc::downgrade(&built.app.ctx);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address: SocketAddr = listener.local_addr().expect("bound");
        self.base = format!("http://{address}");
        self.shutdown = CancellationToken::new();
        self.served = Some(tokio::spawn(serve(built, listener, self.shutdown.clone(), |_| {})));
    }

    /// The dependencies of the running service, for tests that call a use case; drop them before `stop`.
    pub(crate) fn context(&self) -> Arc<Context> {
        self.ctx.upgrade().expect("the service runs")
    }

    /// Ends the service in order and checks that it came to rest.
    pub(crate) async fn stop(&mut self) {
        self.shutdown.cancel();
        if let Some(served) = self.served.take() {
            tokio::time::timeout(PATIENCE, served)
                .await
                .expect("ends in time")
                .expect("does not panic")
                .expect("ends without an error");
        }
    }

    /// Ends the service in order and starts it again on the same data.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.open().await;
    }

    /// Permits the test to end while a job is `running`.
    pub(crate) fn leave_running_jobs(&mut self) {
        self.may_leave_running = true;
    }

    /// Checks that no job is `running`, unless the test permits it.
    pub(crate) fn check_running_jobs(&self) {
        let left = if self.may_leave_running { 0 } else { self.running_jobs() };
        assert_eq!(left, 0, "the test ends with running jobs: wait for their end, or `leave_running_jobs`");
    }

    /// Returns the number of jobs that are `running`: from the store while the service runs, else from the readable
    /// copies of the records.
    fn running_jobs(&self) -> u64 {
        match self.ctx.upgrade() {
            Some(ctx) => ctx.store.status().jobs.get(&JobStatus::Running).copied().unwrap_or(0),
            None => {
                let folders = folders_at_depth(&self.options.data_dir.join("tenants"), 4);
                let texts = folders.iter().filter_map(|job| std::fs::read(job.join("job.json")).ok());
                let records = texts.filter_map(|text| serde_json::from_slice::<Value>(&text).ok());
                records.filter(|job| job["status"] == "running").count() as u64
            }
        }
    }

    /// What the next start will use.
    pub(crate) fn options_mut(&mut self) -> &mut Options {
        &mut self.options
    }

    /// A request with a bearer credential.
    pub(crate) fn request(&self, method: Method, path: &str, credential: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(credential)
    }

    /// GET with a job's token, below the job.
    pub(crate) async fn get(&self, job: &Job, path: &str) -> Answer {
        let path = format!("/v1/jobs/{}{path}", job.job_id);
        Answer::of(self.request(Method::GET, &path, &job.token)).await
    }

    /// POST of JSON with a job's token, below the job.
    pub(crate) async fn post(&self, job: &Job, path: &str, body: &Value) -> Answer {
        let path = format!("/v1/jobs/{}{path}", job.job_id);
        Answer::of(self.request(Method::POST, &path, &job.token).json(body)).await
    }

    /// PUT of JSON with a job's token, below the job.
    pub(crate) async fn put(&self, job: &Job, path: &str, body: &Value) -> Answer {
        let path = format!("/v1/jobs/{}{path}", job.job_id);
        Answer::of(self.request(Method::PUT, &path, &job.token).json(body)).await
    }

    /// Makes task codes of the default tenant.
    pub(crate) async fn task_codes(&self, count: usize) -> Vec<String> {
        let request = self.request(Method::POST, "/v1/admin/task-codes", ADMIN_KEY);
        let made = Answer::of(request.json(&json!({"count": count}))).await.ok();
        let codes = made["task_codes"].as_array().expect("a list").iter();
        codes.map(|c| c["task_code"].as_str().expect("a code").to_owned()).collect()
    }

    /// Redeems a code.
    pub(crate) async fn redeem(&self, code: &str, requirement: &str) -> Answer {
        let request = self.http.post(format!("{}/v1/task-codes/redeem", self.base));
        Answer::of(request.json(&json!({"task_code": code, "requirement": requirement}))).await
    }

    /// Makes a job with a requirement.
    pub(crate) async fn job(&self, requirement: &str) -> Job {
        let code = self.task_codes(1).await.remove(0);
        let redeemed = self.redeem(&code, requirement).await.ok();
        Job {
            job_id: redeemed["job_id"].as_str().expect("an id").to_owned(),
            token: redeemed["token"].as_str().expect("a token").to_owned(),
        }
    }

    /// Uploads one primary data set.
    pub(crate) async fn upload(&self, job: &Job, name: &str, bytes: impl Into<Vec<u8>>) -> Answer {
        let part = Part::bytes(bytes.into()).file_name(name.to_owned());
        let form = Form::new().part("file", part).text("role", "primary_dataset");
        let path = format!("/v1/jobs/{}/inputs/upload", job.job_id);
        Answer::of(self.request(Method::POST, &path, &job.token).multipart(form)).await
    }

    /// Waits until the job's status is one of these; returns the job.
    pub(crate) async fn wait_for(&self, job: &Job, statuses: &[&str]) -> Value {
        let started = Instant::now();
        loop {
            let seen = self.get(job, "").await.ok();
            if statuses.contains(&seen["status"].as_str().unwrap_or_default()) {
                return seen;
            }
            assert!(started.elapsed() < PATIENCE, "still {}", seen["status"]);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until the job has ended; returns it.
    pub(crate) async fn wait_for_end(&self, job: &Job) -> Value {
        self.wait_for(job, &["succeeded", "failed", "cancelled"]).await
    }

    /// Downloads an artifact.
    pub(crate) async fn artifact(&self, job: &Job, rel_path: &str) -> Vec<u8> {
        let path = format!("/v1/jobs/{}/artifacts/{rel_path}", job.job_id);
        let response = self.request(Method::GET, &path, &job.token).send().await.expect("answers");
        assert_eq!(response.status(), StatusCode::OK, "{rel_path}");
        response.bytes().await.expect("a body").to_vec()
    }
}

/// Waits until a condition holds; fails the test after a while.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < PATIENCE, "the condition never held");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Returns the folders that lie so many levels below this one.
pub(crate) fn folders_at_depth(root: &Path, depth: usize) -> Vec<PathBuf> {
    let mut level = vec![root.to_path_buf()];
    for _ in 0..depth {
        let entries = level.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
        level = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    }
    level
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.check_running_jobs();
        }
    }
}

/// An answer with its body as JSON.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    /// Sends a request, reads the answer and compares it with the OpenAPI document.
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let (client, request) = request.build_split();
        let request = request.expect("a request");
        let (method, url) = (request.method().clone(), request.url().clone());
        let response: Response = client.execute(request).await.expect("the service answers");
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.expect("a body");
        super::contract::check(&method, &url, status.as_u16(), &headers, &bytes);
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()))
        };
        Self { status, headers, body }
    }

    /// Returns the body of a success.
    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.body);
        self.body
    }

    /// Checks a refusal: its status, its code, and that it is a whole problem document.
    pub(crate) fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status.as_u16(), &self.body["error_code"]), (status, &json!(code)), "{}", self.body);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        for key in
            ["type", "title", "status", "detail", "instance", "message", "context", "trace_id", "retryable"]
        {
            assert!(!self.body[key].is_null(), "{key} is missing in {}", self.body);
        }
        assert_eq!(self.headers["x-trace-id"].to_str().ok(), self.body["trace_id"].as_str());
        self.body
    }
}
