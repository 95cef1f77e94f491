//! `predict`, `estat transition` and `estat duration` after `mswitch`. [TS] mswitch postestimation.

use super::super::StandardSyntax;
use super::mswitch::Design;
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::ops::predict::{Prediction, add, new_names};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::markov_switching::{Given, transition};
use estimators::wald;
use std::sync::Arc;

pub(super) const PREDICT: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("yhat"),
    OptSpec::flag("pr"),
    OptSpec::flag("Residuals"),
    OptSpec::text("SMEThod"),
])
.unsupported(&["xb", "RSTAndard", "EQuation", "RMSE", "DYNamic"]);

/// Estimates, standard error and limits below a table.
pub(super) fn interval_row(label: &str, row: [f64; 4]) -> String {
    let wide = |x: f64| format::number("%9.0g", x);
    let [estimate, se, low, high] = row.map(wide);
    format!("{label:>12} |  {estimate}  {se}                     {low}   {high}")
}

/// A transition probability with its standard error.
pub(super) struct Move {
    pub(super) name: String,
    pub(super) p: f64,
    pub(super) se: f64,
    /// Whether it has a parameter of its own: those to the last state are what is left.
    pub(super) shown: bool,
    from: usize,
    to: usize,
}

impl Move {
    /// Estimate, standard error and limits; those are symmetric for the log odds.
    pub(super) fn row(&self, level: f64) -> [f64; 4] {
        let odds = (self.p / (1.0 - self.p)).ln();
        let reach = wald::critical(level, None) * self.se / (self.p * (1.0 - self.p));
        let back = |x: f64| 1.0 / (1.0 + (-x).exp());
        [self.p, self.se, back(odds - reach), back(odds + reach)]
    }
}

/// All transition probabilities of the active results.
pub(super) fn moves(session: &Session) -> Result<Vec<Move>> {
    let design = design(session)?;
    let (Some(b), Some(v)) = (session.e.b(), session.e.v()) else { return Err(StataError::no_estimates()) };
    let m = design.states;
    let first = design.model().ancillary().1;
    let chain = transition(&b.values()[first..], m);
    let mut out = Vec::new();
    for from in 0..m {
        for to in 0..m {
            // dp_ij / dq_ik = p_ij (p_ik - [j = k])
            let slope = |k: usize| chain[(from, to)] * (chain[(from, k)] - f64::from(u8::from(k == to)));
            let at = |k: usize| first + from * (m - 1) + k;
            let variance: f64 = (0..m - 1)
                .flat_map(|a| (0..m - 1).map(move |c| (a, c)))
                .map(|(a, c)| slope(a) * slope(c) * v.get(at(a), at(c)))
                .sum();
            out.push(Move {
                name: format!("p{}{}", from + 1, to + 1),
                p: chain[(from, to)],
                se: variance.max(0.0).sqrt(),
                shown: to + 1 < m,
                from,
                to,
            });
        }
    }
    Ok(out)
}

fn design(session: &Session) -> Result<Arc<Design>> {
    let extra = session.e.extra.clone().and_then(|e| e.downcast::<Design>().ok());
    extra.ok_or_else(StataError::no_estimates)
}

/// `estat transition`, `estat duration`.
pub(super) fn estat(session: &mut Session, durations: bool, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::real("Level")], &[])?;
    let level = options.real("level").unwrap_or(session.settings.level);
    let found = moves(session)?;
    let rows: Vec<(String, [f64; 4])> = if durations {
        let stays = found.iter().filter(|m| m.from == m.to);
        // the limits of 1/(1 - p) are those of p
        let last = |x: f64| 1.0 / (1.0 - x);
        stays
            .map(|m| {
                let [p, se, low, high] = m.row(level);
                (format!("State{}", m.from + 1), [last(p), se * last(p).powi(2), last(low), last(high)])
            })
            .collect()
    } else {
        found.iter().map(|m| (m.name.clone(), m.row(level))).collect()
    };
    let n = session.e.results.get_scalar("N").unwrap_or(MISSING);
    let heading: [&str; 2] =
        if durations { ["Expected", "Duration"] } else { ["Transition", "Probabilities"] };
    session.print("");
    session.print(format!("Number of obs = {}", format::bare("%10.0fc", n)));
    session.print("");
    session.print("-".repeat(78));
    session.print(format!("{:>12} |", heading[0]));
    let text = format!("[{}% conf. interval]", format::bare("%5.0g", level));
    session.print(
        format!("{:>12} |   Estimate   Std. err.{text:>41}", heading[1])
            .replace("Probabilities |", "Probabilities|"),
    );
    session.print(format!("-------------+{}", "-".repeat(64)));
    for (label, row) in &rows {
        session.print(interval_row(label, *row));
    }
    session.print("-".repeat(78));
    let mut r = Results::default();
    let names: Vec<Stripe> = rows.iter().map(|r| Stripe::term(r.0.clone())).collect();
    let column = |i: usize| Matrix::row_vector(rows.iter().map(|r| r.1[i]).collect(), names.clone());
    r.matrix(if durations { "d" } else { "prob" }, column(0)).matrix("se", column(1));
    let limits = (2..4).flat_map(|i| rows.iter().map(move |r| r.1[i])).collect();
    let mut ci = Matrix::new(2, rows.len(), limits);
    ci.row_names = ["ll", "ul"].map(Stripe::term).to_vec();
    ci.col_names = names;
    r.matrix("ci", ci).scalar("level", level);
    session.r = r;
    Ok(())
}

