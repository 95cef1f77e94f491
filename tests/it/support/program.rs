//! The real program as a process of its own, with the settings of a test, and the requests of a client.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::app::{ADMIN_KEY, Answer, PATIENCE, http_client};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

/// How the program is started.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    pub data: PathBuf,
    settings: Vec<(String, String)>,
    /// Words before the program: another program that starts it.
    wrapper: Vec<String>,
}

impl Start {
    /// With the usual settings, below a folder of the test; logs go to `stderr.log` there.
    pub(crate) fn on(folder: &Path) -> Self {
        let start = Self { data: folder.join("data"), settings: Vec::new(), wrapper: Vec::new() };
        start
            .with("SS_LISTEN", "127.0.0.1:0")
            .with("SS_LOG_FORMAT", "json")
            .with("SS_BOOTSTRAP_ADMIN_KEY", ADMIN_KEY)
            .with("SS_ON_SHUTDOWN", "detach")
            .with("SS_DISK__LOW_MB", "0")
            // on a loaded machine reading takes long, and tests of other things want its result
            .with("SS_UPLOAD__ANSWER_SECONDS", "60")
            // clients of these tests ask faster than people
            .with("SS_LIMITS__CREDENTIAL_BURST", "1000000")
            .with("SS_LIMITS__TENANT_BURST", "1000000")
            .with("SS_LIMITS__ADDRESS_BURST", "1000000")
            .with("SS_LIMITS__STREAMS_PER_CREDENTIAL", "1000000")
    }

    /// The same with records in a PostgreSQL database.
    pub(crate) fn on_postgres(folder: &Path, url: &SecretString) -> Self {
        Self::on(folder).with("SS_JOB_STORE_BACKEND", "postgres").with("SS_DATABASE_URL", url.expose_secret())
    }

    /// With one more setting, as an environment variable.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.retain(|(n, _)| n != name);
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a setting.
    #[must_use]
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.settings.retain(|(n, _)| n != name);
        self
    }

    /// Started by another program, whose words come first.
    #[must_use]
    pub(crate) fn through(mut self, words: &[&str]) -> Self {
        self.wrapper = words.iter().map(|w| (*w).to_owned()).collect();
        self
    }

    /// Another subcommand with the same settings.
    pub(crate) fn tool(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stata-service"));
        command.args(words).env("SS_DATA_DIR", &self.data).stdin(Stdio::null());
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The command, not yet started.
    pub(crate) fn command(&self) -> Command {
        let mut words = self.wrapper.clone();
        words.push(env!("CARGO_BIN_EXE_stata-service").to_owned());
        words.push("serve".to_owned());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).env("SS_DATA_DIR", &self.data);
        for (name, value) in &self.settings {
            command.env(name, value);
        }
        let folder = self.data.parent().expect("a folder of the test");
        let log =
            File::options().create(true).append(true).open(folder.join("stderr.log")).expect("a log file");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        command
    }

    /// Starts the program and waits for its ready line.
    pub(crate) fn go(&self) -> Program {
        self.try_go()
            .unwrap_or_else(|status| panic!("no ready line but {status}; the log says\n{}", self.log()))
    }

    /// The same; where the program ends instead of getting ready, how it did.
    pub(crate) fn try_go(&self) -> Result<Program, ExitStatus> {
        let asked = Instant::now();
        let mut child = self.command().spawn().expect("the program starts");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        stdout.read_line(&mut line).expect("readable");
        let Ok(ready) = serde_json::from_str::<Value>(&line) else {
            drop(stdout);
            return Err(child.wait().expect("waits"));
        };
        assert_eq!(ready["event"], "ready");
        let base = format!("http://{}", ready["address"].as_str().expect("an address"));
        Ok(Program { child, base, ready, took: asked.elapsed(), http: http_client() })
    }

    /// What all programs of this folder logged.
    pub(crate) fn log(&self) -> String {
        let folder = self.data.parent().expect("a folder of the test");
        std::fs::read_to_string(folder.join("stderr.log")).unwrap_or_default()
    }
}

/// With a lease of a tenth of the usual times.
pub(crate) fn short_leases(start: Start) -> Start {
    leases(start, 10)
}

/// With a lease whose times are the usual ones divided by a number.
pub(crate) fn leases(start: Start, divisor: u64) -> Start {
    let times = [
        ("RENEW", 10_000),
        ("LEASE", 60_000),
        ("NO_STARTS_AFTER", 30_000),
        ("END_RUNS_AFTER", 45_000),
        ("GRACE", 15_000),
    ];
    times.into_iter().fold(start, |start, (name, usual)| {
        start.with(&format!("SS_NODE__{name}_MS"), &(usual / divisor).to_string())
    })
}

/// A running program.
pub(crate) struct Program {
    pub child: Child,
    pub base: String,
    pub ready: Value,
    /// From the start to the ready line.
    pub took: Duration,
    pub http: reqwest::Client,
}

impl Program {
    /// The process id of the program that was started.
    pub(crate) fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("the process is there");
    }

    /// Kills the program and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("reaped");
    }

    /// Asks the program to end and waits for its status.
    pub(crate) fn end(mut self) -> ExitStatus {
        self.signal(rustix::process::Signal::TERM);
        self.wait()
    }

    /// Waits for the end; fails the test after a minute.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("waits") {
                return status;
            }
            assert!(Instant::now() < deadline, "the program does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// A request with a bearer credential.
    pub(crate) fn request(&self, method: Method, path: &str, credential: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(credential)
    }

    /// A request of JSON and its answer.
    pub(crate) async fn call(&self, method: Method, path: &str, credential: &str, body: &Value) -> Answer {
        Answer::of(self.request(method, path, credential).json(body)).await
    }

    /// Uploads the primary data.
    pub(crate) async fn upload(&self, job: &str, token: &str, csv: &str) -> Answer {
        let form = Form::new().part("file", Part::bytes(csv.as_bytes().to_vec()).file_name("pay.csv"));
        let path = format!("/v1/jobs/{job}/inputs/upload");
        Answer::of(self.request(Method::POST, &path, token).multipart(form)).await
    }

    /// A job of the bundled data that ran: its path and its token.
    pub(crate) async fn job_that_ran(&self) -> (String, String) {
        let codes =
            self.call(Method::POST, "/v1/admin/task-codes", ADMIN_KEY, &json!({"count": 1})).await.ok();
        let body = json!({"task_code": codes["task_codes"][0]["task_code"],
                          "requirement": "What is the effect of schooling on pay?"});
        let request = self.http.post(format!("{}/v1/task-codes/redeem", self.base)).json(&body);
        let redeemed = Answer::of(request).await.ok();
        let text = |name: &str| redeemed[name].as_str().expect("text").to_owned();
        let (id, token) = (text("job_id"), text("token"));
        let path = format!("/v1/jobs/{id}");
        self.upload(&id, &token, PAY).await.ok();
        let draft = json!({"roles": {"outcome_var": "log_pay", "regressors": ["schooling"]}});
        self.call(Method::PUT, &format!("{path}/draft"), &token, &draft).await.ok();
        self.call(Method::POST, &format!("{path}/plan/freeze"), &token, &json!({})).await.ok();
        self.call(Method::POST, &format!("{path}/run"), &token, &json!({})).await.ok();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.call(Method::GET, &path, &token, &json!({})).await.ok();
            if seen["status"] == "succeeded" {
                return (path, token);
            }
            assert!(Instant::now() < deadline && seen["status"] != "failed", "{seen}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A test that failed must not leave a service behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
