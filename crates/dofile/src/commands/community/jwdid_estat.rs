//! `estat` after `jwdid`: averages of the effects over the treated observations. The averages are linear in the
//! coefficients; their covariance is that of the coefficients (delta method, observations fixed).

use crate::error::{Result, StataError};
use crate::estimation::post::kernel;
use crate::estimation::table::Table;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::ops::run::quietly;
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use estimators::matrix::Mat;
use std::collections::{BTreeMap, HashMap};

/// The name of the coefficient of a cohort in a period.
pub(super) fn cell_name((g, t): (i64, i64), group: &str, time: &str) -> String {
    format!("{g}.{group}#{t}.{time}#c.__tr__")
}

/// The name of a covariate less its mean in the cohort.
pub(super) fn shifted_name(name: &str) -> String {
    format!("_x_{name}").chars().take(32).collect()
}

/// `estat` after `jwdid`; nothing for another subcommand or command.
pub(super) fn estat(session: &mut Session, word: &str, call: &dyn Fn(&str) -> Call) -> Option<Result<()>> {
    if session.e.cmd() != "jwdid" {
        return None;
    }
    ["simple", "group", "calendar", "event"].contains(&word).then(|| averages(session, word, &call(word)))
}

/// Rows behind an average, by the number that names it.
type Groups = BTreeMap<i64, Vec<usize>>;

/// The coefficients and what the rows need to find theirs.
struct Effects {
    /// Position of each coefficient.
    place: HashMap<String, usize>,
    group: String,
    time: String,
    covariates: Vec<String>,
    cells: Vec<(usize, i64, i64)>,
}

impl Effects {
    fn read(session: &Session) -> Result<Self> {
        let b = session.e.b().ok_or_else(StataError::no_estimates)?;
        let text = |name: &str| session.e.results.get_text(name).unwrap_or("").to_string();
        let (group, time) = (text("gvar"), text("tvar"));
        let (g, t) = (session.variable(&group)?, session.variable(&time)?);
        let sample = session.estimation_sample();
        let sample = sample.ok_or_else(StataError::no_estimates)?;
        let cells = (0..sample.len())
            .filter(|row| sample[*row])
            .map(|row| (row, session.frame.num_at(g, row) as i64, session.frame.num_at(t, row) as i64))
            .filter(|cell| cell.1 > 0)
            .collect();
        Ok(Self {
            place: b.col_names.iter().enumerate().map(|(i, s)| (s.name.clone(), i)).collect(),
            covariates: text("xvars").split_whitespace().map(str::to_string).collect(),
            group,
            time,
            cells,
        })
    }

    /// The rows of each average: those of treated periods, for `event` after `never` those before as well.
    fn groups(&self, word: &str, before: bool) -> Groups {
        let mut out = Groups::new();
        let first = self.cells.iter().map(|(_, g, t)| t - g).min().unwrap_or(0);
        for (row, g, t) in &self.cells {
            if t < g && !(before && word == "event") {
                continue;
            }
            let number = match word {
                "simple" => 0,
                "group" => *g,
                "calendar" => *t,
                // a factor variable has no negative levels
                _ => t - g - first + 1,
            };
            out.entry(number).or_default().push(*row);
        }
        out
    }

    /// Weights of the coefficients in the mean of the effects over some rows.
    fn weights(&self, session: &Session, rows: &[usize]) -> Result<Vec<f64>> {
        let own: HashMap<usize, (i64, i64)> = self.cells.iter().map(|(r, g, t)| (*r, (*g, *t))).collect();
        let columns: Vec<(String, usize)> = self
            .covariates
            .iter()
            .map(|x| Ok((shifted_name(x), session.variable(&shifted_name(x))?)))
            .collect::<Result<_>>()?;
        let mut out = vec![0.0; self.place.len()];
        let share = 1.0 / rows.len() as f64;
        for row in rows {
            let cell = cell_name(own[row], &self.group, &self.time);
            if let Some(place) = self.place.get(&cell) {
                out[*place] += share;
            }
            for (name, column) in &columns {
                if let Some(place) = self.place.get(&format!("{cell}#c.{name}")) {
                    out[*place] += share * session.frame.num_at(*column, *row);
                }
            }
        }
        Ok(out)
    }
}

