//! Interactions: pairs of columns whose effects depend on each other.

use serde_json::{Value, json};

use super::{Substitution, ValueError};
use crate::domain::dataset::Column;
use crate::domain::encode::VariableName;
use crate::domain::expression::nearest;
use crate::domain::template::Parameter;

/// Checks a list of pairs and returns it in its stored form.
pub(super) fn check(
    parameter: &Parameter,
    value: &Value,
    columns: &[Column],
) -> Result<Value, Vec<ValueError>> {
    let invalid = |reason: String, suggestion: &str| ValueError::invalid(reason, suggestion);
    let Some(pairs) = pairs(value) else {
        let reason = "pairs of two columns are needed".to_owned();
        return Err(vec![invalid(reason, "a list such as [[\"a\", \"b\"]]")]);
    };
    let mut errors = Vec::new();
    for (at, [a, b]) in pairs.iter().enumerate() {
        if a == b {
            let reason = format!("`{a}` is paired with itself: a square is a derived variable");
            errors.push(invalid(reason, "two different columns"));
        }
        if pairs[..at].iter().any(|[x, y]| (x, y) == (a, b) || (y, x) == (a, b)) {
            errors.push(invalid(format!("`{a}` and `{b}` are paired twice"), "each pair once"));
        }
        for name in [a, b].into_iter().filter(|name| columns.iter().all(|c| c.name != **name)) {
            errors.push(ValueError::ColumnAbsent {
                column: (*name).to_owned(),
                nearest: nearest(name, columns),
            });
        }
    }
    if let Some(most) = parameter.max_items.filter(|most| pairs.len() > *most) {
        let reason = format!("at most {most} interactions are taken, {} given", pairs.len());
        errors.push(invalid(reason, "fewer pairs"));
    }
    if errors.is_empty() { Ok(json!(pairs)) } else { Err(errors) }
}

/// The pairs of a value; `None` where an item is no pair of texts.
fn pairs(value: &Value) -> Option<Vec<[&str; 2]>> {
    value.as_array()?.iter().map(pair).collect()
}

fn pair(item: &Value) -> Option<[&str; 2]> {
    match item.as_array()?.as_slice() {
        [a, b] => Some([a.as_str()?.trim(), b.as_str()?.trim()]),
        _ => None,
    }
}

/// The pairs as terms of a model, each with the effects of both columns ([U] 11.4.3); a term that the model has already counts
/// once.
pub(super) fn written(value: &Value, names: &dyn Substitution) -> Option<String> {
    let side = |column: &str| {
        let target = VariableName::parse(names.plain(column)).ok()?;
        Some(format!("{}.{target}", if names.categorical(column) { "i" } else { "c" }))
    };
    let terms: Option<Vec<String>> =
        pairs(value)?.iter().map(|[a, b]| Some(format!("{}##{}", side(a)?, side(b)?))).collect();
    Some(terms?.join(" "))
}
