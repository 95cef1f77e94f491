//! What is asked, whatever the wire format, and what is answered.

use serde_json::Value;

use crate::dice::Rng;
use crate::schema::conform;

/// A request, read from any of the wire formats.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Name of the model, as asked.
    pub model: String,
    /// All texts of the prompt, system first.
    pub prompt: String,
    /// The form that the answer must have.
    pub form: Form,
    /// Texts before which the answer ends.
    pub stops: Vec<String>,
    /// In tokens; absent is as long as the answer wants to be.
    pub max_tokens: Option<usize>,
    /// True where the answer is asked for as a stream.
    pub stream: bool,
    /// OpenAI: usage in the stream.
    pub stream_usage: bool,
}

/// The form of an answer.
#[derive(Debug, Clone, Default)]
pub enum Form {
    /// Plain text.
    #[default]
    Text,
    /// Any JSON object.
    Json,
    /// JSON of this schema.
    Schema(Value),
    /// The input of this tool.
    Tool {
        /// Name of the tool.
        name: String,
        /// Schema of its input.
        schema: Value,
    },
    /// A vector for each text.
    Vectors {
        /// The texts, one vector each.
        texts: Vec<String>,
        /// Numbers of one vector.
        size: usize,
        /// Written in base64.
        as_bytes: bool,
    },
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The text, in pieces as a model would send them; a tool's input as its JSON text.
    pub pieces: Vec<String>,
    /// Cut at `max_tokens`.
    pub cut: bool,
    /// Ended before this one of the asked texts.
    pub stopped: Option<String>,
    /// Tokens of the prompt.
    pub input_tokens: usize,
    /// Stands for everything random in the envelope.
    pub dice: Rng,
    /// The seed of the settings.
    pub seed: u64,
}

impl Answer {
    /// The whole text.
    pub fn text(&self) -> String {
        self.pieces.concat()
    }

    /// Tokens of the text.
    pub fn output_tokens(&self) -> usize {
        self.pieces.len()
    }
}

/// Answers a request. The same seed and request give the same answer; `scripted` stands in place of it.
pub fn answer(seed: u64, ask: &Ask, scripted: Option<&str>) -> Answer {
    let mut key = ask.model.clone();
    key.push('\0');
    key.push_str(&ask.prompt);
    if let Form::Schema(schema) | Form::Tool { schema, .. } = &ask.form {
        key.push_str(&schema.to_string());
    }
    let mut dice = Rng::new(seed, "answer", key.as_bytes());
    let words = words(&ask.prompt);
    let mut text = match (scripted, &ask.form) {
        (_, Form::Vectors { .. }) => String::new(),
        (Some(text), _) => text.to_owned(),
        (None, Form::Text) => prose(&words, &mut dice),
        (None, Form::Json) => serde_json::json!({"answer": prose(&words, &mut dice)}).to_string(),
        (None, Form::Schema(schema) | Form::Tool { schema, .. }) => {
            conform(schema, &words, &mut dice).to_string()
        }
    };
    let first = ask.stops.iter().filter(|stop| !stop.is_empty());
    let first = first.filter_map(|stop| Some((text.find(stop.as_str())?, stop))).min();
    let mut stopped = first.map(|(at, stop)| {
        text.truncate(at);
        stop.clone()
    });
    let mut pieces = tokens(&text);
    let most = ask.max_tokens.unwrap_or(usize::MAX);
    let cut = pieces.len() > most;
    pieces.truncate(most);
    if cut {
        stopped = None;
    }
    Answer { pieces, cut, stopped, input_tokens: tokens(&ask.prompt).len(), dice, seed }
}

/// The same document, so that it breaks its schema: with a field that nobody asked for, and names that do not
/// exist in place of the texts.
pub fn off_schema(text: &str) -> String {
    let Ok(mut document) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    rename(&mut document);
    match document.as_object_mut() {
        Some(fields) => {
            fields.insert("unexpected".to_owned(), Value::Bool(true));
            document.to_string()
        }
        None => serde_json::json!({"unexpected": document}).to_string(),
    }
}

fn rename(value: &mut Value) {
    match value {
        Value::String(text) => text.insert_str(0, "no_such_"),
        Value::Array(items) => items.iter_mut().for_each(rename),
        Value::Object(fields) => fields.values_mut().for_each(rename),
        _ => {}
    }
}

/// Words of the prompt, the longer ones, without repetition.
fn words(prompt: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in prompt.split(|c: char| !c.is_alphanumeric() && c != '_') {
        if (3..=24).contains(&word.chars().count()) && !found.iter().any(|f| f == word) {
            found.push(word.to_owned());
        }
        if found.len() == 200 {
            break;
        }
    }
    found
}

fn prose(words: &[String], dice: &mut Rng) -> String {
    let n = 8 + dice.below(25);
    let mut text = String::from("Regarding");
    for _ in 0..n {
        text.push(' ');
        text.push_str(words.get(dice.below(words.len())).map_or("this", String::as_str));
    }
    // so that no two requests get the same text by chance
    format!("{text} ({}).", dice.name(8))
}

/// Splits a text into pieces of the size of a token: words with the space before them, at most four letters
/// of a longer word, each wide character by itself.
pub fn tokens(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut length = 0;
    for c in text.chars() {
        let joins = c.is_ascii_alphanumeric() && length < 4;
        match pieces.last_mut() {
            Some(last) if joins && last.chars().all(|l| l.is_ascii_alphanumeric() || l == ' ') => {
                last.push(c);
                length += 1;
            }
            _ => {
                pieces.push(c.to_string());
                length = usize::from(c != ' ');
            }
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn tokens_make_up_the_text_again(text in ".{0,200}") {
            prop_assert_eq!(tokens(&text).concat(), text);
        }

        #[test]
        fn an_answer_is_decided_by_seed_and_request(seed in 0u64..50, prompt in ".{0,80}", other in ".{0,80}") {
            let ask = |prompt: &str| Ask { model: "m".to_owned(), prompt: prompt.to_owned(), ..Ask::default() };
            let first = answer(seed, &ask(&prompt), None).text();
            prop_assert_eq!(&first, &answer(seed, &ask(&prompt), None).text());
            let words_differ = words(&prompt) != words(&other) && !words(&prompt).is_empty() && !words(&other).is_empty();
            if words_differ {
                prop_assert_ne!(&first, &answer(seed, &ask(&other), None).text());
            }
        }
    }

    #[test]
    fn a_limit_of_tokens_cuts_and_says_so() {
        let ask = Ask {
            prompt: "wages and schooling of workers".to_owned(),
            max_tokens: Some(3),
            ..Ask::default()
        };
        let cut = answer(1, &ask, None);
        assert!(cut.cut);
        assert_eq!(cut.output_tokens(), 3);
        let none = answer(1, &Ask { max_tokens: Some(0), ..ask }, None);
        assert!(none.cut && none.text().is_empty());
    }
}
