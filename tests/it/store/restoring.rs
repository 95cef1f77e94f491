//! `restore --to-database --to-objects`: a backup becomes the database and the bucket of a service, whatever interrupts it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use stata_service::domain::canonical::sha256_hex;

use super::backup::many_jobs;
use crate::support::app::ADMIN_KEY;
use crate::support::moving::{rows_of_embedded, rows_of_postgres, without_nul};
use crate::support::objects::{self, Server};
use crate::support::postgres::{self, Server as Database};
use crate::support::program::Start;
use crate::support::seeded_data_dir::{job_files, program};

/// A backup of a service with local files, and places to restore it into.
struct Bench {
    dir: tempfile::TempDir,
    database: &'static Database,
    server: &'static Server,
    job: (String, String),
    deleted: String,
}

impl Bench {
    /// With one job that ran, and one that was deleted after the backup.
    async fn new() -> Option<Self> {
        let (database, server) = (postgres::shared()?, objects::rclone()?);
        let dir = tempfile::tempdir().expect("a directory");
        let start = Start::on(dir.path());
        let program = tokio::task::block_in_place(|| start.go());
        let (job, (deleted, _)) = (program.job_that_ran().await, program.job_that_ran().await);
        let backups = dir.path().join("backups");
        let backup = |more: &[&str]| {
            let words = [&["backup", "--to", backups.to_str().expect("text")], more].concat();
            let done = tokio::task::block_in_place(|| start.tool(&words).output().expect("runs"));
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        };
        backup(&[]);
        let deletion = program.call(Method::DELETE, &deleted, ADMIN_KEY, &json!({})).await;
        assert!(deletion.status.is_success(), "{}", deletion.body);
        // a later backup says what was deleted
        backup(&["--incremental"]);
        tokio::task::block_in_place(|| program.end());
        Some(Self { dir, database, server, job, deleted })
    }

    /// The older backup of the two.
    fn snapshot(&self) -> String {
        let folder = self.dir.path().join("backups/snapshots");
        let names = std::fs::read_dir(folder).expect("there").flatten().map(|entry| entry.file_name());
        let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        names[0].trim_end_matches(".json").to_owned()
    }

    /// The settings of a service with everything elsewhere, in a folder of its own.
    fn start(&self, folder: &str, url: &SecretString, prefix: &str) -> Start {
        let dir = self.dir.path().join(folder);
        std::fs::create_dir_all(&dir).expect("made");
        let start = Start::on_postgres(&dir, url);
        self.server.settings(start, prefix)
    }

    fn command(&self, start: &Start, to: &Path) -> std::process::Command {
        let from = self.dir.path().join("backups");
        let (from, snapshot) = (from.to_str().expect("text"), self.snapshot());
        let words = ["restore", "--from", from, "--snapshot", &snapshot, "--to", to.to_str().expect("text")];
        start.tool(&[&words[..], &["--to-database", "--to-objects", "--json"]].concat())
    }

    fn run(&self, start: &Start, to: &Path) -> (Option<i32>, Value, String) {
        let done = tokio::task::block_in_place(|| self.command(start, to).output().expect("runs"));
        let report = serde_json::from_slice(&done.stdout).unwrap_or_default();
        (done.status.code(), report, String::from_utf8_lossy(&done.stderr).into_owned())
    }

