//! Estimates a structural equation model and stores its results.

use super::sample;
use super::sem_model::Specification;
use super::sem_paths::unsupported;
use super::sem_show;
use super::sem_state::SemState;
use crate::error::{Result, StataError};
use crate::estimation::display::note_weights;
use crate::estimation::likelihood::{self, effective_weights};
use crate::estimation::model::{LIKELIHOOD_VCE, Model, Reading, VceSpec};
use crate::estimation::post::{self, Parameters, stata};
use crate::estimation::sample::OpenSample;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};
use estimators::distributions::chi2_tail;
use estimators::matrix::Mat;
use estimators::sem::comparison::{Unrestricted, baseline, unrestricted};
use estimators::sem::fit_statistics::Test;
use estimators::sem::likelihood::Problem;
use estimators::sem::maximise::{Optimum, Trouble};
use estimators::sem::sample::Sample;
use estimators::sem::standardised::standardised;
use estimators::sem::vce::{Estimates, Kind};
use estimators::sem::{Means, Value};
use std::sync::Arc;

/// Smallest eigenvalue of the correlations, relative to the largest one, of variables that are not collinear.
const COLLINEAR: f64 = 1e-12;

/// Columns of `e(ilog)`.
const ILOG: usize = 20;

/// The covariance of `vce()` that is no sandwich.
fn information(cmd: &ParsedCommand) -> Result<Option<(&'static str, Kind<'static>)>> {
    Ok(match cmd.options.text("vce").map(str::trim) {
        Some("eim") => Some(("eim", Kind::Expected)),
        Some("opg") => Some(("opg", Kind::OuterProducts)),
        Some(text) if text.starts_with("sb") => return Err(unsupported("vce(sbentler) is")),
        _ => None,
    })
}

/// Whether missing values are modelled.
fn mlmv(cmd: &ParsedCommand) -> bool {
    cmd.options.text("method").map(str::trim) == Some("mlmv")
}

/// Rows with all variables, or with one of them where missing values are modelled, and with a group.
pub(super) fn read(
    s: &Session,
    cmd: &ParsedCommand,
    columns: &[usize],
    group: Option<usize>,
) -> Result<Model> {
    use WeightKind::{Frequency, Importance, Probability};
    let vce = information(cmd)?.map(|_| VceSpec::Default);
    let reading = Reading {
        plain_vce: LIKELIHOOD_VCE,
        vce,
        ..Reading::likelihood(cmd, &[Frequency, Importance, Probability])
    };
    let mut open = OpenSample::open(s, cmd, &reading)?;
    for (row, used) in open.touse.iter_mut().enumerate().filter(|(_, used)| **used) {
        let here = |v: usize| !is_missing(s.frame.num_at(v, row));
        let mut known = columns.iter().map(|v| here(*v));
        *used = group.is_none_or(here) && if mlmv(cmd) { known.any(|k| k) } else { known.all(|k| k) };
    }
    open.close_without_terms(s)
}

/// Refuses samples whose covariance matrix is singular.
fn check(specification: &Specification, sample: &Sample, n: f64, mlmv: bool) -> Result<()> {
    let names = &specification.names;
    for (v, variance) in sample.variance.iter().enumerate() {
        // rounding in the mean leaves a variance that is no variance
        let size = sample.centre[v].abs() * f64::EPSILON * 8.0;
        if sample.columns[v].iter().all(|x| is_missing(*x)) {
            return Err(StataError::new(2000, format!("no observations of {}", names.all[v])));
        }
        if variance.is_nan() || *variance <= size * size {
            return Err(StataError::new(506, format!("{} does not vary in the sample", names.all[v])));
        }
    }
    if n < 2.0 {
        return Err(StataError::insufficient_observations());
    }
    // rows of a group are complete unless missing values are modelled
    let complete = sample.is_complete() || specification.groups.is_some() && !mlmv;
    for (at, pattern) in sample.patterns.iter().enumerate().filter(|_| complete) {
        let p = pattern.present.len();
        let rows = sample.of_row.iter().filter(|of| **of == at).count();
        if rows <= p {
            return Err(StataError::new(
                2001,
                format!("insufficient observations: {rows} for {p} observed variables"),
            ));
        }
        let s = &pattern.covariance;
        let sd: Vec<f64> = s.diagonal().iter().map(|v| v.sqrt()).collect();
        let (values, vectors) = Mat::from_fn(p, p, |i, j| s[(i, j)] / (sd[i] * sd[j])).symmetric_eigen();
        if values[p - 1] < COLLINEAR * values[0] {
            let name = |i: usize| names.all[pattern.present[i]].as_str();
            let who: Vec<&str> = (0..p).filter(|i| vectors[(*i, p - 1)].abs() > 1e-4).map(name).collect();
            return Err(StataError::new(506, format!("variables are collinear: {}", who.join(", "))));
        }
    }
    Ok(())
}

