//! The sample of `lasso` and `elasticnet`, and its folds.

use crate::error::{Result, StataError};
use crate::estimation::model::{first_word, single_column};
use crate::estimation::post::note_omitted;
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, matching_paren};
use crate::syntax::{Design, FvList};
use estimators::shrinkage::Model;

/// The sample with its standardised candidates.
pub(super) struct Sample {
    pub(super) model: Model,
    pub(super) depvar: String,
    pub(super) y: Vec<f64>,
    pub(super) names: Vec<String>,
    pub(super) x: Vec<Vec<f64>>,
    pub(super) centre: Vec<f64>,
    pub(super) scale: Vec<f64>,
    pub(super) always: usize,
    pub(super) touse: Vec<bool>,
}

pub(super) fn sample(session: &mut Session, cmd: &ParsedCommand, model: Model) -> Result<Sample> {
    let (first, rest) = first_word(&cmd.list);
    let (always, others) = match rest.trim_start().strip_prefix('(') {
        Some(_) => {
            let text = rest.trim_start();
            let close = matching_paren(text, 0).ok_or_else(StataError::syntax)?;
            (text[1..close].to_string(), text[close + 1..].to_string())
        }
        None => (String::new(), rest.to_string()),
    };
    if first.is_empty() || others.trim().is_empty() {
        return Err(StataError::standard(if first.is_empty() { 100 } else { 102 }));
    }
    let abbrev = session.settings.varabbrev;
    let outcome = FvList::parse(&session.frame, first, abbrev)?;
    let always = FvList::parse(&session.frame, &always, abbrev)?;
    let others = FvList::parse(&session.frame, &others, abbrev)?;
    let mut touse = session.rows(cmd)?;
    for list in [&outcome, &always, &others] {
        list.markout(&session.frame, &mut touse)?;
    }
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let (depvar, y) = single_column(&session.frame, &outcome, &touse, &rows)?;
    match model {
        Model::Logit if y.iter().any(|v| *v != 0.0 && *v != 1.0) => {
            return Err(StataError::new(459, "outcome must be 0 or 1"));
        }
        Model::Poisson if y.iter().any(|v| *v < 0.0) => {
            return Err(StataError::new(459, "outcome must not be negative"));
        }
        _ => {}
    }
    if y.iter().all(|v| *v == y[0]) {
        return Err(StataError::new(2000, "outcome does not vary"));
    }
    let n = rows.len() as f64;
    let mut out = Sample {
        model,
        depvar,
        y,
        names: Vec::new(),
        x: Vec::new(),
        centre: Vec::new(),
        scale: Vec::new(),
        always: 0,
        touse: touse.clone(),
    };
    let mut omitted = Vec::new();
    for (number, list) in [&always, &others].into_iter().enumerate() {
        let design = Design::build(&session.frame, list, &touse)?;
        for i in design.active() {
            let Some(column) = design.column(i) else { continue };
            let mean = estimators::real::stable_sum(column.iter().copied()) / n;
            let sd = (column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
            let name = design.terms[i].name();
            if sd <= 1e-12 * mean.abs().max(1e-300) || out.names.contains(&name) {
                omitted.push(name);
                continue;
            }
            out.x.push(column.iter().map(|v| (v - mean) / sd).collect());
            out.names.push(name);
            out.centre.push(mean);
            out.scale.push(sd);
        }
        if number == 0 {
            out.always = out.names.len();
        }
    }
    note_omitted(session, &omitted);
    if out.names.is_empty() {
        return Err(StataError::new(459, "no candidate varies in the sample"));
    }
    Ok(out)
}

/// Fold of each row: rows in the order of uniform draws, folds in turn.
pub(super) fn folds(session: &Session, n: usize, count: usize) -> Vec<usize> {
    let draws: Vec<f64> = (0..n).map(|_| session.rng.borrow_mut().uniform()).collect();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| draws[*a].total_cmp(&draws[*b]));
    let mut out = vec![0; n];
    order.iter().enumerate().for_each(|(place, row)| out[*row] = place % count);
    out
}
