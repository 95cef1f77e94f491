//! `mixed`: linear mixed model with random effects of one grouping level, by maximum or restricted maximum
//! likelihood; `estat icc` and predictions of the effects.
//!
//! Stores in `e()`: N N_g g_min g_avg g_max df_m ll ll_c chi2 chi2_c df_c p p_c k_f k_r rank converged, b with
//! lns1_1_1 ... lnsig_e, V, cmd depvar ivars redim revars vartypes method. Formulas: [ME] mixed.

use super::super::{ByRule, CommandSpec, Example, Form};
use super::clogit::{group_rows, store_sizes};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::display::fit_error;
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood::print_log;
use crate::estimation::linear::{Parameters as Stored, predict as linear_prediction};
use crate::estimation::ml_command::Layout;
use crate::estimation::model::{Model, Reading, VceSpec, number_groups};
use crate::estimation::post;
use crate::estimators::distributions::chi2_tail;
use crate::estimators::matrix::Mat;
use crate::estimators::mixed::{Mixed, MixedFit};
use crate::estimators::ml::MlFit;
use crate::estimators::ols::{self, Request};
use crate::estimators::wald;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, top_level_comma};
use crate::value::{MISSING, is_missing};
use std::sync::Arc;

const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("reml"),
    OptSpec::flag("mle"),
    OptSpec::flag("ml"),
    OptSpec::text("COVariance"),
    OptSpec::flag("noCONstant"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::int("ITERate"),
    OptSpec::flag("noLOg"),
    OptSpec::flag("LOg"),
    OptSpec::flag("noHEader"),
    OptSpec::flag("noSTDerr"),
    OptSpec::flag("VARiance"),
    OptSpec::flag("STDDEViations"),
];
const UNSUPPORTED: &[&str] = &[
    "RESiduals",
    "DFMethod",
    "PWeight",
    "FWeight",
    "PWSCale",
    "EMIterate",
    "EMOnly",
    "COLlinear",
    "noGRoup",
    "CONSTraints",
];

/// The command.
pub const SPEC: CommandSpec = CommandSpec {
    name: "mixed",
    min: 5,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run,
    syntax: "mixed depvar [indepvars] [if] [in] || levelvar: [varlist] [, noconstant covariance(independent|unstructured) mle|reml level(#) nolog stddeviations]",
    notes: "one level of random effects; stores e(N N_g df_m ll ll_c chi2 chi2_c p), e(b) with lns1_1_1 ... lnsig_e, e(V), r(table); predict: xb, fitted, residuals, reffects; estat icc; formulas: [ME] mixed",
    examples: &[Example {
        // Balanced one-way layout: REML gives the analysis-of-variance estimates, MSE 1 and (18 - 1)/2.
        run: "input g y\n1 1\n1 3\n2 5\n2 5\n3 7\n3 7\nend\nreplace y = 5.2928932188134525 in 3\nreplace y = 4.7071067811865475 in 4\nmixed y || g:, reml",
        expect: &[("_b[_cons]", 14.0 / 3.0)],
    }],
};

/// What predictions need besides `e(b)`.
pub struct MixedState {
    group: String,
    slopes: Vec<String>,
    intercept: bool,
    root: Mat,
    s2: f64,
}

/// The parts of the command line.
struct Line {
    cmd: ParsedCommand,
    group: String,
    slopes: String,
}

