//! `rlasso`: the lasso with penalties from theory; `lasso2`: lasso, ridge and elastic net for given penalties.
//!
//! Stores in `e()`: N p s lambda lambda0 (rlasso) alpha (lasso2), b beta betaOLS betaAll betaAllOLS, cmd depvar method
//! selected selected0. Formulas: `estimators::rigorous_lasso`; syntax and layout: Ahrens, Hansen and Schaffer (2020,
//! Stata Journal 20), help rlasso, help lasso2.

use super::rlasso_path::{self, Criterion};
use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::estimation::post::command_line;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::rigorous_lasso::{self, Plan};

const RLASSO: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("ROBust"),
    OptSpec::real("c"),
    OptSpec::real("gamma"),
    OptSpec::int("MAXPSIIter"),
    OptSpec::int("CORRNumber"),
])
.unsupported(&[
    "sqrt",
    "fe",
    "PARtial",
    "PNOTPen",
    "NOConstant",
    "CLuster",
    "center",
    "XDEPendent",
    "prestd",
    "lassopsi",
    "LALTernative",
    "supscore",
    "testonly",
    "displayall",
    "postall",
    "ols",
    "VERbose",
    "c0",
]);
const LASSO2: StandardSyntax = StandardSyntax::new(&[
    OptSpec::real("Lambda"),
    OptSpec::real("Alpha"),
    OptSpec::text("lic"),
    OptSpec::text("ic"),
    OptSpec::int("LCount"),
    OptSpec::flag("long"),
])
.unsupported(&[
    "sqrt",
    "adaptive",
    "ADALoadings",
    "NOTPen",
    "PARtial",
    "NOConstant",
    "fe",
    "prestd",
    "unitload",
    "ols",
    "PLOTPath",
    "LMAX",
    "LMINRatio",
    "displayall",
    "postall",
    "POSTResults",
    "VERbose",
    "NOIC",
    "ebicgamma",
    "PLOadings",
    "AOLS",
]);

/// The command `rlasso`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "rlasso",
    min: 6,
    form: Form::Standard(&RLASSO),
    by: ByRule::No,
    run: rlasso,
    syntax: "rlasso depvar regressors [if] [in] [, robust c(#) gamma(#) maxpsiiter(#) corrnumber(#)]",
    notes: "minimises RSS/N + lambda/N sum psi |b|; lambda is 2c sqrt(N) invnormal(1-gamma/(2p)), without robust times the root mean squared residual; c() is 1.1, gamma() 0.1/ln(N), two rounds; small slopes are not rounded to zero; not built: sqrt, cluster(), fe, partial(), pnotpen(); stores e(N) e(p) e(s) e(lambda) e(lambda0) e(selected) e(b) e(beta) e(betaOLS) e(betaAll) e(betaAllOLS); Belloni, Chen, Chernozhukov and Hansen (2012)",
    examples: &[Example {
        // Two orthogonal regressors: the strong one stays, the other is exactly without effect.
        run: "set obs 40\ngenerate x = mod(_n, 2)\ngenerate z = mod(ceil(_n/2), 2)\ngenerate double y = 10*x + mod(ceil(_n/4), 2)\nrlasso y x z",
        expect: &[("el(e(betaOLS), 1, 1)", 10.0), ("e(s)", 1.0), ("e(p)", 2.0)],
    }],
};

/// The command `lasso2`.
pub(super) const SPEC_LASSO2: CommandSpec = CommandSpec {
    name: "lasso2",
    form: Form::Standard(&LASSO2),
    run: lasso2,
    syntax: "lasso2 depvar regressors [if] [in] [, lambda(#) alpha(#) lic(aic|bic|ebic|aicc) ic(name) lcount(#) long]",
    notes: "minimises RSS/N + lambda/N (alpha sum psi |b| + (1-alpha)/2 sum psi^2 b^2), psi the standard deviations; without lambda() a grid of 100 values down to 1/10000 of the largest (fewer regressors than observations) with the knots shown; lic() shows the fit of the best value; small slopes are not rounded to zero; not built: sqrt, adaptive, fe, partial(), notpen(); stores e(lambda) e(alpha) e(selected) e(b) e(beta) e(betaOLS) e(betaAll) e(betaAllOLS), e(lambdamat) with a grid; Ahrens, Hansen and Schaffer (2020)",
    examples: &[Example {
        // One regressor: RSS/N + lambda/N psi |b| moves the slope 2 by lambda psi/(2 Sxx) = lambda/(2 N psi).
        run: "set obs 40\ngenerate x = 2*mod(_n, 2)\ngenerate double y = 2*x\nlasso2 y x, lambda(40)",
        expect: &[("el(e(beta), 1, 1)", 1.5), ("el(e(betaOLS), 1, 1)", 2.0)],
    }],
    ..SPEC
};

