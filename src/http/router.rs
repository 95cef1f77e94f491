//! The routes and the layers around them. Nothing outside `/v1`, `/health` and `/metrics` answers.

use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::health;
use super::metrics;
use super::middleware::{around, around_probes};
use super::nearest_route;
use super::route::Routes;
use super::state::App;
use super::v1;
use super::versions::Versions;
use crate::domain::error::{ErrorCode, Problem};

/// The OpenAPI document's frame; paths and schemas come from the handlers, what all routes share from
/// [`v1::openapi`].
#[derive(OpenApi)]
#[openapi(components(schemas(super::error::ProblemDocument)))]
struct ApiDoc;

fn probes() -> Routes {
    Routes::new(OpenApiRouter::new())
        .add(routes!(health::live), health::LIVE_FACTS)
        .add(routes!(health::ready), health::READY_FACTS)
}

fn all_but_probes() -> Routes {
    Routes::new(OpenApiRouter::with_openapi(ApiDoc::openapi()))
        .add(routes!(metrics::metrics), metrics::METRICS_FACTS)
        .merge(v1::router())
}

/// Every route with its description and facts. No route is mounted in another way.
pub fn routes() -> Routes {
    all_but_probes().merge(probes())
}

/// Builds the whole HTTP service.
pub fn build(app: App) -> Router {
    let probes = probes().into_router();
    let routes = all_but_probes();
    let documented: Arc<[String]> = routes.paths().into();
    let unknown = move |uri: Uri| async move { no_such_route(&documented, uri.path()).into_response() };
    let routes = Versions::served().wrap(routes.into_router()).fallback(unknown);
    let routes = routes.layer(from_fn_with_state(app.clone(), around));
    routes.merge(probes.layer(from_fn_with_state(app.clone(), around_probes))).with_state(app)
}

fn no_such_route(documented: &[String], path: &str) -> ApiError {
    let advice = match nearest_route::nearest(documented, path) {
        Some(route) => format!("did you mean {route}? All routes are in /v1/openapi.json"),
        None => "all business routes are below /v1, see /v1/openapi.json".to_owned(),
    };
    ApiError::from(Problem::new(ErrorCode::RouteNotFound, format!("there is no such route; {advice}")))
}
