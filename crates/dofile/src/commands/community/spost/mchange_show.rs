//! The tables of `mchange` and what it stores.

use super::mchange::{Request, base_predictions};
use super::model::{Kind, Margins, Model};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::value::is_missing;

/// One change of a variable: a value for each prediction.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) change: Vec<f64>,
    pub(super) se: Vec<f64>,
    pub(super) from: Vec<f64>,
    pub(super) to: Vec<f64>,
}

/// The changes of a variable.
pub(super) struct Block {
    pub(super) name: String,
    pub(super) rows: Vec<Row>,
}

impl Row {
    fn statistic(&self, model: &Model, level: f64, name: &str, k: usize) -> f64 {
        let (change, se) = (self.change[k], self.se[k]);
        match name {
            "change" => change,
            "se" => se,
            "z" if se > 0.0 => change / se,
            "pvalue" | "z" => model.p_value(change, se),
            "from" => self.from[k],
            "to" => self.to[k],
            "ll" => change - model.critical(level) * se,
            _ => change + model.critical(level) * se,
        }
    }
}

fn heading(statistic: &str) -> &'static str {
    match statistic {
        "change" => "Change",
        "pvalue" => "p-value",
        "se" => "Std Err",
        "z" => "z-value",
        "from" => "From",
        "to" => "To",
        "ll" => "LL",
        _ => "UL",
    }
}

/// Lines of a table with the name column as wide as its labels: a heading, a rule and rows.
pub(super) struct Grid {
    width: usize,
    columns: usize,
    decimals: usize,
}

impl Grid {
    pub(super) fn new(labels: impl Iterator<Item = usize>, columns: usize, decimals: usize) -> Self {
        Self { width: labels.max().unwrap_or(0).max(12), columns, decimals }
    }

    pub(super) fn heads(&self, s: &mut Session, heads: &[String]) {
        let cells: String = heads.iter().map(|h| format!("{:>10} ", format::abbrev(h, 10))).collect();
        s.print(format!("{}|{cells}", " ".repeat(self.width + 1)));
        s.print(format!("{}+{}", "-".repeat(self.width + 1), "-".repeat(11 * self.columns - 1)));
    }

    pub(super) fn row(&self, s: &mut Session, label: &str, cells: &[f64]) {
        let number = |x: &f64| format::bare(&format!("%10.{}f", self.decimals), *x).trim().to_string();
        let cells: String = cells.iter().map(|x| format!("{:>10} ", number(x))).collect();
        s.print(format!("{label:>0$} |{cells}", self.width));
    }

    fn name(&self, s: &mut Session, name: &str) {
        s.print(format!("{name:<0$}|{1}", self.width + 1, " ".repeat(11 * self.columns - 1)));
    }
}

/// What a model predicts, for the title.
fn predicted(model: &Model) -> &'static str {
    match model.kind {
        Kind::Linear => "y",
        Kind::Count => "mu",
        _ => "Pr(y)",
    }
}

/// Names of the predictions of a model.
pub(super) fn outcomes(s: &Session, model: &Model) -> Vec<String> {
    model.values.iter().map(|v| model.value_name(s, *v)).collect()
}