    /// Checks that a service on what was restored has the job with every file, and nothing of the deleted one.
    async fn check(&self, start: &Start, name: &str, prefix: &str) {
        let program = tokio::task::block_in_place(|| start.go());
        let (path, token) = &self.job;
        let listed = program.call(Method::GET, &format!("{path}/artifacts"), token, &json!({})).await.ok();
        let artifacts = listed["artifacts"].as_array().expect("a list");
        assert!(artifacts.len() > 10, "{listed}");
        for artifact in artifacts {
            let path = format!("{path}/artifacts/{}", artifact["rel_path"].as_str().expect("a path"));
            let bytes =
                program.request(Method::GET, &path, token).send().await.expect("answers").bytes().await;
            assert_eq!(json!(sha256_hex(bytes.expect("whole"))), artifact["sha256"], "{artifact}");
        }
        let gone = program.call(Method::GET, &self.deleted, ADMIN_KEY, &json!({})).await;
        assert!(gone.body["removed"].is_object(), "{}", gone.body);
        let root = self.server.bucket().join(prefix);
        let found =
            std::process::Command::new("find").arg(&root).args(["-type", "f"]).output().expect("runs");
        let found = String::from_utf8_lossy(&found.stdout).into_owned();
        let deleted = self.deleted.rsplit('/').next().expect("an id");
        assert!(!found.contains(deleted) && !found.contains("/moving"), "{found}");
        tokio::task::block_in_place(|| program.end());
        let chain = start.tool(&["audit", "verify", "--json"]).output().expect("runs");
        assert!(chain.status.success(), "{name}: {}", String::from_utf8_lossy(&chain.stdout));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_becomes_a_database_and_a_bucket() {
    let Some(bench) = Bench::new().await else { return };
    let ((name, url), prefix) = (bench.database.database(), bench.server.options().prefix);
    let start = bench.start("cluster", &url, &prefix);
    let (code, report, says) = bench.run(&start, &start.data);
    assert_eq!((code, &report["deletions_applied"]), (Some(0), &json!(1)), "{says}");
    let left: Vec<_> =
        std::fs::read_dir(&start.data).expect("there").flatten().map(|e| e.file_name()).collect();
    assert!(!left.iter().any(|name| name == "restore.json" || name == "files-move.jsonl"), "{left:?}");
    let (mut expected, mut found) = (rows_of_embedded(&start.data), rows_of_postgres(bench.database, &name));
    without_nul(&mut expected);
    without_nul(&mut found);
    for (table, rows) in &expected {
        assert_eq!(&found[table], rows, "{table}");
    }
    bench.check(&start, &name, &prefix).await;
    // nothing is overwritten: neither the directory, nor the bucket, nor the database
    assert_eq!(bench.run(&start, &start.data).0, Some(2));
    let second = bench.start("second", &url, &prefix);
    let (code, _, says) = bench.run(&second, &second.data);
    assert_eq!(code, Some(2), "{says}");
    let third = bench.start("third", &url, &bench.server.options().prefix);
    let (code, _, says) = bench.run(&third, &third.data);
    assert!(code == Some(2) && says.contains("database"), "{says}");
    bench.check(&start, &name, &prefix).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_killed_at_any_moment_is_finished_by_the_next() {
    let Some(bench) = Bench::new().await else { return };
    let ((name, url), prefix) = (bench.database.database(), bench.server.options().prefix);
    let start = bench.start("cluster", &url, &prefix);
    let mut places = BTreeMap::new();
    for round in 0.. {
        let mut command = bench.command(&start, &start.data);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
        tokio::time::sleep(Duration::from_millis(60 * (round + 1))).await;
        if let Some(ended) = child.try_wait().expect("waits") {
            // the kill before may have come after the last step; the call below says so then
            let was_complete = ended.code() == Some(2) && start.data.exists();
            assert!(ended.success() || was_complete, "round {round}: {ended}");
            break;
        }
        child.kill().expect("killed");
        child.wait().expect("reaped");
        let place = match (start.data.exists(), start.data.with_extension("restoring").exists()) {
            (true, _) => "named",
            (false, true) => "staged",
            (false, false) => "not begun",
        };
        *places.entry(place).or_insert(0) += 1;
    }
    assert!(places.contains_key("staged"), "{places:?}");
    let (code, _, says) = bench.run(&start, &start.data);
    // the restore that nobody killed may have ended well
    let complete = says.contains("is not empty") || says.contains("serves the records");
    assert!(code == Some(0) || code == Some(2) && complete, "{code:?}: {says}");
    bench.check(&start, &name, &prefix).await;
}

#[test]
fn a_restore_into_local_files_that_is_killed_at_any_moment_is_continued_by_the_next() {
    let dir = tempfile::tempdir().expect("a directory");
    let (data, backups) = (dir.path().join("data"), dir.path().join("backups"));
    many_jobs(&data, 3, 1);
    let path = |path: &Path| path.to_str().expect("text").to_owned();
    assert_eq!(program(&data, &["backup", "--to", &path(&backups)]).status.code(), Some(0));
    let command = |to: &Path| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_stata-service"));
        command.args(["restore", "--from", &path(&backups), "--to", &path(to)]).stdout(Stdio::null());
        command
    };
    // the fastest of three, so that one that was held up by other work does not set all moments behind the end
    let whole = |n: u8| {
        let began = Instant::now();
        assert!(command(&dir.path().join(format!("whole{n}"))).status().expect("runs").success());
        began.elapsed()
    };
    let took = (0..3).map(whole).min().expect("three");
    let to = dir.path().join("to");
    let mut killed = 0;
    for moment in 0..60 {
        let mut child = command(&to).stderr(Stdio::piped()).spawn().expect("starts");
        std::thread::sleep(took * moment / 60);
        child.kill().expect("killed");
        let ended = child.wait_with_output().expect("reaped");
        let says = String::from_utf8_lossy(&ended.stderr);
        assert!(matches!(ended.status.code(), None | Some(0)), "at moment {moment}: {says}");
        killed += usize::from(ended.status.code().is_none());
        if to.exists() {
            assert_eq!(job_files(&to), job_files(&data), "at moment {moment}");
            std::fs::remove_dir_all(&to).expect("removed");
        }
    }
    assert!(killed > 20, "{killed} of 60 were killed");
    // everything is there but the name, which something has
    std::fs::write(&to, "").expect("written");
    let refused = command(&to).output().expect("runs");
    assert!(!refused.status.success() && to.with_extension("restoring").exists());
    std::fs::remove_file(&to).expect("removed");
    let last = command(&to).output().expect("runs");
    assert!(last.status.success(), "{}", String::from_utf8_lossy(&last.stderr));
    assert_eq!(job_files(&to), job_files(&data));
    assert!(!to.join("restore.json").exists());
}
