//! Kill -9 of server, launcher and engine, alone and in pairs, at every step of a run's life, while clients
//! redeem, upload, state, patch, freeze, run and cancel. Seeded: the same seed aims in the same order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::clients::{Facts, Journal, check, runs, walk};
use super::steps::*;
use super::{Rng, check_chain, full, seed};
use crate::support::program::{Program, Start};
use crate::support::runs::{SERVICE, fakes, processes_of};

/// One data directory with its program and clients.
struct Lane {
    start: Start,
    program: Option<Program>,
    journal: Arc<Journal>,
    engine: PathBuf,
    dice: Rng,
    report: Report,
}

/// What was seen, for the one line that the test prints.
#[derive(Default)]
struct Report {
    kills: usize,
    by_step: BTreeMap<String, usize>,
    restarts: Vec<Duration>,
    /// From the kill, or from the ready line, to the end or the adoption of the attempt.
    recoveries: Vec<Duration>,
}

fn prepare(folder: &Path, seed: u64, dice: Rng) -> Lane {
    let folder = folder.canonicalize().expect("there");
    let engine = folder.join("engine");
    std::fs::create_dir(&engine).expect("created");
    std::fs::copy(fakes().join("counted.sh"), engine.join("counted.sh")).expect("copied");
    std::fs::write(engine.join("program"), SERVICE).expect("written");
    // an address of the lane's own: the clients ask the last port while the server starts again, and another test's
    // server may have it by then
    let listen = format!("127.0.{}.1:0", 100 + seed % 100);
    let start = Start::on(&folder)
        .with("SS_STATA_CMD", &engine.join("counted.sh").display().to_string())
        .with("SS_RUN__SANDBOX", "off")
        .with("SS_LISTEN", &listen)
        .with("SS_WORKER_CONCURRENCY", "2");
    let program = start.go();
    let journal = Arc::new(Journal::default());
    program.base.clone_into(&mut journal.base.write().expect("not poisoned"));
    Lane { start, program: Some(program), journal, engine, dice, report: Report::default() }
}

impl Lane {
    fn base(&self) -> String {
        self.journal.base.read().expect("not poisoned").clone()
    }

