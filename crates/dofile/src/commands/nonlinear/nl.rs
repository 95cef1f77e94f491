//! `nl`: nonlinear least squares of an expression with parameters in braces.
//!
//! Stores in `e()`: N k df_m df_r df_t mss tss rss mms msr r2 r2_a rmse ll dev N_clust rank ic converged cj, b V,
//! cmd depvar sexp params title vce vcetype. Formulas: [R] nl, Methods and formulas.

use super::expression::Substitutable;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood::iteration;
use crate::estimation::ml_command::{self, Look};
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::estimation::post::{self, Parameters, stata};
use crate::estimation::sample::OpenSample;
use crate::format;
use crate::matrix::Stripe;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind, matching_paren, unquote};
use crate::syntax::{Design, FvList};
use crate::value::{MISSING, is_missing};
use estimators::matrix::Mat;
use estimators::nls::{self, NlsError, NlsFit, Sample};
use estimators::ols;
use std::sync::Arc;

const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::text("INitial"),
    OptSpec::text("VARiables"),
    OptSpec::text("HASConstant"),
    OptSpec::flag("noCONstant"),
    OptSpec::int("ITERate"),
    OptSpec::real("EPS"),
    OptSpec::flag("noLOg"),
    OptSpec::flag("noHEader"),
    OptSpec::text("TITle"),
    OptSpec::text("TITLE2"),
];
const UNSUPPORTED: &[&str] = &["LNLsq", "NPARameters", "PARAMeters", "DELta", "TRace", "COEFLegend", "LEAVE"];

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "nl",
    min: 2,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run,
    syntax: "nl (depvar = expression with {parameter=start} and {name: varlist}) [if] [in] [weight] [, initial(name # ...) variables(varlist) vce(gnr|robust|cluster v) hasconstant(name) noconstant eps(#) iterate(#) level(#) nolog title() title2()]; nl {exp3|exp2|exp2a|log4|log3|gom4|gom3}: depvar x [if] [in] [weight] [, options]; nl NAME: depvar varlist [if] [in] [weight] [, options]",
    notes: "stores e(N k df_m df_r mss rss tss r2 r2_a rmse ll dev ic converged), e(b) with /name, e(V), r(table); Levenberg-Marquardt steps, differences of fourth order; of the built-in functions the starting values are the best of a grid, log4 has b1 > 0; the program nlNAME returns the equation in r(eq), its title in r(title); function evaluator programs (nl NAME @ ...) are not supported; [R] nl",
    examples: &[
        Example {
            run: "set obs 5\ngen x = _n\ngen y = 2*exp(0.5*x)\nnl (y = {a=1}*exp({b=0.3}*x)), nolog",
            expect: &[("_b[/a]", 2.0), ("_b[/b]", 0.5), ("e(converged)", 1.0)],
        },
        Example {
            run: "set obs 8\ngen x = _n\ngen y = 3 + 2*0.5^x\nnl exp3: y x, nolog",
            expect: &[("_b[/b0]", 3.0), ("_b[/b1]", 2.0), ("_b[/b2]", 0.5)],
        },
    ],
};

/// The title without one of the user's own.
const TITLE: &str = "Nonlinear regression";

/// State for `predict`.
pub(super) struct NlState {
    /// The expression.
    pub expression: Substitutable,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim().to_string();
    if raw.is_empty() || raw.starts_with(',') {
        if s.e.cmd() != "nl" {
            return Err(StataError::no_estimates());
        }
        let mut again = ParsedCommand::split("nl", &raw, false)?;
        again.check_weighted_options(OPTIONS, UNSUPPORTED)?;
        return display(s, &again);
    }
    let (text, title) = if raw.starts_with('(') {
        (raw.clone(), None)
    } else {
        let named = super::named::read(s, &super::named::with_colon(&raw))?;
        let named =
            named.ok_or_else(|| StataError::unsupported_command("nl with a function evaluator program"))?;
        (named.text, named.title)
    };
    let close = matching_paren(&text, 0).ok_or_else(StataError::unclosed)?;
    let (left, right) = text[1..close].split_once('=').ok_or_else(StataError::syntax)?;
    let mut line = ParsedCommand::split("nl", &text[close + 1..], false)?;
    line.check_weighted_options(OPTIONS, UNSUPPORTED)?;
    let mut expression = Substitutable::parse(s, &line, right)?;
    if let Some(text) = line.options.text("initial") {
        expression.initial(text)?;
    }
    let model = read(s, &line, left.trim(), &expression)?;
    let fit = fit(s, &line, &model, &expression)?;
    post_results(s, &line, &raw, model, expression, &fit);
    if let Some(title) = line.options.text("title").map(|t| unquote(t).to_string()).or(title) {
        s.e.results.text("title", title);
    }
    if let Some(second) = line.options.text("title2") {
        let second = unquote(second).to_string();
        s.e.results.text("title_2", second);
    }
    display(s, &line)?;
    if fit.converged { Ok(()) } else { Err(StataError::not_converged()) }
}

