//! Comparisons as clients read them.

use serde::Serialize;

use super::Compared;
use crate::domain::comparison::{
    Column, Difference, Fact, Point, Summary, differences, focus_of, points, summary, terms_of,
};
use crate::domain::run::ResultRow;
use crate::render::Options;
use crate::render::comparison::{caution, choice_words, words};

/// Specifications side by side, the curve of one term, and its numbers.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ComparisonView {
    /// Title of the batch; null where it has none, and for other runs.
    pub title: Option<String>,
    /// Term of the curve; null where no specification has an estimate.
    pub term: Option<String>,
    /// The specifications, also those without estimates, with the reason.
    pub columns: Vec<Column>,
    /// Every term, that of the curve first and the constant last.
    pub terms: Vec<ComparedTerm>,
    /// The specification curve: estimates of `term`, lowest first.
    pub curve: Vec<Point>,
    /// The curve in numbers; null where no specification has an estimate.
    pub summary: Option<Summary>,
    /// The curve in sentences.
    pub sentences: Vec<String>,
    /// The limits of these numbers, as a sentence.
    pub caution: String,
    /// Choices of the plans by kind, each with the columns that have it.
    pub specification: Vec<ComparedChoice>,
    /// What differs so that estimates may measure different things.
    pub differences: Vec<Difference>,
    /// Remarks: what differs in words, the warnings of the runs, and each specification without estimates.
    pub notes: Vec<String>,
}

/// A term over all specifications.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ComparedTerm {
    /// As the engine names it; a level of a text column by its words. Where a specification has the term in several models the
    /// model follows in brackets, where reference categories differ the category that the estimate is against.
    pub term: String,
    /// The term in the words of the data.
    pub label: String,
    /// One for each column; null where the specification has no such term.
    pub results: Vec<Option<ResultRow>>,
}

/// A choice of plans.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ComparedChoice {
    /// Its kind.
    pub fact: Fact,
    /// Equal for equal choices: the name of a column, the id of a template, a condition.
    pub key: String,
    /// The choice in words.
    pub label: String,
    /// Numbers of the columns that have it, ascending.
    pub columns: Vec<u32>,
}

impl ComparisonView {
    /// Builds the view.
    pub fn of(compared: &Compared, options: &Options) -> Self {
        let columns = &compared.columns;
        let focus = focus_of(columns, compared.wanted.as_deref());
        let curve = focus.map(|key| points(columns, key)).unwrap_or_default();
        let summary = summary(&curve, columns.len());
        let said = words(&compared.comparison(), options);
        let label = |key: &str| match options.labels {
            true => said.labels.estimate("term", key, options.language),
            false => key.to_owned(),
        };
        let term = |key: &str| ComparedTerm {
            term: key.to_owned(),
            label: label(key),
            results: columns.iter().map(|column| column.result(key).cloned()).collect(),
        };
        Self {
            title: compared.title.clone(),
            term: focus.map(str::to_owned),
            terms: terms_of(columns, focus).into_iter().map(term).collect(),
            curve,
            summary,
            sentences: said.sentences,
            caution: caution(options.language),
            specification: specification_of(compared, options),
            differences: differences(columns),
            notes: said.notes,
            columns: columns.clone(),
        }
    }
}

fn specification_of(compared: &Compared, options: &Options) -> Vec<ComparedChoice> {
    let mut found: Vec<ComparedChoice> = Vec::new();
    for column in &compared.columns {
        for choice in &column.specification {
            match found.iter_mut().find(|known| known.fact == choice.fact && known.key == choice.key) {
                Some(known) => known.columns.push(column.index),
                None => found.push(ComparedChoice {
                    fact: choice.fact,
                    key: choice.key.clone(),
                    label: choice_words(&choice.said, &compared.labels, options),
                    columns: vec![column.index],
                }),
            }
        }
    }
    found.sort_by_key(|choice| choice.fact);
    found
}
