//! What is wrong with the form of a request, in words for the person who wrote it: the expected value with an example,
//! instead of the words of the JSON parser.

use super::spelling::did_you_mean;

/// Puts a message of the JSON parser into words. The place in the text is kept where the text is no JSON; a value has its
/// path.
pub fn in_words(message: &str) -> String {
    let (text, place) = match message.rfind(" at line ") {
        Some(at) => (&message[..at], format!(" ({})", &message[at + " at ".len()..])),
        None => (message, String::new()),
    };
    for start in ["invalid type: ", "invalid value: ", "invalid length "] {
        if let Some((found, expected)) =
            text.strip_prefix(start).and_then(|rest| rest.split_once(", expected "))
        {
            return format!("must be {}, not {}", expectation(expected), value(found));
        }
    }
    if let Some(name) = text.strip_prefix("data did not match any variant of untagged enum ") {
        return format!("must be {}", choice(name));
    }
    if let Some(rest) = text.strip_prefix("unknown field ") {
        let (name, known) = named(rest);
        return match known.as_slice() {
            [] => format!("there is no field {name:?}, and this object has none"),
            known => {
                // a draft with its roles one level too high
                let role = match did_you_mean(&name, known) {
                    none if none.is_empty() && known.contains(&"roles") => {
                        "; a role stands in roles, such as {\"roles\": {\"regressors\": [\"a\"]}}".to_owned()
                    }
                    meant => meant,
                };
                format!("there is no field {name:?}{role}; the fields are {}", known.join(", "))
            }
        };
    }
    if let Some(rest) = text.strip_prefix("unknown variant ") {
        let (name, known) = named(rest);
        return format!("must be one of {}, not {name:?}", known.join(", "));
    }
    if let Some(name) = text.strip_prefix("missing field ") {
        return format!("the field {} is missing", name.trim_matches('`'));
    }
    if let Some(name) = text.strip_prefix("duplicate field ") {
        return format!("the field {} is there twice", name.trim_matches('`'));
    }
    let end =
        text.strip_prefix("EOF while parsing ").map(|what| format!("it ends within {}", expectation(what)));
    if is_syntax(text) {
        return format!("this is no JSON: {}{place}", end.unwrap_or_else(|| text.to_owned()));
    }
    text.to_owned()
}

fn is_syntax(text: &str) -> bool {
    let starts = [
        "EOF while parsing ",
        "expected ",
        "trailing ",
        "key must be",
        "control character",
        "invalid escape",
    ];
    let more =
        ["invalid number", "number out of range", "invalid unicode", "lone leading", "recursion limit"];
    starts.iter().chain(&more).any(|start| text.starts_with(start))
}

/// `` `name`, expected one of `a`, `b` `` as the name and the known ones.
fn named(text: &str) -> (String, Vec<&str>) {
    let mut names = text.split('`').skip(1).step_by(2);
    let name = names.next().unwrap_or_default().to_owned();
    (name, names.collect())
}

/// What was found, as a person would call it.
fn value(found: &str) -> String {
    let quoted = |rest: &str| rest.trim_matches('`').to_owned();
    for start in ["integer ", "floating point ", "boolean ", "character "] {
        if let Some(rest) = found.strip_prefix(start) {
            return quoted(rest);
        }
    }
    match found {
        "map" => "an object".to_owned(),
        "sequence" => "a list".to_owned(),
        "unit value" => "null".to_owned(),
        _ => {
            found.strip_prefix("string ").map_or_else(|| found.to_owned(), |text| format!("the text {text}"))
        }
    }
}

/// What was expected, with an example.
fn expectation(expected: &str) -> String {
    let unsigned = ["u8", "u16", "u32", "u64", "usize"];
    let whole = ["i8", "i16", "i32", "i64", "isize"];
    match expected {
        "a sequence" | "a list" => "a list, such as [\"a\", \"b\"]".to_owned(),
        "a string" | "str" => "a text, such as \"a\"".to_owned(),
        "a map" | "an object" => "an object, such as {\"name\": \"value\"}".to_owned(),
        "a boolean" | "bool" => "true or false".to_owned(),
        "f32" | "f64" => "a number, such as 0.5".to_owned(),
        kind if unsigned.contains(&kind) || kind.starts_with("a nonzero u") => {
            "a whole number from 0 on, such as 10".to_owned()
        }
        kind if whole.contains(&kind) => "a whole number, such as 10".to_owned(),
        "struct StatedVariable" => {
            "an object, such as {\"name\": \"age2\", \"expression\": \"age ^ 2\"}".to_owned()
        }
        "struct DataStep" => {
            "an object, such as {\"kind\": \"merge\", \"dataset_key\": \"data_2\", \"keys\": [\"id\"], \"merge_type\": \"m:1\"}"
                .to_owned()
        }
        "struct RunChoice" => "an object, such as {\"job_id\": \"job_…\", \"run_id\": \"run_…\"}".to_owned(),
        kind if kind.starts_with("struct ") || kind.starts_with("internally tagged enum ") => {
            "an object, such as {\"name\": \"value\"}".to_owned()
        }
        kind if kind.starts_with("enum ") || kind == "variant identifier" => {
            "one of its words, as a text".to_owned()
        }
        kind => kind.to_owned(),
    }
}

/// The forms of a value that may have several.
fn choice(name: &str) -> String {
    match name {
        "Columns" => {
            "the name of a column, such as \"age\", or a list of names, such as [\"age\", \"income\"]"
        }
        "LabelChoice" => "true, false, or an object of own labels, such as {\"age\": \"Age in years\"}",
        _ => "a value of another form",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the refusals of reading it are of interest")]
    struct Body {
        names: Vec<String>,
        count: u32,
        share: Option<f64>,
        all: Option<bool>,
    }

    fn refused(text: &str) -> String {
        in_words(&serde_json::from_str::<Body>(text).expect_err("this is refused").to_string())
    }

    #[test]
    fn every_refusal_names_the_expected_value_without_the_words_of_the_parser() {
        for (text, words) in [
            (r#"{"names": {}}"#, "must be a list, such as [\"a\", \"b\"], not an object"),
            (r#"{"names": [1]}"#, "must be a text, such as \"a\", not 1"),
            (r#"{"names": null}"#, "must be a list, such as [\"a\", \"b\"], not null"),
            (r#"{"count": "3"}"#, "must be a whole number from 0 on, such as 10, not the text \"3\""),
            (r#"{"count": -1}"#, "must be a whole number from 0 on, such as 10, not -1"),
            (r#"{"share": []}"#, "must be a number, such as 0.5, not a list"),
            (r#"{"all": "yes"}"#, "must be true or false, not the text \"yes\""),
            (
                r#"{"cuont": 1}"#,
                "there is no field \"cuont\"; did you mean count?; the fields are names, count, share, all",
            ),
            (r#"{"names": []}"#, "the field count is missing"),
            (r#"{"count": 1, "count": 2}"#, "the field count is there twice"),
        ] {
            assert_eq!(refused(text), words, "{text}");
        }
        for (text, place) in
            [("{", "(line 1 column 1)"), ("{\"count\" 1}", "(line 1 column 10)"), ("", "(line 1 column 0)")]
        {
            let words = refused(text);
            assert!(words.starts_with("this is no JSON: ") && words.ends_with(place), "{words}");
        }
    }
}
