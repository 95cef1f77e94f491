//! Runs that are followed: to their verdict, across a restart, to a cancel.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{PAY, QUESTION};
use crate::support::app::PATIENCE;
use crate::support::client::Client;
use crate::support::program::{Program, Start};

/// A program whose engine is a script that first waits for the file `go` next to it.
fn with_script(folder: &Path, script: &str) -> Start {
    let engine = folder.join("engine.sh");
    let text = format!("#!/bin/sh\nwhile [ ! -e {}/go ]; do sleep 0.05; done\n{script}\n", folder.display());
    std::fs::write(&engine, text).expect("written");
    std::fs::set_permissions(&engine, PermissionsExt::from_mode(0o755)).expect("permitted");
    Start::on(folder).with("SS_STATA_CMD", engine.to_str().expect("text")).with("SS_RUN__SANDBOX", "off")
}

/// A client with a frozen plan.
fn ready(folder: &Path, program: &Program) -> Client {
    let client = Client::of(&folder.join("home"), &program.base);
    client.file("pay.csv", PAY.as_bytes());
    client.login();
    client.run(&["ask", QUESTION, "pay.csv", "--yes"]).ok();
    client.run(&["freeze"]).ok();
    client
}

fn wait_until_running(client: &Client) {
    let deadline = Instant::now() + PATIENCE;
    while client.run(&["status", "--json"]).json()["latest_run"]["phase"] != "running" {
        assert!(Instant::now() < deadline, "the engine does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_failed_run_ends_with_1_its_cause_and_evidence() {
    let dir = tempfile::tempdir().expect("a directory");
    let program = with_script(dir.path(), "exit 3").go();
    let client = ready(dir.path(), &program);
    std::fs::write(dir.path().join("go"), "").expect("written");
    let ran = client.run(&["run"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("the run failed: "), "{}", ran.out);
    assert!(ran.out.contains("stata-service client run"), "{}", ran.out);
    assert_eq!(client.run(&["results"]).code, 1);
    assert_eq!(client.run(&["watch"]).code, 1);
    let capsule = client.run(&["capsule"]);
    assert!(capsule.code == 65 && capsule.err.contains("RUN_NOT_SUCCEEDED"), "{capsule:?}");
    assert!(!client.home.join("capsule.zip").exists() && !client.home.join("capsule.zip.part").exists());
}

#[test]
fn a_cancel_ends_the_run_and_who_watches_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let program = with_script(dir.path(), "").go();
    let client = ready(dir.path(), &program);
    let watching = client.command(&["run"]).spawn().expect("starts");
    wait_until_running(&client);
    let early = client.run(&["results"]);
    assert!(early.code == 75 && early.err.contains("the run is under way"), "{early:?}");
    assert!(early.err.ends_with("type:   stata-service client watch\n"), "{}", early.err);
    assert_eq!(client.run(&["cancel", "--reason", "too slow"]).ok(), "cancelled\n");
    let watched = watching.wait_with_output().expect("ends");
    assert_eq!(watched.status.code(), Some(3));
    assert_eq!(String::from_utf8_lossy(&watched.stdout), "cancelled\n");
    assert_eq!(client.run(&["watch"]).code, 3);
}

#[test]
fn an_interrupt_leaves_the_run_and_says_how_to_follow_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let program = with_script(dir.path(), "").go();
    let client = ready(dir.path(), &program);
    let mut watching = client.command(&["run"]).stderr(Stdio::piped()).spawn().expect("starts");
    let mut said = BufReader::new(watching.stderr.take().expect("piped")).lines().map_while(Result::ok);
    assert!(said.any(|line| line.contains("started")), "the run is followed");
    let told = Command::new("kill").args(["-INT", &watching.id().to_string()]).status().expect("kill runs");
    assert!(told.success());
    let err = said.collect::<Vec<_>>().join("\n");
    assert_eq!(watching.wait().expect("ends").code(), Some(75), "{err}");
    assert!(
        err.contains("the run continues at the service") && err.contains("stata-service client watch"),
        "{err}"
    );
    let status = client.run(&["status"]).ok();
    assert!(
        status.contains("status    running") && status.contains("type:   stata-service client watch\n"),
        "{status}"
    );
    client.run(&["cancel"]).ok();
}

#[test]
fn who_watches_a_run_survives_the_service() {
    let dir = tempfile::tempdir().expect("a directory");
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let start = with_script(dir.path(), "exit 3").with("SS_LISTEN", &port.to_string());
    let program = start.go();
    let client = ready(dir.path(), &program);
    let watching = client.command(&["run", "--json"]).stderr(Stdio::piped()).spawn().expect("starts");
    wait_until_running(&client);
    program.kill();
    let program = start.go();
    std::fs::write(dir.path().join("go"), "").expect("written");
    let watched = watching.wait_with_output().expect("ends");
    let (out, err) = (String::from_utf8_lossy(&watched.stdout), String::from_utf8_lossy(&watched.stderr));
    assert_eq!(watched.status.code(), Some(1), "{out}\n{err}");
    assert!(err.contains("the connection is lost"), "{err}");
    let events: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let started = events.iter().filter(|event| event["event"] == "run.started").count();
    assert!(started >= 1 && events.last().expect("some")["event"] == "end", "{out}");
    drop(program);
}
