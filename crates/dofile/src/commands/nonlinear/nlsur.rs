//! `nlsur`: systems of nonlinear equations by feasible generalised least squares.
//!
//! Stores in `e()`: N n_eq k k_eq rank converged ic, by equation k_# mss_# rss_# rmse_# r2_#, b V Sigma, cmd cmdline
//! method depvar depvar_# sexp_# params params_# constants vce vcetype. Formulas: [R] nlsur, Methods and formulas; the
//! steps are those of `nl` on the equations after multiplication by the root of the inverse covariance of the errors.

use super::expression::Substitutable;
use super::nlsur_steps::{Fit, System, constants, covariance, invalid_start, steps};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::ml_command::{self, Look};
use crate::estimation::model::{Reading, VceSpec};
use crate::estimation::post::{self, Parameters};
use crate::estimation::sample::OpenSample;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::predict::{Prediction, add, chosen, new_names};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::syntax::{Design, FvList, leading_groups};
use crate::value::{MISSING, is_missing};
use estimators::ols;
use std::sync::Arc;

const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("FGNLS"),
    OptSpec::flag("IFGNLS"),
    OptSpec::flag("Robust"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::text("INitial"),
    OptSpec::text("VARiables"),
    OptSpec::int("ITERate"),
    OptSpec::real("EPS"),
    OptSpec::int("IFGNLSIterate"),
    OptSpec::real("IFGNLSEps"),
    OptSpec::flag("noLOg"),
    OptSpec::flag("noEQTAB"),
    OptSpec::flag("noCOEFtab"),
    OptSpec::text("TITle"),
];
const UNSUPPORTED: &[&str] = &[
    "NLS",
    "CLuster",
    "HASConstants",
    "NPARameters",
    "PARAMeters",
    "NEQuations",
    "DELta",
    "TRace",
    "COEFLegend",
    "TITLE2",
];

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "nlsur",
    min: 5,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run,
    syntax: "nlsur (depvar1 = expression1) (depvar2 = expression2) ... [if] [in] [weight] [, fgnls ifgnls initial(name # ...) variables(varlist) vce(gnr|robust) eps(#) iterate(#) ifgnlseps(#) ifgnlsiterate(#) noeqtab nocoeftab level(#) nolog]",
    notes: "two steps, of which the second takes the covariance of the errors of the first, or repeated with ifgnls; e(Sigma) is the covariance that the last step used; parameters as in nl; analytic and frequency weights; vce(robust) has no factor for small samples; stores e(N n_eq k rank converged), e(k_# mss_# rss_# rmse_# r2_#), e(method constants), e(b) with /name, e(V), e(Sigma), r(table); e(ll) with ifgnls, which is maximum likelihood; predict [, equation(#) yhat residuals]; function evaluator programs are not supported; [R] nlsur",
    examples: &[Example {
        // Linear equations: the estimates of sureg.
        run: "set obs 8\ngen x = _n\ngen z = mod(_n*3, 7)\ngen a = x + mod(_n*3, 5)\ngen b = 2 - z + mod(_n*5, 7)\nsureg (a x) (b z)\nscalar s = _b[b:z]\nscalar t = _se[b:z]\nnlsur (a = {a0} + {a1}*x) (b = {b0} + {b1}*z), nolog",
        expect: &[("abs(_b[/b1]/s - 1) < 1e-7", 1.0), ("abs(_se[/b1]/t - 1) < 1e-6", 1.0), ("e(n_eq)", 2.0)],
    }],
};

