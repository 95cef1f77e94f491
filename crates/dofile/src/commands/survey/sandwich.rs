//! `svy:` before models whose own sandwich covariance is that of a complex sample once their clusters are its sampling
//! units: the command runs with `vce(cluster)` on units that know their strata ([SVY] Variance estimation).

use super::svy::Call;
use super::{design, replicates, results};
use crate::error::{Result, StataError};
use crate::estimation::cluster_rows::SAMPLED;
use crate::estimation::linear::Parameters;
use crate::estimation::survival::Settings;
use crate::frame::{Column, Variable};
use crate::matrix::Matrix;
use crate::ops::run::{quietly, shown};
use crate::session::Session;
use crate::syntax::split::WeightKind;
use crate::value::MISSING;
use estimators::matrix::Mat;
use estimators::wald;

/// Names of the variables that carry weights and sample to the command; no user's name begins like this.
const WEIGHT: &str = "__svy_weight";
const SAMPLE: &str = "__svy_sample";

/// Options of a command that change its table only.
const SHOWN: [&str; 9] = ["hr", "nohr", "tr", "irr", "or", "eform", "first", "noci", "nopvalues"];

/// Whether `svy` takes a command here.
pub(super) fn supported(name: &str) -> bool {
    of_survival_times(name)
        || matches!(
            name,
            "tobit"
                | "intreg"
                | "truncreg"
                | "heckman"
                | "heckprobit"
                | "etregress"
                | "biprobit"
                | "hetprobit"
                | "hetregress"
                | "fracreg"
                | "churdle"
                | "cpoisson"
                | "mprobit"
                | "scobit"
                | "slogit"
                | "ziologit"
                | "zioprobit"
                | "betareg"
                | "zip"
                | "zinb"
                | "gnbreg"
                | "tpoisson"
                | "tnbreg"
                | "ivregress"
                | "ivprobit"
                | "ivtobit"
        )
}

fn of_survival_times(name: &str) -> bool {
    matches!(name, "stcox" | "streg")
}

/// Runs the command.
pub(super) fn run(s: &mut Session, call: &Call<'_>) -> Result<()> {
    let cmd = &call.inner;
    let open = design::open(s, cmd, call.prefix.options.text("subpop"))?;
    if open.has_poststrata() {
        let what = format!("{} with poststrata()", cmd.name);
        return Err(StataError::unsupported_option("svy", &what));
    }
    if cmd.name == "ivregress" {
        // whether the weights of GMM are those of the design, and what `small` would mean, is not documented
        if cmd.list.split_whitespace().next() == Some("gmm") {
            return Err(StataError::unsupported_option("svy", "ivregress gmm"));
        }
        if cmd.has("small") {
            return Err(StataError::unsupported_option("svy", "ivregress with small"));
        }
    }
    // Each row a unit of its own, with the root of its weight: the sum over simple random samples.
    fit(s, call, &open, &single_rows(&open.weights))?;
    let simple = covariance(s)?;
    let used = s.estimation_sample().map(|m| m.as_ref().clone()).unwrap_or_default();
    let rows = open.clone().close(s, &used, call.prefix.options.real("dof"))?;
    if !rows.later.is_empty() {
        let what = format!("{} with several stages of finite populations", cmd.name);
        return Err(StataError::unsupported_option("svy", &what));
    }
    fit(s, call, &open, &units(&rows, used.len()))?;
    post(s, call, &rows, &simple)?;
    replicates::apply(s, call, &rows)?;
    display(s, call)
}

/// The values of [`SAMPLED`] for each row of the data.
type Columns = [Vec<f64>; 5];

fn single_rows(weights: &[f64]) -> Columns {
    let n = weights.len();
    let unit = (0..n).map(|i| i as f64).collect();
    let scale = weights.iter().map(|w| 1.0 / w.sqrt()).collect();
    [unit, vec![0.0; n], vec![1.0; n], vec![0.0; n], scale]
}

fn units(rows: &design::SurveyRows, n: usize) -> Columns {
    let [mut unit, mut stratum, mut factor, mut share] = [(); 4].map(|()| vec![0.0; n]);
    for (row, place) in rows.rows.iter().zip(rows.units.places(rows.declared.single_unit())) {
        unit[*row] = place.unit as f64;
        stratum[*row] = place.stratum as f64;
        factor[*row] = place.factor;
        share[*row] = place.share;
    }
    [unit, stratum, factor, share, vec![1.0; n]]
}

