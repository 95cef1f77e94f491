//! `discrim knn` and `discrim logistic`: discrimination by neighbours and by a multinomial logit ([MV] discrim knn, [MV]
//! discrim logistic). Numbers: `estimators::nearest_neighbours`, `estimators::ml_choice`.

use super::cluster_object::measure;
use super::discrim::{Data, State, collinear, judged_by, read, with_options};
use super::discrim_priors::{equal, group_stripes, priors, quoted, ties};
use super::discrim_show;
use super::shared::row_named;
use crate::error::{Result, StataError};
use crate::estimation::likelihood::print_iterations;
use crate::estimation::post::command_line;
use crate::matrix::{Matrix, Stripe};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::clusters::Measure;
use estimators::discriminant::{Groups, Rule};
use estimators::matrix::Mat;
use estimators::ml::{Equation, Limits, MlFit, Problem};
use estimators::ml_choice::Multinomial;
use estimators::nearest_neighbours::Neighbours;
use estimators::vce::Vce;
use estimators::weights::WeightKind;
use std::sync::Arc;

/// `discrim knn varlist, group() k(#)`.
pub(super) fn knn(s: &mut Session, cmd: &ParsedCommand, text: &str) -> Result<()> {
    let own = with_options(&cmd.name, text)?;
    if !s.shows_log(|o| own.has(o)) {
        return Err(StataError::option_not_allowed("nolog"));
    }
    let k = own.options.int("k").ok_or_else(|| StataError::new(198, "option k() required"))?;
    let data = read(s, &own)?;
    let groups = data.groups()?;
    if k < 1 || k as f64 > groups.n() {
        return Err(StataError::invalid("k() must be at least 1 and at most the number of observations"));
    }
    let word = own.options.text("measure").map(str::trim);
    let how = word.map_or(Ok(Measure::L2), measure)?;
    let covariance = own.has("mahalanobis").then(|| groups.covariance());
    let neighbours = Neighbours::of(
        &data.columns,
        &data.grouping.of,
        &data.weights,
        &groups.counts,
        (k as f64, how),
        covariance.as_ref(),
    )
    .ok_or_else(collinear)?;
    let state = judged_by(&data, groups, Rule::Nearest(Box::new(neighbours)));
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.scalar("k_nn", k as f64).text("measure", word.unwrap_or("L2"));
    r.text("measure_type", "dissimilarity");
    if own.has("mahalanobis") {
        r.text("mahalanobis", "mahalanobis");
    }
    r.text("properties", "nob noV").text("title", "Kth-nearest-neighbor discriminant analysis");
    post(s, cmd, &own, data, state, est, "knn")
}

/// `discrim logistic varlist, group()`.
pub(super) fn logistic(s: &mut Session, cmd: &ParsedCommand, text: &str) -> Result<()> {
    let own = with_options(&cmd.name, text)?;
    if let Some(o) = ["k", "measure", "mahalanobis", "lootable"].iter().find(|o| own.has(o)) {
        return Err(StataError::option_not_allowed(o));
    }
    let data = read(s, &own)?;
    let groups = data.groups()?;
    let count = groups.counts.len();
    // the first of the largest groups is the base
    let base = (0..count).rev().max_by(|a, b| groups.counts[*a].total_cmp(&groups.counts[*b])).unwrap_or(0);
    let fit = fitted(&data, &groups, base)?;
    if s.shows_log(|o| own.has(o)) {
        print_iterations(s, &fit, "log likelihood", None);
    }
    let k = data.names.len();
    let slot = |g: usize| g - usize::from(g > base);
    let cell = |g: usize, j: usize| if g == base { 0.0 } else { fit.b[slot(g) * (k + 1) + j] };
    let state = judged_by(&data, groups, Rule::Logistic(Mat::from_fn(count, k + 1, cell)));
    let mut est = Estimation::default();
    let stripes = group_stripes(&state.labels);
    let names = || data.names.iter().map(String::as_str).chain(["_cons"]);
    let columns: Vec<Stripe> = (0..count)
        .filter(|g| *g != base)
        .flat_map(|g| names().map(move |n| (g, n)))
        .map(|(g, n)| Stripe { eq: stripes[g].name.clone(), ..Stripe::term(n) })
        .collect();
    let r = &mut est.results;
    r.matrix("b", Matrix::row_vector(fit.b.clone(), columns));
    r.scalar("ibaseout", base as f64 + 1.0).scalar("ll", fit.ll);
    r.text("properties", "b noV").text("title", "Logistic discriminant analysis");
    post(s, cmd, &own, data, state, est, "logistic")
}

/// The multinomial logit of the groups on the variables.
fn fitted(data: &Data, groups: &Groups, base: usize) -> Result<MlFit> {
    let count = groups.counts.len();
    let slot = |g: usize| (g != base).then(|| g - usize::from(g > base));
    let y: Vec<Option<usize>> = data.grouping.of.iter().map(|g| slot(*g)).collect();
    let columns: Vec<&[f64]> = data.columns.iter().map(Vec::as_slice).collect();
    let k = columns.len();
    let mut start = vec![0.0; (k + 1) * (count - 1)];
    for g in (0..count).filter(|g| *g != base) {
        start[slot(g).unwrap_or(0) * (k + 1) + k] = (groups.counts[g] / groups.counts[base]).ln();
    }
    let equation = || Equation { columns: columns.clone(), constant: true, offset: None };
    let problem = Problem {
        model: &Multinomial { y: &y, indices: count - 1 },
        equations: (1..count).map(|_| equation()).collect(),
        rows: y.len(),
        weights: data.weight_text.is_some().then_some((&data.weights[..], WeightKind::Frequency)),
        n: groups.n(),
    };
    let fit = problem.maximise(&start, Limits::default(), Vce::Classical).ok_or_else(collinear)?;
    if fit.converged { Ok(fit) } else { Err(StataError::not_converged()) }
}

/// Posts the results and prints the tables.
fn post(
    s: &mut Session,
    cmd: &ParsedCommand,
    own: &ParsedCommand,
    data: Data,
    state: State,
    mut est: Estimation,
    kind: &str,
) -> Result<()> {
    let ties = ties(own)?.unwrap_or("missing");
    let priors = priors(s, own, &state.groups)?.unwrap_or_else(|| equal(state.labels.len()));
    let r: &mut Results = &mut est.results;
    let stripes = group_stripes(&state.labels);
    r.scalar("N", state.groups.n()).scalar("N_groups", state.labels.len() as f64);
    r.scalar("k", data.names.len() as f64);
    r.matrix("groupcounts", row_named(state.groups.counts.clone(), stripes.clone()));
    r.matrix("grouppriors", row_named(priors, stripes.clone()));
    r.matrix("groupvalues", row_named(state.values.clone(), stripes));
    r.text("cmd", &cmd.name).text("cmdline", command_line(cmd)).text("subcmd", kind);
    r.text("groupvar", &data.grouping.variables[0]).text("varlist", data.names.join(" "));
    r.text("grouplabels", quoted(&state.labels)).text("ties", ties);
    r.text("estat_cmd", format!("discrim_{kind}_estat")).text("predict", format!("discrim_{kind}_p"));
    r.text("marginsnotok", "_ALL");
    if let Some(exp) = &data.weight_text {
        r.text("wtype", "fweight").text("wexp", exp);
    }
    est.extra = Some(Arc::new(state));
    s.post_estimation(est, data.touse);
    discrim_show::results(s, own)
}
