//! The notes below the sentences on the terms of a model: which of several models they are of, what they hold equal, their
//! steps, and which errors they rest on.

use super::findings::Reading;
use super::findings_differences::step;
use super::sentences::{Estimate, plain};
use super::steps::listed;
use super::style::Style;
use super::table::Table;
use super::words::pick;

/// Options that add variables to a model of a sequence.
const BLOCKS: [&str; 2] = ["block2", "block3"];

/// The notes on the rows of a table whose sentences compare two values of a variable.
pub(super) fn notes((table, rows): (&Table, &[usize]), reading: Reading, style: &Style<'_>) -> Vec<String> {
    let compares = !rows.is_empty();
    let all = [
        of_which_model(table, rows, style),
        held((table, rows), style),
        in_steps((table, rows), reading, style),
        style.design.uses(&["stepwise"]).then(|| plain(style, "selected_by_data", &[])),
        (compares && has_newey_west(table)).then(|| plain(style, "newey_west", &[])),
    ];
    all.into_iter().flatten().collect()
}

/// True for a table with a second set of errors, which allow for serial correlation.
fn has_newey_west(table: &Table) -> bool {
    table.position("nw_std_error").is_some()
}

/// The estimate with the errors that allow for serial correlation, where the table has them next to others: both have the same
/// degrees of freedom.
pub(super) fn with_serial_errors(table: &Table, row: usize, estimate: Estimate) -> Estimate {
    let number = |name: &str| table.cell(row, name).number();
    let errors = number("nw_std_error").zip(number("std_error")).filter(|_| has_newey_west(table));
    let Some((serial, plain)) = errors else { return estimate };
    let limit = |limit: f64| estimate.value + (limit - estimate.value) * serial / plain;
    let interval = estimate.interval.map(|(low, high)| (limit(low), limit(high)));
    Estimate { interval, p: number("nw_p_value"), ..estimate }
}

/// The model of a sequence that the sentences are of.
fn of_which_model(table: &Table, rows: &[usize], style: &Style<'_>) -> Option<String> {
    let model = |row: usize| table.cell(row, "model").text();
    let own = model(*rows.first()?);
    let is_one = own.strip_prefix("model").is_some_and(|n| n.parse::<u32>().is_ok());
    let others = (0..table.rows.len()).any(|row| model(row) != own);
    (is_one && others).then(|| plain(style, "of_model", &[("model", &style.model(own))]))
}

/// Which other variables the sentences hold equal: of one variable in question all others, of several each the rest.
fn held((table, rows): (&Table, &[usize]), style: &Style<'_>) -> Option<String> {
    let design = style.design;
    let own = |row: &usize| {
        let term = table.cell(*row, "term").text();
        design.own(term.rsplit('.').next().unwrap_or(term)).to_owned()
    };
    let mut said: Vec<String> = rows.iter().map(own).collect();
    said.sort();
    said.dedup();
    let all = held_equal(table, *rows.first()?, style);
    let others: Vec<String> = match said.as_slice() {
        [one] => all.iter().filter(|name| *name != one).map(|name| style.variable(name)).collect(),
        _ => all.iter().map(|name| style.variable(name)).collect(),
    };
    let names = others.join(&pick(style.options.language, ", ", "、"));
    (!others.is_empty()).then(|| plain(style, "held", &[("names", &names)]))
}

/// The columns of the model that a row is of: those of the plan's roles, the added ones of a sequence of models, strata, and
/// effects of periods. A selection of variables may have dropped some of them.
fn held_equal(table: &Table, row: usize, style: &Style<'_>) -> Vec<String> {
    let design = style.design;
    let same_model = |other: &usize| table.cell(*other, "model") == table.cell(row, "model");
    let is_in_model = |name: &String| {
        let mut rows = (0..table.rows.len()).filter(same_model);
        rows.any(|row| design.has_column(table.cell(row, "term").text(), name))
    };
    let added = BLOCKS.iter().flat_map(|block| design.list(block)).filter(is_in_model);
    // a number of events is compared at the same exposure, a hazard within its stratum
    let exposure = design.value("exposure_var").filter(|name| !name.is_empty());
    let strata = design.value("strata_var").filter(|_| design.uses(&["stcox"]));
    let is_period = |row: usize| design.is_period(table.cell(row, "term").text());
    let has_periods = design.is_on("time_effects") || (0..table.rows.len()).any(is_period);
    let period = design.time.clone().filter(|_| has_periods);
    let roles = design.focal.iter().chain(&design.controls).cloned();
    let is_kept = |name: &String| !design.uses(&["stepwise"]) || is_in_model(name);
    let mut all: Vec<String> = Vec::new();
    let absorbed = design.absorbed.iter().cloned();
    for name in roles.filter(is_kept).chain(added).chain(absorbed).chain(exposure).chain(strata).chain(period)
    {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

/// The remark on steps other than 1, where a sentence has one.
fn in_steps((table, rows): (&Table, &[usize]), reading: Reading, style: &Style<'_>) -> Option<String> {
    let all = rows.iter().map(|row| step(table.cell(*row, "term").text(), reading, style));
    let steps = listed(all.filter(|step| *step != 1.0), style.options.language);
    steps.map(|steps| plain(style, "steps", &[("steps", &steps)]))
}
