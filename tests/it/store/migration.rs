//! Records of every older version and layout become records of this release: by the walk, on look-up, and
//! by the command; damaged ones are named and hold nothing up.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use reqwest::Method;
use serde_json::{Map, Value, json};
use stata_service::adapters::ids::SystemIds;
use stata_service::adapters::legacy::LocalLegacyRecords;
use stata_service::adapters::store::{Options as StoreOptions, SqliteStore};
use stata_service::domain::ids::{JobId, TenantId};
use stata_service::domain::job::{JobRecord, SCHEMA_VERSION};
use stata_service::domain::migration::{Facts, FileFact, Migrator, Refusal, Step, steps};
use stata_service::ports::audit_log::AuditLog;
use stata_service::ports::legacy::LegacyRecords;
use stata_service::ports::store::{JobFilter, ReadError, Store, StoreExt};
use stata_service::service::operations::migrate::{LegacyAware, Migration, Outcome};
use tokio_util::sync::CancellationToken;

use crate::support::app::{ADMIN_KEY, Answer, Job, PATIENCE, TestApp};
use crate::support::clock::ManualClock;
use crate::support::records;

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/records").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn members(name: &str) -> Map<String, Value> {
    serde_json::from_slice(&fixture(name)).expect("a JSON object")
}

/// Writes a fixture as the record of a job into an old directory.
pub(crate) fn place(data: &Path, dir: &str, job_id: &str, name: &str) -> PathBuf {
    let dir = data.join(dir);
    fs::create_dir_all(&dir).expect("creates");
    // bytes that are not UTF-8 stay what they are
    let bytes = match String::from_utf8(fixture(name)) {
        Ok(text) => text.replace("JOB", job_id).into_bytes(),
        Err(raw) => raw.into_bytes(),
    };
    fs::write(dir.join("job.json"), bytes).expect("writes");
    dir
}

fn file(dir: &Path, rel_path: &str, text: &str) {
    let path = dir.join(rel_path);
    fs::create_dir_all(path.parent().expect("has one")).expect("creates");
    fs::write(path, text).expect("writes");
}