fn parse(raw: &str) -> Result<Line> {
    let parts: Vec<&str> = raw.split("||").collect();
    if parts.len() == 1 {
        return Err(StataError::unsupported_option("mixed", "a model without random effects; use regress"));
    }
    if parts.len() > 2 {
        return Err(StataError::unsupported_option("mixed", "more than one level of random effects"));
    }
    let (effects, options) = match top_level_comma(parts[1]) {
        Some(at) => (&parts[1][..at], &parts[1][at + 1..]),
        None => (parts[1], ""),
    };
    let (group, slopes) = effects
        .split_once(':')
        .ok_or_else(|| StataError::new(198, "invalid syntax: levelvar: expected after ||"))?;
    let mut cmd = ParsedCommand::split("mixed", &format!("{}, {options}", parts[0].trim()), false)?;
    cmd.check_options(OPTIONS, UNSUPPORTED)?;
    Ok(Line { cmd, group: group.trim().to_string(), slopes: slopes.trim().to_string() })
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    if raw.is_empty() || raw.starts_with(',') {
        if session.e.cmd() != "mixed" {
            return Err(StataError::new(301, "last estimates not found"));
        }
        let mut again = ParsedCommand::split("mixed", raw, false)?;
        again.check_options(OPTIONS, UNSUPPORTED)?;
        return display(session, &again);
    }
    let line = parse(raw)?;
    estimate(session, &line, raw)?;
    display(session, &line.cmd)?;
    crate::estimation::likelihood::finish(&session.e)
}

fn estimate(session: &mut Session, line: &Line, raw: &str) -> Result<()> {
    let cmd = &line.cmd;
    if VceSpec::parse("mixed", &cmd.options, &["oim", "conventional"])? != VceSpec::Default {
        return Err(StataError::unsupported_option("mixed", "vce(robust)"));
    }
    let covariance = cmd.options.text("covariance").unwrap_or("independent").trim().to_string();
    let is = |full: &str| covariance.len() >= 2 && full.starts_with(covariance.as_str());
    let unstructured = is("unstructured");
    if !unstructured && !is("independent") && !is("identity") {
        return Err(StataError::unsupported_option("mixed", &format!("covariance({covariance})")));
    }
    if line.group == "_all" {
        return Err(StataError::unsupported_option("mixed", "_all:"));
    }
    let unit = session.variable(&line.group)?;
    let slope_variables = session
        .varlist(&line.slopes)
        .or_else(|e| if line.slopes.is_empty() { Ok(Vec::new()) } else { Err(e) })?;
    if is("identity") && slope_variables.len() + usize::from(!cmd.has("noconstant")) > 1 {
        return Err(StataError::unsupported_option("mixed", "covariance(identity) with several effects"));
    }
    let mut further = vec![unit];
    further.extend(&slope_variables);
    let reading = Reading { further, weight_kinds: &[], vce: Some(VceSpec::Default), ..Reading::new(cmd) };
    let mut model = reading.model(session)?;
    // noconstant belongs to the random effects here.
    model.constant = true;
    drop_collinear(session, &mut model);
    let intercept = !cmd.has("noconstant");
    let ones = vec![1.0; model.y.len()];
    let slopes: Vec<Vec<f64>> = slope_variables
        .iter()
        .map(|v| model.design.rows.iter().map(|r| session.frame.num_at(*v, *r)).collect())
        .collect();
    let mut z: Vec<&[f64]> = slopes.iter().map(Vec::as_slice).collect();
    z.extend(intercept.then_some(ones.as_slice()));
    if z.is_empty() {
        return Err(StataError::new(198, "no random effects specified"));
    }
    let mut x = model.columns();
    x.push(&ones);
    let rows = group_rows(session, unit, &model);
    if rows.len() < 2 {
        return Err(StataError::new(2001, "insufficient groups"));
    }
    let unstructured = unstructured && z.len() > 1;
    let reml = cmd.has("reml");
    let mixed = Mixed::new(&model.y, &x, &z, &rows, reml, unstructured);
    let (start, ll_c) = start(&model, &mixed, &z, &rows)?;
    let limit = cmd.options.int("iterate").map_or(100, |i| i.max(0) as usize);
    let fit = mixed.fit(&start, limit).ok_or_else(|| StataError::new(430, "convergence not achieved"))?;
    log(session, cmd, &fit);
    let names: Vec<String> = slope_variables.iter().map(|v| session.frame.var(*v).name.clone()).collect();
    post_results(session, raw, &model, &mixed, &fit, &rows, ll_c, unit, names, intercept);
    Ok(())
}

