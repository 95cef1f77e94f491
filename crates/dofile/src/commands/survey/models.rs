//! `svy:` before a regression: the model is fitted with the weights as they are, then its covariance is
//! replaced by the linearised one, `D G D` with `D` the inverse information and `G` the design's covariance of
//! the total score ([SVY] Variance estimation; Binder 1983, International Statistical Review 51).

use super::model_scores::contributions;
use super::svy::Call;
use super::{design, replicates, results};
use crate::error::{Result, StataError};
use crate::estimation::derived::derived_row;
use crate::estimation::display::level;
use crate::estimation::linear::LinearState;
use crate::estimation::linear::Parameters;
use crate::estimation::ml_command::{self, Look};
use crate::format;
use crate::frame::{Column, Variable};
use crate::matrix::Matrix;
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::{Atom, Term};
use crate::value::{MISSING, is_missing};
use estimators::survey::simple_random;
use estimators::wald;
use std::sync::Arc;

/// Names of the variables that carry weights and sample to the command; no user's name begins like this.
const WEIGHT: &str = "__svy_weight";
const SAMPLE: &str = "__svy_sample";

/// Runs the command.
pub(super) fn run(s: &mut Session, call: &Call<'_>) -> Result<()> {
    let cmd = &call.inner;
    if cmd.list.trim().is_empty() {
        return Err(StataError::standard(100));
    }
    let open = design::open(s, cmd, call.prefix.options.text("subpop"))?;
    fit(s, call, &open)?;
    note_omitted(s)?;
    let used = s.estimation_sample().map(|m| m.as_ref().clone()).unwrap_or_default();
    let rows = open.clone().close(s, &used, call.prefix.options.real("dof"))?;
    if rows.poststratum.is_some() {
        // the sample of the first fit decides the weights of the second
        let mut weights = open.weights.clone();
        rows.rows.iter().zip(&rows.weights).for_each(|(row, w)| weights[*row] = *w);
        fit(s, call, &open.with_weights(weights))?;
    }
    post(s, call, &rows, &used)?;
    replicates::apply(s, call, &rows)?;
    display(s, call)
}

/// Fits with importance weights in the subpopulation; helper variables are gone afterwards.
fn fit(s: &mut Session, call: &Call<'_>, open: &design::Open) -> Result<()> {
    let cmd = &call.inner;
    let mark: Vec<f64> = open.inside.iter().map(|i| f64::from(u8::from(*i))).collect();
    s.frame.add(Variable::new(WEIGHT, Column::Double(open.weights.clone())))?;
    s.frame.add(Variable::new(SAMPLE, Column::Double(mark)))?;
    let options = cmd.option_text.trim();
    let text = format!(
        "{} {} if {SAMPLE} [iweight={WEIGHT}]{}{options}",
        cmd.name,
        cmd.list,
        if options.is_empty() { "" } else { ", " }
    );
    let result = quietly(s, &text);
    let gone: Vec<usize> = [WEIGHT, SAMPLE].iter().filter_map(|n| s.frame.find(n)).collect();
    s.frame.drop_vars(&gone);
    result
}

/// The notes of the fit, which was quiet.
fn note_omitted(s: &mut Session) -> Result<()> {
    let parameters = Parameters::of(&s.e)?;
    let has_base = |t: &Term| t.atoms.iter().any(|a| matches!(a, Atom::Level { base: true, .. }));
    let names: Vec<String> = parameters
        .terms
        .iter()
        .flatten()
        .filter(|t| t.is_omitted() && !has_base(t))
        .map(Term::name)
        .collect();
    crate::estimation::post::note_omitted(s, &names);
    Ok(())
}

