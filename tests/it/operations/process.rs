//! The real program: ready line, SIGTERM, SIGKILL at every step of the journey, exit codes.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use stata_service::adapters::objects::ObjectBlobStore;
use stata_service::adapters::postgres::TABLES_FORMAT;
use stata_service::ports::blob_store::BlobStore;

use crate::support::app::{ADMIN_KEY, Answer, PATIENCE};
use crate::support::program::{Program, Start};
use crate::support::{objects, postgres};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

/// Finds a file below a folder by the end of its name.
fn find(folder: &Path, end: &str) -> Option<PathBuf> {
    std::fs::read_dir(folder).expect("readable").flatten().find_map(|entry| {
        let path = entry.path();
        if path.is_dir() { find(&path, end) } else { path.to_string_lossy().ends_with(end).then_some(path) }
    })
}

/// Starts the program on a folder.
fn start(folder: &Path) -> Program {
    let program = Start::on(folder).go();
    assert_eq!(program.ready["engine"], "open");
    program
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_the_service_in_order_with_its_log_events() {
    let dir = tempfile::tempdir().expect("a directory");
    let status = start(dir.path()).end();
    assert!(status.success(), "{status}");
    let log = Start::on(dir.path()).log();
    for event in ["SS_READY", "SS_SHUTDOWN_BEGIN", "SS_SHUTDOWN_STEP", "SS_SHUTDOWN_DONE"] {
        assert!(log.contains(event), "{event} in {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_service_on_the_same_data_ends_with_75() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = start(dir.path());
    let mut second = Start::on(dir.path()).with("SS_STORE__LOCK_WAIT", "0").command();
    let second = second.stderr(Stdio::piped()).output().expect("runs");
    assert_eq!(second.status.code(), Some(75), "{}", String::from_utf8_lossy(&second.stderr));
    assert!(String::from_utf8_lossy(&second.stderr).contains(&first.child.id().to_string()));
    first.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_after_every_acknowledged_step_loses_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    walk_through_kills(&Start::on(dir.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_after_every_acknowledged_step_loses_nothing_on_postgres() {
    let Some(server) = postgres::shared() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let (name, url) = server.empty_database();
    let start = Start::on_postgres(dir.path(), &url);
    let early = start.command().stderr(Stdio::piped()).output().expect("runs");
    let says = String::from_utf8_lossy(&early.stderr).into_owned();
    assert_eq!(early.status.code(), Some(78), "{says}");
    assert!(says.contains("stata-service store migrate"), "{says}");
    for says in [
        format!("the tables were made, with format {TABLES_FORMAT}\n"),
        format!("the tables have format {TABLES_FORMAT} already\n"),
    ] {
        let migrated = start.tool(&["store", "migrate"]).output().expect("runs");
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        assert_eq!(String::from_utf8_lossy(&migrated.stdout), says);
    }
    // a code that the command line makes while nothing serves
    let made = start.tool(&["task-code", "create"]).output().expect("runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let export = start.tool(&["store", "export", "x"]).output().expect("runs");
    assert_eq!(export.status.code(), Some(2));
    walk_through_kills(&start).await;
    for words in [&["store", "check", "--deep", "--json"][..], &["audit", "verify", "--json"]] {
        let checked = start.tool(words).output().expect("runs");
        let report: Value = serde_json::from_slice(&checked.stdout).expect("a report");
        assert_eq!((checked.status.code(), &report["ok"]), (Some(0), &json!(true)), "{report}");
        assert!(report["checked"]["audit_events"].as_u64() > Some(5), "{report}");
    }
    let tenants = start.data.join("tenants");
    let artifact = find(&tenants, ".tex").or_else(|| find(&tenants, ".log")).expect("the run published it");
    std::fs::write(&artifact, "changed").expect("written");
    let checked = start.tool(&["store", "check", "--json"]).output().expect("runs");
    let report: Value = serde_json::from_slice(&checked.stdout).expect("a report");
    assert_eq!(
        (checked.status.code(), &report["problems"][0]["kind"]),
        (Some(1), &json!("artifact")),
        "{report}"
    );
    assert_eq!(server.sql(&name, "SELECT count(*) FROM ss.jobs").expect("reads"), ["1"]);
    assert!(!dir.path().join("data/store/store.sqlite3").exists());
    assert!(!start.log().contains(&url.expose_secret()[..40]), "the address may hold a password");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_with_another_data_directory_works_beside_the_service_on_postgres() {
    let Some(server) = postgres::shared() else { return };
    let (_, url) = server.database();
    let dir = tempfile::tempdir().expect("a directory");
    let start = Start::on_postgres(dir.path(), &url);
    let service = start.go();
    let mut elsewhere = start.clone();
    elsewhere.data = dir.path().join("elsewhere");
    let made = elsewhere.tool(&["task-code", "create"]).output().expect("runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let code = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    let body = json!({"task_code": code, "requirement": "教育对工资的影响"});
    let url = format!("{}/v1/task-codes/redeem", service.base);
    let redeemed = Answer::of(service.http.post(url).json(&body)).await.ok();
    assert!(redeemed["job_id"].is_string(), "the service goes on: {redeemed}");
    assert!(!elsewhere.data.join("store/store.lock").exists());
    let status = service.end();
    assert!(status.success(), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_after_every_acknowledged_step_loses_nothing_with_files_in_objects() {
    let Some(server) = objects::rclone() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let options = server.options();
    let secret = dir.path().join("secret");
    std::fs::write(&secret, objects::SECRET).expect("written");
    let start = Start::on(dir.path())
        .with("SS_FILES__BACKEND", "s3")
        .with("SS_S3_ENDPOINT", &server.endpoint())
        .with("SS_S3_BUCKET", objects::BUCKET)
        .with("SS_S3__PREFIX", &options.prefix)
        .with("SS_S3_ACCESS_KEY_ID", objects::KEY_ID)
        .with("SS_S3_SECRET_ACCESS_KEY_FILE", secret.to_str().expect("text"));
    let absent = start.clone().with("SS_S3_BUCKET", "absent").command().stderr(Stdio::piped()).output();
    let absent = absent.expect("runs");
    let says = String::from_utf8_lossy(&absent.stderr).into_owned();
    assert_eq!(absent.status.code(), Some(78), "{says}");
    assert!(says.contains("no such bucket") && says.contains("s3.bucket"), "{says}");
    let nobody =
        start.clone().with("SS_S3_ENDPOINT", "http://127.0.0.1:1").command().stderr(Stdio::piped()).output();
    assert_eq!(nobody.expect("runs").status.code(), Some(69));
    walk_through_kills(&start).await;
    let checked = start.tool(&["store", "check", "--deep", "--json"]).output().expect("runs");
    let report: Value = serde_json::from_slice(&checked.stdout).expect("a report");
    assert_eq!((checked.status.code(), &report["ok"]), (Some(0), &json!(true)), "{report}");
    assert!(report["checked"]["artifacts"].as_u64() > Some(3), "{report}");
    let backup = start
        .tool(&["backup", "--to", dir.path().join("backup").to_str().expect("text")])
        .output()
        .expect("runs");
    let says = String::from_utf8_lossy(&backup.stderr).into_owned();
    assert_eq!(backup.status.code(), Some(0), "{says}");
    let restore = ["restore", "--from", "backup", "--to", "restored"];
    let restored = start.tool(&restore).current_dir(dir.path()).output().expect("runs");
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let mut local = start.clone().without("SS_FILES__BACKEND").without("SS_S3_BUCKET");
    for name in ["SS_S3_ENDPOINT", "SS_S3__PREFIX", "SS_S3_ACCESS_KEY_ID", "SS_S3_SECRET_ACCESS_KEY_FILE"] {
        local = local.without(name);
    }
    local.data = dir.path().join("restored");
    let checked = local.tool(&["store", "check", "--deep", "--json"]).output().expect("runs");
    let report: Value = serde_json::from_slice(&checked.stdout).expect("a report");
    assert_eq!(
        (checked.status.code(), &report["ok"]),
        (Some(0), &json!(true)),
        "files are local there: {report}"
    );
    let shown = start.tool(&["config", "show"]).output().expect("runs");
    let texts = start.log() + &String::from_utf8_lossy(&shown.stdout);
    assert!(!texts.contains(objects::SECRET) && !texts.contains(objects::KEY_ID), "secrets are not shown");
    let damaged = std::thread::spawn(move || {
        let elsewhere = tempfile::tempdir().expect("a directory");
        let objects = ObjectBlobStore::open(&options, elsewhere.path()).expect("opened");
        damaged_objects_are_named(&start, &objects);
    });
    damaged.join().expect("damage is named");
}

/// The end of a file's name, what happens to its bytes, and what the check says.
type Damage = (&'static str, fn(&mut Vec<u8>), &'static str);

/// Damages three files of the job in different ways: the check names each.
fn damaged_objects_are_named(start: &Start, objects: &dyn BlobStore) {
    let damages: [Damage; 3] = [
        ("/main.log", |bytes| bytes.truncate(7), "it has 7 bytes instead of"),
        ("/main.dta", Vec::clear, "it cannot be read"),
        ("/main.do", |bytes| bytes[0] ^= 1, "its content does not match its hash"),
    ];
    let shard = objects.next_shard(None).expect("listed").expect("a job");
    let (tenant, job) = &shard.jobs[0];
    for (end, damage, _) in damages {
        let listed = ["inputs", "artifacts"].map(|dir| objects.list(tenant, job, dir).expect("listed"));
        let path = listed.iter().flatten().find(|file| file.rel_path.ends_with(end)).expect("published");
        let mut bytes = Vec::new();
        let mut reader = objects.get(tenant, job, &path.rel_path).expect("opened");
        reader.read_to_end(&mut bytes).expect("read");
        damage(&mut bytes);
        objects.delete(tenant, job, &path.rel_path).expect("removed");
        if !bytes.is_empty() {
            objects.put(tenant, job, &path.rel_path, &mut bytes.as_slice()).expect("stored");
        }
    }
    for deep in [false, true] {
        let words =
            if deep { &["store", "check", "--deep", "--json"][..] } else { &["store", "check", "--json"] };
        let checked = start.tool(words).output().expect("runs");
        let report: Value = serde_json::from_slice(&checked.stdout).expect("a report");
        assert_eq!(checked.status.code(), Some(1), "{report}");
        assert_eq!(report["problem_count"], if deep { 3 } else { 2 }, "{report}");
        let named = |end: &str, says: &str| {
            let problems = report["problems"].as_array().expect("a list");
            problems.iter().any(|problem| {
                problem["subject"].as_str().expect("text").ends_with(&end[1..])
                    && problem["detail"].as_str().expect("text").starts_with(says)
            })
        };
        for (end, _, says) in damages {
            assert_eq!(named(end, says), deep || end != "/main.do", "{end}: {report}");
        }
    }
}

/// Walks a job through its life and kills the service after each answer.
async fn walk_through_kills(start: &Start) {
    let restart = |service: Program| {
        service.kill();
        start.go()
    };
    let mut service = start.go();
    let made = service.call(Method::POST, "/v1/admin/task-codes", ADMIN_KEY, &json!({"count": 1})).await.ok();
    let code = made["task_codes"][0]["task_code"].as_str().expect("a code").to_owned();
    service = restart(service);
    let body = json!({"task_code": code, "requirement": "教育对工资的影响"});
    let redeem = |service: &Program| {
        let url = format!("{}/v1/task-codes/redeem", service.base);
        Answer::of(service.http.post(url).json(&body))
    };
    let redeemed = redeem(&service).await.ok();
    let job = redeemed["job_id"].as_str().expect("an id").to_owned();
    let token = redeemed["token"].as_str().expect("a token").to_owned();
    service = restart(service);
    let again = redeem(&service).await.ok();
    assert_eq!((&again["token"], &again["is_idempotent"]), (&json!(token), &json!(true)));
    let uploaded = service.upload(&job, &token, PAY).await.ok();
    service = restart(service);
    let path = |tail: &str| format!("/v1/jobs/{job}{tail}");
    let none = json!({});
    let preview = service.call(Method::GET, &path("/inputs/preview"), &token, &none).await.ok();
    assert_eq!(preview["row_count"], uploaded["datasets"][0]["row_count"]);
    let draft = json!({"roles": {"outcome_var": "log_pay", "regressors": ["schooling"]}});
    let stated = service.call(Method::PUT, &path("/draft"), &token, &draft).await.ok();
    service = restart(service);
    let read = service.call(Method::GET, &path("/draft/preview"), &token, &none).await.ok();
    assert_eq!(read["draft_id"], stated["draft_id"]);
    let plan = service.call(Method::POST, &path("/plan/freeze"), &token, &none).await.ok();
    service = restart(service);
    assert_eq!(service.call(Method::GET, &path("/plan"), &token, &none).await.ok(), plan);
    service.call(Method::POST, &path("/run"), &token, &none).await.ok();
    service = restart(service);
    let ended = tokio::time::timeout(PATIENCE, async {
        loop {
            let seen = service.call(Method::GET, &path(""), &token, &none).await.ok();
            if !["queued", "running"].contains(&seen["status"].as_str().unwrap_or_default()) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("the run ends");
    assert_eq!(ended["status"], "succeeded", "{ended}");
    // a kill between claim and launcher costs an attempt, which must have ended by its own cause
    let runs = service.call(Method::GET, &path("/runs"), &token, &none).await.ok();
    let (last, earlier) = runs["runs"].as_array().expect("a list").split_last().expect("at least one");
    assert_eq!(last["status"], "succeeded");
    for run in earlier {
        assert_eq!((&run["status"], &run["cause"]), (&json!("failed"), &json!("worker_lost")), "{run}");
    }
    service = restart(service);
    let found = service.call(Method::GET, &path("/artifacts"), &token, &none).await.ok();
    let rel_path = found["artifacts"][0]["rel_path"].as_str().expect("a path").to_owned();
    let bytes = service.request(Method::GET, &path(&format!("/artifacts/{rel_path}")), &token).send().await;
    let bytes = bytes.expect("answers").error_for_status().expect("a file").bytes().await.expect("a body");
    assert_eq!(bytes.len() as u64, found["artifacts"][0]["size_bytes"].as_u64().expect("a size"));
    service.kill();
}
