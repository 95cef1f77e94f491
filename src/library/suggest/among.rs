//! A part of the rows that a question is about: "among university graduates, does income matter for trust" names a category,
//! which limits the sample and explains nothing.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::explain::both;
use super::rewritten::{is_plain_text, levels_in, only_rows, sample, written};
use super::{SuggestInput, Suggestion};
use crate::library::binding::takes;

/// The clause of the rows, at the beginning or the end of a question.
static CLAUSES: LazyLock<[Regex; 2]> = LazyLock::new(|| {
    let words =
        "among|amongst|only for|looking only at|restrict(?:ed|ing)? to|limited to|within the group of";
    let first = format!(
        r"(?i)^\s*((?:{words}) [^,.;:?!]{{3,60}}),|^\s*((?:在|仅看|只看|仅在|对于|就)[^，,。？]{{1,15}}?(?:中|里|来说|而言|样本)?)[，,]"
    );
    let last = format!(r"(?i)[a-z)] ((?:{words}) [^,.;:?!]{{3,60}})[.?!]?\s*$");
    [first, last].map(|pattern| Regex::new(&pattern).expect("a pattern"))
});
/// How sure the sample is.
const NAMED: f64 = 0.75;

/// The rows that a question is about.
pub(super) struct Rows {
    column: String,
    level: String,
    clause: Range<usize>,
}

impl Rows {
    /// Finds a clause with exactly one category of a text column.
    pub(super) fn of(input: &SuggestInput<'_>, question: &str) -> Option<Self> {
        let clause = CLAUSES.iter().find_map(|pattern| {
            let found = pattern.captures(question)?;
            found.get(1).or_else(|| found.get(2)).map(|clause| clause.range())
        })?;
        let text = written(&question[clause.clone()]);
        let columns = input.dataset.columns.iter().filter(|c| c.is_text() && c.distinct > 1);
        let mut named = columns.flat_map(|c| {
            levels_in(input, &c.name, &text).into_iter().map(|level| (c.name.clone(), level.to_owned()))
        });
        match (named.next(), named.next()) {
            (Some((column, level)), None) if is_plain_text(&level) => Some(Self { column, level, clause }),
            _ => None,
        }
    }

    /// The question without the clause.
    pub(super) fn without(&self, question: &str) -> String {
        let mut text = question.to_owned();
        text.replace_range(self.clause.clone(), &" ".repeat(self.clause.len()));
        text
    }

    /// The draft of these rows alone.
    pub(super) fn only(
        self,
        input: &SuggestInput<'_>,
        question: &str,
        mut suggestion: Suggestion,
    ) -> Suggestion {
        let Self { column, level, clause } = self;
        let template = suggestion.template_id.as_ref().and_then(|id| input.library.get(id));
        if !template.is_some_and(|t| takes(&t.meta, "sample")) {
            return suggestion;
        }
        let condition = format!("{column} == \"{level}\"");
        let reason = both(
            format!("the question is about rows with “{level}” of {column}; the others are left out"),
            format!("问题只涉及 {column} 为“{level}”的行，其余行不进入样本"),
        );
        suggestion.choices.push(sample(&column, vec![question[clause].to_owned()], reason, NAMED));
        only_rows(&mut suggestion, condition);
        suggestion.confidence = suggestion.confidence.min(NAMED);
        suggestion
    }
}
