//! Maximises the likelihood of `ml model` and posts the results.

use super::model::{Method, MlSpec, Prepared};
use super::program::Program;
use super::start;
use crate::error::{Result, StataError};
use crate::estimation::constraints;
use crate::estimation::likelihood::{self, ModelTest, effective_weights, limits};
use crate::estimation::linear::Parameters as Named;
use crate::estimation::linear_form::LinearForm;
use crate::estimation::post::{self, Parameters};
use crate::estimation::table::parse_term;
use crate::matrix::Matrix;
use crate::session::Session;
use crate::syntax::options::Options;
use crate::value::MISSING;
use estimators::matrix::Mat;
use estimators::ml::MlFit;
use estimators::ml_differences::{Allowed, Covariance, Problem, Sample, Shape};
use estimators::wald;
use std::sync::Arc;

/// What the maximisation found.
pub(super) struct Found {
    fit: MlFit,
    gradient: Vec<f64>,
    forms: Vec<LinearForm>,
}

/// Reads `constraints()`.
fn constrained(
    s: &mut Session,
    spec: &MlSpec,
    prepared: &Prepared,
) -> Result<(Vec<LinearForm>, Option<Allowed>)> {
    let Some(numbers) = spec.cmd.options.text("constraints") else { return Ok((Vec::new(), None)) };
    let wanted = constraints::constraints(s, numbers)?;
    let size = prepared.stripe.len();
    let named = Named {
        terms: prepared.stripe.iter().map(|n| if n.eq == "/" { None } else { parse_term(&n.name) }).collect(),
        stripe: prepared.stripe.clone(),
        b: vec![0.0; size],
        v: Mat::zeros(size, size),
        variables: Vec::new(),
    };
    let forms = constraints::forms(s, &named, &wanted)?;
    let matrix =
        Mat::from_fn(forms.len(), prepared.estimated.len(), |i, j| forms[i].weights[prepared.estimated[j]]);
    let targets: Vec<f64> = forms.iter().map(|f| -f.constant).collect();
    let allowed = Allowed::new(&matrix, &targets).ok_or_else(|| StataError::standard(412))?;
    Ok((forms, Some(allowed)))
}

/// Runs `work` with the problem and the program on the sample; the data come back whatever happens.
pub(super) fn with_program<T>(
    s: &mut Session,
    spec: &MlSpec,
    prepared: &Arc<Prepared>,
    allowed: Option<Allowed>,
    work: impl FnOnce(&mut Problem<'_>, &mut Program<'_>) -> Result<T>,
) -> Result<T> {
    let model = &prepared.model;
    let (weights, n) = effective_weights(model);
    let ones = vec![1.0; model.y.len()];
    let columns = prepared
        .sides
        .iter()
        .map(|side| side.columns().into_iter().chain(side.constant.then_some(ones.as_slice())).collect())
        .collect();
    // a program of the methods d0 to d2 weights its sum itself
    let own = spec.method != Method::Total;
    let sample = Sample { weights: weights.as_ref().filter(|_| own).map(|(w, k)| (w.as_slice(), *k)), n };
    let mut problem = Problem { shape: Shape::Indices(columns), sample, allowed };
    if !own {
        problem.in_parameters();
    }
    let mut program = Program::open(s, spec, prepared.clone())?;
    let result = work(&mut problem, &mut program);
    program.close();
    result
}

/// Initial values: those that were set, or zeros, then the search over constants.
fn begin(
    problem: &Problem<'_>,
    program: &mut Program<'_>,
    spec: &MlSpec,
    prepared: &Prepared,
    options: &Options,
) -> Result<(Vec<f64>, Option<f64>)> {
    let from = spec.init.as_ref().map(|full| prepared.estimated.iter().map(|p| full[*p]).collect::<Vec<_>>());
    let given = from.is_some();
    let from = from.unwrap_or_else(|| vec![0.0; prepared.estimated.len()]);
    let from = problem.allowed.as_ref().map_or(from.clone(), |a| a.nearest(&from));
    let at = problem.value(program, &from).map_err(start::failure)?;
    let off = options.text("search").is_some_and(|t| t.trim() == "off");
    let best = if off || (given && at.is_some()) {
        from
    } else {
        start::search(problem, program, prepared, from, &[])?.0
    };
    Ok((best, at))
}

