//! Repairs of the main data: which a draft may carry out, what the data have after them, and their lines in a do-file.
//! The reader of the file finds them (`adapters::tabular`).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::binding::Violation;
use super::render::RenderError;
use crate::domain::data_step::{ConvertTo, DataStep, PlannedStep, SPREADSHEET_1960, StepKind, TOP_YEAR};
use crate::domain::dataset::{Dataset, Inputs};
use crate::domain::draft::Statement;
use crate::domain::encode::{VariableName, is_storable, number_text};
use crate::domain::error::{ErrorCode, Problem};

/// Problems of a repair: only what the reader of the file offered is carried out, before all else, each once.
pub(super) fn unoffered(at: usize, step: &DataStep, steps: &[DataStep], main: &Dataset) -> Option<Violation> {
    let kind = step.kind.as_str();
    let path = format!("data_steps.{at}.kind");
    if !main.repairs.iter().any(|offer| offer.step == *step) {
        let offered: Vec<String> = main.repairs.iter().map(|offer| offer.step.words()).collect();
        let suggestion = match offered.is_empty() {
            true => "the reader of the file offered none".to_owned(),
            false => offered.join("; "),
        };
        let reason = format!("{kind} is carried out only as the reader of the file offered it");
        return Some(Violation { path, reason, value: json!(kind), suggestion });
    }
    let before = &steps[..at];
    let reason = if before.iter().any(|s| !s.kind.is_repair()) {
        format!("{kind} comes before every merge and append")
    } else if step.kind == StepKind::DropRows && at > 0 {
        "drop_rows is the first step: its rows are those of the file".to_owned()
    } else if step.column.is_some() && before.iter().any(|s| s.column == step.column) {
        "the column is converted twice".to_owned()
    } else {
        return None;
    };
    Some(Violation { path, reason, value: json!(kind), suggestion: "move or remove the step".to_owned() })
}

/// Carries out an offered repair.
pub(super) fn carry_out(step: &DataStep, main: &mut Dataset) -> PlannedStep {
    if let Some(offer) = main.repairs.iter().find(|offer| offer.step == *step).cloned() {
        if step.kind == StepKind::DropRows {
            main.row_count = offer.row_count;
        }
        for after in offer.columns {
            for column in main.columns.iter_mut().filter(|c| c.name == after.name) {
                let levels = levels_after(step, std::mem::take(&mut column.levels));
                *column = after.clone();
                if column.is_text() {
                    column.levels = levels;
                }
            }
        }
    }
    PlannedStep { step: step.clone(), columns: Vec::new(), overlap: Vec::new() }
}

/// The levels of a text column after a step that spells its values in another way.
fn levels_after(step: &DataStep, levels: Vec<String>) -> Vec<String> {
    let kept = levels.into_iter().filter(|level| !step.missing.contains(level));
    let mut after: Vec<String> = kept.map(|level| step.respelt(&level).unwrap_or(level)).collect();
    after.sort();
    after.dedup();
    after
}

/// Returns the data after offered repairs; other steps change nothing.
pub fn after_repairs(dataset: &Dataset, steps: &[DataStep]) -> Dataset {
    let mut after = dataset.clone();
    for step in steps.iter().filter(|step| step.kind.is_repair()) {
        carry_out(step, &mut after);
    }
    after
}

/// Returns the offered repairs that a first draft may propose: the only conversion of a column (into numbers or dates, of codes
/// into missing values, of spellings into one), and the rows that are no observations. A conversion that loses numbers
/// (`<0.01`, `~15`) is left to a person.
pub fn proposable_repairs(dataset: &Dataset) -> Vec<DataStep> {
    let all = || dataset.repairs.iter().filter(|repair| !repair.by_person).map(|repair| &repair.step);
    // where levels differ in capitals, too, taking away the blanks leaves several spellings of one level; a yes and a no in
    // several spellings are 0 and 1
    let is_partial = |step: &&DataStep| {
        if all().any(|other| has_more_codes(other, step)) {
            return true;
        }
        let better: &[ConvertTo] = match step.to {
            Some(ConvertTo::Text) => &[ConvertTo::TextLower, ConvertTo::YesNo],
            Some(ConvertTo::TextLower) => &[ConvertTo::YesNo],
            _ => &[],
        };
        all().any(|o| o.column == step.column && o.to.as_ref().is_some_and(|to| better.contains(to)))
    };
    let offers = |column: &Option<String>| all().filter(|s| s.column == *column && !is_partial(s)).count();
    let is_text = |name: &str| dataset.columns.iter().any(|c| c.name == name && c.is_text());
    // `<0.01` and `~15` are numbers that somebody knows; codes are none, which are written as all numbers of the column are
    let loses_numbers = |step: &DataStep, column: &str| {
        let is_code = |text: &str| {
            let cut = step.remove.iter().fold(text.to_owned(), |text, cut| text.replace(cut, ""));
            let decimal = step.decimal.as_deref().unwrap_or(".");
            cut.replace(decimal, ".").trim().parse::<f64>().is_ok()
        };
        let number =
            step.missing.iter().any(|text| text.contains(|c: char| c.is_ascii_digit()) && !is_code(text));
        number && step.to == Some(ConvertTo::Number) && is_text(column)
    };
    let may = |step: &&DataStep| match (step.kind, &step.column, &step.to) {
        (StepKind::DropRows, ..) => true,
        (StepKind::Convert, Some(column), Some(to)) => {
            *to != ConvertTo::DateSpreadsheet && offers(&step.column) == 1 && !loses_numbers(step, column)
        }
        _ => false,
    };
    all().filter(|step| !is_partial(step)).filter(may).cloned().collect()
}

