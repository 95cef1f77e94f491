//! The orderly end of the real program: each mode, its bounds, a second signal, the first process of a
//! container, and clients that keep asking meanwhile.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::check_chain;
use super::steps::{launchers_below, starts};
use crate::support::app::{ADMIN_KEY, Answer, http_client};
use crate::support::program::{Program, Start};
use crate::support::runs::{SERVICE, eventually, fakes, processes_of};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

/// A folder with an engine that a test can hold.
fn held(folder: &Path) -> (Start, PathBuf) {
    let engine = folder.join("engine");
    std::fs::create_dir(&engine).expect("created");
    std::fs::copy(fakes().join("counted.sh"), engine.join("counted.sh")).expect("copied");
    std::fs::write(engine.join("program"), SERVICE).expect("written");
    std::fs::write(engine.join("hold"), "").expect("written");
    let start = Start::on(folder)
        .with("SS_STATA_CMD", &engine.join("counted.sh").display().to_string())
        .with("SS_RUN__SANDBOX", "off");
    (start, engine)
}

fn let_go(engine: &Path) {
    std::fs::remove_file(engine.join("hold")).expect("removed");
}

struct Job {
    id: String,
    token: String,
}

impl Job {
    /// A job whose run was asked for.
    async fn running(program: &Program) -> Self {
        let made =
            program.call(Method::POST, "/v1/admin/task-codes", ADMIN_KEY, &json!({"count": 1})).await.ok();
        let body = json!({"task_code": made["task_codes"][0]["task_code"], "requirement": "q"});
        let request = program.http.post(format!("{}/v1/task-codes/redeem", program.base)).json(&body);
        let redeemed = Answer::of(request).await.ok();
        let text = |key: &str| redeemed[key].as_str().expect("a text").to_owned();
        let job = Self { id: text("job_id"), token: text("token") };
        program.upload(&job.id, &job.token, PAY).await.ok();
        let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay",
                           "roles": {"regressors": ["schooling"]}});
        job.ask(program, Method::PUT, "/draft", &draft).await;
        job.ask(program, Method::POST, "/plan/freeze", &json!({})).await;
        job.ask(program, Method::POST, "/run", &json!({})).await;
        job
    }

    async fn ask(&self, program: &Program, method: Method, path: &str, body: &Value) -> Value {
        program.call(method, &format!("/v1/jobs/{}{path}", self.id), &self.token, body).await.ok()
    }

    async fn ended(&self, program: &Program) -> (Value, Vec<Value>) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let job = self.ask(program, Method::GET, "", &json!({})).await;
            if ["succeeded", "failed", "cancelled"].contains(&job["status"].as_str().unwrap_or_default()) {
                let runs = self.ask(program, Method::GET, "/runs", &json!({})).await;
                return (job, runs["runs"].as_array().expect("a list").clone());
            }
            assert!(Instant::now() < deadline, "{job}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn end(program: Program) -> std::process::ExitStatus {
    tokio::task::block_in_place(|| program.end())
}

/// The fields `step` and `in_time` of the steps in a log, in order.
fn steps(log: &str) -> Vec<(String, bool)> {
    log.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["event"] == "SS_SHUTDOWN_STEP")
        .map(|line| (line["step"].as_str().expect("a step").to_owned(), line["in_time"] == true))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn detach_leaves_the_run_to_the_next_start() {
    let dir = tempfile::tempdir().expect("a directory");
    let (start, engine) = held(dir.path());
    let program = start.go();
    let job = Job::running(&program).await;
    eventually("the engine works", || starts(&engine).len() == 1);
    assert!(end(program).success());
    assert_eq!(launchers_below(&start.data).len(), 1, "the launcher lives on");
    let names: Vec<String> = steps(&start.log()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["claims", "drain_delay", "requests", "runs", "background", "store"]);
    let program = start.go();
    let_go(&engine);
    let (job, runs) = job.ended(&program).await;
    assert_eq!((&job["status"], runs.len()), (&json!("succeeded"), 1));
    assert_eq!(starts(&engine).len(), 1);
    assert!(end(program).success());
}

