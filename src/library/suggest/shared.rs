//! Words in the names of columns that do not tell them apart: those that several names share, and units of measurement.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{Named, Place};
use super::words::Unit;

/// Weight of words that say little.
const GENERIC: f64 = 0.25;

pub(super) fn weight(unit: &Unit) -> f64 {
    let letter = !unit.han && unit.end - unit.start == 1;
    match (unit.connector, unit.generic || letter || unit.is_time_of_measurement()) {
        (true, _) => 0.0,
        (_, true) => GENERIC,
        _ => 1.0,
    }
}

/// Columns that have a word in their names from which on it tells them no longer apart.
const SHARED: usize = 3;

/// Words that several names share say little in each that has another: `ceo_pay`, `ceo_age`, `ceo_tenure`. So do units of
/// measurement at the end: `ceo_pay_musd`.
pub(super) fn dim_shared(columns: &mut [Named<'_>]) {
    let mut holders: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (at, column) in columns.iter().enumerate() {
        for unit in column.aliases.iter().filter(|a| a.place == Place::Name).flat_map(|a| &a.units) {
            if let Some((word, _)) = unit.options.first().filter(|_| !unit.generic && !unit.han) {
                holders.entry(word.clone()).or_default().insert(at);
            }
        }
    }
    let is_shared = |unit: &Unit| {
        let word = unit.options.first().map(|(word, _)| word);
        !unit.han && word.and_then(|w| holders.get(w)).is_some_and(|of_it| of_it.len() >= SHARED)
    };
    for alias in columns.iter_mut().flat_map(|c| &mut c.aliases).filter(|a| a.place == Place::Name) {
        let text = alias.text.clone();
        let last = alias.units.len().saturating_sub(1);
        let dim: Vec<bool> = alias
            .units
            .iter()
            .enumerate()
            .map(|(at, unit)| {
                is_shared(unit) || at > 0 && at == last && is_measuring_unit(&text[unit.start..unit.end])
            })
            .collect();
        // a word of its own must stay
        if alias.units.iter().zip(&dim).any(|(unit, dim)| !dim && weight(unit) >= 1.0) {
            alias.units.iter_mut().zip(dim).filter(|(_, dim)| *dim).for_each(|(unit, _)| unit.generic = true);
        }
    }
}

impl Named<'_> {
    /// True for columns whose names have a word or concept in common.
    pub(super) fn shares_word(&self, other: &Named<'_>) -> bool {
        let words = |column: &Named<'_>| -> BTreeSet<String> {
            let named = column.aliases.iter().filter(|a| a.place == Place::Name);
            let units = named.flat_map(|a| &a.units).filter(|u| !u.generic && !u.is_time_of_measurement());
            let options = units.flat_map(|u| &u.options).filter(|(_, strength)| *strength >= 1.0);
            options.map(|(option, _)| option.clone()).collect()
        };
        !words(self).is_disjoint(&words(other))
    }
}

/// True for the abbreviation of a unit of measurement.
fn is_measuring_unit(word: &str) -> bool {
    const UNITS: [&str; 34] = [
        "usd", "kusd", "musd", "busd", "eur", "keur", "meur", "gbp", "cny", "rmb", "jpy", "bn", "mn", "mio",
        "pct", "perc", "kg", "mg", "ug", "ml", "cm", "mm", "km", "kwh", "mwh", "mmhg", "ms", "sec", "secs",
        "db", "acres", "ha", "sqm", "m2",
    ];
    UNITS.contains(&word.to_ascii_lowercase().as_str())
}
