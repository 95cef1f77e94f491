//! The method by what a question asks for and by the types of its columns. The table is in
//! `assets/suggest/decisions.json`: a cell for each intent, type of the outcome, kind of the explaining columns and structure
//! of the data; the first that fits decides. Where no cell fits, the ranking of the library does.

use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

use super::columns::Named;
use super::phrases::Parsed;
use super::said::Said;
use crate::domain::profile::{is_binary, serves_as};

#[derive(Deserialize)]
struct File {
    intents: Vec<IntentText>,
    /// Intent, type of the outcome, explaining columns, structure, template; `*` fits all.
    cells: Vec<[String; 5]>,
}

#[derive(Deserialize)]
struct IntentText {
    intent: String,
    pattern: String,
}

struct Table {
    intents: Vec<(String, Regex)>,
    cells: Vec<[String; 5]>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let text = include_str!("../../../assets/suggest/decisions.json");
    let file: File = serde_json::from_str(text).expect("the table is read by the tests");
    let compiled = |i: IntentText| {
        let pattern = Regex::new(&i.pattern).expect("the patterns are compiled by the tests");
        (i.intent, pattern)
    };
    Table { intents: file.intents.into_iter().map(compiled).collect(), cells: file.cells }
});

/// Intents of questions.
pub(super) const RELATION: &str = "relation";
pub(super) const DIFFERENCE: &str = "difference";
pub(super) const ASSOCIATION: &str = "association";
pub(super) const DESCRIPTION: &str = "description";
/// The question sorts by groups without saying whether it compares or describes them.
pub(super) const BY_GROUP: &str = "by group";

/// Most levels of an ordinal outcome that is written in numbers.
const GRADES: u64 = 15;

/// The type of an outcome that nobody named.
pub(super) const OPEN: &str = "open";

/// True if the words of a question have an intent.
pub(super) fn asks(intent: &str, text: &Said) -> bool {
    TABLE.intents.iter().any(|(name, pattern)| name == intent && text.fits(pattern))
}

/// The template of a cell.
pub(super) fn decided(intent: &str, outcome: &str, causes: &str, structure: &str) -> Option<String> {
    let case = [intent, outcome, causes, structure];
    let fits = |cell: &&[String; 5]| cell.iter().zip(case).all(|(own, asked)| own == "*" || own == asked);
    TABLE.cells.iter().find(fits).map(|cell| cell[4].clone())
}

/// The type of a column as an outcome.
pub(super) fn type_of(column: &Named<'_>) -> &'static str {
    let codes = column.column.value_labels && !column.is_scale() && column.kind() == "categorical";
    if is_binary(column.column) {
        "binary"
    } else if column.column.is_text() || codes || (column.has_category() && column.column.distinct <= 12) {
        "nominal"
    } else if column.is_scale() && !column.counts_from_zero() {
        "ordered"
    } else if column.is_share() {
        "share"
    } else if column.is_count() {
        "count"
    } else {
        "number"
    }
}

/// What questionnaires measure in points.
const SCALES: [&str; 20] = [
    "@depression",
    "@anxiety",
    "@stress",
    "@phq",
    "@gad",
    "@burnout",
    "@loneliness",
    "@esteem",
    "@wellbeing",
    "@happiness",
    "@quality_life",
    "@symptom",
    "@cognition",
    "@resilience",
    "@fatigue",
    "@aggression",
    "@self_efficacy",
    "@procrastination",
    "@mental_health",
    "@distress",
];

impl Named<'_> {
    /// True for points of a test or a scale, which are no numbers of events.
    fn is_score(&self) -> bool {
        let label = self.column.label.as_deref().unwrap_or_default().to_lowercase();
        let text = format!("{} {label}", self.column.name.to_lowercase());
        let says = ["score", "index", "points", "grade", "得分", "评分", "分数", "成绩", "指数", "量表"];
        says.iter().any(|w| text.contains(w)) || SCALES.iter().any(|concept| self.has(concept))
    }
}

/// True where a question speaks of numbers of something, or of what they are relative to, and the column holds whole numbers
/// from 0 on.
pub(super) fn is_counted(column: &Named<'_>, parsed: &Parsed, has_exposure: bool) -> bool {
    static COUNTS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:number|numbers|count|counts) of\b|\bhow many\b|\bcounts?\b|次数|数量|个数|件数|多少(?:次|个|件|篇)")
            .expect("a pattern")
    });
    let counted = parsed.is_of_counts();
    let least = column.column.min;
    let from_zero =
        (least == Some(0.0) || counted && least.is_some_and(|m| m > 0.0)) && column.column.distinct > 4;
    let counts = has_exposure || counted || parsed.text.fits(&COUNTS);
    serves_as(column.column, "count") && !column.is_score() && counts && (from_zero || has_exposure)
}

impl Named<'_> {
    /// True for few whole numbers, which may be grades.
    pub(super) fn may_be_ordered(&self) -> bool {
        self.column.integer_valued && (3..=GRADES).contains(&self.column.distinct)
    }
}

impl Parsed {
    /// True where a question says that its outcome is ordinal.
    pub(super) fn says_ordered(&self) -> bool {
        ["ordinal", "ordered logit", "ordered probit", "有序", "等级资料"]
            .iter()
            .any(|word| self.text.contains(word))
    }

    /// True where a question says that its outcome is a count.
    pub(super) fn is_of_counts(&self) -> bool {
        static COUNTED: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(
                r"\bcounted\b|\(counts?\)|\bcount (?:data|variable|model|outcome)|overdispers|\bpoisson\b|negative binomial|泊松|负二项|计数|过度离散",
            )
            .expect("a pattern")
        });
        self.text.fits(&COUNTED)
    }
}

/// The kind of a column that forms groups.
pub(super) fn groups_of(column: &Named<'_>) -> &'static str {
    if column.column.distinct == 2 { "two groups" } else { "groups" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cell_that_fits_decides() {
        assert_eq!(decided(RELATION, "binary", "measures", "panel").as_deref(), Some("panel.logit"));
        assert_eq!(decided(RELATION, "count", "measures", "rows").as_deref(), Some("limited.count"));
        assert_eq!(decided(DIFFERENCE, OPEN, "groups", "rows").as_deref(), Some("test.anova_oneway"));
        assert_eq!(decided("forecast", "number", "none", "series"), None);
    }

    #[test]
    fn every_cell_names_a_template() {
        let library = crate::library::load::Library::embedded().expect("the library");
        for cell in &TABLE.cells {
            let id = crate::domain::ids::TemplateId::parse(&cell[4]).expect("an id");
            assert!(library.get(&id).is_some(), "{cell:?}");
        }
    }

    #[test]
    fn a_question_for_the_best_of_several_asks_for_a_difference() {
        let said = |text: &str| Said::of(text.to_owned());
        assert!(asks(DIFFERENCE, &said("which sprays work best against insects?")));
        assert!(!asks(DIFFERENCE, &said("how many insects are there")));
        assert!(asks(BY_GROUP, &said("average bill by day of the week")));
    }
}
