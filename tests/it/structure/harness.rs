//! The harness of the tests itself.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::runs::waiting_engine;

const DATA: &str = "y,x\n1,2\n2,4.1\n3,5.9\n4,8.2\n5,9.7\n6,12.3\n7,13.8\n8,16.1\n9,18.2\n10,19.9\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_a_test_leaves_running_is_noticed_unless_the_test_permits_it() {
    let folder = tempfile::tempdir().expect("a directory");
    let mut app = TestApp::start_with(waiting_engine(folder.path())).await;
    let job = app.job("How is y related to x?").await;
    app.upload(&job, "data.csv", DATA).await.ok();
    let draft =
        json!({"template_id": "linear.ols_robust", "roles": {"outcome_var": "y", "regressors": ["x"]}});
    app.put(&job, "/draft", &draft).await.ok();
    app.post(&job, "/plan/freeze", &json!({})).await.ok();
    app.check_running_jobs();
    app.post(&job, "/run", &json!({})).await.ok();
    app.wait_for(&job, &["running"]).await;
    let fails = |app: &TestApp| catch_unwind(AssertUnwindSafe(|| app.check_running_jobs())).is_err();
    assert!(fails(&app), "while the service runs");
    app.stop().await;
    assert!(fails(&app), "after the end of the service");
    app.leave_running_jobs();
    app.check_running_jobs();
    app.restart().await;
    std::fs::write(folder.path().join("go"), "").expect("writes");
    app.wait_for_end(&job).await;
    app.stop().await;
}
