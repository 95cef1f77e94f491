//! What servers keep of jobs in their own data directories goes with the content, whichever server removes it.

use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::json;

use super::support::{Job, Shared, wait_for};

/// Copies of the files of a job in a data directory.
fn copies(data: &Path, job: &str) -> Vec<PathBuf> {
    let tenants = std::fs::read_dir(data.join("copies")).into_iter().flatten().flatten();
    let jobs = tenants.filter_map(|tenant| std::fs::read_dir(tenant.path().join(job)).ok());
    jobs.flatten().flatten().map(|copy| copy.path()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_on_a_server_that_was_away_go_with_the_content_of_their_job() {
    let Some(shared) = Shared::new() else { return };
    let start = shared.server("one", "api");
    let (one, two) = tokio::task::block_in_place(|| (start.go(), shared.server("two", "api").go()));
    let (job, other) = (Job::new(&two, &one).await, Job::new(&two, &one).await);
    for job in [&job, &other] {
        job.prepare(&one).await;
    }
    let id = |job: &Job| job.path.strip_prefix("/v1/jobs/").expect("a path").to_owned();
    assert!(!copies(&start.data, &id(&job)).is_empty(), "the server that read the upload keeps a copy");
    let kept = copies(&start.data, &id(&other));
    tokio::task::block_in_place(|| one.kill());
    job.call(&two, Method::DELETE, "", &json!({})).await;
    let one = tokio::task::block_in_place(|| {
        let one = start.go();
        wait_for("the copies go", || copies(&start.data, &id(&job)).is_empty());
        one
    });
    assert_eq!(copies(&start.data, &id(&other)), kept, "those of other jobs stay");
    tokio::task::block_in_place(|| {
        for server in [one, two] {
            assert!(server.end().success());
        }
    });
}