/// Candidates of a lasso, centred.
pub(super) struct Candidates {
    /// The model that was read.
    pub model: Model,
    /// Outcome less its mean.
    pub y: Vec<f64>,
    /// Mean of the outcome.
    pub centre: f64,
    /// Names of the candidates.
    pub names: Vec<String>,
    /// Candidates less their means.
    pub x: Vec<Vec<f64>>,
    /// Means of the candidates.
    pub means: Vec<f64>,
}

/// A column less its mean, and the mean.
pub(super) fn centred(values: &[f64]) -> (Vec<f64>, f64) {
    let mean = estimators::real::stable_sum(values.iter().copied()) / values.len() as f64;
    (values.iter().map(|v| v - mean).collect(), mean)
}

/// Reads outcome and candidates.
pub(super) fn candidates(s: &Session, cmd: &ParsedCommand) -> Result<Candidates> {
    let reading = Reading { vce: Some(VceSpec::Default), weight_kinds: &[], ..Reading::new(cmd) };
    let model = reading.model(s)?.enough()?;
    let (y, centre) = centred(&model.y);
    let (x, means): (Vec<Vec<f64>>, Vec<f64>) = model.columns().iter().map(|c| centred(c)).unzip();
    let names = model.design.active().iter().map(|i| model.design.terms[*i].name()).collect();
    if x.is_empty() {
        return Err(StataError::standard(102));
    }
    Ok(Candidates { model, y, centre, names, x, means })
}

impl Candidates {
    /// The constant that belongs to slopes.
    fn constant(&self, slopes: &[f64]) -> f64 {
        self.centre - slopes.iter().zip(&self.means).map(|(b, m)| b * m).sum::<f64>()
    }

    /// Standard deviations of the candidates, over the number of rows.
    pub(super) fn sizes(&self) -> Vec<f64> {
        let n = self.y.len() as f64;
        self.x.iter().map(|c| (c.iter().map(|v| v * v).sum::<f64>() / n).sqrt()).collect()
    }
}

/// A lasso with its fit by least squares on the selected.
pub(super) struct Found {
    /// Lasso slopes.
    pub lasso: Vec<f64>,
    /// Least squares slopes of the selected.
    pub after: Vec<f64>,
    /// `Lasso`, `Ridge`, `Elastic net`.
    pub heading: &'static str,
    /// Value of `e(method)`.
    pub method: &'static str,
}

/// Starts `e()` of a lasso.
pub(super) fn posted(cmd: &ParsedCommand, of: &Candidates, found: &Found) -> Estimation {
    let chosen: Vec<usize> = (0..found.lasso.len()).filter(|j| found.lasso[*j] != 0.0).collect();
    let row = |slopes: &[f64], which: &[usize]| {
        let names =
            which.iter().map(|j| Stripe::term(&of.names[*j])).chain([Stripe::term("_cons")]).collect();
        let values = which.iter().map(|j| slopes[*j]).chain([of.constant(slopes)]).collect();
        Matrix::row_vector(values, names)
    };
    let all: Vec<usize> = (0..found.lasso.len()).collect();
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.text("cmd", &cmd.name).text("cmdline", command_line(cmd)).text("depvar", &of.model.depvar);
    r.text("method", found.method).text("predict", "rlasso_p");
    let selected = chosen.iter().map(|j| of.names[*j].as_str()).collect::<Vec<_>>().join(" ");
    r.text("selected", &selected).text("selected0", format!("{selected} _cons").trim());
    r.text("varX", of.names.join(" "));
    r.scalar("N", of.y.len() as f64).scalar("p", of.names.len() as f64).scalar("s", chosen.len() as f64);
    r.scalar("cons", 1.0);
    r.matrix("b", row(&found.lasso, &chosen)).matrix("beta", row(&found.lasso, &chosen));
    r.matrix("betaOLS", row(&found.after, &chosen));
    r.matrix("betaAll", row(&found.lasso, &all)).matrix("betaAllOLS", row(&found.after, &all));
    est
}

/// Prints the slopes of the active lasso; `apart` sets the constant apart as partialled out.
pub(super) fn show(s: &mut Session, heading: &str, alpha: Option<f64>, apart: bool) {
    let (Some(beta), Some(after)) =
        (s.e.results.matrices.get("beta").cloned(), s.e.results.matrices.get("betaOLS").cloned())
    else {
        return;
    };
    let rule = format!("------------------+{}", "-".repeat(32));
    s.print("");
    s.print("-".repeat(51));
    s.print(format!("         Selected |{heading:>16}   Post-est OLS"));
    if let Some(alpha) = alpha {
        s.print(format!("                  |   (alpha={})", format::bare("%5.3f", alpha)));
    }
    s.print(rule.as_str());
    let last = beta.cols() - 1;
    for (j, name) in beta.col_names.iter().enumerate() {
        if j == last && apart {
            if last > 0 {
                s.print(rule.as_str());
            }
            s.print("   Partialled-out*|");
            s.print(rule.as_str());
        }
        let star = if j == last && !apart { "*" } else { " " };
        let number = |v: f64| format::bare("%12.7f", v);
        let (own, least) = (number(beta.values()[j]), number(after.values()[j]));
        s.print(format!("{:>17} |{star}{own:>15}{least:>15}", format::abbrev(&name.name, 17)));
    }
    s.print("-".repeat(51));
    if !apart {
        s.print("*Not penalized");
    }
}