/// Prints the changes, the base predictions and the base values.
pub(super) fn show(
    s: &mut Session,
    model: &Model,
    request: &Request,
    base: &Margins,
    blocks: &[Block],
    brief: bool,
) {
    let n = format::bare("%12.0f", base.n).trim().to_string();
    s.print("");
    s.print(format!("{}: Changes in {} | Number of obs = {n}", model.command, predicted(model)));
    s.print("");
    s.print(format!("Expression: {}", expression(model, base)));
    s.print("");
    let several = model.predictions() > 1;
    let heads: Vec<String> = match several {
        true => outcomes(s, model),
        false => request.statistics.iter().map(|n| heading(n).to_string()).collect(),
    };
    // a label that is wider than usual has a blank before it
    let labels = blocks.iter().flat_map(|b| &b.rows).map(|r| match r.label.chars().count() {
        n if n > 12 => n + 1,
        n => n,
    });
    let names = blocks.iter().map(|b| b.name.chars().count());
    let grid = Grid::new(labels.chain(names).map(|n| n.min(30)), heads.len(), request.decimals);
    grid.heads(s, &heads);
    for block in blocks {
        grid.name(s, &block.name);
        for row in &block.rows {
            let of = |name: &str, k: usize| row.statistic(model, request.level, name, k);
            if several {
                for (i, name) in request.statistics.iter().enumerate() {
                    let label = if i == 0 { row.label.as_str() } else { heading(name) };
                    let cells: Vec<f64> = (0..heads.len()).map(|k| of(name, k)).collect();
                    grid.row(s, label, &cells);
                }
            } else {
                let cells: Vec<f64> = request.statistics.iter().map(|name| of(name, 0)).collect();
                grid.row(s, &row.label, &cells);
            }
        }
    }
    if !brief {
        show_base(s, model, request, base);
    }
}

fn expression(model: &Model, base: &Margins) -> String {
    let outcome = &model.outcome;
    match model.kind {
        Kind::Binary => format!("{}, predict(pr)", base.label),
        Kind::Ordered | Kind::Nominal => format!("Pr({outcome}), predict(outcome())"),
        Kind::Count => format!("Predicted number of {outcome}, predict()"),
        Kind::Linear => "Linear prediction, predict()".to_string(),
    }
}

fn show_base(s: &mut Session, model: &Model, request: &Request, base: &Margins) {
    let fixed = request.means || !request.at.is_empty();
    let values = base_predictions(model, base);
    let s_of = if values.len() > 1 { "s" } else { "" };
    s.print("");
    s.print(if fixed {
        format!("Prediction{s_of} at base value")
    } else {
        format!("Average prediction{s_of}")
    });
    s.print("");
    if values.len() == 1 {
        s.print(format!("{:>9} ", format::bare(&format!("%9.{}f", request.decimals), values[0]).trim()));
    } else {
        let grid = Grid::new(std::iter::empty(), values.len(), request.decimals);
        let heads = outcomes(s, model);
        grid.heads(s, &heads);
        grid.row(s, "Pr(y|base)", &values);
    }
    if let Some(at) = base.at.as_ref().filter(|_| fixed) {
        s.print("");
        s.print("Base values of regressors");
        s.print("");
        show_values(s, &[("at".to_string(), at_values(model, at, 0))], 12, 11);
    }
    let mut notes = Vec::new();
    if !request.selection.is_empty() {
        notes.push(format!("Sample selection:{} & e(sample)==1", request.selection));
    }
    if request.means {
        notes.push("Estimates with margins option atmeans.".to_string());
    }
    if let Some(d) = request.delta {
        notes.push(format!("Delta equals {}.", format::bare("%9.0g", d).trim()));
    }
    if !notes.is_empty() {
        s.print("");
    }
    for (i, note) in notes.iter().enumerate() {
        s.print(format!("{}: {note}", i + 1));
    }
}

/// Names and values of a row of `r(at)`: levels of factors but the first of each.
pub(super) fn at_values(model: &Model, at: &Matrix, row: usize) -> Vec<(String, f64)> {
    let first = |variable: &str| model.levels(variable).and_then(|l| l.first().copied());
    let mut out = Vec::new();
    for (k, stripe) in at.col_names.iter().enumerate() {
        let value = at.get(row, k);
        if let Some((level, variable)) = stripe.name.split_once('.') {
            let level: Option<i64> = level.trim_end_matches(|c: char| c.is_alphabetic()).parse().ok();
            if level.is_some() && level == first(variable) {
                continue;
            }
        }
        if !is_missing(value) {
            out.push((stripe.name.clone(), value));
        }
    }
    out
}