fn id(text: &str) -> JobId {
    JobId::parse(text).expect("valid")
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// The facts that the fixtures of the steps were written for.
fn facts() -> Facts {
    let fact = |size_bytes, sha256: &str| FileFact {
        size_bytes,
        sha256: sha256.to_owned(),
        modified_at: time("2024-03-02T00:00:00Z"),
    };
    Facts {
        tenant_id: records::tenant("acme"),
        job_id: id("job_old1"),
        place: "jobs/tenants/acme/jo/job_old1".to_owned(),
        now: time("2026-01-01T00:00:00Z"),
        token_days: 30,
        files: BTreeMap::from([
            ("artifacts/plan.json".to_owned(), fact(2, "aa")),
            ("artifacts/odd.bin".to_owned(), fact(3, "bb")),
            ("runs/run_b/artifacts/stata.log".to_owned(), fact(4, "cc")),
        ]),
    }
}

#[test]
fn each_step_does_what_its_fixture_says() {
    for (step, name) in steps::ALL.iter().zip(["1_to_2", "2_to_3", "3_to_4"]) {
        let input = members(&format!("steps/{name}.in.json"));
        let expected = Value::Object(members(&format!("steps/{name}.out.json")));
        let output = (step.apply)(input, &facts()).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert_eq!(Value::Object(output.clone()), expected, "{name}");
        if name == "3_to_4" {
            let record: JobRecord =
                serde_json::from_value(expected.clone()).expect("a record of this release");
            assert_eq!(serde_json::to_value(&record).expect("serialises"), expected, "nothing is lost");
            assert!(!expected.to_string().contains("Zm9ydHkt"), "the token is nowhere in plain text");
        }
    }
}

#[test]
fn a_version_that_is_not_known_is_refused() {
    let migrator = Migrator::this_release();
    let refused = migrator.upgrade(members("broken/newer.json"), SCHEMA_VERSION, &facts());
    assert_eq!(refused, Err(Refusal::Newer { found: 9, known: SCHEMA_VERSION }));
    for odd in [json!(0), json!("4"), json!(-1), json!(1.5)] {
        let mut record = members("v1/minimal.json");
        record.insert("schema_version".to_owned(), odd.clone());
        let refused = migrator.upgrade(record, SCHEMA_VERSION, &facts());
        assert!(matches!(refused, Err(Refusal::Field { .. })), "{odd}");
    }
}

/// A store and a migration on one data directory.
struct Bed {
    store: Arc<SqliteStore>,
    migration: Arc<Migration>,
}

fn bed(data: &Path, migrator: Migrator) -> Bed {
    let clock = Arc::new(ManualClock::new());
    let store = SqliteStore::open(StoreOptions::new(data.to_owned(), clock.clone())).expect("opens");
    let legacy: Arc<dyn LegacyRecords> = Arc::new(LocalLegacyRecords::new(data.to_owned()));
    let seen = Arc::clone(&store) as Arc<dyn Store>;
    let migration = Migration::new(seen, legacy, clock, Arc::new(SystemIds), migrator, 30);
    Bed { store, migration: Arc::new(migration) }
}

/// One job of every version in every layout, with its place.
fn old_data(data: &Path) -> Vec<(&'static str, &'static str)> {
    let full = place(data, "jobs/job_full", "job_full", "v1/full.json");
    file(&full, "artifacts/plan.json", "{\"old\": true}");
    file(&full, "inputs/manifest.json", "{}");
    file(&full, "artifacts/表格 1.csv", "a,b\n1,2\n");
    place(data, "jobs/jo/job_minimal", "job_minimal", "v1/minimal.json");
    place(data, "jobs/job_naive", "job_naive", "v1/naive_time.json");
    let running = place(data, "jobs/jo/job_running", "job_running", "v2/running.json");
    file(&running, "artifacts/plan.json", "{}");
    let token = place(data, "jobs/jo/job_token", "job_token", "v3/token.json");
    file(&token, "artifacts/plan.json", "{\"steps\": []}");
    file(&token, "runs/run_1/artifacts/stata.log", "the old log\n");
    place(data, "jobs/tenants/acme/jo/job_t1", "job_t1", "v3/tenant.json");
    place(data, "jobs/tenants/acme/job_t2", "job_t2", "v3/tenant.json");
    place(data, "jobs/tenants", "tenants", "v1/minimal.json");
    place(data, "jobs/ab", "ab", "v1/minimal.json");
    place(data, "jobs/ab/abc", "abc", "v1/minimal.json");
    vec![
        ("default", "job_full"),
        ("default", "job_minimal"),
        ("default", "job_naive"),
        ("default", "job_running"),
        ("default", "job_token"),
        ("default", "tenants"),
        ("default", "ab"),
        ("default", "abc"),
        ("acme", "job_t1"),
        ("acme", "job_t2"),
    ]
}

const BROKEN: &[(&str, &str)] = &[
    ("truncated.json", "not whole JSON"),
    ("empty.json", "empty"),
    ("not_utf8.json", "not UTF-8"),
    ("list.json", "not a JSON object"),
    ("newer.json", "newer than this release"),
    ("other_id.json", "belongs to"),
    ("unknown_status.json", "status"),
    ("bad_time.json", "created_at"),
    ("bad_requirement.json", "requirement"),
    ("bad_runs.json", "runs"),
    ("bad_version.json", "version"),
    ("newer_plan.json", "plan_version"),
];

/// Places that cannot be migrated, with a part of the reason.
fn broken_data(data: &Path) -> BTreeMap<String, &'static str> {
    let mut expected = BTreeMap::new();
    for (name, reason) in BROKEN {
        let job = format!("bad_{}", name.trim_end_matches(".json"));
        let dir = format!("jobs/ba/{job}");
        place(data, &dir, &job, &format!("broken/{name}"));
        expected.insert(dir, *reason);
    }
    fs::create_dir_all(data.join("jobs/job_absent/artifacts")).expect("creates");
    expected.insert("jobs/job_absent".to_owned(), "no job.json");
    let linked = data.join("jobs/job_linked");
    fs::create_dir_all(&linked).expect("creates");
    fs::write(data.join("elsewhere.json"), fixture("v1/minimal.json")).expect("writes");
    std::os::unix::fs::symlink(data.join("elsewhere.json"), linked.join("job.json")).expect("links");
    expected.insert("jobs/job_linked".to_owned(), "not a regular file");
    std::os::unix::fs::symlink(data.join("jobs/job_absent"), data.join("jobs/job_dirlink")).expect("links");
    expected.insert("jobs/job_dirlink".to_owned(), "not a regular file");
    let huge = data.join("jobs/job_huge");
    fs::create_dir_all(&huge).expect("creates");
    let sparse = fs::File::create(huge.join("job.json")).expect("creates");
    sparse.set_len(64 << 20).expect("grows");
    expected.insert("jobs/job_huge".to_owned(), "larger than");
    fs::create_dir_all(data.join("jobs/not a name")).expect("creates");
    expected.insert("jobs/not a name".to_owned(), "not the id");
    expected
}

