//! The `/v1` routes: `<resource>/<action>.rs`.

pub mod admin;
pub mod artifacts;
pub mod batches;
pub mod comparisons;
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
pub mod webhooks;

use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::route::Routes;

/// Collects the routes of `/v1`.
pub fn router() -> Routes {
    Routes::new(OpenApiRouter::new())
        .add(routes!(console::page), console::PAGE_FACTS)
        .add_undocumented("/v1/console/", get(console::slash))
        .add_undocumented("/v1/console/{*path}", get(console::asset))
        .add(routes!(task_codes::redeem::handler), task_codes::redeem::FACTS)
        .add(routes!(task_codes::trial::handler), task_codes::trial::FACTS)
        .add(routes!(jobs::list::handler), jobs::list::FACTS)
        .add(routes!(jobs::get::handler), jobs::get::FACTS)
        .add(routes!(jobs::patch::handler), jobs::patch::FACTS)
        .add(routes!(jobs::delete::handler), jobs::delete::FACTS)
        .add(routes!(jobs::run::handler), jobs::run::FACTS)
        .add(routes!(jobs::cancel::handler), jobs::cancel::FACTS)
        .add(routes!(jobs::events::handler), jobs::events::FACTS)
        .add(routes!(jobs::links::handler), jobs::links::FACTS)
        .add(routes!(jobs::capsule::handler), jobs::capsule::FACTS)
        .add(routes!(inputs::upload::handler), inputs::upload::FACTS)
        .add(routes!(inputs::bundle::state), inputs::bundle::STATE_FACTS)
        .add(routes!(inputs::bundle::get), inputs::bundle::GET_FACTS)
        .add(routes!(inputs::bundle::open), inputs::bundle::OPEN_FACTS)
        .add(routes!(upload_sessions::get::handler), upload_sessions::get::FACTS)
        .add(routes!(upload_sessions::part::handler), upload_sessions::part::FACTS)
        .add(routes!(upload_sessions::refresh::handler), upload_sessions::refresh::FACTS)
        .add(routes!(upload_sessions::finalize::handler), upload_sessions::finalize::FACTS)
        .add(routes!(inputs::preview::handler), inputs::preview::FACTS)
        .add(routes!(inputs::cancel::handler), inputs::cancel::FACTS)
        .add(routes!(inputs::sheet::primary), inputs::sheet::PRIMARY_FACTS)
        .add(routes!(inputs::sheet::dataset), inputs::sheet::DATASET_FACTS)
        .add(routes!(draft::put::handler), draft::put::FACTS)
        .add(routes!(draft::patch::handler), draft::patch::FACTS)
        .add(routes!(draft::preview::get), draft::preview::GET_FACTS)
        .add(routes!(draft::preview::post), draft::preview::POST_FACTS)
        .add(routes!(draft::suggest::handler), draft::suggest::FACTS)
        .add(routes!(plan::freeze::handler), plan::freeze::FACTS)
        .add(routes!(plan::preview::handler), plan::preview::FACTS)
        .add(routes!(plan::revise::handler), plan::revise::FACTS)
        .add(routes!(plan::get::current), plan::get::CURRENT_FACTS)
        .add(routes!(plan::get::revisions), plan::get::REVISIONS_FACTS)
        .add(routes!(plan::confirm::handler), plan::confirm::FACTS)
        .add(routes!(openapi::get), openapi::GET_FACTS)
        .add(routes!(docs::page), docs::PAGE_FACTS)
        .add(routes!(docs::asset), docs::ASSET_FACTS)
        .add(routes!(library::capabilities::handler), library::capabilities::FACTS)
        .add(routes!(library::templates::list), library::templates::LIST_FACTS)
        .add(routes!(library::templates::get), library::templates::GET_FACTS)
        .add(routes!(runs::list::handler), runs::list::FACTS)
        .add(routes!(runs::get::handler), runs::get::FACTS)
        .add(routes!(runs::log::handler), runs::log::FACTS)
        .add(routes!(runs::findings::handler), runs::findings::FACTS)
        .add(routes!(runs::render::handler), runs::render::FACTS)
        .add(routes!(runs::interpretation::handler), runs::interpretation::FACTS)
        .add(routes!(artifacts::list::handler), artifacts::list::FACTS)
        .add(routes!(artifacts::get::handler), artifacts::get::FACTS)
        .merge(admin())
        .merge(webhooks())
        .merge(batches())
}

