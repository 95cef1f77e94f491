//! What members of a cluster say to each other through the database, without the rest of the service.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::postgres::{Access, NodeOptions, Options, PostgresStore};
use stata_service::domain::cluster::{CommonSettings, LeaseTimes, NodeState, Role};
use stata_service::domain::ids::NodeId;
use stata_service::ports::cluster::{Cluster, Tries};

use crate::support::postgres::shared;

const LONG: Duration = Duration::from_secs(3600);
/// A subject, as a SHA-256.
const SOMEBODY: &str = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8";

fn member(folder: &Path, name: &str, url: &SecretString) -> (Arc<PostgresStore>, Arc<dyn Cluster>) {
    let data_dir = folder.join(name);
    let node = NodeOptions {
        node_id: NodeId::parse(name).expect("valid"),
        host: format!("boot/{name}"),
        role: Role::All,
        address: String::new(),
        settings: CommonSettings::default(),
        files: "objects".to_owned(),
        lease_dir: data_dir.join("lease"),
        times: LeaseTimes::default(),
    };
    let options = Options::new(url.clone(), data_dir, Arc::new(SystemClock));
    let options = Options { access: Access::Serve, node: Some(node), ..options };
    let store = PostgresStore::open(options).unwrap_or_else(|error| panic!("{error}"));
    let cluster = store.cluster().expect("has joined");
    (store, cluster)
}

#[tokio::test]
async fn work_is_claimed_by_one_member_until_it_gives_it_back_or_is_lost() {
    let Some(server) = shared() else { return };
    let (name, url) = server.database();
    let folder = tempfile::tempdir().expect("a directory");
    let ((one_store, one), (two_store, two)) =
        (member(folder.path(), "node_1", &url), member(folder.path(), "node_2", &url));
    assert_eq!(one.claim_work("a", LONG).await, Ok(true));
    assert_eq!(two.claim_work("a", LONG).await, Ok(false));
    assert_eq!(two.claim_work("b", LONG).await, Ok(true), "another piece of work");
    assert_eq!(one.claim_work("a", LONG).await, Ok(true), "what it left behind is its own");
    two.release_work("a").await.expect("nothing happens");
    assert_eq!(two.claim_work("a", LONG).await, Ok(false));
    one.release_work("a").await.expect("is given back");
    assert_eq!(two.claim_work("a", LONG).await, Ok(true));
    two.release_work("a").await.expect("is given back");
    // of many at once one has it
    let tries =
        (0..40).map(|n| if n % 2 == 0 { one.claim_work("c", LONG) } else { two.claim_work("c", LONG) });
    let claimed = futures_util::future::join_all(tries).await;
    let of = |member: usize| claimed.iter().skip(member).step_by(2).filter(|c| **c == Ok(true)).count();
    assert!((of(0) == 0) != (of(1) == 0), "{claimed:?}");

    // time that is over, and servers that are
    assert_eq!(one.claim_work("short", Duration::ZERO).await, Ok(true));
    assert_eq!(two.claim_work("short", LONG).await, Ok(true));
    assert_eq!(one.claim_work("d", LONG).await, Ok(true));
    for over in ["state = 'lost'", "state = 'live', lease_until = clock_timestamp() - interval '1 second'"] {
        server.sql(&name, &format!("UPDATE ss.nodes SET {over} WHERE node_id = 'node_1'")).expect("written");
        one.claim_work("e", LONG).await.expect_err("it has no lease");
        assert_eq!(two.claim_work("d", LONG).await, Ok(true), "{over}");
        two.release_work("d").await.expect("is given back");
        let again = "INSERT INTO ss.claims_of_work SELECT 'd', node_id, epoch, clock_timestamp() + interval '1 hour' \
                     FROM ss.nodes WHERE node_id = 'node_1'";
        server.sql(&name, again).expect("written");
    }
    for store in [one_store, two_store] {
        store.shutdown();
    }
}