    /// Waits until some run shows this step; any step after three seconds.
    async fn aim(&self, wanted: Step) -> Option<(PathBuf, Step)> {
        let deadline = Instant::now() + Duration::from_secs(3);
        let mut last = None;
        while Instant::now() < deadline {
            let facts = self.journal.facts();
            for facts in facts.iter().rev().filter(|f| f.plan_id.is_some()).take(4) {
                for run_dir in run_dirs(&job_path(&self.start.data, &facts.job)) {
                    let step = step_of(&run_dir, &self.engine);
                    if step == wanted {
                        return Some((run_dir, step));
                    }
                    last = Some((run_dir, step));
                }
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        last
    }

    async fn round(&mut self) {
        let wanted = *self.dice.one(&STEPS);
        let victims = *self.dice.one(&VICTIMS);
        let Some((run_dir, step)) = self.aim(wanted).await else { return };
        let mut server_killed = false;
        let mut kills = 0;
        for victim in victims {
            if *victim == Victim::Server {
                self.program.take().expect("runs").kill();
                server_killed = true;
                kills += 1;
            } else {
                kills += kill_of_run(*victim, &run_dir).min(1);
            }
        }
        if kills == 0 {
            // What was aimed at had ended by itself.
            self.program.take().expect("runs").kill();
            server_killed = true;
            kills = 1;
        }
        self.report.kills += kills;
        *self.report.by_step.entry(format!("{step:?}")).or_default() += kills;
        if server_killed {
            self.restart();
        }
        let killed = Instant::now();
        self.recovered(&run_dir).await;
        self.report.recoveries.push(killed.elapsed());
        let base = self.base();
        let facts = self.journal.facts();
        for facts in facts.iter().rev().take(6) {
            check(&base, facts).await;
        }
    }

    fn restart(&mut self) {
        let start = self.start.clone();
        let program = tokio::task::block_in_place(|| start.go());
        self.report.restarts.push(program.took);
        program.base.clone_into(&mut self.journal.base.write().expect("not poisoned"));
        self.program = Some(program);
    }

    /// The attempt ended, or a living launcher was adopted.
    async fn recovered(&self, run_dir: &Path) {
        let run_id = run_dir.file_name().expect("a name").to_string_lossy().into_owned();
        let job = run_dir.ancestors().nth(2).and_then(Path::file_name).expect("a job").to_string_lossy();
        let facts = self.journal.facts().into_iter().find(|f| f.job == job).expect("in the journal");
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let runs = runs(&self.base(), &facts).await;
            // A claim that was not durable when the server died left no attempt.
            let attempt = runs.iter().find(|run| run["run_id"] == run_id.as_str());
            if attempt.is_none_or(|run| run["status"] != "running") {
                return;
            }
            let adopted = self
                .start
                .log()
                .lines()
                .any(|line| line.contains("SS_RUN_ADOPTED") && line.contains(&run_id));
            if adopted {
                return;
            }
            assert!(Instant::now() < deadline, "{run_id} is stuck: {attempt:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Every job that was asked to run comes to its end, with every attempt ended once.
    async fn settle(&self) {
        let base = self.base();
        let deadline = Instant::now() + Duration::from_secs(90);
        let started = starts(&self.engine);
        for run in &started {
            assert_eq!(started.iter().filter(|other| *other == run).count(), 1, "{run} was started twice");
        }
        for facts in self.journal.facts() {
            let job = self.ended(&base, &facts, deadline).await;
            if !facts.run_asked {
                continue;
            }
            let runs = runs(&base, &facts).await;
            for run in &runs {
                assert_ne!(run["status"], "running", "{}: {run}", facts.job);
                assert!(!run["ended_at"].is_null(), "{run}");
            }
            let succeeded = runs.iter().filter(|run| run["status"] == "succeeded").count();
            match job["status"].as_str() {
                Some("succeeded") => assert_eq!(succeeded, 1, "{job}"),
                Some("cancelled") => assert!(facts.cancel_sent && succeeded == 0, "{job}"),
                // Only the fourth kill of one job's engine ends it.
                other => assert!(runs.len() >= 4 || facts.cancel_sent, "{other:?}: {runs:?}"),
            }
        }
    }

    async fn ended(&self, base: &str, facts: &Facts, deadline: Instant) -> serde_json::Value {
        loop {
            let job = check(base, facts).await;
            let waits = ["queued", "running"].contains(&job["status"].as_str().expect("a status"));
            if !waits {
                return job;
            }
            assert!(Instant::now() < deadline, "{} stays {}", facts.job, job["status"]);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn lane(seed: u64, rounds: usize) -> (Report, usize, u64) {
    let dir = tempfile::tempdir().expect("a directory");
    let mut dice = Rng(seed);
    let clients: Vec<Rng> = (0..3).map(|_| Rng(dice.next())).collect();
    let mut lane = tokio::task::block_in_place(|| prepare(dir.path(), seed, dice));
    let clients: Vec<_> =
        clients.into_iter().map(|dice| tokio::spawn(walk(Arc::clone(&lane.journal), dice))).collect();
    for _ in 0..rounds {
        lane.round().await;
    }
    lane.journal.stop.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.expect("a client saw only what it may see");
    }
    lane.settle().await;
    let status = tokio::task::block_in_place(|| lane.program.take().expect("runs").end());
    assert!(status.success(), "{status}");
    let data = lane.start.data.clone();
    assert_eq!(processes_of(&data), [0_i32; 0], "no process of a run is left");
    assert_eq!(launchers_below(&data), [0_i32; 0], "no launcher is left");
    let events = check_chain(&data).await;
    assert!(events > 0);
    let jobs = lane.journal.facts().len();
    (lane.report, jobs, lane.journal.acknowledged.load(Ordering::SeqCst))
}

fn milliseconds(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |share: f64| {
        let index = ((times.len().max(1) - 1) as f64 * share) as usize;
        times.get(index).map_or(0.0, |t| t.as_secs_f64() * 1000.0)
    };
    format!("p50 {:.0} ms, p99 {:.0} ms, max {:.0} ms", at(0.5), at(0.99), at(1.0))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_kill_at_any_step_loses_an_answer_an_attempt_or_a_process() {
    let (lanes, rounds) = if full() { (4, 600) } else { (3, 50) };
    let began = Instant::now();
    let seed = seed();
    let lanes = (0..lanes).map(|n| tokio::spawn(lane(seed.wrapping_add(n), rounds)));
    let mut all = Report::default();
    let (mut jobs, mut answers) = (0, 0);
    for lane in lanes.collect::<Vec<_>>() {
        let (report, lane_jobs, lane_answers) = lane.await.unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        all.kills += report.kills;
        report.by_step.into_iter().for_each(|(step, n)| *all.by_step.entry(step).or_default() += n);
        all.restarts.extend(report.restarts);
        all.recoveries.extend(report.recoveries);
        jobs += lane_jobs;
        answers += lane_answers;
    }
    eprintln!(
        "seed {seed}: {} kills in {:.0} s at {:?}; {jobs} jobs, {answers} acknowledged answers; restart {}; \
         recovery {}",
        all.kills,
        began.elapsed().as_secs_f64(),
        all.by_step,
        milliseconds(all.restarts),
        milliseconds(all.recoveries),
    );
    assert!(all.kills >= 140, "only {} kills", all.kills);
    assert!(all.by_step.len() >= 5, "the kills hit too few steps: {:?}", all.by_step);
}