fn log(session: &mut Session, cmd: &ParsedCommand, fit: &MixedFit) {
    if cmd.has("nolog") {
        return;
    }
    let shown = MlFit {
        b: Vec::new(),
        v: Mat::zeros(0, 0),
        v_model: Mat::zeros(0, 0),
        ll: fit.profile.ll,
        log: fit.log.clone(),
        converged: fit.converged,
    };
    print_log(session, &shown, false, cmd.options.int("iterate"));
}

/// Starting values from least squares, and the log likelihood without random effects.
fn start(model: &Model, mixed: &Mixed, z: &[&[f64]], rows: &[Vec<usize>]) -> Result<(Vec<f64>, f64)> {
    let columns = model.columns();
    let plain = ols::fit(&Request::new(&model.y, &columns)).map_err(fit_error)?;
    let mean = |g: &Vec<usize>| g.iter().map(|i| plain.residuals[*i]).sum::<f64>() / g.len() as f64;
    let means: Vec<f64> = rows.iter().map(mean).collect();
    let within: f64 = rows
        .iter()
        .zip(&means)
        .map(|(g, m)| g.iter().map(|i| (plain.residuals[*i] - m).powi(2)).sum::<f64>())
        .sum();
    let df = (mixed.n - rows.len() as f64).max(1.0);
    let s2 = (within / df).max(1e-12 * plain.rss.max(1e-300));
    let between = means.iter().map(|m| m * m).sum::<f64>() / means.len() as f64;
    let spread = |c: &[f64]| {
        let m = c.iter().sum::<f64>() / c.len() as f64;
        (c.iter().map(|v| (v - m).powi(2)).sum::<f64>() / c.len() as f64).sqrt()
    };
    let mut theta: Vec<f64> = z
        .iter()
        .map(|c| match spread(c) {
            // The intercept.
            0.0 => 0.5 * (between - s2 * rows.len() as f64 / mixed.n).max(0.05 * s2).ln(),
            sd => 0.5 * s2.ln() - (2.0 * sd).ln(),
        })
        .collect();
    if mixed.unstructured {
        theta.extend(vec![0.0; mixed.effects * (mixed.effects - 1) / 2]);
    }
    theta.push(0.5 * s2.ln());
    let ll_c = if mixed.restricted {
        let p = columns.len() as f64 + 1.0;
        let sigma = 0.5 * (plain.rss / (mixed.n - p)).ln();
        let mut none = theta.clone();
        none[..mixed.effects].fill(-300.0);
        let last = none.len() - 1;
        none[last] = sigma;
        mixed.profile(&none).map_or(f64::NAN, |p| p.ll)
    } else {
        plain.ll
    };
    Ok((theta, ll_c))
}

