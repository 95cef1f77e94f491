//! The small tests on bound values that metas use in `rules[].if` and `outputs[].when`: `name` (a value is
//! given), `name=value`, `name!=value`.

use std::collections::BTreeMap;

use serde_json::Value;

/// A parsed test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterTest<'a> {
    /// The parameter that is checked.
    pub name: &'a str,
    /// `None`: a value is given; otherwise the value and whether it must be equal.
    pub value: Option<(&'a str, bool)>,
}

impl<'a> ParameterTest<'a> {
    /// Parses a test; names are checked by the library's validation.
    pub fn parse(text: &'a str) -> Self {
        if let Some((name, value)) = text.split_once("!=") {
            return Self { name: name.trim(), value: Some((value.trim(), false)) };
        }
        match text.split_once('=') {
            Some((name, value)) => Self { name: name.trim(), value: Some((value.trim(), true)) },
            None => Self { name: text.trim(), value: None },
        }
    }

    /// True if the test holds for these bound values.
    pub fn holds(&self, bound: &BTreeMap<String, Value>) -> bool {
        let value = bound.get(self.name).filter(|v| is_given(v));
        match self.value {
            None => value.is_some(),
            Some((wanted, equal)) => (value.map(text_of).as_deref() == Some(wanted)) == equal,
        }
    }
}

/// True for values that say something: not null, not an empty list or text.
pub fn is_given(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tests_look_at_presence_and_value() {
        let bound: BTreeMap<String, Value> =
            [("a", json!("x")), ("b", json!(true)), ("c", json!([])), ("d", json!(2))]
                .map(|(k, v)| (k.to_owned(), v))
                .into();
        let cases = [
            ("a", true),
            ("a=x", true),
            ("a=y", false),
            ("a!=y", true),
            ("b=true", true),
            ("c", false),
            ("d=2", true),
            ("e", false),
            ("e!=1", true),
        ];
        for (text, expected) in cases {
            assert_eq!(ParameterTest::parse(text).holds(&bound), expected, "{text}");
        }
    }
}
