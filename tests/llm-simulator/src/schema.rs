//! A JSON document that satisfies a JSON Schema and depends on the prompt: the subset that structured outputs
//! use (types, enum, const, required, items, prefixItems, bounds, multipleOf, uniqueItems, common formats,
//! anyOf/oneOf/allOf, local $ref). Patterns are not followed.

use serde_json::{Map, Number, Value, json};

use crate::dice::Rng;

/// Deepest nesting that is followed; beyond it the shortest value stands.
const DEEPEST: usize = 24;

/// Makes a document. `words` are taken from the prompt for texts.
pub fn conform(schema: &Value, words: &[String], dice: &mut Rng) -> Value {
    Maker { root: schema, words }.value(schema, dice, 0)
}

struct Maker<'a> {
    root: &'a Value,
    words: &'a [String],
}

impl Maker<'_> {
    fn value(&self, schema: &Value, dice: &mut Rng, depth: usize) -> Value {
        if let Some(target) = schema["$ref"].as_str().and_then(|r| r.strip_prefix('#')) {
            let target = self.root.pointer(target).unwrap_or(&Value::Null);
            return if depth < DEEPEST { self.value(target, dice, depth + 1) } else { Value::Null };
        }
        if let Some(only) = schema.get("const") {
            return only.clone();
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
            "integer" => json!(integer(schema, dice)),
            "number" => Number::from_f64(number(schema, dice)).map_or(Value::Null, Value::Number),
            "boolean" => json!(dice.below(2) == 1),
            "null" => Value::Null,
            _ => json!(self.text(schema, dice)),
        }
    }

    fn object(&self, schema: &Value, dice: &mut Rng, depth: usize) -> Value {
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

    fn array(&self, schema: &Value, dice: &mut Rng, depth: usize) -> Value {
        let first: &[Value] = schema["prefixItems"].as_array().map_or(&[], Vec::as_slice);
        let least = schema["minItems"].as_u64().map_or(first.len(), |m| m as usize);
        let most = schema["maxItems"].as_u64().map_or(least.max(3), |m| m as usize).max(least);
        let n = if depth < DEEPEST { least + dice.below(most - least + 1) } else { least };
        let is_unique = schema["uniqueItems"] == true;
        let mut items: Vec<Value> = Vec::with_capacity(n);
        // a set that cannot be filled stays smaller
        for _ in 0..n * 20 {
            if items.len() == n {
                break;
            }
            let shape = first.get(items.len()).unwrap_or(&schema["items"]);
            let item = self.value(shape, dice, depth + 1);
            if !(is_unique && items.contains(&item)) {
                items.push(item);
            }
        }
        items.into()
    }

    fn text(&self, schema: &Value, dice: &mut Rng) -> String {
        if let Some(text) = schema["format"].as_str().and_then(|format| formatted(format, dice)) {
            return text;
        }
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
fn kind(schema: &Value, dice: &mut Rng) -> String {
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

/// Lowest and highest value; for want of one, so far from the other.
fn bounds(schema: &Value, low: f64, width: f64) -> (f64, f64) {
    let least = schema["minimum"].as_f64().or(schema["exclusiveMinimum"].as_f64());
    let most = schema["maximum"].as_f64().or(schema["exclusiveMaximum"].as_f64());
    match (least, most) {
        (Some(least), Some(most)) => (least, most.max(least)),
        (Some(least), None) => (least, least + width),
        (None, Some(most)) => (most.min(low + width) - width, most),
        (None, None) => (low, low + width),
    }
}

fn integer(schema: &Value, dice: &mut Rng) -> i64 {
    let (low, high) = bounds(schema, 0.0, 100.0);
    let step = schema["multipleOf"].as_f64().filter(|step| *step >= 1.0).unwrap_or(1.0);
    let is_open = |key: &str, bound: f64| schema[key].as_f64() == Some(bound);
    let (mut least, mut most) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    least = least.saturating_add(i64::from(is_open("exclusiveMinimum", least as f64 * step)));
    most = most.saturating_sub(i64::from(is_open("exclusiveMaximum", most as f64 * step)));
    let places = usize::try_from(most.saturating_sub(least).saturating_add(1)).unwrap_or(1);
    least.saturating_add(dice.below(places.max(1)) as i64).saturating_mul(step as i64)
}

fn number(schema: &Value, dice: &mut Rng) -> f64 {
    let (low, high) = bounds(schema, 0.0, 1.0);
    if let Some(step) = schema["multipleOf"].as_f64().filter(|step| *step > 0.0) {
        return (low / step).ceil() * step;
    }
    // inside, so that open bounds hold as well
    let drawn = low + (high - low) * (0.01 + 0.98 * dice.unit());
    let rounded = (drawn * 1e3).round() / 1e3;
    if rounded > low && rounded < high { rounded } else { drawn }
}

/// A text of a format (JSON Schema 2020-12, validation, section 7.3), if it is one of the common ones.
fn formatted(format: &str, dice: &mut Rng) -> Option<String> {
    let date = format!("20{:02}-{:02}-{:02}", dice.below(30), 1 + dice.below(12), 1 + dice.below(28));
    let time = format!("{:02}:{:02}:{:02}Z", dice.below(24), dice.below(60), dice.below(60));
    Some(match format {
        "date" => date,
        "time" => time,
        "date-time" => format!("{date}T{time}"),
        "email" => format!("{}@example.org", dice.name(8).to_lowercase()),
        "uri" => format!("https://example.org/{}", dice.name(8)),
        "uuid" => {
            let (a, b) = (dice.bits(), dice.bits());
            let tail = b & 0xffff_ffff_ffff;
            format!(
                "{:08x}-{:04x}-4{:03x}-8{:03x}-{tail:012x}",
                a >> 32,
                (a >> 16) & 0xffff,
                a & 0xfff,
                b >> 52
            )
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_that_holds_itself_comes_to_an_end() {
        let schema = json!({"$ref": "#/$defs/node", "$defs": {"node": {"type": "object",
            "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}}, "required": ["next"]}}});
        for seed in 0..200 {
            let made = conform(&schema, &[], &mut Rng::new(seed, "t", b""));
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
            let made = conform(&schema, &["wage".to_owned()], &mut Rng::new(seed, "t", b""));
            assert!((3..=5).contains(&made["n"].as_i64().expect("whole")), "{made}");
            assert!((-1.0..=0.0).contains(&made["x"].as_f64().expect("a number")), "{made}");
            assert!((12..=14).contains(&made["s"].as_str().expect("text").chars().count()), "{made}");
            assert!((2..=3).contains(&made["a"].as_array().expect("a list").len()), "{made}");
            assert!(made["e"] == "p" || made["e"] == "q");
        }
    }

    #[test]
    fn open_bounds_steps_sets_and_formats_hold() {
        let schema = json!({"type": "object", "required": ["n", "x", "m", "s", "t", "d", "u", "z"], "properties": {
            "n": {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 3},
            "x": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001},
            "m": {"type": "integer", "minimum": 10, "maximum": 40, "multipleOf": 7},
            "s": {"type": "array", "minItems": 3, "maxItems": 3, "uniqueItems": true, "items": {"enum": [1, 2, 3]}},
            "t": {"type": "array", "prefixItems": [{"type": "boolean"}, {"type": "null"}], "maxItems": 2},
            "d": {"type": "string", "format": "date-time"}, "u": {"type": "string", "format": "uuid"},
            "z": {"const": null}}});
        for seed in 0..300 {
            let made = conform(&schema, &[], &mut Rng::new(seed, "t", b""));
            assert!((1..=2).contains(&made["n"].as_i64().expect("whole")), "{made}");
            let x = made["x"].as_f64().expect("a number");
            assert!(x > 0.0 && x < 0.001, "{made}");
            let m = made["m"].as_i64().expect("whole");
            assert!((10..=40).contains(&m) && m % 7 == 0, "{made}");
            let set = made["s"].as_array().expect("a list");
            assert!((1..=3).all(|i| set.contains(&json!(i))), "{made}");
            assert!(made["t"][0].is_boolean() && made["t"][1].is_null(), "{made}");
            assert_eq!(made["d"].as_str().expect("text").len(), "2026-01-01T00:00:00Z".len());
            let groups: Vec<usize> = made["u"].as_str().expect("text").split('-').map(str::len).collect();
            assert_eq!(groups, [8, 4, 4, 4, 12]);
            assert!(made.as_object().expect("an object").contains_key("z"));
        }
    }
}