#[tokio::test]
async fn tries_are_counted_over_all_members() {
    let Some(server) = shared() else { return };
    let (_, url) = server.database();
    let folder = tempfile::tempdir().expect("a directory");
    let ((one_store, one), (two_store, two)) =
        (member(folder.path(), "node_1", &url), member(folder.path(), "node_2", &url));
    // one comes back each hour: none while this runs
    let tries = Tries { most: 10, window: Duration::from_secs(36_000) };
    let members = [&one, &two];
    let taken = (0..40).map(|n| members[n % 2].take_try(SOMEBODY, tries));
    let taken = futures_util::future::join_all(taken).await;
    assert_eq!(taken.iter().filter(|taken| **taken == Ok(None)).count(), 10, "{taken:?}");
    let wait = one.take_try(SOMEBODY, tries).await.expect("reads").expect("none is left");
    assert!(wait > Duration::from_secs(3_000) && wait <= Duration::from_secs(3_600), "{wait:?}");
    two.give_try_back(SOMEBODY, tries).await.expect("is given back");
    assert_eq!(one.take_try(SOMEBODY, tries).await, Ok(None));
    one.take_try(SOMEBODY, tries).await.expect("reads").expect("none is left");
    for _ in 0..20 {
        two.give_try_back(SOMEBODY, tries).await.expect("is given back");
    }
    let taken = futures_util::future::join_all((0..15).map(|_| one.take_try(SOMEBODY, tries))).await;
    assert_eq!(taken.iter().filter(|taken| **taken == Ok(None)).count(), 10, "no more than a full bucket");
    for store in [one_store, two_store] {
        store.shutdown();
    }
}

#[tokio::test]
async fn what_members_used_is_taken_out_of_one_bucket() {
    let Some(server) = shared() else { return };
    let (_, url) = server.database();
    let folder = tempfile::tempdir().expect("a directory");
    let ((one_store, one), (two_store, two)) =
        (member(folder.path(), "node_1", &url), member(folder.path(), "node_2", &url));
    // one comes back each hour: none while this runs
    let bucket = Tries { most: 10, window: Duration::from_secs(36_000) };
    let near = |left: Result<f64, _>, wanted: f64| {
        let left = left.expect("is written");
        assert!((left - wanted).abs() < 0.5, "{left} and not {wanted} are left");
    };
    near(one.take_use(SOMEBODY, bucket, 4).await, 6.0);
    near(two.take_use(SOMEBODY, bucket, 3).await, 3.0);
    near(one.take_use(SOMEBODY, bucket, 8).await, -5.0);
    near(two.take_use(SOMEBODY, bucket, 0).await, -5.0);
    let used = (0..40).map(|n| [&one, &two][n % 2].take_use(SOMEBODY, bucket, 1));
    futures_util::future::join_all(used).await;
    near(one.take_use(SOMEBODY, bucket, 0).await, -45.0);
    // one that is filled at once forgets what it owed
    let filled = Tries { most: 10, window: Duration::from_millis(1) };
    tokio::time::sleep(Duration::from_millis(50)).await;
    near(two.take_use(SOMEBODY, filled, 1).await, 9.0);
    for store in [one_store, two_store] {
        store.shutdown();
    }
}

#[tokio::test]
async fn members_say_which_engine_they_have_and_when_they_drain() {
    let Some(server) = shared() else { return };
    let (_, url) = server.database();
    let folder = tempfile::tempdir().expect("a directory");
    let ((one_store, one), (two_store, two)) =
        (member(folder.path(), "node_1", &url), member(folder.path(), "node_2", &url));
    one.announce_engine("Stata 18 MP").await.expect("is written");
    two.drain().await.expect("is written");
    let seen = two.servers().await.expect("reads");
    let seen: Vec<_> = seen.iter().map(|s| (s.node.node_id.as_str(), s.engine.as_str(), s.state)).collect();
    assert_eq!(seen, [("node_1", "Stata 18 MP", NodeState::Live), ("node_2", "", NodeState::Draining)]);
    one.announce_engine("").await.expect("is written");
    assert_eq!(two.servers().await.expect("reads")[0].engine, "");
    for store in [one_store, two_store] {
        store.shutdown();
    }
}
