//! `store move --files`: every file of a data directory is in the bucket afterwards, byte for byte, whatever interrupts the
//! move; the service works until the switch, and at no moment in both places.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use stata_service::domain::canonical::sha256_hex;

use crate::support::app::ADMIN_KEY;
use crate::support::objects::Server;
use crate::support::program::{Program, Start};

/// A data directory with local files, and a bucket.
struct Bench {
    dir: tempfile::TempDir,
    server: Server,
    prefix: String,
}

impl Bench {
    fn new() -> Option<Self> {
        let server = Server::rclone()?;
        let dir = tempfile::tempdir().expect("a directory");
        let prefix = server.options().prefix;
        Some(Self { dir, server, prefix })
    }

    /// Changes the folder of the bucket behind the server's back, which keeps listings.
    fn behind_its_back(&self, change: impl FnOnce(&Path)) {
        self.server.kill();
        change(&self.server.bucket().join(&self.prefix));
        self.server.run();
    }

    fn local(&self) -> Start {
        Start::on(self.dir.path())
    }

    fn moved(&self) -> Start {
        self.server.settings(self.local(), &self.prefix)
    }

    fn data(&self) -> PathBuf {
        self.local().data
    }

    /// Runs the command: its exit code and its report.
    fn run(&self, words: &[&str]) -> (Option<i32>, Value, String) {
        let words: Vec<&str> =
            ["store", "move", "--files", "--json"].into_iter().chain(words.iter().copied()).collect();
        let done = tokio::task::block_in_place(|| self.moved().tool(&words).output().expect("runs"));
        let report = serde_json::from_slice(&done.stdout).unwrap_or_default();
        (done.status.code(), report, String::from_utf8_lossy(&done.stderr).into_owned())
    }

    fn go(start: &Start) -> Program {
        tokio::task::block_in_place(|| start.go())
    }

    /// The exit code of a start that is refused.
    fn refused(start: &Start) -> Option<i32> {
        tokio::task::block_in_place(|| start.command().output().expect("runs")).status.code()
    }

    /// Path below its job's directory and content of each stored file in the data directory.
    fn files(&self) -> BTreeMap<String, String> {
        let jobs = below(&self.data().join("tenants"));
        let of_job = |(path, hash): (String, String)| {
            let mut parts: Vec<&str> = path.split('/').collect();
            // <tenant>/jobs/<shard>/<job>/<path>
            parts.remove(1);
            let is_blob = ["artifacts", "inputs", "uploads"].contains(&parts[3]) && !path.contains("/.");
            is_blob.then(|| (parts.join("/"), hash))
        };
        jobs.into_iter().filter_map(of_job).collect()
    }

    /// The same of each object, as the server keeps them; without the parts of uploads that a kill left unfinished, which
    /// are no objects.
    fn objects(&self) -> BTreeMap<String, String> {
        let mut found = below(&self.server.bucket().join(&self.prefix).join("v1"));
        found.retain(|path, _| !path.contains("/.rclone_temp_multipart_"));
        found
    }
}

/// Path and hash of each file below a folder.
fn below(folder: &Path) -> BTreeMap<String, String> {
    fn walk(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                walk(&entry.path(), &format!("{name}/"), found);
            } else {
                found.insert(name, sha256_hex(std::fs::read(entry.path()).expect("readable")));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, "", &mut found);
    found
}

