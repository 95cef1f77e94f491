//! `xtgls` and `xtpcse`: linear panel models with heteroskedastic, correlated and autocorrelated errors, by feasible
//! generalised least squares, or by least squares with panel-corrected standard errors.
//!
//! Store in `e()`: N N_g g_min g_avg g_max N_t df chi2 p rho n_cf n_cv n_cr rank, b, V, Sigma, rhomat (psar1), cmd ivar
//! tvar depvar vt corr rhotype balance. Formulas: [XT] xtgls, [XT] xtpcse, Methods and formulas.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::xtgls_sample::{Sample, least_squares, sample};
use super::xtgls_show::display;
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::ml_command::Layout;
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::estimation::post;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use crate::value::MISSING;
use estimators::autocorrelation::Panels;
use estimators::distributions::chi2_tail;
use estimators::matrix::Mat;
use estimators::ols;
use estimators::stacked::{Centred, uncentred};
use estimators::wald;

const GLS: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Panels"),
    OptSpec::text("Corr"),
    OptSpec::text("RHOtype"),
    OptSpec::flag("igls"),
    OptSpec::flag("nmk"),
    OptSpec::flag("force"),
    OptSpec::flag("noCONstant"),
    OptSpec::real("Level"),
    OptSpec::int("ITERate"),
    OptSpec::flag("noLOg"),
])
.unsupported(&["I", "T", "TOLerance"]);

const PCSE: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Corr"),
    OptSpec::text("Correlation"),
    OptSpec::text("RHOtype"),
    OptSpec::flag("HETonly"),
    OptSpec::flag("Independent"),
    OptSpec::flag("Pairwise"),
    OptSpec::flag("Casewise"),
    OptSpec::flag("nmk"),
    OptSpec::flag("np1"),
    OptSpec::flag("noCONstant"),
    OptSpec::real("Level"),
])
.unsupported(&["DETails"]);

/// The command `xtgls`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtgls",
    min: 5,
    form: Form::Standard(&GLS),
    by: ByRule::EachGroup,
    run: |s, cmd| run(s, cmd, Kind::Gls),
    syntax: "xtgls depvar [indepvars] [if] [in] [, panels(iid|heteroskedastic|correlated) corr(independent|ar1|psar1) rhotype(regress|freg|tscorr|dw|theil|nagar) igls nmk force noconstant level(#)]",
    notes: "stores e(N N_g df chi2 p rho), e(Sigma), e(rhomat), e(b), e(V), r(table); common rho is the mean over panels; [XT] xtgls",
    examples: &[Example {
        // Equal variances and no correlation: least squares, with divisor N.
        run: "set obs 12\ngenerate id = ceil(_n/4)\ngenerate t = mod(_n-1, 4)\ngenerate x = mod(_n*5, 7)\ngenerate y = x + mod(_n*3, 5)\nxtset id t\nregress y x\nscalar b = _b[x]\nscalar s = _se[x]*sqrt(10/12)\nxtgls y x",
        expect: &[("reldif(_b[x], b) < 1e-12", 1.0), ("reldif(_se[x], s) < 1e-12", 1.0)],
    }],
};

/// The command `xtpcse`.
pub(super) const SPEC_PCSE: CommandSpec = CommandSpec {
    name: "xtpcse",
    min: 6,
    form: Form::Standard(&PCSE),
    run: |s, cmd| run(s, cmd, Kind::Pcse),
    syntax: "xtpcse depvar [indepvars] [if] [in] [, correlation(independent|ar1|psar1) rhotype(...) hetonly independent casewise pairwise nmk np1 noconstant level(#)]",
    notes: "stores e(N N_g df chi2 p rho r2 mss), e(Sigma), e(rhomat), e(b), e(V), r(table); [XT] xtpcse",
    examples: &[Example {
        // The coefficients are those of least squares.
        run: "set obs 20\ngenerate id = 1 + (_n > 10)\ngenerate t = _n - 10*(id - 1)\nxtset id t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nregress y x\nscalar b = _b[x]\nxtpcse y x",
        expect: &[("_b[x]/b", 1.0), ("e(N_g)", 2.0)],
    }],
    ..SPEC
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gls,
    Pcse,
}

/// Variances of the errors across panels.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Across {
    Equal,
    Unequal,
    Correlated,
}

/// Correlation of the errors in time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    None,
    Common,
    Specific,
}

fn across(cmd: &ParsedCommand, kind: Kind) -> Result<Across> {
    if kind == Kind::Pcse {
        return Ok(match (cmd.has("independent"), cmd.has("hetonly")) {
            (true, true) => {
                return Err(StataError::invalid("options independent and hetonly may not be combined"));
            }
            (true, _) => Across::Equal,
            (_, true) => Across::Unequal,
            _ => Across::Correlated,
        });
    }
    let text = cmd.options.text("panels").unwrap_or("iid").trim();
    let is = |full: &str, least: usize| text.len() >= least && full.starts_with(text);
    if is("iid", 1) {
        Ok(Across::Equal)
    } else if is("heteroskedastic", 1) || is("heteroscedastic", 1) {
        Ok(Across::Unequal)
    } else if is("correlated", 1) {
        Ok(Across::Correlated)
    } else {
        Err(StataError::invalid(format!("panels({text}) invalid")))
    }
}

