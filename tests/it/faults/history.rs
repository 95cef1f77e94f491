//! A history of concurrent reads and writes of one job, and the check that it is linearizable: there is one
//! order of all operations that agrees with real time and in which every read sees the latest write.
//! Versions make that cheap: they are that order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures_util::future::join_all;
use reqwest::Method;
use reqwest::header::{ETAG, IF_MATCH};
use serde_json::{Value, json};

use super::{Rng, full, seed};
use crate::support::app::{Answer, Job, TestApp};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

/// What an operation did, as its answer told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// A read saw this text at this version.
    Read { version: u64, text: String },
    /// A conditional write of this text on this version was acknowledged.
    Wrote { on: u64, text: String },
    /// A conditional write on this version was refused; the job was at another one.
    Refused { on: u64, actual: u64 },
}

/// One operation between its call and its answer, in nanoseconds of one clock.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    pub called: u64,
    pub answered: u64,
    pub seen: Seen,
}

/// Why a history is not linearizable.
pub(super) type Fault = String;

/// Checks a history of one job. `first` is the version and text before it.
///
/// # Errors
/// The first fault that is found.
pub(super) fn check(history: &[Operation], first: (u64, &str)) -> Result<(), Fault> {
    let texts = texts(history, first)?;
    for operation in history {
        if let Seen::Read { version, text } = &operation.seen {
            match texts.get(version) {
                None => return Err(format!("a read saw version {version}, which nobody wrote")),
                Some(written) if written != text => {
                    return Err(format!("version {version} was written as {written:?} and read as {text:?}"));
                }
                Some(_) => {}
            }
        }
    }
    real_time(history)
}

/// The text of every version: one writer each, without a gap.
fn texts(history: &[Operation], first: (u64, &str)) -> Result<BTreeMap<u64, String>, Fault> {
    let mut texts = BTreeMap::from([(first.0, first.1.to_owned())]);
    for operation in history {
        if let Seen::Wrote { on, text } = &operation.seen
            && texts.insert(on + 1, text.clone()).is_some()
        {
            return Err(format!("two writes on version {on} were acknowledged"));
        }
    }
    for version in texts.keys() {
        if *version != first.0 && !texts.contains_key(&(version - 1)) {
            return Err(format!("version {version} follows nothing"));
        }
    }
    Ok(texts)
}

/// No operation that began after another was answered sees an earlier state than that one showed.
fn real_time(history: &[Operation]) -> Result<(), Fault> {
    let mut calls: Vec<&Operation> = history.iter().collect();
    calls.sort_by_key(|o| o.called);
    let mut answers: Vec<&Operation> = history.iter().collect();
    answers.sort_by_key(|o| o.answered);
    let (mut shown, mut next) = (0, 0);
    for operation in calls {
        while let Some(earlier) = answers.get(next).filter(|o| o.answered < operation.called) {
            shown = shown.max(shows(&earlier.seen));
            next += 1;
        }
        // A write happens at the version that it made, a read or refusal at the one that it saw.
        if shows(&operation.seen) < shown {
            return Err(format!("{operation:?} went back behind version {shown}"));
        }
        if let Seen::Wrote { on, .. } = operation.seen
            && on < shown
        {
            return Err(format!("a write on version {on} was acknowledged after version {shown} was shown"));
        }
    }
    Ok(())
}

/// The version that an answer proves to have existed.
fn shows(seen: &Seen) -> u64 {
    match seen {
        Seen::Read { version, .. } => *version,
        Seen::Wrote { on, .. } => on + 1,
        Seen::Refused { actual, .. } => *actual,
    }
}

fn draft(text: &str) -> Value {
    json!({"template_id": "linear.ols_robust", "outcome_var": "log_pay", "draft_text": text,
           "roles": {"regressors": ["schooling"]}})
}

fn version_of(answer: &Answer) -> u64 {
    let tag = answer.headers[ETAG].to_str().expect("a tag").trim_matches('"').trim_start_matches('v');
    tag.parse().expect("a version")
}