/// Names of parameters by their numbers.
fn parameter_names(specification: &Specification, numbers: &[usize]) -> String {
    let model = &specification.model;
    let is = |at: &usize| matches!(model.cells[*at].1, Value::Free(k) if numbers.contains(&k));
    let names: Vec<String> = specification
        .rows
        .iter()
        .filter(|(_, at)| is(at))
        .map(|(stripe, _)| if stripe.eq == "/" { format!("/{}", stripe.name) } else { stripe.full() })
        .collect();
    names.join(", ")
}

fn maximise(specification: &Specification, problem: &Problem<'_>, cmd: &ParsedCommand) -> Result<Optimum> {
    let model = &specification.model;
    let p = specification.one().model.observed;
    let means = if problem.means == Means::Absent { 0 } else { p };
    let moments = specification.group_count() * (p * (p + 1) / 2 + means);
    if model.parameters > moments {
        return Err(StataError::new(
            430,
            format!(
                "model not identified: {} parameters and only {moments} means, variances and covariances; convergence not achieved",
                model.parameters
            ),
        ));
    }
    problem.maximise(likelihood::limits(&cmd.options)).map_err(|trouble| match trouble {
        Trouble::Start => StataError::new(1400, "initial values not feasible"),
        Trouble::NotIdentified(numbers) => StataError::new(
            430,
            format!(
                "model not identified: the data have no information about a combination of {}; convergence not achieved",
                parameter_names(specification, &numbers)
            ),
        ),
    })
}

/// Values of the variables of the model in the sample; those of a group are missing in the others.
fn columns_of(s: &Session, specification: &Specification, rows: &[usize]) -> Vec<Vec<f64>> {
    let columns = &specification.names.columns;
    let Some(groups) = &specification.groups else {
        return columns.iter().map(|v| rows.iter().map(|r| s.frame.num_at(*v, *r)).collect()).collect();
    };
    let of_row: Vec<Option<usize>> =
        rows.iter().map(|row| groups.number(s.frame.num_at(groups.column, *row))).collect();
    let each = columns.len() / groups.values.len();
    let value = |at: usize, (row, group): (&usize, &Option<usize>)| {
        if *group == Some(at / each) { s.frame.num_at(columns[at], *row) } else { MISSING }
    };
    (0..columns.len()).map(|at| rows.iter().zip(&of_row).map(|pair| value(at, pair)).collect()).collect()
}

/// The distribution without restrictions, in each group.
fn saturated(specification: &Specification, sample: &Sample) -> Option<Unrestricted> {
    let p = specification.model.observed;
    let Some(groups) = &specification.groups else {
        return unrestricted(sample, &(0..p).collect::<Vec<_>>());
    };
    let mut out = Unrestricted { ll: 0.0, mean: Vec::new(), covariance: Mat::zeros(p, p) };
    for group in 0..groups.values.len() {
        let block = groups.block(group);
        let own = unrestricted(sample, &block)?;
        out.ll += own.ll;
        out.mean.extend(own.mean);
        for (i, a) in block.iter().enumerate() {
            for (j, b) in block.iter().enumerate() {
                out.covariance[(*a, *b)] = own.covariance[(i, j)];
            }
        }
    }
    Some(out)
}

