//! Signed links instead of a credential: one method, one path, one query, a short while.

use axum::http::request::Parts;
use serde::Deserialize;

use super::access::admit;
use super::body::parse_query;
use crate::domain::error::Problem;
use crate::domain::ids::JobId;
use crate::domain::signed_link::{LinkedRequest, signed_part};
use crate::http::state::App;
use crate::service::access::authenticate::Authenticated;
use crate::service::access::open_link::OpenLink;

#[derive(Deserialize)]
struct Signed {
    expires: Option<i64>,
    signature: Option<String>,
}

/// Returns the holder of the job's token where the request carries a signed link; `None` where it carries none.
/// The request counts against the rate limits of the token.
///
/// # Errors
/// `AUTH_TOKEN_INVALID` for a signature that opens nothing, `RATE_LIMITED`, the store's.
pub async fn linked(parts: &Parts, app: &App, job_id: &JobId) -> Result<Option<Authenticated>, Problem> {
    let Some(query) = parts.uri.query().filter(|query| query.contains("signature=")) else {
        return Ok(None);
    };
    let Ok(Signed { expires: Some(expires), signature: Some(given) }) = parse_query::<Signed>(&parts.uri)
    else {
        return Ok(None);
    };
    let query = signed_part(query);
    let request = LinkedRequest { method: parts.method.as_str(), path: parts.uri.path(), query: &query };
    let opened = OpenLink(&app.ctx).execute(job_id, request, expires, &given).await?;
    admit(parts, app, &opened.principal)?;
    Ok(Some(opened))
}