/// The sample: rows where outcome, weights and the expression at the initial values are not missing.
fn read(s: &mut Session, cmd: &ParsedCommand, depvar: &str, expression: &Substitutable) -> Result<Model> {
    let reading = Reading {
        plain_vce: &["gnr"],
        weight_kinds: &[
            WeightKind::Analytic,
            WeightKind::Frequency,
            WeightKind::Importance,
            WeightKind::Probability,
        ],
        ..Reading::new(cmd)
    };
    let mut open = OpenSample::open(s, cmd, &reading)?;
    let abbrev = s.settings.varabbrev;
    let outcome = FvList::parse(&s.frame, depvar, abbrev)?;
    outcome.markout(&s.frame, &mut open.touse)?;
    if let Some(list) = cmd.options.text("variables") {
        let listed = s.varlist(list)?;
        s.markout(&listed, &mut open.touse, false)?;
    }
    let rows: Vec<usize> = (0..open.touse.len()).filter(|i| open.touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let start: Vec<f64> = expression.parameters.iter().map(|p| p.start).collect();
    let evaluator = expression.open(s, rows.clone())?;
    let values = evaluator.values(s, &start);
    evaluator.close(s);
    for (row, value) in rows.iter().zip(&values) {
        open.touse[*row] = !is_missing(*value);
    }
    if !open.touse.iter().any(|t| *t) {
        return Err(StataError::standard(480));
    }
    let design = Design::build(&s.frame, &FvList::parse(&s.frame, "", abbrev)?, &open.touse)?;
    let terms = outcome.expand(&s.frame, &open.touse)?;
    let [term] = &terms[..] else { return Err(StataError::syntax()) };
    let every: Vec<usize> = (0..s.frame.n_rows()).collect();
    let y = term.values(&s.frame, &every)?;
    Ok(open.close(s, term.name(), &y, design, false))
}

fn fit(s: &mut Session, cmd: &ParsedCommand, model: &Model, expression: &Substitutable) -> Result<NlsFit> {
    let effective = model.weights.as_ref().map(estimators::weights::Weights::effective);
    let start: Vec<f64> = expression.parameters.iter().map(|p| p.start).collect();
    if model.y.len() < start.len() {
        return Err(StataError::insufficient_observations());
    }
    let sample = Sample { y: &model.y, weights: effective.as_ref().map(|(w, _)| w.as_slice()) };
    let iterations = cmd.options.int("iterate").map_or(1000, |i| i.max(0) as usize);
    let tolerance = cmd.options.real("eps").unwrap_or(1e-10);
    let evaluator = expression.open(s, model.design.rows.clone())?;
    let found = nls::fit(&mut |b| evaluator.complete(s, b), &sample, &start, iterations, tolerance);
    evaluator.close(s);
    let fit = found.map_err(|e| match e {
        NlsError::Start => StataError::standard(480),
        NlsError::Derivatives => {
            StataError::new(481, "cannot calculate derivatives, or parameters are not identified")
        }
    })?;
    if s.shows_log(|o| cmd.has(o)) {
        for (i, rss) in fit.log.iter().enumerate() {
            s.print(format!("{}Residual SS = {}", iteration(i), format::bare("%9.0g", *rss).trim()));
        }
    }
    Ok(fit)
}

/// Covariance of the Gauss-Newton regression; robust N/(N-k), by cluster G/(G-1) (N-1)/(N-k) ([R] nl).
fn covariance(model: &Model, fit: &NlsFit, n: f64) -> (Mat, f64) {
    let k = fit.b.len();
    let df = n - k as f64;
    let effective = model.weights.as_ref().map(estimators::weights::Weights::effective);
    let weight = |i: usize| effective.as_ref().map_or(1.0, |(w, _)| w[i]);
    if !model.is_robust() {
        return (fit.unscaled.clone().scaled(fit.rss / df), df);
    }
    let frequency = model.weights.as_ref().is_some_and(|w| w.kind == WeightKind::Frequency);
    let (groups, count) = match &model.clusters {
        Some(c) => (c.of_row.iter().map(|g| *g as usize).collect(), c.count),
        None => ((0..model.y.len()).collect::<Vec<usize>>(), model.y.len()),
    };
    let mut sums = vec![vec![0.0; k]; count];
    for (i, g) in groups.iter().enumerate() {
        let w = if frequency && model.clusters.is_none() { weight(i).sqrt() } else { weight(i) };
        for (sum, column) in sums[*g].iter_mut().zip(&fit.derivatives) {
            *sum += w * fit.residuals[i] * column[i];
        }
    }
    let meat = Mat::from_fn(k, k, |a, b| sums.iter().map(|u| u[a] * u[b]).sum());
    let (factor, df) = match &model.clusters {
        Some(c) => {
            let g = c.count as f64;
            (g / (g - 1.0) * (n - 1.0) / df, g - 1.0)
        }
        None => (n / df, df),
    };
    (fit.unscaled.sandwich(&meat).scaled(factor), df)
}

/// Position of a parameter that is a constant term: its derivative is the same in every row.
fn constant_term(cmd: &ParsedCommand, expression: &Substitutable, fit: &NlsFit) -> Option<usize> {
    if cmd.has("noconstant") {
        return None;
    }
    if let Some(name) = cmd.options.text("hasconstant") {
        return expression.parameters.iter().position(|p| p.name == name.trim());
    }
    fit.derivatives.iter().position(|d| {
        let first = d.first().copied().unwrap_or(0.0);
        first != 0.0 && d.iter().all(|x| (x - first).abs() <= 1e-8 * first.abs())
    })
}

fn post_results(
    s: &mut Session,
    cmd: &ParsedCommand,
    raw: &str,
    model: Model,
    expression: Substitutable,
    fit: &NlsFit,
) {
    let effective = model.weights.as_ref().map(estimators::weights::Weights::effective);
    let n = effective.as_ref().map_or(model.y.len() as f64, |(_, n)| *n);
    let k = fit.b.len() as f64;
    let (v, df_r) = covariance(&model, fit, n);
    let constant = constant_term(cmd, &expression, fit);
    let stripe = expression.parameters.iter().map(|p| Stripe::with_eq("/", p.name.as_str())).collect();
    let parameters = Parameters { stripe, b: fit.b.clone(), v };
    let mut est = post::begin("nl", &format!("nl {raw}"), &parameters, &model);
    let w = effective.as_ref().map(|(w, _)| w.as_slice());
    let tss = ols::total_squares(&model.y, w, constant.is_some());
    let one = f64::from(u8::from(constant.is_some()));
    let (df_m, df_t) = (k - one, n - one);
    let mse = fit.rss / (n - k);
    let r2 = 1.0 - fit.rss / tss;
    let dev = n * (1.0 + (2.0 * std::f64::consts::PI * fit.rss / n).ln());
    let r = &mut est.results;
    r.scalar("N", n).scalar("k", k).scalar("k_aux", k).scalar("df_m", df_m).scalar("df_r", df_r);
    r.scalar("df_t", df_t).scalar("mss", tss - fit.rss).scalar("tss", tss).scalar("rss", fit.rss);
    r.scalar("mms", stata((tss - fit.rss) / df_m)).scalar("msr", stata(mse)).scalar("r2", stata(r2));
    r.scalar("r2_a", stata(1.0 - (1.0 - r2) * df_t / (n - k))).scalar("rmse", stata(mse.sqrt()));
    r.scalar("dev", stata(dev)).scalar("ll", stata(-dev / 2.0)).scalar("rank", k);
    r.scalar("ic", fit.log.len() as f64 - 1.0).scalar("converged", f64::from(u8::from(fit.converged)));
    if let Some(position) = constant {
        r.scalar("cj", position as f64 + 1.0);
    }
    r.text("title", TITLE).text("predict", "nl_p").text("sexp", expression.text.trim());
    let names: Vec<&str> = expression.parameters.iter().map(|p| p.name.as_str()).collect();
    r.text("params", names.join(" ")).text("properties", "b V");
    if model.vce == VceSpec::Default && !model.is_robust() {
        r.text("vce", "gnr");
    }
    est.extra = Some(Arc::new(NlState { expression }));
    let touse = model.touse;
    s.post_estimation(est, touse);
}

fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let scalar = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let robust = s.e.results.get_text("vcetype").is_some();
    let mut facts = vec![Fact::observations(scalar("N"))];
    facts.push(Fact::probability("R-squared", scalar("r2")));
    facts.push(Fact::probability("Adj R-squared", scalar("r2_a")));
    facts.push(Fact::new("Root MSE", "%9.0g", scalar("rmse")));
    facts.push(Fact::new("Res. dev.", "%9.0g", scalar("dev")));
    let line = |name: &str, ss: f64, df: f64, ms: f64| {
        format!(
            "{name:>12} |{:>12}{:>11}{:>12}",
            format::bare("%11.0g", ss),
            format::bare("%9.0gc", df),
            format::bare("%11.0g", ms)
        )
    };
    let left = if robust {
        vec![TITLE.to_string()]
    } else {
        let (df_m, df_t) = (scalar("df_m"), scalar("df_t"));
        vec![
            "      Source |      SS            df       MS".to_string(),
            "-------------+----------------------------------".to_string(),
            line("Model", scalar("mss"), df_m, scalar("mms")),
            line("Residual", scalar("rss"), df_t - df_m, scalar("msr")),
            "-------------+----------------------------------".to_string(),
            line("Total", scalar("tss"), df_t, scalar("tss") / df_t),
        ]
    };
    let constant = s.e.results.get_scalar("cj");
    if !cmd.has("noheader") {
        s.print("");
        show(s, &left, &facts, 14, 10);
        s.print("");
    }
    let given = |name: &str| s.e.results.get_text(name).filter(|text| *text != TITLE).map(str::to_string);
    for title in ["title", "title_2"].into_iter().filter_map(given).collect::<Vec<_>>() {
        s.print(title);
    }
    ml_command::table(s, cmd, &Look::default())?;
    if let Some(position) = constant {
        let name = s.e.b().map(|b| b.col_names[position as usize - 1].name.clone()).unwrap_or_default();
        s.print(format!("Note: Parameter {name} is used as a constant term during estimation."));
    }
    Ok(())
}
