//! The columns of a data set as a question may name them: name, label, synonyms, values; and what they can be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::super::tokens::is_han;
use super::lexicon::LEXICON;
use super::names::{changes, first_of, numbered, raw_parts, result, texts_of, zeroth};
use super::shared::dim_shared;
use super::words::{EARLY, Unit, Vocabulary, as_written, units};
use crate::domain::dataset::{Column, Dataset};
use crate::domain::profile::{is_binary, primary_kind, serves_as};

/// What in the profile of a column a word of the question was found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// General knowledge of words.
    Meaning,
    Value,
    Label,
    Name,
}

/// One way to name a column.
#[derive(Debug, Clone)]
pub(super) struct Alias {
    pub(super) place: Place,
    pub(super) units: Vec<Unit>,
    pub(super) text: String,
}

/// A column with all ways to name it.
#[derive(Debug)]
pub(super) struct Named<'a> {
    pub(super) column: &'a Column,
    pub(super) aliases: Vec<Alias>,
    pub(super) known: Known,
}

/// What was asked about a column before.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Name and label in lower case.
    lower: OnceLock<(String, String)>,
    /// The parts of the name.
    parts: OnceLock<Vec<String>>,
    concepts: OnceLock<BTreeSet<String>>,
    outcome: OnceLock<f64>,
    measure: OnceLock<bool>,
    group: OnceLock<bool>,
    pub(super) time: OnceLock<bool>,
    /// By the number of rows.
    unit: OnceLock<(u64, bool)>,
}

/// Concepts that are numbers of events or things.
const COUNTED: [&str; 20] = [
    "@visits",
    "@patent",
    "@complaints",
    "@accident",
    "@falls",
    "@claims",
    "@children",
    "@goals",
    "@assists",
    "@delay",
    "@species",
    "@birds",
    "@burglary",
    "@homicide",
    "@arrest",
    "@injury",
    "@click",
    "@absence",
    "@absenteeism",
    "@aircon",
];

/// Concepts of what rows or groups of rows are about.
const THINGS: [&str; 6] = ["@firm", "@person", "@school", "@county", "@hospital", "@province"];

/// Strength of a concept that only the first letters of its pinyin speak for.
const INITIALS: f64 = 0.7;

/// Returns the columns with their names, and the words that they add to the vocabulary.
pub(super) fn named<'a>(
    dataset: &'a Dataset,
    values: &BTreeMap<String, Vec<String>>,
    chinese: bool,
) -> (Vec<Named<'a>>, Vocabulary) {
    let numbers = numbered(dataset);
    let texts_of = |c| {
        let mut texts = texts_of(c, values, first_of(c, &numbers));
        texts.extend(zeroth(c, &numbers).map(|text| (Place::Name, text)));
        texts.extend(changes(c, &numbers).into_iter().map(|text| (Place::Name, text)));
        texts
    };
    let texts: Vec<(&Column, Vec<(Place, String)>)> =
        dataset.columns.iter().map(|c| (c, texts_of(c))).collect();
    let mut vocabulary = Vocabulary::default();
    for (_, aliases) in &texts {
        for (_, text) in aliases {
            for part in text.split(|c: char| !c.is_alphanumeric()) {
                if part.chars().any(is_han) {
                    vocabulary.han.insert(part.to_owned());
                    // the beginning and the end of a name are words too: 土壤 of 土壤类型
                    for (at, _) in part.char_indices() {
                        for piece in [&part[..at], &part[at..]] {
                            if (2..=6).contains(&piece.chars().count()) && piece.chars().all(is_han) {
                                vocabulary.han.insert(piece.to_owned());
                            }
                        }
                    }
                } else if part.chars().count() >= 4 && part.chars().all(char::is_alphabetic) {
                    vocabulary.words.insert(part.to_ascii_lowercase());
                }
            }
        }
    }
    let is_chinese = |(place, text): &(Place, String)| *place != Place::Value && text.chars().any(is_han);
    vocabulary.compounds = !texts.iter().any(|(_, aliases)| aliases.iter().any(is_chinese));
    let mut columns: Vec<Named<'a>> = texts
        .into_iter()
        .map(|(column, mut aliases)| {
            let raw = raw_parts(&column.name).join(" ");
            if chinese && aliases.iter().all(|(_, text)| *text != raw) {
                // the Chinese words have usual abbreviations too, which need not be those of the lexicon
                aliases.push((Place::Name, raw));
            }
            let aliases = aliases.into_iter().filter_map(|(place, text)| alias(place, text));
            let initials = chinese.then(|| initials(column)).flatten();
            Named { column, aliases: aliases.chain(initials).collect(), known: Known::default() }
        })
        .collect();
    dim_shared(&mut columns);
    (columns, vocabulary)
}

