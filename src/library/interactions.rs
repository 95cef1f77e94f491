//! Interactions of a draft: each column is a term of the model by itself, too.

use serde_json::json;

use super::binding::{Binding, Violation};
use super::terms::MODEL_TERMS;
use crate::domain::template::TemplateMeta;

/// Refuses an interaction with a column that is no term of the model: without its own effect the interaction would hold both.
pub(super) fn check(meta: &TemplateMeta, binding: &mut Binding) {
    let terms: Vec<&str> = meta
        .parameters
        .iter()
        .filter(|p| MODEL_TERMS.contains(&p.bind.as_str()))
        .flat_map(|p| binding.columns_of(p))
        .collect();
    let mut lacking: Vec<String> = Vec::new();
    for column in bound(meta, binding).into_iter().flatten() {
        if !terms.contains(&column.as_str()) && !lacking.contains(&column) {
            lacking.push(column);
        }
    }
    let violations = lacking.into_iter().map(|column| Violation {
        path: "interaction_terms".to_owned(),
        reason: format!("`{column}` is in an interaction and no regressor or control: the model has the effect of each column, too"),
        value: json!(column),
        suggestion: format!("put `{column}` into regressors or controls"),
    });
    let violations: Vec<Violation> = violations.collect();
    binding.violations.extend(violations);
}

/// The interactions that the template takes, each as the list of its columns.
pub(super) fn bound(meta: &TemplateMeta, binding: &Binding) -> Vec<Vec<String>> {
    let parameter = meta.parameters.iter().find(|p| p.bind == "interaction_terms");
    let value = parameter.and_then(|p| binding.values.get(&p.name)).map(|bound| bound.value.clone());
    match value {
        Some(value) => serde_json::from_value(value).unwrap_or_default(),
        // what no parameter takes is refused as unused
        None => binding.statement.interaction_terms.clone(),
    }
}

/// What to set where a template takes no interaction.
pub(super) fn advice(terms: &[Vec<String>]) -> String {
    let (a, b) = match terms.first().map(Vec::as_slice) {
        Some([a, b, ..]) => (a.as_str(), b.as_str()),
        _ => ("A", "B"),
    };
    format!(
        "; linear.interaction_margins estimates one interaction (focal_var {a}, moderator_var {b}), linear.ols_robust takes several \
         with {a} and {b} among regressors or controls"
    )
}
