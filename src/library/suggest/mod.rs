//! A first draft from the words of a question and the profile of the columns, by rules: no model, no I/O, the
//! same input gives the same draft. Every choice has its reason, its alternatives and a confidence; roles that
//! the question does not name become questions.

mod accounts;
mod adoption;
mod agreement;
mod among;
mod arms;
mod articles;
mod asked_numbers;
mod asked_settings;
mod assigned;
mod available;
mod body;
mod chinese;
mod choice_sets;
mod coded;
mod columns;
mod commands;
mod comparisons;
mod complete;
mod compounds;
mod conditions;
mod context;
mod crossed;
mod decisions;
mod derived;
mod designs;
mod directions;
mod effects;
mod expand;
mod explain;
mod exposures;
mod families;
mod faster;
mod features;
mod followups;
mod foreign;
mod formulas;
mod further;
mod index;
mod item_sets;
pub(super) mod keywords;
mod labels;
mod lacking;
mod lexicon;
mod likeness;
mod links;
mod lists;
mod literal;
mod logarithms;
mod meaning;
mod measured_twice;
mod mentions;
mod method;
mod method_words;
mod names;
mod namesakes;
mod narrow;
mod natures;
mod needs;
mod occasions;
mod one_event;
mod one_value;
mod open_method;
mod open_outcome;
mod paired_rows;
mod periods;
mod phrases;
mod pinyin;
mod questionnaire;
mod questions;
mod ranking;
mod ratios;
mod reading;
mod relations;
mod rewritten;
mod role_words;
mod roles;
mod said;
mod scales;
mod settings;
mod share_of_codes;
mod shared;
mod sides;
mod squares;
mod stated_numbers;
mod stated_parts;
mod statements;
mod structure;
mod studies;
mod surroundings;
mod surveys;
mod tallies;
mod technical;
mod thresholds;
mod times;
mod two_levels;
mod two_periods;
mod unlisted;
mod unread;
mod wide;
mod wide_occasions;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;
use std::sync::OnceLock;

use serde::Serialize;

pub use self::body::{draft_of, submitted_of};
use self::said::Said;
use super::load::Library;
use super::tokens::is_han;
use crate::domain::dataset::Dataset;
use crate::domain::draft::Statement;
use crate::domain::ids::TemplateId;
use crate::domain::template::Bilingual;

/// The field of a question for the method.
const METHOD: &str = "template_id";

/// What an open question that blocks leaves of the confidence.
const BLOCKED: f64 = 0.5;

/// Version of the rules and of their lexicon; a change of either raises it.
pub const RULES_VERSION: u32 = 35;

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
    /// A role, `parameters.<name>`, `template_id`, or `requirement`.
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

/// A question with its columns and words, before it is read.
struct Asked<'a> {
    question: &'a str,
    named: Vec<columns::Named<'a>>,
    units: Vec<words::Unit>,
    rows: u64,
    mentions: Vec<mentions::Mention>,
    links: Vec<links::Link>,
}

impl<'a> Asked<'a> {
    fn of(input: &SuggestInput<'a>) -> Self {
        let question = input.question;
        let (named, mut vocabulary) =
            columns::named(input.dataset, input.values, question.chars().any(is_han));
        vocabulary.cues = phrases::words().clone();
        let units = named.iter().flat_map(|n| &n.aliases).flat_map(|alias| &alias.units);
        let options = units.flat_map(|unit| &unit.options).map(|(option, _)| option);
        vocabulary.concepts = Some(options.filter(|option| option.starts_with('@')).cloned().collect());
        let (mentions, units, links) = mentions::mentions(question, &named, &vocabulary);
        Self { question, named, units, rows: input.dataset.row_count, mentions, links }
    }

    /// The readings of the question, the best first.
    fn readings(&self) -> Vec<ranking::Candidate> {
        let reader = reading::Reader {
            question: self.question,
            named: &self.named,
            units: &self.units,
            cues: &phrases::words().words,
            rows: self.rows,
            usual: OnceLock::new(),
            said: Rc::new(Said::of(said::without_statistics_of_names(
                phrases::corrected(self.question, &self.units),
                &self.named,
            ))),
        };
        reader.ranked(self.mentions.clone(), self.links.clone())
    }
}

/// The text of a question that is read: of a very long one its beginning, of a letter what it asks; and where it asks for
/// something else.
fn text_of(input: &SuggestInput<'_>) -> (String, Vec<Range<usize>>) {
    let end = input.question.char_indices().nth(READ).map_or(input.question.len(), |(at, _)| at);
    context::without_surroundings(&input.question[..end])
}

/// A reading of a question as the weights are learned from it: the columns of its roles, and its features.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoredReading {
    /// Role → names of columns.
    pub roles: BTreeMap<String, Vec<String>>,
    /// Feature → value; those that are 0 are left out.
    pub features: BTreeMap<String, f64>,
    /// The sum of the weights times the features.
    pub score: f64,
}

