//! Parameter values: their grammar and limits (checked when a plan is frozen) and their encoding as locals
//! (when a run is rendered). What a parameter means to an analysis is the template's business.

mod advice;
mod terms;

use chrono::NaiveDate;
use serde_json::{Value, json};

use self::advice::{amount_advice, flag_advice, quoted_number};
use super::dataset::Column;
use super::encode::{SafeText, Unsafe, VariableName, is_storable, number_text};
use super::expression::Condition;
use super::expression::{ExpressionError, days_since_1960, nearest, parse_condition};
use super::plan::PlanCondition;
use super::profile;
use super::template::{Parameter, ParameterType};

/// The smallest `int`: what a Stata long holds (`help datatypes`).
pub const INT_MIN: i64 = -2_147_483_647;
/// The largest `int`; the larger longs are missing values.
pub const INT_MAX: i64 = 2_147_483_620;

/// Why a value does not fit its parameter.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ValueError {
    /// No column of the data has this name.
    #[error("there is no column `{column}`")]
    ColumnAbsent {
        /// The name as it was submitted.
        column: String,
        /// Names of columns with a similar spelling, most similar first; may be empty.
        nearest: Vec<String>,
    },
    /// The value has the wrong form or lies outside the limits of the parameter.
    #[error("{reason}")]
    Invalid {
        /// Predicate for people, such as `true or false is needed`.
        reason: String,
        /// A value or form that would be accepted.
        suggestion: String,
    },
    /// The value is a condition that does not parse on these columns.
    #[error("{0}")]
    Expression(ExpressionError),
}

impl ValueError {
    fn invalid(reason: impl Into<String>, suggestion: impl Into<String>) -> Self {
        Self::Invalid { reason: reason.into(), suggestion: suggestion.into() }
    }
}

/// Checks a stated value against the declaration and the columns and returns it in its stored form:
/// `varname`, `enum`, `text` a string, `varlist` a list of strings, `terms` a list of pairs, `int` and `number` a number, `boolean`
/// a truth value, `date` an ISO date, `condition` a [`PlanCondition`].
///
/// # Errors
/// Every [`ValueError`] of the value, not just the first.
pub fn check_value(
    parameter: &Parameter,
    value: &Value,
    columns: &[Column],
) -> Result<Value, Vec<ValueError>> {
    let one = |result: Result<Value, ValueError>| result.map_err(|e| vec![e]);
    match parameter.kind {
        ParameterType::Varname => check_varname(parameter, value, columns),
        ParameterType::Varlist => check_varlist(parameter, value, columns),
        ParameterType::Terms => terms::check(parameter, value, columns),
        ParameterType::Int => one(check_int(parameter, value)),
        ParameterType::Number => one(check_number(parameter, value)),
        ParameterType::Enum => one(check_enum(parameter, value)),
        ParameterType::Boolean => match value {
            Value::Bool(_) => Ok(value.clone()),
            _ => Err(vec![ValueError::invalid("true or false is needed", "true or false")]),
        },
        ParameterType::Date => one(check_date(value)),
        ParameterType::Text => one(check_text(parameter, value)),
        ParameterType::Condition => one(check_condition(value, columns)),
    }
}

fn check_varname(parameter: &Parameter, value: &Value, columns: &[Column]) -> Result<Value, Vec<ValueError>> {
    let name = match value {
        Value::String(name) => name,
        Value::Array(items) if items.len() == 1 && items[0].is_string() => items[0].as_str().unwrap_or(""),
        _ => return Err(vec![ValueError::invalid("one column is needed", "the name of one column")]),
    };
    let errors = column_errors(parameter, name, columns);
    if errors.is_empty() { Ok(json!(name)) } else { Err(errors) }
}

