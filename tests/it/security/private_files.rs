//! What the service writes is its user's alone, whatever umask it was started with.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::json;

use crate::support::app::{ADMIN_KEY, Answer, PATIENCE};
use crate::support::program::Start;

/// Every entry below a folder that its group or others may read, write or enter.
fn open_below(folder: &Path, found: &mut Vec<(PathBuf, u32)>) -> usize {
    let mut seen = 0;
    // what a run worked with may be removed meanwhile
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(facts) = entry.metadata() else { continue };
        seen += 1;
        if !facts.is_symlink() && facts.permissions().mode() & 0o077 != 0 {
            found.push((entry.path(), facts.permissions().mode() & 0o7777));
        }
        if facts.is_dir() {
            seen += open_below(&entry.path(), found);
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_can_read_what_the_service_wrote() {
    let dir = tempfile::tempdir().expect("a directory");
    let start = Start::on(dir.path()).through(&["sh", "-c", "umask 000; exec \"$@\"", "sh"]);
    let program = tokio::task::block_in_place(|| start.go());
    let codes =
        program.call(Method::POST, "/v1/admin/task-codes", ADMIN_KEY, &json!({"count": 1})).await.ok();
    let redeem =
        json!({"task_code": codes["task_codes"][0]["task_code"], "requirement": "How is y related to x?"});
    let job = program.call(Method::POST, "/v1/task-codes/redeem", ADMIN_KEY, &redeem).await.ok();
    let (id, token) = (job["job_id"].as_str().expect("an id"), job["token"].as_str().expect("a token"));
    let csv: String = (0..40).map(|n| format!("{},{n}\n", n * 7 % 13)).collect();
    program.upload(id, token, &format!("y,x\n{csv}")).await.ok();
    let draft =
        json!({"template_id": "linear.ols_robust", "roles": {"outcome_var": "y", "regressors": ["x"]}});
    let at = |path: &str| format!("/v1/jobs/{id}{path}");
    program.call(Method::PUT, &at("/draft"), token, &draft).await.ok();
    program.call(Method::POST, &at("/plan/freeze"), token, &json!({})).await.ok();
    program.call(Method::POST, &at("/run"), token, &json!({})).await.ok();
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let job = Answer::of(program.request(Method::GET, &at(""), token)).await.ok();
        if job["status"] == "succeeded" {
            break;
        }
        assert!(std::time::Instant::now() < deadline && job["status"] != "failed", "{job}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let mode = std::fs::metadata(&start.data).expect("there").permissions().mode() & 0o7777;
    let mut open = Vec::new();
    let seen = open_below(&start.data, &mut open);
    assert!(seen > 20, "{seen}");
    assert_eq!((mode, open), (0o700, Vec::new()), "of {seen} entries");
    tokio::task::block_in_place(|| program.end());
    // what an earlier release left open is closed at the next start
    for name in ["tenants", "store"] {
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(start.data.join(name), open).expect("changed");
    }
    let program = tokio::task::block_in_place(|| start.go());
    for name in ["tenants", "store"] {
        let mode = std::fs::metadata(start.data.join(name)).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o700, "{name}");
    }
    tokio::task::block_in_place(|| program.end());
}
