//! Signed links in place of a credential: one method, one path, a short while.

use axum::http::request::Parts;
use serde::Deserialize;

use super::body::parse_query;
use crate::domain::credential::Principal;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::JobId;
use crate::domain::signed_link::opens;
use crate::http::state::App;
use crate::service::access::authenticate::Authenticated;
use crate::service::shared::commits::read_problem;

#[derive(Deserialize)]
struct Signed {
    expires: Option<i64>,
    signature: Option<String>,
}

/// Whom a signed link stands for: the holder of the job's token. `None` where the request carries none.
///
/// # Errors
/// `AUTH_TOKEN_INVALID` for a signature that opens nothing; the store's.
pub async fn linked(parts: &Parts, app: &App, job_id: &JobId) -> Result<Option<Authenticated>, Problem> {
    if !parts.uri.query().is_some_and(|query| query.contains("signature=")) {
        return Ok(None);
    }
    let Ok(Signed { expires: Some(expires), signature: Some(stated) }) = parse_query::<Signed>(&parts.uri)
    else {
        return Ok(None);
    };
    let now = app.ctx.clock.now();
    for job in app.ctx.store.jobs_by_id(job_id).await.map_err(read_problem)? {
        let Some(token) = job.token.as_ref().filter(|token| token.is_alive(now)) else {
            continue;
        };
        let asked = (parts.method.as_str(), parts.uri.path());
        if opens(&token.secret_sha256, asked, expires, &stated, now) {
            let principal = Principal::JobToken { tenant: job.tenant_id.clone(), job_id: job_id.clone() };
            return Ok(Some(Authenticated { principal, job: Some(job) }));
        }
    }
    Err(Problem::new(
        ErrorCode::AuthTokenInvalid,
        "the link has expired or does not open this; ask for a new one",
    ))
}