fn check_varlist(parameter: &Parameter, value: &Value, columns: &[Column]) -> Result<Value, Vec<ValueError>> {
    let names: Option<Vec<&str>> = match value {
        // names have neither commas nor blanks, so that a text may hold several
        Value::String(names) => {
            Some(names.split([',', ' ']).filter(|name| !name.is_empty()).collect::<Vec<&str>>())
        }
        Value::Array(items) => items.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let Some(names) = names else {
        return Err(vec![ValueError::invalid("a list of columns is needed", "a list of column names")]);
    };
    let mut errors = Vec::new();
    for (i, name) in names.iter().enumerate() {
        if names[..i].contains(name) {
            let reason = format!("`{name}` is listed twice");
            errors.push(ValueError::invalid(reason, "each column once"));
        } else {
            errors.extend(column_errors(parameter, name, columns));
        }
    }
    let least = parameter.min_items.unwrap_or(usize::from(parameter.required));
    if names.len() < least {
        let reason = format!("at least {least} columns are needed, {} given", names.len());
        errors.push(ValueError::invalid(reason, format!("{least} or more columns")));
    }
    if let Some(most) = parameter.max_items.filter(|most| names.len() > *most) {
        let reason = format!("at most {most} columns are taken, {} given", names.len());
        errors.push(ValueError::invalid(reason, format!("{most} or fewer columns")));
    }
    if errors.is_empty() { Ok(json!(names)) } else { Err(errors) }
}

/// Returns what keeps one column from a parameter: absence, kind, number of levels, share of missing.
pub fn column_errors(parameter: &Parameter, name: &str, columns: &[Column]) -> Vec<ValueError> {
    let Some(column) = columns.iter().find(|c| c.name == name) else {
        return vec![ValueError::ColumnAbsent { column: name.to_owned(), nearest: nearest(name, columns) }];
    };
    column_misfits(parameter, column)
        .into_iter()
        .map(|reason| {
            let fitting: Vec<&str> = columns
                .iter()
                .filter(|c| column_misfits(parameter, c).is_empty())
                .map(|c| c.name.as_str())
                .take(5)
                .collect();
            let suggestion = if fitting.is_empty() {
                "no column of the data fits".to_owned()
            } else {
                format!("for example {}", fitting.join(", "))
            };
            ValueError::invalid(reason, suggestion)
        })
        .collect()
}

/// Returns the reasons why a column cannot fill a parameter; none if it can.
pub fn column_misfits(parameter: &Parameter, column: &Column) -> Vec<String> {
    let mut reasons = Vec::new();
    if VariableName::parse(column.name.as_str()).is_err() {
        reasons.push(format!("`{}` is not a variable name", column.name));
    }
    if column.missing_share >= 1.0 {
        reasons.push(format!("`{}` has no value at all", column.name));
        return reasons;
    }
    let Some(needs) = &parameter.column else { return reasons };
    if !needs.kinds.is_empty() && !needs.kinds.iter().any(|kind| profile::serves_as(column, kind)) {
        let kind = profile::primary_kind(column);
        let kind = match column.is_text() {
            true => format!("text ({kind})"),
            false => kind.to_owned(),
        };
        let advice = flag_advice(column, &needs.kinds) + &amount_advice(column, &needs.kinds);
        reasons.push(format!("`{}` is {kind}, needed is {}{advice}", column.name, needs.kinds.join(" or ")));
    }
    if let Some(least) = needs.min_distinct.filter(|least| column.distinct < *least) {
        let found = distinct_values(column.distinct);
        reasons.push(format!("`{}` has {found}, at least {least} are needed", column.name));
    }
    if let Some(most) = needs.max_distinct.filter(|most| column.distinct > *most) {
        let found = distinct_values(column.distinct);
        reasons.push(format!("`{}` has {found}, at most {most} are taken", column.name));
    }
    if let Some(most) = needs.max_missing_share.filter(|most| column.missing_share > *most) {
        let share = column.missing_share * 100.0;
        reasons.push(format!(
            "{share:.1} % of `{}` are missing, at most {} % are taken",
            column.name,
            number_text(most * 100.0)
        ));
    }
    reasons
}

fn distinct_values(count: u64) -> String {
    format!("{count} distinct {}", if count == 1 { "value" } else { "values" })
}

fn check_bounds(parameter: &Parameter, value: f64) -> Result<(), ValueError> {
    let low = parameter.min.filter(|min| value < *min).map(|min| format!("at least {}", number_text(min)));
    let high = parameter.max.filter(|max| value > *max).map(|max| format!("at most {}", number_text(max)));
    match low.or(high) {
        Some(bound) => {
            let reason = format!("{} is outside the limits: {bound}", number_text(value));
            // 0.95 for a level of 95
            let percent = (value > 0.0 && value < 1.0 && parameter.min.is_some_and(|min| min >= 1.0))
                .then_some(value * 100.0)
                .filter(|percent| parameter.min <= Some(*percent) && Some(*percent) <= parameter.max);
            match percent.map(|percent| format!("{}, if per cent are meant", number_text(percent))) {
                Some(meant) => Err(ValueError::invalid(format!("{reason}: {meant}"), meant)),
                None => Err(ValueError::invalid(reason, bound)),
            }
        }
        None => Ok(()),
    }
}

fn check_int(parameter: &Parameter, value: &Value) -> Result<Value, ValueError> {
    let whole = value
        .as_i64()
        .or_else(|| value.as_f64().filter(|v| v.fract() == 0.0 && v.abs() <= 2e9).map(|v| v as i64));
    let whole = whole.ok_or_else(|| quoted_number(value, "a whole number is needed", "a whole number"))?;
    if !(INT_MIN..=INT_MAX).contains(&whole) {
        let bound = format!("{INT_MIN} to {INT_MAX}");
        return Err(ValueError::invalid(format!("{whole} is outside {bound}"), bound));
    }
    check_bounds(parameter, whole as f64)?;
    Ok(json!(whole))
}

fn check_number(parameter: &Parameter, value: &Value) -> Result<Value, ValueError> {
    let number = value
        .as_f64()
        .filter(|v| is_storable(*v))
        .ok_or_else(|| quoted_number(value, "a finite number is needed", "a number"))?;
    check_bounds(parameter, number)?;
    // whole numbers are stored as such, so that 95 and 95.0 are the same plan
    if number.fract() == 0.0 && number.abs() < 9e15 { Ok(json!(number as i64)) } else { Ok(json!(number)) }
}

fn check_enum(parameter: &Parameter, value: &Value) -> Result<Value, ValueError> {
    let values = parameter.values.as_deref().unwrap_or_default();
    match value.as_str().filter(|text| values.iter().any(|v| v == text)) {
        Some(text) => Ok(json!(text)),
        None => {
            let list = values.join(", ");
            Err(ValueError::invalid(format!("one of {list} is needed"), list))
        }
    }
}

fn check_date(value: &Value) -> Result<Value, ValueError> {
    let date = value.as_str().and_then(parse_date);
    match date {
        Some(date) => Ok(json!(date.format("%Y-%m-%d").to_string())),
        None => Err(ValueError::invalid("a date of the form YYYY-MM-DD is needed", "2020-01-31")),
    }
}

fn parse_date(text: &str) -> Option<NaiveDate> {
    use chrono::Datelike;
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|d| (100..=9999).contains(&d.year()))
}