#[allow(clippy::too_many_arguments)]
fn post_results(
    session: &mut Session,
    raw: &str,
    model: &Model,
    mixed: &Mixed,
    fit: &MixedFit,
    rows: &[Vec<usize>],
    ll_c: f64,
    unit: usize,
    slopes: Vec<String>,
    intercept: bool,
) {
    let p = mixed.fixed;
    let k = fit.theta.len();
    let mut b = fit.profile.b.clone();
    b.extend(&fit.theta);
    // Fixed effects and variance parameters are asymptotically independent.
    let v = Mat::from_fn(p + k, p + k, |i, j| match (i < p, j < p) {
        (true, true) => fit.profile.v[(i, j)],
        (false, false) => fit.v_theta[(i - p, j - p)],
        _ => 0.0,
    });
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    for i in 1..=mixed.effects {
        layout.constant(&format!("lns1_1_{i}"));
    }
    if mixed.unstructured {
        for i in 1..=mixed.effects {
            for j in i + 1..=mixed.effects {
                layout.constant(&format!("atr1_1_{i}_{j}"));
            }
        }
    }
    layout.constant("lnsig_e");
    let parameters = layout.parameters(&b, &v);
    let tested: Vec<usize> = (0..p - 1).collect();
    let test = wald::test_zero(&b, &v, &tested);
    let mut est = post::begin("mixed", &format!("mixed {raw}"), &parameters, model);
    let results = &mut est.results;
    results.scalar("N", mixed.n).scalar("df_m", test.df as f64).scalar("chi2", test.chi2);
    results.scalar("p", if test.df == 0 { MISSING } else { chi2_tail(test.df as f64, test.chi2) });
    results.scalar("ll", fit.profile.ll).scalar("ll_c", ll_c).scalar("rank", (p + k) as f64);
    let chi2_c = (2.0 * (fit.profile.ll - ll_c)).max(0.0);
    let df_c = (k - 1) as f64;
    // One variance: half of the tail; several: the plain tail is conservative ([ME] mixed).
    let p_c = chi2_tail(df_c, chi2_c) / if k == 2 && chi2_c > 0.0 { 2.0 } else { 1.0 };
    results.scalar("chi2_c", chi2_c).scalar("df_c", df_c).scalar("p_c", p_c);
    results.scalar("k", (p + k) as f64).scalar("k_f", p as f64).scalar("k_r", k as f64);
    results.scalar("converged", f64::from(u8::from(fit.converged)));
    store_sizes(results, rows);
    let group = session.frame.var(unit).name.clone();
    let mut effects = slopes.clone();
    effects.extend(intercept.then(|| "_cons".to_string()));
    results.text("ivars", &group).text("revars", effects.join(" ")).text("redim", mixed.effects.to_string());
    results.text(
        "vartypes",
        if mixed.unstructured {
            "Unstructured"
        } else if mixed.effects == 1 {
            "Identity"
        } else {
            "Independent"
        },
    );
    results.text("method", if mixed.restricted { "REML" } else { "ML" }).text("chi2type", "Wald");
    results.text(
        "title",
        if mixed.restricted { "Mixed-effects REML regression" } else { "Mixed-effects ML regression" },
    );
    results.text("properties", "b V").text("predict", "mixed_p").text("vce", "oim");
    let s2 = (2.0 * fit.theta[k - 1]).exp();
    if let Some(root) = mixed.root(&fit.theta) {
        est.extra = Some(Arc::new(MixedState { group, slopes, intercept, root, s2 }));
    }
    session.post_estimation(est, model.touse.clone());
}