fn averages(session: &mut Session, word: &str, call: &Call) -> Result<()> {
    let options = call.options(
        &[OptSpec::flag("post"), OptSpec::real("Level")],
        &[
            "OVER", "Window", "CWindow", "PREtrend", "PLOT", "ESTore", "ESAVE", "REPLACE", "ASIS", "vce",
            "PREDICT",
        ],
    )?;
    let effects = Effects::read(session)?;
    let before = session.e.results.get_text("type") == Some("never");
    let groups = effects.groups(word, before);
    if groups.is_empty() {
        return Err(StataError::new(2000, "no treated observations in the estimation sample"));
    }
    let (Some(b), Some(v)) = (session.e.b(), session.e.v()) else { return Err(StataError::no_estimates()) };
    let weights: Vec<Vec<f64>> =
        groups.values().map(|rows| effects.weights(session, rows)).collect::<Result<_>>()?;
    let values: Vec<f64> =
        weights.iter().map(|w| w.iter().zip(b.values()).map(|(w, b)| w * b).sum()).collect();
    let weights = Mat::from_fn(values.len(), b.cols(), |i, j| weights[i][j]);
    let covariance = weights.sandwich(&kernel(v)).symmetrised();
    let variable = format!("__{word}__");
    let stripe: Vec<Stripe> = groups
        .keys()
        .enumerate()
        .map(|(i, number)| match word {
            "simple" => Stripe::term("simple"),
            _ => Stripe::term(format!("{number}{}.{variable}", if i == 0 { "bn" } else { "" })),
        })
        .collect();
    show(session, word, &effects, &groups, (&stripe, &values, &covariance), options.real("level"))?;
    let b = Matrix::row_vector(values, stripe.clone());
    let v = Matrix::square(covariance.data().to_vec(), stripe);
    let n = groups.values().map(Vec::len).sum::<usize>() as f64;
    if options.has("post") {
        let sample = session.required_estimation_sample()?.to_vec();
        let mut est = Estimation::default();
        est.results.matrix("b", b).matrix("V", v).scalar("N", n);
        est.results.text("cmd", "jwdid_estat").text("agg", word);
        session.post_estimation(est, sample);
    } else {
        let table = session.r.matrices.get("table").cloned();
        let mut results = Results::default();
        results.matrix("b", b).matrix("V", v).scalar("N", n).text("agg", word);
        if let Some(table) = table {
            results.matrix("table", table);
        }
        session.r = results;
    }
    Ok(())
}

/// Shows the averages; for `event` the numbers of the levels have the times since treatment as labels.
fn show(
    session: &mut Session,
    word: &str,
    effects: &Effects,
    groups: &Groups,
    (stripe, b, v): (&[Stripe], &[f64], &Mat),
    level: Option<f64>,
) -> Result<()> {
    let level = level.unwrap_or(session.settings.level);
    if word == "event" {
        let first = effects.cells.iter().map(|(_, g, t)| t - g).min().unwrap_or(0);
        let labels: Vec<String> =
            groups.keys().map(|number| format!("{number} \"{}\"", number + first - 1)).collect();
        quietly(session, "capture drop __event__")?;
        quietly(session, "generate byte __event__ = .")?;
        quietly(session, &format!("label define __event__ {}, replace", labels.join(" ")))?;
        quietly(session, "label values __event__ __event__")?;
    }
    let se: Vec<f64> = (0..b.len()).map(|i| v[(i, i)].sqrt()).collect();
    let shown: Vec<Stripe> = stripe.iter().map(|s| Stripe::term(s.name.replacen("bn.", ".", 1))).collect();
    session.print("");
    Table {
        heading: "Contrast",
        vce_title: "Delta-method",
        equations: false,
        ..Table::of_equations(&shown, b, &se, None, level)
    }
    .show(session);
    if word == "event" {
        quietly(session, "drop __event__")?;
        quietly(session, "label drop __event__")?;
    }
    Ok(())
}
