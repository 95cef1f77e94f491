//! Reads and conditional writes of the same jobs at two servers are linearizable, while one of them is killed and started
//! again: there is one order of all of them in which each takes effect at a moment between its request and its answer.
//!
//! The versions of a job are that order for its writes, so the check is exact and needs no search: every operation is given the
//! earliest moment that the order leaves it, and that must not lie behind its answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::block_in_place;

use super::support::{Job, Shared};
use crate::support::program::{Program, Start};

const JOBS: usize = 3;
/// Clients of each server.
const CLIENTS: usize = 4;
/// How often the second server is killed.
const KILLS: usize = 3;
const BETWEEN: Duration = Duration::from_secs(2);

/// One operation that was answered, or a write that was not.
#[derive(Debug, Clone)]
struct Operation {
    begun: Instant,
    /// `None` where no answer came: it may take effect at any time, or never.
    answered: Option<Instant>,
    is_write: bool,
    /// The version that was read or made; `None` where it is not known.
    version: Option<u64>,
    value: String,
}

/// Checks the operations of one job.
fn check(operations: &[Operation]) -> Result<(), String> {
    let mut writes: BTreeMap<u64, &Operation> = BTreeMap::new();
    let mut reads: BTreeMap<u64, Vec<&Operation>> = BTreeMap::new();
    for operation in operations {
        match (operation.is_write, operation.version) {
            (true, Some(version)) => {
                if let Some(other) = writes.insert(version, operation) {
                    return Err(format!("two writes made version {version}: {other:?} and {operation:?}"));
                }
            }
            (false, Some(version)) => reads.entry(version).or_default().push(operation),
            (_, None) => {}
        }
    }
    // what was read may show a write whose answer was lost
    for (version, found) in &reads {
        let lost = operations
            .iter()
            .find(|one| one.is_write && one.version.is_none() && one.value == found[0].value);
        if !writes.contains_key(version)
            && let Some(lost) = lost
        {
            writes.insert(*version, lost);
        }
    }
    let mut versions: Vec<u64> = writes.keys().chain(reads.keys()).copied().collect();
    versions.sort_unstable();
    versions.dedup();
    let mut moment: Option<Instant> = None;
    for version in versions {
        let write = writes.get(&version);
        if let Some(write) = write {
            moment = moment.max(Some(write.begun));
            if write.answered.is_some_and(|answered| Some(answered) < moment) {
                return Err(format!("version {version} came after its answer: {write:?}"));
            }
        }
        let mut after = moment;
        for read in reads.get(&version).into_iter().flatten() {
            if write.is_some_and(|write| write.value != read.value) {
                return Err(format!("version {version} of {write:?} was read as {read:?}"));
            }
            let earliest = moment.max(Some(read.begun));
            if read.answered.is_some_and(|answered| Some(answered) < earliest) {
                return Err(format!("version {version} was read too early or too late: {read:?}"));
            }
            after = after.max(earliest);
        }
        moment = after;
    }
    Ok(())
}

/// A server that may be away.
struct Place {
    base: RwLock<String>,
}

/// Sends a request; the answer with its version, or nothing where none came.
async fn send(
    http: &reqwest::Client,
    place: &Place,
    job: &Job,
    change: Option<(u64, &str)>,
) -> Option<(StatusCode, Option<u64>, Value)> {
    let base = place.base.read().expect("no panic").clone();
    let method = if change.is_some() { Method::PATCH } else { Method::GET };
    let mut request = http.request(method, format!("{base}{}", job.path)).bearer_auth(&job.token);
    if let Some((version, value)) = change {
        request = request.header("If-Match", format!("\"v{version}\"")).json(&json!({"client_ref": value}));
    }
    let answer = request.send().await.ok()?;
    let tag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok());
    let version = tag.and_then(|tag| tag.trim_matches('"').strip_prefix('v')?.parse().ok());
    Some((answer.status(), version, answer.json().await.ok()?))
}

/// Reads a job and changes it, over and over; returns the operations by job.
async fn client(
    place: Arc<Place>,
    jobs: Arc<Vec<Job>>,
    name: String,
    ends: Arc<AtomicBool>,
) -> Vec<Vec<Operation>> {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().expect("a client");
    let mut done = vec![Vec::new(); jobs.len()];
    for n in 0.. {
        if ends.load(Ordering::Relaxed) {
            break;
        }
        let at = n % jobs.len();
        let begun = Instant::now();
        let Some((StatusCode::OK, Some(version), body)) = send(&http, &place, &jobs[at], None).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let value = body["client_ref"].as_str().unwrap_or_default().to_owned();
        let answered = Some(Instant::now());
        done[at].push(Operation { begun, answered, is_write: false, version: Some(version), value });
        let value = format!("{name}_{n}");
        let begun = Instant::now();
        let answer = send(&http, &place, &jobs[at], Some((version, &value))).await;
        let answered = Instant::now();
        match answer {
            // another client was first, or too many asked
            Some((StatusCode::PRECONDITION_FAILED | StatusCode::TOO_MANY_REQUESTS, ..)) => {}
            Some((StatusCode::OK, Some(version), _)) => {
                let (answered, version) = (Some(answered), Some(version));
                done[at].push(Operation { begun, answered, is_write: true, version, value });
            }
            _ => done[at].push(Operation { begun, answered: None, is_write: true, version: None, value }),
        }
    }
    done
}

