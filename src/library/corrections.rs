//! The client's additions at the freeze, sorted: corrections of columns and of parameters, answers, overridden
//! defaults. Whether the values fit is checked in `binding`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::freeze::FreezeRequest;
use super::known_names::roles_taken;
use super::terms::ROLES;
use crate::domain::dataset::Column;
use crate::domain::draft::Statement;
use crate::domain::expression::rename_columns;
use crate::domain::spelling::did_you_mean;
use crate::domain::template::{Parameter, ParameterType, TemplateMeta};

/// The request of a freeze by what it concerns.
#[derive(Debug, Default)]
pub(super) struct Request {
    /// Parameter name → value, from `variable_corrections`.
    pub corrections: BTreeMap<String, Value>,
    /// Parameter name → value, from `answers` and `default_overrides`.
    pub answers: BTreeMap<String, Value>,
    /// Old column → new column.
    pub renamed: BTreeMap<String, String>,
    /// `{path, reason}` of what cannot be understood.
    pub errors: Vec<(String, String)>,
}

/// Sorts a request out against a template, a draft and the columns.
pub(super) fn sort_out(
    request: &FreezeRequest,
    meta: &TemplateMeta,
    statement: &Statement,
    columns: &[Column],
) -> Request {
    let mut out = Request::default();
    for (key, value) in &request.variable_corrections {
        correction(key, value, meta, statement, columns, &mut out);
    }
    for (field, map) in [("answers", &request.answers), ("default_overrides", &request.default_overrides)] {
        for (key, value) in map {
            match parameter_of(key, meta) {
                Some(parameter) => {
                    let value = coerced(parameter, value);
                    if out.answers.insert(parameter.name.clone(), value).is_some() {
                        let reason = format!("{} is answered twice", parameter.name);
                        out.errors.push((format!("{field}.{key}"), reason));
                    }
                }
                None => {
                    let meant = did_you_mean(key, &names_of(meta));
                    let reason = format!("is neither a parameter of the template nor a role it takes{meant}");
                    out.errors.push((format!("{field}.{key}"), reason));
                }
            }
        }
    }
    out
}

/// `{old column: new column}` or `{parameter or role: column}`; a key that is both is refused.
fn correction(
    key: &str,
    value: &Value,
    meta: &TemplateMeta,
    statement: &Statement,
    columns: &[Column],
    out: &mut Request,
) {
    let path = format!("variable_corrections.{key}");
    let parameter = parameter_of(key, meta);
    let names_role = parameter.is_some() || ROLES.contains(&key);
    let names_column = columns.iter().any(|c| c.name == key) || mentions(statement, key);
    match (names_role, names_column) {
        (true, true) => {
            let reason = "is ambiguous: it names a column and a parameter or role".to_owned();
            out.errors.push((path, reason));
        }
        (true, false) => match parameter {
            Some(parameter) => {
                out.corrections.insert(parameter.name.clone(), coerced(parameter, value));
            }
            None => out.errors.push((path, "is a role that the template does not take".to_owned())),
        },
        (false, true) => match value.as_str() {
            Some(new) => {
                out.renamed.insert(key.to_owned(), new.to_owned());
            }
            None => out.errors.push((path, "a column is replaced by one column".to_owned())),
        },
        (false, false) => {
            let meant = did_you_mean(key, &names_of(meta));
            let reason = format!("is neither a column of the draft nor a parameter or role{meant}");
            out.errors.push((path, reason));
        }
    }
}

/// The names of parameters and roles that a request may use.
fn names_of(meta: &TemplateMeta) -> Vec<&str> {
    let mut names: Vec<&str> = meta.parameters.iter().map(|p| p.name.as_str()).collect();
    names.extend(
        roles_taken(meta).into_iter().filter(|role| !meta.parameters.iter().any(|p| p.name == *role)),
    );
    names
}

/// Returns the parameter with this name, or the one that this role fills.
fn parameter_of<'a>(key: &str, meta: &'a TemplateMeta) -> Option<&'a Parameter> {
    let named = meta.parameters.iter().find(|p| p.name == key);
    let key = if key == "sample_if" { "sample" } else { key };
    named.or_else(|| meta.parameters.iter().find(|p| p.bind == key && p.bind != "option"))
}

