//! Runs a maximum-likelihood kernel for a command: prints the iteration log, posts the shared
//! results and shows the usual header. The models themselves are in `commands`.

use crate::error::{Result, StataError};
use crate::estimation::constraints;
use crate::estimation::header::{Fact, show};
use crate::estimation::layout::Layout;
use crate::estimation::model::{Model, VceSpec};
use crate::estimation::post::spread_square;
use crate::estimation::search;
use crate::format;
use crate::matrix::Matrix;
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::value::MISSING;
use estimators::distributions::chi2_tail;
use estimators::ml::{Equation, Likelihood, Limits, MlFit, Problem, Under};
use estimators::wald;
use estimators::weights::{WeightKind, Weights};

/// Options of the search that maximum-likelihood commands share. `difficult` changes nothing: steps in regions that are
/// not concave always follow the eigenvectors of the information matrix.
pub const MAXIMIZE: &[OptSpec] = &[
    OptSpec::int("ITERate"),
    OptSpec::flag("noLOg"),
    OptSpec::flag("LOg"),
    OptSpec::real("TOLerance"),
    OptSpec::real("LTOLerance"),
    OptSpec::real("NRTOLerance"),
    OptSpec::flag("DIFficult"),
];

/// Limits from the options.
pub fn limits(options: &Options) -> Limits {
    let base = Limits::default();
    Limits {
        iterations: options.int("iterate").map_or(base.iterations, |i| i.max(0) as usize),
        tolerance: options.real("tolerance").unwrap_or(base.tolerance),
        likelihood_tolerance: options.real("ltolerance").unwrap_or(base.likelihood_tolerance),
        newton_tolerance: options.real("nrtolerance").unwrap_or(base.newton_tolerance),
    }
}

/// Weights of a model as likelihoods use them, and the number of observations.
pub fn effective_weights(model: &Model) -> (Option<(Vec<f64>, WeightKind)>, f64) {
    match &model.weights {
        None => (None, model.y.len() as f64),
        Some(weights) if weights.kind == WeightKind::Probability => {
            (Some((weights.values.clone(), weights.kind)), model.y.len() as f64)
        }
        Some(weights) => {
            let (values, n) = Weights::effective(weights);
            (Some((values, weights.kind)), n)
        }
    }
}

/// Maximises under the options of the search and prints the log; r(430) is left to the caller, who shows the results
/// first. `layout` names the parameters of `equations`.
pub fn maximise<L: Likelihood>(
    session: &mut Session,
    options: &Options,
    model: &Model,
    likelihood: &L,
    equations: Vec<Equation<'_>>,
    start: &[f64],
    layout: &Layout,
) -> Result<MlFit> {
    let fit = maximise_unlogged(session, options, model, likelihood, equations, start, layout)?;
    if session.shows_log(|o| options.has(o)) {
        print_log(session, &fit, model.is_robust(), options.int("iterate"));
    }
    Ok(fit)
}

/// [`maximise`] without its log.
pub fn maximise_unlogged<L: Likelihood>(
    session: &mut Session,
    options: &Options,
    model: &Model,
    likelihood: &L,
    equations: Vec<Equation<'_>>,
    start: &[f64],
    layout: &Layout,
) -> Result<MlFit> {
    let (weights, n) = effective_weights(model);
    let problem = Problem {
        model: likelihood,
        equations,
        rows: model.y.len(),
        weights: weights.as_ref().map(|(w, kind)| (w.as_slice(), *kind)),
        n,
    };
    let held = search::held(session, layout)?;
    let from = search::start(session, layout, start)?;
    let given = session.settings.search.from.is_some();
    if given && !problem.value(&from).is_some_and(f64::is_finite) {
        return Err(StataError::new(1400, "initial values not feasible"));
    }
    let allowed = held.as_ref().map(|h| &h.0);
    let under = Under { allowed, outer_products: model.vce == VceSpec::OuterProducts };
    let mut fit = problem
        .maximise_under(&from, limits(options), model.kernel_vce(), under)
        .ok_or_else(StataError::not_converged)?;
    fit.constrained = held.map(|h| h.1);
    Ok(fit)
}

/// The number of an iteration as a log begins with it; what follows stands in one column up to 99.
pub fn iteration(i: usize) -> String {
    format!("{:<13} ", format!("Iteration {i}:"))
}

/// Prints the iteration log.
pub fn print_log(session: &mut Session, fit: &MlFit, robust: bool, iterate: Option<i64>) {
    session.print("");
    print_iterations(session, fit, label(robust), iterate);
}

/// Prints the iterations with the name of the criterion, and whether they reached the maximum.
pub fn print_iterations(session: &mut Session, fit: &MlFit, criterion: &str, iterate: Option<i64>) {
    for (i, line) in fit.log.iter().enumerate() {
        let remark = if line.remark.is_empty() { String::new() } else { format!("  ({})", line.remark) };
        let value = format::bare("%10.0g", line.ll);
        session.print(format!("{}{criterion} = {value:>10}{remark}", iteration(i)));
    }
    if !fit.converged && iterate.is_none_or(|i| i > 0) {
        session.print("convergence not achieved");
    }
}

/// Name of the log likelihood.
pub fn label(robust: bool) -> &'static str {
    if robust { "Log pseudolikelihood" } else { "Log likelihood" }
}

/// The model test of a likelihood: chi-squared, degrees of freedom and kind.
pub struct ModelTest {
    /// `LR` or `Wald`.
    pub kind: &'static str,
    /// The statistic.
    pub chi2: f64,
    /// Degrees of freedom.
    pub df: f64,
}

