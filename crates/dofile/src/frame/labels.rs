//! Value-label sets: integers (and extended missing values) to texts.

use crate::value::{is_missing, missing_offset};
use std::collections::BTreeMap;

/// A set of value labels. Keys are integers; `.a` to `.z` follow all numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ValueLabel {
    entries: BTreeMap<i64, String>,
}

const MISSING_BASE: i64 = 2_147_483_621;

fn key(x: f64) -> Option<i64> {
    if is_missing(x) {
        return missing_offset(x).map(|k| MISSING_BASE + i64::from(k));
    }
    if x.fract() == 0.0 && x.abs() < 2_147_483_621.0 { Some(x as i64) } else { None }
}

impl ValueLabel {
    /// The text of a value.
    pub fn get(&self, x: f64) -> Option<&str> {
        self.entries.get(&key(x)?).map(|s| s.as_str())
    }

    /// Adds or changes a text; an empty text removes it. Values that are not
    /// whole numbers or missing codes are ignored.
    pub fn set(&mut self, x: f64, text: &str) {
        if let Some(k) = key(x) {
            if text.is_empty() {
                self.entries.remove(&k);
            } else {
                self.entries.insert(k, text.to_string());
            }
        }
    }

    /// Values and texts in ascending order (missing codes last).
    pub fn iter(&self) -> impl Iterator<Item = (f64, &str)> {
        self.entries.iter().map(|(&k, s)| {
            let x =
                if k >= MISSING_BASE { crate::value::missing((k - MISSING_BASE) as u8) } else { k as f64 };
            (x, s.as_str())
        })
    }

    /// The value that carries a text.
    pub fn value_of(&self, text: &str) -> Option<f64> {
        self.iter().find(|(_, s)| *s == text).map(|(x, _)| x)
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True without entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
