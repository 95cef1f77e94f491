//! How columns of R are stored, and what their values are in Stata.

use std::borrow::Cow;

use dta::limits::VALUE_LABEL_ENTRIES;
use dta::{Missing, Reading, StorageType};
use rds::{Column, What, missing_letter};

use super::encodings::Encodings;
use super::facts::Facts;
use crate::adapters::tabular::infer::text_storage;
use crate::adapters::tabular::number::storable;
use crate::adapters::tabular::spss::meaning::Meaning as Declared;
use crate::adapters::tabular::stored_numbers::Numbers;

/// From 1960-01-01, where Stata counts from, to 1970-01-01, where R does.
const EPOCH_DAYS: f64 = 3653.0;
const DAY: f64 = 86_400.0;
/// Days of the years 100 to 9999, which Stata shows, since 1970.
const DAYS: (f64, f64) = (-683_003.0, 2_932_897.0);

/// How the values of a column become those of canonical data.
pub(super) struct Meaning {
    /// How numbers are read; [`Reading::Number`] also where some are no dates of the calendar.
    pub reading: Reading,
    pub storage: StorageType,
    pub format: String,
    scale: Scale,
    declared: Option<Declared>,
    missing_texts: Vec<String>,
    /// Texts of a factor with more levels than value labels can be.
    levels: Vec<String>,
}

/// What numbers count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    AsIs,
    Days,
    Seconds,
    /// Years, of so many parts.
    Years(u8),
}

impl Meaning {
    pub(super) fn of(column: &Column, facts: &Facts) -> Self {
        let (scale, wanted) = match column.what {
            What::Date => (Scale::Days, Reading::Day),
            What::MonthOfDay => (Scale::Days, Reading::Month),
            What::QuarterOfDay => (Scale::Days, Reading::Quarter),
            What::DateTime(_) => (Scale::Seconds, Reading::Clock),
            What::Month => (Scale::Years(12), Reading::Month),
            What::Quarter => (Scale::Years(4), Reading::Quarter),
            _ => (Scale::AsIs, Reading::Number),
        };
        let within = |low: f64, high: f64| facts.range.is_none_or(|(a, b)| a >= low && b < high);
        let is_date = match scale {
            Scale::AsIs => false,
            Scale::Days => within(DAYS.0, DAYS.1),
            Scale::Seconds => within(DAYS.0 * DAY, DAYS.1 * DAY),
            Scale::Years(_) => within(100.0, 10_000.0),
        };
        let reading = if is_date { wanted } else { Reading::Number };
        let declared = facts.declared.as_ref().map(|(variable, facts)| Declared::of(variable, facts));
        let declared_texts = facts.declared.as_ref().map(|(variable, _)| &variable.missing.texts);
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        let levels = match &column.what {
            What::Factor(levels) if levels.len() > VALUE_LABEL_ENTRIES => levels.len(),
            _ => 0,
        };
        let is_text = column.what == What::Text || facts.is_beyond || levels > 0;
        let (storage, format) = match &declared {
            _ if is_text => text_storage(facts.bytes),
            Some(declared) => (declared.storage, declared.format.clone()),
            None => Numbers { range: facts.range, has_fraction: facts.has_fraction, decimals: None }
                .stored(reading),
        };
        Self {
            reading,
            storage,
            format,
            scale,
            declared,
            missing_texts: declared_texts.map(|texts| texts.iter().map(text).collect()).unwrap_or_default(),
            levels: Vec::with_capacity(levels),
        }
    }

    /// The value of the column, or the code of a missing one.
    pub(super) fn value(&self, x: f64) -> Result<f64, Missing> {
        if x.is_nan() {
            return Err(missing_letter(x).and_then(Missing::from_letter).unwrap_or(Missing::SYSTEM));
        }
        if !storable(x) {
            return Err(Missing::SYSTEM);
        }
        if let Some(declared) = &self.declared {
            return declared.value(x);
        }
        if self.reading == Reading::Number {
            return Ok(x);
        }
        Ok(match self.scale {
            Scale::AsIs => x,
            Scale::Days => self.reading.of_day(x.floor() + EPOCH_DAYS),
            Scale::Seconds => ((x + EPOCH_DAYS * DAY) * 1000.0).round(),
            Scale::Years(parts) => ((x - 1960.0) * f64::from(parts)).round(),
        })
    }

    /// True for a text that the file declares missing.
    pub(super) fn is_missing_text(&self, text: &str) -> bool {
        self.missing_texts.iter().any(|missing| missing == text)
    }

    /// The text of a level.
    pub(super) fn level(&self, x: f64) -> Cow<'_, str> {
        let at = if x.is_nan() { None } else { (x as usize).checked_sub(1) };
        at.and_then(|at| self.levels.get(at)).map(|level| level.as_str().into()).unwrap_or_default()
    }

    /// Value labels; a factor with too many levels keeps them as texts.
    pub(super) fn labels(&mut self, column: &Column, encodings: &Encodings) -> Vec<(i32, String)> {
        if let What::Factor(levels) = &column.what {
            let texts = levels.iter().map(|level| encodings.text(level));
            if self.storage.is_text() {
                self.levels = texts.collect();
                return Vec::new();
            }
            return (1..).zip(texts).collect();
        }
        let Some(declared) = self.declared.as_ref() else { return Vec::new() };
        let code = |x: f64| match missing_letter(x) {
            Some(letter) => Missing::from_letter(letter).map(Missing::long),
            None => declared.code(x),
        };
        let labels = column.labels.numbers.iter();
        labels.filter_map(|(x, label)| Some((code(*x)?, encodings.text(label)))).collect()
    }

    /// How declared missing values are coded.
    pub(super) fn declared(&self) -> Option<&Declared> {
        self.declared.as_ref()
    }
}