/// One line of the table of variances: name, estimate, standard error, limits.
fn variance_lines(session: &Session, cmd: &ParsedCommand) -> Result<Vec<(String, [f64; 4])>> {
    let stored = Stored::of(&session.e)?;
    let level = crate::estimation::display::level(session, cmd)?;
    let critical = wald::critical(level, None);
    let names: Vec<String> =
        session.e.results.get_text("revars").unwrap_or("").split(' ').map(String::from).collect();
    let at = |eq: &str| stored.stripe.iter().position(|s| s.eq == eq);
    let deviations = cmd.has("stddeviations");
    let power = if deviations { 1.0 } else { 2.0 };
    let word = if deviations { "sd" } else { "var" };
    let mut out = Vec::new();
    let mut one = |name: String, position: usize| {
        let (l, se) = (stored.b[position], stored.v[(position, position)].sqrt());
        let value = (power * l).exp();
        // Limits on the log scale.
        let limits = if se > 0.0 {
            [(power * (l - critical * se)).exp(), (power * (l + critical * se)).exp()]
        } else {
            [MISSING, MISSING]
        };
        out.push((name, [value, if se > 0.0 { power * value * se } else { MISSING }, limits[0], limits[1]]));
    };
    for (i, name) in names.iter().enumerate() {
        if let Some(position) = at(&format!("lns1_1_{}", i + 1)) {
            one(format!("{word}({name})"), position);
        }
    }
    if let Some(position) = at("lnsig_e") {
        one(format!("{word}(Residual)"), position);
    }
    let count = names.len();
    for i in 1..=count {
        for j in i + 1..=count {
            let Some(position) = at(&format!("atr1_1_{i}_{j}")) else { continue };
            let (a, se) = (stored.b[position], stored.v[(position, position)].sqrt());
            let part = |k: usize| at(&format!("lns1_1_{k}")).unwrap_or(0);
            let (pi, pj) = (part(i), part(j));
            let r = a.tanh();
            let row = if deviations {
                [r, (1.0 - r * r) * se, (a - critical * se).tanh(), (a + critical * se).tanh()]
            } else {
                let value = r * (stored.b[pi] + stored.b[pj]).exp();
                let gradient = [(pi, value), (pj, value), (position, value / r * (1.0 - r * r))];
                let variance: f64 = gradient
                    .iter()
                    .map(|(k, g)| gradient.iter().map(|(l, h)| g * h * stored.v[(*k, *l)]).sum::<f64>())
                    .sum();
                let se = variance.sqrt();
                [value, se, value - critical * se, value + critical * se]
            };
            let word = if deviations { "corr" } else { "cov" };
            out.insert(out.len() - 1, (format!("{word}({},{})", names[i - 1], names[j - 1]), row));
        }
    }
    Ok(out)
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = |s: &Session, n: &str| s.e.results.get_text(n).unwrap_or("").to_string();
    let scalar = |s: &Session, n: &str| s.e.results.get_scalar(n).unwrap_or(MISSING);
    let reml = text(session, "method") == "REML";
    if !cmd.has("noheader") {
        let group = format!("Group variable: {}", text(session, "ivars"));
        let facts = [
            Fact::observations(scalar(session, "N")),
            Fact::new("Number of groups", "%10.0fc", scalar(session, "N_g")),
            Fact::new("Obs per group: min", "%10.0fc", scalar(session, "g_min")),
            Fact::new("               avg", "%10.1fc", scalar(session, "g_avg")),
            Fact::new("               max", "%10.0fc", scalar(session, "g_max")),
        ];
        let test = [
            Fact::statistic("Wald chi2", &[scalar(session, "df_m")], scalar(session, "chi2")),
            Fact::probability("Prob > chi2", scalar(session, "p")),
        ];
        let label = if reml { "Log restricted-likelihood" } else { "Log likelihood" };
        let ll = format!("{label} = {}", format::bare("%10.0g", scalar(session, "ll")));
        session.print("");
        show(session, &[text(session, "title"), group], &facts, 18, 10);
        show(session, &[String::new(), ll], &test, 18, 10);
        session.print("");
    }
    fixed_table(session, cmd)?;
    let lines = variance_lines(session, cmd)?;
    let level = crate::estimation::display::level(session, cmd)?;
    let rule = format!("-----------------------------+{}", "-".repeat(48));
    session.print("");
    session.print("-".repeat(78));
    session.print(format!(
        "  Random-effects parameters  |   Estimate   Std. err.     [{}% conf. interval]",
        format::bare("%5.0g", level)
    ));
    session.print(&rule);
    session.print(format!(
        "{:<29}|",
        format!("{}: {}", format::abbrev(&text(session, "ivars"), 12), text(session, "vartypes"))
    ));
    for (i, (name, row)) in lines.iter().enumerate() {
        if i + 1 == lines.len() {
            session.print(&rule);
        }
        let cell = |v: f64| format::number("%9.0g", v);
        session.print(format!(
            "{name:>28} |  {}  {}     {}   {}",
            cell(row[0]),
            cell(row[1]),
            cell(row[2]),
            cell(row[3])
        ));
    }
    session.print("-".repeat(78));
    let df = scalar(session, "df_c");
    let (kind, tail) = if df == 1.0 {
        ("chibar2(01)".to_string(), "Prob >= chibar2")
    } else {
        (format!("chi2({df})"), "Prob > chi2")
    };
    let left = format!(
        "LR test vs. linear model: {kind} = {}",
        format::bare("%8.2f", scalar(session, "chi2_c")).trim_start()
    );
    let right = format!("{tail} = {}", format::bare("%6.4f", scalar(session, "p_c")));
    session.print(format!("{left}{right:>width$}", width = 78usize.saturating_sub(left.len())));
    Ok(())
}

