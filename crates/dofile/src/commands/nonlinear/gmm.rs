//! `gmm`: generalised method of moments of residuals that are expressions with parameters in braces.
//!
//! Stores in `e()`: N Q J J_df k k_# k_eq k_aux n_eq n_moments rank converged type has_xtinst N_clust, b V, cmd estimator
//! wmatrix vce vcetype clustvar winit technique params params_# inst_# sexp_# eqnames. Formulas: [R] gmm, Methods and formulas.

use super::expression::{Substitutable, slices};
use super::gmm_instruments::{Instruments, initial, is_short, read, taken};
use super::mlexp::{equations, names};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::display::note_weights;
use crate::estimation::ml_command::{self, Look};
use crate::estimation::model::{Model, VceSpec};
use crate::estimation::post::{self, Parameters, stata};
use crate::format;
use crate::matrix::Stripe;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, front_and_options, matching_paren};
use crate::value::MISSING;
use estimators::combination_scales::Scales;
use estimators::gmm::{self, GmmError, GmmFit, GmmRequest, Steps};
use estimators::vce::Vce;
use std::sync::Arc;

const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("ONEstep"),
    OptSpec::flag("TWOstep"),
    OptSpec::flag("Igmm"),
    OptSpec::text("WMATrix"),
    OptSpec::flag("Center"),
    OptSpec::text("WINITial"),
    OptSpec::text("vce"),
    OptSpec::text("from"),
    OptSpec::text("VAriables"),
    OptSpec::real("Level"),
    OptSpec::int("ITERate"),
    OptSpec::flag("noLOg"),
    OptSpec::flag("noHEader"),
    OptSpec::text("TItle"),
];

