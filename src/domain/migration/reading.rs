//! Typed reading of members of old records, with refusals that name the field.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::Value;

use super::{Members, Refusal};
use crate::domain::artifact::safe_rel_path;

/// Returns a text; absent and `null` are `None`.
///
/// # Errors
/// [`Refusal::Field`] for another type.
pub(super) fn text(record: &Members, field: &str) -> Result<Option<String>, Refusal> {
    match record.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::field(field, "is not a text")),
    }
}

/// Returns a text that must be there.
///
/// # Errors
/// [`Refusal::Field`].
pub(super) fn required_text(record: &Members, field: &str) -> Result<String, Refusal> {
    text(record, field)?.ok_or_else(|| Refusal::field(field, "is missing"))
}

/// Returns a time; a time without an offset is UTC.
///
/// # Errors
/// [`Refusal::Field`].
pub(super) fn time(record: &Members, field: &str) -> Result<Option<DateTime<Utc>>, Refusal> {
    let Some(text) = text(record, field)? else { return Ok(None) };
    parse_time(&text).map(Some).ok_or_else(|| Refusal::field(field, "is not a time"))
}

/// Reads RFC 3339, or the same without an offset.
pub(super) fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .map(|time| time.and_utc())
}

/// Returns the first time that can be read; an old record's inner parts are taken as far as they go.
pub(super) fn any_time(record: &Members, fields: &[&str]) -> Option<DateTime<Utc>> {
    fields.iter().find_map(|field| parse_time(record.get(*field)?.as_str()?))
}

/// Returns an object; absent and `null` are `None`.
///
/// # Errors
/// [`Refusal::Field`] for another type.
pub(super) fn object<'a>(record: &'a Members, field: &str) -> Result<Option<&'a Members>, Refusal> {
    match record.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members)),
        Some(_) => Err(Refusal::field(field, "is not an object")),
    }
}

/// Returns a list of objects; absent and `null` are empty.
///
/// # Errors
/// [`Refusal::Field`] for another type.
pub(super) fn objects<'a>(record: &'a Members, field: &str) -> Result<Vec<&'a Members>, Refusal> {
    let wrong = || Refusal::field(field, "is not a list of objects");
    match record.get(field) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(|item| item.as_object().ok_or_else(wrong)).collect(),
        Some(_) => Err(wrong()),
    }
}

/// Returns the artifact entries of a record: those of its index and those that its runs list.
pub(super) fn artifact_entries<'a>(record: &'a Members) -> Vec<&'a Members> {
    let list = |value: Option<&'a Value>| value.and_then(Value::as_array).into_iter().flatten();
    let runs = list(record.get("runs")).flat_map(|run| list(run.get("artifacts")));
    list(record.get("artifacts_index")).chain(runs).filter_map(Value::as_object).collect()
}

/// Returns the paths of the files that an old record names, safe ones only, without repetition.
pub fn named_files(record: &Members) -> Vec<String> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut add = |value: Option<&Value>| {
        if let Some(path) = value.and_then(Value::as_str).filter(|path| safe_rel_path(path).is_some()) {
            names.insert(path.to_owned());
        }
    };
    for entry in artifact_entries(record) {
        add(entry.get("rel_path"));
    }
    add(record.get("llm_plan").and_then(|plan| plan.get("rel_path")));
    add(record.get("inputs").and_then(|inputs| inputs.get("manifest_rel_path")));
    names.into_iter().collect()
}