/// The concepts of a name that is made of first letters of pinyin, `xb` of 性别, where no label says what it is.
fn initials(column: &Column) -> Option<Alias> {
    let name = column.name.to_ascii_lowercase();
    let options: Vec<(String, f64)> = LEXICON.of_initials(&name).map(|c| (c.clone(), INITIALS)).collect();
    let said =
        column.label.is_some() || LEXICON.words.contains(&name) || LEXICON.abbreviations.contains_key(&name);
    let unit = Unit {
        options,
        start: 0,
        end: name.len(),
        generic: false,
        connector: false,
        han: false,
        spelled: None,
    };
    (!said && !unit.options.is_empty()).then_some(Alias { place: Place::Name, units: vec![unit], text: name })
}

fn alias(place: Place, text: String) -> Option<Alias> {
    // the words of the columns themselves are split by the lexicon alone, so that synonyms meet
    let mut units = units(&text, &Vocabulary::default());
    let several = units.len() > 1;
    if place == Place::Value && text.len() <= 2 && text.is_ascii() {
        as_written(&mut units);
    }
    units.retain(|u| {
        // one character of a longer value does not name it: 人 of 50人以下
        let piece = place == Place::Value && several && u.han && text[u.start..u.end].chars().count() == 1;
        !u.connector && !u.options.is_empty() && !piece
    });
    // a Chinese word that the lexicon does not know is one word, not its characters
    if units.iter().all(|u| u.generic && u.han) && text.chars().filter(|c| is_han(*c)).count() >= 2 {
        let han = std::iter::once(text.clone()).collect();
        units = self::units(&text, &Vocabulary { han, ..Vocabulary::default() });
    }
    (units.iter().any(|u| !u.generic) || place == Place::Name).then_some(Alias { place, units, text })
}