/// Collects the routes of operators.
fn admin() -> Routes {
    Routes::new(OpenApiRouter::new())
        .add(routes!(admin::task_codes::create), admin::task_codes::CREATE_FACTS)
        .add(routes!(admin::task_codes::list), admin::task_codes::LIST_FACTS)
        .add(routes!(admin::task_codes::revoke), admin::task_codes::REVOKE_FACTS)
        .add(routes!(admin::task_codes::delete), admin::task_codes::DELETE_FACTS)
        .add(routes!(admin::api_keys::create), admin::api_keys::CREATE_FACTS)
        .add(routes!(admin::api_keys::list), admin::api_keys::LIST_FACTS)
        .add(routes!(admin::api_keys::rotate), admin::api_keys::ROTATE_FACTS)
        .add(routes!(admin::api_keys::revoke), admin::api_keys::REVOKE_FACTS)
        .add(routes!(admin::auth::login), admin::auth::LOGIN_FACTS)
        .add(routes!(admin::auth::logout), admin::auth::LOGOUT_FACTS)
        .add(routes!(admin::tokens::create), admin::tokens::CREATE_FACTS)
        .add(routes!(admin::tokens::list), admin::tokens::LIST_FACTS)
        .add(routes!(admin::tokens::revoke), admin::tokens::REVOKE_FACTS)
        .add(routes!(admin::tokens::delete), admin::tokens::DELETE_FACTS)
        .add(routes!(admin::jobs::list), admin::jobs::LIST_FACTS)
        .add(routes!(admin::jobs::detail), admin::jobs::DETAIL_FACTS)
        .add(routes!(admin::jobs::retry), admin::jobs::RETRY_FACTS)
        .add(routes!(admin::jobs::cancel), admin::jobs::CANCEL_FACTS)
        .add(routes!(admin::jobs::artifacts), admin::jobs::ARTIFACTS_FACTS)
        .add(routes!(admin::system::status), admin::system::STATUS_FACTS)
        .add(routes!(admin::system::reload_settings), admin::system::RELOAD_SETTINGS_FACTS)
        .add(routes!(admin::audit::handler), admin::audit::FACTS)
        .add(routes!(admin::tenants::list), admin::tenants::LIST_FACTS)
        .add(routes!(admin::tenants::get), admin::tenants::GET_FACTS)
        .add(routes!(admin::tenants::put), admin::tenants::PUT_FACTS)
}

/// Collects the routes of batches and comparisons.
fn batches() -> Routes {
    use batches::{collection, item};
    Routes::new(OpenApiRouter::new())
        .add(routes!(collection::create), collection::CREATE_FACTS)
        .add(routes!(collection::preview), collection::PREVIEW_FACTS)
        .add(routes!(collection::list), collection::LIST_FACTS)
        .add(routes!(item::get), item::GET_FACTS)
        .add(routes!(item::cancel), item::CANCEL_FACTS)
        .add(routes!(item::run), item::RUN_FACTS)
        .add(routes!(item::delete), item::DELETE_FACTS)
        .add(routes!(comparisons::of_batch), comparisons::BATCH_FACTS)
        .add(routes!(comparisons::of_runs), comparisons::RUNS_FACTS)
}

/// Collects the routes of webhooks.
fn webhooks() -> Routes {
    use webhooks::{collection, deliveries, endpoint};
    Routes::new(OpenApiRouter::new())
        .add(routes!(collection::create), collection::CREATE_FACTS)
        .add(routes!(collection::list), collection::LIST_FACTS)
        .add(routes!(collection::create_of_job), collection::CREATE_OF_JOB_FACTS)
        .add(routes!(collection::list_of_job), collection::LIST_OF_JOB_FACTS)
        .add(routes!(endpoint::get), endpoint::GET_FACTS)
        .add(routes!(endpoint::patch), endpoint::PATCH_FACTS)
        .add(routes!(endpoint::delete), endpoint::DELETE_FACTS)
        .add(routes!(endpoint::rotate), endpoint::ROTATE_FACTS)
        .add(routes!(deliveries::list), deliveries::LIST_FACTS)
        .add(routes!(deliveries::test), deliveries::TEST_FACTS)
        .add(routes!(deliveries::replay_one), deliveries::REPLAY_ONE_FACTS)
        .add(routes!(deliveries::replay), deliveries::REPLAY_FACTS)
}
