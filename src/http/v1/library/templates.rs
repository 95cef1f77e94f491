//! `GET /v1/templates` and `GET /v1/templates/{template_id}`.

use axum::extract::State;
use serde::{Deserialize, Serialize};

use crate::domain::error::{ErrorCode, Problem};
use crate::domain::ids::TemplateId;
use crate::domain::template::{Bilingual, TemplateMeta};
use crate::http::error::ApiError;
use crate::http::extract::access::AnyCredential;
use crate::http::extract::body::{Json, Path, Query};
use crate::http::route::RouteFacts;
use crate::http::state::App;

/// Filters of templates.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Words that must all occur in id, titles, description or keywords, in any language.
    q: Option<String>,
    family: Option<String>,
}

/// Summary of a template.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TemplateBrief {
    template_id: String,
    version: String,
    title: Bilingual,
    description: String,
    description_zh: Option<String>,
    family: String,
    level: String,
    sha256: String,
}

/// Templates by id.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TemplateList {
    templates: Vec<TemplateBrief>,
}

/// Complete declaration of a template.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TemplateAnswer {
    template_id: String,
    meta: TemplateMeta,
}

/// The template's segment.
#[derive(Debug, Deserialize)]
pub struct TemplateSegment {
    template_id: String,
}

/// The facts of `list_templates`.
pub const LIST_FACTS: RouteFacts = RouteFacts::NONE;

/// Lists the library.
///
/// The analyses of the library, by id, title, description and keywords in English and Chinese.
#[utoipa::path(get, path = "/v1/templates", tag = "library", operation_id = "list_templates",
    params(Filter), security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = TemplateList)))]
pub async fn list(
    State(app): State<App>,
    _caller: AnyCredential,
    Query(filter): Query<Filter>,
) -> Json<TemplateList> {
    let words: Vec<String> =
        filter.q.unwrap_or_default().to_lowercase().split_whitespace().map(str::to_owned).collect();
    let templates = app
        .ctx
        .library
        .templates()
        .filter(|t| filter.family.as_ref().is_none_or(|family| *family == t.meta.family))
        .filter(|t| {
            let text = searchable(&t.meta);
            words.iter().all(|word| text.contains(word))
        })
        .map(|t| TemplateBrief {
            template_id: t.meta.id.to_string(),
            version: t.meta.version.clone(),
            title: t.meta.title.clone(),
            description: t.meta.description.clone(),
            description_zh: t.meta.description_zh.clone(),
            family: t.meta.family.clone(),
            level: t.meta.level.clone(),
            sha256: t.body_sha256.clone(),
        })
        .collect();
    Json(TemplateList { templates })
}

fn searchable(meta: &TemplateMeta) -> String {
    let keywords = &meta.selection.keywords;
    let parts = [
        meta.id.as_str(),
        &meta.title.en,
        meta.title.zh.as_deref().unwrap_or_default(),
        &meta.description,
        meta.description_zh.as_deref().unwrap_or_default(),
    ];
    let all = parts.into_iter().chain(keywords.en.iter().chain(&keywords.zh).map(String::as_str));
    all.collect::<Vec<_>>().join("\n").to_lowercase()
}

/// The facts of `get_template`.
pub const GET_FACTS: RouteFacts =
    RouteFacts { refusals: &[&[ErrorCode::TemplateNotFound]], ..RouteFacts::NONE };

/// Returns one template.
///
/// The complete contract: parameters, requirements on the data, checks, outputs, dependencies, references and
/// limitations.
#[utoipa::path(get, path = "/v1/templates/{template_id}", tag = "library", operation_id = "get_template",
    params(("template_id" = String, Path)),
    security(("job_token" = []), ("api_key" = ["viewer", "client", "operator", "admin"])),
    responses((status = 200, body = TemplateAnswer)))]
pub async fn get(
    State(app): State<App>,
    _caller: AnyCredential,
    Path(segment): Path<TemplateSegment>,
) -> Result<Json<TemplateAnswer>, ApiError> {
    let library = &app.ctx.library;
    let found = TemplateId::parse(segment.template_id.as_str()).ok().and_then(|id| library.get(&id));
    let template = found.ok_or_else(|| {
        let nearest = library.nearest(&segment.template_id.chars().take(96).collect::<String>());
        let message = format!("there is no such template; the nearest ids are {}", nearest.join(", "));
        Problem::new(ErrorCode::TemplateNotFound, message).with("candidates", nearest)
    })?;
    Ok(Json(TemplateAnswer { template_id: template.meta.id.to_string(), meta: template.meta.clone() }))
}