/// Every file below a directory with its bytes.
fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).expect("reads") {
            let entry = entry.expect("reads");
            let kind = entry.file_type().expect("has a type");
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() && entry.metadata().expect("has facts").len() < 1 << 20 {
                found.insert(entry.path(), fs::read(entry.path()).expect("reads"));
            }
        }
    }
    found
}

#[tokio::test]
async fn every_version_and_layout_is_migrated_and_damage_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path();
    let jobs = old_data(data);
    let broken = broken_data(data);
    let before = tree(&data.join("jobs"));
    let bed = bed(data, Migrator::this_release());
    let rehearsed = bed.migration.migrate_all(true).await.expect("rehearses");
    assert!(
        bed.store
            .list_jobs(JobFilter { limit: 10, ..JobFilter::default() })
            .await
            .expect("lists")
            .items
            .is_empty()
    );
    let report = bed.migration.migrate_all(false).await.expect("walks");
    assert_eq!(
        (rehearsed.found, rehearsed.migrated, &rehearsed.failed),
        (report.found, report.migrated, &report.failed)
    );
    assert_eq!((report.migrated, report.present), (jobs.len() as u64, 0), "{report:?}");
    let failed: BTreeMap<&str, &str> =
        report.failed.iter().map(|f| (f.place.as_str(), f.reason.as_str())).collect();
    assert_eq!(
        failed.keys().copied().collect::<Vec<_>>(),
        broken.keys().map(String::as_str).collect::<Vec<_>>()
    );
    for (place, reason) in &broken {
        assert!(failed[place.as_str()].contains(reason), "{place}: {}", failed[place.as_str()]);
    }
    for (tenant, job_id) in &jobs {
        let job =
            bed.store.job(&records::tenant(tenant), &id(job_id)).await.expect("reads").expect("is there");
        assert_eq!(job.schema_version, SCHEMA_VERSION);
        assert_eq!(job.migrations.len(), 1, "{job_id}");
        assert_eq!(job.migrations[0]["to"], 4);
    }
    assert_eq!(tree(&data.join("jobs")), before, "original files stay as they were");
    let again = bed.migration.migrate_all(false).await.expect("walks again");
    assert_eq!((again.migrated, again.present), (0, jobs.len() as u64), "nothing is migrated twice");
    let events = bed.store.events(0, 0, 1000).await.expect("reads");
    let count = |action: &str| events.iter().filter(|e| e.event.action == action).count();
    assert_eq!(count("job.migrated"), jobs.len());
    assert!(count("job.migration_refused") >= broken.len());
}

#[tokio::test]
async fn what_was_under_way_gets_an_owner_and_unknown_members_are_kept() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path();
    old_data(data);
    let bed = bed(data, Migrator::this_release());
    bed.migration.migrate_all(false).await.expect("walks");
    let read = async |job_id: &str| {
        bed.store.job(&TenantId::default_tenant(), &id(job_id)).await.expect("reads").expect("is there")
    };
    let full = serde_json::to_value(&read("job_full").await).expect("serialises");
    assert_eq!(
        (&full["status"], &full["requirement"]),
        (&json!("confirmed"), &json!("最低工资对就业的影响——用双重差分法"))
    );
    assert_eq!(full["from_a_fork"], json!({"深": ["值", 1]}));
    assert_eq!(full["legacy"]["llm_plan"]["plan_id"], "plan-2023-7");
    assert_eq!(
        (&full["plan"]["plan_version"], &full["inputs"]["fingerprint"]),
        (&json!(1), &json!("0123abcd"))
    );
    assert_eq!((&full["draft"]["stale"], &full["migrations"][0]["from"]), (&json!(true), &json!(1)));
    assert_eq!(full["artifacts_index"].as_array().map(Vec::len), Some(3));
    let running = read("job_running").await;
    assert_eq!(running.status.as_str(), "failed");
    assert_eq!(serde_json::to_value(running.runs[0].cause).expect("serialises"), "worker_lost");
    assert!(bed.store.running().await.expect("lists").is_empty());
    assert!(bed.store.queued(0, 10).await.expect("lists").is_empty());
    let naive = read("job_naive").await;
    assert_eq!(naive.timestamps.created_at, time("2023-11-05T10:00:00.123456Z"));
}

