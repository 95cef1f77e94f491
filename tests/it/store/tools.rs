//! `store check|export|rebuild` on the data of a service that was used: nothing is reported of a whole
//! store, every kind of damage is named, and what can be rebuilt is rebuilt to the letter.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::{Value, json};
use stata_service::domain::canonical::{canonical_json, sha256_hex};

use crate::support::app::{ADMIN_KEY, Answer, Job, TestApp};
use crate::support::seeded_data_dir::{
    api_key, data_dir, drafted_job, finished_job, job_files, program, report, tables,
};

async fn seeded_data_dir() -> (TestApp, Job) {
    let app = TestApp::start().await;
    let job = finished_job(&app).await;
    drafted_job(&app).await;
    api_key(&app).await;
    (app, job)
}

/// A directory copied with everything in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("creates");
    for entry in fs::read_dir(from).expect("reads") {
        let entry = entry.expect("reads");
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().expect("has one");
        if kind.is_dir() {
            copy(&path, &target);
        } else if kind.is_file() {
            fs::copy(&path, &target).expect("copies");
        }
    }
}

fn find(data: &Path, name: &str) -> PathBuf {
    let rel = job_files(data).into_keys().find(|rel| rel.ends_with(name));
    data.join(rel.unwrap_or_else(|| panic!("no {name}")))
}

