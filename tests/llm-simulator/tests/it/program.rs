//! The program itself: its first line, its end, its exit codes.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::Value;

use crate::support::*;

/// A running program; it is killed when the test ends before it does.
pub(crate) struct Program {
    child: Child,
    output: BufReader<ChildStdout>,
    pub(crate) address: String,
}

impl Program {
    /// Asks the program to end, and waits for it.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_llm-simulator"));
    command.args(arguments);
    command
}

pub(crate) fn run(arguments: &[&str]) -> Program {
    let mut child = command(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(ready["event"], "ready");
    Program { child, output, address: ready["address"].as_str().unwrap().to_owned() }
}

#[tokio::test]
async fn the_program_serves_says_that_it_is_healthy_and_ends_as_told() {
    let mut program = run(&["--seed", "7", "--key", "secret"]);
    let url = format!("http://{}/v1/chat/completions", program.address);
    assert_eq!(post(&url, &chat("x"), &[]).await.status(), 401);
    assert_eq!(post(&url, &chat("x"), &[("authorization", "Bearer secret")]).await.status(), 200);
    let health = command(&["health", "--address", &program.address]).status().unwrap();
    assert!(health.success());
    assert!(program.end().success());
    let mut rest = String::new();
    program.output.read_to_string(&mut rest).unwrap();
    let stopped: Value = serde_json::from_str(rest.trim()).unwrap();
    assert_eq!((stopped["event"].as_str(), stopped["broken_off"].as_u64()), (Some("stopped"), Some(0)));
    let health = command(&["health", "--address", &program.address]).stderr(Stdio::null()).status().unwrap();
    assert_eq!(health.code(), Some(1));
}

#[test]
fn two_runs_of_the_program_answer_with_the_same_bytes() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let answer = |seed: &str| {
        let program = run(&["--seed", seed]);
        let url = format!("http://{}/v1/responses", program.address);
        let body = serde_json::json!({"model": "m", "input": "wages of workers", "stream": true});
        runtime.block_on(async { post(&url, &body, &[]).await.bytes().await.unwrap() })
    };
    let first = answer("3");
    assert_eq!(first, answer("3"));
    assert_ne!(first, answer("4"));
}

#[test]
fn a_small_limit_of_tokens_does_not_end_the_program() {
    let mut program = run(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for most in [0u64, 1, 2, u64::MAX] {
            let mut body = chat("wages");
            body["max_tokens"] = most.into();
            let url = format!("http://{}/v1/chat/completions", program.address);
            assert_eq!(post(&url, &body, &[]).await.status(), 200, "{most}");
        }
    });
    assert!(program.child.try_wait().unwrap().is_none(), "it still runs");
}

#[test]
fn settings_that_are_not_sound_end_it_with_their_reason() {
    let folder = std::env::temp_dir().join(format!("llm-simulator-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("simulator.toml");
    let path = file.to_str().unwrap();
    std::fs::write(&file, "[limits]\nburst = 0\n").unwrap();
    let ended = command(&["--config", path]).output().unwrap();
    assert_eq!(ended.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("burst"), "{ended:?}");
    std::fs::write(&file, "seed = 9\nkeys = ['secret-key']\n[limits]\nburst = 7\n").unwrap();
    let shown = command(&["--config", path, "--check"]).output().unwrap();
    assert!(shown.status.success());
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(
        text.contains("seed = 9") && text.contains("burst = 7") && !text.contains("secret-key"),
        "{text}"
    );
    let again: llm_simulator::Settings = toml::from_str(&text).unwrap();
    assert_eq!(again.limits.burst, 7, "what it prints can be given back to it");
    assert_eq!(command(&["--listen", "no address"]).stderr(Stdio::null()).status().unwrap().code(), Some(69));
    std::fs::remove_dir_all(&folder).unwrap();
}
