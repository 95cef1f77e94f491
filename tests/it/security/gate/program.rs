//! The program in production mode: `gate`, a service that is not ready, and one that refuses to start.

use std::process::{Command, Output};

use reqwest::Method;
use serde_json::Value;
use stata_service::domain::gate::Rule;

use crate::support::app::Answer;
use crate::support::program::Start;
use crate::support::runs::SERVICE;

fn gate(data: &std::path::Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(SERVICE)
        .arg("gate")
        .args(arguments)
        .env_clear()
        .env("SS_DATA_DIR", data)
        .envs(environment.iter().copied())
        .output()
        .expect("the program runs")
}

#[test]
fn the_command_prints_every_rule_and_ends_with_78() {
    let dir = tempfile::tempdir().expect("a directory");
    let output = gate(&dir.path().join("data"), &["--json"], &[("SS_LLM_PROVIDER", "stub")]);
    assert_eq!(output.status.code(), Some(78), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["ok"], false);
    let rules = document["rules"].as_array().expect("a list");
    assert_eq!(rules.len(), Rule::ALL.len());
    let of = |id: &str| rules.iter().find(|r| r["id"] == id).unwrap_or_else(|| panic!("no {id}"));
    for id in ["llm_provider", "stata_command", "stata_attested", "sandbox_mode", "transport_security"] {
        assert_eq!(of(id)["ok"], false, "{id}");
    }
    assert!(
        of("stata_attested")["detail"].as_str().is_some_and(|d| d.starts_with("open_engine")),
        "{rules:?}"
    );
    for id in ["data_dir_writable", "library_intact", "job_store", "cors_origins"] {
        assert_eq!(of(id)["ok"], true, "{}", of(id));
    }
    let lines = gate(&dir.path().join("data"), &[], &[]);
    let text = String::from_utf8_lossy(&lines.stdout);
    assert!(Rule::ALL.iter().all(|rule| text.contains(rule.id())), "{text}");
    assert!(text.contains("violated stata_command: "), "{text}");
}

#[test]
fn secrets_that_everybody_can_read_are_found() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("key");
    std::fs::write(&file, "ssk_ops_7Qm2ZpX9vT4kLs8B").expect("written");
    for (mode, ok) in [(0o644, false), (0o600, true)] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("changed");
        let variable = [("SS_BOOTSTRAP_ADMIN_KEY_FILE", file.to_str().expect("UTF-8"))];
        let output = gate(&dir.path().join("data"), &["--json"], &variable);
        let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let rules = document["rules"].as_array().expect("a list");
        let found = rules.iter().find(|r| r["id"] == "secrets_private").expect("the rule");
        assert_eq!(found["ok"], ok, "{mode:o} {found}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains("7Qm2"), "no secret is told");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_not_ready_says_why_and_runs_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let start = Start::on(dir.path()).with("SS_ENV", "production").with("SS_LLM_PROVIDER", "fake");
    let start = start.with("SS_ON_SHUTDOWN", "wait").with("SS_DRAIN_DELAY_SECONDS", "0");
    let program = tokio::task::block_in_place(|| start.go());
    let ask = async |path: &str| {
        Answer::of(program.http.request(Method::GET, format!("{}{path}", program.base))).await
    };
    let ready = ask("/health/ready").await;
    assert_eq!(ready.status, 503);
    let ids: Vec<&str> = ready.body["violations"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|v| v["id"].as_str())
        .collect();
    assert!(ids.contains(&"llm_provider") && ids.contains(&"stata_attested"), "{ids:?}");
    ask("/v1/templates").await.refused(503, "SERVICE_NOT_READY");
    let metrics = ask("/metrics").await.body.as_str().expect("text").to_owned();
    assert!(metrics.contains("ss_gate_requirement_ok{rule=\"stata_attested\"} 0"), "{metrics}");
    assert!(metrics.contains("ss_gate_requirement_ok{rule=\"data_dir_writable\"} 1"), "{metrics}");
    assert!(metrics.contains("ss_worker_up 0"), "{metrics}");
    tokio::task::block_in_place(|| program.kill());
    assert!(start.log().contains("SS_GATE_VIOLATED"), "{}", start.log());
}

#[test]
fn with_exit_a_violation_ends_the_program_with_78_and_the_whole_list() {
    let dir = tempfile::tempdir().expect("a directory");
    let start = Start::on(dir.path()).with("SS_ENV", "production").with("SS_GATE_ON_VIOLATION", "exit");
    let status = start.command().status().expect("the program ran");
    assert_eq!(status.code(), Some(78));
    let told = start.log();
    for rule in ["llm_provider", "llm_model", "stata_command", "stata_attested", "sandbox_mode"] {
        assert!(told.contains(&format!("violated {rule}: ")), "{rule} is missing in\n{told}");
    }
}