/// State for `predict`.
struct SystemState {
    expression: Substitutable,
    depvars: Vec<String>,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim().to_string();
    if raw.is_empty() || raw.starts_with(',') {
        if s.e.cmd() != "nlsur" {
            return Err(StataError::no_estimates());
        }
        let mut again = ParsedCommand::split("nlsur", &raw, false)?;
        again.check_weighted_options(OPTIONS, UNSUPPORTED)?;
        return display(s, &again);
    }
    if !raw.starts_with('(') {
        return Err(StataError::unsupported_command("nlsur with a function evaluator program"));
    }
    let (texts, rest) = leading_groups(&raw).ok_or_else(StataError::unclosed)?;
    let mut line = ParsedCommand::split("nlsur", rest, false)?;
    line.check_weighted_options(OPTIONS, UNSUPPORTED)?;
    let method = method(&line)?;
    let system = read(s, &line, &texts)?;
    let fit = steps(s, &line, &system, method)?;
    let converged = fit.converged;
    post_results(s, &raw, &line, system, &fit, method)?;
    display(s, &line)?;
    if converged { Ok(()) } else { Err(StataError::not_converged()) }
}

fn method(line: &ParsedCommand) -> Result<&'static str> {
    let given: Vec<&'static str> = ["fgnls", "ifgnls"].into_iter().filter(|m| line.has(m)).collect();
    match given[..] {
        [] => Ok("fgnls"),
        [one] => Ok(one),
        _ => Err(StataError::invalid("only one of fgnls and ifgnls is allowed")),
    }
}

fn read(s: &mut Session, cmd: &ParsedCommand, texts: &[&str]) -> Result<System> {
    if texts.len() < 2 {
        return Err(StataError::invalid("nlsur needs two or more equations; use nl for one"));
    }
    let sides = texts.iter().map(|t| t.split_once('=').ok_or_else(StataError::syntax));
    let sides: Vec<(&str, &str)> = sides.collect::<Result<_>>()?;
    let rights: Vec<&str> = sides.iter().map(|s| s.1).collect();
    let mut expression = Substitutable::several(s, cmd, &rights)?;
    if let Some(text) = cmd.options.text("initial") {
        expression.initial(text)?;
    }
    let reading = Reading {
        plain_vce: &["gnr"],
        weight_kinds: &[WeightKind::Analytic, WeightKind::Frequency],
        ..Reading::new(cmd)
    };
    let mut open = OpenSample::open(s, cmd, &reading)?;
    let abbrev = s.settings.varabbrev;
    let mut outcomes = Vec::new();
    for (left, _) in &sides {
        let list = FvList::parse(&s.frame, left.trim(), abbrev)?;
        list.markout(&s.frame, &mut open.touse)?;
        outcomes.push(list);
    }
    if let Some(list) = cmd.options.text("variables") {
        let listed = s.varlist(list)?;
        s.markout(&listed, &mut open.touse, false)?;
    }
    known_at_start(s, &expression, sides.len(), &mut open.touse)?;
    let every: Vec<usize> = (0..s.frame.n_rows()).collect();
    let mut columns = Vec::new();
    for list in &outcomes {
        let terms = list.expand(&s.frame, &open.touse)?;
        let [term] = &terms[..] else { return Err(StataError::syntax()) };
        columns.push((term.name(), term.values(&s.frame, &every)?));
    }
    let design = Design::build(&s.frame, &FvList::parse(&s.frame, "", abbrev)?, &open.touse)?;
    let names: Vec<String> = columns.iter().map(|c| c.0.clone()).collect();
    let model = open.close(s, names.join(" "), &columns[0].1, design, false);
    if model.clusters.is_some() {
        return Err(StataError::unsupported_option("nlsur", "vce(cluster)"));
    }
    let y = columns.iter().flat_map(|c| model.design.rows.iter().map(|r| c.1[*r])).collect();
    let effective = model.weights.as_ref().map(estimators::weights::Weights::effective);
    let n = effective.as_ref().map_or(model.y.len() as f64, |(_, n)| *n);
    let texts = rights.iter().map(|t| t.trim().to_string()).collect();
    Ok(System { model, expression, depvars: names, texts, y, weights: effective.map(|w| w.0), n })
}

