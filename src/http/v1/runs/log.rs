//! `GET /v1/jobs/{job_id}/runs/{run_id}/log`: the log, live while the attempt runs.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Deserialize;
use tokio::time::Instant;

use super::get::{RunSegment, find_run};
use super::passed_on::passed_on;
use crate::domain::credential::Principal;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::RunId;
use crate::domain::job::JobRecord;
use crate::domain::layout::run_artifact;
use crate::domain::run::RunStatus;
use crate::http::error::ApiError;
use crate::http::extract::access::{JobAccess, Read};
use crate::http::extract::body::{Path, Query};
use crate::http::extract::headers::Headers;
use crate::http::range::{FileFacts, Wanted, serve_part, wanted};
use crate::http::route::RouteFacts;
use crate::http::sse::{self, Event, HEARTBEAT, LONGEST};
use crate::http::state::App;
use crate::service::access::authenticate::still_valid;
use crate::service::runs::read_log::{find_log, read_log};

/// Options of the log.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LogQuery {
    /// As server-sent events until the attempt ends.
    #[serde(default)]
    follow: bool,
    /// Of a signed link.
    #[allow(dead_code, reason = "read by the extractor of links")]
    expires: Option<i64>,
    /// Of a signed link.
    #[allow(dead_code, reason = "read by the extractor of links")]
    #[param(ignore)]
    signature: Option<String>,
}

/// The facts of `get_run_log`.
pub const FACTS: RouteFacts = RouteFacts {
    refusals: &[&[
        ErrorCode::RunNotFound,
        ErrorCode::ArtifactNotFound,
        ErrorCode::ArtifactExpired,
        ErrorCode::RangeNotSatisfiable,
    ]],
    if_none_match: true,
    ranges: true,
    tagged: true,
    download: true,
    ..RouteFacts::NONE
};

/// Returns the log of an attempt, or a part of it.
///
/// Live while the attempt runs. With `follow=true` as server-sent events: `log` with whole lines (the id is
/// the byte after them), at the end `log.end`; `Last-Event-ID` continues from there. Otherwise as a file,
/// with `Range`.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/runs/{run_id}/log", tag = "runs",
    operation_id = "get_run_log",
    params(("job_id" = String, Path), ("run_id" = String, Path), LogQuery,
        ("Last-Event-ID" = Option<u64>, Header)),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"]),
        ("signed_link" = [])),
    responses((status = 200, content((String = "text/plain"), (String = "text/event-stream"))),
        (status = 206, content_type = "text/plain", body = String)))]
pub async fn handler(
    State(app): State<App>,
    access: JobAccess<Read>,
    Path(segment): Path<RunSegment>,
    Query(query): Query<LogQuery>,
    Headers(headers): Headers,
    uri: Uri,
) -> Result<Response, ApiError> {
    let run = find_run(&access.job, &segment.run_id)?;
    if let Some(response) = passed_on(&app, &access, run, &uri, &headers, query.follow).await? {
        return Ok(response);
    }
    if query.follow {
        let open = app.edge.open_stream(&access.principal)?;
        let run_id = run.run_id.clone();
        let at = sse::last_event_id(&headers)?;
        let end = Instant::now() + LONGEST;
        let follower = Follower { app, job: access.job, principal: access.principal, run_id, at, end };
        return Ok(sse::answer(futures_util::stream::unfold(Some(follower), Follower::next), open));
    }
    let sha256 = access.job.artifact(&run_artifact(&run.run_id, "main.log")).map(|a| a.sha256.clone());
    let log = find_log(&app.ctx, &access.job, &run.run_id).await?;
    let (place, size_bytes) = log.ok_or_else(|| no_log(run.status))?;
    let facts = FileFacts {
        size_bytes,
        tag: sha256.as_deref(),
        media_type: "text/plain; charset=utf-8",
        file_name: "main.log",
        sha256: None,
    };
    let part = match wanted(&facts, &headers)? {
        Wanted::NotModified(response) => return Ok(response),
        Wanted::Part(part) => part,
    };
    let reader = read_log(&app.ctx, &access.job, &run.run_id, place, part.range.clone()).await?;
    Ok(serve_part(part, reader, &facts, &app.ctx.pools.reads))
}

/// Most bytes of one event.
const PIECE: u64 = 64 * 1024;
/// Interval at which a growing log is checked.
const LOOK: Duration = Duration::from_millis(200);

/// The refusal of a log that is not there: yet, or at all.
fn no_log(status: RunStatus) -> Problem {
    let message = match status {
        RunStatus::Running => "the run has not written a log yet; ask again while it runs",
        _ => "the run wrote no log",
    };
    Problem::new(ErrorCode::ArtifactNotFound, message)
}

/// One reader of a growing log. Nothing is read ahead of what the reader takes.
struct Follower {
    app: App,
    job: Arc<JobRecord>,
    principal: Principal,
    run_id: RunId,
    /// The byte after what the reader has.
    at: u64,
    end: Instant,
}

impl Follower {
    async fn next(state: Option<Self>) -> Option<(Event, Option<Self>)> {
        let mut this = state?;
        let mut watching = this.app.ctx.subscriptions.of(&this.job.tenant_id, &this.job.job_id);
        let silent = Instant::now() + HEARTBEAT;
        loop {
            if Instant::now() >= this.end || !still_valid(&this.app.ctx, &this.principal).await {
                return None;
            }
            // before the log is read, so that what an ended attempt wrote last is not missed
            let job = this.app.ctx.load_shared_job(&this.job.tenant_id, &this.job.job_id).await.ok()?;
            let status = job.runs.iter().find(|run| run.run_id == this.run_id)?.status;
            let ended = status != RunStatus::Running;
            if let Some(text) = this.read(ended).await.ok()? {
                let event = Event::new("log", Some(this.at), &text);
                return Some((event, Some(this)));
            }
            if ended {
                let data =
                    serde_json::json!({"run_id": this.run_id, "status": status, "size_bytes": this.at});
                let event = Event::new("log.end", Some(this.at), &data.to_string());
                return Some((event, None));
            }
            if Instant::now() >= silent {
                return Some((Event::heartbeat(), Some(this)));
            }
            if let Ok(false) = tokio::time::timeout(LOOK, watching.next()).await {
                return None;
            }
        }
    }

    /// The next whole lines, without the last line break; at the end of the attempt also a line without one.
    async fn read(&mut self, ended: bool) -> Result<Option<String>, Problem> {
        let Some((place, size)) = find_log(&self.app.ctx, &self.job, &self.run_id).await? else {
            return Ok(None);
        };
        if size <= self.at {
            return Ok(None);
        }
        let range = self.at..self.at + (size - self.at).min(PIECE);
        let mut reader = read_log(&self.app.ctx, &self.job, &self.run_id, place, range).await?;
        let take = move || -> std::io::Result<Vec<u8>> {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let bytes = self.app.ctx.pools.reads.run(take).await?.map_err(|_| Problem::internal())?;
        let whole = bytes.iter().rposition(|b| *b == b'\n').map(|last| last + 1);
        // a line longer than a piece, or the last one of an attempt that ended, goes as it is
        let rest = (ended || bytes.len() as u64 == PIECE).then_some(bytes.len());
        let Some(taken) = whole.or(rest).filter(|n| *n > 0) else { return Ok(None) };
        self.at += taken as u64;
        let text = String::from_utf8_lossy(&bytes[..taken]);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        // a bare carriage return would end a field of the event
        Ok(Some(text.replace('\r', "")))
    }
}
