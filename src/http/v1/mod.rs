//! The `/v1` routes: `<resource>/<action>.rs`.

pub mod openapi;

use std::time::Duration;

use utoipa_axum::router::OpenApiRouter;

use super::state::App;

/// Collects the routes of `/v1`.
pub fn router(_request_timeout: Duration) -> OpenApiRouter<App> {
    OpenApiRouter::new()
}