/// Takes rows where an equation is missing at the initial values out of the sample.
fn known_at_start(s: &mut Session, expression: &Substitutable, m: usize, touse: &mut [bool]) -> Result<()> {
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let start: Vec<f64> = expression.parameters.iter().map(|p| p.start).collect();
    let evaluator = expression.open(s, rows.clone())?;
    let values = evaluator.values(s, &start);
    evaluator.close(s);
    for (i, row) in rows.iter().enumerate() {
        touse[*row] = (0..m).all(|e| !is_missing(values[e * rows.len() + i]));
    }
    if touse.iter().any(|t| *t) { Ok(()) } else { Err(invalid_start()) }
}

fn post_results(
    s: &mut Session,
    raw: &str,
    line: &ParsedCommand,
    system: System,
    fit: &Fit,
    method: &str,
) -> Result<()> {
    let (n, rows, m) = (system.n, system.rows(), system.count());
    let names: Vec<String> = system.expression.parameters.iter().map(|p| p.name.clone()).collect();
    let stripe: Vec<Stripe> = names.iter().map(|p| Stripe::with_eq("/", p.as_str())).collect();
    let v = covariance(&system, fit)?;
    let parameters = Parameters { stripe, b: fit.nls.b.clone(), v };
    let constants = constants(&system, fit);
    let mut est = post::begin("nlsur", &format!("nlsur {raw}"), &parameters, &system.model);
    let r = &mut est.results;
    let k = names.len() as f64;
    r.scalar("N", n).scalar("n_eq", m as f64).scalar("k_eq", m as f64).scalar("k", k).scalar("k_aux", k);
    r.scalar("rank", k).scalar("ic", fit.rounds as f64);
    r.scalar("converged", f64::from(u8::from(fit.converged)));
    let texts = std::iter::once(&system.expression.text).chain(&system.expression.further);
    for (e, text) in texts.enumerate() {
        let number = e + 1;
        let y = &system.y[e * rows..(e + 1) * rows];
        let own: Vec<String> = names.iter().filter(|p| text.contains(&format!("{{{p}}}"))).cloned().collect();
        let of = |i: usize| system.weight(i) * fit.residuals[e * rows + i].powi(2);
        let rss: f64 = (0..rows).map(of).sum();
        let tss = ols::total_squares(y, system.weights.as_deref(), constants[e].is_some());
        r.scalar(&format!("k_{number}"), own.len() as f64).scalar(&format!("mss_{number}"), tss - rss);
        r.scalar(&format!("rss_{number}"), rss).scalar(&format!("rmse_{number}"), (rss / n).sqrt());
        r.scalar(&format!("r2_{number}"), 1.0 - rss / tss);
        r.text(&format!("depvar_{number}"), &system.depvars[e])
            .text(&format!("sexp_{number}"), &system.texts[e]);
        r.text(&format!("params_{number}"), own.join(" "));
    }
    let named: Vec<Stripe> = system.depvars.iter().map(|d| Stripe::term(d.clone())).collect();
    r.matrix("Sigma", Matrix::square(fit.sigma.data().to_vec(), named));
    if method == "ifgnls" {
        let determinant: f64 =
            fit.sigma.cholesky().map_or(f64::NAN, |c| c.diagonal().iter().map(|d| 2.0 * d.ln()).sum());
        let unit = m as f64 * (1.0 + (2.0 * std::f64::consts::PI).ln());
        r.scalar("ll", post::stata(-n / 2.0 * (unit + determinant)));
    }
    let shown: Vec<&str> = constants.iter().map(|c| c.map_or(".", |j| names[j].as_str())).collect();
    r.text("constants", shown.join(" ")).text("params", names.join(" ")).text("method", method);
    r.text("title", line.options.text("title").unwrap_or("")).text("predict", "nlsur_p").text("type", "1");
    if system.model.vce == VceSpec::Default && !system.model.is_robust() {
        r.text("vce", "gnr");
    }
    let (touse, depvars) = (system.model.touse.clone(), system.depvars.clone());
    est.extra = Some(Arc::new(SystemState { expression: system.expression, depvars }));
    s.post_estimation(est, touse);
    Ok(())
}

fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let e = &s.e.results;
    let scalar = |name: String| e.get_scalar(&name).unwrap_or(MISSING);
    let text = |name: String| e.get_text(&name).unwrap_or("").to_string();
    let mut lines = vec![String::new()];
    lines.extend(Some(text("title".into())).filter(|t| !t.is_empty()));
    lines.push("FGNLS regression ".to_string());
    lines.push("-".repeat(69));
    lines.push("       Equation |       Obs  Parms       RMSE      R-sq     Constant".to_string());
    lines.push("----------------+----------------------------------------------------".to_string());
    let constants: Vec<String> = text("constants".into()).split(' ').map(str::to_string).collect();
    for (i, constant) in constants.iter().enumerate() {
        let number = i + 1;
        let centred = constant != ".";
        lines.push(format!(
            "{number:>2} {:>12} |{:>10}{:>7}{:>11}{:>10}{}{:>12}",
            format::abbrev(&text(format!("depvar_{number}")), 12),
            format::bare("%11.0fc", scalar("N".into())).trim(),
            format::bare("%5.0f", scalar(format!("k_{number}"))).trim(),
            format::bare("%9.0g", scalar(format!("rmse_{number}"))).trim(),
            format::bare("%5.4f", scalar(format!("r2_{number}"))).trim(),
            if centred { " " } else { "*" },
            if centred { format::abbrev(constant, 12) } else { "(none)".to_string() },
        ));
    }
    lines.push("-".repeat(69));
    if constants.iter().any(|c| c == ".") {
        lines.push("* Uncentered R-sq".to_string());
    }
    lines.push(String::new());
    if !cmd.has("noeqtab") {
        lines.iter().for_each(|l| s.print(l));
    }
    if cmd.has("nocoeftab") {
        return Ok(());
    }
    // the parameters belong to no single outcome
    let depvar = s.e.results.get_text("depvar").unwrap_or("").to_string();
    s.e.results.text("depvar", "");
    let shown = ml_command::table(s, cmd, &Look::default());
    s.e.results.text("depvar", depvar);
    shown
}

/// Options of `predict`.
pub(super) const PREDICT: crate::commands::StandardSyntax = crate::commands::StandardSyntax::new(&[
    OptSpec::flag("Yhat"),
    OptSpec::flag("Residuals"),
    OptSpec::text("EQuation"),
]);

/// Fitted values or residuals of one equation.
pub(super) fn predict(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let held = s.e.extra.clone();
    let Some(state) = held.as_ref().and_then(|e| e.downcast_ref::<SystemState>()) else {
        return Err(StataError::no_estimates());
    };
    let residuals = chosen(cmd)? == Some("residuals");
    let (kind, names) = new_names(s, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let wanted = cmd.options.text("equation").map_or("#1", str::trim);
    let place = match wanted.strip_prefix('#') {
        Some(number) => number.trim().parse::<usize>().ok().and_then(|n| n.checked_sub(1)),
        None => state.depvars.iter().position(|d| d == wanted),
    };
    let place = place
        .filter(|p| *p < state.depvars.len())
        .ok_or_else(|| StataError::new(303, format!("equation {wanted} not found")))?;
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let b = s.e.b().map(|b| b.values().to_vec()).unwrap_or_default();
    let evaluator = state.expression.open(s, rows.clone())?;
    let all = evaluator.values(s, &b);
    evaluator.close(s);
    let mut values = all[place * rows.len()..(place + 1) * rows.len()].to_vec();
    if residuals {
        let y = crate::ops::predict::column(&s.frame, &state.depvars[place], &rows)?;
        let gap = |(y, f): (&f64, &f64)| if is_missing(*y) || is_missing(*f) { MISSING } else { y - f };
        values = y.iter().zip(&values).map(gap).collect();
    }
    let label = if residuals { "Residuals" } else { "Fitted values" };
    add(s, name, kind, &rows, Prediction { values, label: label.to_string() })
}
