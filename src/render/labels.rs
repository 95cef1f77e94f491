//! Labels of the data for the terms of a model: `2.sector` becomes "Sector: Retail". Reads the canonical data
//! for the levels of marked columns; what is printed of them is decided elsewhere.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::{fs::File, io::BufReader};

use dta::{Column as Values, Reader, ValueLabelSet};

use super::{Language, times::Times, words::pick};
use crate::domain::data_step::{ConvertTo, DataStep, Keep, StepKind};
use crate::domain::dataset::{Column, InferredType};
use crate::domain::plan::{CategoricalMark, Plan};
use crate::domain::profile::MAX_LEVELS;

/// Labels of variables and of their levels.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Labels {
    /// Names of the columns of the data and of the plan.
    pub columns: HashSet<String>,
    /// Names of the columns whose values are 0 and 1.
    pub binary: HashSet<String>,
    /// Name of a column → its label.
    pub variables: HashMap<String, String>,
    /// Name of a column → level → label.
    pub levels: HashMap<String, BTreeMap<i64, String>>,
    /// Name of a marked column → the levels that its rows have; none where there are too many.
    pub present: HashMap<String, BTreeSet<i64>>,
    /// Name of a marked column → the level that the run compares with.
    pub bases: HashMap<String, String>,
    /// Numeric companion → the column that it stands for.
    pub companions: HashMap<String, String>,
    /// Name of a column → its display format, such as `%tm`.
    pub formats: HashMap<String, String>,
    /// Name of a column that has each of its times once → these times.
    pub times: HashMap<String, Times>,
    /// Terms whose words are known → these words.
    pub terms: HashMap<String, String>,
    /// Name of a column → the round step in which it varies, where that is not 1.
    pub steps: HashMap<String, f64>,
}

/// Rows that are read at once.
const BLOCK: usize = 32_768;

impl Labels {
    /// True for a text of the data: a column, its label or the words of a level.
    pub(super) fn is_of_data(&self, text: &str) -> bool {
        self.columns.contains(text)
            || self.variables.values().any(|label| label == text)
            || self.levels.values().any(|levels| levels.values().any(|label| label == text))
    }