#[tokio::test]
async fn a_walk_goes_on_where_it_stopped_and_a_look_up_needs_no_walk() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path();
    for n in 0..250 {
        let job = format!("job_{n:03}");
        place(data, &format!("jobs/jo/{job}"), &job, "v1/minimal.json");
    }
    place(data, "jobs/tenants/acme/zz/zz_last", "zz_last", "v3/tenant.json");
    {
        let bed = bed(data, Migrator::this_release());
        let seen = LegacyAware::new(Arc::clone(&bed.migration));
        let found = seen.job(&records::tenant("acme"), &id("zz_last")).await.expect("reads");
        assert_eq!(found.expect("found in its old place").schema_version, SCHEMA_VERSION);
        assert_eq!(seen.jobs_by_id(&id("job_249")).await.expect("reads").len(), 1);
        assert!(seen.job(&records::tenant("other"), &id("zz_last")).await.expect("reads").is_none());
        assert!(seen.jobs_by_id(&id("never")).await.expect("reads").is_empty());
        assert!(!bed.migration.is_settled());
        // stopped somewhere on the way
        let stop = CancellationToken::new();
        let walk = tokio::spawn(Arc::clone(&bed.migration).walk_in_background(stop.clone()));
        let mut changes = bed.store.changes();
        for _ in 0..20 {
            changes.recv().await.expect("a migrated job");
        }
        stop.cancel();
        walk.await.expect("ends");
        assert!(!bed.migration.is_settled(), "250 jobs are not done after 20");
        bed.store.shutdown();
    }
    let bed = bed(data, Migrator::this_release());
    assert!(bed.migration.progress().walked_to.is_some());
    Arc::clone(&bed.migration).walk_in_background(CancellationToken::new()).await;
    assert!(bed.migration.is_settled());
    assert_eq!(bed.store.status().jobs.values().sum::<u64>(), 251);
    let events = bed.store.events(0, 0, 1000).await.expect("reads");
    assert_eq!(events.iter().filter(|e| e.event.action == "job.migrated").count(), 251, "each once");
}

#[tokio::test]
async fn equal_look_ups_at_once_migrate_a_job_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path();
    old_data(data);
    let bed = bed(data, Migrator::this_release());
    let seen = Arc::new(LegacyAware::new(Arc::clone(&bed.migration)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let seen = Arc::clone(&seen);
        tasks.spawn(async move { seen.job(&TenantId::default_tenant(), &id("job_token")).await });
    }
    while let Some(found) = tasks.join_next().await {
        assert_eq!(found.expect("ends").expect("reads").expect("is there").version, 5);
    }
    let events = bed.store.events(0, 0, 100).await.expect("reads");
    assert_eq!(events.iter().filter(|e| e.event.action == "job.migrated").count(), 1);
}

#[tokio::test]
async fn the_later_of_two_layouts_wins_and_files_of_both_resolve() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path();
    let old = place(data, "jobs/job_twice", "job_twice", "v1/minimal.json");
    file(&old, "artifacts/only_old.txt", "old");
    let new = place(data, "jobs/jo/job_twice", "job_twice", "v3/token.json");
    file(&new, "artifacts/plan.json", "new");
    let bed = bed(data, Migrator::this_release());
    bed.migration.migrate_all(false).await.expect("walks");
    let job =
        bed.store.job(&TenantId::default_tenant(), &id("job_twice")).await.expect("reads").expect("is there");
    assert_eq!((job.version, &job.migrations[0]["place"]), (5, &json!("jobs/jo/job_twice")));
    let root = data.join(stata_service::domain::layout::job_dir(&job.tenant_id, &job.job_id));
    assert_eq!(fs::read_to_string(root.join("artifacts/plan.json")).expect("reads"), "new");
    assert_eq!(fs::read_to_string(root.join("artifacts/only_old.txt")).expect("reads"), "old");
}

