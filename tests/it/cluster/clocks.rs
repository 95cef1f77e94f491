//! The time of day is the database's, whatever the machines show: what one server removes because it is old is old for all.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use stata_service::adapters::clock::SystemClock;
use stata_service::ports::clock::Clock;

use super::support::{Job, Shared, health, text, wait_for};
use crate::support::program::Program;

/// A clock of the database that can be set: the function of its name that is found first adds a time of its own.
const OTHER_CLOCK: &str = "CREATE SCHEMA other; CREATE TABLE other.ahead AS SELECT interval '0' AS by; \
     CREATE FUNCTION other.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS \
     'SELECT pg_catalog.clock_timestamp() + by FROM other.ahead'";

fn set(shared: &Shared, ahead: &str) {
    shared.sql(&format!("UPDATE other.ahead SET by = interval '{ahead}'"));
}

/// How far the time of a new job is ahead of this machine's.
async fn ahead(server: &Program) -> TimeDelta {
    let job = Job::new(server, server).await;
    let seen = job.call(server, Method::GET, "", &json!({})).await;
    let created: DateTime<Utc> = text(&seen["timestamps"], "created_at").parse().expect("a time");
    created - SystemClock.now()
}

/// The check of the servers, once it has a status.
async fn servers_check(server: &Program, status: &str) -> Value {
    health(server, |check| check["status"] == status).await["checks"]["servers"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_go_by_the_clock_of_the_database_and_remove_nothing_while_it_differs_from_theirs() {
    let Some(shared) = Shared::new() else { return };
    shared.sql(OTHER_CLOCK);
    shared.sql(&format!("ALTER DATABASE {} SET search_path = other, pg_catalog, public", shared.database));
    let near = |ahead: TimeDelta, days: i64| (ahead - TimeDelta::days(days)).abs() < TimeDelta::minutes(1);
    let start = |name: &str| shared.server(name, "api").with("SS_RETENTION__UNFINISHED_JOBS_DAYS", "1");
    let one = tokio::task::block_in_place(|| start("one").go());
    let job = Job::new(&one, &one).await;
    assert!(near(ahead(&one).await, 0));
    assert!(tokio::task::block_in_place(|| one.end().success()));

    set(&shared, "3 days");
    let starts = start("two");
    let two = tokio::task::block_in_place(|| {
        let two = starts.go();
        wait_for("the sweep is postponed", || {
            starts.log().contains("nothing is removed until both show the same time")
        });
        two
    });
    assert!(near(ahead(&two).await, 3));
    let check = servers_check(&two, "degraded").await;
    assert!(text(&check, "detail").starts_with("the clock of this machine is 259"), "{check}");
    let sweep = tokio::task::block_in_place(|| starts.tool(&["retention"]).output().expect("runs"));
    assert_eq!(sweep.status.code(), Some(69), "{sweep:?}");
    assert!(String::from_utf8_lossy(&sweep.stderr).contains("until both show the same time"), "{sweep:?}");
    job.call(&two, Method::GET, "", &json!({})).await;

    // a server follows a clock that is set, with the next renewal of its lease
    set(&shared, "0");
    servers_check(&two, "ok").await;
    assert!(near(ahead(&two).await, 0));
    let sweep = tokio::task::block_in_place(|| starts.tool(&["retention"]).output().expect("runs"));
    assert!(sweep.status.success(), "{sweep:?}");
    job.call(&two, Method::GET, "", &json!({})).await;
    assert!(tokio::task::block_in_place(|| two.end().success()));
}
