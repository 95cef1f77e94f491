//! Changes what describes a job: requirement, title, the client's reference, what a model may see.

use serde::{Deserialize, Deserializer};
use serde_json::json;

use crate::domain::error::Problem;
use crate::domain::ids::{JobId, TenantId};
use crate::domain::job::JobRecord;
use crate::domain::job::record::DataSharing;
use crate::domain::job::removal::Description;
use crate::service::access::redeem_task_code::{CLIENT_REF_MAX_CHARS, REQUIREMENT_MAX_CHARS};
use crate::service::shared::commits::{check_if_match, job_event, put_job, with_retries};
use crate::service::shared::context::{Caller, Context};
use crate::service::shared::quotas::check_sharing;

/// Longest title, in characters.
pub const TITLE_MAX_CHARS: usize = 200;

/// The client's changes; absent fields stay, `null` clears title and reference.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PatchBody {
    /// At most 20,000 characters; before the plan is frozen only. A change makes the draft stale.
    pub requirement: Option<String>,
    /// At most 200 characters.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub title: Option<Option<String>>,
    /// At most 200 characters.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = Option<String>)]
    pub client_ref: Option<Option<String>>,
    /// New limit of what a model may see; it applies to later calls.
    pub data_sharing: Option<DataSharing>,
}

/// Distinguishes a `null` field from an absent one.
fn stated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

/// The use case.
pub struct PatchJob<'a>(pub &'a Context);

impl PatchJob<'_> {
    /// Changes the description; what is so already makes no new version.
    ///
    /// # Errors
    /// `INPUT_VALIDATION_FAILED`, `JOB_LOCKED` for a requirement after the freeze, `JOB_GONE`,
    /// `JOB_VERSION_CONFLICT`.
    pub async fn execute(
        &self,
        caller: &Caller,
        tenant: &TenantId,
        job_id: &JobId,
        body: &PatchBody,
        if_match: Option<u64>,
    ) -> Result<JobRecord, Problem> {
        let ctx = self.0;
        check(body)?;
        if let Some(sharing) = body.data_sharing {
            check_sharing(ctx, tenant, sharing)?;
        }
        let change = Description {
            requirement: body.requirement.clone(),
            title: body.title.clone(),
            client_ref: body.client_ref.clone(),
            data_sharing: body.data_sharing,
        };
        with_retries(if_match, || async {
            let job = ctx.load_job(tenant, job_id).await?;
            check_if_match(if_match, &job)?;
            job.check_kept()?;
            if job.is_described_so(&change) {
                return Ok(job);
            }
            let next = job.describe(&change, ctx.clock.now())?;
            let mut event = job_event(ctx, caller, "job.described", Some(&job), &next);
            // which fields, not what they say: texts may be personal
            let named = [
                ("requirement", next.requirement != job.requirement),
                ("title", next.title != job.title),
                ("client_ref", next.client_ref != job.client_ref),
                ("data_sharing", next.data_sharing != job.data_sharing),
            ];
            let fields: Vec<&str> =
                named.iter().filter(|(_, changed)| *changed).map(|(name, _)| *name).collect();
            event.detail = json!({"fields": fields});
            put_job(ctx, &job, next, event).await
        })
        .await
    }
}

fn check(body: &PatchBody) -> Result<(), Problem> {
    let mut errors = Vec::new();
    let mut check = |path: &str, text: Option<&String>, max: usize| {
        if text.is_some_and(|text| text.chars().count() > max) {
            errors.push((path.to_owned(), format!("must have at most {max} characters")));
        }
    };
    check("requirement", body.requirement.as_ref(), REQUIREMENT_MAX_CHARS);
    check("title", body.title.as_ref().and_then(Option::as_ref), TITLE_MAX_CHARS);
    check("client_ref", body.client_ref.as_ref().and_then(Option::as_ref), CLIENT_REF_MAX_CHARS);
    if errors.is_empty() { Ok(()) } else { Err(Problem::validation_all(errors)) }
}