/// True for a step that reads a column as another one does, and makes codes missing besides.
fn has_more_codes(step: &DataStep, other: &DataStep) -> bool {
    let sign = |step: &DataStep| step.decimal.clone().unwrap_or_else(|| ".".to_owned());
    step.column.is_some()
        && (&step.column, &step.to, &step.remove) == (&other.column, &other.to, &other.remove)
        && sign(step) == sign(other)
        && step.missing.len() > other.missing.len()
        && other.missing.iter().all(|text| step.missing.contains(text))
}

/// Returns the offered repairs that a statement does not carry out: of rows, and of these columns.
pub fn open_repairs(dataset: &Dataset, steps: &[DataStep], columns: &BTreeSet<String>) -> Vec<DataStep> {
    let concerns = |step: &DataStep| step.column.as_ref().is_none_or(|column| columns.contains(column));
    let settled =
        |step: &DataStep| steps.iter().any(|s| s == step || (s.column.is_some() && s.column == step.column));
    dataset
        .repairs
        .iter()
        .filter(|r| !r.by_person)
        .map(|r| &r.step)
        .filter(|s| concerns(s) && !settled(s))
        .cloned()
        .collect()
}

/// Returns the columns that a statement names, in roles, parameters, the condition and derived variables.
pub fn named_columns(statement: &Statement, dataset: &Dataset) -> BTreeSet<String> {
    let mut texts: Vec<&str> = statement.sample_if.as_deref().into_iter().collect();
    texts.extend(statement.derived_variables.iter().map(|v| v.expression.as_str()));
    let words: BTreeSet<&str> = texts
        .iter()
        .flat_map(|text| text.split(|c: char| !(c.is_alphanumeric() || c == '_')))
        .chain(statement.roles.values().flatten().map(String::as_str))
        .chain(statement.parameters.values().flat_map(|value| match value {
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            value => value.as_str().into_iter().collect::<Vec<_>>(),
        }))
        .collect();
    dataset.columns.iter().map(|c| &c.name).filter(|name| words.contains(name.as_str())).cloned().collect()
}

/// Adds to a refusal the repairs that the reader offers for the columns of a statement, each ready for `data_steps`.
pub fn with_repairs(mut problem: Problem, inputs: &Inputs, statement: &Statement) -> Problem {
    let concerned = matches!(
        problem.code,
        ErrorCode::TemplateNotApplicable | ErrorCode::ExpressionInvalid | ErrorCode::InputValidationFailed
    );
    let Some(dataset) = inputs.primary().filter(|_| concerned) else { return problem };
    let open = open_repairs(dataset, &statement.data_steps, &named_columns(statement, dataset));
    if !open.is_empty() {
        let words: Vec<String> = open.iter().map(DataStep::words).collect();
        problem.message = format!(
            "{}; the data can be repaired by a data step, each in `repairs` of the context: {}",
            problem.message,
            words.join("; ")
        );
        problem = problem.with("repairs", json!(open));
    }
    with_remarks(problem, inputs, &open)
}

/// Remarks on a column that no step repairs, and that say why it is not what an analysis needs.
const UNREPAIRED: [&str; 8] = [
    "several_answers",
    "synonyms_of_text",
    "mixed_number_styles",
    "mixed_types",
    "mixed_date_orders",
    "ranges_as_text",
    "times_as_text",
    "years_as_text",
];

