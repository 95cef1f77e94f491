//! The page of the command line, run as it stands.

use std::path::Path;
use std::process::{Command, Stdio};

use super::PAY;
use crate::support::app::ADMIN_KEY;
use crate::support::program::Start;

/// The blocks of shell commands of a page, in their order.
fn blocks(page: &str) -> Vec<&str> {
    page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_examples_of_the_page_run_as_they_stand() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/cli.md")).expect("the page");
    let dir = tempfile::tempdir().expect("a directory");
    let program = Start::on(dir.path()).go();
    std::fs::write(dir.path().join("pay.csv"), PAY).expect("written");
    let script = blocks(&page).join("\n").replace("http://127.0.0.1:8080", &program.base);
    assert!(script.matches("stata-service client").count() >= 10, "the page has lost its examples");
    let binary = Path::new(env!("CARGO_BIN_EXE_stata-service")).parent().expect("a folder");
    let done = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .current_dir(dir.path())
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", binary.display()))
        .env("HOME", dir.path())
        .env("SS_BOOTSTRAP_ADMIN_KEY", ADMIN_KEY)
        .stdin(Stdio::null())
        .output()
        .expect("bash runs");
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{out}\n{err}");
    let run = std::fs::read_to_string(dir.path().join("run.json")).expect("written by the last block");
    let run: serde_json::Value = serde_json::from_str(&run).expect("JSON");
    assert!(run["results"].to_string().contains("age_sq"), "{run}");
    assert!(dir.path().join("results/table_coefficients.csv").exists());
}