/// Estimates and posts.
pub(super) fn estimate(s: &mut Session, cmd: &ParsedCommand, specification: Specification) -> Result<()> {
    let columns = specification.names.columns.clone();
    let groups = specification.groups.as_ref();
    let read = read(s, cmd, &columns, groups.map(|g| g.column))?;
    let (weights, n) = effective_weights(&read);
    let values = columns_of(s, &specification, &read.design.rows);
    let sample = Sample::new(&values, weights.as_ref().map(|(w, _)| w.as_slice()));
    check(&specification, &sample, n, mlmv(cmd))?;
    if read.clusters.as_ref().is_some_and(|c| c.count < 2) {
        return Err(StataError::new(460, "only one cluster"));
    }
    let robust = sample::robust(&read, weights.as_ref(), n)?;
    let kind = match (robust, information(cmd)?) {
        (Some(robust), _) => Kind::Robust(robust),
        (None, Some((_, kind))) => kind,
        (None, None) => Kind::Observed,
    };
    let (optimum, estimates) = {
        let problem = Problem::new(&specification.model, &sample);
        let optimum = maximise(&specification, &problem, cmd)?;
        let estimates = problem.estimates(&optimum, kind).ok_or_else(|| {
            StataError::new(430, "the information matrix is not positive definite; convergence not achieved")
        })?;
        (optimum, estimates)
    };
    note_weights(s, &read);
    sem_show::describe(s, cmd, &specification);
    if s.shows_log(|o| cmd.has(o)) {
        sem_show::log(s, &optimum, read.is_robust(), cmd.options.int("iterate"));
    }
    let free = saturated(&specification, &sample);
    let tests = if read.is_robust() { None } else { tests(&specification, &sample, &optimum, free.as_ref()) };
    let state = SemState {
        specification,
        b: estimates.b.clone(),
        v: estimates.v.clone(),
        point: optimum.parameters.clone(),
        sample: free.map(|f| (f.mean, f.covariance)),
        tests,
        moments: Arc::new(sample),
        mlmv: mlmv(cmd),
    };
    post_results(s, cmd, read, &optimum, &estimates, state)
}

/// Observed exogenous variables of a group.
fn exogenous(specification: &Specification) -> Vec<usize> {
    let names = &specification.one().names;
    (0..names.observed()).filter(|v| !names.endogenous[*v]).collect()
}

/// Free parameters of the saturated model and of the baseline.
fn sizes(specification: &Specification) -> (f64, f64) {
    let (p, q) = (specification.one().model.observed, exogenous(specification).len());
    let means = if specification.model.means() == Means::Absent { 0 } else { p };
    let groups = specification.group_count();
    let of = |each: usize| (groups * each) as f64;
    (of(p * (p + 1) / 2 + means), of(p + q * q.saturating_sub(1) / 2 + means))
}

fn tests(
    specification: &Specification,
    sample: &Sample,
    optimum: &Optimum,
    free: Option<&Unrestricted>,
) -> Option<(Test, Test)> {
    let (saturated, base) = sizes(specification);
    let top = free?.ll;
    let test = |ll: f64, parameters: f64| Test {
        // the saturated model itself differs from its own likelihood by rounding
        chi2: if saturated == parameters { 0.0 } else { (2.0 * (top - ll)).max(0.0) },
        df: saturated - parameters,
    };
    let (p, exogenous) = (specification.one().model.observed, exogenous(specification));
    let mut bottom = 0.0;
    for group in 0..specification.group_count() {
        let together: Vec<usize> = exogenous.iter().map(|v| group * p + v).collect();
        bottom += baseline(sample, group * p..(group + 1) * p, &together)?;
    }
    Some((test(optimum.ll, specification.model.parameters as f64), test(bottom, base)))
}

/// Rows of `e(b)` with their covariance.
fn parameters(specification: &Specification, values: &[f64], v: &Mat, std: Option<&Mat>) -> Parameters {
    let rows = &specification.rows;
    let cell = |i: usize| rows[i].1;
    let number = |i: usize| match specification.model.cells[cell(i)].1 {
        Value::Free(k) => Some(k),
        Value::Fixed(_) => None,
    };
    let covariance = |i: usize, j: usize| match (std, number(i), number(j)) {
        (Some(std), _, _) => std[(cell(i), cell(j))],
        (None, Some(k), Some(l)) => v[(k, l)],
        _ => 0.0,
    };
    Parameters {
        stripe: rows.iter().map(|r| r.0.clone()).collect(),
        b: (0..rows.len()).map(|i| values[cell(i)]).collect(),
        v: Mat::from_fn(rows.len(), rows.len(), covariance),
    }
}

