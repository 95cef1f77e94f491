//! `Idempotency-Key` on POST: the same key and body get the same answer for 24 hours, across restarts.
//!
//! Bodies are hashed while they stream to the handler, so that uploads are not held in memory. For
//! multipart bodies the boundary is part of the bytes: repeat the same bytes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use axum::response::IntoResponse;
use futures_util::{StreamExt, TryStreamExt};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use tokio::sync::OwnedMutexGuard;
use tracing::Instrument as _;

use crate::domain::bundle::job_of_session;
use crate::domain::canonical::sha256_hex;
use crate::domain::credential::{IdempotencyRecord, Principal, StoredResponse};
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::JobId;
use crate::domain::job::JobRecord;
use crate::http::error::ApiError;
use crate::http::extract::access::{admit, identify};
use crate::http::middleware::encodings::Route;
use crate::http::middleware::observe::RequestMeta;
use crate::http::state::App;
use crate::service::shared::sole_work::SoleWork;
use crate::service::shared::stored_answers::StoredAnswers;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Responses above this size are not stored; they come from routes that can be repeated.
const MAX_STORED_BODY: usize = 1024 * 1024;

/// How long a request waits for the answer to the same one on another server, and how often it looks.
const WAIT: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(100);
/// Time after which another server carries a request out again whose server lives, but gave no answer.
const LONGEST: Duration = Duration::from_secs(3600);

/// Put into a response's extensions by a handler whose answer holds a secret: the answer is not stored.
#[derive(Debug, Clone)]
pub struct HoldsSecret {
    /// The id of what was made. For a job (`job:…`) the handler answers a repeated request again.
    pub resource: String,
}

/// For an answer with signed links to a job, which are signed again for a repeated request.
pub fn holds_links(job: &JobRecord) -> Extension<HoldsSecret> {
    Extension(HoldsSecret { resource: job.resource() })
}

/// Replays or records the answer of a POST that carries a key.
pub async fn idempotency(app: &App, request: Request, next: Route) -> Response<Body> {
    let Some(key) = request.headers().get(&IDEMPOTENCY_KEY).cloned() else {
        return next.run(request).await;
    };
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    match guarded(app, key, request, next).await {
        Ok(response) => response,
        Err(problem) => ApiError::from(problem).into_response(),
    }
}

async fn guarded(
    app: &App,
    key: HeaderValue,
    request: Request,
    next: Route,
) -> Result<Response<Body>, Problem> {
    let key_text =
        key.to_str().ok().filter(|k| !k.is_empty() && k.len() <= 255).ok_or_else(|| {
            Problem::validation("Idempotency-Key", "must be 1 to 255 visible ASCII characters")
        })?;
    let (parts, body) = request.into_parts();
    if parts.headers.get_all(&IDEMPOTENCY_KEY).iter().any(|other| *other != key) {
        return Err(Problem::validation("Idempotency-Key", "is sent twice with different values; send one"));
    }
    // ids need no escapes, and the job that an answer is about is read from the path
    if parts.uri.path().contains('%') {
        return Err(Problem::validation(
            "Idempotency-Key",
            "cannot be sent to a path with percent-encoded characters",
        ));
    }
    let principal = match parts.headers.contains_key(header::AUTHORIZATION) {
        false => None,
        true => match identify(&parts, app).await {
            Ok(known) => Some(known.principal),
            // the handler refuses it in its own words; nothing is replayed to it and nothing stored
            Err(_) => return Ok(next.run(Request::from_parts(parts, body)).await),
        },
    };
    let keys = scopes(&parts, principal.as_ref(), key_text);
    let lock = app.idempotency_locks.lock_of(&keys[0]).lock_owned().await;
    let (stored, turn) = take_turn(app, &keys, lock).await?;
    let Some(stored) = stored else {
        let (app, [key_sha256, _]) = (app.clone(), keys);
        let carried_out = async move {
            let answer = record(&app, key_sha256, Request::from_parts(parts, body), next).await;
            drop(turn);
            answer
        };
        // in a task: a client that leaves, or waits no longer, repeats the request and gets the answer of this one
        let answer = tokio::spawn(carried_out.in_current_span()).await;
        return answer.unwrap_or_else(|_| Err(Problem::internal()));
    };
    if let Some(principal) = &principal {
        admit(&parts, app, principal)?;
        if let Some(job_id) = job_of(parts.uri.path()) {
            StoredAnswers(&app.ctx).check_job(principal.tenant(), &job_id).await?;
        }
    }
    replay(stored, Request::from_parts(parts, body), next).await
}

