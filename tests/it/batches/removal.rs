//! What is kept of a batch and how long: removal with its cells, replaced inputs, retention, backups, rebuilt stores.

use std::path::Path;

use serde_json::{Value, json};
use stata_service::app::sweep;
use stata_service::domain::tenant::RetentionPolicy;
use stata_service::service::operations::retention::Sweeper;

use super::*;
use crate::support::app::ADMIN_KEY;
use crate::support::seeded_data_dir::{data_dir, program, report};

/// Regular files below a folder.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path.display().to_string());
        }
    }
    found
}

/// Files of tenants but for records, which stay.
fn content(app: &TestApp) -> Vec<String> {
    let record = |file: &String| file.ends_with("/job.json") || file.ends_with("/.job.json.tmp");
    files(&data_dir(app).join("tenants")).into_iter().filter(|file| !record(file)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_batch_leaves_ids_and_no_file_and_its_job_stays() {
    let mut app = TestApp::start().await;
    let job = with_data(&app).await;
    let batch = made(&app, &job, &two_by_two()).await;
    delete(&app, &job, &path(&batch)).await.refused(409, "JOB_ILLEGAL_TRANSITION");
    delete(&app, &job, "").await.refused(409, "JOB_ILLEGAL_TRANSITION");
    let done = ended(&app, &job, &batch).await;
    let cell = cell_job(&job, &cells(&done)[0]);
    let removed = delete(&app, &job, &path(&batch)).await.ok();
    assert_eq!(
        (&removed["removed"]["by"], &removed["request"], &removed["title"]),
        (&json!("request"), &Value::Null, &Value::Null)
    );
    assert_eq!(removed["cells"][0]["job_id"], done["cells"][0]["job_id"]);
    assert_eq!(removed["cells"][0]["choices"], json!([]));
    assert_eq!(delete(&app, &job, &path(&batch)).await.ok(), removed, "a repeat is equal");
    app.get(&cell, "/plan").await.refused(410, "JOB_GONE");
    assert!(!app.get(&cell, "").await.ok()["removed"].is_null());
    app.post(&job, &format!("{}/run", path(&batch)), &json!({})).await.refused(410, "JOB_GONE");
    let left = content(&app);
    assert!(left.iter().all(|file| file.contains(&job.job_id) && file.contains("/inputs/")), "{left:?}");
    // the same request makes a new batch now
    let again = made(&app, &job, &two_by_two()).await;
    assert_ne!(again["batch_id"], batch["batch_id"]);
    ended(&app, &job, &again).await;
    // the job takes its batches with it
    let gone = delete(&app, &job, "").await.ok();
    assert!(!gone["removed"].is_null());
    assert!(!read(&app, &job, &again).await["removed"].is_null());
    let left = content(&app);
    assert_eq!(left, [""; 0]);
    app.stop().await;
    let (code, checked) = report(&data_dir(&app), &["store", "check", "--deep", "--json"]);
    assert_eq!((code, &checked["problems"]), (Some(0), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn new_inputs_of_the_job_leave_those_of_its_batches() {
    let mut app = TestApp::start().await;
    let job = with_data(&app).await;
    let batch = made(&app, &job, &two_by_two()).await;
    let fewer: String = PAY.lines().take(300).map(|line| format!("{line}\n")).collect();
    app.upload(&job, "fewer.csv", fewer).await.ok();
    let done = ended(&app, &job, &batch).await;
    assert_eq!(done["counts"]["succeeded"], 4, "{done}");
    // a capsule of a cell has the data that the cell read, and can be run again
    let cell = cell_job(&job, &cells(&done)[2]);
    let url = format!("/v1/jobs/{}/capsule?data=include", cell.job_id);
    let bytes = app
        .request(Method::GET, &url, &job.token)
        .send()
        .await
        .expect("answers")
        .bytes()
        .await
        .expect("a body");
    let file = app.dir.path().join("cell.zip");
    std::fs::write(&file, &bytes).expect("written");
    let name = file.display().to_string();
    for words in [["capsule", "verify", &name], ["capsule", "rerun", &name]] {
        let done = program(&data_dir(&app), &words);
        assert_eq!(
            done.status.code(),
            Some(0),
            "{words:?}: {}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        );
    }
    // the same request on the new inputs is another batch
    let other = made(&app, &job, &two_by_two()).await;
    assert_ne!(other["input_fingerprint"], batch["input_fingerprint"]);
    ended(&app, &job, &other).await;
    app.stop().await;
    let (code, checked) = report(&data_dir(&app), &["store", "check", "--deep", "--json"]);
    assert_eq!((code, &checked["problems"]), (Some(0), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_removes_a_batch_as_a_whole_and_keeps_a_job_as_long_as_its_batches() {
    let mut app = TestApp::start().await;
    let job = with_data(&app).await;
    let batch = made(&app, &job, &two_by_two()).await;
    let done = ended(&app, &job, &batch).await;
    let ctx = app.context();
    let days = |jobs_days, unfinished_jobs_days, inputs_days| RetentionPolicy {
        jobs_days,
        unfinished_jobs_days,
        inputs_days,
        ..RetentionPolicy::default()
    };
    let sweep = async |policy: RetentionPolicy, ahead: i64| {
        let mut deps = sweep::deps(&ctx);
        deps.policy = policy;
        deps.clock = std::sync::Arc::new(crate::support::clock::Ahead(chrono::Duration::hours(ahead)));
        let mut removed = Sweeper::default().pass(&deps, 100, false).await.expect("sweeps").removed;
        // a run's folder goes after its verdict is known: where the sweep comes first, it is a day old for this clock
        removed.remove("workdir");
        removed
    };
    assert!(sweep(days(3, 1, 0), 48).await.is_empty(), "the job was never run, but its batch was");
    let removed = sweep(days(3, 1, 2), 60).await;
    assert_eq!(removed.into_iter().collect::<Vec<_>>(), [("inputs", 1)], "inputs go by their own age");
    app.post(&cell_job(&job, &cells(&done)[0]), "/run", &json!({})).await.ok();
    let removed = sweep(days(3, 0, 0), 73).await;
    assert_eq!(removed.into_iter().collect::<Vec<_>>(), [("batch", 1)]);
    assert!(
        app.get(&job, "").await.ok()["removed"].is_null(),
        "without its batch it is a job that was never run"
    );
    let removed = sweep(days(3, 1, 0), 98).await;
    assert_eq!(removed.into_iter().collect::<Vec<_>>(), [("unfinished", 1)]);
    let seen = read(&app, &job, &batch).await;
    assert_eq!(seen["removed"]["by"], "retention");
    let cell = app.get(&cell_job(&job, &cells(&done)[3]), "").await.ok();
    assert_eq!(cell["removed"]["by"], "retention");
    drop(ctx);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_exports_and_rebuilt_stores_know_batches() {
    let mut app = TestApp::start().await;
    let job = with_data(&app).await;
    let mut request = two_by_two();
    request["skip_invalid"] = json!(true);
    request["axes"]["controls"]
        .as_array_mut()
        .expect("a list")
        .push(json!({"label": "wrong", "columns": ["absent_column"]}));
    let batch = made(&app, &job, &request).await;
    let done = ended(&app, &job, &batch).await;
    let backup = app.dir.path().join("backup");
    let data = data_dir(&app);
    let text = backup.display().to_string();
    let (code, made) = report(&data, &["backup", "--to", &text, "--json"]);
    assert_eq!((code, &made["missing"]), (Some(0), &json!([])), "{made}");
    // what is removed after the backup stays removed when it is restored
    delete(&app, &job, &path(&batch)).await.ok();
    let second = self::made(&app, &job, &two_by_two()).await;
    ended(&app, &job, &second).await;
    app.stop().await;
    let restored = app.dir.path().join("restored");
    let (to, audit) = (restored.display().to_string(), data.join("audit").display().to_string());
    let (code, told) =
        report(&restored, &["restore", "--from", &text, "--to", &to, "--audit", &audit, "--json"]);
    assert_eq!(code, Some(0), "{told}");
    std::fs::rename(&data, app.dir.path().join("lost")).expect("moved");
    std::fs::rename(&restored, &data).expect("moved");
    app.restart().await;
    let seen = read(&app, &job, &batch).await;
    assert_eq!((&seen["title"], &seen["cells"][0]["choices"]), (&Value::Null, &json!([])), "{seen}");
    assert!(!seen["removed"].is_null());
    app.stop().await;

    // a store that is lost is made again, with its batches
    std::fs::remove_dir_all(&data).expect("removed");
    let (code, told) =
        report(&data, &["restore", "--from", &text, "--to", &data.display().to_string(), "--json"]);
    assert_eq!(code, Some(0), "{told}");
    let database = data.join("store/store.sqlite3");
    for file in files(&data.join("store")) {
        if file.starts_with(&database.display().to_string()) {
            std::fs::rename(&file, app.dir.path().join(Path::new(&file).file_name().expect("a name")))
                .expect("moved");
        }
    }
    let (code, told) = report(&data, &["store", "rebuild", "--json"]);
    assert_eq!((code, &told["jobs"], &told["batches"]), (Some(0), &json!(5), &json!(1)), "{told}");
    app.restart().await;
    let key = |path: String| app.request(Method::GET, &path, ADMIN_KEY);
    let seen = Answer::of(key(format!("/v1/jobs/{}{}", job.job_id, path(&batch)))).await.ok();
    assert_eq!(
        (&seen["status"], &seen["ended_at"], &seen["request"]),
        (&json!("succeeded"), &done["ended_at"], &Value::Null)
    );
    assert_eq!(cells(&seen).len(), 4, "refused cells are in a backup only");
    assert_eq!(seen["cells"][3]["choices"], done["cells"][3]["choices"]);
    app.stop().await;
    let (code, checked) = report(&data, &["store", "check", "--deep", "--json"]);
    assert_eq!((code, &checked["problems"]), (Some(0), &json!([])), "{checked}");
}