impl ModelTest {
    /// Likelihood-ratio test against the null model, or a Wald test of the slopes: also under constraints, as in
    /// [R] mlogit.
    pub fn new(fit: &MlFit, ll_0: Option<f64>, slopes: &[usize], robust: bool) -> Self {
        match ll_0 {
            Some(ll_0) if !robust && fit.constrained.is_none() => {
                Self { kind: "LR", chi2: (2.0 * (fit.ll - ll_0)).max(0.0), df: slopes.len() as f64 }
            }
            _ => {
                let test = wald::test_zero(&fit.b, &fit.v, slopes);
                Self { kind: "Wald", chi2: test.chi2, df: test.df as f64 }
            }
        }
    }

    /// Its p-value, missing without degrees of freedom.
    pub fn p(&self) -> f64 {
        if self.df == 0.0 { MISSING } else { chi2_tail(self.df, self.chi2) }
    }
}

/// Columns of `e(ilog)`: the log likelihoods of the first iterations, zero after the last one ([R] Maximize).
const ILOG: usize = 20;

/// Stores what likelihood estimators share.
pub fn store(
    results: &mut Results,
    fit: &MlFit,
    ll_0: Option<f64>,
    test: &ModelTest,
    n: f64,
    equations: f64,
) {
    results.scalar("N", n).scalar("ll", fit.ll).scalar("df_m", test.df).scalar("chi2", test.chi2);
    // Columns of e(b): base levels and omitted regressors count ([R] poisson, Stored results).
    let columns = results.matrices.get("b").map_or(fit.b.len(), |b| b.cols());
    results.scalar("p", test.p()).scalar("k", columns as f64).scalar("k_eq", equations);
    let held = fit.constrained.as_ref().map_or(0, |c| c.independent);
    let ll_0 = ll_0.filter(|_| fit.constrained.is_none());
    store_constraints(results, fit);
    results.scalar("rank", (fit.b.len() - held) as f64).scalar("ic", fit.log.len().saturating_sub(1) as f64);
    results.scalar("converged", f64::from(u8::from(fit.converged))).scalar("k_eq_model", 1.0);
    if let Some(ll_0) = ll_0 {
        results.scalar("ll_0", ll_0).scalar("r2_p", 1.0 - fit.ll / ll_0);
    }
    results.scalar("rc", if fit.converged { 0.0 } else { 430.0 }).scalar("k_dv", 1.0);
    let log = |i: usize| fit.log.get(i).map_or(0.0, |line| line.ll);
    results.matrix("ilog", Matrix::new(1, ILOG, (0..ILOG).map(log).collect()));
    results.text("chi2type", test.kind).text("opt", "moptimize").text("which", "max").text("ml_method", "e2");
    results.text("technique", "nr").text("properties", "b V");
    if results.get_text("vce").is_none() {
        results.text("vce", "oim");
    }
    model_based(results, fit);
}

/// `e(Cns)`, where the parameters are those that the constraints name.
fn store_constraints(results: &mut Results, fit: &MlFit) {
    let Some(held) = &fit.constrained else { return };
    let stripe = results.matrices.get("b").map(|b| b.col_names.clone()).unwrap_or_default();
    if stripe.len() + 1 == held.written.cols() {
        let cells = held.written.data().to_vec();
        results.matrix("Cns", constraints::labelled(held.written.rows(), cells, stripe));
    }
}

/// `e(V_modelbased)`: the covariance from the information matrix beside a robust one ([P] _robust). Nothing where `e(b)`
/// has other parameters than the likelihood.
fn model_based(results: &mut Results, fit: &MlFit) {
    let (Some(b), Some(v)) = (results.matrices.get("b"), results.matrices.get("V")) else { return };
    let size = b.cols();
    let estimated: Vec<usize> = (0..size).filter(|i| v.get(*i, *i) != 0.0).collect();
    let same = estimated.len() == fit.b.len()
        && estimated.iter().zip(&fit.b).all(|(at, value)| b.get(0, *at).to_bits() == value.to_bits());
    if results.get_text("vcetype") == Some("Robust") && same {
        let stripe = b.col_names.clone();
        let full = spread_square(size, &estimated, &fit.v_model);
        results.matrix("V_modelbased", Matrix::square(full.data().to_vec(), stripe));
    }
}

/// Prints the header of likelihood estimators from the active results.
pub fn header(session: &mut Session, title: &str) {
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let kind = e.get_text("chi2type").unwrap_or("Wald").to_string();
    let mut facts = vec![
        Fact::observations(scalar("N")),
        Fact::statistic(&format!("{kind} chi2"), &[scalar("df_m")], scalar("chi2")),
        Fact::probability("Prob > chi2", scalar("p")),
    ];
    if e.get_scalar("r2_p").is_some() {
        facts.push(Fact::probability("Pseudo R2", scalar("r2_p")));
    }
    let mut left = vec![title.to_string(), String::new()];
    if facts.len() == 4 {
        left.push(String::new());
    }
    left.push(ll_line(session));
    session.print("");
    show(session, &left, &facts, 13, 6);
    session.print("");
}

/// The log likelihood of the active results as headers show it.
pub fn ll_line(session: &Session) -> String {
    let e = &session.e.results;
    let ll = e.get_scalar("ll").unwrap_or(MISSING);
    format!("{} = {}", label(e.get_text("vcetype") == Some("Robust")), format::bare("%10.0g", ll))
}

/// Ends an estimation: r(430) after the results when the search did not converge.
pub fn finish(estimation: &Estimation) -> Result<()> {
    if estimation.results.get_scalar("converged") == Some(0.0) {
        return Err(StataError::not_converged());
    }
    Ok(())
}
