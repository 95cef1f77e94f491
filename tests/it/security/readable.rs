//! What runs may read: scripts in the engine's place, and folders that hold data, settings or secrets.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use reqwest::Method;
use stata_service::adapters::runner::engine_problems;
use stata_service::config::{self, Flags, Host};
use stata_service::domain::run_outcome::{CONTRACT_VERSION, Ended, RunLimits};
use stata_service::ports::runner::{RunSpec, Runner, SandboxMode, SandboxSpec};

use crate::support::app::{Answer, TestApp};
use crate::support::runs::{SERVICE, fakes, runner};

const HOST: Host = Host { cores: 2, first_process: false, container: false };

fn script(folder: &Path, text: &str) -> PathBuf {
    std::fs::create_dir_all(folder).expect("a folder");
    let path = folder.join("stata-wrapper");
    std::fs::write(&path, text).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("changed");
    path
}

fn sandbox(read: &[&Path]) -> SandboxSpec {
    SandboxSpec { mode: SandboxMode::Enforce, read: read.iter().map(|path| path.to_path_buf()).collect() }
}

/// Runs a do-file of one line; returns how it ended, the log and standard error.
fn run(root: &Path, command: &Path, sandbox: SandboxSpec) -> (Ended, String, String) {
    let dir = tempfile::tempdir_in(root).expect("a directory");
    let run_dir = dir.path().to_owned();
    std::fs::create_dir_all(run_dir.join("work")).expect("a working directory");
    std::fs::write(run_dir.join("work/main.do"), "display 1 + 1\nexit, clear\n").expect("a do-file");
    let spec = RunSpec {
        contract_version: CONTRACT_VERSION,
        run_id: "run_t".to_owned(),
        run_dir: run_dir.clone(),
        command: vec![command.display().to_string()],
        limits: RunLimits { wall_seconds: 60, grace_ms: 200, ..RunLimits::default() },
        sandbox,
        timezone: "UTC".to_owned(),
        lease: None,
    };
    let ended = runner().start(spec).expect("the launcher starts").wait().ended;
    let read = |name: &str| std::fs::read_to_string(run_dir.join(name)).unwrap_or_default();
    (ended, read("work/main.log"), read("stderr"))
}

#[test]
fn a_script_starts_the_engine_that_a_setting_allows() {
    let dir = tempfile::tempdir().expect("a directory");
    let (folder, runs) = (dir.path().join("bin"), dir.path().join("runs"));
    std::fs::create_dir_all(&runs).expect("a folder");
    for first in ["#!/bin/sh", "#! /usr/bin/env sh", "#!/usr/bin/env -S LANG=C sh -e"] {
        let wrapper = script(&folder, &format!("{first}\nexec {SERVICE} dofile \"$@\"\n"));
        let (ended, log, stderr) = run(&runs, &wrapper, sandbox(&[Path::new(SERVICE)]));
        assert_eq!(ended, Ended::Exited { status: 0 }, "{first}: {stderr}");
        assert!(log.lines().any(|line| line.trim() == "2"), "{first}: {log}");
        let link = dir.path().join("stata");
        let _ = std::fs::remove_file(&link);
        symlink(&wrapper, &link).expect("a link");
        assert_eq!(run(&runs, &link, sandbox(&[Path::new(SERVICE)])).0, ended, "by a link");
        // the shell runs, what it starts does not
        let (ended, log, stderr) = run(&runs, &wrapper, sandbox(&[]));
        assert_eq!((ended, log.as_str()), (Ended::Exited { status: 126 }, ""), "{first}");
        assert!(stderr.contains("Permission denied"), "{stderr}");
    }
    let gone = script(&folder, "#!/no/such/shell\n");
    let (ended, ..) = run(&runs, &gone, sandbox(&[]));
    let names = |detail: &str| detail.contains("/no/such/shell") && detail.contains("stata-wrapper");
    assert!(matches!(&ended, Ended::CannotExecute { detail } if names(detail)), "{ended:?}");
    let circle = script(&folder, &format!("#!{}\n", folder.join("stata-wrapper").display()));
    assert!(matches!(run(&runs, &circle, sandbox(&[])).0, Ended::CannotExecute { .. }));
}

