//! A JSON document that satisfies a JSON Schema and depends on the prompt: the subset that structured outputs
//! use (types, enum, const, required, items, bounds, anyOf/oneOf/allOf, local $ref).

use serde_json::{Map, Number, Value, json};

use crate::dice::Dice;

/// Deepest nesting that is followed; beyond it the shortest value stands.
const DEEPEST: usize = 24;

/// Makes a document. `words` are taken from the prompt for texts.
pub fn conform(schema: &Value, words: &[String], dice: &mut Dice) -> Value {
    Maker { root: schema, words }.value(schema, dice, 0)
}

struct Maker<'a> {
    root: &'a Value,
    words: &'a [String],
}

impl Maker<'_> {
    fn value(&self, schema: &Value, dice: &mut Dice, depth: usize) -> Value {
        if let Some(target) = schema["$ref"].as_str().and_then(|r| r.strip_prefix('#')) {
            let target = self.root.pointer(target).unwrap_or(&Value::Null);
            return if depth < DEEPEST { self.value(target, dice, depth + 1) } else { Value::Null };
        }
        if !schema["const"].is_null() {
            return schema["const"].clone();
        }
        if let Some(options) = schema["enum"].as_array().filter(|o| !o.is_empty()) {
            return options[dice.below(options.len())].clone();
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(options) = schema[key].as_array().filter(|o| !o.is_empty()) {
                let at = if depth < DEEPEST { dice.below(options.len()) } else { options.len() - 1 };
                return self.value(&options[at], dice, depth + 1);
            }
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let mut all = Map::new();
            for part in parts {
                if let Value::Object(fields) = self.value(part, dice, depth + 1) {
                    all.extend(fields);
                }
            }
            return Value::Object(all);
        }
        match kind(schema, dice).as_str() {
            "object" => self.object(schema, dice, depth),
            "array" => self.array(schema, dice, depth),
            "integer" => json!(bounded(schema, dice, 0.0, 100.0).round() as i64),
            "number" => Number::from_f64((bounded(schema, dice, 0.0, 1.0) * 1e3).round() / 1e3)
                .map_or(Value::Null, Value::Number),
            "boolean" => json!(dice.below(2) == 1),
            "null" => Value::Null,
            _ => json!(self.text(schema, dice)),
        }
    }

    fn object(&self, schema: &Value, dice: &mut Dice, depth: usize) -> Value {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut made = Map::new();
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            let wanted = required.contains(&name.as_str()) || (depth < DEEPEST && dice.below(2) == 0);
            if wanted {
                made.insert(name.clone(), self.value(inner, dice, depth + 1));
            }
        }
        Value::Object(made)
    }

    fn array(&self, schema: &Value, dice: &mut Dice, depth: usize) -> Value {
        let least = schema["minItems"].as_u64().unwrap_or(0) as usize;
        let most = schema["maxItems"].as_u64().map_or(least.max(3), |m| m as usize).max(least);
        let n = if depth < DEEPEST { least + dice.below(most - least + 1) } else { least };
        (0..n).map(|_| self.value(&schema["items"], dice, depth + 1)).collect()
    }

    fn text(&self, schema: &Value, dice: &mut Dice) -> String {
        let least = schema["minLength"].as_u64().unwrap_or(0) as usize;
        let most = schema["maxLength"].as_u64().map_or(usize::MAX, |m| m as usize);
        let mut text = String::new();
        let words = 1 + dice.below(4);
        for i in 0.. {
            if i >= words && text.chars().count() >= least {
                break;
            }
            if i > 0 {
                text.push(' ');
            }
            text.push_str(self.words.get(dice.below(self.words.len())).map_or("answer", String::as_str));
        }
        text.chars().take(most).collect()
    }
}

/// One of the types that the schema allows; an object or array where the keywords say so.
fn kind(schema: &Value, dice: &mut Dice) -> String {
    match &schema["type"] {
        Value::String(one) => one.clone(),
        Value::Array(several) if !several.is_empty() => {
            several[dice.below(several.len())].as_str().unwrap_or("null").to_owned()
        }
        _ if schema["properties"].is_object() => "object".to_owned(),
        _ if schema["items"].is_object() => "array".to_owned(),
        _ => "string".to_owned(),
    }
}

fn bounded(schema: &Value, dice: &mut Dice, low: f64, high: f64) -> f64 {
    let low = schema["minimum"].as_f64().unwrap_or(low);
    let high = schema["maximum"].as_f64().unwrap_or(high.max(low + 1.0));
    low + (high - low).max(0.0) * dice.unit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_that_holds_itself_comes_to_an_end() {
        let schema = json!({"$ref": "#/$defs/node", "$defs": {"node": {"type": "object",
            "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}}, "required": ["next"]}}});
        for seed in 0..200 {
            let made = conform(&schema, &[], &mut Dice::new(seed, "t", b""));
            assert!(made.is_object());
        }
    }

    #[test]
    fn bounds_and_lengths_hold() {
        let schema = json!({"type": "object", "required": ["n", "x", "s", "a", "e"], "properties": {
            "n": {"type": "integer", "minimum": 3, "maximum": 5}, "x": {"type": "number", "minimum": -1, "maximum": 0},
            "s": {"type": "string", "minLength": 12, "maxLength": 14},
            "a": {"type": "array", "minItems": 2, "maxItems": 3, "items": {"type": "boolean"}},
            "e": {"enum": ["p", "q"]}}});
        for seed in 0..300 {
            let made = conform(&schema, &["wage".to_owned()], &mut Dice::new(seed, "t", b""));
            assert!((3..=5).contains(&made["n"].as_i64().expect("whole")), "{made}");
            assert!((-1.0..=0.0).contains(&made["x"].as_f64().expect("a number")), "{made}");
            assert!((12..=14).contains(&made["s"].as_str().expect("text").chars().count()), "{made}");
            assert!((2..=3).contains(&made["a"].as_array().expect("a list").len()), "{made}");
            assert!(made["e"] == "p" || made["e"] == "q");
        }
    }
}
