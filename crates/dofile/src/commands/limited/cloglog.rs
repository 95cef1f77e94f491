//! `cloglog` and `fracreg`: complementary log-log regression of a 0/1 outcome, and regression of a share.
//!
//! Store in `e()`: N N_f N_s (cloglog) df_m ll ll_0 (fracreg: r2_p) chi2 p rank converged, b, V, cmd depvar.
//! Formulas: [R] cloglog, [R] fracreg; Papke and Wooldridge (1996), Journal of Applied Econometrics 11.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::WEIGHTS;
use super::fracreg_het;
use crate::error::{Result, StataError};
use crate::estimation::binary::{drop_collinear, drop_perfect};
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{LIKELIHOOD_VCE, Model, Reading, VceSpec, first_word};
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::jet::{Formula, Jet};
use estimators::ml::Equation;
use estimators::qr::weighted_mean;

const SYNTAX: StandardSyntax =
    StandardSyntax::new(ml_options![OptSpec::flag("EForm"), OptSpec::text("OFFset"), OptSpec::flag("ASIS")])
        .weights(WEIGHTS)
        .maximised();
const FRACTION: StandardSyntax =
    StandardSyntax::new(ml_options![OptSpec::flag("or"), OptSpec::text("OFFset"), OptSpec::text("het")])
        .weights(WEIGHTS)
        .maximised();

/// The command `cloglog`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "cloglog",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run: run_cloglog,
    syntax: "cloglog depvar [indepvars] [if] [in] [weight] [, noconstant offset(v) asis eform vce(oim|robust|cluster v) level(#) nolog]",
    notes: "stores e(N N_f N_s df_m ll ll_0 chi2 p), e(b), e(V), r(table); formulas: [R] cloglog",
    examples: &[Example {
        // One half: ln(-ln(1/2)).
        run: "set obs 4\ngen y = _n > 2\ncloglog y",
        expect: &[("_b[_cons]", -0.366_512_920_581_664_3), ("e(N_s)", 2.0)],
    }],
};

/// The command `fracreg`.
pub(super) const SPEC_FRACREG: CommandSpec = CommandSpec {
    name: "fracreg",
    min: 7,
    form: Form::Standard(&FRACTION),
    by: ByRule::EachGroup,
    run: run_fraction,
    syntax: "fracreg probit|logit depvar [indepvars] [if] [in] [weight] [, het(varlist [, offset(v)]) noconstant offset(v) or vce(robust|oim|cluster v) level(#) nolog]",
    notes: "robust covariance by default; het() goes with probit, or with logit; stores e(N df_m ll ll_0 r2_p chi2 p), e(b) (with het() the equation lnsigma), e(V), r(table); formulas: [R] fracreg",
    examples: &[
        Example {
            run: "set obs 4\ngen y = _n/10\nfracreg logit y",
            expect: &[("invlogit(_b[_cons])", 0.25)],
        },
        Example {
            // The index and its scale fit both means: that of the first group is the index alone.
            run: "set obs 40\ngen z = _n > 20\ngen y = cond(z, .55, .6) + mod(_n, 5)/20 - .1\nfracreg probit y, het(z) nolog",
            expect: &[("abs(normal([y]_b[_cons]) - .6) < 1e-8", 1.0)],
        },
    ],
};

/// `ln P` and `ln(1 - P)` of a link at a linear index.
pub(super) fn log_shares(link: &str, xb: Jet<1>) -> (Jet<1>, Jet<1>) {
    match link {
        "logit" => (xb.ln_logistic(), (-xb).ln_logistic()),
        "probit" => (xb.ln_normal(), (-xb).ln_normal()),
        _ => ((-xb.exp()).one_minus_exp().ln(), -xb.exp()),
    }
}

fn index_of(link: &str, p: f64) -> f64 {
    match link {
        "logit" => (p / (1.0 - p)).ln(),
        "probit" => estimators::distributions::normal_quantile(p),
        _ => (-(1.0 - p).ln()).ln(),
    }
}

fn run_cloglog(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let estimate = |session: &mut Session| estimate(session, cmd, "cloglog", "cloglog", &cmd.list);
    run(session, cmd, "cloglog", &estimate, cmd.has("eform").then_some("exp(b)"))
}

fn run_fraction(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let estimate = |session: &mut Session| {
        let (word, rest) = first_word(&cmd.list);
        let link = match word {
            w if !w.is_empty() && "logit".starts_with(w) => "logit",
            w if !w.is_empty() && "probit".starts_with(w) => "probit",
            _ => return Err(StataError::new(198, "estimator must be probit or logit")),
        };
        match (link, cmd.options.text("het")) {
            ("probit", _) if cmd.has("or") => return Err(StataError::option_not_allowed("or")),
            ("probit", Some(het)) => return fracreg_het::estimate(session, cmd, rest, het),
            ("logit", Some(_)) => return Err(StataError::option_not_allowed("het()")),
            _ => {}
        }
        estimate(session, cmd, "fracreg", link, rest)
    };
    run(session, cmd, "fracreg", &estimate, cmd.has("or").then_some("Odds ratio"))
}

