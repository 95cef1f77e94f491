//! `boottest` after two-stage least squares: the coefficient of the one instrumented regressor. Numbers:
//! `estimators::wild_instruments`.

use super::boottest::{Found, restrictions, show, store};
use super::boottest_model::{cluster_names, groups, unsupported};
use super::boottest_request::Request;
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::ops::predict::column;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::words;
use crate::syntax::{FvList, ParsedCommand};
use crate::value::is_missing;
use estimators::panel::Units;
use estimators::wald;
use estimators::wild_bootstrap::accepted;
use estimators::wild_instruments::{Instrumented, Restricted};

/// Whether the estimates in memory are those of instrumental variables.
pub(super) fn applies(s: &Session) -> bool {
    ["ivregress", "ivreg2"].contains(&s.e.cmd())
}

/// The model in memory.
struct Model {
    /// Position of the instrumented regressor among the coefficients.
    position: usize,
    y: Vec<f64>,
    x: Vec<f64>,
    exogenous: Vec<Vec<f64>>,
    instruments: Vec<Vec<f64>>,
    clusters: Units,
    names: String,
}

fn text(s: &Session, name: &str) -> String {
    s.e.results.get_text(name).unwrap_or("").trim().to_string()
}

/// Refuses what the bootstrap is not made for.
fn check(s: &Session, cmd: &ParsedCommand) -> Result<()> {
    let kind = if s.e.cmd() == "ivregress" { text(s, "estimator") } else { text(s, "model") };
    if !["2sls", "iv"].contains(&kind.as_str()) {
        return Err(unsupported(&format!("after {} {kind}", s.e.cmd())));
    }
    if words(&text(s, "instd")).len() != 1 {
        return Err(unsupported("after instrumental variables for several regressors"));
    }
    if !text(s, "wtype").is_empty() {
        return Err(unsupported("after instrumental variables with weights"));
    }
    if !text(s, "prefix").is_empty() {
        return Err(unsupported("after estimates with a prefix"));
    }
    if !text(s, "kernel").is_empty() || !text(s, "hac_kernel").is_empty() || !text(s, "partial").is_empty() {
        return Err(unsupported("after ivreg2 with bw(), dkraay() or partial()"));
    }
    for option in ["nonull", "bootcluster"] {
        if cmd.has(option) {
            return Err(unsupported(&format!("with {option} after instrumental variables")));
        }
    }
    if cmd.options.text("cluster").is_some_and(|c| c.trim() != text(s, "clustvar")) {
        return Err(unsupported(
            "with other clusters than those of the estimates, after instrumental variables,",
        ));
    }
    Ok(())
}

fn read(s: &Session, cmd: &ParsedCommand, parameters: &Parameters) -> Result<Model> {
    check(s, cmd)?;
    let sample = s.required_estimation_sample()?;
    let rows: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
    let endogenous = text(s, "instd");
    let position = parameters.find(&endogenous).ok_or_else(StataError::no_estimates)?;
    let mut exogenous = Vec::new();
    for (i, stripe) in parameters.stripe.iter().enumerate().filter(|(i, _)| *i != position) {
        match &parameters.terms[i] {
            _ if stripe.name == "_cons" => exogenous.push(vec![1.0; rows.len()]),
            Some(term) if !term.is_omitted() && !term.is_base() => {
                exogenous.push(column(&s.frame, &stripe.name, &rows)?);
            }
            _ => {}
        }
    }
    let included = if s.e.cmd() == "ivregress" { text(s, "exogr") } else { text(s, "inexog") };
    let included = words(&included);
    let all = text(s, "insts");
    let instruments = words(&all)
        .into_iter()
        .filter(|name| !included.contains(name))
        .map(|name| column(&s.frame, name, &rows))
        .collect::<Result<Vec<_>>>()?;
    let depvar = text(s, "depvar");
    let outcome = FvList::parse(&s.frame, &depvar, false)?.expand(&s.frame, &sample)?;
    let y = outcome.first().ok_or_else(|| StataError::no_variable(&depvar))?.values(&s.frame, &rows)?;
    let x = column(&s.frame, &endogenous, &rows)?;
    let mut values = exogenous.iter().chain(&instruments).flatten().chain(&x).chain(&y);
    if values.any(|v| is_missing(*v)) {
        return Err(StataError::new(498, "the data have changed since the estimation"));
    }
    let names = cluster_names(s, cmd);
    let clusters = match words(&names).len() {
        0 if text(s, "vcetype") == "Robust" => Units::new((0..rows.len() as u32).collect()),
        0 => {
            return Err(unsupported("with classical standard errors (vce(robust), or clusters, are needed)"));
        }
        1 => groups(s, &names, &rows)?,
        _ => return Err(unsupported("with errors clustered by several variables")),
    };
    if clusters.count() < 2 {
        return Err(StataError::insufficient_observations());
    }
    Ok(Model { position, y, x, exogenous, instruments, clusters, names })
}

/// Runs the tests.
pub(super) fn run(
    s: &mut Session,
    cmd: &ParsedCommand,
    hypotheses: &[String],
    parameters: &Parameters,
) -> Result<()> {
    let model = read(s, cmd, parameters)?;
    let count = model.clusters.count();
    let request = Request::read(s, cmd, count)?;
    request.note(s, count);
    s.room_for(request.count as f64, 8.0 * count as f64)?;
    let instrumented = Instrumented {
        y: &model.y,
        x: &model.x,
        exogenous: &model.exogenous,
        instruments: &model.instruments,
        clusters: &model.clusters,
    };
    let singular = || StataError::new(506, "the instruments or the regressors are collinear");
    let bootstrap = Restricted::new(&instrumented).ok_or_else(singular)?;
    let df_r = s.e.results.get_scalar("df_r");
    let mut results = Results::default();
    for (i, hypothesis) in hypotheses.iter().enumerate() {
        let suffix = if hypotheses.len() > 1 { format!("_{}", i + 1) } else { String::new() };
        let forms = restrictions(hypothesis, parameters)?;
        let own = |w: (usize, &f64)| (w.0 == model.position) == (*w.1 != 0.0);
        let [form] = forms.as_slice() else {
            return Err(unsupported("of several restrictions after instrumental variables"));
        };
        if !form.weights.iter().enumerate().all(own) {
            return Err(unsupported("of other coefficients than that of the instrumented regressor"));
        }
        let target = -form.constant / form.weights[model.position];
        let weights: Vec<Vec<f64>> = (0..request.count).map(|k| request.draw(s, count, k)).collect();
        let estimate = bootstrap.estimate();
        let se = parameters.v[(model.position, model.position)].sqrt();
        let p = |r: f64| bootstrap.p(r, &weights, request.tail);
        let sets = request.interval.then(|| {
            let step = 1.5 * wald::critical(request.level, df_r) * se;
            accepted(p, 1.0 - request.level / 100.0, (estimate, step), request.bounds, request.points)
        });
        let found = Found {
            statistic: (estimate - target) / se,
            p: p(target),
            feasible: bootstrap.draws(target, &weights).ok_or_else(singular)?.len(),
            sets,
        };
        show(s, (model.names.as_str(), df_r), &request, hypothesis, 1, &found);
        store(df_r, &request, 1, &found, &suffix, &mut results);
    }
    request.store(&mut results, count);
    s.r = results;
    Ok(())
}
