//! Objects that only their own functions read: associative arrays, tokenizers, problems of optimisation and
//! differentiation.

use super::functions::{Derivative, Problem};
use super::value::{Text, Value};
use std::collections::HashMap;

/// An object.
#[derive(Debug, Clone)]
pub enum Object {
    /// Of `asarray_create()`.
    Associative(Associative),
    /// Of `tokeninit()`.
    Tokenizer(Tokenizer),
    /// Of `optimize_init()`.
    Problem(Box<Problem>),
    /// Of `deriv_init()`.
    Derivative(Box<Derivative>),
}

impl Object {
    /// What it is, where it is shown.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Associative(_) => "asarray",
            Self::Tokenizer(_) => "tokenizer",
            Self::Problem(_) => "optimize",
            Self::Derivative(_) => "deriv",
        }
    }
}

/// A key: one or more texts or numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// Texts.
    Texts(Vec<Text>),
    /// Numbers by their bits.
    Numbers(Vec<u64>),
}

/// An associative array. The elements are in the order of their first assignment.
#[derive(Debug, Clone)]
pub struct Associative {
    /// True for keys that are texts.
    pub text_keys: bool,
    /// Number of elements of a key.
    pub dimension: usize,
    /// Place of each key among the entries.
    pub places: HashMap<Key, usize>,
    /// Keys and contents; removed ones are `None`.
    pub entries: Vec<Option<(Key, Value)>>,
    /// What a key that does not exist gives.
    pub not_found: Value,
}

/// A text that is read token by token.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    /// The text.
    pub text: String,
    /// Byte at which the next token is looked for.
    pub at: usize,
    /// Characters between tokens.
    pub white: String,
    /// Texts that are tokens wherever they stand.
    pub separators: Vec<String>,
    /// Opening and closing quotes in one text each.
    pub quotes: Vec<String>,
}

impl Tokenizer {
    /// The next token; empty at the end of the text.
    pub fn next(&mut self) -> String {
        let rest = &self.text[self.at..];
        let start = self.at + rest.len() - rest.trim_start_matches(|c| self.white.contains(c)).len();
        let rest = &self.text[start..];
        if rest.is_empty() {
            self.at = self.text.len();
            return String::new();
        }
        let end = self.separator(rest).or_else(|| self.quoted(rest)).unwrap_or_else(|| self.word(rest));
        self.at = start + end;
        rest[..end].to_string()
    }

    /// Length of the longest separator at the start of a text.
    fn separator(&self, rest: &str) -> Option<usize> {
        self.separators.iter().filter(|s| rest.starts_with(s.as_str())).map(String::len).max()
    }

    fn quoted(&self, rest: &str) -> Option<usize> {
        for pair in &self.quotes {
            let (open, close) = pair.split_at(pair.len() / 2);
            if !open.is_empty() && rest.starts_with(open) {
                let mut depth = 0;
                let mut i = 0;
                while i < rest.len() {
                    let here = &rest[i..];
                    if here.starts_with(close) && (depth > 0 && (open != close || i > 0)) {
                        depth -= 1;
                        i += close.len();
                        if depth == 0 {
                            return Some(i);
                        }
                    } else if here.starts_with(open) && (open != close || depth == 0) {
                        depth += 1;
                        i += open.len();
                    } else {
                        i += here.chars().next().map_or(1, char::len_utf8);
                    }
                }
                return Some(rest.len());
            }
        }
        None
    }

    fn word(&self, rest: &str) -> usize {
        let ends = |(k, c): &(usize, char)| {
            *k > 0 && (self.white.contains(*c) || self.separator(&rest[*k..]).is_some())
        };
        rest.char_indices().find(ends).map_or(rest.len(), |(k, _)| k)
    }
}