/// Adds to a refusal that names a column what the upload said on it, where no repair is offered for it.
fn with_remarks(mut problem: Problem, inputs: &Inputs, open: &[DataStep]) -> Problem {
    let primary = inputs.primary().map(|primary| primary.dataset_key.as_str());
    let is_named = |column: &str| problem.message.contains(&format!("`{column}`"));
    let repaired = |column: &str| open.iter().any(|step| step.column.as_deref() == Some(column));
    let said: Vec<String> = inputs
        .warnings
        .iter()
        .filter(|w| w.dataset_key.as_deref() == primary && UNREPAIRED.contains(&w.kind.as_str()))
        .filter(|w| w.column.as_deref().is_some_and(|column| is_named(column) && !repaired(column)))
        .map(|w| match &w.suggestion {
            Some(advice) => format!("{}: {advice}", w.message),
            None => w.message.clone(),
        })
        .collect();
    if !said.is_empty() {
        problem.message = format!("{}; of its cells: {}", problem.message, said.join("; "));
    }
    problem
}

/// Returns the lines that drop rows or convert a column; both before anything sorts or reads the data.
///
/// # Errors
/// [`RenderError::Damaged`] where the step is not what a freeze would store.
pub(super) fn lines(step: &DataStep) -> Result<Vec<String>, RenderError> {
    if step.kind == StepKind::DropRows {
        let mut lines = vec!["generate byte ss_drop = 0".to_owned()];
        for rows in step.rows.chunks(100) {
            let rows: Vec<String> = rows.iter().map(u64::to_string).collect();
            lines.push(format!("quietly replace ss_drop = 1 if inlist(_n, {})", rows.join(", ")));
        }
        lines.extend(["quietly drop if ss_drop".to_owned(), "drop ss_drop".to_owned()]);
        return Ok(lines);
    }
    let damaged = |text: &str| RenderError::Damaged(text.to_owned());
    let column = step.column.as_deref().ok_or_else(|| damaged("a conversion has no column"))?;
    let column = VariableName::parse(column).map_err(|e| RenderError::Damaged(e.to_string()))?;
    let to = step.to.as_ref().ok_or_else(|| damaged("a conversion has no type"))?;
    if *to == ConvertTo::FillDown {
        // from the first row to the last: each takes the value that the row above has by then ([D] replace)
        return Ok(vec![format!("quietly replace {column} = {column}[_n-1] if missing({column}) & _n > 1")]);
    }
    let mut lines =
        vec![format!("rename {column} ss_from"), "local ss_label : variable label ss_from".to_owned()];
    if !is_of_text(step, to) {
        return numeric(step, to, &column, lines);
    }
    for text in &step.missing {
        lines.push(format!("quietly replace ss_from = \"\" if ss_from == {}", literal(text)));
    }
    lines.push("quietly replace ss_from = ustrtrim(ss_from)".to_owned());
    if *to == ConvertTo::TextLower {
        // the locale is named: capitals of others differ from those that the reader of the file has counted
        lines.push("quietly replace ss_from = ustrlower(ss_from, \"en\")".to_owned());
    }
    if *to == ConvertTo::YesNo {
        // several spellings of one word are one value; the locale is named as above
        let one = step.one.as_deref().ok_or_else(|| damaged("no text becomes 1"))?.to_lowercase();
        let one = literal(&one);
        lines.push(format!(
            "generate double {column} = ustrlower(ss_from, \"en\") == {one} if ss_from != \"\""
        ));
        lines.extend(labelled(&column));
        return Ok(lines);
    }
    match to.mask() {
        _ if to.is_text() => {
            lines.push(format!("rename ss_from {column}"));
            return Ok(lines);
        }
        Some(mask) if to.reads_year_first_too() => {
            let is_year = "inrange(real(usubstr(ss_from, 1, 4)), 1000, 9999)";
            lines.push(format!("generate long {column} = daily(ss_from, \"{mask}\", {TOP_YEAR})"));
            lines
                .push(format!("quietly replace {column} = daily(ss_from, \"YMD\", {TOP_YEAR}) if {is_year}"));
            lines.push(format!("format %td {column}"));
        }
        Some(mask) => {
            lines.push(format!("generate long {column} = daily(ss_from, \"{mask}\", {TOP_YEAR})"));
            lines.push(format!("format %td {column}"));
        }
        None => lines.extend(number_lines(step, to, &column)),
    }
    lines.push(format!("quietly count if missing({column}) & ss_from != \"\""));
    lines.push("ss_check non_numeric, fail(r(N) > 0) value(r(N))".to_owned());
    lines.extend(labelled(&column));
    Ok(lines)
}

