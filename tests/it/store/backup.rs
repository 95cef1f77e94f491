//! Backups of a service in use, and the drill: the data directory is destroyed and restored, and every
//! record, artifact and audit event is compared.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde_json::{Value, json};
use stata_service::adapters::clock::SystemClock;
use stata_service::adapters::store::{Options as StoreOptions, SqliteStore};
use stata_service::domain::canonical::sha256_hex;
use stata_service::domain::layout::job_dir;
use stata_service::ports::store::{Store, StoreExt};

use crate::support::app::{ADMIN_KEY, Answer, TestApp};
use crate::support::records;
use crate::support::seeded_data_dir::{
    api_key, data_dir, drafted_job, finished_job, job_files, program, report, tables,
};

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

/// Files of a directory by name with their hashes.
fn all_files(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).expect("reads") {
            let path = entry.expect("reads").path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(path.clone(), sha256_hex(fs::read(&path).expect("reads")));
            }
        }
    }
    found
}

/// The chain as JSON, by sequence.
fn chain(rows: &[String]) -> BTreeMap<u64, &String> {
    let seq =
        |row: &String| serde_json::from_str::<Value>(row).expect("JSON")["seq"].as_u64().expect("a number");
    rows.iter().map(|row| (seq(row), row)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_drill_restores_every_record_artifact_and_event() {
    let mut app = TestApp::start().await;
    let (data, backups) = (data_dir(&app), app.dir.path().join("backups"));
    let finished = finished_job(&app).await;
    let key = api_key(&app).await;
    // a load that goes on while backups are made
    let stop = Arc::new(AtomicBool::new(false));
    let code_base = app.base.clone();
    let (flag, http) = (Arc::clone(&stop), app.http.clone());
    let load = tokio::spawn(async move {
        let mut made = 0;
        while !flag.load(Ordering::Relaxed) {
            let request = http.post(format!("{code_base}/v1/admin/task-codes")).bearer_auth(ADMIN_KEY);
            let codes = Answer::of(request.json(&json!({"count": 1}))).await.ok();
            let code = codes["task_codes"][0]["task_code"].as_str().expect("a code").to_owned();
            let request = http.post(format!("{code_base}/v1/task-codes/redeem"));
            Answer::of(request.json(&json!({"task_code": code, "requirement": "负载"}))).await.ok();
            made += 1;
        }
        made
    });
    let (code, full) = report(&data, &["backup", "--to", text(&backups), "--json"]);
    assert_eq!((code, &full["missing"]), (Some(0), &json!([])), "{full}");
    let drafted = drafted_job(&app).await;
    let (code, second) = report(&data, &["backup", "--to", text(&backups), "--incremental", "--json"]);
    assert_eq!((code, &second["missing"]), (Some(0), &json!([])), "{second}");
    assert!(second["sequence"].as_u64() > full["sequence"].as_u64(), "the store went on");
    assert!(second["new_contents"].as_u64() < full["new_contents"].as_u64(), "{full} {second}");
    stop.store(true, Ordering::Relaxed);
    assert!(load.await.expect("ends") > 0);
    let metrics = app.http.get(format!("{}/metrics", app.base)).send().await.expect("answers");
    let metrics = metrics.text().await.expect("text");
    let line =
        metrics.lines().find(|l| l.starts_with("ss_backup_last_success_timestamp_seconds ")).expect("a line");
    assert!(line.split(' ').nth(1).and_then(|n| n.parse::<f64>().ok()).is_some_and(|n| n > 1.7e9), "{line}");
    // the last state at rest, then the disaster
    app.stop().await;
    let (code, last) = report(&data, &["backup", "--to", text(&backups), "--incremental", "--json"]);
    assert_eq!(code, Some(0));
    let before = (tables(&data), job_files(&data));
    fs::remove_dir_all(&data).expect("destroyed");
    let (code, verified) = report(&data, &["backup", "verify", "--from", text(&backups), "--json"]);
    assert_eq!((code, &verified["problems"], &verified["id"]), (Some(0), &json!([]), &last["id"]));
    let (code, restored) =
        report(&data, &["restore", "--from", text(&backups), "--to", text(&data), "--json"]);
    assert_eq!(code, Some(0), "{restored}");
    assert_eq!((&restored["sequence"], &restored["audit_hash"]), (&last["sequence"], &last["audit_hash"]));
    let after = (tables(&data), job_files(&data));
    assert_eq!(after.0, before.0, "every record and every event");
    assert_eq!(after.1, before.1, "every file, and every readable copy");
    let (code, checked) = report(&data, &["store", "check", "--deep", "--json"]);
    assert_eq!((code, &checked["problems"], &checked["notes"]), (Some(0), &json!([]), &json!([])));
    // the service goes on: credentials work, artifacts resolve, new work succeeds
    app.restart().await;
    assert_eq!(app.get(&finished, "").await.ok()["status"], "succeeded");
    assert_eq!(app.get(&drafted, "").await.ok()["status"], "draft_ready");
    Answer::of(app.request(reqwest::Method::GET, "/v1/jobs", &key)).await.ok();
    finished_job(&app).await;
    app.stop().await;
    let grown = tables(&data);
    let (old, new) = (chain(&before.0["audit"]), chain(&grown["audit"]));
    assert!(old.iter().all(|(seq, event)| new.get(seq) == Some(event)), "the chain goes on where it was");
    // the first backup is still there, and goes back to its own sequence
    let first = app.dir.path().join("first");
    let id = full["id"].as_str().expect("an id");
    let arguments = ["restore", "--from", text(&backups), "--to", text(&first), "--snapshot", id, "--json"];
    let (code, restored) = report(&first, &arguments);
    assert_eq!((code, &restored["sequence"], &restored["unread"]), (Some(0), &full["sequence"], &json!([])));
    let events = chain(&before.0["audit"]).len();
    let earlier = tables(&first)["audit"].len();
    assert!(earlier < events && json!(earlier) == full["audit_seq"]);
    assert_ne!(program(&first, &arguments).status.code(), Some(0), "nothing is restored over data");
}

/// A store with jobs that have artifacts, made without a service; returns the number of files.
pub(super) fn many_jobs(data: &Path, jobs: usize, files: usize) {
    let store = SqliteStore::open(StoreOptions::new(data.to_owned(), Arc::new(SystemClock))).expect("opens");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("builds");
    for chunk in (0..jobs).collect::<Vec<_>>().chunks(100) {
        let mut writes = Vec::new();
        for n in chunk {
            let mut job = records::job("default", &format!("job_{n:06}"), i64::try_from(*n).expect("small"));
            let dir = data.join(job_dir(&job.tenant_id, &job.job_id));
            fs::create_dir_all(dir.join("artifacts/runs/run_1")).expect("creates");
            for file in 0..files {
                let rel_path = format!("artifacts/runs/run_1/table_{file}.csv");
                let content = format!("term,estimate\nx{n},{}\n", file * 7 + n).repeat(40);
                fs::write(dir.join(&rel_path), &content).expect("writes");
                let artifact = json!({"kind": "stata.export.table", "rel_path": rel_path,
                    "created_at": "2026-01-01T00:00:00Z", "size_bytes": content.len(),
                    "sha256": sha256_hex(&content), "media_type": "text/csv; charset=utf-8", "meta": {}});
                job.artifacts_index.push(serde_json::from_value(artifact).expect("an artifact"));
            }
            writes.push(records::put(job));
        }
        runtime.block_on(store.commit(records::commit(writes))).expect("commits");
    }
    store.shutdown();
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the long form of the test is asked for")]
fn the_time_to_restore_is_measured() {
    let full = std::env::var_os("SS_TEST_FULL").is_some();
    let jobs = if full { 10_000 } else { 200 };
    let dir = tempfile::tempdir().expect("a directory");
    let (data, backups, back) =
        (dir.path().join("data"), dir.path().join("backups"), dir.path().join("restored"));
    many_jobs(&data, jobs, 4);
    let began = Instant::now();
    let (code, made) = report(&data, &["backup", "--to", text(&backups), "--json"]);
    let backed_up = began.elapsed();
    assert_eq!((code, &made["jobs"], &made["files"]), (Some(0), &json!(jobs), &json!(jobs * 4)));
    let began = Instant::now();
    let (code, again) = report(&data, &["backup", "--to", text(&backups), "--incremental", "--json"]);
    let incremental = began.elapsed();
    assert_eq!(code, Some(0));
    assert!(again["new_contents"].as_u64().is_some_and(|n| n <= 1), "only the database may be new: {again}");
    let began = Instant::now();
    let (code, restored) =
        report(&back, &["restore", "--from", text(&backups), "--to", text(&back), "--json"]);
    let took = began.elapsed();
    assert_eq!((code, &restored["jobs"]), (Some(0), &json!(jobs)));
    println!(
        "{jobs} jobs, {} files: backup {backed_up:.1?}, incremental {incremental:.1?}, restore {took:.1?}",
        jobs * 4
    );
    assert_eq!(tables(&back), tables(&data));
    assert_eq!(job_files(&back), job_files(&data));
}

/// A key pair in a file, as age-keygen writes it; returns the recipient.
fn key_pair(path: &Path) -> String {
    use age::secrecy::ExposeSecret;
    let key = age::x25519::Identity::generate();
    let public = key.to_public().to_string();
    fs::write(path, format!("# public key: {public}\n{}\n", key.to_string().expose_secret()))
        .expect("writes");
    public
}

#[test]
fn an_encrypted_backup_opens_for_its_holders_only() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    many_jobs(&data, 5, 2);
    let (mine, other) = (dir.path().join("mine.txt"), dir.path().join("other.txt"));
    let recipient = key_pair(&mine);
    key_pair(&other);
    let by_key = dir.path().join("by_key");
    let (code, made) = report(&data, &["backup", "--to", text(&by_key), "--recipient", &recipient, "--json"]);
    assert_eq!((code, &made["encrypted"]), (Some(0), &json!(true)));
    let secret = dir.path().join("secret.txt");
    fs::write(&secret, "correct horse battery staple\n").expect("writes");
    let wrong = dir.path().join("wrong.txt");
    fs::write(&wrong, "incorrect horse battery staple\n").expect("writes");
    let by_phrase = dir.path().join("by_phrase");
    let arguments = ["backup", "--to", text(&by_phrase), "--passphrase-file", text(&secret)];
    assert_eq!(program(&data, &arguments).status.code(), Some(0));
    let incremental = program(&data, &["backup", "--to", text(&by_phrase), "--incremental"]);
    assert_eq!(incremental.status.code(), Some(0), "adding needs no secret");
    for repository in [&by_key, &by_phrase] {
        for (path, _) in all_files(repository) {
            let bytes = fs::read(&path).expect("reads");
            let plain =
                bytes.windows(13).any(|w| w == b"term,estimate") || bytes.starts_with(b"SQLite format");
            assert!(!plain, "{}", path.display());
        }
    }
    let back = |from: &Path, option: &str, file: &Path| {
        let to = dir.path().join(format!("to_{}", sha256_hex(format!("{from:?}{file:?}"))));
        let arguments = ["restore", "--from", text(from), "--to", text(&to), option, text(file)];
        let code = program(&to, &arguments).status.code();
        (code, to)
    };
    for (from, option, right, bad) in
        [(&by_key, "--identity", &mine, &other), (&by_phrase, "--passphrase-file", &secret, &wrong)]
    {
        let (code, to) = back(from, option, bad);
        assert!(code != Some(0) && !to.exists(), "{option}");
        let (code, to) = back(from, option, right);
        assert_eq!(code, Some(0), "{option}");
        assert_eq!(job_files(&to), job_files(&data));
    }
    let bare = dir.path().join("bare");
    assert_eq!(
        program(&data, &["restore", "--from", text(&by_key), "--to", text(&bare)]).status.code(),
        Some(2)
    );
    let other_recipient = key_pair(&dir.path().join("third.txt"));
    let mixed = ["backup", "--to", text(&by_key), "--incremental", "--recipient", &other_recipient];
    assert_eq!(program(&data, &mixed).status.code(), Some(2));
}

#[test]
fn damage_of_a_backup_is_found_and_nothing_of_it_is_restored() {
    let dir = tempfile::tempdir().expect("a directory");
    let (data, backups) = (dir.path().join("data"), dir.path().join("backups"));
    many_jobs(&data, 3, 1);
    assert_eq!(program(&data, &["backup", "--to", text(&backups)]).status.code(), Some(0));
    let contents: Vec<PathBuf> = all_files(&backups)
        .into_keys()
        .filter(|path| path.file_name().is_some_and(|n| n != "repository.json"))
        .collect();
    assert!(contents.len() >= 5, "{contents:?}");
    for path in contents {
        let whole = fs::read(&path).expect("reads");
        let file = fs::File::options().write(true).open(&path).expect("opens");
        let middle = whole.len() / 2;
        file.write_all_at(&[whole[middle] ^ 1], middle as u64).expect("writes");
        let verified = program(&data, &["backup", "verify", "--from", text(&backups)]);
        assert_eq!(verified.status.code(), Some(1), "{}", path.display());
        let to = dir.path().join("to");
        let restored = program(&data, &["restore", "--from", text(&backups), "--to", text(&to)]);
        assert_eq!((restored.status.code(), to.exists()), (Some(1), false), "{}", path.display());
        fs::write(&path, whole).expect("mended");
    }
    assert_eq!(program(&data, &["backup", "verify", "--from", text(&backups)]).status.code(), Some(0));
}

#[test]
fn damage_of_an_older_backup_is_found_too() {
    let dir = tempfile::tempdir().expect("a directory");
    let (data, backups) = (dir.path().join("data"), dir.path().join("backups"));
    many_jobs(&data, 2, 1);
    let (_, first) = report(&data, &["backup", "--to", text(&backups), "--json"]);
    let contents: Vec<PathBuf> = all_files(&backups).into_keys().collect();
    // what the first backup has and the second has not: its database
    let store = SqliteStore::open(StoreOptions::new(data.clone(), Arc::new(SystemClock))).expect("opens");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("builds");
    let later = records::commit(vec![records::put(records::job("default", "job_later", 7))]);
    runtime.block_on(store.commit(later)).expect("commits");
    store.shutdown();
    assert_eq!(program(&data, &["backup", "--to", text(&backups), "--incremental"]).status.code(), Some(0));
    let (code, whole) = report(&data, &["backup", "verify", "--from", text(&backups), "--json"]);
    assert_eq!((code, &whole["problems"]), (Some(0), &json!([])));
    let database = contents
        .iter()
        .filter(|path| path.components().any(|part| part.as_os_str() == "blobs"))
        .max_by_key(|path| fs::metadata(path).map_or(0, |facts| facts.len()))
        .expect("the database is the largest content");
    let file = fs::File::options().write(true).open(database).expect("opens");
    file.write_all_at(b"damaged", 4096).expect("writes");
    let (code, damaged) = report(&data, &["backup", "verify", "--from", text(&backups), "--json"]);
    let id = first["id"].as_str().expect("an id");
    assert_eq!(code, Some(1), "{damaged}");
    assert!(damaged["problems"].to_string().contains(&format!("backup {id}: database")), "{damaged}");
}

#[test]
fn a_file_that_is_gone_is_named_and_the_rest_is_backed_up() {
    let dir = tempfile::tempdir().expect("a directory");
    let (data, backups, back) =
        (dir.path().join("data"), dir.path().join("backups"), dir.path().join("restored"));
    many_jobs(&data, 3, 2);
    let gone = job_files(&data).into_keys().find(|rel| rel.ends_with("table_1.csv")).expect("one");
    fs::remove_file(data.join(&gone)).expect("removes");
    let (code, made) = report(&data, &["backup", "--to", text(&backups), "--json"]);
    assert_eq!((code, &made["missing"]), (Some(1), &json!([gone])));
    assert!(!data.join("store/last_backup").exists(), "the metric tells of whole backups only");
    let (code, restored) =
        report(&back, &["restore", "--from", text(&backups), "--to", text(&back), "--json"]);
    assert_eq!((code, &restored["missing"]), (Some(0), &json!([gone])));
    assert_eq!(job_files(&back), job_files(&data));
    let refused = program(&data, &["backup", "--to", text(&backups)]);
    assert_eq!(refused.status.code(), Some(2), "a directory with backups takes more with --incremental only");
    let refused = program(&data, &["backup", "--to", text(&data.join("tenants")), "--incremental"]);
    assert_eq!(refused.status.code(), Some(2), "no backups are there");
}

/// Commits a deletion as the service does, and removes the files.
fn delete(data: &Path, job_id: &str) {
    let store = SqliteStore::open(StoreOptions::new(data.to_owned(), Arc::new(SystemClock))).expect("opens");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("builds");
    let tenant = records::tenant("default");
    let id = job_id.parse().expect("valid");
    let job = runtime.block_on(store.job(&tenant, &id)).expect("reads").expect("is there");
    let mut next = records::next(&job, job.status);
    next.requirement.clear();
    next.retention
        .insert("removed".to_owned(), json!({"at": "2026-06-01T00:00:00Z", "by": "request", "reason": null}));
    let mut commit = records::commit(vec![records::put(next)]);
    commit.audit[0].action = "job.deleted".to_owned();
    commit.audit[0].resource = format!("job:{job_id}");
    runtime.block_on(store.commit(commit)).expect("commits");
    store.shutdown();
    fs::remove_dir_all(data.join(job_dir(&tenant, &id)).join("artifacts")).expect("removes");
}

#[test]
fn deletions_recorded_after_a_backup_are_repeated() {
    let dir = tempfile::tempdir().expect("a directory");
    let (data, backups) = (dir.path().join("data"), dir.path().join("backups"));
    many_jobs(&data, 4, 1);
    let (_, first) = report(&data, &["backup", "--to", text(&backups), "--json"]);
    delete(&data, "job_000001");
    assert_eq!(program(&data, &["backup", "--to", text(&backups), "--incremental"]).status.code(), Some(0));
    delete(&data, "job_000002");
    let survived = dir.path().join("audit");
    fs::create_dir(&survived).expect("creates");
    for entry in fs::read_dir(data.join("audit")).expect("reads") {
        let path = entry.expect("reads").path();
        fs::copy(&path, survived.join(path.file_name().expect("has one"))).expect("copies");
    }
    fs::remove_dir_all(&data).expect("destroyed");
    let kept = |to: &Path| -> Vec<String> {
        let names = job_files(to).into_keys().filter(|rel| rel.ends_with(".csv"));
        names.map(|rel| rel.split('/').nth(4).expect("the job").to_owned()).collect()
    };
    let id = first["id"].as_str().expect("an id");
    // the second backup tells of one deletion, the audit export that survived of both
    let to = dir.path().join("by_later_backup");
    let (code, done) =
        report(&to, &["restore", "--from", text(&backups), "--to", text(&to), "--snapshot", id, "--json"]);
    assert_eq!((code, &done["deletions_applied"]), (Some(0), &json!(1)));
    assert!(!kept(&to).contains(&"job_000001".to_owned()) && kept(&to).contains(&"job_000002".to_owned()));
    let to = dir.path().join("by_audit");
    let arguments =
        ["restore", "--from", text(&backups), "--to", text(&to), "--audit", text(&survived), "--json"];
    let (code, done) = report(&to, &arguments);
    assert_eq!((code, &done["deletions_applied"]), (Some(0), &json!(1)), "the first is in the backup");
    let mut left = kept(&to);
    left.sort();
    assert_eq!(left, ["job_000000", "job_000003"]);
    let job: Value = tables(&to)["jobs"]
        .iter()
        .map(|row| serde_json::from_str(row).expect("JSON"))
        .find(|job: &Value| job["job_id"] == "job_000002")
        .expect("the record stays");
    assert!(job["retention"]["removed"]["at"].is_string() && job["requirement"] == "", "{job}");
    let (code, checked) = report(&to, &["store", "check", "--deep", "--json"]);
    assert_eq!((code, &checked["problems"]), (Some(0), &json!([])));
    // an export of another chain is not taken for a younger one
    let forged = dir.path().join("forged.jsonl");
    let line = fs::read_to_string(
        fs::read_dir(&survived).expect("reads").next().expect("one").expect("reads").path(),
    )
    .expect("reads");
    fs::write(&forged, line.replace("job_000002", "job_000003")).expect("writes");
    let to = dir.path().join("by_forged");
    let refused =
        program(&to, &["restore", "--from", text(&backups), "--to", text(&to), "--audit", text(&forged)]);
    assert_eq!((refused.status.code(), to.exists()), (Some(2), false));
}

#[test]
fn the_scripts_back_up_verify_and_restore() {
    let dir = tempfile::tempdir().expect("a directory");
    let (data, backups, back) =
        (dir.path().join("data"), dir.path().join("backups"), dir.path().join("restored"));
    many_jobs(&data, 2, 1);
    let script = |name: &str, arguments: &[&str]| {
        let output = std::process::Command::new("bash")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name))
            .args(arguments)
            .env("STATA_SERVICE", env!("CARGO_BIN_EXE_stata-service"))
            .env("SS_DATA_DIR", &data)
            .output()
            .expect("runs");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    assert!(script("backup.sh", &[text(&backups)]).contains(": whole"));
    assert!(script("backup.sh", &[text(&backups)]).contains(": whole"), "the second is incremental");
    assert!(script("restore.sh", &[text(&backups), text(&back)]).contains("0 problems"));
    assert_eq!(job_files(&back), job_files(&data));
}