/// Predicted outcomes, residuals and probabilities of states in the estimation sample; other rows are missing.
pub(super) fn predict(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (kind, names) = new_names(session, cmd)?;
    let design = design(session)?;
    let model = design.model();
    let b = session.e.b().cloned().ok_or_else(StataError::no_estimates)?;
    let given = match cmd.options.text("smethod").map(str::trim) {
        None => Given::Before,
        Some(word) if !word.is_empty() && "onestep".starts_with(word) => Given::Before,
        Some(word) if !word.is_empty() && "filter".starts_with(word) => Given::UpTo,
        Some(word) if !word.is_empty() && "smooth".starts_with(word) => Given::All,
        Some(word) => return Err(StataError::invalid(format!("smethod({word}) invalid"))),
    };
    let wanted: Vec<&str> = ["yhat", "pr", "residuals"].into_iter().filter(|o| cmd.has(o)).collect();
    let statistic = match wanted[..] {
        [] => {
            session.print("(option yhat assumed; predicted values)");
            "yhat"
        }
        [one] => one,
        _ => return Err(StataError::new(198, "only one statistic may be specified")),
    };
    // Stata weighs the states of the lags in another way before all observations are known
    if statistic != "pr" && !design.lags.is_empty() && given != Given::All {
        let option = format!("{statistic} smethod(onestep|filter)");
        return Err(StataError::unsupported_option("predict after mswitch ar", &option));
    }
    let failed = || StataError::new(498, "the likelihood cannot be computed");
    let columns: Vec<(Vec<f64>, String)> = if statistic == "pr" {
        let found = model.probabilities(b.values(), given).ok_or_else(failed)?;
        (0..design.states)
            .map(|s| (found.iter().map(|p| p[s]).collect(), format!("State{} probability", s + 1)))
            .collect()
    } else {
        let level = model.predictions(b.values(), given).ok_or_else(failed)?;
        let reach = model.longest();
        match statistic {
            "residuals" => {
                let e = level.iter().enumerate().map(|(t, f)| design.y[t + reach] - f).collect();
                vec![(e, "residuals".to_string())]
            }
            _ => vec![(level, "predicted values".to_string())],
        }
    };
    let names: Vec<String> = match &names[..] {
        [(stub, true)] => (1..=columns.len()).map(|s| format!("{stub}{s}")).collect(),
        _ if names.iter().any(|n| n.1) => return Err(StataError::syntax()),
        _ => names.into_iter().map(|n| n.0).collect(),
    };
    if names.len() > columns.len() {
        return Err(StataError::standard(103));
    }
    let rows = current_rows(session, &design)?;
    let touse = session.rows(cmd)?;
    let kept: Vec<usize> = (0..touse.len()).filter(|row| touse[*row]).collect();
    for (name, (values, label)) in names.iter().zip(columns) {
        let mut spread = vec![MISSING; session.frame.n_rows()];
        rows.iter().zip(values).for_each(|(row, value)| spread[*row] = value);
        let values = kept.iter().map(|row| spread[*row]).collect();
        add(session, name, kind, &kept, Prediction { values, label })?;
    }
    Ok(())
}

/// Rows of the estimation sample in the order of time, wherever they stand now.
fn current_rows(session: &Session, design: &Design) -> Result<Vec<usize>> {
    let sample = session.estimation_sample().map_or_else(Vec::new, |s| s.to_vec());
    let rows = super::series::order(session, &sample, false)?;
    if rows.len() == design.model().periods() {
        Ok(rows)
    } else {
        Err(StataError::new(459, "the estimation sample has changed"))
    }
}
