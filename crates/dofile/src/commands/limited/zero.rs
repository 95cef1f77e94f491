//! `zip`, `zinb`, `tpoisson` and `tnbreg`: counts with too many zeros, and counts without small values.
//!
//! Store in `e()`: N N_zero (zip, zinb) df_m ll ll_0 chi2 p r2_p (truncated) alpha rank converged, b, V, cmd
//! depvar inflate llopt. Formulas: [R] zip, [R] zinb, [R] tpoisson, [R] tnbreg.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::WEIGHTS;
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{Model, Reading};
use crate::estimation::post;
use crate::estimation::sample::Side;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind, top_level_comma};
use crate::{ml_options, ml_refused};
use estimators::jet::{Formula, Jet};
use estimators::ml::{Equation, Likelihood, MlFit};
use estimators::ml_zero::{inflated, ln_above, negative_binomial, poisson};
use estimators::qr::weighted_mean;

const UNSUPPORTED: &[&str] = ml_refused!["vuong", "zip", "DISPersion", "NOLRtest"];
const INFLATED: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::text("INFlate"),
    OptSpec::flag("probit"),
    OptSpec::text("EXPosure"),
    OptSpec::text("OFFset"),
])
.weights(WEIGHTS)
.unsupported(ml_refused!["vuong", "zip", "IRr"]);
const TRUNCATED: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::real("ll"),
    OptSpec::flag("IRr"),
    OptSpec::text("EXPosure"),
    OptSpec::text("OFFset"),
])
.weights(WEIGHTS)
.unsupported(UNSUPPORTED);

/// The command `zip`.
pub(super) const SPEC_ZIP: CommandSpec = CommandSpec {
    name: "zip",
    min: 3,
    form: Form::Standard(&INFLATED),
    by: ByRule::EachGroup,
    run: run_zip,
    syntax: "zip depvar [indepvars] [if] [in] [weight], inflate(varlist|_cons) [probit exposure(v) offset(v) noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "stores e(N N_zero df_m ll ll_0 chi2 p), e(b) with equations depvar and inflate, e(V), r(table); formulas: [R] zip",
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
    syntax: "zinb depvar [indepvars] [if] [in] [weight], inflate(varlist|_cons) [probit exposure(v) offset(v) noconstant vce(oim|robust|cluster v) level(#) nolog]",
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
    run(session, cmd, "zip", &|session| estimate_inflated(session, cmd, "zip", false))
}

fn run_zinb(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(session, cmd, "zinb", &|session| estimate_inflated(session, cmd, "zinb", true))
}

fn run_tpoisson(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(session, cmd, "tpoisson", &|session| estimate_truncated(session, cmd, "tpoisson", false))
}

fn run_tnbreg(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(session, cmd, "tnbreg", &|session| estimate_truncated(session, cmd, "tnbreg", true))
}

fn read(session: &mut Session, cmd: &ParsedCommand, further: Vec<usize>) -> Result<Model> {
    let reading = Reading { further, ..Reading::likelihood(cmd, WEIGHTS) };
    let mut model = reading.model(session)?.enough()?;
    if model.y.iter().any(|y| *y < 0.0) {
        return Err(StataError::new(459, format!("{} must be greater than or equal to zero", model.depvar)));
    }
    drop_collinear(session, &mut model);
    Ok(model)
}

fn constant_equation<'a>() -> Equation<'a> {
    Equation { columns: Vec::new(), constant: true, offset: None }
}

fn main_equation<'a>(model: &'a Model, slopes: bool, offset: Option<&'a [f64]>) -> Equation<'a> {
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
                likelihood::header(session, &title);
            },
            look: &|_| Look {
                eform: cmd.has("irr").then_some("IRR"),
                ancillary: usize::from(dispersed && !equations),
                equations,
            },
            footer: &|session| {
                if dispersed {
                    let alpha = session.e.results.get_scalar("alpha").unwrap_or(crate::value::MISSING);
                    session.print(format!("       alpha |  {}", crate::format::number("%9.0g", alpha)));
                    session.print("-".repeat(78));
                }
            },
        },
    )
}

