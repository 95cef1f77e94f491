//! Requests of one upload session at several servers at once.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::support::{Job, PAY, Shared, text};
use crate::support::app::Answer;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_finished_by_eight_requests_at_once_is_read() {
    let Some(shared) = Shared::new() else { return };
    let (one, two) =
        tokio::task::block_in_place(|| (shared.server("one", "api").go(), shared.server("two", "api").go()));
    for round in 0..4 {
        let job = Job::new(&one, &two).await;
        let file = json!({"filename": "pay.csv", "size_bytes": PAY.len(), "role": "primary_dataset"});
        let bundle = job.call(&one, Method::POST, "/inputs/bundle", &json!({"files": [file]})).await;
        let wanted = json!({"bundle_id": bundle["bundle_id"], "file_id": bundle["files"][0]["file_id"]});
        let session = job.call(&two, Method::POST, "/inputs/upload-sessions", &wanted).await;
        let id = text(&session, "upload_session_id");
        let part = one.request(Method::PUT, &format!("/v1/upload-sessions/{id}/parts/1"), &job.token);
        Answer::of(part.body(PAY)).await.ok();
        let finish = |n: usize| {
            let server = if n.is_multiple_of(2) { &one } else { &two };
            let (path, token) = (format!("/v1/upload-sessions/{id}/finalize"), job.token.clone());
            async move { server.call(Method::POST, &path, &token, &json!({"parts": [{"part_number": 1}]})).await }
        };
        for answer in join_all((0..8).map(finish)).await {
            let body = answer.ok();
            assert_eq!(body["success"], true, "round {round}: {body}");
        }
        loop {
            let seen =
                one.call(Method::GET, &format!("{}/inputs/preview", job.path), &job.token, &json!({})).await;
            if seen.status == 200 {
                break;
            }
            assert_eq!(seen.body["context"]["reason"], "ingesting", "round {round}: {}", seen.body);
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }
}