fn sql(data: &Path, statement: &str) {
    let conn = Connection::open(data.join("store/store.sqlite3")).expect("opens");
    conn.execute_batch(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
}

/// Changes one bit in the middle of a file.
fn flip(path: &Path) {
    let file = fs::File::options().read(true).write(true).open(path).expect("opens");
    let middle = file.metadata().expect("has facts").len() / 2;
    let mut byte = [0];
    file.read_exact_at(&mut byte, middle).expect("reads");
    file.write_all_at(&[byte[0] ^ 1], middle).expect("writes");
}

/// A kind of damage: what is done, the kind of problem it is reported as, and whether only `--deep` sees it.
struct Damage {
    name: &'static str,
    kind: &'static str,
    deep_only: bool,
    make: fn(&Path),
}

const DAMAGES: &[Damage] = &[
    Damage {
        name: "a record's bytes",
        kind: "record",
        deep_only: false,
        make: |data| {
            sql(data, "UPDATE jobs SET json = replace(json, '\"version\":', '\"version\": ') WHERE row = 1")
        },
    },
    Damage {
        name: "a task code's bytes",
        kind: "record",
        deep_only: false,
        make: |data| sql(data, "UPDATE task_codes SET checksum = zeroblob(32) WHERE row = 1"),
    },
    Damage {
        name: "a column",
        kind: "columns",
        deep_only: false,
        make: |data| sql(data, "UPDATE jobs SET fence = fence + 1 WHERE row = 1"),
    },
    Damage {
        name: "the kept counts",
        kind: "heads",
        deep_only: false,
        make: |data| sql(data, "UPDATE heads SET job_counts = '{\"created\":99}'"),
    },
    Damage {
        name: "an event that was changed",
        kind: "audit_chain",
        deep_only: false,
        make: |data| {
            sql(
                data,
                "UPDATE audit SET json = replace(json, '\"reason\":null', '\"reason\":\"x\"') WHERE seq = 3",
            )
        },
    },
    Damage {
        name: "an event that was removed",
        kind: "audit_chain",
        deep_only: false,
        make: |data| sql(data, "DELETE FROM audit WHERE seq = 2"),
    },
    Damage {
        name: "the export of the chain",
        kind: "audit_export",
        deep_only: false,
        make: |data| {
            let file = fs::read_dir(data.join("audit")).expect("reads").next().expect("one").expect("reads");
            flip(&file.path());
        },
    },
    Damage {
        name: "a readable copy",
        kind: "job_copy",
        deep_only: false,
        make: |data| flip(&find(data, "job.json")),
    },
    Damage {
        name: "a readable copy that is gone",
        kind: "job_copy",
        deep_only: false,
        make: |data| fs::remove_file(find(data, "job.json")).expect("removes"),
    },
    Damage {
        name: "a record that is gone",
        kind: "job_copy",
        deep_only: false,
        make: |data| sql(data, "DELETE FROM jobs WHERE row = 1"),
    },
    Damage {
        name: "an artifact that is gone",
        kind: "artifact",
        deep_only: false,
        make: |data| fs::remove_file(find(data, "main.do")).expect("removes"),
    },
    Damage {
        name: "one bit of an artifact",
        kind: "artifact",
        deep_only: true,
        make: |data| flip(&find(data, "main.do")),
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_store_passes_and_every_kind_of_damage_is_named() {
    let (mut app, _) = seeded_data_dir().await;
    let data = data_dir(&app);
    let (code, online) = report(&data, &["store", "check", "--deep", "--json"]);
    assert_eq!((code, &online["problems"]), (Some(0), &json!([])), "through the owner, in use");
    app.stop().await;
    let (code, whole) = report(&data, &["store", "check", "--deep", "--json"]);
    assert_eq!(
        (code, &whole["ok"], &whole["problems"], &whole["notes"]),
        (Some(0), &json!(true), &json!([]), &json!([]))
    );
    for what in ["jobs", "task_codes", "api_keys", "audit_events", "audit_lines", "job_copies", "artifacts"] {
        assert!(whole["checked"][what].as_u64().is_some_and(|n| n > 0), "{what}: {whole}");
    }
    assert_eq!(whole["checked"]["audit_events"], whole["checked"]["audit_lines"]);
    for damage in DAMAGES {
        let copied = tempfile::tempdir().expect("a directory");
        copy(&data, copied.path());
        (damage.make)(copied.path());
        for deep in [false, true] {
            let mut arguments = vec!["store", "check", "--json"];
            arguments.extend(deep.then_some("--deep"));
            let (code, found) = report(copied.path(), &arguments);
            let seen = found["problems"].as_array().expect("a list").iter().any(|p| p["kind"] == damage.kind);
            let expected = deep || !damage.deep_only;
            assert_eq!((seen, code), (expected, Some(i32::from(expected))), "{}: {found}", damage.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_zeros_is_reported_and_the_check_comes_to_its_end() {
    let (mut app, _) = seeded_data_dir().await;
    app.stop().await;
    let data = data_dir(&app);
    let path = data.join("store/store.sqlite3");
    let file = fs::File::options().write(true).open(&path).expect("opens");
    let pages = file.metadata().expect("has facts").len() / 4096;
    let mut reported = 0;
    for page in 2..pages {
        let whole = fs::read(&path).expect("reads");
        file.write_all_at(&[0; 4096], page * 4096).expect("writes");
        let output = program(&data, &["store", "check", "--json"]);
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 1 | 74)), "page {page}: {output:?}");
        reported += u64::from(code != Some(0));
        fs::write(&path, whole).expect("mended");
    }
    // pages that hold nothing now may be anything
    assert!(reported * 2 > pages, "{reported} of {pages} pages");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_every_record_and_the_chain() {
    let (mut app, _) = seeded_data_dir().await;
    let (data, out) = (data_dir(&app), app.dir.path().join("export"));
    let path = out.to_str().expect("text");
    let (code, done) = report(&data, &["store", "export", path, "--json"]);
    assert_eq!((code, &done["jobs"], &done["damaged"]), (Some(0), &json!(2), &json!([])));
    assert_ne!(program(&data, &["store", "export", path]).status.code(), Some(0), "it is not empty any more");
    app.stop().await;
    let mut manifest: Value =
        serde_json::from_slice(&fs::read(out.join("manifest.json")).expect("reads")).expect("JSON");
    for file in manifest["files"].as_array().expect("a list") {
        let bytes = fs::read(out.join(file["path"].as_str().expect("a path"))).expect("reads");
        assert_eq!(file["sha256"], sha256_hex(&bytes));
    }
    let stated = manifest.as_object_mut().expect("an object").remove("sha256");
    assert_eq!(stated, Some(json!(sha256_hex(canonical_json(&manifest)))));
    let exported: Vec<String> =
        fs::read_to_string(out.join("audit.jsonl")).expect("reads").lines().map(str::to_owned).collect();
    let mut stored = tables(&data)["audit"].clone();
    let seq = |text: &String| serde_json::from_str::<Value>(text).expect("JSON")["seq"].as_u64();
    stored.sort_by_key(seq);
    assert_eq!(exported, stored[..exported.len()]);
    for (rel, bytes) in job_files(&data).into_iter().filter(|(rel, _)| rel.ends_with("/job.json")) {
        let id = rel.split('/').nth(4).expect("the job's id");
        assert_eq!(fs::read(out.join(format!("jobs/default/{id}/job.json"))).expect("reads"), bytes);
    }
}

/// Removes the database with its log.
fn lose_database(data: &Path) {
    for name in ["store.sqlite3", "store.sqlite3-wal", "store.sqlite3-shm"] {
        let _ = fs::remove_file(data.join("store").join(name));
    }
}

/// The records of jobs without the hashes of secrets.
fn without_secrets(rows: &[String]) -> Vec<Value> {
    rows.iter()
        .map(|row| {
            let mut job: Value = serde_json::from_str(row).expect("JSON");
            job["token"]["secret_sha256"] = json!("");
            job
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_database_is_rebuilt_record_by_record() {
    let (mut app, job) = seeded_data_dir().await;
    let data = data_dir(&app);
    assert_eq!(program(&data, &["store", "rebuild"]).status.code(), Some(75), "the service runs");
    app.stop().await;
    assert_ne!(program(&data, &["store", "rebuild"]).status.code(), Some(0), "nothing is lost");
    let before = tables(&data);
    lose_database(&data);
    let (code, done) = report(&data, &["store", "rebuild", "--json"]);
    assert_eq!(code, Some(0), "{done}");
    assert_eq!((&done["jobs"], &done["compared"], &done["tokens_lost"]), (&json!(2), &json!(2), &json!(2)));
    for lost in ["task codes", "API keys", "idempotency answers"] {
        assert!(done["only_in_a_backup"].as_array().expect("a list").contains(&json!(lost)), "{lost}");
    }
    let after = tables(&data);
    assert_eq!(without_secrets(&after["jobs"]), without_secrets(&before["jobs"]));
    assert!(after["task_codes"].is_empty() && after["api_keys"].is_empty());
    let kept = after["audit"].iter().filter(|event| before["audit"].contains(event)).count();
    assert_eq!((kept, after["audit"].len()), (before["audit"].len(), before["audit"].len() + 1));
    let (code, checked) = report(&data, &["store", "check", "--deep", "--json"]);
    assert_eq!((code, &checked["problems"]), (Some(0), &json!([])));
    // and the service goes on with it
    app.restart().await;
    let path = format!("/v1/jobs/{}", job.job_id);
    let read = Answer::of(app.request(reqwest::Method::GET, &path, ADMIN_KEY)).await.ok();
    assert_eq!(read["status"], "succeeded");
    app.get(&job, "").await.refused(403, "AUTH_TOKEN_INVALID");
    finished_job(&app).await;
    app.stop().await;
    let (code, checked) = report(&data, &["store", "check", "--deep", "--json"]);
    assert_eq!((code, &checked["problems"], &checked["notes"]), (Some(0), &json!([]), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_names_what_it_cannot_use() {
    let (mut app, _) = seeded_data_dir().await;
    app.stop().await;
    let data = data_dir(&app);
    let events = tables(&data)["audit"].len();
    lose_database(&data);
    flip(&find(&data, "job.json"));
    let audit = fs::read_dir(data.join("audit")).expect("reads").next().expect("one").expect("reads").path();
    let text = fs::read_to_string(&audit).expect("reads");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), events);
    fs::write(&audit, format!("{}\n{{\"seq\":6}}\n{}\n", lines[..5].join("\n"), lines[6..].join("\n")))
        .expect("writes");
    let (code, done) = report(&data, &["store", "rebuild", "--json"]);
    assert_eq!((code, &done["jobs"], &done["audit_events"]), (Some(1), &json!(1), &json!(5)), "{done}");
    assert_eq!(done["unused"].as_array().map(Vec::len), Some(1));
    assert!(done["audit_broken"].as_str().is_some_and(|text| text.contains("event 6")), "{done}");
    assert!(data.join("audit.broken-1").is_dir(), "what follows the break is kept aside");
    app.restart().await;
    drafted_job(&app).await;
    app.stop().await;
    let (_, checked) = report(&data, &["store", "check", "--json"]);
    let problems = checked["problems"].as_array().expect("a list");
    assert!(problems.iter().all(|p| p["kind"] == "job_copy"), "only the damaged copy is left: {checked}");
    assert_eq!(checked["checked"]["audit_events"], checked["checked"]["audit_lines"]);
}

/// A data directory that this release wrote; it stays as it is for the releases to come.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/stores/v4");

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_a_release_wrote_opens_whole_and_takes_writes() {
    let mut app = TestApp::start_with(|options| copy(Path::new(KEPT), &options.data_dir)).await;
    let path = "/v1/jobs/job_01a1f95b5c4d73cd99c66001ea036138";
    let get = async |path: String| Answer::of(app.request(reqwest::Method::GET, &path, ADMIN_KEY)).await.ok();
    let job = get(path.to_owned()).await;
    assert_eq!((&job["status"], &job["version"]), (&json!("succeeded"), &json!(8)), "{job}");
    let plan = get(format!("{path}/plan")).await;
    assert_eq!(plan["plan"]["plan_id"], "7a7d6dc57f3d838d372a5a0e19fddaebe2136335aaf5bbcbe086f4bfa2ab73d2");
    assert_eq!(plan["plan"]["derived_variables"][0]["canonical"], "x ^ 2");
    let run = &get(format!("{path}/runs")).await["runs"][0];
    let table = format!(
        "{path}/artifacts/artifacts/runs/{}/table_descriptives.csv",
        run["run_id"].as_str().expect("an id")
    );
    let table = app.request(reqwest::Method::GET, &table, ADMIN_KEY).send().await.expect("answers");
    assert!(table.text().await.expect("text").contains("x2"), "the file of the run is there");
    let patch = app.request(reqwest::Method::PATCH, path, ADMIN_KEY).json(&json!({"title": "kept"}));
    assert_eq!(Answer::of(patch).await.ok()["version"], 9);
    app.stop().await;
    let (code, checked) = report(&data_dir(&app), &["store", "check", "--deep", "--json"]);
    assert_eq!(code, Some(0), "{checked}");
}
