//! What `rwolf` and `rwolf2` print and store.

use super::resample::{Coefficient, Runs, Side};
use super::steps::{holm, stepdown};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;

/// How p-values are made.
pub(super) struct Choice {
    pub(super) side: Side,
    pub(super) plus_one: bool,
    pub(super) holm: bool,
}

/// p-values: of the model, resampled, stepdown, Holm.
pub(super) type Row = [f64; 4];

/// p-values of the hypotheses. Resampled statistics are centred at the estimates.
pub(super) fn rows(runs: &Runs, wanted: &[Coefficient], choice: &Choice) -> Vec<Row> {
    let side = choice.side;
    let of = |null: f64, e: &super::resample::Estimate| side.statistic(e.ratio(null));
    let statistics: Vec<f64> = runs.sample.iter().enumerate().map(|(j, e)| of(wanted[j].null, e)).collect();
    let draws: Vec<Vec<f64>> = runs
        .draws
        .iter()
        .map(|d| d.iter().enumerate().map(|(j, e)| of(runs.sample[j].b, e)).collect())
        .collect();
    let adjusted = stepdown(&statistics, &draws, choice.plus_one);
    let model: Vec<f64> = runs.sample.iter().zip(wanted).map(|(e, c)| e.p(c.null, side)).collect();
    let holm = holm(&model);
    (0..model.len()).map(|j| [model[j], adjusted.resampled[j], adjusted.stepdown[j], holm[j]]).collect()
}

const RULE: usize = 78;

/// The heading of the table.
pub(super) fn heading(s: &mut Session, facts: &[String], first: &str, holm: bool) {
    (0..4).for_each(|_| s.print(""));
    s.print("Romano-Wolf step-down adjusted p-values");
    s.print("");
    s.print("");
    facts.iter().for_each(|f| s.print(f));
    s.print("");
    s.print("");
    let more = if holm { "    Holm p-value" } else { "" };
    s.print("-".repeat(RULE + more.len()));
    s.print(format!("{first:>19} | Model p-value    Resample p-value    Romano-Wolf p-value{more}"));
    s.print(format!("{}+{}", "-".repeat(20), "-".repeat(RULE - 21 + more.len())));
}

/// A line of the table.
pub(super) fn line(s: &mut Session, name: &str, row: &Row, holm: bool) {
    let p = |x: f64| format::bare("%6.4f", x).trim().to_string();
    let [model, resampled, stepdown, last] = row.map(p);
    let more = if holm { format!("              {last}") } else { String::new() };
    let name = format::abbrev(name, 19);
    s.print(format!("{name:>19} |    {model}             {resampled}              {stepdown}{more}"));
}

/// The end of the table.
pub(super) fn end(s: &mut Session, holm: bool) {
    s.print("-".repeat(RULE + if holm { 16 } else { 0 }));
}

/// Results in `e()`.
pub(super) fn post(s: &mut Session, cmd: &str, names: &[(String, String)], rows: &[Row], holm: bool) {
    let width = if holm { 4 } else { 3 };
    let mut est = Estimation::default();
    for ((scalar, _), row) in names.iter().zip(rows) {
        est.results.scalar(scalar, row[2]);
    }
    let data = rows.iter().flat_map(|r| r[..width].to_vec()).collect();
    let mut m = Matrix::new(rows.len(), width, data);
    m.row_names = names.iter().map(|n| Stripe::term(n.1.as_str())).collect();
    m.col_names = ["Model p-value", "Resample p-value", "Romano-Wolf p-value", "Holm p-value"][..width]
        .iter()
        .map(|n| Stripe::term(*n))
        .collect();
    est.results.matrix("RW", m);
    est.results.text("cmd", cmd);
    let touse = vec![true; s.frame.n_rows()];
    s.post_estimation(est, touse);
}