/// Returns the readings of a question among which the draft is chosen, the best first. `scripts/suggest/weights.py` learns the
/// weights from them.
pub fn readings(input: &SuggestInput<'_>) -> Vec<ScoredReading> {
    let (text, _) = text_of(input);
    let seen = labels::seen(input);
    let dataset = seen.as_ref().unwrap_or(input.dataset);
    let asked = Asked::of(&SuggestInput { question: &text, dataset, ..*input });
    let names = |columns: &Vec<usize>| columns.iter().map(|c| asked.named[*c].name().to_owned()).collect();
    let scored = |candidate: ranking::Candidate| ScoredReading {
        roles: (candidate.reading.filled.roles.iter())
            .map(|(role, columns)| ((*role).to_owned(), names(columns)))
            .collect(),
        features: candidate.features,
        score: candidate.score,
    };
    asked.readings().into_iter().map(scored).collect()
}

/// Makes a draft from a question; of a very long one its beginning.
pub fn suggest(input: &SuggestInput<'_>) -> Suggestion {
    suggest_beside(input, &BTreeSet::new())
}

/// The same; `mixed` are columns whose numbers are written in two ways, which no draft can use before a person has written
/// them in one.
pub fn suggest_beside(input: &SuggestInput<'_>, mixed: &BTreeSet<String>) -> Suggestion {
    let Some(dataset) = narrow::near(input) else { return suggested(input, mixed) };
    narrow::said(input.dataset, suggested(&SuggestInput { dataset: &dataset, ..*input }, mixed))
}

fn suggested(input: &SuggestInput<'_>, mixed: &BTreeSet<String>) -> Suggestion {
    let (whole, second_parts) = text_of(input);
    let whole = method_words::known_words(&whole);
    let rows = among::Rows::of(input, &whole);
    let text = rows.as_ref().map_or_else(|| whole.clone(), |rows| rows.without(&whole));
    let seen = labels::seen(input);
    let read = &SuggestInput { question: &text, dataset: seen.as_ref().unwrap_or(input.dataset), ..*input };
    let between = followups::seen(read);
    let dataset = between.as_ref().map_or(read.dataset, |(dataset, _)| dataset);
    let read = &SuggestInput { dataset, ..*read };
    let suggestion = share_of_codes::estimated(read, scales::ordered(read, coded::suggested(read, mixed)));
    let suggestion = two_levels::only(read, two_periods::compared(read, suggestion));
    let suggestion = choice_sets::of_tasks(read, arms::pooled(read, suggestion));
    let suggestion = match rows {
        Some(rows) => rows.only(input, suggestion),
        None => suggestion,
    };
    let suggestion = match between {
        Some((_, variable)) => followups::derived(suggestion, variable),
        None => suggestion,
    };
    let suggestion = wide::asked(&text, labels::explained(suggestion, input.dataset), input.dataset);
    let suggestion = stated_parts::taken(
        &SuggestInput { question: &text, ..*input },
        method_words::kept(input, &text, suggestion),
    );
    let mut suggestion = namesakes::asked(lacking::asked(input, &text, suggestion), input.dataset);
    suggestion.open_questions.extend(questions::of_second_parts(input.question, second_parts));
    // two phrases for one column are asked for once
    let mut asked = BTreeSet::new();
    suggestion.open_questions.retain(|q| asked.insert((q.field.clone(), q.question.en.clone())));
    suggestion
}

/// Reads a question without looking at what its columns should be.
fn read(input: &SuggestInput<'_>) -> Suggestion {
    if let Some(made) = commands::suggested(input) {
        return made;
    }
    let asked = Asked::of(input);
    let mut readings = asked.readings();
    let outcomes = ranking::outcomes(&readings);
    let named = &asked.named;
    let reading::Reading { mentions, parsed, structure, mut filled } = readings.remove(0).reading;
    // no setting decides between readings
    roles::Filler { parsed: &parsed, columns: named, structure: &structure }.settings(&mut filled);
    let used = mentions.iter().flat_map(|m| m.columns.iter().copied());
    let columns = complete::Columns {
        named,
        structure: &structure,
        asked: phrases::distinct(used.filter(|c| !parsed.excluded.contains(c))),
        words: mentions.iter().map(|m| &input.question[m.start..m.end]).collect(),
        question: &parsed.text,
        asked_as: input.question,
        values: input.values,
        columns: &input.dataset.columns,
        rows: asked.rows,
    };
    let chosen = method::choose(input, &filled, &columns);
    let explained = explain::Explained {
        input,
        named,
        mentions: &mentions,
        parsed: &parsed,
        structure: &structure,
        filled: &filled,
        outcomes: &outcomes,
    };
    let suggestion = faster::compared(input, named, &structure, explained.suggestion(chosen));
    let suggestion = paired_rows::paired(input, named, suggestion);
    let suggestion = directions::of_choices(input, &mentions, named, suggestion);
    let suggestion = squares::added(input, &mentions, suggestion);
    logarithms::taken(input, &mentions, crossed::groups_in_rows(input.question, &mentions, named, suggestion))
}

#[cfg(test)]
mod tests;
