//! Columns that a plan treats as categories: which, with which numeric companions, and what speaks against.

use std::collections::BTreeSet;

use serde_json::json;

use super::base_levels::{evident_order, numbering};
use super::binding::{Binding, Violation, bind};
use super::freeze::FreezeRequest;
use super::terms::MODEL_TERMS;
use crate::domain::dataset::Column;
use crate::domain::draft::Statement;
use crate::domain::encode::{SafeText, is_storable};
use crate::domain::plan::{BaseLevel, CategoricalMark};
use crate::domain::profile::{MAX_LEVELS, companion_method, companion_name};
use crate::domain::template::{Parameter, TemplateMeta};

/// Roles of columns that form groups.
const GROUPS: [&str; 3] = ["group_var", "row_var", "col_var"];

/// Roles whose columns enter as categories where the file itself declares the codes of groups.
const COVARIATES: [&str; 2] = ["regressors", "controls"];

/// Columns that must be treated as categories: those that the draft marks, text among the terms of a model, which no command
/// takes as it is, and regressors that the file declares as codes of groups, unless the draft says that they are amounts.
fn categorical_columns<'a>(meta: &TemplateMeta, columns: &'a [Column], binding: &Binding) -> Vec<&'a Column> {
    let mut marked = BTreeSet::new();
    for parameter in &meta.parameters {
        let term = MODEL_TERMS.contains(&parameter.bind.as_str());
        let kinds = parameter.column.as_ref().map_or(&[][..], |c| c.kinds.as_slice());
        let takes_text = kinds.iter().any(|k| k == "text" || k == "id");
        for name in binding.columns_of(parameter) {
            let is = |test: fn(&Column) -> bool| columns.iter().any(|c| c.name == name && test(c));
            let text = is(Column::is_text);
            let codes = COVARIATES.contains(&parameter.bind.as_str())
                && kinds.iter().any(|k| k == "categorical")
                && is(Column::is_declared_factor)
                && !binding.statement.quantity_vars.iter().any(|c| c == name);
            if codes
                || binding.statement.categorical_vars.iter().any(|c| c == name)
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
        let stated = binding.statement.base_levels.get(&column.name).map(|level| level_of(column, level));
        let numbering = numbering(column, stated.as_deref());
        marks.push(CategoricalMark {
            column: column.name.clone(),
            companion,
            encoding: method.map(|m| m.as_str().to_owned()),
            order: numbering.order,
            base: numbering.base,
        });
    }
    for column in groups_with_an_order(meta, columns, binding) {
        let Some(method) = companion_method(column).filter(|_| marks.iter().all(|m| m.column != column.name))
        else {
            continue;
        };
        let companion = companion_name(&column.name, &taken);
        taken.push(companion.clone());
        marks.push(CategoricalMark {
            column: column.name.clone(),
            companion: Some(companion),
            encoding: Some(method.as_str().to_owned()),
            order: evident_order(column),
            base: None,
        });
    }
    marks
}

/// Columns of text that form groups, and of whose words an order is evident: tables and figures have them in this order, by the
/// numbers of a companion.
fn groups_with_an_order<'a>(
    meta: &TemplateMeta,
    columns: &'a [Column],
    binding: &Binding,
) -> Vec<&'a Column> {
    let sorts = meta.parameters.iter().filter(|p| GROUPS.contains(&p.bind.as_str()));
    // a companion is a number, which a parameter of texts alone does not take
    let takes =
        |p: &&Parameter| p.column.as_ref().is_some_and(|c| c.kinds.iter().any(|k| k == "categorical"));
    let names: BTreeSet<&str> = sorts.filter(takes).flat_map(|p| binding.columns_of(p)).collect();
    columns.iter().filter(|c| names.contains(c.name.as_str()) && !evident_order(c).is_empty()).collect()
}

/// Returns the columns that a draft treats as categories with the base of each, as far as it is known.
pub fn bases(meta: &TemplateMeta, columns: &[Column], statement: &Statement) -> Vec<(String, BaseLevel)> {
    let binding = bind(meta, statement, &FreezeRequest::default(), columns);
    let marks = marks(meta, columns, &binding).into_iter();
    marks.filter_map(|mark| Some((mark.column, mark.base?))).collect()
}

/// The base that the client states must be a level of a column that the analysis treats as categories.
pub(super) fn check_bases(meta: &TemplateMeta, columns: &[Column], binding: &mut Binding) {
    let marked = categorical_columns(meta, columns, binding);
    let mut violations = Vec::new();
    for (name, level) in &binding.statement.base_levels {
        let wrong = match marked.iter().find(|column| column.name == *name) {
            None => Some((
                format!("`{name}` is no column of categories of this analysis; take it out of base_levels"),
                marked.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", "),
            )),
            Some(column) => unknown_level(column, level),
        };
        violations.extend(wrong.map(|(reason, suggestion)| Violation {
            path: format!("base_levels.{name}"),
            reason,
            value: json!(level),
            suggestion,
        }));
    }
    binding.violations.extend(violations);
}

/// A level as the column holds it: of numbers with labels the number, also where its label is stated.
fn level_of(column: &Column, stated: &str) -> String {
    column.value_named(stated).map_or_else(|| stated.to_owned(), |value| value.to_string())
}

/// True for a text that is the label of one number and itself another number of the column.
fn is_ambiguous(column: &Column, level: &str) -> bool {
    let is_value = column.names.iter().any(|named| named.value.to_string() == level.trim());
    let mut labelled = column.names.iter().filter(|named| named.label == level.trim());
    is_value && labelled.any(|named| named.value.to_string() != level.trim())
}

/// What keeps a level from being the base of a column, with what would do.
fn unknown_level(column: &Column, level: &str) -> Option<(String, String)> {
    if column.is_text() {
        let known = column.levels.len() as u64 == column.distinct;
        if known && !column.levels.iter().any(|l| l == level) {
            let reason = format!("`{}` has no level {level:?}", column.name);
            return Some((reason, column.levels.join(", ")));
        }
        let unsafe_text = SafeText::parse(level).err()?;
        return Some((format!("the level cannot be written: {unsafe_text}"), "another level".to_owned()));
    }
    if is_ambiguous(column, level) {
        let legend = column.legend();
        let reason =
            format!("{level:?} is a value of `{}` and the label of another one ({legend})", column.name);
        return Some((reason, "a label that is no value, or another value".to_owned()));
    }
    let level = level_of(column, level);
    let number = level.parse::<f64>().ok().filter(|x| is_storable(*x));
    let within = |x: &f64| column.min.is_none_or(|min| *x >= min) && column.max.is_none_or(|max| *x <= max);
    if number.filter(within).is_some() {
        return None;
    }
    if !column.names.is_empty() {
        let reason = format!(
            "`{}` holds numbers with labels, and {level:?} is neither one of them nor a label of one ({})",
            column.name,
            column.legend()
        );
        return Some((reason, column.names.iter().map(|n| n.label.clone()).collect::<Vec<_>>().join(", ")));
    }
    let reason = format!("`{}` holds numbers, and {level:?} is none of them", column.name);
    Some((reason, "a number of the column".to_owned()))
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
