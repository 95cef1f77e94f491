//! Statements of the store in PostgreSQL have names where each connection keeps its server, and none behind a pooler that
//! leads each transaction to another one.

use std::path::Path;
use std::sync::Arc;

use secrecy::SecretString;
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::postgres::{Access, Options, PostgresStore};
use stata_service::domain::ids::{JobId, TenantId};
use stata_service::ports::store::{Store, StoreExt as _};
use tokio::task::block_in_place;

use crate::support::postgres::{Pooler, Server};
use crate::support::records::{commit, job, put};

/// Commits of each store in a test.
const COMMITS: usize = 12;
/// What a statement that writes jobs has.
const WRITES: &str = "INSERT INTO ss.jobs";

fn open(url: &SecretString, dir: &Path) -> Arc<PostgresStore> {
    let options = Options::new(url.clone(), dir.to_owned(), Arc::new(SystemClock));
    PostgresStore::open(Options { access: Access::Beside, ..options }).expect("opens")
}

/// Commits jobs by each store at once, and reads each of them by every store.
async fn use_stores(stores: &[Arc<PostgresStore>], round: &str) {
    let writers = stores.iter().enumerate().map(|(n, store)| {
        let (store, round) = (Arc::clone(store), round.to_owned());
        tokio::spawn(async move {
            for i in 0..COMMITS {
                let mut one = commit(vec![put(job("default", &format!("{round}_{n}_{i}"), 0))]);
                one.id = format!("commit_{round}_{n}_{i}");
                store.commit(one).await.expect("commits");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("does not panic");
    }
    for store in stores {
        for (n, i) in (0..stores.len()).flat_map(|n| (0..COMMITS).map(move |i| (n, i))) {
            let id = JobId::parse(format!("{round}_{n}_{i}")).expect("an id");
            let found = store.job(&TenantId::default_tenant(), &id).await.expect("reads").expect("is there");
            assert_eq!(found.job_id, id);
        }
    }
}

/// Numbers of statements with a name, and without one, that wrote jobs, by the log of the server.
fn written(server: &Server) -> (usize, usize) {
    let log = server.log();
    let executed = log.lines().filter_map(|line| line.split_once("execute ")?.1.split_once(": "));
    let of_jobs = executed.filter(|(_, sql)| sql.contains(WRITES)).map(|(name, _)| name == "<unnamed>");
    let (unnamed, named): (Vec<bool>, Vec<bool>) = of_jobs.partition(|is_unnamed| *is_unnamed);
    (named.len(), unnamed.len())
}

fn logs_statements(server: &Server, name: &str) {
    server.sql(name, &format!("ALTER DATABASE {name} SET log_statement = 'all'")).expect("set");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_pooler_statements_are_parsed_once_and_tables_may_gain_columns_meanwhile() {
    let Some(server) = block_in_place(Server::start) else { return };
    let (name, url) = block_in_place(|| server.database());
    block_in_place(|| logs_statements(&server, &name));
    let dir = tempfile::tempdir().expect("a directory");
    let stores = [open(&url, dir.path())];
    use_stores(&stores, "first").await;
    block_in_place(|| {
        server.sql(&name, "ALTER TABLE ss.jobs ADD COLUMN later text DEFAULT ''").expect("adds")
    });
    use_stores(&stores, "second").await;
    block_in_place(|| {
        server.sql(&name, "ALTER TABLE ss.jobs ALTER COLUMN bytes TYPE int8").expect("rewrites")
    });
    use_stores(&stores, "third").await;
    stores.iter().for_each(|store| store.shutdown());
    assert_eq!(written(&server), (3 * COMMITS, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_pooler_in_transaction_mode_no_statement_has_a_name() {
    let Some(server) = block_in_place(Server::start) else { return };
    let Some(pooler) = block_in_place(|| Pooler::start(&server, 3)) else { return };
    let (name, _) = block_in_place(|| server.database());
    block_in_place(|| logs_statements(&server, &name));
    let pooled = pooler.url(&name);
    let dirs = [(); 3].map(|()| tempfile::tempdir().expect("a directory"));
    let stores = dirs.each_ref().map(|dir| open(&pooled, dir.path()));
    use_stores(&stores, "pooled").await;
    stores.iter().for_each(|store| store.shutdown());
    let (named, unnamed) = written(&server);
    assert_eq!(named, 0);
    assert!(unnamed >= COMMITS, "several commits may share a statement: {unnamed}");
}
