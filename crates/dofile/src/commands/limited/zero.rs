//! `zip`, `zinb`, `tpoisson` and `tnbreg`: counts with too many zeros, and counts without small values.
//!
//! Store in `e()`: N N_zero (zip, zinb) df_m ll ll_0 chi2 p r2_p (truncated) alpha rank converged, b, V, cmd
//! depvar inflate llopt. Formulas: [R] zip, [R] zinb, [R] tpoisson, [R] tnbreg.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::{WEIGHTS, zero_inflated};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::derived::{boundary_line, derived_row};
use crate::estimation::display::level;
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{Model, Reading};
use crate::ml_options;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::jet::{Formula, Jet};
use estimators::ml::{Equation, MlFit};
use estimators::ml_zero::{ln_above, negative_binomial, poisson};
use estimators::qr::weighted_mean;

const UNSUPPORTED: &[&str] = &["vuong", "zip", "DISPersion", "NOLRtest"];
const INFLATED: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::text("INFlate"),
    OptSpec::flag("probit"),
    OptSpec::flag("vuong"),
    OptSpec::flag("FORCEVUONG"),
    OptSpec::text("EXPosure"),
    OptSpec::text("OFFset"),
])
.weights(WEIGHTS)
.maximised()
.unsupported(&["zip", "IRr"]);
const TRUNCATED: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::real("ll"),
    OptSpec::flag("IRr"),
    OptSpec::text("EXPosure"),
    OptSpec::text("OFFset"),
])
.weights(WEIGHTS)
.maximised()
.unsupported(UNSUPPORTED);

/// The command `zip`.
pub(super) const SPEC_ZIP: CommandSpec = CommandSpec {
    name: "zip",
    min: 3,
    form: Form::Standard(&INFLATED),
    by: ByRule::EachGroup,
    run: run_zip,
    syntax: "zip depvar [indepvars] [if] [in] [weight], inflate(varlist|_cons) [probit forcevuong exposure(v) offset(v) noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "stores e(N N_zero df_m ll ll_0 chi2 p), e(b) with equations depvar and inflate, e(V), r(table), with forcevuong e(vuong); formulas: [R] zip",
    examples: &[Example {
        run: "set obs 60\ngen x = mod(_n, 5)\ngen y = cond(mod(_n, 3) == 0, 0, 1 + mod(_n*7, 4))\nzip y, inflate(_cons)",
        // The mean is that of the data.
        expect: &[("exp([y]_b[_cons])/(1+exp([inflate]_b[_cons])) - 5/3", 0.0)],
    }],
};

/// The command `zinb`.
pub(super) const SPEC_ZINB: CommandSpec = CommandSpec {
    name: "zinb",
    min: 4,
    run: run_zinb,
    syntax: "zinb depvar [indepvars] [if] [in] [weight], inflate(varlist|_cons) [probit forcevuong exposure(v) offset(v) noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "stores as zip and e(alpha); e(b) with /lnalpha; formulas: [R] zinb",
    examples: &[Example {
        // The share of zeros is that of the data.
        run: "set obs 60\ngenerate y = cond(mod(_n, 3) == 0, 0, mod(_n*_n, 7) + mod(_n, 2)*mod(_n*5, 9))\ncount if y == 0\nscalar p0 = r(N)/60\nzinb y, inflate(_cons)\nscalar a = e(alpha)\nscalar m = exp([y]_b[_cons])\nscalar q = invlogit([inflate]_b[_cons])",
        expect: &[("abs(q + (1 - q)*(1 + a*m)^(-1/a) - p0) < 1e-6", 1.0)],
    }],
    ..SPEC_ZIP
};

/// The command `tpoisson`.
pub(super) const SPEC_TPOISSON: CommandSpec = CommandSpec {
    name: "tpoisson",
    min: 8,
    form: Form::Standard(&TRUNCATED),
    by: ByRule::EachGroup,
    run: run_tpoisson,
    syntax: "tpoisson depvar [indepvars] [if] [in] [weight] [, ll(#) irr exposure(v) offset(v) noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "counts above ll(), 0 by default; stores e(N df_m ll ll_0 chi2 p r2_p), e(b), e(V), r(table); formulas: [R] tpoisson",
    examples: &[Example {
        // The mean of the truncated distribution is that of the data.
        run: "set obs 4\ngen y = _n\ntpoisson y\nscalar m = exp(_b[_cons])",
        expect: &[("m/(1-exp(-m))", 2.5)],
    }],
};