/// State for `predict`.
pub(super) struct GmmState {
    /// The residuals.
    pub expression: Substitutable,
    /// Names of the equations.
    pub equations: Vec<String>,
}

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "gmm",
    min: 3,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run,
    syntax: "gmm ([name:] residual with {parameter=start} and {name: varlist}) [(second residual) ...] [if] [in] [weight] [, instruments([names or numbers of equations:] varlist [, noconstant]) onestep twostep igmm wmatrix(robust|cluster v) center winitial(unadjusted [, independent]|identity) vce(robust|cluster v|unadjusted) from(name # ...) variables(varlist) level(#) iterate(#) nolog noheader title(text)]",
    notes: "instruments() may repeat, an equation without has the constant; with several equations that have instruments in common winitial(unadjusted, independent) or winitial(identity) is needed; two steps unless onestep or igmm; no e(J) after one step of several equations; no small-sample factors; frequency and probability weights; derivatives are differences of fourth order; predict gives residuals, of one equation with equation(); stores e(N Q J J_df k n_moments rank converged), e(b), e(V), r(table); [R] gmm",
    examples: &[Example {
        // The mean, and the slope of means that differ by 5 where x differs by 3.
        run: "input y x z\n1 1 0\n3 2 0\n5 3 1\n9 6 1\nend\ngmm (y - {b1}*x - {b0}), instruments(z)",
        expect: &[("_b[/b1]", 5.0 / 3.0), ("e(J_df)", 0.0), ("e(converged)", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim().to_string();
    if raw.is_empty() || raw.starts_with(',') {
        if s.e.cmd() != "gmm" {
            return Err(StataError::no_estimates());
        }
        let mut again = ParsedCommand::split("gmm", &raw, false)?;
        again.check_weighted_options(OPTIONS, &[])?;
        return display(s, &again);
    }
    if !raw.starts_with('(') {
        return Err(StataError::unsupported_command("gmm with a moment evaluator program"));
    }
    let (equations, texts, rest) = residuals(&raw)?;
    let names: Vec<&str> = equations.iter().map(String::as_str).collect();
    let (front, options) = front_and_options(rest);
    let (lists, others) = taken(options, &names)?;
    let mut line = ParsedCommand::split("gmm", &format!("{front}, {others}"), false)?;
    line.check_weighted_options(OPTIONS, &[])?;
    let mut expression = Substitutable::several(s, &line, &texts)?;
    if let Some(text) = line.options.text("from") {
        // `xb:x1` is the parameter `xb_x1` of the expression.
        expression.initial(&text.replace('=', " ").replace(':', "_")).map_err(|error| match error.code {
            199 => StataError::unsupported_option("gmm", "from() with a matrix"),
            _ => error,
        })?;
    }
    let covariances = covariances("gmm", &line)?;
    let (model, instruments) = read(s, &line, &expression, &lists, covariances.vce.clone())?;
    let fit = fit(s, &line, &model, &instruments, &expression, &covariances)?;
    note_weights(s, &model);
    if s.shows_log(|o| line.has(o)) {
        s.print("");
        s.print(format!("Final GMM criterion Q(b) = {}", format::bare("%9.0g", stata(fit.j / fit.n))));
    }
    let request = Request { raw: &raw, equations, covariances: &covariances };
    post_results(s, &line, &request, model, &instruments, expression, &fit)?;
    display(s, &line)?;
    if fit.converged { Ok(()) } else { Err(StataError::not_converged()) }
}

/// Names of the equations (their number without one), their residuals, and the text after them.
fn residuals(raw: &str) -> Result<(Vec<String>, Vec<&str>, &str)> {
    let (mut names, mut texts, mut rest) = (Vec::new(), Vec::new(), raw);
    while rest.starts_with('(') {
        let close = matching_paren(rest, 0).ok_or_else(StataError::unclosed)?;
        let text = &rest[1..close];
        let (name, text) = match text.split_once(':') {
            Some((name, text)) if crate::frame::is_valid_name(name.trim()) => (name.trim().to_string(), text),
            _ => ((names.len() + 1).to_string(), text),
        };
        if names.contains(&name) {
            return Err(StataError::new(110, format!("equation {name} already defined")));
        }
        names.push(name);
        texts.push(text);
        rest = rest[close + 1..].trim_start();
    }
    Ok((names, texts, rest))
}

/// Covariances of the moments that were asked for.
pub(super) struct Covariances {
    /// In the covariance of the parameters.
    pub(super) vce: VceSpec,
    /// In the weight matrix.
    pub(super) weight: VceSpec,
    /// Whether the weight matrix counts as the inverse of the covariance of the moments: `vce(unadjusted)`.
    pub(super) efficient: bool,
}

/// Reads `wmatrix()` and `vce()` of a command.
pub(super) fn covariances(command: &str, cmd: &ParsedCommand) -> Result<Covariances> {
    let refuse = |text: &str| StataError::unsupported_option(command, text);
    let kind = |option: &str| -> Result<Option<VceSpec>> {
        let Some(text) = cmd.options.text(option) else { return Ok(None) };
        match VceSpec::parse_vce(command, text, &[]) {
            Ok(found @ (VceSpec::Robust | VceSpec::Cluster(_))) => Ok(Some(found)),
            _ => Err(refuse(&format!("{option}({text})"))),
        }
    };
    let weight = kind("wmatrix")?.unwrap_or(VceSpec::Robust);
    let clustered = weight != VceSpec::Robust;
    if clustered && cmd.has("center") {
        return Err(refuse("center with wmatrix(cluster)"));
    }
    if cmd.options.text("vce").is_some_and(|text| is_short(text, "unadjusted", 2)) {
        if clustered || cmd.has("onestep") {
            return Err(refuse("vce(unadjusted) with onestep or wmatrix(cluster)"));
        }
        return Ok(Covariances { vce: VceSpec::Robust, weight, efficient: true });
    }
    let vce = kind("vce")?.unwrap_or_else(|| weight.clone());
    if clustered && vce != weight {
        return Err(refuse("wmatrix(cluster) with another vce()"));
    }
    Ok(Covariances { vce, weight, efficient: false })
}

/// The estimator by its name in `e(estimator)`.
pub(super) fn estimator(cmd: &ParsedCommand) -> Result<(&'static str, Steps)> {
    match (cmd.has("onestep"), cmd.has("twostep"), cmd.has("igmm")) {
        (true, false, false) => Ok(("onestep", Steps::One)),
        (false, _, false) => Ok(("twostep", Steps::Two)),
        (false, false, true) => Ok(("igmm", Steps::Iterated)),
        _ => Err(StataError::invalid("only one of onestep, twostep and igmm may be specified")),
    }
}

fn fit(
    s: &mut Session,
    cmd: &ParsedCommand,
    model: &Model,
    instruments: &[Instruments],
    expression: &Substitutable,
    covariances: &Covariances,
) -> Result<GmmFit> {
    let columns: Vec<Vec<&[f64]>> =
        instruments.iter().map(|z| z.columns.iter().map(Vec::as_slice).collect()).collect();
    let of_function = |(z, columns): (&Instruments, _)| gmm::Instruments { columns, constant: z.constant };
    let functions: Vec<gmm::Instruments<'_>> =
        instruments.iter().zip(columns.iter().map(Vec::as_slice)).map(of_function).collect();
    let request = GmmRequest {
        rows: model.design.rows.len(),
        functions: &functions,
        initial: initial(cmd.options.text("winitial"))?.0,
        weights: model.weights.as_ref(),
        weight_matrix: if covariances.weight == VceSpec::Robust { Vce::Robust } else { model.kernel_vce() },
        vce: (!covariances.efficient).then(|| model.kernel_vce()),
        center: cmd.has("center"),
        steps: estimator(cmd)?.1,
        iterations: cmd.options.int("iterate").and_then(|i| usize::try_from(i).ok()).unwrap_or(1000),
    };
    let start: Vec<f64> = expression.parameters.iter().map(|p| p.start).collect();
    let evaluator = expression.open(s, model.design.rows.clone())?;
    let scales = Scales::of(start.len(), &slices(&expression.columns(s, &model.design.rows)));
    let mut values = |c: &[f64]| {
        if s.interrupted() { None } else { evaluator.complete(s, &scales.to_raw.times_vector(c)) }
    };
    let found = gmm::fit(&mut values, &request, &scales.coordinates(&start));
    evaluator.close(s);
    if s.interrupted() {
        return Err(StataError::standard(1));
    }
    let fit = found.map_err(failure)?;
    let (b, v) = scales.raw(&fit.b, &fit.v);
    Ok(GmmFit { b, v, ..fit })
}

/// The message of a fit that failed.
pub(super) fn failure(error: GmmError) -> StataError {
    match error {
        GmmError::Start => StataError::new(480, "residuals are missing at the initial values"),
        GmmError::Unidentified => StataError::new(
            481,
            "not enough moments: at least as many instruments as parameters are required",
        ),
        GmmError::Derivatives => {
            StataError::new(481, "cannot calculate derivatives, or parameters are not identified")
        }
        GmmError::Singular => StataError::new(506, "covariance matrix of the moments is not of full rank"),
        GmmError::Initial => StataError::new(
            506,
            "initial weight matrix not positive definite: equations have instruments in common; specify winitial(unadjusted, independent) or winitial(identity)",
        ),
    }
}

/// What was asked for beside the model.
struct Request<'a> {
    raw: &'a str,
    equations: Vec<String>,
    covariances: &'a Covariances,
}

fn post_results(
    s: &mut Session,
    cmd: &ParsedCommand,
    request: &Request<'_>,
    model: Model,
    instruments: &[Instruments],
    expression: Substitutable,
    fit: &GmmFit,
) -> Result<()> {
    let stripe = names(&expression);
    let k = fit.b.len() as f64;
    let shown: Vec<String> = stripe.iter().map(Stripe::full).collect();
    let single = stripe.iter().filter(|p| p.eq == "/").count() as f64;
    let equations = equations(&stripe);
    let parameters = Parameters { stripe, b: fit.b.clone(), v: fit.v.clone() };
    let mut est = post::begin("gmm", &format!("gmm {}", request.raw), &parameters, &model);
    let r = &mut est.results;
    let moments = fit.moments as f64;
    r.remove("depvar");
    r.scalar("N", fit.n)
        .scalar("Q", stata(fit.j / fit.n))
        .scalar("J", stata(fit.j))
        .scalar("J_df", moments - k);
    r.scalar("k", k).scalar("k_eq", equations).scalar("k_aux", single).scalar("k_eq_model", 0.0);
    r.scalar("n_eq", instruments.len() as f64)
        .scalar("n_moments", moments)
        .scalar("rank", k)
        .scalar("type", 1.0);
    r.scalar("converged", f64::from(u8::from(fit.converged))).scalar("has_xtinst", 0.0);
    let weight = match &request.covariances.weight {
        VceSpec::Cluster(name) => format!("cluster {name}"),
        _ => "robust".to_string(),
    };
    r.text("estimator", estimator(cmd)?.0)
        .text("winit", initial(cmd.options.text("winitial"))?.1)
        .text("technique", "gn");
    r.text("wmatrix", weight).text("estat_cmd", "gmm_estat").text("predict", "gmm_p");
    if request.covariances.efficient {
        r.remove("vcetype");
        r.text("vce", "unadjusted");
    }
    r.text("title", cmd.options.text("title").unwrap_or("GMM estimation"));
    r.text("params", shown.join(" ")).text("eqnames", request.equations.join(" "));
    let texts = std::iter::once(&expression.text).chain(&expression.further);
    for (i, (z, text)) in instruments.iter().zip(texts).enumerate() {
        let at = i + 1;
        let own = expression.parameters.iter().zip(&shown);
        let own: Vec<&str> = own
            .filter(|(p, _)| text.contains(&format!("{{{}}}", p.name)))
            .map(|(_, shown)| shown.as_str())
            .collect();
        r.scalar(&format!("k_{at}"), own.len() as f64).text(&format!("inst_{at}"), z.text());
        r.text(&format!("params_{at}"), own.join(" ")).text(&format!("sexp_{at}"), text.trim());
    }
    r.text("properties", "b V").text("marginsnotok", "_ALL");
    est.extra = Some(Arc::new(GmmState { expression, equations: request.equations.clone() }));
    let touse = model.touse;
    s.post_estimation(est, touse);
    Ok(())
}

/// Prints the header of the active results.
pub(super) fn header(s: &mut Session, one_step: bool) {
    let e = &s.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let (k, moments, n) = (scalar("k"), scalar("n_moments"), scalar("N"));
    let (title, initial, weight) = (text("title"), text("winit"), text("wmatrix"));
    s.print("");
    s.print(title);
    s.print("");
    s.print(format!("Number of parameters = {k:>3}"));
    s.print(format!("Number of moments    = {moments:>3}"));
    let count = format!("Number of obs   = {:>10}", format::bare("%10.0fc", n).trim());
    s.print(format!("{:<50}{count}", format!("Initial weight matrix: {initial}")));
    if !one_step {
        let weight = match weight.split_once(' ') {
            Some((_, cluster)) => format!("Cluster ({cluster})"),
            None => "Robust".to_string(),
        };
        s.print(format!("GMM weight matrix:     {weight}"));
    }
    s.print("");
}

fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = |name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
    let (equations, one_step) = (text("eqnames"), text("estimator") == "onestep");
    let named = equations.split_whitespace().enumerate();
    let instruments: Vec<String> = named
        .map(|(i, name)| format!("Instruments for equation {name}: {}", text(&format!("inst_{}", i + 1))))
        .collect();
    if !cmd.has("noheader") {
        header(s, one_step);
    }
    ml_command::table(s, cmd, &Look { equations: true, ..Look::default() })?;
    instruments.into_iter().for_each(|line| s.print(line));
    Ok(())
}