/// Downloads every artifact and compares it with the list.
async fn download_all(program: &Program, (path, token): &(String, String)) -> usize {
    let listed = program.call(Method::GET, &format!("{path}/artifacts"), token, &json!({})).await.ok();
    let artifacts = listed["artifacts"].as_array().expect("a list");
    for artifact in artifacts {
        let path = format!("{path}/artifacts/{}", artifact["rel_path"].as_str().expect("a path"));
        let bytes = program.request(Method::GET, &path, token).send().await.expect("answers").bytes().await;
        assert_eq!(json!(sha256_hex(bytes.expect("whole"))), artifact["sha256"], "{artifact}");
    }
    artifacts.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn most_files_move_while_the_service_works_and_the_rest_with_the_switch() {
    let Some(bench) = Bench::new() else { return };
    let program = Bench::go(&bench.local());
    let (kept, deleted) = (program.job_that_ran().await, program.job_that_ran().await);
    let (code, report, says) = bench.run(&[]);
    assert_eq!((code, &report["ok"], &report["switched"]), (Some(0), &json!(true), &json!(false)), "{says}");
    assert_eq!(bench.objects(), bench.files());
    let first = bench.files().len();
    assert_eq!((&report["copied"], &report["files"]), (&json!(first), &json!(first)), "{report}");
    // nobody else may take the bucket meanwhile
    let other = tempfile::tempdir().expect("a directory");
    assert_eq!(Bench::refused(&bench.server.settings(Start::on(other.path()), &bench.prefix)), Some(78));
    let later = program.job_that_ran().await;
    let deletion = program.call(Method::DELETE, &deleted.0, ADMIN_KEY, &json!({})).await;
    assert!(deletion.status.is_success(), "{}", deletion.body);
    let (_, again, _) = bench.run(&[]);
    assert!(again["copied"].as_u64() < Some(first as u64) && again["removed"].as_u64() > Some(0), "{again}");
    tokio::task::block_in_place(|| program.end());
    let (code, report, says) = bench.run(&[]);
    assert_eq!(
        (code, &report["switched"], &report["damaged"]),
        (Some(0), &json!(true), &json!([])),
        "{says}"
    );
    assert_eq!(report["copied"], 0, "only what changed is read: {report}");
    assert_eq!(bench.objects(), bench.files());
    assert_eq!(Bench::refused(&bench.local()), Some(78), "local files are not used any more");
    assert_eq!(bench.run(&[]).1["before"], true);
    assert_eq!(bench.run(&["--take-back"]).0, Some(2));
    // what a kill between the note and the end of the reservation leaves
    bench.behind_its_back(|folder| std::fs::write(folder.join("moving"), "move_of_before").expect("written"));
    let program = Bench::go(&bench.moved());
    assert!(!bench.server.bucket().join(&bench.prefix).join("moving").exists());
    for job in [&kept, &later] {
        assert!(download_all(&program, job).await > 10);
    }
    let new = program.job_that_ran().await;
    tokio::task::block_in_place(|| program.end());
    let (code, report, says) = bench.run(&["--remove-old"]);
    assert_eq!((code, &report["jobs"]), (Some(0), &json!(2)), "{says}");
    assert_eq!(bench.files(), BTreeMap::new());
    let program = Bench::go(&bench.moved());
    for job in [&kept, &later, &new] {
        assert!(download_all(&program, job).await > 10);
    }
    tokio::task::block_in_place(|| program.end());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_killed_at_any_moment_is_finished_by_the_next() {
    let Some(bench) = Bench::new() else { return };
    let program = Bench::go(&bench.local());
    let job = program.job_that_ran().await;
    tokio::task::block_in_place(|| program.end());
    // many files that no record names, some of them in parts
    let files = bench.files();
    let one: Vec<&str> = files.keys().next().expect("a file").split('/').collect();
    let folder = format!("tenants/{}/jobs/{}/{}/artifacts/sets/set_1", one[0], one[1], one[2]);
    let folder = bench.data().join(folder);
    std::fs::create_dir_all(&folder).expect("made");
    for n in 0..150 {
        let size = if n % 100 == 0 { 17 << 20 } else { 20_000 };
        std::fs::write(folder.join(format!("{n}.x")), vec![n as u8; size]).expect("written");
    }
    let expected = bench.files();
    let mut kills = 0;
    for round in 0.. {
        let mut command = bench.moved().tool(&["store", "move", "--files", "--json"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
        tokio::time::sleep(Duration::from_millis(60 + 50 * round)).await;
        if child.try_wait().expect("waits").is_some() {
            break;
        }
        child.kill().expect("killed");
        child.wait().expect("reaped");
        kills += 1;
        assert_eq!(bench.files(), expected, "the data directory is as it was");
    }
    assert!(kills > 1, "{kills}");
    let (code, report, says) = bench.run(&[]);
    assert_eq!((code, &report["switched"]), (Some(0), &json!(true)), "{says}");
    assert!(bench.objects() == expected, "every file is there");
    let program = Bench::go(&bench.moved());
    assert!(download_all(&program, &job).await > 10);
    tokio::task::block_in_place(|| program.end());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_is_taken_back_and_refused_where_files_are_damaged_or_a_bucket_is_not_empty() {
    let Some(bench) = Bench::new() else { return };
    let program = Bench::go(&bench.local());
    let job = program.job_that_ran().await;
    assert_eq!(bench.run(&[]).0, Some(0));
    tokio::task::block_in_place(|| program.end());
    assert_eq!(bench.run(&["--remove-old"]).0, Some(78), "they are not moved yet");
    let (code, report, says) = bench.run(&["--take-back"]);
    assert_eq!((code, &report["removed"]), (Some(0), &json!(bench.files().len())), "{says}");
    assert_eq!(bench.objects(), BTreeMap::new());
    let program = Bench::go(&bench.local());
    assert!(download_all(&program, &job).await > 10);
    tokio::task::block_in_place(|| program.end());
    // a bucket with the files of somebody else
    let foreign = "v1/default/00/job_1/artifacts/a";
    bench.behind_its_back(|folder| {
        std::fs::create_dir_all(folder.join(foreign).parent().expect("a folder")).expect("made");
        std::fs::write(folder.join(foreign), "a").expect("written");
    });
    assert_eq!(bench.run(&[]).0, Some(78));
    bench.behind_its_back(|folder| std::fs::remove_dir_all(folder.join("v1")).expect("removed"));
    // one file differs from its record
    let folder = bench.data().join("tenants/default/jobs");
    let found =
        std::process::Command::new("find").arg(&folder).args(["-name", "main.do"]).output().expect("runs");
    let path = String::from_utf8_lossy(&found.stdout).lines().next().expect("published").to_owned();
    let content = std::fs::read(&path).expect("readable");
    std::fs::write(&path, "damaged").expect("written");
    let (code, report, says) = bench.run(&[]);
    assert_eq!((code, &report["switched"]), (Some(1), &json!(false)), "{says}");
    assert_eq!(report["damaged"].as_array().map(Vec::len), Some(1), "{report}");
    std::fs::write(&path, content).expect("written");
    let (code, report, says) = bench.run(&[]);
    assert_eq!((code, &report["copied"]), (Some(0), &json!(1)), "{says}");
    let program = Bench::go(&bench.moved());
    assert!(download_all(&program, &job).await > 10);
    tokio::task::block_in_place(|| program.end());
}
