//! The real program as a benchmark serves it, and a client that leads jobs as far as a benchmark needs them. What
//! is measured is the benchmarks' own matter.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_stata-service");
const ADMIN_KEY: &str = "ssk_bench_0123456789abcdef0123456789abcdef";
const PAY: &[u8] = include_bytes!("../../assets/stata_do_library/datasets/pay.csv");

/// A served program with its files; both end with it.
pub(crate) struct Served {
    pub client: Client,
    /// Without the scheme.
    pub address: String,
    child: Child,
    /// On the disk of the build: /tmp may live in memory.
    pub dir: tempfile::TempDir,
}

impl Served {
    /// Starts the program with its defaults, but for the rates of `performance/limits.toml`.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// As [`start`](Self::start), with further variables of the environment.
    pub(crate) fn start_with(environment: &[(&str, &str)]) -> Self {
        stata_service::adapters::llm::install_tls();
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        let mut command = Command::new(PROGRAM);
        command.args(["--config", concat!(env!("CARGO_MANIFEST_DIR"), "/performance/limits.toml"), "serve"]);
        command.env("SS_LISTEN", "127.0.0.1:0").env("SS_DATA_DIR", dir.path().join("data"));
        command.env("SS_BOOTSTRAP_ADMIN_KEY", ADMIN_KEY).envs(environment.iter().copied());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("starts");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut line).expect("a line");
        let ready: Value = serde_json::from_str(&line).expect("the ready line is JSON");
        let address = ready["address"].as_str().expect("it names the address").to_owned();
        let client = Client { base: format!("http://{address}"), http: reqwest::Client::new() };
        Self { client, address, child, dir }
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The first file of the data directory with this ending, in no order.
    pub(crate) fn file(&self, ending: &str) -> Option<PathBuf> {
        let mut open = vec![self.dir.path().to_owned()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).ok()?.flatten() {
                let path = entry.path();
                if path.is_dir() {
                    open.push(path);
                } else if path.to_string_lossy().ends_with(ending) {
                    return Some(path);
                }
            }
        }
        None
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself; then the benchmark has failed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client of a served service.
#[derive(Clone)]
pub(crate) struct Client {
    pub base: String,
    pub http: reqwest::Client,
}

/// Serves routes on threads of their own, like the program's; returns their address with the scheme.
pub(crate) fn serve(router: axum::Router) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            axum::serve(listener, router).await
        })
    });
    format!("http://{address}")
}

/// Sends a request that must succeed and returns its JSON.
pub(crate) async fn json_of(request: reqwest::RequestBuilder) -> Value {
    let answer = request.send().await.expect("answers");
    let status = answer.status();
    let body: Value = answer.json().await.expect("JSON");
    assert!(status.is_success(), "{status} {body}");
    body
}

impl Client {
    /// Makes task codes.
    pub(crate) async fn codes(&self, count: usize) -> Vec<String> {
        let mut codes = Vec::new();
        while codes.len() < count {
            let body = json!({"count": (count - codes.len()).min(500)});
            let url = format!("{}/v1/admin/task-codes", self.base);
            let made = json_of(self.http.post(url).bearer_auth(ADMIN_KEY).json(&body)).await;
            let list = made["task_codes"].as_array().expect("a list").iter();
            codes.extend(list.map(|c| c["task_code"].as_str().expect("a code").to_owned()));
        }
        codes
    }

    /// Makes a job; returns its URL and token.
    pub(crate) async fn job(&self) -> (String, String) {
        let code = self.codes(1).await.remove(0);
        let url = format!("{}/v1/task-codes/redeem", self.base);
        let job = json_of(self.http.post(url).json(&json!({"task_code": code, "requirement": ""}))).await;
        let url = format!("{}/v1/jobs/{}", self.base, job["job_id"].as_str().expect("an id"));
        (url, job["token"].as_str().expect("a token").to_owned())
    }

    /// Makes a job with a frozen plan; returns its URL and token.
    pub(crate) async fn planned(&self) -> (String, String) {
        let (url, token) = self.job().await;
        let form = Form::new().part("file", Part::bytes(PAY).file_name("pay.csv"));
        json_of(self.http.post(format!("{url}/inputs/upload")).bearer_auth(&token).multipart(form)).await;
        let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay",
                           "roles": {"regressors": ["schooling"]}});
        json_of(self.http.put(format!("{url}/draft")).bearer_auth(&token).json(&draft)).await;
        json_of(self.http.post(format!("{url}/plan/freeze")).bearer_auth(&token)).await;
        (url, token)
    }

    /// Waits for the end of a job's attempt.
    pub(crate) async fn end(&self, url: &str, token: &str) -> Value {
        let begun = Instant::now();
        loop {
            let job = json_of(self.http.get(url).bearer_auth(token)).await;
            if !["queued", "running"].contains(&job["status"].as_str().unwrap_or_default()) {
                return job;
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "the attempt does not end: {job}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Runs a planned job to its success; returns the id of the run.
    pub(crate) async fn succeed(&self, url: &str, token: &str) -> String {
        json_of(self.http.post(format!("{url}/run")).bearer_auth(token)).await;
        let ended = self.end(url, token).await;
        assert_eq!(ended["status"], "succeeded", "{ended}");
        ended["latest_run"]["run_id"].as_str().expect("an id").to_owned()
    }

    /// Reads an artifact.
    pub(crate) async fn artifact(&self, url: &str, token: &str, rel_path: &str) -> Vec<u8> {
        let url = format!("{url}/artifacts/{rel_path}");
        let answer = self.http.get(url).bearer_auth(token).send().await.expect("answers");
        assert!(answer.status().is_success(), "{rel_path}: {}", answer.status());
        answer.bytes().await.expect("a body").to_vec()
    }
}