fn mentions(statement: &Statement, column: &str) -> bool {
    let is = |text: &String| text == column;
    statement.roles.values().flatten().any(is)
        || statement.categorical_vars.iter().any(is)
        || statement.derived_variables.iter().any(|v| names_column(&v.expression, column))
        || statement.interaction_terms.iter().flatten().any(is)
        || statement.parameters.values().any(|v| match v {
            Value::String(text) => text == column,
            Value::Array(items) => items.iter().any(|i| i.as_str() == Some(column)),
            _ => false,
        })
}

fn names_column(expression: &str, column: &str) -> bool {
    let other = BTreeMap::from([(column.to_owned(), String::new())]);
    rename_columns(expression, &other) != expression
}

/// Returns the draft with the columns renamed as a request asks.
pub(super) fn corrected(
    request: &FreezeRequest,
    meta: &TemplateMeta,
    statement: &Statement,
    columns: &[Column],
) -> Statement {
    renamed(statement, &sort_out(request, meta, statement, columns).renamed, meta)
}

/// Answers and corrections come as text or lists of option ids; numbers and truth values are read out of
/// the text, a list for a single column is taken apart.
fn coerced(parameter: &Parameter, value: &Value) -> Value {
    let Value::String(text) = value else { return value.clone() };
    let text = text.trim();
    match parameter.kind {
        ParameterType::Int => text.parse::<i64>().map_or_else(|_| value.clone(), |n| json!(n)),
        ParameterType::Number => text.parse::<f64>().map_or_else(|_| value.clone(), |n| json!(n)),
        ParameterType::Boolean => match text {
            "true" => json!(true),
            "false" => json!(false),
            _ => value.clone(),
        },
        _ => value.clone(),
    }
}

/// Returns the draft with renamed columns.
pub(super) fn renamed(
    statement: &Statement,
    renamed: &BTreeMap<String, String>,
    meta: &TemplateMeta,
) -> Statement {
    if renamed.is_empty() {
        return statement.clone();
    }
    let new = |column: &String| renamed.get(column).unwrap_or(column).clone();
    let mut out = statement.clone();
    for columns in out.roles.values_mut() {
        *columns = columns.iter().map(new).collect();
    }
    out.quantity_vars = out.quantity_vars.iter().map(new).collect();
    out.categorical_vars = out.categorical_vars.iter().map(new).collect();
    out.base_levels = out.base_levels.iter().map(|(column, level)| (new(column), level.clone())).collect();
    for term in &mut out.interaction_terms {
        *term = term.iter().map(new).collect();
    }
    out.parameters = rename_values(&out.parameters, renamed, meta);
    for variable in &mut out.derived_variables {
        variable.expression = rename_columns(&variable.expression, renamed);
    }
    out.sample_if = out.sample_if.as_ref().map(|text| rename_columns(text, renamed));
    out
}

fn rename_values(
    values: &Map<String, Value>,
    renamed: &BTreeMap<String, String>,
    meta: &TemplateMeta,
) -> Map<String, Value> {
    let new = |value: &Value| match value.as_str().and_then(|c| renamed.get(c)) {
        Some(column) => json!(column),
        None => value.clone(),
    };
    values
        .iter()
        .map(|(name, value)| {
            let kind = meta.parameters.iter().find(|p| p.name == *name).map(|p| p.kind);
            let value = match (kind, value) {
                (Some(ParameterType::Varname | ParameterType::Varlist), Value::Array(items)) => {
                    Value::Array(items.iter().map(new).collect())
                }
                (Some(ParameterType::Varname | ParameterType::Varlist), _) => new(value),
                (Some(ParameterType::Terms), Value::Array(pairs)) => {
                    let pair = |pair: &Value| match pair {
                        Value::Array(items) => Value::Array(items.iter().map(new).collect()),
                        other => other.clone(),
                    };
                    Value::Array(pairs.iter().map(pair).collect())
                }
                (Some(ParameterType::Condition), Value::String(text)) => json!(rename_columns(text, renamed)),
                _ => value.clone(),
            };
            (name.clone(), value)
        })
        .collect()
}
