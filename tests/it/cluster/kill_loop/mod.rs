//! Two servers that take requests and three that run jobs are killed, stopped, cut off from the database and started again at
//! random, while clients redeem, upload, freeze, run, read, list and cancel. In the middle, and at random, the database is lost
//! and its standby promoted. Seeded: the same seed does the same things in the same order. `SS_TEST_ROUNDS` is the number of
//! rounds, of about ten seconds each; `SS_TEST_API` and `SS_TEST_WORKERS` ask for other numbers of servers.

mod clients;
mod databases;
mod engines;
mod fleet;
mod results;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use clients::{Client, Journal, redeem, walk};
use fleet::{Fleet, number};
use reqwest::Method;
use serde_json::json;

use crate::faults::{Rng, full, seed};

/// Clients at once.
const CLIENTS: usize = 8;
/// Jobs of the youngest that are read after each round.
const YOUNGEST: usize = 12;

fn rounds() -> usize {
    number("SS_TEST_ROUNDS").unwrap_or(if full() { 60 } else { 2 })
}

/// Looks at jobs: everything that was acknowledged is there.
async fn look(journal: &Journal, most: usize, dice: &mut Rng) {
    for facts in journal.jobs().into_iter().rev().take(most) {
        let client = Client { journal, facts };
        client.look(dice).await.expect("is answered");
    }
}

/// Every job that was acknowledged is in the list of all.
async fn check_list(journal: &Journal, dice: &mut Rng) {
    let mut listed = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/v1/jobs?limit=200{cursor}");
        let page = journal.admin(dice, Method::GET, &path, &json!({})).await.expect("is answered");
        let jobs = page["jobs"].as_array().expect("a list").iter();
        listed.extend(jobs.map(|job| job["job_id"].as_str().expect("an id").to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    for facts in journal.jobs() {
        let job = facts.lock().unwrap_or_else(PoisonError::into_inner).job.clone();
        assert!(listed.contains(&job), "{job} is not in the list of {}", listed.len());
    }
}

async fn kill_loop(is_pooled: bool) {
    let rounds = rounds();
    let Some(fleet) = Fleet::start(is_pooled).await else { return };
    let (began, seed) = (Instant::now(), seed());
    let mut dice = Rng(seed);
    let journal = Arc::new(Journal::new(fleet));
    // one job that nothing disturbs shows which files there are
    let first = redeem(&journal, &mut dice).await.expect("is answered");
    first.to_the_end(&mut Rng(0)).await.expect("ends");
    let clients: Vec<_> =
        (0..CLIENTS).map(|_| tokio::spawn(walk(Arc::clone(&journal), Rng(dice.next())))).collect();
    for round in 0..rounds {
        let what = journal.fleet.suffer(&mut dice, round == rounds / 2).await;
        let ended: Vec<_> = clients.iter().map(tokio::task::JoinHandle::is_finished).collect();
        eprintln!("seed {seed}, round {round}, {:.0} s: {what}", began.elapsed().as_secs_f64());
        if ended.contains(&true) {
            break;
        }
        journal.fleet.engines.check();
        look(&journal, YOUNGEST, &mut dice).await;
    }
    journal.stop.store(true, Ordering::SeqCst);
    let mut failed = Vec::new();
    for client in clients {
        failed.extend(client.await.err());
    }
    assert!(failed.is_empty(), "seed {seed}: {failed:?}\n{}", journal.fleet.logs());
    journal.stop.store(false, Ordering::SeqCst);
    // all is well from here on: every job comes to its end
    let mut ends = BTreeMap::new();
    for facts in journal.jobs() {
        let client = Client { journal: &journal, facts };
        client.to_the_end(&mut dice).await.expect("is answered");
        let ended = client.look(&mut dice).await.expect("is answered")["status"].to_string();
        *ends.entry(ended).or_insert(0) += 1;
    }
    check_list(&journal, &mut dice).await;
    let engines = journal.fleet.engines.check();
    tokio::task::block_in_place(|| journal.fleet.end());
    eprintln!(
        "seed {seed}: {rounds} rounds in {:.0} s; {} acknowledged answers; {engines} engines; jobs {ends:?}; \
         writes acknowledged after promotions {:?}",
        began.elapsed().as_secs_f64(),
        journal.acknowledged.load(Ordering::SeqCst),
        journal.fleet.back(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_that_are_killed_stopped_and_cut_off_lose_nothing_and_run_nothing_twice() {
    kill_loop(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_behind_a_pooler_that_are_killed_stopped_and_cut_off_lose_nothing() {
    kill_loop(true).await;
}
