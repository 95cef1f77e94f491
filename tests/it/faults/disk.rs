//! A volume that fills up under the running program: new work is refused, ends of runs are kept.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::check_chain;
use super::steps::starts;
use crate::support::app::{ADMIN_KEY, Answer};
use crate::support::program::{Program, Start};
use crate::support::runs::{SERVICE, eventually, fakes};

pub(super) const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");
/// Size of the volume; a half must stay free by the default rule.
const SIZE: u64 = 128 << 20;

/// A small volume of its own.
struct Volume(PathBuf);

impl Volume {
    /// Mounts it; `None`, with the reason on standard error, where the machine does not allow that.
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir(at).expect("created");
        let size = format!("size={SIZE}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output();
        match mounted {
            Ok(done) if done.status.success() => Some(Self(at.to_owned())),
            other => {
                eprintln!("skipped: a volume of its own needs the right to mount: {other:?}");
                None
            }
        }
    }

    /// Leaves this many bytes free, or as good as none.
    fn leave(&self, free: u64) {
        let filler = File::create(self.0.join("filler")).expect("created");
        let volume = rustix::fs::statvfs(&self.0).expect("asked");
        let now = volume.f_bavail * volume.f_frsize;
        let fill = now.saturating_sub(free);
        rustix::fs::fallocate(&filler, rustix::fs::FallocateFlags::empty(), 0, fill).expect("filled");
    }

    fn empty(&self) {
        std::fs::remove_file(self.0.join("filler")).expect("removed");
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

/// A job and its client.
pub(super) struct Job {
    pub id: String,
    pub token: String,
}

pub(super) async fn codes(program: &Program, count: usize) -> Vec<String> {
    let body = json!({"count": count});
    let made = program.call(Method::POST, "/v1/admin/task-codes", ADMIN_KEY, &body).await.ok();
    let codes = made["task_codes"].as_array().expect("a list").iter();
    codes.map(|c| c["task_code"].as_str().expect("a code").to_owned()).collect()
}

pub(super) async fn redeem(program: &Program, code: &str) -> Answer {
    let body = json!({"task_code": code, "requirement": "q"});
    Answer::of(program.http.post(format!("{}/v1/task-codes/redeem", program.base)).json(&body)).await
}

impl Job {
    pub(super) async fn created(program: &Program, code: &str) -> Self {
        let redeemed = redeem(program, code).await.ok();
        let text = |key: &str| redeemed[key].as_str().expect("a text").to_owned();
        Self { id: text("job_id"), token: text("token") }
    }

    pub(super) async fn drafted(program: &Program, code: &str) -> Self {
        let job = Self::created(program, code).await;
        program.upload(&job.id, &job.token, PAY).await.ok();
        let draft = json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay",
                           "roles": {"regressors": ["schooling"]}});
        job.ask(program, Method::PUT, "/draft", &draft).await.ok();
        job
    }

    pub(super) async fn confirmed(program: &Program, code: &str) -> Self {
        let job = Self::drafted(program, code).await;
        job.ask(program, Method::POST, "/plan/freeze", &json!({})).await.ok();
        job
    }

    pub(super) async fn ask(&self, program: &Program, method: Method, path: &str, body: &Value) -> Answer {
        program.call(method, &format!("/v1/jobs/{}{path}", self.id), &self.token, body).await
    }

    pub(super) async fn run(&self, program: &Program) -> Answer {
        self.ask(program, Method::POST, "/run", &json!({})).await
    }

    pub(super) async fn look(&self, program: &Program) -> Value {
        self.ask(program, Method::GET, "", &json!({})).await.ok()
    }

    pub(super) async fn until(&self, program: &Program, status: &str) -> Value {
        for _ in 0..3000 {
            let seen = self.look(program).await;
            if seen["status"] == status {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never {status}: {}", self.look(program).await);
    }
}

fn needs_space(answer: Answer) {
    assert_eq!(answer.headers.get("retry-after").and_then(|v| v.to_str().ok()), Some("60"), "{answer:?}");
    let refused = answer.refused(507, "STORAGE_FULL");
    assert_eq!(refused["retry_after_seconds"], 60);
    let context = &refused["context"];
    assert!(context["free_bytes"].as_u64() < context["needed_bytes"].as_u64(), "{context}");
    assert_eq!(context["needed_bytes"], SIZE / 2);
}

pub(super) async fn health(program: &Program) -> Value {
    Answer::of(program.http.get(format!("{}/health/ready", program.base))).await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_new_work_and_keeps_the_ends_of_runs() {
    let dir = tempfile::tempdir().expect("a directory");
    let Some(volume) = Volume::mount(&dir.path().join("data")) else { return };
    let engine = dir.path().join("engine");
    std::fs::create_dir(&engine).expect("created");
    std::fs::copy(fakes().join("counted.sh"), engine.join("counted.sh")).expect("copied");
    std::fs::write(engine.join("program"), SERVICE).expect("written");
    let start = Start::on(dir.path())
        .without("SS_DISK__LOW_MB")
        .with("SS_STATA_CMD", &engine.join("counted.sh").display().to_string())
        .with("SS_RUN__SANDBOX", "off")
        .with("SS_WORKER_CONCURRENCY", "1");
    let program = start.go();
    let codes = codes(&program, 6).await;
    let running = Job::confirmed(&program, &codes[0]).await;
    let queued = Job::confirmed(&program, &codes[1]).await;
    let waiting = Job::confirmed(&program, &codes[2]).await;
    let open = Job::created(&program, &codes[4]).await;
    eventually("the reserve is held", || volume.0.join("store/reserve").exists());

    std::fs::write(engine.join("hold"), "").expect("written");
    running.run(&program).await.ok();
    queued.run(&program).await.ok();
    eventually("the engine works", || starts(&engine).len() == 1);

    volume.leave(SIZE / 4);
    needs_space(redeem(&program, &codes[3]).await);
    needs_space(program.upload(&open.id, &open.token, PAY).await);
    needs_space(waiting.run(&program).await);
    eventually("health says so", || {
        let seen =
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(health(&program)));
        seen["status"] == "degraded" && seen["checks"]["disk"]["status"] == "degraded"
    });

    // Now there is nothing left but the reserve.
    volume.leave(0);
    std::fs::remove_file(engine.join("hold")).expect("removed");
    // The engine's own log has no room, so the run fails honestly; what counts is that its end is kept.
    let done = running.until(&program, "failed").await;
    assert_eq!(done["latest_run"]["cause"], "log_incomplete", "{done}");
    assert!(done["artifacts"]["by_kind"]["stata.log"].as_u64() >= Some(1), "{done}");
    let cancelled = waiting.ask(&program, Method::POST, "/cancel", &json!({})).await.ok();
    assert_eq!(cancelled["status"], "cancelled");
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(queued.look(&program).await["status"], "queued", "nothing is claimed");
    assert_eq!(starts(&engine).len(), 1);

    volume.empty();
    queued.until(&program, "succeeded").await;
    redeem(&program, &codes[3]).await.ok();
    eventually("the reserve is held again", || volume.0.join("store/reserve").exists());
    let ended = tokio::task::block_in_place(|| program.end());
    assert!(ended.success(), "{ended}");
    let log = start.log();
    for event in ["SS_DISK_LOW", "SS_DISK_OK"] {
        assert!(log.contains(event), "{event} in {log}");
    }
    check_chain(&dir.path().join("data")).await;
}
