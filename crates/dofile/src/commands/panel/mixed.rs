//! `mixed`: linear mixed model with random effects of one grouping level, by maximum or restricted maximum
//! likelihood; `estat icc` and predictions of the effects.
//!
//! Stores in `e()`: N N_g g_min g_avg g_max df_m ll ll_c chi2 chi2_c df_c p p_c k_f k_r rank converged, b with
//! lns1_1_1 ... lnsig_e, V, cmd depvar ivars redim revars vartypes method. Formulas: [ME] mixed.

use super::super::{ByRule, CommandSpec, Example, Form};
use super::clogit::{group_rows, store_sizes};
use super::mixed_post::display;
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::display::fit_error;
use crate::estimation::likelihood::print_log;
use crate::estimation::ml_command::Layout;
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::estimation::post;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, top_level_comma};
use crate::value::MISSING;
use estimators::distributions::chi2_tail;
use estimators::matrix::Mat;
use estimators::mixed::{Mixed, MixedFit};
use estimators::ml::MlFit;
use estimators::ols::{self, Request};
use estimators::wald;
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
pub(super) const SPEC: CommandSpec = CommandSpec {
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

/// The command under its name of older versions.
pub(super) const SPEC_OLD: CommandSpec = CommandSpec {
    name: "xtmixed",
    min: 7,
    syntax: "xtmixed depvar [indepvars] [if] [in] || levelvar: [varlist] [, options]",
    notes: "mixed under its name of older versions; stores its results",
    examples: &[Example {
        run: "input g y\n1 1\n1 3\n2 5\n2 5\n3 7\n3 7.5\nend\nmixed y || g:\nscalar b = _b[_cons]\nxtmixed y || g:",
        expect: &[("_b[_cons] - b", 0.0)],
    }],
    ..SPEC
};

/// State for predictions, in addition to `e(b)`.
pub(super) struct MixedState {
    pub(super) group: String,
    pub(super) slopes: Vec<String>,
    pub(super) intercept: bool,
    pub(super) root: Mat,
    pub(super) s2: f64,
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

#[expect(clippy::too_many_arguments, reason = "the parts of one result")]
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
