//! `GET /v1/jobs/{job_id}/events`: the story of a job as server-sent events.

use std::collections::VecDeque;

use axum::extract::State;
use axum::response::Response;
use tokio::time::Instant;

use crate::domain::credential::Principal;
use crate::domain::error::Problem;
use crate::http::error::ApiError;
use crate::http::extract::access::{JobAccess, Read};
use crate::http::extract::headers::Headers;
use crate::http::route::RouteFacts;
use crate::http::sse::{self, Event, HEARTBEAT, LONGEST};
use crate::http::state::App;
use crate::service::access::authenticate::still_valid;
use crate::service::jobs::job_events::{JobEvent, JobFollower};

/// The facts of `follow_job`.
pub const FACTS: RouteFacts = RouteFacts::NONE;

/// Streams every change of a job as server-sent events.
///
/// From its beginning, or after `Last-Event-ID`, until the reader disconnects. Events: `job.status`,
/// `inputs.ready`, `draft.ready`, `draft.failed`, `run.queued`, `run.started`, `run.progress`, `run.check`,
/// `run.finished`, `job.changed`, and `stream.failed` when the service cannot continue. A comment is sent every
/// 15 seconds; a stream ends after an hour. Nothing is lost across a restart of the service.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/events", tag = "jobs", operation_id = "follow_job",
    params(("job_id" = String, Path), ("Last-Event-ID" = Option<u64>, Header),
        ("expires" = Option<i64>, Query)),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"]),
        ("signed_link" = [])),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Read>,
    Headers(headers): Headers,
) -> Result<Response, ApiError> {
    let open = app.edge.open_stream(&access.principal)?;
    let follower = JobFollower::new(&app.ctx, &access.job, sse::last_event_id(&headers)?);
    let end = Instant::now() + LONGEST;
    let reader = Reader { app, principal: access.principal, follower, ready: VecDeque::new(), end };
    Ok(sse::answer(futures_util::stream::unfold(reader, Reader::next), open))
}

/// One reader: what it has not taken yet is at most one page of changes.
struct Reader {
    app: App,
    principal: Principal,
    follower: JobFollower,
    ready: VecDeque<Event>,
    end: Instant,
}

impl Reader {
    async fn next(mut self) -> Option<(Event, Self)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some((event, self));
            }
            let now = Instant::now();
            if now >= self.end || !still_valid(&self.app.ctx, &self.principal).await {
                return None;
            }
            let told = match self.follower.next(&self.app.ctx, self.end.min(now + HEARTBEAT)).await {
                Ok(told) => told?,
                Err(problem) => return self.failed(&problem),
            };
            self.ready.extend(told.into_iter().map(framed));
            if self.ready.is_empty() {
                return Some((Event::heartbeat(), self));
            }
        }
    }

    /// The reader comes back by itself, from the last event that it got.
    fn failed(mut self, problem: &Problem) -> Option<(Event, Self)> {
        self.end = Instant::now();
        let text = serde_json::json!({"error_code": problem.code.as_str(), "message": problem.message});
        Some((Event::new("stream.failed", None, &text.to_string()), self))
    }
}

fn framed(event: JobEvent) -> Event {
    Event::new(event.name, event.id, &event.data.to_string())
}
