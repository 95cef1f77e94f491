//! A plan of version 1 (`llm_plan`) as a plan that this release can show. It keeps its version, so that a
//! run of it is refused with `PLAN_OUTDATED`; nothing is guessed that would decide a result.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::reading::any_time;
use super::{Members, Refusal};
use crate::domain::canonical::sha256_of;
use crate::domain::ids::{PlanId, TemplateId};
use crate::domain::plan::{
    ArchiveConstraints, Constraints, Contract, PLAN_VERSION, Plan, PlanStep, PlanTemplate, Rationale,
};

/// The template of a plan that names none.
const UNKNOWN_TEMPLATE: &str = "legacy.unknown";

/// Converts an old plan. `created` is the job's time, for plans without one of their own.
///
/// # Errors
/// [`Refusal`] if its version is newer than this release knows, or its steps are not a list.
pub(super) fn convert(old: &Members, fingerprint: &str, created: DateTime<Utc>) -> Result<Plan, Refusal> {
    let version = match old.get("plan_version") {
        None | Some(Value::Null) => 1,
        Some(version) => version
            .as_u64()
            .filter(|version| *version >= 1)
            .ok_or_else(|| Refusal::field("llm_plan.plan_version", "is not a whole number of at least 1"))?,
    };
    if version > u64::from(PLAN_VERSION) {
        let reason =
            format!("{version} is newer than this release knows ({PLAN_VERSION}); use a newer release");
        return Err(Refusal::field("llm_plan.plan_version", reason));
    }
    let text = |field: &str| old.get(field).and_then(Value::as_str);
    let steps = match old.get("steps") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(steps)) => {
            steps.iter().enumerate().map(|(i, step)| convert_step(i, step)).collect()
        }
        Some(_) => return Err(Refusal::field("llm_plan.steps", "is not a list")),
    };
    let template = steps.iter().find_map(template_of);
    let title = text("title").or(template.as_deref()).unwrap_or("plan of an older release").to_owned();
    Ok(Plan {
        // a plan of this shape was never made by the present freeze, whatever it says
        plan_version: 1,
        preamble_version: 0,
        plan_id: plan_id(old),
        revision: 1,
        rel_path: text("rel_path").unwrap_or_default().to_owned(),
        plan_source: "model".to_owned(),
        created_at: any_time(old, &["created_at", "frozen_at"]).unwrap_or(created),
        template: PlanTemplate {
            template_id: template
                .and_then(|id| TemplateId::parse(id).ok())
                .unwrap_or_else(|| TemplateId::parse(UNKNOWN_TEMPLATE).expect("a valid id")),
            version: text("template_version").unwrap_or_default().to_owned(),
            sha256: String::new(),
            meta_sha256: String::new(),
            ado_sha256: String::new(),
            title,
        },
        rationale: Rationale {
            text: text("rationale").unwrap_or_default().to_owned(),
            evidence: Vec::new(),
            ranking: Vec::new(),
            chosen_by: "model".to_owned(),
        },
        contract: empty_contract(),
        sample_if: None,
        derived_variables: Vec::new(),
        categorical_vars: Vec::new(),
        interaction_terms: Vec::new(),
        panel: None,
        data_steps: Vec::new(),
        acknowledged_checks: Vec::new(),
        seed: 0,
        input_fingerprint: fingerprint.to_owned(),
        input_bindings: std::collections::BTreeMap::new(),
        used_columns: Vec::new(),
        output_formats: Vec::new(),
        steps,
        remarks: Vec::new(),
    })
}

/// The plan's own id where it has the form of one, else the hash of the plan as it was.
pub(super) fn plan_id(old: &Members) -> PlanId {
    old.get("plan_id")
        .and_then(Value::as_str)
        .and_then(|id| PlanId::parse(id).ok())
        .unwrap_or_else(|| PlanId::parse(sha256_of(old)).expect("a hash is a plan id"))
}

fn empty_contract() -> Contract {
    Contract {
        parameters: Vec::new(),
        bound: std::collections::BTreeMap::new(),
        missing: Vec::new(),
        dependencies: Vec::new(),
        outputs: Vec::new(),
        constraints: Constraints {
            min_observations: 0,
            archive: ArchiveConstraints {
                max_files: 0,
                max_total_bytes: 0,
                allowed_formats: Vec::new(),
                retention_days: 0,
            },
        },
    }
}

fn convert_step(index: usize, step: &Value) -> PlanStep {
    let text = |names: &[&str]| names.iter().find_map(|n| step.get(*n)?.as_str()).map(str::to_owned);
    let list = |name: &str| -> Vec<String> {
        let items = step.get(name).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    PlanStep {
        step_id: text(&["step_id", "id"]).unwrap_or_else(|| format!("step_{}", index + 1)),
        kind: text(&["type", "kind"]).unwrap_or_default(),
        params: step.get("params").cloned().unwrap_or_else(|| json!({})),
        depends_on: list("depends_on"),
        produces: list("produces"),
    }
}

fn template_of(step: &PlanStep) -> Option<String> {
    ["template_id", "do_template_id", "template"]
        .iter()
        .find_map(|name| step.params.get(*name)?.as_str())
        .map(str::to_owned)
}