/// The coefficient table: fixed effects are printed, `r(table)` holds all parameters.
fn fixed_table(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (b, v) = (session.e.b().cloned(), session.e.v().cloned());
    let (Some(b), Some(v)) = (b, v) else {
        return Err(StataError::new(301, "last estimates not found"));
    };
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    let fixed = b.col_names.iter().filter(|s| s.eq == depvar).count();
    let level = crate::estimation::display::level(session, cmd)?;
    let se: Vec<f64> = (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect();
    let table = |count: usize| crate::estimation::table::Table {
        title: &depvar,
        heading: "Coefficient",
        vce_title: "",
        stripe: &b.col_names[..count],
        b: &b.values()[..count],
        se: &se[..count],
        df_r: None,
        level,
        eform: false,
        ancillary_from: None,
        clusters: None,
        equations: false,
        beta: None,
    };
    table(fixed).print(session);
    session.r.clear();
    table(b.cols()).store(session);
    Ok(())
}

/// `estat icc`: the intraclass correlation with limits on the logit scale ([ME] estat icc).
pub fn icc(session: &mut Session) -> Result<()> {
    let stored = Stored::of(&session.e)?;
    let names: Vec<String> =
        session.e.results.get_text("revars").unwrap_or("").split(' ').map(String::from).collect();
    let at = |eq: &str| stored.stripe.iter().position(|s| s.eq == eq);
    let place = names.iter().position(|n| n == "_cons").and_then(|i| at(&format!("lns1_1_{}", i + 1)));
    let (Some(u), Some(e)) = (place, at("lnsig_e")) else {
        return Err(StataError::new(498, "model has no random intercept"));
    };
    let (vu, ve) = ((2.0 * stored.b[u]).exp(), (2.0 * stored.b[e]).exp());
    let icc = vu / (vu + ve);
    // d icc / d ln sd: 2 icc (1 - icc), with opposite signs.
    let slope = 2.0 * icc * (1.0 - icc);
    let variance = slope * slope * (stored.v[(u, u)] + stored.v[(e, e)] - 2.0 * stored.v[(u, e)]);
    let se = variance.max(0.0).sqrt();
    let critical = wald::critical(session.settings.level, None);
    let logit = (icc / (1.0 - icc)).ln();
    let half = critical * se / (icc * (1.0 - icc));
    let back = |x: f64| 1.0 / (1.0 + (-x).exp());
    let (low, high) = if se > 0.0 { (back(logit - half), back(logit + half)) } else { (MISSING, MISSING) };
    let group = session.e.results.get_text("ivars").unwrap_or("").to_string();
    session.print("");
    session.print(if names.len() > 1 {
        "Conditional intraclass correlation"
    } else {
        "Residual intraclass correlation"
    });
    session.print("");
    session.print("-".repeat(78));
    session.print(format!(
        "{:>28} |        ICC   Std. err.     [{}% conf. interval]",
        "Level",
        format::bare("%5.0g", session.settings.level)
    ));
    session.print(format!("-----------------------------+{}", "-".repeat(48)));
    let cell = |v: f64| format::number("%9.0g", v);
    session.print(format!("{group:>28} |  {}  {}     {}   {}", cell(icc), cell(se), cell(low), cell(high)));
    session.print("-".repeat(78));
    let mut results = Results::default();
    results
        .scalar("icc2", icc)
        .scalar("se2", se)
        .scalar("level", session.settings.level)
        .text("label2", group);
    let mut limits = crate::matrix::Matrix::new(1, 2, vec![low, high]);
    limits.col_names = ["ll", "ul"].map(crate::matrix::Stripe::term).to_vec();
    results.matrix("ci2", limits);
    session.r = results;
    Ok(())
}

/// Predicted effects (one column per random effect), fitted values or residuals on rows of the data.
pub fn predictions(session: &Session, statistic: &str, rows: &[usize]) -> Result<Vec<(Vec<f64>, String)>> {
    let extra = session.e.extra.clone();
    let state = extra
        .as_ref()
        .and_then(|e| e.downcast_ref::<MixedState>())
        .ok_or_else(|| StataError::new(301, "last estimates not found"))?;
    let stored = Stored::of(&session.e)?;
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    let sample =
        session.estimation_sample().ok_or_else(|| StataError::new(301, "estimation sample not found"))?;
    let used: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
    let both: Vec<usize> = used.iter().chain(rows).copied().collect();
    let (numbers, count) = number_groups(&session.frame, session.frame.position(&state.group)?, &both);
    let value = |name: &str, rows: &[usize]| -> Result<Vec<f64>> {
        let v = session.frame.position(name)?;
        Ok(rows.iter().map(|r| session.frame.num_at(v, *r)).collect())
    };
    let design = |rows: &[usize]| -> Result<Vec<Vec<f64>>> {
        let mut z = state.slopes.iter().map(|n| value(n, rows)).collect::<Result<Vec<_>>>()?;
        z.extend(state.intercept.then(|| vec![1.0; rows.len()]));
        Ok(z)
    };
    let xb = linear_prediction(&session.frame, &stored, &depvar, &used)?;
    let y = super::outcome_values(session, &depvar, &used)?;
    let z = design(&used)?;
    let mut effects = vec![vec![MISSING; z.len()]; count];
    let mut members = vec![Vec::new(); count];
    (0..used.len()).for_each(|i| members[numbers[i] as usize].push(i));
    for (group, mine) in members.iter().enumerate().filter(|(_, m)| !m.is_empty()) {
        let columns: Vec<Vec<f64>> = z.iter().map(|c| mine.iter().map(|i| c[*i]).collect()).collect();
        let residuals: Vec<f64> = mine.iter().map(|i| y[*i] - xb[*i]).collect();
        if let Some(found) = Mixed::effects_of(&state.root, state.s2, &columns, &residuals) {
            effects[group] = found;
        }
    }
    let of_row = |i: usize| &effects[numbers[used.len() + i] as usize];
    if statistic == "reffects" {
        let names: Vec<String> =
            state.slopes.iter().cloned().chain(state.intercept.then(|| "_cons".to_string())).collect();
        return Ok((0..z.len())
            .map(|k| {
                (
                    (0..rows.len()).map(|i| of_row(i)[k]).collect(),
                    format!("BLUP r.e. for {}: {}", state.group, names[k]),
                )
            })
            .collect());
    }
    let fixed = linear_prediction(&session.frame, &stored, &depvar, rows)?;
    let z = design(rows)?;
    let fitted: Vec<f64> = (0..rows.len())
        .map(|i| {
            let u = of_row(i);
            if is_missing(fixed[i]) || z.iter().any(|c| is_missing(c[i])) || u.iter().any(|v| is_missing(*v))
            {
                return MISSING;
            }
            fixed[i] + u.iter().zip(&z).map(|(u, c)| u * c[i]).sum::<f64>()
        })
        .collect();
    if statistic == "fitted" {
        return Ok(vec![(fitted, "Fitted values: xb + Zu".to_string())]);
    }
    let y = super::outcome_values(session, &depvar, rows)?;
    let residuals = y
        .iter()
        .zip(&fitted)
        .map(|(y, f)| if is_missing(*y) || is_missing(*f) { MISSING } else { y - f })
        .collect();
    Ok(vec![(residuals, "Residuals".to_string())])
}