fn within(cmd: &ParsedCommand) -> Result<Within> {
    let text = cmd.options.text("corr").or(cmd.options.text("correlation")).unwrap_or("independent").trim();
    match text {
        "ar1" | "ar" => Ok(Within::Common),
        "psar1" | "psar" => Ok(Within::Specific),
        _ if !text.is_empty() && "independent".starts_with(text) => Ok(Within::None),
        _ => Err(StataError::invalid(format!("corr({text}) invalid"))),
    }
}

fn run(session: &mut Session, cmd: &ParsedCommand, kind: Kind) -> Result<()> {
    let name = if kind == Kind::Gls { "xtgls" } else { "xtpcse" };
    if cmd.list.trim().is_empty() && session.e.cmd() == name {
        return display(session, cmd);
    }
    let (across, within) = (across(cmd, kind)?, within(cmd)?);
    let (rho_type, rho_name) = crate::ops::rho::rho_type(cmd.options.text("rhotype"))?;
    let declared = Panel::of(&session.frame)?;
    let further = declared.panel.into_iter().chain(declared.time).collect();
    let reading = Reading { vce: Some(VceSpec::Default), weight_kinds: &[], further, ..Reading::new(cmd) };
    let mut model = reading.model(session)?.enough()?;
    drop_collinear(session, &mut model);
    let gaps = kind == Kind::Pcse || cmd.has("force");
    let mut sample = sample(session, &model, &declared, gaps, within != Within::None)?;
    // a regressor far from zero keeps its digits
    let views: Vec<&[f64]> = sample.columns.iter().map(Vec::as_slice).collect();
    let centred = Centred::of(&views);
    sample.columns.clone_from(&centred.columns);
    if across == Across::Correlated {
        if kind == Kind::Gls && !sample.balanced {
            return Err(StataError::new(459, "panels must be balanced"));
        }
        sample.share_periods(cmd.has("pairwise"))?;
    }
    let (_, first) = least_squares(&sample.y, &sample.columns)?;
    let rho = match within {
        Within::None => None,
        _ => {
            let further = (kind == Kind::Pcse).then(|| f64::from(u8::from(cmd.has("np1"))));
            Some(sample.filter(&first, rho_type, within == Within::Common, further)?)
        }
    };
    let (mut b, _) = least_squares(&sample.y, &sample.columns)?;
    let (v, sigma) = match kind {
        Kind::Gls => {
            let limit =
                if cmd.has("igls") { cmd.options.int("iterate").map_or(100, |i| i.max(1)) } else { 1 };
            generalised(&sample, &mut b, across, cmd.has("nmk"), limit)?
        }
        Kind::Pcse => corrected(&sample, &b, across, cmd.has("nmk"))?,
    };
    let rss = sample.residuals(&b).iter().map(|e| e * e).sum();
    let (b, v) = uncentred(&b, &v, &[(0, &centred)]);
    post_results(session, cmd, model, name, &sample, &b, &v, &sigma, rss);
    let e = &mut session.e.results;
    if let Some(rho) = rho {
        e.scalar("rho", rho.iter().sum::<f64>() / rho.len() as f64);
        let names = (1..=rho.len()).map(|i| Stripe::term(format!("c{i}"))).collect();
        e.matrix("rhomat", Matrix::row_vector(rho, names)).text("rhotype", rho_name);
    }
    describe(e, kind, across, within, &sample);
    if let Some(v) = declared.panel {
        e.text("ivar", session.frame.var(v).name.as_str());
    }
    if let Some(v) = declared.time {
        e.text("tvar", session.frame.var(v).name.as_str());
    }
    display(session, cmd)
}

/// `b = (X' W X)^-1 X' W y` with `W = Sigma^-1 x I`, from residuals at `b`, repeated up to `limit` times.
fn generalised(
    sample: &Sample,
    b: &mut Vec<f64>,
    across: Across,
    nmk: bool,
    limit: i64,
) -> Result<(Mat, Mat)> {
    let panels = Panels { rows: &sample.rows, period: &sample.period };
    let singular = || {
        StataError::new(
            506,
            "covariance matrix of the panels is not of full rank; there are more panels than periods",
        )
    };
    let mut step = 0;
    loop {
        let sigma = sample.sigma(&sample.residuals(b), across, nmk);
        let weights = sigma.inverse_definite().ok_or_else(singular)?;
        let v = panels
            .cross(&weights, &sample.columns, &sample.columns)
            .inverse_definite()
            .ok_or_else(singular)?;
        let right = panels.cross(&weights, &sample.columns, std::slice::from_ref(&sample.y));
        let next = v.times_vector(right.data());
        let moved = b.iter().zip(&next).map(|(a, n)| (a - n).abs() / (a.abs() + 1.0)).fold(0.0, f64::max);
        *b = next;
        step += 1;
        if step >= limit || moved < 1e-10 {
            return Ok((v, sigma));
        }
    }
}

