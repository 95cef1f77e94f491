//! Stage 1 of selection: which templates can be used at all, by rules from their metas. An inapplicable
//! template cannot be chosen by anyone.

use serde::{Deserialize, Serialize};

use super::binding::takes;
use super::facts::{self, Data};
use super::load::Library;
use super::terms::ROLES;
use crate::domain::ids::TemplateId;
use crate::domain::params::column_misfits;
use crate::domain::template::{Parameter, TemplateMeta};

/// The verdict of the rules on one template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Applicability {
    /// The template that was checked.
    pub template_id: TemplateId,
    /// True if no rule excludes the template.
    pub applicable: bool,
    /// Why it cannot be used.
    pub blockers: Vec<String>,
    /// Arguments against it that do not exclude it: soft exclusions.
    pub lowered: Vec<String>,
    /// Points that the draft leaves open or the template leaves unused.
    pub notes: Vec<String>,
}

/// Judges every template of a library, in the order of the ids.
pub fn judge_all(library: &Library, data: &Data<'_>) -> Vec<Applicability> {
    library.templates().map(|t| judge(&t.meta, data)).collect()
}

/// Judges one template against the draft's roles and the profile of the data.
pub fn judge(meta: &TemplateMeta, data: &Data<'_>) -> Applicability {
    let mut out = Applicability {
        template_id: meta.id.clone(),
        applicable: true,
        blockers: Vec::new(),
        lowered: Vec::new(),
        notes: Vec::new(),
    };
    shape(meta, data, &mut out);
    for parameter in meta.parameters.iter().filter(|p| ROLES.contains(&p.bind.as_str())) {
        role(parameter, meta, data, &mut out);
    }
    if let Some(dataset) = data.dataset
        && dataset.row_count < meta.sample.min_observations
    {
        let (rows, least) = (dataset.row_count, meta.sample.min_observations);
        out.blockers.push(format!("the data have {rows} rows, at least {least} are needed"));
    }
    for exclusion in &meta.selection.excludes {
        if let Some(reason) = facts::reason(&exclusion.fact, data) {
            if exclusion.soft { &mut out.lowered } else { &mut out.blockers }.push(reason);
        }
    }
    for role in unused_roles(meta, data) {
        out.notes.push(format!("{role} would be unused"));
    }
    out.applicable = out.blockers.is_empty();
    out
}

/// The shape that the draft's roles state, if they state one.
pub(super) fn stated_shape(data: &Data<'_>) -> Option<&'static str> {
    if data.states("duration_var") || data.states("failure_var") {
        Some("survival")
    } else if data.states("entity_var") && data.states("time_var") {
        Some("panel")
    } else {
        None
    }
}

fn shape(meta: &TemplateMeta, data: &Data<'_>, out: &mut Applicability) {
    let Some(shape) = stated_shape(data) else { return };
    if !meta.shape.iter().any(|s| s == shape) {
        out.blockers.push(format!("the data are stated as {shape}, it takes {}", meta.shape.join(" or ")));
    }
}

/// A stated role must fit; a required role that is not stated must at least be possible.
fn role(parameter: &Parameter, meta: &TemplateMeta, data: &Data<'_>, out: &mut Applicability) {
    let bind = parameter.bind.as_str();
    let mut stated: Vec<&String> = data.statement.roles.get(bind).into_iter().flatten().collect();
    if bind == "regressors" && !takes(meta, "treatment_var") {
        stated.extend(data.statement.roles.get("treatment_var").into_iter().flatten());
    }
    if stated.is_empty() {
        let explicit = data.statement.parameters.contains_key(&parameter.name);
        if !parameter.required || explicit || data.dataset.is_none() || bind == "event_time" {
            return;
        }
        let fitting = data.columns().iter().filter(|c| column_misfits(parameter, c).is_empty()).count();
        if fitting < parameter.min_items.unwrap_or(1) {
            out.blockers.push(format!("no column can be {} ({bind})", parameter.label.en));
        } else {
            out.notes.push(format!("{bind} is not stated; {fitting} columns fit"));
        }
        return;
    }
    for name in stated {
        let Some(column) = data.columns().iter().find(|c| c.name == *name) else { continue };
        for reason in column_misfits(parameter, column) {
            out.blockers.push(format!("{bind}: {reason}"));
        }
    }
}

/// Roles of the draft that the template would ignore.
pub(super) fn unused_roles<'a>(meta: &TemplateMeta, data: &Data<'a>) -> Vec<&'a str> {
    data.statement
        .roles
        .iter()
        .filter(|(_, columns)| !columns.is_empty())
        .map(|(role, _)| role.as_str())
        .filter(|role| {
            let as_regressor = *role == "treatment_var" && takes(meta, "regressors");
            !takes(meta, role) && !as_regressor
        })
        .collect()
}