/// The turn of a request among those with its key: until it is dropped, the others wait.
type Turn = SoleWork<OwnedMutexGuard<()>>;

/// Returns the stored answer, or none where the request is to be carried out. Waits for one that another server carries out,
/// until it has its answer or ends without one.
async fn take_turn(
    app: &App,
    keys: &[String],
    mut lock: OwnedMutexGuard<()>,
) -> Result<(Option<IdempotencyRecord>, Turn), Problem> {
    let answers = StoredAnswers(&app.ctx);
    let asked = tokio::time::Instant::now();
    loop {
        if let Some(stored) = answers.find(keys).await? {
            return Ok((Some(stored), SoleWork::within_this_process(lock)));
        }
        let key = format!("request {}", keys[0]);
        lock = match SoleWork::claim(&app.ctx, key, LONGEST, lock).await? {
            // another server may have stored its answer and given its claim back since this one asked
            Ok(work) if work.is_claimed() => return Ok((answers.find(keys).await?, work)),
            Ok(work) => return Ok((None, work)),
            Err(lock) => lock,
        };
        if asked.elapsed() >= WAIT {
            let words =
                "a request with this Idempotency-Key is being carried out; repeat it to get its response";
            return Err(Problem::new(ErrorCode::IdempotencyInProgress, words).retry_after(1));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Hashes principal, tenant, method, path and query, and key, so that callers never meet each other's keys. A caller
/// without a credential is its address. The second key is that of releases up to 0.1, which hashed the credential; answers
/// under it end 24 hours after the upgrade.
fn scopes(parts: &Parts, principal: Option<&Principal>, key: &str) -> [String; 2] {
    let address = || {
        let address = parts.extensions.get::<RequestMeta>().and_then(|meta| meta.address);
        address.map(|a| a.to_string()).unwrap_or_default()
    };
    let caller = match principal {
        Some(Principal::JobToken { tenant, job_id }) => format!("job\0{tenant}\0{job_id}"),
        Some(Principal::ApiKey { tenant, key_id, .. }) => format!("key\0{tenant}\0{key_id}"),
        None => {
            let tenant = parts.headers.get("x-ss-tenant-id").map(HeaderValue::as_bytes).unwrap_or_default();
            format!("address\0{}\0{}", address(), String::from_utf8_lossy(tenant))
        }
    };
    let before = match parts.headers.get(header::AUTHORIZATION) {
        Some(credential) => sha256_hex(credential.as_bytes()),
        None => address(),
    };
    let target = parts.uri.path_and_query().map_or("", |p| p.as_str());
    [caller, before].map(|caller| sha256_hex(format!("{caller}\0{}\0{target}\0{key}", parts.method)))
}

/// The job whose path this is, or whose upload session.
fn job_of(path: &str) -> Option<JobId> {
    let segment = |rest: &'static str| path.strip_prefix(rest)?.split('/').next();
    let job = segment("/v1/jobs/").or_else(|| job_of_session(segment("/v1/upload-sessions/")?));
    JobId::parse(job?).ok()
}

async fn replay(record: IdempotencyRecord, request: Request, next: Route) -> Result<Response<Body>, Problem> {
    let (parts, body) = request.into_parts();
    let repeatable = record.resource.as_deref().is_some_and(|r| r.starts_with("job:"));
    if record.response.is_none() && repeatable {
        // Small JSON bodies only: redeem and the routes that sign links.
        let bytes = collect(body).await?;
        same_body(&record, &sha256_hex(&bytes))?;
        let mut response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
        if response.extensions().get::<HoldsSecret>().is_some() {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        return Ok(response);
    }
    let mut hasher = Sha256::new();
    let mut stream = body.into_data_stream();
    while let Some(chunk) = stream.next().await {
        hasher.update(chunk.map_err(|_| Problem::validation("", "the body ended early"))?);
    }
    same_body(&record, &hex::encode(hasher.finalize()))?;
    let Some(stored) = record.response else {
        return Err(Problem::new(
            ErrorCode::IdempotencySecretNotReplayable,
            "the response held a secret that is shown once; check the created resource, or create a new one",
        )
        .with("resource", record.resource.unwrap_or_default()));
    };
    let mut response = Response::new(Body::from(stored.body));
    *response.status_mut() = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::OK);
    for (name, value) in stored.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

async fn collect(body: Body) -> Result<Bytes, Problem> {
    let limited = http_body_util::Limited::new(body, MAX_STORED_BODY);
    limited.collect().await.map(|b| b.to_bytes()).map_err(|_| {
        Problem::new(ErrorCode::PayloadTooLarge, "the body is too large").with("limit_bytes", MAX_STORED_BODY)
    })
}

fn same_body(record: &IdempotencyRecord, request_sha256: &str) -> Result<(), Problem> {
    if record.request_sha256 == request_sha256 {
        return Ok(());
    }
    Err(Problem::new(
        ErrorCode::IdempotencyKeyReused,
        "this Idempotency-Key was used with another body; use a fresh key for a new request",
    ))
}

async fn record(
    app: &App,
    key_sha256: String,
    request: Request,
    next: Route,
) -> Result<Response<Body>, Problem> {
    let hashed = Arc::new(Mutex::new((Sha256::new(), false)));
    let (parts, body) = request.into_parts();
    let tap = Arc::clone(&hashed);
    let end = Arc::clone(&hashed);
    let stream = body.into_data_stream().inspect_ok(move |chunk: &Bytes| lock(&tap).0.update(chunk)).chain(
        futures_util::stream::once(async move {
            lock(&end).1 = true;
            Ok(Bytes::new())
        }),
    );
    let response = next.run(Request::from_parts(parts, Body::from_stream(stream))).await;
    if response.status().is_server_error() || response.extensions().get::<ApiError>().is_some() {
        // A refusal changed nothing: the client may correct the request and use its key again.
        return Ok(response);
    }
    let request_sha256 = {
        let state = lock(&hashed);
        if !state.1 {
            return Ok(response);
        }
        hex::encode(state.0.clone().finalize())
    };
    let secret = response.extensions().get::<HoldsSecret>().cloned();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.map(|b| b.to_bytes()).unwrap_or_default();
    let stored = storable(&parts.headers, parts.status, &bytes, secret.is_some());
    if stored.is_some() || secret.is_some() {
        let resource = secret.map(|secret| secret.resource);
        StoredAnswers(&app.ctx).keep(key_sha256, request_sha256, stored, resource).await;
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn storable(
    headers: &axum::http::HeaderMap,
    status: StatusCode,
    body: &Bytes,
    has_secret: bool,
) -> Option<StoredResponse> {
    if has_secret || body.len() > MAX_STORED_BODY {
        return None;
    }
    let body = String::from_utf8(body.to_vec()).ok()?;
    let headers = [header::CONTENT_TYPE, header::ETAG, header::LOCATION, header::RETRY_AFTER]
        .into_iter()
        .filter_map(|name| {
            let value = headers.get(&name)?.to_str().ok()?.to_owned();
            Some((name.to_string(), value))
        })
        .collect();
    Some(StoredResponse { status: status.as_u16(), headers, body })
}