    /// Collects what the plan and the columns of the inputs say.
    pub fn of_plan<'a>(plan: &Plan, columns: impl Iterator<Item = &'a Column>) -> Self {
        let mut labels = Self::default();
        for column in columns {
            let name = column.name.clone();
            // of several data sets the first has the column of the analysis
            if !labels.columns.insert(name.clone()) {
                continue;
            }
            labels.formats.insert(name.clone(), column.format.clone());
            if column.inferred_type == InferredType::Binary {
                labels.binary.insert(name.clone());
            }
            if let Some(label) = column.label.as_deref().map(str::trim).filter(|l| !l.is_empty()) {
                labels.variables.insert(name, label.to_owned());
            }
        }
        for derived in &plan.derived_variables {
            labels.columns.insert(derived.name.clone());
            labels.binary.extend((derived.kind == "byte").then(|| derived.name.clone()));
            if let Some(label) = derived.label.as_deref().map(str::trim).filter(|l| !l.is_empty()) {
                labels.variables.insert(derived.name.clone(), label.to_owned());
            }
        }
        for mark in &plan.categorical_vars {
            if let Some(companion) = &mark.companion {
                labels.companions.insert(companion.clone(), mark.column.clone());
            }
        }
        labels
    }

    /// Reads the levels of categorical columns from the canonical data: value labels of the file, for companions the
    /// levels in the order in which `encode` and `egen group()` number them, and which levels the rows have. A run numbers the
    /// levels after `steps`: of rows that are left out, in the new spelling, with the levels of appended rows, which are those
    /// of the files in `appended`.
    ///
    /// # Errors
    /// Says why a file cannot be read; the labels that were there stay.
    pub fn read_levels(
        &mut self,
        marks: &[CategoricalMark],
        steps: &[DataStep],
        canonical: &Path,
        appended: &[PathBuf],
    ) -> Result<(), String> {
        let mut reader = opened(canonical)?;
        let sets = reader.meta().value_labels.clone();
        for variable in reader.variables().to_vec() {
            if let Some(set) = sets.iter().find(|s| s.name == variable.value_label) {
                self.levels.insert(variable.name.clone(), entries(set));
            }
        }
        let wanted: Vec<(&CategoricalMark, usize)> =
            marks.iter().filter_map(|mark| Some((mark, reader.position(&mark.column)?))).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let mut found: Vec<Levels> =
            wanted.iter().map(|(mark, _)| Levels::after(steps, &mark.column)).collect();
        take_levels(&mut reader, wanted.iter().map(|(_, at)| *at).collect(), &mut found)?;
        for path in appended {
            let mut reader = opened(path)?;
            let (mut places, mut theirs) = (Vec::new(), Vec::new());
            for (at, (mark, _)) in wanted.iter().enumerate() {
                let place = reader.position(&mark.column);
                places.extend(place);
                theirs.extend(place.map(|_| (at, Levels::default())));
            }
            let (of, mut levels): (Vec<usize>, Vec<Levels>) = theirs.into_iter().unzip();
            take_levels(&mut reader, places, &mut levels)?;
            of.into_iter().zip(levels).for_each(|(at, more)| found[at].join(more));
        }
        // a merge that leaves out rows of the main data may leave out a level, and nobody knows which
        let is_certain =
            steps.iter().all(|s| s.kind != StepKind::Merge || s.keep.unwrap_or_default() == Keep::Master);
        for ((mark, _), levels) in wanted.into_iter().zip(found) {
            let column = mark.column.clone();
            if !is_certain {
                if mark.companion.is_some() {
                    self.levels.remove(&column);
                }
                continue;
            }
            if mark.companion.is_none() {
                self.present.extend(levels.whole().map(|present| (column, present)));
                continue;
            }
            // Value labels of the file name the numbers of the column, not those of its companion.
            let own = self.levels.remove(&column).unwrap_or_default();
            if let Some(numbered) = levels.numbered(&own, &mark.order) {
                self.present.insert(column.clone(), numbered.keys().copied().collect());
                self.levels.insert(column, numbered);
            }
        }
        Ok(())
    }

    /// Returns the column that a name stands for: the companion's own column, else the name itself.
    pub fn own<'a>(&'a self, name: &'a str) -> &'a str {
        self.companions.get(name).map_or(name, String::as_str)
    }

    /// True for a column of the data or of the plan, or a companion of one.
    pub fn has(&self, name: &str) -> bool {
        let own = self.own(name);
        self.columns.contains(own) || self.variables.contains_key(own)
    }

    /// Returns the label of a column, or its name.
    pub fn variable(&self, name: &str) -> String {
        let own = self.own(name);
        self.variables.get(own).cloned().unwrap_or_else(|| own.to_owned())
    }

    /// Returns the words for a term of a model: label of the variable, label of the level, lags, interactions.
    pub fn term(&self, term: &str, language: Language) -> String {
        if matches!(term, "_cons" | "Constant") {
            return pick(language, "Constant", "常数项");
        }
        if let Some(words) = self.terms.get(term) {
            return words.clone();
        }
        let parts: Vec<String> = term.split('#').map(|part| self.part(part, language)).collect();
        parts.join(" × ")
    }

    fn part(&self, part: &str, language: Language) -> String {
        let Some((operators, name)) = part.rsplit_once('.') else { return self.variable(part) };
        if name.is_empty() {
            return part.to_owned();
        }
        let mut words = self.variable(name);
        for operator in operators.split('.').rev() {
            if let Some(level) = level(operator) {
                let label = self.levels.get(self.own(name)).and_then(|l| l.get(&level)).cloned();
                words = format!("{words}: {}", label.unwrap_or_else(|| level.to_string()));
                continue;
            }
            words =
                self::operator(operator, &words, language).unwrap_or_else(|| format!("{operator}.{words}"));
        }
        words
    }
}

/// The level that an operator such as `2`, `2b` or `2o` names.
pub(super) fn level(operator: &str) -> Option<i64> {
    let digits = operator.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let is_level = matches!(&operator[digits.len()..], "" | "b" | "bn" | "n" | "o");
    digits.parse().ok().filter(|_| is_level)
}

/// Words for a time-series operator; the plain marks `c`, `o` and `co` say nothing to a reader.
fn operator(operator: &str, words: &str, language: Language) -> Option<String> {
    if matches!(operator, "c" | "o" | "co" | "i" | "") {
        return Some(words.to_owned());
    }
    let (letter, number) = operator.split_at(1);
    let number = if number.is_empty() { "1" } else { number };
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (en, zh) = match letter.to_ascii_uppercase().as_str() {
        "L" => ("lag", "滞后"),
        "F" => ("lead", "前导"),
        "D" => ("difference", "差分"),
        "S" => ("seasonal difference", "季节差分"),
        _ => return None,
    };
    Some(match (language, number) {
        (Language::En, "1") => format!("{words} ({en})"),
        (Language::En, n) => format!("{words} ({en} {n})"),
        (Language::Zh, n) => format!("{words}（{zh} {n}）"),
    })
}

fn entries(set: &ValueLabelSet) -> BTreeMap<i64, String> {
    set.entries
        .iter()
        .filter(|(code, _)| ValueLabelSet::missing(*code).is_none())
        .map(|(code, text)| (i64::from(*code), text.clone()))
        .collect()
}

fn opened(path: &Path) -> Result<Reader<BufReader<File>>, String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    Reader::open(BufReader::new(file)).map_err(|e| e.to_string())
}

/// Takes in the values of some columns, one for each of `found`.
fn take_levels(
    reader: &mut Reader<BufReader<File>>,
    columns: Vec<usize>,
    found: &mut [Levels],
) -> Result<(), String> {
    if columns.is_empty() {
        return Ok(());
    }
    reader.select(columns).map_err(|e| e.to_string())?;
    while let Some(block) = reader.read_block(BLOCK).map_err(|e| e.to_string())? {
        for (levels, values) in found.iter_mut().zip(&block.columns) {
            levels.take(values);
        }
    }
    Ok(())
}