/// One client: reads, writes what it read, and notes both.
async fn client(app: Arc<TestApp>, job: Job, began: Instant, mut dice: Rng, rounds: usize) -> Vec<Operation> {
    let now = || u64::try_from(began.elapsed().as_nanos()).expect("small");
    let mut history = Vec::new();
    let mut known = 0;
    for n in 0..rounds {
        let called = now();
        let seen = if known == 0 || dice.below(2) == 0 {
            let read = app.get(&job, "/draft/preview").await;
            let version = read.body["version"].as_u64().expect("a version");
            known = version;
            Seen::Read { version, text: read.ok()["draft_text"].as_str().expect("a text").to_owned() }
        } else {
            let text = format!("{}-{n}", dice.next());
            let path = format!("/v1/jobs/{}/draft", job.job_id);
            let request =
                app.request(Method::PUT, &path, &job.token).header(IF_MATCH, format!("\"v{known}\""));
            let written = Answer::of(request.json(&draft(&text))).await;
            let on = known;
            if written.status.is_success() {
                known = written.body["version"].as_u64().unwrap_or(on + 1);
                assert_eq!(known, on + 1, "{}", written.body);
                Seen::Wrote { on, text }
            } else {
                let refused = written.refused(412, "JOB_VERSION_CONFLICT");
                known = refused["context"]["actual_version"].as_u64().expect("a version");
                Seen::Refused { on, actual: known }
            }
        };
        history.push(Operation { called, answered: now(), seen });
    }
    history
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_reads_and_writes_of_a_job_are_linearizable() {
    let app = Arc::new(TestApp::start().await);
    let (clients, rounds) = if full() { (32, 400) } else { (12, 40) };
    let mut dice = Rng(seed());
    for _ in 0..2 {
        let job = app.job("").await;
        app.upload(&job, "pay.csv", PAY).await.ok();
        app.put(&job, "/draft", &draft("first")).await.ok();
        let before = version_of(&app.get(&job, "").await);
        let began = Instant::now();
        let walks = (0..clients)
            .map(|_| tokio::spawn(client(Arc::clone(&app), job.clone(), began, Rng(dice.next()), rounds)));
        let history = Mutex::new(Vec::new());
        for walk in join_all(walks.collect::<Vec<_>>()).await {
            history.lock().expect("not poisoned").extend(walk.expect("does not panic"));
        }
        let history = history.into_inner().expect("not poisoned");
        let wrote = history.iter().filter(|o| matches!(o.seen, Seen::Wrote { .. })).count() as u64;
        assert!(wrote > 10, "{wrote} writes");
        check(&history, (before, "first")).unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(version_of(&app.get(&job, "").await), before + wrote, "every write made one version");
    }
}

fn operation(called: u64, answered: u64, seen: Seen) -> Operation {
    Operation { called, answered, seen }
}

fn read(version: u64, text: &str) -> Seen {
    Seen::Read { version, text: text.to_owned() }
}

fn wrote(on: u64, text: &str) -> Seen {
    Seen::Wrote { on, text: text.to_owned() }
}

#[test]
fn the_checker_accepts_what_is_linearizable() {
    let history = [
        operation(0, 9, wrote(1, "a")),
        // Overlaps the write, so that both states may be seen.
        operation(1, 2, read(1, "first")),
        operation(3, 4, read(2, "a")),
        operation(10, 11, Seen::Refused { on: 1, actual: 2 }),
        operation(12, 13, wrote(2, "b")),
        operation(14, 15, read(3, "b")),
    ];
    assert_eq!(check(&history, (1, "first")), Ok(()));
}

#[test]
fn the_checker_refuses_what_is_not() {
    let bad: [(&str, Vec<Operation>); 6] = [
        ("a lost update", vec![operation(0, 1, wrote(1, "a")), operation(0, 1, wrote(1, "b"))]),
        ("a read that goes back", vec![operation(0, 1, wrote(1, "a")), operation(2, 3, read(1, "first"))]),
        (
            "two reads out of order",
            vec![
                operation(0, 9, wrote(1, "a")),
                operation(1, 2, read(2, "a")),
                operation(3, 4, read(1, "first")),
            ],
        ),
        ("another text", vec![operation(0, 1, wrote(1, "a")), operation(2, 3, read(2, "b"))]),
        ("a version from nowhere", vec![operation(0, 1, read(2, "a"))]),
        ("a gap", vec![operation(0, 1, wrote(2, "a"))]),
    ];
    for (what, history) in bad {
        assert!(check(&history, (1, "first")).is_err(), "{what} was accepted");
    }
}