/// True where the column of a conversion holds texts: a missing value is then a text in quotes, else a number.
fn is_of_text(step: &DataStep, to: &ConvertTo) -> bool {
    // a code of a numeric column is a number, and nothing is cut out of numbers
    let cut = !step.remove.is_empty() || step.decimal.is_some();
    let numbers = !step.missing.is_empty() && step.missing.iter().all(|m| is_number(m));
    match to {
        to if to.is_text() || to.mask().is_some() => true,
        to if to.reads_numbers_as_times() => false,
        ConvertTo::FirstYear | ConvertTo::MonthMy | ConvertTo::YesNo => true,
        _ => cut || !numbers,
    }
}

/// Numbers of texts, or the first of two years.
fn number_lines(step: &DataStep, to: &ConvertTo, column: &VariableName) -> Vec<String> {
    let cut = |text: String, cut: &String| format!("subinstr({text}, {}, \"\", .)", literal(cut));
    let text = step.remove.iter().fold("ss_from".to_owned(), cut);
    if *to == ConvertTo::FirstYear {
        let year = format!("generate double {column} = real(usubstr(ustrtrim({text}), 1, 4))");
        return vec![year, format!("format %ty {column}")];
    }
    if *to == ConvertTo::MonthMy {
        let month = format!("generate int {column} = monthly(ustrtrim({text}), \"MY\", {TOP_YEAR})");
        return vec![month, format!("format %tm {column}")];
    }
    let number = match &step.decimal {
        Some(decimal) => format!("subinstr({text}, {}, \".\", .)", literal(decimal)),
        None => text,
    };
    vec![format!("generate double {column} = real(ustrtrim({number}))")]
}

fn is_number(text: &str) -> bool {
    !text.starts_with('+') && text.parse::<f64>().is_ok_and(|v| v.is_finite() && is_storable(v))
}

/// A numeric column: codes that become missing, days of a spreadsheet.
fn numeric(
    step: &DataStep,
    to: &ConvertTo,
    column: &VariableName,
    mut lines: Vec<String>,
) -> Result<Vec<String>, RenderError> {
    lines.push("local ss_values : value label ss_from".to_owned());
    lines.push(format!("generate double {column} = ss_from"));
    for code in &step.missing {
        let code = code.parse::<f64>().ok().filter(|v| is_storable(*v));
        let code = code.ok_or_else(|| RenderError::Damaged("a code is no number".to_owned()))?;
        lines.push(format!("quietly replace {column} = . if ss_from == {}", number_text(code)));
    }
    let month = "mod(floor(ss_from / 100), 100)";
    let (value, format) = match to {
        ConvertTo::DateSpreadsheet => (format!("{column} - {SPREADSHEET_1960}"), "%td"),
        ConvertTo::DateYyyymmdd => {
            (format!("mdy({month}, mod(ss_from, 100), floor(ss_from / 10000)) if !missing({column})"), "%td")
        }
        ConvertTo::MonthYyyymm => {
            (format!("ym(floor(ss_from / 100), mod(ss_from, 100)) if !missing({column})"), "%tm")
        }
        _ => {
            lines.push(format!("if \"`ss_values'\" != \"\" label values {column} `ss_values'"));
            lines.extend(labelled(column));
            return Ok(lines);
        }
    };
    lines.push(format!("quietly replace {column} = {value}"));
    lines.push(format!("format {format} {column}"));
    if *to != ConvertTo::DateSpreadsheet {
        lines.push(format!("quietly count if missing({column}) & !missing(ss_from)"));
        lines.push("ss_check non_numeric, fail(r(N) > 0) value(r(N))".to_owned());
    }
    lines.extend(labelled(column));
    Ok(lines)
}

fn labelled(column: &VariableName) -> [String; 2] {
    ["drop ss_from".to_owned(), format!("label variable {column} `\"`macval(ss_label)'\"'")]
}

/// A text as an expression: what could end a literal or start a macro is written by its code.
fn literal(text: &str) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | ',' | ':' | ';' | '-' | '_' | '%');
    let mut parts: Vec<String> = Vec::new();
    let mut run = String::new();
    for c in text.chars() {
        if plain(c) {
            run.push(c);
            continue;
        }
        if !run.is_empty() {
            parts.push(format!("\"{}\"", std::mem::take(&mut run)));
        }
        parts.push(format!("uchar({})", u32::from(c)));
    }
    if !run.is_empty() || parts.is_empty() {
        parts.push(format!("\"{run}\""));
    }
    parts.join(" + ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_a_file_reach_a_do_file_as_codes_only() {
        assert_eq!(literal("unknown"), "\"unknown\"");
        assert_eq!(literal("$"), "uchar(36)");
        assert_eq!(literal("`x'\"1"), "uchar(96) + \"x\" + uchar(39) + uchar(34) + \"1\"");
        assert_eq!(literal(""), "\"\"");
    }
}
