//! Takes typed values out of merged layers and collects what does not fit, so that all problems are reported
//! at once.

use std::path::PathBuf;

use secrecy::SecretString;
use toml::Value;

use super::layers::Merged;
use super::problem::{ConfigProblem, Origin};
use crate::domain::gate::{Rule, Violation};

/// Reads merged values. A value that does not fit is reported and replaced by a harmless one; settings
/// are given out only when there was no problem.
pub(super) struct Reader<'a> {
    merged: &'a Merged,
    pub problems: Vec<ConfigProblem>,
    /// In production what is missing or no real dependency is left to the gate, which tells it at the health
    /// route as well; elsewhere it is a problem.
    production: bool,
    pub unresolved: Vec<Violation>,
}

impl<'a> Reader<'a> {
    /// Starts with the problems of merging.
    pub(super) fn new(merged: &'a Merged, problems: Vec<ConfigProblem>) -> Self {
        Self { merged, problems, production: false, unresolved: Vec::new() }
    }

    /// Leaves unresolved values to the production gate from here on.
    pub(super) fn for_production(&mut self) {
        self.production = true;
    }

    /// True if unresolved values are left to the gate.
    pub(super) fn is_production(&self) -> bool {
        self.production
    }

    /// Reports a value that names no real dependency: to the gate in production, else as a problem.
    pub(super) fn unresolved(&mut self, rule: Rule, path: &str, message: impl Into<String>) {
        let message = message.into();
        if self.production {
            let origin = self.origin(path);
            let detail = format!("{path} (from {origin}) {message}");
            self.unresolved.push(Violation { rule, detail });
        } else {
            self.invalid(path, message);
        }
    }

    /// Files that secrets were read from, and the settings file where it holds one itself.
    pub(super) fn secret_files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for key in super::keys::all().values().filter(|key| key.secret) {
            let given = self.merged.get(&format!("{}_file", key.path)).and_then(|e| e.value.as_str());
            files.extend(given.filter(|file| !file.is_empty()).map(PathBuf::from));
            if let Some(entry) = self.merged.get(&key.path)
                && let Origin::File(file) = &entry.origin
                && entry.value.as_str().is_some_and(|text| !text.is_empty())
            {
                files.push(file.clone());
            }
        }
        files.sort();
        files.dedup();
        files
    }

    /// The settings file, where one gave a value.
    pub(super) fn settings_file(&self) -> Option<PathBuf> {
        self.merged.values().find_map(|entry| match &entry.origin {
            Origin::File(file) => Some(file.clone()),
            _ => None,
        })
    }

    /// Returns the origin of a key's value.
    pub(super) fn origin(&self, path: &str) -> Origin {
        self.merged.get(path).map_or(Origin::Default, |entry| entry.origin.clone())
    }

    /// Reports that a value does not fit.
    pub(super) fn invalid(&mut self, path: &str, message: impl Into<String>) {
        let origin = self.origin(path);
        let line = self.merged.get(path).and_then(|entry| entry.line);
        self.problems.push(ConfigProblem::invalid(path, origin, message).on_line(line));
    }

    fn value(&self, path: &str) -> &'a Value {
        &self.merged.get(path).unwrap_or_else(|| panic!("{path} is a key of the defaults")).value
    }

    /// A text; empty means not set.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        self.value(path).as_str().map(str::to_owned).filter(|text| !text.is_empty())
    }

    /// A path; empty means not set.
    pub(super) fn path(&self, path: &str) -> Option<PathBuf> {
        self.text(path).map(PathBuf::from)
    }

    /// True or false.
    pub(super) fn flag(&self, path: &str) -> bool {
        self.value(path).as_bool().unwrap_or_default()
    }

    /// A list of texts.
    pub(super) fn list(&mut self, path: &str) -> Vec<String> {
        let items = self.value(path).as_array().map(Vec::as_slice).unwrap_or_default();
        let texts: Vec<String> = items.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect();
        if texts.len() < items.len() {
            self.invalid(path, "must be a list of texts");
        }
        texts
    }

    /// A whole number within bounds.
    pub(super) fn number(&mut self, path: &str, low: i64, high: i64) -> i64 {
        let value = self.value(path).as_integer().unwrap_or_default();
        if !(low..=high).contains(&value) {
            self.invalid(path, format!("must be {low} to {high}, not {value}"));
            return low;
        }
        value
    }

    /// A whole number from `low` (at least 0) on, as an unsigned one.
    pub(super) fn count(&mut self, path: &str, low: u32, high: u64) -> u64 {
        let high = i64::try_from(high).unwrap_or(i64::MAX);
        self.number(path, low.into(), high).unsigned_abs()
    }

    /// A number within bounds.
    pub(super) fn decimal(&mut self, path: &str, low: f64, high: f64) -> f64 {
        let value = self.value(path).as_float().unwrap_or_default();
        if !(low..=high).contains(&value) {
            self.invalid(path, format!("must be {low} to {high}, not {value}"));
            return low;
        }
        value
    }

    /// One of several words; empty is `None`.
    pub(super) fn choice<T: Copy>(&mut self, path: &str, words: &[(&str, T)]) -> Option<T> {
        let given = self.text(path)?;
        let found = words.iter().find(|(word, _)| *word == given).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.invalid(path, format!("must be one of {}, not {given:?}", known.join(", ")));
        }
        found
    }

    /// A secret, given as it is or by a file; surrounding white space of the file is cut off.
    pub(super) fn secret(&mut self, path: &str) -> Option<SecretString> {
        let file_path = format!("{path}_file");
        let direct = self.text(path);
        let file = self.merged.get(&file_path).and_then(|e| e.value.as_str()).filter(|f| !f.is_empty());
        match (direct, file) {
            (Some(_), Some(_)) => {
                let message = format!("{path} (from {}) is given too; give one of them", self.origin(path));
                self.invalid(&file_path, message);
                None
            }
            (Some(text), None) => Some(text.into()),
            (None, Some(file)) => match std::fs::read_to_string(file) {
                Ok(text) if text.trim().is_empty() => {
                    self.invalid(&file_path, "the file is empty");
                    None
                }
                Ok(text) => Some(text.trim().to_owned().into()),
                Err(error) => {
                    self.invalid(&file_path, format!("the file cannot be read: {error}"));
                    None
                }
            },
            (None, None) => None,
        }
    }
}