fn texts(r: &mut Results, cmd: &ParsedCommand, specification: &Specification) -> Result<()> {
    let names = &specification.one().names;
    let list = |latent: bool, endogenous: bool| {
        names.list(|v| names.is_latent(v) == latent && names.endogenous[v] == endogenous).join(" ")
    };
    for (name, latent, endogenous) in
        [("lyvars", true, true), ("oyvars", false, true), ("lxvars", true, false), ("oxvars", false, false)]
    {
        r.text(name, list(latent, endogenous));
    }
    // there is no single outcome
    r.remove("depvar");
    let method = cmd.options.text("method").map_or("ml", str::trim).to_string();
    r.text("method", method).text("title", "Structural equation model").text("predict", "sem_p");
    r.text("estat_cmd", "sem_estat").text("marginsnotok", "_ALL").text("data", "raw");
    r.text("properties", "b V").text("technique", "nr");
    if specification.conditional && !exogenous(specification).is_empty() {
        r.text("xconditional", "xconditional");
    }
    if r.get_text("vce").is_none() {
        let vce = information(cmd)?.map_or("oim", |(name, _)| name);
        r.text("vce", vce).text("vcetype", vce.to_uppercase());
    }
    Ok(())
}

/// Observations of the groups.
fn group_sizes(r: &mut Results, specification: &Specification, state: &SemState, n: f64) {
    let mut sizes = vec![n];
    if let Some(groups) = &specification.groups {
        r.scalar("N_groups", groups.values.len() as f64).text("groupvar", groups.variable.clone());
        sizes = (0..groups.values.len()).map(|group| state.group_weight(group)).collect();
    }
    let names = (1..=sizes.len()).map(|i| Stripe::term(format!("c{i}"))).collect();
    r.matrix("nobs", Matrix::row_vector(sizes, names));
}

fn post_results(
    s: &mut Session,
    cmd: &ParsedCommand,
    read: Model,
    optimum: &Optimum,
    estimates: &Estimates,
    state: SemState,
) -> Result<()> {
    let specification = &state.specification;
    let values: Vec<f64> = (0..specification.model.cells.len()).map(|at| state.value(at)).collect();
    let own = parameters(specification, &values, &state.v, None);
    let mut est = post::begin("sem", &format!("sem {}", cmd.raw.trim()), &own, &read);
    let r = &mut est.results;
    texts(r, cmd, specification)?;
    let (_, n) = effective_weights(&read);
    let mut free: Vec<usize> = specification
        .rows
        .iter()
        .filter_map(|(_, at)| match specification.model.cells[*at].1 {
            Value::Free(k) => Some(k),
            Value::Fixed(_) => None,
        })
        .collect();
    free.sort_unstable();
    free.dedup();
    let (saturated, base) = sizes(specification);
    r.scalar("N", n).scalar("ll", optimum.ll).scalar("rank", free.len() as f64);
    r.scalar("k", own.b.len() as f64)
        .scalar("k_dv", specification.one().names.endogenous.iter().filter(|e| **e).count() as f64);
    r.scalar("df_m", specification.model.parameters as f64).scalar("df_s", saturated).scalar("df_b", base);
    if let Some((model, baseline)) = state.tests {
        for (name, test) in [("ms", model), ("bs", baseline)] {
            let p = if test.df > 0.0 { chi2_tail(test.df, test.chi2) } else { f64::NAN };
            r.scalar(&format!("chi2_{name}"), test.chi2).scalar(&format!("df_{name}"), test.df);
            r.scalar(&format!("p_{name}"), stata(p));
        }
    }
    if state.mlmv {
        let full = specification.one().model.observed;
        let incomplete = state.moments.patterns.iter().filter(|p| p.present.len() < full);
        r.scalar("N_missing", incomplete.map(|p| p.weight).sum());
    }
    // a maximum with a negative variance is not a valid solution
    let converged = optimum.converged && state.negative().is_empty();
    r.scalar("converged", f64::from(u8::from(converged))).scalar("rc", if converged { 0.0 } else { 430.0 });
    r.scalar("ic", optimum.log.len().saturating_sub(1) as f64);
    let log = |i: usize| optimum.log.get(i).map_or(0.0, |line| line.ll);
    r.matrix("ilog", Matrix::new(1, ILOG, (0..ILOG).map(log).collect()));
    if read.is_robust() {
        let based = parameters(specification, &values, &estimates.v_model, None);
        r.matrix("V_modelbased", based.v_matrix());
    }
    if let Some(found) = standardised(&specification.model, &state.b, &state.v) {
        let std = parameters(specification, &found.b, &state.v, Some(&found.v));
        r.matrix("b_std", std.b_matrix()).matrix("V_std", std.v_matrix());
    }
    group_sizes(r, specification, &state, n);
    est.extra = Some(Arc::new(state));
    let touse = read.touse;
    s.post_estimation(est, touse);
    Ok(())
}