fn check_text(parameter: &Parameter, value: &Value) -> Result<Value, ValueError> {
    // one quantile is written as a number
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err(ValueError::invalid("a text is needed", "a text")),
    };
    let text =
        SafeText::parse(text.as_str()).map_err(|e| ValueError::invalid(e.to_string(), "a plain text"))?;
    let length = text.as_str().chars().count();
    if let Some(most) = parameter.max_length.filter(|most| length > *most) {
        let reason = format!("the text has {length} characters, at most {most} are taken");
        return Err(ValueError::invalid(reason, format!("{most} or fewer characters")));
    }
    if let Some(pattern) = parameter.pattern.as_deref().filter(|p| !matches_pattern(p, text.as_str())) {
        return Err(ValueError::invalid(format!("the text does not match {pattern}"), pattern));
    }
    Ok(json!(text.as_str()))
}

/// Compiles the pattern of a `text` parameter, which the whole text must match.
///
/// # Errors
/// The reason if it is not a regular expression.
pub fn compile_pattern(pattern: &str) -> Result<regex::Regex, String> {
    regex::RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(100_000)
        .build()
        .map_err(|e| e.to_string())
}

fn matches_pattern(pattern: &str, text: &str) -> bool {
    compile_pattern(pattern).is_ok_and(|p| p.is_match(text))
}

fn check_condition(value: &Value, columns: &[Column]) -> Result<Value, ValueError> {
    let text = value
        .as_str()
        .or_else(|| value.get("text").and_then(Value::as_str))
        .ok_or_else(|| ValueError::invalid("a condition is needed", "for example age >= 18"))?;
    let condition = parse_condition(text, columns).map_err(ValueError::Expression)?;
    let stored = stored_condition(text, &condition);
    Ok(serde_json::to_value(stored).expect("a condition serialises"))
}

