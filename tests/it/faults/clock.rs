//! The clock of the day is set forward by a day or back by an hour while jobs are in every phase of their life. A
//! library that is preloaded moves it for the program alone; limits count on the clock that nobody sets.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::check_chain;
use super::disk::{Job, PAY, codes, health};
use super::steps::starts;
use crate::llm::drafts::{CHOICE, DRAFT};
use crate::support::app::{ADMIN_KEY, Answer};
use crate::support::program::{Program, Start};
use crate::support::provider::{PROVIDER_KEY, Provider, scripted};
use crate::support::runs::{SERVICE, eventually, fakes};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// The file of seconds by which the program's clock is moved.
struct Moved(File);

impl Moved {
    fn to(&self, seconds: i64) {
        self.0.write_all_at(&seconds.to_ne_bytes(), 0).expect("written");
    }
}

/// The settings of a program whose clock can be moved; `None` where that is not possible.
fn prepare(folder: &Path) -> Option<(Moved, Start)> {
    let library = super::preloaded("moved_clock", folder)?;
    let path = folder.join("seconds");
    let moved = Moved(File::create(&path).expect("created"));
    moved.to(0);
    let engine = folder.join("engine");
    std::fs::create_dir(&engine).expect("created");
    std::fs::copy(fakes().join("counted.sh"), engine.join("counted.sh")).expect("copied");
    std::fs::write(engine.join("program"), SERVICE).expect("written");
    let start = Start::on(folder)
        .with("LD_PRELOAD", &library.display().to_string())
        .with("MOVED_CLOCK", &path.display().to_string())
        .with("SS_STATA_CMD", &engine.join("counted.sh").display().to_string())
        .with("SS_RUN__SANDBOX", "off")
        .with("SS_WORKER_CONCURRENCY", "1");
    Some((moved, start))
}

/// Processor time that the program has used, in seconds.
fn processor_seconds(program: &Program) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", program.pid())).expect("facts");
    let fields: Vec<&str> = text.rsplit(')').next().expect("fields").split_ascii_whitespace().collect();
    let ticks: u64 =
        fields[11].parse::<u64>().expect("a number") + fields[12].parse::<u64>().expect("a number");
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

/// An upload whose second half is sent when the sender says so.
fn half_sent(
    program: &Program,
    job: &Job,
) -> (tokio::sync::oneshot::Sender<()>, tokio::task::JoinHandle<Answer>) {
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    let (first, second) = PAY.as_bytes().split_at(PAY.len() / 2);
    let rest = async move {
        let _ = wait.await;
        Ok(second)
    };
    let pieces = futures_util::StreamExt::chain(
        futures_util::stream::iter([Ok::<_, std::io::Error>(first)]),
        futures_util::stream::once(rest),
    );
    let part = Part::stream(reqwest::Body::wrap_stream(pieces)).file_name("pay.csv");
    let path = format!("/v1/jobs/{}/inputs/upload", job.id);
    let request = program.request(Method::POST, &path, &job.token).multipart(Form::new().part("file", part));
    (go, tokio::spawn(Answer::of(request)))
}

/// Opens an upload session and sends its only part.
async fn session(program: &Program, job: &Job) -> String {
    let file = json!({"filename": "pay.csv", "size_bytes": PAY.len(), "role": "primary_dataset"});
    let bundle = job.ask(program, Method::POST, "/inputs/bundle", &json!({"files": [file]})).await.ok();
    let body = json!({"bundle_id": bundle["bundle_id"], "file_id": bundle["files"][0]["file_id"]});
    let session = job.ask(program, Method::POST, "/inputs/upload-sessions", &body).await.ok();
    let url = format!("{}{}", program.base, session["presigned_url"].as_str().expect("a link"));
    Answer::of(program.http.put(url).body(PAY)).await.ok();
    format!("/v1/upload-sessions/{}/finalize", session["upload_session_id"].as_str().expect("an id"))
}

async fn runs(program: &Program, job: &Job) -> Vec<Value> {
    let listed = job.ask(program, Method::GET, "/runs", &json!({})).await.ok();
    listed["runs"].as_array().expect("a list").clone()
}

/// Waits for the success of the job's only attempt.
async fn succeeds(program: &Program, job: &Job) {
    job.until(program, "succeeded").await;
    let runs = runs(program, job).await;
    assert_eq!(runs.len(), 1, "no attempt was ended by the clock: {runs:?}");
}

