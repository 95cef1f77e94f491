//! The body of the request for a draft that a suggestion makes.

use serde_json::{Map, Value};

use super::{METHOD, Suggestion};

/// Returns the draft that is submitted: [`draft_of`] without the roles and the method that are too doubtful to be taken, which
/// are asked for instead.
pub fn submitted_of(suggestion: &Suggestion) -> Map<String, Value> {
    let mut body = draft_of(suggestion);
    if suggestion.open_questions.iter().any(|q| q.blocking && [METHOD, "requirement"].contains(&&*q.field)) {
        body.remove("template_id");
        body.insert("parameters".to_owned(), Map::new().into());
    }
    if let Some(Value::Object(roles)) = body.get_mut("roles") {
        for question in suggestion.open_questions.iter().filter(|q| q.blocking) {
            roles.remove(&question.field);
        }
    }
    body
}

/// Returns the draft as the question was read, with the fields of the PUT of a draft.
pub fn draft_of(suggestion: &Suggestion) -> Map<String, Value> {
    let statement = &suggestion.statement;
    let mut body = Map::new();
    if let Some(id) = &suggestion.template_id {
        body.insert("template_id".to_owned(), id.as_str().into());
    }
    body.insert("roles".to_owned(), serde_json::to_value(&statement.roles).unwrap_or_default());
    body.insert("parameters".to_owned(), Value::Object(statement.parameters.clone()));
    body.insert("categorical_vars".to_owned(), statement.categorical_vars.clone().into());
    for (field, list) in [
        ("quantity_vars", serde_json::to_value(&statement.quantity_vars)),
        ("interaction_terms", serde_json::to_value(&statement.interaction_terms)),
    ] {
        let list = list.unwrap_or_default();
        if list.as_array().is_some_and(|all| !all.is_empty()) {
            body.insert(field.to_owned(), list);
        }
    }
    if !statement.base_levels.is_empty() {
        body.insert(
            "base_levels".to_owned(),
            serde_json::to_value(&statement.base_levels).unwrap_or_default(),
        );
    }
    if !statement.derived_variables.is_empty() {
        let variables = serde_json::to_value(&statement.derived_variables).unwrap_or_default();
        body.insert("derived_variables".to_owned(), variables);
    }
    if let Some(condition) = &statement.sample_if {
        body.insert("sample_if".to_owned(), condition.as_str().into());
    }
    if !statement.data_steps.is_empty() {
        body.insert("data_steps".to_owned(), serde_json::to_value(&statement.data_steps).unwrap_or_default());
    }
    body
}
