//! The form of an interpretation and its check: every number is found again in the cell that it names, by
//! the term that it is said of, with the sign that the words give it. Nothing is shown before it passed.

use serde::Deserialize;
use serde_json::{Value, json};

use super::numbers::{Number, numbers};
use super::tables::{Facts, Table};
use super::wording::{self, Direction};
use crate::domain::run::RATIOS;
use crate::ports::llm::AnswerSchema;

const MAX_FINDINGS: usize = 12;
const MAX_CAUTIONS: usize = 8;
/// Longest statement, in characters.
const MAX_TEXT: usize = 600;
/// Columns whose sign is a direction.
const EFFECTS: [&str; 6] = ["estimate", "difference", "slope", "margin", "correlation", "coefficient"];

/// A number of a statement with the cell that it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// As the statement shows it.
    pub shown: String,
    /// Name of the table.
    pub table: String,
    /// Row of the table, from 1 below the heading.
    pub row: u64,
    /// Heading of the column.
    pub column: String,
    /// The number of the cell, in all its digits.
    pub cell: String,
}

/// A statement that passed.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The sentence, as the model wrote it.
    pub text: String,
    /// Cells of all numbers in it; empty for a text without numbers.
    pub sources: Vec<Source>,
}

/// An interpretation that passed.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Statements on the results, in the order of the model.
    pub findings: Vec<Statement>,
    /// Statements on limits of the results.
    pub cautions: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    findings: Vec<Said>,
    #[serde(default)]
    cautions: Vec<Said>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    text: String,
    #[serde(default)]
    numbers: Vec<Cited>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cited {
    shown: String,
    table: String,
    row: u64,
    column: String,
    relation: Relation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Relation {
    Equals,
    Below,
    Above,
}

/// The form of an interpretation.
pub fn schema() -> AnswerSchema {
    let text = json!({"type": "string"});
    let cited = json!({"type": "object", "additionalProperties": false,
        "required": ["shown", "table", "row", "column", "relation"],
        "properties": {"shown": text, "table": text, "row": {"type": "integer"}, "column": text,
            "relation": {"type": "string", "enum": ["equals", "below", "above"]}}});
    let said = json!({"type": "object", "additionalProperties": false, "required": ["text", "numbers"],
        "properties": {"text": text, "numbers": {"type": "array", "items": cited}}});
    let list = json!({"type": "array", "items": said});
    let schema = json!({"type": "object", "additionalProperties": false, "required": ["findings", "cautions"],
        "properties": {"findings": list, "cautions": list}});
    AnswerSchema { name: "interpretation", schema }
}

/// Checks an answer against the tables.
///
/// # Errors
/// All problems, in words that the model can act on.
pub fn check(document: &Value, facts: &Facts) -> Result<Reading, Vec<String>> {
    let answer = Answer::deserialize(document)
        .map_err(|error| vec![format!("it does not have the asked form: {error}")])?;
    let mut problems = Vec::new();
    if answer.findings.is_empty() {
        problems.push("findings: there is none".to_owned());
    }
    for (path, list, most) in
        [("findings", &answer.findings, MAX_FINDINGS), ("cautions", &answer.cautions, MAX_CAUTIONS)]
    {
        if list.len() > most {
            problems.push(format!("{path}: more than {most} statements"));
        }
    }
    let mut statements = |path: &str, list: Vec<Said>| -> Vec<Statement> {
        let mut passed = Vec::new();
        for (i, said) in list.into_iter().enumerate() {
            match statement(said, facts) {
                Ok(statement) => passed.push(statement),
                Err(why) => problems.extend(why.into_iter().map(|why| format!("{path}.{i}: {why}"))),
            }
        }
        passed
    };
    let findings = statements("findings", answer.findings);
    let cautions = statements("cautions", answer.cautions);
    if problems.is_empty() { Ok(Reading { findings, cautions }) } else { Err(problems) }
}

fn statement(said: Said, facts: &Facts) -> Result<Statement, Vec<String>> {
    let text = said.text.trim();
    if text.is_empty() || text.chars().count() > MAX_TEXT {
        return Err(vec![format!("must have 1 to {MAX_TEXT} characters")]);
    }
    if text.contains("://") || text.contains("www.") || text.chars().any(|c| c.is_control()) {
        return Err(vec!["holds a link or a line break".to_owned()]);
    }
    let found = numbers(text, |name| facts.names.contains(name))?;
    let mut problems = Vec::new();
    let mut sources = Vec::new();
    let mut free: Vec<&Cited> = said.numbers.iter().collect();
    for number in &found {
        let cited = free.iter().position(|cited| is_same(number, &cited.shown));
        match cited.map(|place| free.remove(place)) {
            None => problems.push(format!("{:?} names no cell that it comes from", number.shown)),
            Some(cited) => match source(text, number, cited, facts) {
                Ok(source) => sources.push(source),
                Err(why) => problems.push(format!("{:?}: {why}", number.shown)),
            },
        }
    }
    if problems.is_empty() {
        problems.extend(about_one_term(text, &sources, facts));
        problems.extend(direction_problems(text, &found, &sources));
        problems.extend(significance_problem(text, &sources, facts));
    }
    if problems.is_empty() { Ok(Statement { text: text.to_owned(), sources }) } else { Err(problems) }
}

/// True if a citation shows this number.
fn is_same(number: &Number, shown: &str) -> bool {
    match numbers(shown, |_| false).as_deref() {
        Ok([one]) => {
            one.size == number.size
                && one.step == number.step
                && (one.percent == number.percent || !one.percent)
                && (!one.negative || number.negative)
        }
        _ => false,
    }
}

fn source(text: &str, number: &Number, cited: &Cited, facts: &Facts) -> Result<Source, String> {
    let table =
        facts.table(&cited.table).ok_or_else(|| format!("there is no table {:?}", cut(&cited.table)))?;
    let place = format!("{} row {} {}", table.name, cited.row, cut(&cited.column));
    let cell = table.cell(cited.row, &cited.column).ok_or_else(|| format!("there is no cell {place}"))?;
    let value = cell.parse::<f64>().ok().filter(|value| value.is_finite());
    let value = value.ok_or_else(|| format!("the cell {place} is no number"))?;
    if !fits(text, number, cited.relation, value, table, cited) {
        return Err(format!("the cell {place} is {value}"));
    }
    Ok(Source {
        shown: number.shown.clone(),
        table: table.name.clone(),
        row: cited.row,
        column: cited.column.clone(),
        cell: value.to_string(),
    })
}

/// True if the number is the cell, rounded to the digits that it shows, or the bound that it says to be.
fn fits(text: &str, number: &Number, relation: Relation, cell: f64, table: &Table, cited: &Cited) -> bool {
    let is_level = table.name == "settings" && table.cell(cited.row, "name") == Some("level");
    let in_percent = is_level || ["percent", "pct"].iter().any(|word| cited.column.contains(word));
    let scale = if number.percent && !in_percent { 100.0 } else { 1.0 };
    let value = cell * scale;
    match relation {
        Relation::Equals => {
            let signed = number.negative || number.plus;
            let shown = if number.negative { -number.size } else { number.size };
            let near =
                |value: f64| (value - shown).abs() <= number.step / 2.0 + 1e-9 * value.abs().max(1e-300);
            // an error rate is what the level leaves
            near(value) || (!signed && near(value.abs())) || (is_level && near(100.0 - value))
        }
        Relation::Below => value < number.size && wording::says_below(text, number.start),
        Relation::Above => value > number.size && wording::says_above(text, number.start),
    }
}

/// Figures of the whole run, which say nothing of a single term.
fn is_of_the_run(table: &Table) -> bool {
    let own = ["settings", "metrics", "checks", "sample_flow"];
    own.contains(&table.name.as_str()) || table.columns.iter().any(|column| column == "metric")
}

/// The numbers of a statement are about one term, which it names before any other; a statement with figures
/// of the whole run names none and says no direction.
fn about_one_term(text: &str, sources: &[Source], facts: &Facts) -> Option<String> {
    let of_the_run = |source: &&Source| facts.table(&source.table).is_some_and(is_of_the_run);
    let key = |source: &Source| facts.table(&source.table)?.key(source.row).map(str::to_owned);
    let figures: Vec<&Source> = sources.iter().filter(of_the_run).filter(|s| s.table != "settings").collect();
    let mut keys: Vec<String> = sources.iter().filter_map(key).collect();
    keys.sort();
    keys.dedup();
    if let (Some(figure), Some(name)) = (figures.first(), wording::named(text, |name| facts.is_key(name))) {
        return Some(format!("speaks of `{name}` with {:?}, which is not of that term", figure.shown));
    }
    if !figures.is_empty() && figures.len() == sources.len() && wording::direction(text) != Direction::None {
        return Some("says more or less of something with a figure of the whole run".to_owned());
    }
    let term = match keys.as_slice() {
        [] => return None,
        [one] => one,
        several => return Some(format!("speaks of several terms ({}); one each", several.join(", "))),
    };
    let first = wording::quoted(text).into_iter().find(|name| facts.is_key(name));
    if first.is_some_and(|name| name == term) {
        return None;
    }
    if first.is_none() && term == "_cons" && wording::names_constant(text) {
        return None;
    }
    Some(format!("its numbers are of the term `{term}`, which must be named first, in backquotes"))
}

/// The words must not say the opposite of the sign, and a lost minus needs a word.
fn direction_problems(text: &str, found: &[Number], sources: &[Source]) -> Vec<String> {
    let said = wording::direction(text);
    let mut problems = Vec::new();
    for (number, source) in found.iter().zip(sources) {
        let value = source.cell.parse::<f64>().unwrap_or_default();
        let column = source.column.as_str();
        let size = match column {
            _ if EFFECTS.contains(&column) => value,
            // above 1 is more, below 1 is less
            _ if RATIOS.contains(&column) => value - 1.0,
            _ => continue,
        };
        let unsigned = !number.negative && !number.plus && value < 0.0;
        let wrong = (size > 0.0 && said == Direction::Down) || (size < 0.0 && said == Direction::Up);
        if wrong || (unsigned && said == Direction::None) {
            problems.push(format!(
                "{:?}: the words do not fit the sign of the cell, {}",
                number.shown, source.cell
            ));
        }
    }
    // limits and others that lost their minus
    for (number, source) in found.iter().zip(sources) {
        let value = source.cell.parse::<f64>().unwrap_or_default();
        let is_effect = EFFECTS.contains(&source.column.as_str());
        if value < 0.0 && !number.negative && !is_effect && number.size != 0.0 {
            problems.push(format!("{:?}: the cell is {}; write the minus", number.shown, source.cell));
        }
    }
    problems
}

/// "Significant" must agree with the p-value of the row.
fn significance_problem(text: &str, sources: &[Source], facts: &Facts) -> Option<String> {
    let said = wording::significance(text)?;
    let p_value = sources.iter().find_map(|source| {
        let table = facts.table(&source.table)?;
        table.key(source.row)?;
        table.cell(source.row, "p_value")?.parse::<f64>().ok()
    })?;
    let is_significant = p_value < 1.0 - facts.level() / 100.0;
    (said != is_significant)
        .then(|| format!("what it says of significance does not fit the p-value, {p_value:.4}"))
}

fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}