/// Fits in the subpopulation without output; helper variables are gone afterwards.
fn fit(s: &mut Session, call: &Call<'_>, open: &design::Open, sampled: &Columns) -> Result<()> {
    let cmd = &call.inner;
    let mark = open.inside.iter().map(|i| f64::from(u8::from(*i))).collect();
    let helpers = [(WEIGHT, open.weights.clone()), (SAMPLE, mark)];
    for (name, values) in helpers.into_iter().chain(SAMPLED.into_iter().zip(sampled.iter().cloned())) {
        s.frame.add(Variable::new(name, Column::Double(values)))?;
    }
    let options = cmd.option_text.trim();
    let survival = of_survival_times(&cmd.name);
    let weight = if survival { String::new() } else { format!(" [pweight={WEIGHT}]") };
    let unit = SAMPLED[0];
    let text = format!("{} {} if {SAMPLE}{weight}, vce(cluster {unit}) {options}", cmd.name, cmd.list);
    let result = match survival {
        true => with_survival_weights(s, &text),
        false => quietly(s, &text),
    };
    let gone: Vec<usize> =
        [WEIGHT, SAMPLE].iter().chain(&SAMPLED).filter_map(|name| s.frame.find(name)).collect();
    s.frame.drop_vars(&gone);
    result
}

/// Runs a command of survival analysis with the weights of the design in place of those of `stset`.
fn with_survival_weights(s: &mut Session, text: &str) -> Result<()> {
    let declared = Settings::of(&s.frame)?;
    let weight = Some((WeightKind::Probability, format!("= {WEIGHT}")));
    Settings { weight, show: false, ..declared.clone() }.store(&mut s.frame);
    let result = quietly(s, text);
    declared.store(&mut s.frame);
    result
}

/// The covariance with the factor `G/(G-1)` of G units that the command itself may leave out ([R] ivregress).
fn covariance(s: &Session) -> Result<Mat> {
    let v = Parameters::of(&s.e)?.v;
    let units = s.e.results.get_scalar("N_clust").unwrap_or(MISSING);
    let factor = if s.e.results.get_text("cmd") == Some("ivregress") { units / (units - 1.0) } else { 1.0 };
    Ok(v.scaled(factor))
}

fn post(s: &mut Session, call: &Call<'_>, rows: &design::SurveyRows, simple: &Mat) -> Result<()> {
    let parameters = Parameters { v: covariance(s)?, ..Parameters::of(&s.e)? };
    let size = parameters.b.len();
    let places: Vec<usize> = (0..size).filter(|i| simple[(*i, *i)] > 0.0).collect();
    let part = |m: &Mat, factor: f64| {
        Mat::from_fn(places.len(), places.len(), |i, j| factor * m[(places[i], places[j])])
    };
    let mass: f64 = rows.weights.iter().sum();
    let with_replacement = part(simple, mass / (rows.rows.len() as f64 - 1.0));
    let v = part(&parameters.v, 1.0);
    let slopes = tested(s, &parameters, &places);
    let test = wald::test_zero(&parameters.b, &parameters.v, &slopes);
    let mut est = s.e.clone();
    let r = &mut est.results;
    for gone in [
        "ll", "ll_0", "ll_c", "r2_p", "chi2", "chi2_c", "p_c", "p", "F", "rmse", "rss", "mss", "r2_a",
        "N_clust", "aic", "bic", "risk", "N_sub",
    ] {
        r.scalars.remove(gone);
    }
    for gone in ["chi2type", "chi2_ct", "clustvar", "wtype", "wexp", "estat_cmd"] {
        r.macros.remove(gone);
    }
    r.matrix("V", Matrix::square(parameters.v.data().to_vec(), parameters.stripe.clone()));
    results::store(r, rows, &with_replacement, &v, &parameters.stripe, &places);
    results::store_model_test(r, &test, rows.df());
    let title = format!("Survey: {}", r.get_text("title").unwrap_or(&call.inner.name));
    r.text("title", title).text("cmdname", &call.inner.name).text("cmdline", format!("svy: {}", call.text));
    s.post_estimation(est, rows.sample(s.frame.n_rows()));
    Ok(())
}

/// Slopes of the equations that the command's own test of the model is of.
fn tested(s: &Session, parameters: &Parameters, places: &[usize]) -> Vec<usize> {
    let equations = s.e.results.get_scalar("k_eq_model").unwrap_or(1.0).max(1.0) as usize;
    let mut names: Vec<&str> =
        parameters.stripe.iter().map(|p| p.eq.as_str()).filter(|e| *e != "/").collect();
    names.dedup();
    names.truncate(equations);
    let is_slope = |p: &usize| {
        let stripe = &parameters.stripe[*p];
        stripe.name != "_cons" && names.contains(&stripe.eq.as_str())
    };
    places.iter().copied().filter(is_slope).collect()
}

fn display(s: &mut Session, call: &Call<'_>) -> Result<()> {
    let cmd = &call.inner;
    s.print(format!("(running {} on estimation sample)", cmd.name));
    if !(cmd.has("noheader") || call.prefix.has("noheader")) {
        let facts = results::model_test(s);
        let title = s.e.results.get_text("title").unwrap_or("").to_string();
        results::header(s, &title, &facts);
    }
    let mut options: Vec<String> =
        SHOWN.iter().filter(|o| cmd.has(o)).map(|option| (*option).to_string()).collect();
    let level = call.prefix.options.real("level").or(cmd.options.real("level"));
    options.extend(level.map(|level| format!("level({level})")));
    shown(s, &format!("{}, noheader {}", cmd.name, options.join(" ")))?;
    results::notes(s);
    Ok(())
}
