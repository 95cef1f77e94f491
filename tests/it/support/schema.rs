//! A strict validator for the part of JSON Schema that the OpenAPI document uses: a keyword that it does not know is
//! an error, and so is a field that no schema names. The linter of the test command validates the document's examples
//! with a validator of its own.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Keywords that say nothing on validity here.
const WORDS: &[&str] = &["description", "title", "example", "examples", "default", "deprecated", "format"];
const KNOWN: &[&str] = &[
    "$ref",
    "allOf",
    "oneOf",
    "anyOf",
    "type",
    "enum",
    "const",
    "properties",
    "required",
    "additionalProperties",
    "propertyNames",
    "items",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "pattern",
];

/// What of a value is not as its schema says; empty if all is.
pub(crate) fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(document, schema, value, "", true, &mut found);
    found
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(target) => {
            let pointer = target.strip_prefix('#').expect("a reference within the document");
            resolved(document, document.pointer(pointer).unwrap_or_else(|| panic!("{target} is not there")))
        }
        None => schema,
    }
}

/// Every field that a schema names, its parts included; `None` where any field may come.
fn fields(document: &Value, schema: &Value) -> Option<BTreeSet<String>> {
    let schema = resolved(document, schema);
    if schema.get("additionalProperties").is_some_and(|more| *more != false) {
        return None;
    }
    let own = schema["properties"].as_object();
    let parts = schema["allOf"].as_array();
    if own.is_none() && parts.is_none() {
        return None;
    }
    let mut all: BTreeSet<String> = own.into_iter().flat_map(|own| own.keys().cloned()).collect();
    for part in parts.into_iter().flatten() {
        all.extend(fields(document, part)?);
    }
    Some(all)
}

/// `whole`: the schema says everything on the value, so that fields that it does not name are faults.
fn check(document: &Value, schema: &Value, value: &Value, at: &str, whole: bool, found: &mut Vec<String>) {
    let schema = resolved(document, schema);
    let Some(keywords) = schema.as_object() else { return };
    for keyword in keywords.keys() {
        let is_known = KNOWN.contains(&keyword.as_str()) || WORDS.contains(&keyword.as_str());
        assert!(is_known || keyword.starts_with("x-"), "the validator does not know {keyword}");
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        check(document, part, value, at, false, found);
    }
    for group in ["oneOf", "anyOf"] {
        if let Some(parts) = schema[group].as_array() {
            let tries = parts.iter().map(|part| {
                let mut tried = Vec::new();
                check(document, part, value, at, true, &mut tried);
                tried
            });
            found.extend(tries.min_by_key(Vec::len).unwrap_or_default());
        }
    }
    if !has_type(&schema["type"], value) {
        found.push(format!("{at}: {} is expected, there is {}", schema["type"], shown(value)));
        return;
    }
    let listed = schema["enum"].as_array().is_none_or(|list| list.contains(value));
    if !listed || keywords.get("const").is_some_and(|constant| constant != value) {
        found.push(format!("{at}: {} is none of the values of the document", shown(value)));
    }
    bounds(schema, value, at, found);
    if let Some(object) = value.as_object() {
        members(document, schema, object, at, whole, found);
    }
    for (i, entry) in value.as_array().into_iter().flatten().enumerate() {
        check(document, &schema["items"], entry, &format!("{at}/{i}"), true, found);
    }
}

fn members(
    document: &Value,
    schema: &Value,
    object: &Map<String, Value>,
    at: &str,
    whole: bool,
    found: &mut Vec<String>,
) {
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !object.contains_key(name) {
            found.push(format!("{at}: {name} is required and missing"));
        }
    }
    let known = if whole { fields(document, schema) } else { None };
    for (name, entry) in object {
        let at = format!("{at}/{name}");
        match schema["properties"].get(name) {
            Some(own) => check(document, own, entry, &at, true, found),
            None if schema["additionalProperties"].is_object() => {
                check(document, &schema["additionalProperties"], entry, &at, true, found);
            }
            None if known.as_ref().is_some_and(|known| !known.contains(name)) => {
                found.push(format!("{at}: the document does not name it"));
            }
            None => {}
        }
    }
}

fn has_type(kinds: &Value, value: &Value) -> bool {
    let is = |kind: &str| match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type {other}"),
    };
    match kinds {
        Value::Null => true,
        Value::String(kind) => is(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).any(is),
        other => panic!("no type {other}"),
    }
}

fn bounds(schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let length = match value {
        Value::String(text) => text.chars().count() as f64,
        Value::Array(list) => list.len() as f64,
        Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
        _ => return,
    };
    let [low, high] = match value {
        Value::String(_) => ["minLength", "maxLength"],
        Value::Array(_) => ["minItems", "maxItems"],
        _ => ["minimum", "maximum"],
    };
    let below = schema[low].as_f64().is_some_and(|bound| length < bound);
    if below || schema[high].as_f64().is_some_and(|bound| length > bound) {
        found.push(format!("{at}: {} is out of bounds", shown(value)));
    }
    let Some(text) = value.as_str() else { return };
    let pattern = schema["pattern"].as_str().map(|pattern| regex::Regex::new(pattern).expect("a pattern"));
    if pattern.is_some_and(|pattern| !pattern.is_match(text)) {
        found.push(format!("{at}: {} does not match the pattern", shown(value)));
    }
    if schema["format"] == "date-time" && chrono::DateTime::parse_from_rfc3339(text).is_err() {
        found.push(format!("{at}: {} is no time", shown(value)));
    }
}

fn shown(value: &Value) -> String {
    value.to_string().chars().take(80).collect()
}