/// Maximises; `options` are those of `ml maximize`, those of `ml model` fill in what they leave out.
pub(super) fn maximize(s: &mut Session, spec: &MlSpec, options: &Options) -> Result<()> {
    let prepared = Arc::new(spec.prepare(s, false)?);
    if spec.method == Method::Total && (prepared.model.is_robust() || spec.outer_product()) {
        let text = format!(
            "robust, cluster and opg variances need the scores: not with method {}",
            spec.method_name
        );
        return Err(StataError::new(198, text));
    }
    let (forms, allowed) = constrained(s, spec, &prepared)?;
    let limits = limits(options);
    let covariance = match spec.outer_product() {
        true => Covariance::OuterProduct,
        false => Covariance::Of(prepared.model.kernel_vce()),
    };
    let (initial, (fit, gradient)) = with_program(s, spec, &prepared, allowed, |problem, program| {
        let (from, initial) = begin(problem, program, spec, &prepared, options)?;
        if spec.method == Method::Rows && !program.by_index() {
            // the program reads its coefficients itself: differences in each of them
            problem.in_parameters();
        }
        let fit = problem.maximise(program, &from, limits, covariance).map_err(start::failure)?;
        Ok((initial, fit))
    })?;
    let robust = prepared.model.is_robust();
    if s.shows_log(|o| options.has(o) || spec.cmd.has(o)) {
        let value = initial.map_or("<inf>".to_string(), |ll| crate::format::bare("%10.0g", ll));
        s.print("");
        s.print(format!("initial:       {} = {value}", likelihood::label(robust)));
        likelihood::print_log(s, &fit, robust, options.int("iterate"));
    }
    post_results(s, spec, &prepared, &Found { fit, gradient, forms });
    Ok(())
}

/// The null model's log likelihood from `lf0(k ll)` or `continue`, and its number of coefficients.
fn null_model(s: &Session, spec: &MlSpec) -> Option<(f64, f64)> {
    if let Some(text) = spec.cmd.options.text("lf0") {
        let mut words = text.split_whitespace().map(|w| w.parse::<f64>().ok());
        return Some((words.next()??, words.next()??));
    }
    let e = &s.e.results;
    (spec.cmd.has("continue") && s.e.cmd() == "ml").then_some((e.get_scalar("rank")?, e.get_scalar("ll")?))
}

/// Coefficients that the Wald test sets to zero: of the first equation without its constant, or as `waldtest()` says.
fn tested(spec: &MlSpec, prepared: &Prepared) -> Vec<usize> {
    let asked = spec.cmd.options.int("waldtest").unwrap_or(-1);
    let mut out = Vec::new();
    let mut from = 0;
    for side in prepared.sides.iter().take(asked.unsigned_abs() as usize) {
        let count = side.estimated().len();
        let constants = usize::from(side.constant && asked < 0);
        out.extend(from..from + count - constants);
        from += count;
    }
    out
}

fn post_results(s: &mut Session, spec: &MlSpec, prepared: &Prepared, found: &Found) {
    let (fit, model) = (&found.fit, &prepared.model);
    let parameters = Parameters::spread(prepared.stripe.clone(), &prepared.estimated, &fit.b, &fit.v);
    let tested = tested(spec, prepared);
    let null = null_model(s, spec);
    let rank = fit.b.len() as f64 - found.forms.len() as f64;
    let mut test = ModelTest::new(fit, null.map(|n| n.1), &tested, model.is_robust());
    if test.kind == "LR" {
        test.df = null.map_or(test.df, |n| rank - n.0);
    } else {
        let wald = wald::test_zero(&fit.b, &fit.v, &tested);
        test = ModelTest {
            kind: "Wald",
            chi2: if wald.df > 0 { wald.chi2 } else { MISSING },
            df: wald.df as f64,
        };
    }
    let mut est = post::begin("ml", &format!("ml {}", spec.cmd.raw.trim()), &parameters, model);
    let (_, n) = effective_weights(model);
    likelihood::store(&mut est.results, fit, null.map(|n| n.1), &test, n, spec.equations.len() as f64);
    let r = &mut est.results;
    r.scalars.remove("r2_p");
    r.scalar("k", prepared.stripe.len() as f64)
        .scalar("rank", rank)
        .scalar("k_dv", prepared.depvars.len() as f64);
    let ancillary = spec.equations.iter().rev().take_while(|e| e.ancillary).count();
    if ancillary > 0 {
        r.scalar("k_aux", ancillary as f64);
    }
    r.text("opt", "ml")
        .text("ml_method", &spec.method_name)
        .text("user", &spec.program)
        .text("predict", "ml_p");
    if let Some(title) = spec.cmd.options.text("title") {
        r.text("title", title);
    }
    r.text("singularHmethod", "m-marquardt")
        .text("crittype", likelihood::label(model.is_robust()).to_lowercase());
    if spec.outer_product() {
        r.text("vce", "opg").text("vcetype", "OPG");
    }
    if model.is_robust() {
        let plain = Parameters::spread(prepared.stripe.clone(), &prepared.estimated, &fit.b, &fit.v_model);
        r.matrix("V_modelbased", plain.v_matrix());
    }
    let mut gradient = vec![0.0; prepared.stripe.len()];
    prepared.estimated.iter().zip(&found.gradient).for_each(|(p, g)| gradient[*p] = *g);
    r.matrix("gradient", Matrix::row_vector(gradient, prepared.stripe.clone()));
    if !found.forms.is_empty() {
        r.matrix("Cns", constraints::matrix(&found.forms, prepared.stripe.clone()));
    }
    s.post_estimation(est, model.touse.clone());
}
