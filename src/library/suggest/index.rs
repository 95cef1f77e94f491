//! Columns by the words that can name them, and words that name a column together: by what they join, abbreviate or begin with.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{Named, Place};
use super::likeness::stands_for;
use super::words::Unit;

/// Match of several words that a part of a name joins: "take-up" of `takeup_survey`; and of words that it abbreviates together:
/// "quit smoking" of `qsmk`.
const JOINED: f64 = 0.85;
const SHORTENED: f64 = 0.75;
/// Match of three words or more whose first letters are a part of a name: "range of motion" of `rom_degrees`.
const INITIALS: f64 = 0.9;
/// Fewest words of such initials.
const FEWEST: usize = 3;
/// Columns by the units and by the whole texts of their names: only these can fit a window.
pub(super) struct Index {
    units: BTreeMap<String, BTreeSet<usize>>,
    texts: BTreeMap<String, BTreeSet<usize>>,
    /// The parts of each name as they are written, and the words of its label.
    parts: Vec<Vec<String>>,
}

impl Index {
    pub(super) fn of(columns: &[Named<'_>]) -> Self {
        let parts = columns.iter().map(written).collect();
        let mut index = Self { units: BTreeMap::new(), texts: BTreeMap::new(), parts };
        for (at, column) in columns.iter().enumerate() {
            index.texts.entry(column.name().to_ascii_lowercase()).or_default().insert(at);
            for alias in &column.aliases {
                index.texts.entry(alias.text.to_lowercase()).or_default().insert(at);
                for (option, _) in alias.units.iter().flat_map(|u| &u.options) {
                    index.units.entry(option.clone()).or_default().insert(at);
                }
            }
        }
        index
    }

    /// Every column that can fit: by the whole text, or by the first unit that says something.
    pub(super) fn candidates(&self, slice: &str, window: &[Unit]) -> BTreeSet<usize> {
        let mut found = self.texts.get(slice).cloned().unwrap_or_default();
        if let Some(first) = window.iter().find(|u| !u.connector && !u.generic) {
            found.extend(first.options.iter().filter_map(|(o, _)| self.units.get(o)).flatten());
        }
        found
    }

    /// How well several words fit a part of a name that joins or abbreviates them.
    pub(super) fn together(&self, column: usize, slice: &str) -> Option<f64> {
        let joined: String = slice.chars().filter(|c| c.is_alphanumeric()).collect();
        let initials: String = slice.split([' ', '-']).filter_map(|word| word.chars().next()).collect();
        let fit = |part: &String| {
            if joined.len() >= 5 && part.trim_end_matches('s') == joined.trim_end_matches('s') {
                return Some(JOINED);
            }
            if initials.len() >= FEWEST && *part == initials {
                return Some(INITIALS);
            }
            stands_for(part, slice).then_some(SHORTENED)
        };
        let parts = &self.parts[column];
        let share = |score: f64| score * (1.0 - 0.1 * (parts.len().clamp(1, 4) as f64 - 1.0));
        parts.iter().filter_map(fit).max_by(f64::total_cmp).map(share)
    }
}

/// The parts of a name, and the words of the name in full and of the label.
fn written(column: &Named<'_>) -> Vec<String> {
    let mut parts = column.parts().to_vec();
    let named = column.aliases.iter().filter(|a| matches!(a.place, Place::Name | Place::Label));
    for word in named.flat_map(|a| a.text.split(|c: char| !c.is_alphanumeric())).filter(|w| w.len() >= 5) {
        if parts.iter().all(|known| known != word) {
            parts.push(word.to_lowercase());
        }
    }
    parts
}