#[tokio::test]
async fn finalize_removes_what_is_migrated_and_keeps_what_is_not() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path();
    let jobs = old_data(data);
    let broken = broken_data(data);
    let bed = bed(data, Migrator::this_release());
    let report = bed.migration.finalize().await.expect("finalizes");
    assert_eq!(
        (report.removed, report.finalized, report.failed.len()),
        (jobs.len() as u64, true, broken.len())
    );
    for place in broken.keys() {
        assert!(fs::symlink_metadata(data.join(place)).is_ok(), "{place} stays");
    }
    assert!(!data.join("jobs/job_full").exists() && !data.join("jobs/tenants/acme").exists());
    let full =
        bed.store.job(&TenantId::default_tenant(), &id("job_full")).await.expect("reads").expect("is there");
    let root = data.join(stata_service::domain::layout::job_dir(&full.tenant_id, &full.job_id));
    assert_eq!(fs::read_to_string(root.join("artifacts/表格 1.csv")).expect("reads"), "a,b\n1,2\n");
    let plain = fs::read(data.join("store/store.sqlite3")).expect("reads");
    let log = fs::read(data.join("store/store.sqlite3-wal")).unwrap_or_default();
    let token = b"c2VjcmV0LW9mLXRoZS1vbGQtdG9rZW4tMTIz";
    for bytes in [&plain, &log] {
        assert!(!bytes.windows(token.len()).any(|w| w == token), "a token is nowhere in plain text");
    }
    for (path, bytes) in tree(&data.join("tenants")) {
        assert!(!bytes.windows(token.len()).any(|w| w == token), "{}", path.display());
    }
}

#[tokio::test]
async fn a_crash_between_files_and_commit_is_made_good() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path();
    old_data(data);
    let legacy = LocalLegacyRecords::new(data.to_owned());
    let default = TenantId::default_tenant();
    // what a crash leaves: some files under their new names, no record
    legacy.adopt("jobs/jo/job_token", &default, &id("job_token"), false).expect("adopts");
    legacy.adopt("jobs/jo/job_token", &default, &id("job_token"), false).expect("adopts again");
    let bed = bed(data, Migrator::this_release());
    let outcome = bed.migration.one(&default, &id("job_token"), None, false).await.expect("migrates");
    assert_eq!(outcome, Outcome::Migrated);
    let job = bed.store.job(&default, &id("job_token")).await.expect("reads").expect("is there");
    assert_eq!(job.artifacts_index.len(), 2);
    let names = tree(&data.join("tenants"));
    assert!(names.keys().all(|path| !path.to_string_lossy().contains(".adopt")), "{:?}", names.keys());
}

/// 4 → 5 as a later release might have it.
fn four_to_five(mut record: Map<String, Value>, _: &Facts) -> Result<Map<String, Value>, Refusal> {
    record.insert("schema_version".to_owned(), json!(5));
    record.insert("added_by_five".to_owned(), json!(true));
    Ok(record)
}

fn next_release() -> Migrator {
    let mut steps = steps::ALL.to_vec();
    steps.push(Step { from: 4, apply: four_to_five });
    Migrator::new(steps, SCHEMA_VERSION)
}