/// The command `tnbreg`.
pub(super) const SPEC_TNBREG: CommandSpec = CommandSpec {
    name: "tnbreg",
    min: 6,
    run: run_tnbreg,
    syntax: "tnbreg depvar [indepvars] [if] [in] [weight] [, ll(#) irr exposure(v) offset(v) noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "mean dispersion; stores as tpoisson and e(alpha); e(b) with /lnalpha; formulas: [R] tnbreg",
    examples: &[Example {
        // The mean of the truncated distribution is that of the data.
        run: "input y n\n1 40\n2 30\n3 20\n4 12\n5 8\n6 6\n8 4\n10 2\nend\ntnbreg y [fweight=n]\nscalar a = e(alpha)\nscalar m = exp([y]_b[_cons])",
        expect: &[("abs(m/(1 - (1 + a*m)^(-1/a)) - 336/122) < 1e-5", 1.0)],
    }],
    ..SPEC_TPOISSON
};

fn run_zip(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(session, cmd, "zip", &|session| zero_inflated::estimate(session, cmd, "zip", false))
}

fn run_zinb(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(session, cmd, "zinb", &|session| zero_inflated::estimate(session, cmd, "zinb", true))
}

fn run_tpoisson(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(session, cmd, "tpoisson", &|session| estimate_truncated(session, cmd, "tpoisson", false))
}

fn run_tnbreg(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(session, cmd, "tnbreg", &|session| estimate_truncated(session, cmd, "tnbreg", true))
}

pub(super) fn read(session: &mut Session, cmd: &ParsedCommand, further: Vec<usize>) -> Result<Model> {
    let reading = Reading { further, ..Reading::likelihood(cmd, WEIGHTS) };
    let mut model = reading.model(session)?.enough()?;
    if model.y.iter().any(|y| *y < 0.0) {
        return Err(StataError::new(459, format!("{} must be greater than or equal to zero", model.depvar)));
    }
    drop_collinear(session, &mut model);
    Ok(model)
}

pub(super) fn constant_equation<'a>() -> Equation<'a> {
    Equation { columns: Vec::new(), constant: true, offset: None }
}

pub(super) fn main_equation<'a>(model: &'a Model, slopes: bool, offset: Option<&'a [f64]>) -> Equation<'a> {
    let columns = if slopes { model.columns() } else { Vec::new() };
    Equation { columns, constant: model.constant, offset }
}

/// Log of the weighted mean of the outcome.
pub(super) fn log_mean(model: &Model, offset: Option<&[f64]>) -> f64 {
    let (weights, _) = likelihood::effective_weights(model);
    let w = weights.as_ref().map(|w| w.0.as_slice());
    let base = offset.map_or(1.0, |o| weighted_mean(&o.iter().map(|v| v.exp()).collect::<Vec<_>>(), w));
    (weighted_mean(&model.y, w).max(1e-6) / base).ln()
}

fn run(
    session: &mut Session,
    cmd: &ParsedCommand,
    name: &'static str,
    estimate: &dyn Fn(&mut Session) -> Result<()>,
) -> Result<()> {
    let (equations, dispersed) = (matches!(name, "zip" | "zinb"), has_alpha(name));
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name,
            estimate,
            header: &|session| {
                let title = session.e.results.get_text("title").unwrap_or("").to_string();
                if equations {
                    zero_inflated::header(session, &title);
                } else {
                    likelihood::header(session, &title);
                }
            },
            look: &|session| Look {
                eform: cmd.has("irr").then_some("IRR"),
                ancillary: match equations {
                    true if cmd.has("irr") => ml_command::behind_first(session),
                    true => 0,
                    false => usize::from(dispersed),
                },
                equations,
                ..Look::default()
            },
            footer: &|session| {
                if dispersed {
                    dispersion_footer(session, cmd);
                }
                if equations {
                    super::vuong::show(session, name);
                }
            },
        },
    )
}

/// The dispersion with its interval, and its test where there is one.
fn dispersion_footer(session: &mut Session, cmd: &ParsedCommand) {
    let last = session.e.b().map_or(0, |b| b.cols().saturating_sub(1));
    if let Ok(level) = level(session, cmd) {
        derived_row(session, "alpha", last, level, f64::exp, f64::exp);
    }
    session.print("-".repeat(78));
    if let Some(chi2) = session.e.results.get_scalar("chi2_c") {
        boundary_line(session, "alpha", chi2);
    }
}

/// Whether a command estimates the dispersion `alpha`.
fn has_alpha(name: &str) -> bool {
    matches!(name, "zinb" | "tnbreg")
}

#[expect(clippy::too_many_arguments, reason = "the parts of one result")]
pub(super) fn finish(
    session: &mut Session,
    cmd: &ParsedCommand,
    name: &'static str,
    model: &Model,
    fit: &MlFit,
    layout: Layout,
    ll_0: Option<f64>,
    slopes: usize,
) {
    let parameters = layout.parameters(&fit.b, &fit.v);
    let title = match name {
        "zip" => "Zero-inflated Poisson regression",
        "zinb" => "Zero-inflated negative binomial regression",
        "tpoisson" => "Truncated Poisson regression",
        _ => "Truncated negative binomial regression",
    };
    let tested: Vec<usize> = (0..slopes).collect();
    let mut est = ml_command::begin(
        cmd,
        model,
        &Posted {
            cmd: name,
            title,
            predict: "zip_p",
            parameters: &parameters,
            fit,
            ll_0,
            tested: &tested,
            equations: 1.0
                + f64::from(u8::from(title.starts_with("Zero")))
                + f64::from(u8::from(has_alpha(name))),
        },
    );
    if has_alpha(name) {
        est.results.scalar("alpha", fit.b[fit.b.len() - 1].exp()).scalar("k_aux", 1.0);
    }
    session.post_estimation(est, model.touse.clone());
}

