//! A part of the rows that a question is about: "among university graduates, does income matter for trust" names a category,
//! which limits the sample and explains nothing.

use std::sync::LazyLock;

use regex::Regex;

use super::conditions::{self, Clause};
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
    clauses: Vec<Clause>,
}

impl Rows {
    /// Finds the clauses that limit the rows: a clause with exactly one category of a text column, and the other conditions that a
    /// question states.
    pub(super) fn of(input: &SuggestInput<'_>, question: &str) -> Option<Self> {
        let mut found = conditions::clauses(input, question);
        if found.is_empty() {
            found.extend(Self::category(input, question));
        }
        // what is left out stands apart: "drop RTs below 200 ms, then compare the conditions"
        if question != input.question {
            let all = conditions::clauses(input, input.question).into_iter();
            let apart = all.filter(|clause| !question.contains(&clause.words));
            found.extend(apart.map(|clause| Clause { range: 0..0, ..clause }));
        }
        (!found.is_empty()).then_some(Self { clauses: found })
    }

    fn category(input: &SuggestInput<'_>, question: &str) -> Option<Clause> {
        let range = CLAUSES.iter().find_map(|pattern| {
            let found = pattern.captures(question)?;
            found.get(1).or_else(|| found.get(2)).map(|clause| clause.range())
        })?;
        let text = written(&question[range.clone()]);
        let columns = input.dataset.columns.iter().filter(|c| c.is_text() && c.distinct > 1);
        let mut named = columns.flat_map(|c| {
            levels_in(input, &c.name, &text).into_iter().map(|level| (c.name.clone(), level.to_owned()))
        });
        match (named.next(), named.next()) {
            (Some((column, level)), None) if is_plain_text(&level) => {
                let condition = format!("{column} == \"{level}\"");
                let words = question[range.clone()].to_owned();
                Some(Clause { range, column, words, condition })
            }
            _ => None,
        }
    }

    /// The question without the clauses.
    pub(super) fn without(&self, question: &str) -> String {
        let mut text = question.to_owned();
        for clause in &self.clauses {
            text.replace_range(clause.range.clone(), &" ".repeat(clause.range.len()));
        }
        text
    }

    /// The draft of these rows alone; a column that limits them is no term of a model.
    pub(super) fn only(self, input: &SuggestInput<'_>, mut suggestion: Suggestion) -> Suggestion {
        let template = suggestion.template_id.as_ref().and_then(|id| input.library.get(id));
        if !template.is_some_and(|t| takes(&t.meta, "sample")) {
            return suggestion;
        }
        for Clause { column, words, condition, .. } in self.clauses {
            let reason = both(
                format!("the question is about the rows with {condition}; the others are left out"),
                format!("问题只涉及满足 {condition} 的行，其余行不进入样本"),
            );
            suggestion.choices.push(sample(&column, vec![words], reason, NAMED));
            only_rows(&mut suggestion, condition);
            suggestion.confidence = suggestion.confidence.min(NAMED);
        }
        suggestion
    }
}
