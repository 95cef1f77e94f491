//! Uploads, previews and artifacts over HTTP.

use reqwest::Method;
use reqwest::multipart::{Form, Part};

use crate::support::app::{Answer, TestApp};

const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_previewed_and_replaced_as_a_whole_or_not_at_all() {
    let mut app = TestApp::start().await;
    let job = app.job("").await;
    app.get(&job, "/inputs/preview").await.refused(409, "INPUTS_MISSING");
    let first = app.upload(&job, "one.csv", "a,b\n1,x\n2,y\n").await.ok();
    let preview = app.get(&job, "/inputs/preview?rows=1").await.ok();
    assert_eq!((&preview["row_count"], &preview["column_count"]), (&2.into(), &2.into()));
    assert_eq!(preview["sample_rows"], serde_json::json!([[1, "x"]]));
    app.get(&job, "/inputs/preview?rows=201").await.refused(400, "INPUT_VALIDATION_FAILED");
    app.get(&job, "/inputs/preview?dataset_key=none").await.refused(404, "INPUT_DATASET_NOT_FOUND");
    app.upload(&job, "bad.csv", "").await.refused(400, "INPUT_EMPTY");
    let kept = app.get(&job, "/inputs/preview").await.ok();
    assert_eq!(kept["row_count"], 2, "what was there before stays");
    app.upload(&job, "two.csv", "c\n1\n2\n3\n").await.ok();
    assert_eq!(app.get(&job, "/inputs/preview").await.ok()["row_count"], 3);
    let again = app.upload(&job, "one.csv", "a,b\n1,x\n2,y\n").await.ok();
    assert_eq!(again["fingerprint"], first["fingerprint"], "the same data have the same fingerprint");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_file_names_are_checked() {
    let mut app = TestApp::start().await;
    let job = app.job("").await;
    let path = format!("/v1/jobs/{}/inputs/upload", job.job_id);
    let file = |name: &'static str| Part::bytes(PAY.as_bytes()).file_name(name);
    let send = |form: Form| Answer::of(app.request(Method::POST, &path, &job.token).multipart(form));
    let two = Form::new().part("file", file("a.csv")).part("file", file("b.csv"));
    send(two).await.refused(400, "INPUT_ROLE_INVALID");
    let both = Form::new()
        .part("file", file("a.csv"))
        .part("file", file("b.csv"))
        .text("role", "primary_dataset")
        .text("role", "primary_dataset");
    send(both).await.refused(400, "INPUT_ROLE_INVALID");
    let unknown = Form::new().part("file", file("a.csv")).text("role", "main");
    send(unknown).await.refused(400, "INPUT_ROLE_INVALID");
    let hostile = Form::new().part("file", file("profile.do")).text("role", "primary_dataset");
    send(hostile).await.refused(400, "INPUT_FILE_NAME_FORBIDDEN");
    let good = Form::new()
        .part("file", file("../../etc/passwd.csv"))
        .part("file", file("b.csv"))
        .text("role", "primary_dataset")
        .text("role", "secondary_dataset");
    let answer = send(good).await.ok();
    assert_eq!(answer["datasets"][1]["dataset_key"], "data_2");
    assert_eq!(answer["datasets"][0]["original_name"], "passwd.csv");
    Answer::of(app.request(Method::POST, &path, &job.token).body("x"))
        .await
        .refused(415, "UNSUPPORTED_MEDIA_TYPE");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_above_the_limit_is_refused_with_the_limit() {
    let mut app = TestApp::start_with(|options| options.upload_max_bytes = 1000).await;
    let job = app.job("").await;
    let refused = app.upload(&job, "big.csv", PAY).await.refused(413, "PAYLOAD_TOO_LARGE");
    assert_eq!(refused["context"]["limit_bytes"], 1000);
    app.get(&job, "/inputs/preview").await.refused(409, "INPUTS_MISSING");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn artifacts_are_served_whole_in_parts_and_not_again() {
    let mut app = TestApp::start().await;
    let job = app.job("").await;
    app.upload(&job, "pay.csv", PAY).await.ok();
    let list = app.get(&job, "/artifacts").await.ok();
    let artifacts = list["artifacts"].as_array().expect("a list");
    let original = artifacts.iter().find(|a| a["meta"]["form"] == "original").expect("listed");
    let rel_path = original["rel_path"].as_str().expect("a path");
    assert_eq!(app.artifact(&job, rel_path).await, PAY.as_bytes());
    let path = format!("/v1/jobs/{}/artifacts/{rel_path}", job.job_id);
    let part = app
        .request(Method::GET, &path, &job.token)
        .header("Range", "bytes=2-5")
        .send()
        .await
        .expect("answers");
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-range"], format!("bytes 2-5/{}", PAY.len()));
    assert_eq!(part.bytes().await.expect("a body"), &PAY.as_bytes()[2..6]);
    let tag = format!("\"{}\"", original["sha256"].as_str().expect("a hash"));
    let same = app
        .request(Method::GET, &path, &job.token)
        .header("If-None-Match", &tag)
        .send()
        .await
        .expect("answers");
    assert_eq!(same.status(), 304);
    let behind = app.request(Method::GET, &path, &job.token).header("Range", "bytes=99999999-");
    Answer::of(behind).await.refused(416, "RANGE_NOT_SATISFIABLE");
    app.get(&job, "/artifacts/artifacts/none.json").await.refused(404, "ARTIFACT_NOT_FOUND");
    app.get(&job, "/artifacts/artifacts/..%2F..%2Fjob.json").await.refused(400, "ARTIFACT_PATH_UNSAFE");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_jobs_token_opens_nothing() {
    let mut app = TestApp::start().await;
    let (one, two) = (app.job("").await, app.job("").await);
    for path in ["", "/artifacts", "/runs", "/plan", "/inputs/preview", "/draft/preview"] {
        let path = format!("/v1/jobs/{}{path}", two.job_id);
        Answer::of(app.request(Method::GET, &path, &one.token)).await.refused(403, "AUTH_TOKEN_FORBIDDEN");
        let absent = path.replace(&two.job_id, "job_absent");
        Answer::of(app.request(Method::GET, &absent, &one.token)).await.refused(403, "AUTH_TOKEN_FORBIDDEN");
    }
    app.stop().await;
}