/// Distinct values of a column, up to the most that a category may have.
#[derive(Default)]
struct Levels {
    /// Rows that are left out, counted from 1.
    dropped: BTreeSet<u64>,
    /// Texts that are missing values.
    missing: Vec<String>,
    /// The step that spells the texts in another way.
    respelt: Option<DataStep>,
    /// Rows taken in so far.
    rows: u64,
    texts: BTreeSet<String>,
    /// Bits of the numbers in an order that is theirs.
    numbers: BTreeMap<i64, f64>,
    too_many: bool,
}

impl Levels {
    /// For a column of the main data after its repairs.
    fn after(steps: &[DataStep], column: &str) -> Self {
        let own: Vec<&DataStep> = steps.iter().filter(|s| s.column.as_deref() == Some(column)).collect();
        Self {
            dropped: steps.iter().flat_map(|step| &step.rows).copied().collect(),
            missing: own.iter().flat_map(|step| &step.missing).cloned().collect(),
            respelt: own.iter().find(|s| s.to.as_ref().is_some_and(ConvertTo::is_text)).map(|s| (*s).clone()),
            ..Self::default()
        }
    }

    fn take(&mut self, values: &Values) {
        let most = usize::try_from(MAX_LEVELS).unwrap_or(usize::MAX);
        let first = self.rows + 1;
        self.rows += values.len() as u64;
        self.too_many |= self.texts.len() > most || self.numbers.len() > most;
        if self.too_many {
            return;
        }
        match values {
            Values::Str(texts) => {
                for (_, text) in (first..)
                    .zip(texts.iter())
                    .filter(|(row, t)| !t.is_empty() && !self.dropped.contains(row))
                {
                    if self.missing.iter().any(|missing| missing == text) {
                        continue;
                    }
                    let text = match &self.respelt {
                        Some(step) => Cow::Owned(step.respelt(text).unwrap_or_default()),
                        None => Cow::Borrowed(text),
                    };
                    if !text.is_empty() && !self.texts.contains(&*text) {
                        self.texts.insert(text.into_owned());
                    }
                }
            }
            Values::Float(some) => {
                // Shown with the digits of single precision, as the data has them.
                for (row, x) in (first..).zip(some).filter(|(_, x)| x.abs() < 1.7e38) {
                    let shown = x.to_string().parse().unwrap_or(f64::from(*x));
                    self.take_number(row, f64::from(*x), shown);
                }
            }
            other => {
                let mut numbers = Vec::new();
                other.append_doubles(&mut numbers);
                for (row, x) in (first..).zip(numbers).filter(|(_, x)| x.abs() < 8.9e307) {
                    self.take_number(row, x, x);
                }
            }
        }
    }

    fn take_number(&mut self, row: u64, x: f64, shown: f64) {
        let is_code = || self.missing.iter().any(|code| code.parse() == Ok(shown));
        if !self.dropped.contains(&row) && !is_code() {
            self.numbers.insert(ordered(x), shown);
        }
    }

    /// Adds those of appended rows.
    fn join(&mut self, more: Self) {
        self.texts.extend(more.texts);
        self.numbers.extend(more.numbers);
        self.too_many |= more.too_many;
    }

    /// The whole numbers among the values; none where there are other values or too many.
    fn whole(self) -> Option<BTreeSet<i64>> {
        let is_whole = |x: &f64| x.fract() == 0.0 && x.abs() < 1e15;
        let sound = !self.too_many && self.texts.is_empty() && self.numbers.values().all(is_whole);
        sound.then(|| self.numbers.into_values().map(|x| x as i64).collect())
    }

    /// 1, 2, … in order; `own` are value labels of the numbers themselves, `first` the texts that the plan numbers first, whether
    /// the rows have them or not.
    fn numbered(mut self, own: &BTreeMap<i64, String>, first: &[String]) -> Option<BTreeMap<i64, String>> {
        if self.too_many {
            return None;
        }
        let words = |x: f64| {
            let label = (x.fract() == 0.0).then(|| own.get(&(x as i64)).cloned()).flatten();
            label.unwrap_or_else(|| x.to_string())
        };
        let mut numbered = BTreeMap::new();
        for (number, text) in (1..).zip(first) {
            if self.texts.remove(text) {
                numbered.insert(number, text.clone());
            }
        }
        let texts = self.texts.into_iter().chain(self.numbers.into_values().map(words));
        numbered.extend((first.len() as i64 + 1..).zip(texts));
        Some(numbered)
    }
}

/// A whole number that sorts as the number does (IEEE 754, section 5.10).
fn ordered(x: f64) -> i64 {
    let bits = (if x == 0.0 { 0.0 } else { x }).to_bits().cast_signed();
    bits ^ (((bits >> 63).cast_unsigned()) >> 1).cast_signed()
}

#[cfg(test)]
#[path = "labels_tests.rs"]
mod tests;