fn post(s: &mut Session, call: &Call<'_>, rows: &design::SurveyRows, used: &[bool]) -> Result<()> {
    let parameters = Parameters::of(&s.e)?;
    let name = s.e.cmd().to_string();
    // The inverse information: the covariance of the weighted fit, for regress without its error variance.
    let bread = match s.e.extra.as_ref().and_then(|e| e.downcast_ref::<LinearState>()) {
        Some(state) if name == "regress" => state.unscaled.clone(),
        _ => parameters.v.clone(),
    };
    let places: Vec<usize> = (0..parameters.b.len()).filter(|i| bread[(*i, *i)] > 0.0).collect();
    let inside: Vec<usize> =
        (0..rows.rows.len()).filter(|i| rows.inside[*i] && used[rows.rows[*i]]).collect();
    let at: Vec<usize> = inside.iter().map(|i| rows.rows[*i]).collect();
    let scores = contributions(s, &name, &parameters, &places, &at)?;
    let mut linearised = vec![vec![0.0; rows.rows.len()]; places.len()];
    for (k, i) in inside.iter().enumerate() {
        for (a, p) in places.iter().enumerate() {
            linearised[a][*i] = places.iter().zip(&scores).map(|(q, u)| bread[(*p, *q)] * u[k]).sum();
        }
    }
    let small = results::covariance(rows, &linearised);
    let v = crate::estimation::post::spread_square(parameters.b.len(), &places, &small);
    let slope = |p: &usize| parameters.stripe[*p].name != "_cons" && parameters.stripe[*p].eq != "/";
    let slopes: Vec<usize> = places.iter().copied().filter(slope).collect();
    let test = wald::test_zero(&parameters.b, &v, &slopes);
    let mut est = s.e.clone();
    est.extra = results::kept(rows).map(|design| Arc::new(design) as _);
    let r = &mut est.results;
    for gone in [
        "ll", "ll_0", "ll_c", "r2_p", "chi2", "chi2_c", "p", "F", "rmse", "rss", "mss", "r2_a", "N_cdf",
        "N_cds", "chi2_ct", "aic", "bic",
    ] {
        r.scalars.remove(gone);
    }
    // The weights of the fit were helper variables; those of the design come back with its results.
    for gone in ["chi2type", "model", "estat_cmd", "wtype", "wexp"] {
        r.macros.remove(gone);
    }
    r.matrix("V", Matrix::square(v.data().to_vec(), parameters.stripe.clone()));
    let with_replacement = simple_random(&linearised, &rows.weights);
    results::store(r, rows, &with_replacement, &small, &parameters.stripe, &places);
    results::store_model_test(r, &test, rows.df());
    r.text("cmdname", name.as_str()).text("cmdline", format!("svy: {}", call.text));
    r.text("title", format!("Survey: {}", title(&name)));
    s.post_estimation(est, rows.sample(s.frame.n_rows()));
    Ok(())
}

fn title(name: &str) -> &'static str {
    match name {
        "regress" => "Linear regression",
        "logit" | "logistic" => "Logistic regression",
        "probit" => "Probit regression",
        "cloglog" => "Complementary log-log regression",
        "nbreg" => "Negative binomial regression",
        "glm" => "Generalized linear models",
        "ologit" => "Ordered logistic regression",
        "oprobit" => "Ordered probit regression",
        "mlogit" => "Multinomial logistic regression",
        _ => "Poisson regression",
    }
}

fn display(s: &mut Session, call: &Call<'_>) -> Result<()> {
    let cmd = &call.inner;
    s.print(format!("(running {} on estimation sample)", cmd.name));
    let scalar = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let mut facts = results::model_test(s);
    if cmd.name == "regress" && !is_missing(scalar("r2")) {
        facts.push(("R-squared".to_string(), format::bare("%6.4f", scalar("r2"))));
    }
    let title = s.e.results.get_text("title").unwrap_or("").to_string();
    if !(cmd.has("noheader") || call.prefix.has("noheader")) {
        results::header(s, &title, &facts);
    }
    let odds = cmd.has("or") || (cmd.name == "logistic" && !cmd.has("coef"));
    let eform = match cmd.options.text("eform") {
        Some(text) => Some(text.to_string()),
        None if odds => Some("Odds ratio".to_string()),
        None if cmd.has("irr") => Some("IRR".to_string()),
        None if cmd.has("rrr") => Some("RRR".to_string()),
        None if cmd.has("eform") => Some("exp(b)".to_string()),
        None => None,
    };
    let shown = if call.prefix.has("level") { &call.prefix } else { cmd };
    let ancillary = s.e.b().map_or(0, |b| b.col_names.iter().filter(|p| p.eq == "/").count());
    let equations = cmd.name == "mlogit";
    ml_command::table(s, shown, &Look { eform: eform.as_deref(), ancillary, equations, ..Look::default() })?;
    let overdispersion = s.e.b().and_then(|b| b.col_names.iter().position(|p| p.name == "lnalpha"));
    if let Some(at) = overdispersion {
        let level = level(s, shown)?;
        derived_row(s, "alpha", at, level, f64::exp, f64::exp);
        s.print("-".repeat(78));
    }
    results::notes(s);
    Ok(())
}
