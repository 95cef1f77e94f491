//! Where credentials come from, where they are kept, and where they are sent.

use std::os::unix::fs::PermissionsExt;

use reqwest::Method;
use serde_json::json;

use super::{PAY, QUESTION};
use crate::support::app::ADMIN_KEY;
use crate::support::client::Client;
use crate::support::program::{Program, Start};
use crate::support::receiver::{Receiver, Reply};

async fn code(program: &Program) -> String {
    let made = program.call(Method::POST, "/v1/admin/task-codes", ADMIN_KEY, &json!({"count": 1})).await;
    made.ok()["task_codes"][0]["task_code"].as_str().expect("a code").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_saved_for_their_owner_alone_and_only_if_the_service_accepts_them() {
    let dir = tempfile::tempdir().expect("a directory");
    let program = Start::on(dir.path()).go();
    let client = Client::of(&dir.path().join("home"), &program.base);
    let wrong = client.fed(&["login"], "ssk_admin_00000000000000000000000000000000");
    assert_eq!(wrong.code, 77, "{wrong:?}");
    assert!(wrong.err.contains("AUTH_TOKEN_INVALID") && wrong.err.contains("client login"), "{}", wrong.err);
    assert!(!client.saved().exists());
    client.login();
    let mode = std::fs::metadata(client.saved()).expect("saved").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!client.run(&["jobs"]).out.contains(ADMIN_KEY));
    // a key in the environment needs no saved one, and comes first
    let other = Client::of(&dir.path().join("other"), &program.base).with("SS_TOKEN", ADMIN_KEY);
    other.run(&["code", "create"]).ok();
    assert!(!other.saved().exists());
    std::fs::set_permissions(client.saved(), PermissionsExt::from_mode(0o644)).expect("changed");
    let refused = client.run(&["jobs"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("chmod 600"), "{}", refused.err);
    let nobody = Client::of(&dir.path().join("nobody"), &program.base);
    for words in [&["status"][..], &["code", "create"]] {
        let refused = nobody.run(words);
        assert_eq!(refused.code, 77, "{refused:?}");
        assert!(refused.err.contains("type:   stata-service client "), "{}", refused.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_opens_its_job_again_and_redeems_at_once_are_all_kept() {
    let dir = tempfile::tempdir().expect("a directory");
    let program = Start::on(dir.path()).go();
    let client = Client::of(&dir.path().join("home"), &program.base);
    let first = code(&program).await;
    client.fed(&["redeem", QUESTION], &first).ok();
    let again = client.fed(&["redeem", "--json"], &first).json();
    assert_eq!(again["is_idempotent"], true);
    let other = client.fed(&["redeem", "another question"], &first);
    assert_eq!(other.code, 65);
    assert!(other.err.contains("TASK_CODE_REDEEM_CONFLICT"), "{}", other.err);
    let mut children = Vec::new();
    for _ in 0..8 {
        let code = code(&program).await;
        children.push(
            client.clone().with("SS_TASK_CODE", &code).command(&["redeem", "q"]).spawn().expect("starts"),
        );
    }
    for mut child in children {
        assert!(child.wait().expect("ends").success());
    }
    let listed = client.run(&["jobs", "--json"]).json();
    let jobs = listed["jobs"].as_array().expect("a list");
    assert_eq!(jobs.len(), 9);
    let earlier = again["job_id"].as_str().expect("an id");
    client.run(&["jobs", "--use", earlier]).ok();
    assert_eq!(client.run(&["status", "--json"]).json()["job_id"], earlier);
    let named = jobs[3]["job_id"].as_str().expect("an id");
    assert_eq!(client.run(&["status", "--json", "--job", named]).json()["job_id"], named);
    // the token of a job is enough, without anything saved
    let saved = std::fs::read_to_string(client.saved()).expect("saved");
    let saved: serde_json::Value = serde_json::from_str(&saved).expect("JSON");
    let known = saved["servers"][&program.base]["jobs"].as_array().expect("a list");
    let token =
        known.iter().find(|job| job["job_id"] == earlier).expect("saved")["token"].as_str().expect("a token");
    let script = Client::of(&dir.path().join("script"), &program.base).with("SS_TOKEN", token);
    assert_eq!(script.run(&["status", "--json"]).json()["job_id"], earlier);
    assert_eq!(script.fed(&["login"], "").code, 2, "a job's token is no key, and nothing was typed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirection_gets_no_credential() {
    let dir = tempfile::tempdir().expect("a directory");
    let thief = Receiver::start().await;
    let liar = Receiver::start().await;
    liar.always(Reply::With(307, "location", thief.url.clone()));
    let address = liar.url.trim_end_matches("/hook");
    let client = Client::of(dir.path(), address).with("SS_TOKEN", ADMIN_KEY);
    let pay = client.file("pay.csv", PAY.as_bytes());
    for words in [
        &["login"][..],
        &["code", "create"],
        &["ask", QUESTION, pay.to_str().expect("text")],
        &["status", "--job", "job_1"],
        &["capsule", "--job", "job_1"],
        &["watch", "--job", "job_1"],
    ] {
        let done = client.run(words);
        assert_ne!(done.code, 0, "{words:?}: {done:?}");
    }
    assert!(liar.seen().iter().any(|seen| seen.headers.contains_key("authorization")));
    let stolen = thief.seen();
    assert!(stolen.iter().all(|seen| !seen.headers.contains_key("authorization")), "{stolen:?}");
    assert!(stolen.iter().all(|seen| !seen.body.contains("ssk_")), "{stolen:?}");
    assert!(!client.saved().exists());
}
