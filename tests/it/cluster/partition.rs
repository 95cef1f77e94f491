//! A server loses the database at each step of a run: the run ends once, on another server, and what the first one still has
//! under way comes to nothing when it is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::Method;
use serde_json::json;

use super::support::{Engine, Job, Shared, wait_for};
use crate::support::fault_proxy::{Fault, FaultProxy};
use crate::support::link::{Link, Passage};
use crate::support::postgres;
use crate::support::program::{Program, Start};

/// What a run is doing when its server loses the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It was claimed; the files that its engine needs are being read.
    Claimed,
    Running,
    /// Its engine has ended; the verdict asks nothing of other machines.
    Publishing,
}

/// A server that runs jobs, with its own way to the database.
struct Worker {
    start: Start,
    link: Link,
    program: Program,
}

impl Worker {
    fn go(shared: &Shared, engine: &Engine, name: &str) -> Self {
        let socket = postgres::shared().expect("is here").socket();
        let link = Link::start(&shared.folder.path().join(name).join("link"), socket);
        let start = engine.used_by(shared.server(name, "worker"));
        let start = start.with("SS_DATABASE_URL", &link.url(&shared.database));
        let program = start.go();
        Self { start, link, program }
    }

    /// True if it holds the one run under way.
    fn holds(&self, shared: &Shared) -> bool {
        let id = std::fs::read_to_string(self.start.data.join("node.id")).expect("is there");
        shared.sql("SELECT node_id FROM ss.active_runs") == [id]
    }
}

/// Holds the next request for files of a job until all is well again; the value says when one is held.
fn hold_next(files: &FaultProxy, method: &'static str, job: &str) -> Arc<AtomicBool> {
    let (job, held) = (job.to_owned(), Arc::new(AtomicBool::new(false)));
    let is_held = Arc::clone(&held);
    files.rule(move |_, (found, path)| {
        let is_it = found == method && path.contains(&job) && !is_held.swap(true, Ordering::SeqCst);
        is_it.then_some(Fault::Held)
    });
    held
}

async fn a_run_ends_once(step: Step) {
    let Some(shared) = Shared::with_own_objects() else { return };
    let engine = Engine::new(&shared);
    let (api, mut workers) = tokio::task::block_in_place(|| {
        let workers = ["one", "two"].map(|name| Worker::go(&shared, &engine, name));
        (shared.server("api", "api").go(), workers)
    });
    let job = Job::new(&api, &api).await;
    job.prepare(&api).await;
    let id = job.path.strip_prefix("/v1/jobs/").expect("a path").to_owned();
    let files = shared.objects.front();
    let held = match step {
        Step::Claimed => Some(hold_next(files, "GET", &id)),
        Step::Running => None,
        Step::Publishing => Some(hold_next(files, "PUT", &id)),
    };
    if held.is_none() {
        engine.hold();
    }
    job.call(&api, Method::POST, "/run", &json!({})).await;
    tokio::task::block_in_place(|| {
        wait_for("the run is at the step", || match &held {
            Some(held) => held.load(Ordering::SeqCst),
            None => engine.starts() == 1,
        });
        // on a loaded machine a server may lose its lease before this, and another one is about to claim
        wait_for("one of them holds the run", || {
            if workers[1].holds(&shared) {
                workers.swap(0, 1);
            }
            workers[0].holds(&shared)
        });
        workers[0].link.set(Passage::Silent);
        let before = usize::from(step != Step::Claimed);
        wait_for("the engine starts elsewhere", || engine.starts() == before + 1);
        if step == Step::Running {
            engine.release();
        }
    });
    let ended = job.ended(&api).await;
    assert_eq!(ended["status"], "succeeded", "{step:?}: {ended}");
    let starts = engine.starts();
    tokio::task::block_in_place(|| {
        workers[0].link.set(Passage::Open);
        wait_for("it joins again", || {
            let live = "SELECT count(*)::text FROM ss.nodes WHERE role = 'worker' AND state = 'live'";
            shared.sql(live) == ["2"]
        });
        files.heal();
        // a wrong start of the engine ends the wait too
        let is_dropped = || workers[0].start.log().contains("SS_RUN_STALE");
        wait_for("the run is dropped", || is_dropped() || engine.starts() > starts);
    });
    assert_eq!((engine.starts(), engine.doubles().as_str()), (starts, ""), "{step:?}");
    let runs = job.call(&api, Method::GET, "/runs", &json!({})).await;
    let causes: Vec<_> = runs["runs"].as_array().expect("runs").iter().map(|run| &run["cause"]).collect();
    let (last, earlier) = causes.split_last().expect("runs");
    assert_eq!(*last, &json!(null), "{step:?}: {runs}");
    assert!(!earlier.is_empty() && earlier.iter().all(|cause| *cause == "worker_lost"), "{step:?}: {runs}");
    assert_eq!(job.call(&api, Method::GET, "", &json!({})).await["version"], ended["version"], "{step:?}");
    tokio::task::block_in_place(|| {
        let [one, two] = workers;
        for server in [one.program, two.program, api] {
            assert!(server.end().success(), "{step:?}");
        }
        let checked = one.start.tool(&["store", "check", "--deep"]).output().expect("runs");
        assert!(checked.status.success(), "{step:?}: {}", String::from_utf8_lossy(&checked.stdout));
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_once_whose_server_loses_the_database_after_the_claim() {
    a_run_ends_once(Step::Claimed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_once_whose_server_loses_the_database_while_it_runs() {
    a_run_ends_once(Step::Running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_once_whose_server_loses_the_database_while_it_publishes() {
    a_run_ends_once(Step::Publishing).await;
}