/// Whether a command estimates the dispersion `alpha`.
fn has_alpha(name: &str) -> bool {
    matches!(name, "zinb" | "tnbreg")
}

/// The inflation equation: regressors of `inflate()`.
fn inflation(session: &Session, cmd: &ParsedCommand) -> Result<FvList> {
    let text =
        cmd.options.text("inflate").ok_or_else(|| StataError::new(198, "option inflate() required"))?;
    if top_level_comma(text).is_some() {
        return Err(StataError::unsupported_option(&cmd.name, "inflate(, ...)"));
    }
    let list = if text.trim() == "_cons" { "" } else { text };
    FvList::parse(&session.frame, list, session.settings.varabbrev)
}

fn estimate_inflated(session: &mut Session, cmd: &ParsedCommand, name: &'static str, nb: bool) -> Result<()> {
    let list = inflation(session, cmd)?;
    let mut further = ml_command::offset_variables(session, &cmd.options)?;
    further.extend(list.variables().iter().map(|v| session.variable(v)).collect::<Result<Vec<_>>>()?);
    let model = read(session, cmd, further)?;
    let (side, omitted) = Side::build(session, &list, &model.touse, true)?;
    post::note_omitted(session, &omitted);
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    // Frequency weights count rows.
    let counts = model.weights.as_ref().filter(|w| w.kind == WeightKind::Frequency);
    let count = |row: usize| counts.map_or(1.0, |w| w.values[row]);
    let zeros: f64 = (0..model.y.len()).filter(|row| model.y[*row] == 0.0).map(count).sum();
    if zeros == 0.0 {
        return Err(StataError::new(459, format!("{} never varies; always nonzero", model.depvar)));
    }
    let probit = cmd.has("probit");
    let y = &model.y;
    let equations = |slopes: bool| {
        let mut out = vec![
            main_equation(&model, slopes, shift),
            Equation { columns: side.columns(), constant: true, offset: None },
        ];
        out.extend(nb.then(constant_equation));
        out
    };
    let slopes = model.columns().len();
    let mut start = vec![0.0; slopes];
    start.extend(model.constant.then(|| log_mean(&model, shift)));
    start.extend(vec![0.0; side.columns().len()]);
    start.push(if probit { -0.3 } else { -0.5 });
    let without_dispersion = Formula::<2, _>(|row: usize, [eta, z]: [Jet<2>; 2]| {
        let (inflate, rest) = shares(z, probit);
        inflated(y[row], inflate, rest, poisson(y[row], eta))
    });
    if nb {
        let mut two = equations(true);
        two.pop();
        let of_poisson = ml_command::quiet(&model, &without_dispersion, two, &start).ok();
        let of_poisson = of_poisson.map(|fit| [fit.b.as_slice(), &[SMALL_DISPERSION]].concat());
        start.push(-0.5);
        let starts: Vec<Vec<f64>> = [start].into_iter().chain(of_poisson).collect();
        let formula = Formula::<3, _>(|row: usize, [eta, z, alpha]: [Jet<3>; 3]| {
            let (inflate, rest) = shares(z, probit);
            inflated(y[row], inflate, rest, negative_binomial(y[row], eta, alpha))
        });
        fit_inflated(session, cmd, name, &model, &side, &formula, equations, &starts)?;
    } else {
        fit_inflated(session, cmd, name, &model, &side, &without_dispersion, equations, &[start])?;
    }
    let results = &mut session.e.results;
    results.scalar("N_zero", zeros).text("inflate", if probit { "probit" } else { "logit" });
    if let Some((_, text)) = &offset {
        results.text("offset", text);
    }
    Ok(())
}

/// `ln(alpha)` of the second start of `zinb`, whose other parameters are those of `zip`. From the first start alone some
/// data lead to a lower maximum, at which the inflation has a probability of nearly zero.
const SMALL_DISPERSION: f64 = -1.0;