/// What the truncated models store beside the rest; `plain` is the log likelihood without dispersion.
fn store_truncated(
    results: &mut Results,
    fit: &MlFit,
    limit: f64,
    nb: bool,
    (null, plain): (bool, Option<f64>),
) {
    results.scalar("llopt", limit).text("title2", format!("Truncation points: {limit}"));
    if nb {
        results.text("dispers", "mean");
    }
    if nb && null {
        results.scalar("rank0", 2.0);
    }
    if let Some(ll_c) = plain {
        results.scalar("ll_c", ll_c).scalar("chi2_c", (2.0 * (fit.ll - ll_c)).max(0.0));
        results.text("chi2_ct", "LR");
    }
}

/// `e(ll_0)` of `tpoisson`: the truncated likelihood at the constant of the Poisson model that is not truncated, the log of
/// the mean. Real Stata does not maximise it (stored results with ll(0) and ll(1)).
fn poisson_null(model: &Model, shift: Option<&[f64]>, limit: f64) -> f64 {
    let (weights, _) = likelihood::effective_weights(model);
    let constant = log_mean(model, shift);
    let of_row = |i: usize| {
        let eta = Jet::<1>::constant(constant + shift.map_or(0.0, |s| s[i]));
        let ll = (poisson(model.y[i], eta) - ln_above(limit, |k| poisson(k, eta))).v;
        weights.as_ref().map_or(1.0, |w| w.0[i]) * ll
    };
    estimators::real::stable_sum((0..model.y.len()).map(of_row))
}

fn estimate_truncated(
    session: &mut Session,
    cmd: &ParsedCommand,
    name: &'static str,
    nb: bool,
) -> Result<()> {
    let further = ml_command::offset_variables(session, &cmd.options)?;
    let model = read(session, cmd, further)?;
    let limit = cmd.options.real("ll").unwrap_or(0.0);
    if model.y.iter().any(|y| *y <= limit) {
        return Err(StataError::new(
            459,
            format!("{} must be greater than the truncation point", model.depvar),
        ));
    }
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    let y = &model.y;
    let slopes = model.columns().len();
    let equations = |slopes: bool| {
        let mut out = vec![main_equation(&model, slopes, shift)];
        out.extend(nb.then(constant_equation));
        out
    };
    let mut start = vec![0.0; slopes];
    start.extend(model.constant.then(|| log_mean(&model, shift)));
    start.extend(nb.then_some(-0.5));
    let formula1 = Formula::<1, _>(|row: usize, [eta]: [Jet<1>; 1]| {
        poisson(y[row], eta) - ln_above(limit, |k| poisson(k, eta))
    });
    let formula2 = Formula::<2, _>(|row: usize, [eta, alpha]: [Jet<2>; 2]| {
        negative_binomial(y[row], eta, alpha) - ln_above(limit, |k| negative_binomial(k, eta, alpha))
    });
    let null = (model.constant && nb)
        .then(|| ml_command::quiet(&model, &formula2, equations(false), &start[slopes..]))
        .transpose()?;
    let poisson_ll = || (model.constant && !nb).then(|| poisson_null(&model, shift, limit));
    let ll_0 = null.as_ref().map(|n| n.ll).or_else(poisson_ll);
    let mut from = vec![0.0; slopes];
    from.extend(null.as_ref().map_or(start[slopes..].to_vec(), |n| n.b.clone()));
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    if nb {
        layout.ancillary("lnalpha");
    }
    let fit = if nb {
        likelihood::maximise(session, &cmd.options, &model, &formula2, equations(true), &from, &layout)?
    } else {
        likelihood::maximise(session, &cmd.options, &model, &formula1, equations(true), &from, &layout)?
    };
    // The test of the dispersion needs independent rows and no constraints.
    let plain = (nb && !model.is_robust() && fit.constrained.is_none())
        .then(|| {
            let own = vec![main_equation(&model, true, shift)];
            ml_command::quiet(&model, &formula1, own, &start[..start.len() - 1])
        })
        .transpose()?
        .map(|p| p.ll);
    finish(session, cmd, name, &model, &fit, layout, ll_0, slopes);
    store_truncated(&mut session.e.results, &fit, limit, nb, (null.is_some(), plain));
    if let Some((_, text)) = &offset {
        session.e.results.text("offset", text);
    }
    Ok(())
}