fn run(
    session: &mut Session,
    cmd: &ParsedCommand,
    name: &str,
    estimate: &dyn Fn(&mut Session) -> Result<()>,
    eform: Option<&'static str>,
) -> Result<()> {
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
            look: &|session| Look {
                eform,
                equations: session.e.results.get_text("estimator") == Some("hetprobit"),
                ..Look::default()
            },
            footer: &|_| {},
        },
    )
}

fn equation<'a>(model: &'a Model, slopes: bool, offset: Option<&'a [f64]>) -> Vec<Equation<'a>> {
    let columns = if slopes { model.columns() } else { Vec::new() };
    vec![Equation { columns, constant: model.constant, offset }]
}

/// Reads the sample: an outcome of 0 and 1, or a share with `fracreg`.
fn sample(session: &mut Session, cmd: &ParsedCommand, name: &'static str, list: &str) -> Result<Model> {
    let share = name == "fracreg";
    let mut vce = VceSpec::parse(name, &cmd.options, LIKELIHOOD_VCE)?;
    if share && vce == VceSpec::Default && cmd.options.text("vce").is_none() {
        vce = VceSpec::Robust;
    }
    let reading = Reading {
        list,
        further: ml_command::offset_variables(session, &cmd.options)?,
        vce: Some(vce),
        ..Reading::likelihood(cmd, WEIGHTS)
    };
    let mut model = reading.model(session)?;
    if share {
        if model.y.iter().any(|y| !(0.0..=1.0).contains(y)) {
            return Err(StataError::new(459, format!("{} must be between 0 and 1", model.depvar)));
        }
        drop_collinear(session, &mut model);
    } else {
        model.y.iter_mut().for_each(|y| *y = f64::from(u8::from(*y != 0.0)));
        drop_perfect(session, cmd, &mut model)?;
    }
    Ok(model)
}

fn estimate(
    session: &mut Session,
    cmd: &ParsedCommand,
    name: &'static str,
    link: &'static str,
    list: &str,
) -> Result<()> {
    let share = name == "fracreg";
    let model = sample(session, cmd, name, list)?;
    let (weights, _) = likelihood::effective_weights(&model);
    let mean = weighted_mean(&model.y, weights.as_ref().map(|w| w.0.as_slice()));
    if mean <= 0.0 || mean >= 1.0 {
        return Err(StataError::new(2000, "outcome does not vary"));
    }
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    let formula = Formula::<1, _>(|row: usize, [xb]: [Jet<1>; 1]| {
        let (one, zero) = log_shares(link, xb);
        let y = model.y[row];
        match y {
            1.0 => one,
            0.0 => zero,
            y => one * y + zero * (1.0 - y),
        }
    });
    let slopes = model.columns().len();
    let mut start = vec![0.0; slopes];
    start.extend(model.constant.then(|| index_of(link, mean)));
    let ll_0 = match model.constant {
        true => {
            Some(ml_command::quiet(&model, &formula, equation(&model, false, shift), &start[slopes..])?.ll)
        }
        false => None,
    };
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    let fit = likelihood::maximise(
        session,
        &cmd.options,
        &model,
        &formula,
        equation(&model, true, shift),
        &start,
        &layout,
    )?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested: Vec<usize> = (0..slopes).collect();
    let title = match (share, link) {
        (false, _) => "Complementary log-log regression",
        (true, "logit") => "Fractional logistic regression",
        _ => "Fractional probit regression",
    };
    let posted = Posted {
        cmd: name,
        title,
        predict: if share { "fracreg_p" } else { "clogl_p" },
        parameters: &parameters,
        fit: &fit,
        ll_0,
        tested: &tested,
        equations: 1.0,
    };
    let mut est = ml_command::begin(cmd, &model, &posted);
    est.results.text("estimator", link);
    if let Some((_, text)) = &offset {
        est.results.text("offset", text);
    }
    if !share {
        // As Stata: counts of both outcomes, no pseudo R2.
        let n = est.results.get_scalar("N").unwrap_or(0.0);
        let ones = ones(&model);
        est.results.scalar("N_s", ones).scalar("N_f", n - ones);
        est.results.scalars.remove("r2_p");
    }
    session.post_estimation(est, model.touse.clone());
    Ok(())
}

/// Observations with the outcome 1.
fn ones(model: &Model) -> f64 {
    let frequency = model.weight_text.as_ref().is_some_and(|t| t.0 == "fweight");
    let weights = likelihood::effective_weights(model).0.filter(|_| frequency);
    let weight = |i: usize| weights.as_ref().map_or(1.0, |w| w.0[i]);
    (0..model.y.len()).filter(|i| model.y[*i] == 1.0).map(weight).sum()
}
