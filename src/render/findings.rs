//! The main results as sentences: one for each variable of the question, with interval and p, from the first table of
//! estimates.

use super::number::{fixed, p_value};
use super::regression::{RATIOS, is_coefficients};
use super::report::Style;
use super::table::Table;
use super::words::{name, pick};

/// Most sentences of a report.
const MOST: usize = 6;

/// Tables of estimates that describe another equation than that of the outcome.
const OTHERS: [&str; 4] = [
    "table_first_stage_coefficients.csv",
    "table_selection.csv",
    "table_cutpoints.csv",
    "table_event_coefficients.csv",
];

/// Reads the variables of the question from the first table of estimates. Of several models the last one counts: it is
/// the fullest.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<String> {
    let is_main =
        |t: &&Table| is_coefficients(t) && t.position("term").is_some() && !OTHERS.contains(&t.file.as_str());
    let Some(table) = tables.iter().find(is_main) else { return Vec::new() };
    let model =
        table.position("model").and_then(|_| Some(table.cell(table.rows.len().checked_sub(1)?, "model")));
    let of_model = |row: &usize| model.is_none_or(|m| table.cell(*row, "model") == m);
    let rows = (0..table.rows.len()).filter(of_model);
    let focal = rows.filter(|row| style.design.is_focal(table.cell(*row, "term").text()));
    focal.filter_map(|row| sentence(table, row, style)).take(MOST).collect()
}

fn sentence(table: &Table, row: usize, style: &Style<'_>) -> Option<String> {
    let language = style.options.language;
    let ratio = RATIOS.into_iter().find(|r| table.cell(row, r).number().is_some());
    let (column, low, high, nothing) = match ratio {
        Some(r) => (r, format!("{r}_low"), format!("{r}_high"), 1.0),
        None => ("estimate", "ci_low".to_owned(), "ci_high".to_owned(), 0.0),
    };
    table.cell(row, "std_error").number()?;
    let digits = |x: f64| fixed(x, style.options.decimals);
    let value = digits(table.cell(row, column).number()?);
    let what = name(column, language);
    let mut evidence = Vec::new();
    let mut open = false;
    if let (Some(low), Some(high)) = (table.cell(row, &low).number(), table.cell(row, &high).number()) {
        let words = style.interval_words();
        open = low <= nothing && nothing <= high;
        evidence.push(pick(
            language,
            &format!("{words} {} to {}", digits(low), digits(high)),
            &format!("{words} {} 至 {}", digits(low), digits(high)),
        ));
    }
    if let Some(p) = table.cell(row, "p_value").number() {
        let text = p_value(p, style.options.decimals);
        evidence.push(match text.strip_prefix('<') {
            Some(rest) => format!("p < {rest}"),
            None => format!("p = {text}"),
        });
    }
    let term = style.term(table.cell(row, "term").text());
    let evidence = evidence.join(&pick(language, "; ", "；"));
    let remark = if open {
        pick(language, " The interval includes no difference.", "区间包含“无差异”。")
    } else {
        String::new()
    };
    Some(pick(
        language,
        &format!("{term}: {} {value} ({evidence}).{remark}", what.to_lowercase()),
        &format!("{term}：{what} {value}（{evidence}）。{remark}"),
    ))
}
