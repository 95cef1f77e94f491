//! The text of a question with what its patterns find. Readings differ in the columns of its words, and none of them in the text:
//! each pattern is looked for once.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ops::Deref;

use regex::Regex;

use super::super::tokens::is_han;
use super::phrases::{Frame, frames};

/// The question in lower case with corrected words.
#[derive(Debug, Default)]
pub(super) struct Said {
    text: String,
    frames: OnceCell<Vec<&'static Frame>>,
    /// Whether a pattern fits, by its address: patterns are made once.
    fitting: RefCell<HashMap<*const Regex, bool>>,
}

impl Said {
    pub(super) fn of(text: String) -> Self {
        Self { text, ..Self::default() }
    }

    /// True where a pattern fits.
    pub(super) fn fits(&self, pattern: &'static Regex) -> bool {
        let fits = || pattern.is_match(&self.text);
        *self.fitting.borrow_mut().entry(std::ptr::from_ref(pattern)).or_insert_with(fits)
    }

    /// The frames that the question asks for, the strongest first.
    pub(super) fn frames(&self) -> &[&'static Frame] {
        self.frames.get_or_init(|| frames(&self.text))
    }
}

impl Deref for Said {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

/// True where a text in lower case has a value as words of their own.
pub(super) fn names_value(text: &str, value: &str) -> bool {
    let value = value.to_lowercase();
    let ends = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() || is_han(c));
    value.chars().count() > 1
        && text.match_indices(&value).any(|(at, found)| {
            ends(text[..at].chars().next_back()) && ends(text[at + found.len()..].chars().next())
        })
}
