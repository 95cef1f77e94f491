//! The foot of a coefficient table: fixed effects, size and fit of the models.

use super::Language;
use super::grid::{Printed, Row, RowKind};
use super::number::{p_value, whole_or_fixed};
use super::regression::{Foot, is_p};
use super::style::Style;
use super::table::Table;
use super::words::{name, pick};

/// Rows of the foot; the first one has a rule above.
struct FootRows<'a> {
    rows: &'a mut Vec<Row>,
    first: bool,
}

impl<'a> FootRows<'a> {
    fn of(rows: &'a mut Vec<Row>) -> Self {
        Self { rows, first: true }
    }

    fn push(&mut self, words: String, cells: Vec<Printed>) {
        let kind = if self.first { RowKind::Foot } else { RowKind::Body };
        let cells = std::iter::once(words.into()).chain(cells).collect();
        self.rows.push(Row::new(kind, cells));
        self.first = false;
    }
}

/// Names of the effects that the table does not show, one for each row of the foot.
fn effects(main: bool, periods: bool, style: &Style<'_>) -> Vec<String> {
    let mut columns: Vec<&str> = Vec::new();
    if main {
        columns.extend(style.design.absorbed.iter().map(String::as_str));
    }
    if periods {
        columns.extend(style.design.time.as_deref());
    }
    let words = |column: &&str| {
        let label = style.variable(column);
        pick(style.options.language, &format!("Fixed effects: {label}"), &format!("固定效应：{label}"))
    };
    columns.iter().map(words).collect()
}

/// The same cell for each of the models.
fn in_each(text: String, models: usize) -> Vec<Printed> {
    vec![text.into(); models]
}

fn yes(style: &Style<'_>) -> String {
    pick(style.options.language, "Yes", "是")
}

fn whole(n: f64) -> Printed {
    Printed::number(n, whole_or_fixed(n, 0))
}

/// A measure of the fit: p-values in their own form.
fn measure(metric: &str, value: f64, style: &Style<'_>) -> Printed {
    let text = if is_p(metric) { p_value(value, style.options.decimals) } else { style.number(value) };
    Printed::number(value, text)
}

/// The foot of one model; `periods`: effects of periods are left out of the table.
pub(super) fn foot_of_one(
    rows: &mut Vec<Row>,
    foot: Foot<'_>,
    periods: bool,
    width: usize,
    style: &Style<'_>,
) {
    let mut out = FootRows::of(rows);
    let second = |cell: Printed| {
        let mut cells = vec![Printed::default(); width - 1];
        cells[0] = cell;
        cells
    };
    let language = style.options.language;
    for words in effects(foot.main, periods, style) {
        out.push(words, second(yes(style).into()));
    }
    let mut counted = false;
    if let Some(fit) = foot.fit {
        for row in 0..fit.rows.len() {
            let metric = fit.cell(row, "metric").text();
            let Some(value) = fit.cell(row, "value").number().filter(|_| metric != "level") else { continue };
            counted |= metric == "N";
            let words = match fit.cell(row, "note").text() {
                "" => of_model(metric, language).unwrap_or_else(|| name(metric, language)),
                note => format!("{} ({})", name(metric, language), style.cell("note", note)),
            };
            out.push(words, second(measure(metric, value, style)));
        }
    }
    if let Some(n) = foot.observations.filter(|_| !counted) {
        out.push(name("N", language), second(whole(n)));
    }
}

/// The test of the whole model, whose letters alone do not say what they test.
fn of_model(metric: &str, language: Language) -> Option<String> {
    match metric {
        "F" => Some(pick(language, "F (test of the model)", "F（模型检验）")),
        "chi2" => Some(pick(language, "Chi-squared (test of the model)", "卡方（模型检验）")),
        "p" => Some(pick(language, "p (test of the model)", "p 值（模型检验）")),
        _ => None,
    }
}

/// The foot of models side by side.
pub(super) fn foot_of_models(
    rows: &mut Vec<Row>,
    models: &[&str],
    foot: Foot<'_>,
    periods: bool,
    style: &Style<'_>,
) {
    let language = style.options.language;
    let mut out = FootRows::of(rows);
    for words in effects(foot.main, periods, style) {
        out.push(words, in_each(yes(style), models.len()));
    }
    let row_of = |table: &Table, model: &str| {
        (0..table.rows.len()).find(|row| table.cell(*row, "model").text() == model)
    };
    let comparison = foot.comparison.filter(|t| models.iter().all(|m| row_of(t, m).is_some()));
    let Some(table) = comparison else {
        if let Some(n) = foot.observations {
            // a model of fewer rows has a measure `N_MODEL` of its own
            let own = |model: &str| {
                let fit = foot.fit?;
                let metric = format!("N_{model}");
                let row = (0..fit.rows.len()).find(|row| fit.cell(*row, "metric").text() == metric)?;
                fit.cell(row, "value").number()
            };
            let cells = models.iter().map(|model| whole(own(model).unwrap_or(n))).collect();
            out.push(name("N", language), cells);
        }
        return;
    };
    for (j, column) in table.columns.iter().enumerate() {
        if column.kind == "text" || column.name == "model" || table.is_blank(j) {
            continue;
        }
        let value = |model: &&str| {
            let value = row_of(table, model).and_then(|row| table.cell(row, &column.name).number());
            value.map_or_else(Printed::default, |x| measure(&column.name, x, style))
        };
        out.push(name(&column.name, language), models.iter().map(value).collect());
    }
}
