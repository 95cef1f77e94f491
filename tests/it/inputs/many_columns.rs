//! A table with more columns than a job's record can describe.

use reqwest::StatusCode;
use serde_json::json;

use crate::support::app::{PATIENCE, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn a_table_with_too_many_columns_for_a_job_is_refused_with_its_limit() {
    let mut app = TestApp::start().await;
    let job = app.job("how does y depend on x").await;
    let columns = 100_000;
    let names: Vec<String> = (0..columns).map(|n| format!("c{n}")).collect();
    let row = vec!["1"; columns].join(",");
    let text = format!("{}\n{row}\n{row}\n", names.join(","));
    let begun = std::time::Instant::now();
    let mut answer = app.upload(&job, "wide.csv", text).await;
    // a refusal that takes longer than the request is in the preview
    while [StatusCode::ACCEPTED, StatusCode::CONFLICT].contains(&answer.status) {
        assert!(begun.elapsed() < 2 * PATIENCE, "the upload is read for ever");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        answer = app.get(&job, "/inputs/preview").await;
    }
    let problem = answer.refused(413, "INPUT_TOO_LARGE");
    assert_eq!(
        (&problem["context"]["columns"], &problem["context"]["limit"]),
        (&json!(columns), &json!(16 << 20))
    );
    app.upload(&job, "good.csv", "y,x\n1,2\n2,3\n").await.ok();
    app.stop().await;
}
