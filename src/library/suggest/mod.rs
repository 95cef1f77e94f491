//! A first draft from the words of a question and the profile of the columns, by rules: no model, no I/O, the
//! same input gives the same draft. Every choice has its reason, its alternatives and a confidence; roles that
//! the question does not name become questions.

mod chinese;
mod columns;
mod comparisons;
mod complete;
mod decisions;
mod designs;
mod expand;
mod explain;
mod further;
pub(super) mod keywords;
mod lexicon;
mod likeness;
mod lists;
mod meaning;
mod mentions;
mod method;
mod names;
mod open_outcome;
mod phrases;
mod reading;
mod relations;
mod role_words;
mod roles;
mod structure;
mod times;
mod words;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::load::Library;
use super::tokens::is_han;
use crate::domain::dataset::Dataset;
use crate::domain::draft::Statement;
use crate::domain::ids::TemplateId;
use crate::domain::template::Bilingual;

/// Version of the rules and of their lexicon; a change of either raises it.
pub const RULES_VERSION: u32 = 8;

/// Input of the rules.
#[derive(Debug, Clone, Copy)]
pub struct SuggestInput<'a> {
    /// The do-templates to choose from.
    pub library: &'a Library,
    /// The requirement as the user wrote it.
    pub question: &'a str,
    /// The primary data set.
    pub dataset: &'a Dataset,
    /// Column → texts of its values: value labels, or the values of a text column.
    pub values: &'a BTreeMap<String, Vec<String>>,
}

/// A draft with the explanation of every choice.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The template; none where no template is applicable.
    pub template_id: Option<TemplateId>,
    /// Roles, parameters and categories of the draft.
    pub statement: Statement,
    /// Why this method, and which others are possible.
    pub method: Option<MethodChoice>,
    /// One entry for each role and parameter that was filled.
    pub choices: Vec<Choice>,
    /// What the question does not say.
    pub open_questions: Vec<OpenQuestion>,
    /// 0 to 1: the least certain of the choices, lowered by every open question that blocks.
    pub confidence: f64,
}

/// The chosen method.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct MethodChoice {
    /// The chosen template.
    pub template_id: String,
    /// Its title in English and Chinese.
    pub title: Bilingual,
    /// Why it was chosen.
    pub reason: Bilingual,
    /// 0 to 1.
    pub confidence: f64,
    /// Other applicable templates, best first.
    pub alternatives: Vec<MethodAlternative>,
}

/// Another template for the same roles.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct MethodAlternative {
    /// The template.
    pub template_id: String,
    /// Its title in English and Chinese.
    pub title: Bilingual,
    /// Its score in the ranking, 0 to 1.
    pub score: f64,
}

/// A role or parameter with its columns and the reason.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Choice {
    /// `roles.<name>` or `parameters.<name>`.
    pub field: String,
    /// The chosen columns, or the value as text.
    pub columns: Vec<String>,
    /// Words of the question, as they were written, that name the columns; empty where the data alone decide.
    pub words: Vec<String>,
    /// `name`, `label`, `value`, `spelling`, `meaning`, `structure` or `number`.
    pub basis: String,
    /// The reason in words.
    pub reason: Bilingual,
    /// 0 to 1.
    pub confidence: f64,
    /// Other columns that the words could mean, the likeliest first.
    pub alternatives: Vec<String>,
}

/// Something that the question leaves open.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct OpenQuestion {
    /// A role, `parameters.<name>`, or `requirement`.
    pub field: String,
    /// The question to the analyst.
    pub question: Bilingual,
    /// True if the plan cannot be frozen without an answer.
    pub blocking: bool,
    /// Columns that could be the answer, the likeliest first.
    pub candidates: Vec<String>,
}

/// Longest part of a question that is read, in characters.
const READ: usize = 2_000;

/// Makes a draft from a question; of a very long one its beginning.
pub fn suggest(input: &SuggestInput<'_>) -> Suggestion {
    let end = input.question.char_indices().nth(READ).map_or(input.question.len(), |(at, _)| at);
    let input = &SuggestInput { question: &input.question[..end], ..*input };
    let (named, mut vocabulary) =
        columns::named(input.dataset, input.values, input.question.chars().any(is_han));
    vocabulary.cues = phrases::words().clone();
    let rows = input.dataset.row_count;
    let (mentions, units) = mentions::mentions(input.question, &named, &vocabulary);
    let reader = reading::Reader {
        question: input.question,
        named: &named,
        units: &units,
        cues: &vocabulary.cues.words,
        rows,
    };
    let reading::Reading { mentions, parsed, structure, filled } = reader.best(mentions);
    let asked = mentions.iter().flat_map(|m| m.columns.iter().copied());
    let columns = complete::Columns {
        named: &named,
        structure: &structure,
        asked: phrases::distinct(asked.filter(|c| !parsed.excluded.contains(c))),
        words: mentions.iter().map(|m| &input.question[m.start..m.end]).collect(),
        question: &parsed.text,
        columns: &input.dataset.columns,
        rows,
    };
    let chosen = method::choose(input, &filled, &columns);
    let explained = explain::Explained {
        input,
        named: &named,
        mentions: &mentions,
        parsed: &parsed,
        structure: &structure,
        filled: &filled,
    };
    explained.suggestion(chosen)
}

/// Returns the body of a draft request that submits the suggestion: the fields of the PUT of a draft.
pub fn draft_of(suggestion: &Suggestion) -> Map<String, Value> {
    let statement = &suggestion.statement;
    let mut body = Map::new();
    if let Some(id) = &suggestion.template_id {
        body.insert("template_id".to_owned(), id.as_str().into());
    }
    body.insert("roles".to_owned(), serde_json::to_value(&statement.roles).unwrap_or_default());
    body.insert("parameters".to_owned(), Value::Object(statement.parameters.clone()));
    body.insert("categorical_vars".to_owned(), statement.categorical_vars.clone().into());
    body
}

#[cfg(test)]
mod tests;
