//! The progress of a batch, which the leader keeps, at the readers of another server.

use std::time::{Duration, Instant};

use reqwest::Method;

use super::support::{Engine, Job, PAY, Shared, wait_for};
use crate::batches::two_by_two;

#[tokio::test(flavor = "multi_thread")]
async fn the_progress_of_a_batch_is_told_at_once_by_every_server() {
    let Some(shared) = Shared::new() else { return };
    let engine = Engine::new(&shared);
    let (one, two) = tokio::task::block_in_place(|| {
        let one = engine.used_by(shared.server("one", "all")).go();
        let term = "SELECT count(*)::text FROM ss.leader WHERE until > clock_timestamp()";
        wait_for("a server leads", || shared.sql(term) == ["1"]);
        (one, shared.server("two", "api").go())
    });
    let job = Job::new(&one, &two).await;
    let id = job.path.strip_prefix("/v1/jobs/").expect("a path");
    two.upload(id, &job.token, PAY).await.ok();
    engine.hold();
    let request = two.request(Method::GET, &format!("{}/events", job.path), &job.token);
    let mut stream = request.send().await.expect("answers");
    job.call(&two, Method::POST, "/batches", &two_by_two()).await;
    tokio::task::block_in_place(|| wait_for("a cell runs", || engine.starts() == 1));
    let (since, mut told) = (Instant::now(), String::new());
    // without a change the stream looks every 15 seconds
    while !told.lines().any(|line| line.contains("\"running\":1")) {
        let piece = tokio::time::timeout(Duration::from_secs(8), stream.chunk()).await;
        let piece = piece.unwrap_or_else(|_| panic!("nothing after {:?}: {told}", since.elapsed()));
        told.push_str(&String::from_utf8_lossy(&piece.expect("readable").expect("more")));
    }
    assert!(since.elapsed() < Duration::from_secs(8), "{:?}", since.elapsed());
    engine.release();
    drop((one, two));
}
