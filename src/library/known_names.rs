//! Names of roles and parameters that a statement uses and nothing takes, with those that were probably meant. Such a
//! name never becomes right, so it is refused where it is written, not when the plan is frozen.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::binding::Violation;
use super::load::Library;
use super::terms::ROLES;
use crate::domain::draft::Statement;
use crate::domain::error::Problem;
use crate::domain::spelling::did_you_mean;
use crate::domain::template::TemplateMeta;

/// Refuses roles that no analysis has, and parameters that the named template (without one: every template) lacks.
/// `concerns` decides which of the paths `roles.…`, `parameters.…` and `default_overrides.…` are checked.
///
/// # Errors
/// `INPUT_VALIDATION_FAILED` with all of them.
pub fn check(
    library: &Library,
    template: Option<&TemplateMeta>,
    statement: &Statement,
    concerns: impl Fn(&str) -> bool,
) -> Result<(), Problem> {
    let mut unknown: Vec<Violation> = statement
        .roles
        .iter()
        .filter(|(role, _)| !ROLES.contains(&role.as_str()))
        .map(|(role, columns)| unknown_role(role, json!(columns), template))
        .collect();
    let known = |name: &str| match template {
        Some(meta) => meta.parameters.iter().any(|p| p.name == name),
        None => library.templates().any(|t| t.meta.parameters.iter().any(|p| p.name == name)),
    };
    for (group, values) in
        [("parameters", &statement.parameters), ("default_overrides", &statement.default_overrides)]
    {
        let lacking = values.iter().filter(|(name, _)| !known(name));
        unknown.extend(lacking.map(|(name, value)| match template {
            Some(meta) => unknown_parameter(group, name, value, meta),
            None => unknown_anywhere(group, name, value, library),
        }));
    }
    unknown.retain(|violation| concerns(&violation.path));
    if unknown.is_empty() { Ok(()) } else { Err(refusal(&unknown)) }
}

/// A parameter that a template lacks.
pub(super) fn unknown_parameter(group: &str, name: &str, value: &Value, meta: &TemplateMeta) -> Violation {
    let names: Vec<&str> = meta.parameters.iter().map(|p| p.name.as_str()).collect();
    let role = ROLES.contains(&name) && meta.parameters.iter().any(|p| p.bind == name);
    let meant = match did_you_mean(name, &names) {
        _ if role => format!("; it is a role: set roles.{name}"),
        none if none.is_empty() && !names.is_empty() => format!("; its parameters are {}", names.join(", ")),
        meant => meant,
    };
    Violation {
        path: format!("{group}.{name}"),
        reason: format!("{} has no parameter {name:?}{meant}", meta.id),
        value: value.clone(),
        suggestion: format!("one of {}", names.join(", ")),
    }
}

fn unknown_anywhere(group: &str, name: &str, value: &Value, library: &Library) -> Violation {
    let names: BTreeSet<&str> =
        library.templates().flat_map(|t| t.meta.parameters.iter().map(|p| p.name.as_str())).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let meant = match ROLES.contains(&name) {
        true => format!("; it is a role: set roles.{name}"),
        false => did_you_mean(name, &names),
    };
    Violation {
        path: format!("{group}.{name}"),
        reason: format!("no analysis has a parameter {name:?}{meant}"),
        value: value.clone(),
        suggestion: "a parameter of the template, as GET /v1/templates/{template_id} lists them".to_owned(),
    }
}

fn unknown_role(role: &str, columns: Value, template: Option<&TemplateMeta>) -> Violation {
    let same = template.and_then(|meta| meta.parameters.iter().find(|p| p.name == role));
    let taken = template.map_or_else(|| ROLES.to_vec(), roles_taken);
    let meant = match same {
        Some(parameter) if ROLES.contains(&parameter.bind.as_str()) => {
            format!("; the role is {}", parameter.bind)
        }
        Some(_) => format!("; it is a parameter: set parameters.{role}"),
        None => meant_role(role, &taken),
    };
    Violation {
        path: format!("roles.{role}"),
        reason: format!("there is no role {role:?}{meant}"),
        value: columns,
        suggestion: format!("one of {}", taken.join(", ")),
    }
}

/// Words of textbooks and of other programs for roles.
const WORDS: [(&str, &str); 10] = [
    ("independent", "regressors"),
    ("predictor", "regressors"),
    ("explanatory", "regressors"),
    ("exposure", "regressors"),
    ("feature", "regressors"),
    ("covariate", "controls"),
    ("confounder", "controls"),
    ("dependent", "outcome_var"),
    ("response", "outcome_var"),
    ("target", "outcome_var"),
];

/// The role that a word means or is spelt like; all of them where it is none.
fn meant_role(word: &str, taken: &[&str]) -> String {
    let lower = word.to_lowercase();
    let known = WORDS.iter().find(|(said, role)| lower.starts_with(said) && taken.contains(role));
    if let Some((_, role)) = known {
        return format!("; did you mean {role}?");
    }
    match did_you_mean(word, taken) {
        none if none.is_empty() => format!("; the roles are {}", taken.join(", ")),
        meant => meant,
    }
}

/// Returns the roles that a template takes, in the order of its parameters.
pub(super) fn roles_taken(meta: &TemplateMeta) -> Vec<&str> {
    let binds = meta.parameters.iter().map(|p| p.bind.as_str());
    binds.filter(|bind| ROLES.contains(bind)).collect()
}

/// The refusal of values, with `{path, reason, value, suggestion}` of each.
pub fn refusal(violations: &[Violation]) -> Problem {
    use crate::domain::error::ErrorCode;
    let list: Vec<Value> = violations
        .iter()
        .map(|m| json!({"path": m.path, "reason": m.reason, "value": m.value, "suggestion": m.suggestion}))
        .collect();
    let text: Vec<String> = violations.iter().map(|m| format!("{}: {}", m.path, m.reason)).collect();
    Problem::new(ErrorCode::InputValidationFailed, text.join("; ")).with("errors", list)
}