#[tokio::test]
async fn the_next_version_is_written_only_after_finalize() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path();
    place(data, "jobs/job_old", "job_old", "v1/minimal.json");
    let next = next_release();
    assert_eq!((next.newest(), next.writes(None), next.writes(Some(5))), (5, 4, 5));
    let default = TenantId::default_tenant();
    {
        let bed = bed(data, next);
        bed.store
            .commit(records::commit(vec![records::put(records::job("default", "job_new", 1))]))
            .await
            .expect("commits");
        bed.migration.migrate_all(false).await.expect("walks");
        assert_eq!(bed.migration.upgrade_stored().await.expect("looks"), 0);
        bed.store.shutdown();
    }
    {
        // the release before can be started again: everything is of its version
        let bed = bed(data, Migrator::this_release());
        for job_id in ["job_old", "job_new"] {
            let job = bed.store.job(&default, &id(job_id)).await.expect("reads").expect("is there");
            assert_eq!(job.schema_version, 4);
        }
        bed.store.shutdown();
    }
    {
        let bed = bed(data, next_release());
        bed.migration.finalize().await.expect("finalizes");
        assert_eq!(bed.migration.progress().finalized_schema, Some(5));
        bed.store.shutdown();
    }
    // now this release refuses the records, says why, and leaves them as they are
    let stored = || -> Vec<(String, Vec<u8>)> {
        let conn = rusqlite::Connection::open(data.join("store/store.sqlite3")).expect("opens");
        let mut statement =
            conn.prepare("SELECT json, checksum FROM jobs ORDER BY job_id").expect("prepares");
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("queries");
        rows.map(|row| row.expect("reads")).collect()
    };
    let before = stored();
    assert_eq!(before.len(), 2);
    assert!(
        before.iter().all(|(json, _)| json.contains("\"added_by_five\":true") && json.contains("\"from\":4"))
    );
    let bed = bed(data, Migrator::this_release());
    for job_id in ["job_old", "job_new"] {
        match bed.store.job(&default, &id(job_id)).await {
            Err(ReadError::NewerSchema { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(bed.store.status().quarantined_records, 0, "they are not damaged");
    bed.store.shutdown();
    assert_eq!(stored(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_jobs_are_served_over_http_and_need_a_new_plan() {
    let mut app = TestApp::start_with(|options| {
        old_data(&options.data_dir);
        broken_data(&options.data_dir);
    })
    .await;
    let old = Job {
        job_id: "job_token".to_owned(),
        token: "ssv1.job_token.c2VjcmV0LW9mLXRoZS1vbGQtdG9rZW4tMTIz".to_owned(),
    };
    let job = app.get(&old, "").await.ok();
    assert_eq!((&job["status"], &job["version"]), (&json!("succeeded"), &json!(5)));
    assert_eq!(app.artifact(&old, "runs/run_1/artifacts/stata.log").await, b"the old log\n");
    assert_eq!(app.artifact(&old, "artifacts/plan.json").await, b"{\"steps\": []}");
    assert_eq!(app.get(&old, "/plan").await.ok()["plan"]["plan_version"], 1);
    assert_eq!(app.get(&old, "/runs").await.ok()["runs"][0]["status"], "succeeded");
    let admin = |path: &str| app.request(Method::POST, path, ADMIN_KEY).json(&json!({}));
    let full = "/v1/jobs/job_full";
    Answer::of(admin(&format!("{full}/run"))).await.refused(409, "PLAN_OUTDATED");
    Answer::of(admin(&format!("{full}/confirm")).json(&json!({"confirmed": true})))
        .await
        .refused(409, "PLAN_OUTDATED");
    let bad = app.request(Method::GET, "/v1/jobs/bad_truncated", ADMIN_KEY);
    Answer::of(bad).await.refused(500, "JOB_CORRUPT");
    let started = std::time::Instant::now();
    loop {
        let health = Answer::of(app.http.get(format!("{}/health/ready", app.base))).await.body;
        let detail = health["checks"]["store"]["detail"].as_str().unwrap_or_default().to_owned();
        if detail == format!("{} quarantined records", BROKEN.len() + 5) {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{detail}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    app.restart().await;
    Answer::of(app.request(Method::GET, "/v1/jobs/bad_truncated", ADMIN_KEY))
        .await
        .refused(500, "JOB_CORRUPT");
    assert_eq!(app.get(&old, "").await.ok()["version"], 5);
    app.stop().await;
}

#[test]
fn the_command_reports_and_goes_through_the_owner() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let jobs = old_data(&data);
    place(&data, "jobs/bad_1", "bad_1", "broken/truncated.json");
    let migrate = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_stata-service"))
            .arg("migrate")
            .args(arguments)
            .env("SS_DATA_DIR", &data)
            .output()
            .expect("runs");
        (output.status.code(), String::from_utf8(output.stdout).expect("text"))
    };
    assert_eq!(migrate(&[]).0, Some(2), "one of the actions must be named");
    let (code, text) = migrate(&["--to-current", "--dry-run", "--json"]);
    let report: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((code, &report["migrated"], &report["dry_run"]), (Some(1), &json!(jobs.len()), &json!(true)));
    assert_eq!(report["failed"][0]["place"], "jobs/bad_1");
    let (code, text) = migrate(&["--to-current"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("10 migrated") && text.contains("jobs/bad_1"), "{text}");
    fs::remove_dir_all(data.join("jobs/bad_1")).expect("removed by an operator");
    let (code, text) = migrate(&["--finalize", "--json"]);
    let report: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((code, &report["removed"]), (Some(0), &json!(jobs.len())));
    assert!(!data.join("jobs").exists());
}
