//! The `/v1` routes: `<resource>/<action>.rs`.

pub mod admin;
pub mod artifacts;
pub mod console;
pub mod docs;
pub mod draft;
pub mod inputs;
pub mod jobs;
pub mod library;
pub mod openapi;
pub mod plan;
pub mod runs;
pub mod task_codes;
pub mod upload_sessions;

use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::state::App;

/// Collects the routes of `/v1`.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(console::page))
        .route("/v1/console/", get(console::slash))
        .route("/v1/console/{*path}", get(console::asset))
        .routes(routes!(task_codes::redeem::handler))
        .routes(routes!(admin::task_codes::create, admin::task_codes::list))
        .routes(routes!(admin::task_codes::revoke))
        .routes(routes!(admin::task_codes::delete))
        .routes(routes!(admin::api_keys::create, admin::api_keys::list))
        .routes(routes!(admin::api_keys::rotate))
        .routes(routes!(admin::api_keys::revoke))
        .routes(routes!(admin::auth::login))
        .routes(routes!(admin::auth::logout))
        .routes(routes!(admin::tokens::create, admin::tokens::list))
        .routes(routes!(admin::tokens::revoke))
        .routes(routes!(admin::tokens::delete))
        .routes(routes!(admin::jobs::list))
        .routes(routes!(admin::jobs::detail))
        .routes(routes!(admin::jobs::retry))
        .routes(routes!(admin::jobs::cancel))
        .routes(routes!(admin::jobs::artifacts))
        .routes(routes!(admin::system::status))
        .routes(routes!(admin::system::reload_settings))
        .routes(routes!(admin::audit::handler))
        .routes(routes!(admin::tenants::list))
        .routes(routes!(admin::tenants::get, admin::tenants::put))
        .routes(routes!(jobs::list::handler))
        .routes(routes!(jobs::get::handler, jobs::patch::handler, jobs::delete::handler))
        .routes(routes!(jobs::run::handler))
        .routes(routes!(jobs::cancel::handler))
        .routes(routes!(jobs::events::handler))
        .routes(routes!(jobs::links::handler))
        .routes(routes!(jobs::capsule::handler))
        .routes(routes!(inputs::upload::handler))
        .routes(routes!(inputs::bundle::state, inputs::bundle::get))
        .routes(routes!(inputs::bundle::open))
        .routes(routes!(upload_sessions::part::handler))
        .routes(routes!(upload_sessions::refresh::handler))
        .routes(routes!(upload_sessions::finalize::handler))
        .routes(routes!(inputs::preview::handler))
        .routes(routes!(inputs::sheet::primary))
        .routes(routes!(inputs::sheet::dataset))
        .routes(routes!(draft::put::handler))
        .routes(routes!(draft::patch::handler))
        .routes(routes!(draft::preview::get, draft::preview::post))
        .routes(routes!(plan::freeze::handler))
        .routes(routes!(plan::preview::handler))
        .routes(routes!(plan::revise::handler))
        .routes(routes!(plan::get::current))
        .routes(routes!(plan::get::revisions))
        .routes(routes!(plan::confirm::handler))
        .routes(routes!(openapi::get))
        .routes(routes!(docs::page))
        .routes(routes!(docs::asset))
        .routes(routes!(library::capabilities::handler))
        .routes(routes!(library::templates::list))
        .routes(routes!(library::templates::get))
        .routes(routes!(runs::list::handler))
        .routes(routes!(runs::get::handler))
        .routes(routes!(runs::log::handler))
        .routes(routes!(runs::render::handler))
        .routes(routes!(runs::interpretation::handler))
        .routes(routes!(artifacts::list::handler))
        .routes(routes!(artifacts::get::handler))
}