#[tokio::test(flavor = "multi_thread")]
async fn wait_waits_for_the_run() {
    let dir = tempfile::tempdir().expect("a directory");
    let (start, engine) = held(dir.path());
    let start = start.with("SS_ON_SHUTDOWN", "wait");
    let mut program = start.go();
    let job = Job::running(&program).await;
    eventually("the engine works", || starts(&engine).len() == 1);
    program.signal(Signal::TERM);
    eventually("the end began", || start.log().contains("SS_SHUTDOWN_BEGIN"));
    let_go(&engine);
    assert!(tokio::task::block_in_place(|| program.wait()).success());
    assert!(steps(&start.log()).contains(&("runs".to_owned(), true)));
    let program = start.go();
    let (job, runs) = job.ended(&program).await;
    assert_eq!((&job["status"], runs.len()), (&json!("succeeded"), 1));
    assert!(end(program).success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_outlives_the_bound_is_ended_and_queued_again_without_using_the_budget() {
    let dir = tempfile::tempdir().expect("a directory");
    let (start, engine) = held(dir.path());
    let start = start.with("SS_ON_SHUTDOWN", "wait").with("SS_SHUTDOWN_TIMEOUT_SECONDS", "1");
    let program = start.go();
    let job = Job::running(&program).await;
    eventually("the engine works", || starts(&engine).len() == 1);
    assert!(end(program).success());
    assert_eq!(processes_of(&start.data), [0_i32; 0]);
    assert_eq!(launchers_below(&start.data), [0_i32; 0]);
    let_go(&engine);
    let program = start.go();
    let (job, runs) = job.ended(&program).await;
    assert_eq!((&job["status"], runs.len()), (&json!("succeeded"), 2));
    assert_eq!((&runs[0]["cause"], &runs[0]["cause_detail"]), (&json!("worker_lost"), &json!("shutdown")));
    assert!(end(program).success());
    check_chain(&start.data).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_process_at_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let (start, engine) = held(dir.path());
    let start = start.with("SS_ON_SHUTDOWN", "wait").with("SS_SHUTDOWN_TIMEOUT_SECONDS", "600");
    let mut program = start.go();
    let job = Job::running(&program).await;
    eventually("the engine works", || starts(&engine).len() == 1);
    program.signal(Signal::TERM);
    eventually("the end began", || start.log().contains("SS_SHUTDOWN_BEGIN"));
    program.signal(Signal::TERM);
    let ended = tokio::task::block_in_place(|| program.wait());
    assert_eq!(ended.code(), Some(70), "{ended}");
    assert!(!start.log().contains("SS_SHUTDOWN_DONE"));
    let_go(&engine);
    let program = start.go();
    assert_eq!(job.ended(&program).await.0["status"], "succeeded");
    assert!(end(program).success());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_lost_while_the_service_drains() {
    let dir = tempfile::tempdir().expect("a directory");
    let start = Start::on(dir.path()).with("SS_DRAIN_DELAY_SECONDS", "1");
    let mut program = start.go();
    let stop = Arc::new(AtomicBool::new(false));
    let (answered, broken) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut clients = Vec::new();
    for _ in 0..8 {
        let (stop, answered, broken) = (Arc::clone(&stop), Arc::clone(&answered), Arc::clone(&broken));
        let base = program.base.clone();
        clients.push(tokio::spawn(async move {
            // One client, whose connections are kept alive and used again.
            let http = http_client();
            let mut made = 0_u64;
            while !stop.load(Ordering::SeqCst) {
                let request = http.post(format!("{base}/v1/admin/task-codes")).bearer_auth(ADMIN_KEY);
                match request.json(&json!({"count": 1})).send().await {
                    Ok(answer) if answer.status().is_success() => {
                        let whole = answer.json::<Value>().await.expect("an answer that began is whole");
                        assert_eq!(whole["task_codes"].as_array().map(Vec::len), Some(1));
                        made += 1;
                        answered.fetch_add(1, Ordering::SeqCst);
                    }
                    Ok(answer) => panic!("{}", answer.status()),
                    Err(error) => {
                        // Nothing was sent, or the connection was closed before an answer.
                        assert!(error.is_connect() || error.is_request(), "{error:?}");
                        broken.fetch_add(1, Ordering::SeqCst);
                        return made;
                    }
                }
            }
            made
        }));
    }
    eventually("the clients are busy", || answered.load(Ordering::SeqCst) > 50);
    program.signal(Signal::TERM);
    eventually("readiness says so", || {
        let base = program.base.clone();
        let ask = async move {
            http_client().get(format!("{base}/health/ready")).send().await.map(|a| a.status().as_u16())
        };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(ask))
            .is_ok_and(|s| s == 503)
    });
    let during = answered.load(Ordering::SeqCst);
    assert!(tokio::task::block_in_place(|| program.wait()).success());
    stop.store(true, Ordering::SeqCst);
    let mut made = 0;
    for client in clients {
        made += client.await.expect("a client saw only what it may see");
    }
    assert!(made > during, "requests were answered until the listener closed");
    // What was processed was answered: the store has as many codes as the clients.
    let program = Start::on(dir.path()).go();
    let mut stored = 0;
    let mut cursor = String::new();
    loop {
        let path = format!("/v1/admin/task-codes?limit=200{cursor}");
        let page = program.call(Method::GET, &path, ADMIN_KEY, &json!({})).await.ok();
        stored += page["task_codes"].as_array().map_or(0, Vec::len) as u64;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(stored, made, "{} connections were closed without an answer", broken.load(Ordering::SeqCst));
    assert!(end(program).success());
}

/// A container of its own as far as processes go; `None` where the machine does not allow that.
const CONTAINER: [&str; 5] = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];

fn containers_work() -> bool {
    let tried = Command::new(CONTAINER[0]).args(&CONTAINER[1..]).arg("true").stderr(Stdio::null()).status();
    let works = tried.is_ok_and(|status| status.success());
    if !works {
        eprintln!("skipped: a process namespace of its own needs the right to make one");
    }
    works
}

/// The children of a process, as the machine outside of its container numbers them.
fn children(pid: i32) -> Vec<i32> {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let lists = tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let lists: Vec<String> = lists.collect();
    lists.iter().flat_map(|list| list.split_ascii_whitespace()).filter_map(|text| text.parse().ok()).collect()
}

fn zombies_of(pid: i32) -> usize {
    children(pid)
        .into_iter()
        .filter(|child| {
            let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
        })
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_process_of_a_container_collects_orphans_and_waits_for_runs() {
    if !containers_work() {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let (start, engine) = held(dir.path());
    let inside =
        start.without("SS_ON_SHUTDOWN").with("SS_SHUTDOWN_TIMEOUT_SECONDS", "20").through(&CONTAINER);
    let mut program = inside.go();
    let first = children(program.pid())[0];
    let job = Job::running(&program).await;
    eventually("the engine works", || starts(&engine).len() == 1);
    // Without the launcher its engine and the engine's children fall to the first process.
    // Another launcher waits there for the next run.
    let launcher = children(first).into_iter().find(|child| !children(*child).is_empty());
    let launcher = launcher.expect("the engine's parent");
    crate::support::runs::kill_9(launcher);
    eventually("the attempt is tried again", || starts(&engine).len() == 2);
    eventually("no orphan stays", || zombies_of(first) == 0);
    let pid = rustix::process::Pid::from_raw(first).expect("a process id");
    rustix::process::kill_process(pid, Signal::TERM).expect("there");
    eventually("the end began", || inside.log().contains("SS_SHUTDOWN_BEGIN"));
    let_go(&engine);
    assert!(tokio::task::block_in_place(|| program.wait()).success());
    assert!(steps(&inside.log()).contains(&("runs".to_owned(), true)), "wait is the default there");
    let program = Start::on(dir.path()).go();
    let (job, runs) = job.ended(&program).await;
    assert_eq!((&job["status"], runs.len()), (&json!("succeeded"), 2));
    assert!(end(program).success());
}

#[test]
fn detach_is_refused_by_name_in_a_container() {
    if !containers_work() {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let mut command = Start::on(dir.path()).through(&CONTAINER).command();
    let refused = command.stderr(Stdio::piped()).output().expect("runs");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(78), "{said}");
    assert!(said.contains("worker.on_shutdown") && said.contains("detach"), "{said}");
}

/// The settings of the unit that decide what becomes of runs.
#[test]
fn the_systemd_unit_leaves_launchers_alone() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/systemd/stata-service.service");
    let unit = std::fs::read_to_string(&path).expect("the unit is there");
    let value = |key: &str| {
        let found = unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        found.map(str::to_owned).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(value("KillMode"), "process");
    assert_eq!(value("KillSignal"), "SIGTERM");
    assert_eq!(value("Restart"), "on-failure");
    // 78 is a configuration that will not get better by itself.
    assert!(value("RestartPreventExitStatus").split(' ').any(|code| code == "78"));
    assert!(value("ExecStart").ends_with("stata-service serve"));
    let bound: u64 = value("TimeoutStopSec").parse().expect("seconds");
    assert!(bound >= 30 + 30 + 12 + 5 + 15, "the sum of the bounds of the end");
    match Command::new("systemd-analyze").arg("verify").arg(&path).output() {
        Ok(done) => {
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            let ours: Vec<&str> = said
                .lines()
                .filter(|line| line.contains("stata-service.service"))
                // The program is not installed where tests run.
                .filter(|line| !line.contains("is not executable"))
                .collect();
            assert_eq!(ours, [""; 0], "{said}");
        }
        Err(error) => eprintln!("the unit was parsed, not verified: systemd-analyze: {error}"),
    }
}
