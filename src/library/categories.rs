//! Columns that a plan treats as categories: which, with which numeric companions, and what speaks against.

use std::collections::BTreeSet;

use serde_json::json;

use super::binding::{Binding, Violation};
use super::terms::MODEL_TERMS;
use crate::domain::dataset::Column;
use crate::domain::plan::CategoricalMark;
use crate::domain::profile::{MAX_LEVELS, companion_method, companion_name};
use crate::domain::template::TemplateMeta;

/// Columns that must be treated as categories: those that the draft marks, and text among the terms of a
/// model, which no command takes as it is.
fn categorical_columns<'a>(meta: &TemplateMeta, columns: &'a [Column], binding: &Binding) -> Vec<&'a Column> {
    let mut marked = BTreeSet::new();
    for parameter in &meta.parameters {
        let term = MODEL_TERMS.contains(&parameter.bind.as_str());
        let kinds = parameter.column.as_ref().map_or(&[][..], |c| c.kinds.as_slice());
        let takes_text = kinds.iter().any(|k| k == "text" || k == "id");
        for name in binding.columns_of(parameter) {
            let text = columns.iter().any(|c| c.name == name && c.is_text());
            if binding.statement.categorical_vars.iter().any(|c| c == name)
                || (text && !takes_text && (term || kinds.iter().any(|k| k == "categorical")))
            {
                marked.insert(name.to_owned());
            }
        }
    }
    columns.iter().filter(|c| marked.contains(&c.name)).collect()
}

/// Returns the marks of a plan, each with its companion where one is needed.
pub(super) fn marks(meta: &TemplateMeta, columns: &[Column], binding: &Binding) -> Vec<CategoricalMark> {
    let mut taken: Vec<String> = columns.iter().map(|c| c.name.clone()).collect();
    let mut marks = Vec::new();
    for column in categorical_columns(meta, columns, binding) {
        let method = companion_method(column);
        let companion = method.map(|_| companion_name(&column.name, &taken));
        taken.extend(companion.clone());
        marks.push(CategoricalMark {
            column: column.name.clone(),
            companion,
            encoding: method.map(|m| m.as_str().to_owned()),
        });
    }
    marks
}

/// A column that is treated as categories needs few levels, and a companion must not stand for a quantity.
pub(super) fn check_marks(meta: &TemplateMeta, columns: &[Column], binding: &mut Binding) {
    let mut violations = Vec::new();
    for column in categorical_columns(meta, columns, binding) {
        let path = "categorical_vars".to_owned();
        let value = json!(column.name);
        if column.storage == "strL" || column.distinct > MAX_LEVELS || column.distinct_is_lower_bound {
            violations.push(Violation {
                path,
                reason: format!("`{}` has too many or too long values for categories", column.name),
                value,
                suggestion: format!("a column with at most {MAX_LEVELS} levels"),
            });
            continue;
        }
        if companion_method(column).is_none() {
            continue;
        }
        for parameter in &meta.parameters {
            let quantity = parameter
                .column
                .as_ref()
                .is_some_and(|c| !c.kinds.iter().any(|k| k == "categorical") && !c.kinds.is_empty());
            if quantity && binding.columns_of(parameter).contains(&column.name.as_str()) {
                violations.push(Violation {
                    path: path.clone(),
                    reason: format!(
                        "`{}` is marked categorical, {} takes a quantity",
                        column.name, parameter.name
                    ),
                    value: value.clone(),
                    suggestion: "leave the mark out".to_owned(),
                });
            }
        }
    }
    binding.violations.extend(violations);
}
