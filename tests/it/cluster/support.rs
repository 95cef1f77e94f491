//! Servers that share a database and a bucket, started and ended one by one.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::app::{ADMIN_KEY, Answer, PATIENCE};
use crate::support::objects;
use crate::support::postgres;
use crate::support::program::{Program, Start, short_leases};

pub(super) const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

/// A database, a bucket and a folder for the data directories of servers.
pub(super) struct Shared {
    pub folder: tempfile::TempDir,
    pub database: String,
    url: String,
    pub objects: &'static objects::Server,
    prefix: String,
}

impl Shared {
    /// `None`, with a message, where PostgreSQL or rclone is not here.
    pub(super) fn new() -> Option<Self> {
        Some(Self::with_objects(postgres::shared()?, objects::rclone()?))
    }

    /// The same with an object store that no other test uses, so that it can be disturbed.
    pub(super) fn with_own_objects() -> Option<Self> {
        let (database, own) = (postgres::shared()?, objects::Server::rclone()?);
        // it ends with the process of the tests
        Some(Self::with_objects(database, Box::leak(Box::new(own))))
    }

    fn with_objects(database: &postgres::Server, objects: &'static objects::Server) -> Self {
        let (name, url) = database.database();
        let folder = tempfile::tempdir().expect("a directory");
        let (url, prefix) = (url.expose_secret().to_owned(), objects.options().prefix);
        Self { folder, database: name, url, objects, prefix }
    }

    /// The settings of a server by its name, which is that of its folder. Times of its lease are a tenth of the usual.
    pub(super) fn server(&self, name: &str, role: &str) -> Start {
        let start = self.objects.settings(self.without_objects(name), &self.prefix);
        start
            .with("SS_SERVER__ROLE", role)
            .with("SS_TOKENS__LINK_KEYS", "one-key-for-links-of-all-servers-0123")
            .with("SS_WEBHOOKS__KEYS", "one-key-for-webhooks-of-all-servers-01")
    }

    /// The same with files in the data directory.
    pub(super) fn without_objects(&self, name: &str) -> Start {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let start = Start::on(&folder).with("SS_JOB_STORE_BACKEND", "postgres");
        short_leases(start.with("SS_DATABASE_URL", &self.url))
    }

    /// Asks the database.
    pub(super) fn sql(&self, sql: &str) -> Vec<String> {
        postgres::shared().expect("is here").sql(&self.database, sql).expect("is answered")
    }
}

/// A job with its path and token.
pub(super) struct Job {
    pub path: String,
    pub token: String,
}

pub(super) fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}

impl Job {
    /// A new job; the code is made on one server and redeemed on another.
    pub(super) async fn new(one: &Program, other: &Program) -> Self {
        let codes =
            one.call(Method::POST, "/v1/admin/task-codes", ADMIN_KEY, &json!({"count": 1})).await.ok();
        let body = json!({"task_code": codes["task_codes"][0]["task_code"], "requirement": "What is the effect of schooling on pay?"});
        let request = other.http.post(format!("{}/v1/task-codes/redeem", other.base)).json(&body);
        let redeemed = Answer::of(request).await.ok();
        Self { path: format!("/v1/jobs/{}", text(&redeemed, "job_id")), token: text(&redeemed, "token") }
    }

    /// Sends a request for the job to a server; its path follows that of the job.
    pub(super) async fn call(&self, server: &Program, method: Method, rest: &str, body: &Value) -> Value {
        server.call(method, &format!("{}{rest}", self.path), &self.token, body).await.ok()
    }

    /// Gives it inputs and a frozen plan.
    pub(super) async fn prepare(&self, server: &Program) {
        let id = self.path.strip_prefix("/v1/jobs/").expect("a path");
        server.upload(id, &self.token, PAY).await.ok();
        let draft = json!({"roles": {"outcome_var": "log_pay", "regressors": ["schooling"]}});
        self.call(server, Method::PUT, "/draft", &draft).await;
        self.call(server, Method::POST, "/plan/freeze", &json!({})).await;
    }

    /// Waits until it has ended; returns it as a server shows it.
    pub(super) async fn ended(&self, server: &Program) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.call(server, Method::GET, "", &json!({})).await;
            if ["succeeded", "failed", "cancelled"].contains(&seen["status"].as_str().unwrap_or_default()) {
                return seen;
            }
            assert!(Instant::now() < deadline, "{seen}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// An engine that tells from outside when it runs, and waits before its work while a file is there; its log says so. Each start notes the
/// process ids of earlier ones that are still alive.
pub(super) struct Engine {
    folder: PathBuf,
}

impl Engine {
    pub(super) fn new(shared: &Shared) -> Self {
        let engine = Self { folder: shared.folder.path().join("engine") };
        std::fs::create_dir(&engine.folder).expect("a folder");
        let script = format!(
            "#!/bin/bash\ncd '{folder}'\nfor p in $(cut -d' ' -f2 starts); do [ -d /proc/$p ] && echo \"$p $$\" >> doubles; done\n\
             echo \"start $$\" >> starts\necho 'the engine waits' > \"$OLDPWD/main.log\"\nwhile [ -e hold ]; do sleep 0.05; done\n\
             here=$PWD; cd \"$OLDPWD\"\nif [ -e \"$here/later\" ]; then '{program}' dofile \"$@\"; status=$?; \
             while [ -e \"$here/later\" ]; do sleep 0.05; done; exit $status; fi\nexec '{program}' dofile \"$@\"\n",
            folder = engine.folder.display(),
            program = env!("CARGO_BIN_EXE_stata-service"),
        );
        std::fs::write(engine.folder.join("starts"), "").expect("writes");
        let path = engine.path();
        std::fs::write(&path, script).expect("writes");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("is set");
        engine
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.join("engine")
    }

    pub(super) fn used_by(&self, start: Start) -> Start {
        start
            .with("SS_STATA_CMD", &self.path().display().to_string())
            .with("SS_RUN__SANDBOX", "off")
            .with("SS_WORKER_CONCURRENCY", "1")
    }

    pub(super) fn hold(&self) {
        std::fs::write(self.folder.join("hold"), "").expect("writes");
    }

    /// Has the engine wait after its work, until it is released.
    pub(super) fn hold_at_end(&self) {
        std::fs::write(self.folder.join("later"), "").expect("writes");
    }

    pub(super) fn release_at_end(&self) {
        std::fs::remove_file(self.folder.join("later")).expect("was held");
    }

    pub(super) fn release(&self) {
        std::fs::remove_file(self.folder.join("hold")).expect("was held");
    }

    pub(super) fn starts(&self) -> usize {
        std::fs::read_to_string(self.folder.join("starts")).expect("is there").lines().count()
    }

    /// Engines that were started while an earlier one lived.
    pub(super) fn doubles(&self) -> String {
        std::fs::read_to_string(self.folder.join("doubles")).unwrap_or_default()
    }
}

/// Waits until the check of the servers says what is expected; returns the report.
pub(super) async fn health(server: &Program, expected: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let request = server.http.get(format!("{}/health/ready", server.base));
        let report = Answer::of(request).await.body;
        if expected(&report["checks"]["servers"]) {
            return report;
        }
        assert!(Instant::now() < deadline, "{report}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until a condition holds.
pub(super) fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