async fn the_clock_jumps(by: i64) {
    let dir = tempfile::tempdir().expect("a directory");
    let Some((moved, start)) = prepare(dir.path()) else { return };
    let engine = dir.path().join("engine");
    let program = start.go();
    let codes = codes(&program, 9).await;
    let created = Job::created(&program, &codes[0]).await;
    let sending = Job::created(&program, &codes[1]).await;
    let in_session = Job::created(&program, &codes[2]).await;
    let finalize = session(&program, &in_session).await;
    let confirmed = Job::confirmed(&program, &codes[3]).await;
    let finished = Job::confirmed(&program, &codes[4]).await;
    finished.run(&program).await.ok();
    succeeds(&program, &finished).await;
    let result = finished.look(&program).await["artifacts"].clone();
    let linked = finished.ask(&program, Method::POST, "/links", &json!({"scope": "capsule"})).await.ok();
    let running = Job::confirmed(&program, &codes[5]).await;
    let queued = Job::confirmed(&program, &codes[6]).await;
    std::fs::write(engine.join("hold"), "").expect("written");
    running.run(&program).await.ok();
    eventually("the engine works", || starts(&engine).len() == 2);
    queued.run(&program).await.ok();
    let (go, upload) = half_sent(&program, &sending);

    moved.to(by);
    let before = processor_seconds(&program);
    // checks of health, the sweeper, the queue and the watch over the run all look at their clocks meanwhile
    tokio::time::sleep(Duration::from_secs(3)).await;
    let used = processor_seconds(&program) - before;
    assert!(used < 1.5, "the program turns round and round: {used} s in three");
    assert_eq!(health(&program).await["status"], "ok");
    assert_eq!(running.look(&program).await["status"], "running");
    assert_eq!(queued.look(&program).await["status"], "queued");
    assert_eq!(finished.look(&program).await["artifacts"], result, "nothing is due");
    let url = format!("{}{}", program.base, linked["url"].as_str().expect("a link"));
    let opened = program.http.get(url).send().await.expect("answers");
    assert!(
        !opened.status().is_success(),
        "a link neither outlives its time nor is valid for longer than any"
    );
    let status = program.call(Method::GET, "/v1/admin/system/status", ADMIN_KEY, &json!({})).await.ok();
    assert!((0..600).contains(&status["uptime_seconds"].as_i64().expect("a number")), "{status}");

    go.send(()).expect("the upload waits");
    upload.await.expect("sent").ok();
    let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay",
                       "roles": {"regressors": ["schooling"]}});
    sending.ask(&program, Method::PUT, "/draft", &draft).await.ok();
    sending.ask(&program, Method::POST, "/plan/freeze", &json!({})).await.ok();
    // a session is kept for hours of the day's clock
    let kept = program.call(Method::POST, &finalize, &in_session.token, &json!({"parts": []})).await;
    assert_eq!(kept.status.is_success(), by < 0, "{}", kept.body);
    program.upload(&created.id, &created.token, PAY).await.ok();
    confirmed.run(&program).await.ok();
    std::fs::remove_file(engine.join("hold")).expect("removed");
    for job in [&running, &queued, &confirmed] {
        succeeds(&program, job).await;
    }
    sending.run(&program).await.ok();
    succeeds(&program, &sending).await;
    Job::created(&program, &codes[7]).await;
    tokio::task::block_in_place(|| program.kill());

    // the next process starts at the right time, with records of another one
    moved.to(0);
    let program = tokio::task::block_in_place(|| start.go());
    for job in [&running, &queued, &confirmed, &sending, &finished] {
        assert_eq!(job.look(&program).await["status"], "succeeded");
    }
    let late = Job::confirmed(&program, &codes[8]).await;
    late.run(&program).await.ok();
    succeeds(&program, &late).await;
    let ended = tokio::task::block_in_place(|| program.end());
    assert!(ended.success(), "{ended}");
    check_chain(&start.data).await;
    let log = start.log();
    for event in ["SS_PANIC", "SS_DEFECT", "panicked"] {
        assert!(!log.contains(event), "{event} in {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_forward_by_a_day_ends_nothing_and_loses_nothing() {
    the_clock_jumps(DAY).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_back_by_an_hour_ends_nothing_and_loses_nothing() {
    the_clock_jumps(-HOUR).await;
}

/// A clock that is set many times a second.
struct Jumps {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Jumps {
    fn start(moved: Moved) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            for by in [DAY, 0, -HOUR, 0, DAY, -HOUR].into_iter().cycle() {
                if told.load(Ordering::SeqCst) {
                    return moved.to(0);
                }
                moved.to(by);
                std::thread::sleep(Duration::from_millis(13));
            }
        });
        Self { stop, thread }
    }

    fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().expect("ends");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_while_a_model_thinks_neither_ends_nor_repeats_its_draft() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some((moved, start)) = prepare(dir.path()) else { return };
    let slow = "[latency]\nfirst_token = { kind = 'fixed', ms = 900.0 }\n";
    let provider = Provider::start(&format!("{slow}{}", scripted(&[DRAFT], &[CHOICE]))).await;
    let start = start
        .with("SS_LLM_PROVIDER", "openai")
        .with("SS_LLM_BASE_URL", &format!("{}/v1", provider.base))
        .with("SS_LLM_API_KEY", PROVIDER_KEY)
        .with("SS_LLM_MODEL", "simulated");
    let program = start.go();
    let job = Job::created(&program, &codes(&program, 1).await[0]).await;
    program.upload(&job.id, &job.token, PAY).await.ok();
    let before = provider.calls().await;
    let jumps = Jumps::start(moved);
    let mut draft = json!({"status": "pending"});
    while draft["status"] == "pending" {
        draft = job.ask(&program, Method::GET, "/draft/preview", &json!({})).await.ok();
    }
    assert_eq!((&draft["source"], &draft["outcome_var"]), (&json!("model"), &json!("log_pay")), "{draft}");
    assert_eq!(provider.calls().await - before, 2, "no call was given up and sent again");
    job.ask(&program, Method::POST, "/plan/freeze", &json!({})).await.ok();
    job.run(&program).await.ok();
    succeeds(&program, &job).await;
    jumps.stop();
    let ended = tokio::task::block_in_place(|| program.end());
    assert!(ended.success(), "{ended}");
    check_chain(&start.data).await;
    assert!(!start.log().contains("panicked"), "{}", start.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_all_the_time_ends_nothing_in_any_step() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some((moved, start)) = prepare(dir.path()) else { return };
    let start = start.with("SS_WORKER_CONCURRENCY", "2");
    let program = start.go();
    let codes = codes(&program, 6).await;
    let jumps = Jumps::start(moved);
    let jobs = codes.iter().map(|code| async {
        let job = Job::confirmed(&program, code).await;
        job.run(&program).await.ok();
        succeeds(&program, &job).await;
    });
    futures_util::future::join_all(jobs).await;
    jumps.stop();
    let ended = tokio::task::block_in_place(|| program.end());
    assert!(ended.success(), "{ended}");
    check_chain(&start.data).await;
    assert!(!start.log().contains("panicked"), "{}", start.log());
}
