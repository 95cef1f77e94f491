//! Batches of specifications on the inputs of a job.

pub mod collection;
pub mod item;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::domain::batch::BatchRecord;
use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::BatchId;
use crate::http::extract::body::Json;
use crate::http::extract::headers::version_tag;
use crate::service::Context;
use crate::service::batches::read::not_found;
use crate::service::batches::views::BatchView;

/// The batch of a path.
#[derive(Debug, Deserialize)]
pub struct BatchSegment {
    batch_id: String,
}

impl BatchSegment {
    /// Returns the id of the path.
    ///
    /// # Errors
    /// `BATCH_NOT_FOUND` for what is no id.
    pub(super) fn id(self) -> Result<BatchId, Problem> {
        BatchId::parse(self.batch_id).map_err(|_| not_found())
    }
}

/// Returns a batch with its entity tag.
fn answer(ctx: &Context, batch: &BatchRecord, status: StatusCode) -> Response {
    let mut response = (status, Json(BatchView::of(ctx, batch))).into_response();
    response.headers_mut().insert(header::ETAG, version_tag(batch.version));
    response
}

/// Codes of routes that judge the cells of a batch.
const JUDGE: &[ErrorCode] = &[
    ErrorCode::DraftNotFound,
    ErrorCode::PlanFreezeMissingRequired,
    ErrorCode::PlanFreezeNotAllowed,
    ErrorCode::JobLocked,
    ErrorCode::ArtifactExpired,
    ErrorCode::TrialLimit,
];
