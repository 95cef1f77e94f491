//! Words for fields. A comment at the field itself comes first; what many schemas share (ids, times, hashes) is said
//! once in `fields.tsv`: a name or `Schema.name`, a tab, the words.

use std::collections::HashMap;

use serde_json::{Value, json};

const WORDS: &str = include_str!("fields.tsv");

/// Adds words to fields and schemas that have none.
pub(super) fn describe(document: &mut Value) {
    let words: HashMap<&str, &str> = WORDS.lines().filter_map(|line| line.split_once('\t')).collect();
    for (name, schema) in document["components"]["schemas"].as_object_mut().into_iter().flatten() {
        if let (true, Some(text)) = (schema["description"].is_null(), words.get(name.as_str())) {
            schema["description"] = json!(text);
        }
        describe_fields(name, schema, &words);
    }
}

/// Members of a member, where there are any; indexing would make them.
fn members<'a>(value: &'a mut Value, name: &str) -> impl Iterator<Item = (&'a String, &'a mut Value)> {
    value.get_mut(name).and_then(Value::as_object_mut).into_iter().flatten()
}

fn describe_fields(name: &str, schema: &mut Value, words: &HashMap<&str, &str>) {
    for (field, value) in members(schema, "properties") {
        let own = words.get(format!("{name}.{field}").as_str()).or_else(|| words.get(field.as_str()));
        if let (true, Some(text)) = (value["description"].is_null(), own) {
            value["description"] = json!(text);
        }
        describe_fields(name, value, words);
    }
    for group in ["oneOf", "anyOf", "allOf"] {
        for part in schema.get_mut(group).and_then(Value::as_array_mut).into_iter().flatten() {
            describe_fields(name, part, words);
        }
    }
    if let Some(items) = schema.get_mut("items") {
        describe_fields(name, items, words);
    }
}