/// Prints rows of values of covariates; the level of a factor stands above its name.
pub(super) fn show_values(
    s: &mut Session,
    rows: &[(String, Vec<(String, f64)>)],
    label: usize,
    width: usize,
) {
    let Some((_, first)) = rows.first() else { return };
    let lead = if label == 12 { "" } else { " " };
    let cell = |text: &str| match label {
        12 => format!("{:>1$} ", format::abbrev(text, width - 1), width - 1),
        _ => format!("{:>1$}", format::abbrev(text, width - 1), width),
    };
    let parts: Vec<(String, String)> = first
        .iter()
        .map(|(name, _)| match name.split_once('.') {
            Some((level, variable)) => (format!("{level}."), variable.to_string()),
            None => (String::new(), name.clone()),
        })
        .collect();
    let head = |s: &mut Session, texts: Vec<&str>| {
        let cells: String = texts.into_iter().map(&cell).collect();
        s.print(format!("{}|{}", " ".repeat(label + 1), shifted(&cells, label)));
    };
    if parts.iter().any(|p| !p.0.is_empty()) {
        // levels stand one column to the right of the names
        let right = |p: &(String, String)| format!("{:>width$}", p.0);
        match label {
            12 => {
                s.print(format!("{}|{}", " ".repeat(label + 1), parts.iter().map(right).collect::<String>()))
            }
            _ => head(s, parts.iter().map(|p| p.0.as_str()).collect()),
        }
    }
    head(s, parts.iter().map(|p| p.1.as_str()).collect());
    let rule = width * first.len() - 1;
    s.print(format!("{lead}{}+{}", "-".repeat(label + 1 - lead.len()), "-".repeat(rule)));
    for (name, values) in rows {
        let number = |x: f64| format::bare("%9.3g", x).trim().to_string();
        let cells: String = values.iter().map(|(_, x)| cell(&number(*x))).collect();
        s.print(format!("{name:>label$} |{}", shifted(&cells, label)));
    }
}

/// Cells begin one blank earlier in tables with a blank at their left edge.
fn shifted(cells: &str, label: usize) -> &str {
    if label == 12 { cells } else { &cells[1..] }
}

/// Stores the changes.
pub(super) fn store(s: &mut Session, model: &Model, request: &Request, base: &Margins, blocks: &[Block]) {
    let (mut names, mut data) = (Vec::new(), Vec::new());
    let outcomes = outcomes(s, model);
    let several = model.predictions() > 1;
    for block in blocks {
        for row in &block.rows {
            let of = |name: &str, k: usize| row.statistic(model, request.level, name, k);
            if several {
                for (i, name) in request.statistics.iter().enumerate() {
                    let label = if i == 0 { row.label.clone() } else { heading(name).to_string() };
                    names.push(Stripe::with_eq(block.name.as_str(), label));
                    data.extend((0..model.predictions()).map(|k| of(name, k)));
                }
            } else {
                names.push(Stripe::with_eq(block.name.as_str(), row.label.as_str()));
                data.extend(request.statistics.iter().map(|name| of(name, 0)));
            }
        }
    }
    let columns: Vec<Stripe> = match several {
        true => outcomes.iter().map(|n| Stripe::term(n.as_str())).collect(),
        false => request.statistics.iter().map(|n| Stripe::term(heading(n))).collect(),
    };
    let mut table = Matrix::new(names.len(), columns.len(), data);
    table.row_names = names;
    table.col_names = columns;
    let values = base_predictions(model, base);
    let names: Vec<Stripe> = match values.len() == outcomes.len() {
        true => outcomes.into_iter().map(Stripe::term).collect(),
        false => vec![Stripe::term(predicted(model))],
    };
    let mut r = Results::default();
    r.scalar("N", base.n).text("cmd", "mchange").text("est_cmd", model.command.as_str());
    r.matrix("table", table).matrix("basepred", Matrix::row_vector(values, names));
    s.r = r;
}