impl Named<'_> {
    pub(super) fn name(&self) -> &str {
        &self.column.name
    }

    /// True if a name or the label has this concept.
    pub(super) fn has(&self, concept: &str) -> bool {
        let concepts = || {
            let named = self.aliases.iter().filter(|a| a.place != Place::Value);
            let options = named.flat_map(|a| &a.units).flat_map(|u| &u.options);
            options.filter(|(_, strength)| *strength >= 1.0).map(|(option, _)| option.clone()).collect()
        };
        self.known.concepts.get_or_init(concepts).contains(concept)
    }

    /// How likely the column is studied as an outcome, by its words: −1 to 1.
    pub(super) fn outcome(&self) -> f64 {
        *self.known.outcome.get_or_init(|| result(self.name()).unwrap_or_else(|| self.usual_outcome()))
    }

    fn usual_outcome(&self) -> f64 {
        let of = |alias: &Alias| {
            let priors: Vec<f64> = alias
                .units
                .iter()
                .filter_map(|u| u.options.iter().find_map(|(o, s)| LEXICON.outcome(o).filter(|_| *s >= 0.8)))
                .collect();
            (!priors.is_empty()).then(|| priors.iter().sum::<f64>() / priors.len() as f64)
        };
        let named = self.aliases.iter().filter(|a| a.place != Place::Value);
        let mut priors: Vec<f64> = named.filter_map(of).collect();
        priors.sort_by(f64::total_cmp);
        priors.get(priors.len() / 2).copied().unwrap_or(0.0)
    }

    /// True for the first of several measurements.
    pub(super) fn is_early(&self) -> bool {
        EARLY.iter().any(|concept| self.has(concept))
    }

    /// The parts of the name in lower case.
    pub(super) fn parts(&self) -> &[String] {
        self.known.parts.get_or_init(|| raw_parts(&self.column.name))
    }

    /// True if the name, its first or last part, or the label is one of these words.
    pub(super) fn word(&self, words: &[&str]) -> bool {
        let label = || self.column.label.as_deref().unwrap_or_default().to_ascii_lowercase();
        let lower = || (self.column.name.to_ascii_lowercase(), label());
        let (name, label) = self.known.lower.get_or_init(lower);
        words.iter().any(|w| {
            let last = || name.strip_suffix(w).is_some_and(|rest| rest.ends_with('_'));
            let first = || name.strip_prefix(w).is_some_and(|rest| rest.starts_with('_'));
            name == *w || last() || first() || label == *w
        })
    }

    /// True for the numbers of the rows: as many as rows, one after the other.
    pub(super) fn is_row_number(&self, rows: u64) -> bool {
        let c = self.column;
        // without holes: 1 to 120, 4001 to 4120
        let dense = c.min.zip(c.max).is_some_and(|(least, most)| most - least <= rows as f64);
        let begins = c.min.is_some_and(|least| (0.0..=1.0).contains(&least));
        // a row of totals has no number
        let every = c.distinct == rows || (c.missing <= 2 && c.distinct + c.missing == rows);
        c.integer_valued && rows > 20 && every && dense && (begins || !self.is_time())
    }

    /// True for codes from 1 on without holes, each of several rows: the chicks of repeated measurements.
    fn is_dense_code(&self, rows: u64) -> bool {
        let c = self.column;
        let dense = c.min == Some(1.0) && c.max == Some(c.distinct as f64);
        let repeats = c.distinct >= 30 && rows >= c.distinct.saturating_mul(3);
        let name = c.name.to_ascii_lowercase();
        let says =
            name.split(|c: char| !c.is_alphanumeric()).any(|w| LEXICON.measured_in(w).next().is_some());
        let plain = !says && self.outcome() <= 0.0 && c.label.is_none() && !self.is_quantity();
        c.integer_valued && dense && repeats && plain && !self.is_time() && !self.is_count()
    }

    /// True for columns whose words name something other than units and categories: years of experience.
    fn is_quantity(&self) -> bool {
        let mut units = self.aliases.iter().filter(|a| a.place == Place::Name).flat_map(|a| &a.units);
        let other = |o: &(String, f64)| o.1 >= 1.0 && o.0.starts_with('@') && !THINGS.contains(&o.0.as_str());
        !self.has_category() && units.any(|u| u.options.iter().any(other))
    }

    /// True for numbers of something that may not occur: the smallest is 0, unlike that of most scales of answers.
    pub(super) fn counts_from_zero(&self) -> bool {
        self.column.min == Some(0.0) && self.is_count()
    }

    /// True for numbers with a fraction, or with a concept that is measured.
    pub(super) fn is_measured(&self) -> bool {
        !self.column.is_text() && (!self.column.integer_valued || self.outcome() > 0.0)
    }

    /// True for columns that identify units: firms, persons, schools.
    pub(super) fn is_unit(&self, rows: u64) -> bool {
        let (of, is) = *self.known.unit.get_or_init(|| (rows, self.identifies(rows)));
        if of == rows { is } else { self.identifies(rows) }
    }

    fn identifies(&self, rows: u64) -> bool {
        let label = self.column.label.as_deref().unwrap_or_default().to_ascii_lowercase();
        let code = self.word(&["id", "code", "no", "nr", "key", "stkcd", "代码", "编码", "编号"])
            || ["identifier", " code", "代码", "编码", "编号", " number"].iter().any(|w| label.ends_with(w))
            || self.column.name.to_ascii_lowercase().ends_with("id");
        let is_thing = |u: &Unit| u.options.iter().any(|(o, s)| *s >= 1.0 && THINGS.contains(&o.as_str()));
        let of_things = |a: &&Alias| !a.units.is_empty() && a.units.iter().all(is_thing);
        let thing = self.aliases.iter().filter(|a| a.place != Place::Value).any(|a| of_things(&a));
        let named = self.aliases.iter().filter(|a| a.place == Place::Name).any(|a| of_things(&a));
        // so many texts are no categories
        if self.is_row_number(rows) || (self.column.is_text() && self.column.distinct >= 50) {
            return true;
        }
        if self.is_dense_code(rows) {
            return true;
        }
        let many = self.column.distinct >= rows.min(20);
        let discrete = self.column.integer_valued || self.column.is_text();
        let distinct = self.column.distinct;
        // as many rows for each of them: the units of a panel
        let several = distinct >= 20 && rows >= distinct.saturating_mul(3);
        let repeats = several && rows.is_multiple_of(distinct);
        let units = (named && repeats) || (self.is_named_for_units() && several);
        discrete && many && (code || (thing && distinct >= 40) || units) && !self.is_time()
    }

    /// True for columns whose values are categories.
    pub(super) fn is_group(&self) -> bool {
        *self.known.group.get_or_init(|| self.forms_groups())
    }

    fn forms_groups(&self) -> bool {
        let c = self.column;
        is_binary(c)
            || (c.integer_valued && c.distinct == 2)
            || c.is_text()
            || (c.value_labels && c.distinct <= 30)
            || (c.distinct <= 12 && self.has_category())
    }

    /// True for concepts whose numbers are codes of categories.
    pub(super) fn has_category(&self) -> bool {
        [
            "@region",
            "@province",
            "@occupation",
            "@industry",
            "@party",
            "@contract",
            "@diet",
            "@race",
            "@stage",
            "@transport",
            "@channel",
            "@admission_type",
            "@marriage",
            "@hukou",
            "@religion",
            "@variety",
            "@soil",
            "@habitat",
            "@position",
            "@major",
            "@brand",
        ]
        .iter()
        .any(|c| self.has(c))
    }

    /// True for a number on a scale: neither categories nor text.
    pub(super) fn is_measure(&self) -> bool {
        *self.known.measure.get_or_init(|| self.measures())
    }

    fn measures(&self) -> bool {
        let codes = self.has_category() && self.column.distinct <= 30;
        let number = !self.column.is_text() && serves_as(self.column, "continuous");
        number && !codes && !is_binary(self.column) && !self.is_time()
    }

    /// True for answers on a short ordered scale, such as a satisfaction of 1 to 5.
    pub(super) fn is_scale(&self) -> bool {
        let c = self.column;
        let steps = c.integer_valued && (3..=7).contains(&c.distinct);
        !c.is_text() && steps && self.outcome() > 0.3 && !self.has_category()
    }

    /// True for shares of a whole: fractions from 0 to 1 that are named as such.
    pub(super) fn is_share(&self) -> bool {
        let c = self.column;
        let says = ["share", "proportion", "fraction", "ratio", "rate", "占比", "比例", "比率"];
        let within = c.min.is_some_and(|least| least >= 0.0) && c.max.is_some_and(|most| most <= 1.0);
        !c.is_text() && !c.integer_valued && within && self.word(&says)
    }

    /// True for numbers of events.
    pub(super) fn is_count(&self) -> bool {
        let label = self.column.label.as_deref().unwrap_or_default().to_ascii_lowercase();
        let says = ["number of", "count of", "days", "次数", "数量"].iter().any(|w| label.contains(w))
            || label.ends_with('数')
            || COUNTED.iter().any(|c| self.has(c));
        says && serves_as(self.column, "count") && self.column.distinct > 2 && !self.is_money()
    }

    /// True for amounts of money: spending on children is no number of them.
    pub(super) fn is_money(&self) -> bool {
        let label = self.column.label.as_deref().unwrap_or_default().to_lowercase();
        let text = format!("{} {label}", self.column.name.to_lowercase());
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        let unit = words.any(|w| LEXICON.measured_in(w).any(|of| of == "money"));
        unit || ["spending", "cost", "expenditure", "费用", "支出", "花费", "金额"]
            .iter()
            .any(|w| text.contains(w))
    }

    /// The kind of the contract that describes the column best.
    pub(super) fn kind(&self) -> &'static str {
        primary_kind(self.column)
    }
}