fn rlasso(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if crate::estimation::ml_command::replay(s, cmd, "rlasso")? {
        show(s, "Lasso", None, false);
        return Ok(());
    }
    let of = candidates(s, cmd)?;
    let mut plan = Plan::of(cmd.has("robust"), of.y.len());
    plan.c = cmd.options.real("c").unwrap_or(plan.c);
    plan.gamma = cmd.options.real("gamma").unwrap_or(plan.gamma);
    let whole = |name: &str, least: i64, default: usize| match cmd.options.int(name) {
        None => Ok(default),
        Some(n) if n >= least => Ok(n as usize),
        Some(_) => Err(StataError::invalid(format!("option {name}() incorrectly specified"))),
    };
    plan.rounds = whole("maxpsiiter", 1, plan.rounds)?;
    plan.start = whole("corrnumber", 0, plan.start)?;
    if plan.c <= 0.0 || !(plan.gamma > 0.0 && plan.gamma < 1.0) {
        return Err(StataError::invalid("c() must be positive and gamma() between 0 and 1"));
    }
    let fit = rigorous_lasso::fit(&of.y, &of.x, &plan);
    let found =
        Found { lasso: fit.lasso.clone(), after: fit.after.clone(), heading: "Lasso", method: "lasso" };
    let mut est = posted(cmd, &of, &found);
    let r = &mut est.results;
    r.scalar("lambda", fit.lambda).scalar("lambda0", fit.lambda0);
    r.scalar("c", plan.c)
        .scalar("gamma", plan.gamma)
        .scalar("robust", f64::from(u8::from(plan.heteroskedastic)));
    r.matrix("ePsi", Matrix::row_vector(fit.loadings, of.names.iter().map(Stripe::term).collect()));
    s.post_estimation(est, of.model.touse.clone());
    show(s, "Lasso", None, false);
    Ok(())
}

fn lasso2(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() {
        if s.e.cmd() != "lasso2" {
            return Err(StataError::no_estimates());
        }
        let mut line = s.e.results.get_text("cmdline").unwrap_or("").to_string();
        // another criterion takes the place of the one before
        if let Some((before, after)) = line.split_once("lic(").filter(|_| cmd.has("lic")) {
            line = format!("{before}{}", after.split_once(')').map_or("", |a| a.1));
        }
        let joint = if line.contains(',') { " " } else { ", " };
        return s.run_expanded(&format!("{line}{joint}{}", cmd.option_text)).map(|_| ());
    }
    let alpha = cmd.options.real("alpha").unwrap_or(1.0);
    if !(0.0..=1.0).contains(&alpha) {
        return Err(StataError::new(198, "alpha() must lie between 0 and 1"));
    }
    let criterion = cmd.options.text("lic").map(Criterion::parse).transpose()?;
    let of = candidates(s, cmd)?;
    let lambda = match (cmd.options.real("lambda"), criterion) {
        (Some(_), Some(_)) => {
            return Err(StataError::invalid("options lambda() and lic() may not be combined"));
        }
        (Some(lambda), None) if lambda >= 0.0 => lambda,
        (Some(_), None) => return Err(StataError::invalid("option lambda() must not be negative")),
        (None, _) => {
            let shown = cmd.options.text("ic").map(Criterion::parse).transpose()?.unwrap_or(Criterion::Ebic);
            let path = rlasso_path::path(&of, alpha, cmd.options.int("lcount").unwrap_or(100))?;
            match criterion {
                None => return rlasso_path::report(s, cmd, &of, &path, (alpha, shown)),
                Some(criterion) => rlasso_path::best(s, &path, criterion),
            }
        }
    };
    let sizes = of.sizes();
    let lasso = rigorous_lasso::shrink(&of.y, &of.x, lambda, &sizes, alpha);
    let chosen: Vec<usize> = (0..lasso.len()).filter(|j| lasso[*j] != 0.0).collect();
    let after = rigorous_lasso::refit(&of.y, &of.x, &chosen);
    let (heading, method) = match alpha {
        1.0 => ("Lasso", "lasso"),
        0.0 => ("Ridge", "ridge"),
        _ => ("Elastic net", "elastic net"),
    };
    let found = Found { lasso, after, heading, method };
    let mut est = posted(cmd, &of, &found);
    est.results.scalar("lambda", lambda).scalar("alpha", alpha);
    s.post_estimation(est, of.model.touse.clone());
    show(s, found.heading, Some(alpha).filter(|a| *a > 0.0 && *a < 1.0), true);
    Ok(())
}
