//! What the choice models and their predictions share: regressors, labels of the alternatives, `predict`
//! ([CM] cmclogit postestimation).

use crate::commands::StandardSyntax;
use crate::error::{Result, StataError};
use crate::ops::predict::{Prediction, add, new_names};
use crate::ops::record_groups::value_text;
use crate::session::Session;
use crate::syntax::Term;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;

/// A regressor: a term of the alternatives, or one of the cases (1 without a term) for one alternative.
#[derive(Clone)]
pub(super) enum Regressor {
    /// A term of the alternatives.
    Alternative(String),
    /// A term of the cases, or the constant, for an alternative.
    Case(Option<String>, usize),
}

/// What `predict` needs.
pub(super) struct State {
    /// The regressors in the order of `e(b)`.
    pub(super) regressors: Vec<Regressor>,
    /// Case and alternative variables by name.
    pub(super) names: [String; 2],
    /// Labels of the alternatives, which are the equations.
    pub(super) labels: Vec<String>,
}

/// Labels of the alternatives as equations: no blanks.
pub(super) fn labels(s: &Session, alternative: usize, rows: &[usize]) -> (Vec<usize>, Vec<String>) {
    let mut order = rows.to_vec();
    order.sort_by(|a, b| s.frame.compare(alternative, *a, *b));
    let (mut of, mut labels) = (vec![0; s.frame.n_rows()], Vec::new());
    let mut last: Option<usize> = None;
    for row in order {
        if last.is_none_or(|l| s.frame.compare(alternative, l, row).is_ne()) {
            labels.push(value_text(s, alternative, row).trim().replace([' ', '.', ':'], "_"));
            last = Some(row);
        }
        of[row] = labels.len() - 1;
    }
    (of, labels)
}

/// Values of a regressor on rows.
pub(super) fn values(s: &Session, regressor: &Regressor, of: &[usize], rows: &[usize]) -> Result<Vec<f64>> {
    let term = |name: &str| Term::parse(name)?.values(&s.frame, rows);
    match regressor {
        Regressor::Alternative(name) => term(name),
        Regressor::Case(name, a) => {
            let own = name.as_deref().map(term).transpose()?;
            let value = |i: usize| if of[rows[i]] == *a { own.as_ref().map_or(1.0, |v| v[i]) } else { 0.0 };
            Ok((0..rows.len()).map(value).collect())
        }
    }
}

/// Options of `predict`.
pub(super) const PREDICT: StandardSyntax = StandardSyntax::new(&[OptSpec::flag("pr"), OptSpec::flag("xb")])
    .unsupported(&["k", "SCores", "stdp", "ALTwise"]);

/// `predict newvar [, pr xb]`: probabilities of the alternatives within their cases, or the linear index.
pub(super) fn predict(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let held = s.e.extra.clone();
    let Some(state) = held.as_ref().and_then(|e| e.downcast_ref::<State>()) else {
        return Err(StataError::no_estimates());
    };
    let (kind, names) = new_names(s, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let b = s.e.b().cloned().ok_or_else(StataError::no_estimates)?;
    let [case, alternative] = [s.frame.position(&state.names[0])?, s.frame.position(&state.names[1])?];
    let mut touse = s.rows(cmd)?;
    s.markout(&[case, alternative], &mut touse, true)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let (found, found_labels) = labels(s, alternative, &rows);
    let of: Vec<usize> = found
        .iter()
        .map(|a| {
            found_labels.get(*a).and_then(|l| state.labels.iter().position(|k| k == l)).unwrap_or(usize::MAX)
        })
        .collect();
    let mut xb = vec![0.0; rows.len()];
    for (regressor, weight) in state.regressors.iter().zip(b.values()) {
        if *weight == 0.0 {
            continue;
        }
        for (sum, x) in xb.iter_mut().zip(values(s, regressor, &of, &rows)?) {
            *sum += if crate::value::is_missing(x) { f64::NAN } else { weight * x };
        }
    }
    for (x, row) in xb.iter_mut().zip(&rows) {
        if of[*row] == usize::MAX {
            *x = f64::NAN;
        }
    }
    let shown = |x: f64| if x.is_finite() { x } else { MISSING };
    if cmd.has("xb") {
        let values = xb.into_iter().map(shown).collect();
        return add(s, name, kind, &rows, Prediction { values, label: "Linear prediction".to_string() });
    }
    if !cmd.has("pr") {
        s.print("(option pr assumed; Pr(alternative))");
    }
    let (group, count) = crate::estimation::model::number_groups(&s.frame, case, &rows);
    let mut top = vec![f64::NEG_INFINITY; count];
    xb.iter().zip(&group).for_each(|(x, g)| top[*g as usize] = top[*g as usize].max(*x));
    let mut sum = vec![0.0; count];
    xb.iter().zip(&group).for_each(|(x, g)| sum[*g as usize] += (x - top[*g as usize]).exp());
    let values =
        xb.iter().zip(&group).map(|(x, g)| shown((x - top[*g as usize]).exp() / sum[*g as usize])).collect();
    add(s, name, kind, &rows, Prediction { values, label: format!("Pr({})", state.names[1]) })
}
