//! Servers that vanish while they run jobs: others take the jobs over, and two engines of one job never run at once.

use std::path::Path;

use reqwest::Method;
use rustix::process::Signal;
use serde_json::json;

use super::support::{Engine, Job, Shared, wait_for};
use crate::support::program::{Program, leases};

/// The server that holds the one run under way, out of two.
fn holder(shared: &Shared, servers: [(&Path, Program); 2]) -> (Program, Program) {
    let held = shared.sql("SELECT node_id FROM ss.active_runs");
    let is_it = |data: &Path| std::fs::read_to_string(data.join("node.id")).is_ok_and(|id| held == [id]);
    let [(first, one), (second, other)] = servers;
    if is_it(first) {
        return (one, other);
    }
    assert!(is_it(second), "one of them holds the run: {held:?}");
    (other, one)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_a_server_that_stops_runs_again_elsewhere_after_its_engine_has_ended() {
    let Some(shared) = Shared::new() else { return };
    let engine = Engine::new(&shared);
    let starts = ["one", "two"].map(|name| engine.used_by(shared.server(name, "all")));
    let (one, two, api) =
        tokio::task::block_in_place(|| (starts[0].go(), starts[1].go(), shared.server("api", "api").go()));
    let job = Job::new(&api, &one).await;
    job.prepare(&two).await;
    engine.hold();
    job.call(&api, Method::POST, "/run", &json!({})).await;
    let (stopped, left) = tokio::task::block_in_place(|| {
        wait_for("the engine starts", || engine.starts() == 1);
        let (stopped, left) =
            holder(&shared, [(starts[0].data.as_path(), one), (starts[1].data.as_path(), two)]);
        stopped.signal(Signal::STOP);
        wait_for("the engine starts elsewhere", || engine.starts() == 2);
        engine.release();
        (stopped, left)
    });
    let ended = job.ended(&api).await;
    assert_eq!(ended["status"], "succeeded", "{ended}");
    assert_eq!(engine.doubles(), "", "two engines of one job ran at once");
    // the server that comes back knows that its run is not its own any more, and takes part again
    tokio::task::block_in_place(|| {
        stopped.signal(Signal::CONT);
        wait_for("it joins again", || {
            shared.sql("SELECT state FROM ss.nodes WHERE role = 'all' ORDER BY epoch")
                == ["live", "lost", "live"]
                || shared.sql("SELECT state FROM ss.nodes WHERE role = 'all' ORDER BY epoch")
                    == ["lost", "live", "live"]
        });
    });
    let again = job.call(&stopped, Method::GET, "", &json!({})).await;
    assert_eq!(again["version"], ended["version"], "{again}");
    assert_eq!(engine.starts(), 2);
    assert_eq!(shared.sql("SELECT count(*)::text FROM ss.active_runs"), ["0"]);
    let runs = job.call(&api, Method::GET, "/runs", &json!({})).await;
    let causes: Vec<_> = runs["runs"].as_array().expect("runs").iter().map(|run| &run["cause"]).collect();
    assert!(causes.contains(&&json!("worker_lost")), "{runs}");
    tokio::task::block_in_place(|| {
        for server in [stopped, left, api] {
            assert!(server.end().success());
        }
    });
    assert_eq!(shared.sql("SELECT count(*)::text FROM ss.nodes WHERE state IN ('live', 'draining')"), ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_started_again_continues_its_own_runs_and_no_others() {
    let Some(shared) = Shared::new() else { return };
    let engine = Engine::new(&shared);
    // usual leases: on a loaded machine two starts take longer than a short one, and then another server rightly takes the run over
    let starts = ["one", "two"].map(|name| leases(engine.used_by(shared.server(name, "all")), 1));
    let (one, two) = tokio::task::block_in_place(|| (starts[0].go(), starts[1].go()));
    let job = Job::new(&one, &two).await;
    job.prepare(&one).await;
    engine.hold();
    job.call(&two, Method::POST, "/run", &json!({})).await;
    let (again, killed) = tokio::task::block_in_place(|| {
        wait_for("the engine starts", || engine.starts() == 1);
        let held = shared.sql("SELECT node_id FROM ss.active_runs");
        let id = std::fs::read_to_string(starts[0].data.join("node.id")).expect("is there");
        let is_first = held == [id];
        one.kill();
        two.kill();
        // first the one that does not hold the run: it must leave it alone
        let (holder, other) = if is_first { (&starts[0], &starts[1]) } else { (&starts[1], &starts[0]) };
        let other = other.go();
        let holder = holder.go();
        engine.release();
        (holder, other)
    });
    let ended = job.ended(&killed).await;
    assert_eq!(ended["status"], "succeeded", "{ended}");
    assert_eq!((engine.starts(), engine.doubles().as_str()), (1, ""));
    tokio::task::block_in_place(|| {
        for server in [again, killed] {
            assert!(server.end().success());
        }
    });
}
