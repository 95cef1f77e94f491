//! The text of a question with what its patterns find. Readings differ in the columns of its words, and none of them in the text:
//! each pattern is looked for once.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ops::Deref;

use regex::Regex;

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