/// The clients ask often.
fn for_many(start: Start) -> Start {
    let limits = ["CREDENTIAL_PER_SECOND", "CREDENTIAL_BURST", "TENANT_PER_SECOND", "ADDRESS_PER_SECOND"];
    limits.iter().fold(start, |start, name| start.with(&format!("SS_LIMITS__{name}"), "10000"))
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_and_conditional_writes_at_two_servers_are_linearizable() {
    let Some(shared) = Shared::new() else { return };
    let start = |name: &str| for_many(shared.server(name, "api"));
    let (one, two) = block_in_place(|| (start("one").go(), start("two").go()));
    let mut jobs = Vec::new();
    for _ in 0..JOBS {
        jobs.push(Job::new(&one, &two).await);
    }
    let jobs = Arc::new(jobs);
    let ends = Arc::new(AtomicBool::new(false));
    let place = |server: &Program| Arc::new(Place { base: RwLock::new(server.base.clone()) });
    let places = [place(&one), place(&two)];
    let clients: Vec<_> = (0..2 * CLIENTS)
        .map(|n| {
            let place = Arc::clone(&places[n % 2]);
            tokio::spawn(client(place, Arc::clone(&jobs), format!("client_{n}"), Arc::clone(&ends)))
        })
        .collect();
    let mut two = Some(two);
    for _ in 0..KILLS {
        tokio::time::sleep(BETWEEN).await;
        block_in_place(|| two.take().expect("it runs").kill());
        let again = block_in_place(|| start("two").go());
        places[1].base.write().expect("no panic").clone_from(&again.base);
        two = Some(again);
    }
    tokio::time::sleep(BETWEEN).await;
    ends.store(true, Ordering::Relaxed);
    let mut by_job: Vec<Vec<Operation>> = vec![Vec::new(); JOBS];
    for client in clients {
        for (at, operations) in client.await.expect("does not panic").into_iter().enumerate() {
            by_job[at].extend(operations);
        }
    }
    let mut lost = 0;
    for operations in &by_job {
        let of =
            |is_write| operations.iter().filter(move |one| one.is_write == is_write && one.version.is_some());
        assert!(of(true).count() > 20 && of(false).count() > 40, "{} operations", operations.len());
        lost += operations.iter().filter(|one| one.version.is_none()).count();
        check(operations).unwrap_or_else(|why| panic!("{why}"));
    }
    println!("{} operations, {} without an answer", by_job.iter().map(Vec::len).sum::<usize>(), lost);
    block_in_place(|| assert!(one.end().success() && two.expect("it runs").end().success()));
}

#[test]
fn histories_that_are_not_linearizable_are_found() {
    let zero = Instant::now();
    let at = |seconds: u64| zero + Duration::from_secs(seconds);
    let operation = |is_write, version: u64, begun, answered| Operation {
        begun: at(begun),
        answered: Some(at(answered)),
        is_write,
        version: Some(version),
        value: format!("value {version}"),
    };
    let (write, read) = (|v, b, a| operation(true, v, b, a), |v, b, a| operation(false, v, b, a));
    assert_eq!(check(&[write(1, 0, 4), read(1, 1, 2), write(2, 3, 6), read(1, 3, 5), read(2, 5, 7)]), Ok(()));
    assert!(check(&[write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)]).is_err(), "a read of what was replaced");
    assert!(check(&[write(1, 2, 3), read(1, 0, 1)]).is_err(), "a read before the write began");
    assert!(check(&[write(2, 0, 1), write(1, 2, 3)]).is_err(), "versions against the order of time");
    assert!(check(&[write(1, 0, 1), write(1, 0, 1)]).is_err(), "two writes of one version");
    assert!(
        check(&[write(1, 0, 9), write(2, 0, 9), read(2, 1, 2), read(1, 3, 4)]).is_err(),
        "a read that goes back"
    );
    let other = Operation { value: "another".to_owned(), ..read(1, 1, 2) };
    assert!(check(&[write(1, 0, 4), other]).is_err(), "a value that nobody wrote");
    let lost = Operation { answered: None, version: None, ..write(2, 5, 6) };
    assert_eq!(check(&[write(1, 0, 4), lost.clone(), read(2, 6, 7)]), Ok(()), "an answer that was lost");
    assert!(check(&[write(1, 0, 4), lost, read(2, 3, 4)]).is_err(), "read before it was asked for");
}
