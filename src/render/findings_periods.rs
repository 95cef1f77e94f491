//! The main results of effects by period: the mean from the event on, the largest one, and the joint test of the periods
//! before it.

use super::findings::{evidence, p_words, remark};
use super::number::fixed;
use super::report::Style;
use super::table::Table;
use super::words::pick;

/// Tables with a row for each period relative to the event.
const PERIODS: [&str; 2] = ["table_event_coefficients.csv", "table_dynamic.csv"];

/// A p-value below which a test of the periods before the event speaks against equal trends.
const REJECTS: f64 = 0.05;

/// Reads the tables of effects by period; nothing where a run has none.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<String> {
    let Some(periods) = tables.iter().find(|t| PERIODS.contains(&t.file.as_str())) else { return Vec::new() };
    let sentences = [mean(tables, style), largest(periods, style), before(tables, style)];
    sentences.into_iter().flatten().collect()
}

/// A row of the first table that names it in this column.
fn row_of<'a>(tables: &'a [Table], column: &str, name: &str) -> Option<(&'a Table, usize)> {
    tables.iter().find_map(|table| {
        let row = (0..table.rows.len()).find(|row| table.cell(*row, column).text() == name)?;
        Some((table, row))
    })
}

fn mean(tables: &[Table], style: &Style<'_>) -> Option<String> {
    let metric =
        |name: &str| row_of(tables, "metric", name).and_then(|(t, row)| t.cell(row, "value").number());
    let (value, evidence, remark) = match row_of(tables, "effect", "att") {
        Some((table, row)) => {
            let (evidence, interval) = evidence(table, row, "ci_low", "ci_high", style);
            (table.cell(row, "estimate").number()?, evidence, remark(includes_none(interval), style))
        }
        None => {
            let se = fixed(metric("mean_after_se")?, style.options.decimals);
            let p = p_words(metric("mean_after_p")?, style);
            let words = pick(
                style.options.language,
                &format!("standard error {se}; {p}"),
                &format!("标准误 {se}；{p}"),
            );
            (metric("mean_after")?, words, String::new())
        }
    };
    let value = fixed(value, style.options.decimals);
    Some(pick(
        style.options.language,
        &format!("Mean effect from the event on: {value} ({evidence}).{remark}"),
        &format!("事件发生后的平均效应：{value}（{evidence}）。{remark}"),
    ))
}

/// The effect from the event on that is farthest from zero.
fn largest(table: &Table, style: &Style<'_>) -> Option<String> {
    let effect = |row: usize| {
        let period = table.cell(row, "relative_period").number().filter(|period| *period >= 0.0)?;
        table.cell(row, "std_error").number()?;
        Some((period, table.cell(row, "estimate").number()?, row))
    };
    let effects = (0..table.rows.len()).filter_map(effect);
    let (period, value, row) = effects.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
    let (evidence, interval) = evidence(table, row, "ci_low", "ci_high", style);
    let remark = remark(includes_none(interval), style);
    let value = fixed(value, style.options.decimals);
    Some(pick(
        style.options.language,
        &format!(
            "Largest effect from the event on: {value} in period {period} after it ({evidence}).{remark}"
        ),
        &format!("事件发生后的最大效应：{value}，出现在第 {period} 期（{evidence}）。{remark}"),
    ))
}

fn before(tables: &[Table], style: &Style<'_>) -> Option<String> {
    let (table, row) =
        row_of(tables, "test", "pre_trend").or_else(|| row_of(tables, "effect", "pre_trend"))?;
    let p = table.cell(row, "p_value").number()?;
    let (en, zh) = if p < REJECTS {
        ("It speaks against equal trends before the event.", "检验结果不支持事件发生前的平行趋势。")
    } else {
        (
            "It does not reject equal trends before the event, which is no proof of them.",
            "检验未拒绝事件发生前的平行趋势，但这不等于证明其成立。",
        )
    };
    let p = p_words(p, style);
    Some(pick(
        style.options.language,
        &format!("Joint test of the effects before the event: {p}. {en}"),
        &format!("事件发生前各期效应的联合检验：{p}。{zh}"),
    ))
}

fn includes_none(interval: Option<(f64, f64)>) -> bool {
    interval.is_some_and(|(low, high)| low <= 0.0 && 0.0 <= high)
}