/// Returns a condition in the form that plans keep.
pub fn stored_condition(text: &str, condition: &Condition) -> PlanCondition {
    PlanCondition {
        text: text.to_owned(),
        canonical: condition.canonical(),
        tree: serde_json::to_value(condition).expect("a condition serialises"),
    }
}

/// Reads the tree of a stored condition; names and texts are checked again.
///
/// # Errors
/// A reason if the stored tree is not one that this release prints.
pub fn condition_tree(stored: &PlanCondition) -> Result<Condition, String> {
    serde_json::from_value(stored.tree.clone()).map_err(|e| format!("the stored condition is damaged: {e}"))
}

/// The name that bodies receive for a column, and whether it is marked categorical.
pub trait Substitution {
    /// Returns the companion where there is one, else the column itself.
    fn plain(&self, column: &str) -> String;
    /// True where `i.` belongs before the name in a list of model terms.
    fn categorical(&self, column: &str) -> bool;
}

/// Returns the locals of one parameter in their order, name and text; an absent value gives empty ones.
/// The texts need no further quoting than `"…"`, or compound quotes for a condition.
///
/// # Errors
/// A reason if a stored value is not of the parameter's type or not safe; freeze lets none through.
pub fn locals(
    parameter: &Parameter,
    value: Option<&Value>,
    names: &dyn Substitution,
) -> Result<Vec<(String, String)>, String> {
    let name = format!("p_{}", parameter.name);
    let damaged = || format!("the bound value of `{}` is not a {}", parameter.name, parameter.kind.as_str());
    let text = value.filter(|v| !v.is_null());
    match parameter.kind {
        ParameterType::Varname | ParameterType::Varlist => {
            let columns: Vec<&str> = match text {
                None => Vec::new(),
                Some(Value::String(column)) => vec![column],
                Some(Value::Array(items)) => {
                    items.iter().map(|i| i.as_str().ok_or_else(damaged)).collect::<Result<_, _>>()?
                }
                Some(_) => return Err(damaged()),
            };
            let mut plain = Vec::new();
            let mut terms = Vec::new();
            for column in columns {
                let target = VariableName::parse(names.plain(column)).map_err(|e| e.to_string())?;
                terms.push(if names.categorical(column) {
                    format!("i.{target}")
                } else {
                    target.to_string()
                });
                plain.push(target.to_string());
            }
            let term_name = format!("{name}_fv");
            Ok(vec![(name, plain.join(" ")), (term_name, terms.join(" "))])
        }
        ParameterType::Terms => {
            let made = text.map(|v| terms::written(v, names).ok_or_else(damaged)).transpose()?;
            Ok(vec![(name, made.unwrap_or_default())])
        }
        ParameterType::Date => {
            let iso_name = format!("{name}_iso");
            let Some(value) = text else { return Ok(vec![(name, String::new()), (iso_name, String::new())]) };
            let date = value.as_str().and_then(parse_date).ok_or_else(damaged)?;
            let iso = date.format("%Y-%m-%d").to_string();
            Ok(vec![(name, days_since_1960(date).to_string()), (iso_name, iso)])
        }
        _ => {
            let encoded = text.map(|v| encode_scalar(parameter, v).ok_or_else(damaged)).transpose()?;
            Ok(vec![(name, encoded.unwrap_or_default())])
        }
    }
}

fn encode_scalar(parameter: &Parameter, value: &Value) -> Option<String> {
    match parameter.kind {
        ParameterType::Int => Some(value.as_i64()?.to_string()),
        ParameterType::Number => value.as_f64().filter(|v| is_storable(*v)).map(number_text),
        ParameterType::Boolean => Some(if value.as_bool()? { "1" } else { "0" }.to_owned()),
        ParameterType::Condition => {
            let stored: PlanCondition = serde_json::from_value(value.clone()).ok()?;
            Some(condition_tree(&stored).ok()?.stata_true())
        }
        ParameterType::Enum | ParameterType::Text => {
            let text: Result<SafeText, Unsafe> = SafeText::parse(value.as_str()?);
            text.ok().map(|t| t.as_str().to_owned())
        }
        _ => None,
    }
}