#[test]
fn the_paths_that_runs_cannot_read_are_named_with_their_setting() {
    let dir = tempfile::tempdir().expect("a directory");
    let (folder, away) = (dir.path().join("bin"), dir.path().join("stata18"));
    std::fs::create_dir_all(&away).expect("a folder");
    std::fs::write(away.join("stata.lic"), "x").expect("written");
    std::fs::write(away.join("stata-mp"), "x").expect("written");
    let text = format!("#!/bin/sh\n# /etc/shadow\n. /etc/profile\nexec {}/stata-mp \"$@\"\n", away.display());
    let wrapper = script(&folder, &text);
    let problems = |read: &[&Path]| engine_problems(&[wrapper.display().to_string()], &sandbox(read));
    let found = problems(&[]);
    let engine = away.join("stata-mp").canonicalize().expect("there").display().to_string();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("/etc/profile") && found[0].contains("run.sandbox_read"), "{found:?}");
    assert!(found[1].contains(&engine) && found[1].contains("run.sandbox_read"), "{found:?}");
    assert_eq!(problems(&[Path::new("/etc/profile"), &away]), Vec::<String>::new());
    symlink(away.join("stata.lic"), folder.join("stata.lic")).expect("a link");
    assert!(problems(&[Path::new("/etc/profile"), &folder])[1].contains("stata.lic leads to"));
    let bare = script(&folder, "#!/bin/sh\nexec no-such-stata \"$@\"\n");
    let found = engine_problems(&[bare.display().to_string()], &sandbox(&[&away]));
    assert!(found[0].contains("absolute path"), "{found:?}");
    assert_eq!(engine_problems(&[SERVICE.to_owned()], &sandbox(&[])), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn health_names_the_path_that_runs_cannot_read() {
    let dir = tempfile::tempdir().expect("a directory");
    let wrapper = script(dir.path(), &format!("#!/bin/sh\nexec {SERVICE} dofile \"$@\"\n"));
    let mut app = TestApp::start_with(|options| {
        options.engine.command = vec![wrapper.display().to_string()];
        options.engine.readable = Vec::new();
    })
    .await;
    let ready = Answer::of(app.http.request(Method::GET, format!("{}/health/ready", app.base))).await;
    let engine = &ready.body["checks"]["engine"];
    let detail = engine["detail"].as_str().unwrap_or_default();
    assert!(detail.contains(SERVICE) && detail.contains("run.sandbox_read"), "{engine}");
    assert_eq!(engine["status"], "degraded");
    app.stop().await;
}

#[test]
fn no_run_starts_where_what_it_may_read_holds_its_data() {
    let dir = tempfile::tempdir().expect("a directory");
    let link = dir.path().join("link");
    symlink("/", &link).expect("a link");
    for read in [Path::new("/"), dir.path(), &link] {
        let (ended, ..) = run(dir.path(), &fakes().join("engine.sh"), sandbox(&[read]));
        let names = |detail: &str| detail.contains("holds the service's data");
        assert!(matches!(&ended, Ended::SandboxDenied { detail, .. } if names(detail)), "{ended:?}");
    }
    // an engine whose own folder holds the data
    let wrapper = script(dir.path(), "#!/bin/sh\n");
    assert!(matches!(run(dir.path(), &wrapper, sandbox(&[])).0, Ended::SandboxDenied { .. }));
}

#[test]
fn settings_that_let_runs_read_data_settings_or_secrets_are_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let root = dir.path().canonicalize().expect("there");
    let at = |name: &str| root.join(name).display().to_string();
    for name in ["data/tenants", "etc", "keys", "stata"] {
        std::fs::create_dir_all(root.join(name)).expect("a folder");
    }
    std::fs::write(root.join("etc/service.toml"), "[log]\nlevel = \"info\"\n").expect("written");
    std::fs::write(root.join("keys/admin"), "ssk_ops_7Qm2ZpX9vT4kLs8B").expect("written");
    symlink(root.join("data"), root.join("link")).expect("a link");
    let load = |read: String, cmd: String| {
        let environment = [
            ("SS_DATA_DIR".to_owned(), at("data")),
            ("SS_CONFIG".to_owned(), at("etc/service.toml")),
            ("SS_BOOTSTRAP_ADMIN_KEY_FILE".to_owned(), at("keys/admin")),
            ("SS_RUN__SANDBOX_READ".to_owned(), read),
            ("SS_STATA_CMD".to_owned(), cmd),
        ];
        config::load_from(&Flags::default(), environment, HOST)
    };
    let engine = at("stata/stata-mp");
    assert!(load(at("stata"), engine.clone()).is_ok());
    for read in
        ["", "data", "data/tenants", "data/new/folder", "link", "stata/../data", "etc", "keys", "keys/admin"]
    {
        let problems = load(at(read), engine.clone()).expect_err(read);
        assert!(problems.iter().any(|p| p.key == "run.sandbox_read"), "{read}: {problems:?}");
    }
    let problems = load("/".to_owned(), engine).expect_err("everything");
    assert!(problems[0].to_string().contains("data_dir"), "{problems:?}");
    let problems = load(String::new(), at("stata-mp")).expect_err("the engine's folder holds the data");
    assert_eq!(problems[0].key, "stata.cmd");
}