/// Log probabilities of being inflated and of the rest.
fn shares<const N: usize>(z: Jet<N>, probit: bool) -> (Jet<N>, Jet<N>) {
    if probit { (z.ln_normal(), (-z).ln_normal()) } else { (z.ln_logistic(), (-z).ln_logistic()) }
}

/// The start with the highest maximum, and that maximum: the likelihood of an inflated count may have several.
///
/// # Errors
/// r(430) where none of them leads to one.
fn highest<L: Likelihood>(
    model: &Model,
    formula: &L,
    equations: Vec<Equation<'_>>,
    starts: Vec<Vec<f64>>,
) -> Result<(Vec<f64>, MlFit)> {
    let mut best: Result<(Vec<f64>, MlFit)> = Err(StataError::new(430, "convergence not achieved"));
    for start in starts {
        let Ok(fit) = ml_command::quiet(model, formula, equations.clone(), &start) else { continue };
        // equal maxima differ in their last digits, and the first start is the usual one
        let is_higher = |(_, known): &(Vec<f64>, MlFit)| fit.ll > known.ll + 1e-6 * known.ll.abs().max(1.0);
        if best.as_ref().map_or(true, is_higher) {
            best = Ok((start, fit));
        }
    }
    best
}

#[expect(clippy::too_many_arguments, reason = "two commands differ in formula, equations and start values")]
fn fit_inflated<'a, L: Likelihood>(
    session: &mut Session,
    cmd: &ParsedCommand,
    name: &'static str,
    model: &'a Model,
    side: &'a Side,
    formula: &L,
    equations: impl Fn(bool) -> Vec<Equation<'a>>,
    starts: &[Vec<f64>],
) -> Result<()> {
    let slopes = model.columns().len();
    let constants: Vec<Vec<f64>> = starts.iter().map(|start| start[slopes..].to_vec()).collect();
    let null = highest(model, formula, equations(false), constants)?.1;
    let of_null = [vec![0.0; slopes], null.b.clone()].concat();
    let from: Vec<Vec<f64>> = [of_null].into_iter().chain(starts[1..].iter().cloned()).collect();
    let from = match <[Vec<f64>; 1]>::try_from(from) {
        Ok([only]) => only,
        Err(several) => highest(model, formula, equations(true), several)?.0,
    };
    let fit = likelihood::maximise(session, &cmd.options, model, formula, equations(true), &from)?;
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    layout.equation("inflate", side.names(), &side.estimated());
    let nb = formula.equations() == 3;
    if nb {
        layout.ancillary("lnalpha");
    }
    finish(session, cmd, name, model, &fit, layout, Some(null.ll), slopes);
    session.e.results.scalars.remove("r2_p");
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the parts of one result")]
fn finish(
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
            equations: 1.0,
        },
    );
    if has_alpha(name) {
        est.results.scalar("alpha", fit.b[fit.b.len() - 1].exp());
    }
    session.post_estimation(est, model.touse.clone());
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
    let null = match (model.constant, nb) {
        (false, _) => None,
        (true, false) => Some(ml_command::quiet(&model, &formula1, equations(false), &start[slopes..])?),
        (true, true) => Some(ml_command::quiet(&model, &formula2, equations(false), &start[slopes..])?),
    };
    let mut from = vec![0.0; slopes];
    from.extend(null.as_ref().map_or(start[slopes..].to_vec(), |n| n.b.clone()));
    let fit = if nb {
        likelihood::maximise(session, &cmd.options, &model, &formula2, equations(true), &from)?
    } else {
        likelihood::maximise(session, &cmd.options, &model, &formula1, equations(true), &from)?
    };
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    if nb {
        layout.ancillary("lnalpha");
    }
    finish(session, cmd, name, &model, &fit, layout, null.map(|n| n.ll), slopes);
    session.e.results.scalar("llopt", limit);
    if let Some((_, text)) = &offset {
        session.e.results.text("offset", text);
    }
    Ok(())
}