/// `(X'X)^-1 X' (Sigma x I) X (X'X)^-1` (Beck and Katz).
fn corrected(sample: &Sample, b: &[f64], across: Across, nmk: bool) -> Result<(Mat, Mat)> {
    let panels = Panels { rows: &sample.rows, period: &sample.period };
    let sigma = sample.sigma(&sample.residuals(b), across, nmk);
    let k = sample.columns.len();
    let plain =
        Mat::from_fn(k, k, |i, j| sample.columns[i].iter().zip(&sample.columns[j]).map(|(a, b)| a * b).sum());
    let bread = plain.inverse_definite().ok_or_else(|| StataError::new(506, "regressors are collinear"))?;
    Ok((bread.sandwich(&panels.cross(&sigma, &sample.columns, &sample.columns)), sigma))
}

#[expect(clippy::too_many_arguments, reason = "the parts of one result")]
fn post_results(
    session: &mut Session,
    cmd: &ParsedCommand,
    model: Model,
    name: &str,
    sample: &Sample,
    b: &[f64],
    v: &Mat,
    sigma: &Mat,
    rss: f64,
) {
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    let parameters = layout.parameters(b, v);
    let mut est = post::begin(name, &post::command_line(cmd), &parameters, &model);
    let slopes: Vec<usize> = (0..model.columns().len()).collect();
    let test = wald::test_zero(b, v, &slopes);
    let sizes: Vec<f64> = sample.rows.iter().map(|r| r.len() as f64).collect();
    let n = sample.y.len() as f64;
    let periods = sample.period.iter().collect::<std::collections::HashSet<_>>().len() as f64;
    let r = &mut est.results;
    r.scalar("N", n).scalar("N_g", sizes.len() as f64).scalar("N_t", periods);
    r.scalar("g_min", sizes.iter().copied().fold(f64::INFINITY, f64::min))
        .scalar("g_avg", n / sizes.len() as f64)
        .scalar("g_max", sizes.iter().copied().fold(0.0, f64::max));
    r.scalar("df", test.df as f64).scalar("df_m", test.df as f64).scalar("chi2", test.chi2);
    r.scalar("p", if test.df == 0 { MISSING } else { chi2_tail(test.df as f64, test.chi2) });
    r.scalar("rank", b.len() as f64).scalar("n_cf", b.len() as f64);
    if name == "xtpcse" {
        // Fit of the (transformed) regression.
        let tss = ols::total_squares(&sample.y, None, model.constant);
        r.scalar("mss", tss - rss)
            .scalar("rss", rss)
            .scalar("r2", 1.0 - rss / tss)
            .scalar("rmse", (rss / (n - b.len() as f64)).sqrt());
        r.text("vcetype", "Panel-corrected");
    }
    let names: Vec<Stripe> = (1..=sizes.len()).map(|i| Stripe::term(format!("c{i}"))).collect();
    r.matrix("Sigma", Matrix::square(sigma.data().to_vec(), names));
    r.text("properties", "b V").text("chi2type", "Wald").text("predict", format!("{name}_p"));
    let touse = model.touse;
    session.post_estimation(est, touse);
}

/// Stores the structure of the errors, in words and as counts of what was estimated.
fn describe(e: &mut Results, kind: Kind, across: Across, within: Within, sample: &Sample) {
    e.text(
        "vt",
        match across {
            Across::Equal => "homoskedastic",
            Across::Unequal => "heteroskedastic",
            Across::Correlated => "correlated",
        },
    );
    e.text(
        "corr",
        match within {
            Within::None => "no autocorrelation",
            Within::Common => "common AR(1)",
            Within::Specific => "panel-specific AR(1)",
        },
    );
    e.text(
        "title",
        if kind == Kind::Gls {
            "Cross-sectional time-series FGLS regression"
        } else {
            pcse_title(across, within)
        },
    );
    let groups = sample.rows.len() as f64;
    let covariances = match across {
        Across::Equal => 1.0,
        Across::Unequal => groups,
        Across::Correlated => groups * (groups + 1.0) / 2.0,
    };
    let correlations = match within {
        Within::None => 0.0,
        Within::Common => 1.0,
        Within::Specific => groups,
    };
    e.scalar("n_cv", covariances).scalar("n_cr", correlations);
    e.text("balance", if sample.balanced { "balanced" } else { "unbalanced" });
}

/// The titles that [XT] xtpcse prints.
fn pcse_title(across: Across, within: Within) -> &'static str {
    match (within, across) {
        (Within::None, Across::Unequal) => {
            "Linear regression, heteroskedastic panels corrected standard errors"
        }
        (_, Across::Unequal) => "Prais-Winsten regression, heteroskedastic panels corrected standard errors",
        (Within::None, _) => "Linear regression, correlated panels corrected standard errors (PCSEs)",
        _ => "Prais-Winsten regression, correlated panels corrected standard errors (PCSEs)",
    }
}
