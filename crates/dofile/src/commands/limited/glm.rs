//! `glm`: generalised linear models by maximum likelihood.
//!
//! Stores in `e()`: N k df_m df ll aic bic phi deviance deviance_s deviance_p deviance_ps dispers dispers_p
//! chi2 p rank converged, b, V, cmd depvar family link vce vcetype. Formulas: [R] glm.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::binary::{drop_collinear, drop_perfect};
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::ops::glm::{check, family, family_text, link, link_text};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{OptSpec, parse_number};
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::{format, ml_options};
use estimators::jet::{Formula, Jet};
use estimators::ml::{Equation, Likelihood, Limits, MlFit, Problem, Under};
use estimators::ml_glm::{Family, Glm, Scoring};
use estimators::real::stable_sum;

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::text("Family"),
    OptSpec::text("Link"),
    OptSpec::text("EXPosure"),
    OptSpec::text("LNOFFset"),
    OptSpec::text("OFFset"),
    OptSpec::flag("EForm"),
    OptSpec::flag("ASIS"),
    OptSpec::flag("irls"),
    OptSpec::text("SCale"),
])
.weights(&[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Importance, WeightKind::Probability])
.maximised()
.unsupported(&["DISP", "vfactor", "MU", "INIt", "noDISPLAY", "SEARCH"]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "glm",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "glm depvar [indepvars] [if] [in] [weight] [, family(gaussian|igaussian|binomial [v|#]|poisson|nbinomial [#]|gamma) link(identity|log|logit|probit|cloglog|loglog|logc|power #) exposure(v) offset(v) asis irls scale(x2|dev|#) eform noconstant vce(oim|eim|robust|cluster v) level(#) nolog]",
    notes: "irls and vce(eim) use the expected information; stores e(N df_m df ll aic bic phi deviance deviance_p dispers dispers_p chi2 p), e(b), e(V), r(table); predict: mu eta xb stdp response pearson deviance anscombe likelihood score hat cooksd, standardized studentized; formulas: [R] glm",
    examples: &[Example {
        // A mean of 2.5 with the log link.
        run: "set obs 4\ngen y = _n\nglm y, family(poisson)",
        expect: &[("exp(_b[_cons])", 2.5), ("e(df)", 3.0), ("e(phi)", 1.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "glm",
            estimate: &|session| {
                let o = &cmd.options;
                let asked = Asked {
                    family: family(o.text("family").unwrap_or(""))?,
                    link: o.text("link"),
                    information: information(cmd),
                };
                estimate(session, cmd, &asked)
            },
            header: &super::glm_show::header,
            look: &|session| Look {
                eform: cmd.has("eform").then(|| exponentiated(session)),
                ..Look::default()
            },
            footer: &super::glm_show::footer,
        },
    )
}

/// Heading of exponentiated estimates of the active results.
fn exponentiated(session: &Session) -> &'static str {
    let family = session.e.results.get_text("family").unwrap_or("").to_string();
    let heading = match family.as_str() {
        "binomial" => "Odds ratio",
        "poisson" => "IRR",
        _ => "exp(b)",
    };
    let named = session.e.results.get_text("link").is_some_and(|l| l == "log" || l == "logit");
    if named { heading } else { "exp(b)" }
}

/// A model: its family with the number of trials, the link if it is not that of the family, and the information matrix.
pub(super) struct Asked<'a> {
    /// Family and number or variable of trials.
    pub family: (Family, Option<String>),
    /// Link.
    pub link: Option<&'a str>,
    /// Information matrix.
    pub information: Information,
}

/// Trials of each row, and their text: a number or a variable.
struct Trials {
    values: Vec<f64>,
    text: Option<String>,
}

/// Reads the sample of a family: outcomes, regressors that stay, trials.
fn sample(
    session: &mut Session,
    cmd: &ParsedCommand,
    (family, text): (Family, Option<String>),
) -> Result<(Model, Trials)> {
    let fixed = text.as_deref().and_then(parse_number);
    let variable = match (&text, fixed) {
        (Some(name), None) => Some(session.numeric_variable(name)?),
        _ => None,
    };
    let mut further = ml_command::offset_variables(session, &cmd.options)?;
    further.extend(variable);
    let reading = Reading { further, plain_vce: &["oim", "eim"], ..Reading::likelihood(cmd, SYNTAX.weights) };
    let mut model = reading.model(session)?.enough()?;
    if family == Family::Binomial && text.is_none() {
        let outcome = |y: f64| if (0.0..=1.0).contains(&y) { y } else { f64::from(u8::from(y != 0.0)) };
        model.y.iter_mut().for_each(|y| *y = outcome(*y));
    }
    let single = family == Family::Binomial && (text.is_none() || fixed == Some(1.0));
    if cmd.name == "glm" && single && model.y.iter().all(|y| matches!(*y, 0.0 | 1.0)) {
        drop_perfect(session, cmd, &mut model)?;
    } else {
        drop_collinear(session, &mut model);
    }
    let values: Vec<f64> = match variable {
        Some(v) => model.design.rows.iter().map(|r| session.frame.num_at(v, *r)).collect(),
        None => vec![fixed.unwrap_or(1.0); model.y.len()],
    };
    check(&model, family, &values)?;
    Ok((model, Trials { values, text }))
}

/// Fits the model and posts its results.
pub(super) fn estimate(session: &mut Session, cmd: &ParsedCommand, asked: &Asked<'_>) -> Result<()> {
    let family = asked.family.0;
    let link = link(family, asked.link)?;
    let (model, trials) = sample(session, cmd, asked.family.clone())?;
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    let glm = Glm { family, link, y: &model.y, trials: &trials.values };
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    let mut fit = maximise(session, cmd, (&model, &glm), shift, asked.information, &layout)?;
    let sums = Sums::of(&model, &glm, shift, &fit);
    let phi = scale(cmd, family, sums.deviance / sums.df, sums.pearson / sums.df)?;
    if matches!(asked.information, Information::Expected { .. }) && session.shows_log(|o| cmd.has(o)) {
        print_deviances(session, &fit, sums.deviance);
    }
    if model.vce == VceSpec::OuterProducts && phi != 1.0 {
        return Err(StataError::unsupported_option("glm", "vce(opg) with an estimated dispersion"));
    }
    if !model.is_robust() {
        fit.v = fit.v.scaled(phi);
    }
    fit.ll = sums.ll;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let slopes: Vec<usize> = (0..model.columns().len()).collect();
    let posted = Posted {
        cmd: "glm",
        title: "Generalized linear models",
        predict: "glim_p",
        parameters: &parameters,
        fit: &fit,
        ll_0: None,
        tested: &slopes,
        equations: 1.0,
    };
    let mut est = ml_command::begin(cmd, &model, &posted);
    let results = &mut est.results;
    let held = fit.constrained.as_ref().map_or(0, |c| c.independent);
    sums.store(results, phi, (fit.b.len() - held) as f64);
    results.text("family", family_text(family)).text("link", link_text(link)).text("opt", "ml");
    super::glm_show::functions(results, family, link, trials.text.as_deref());
    if !model.is_robust() && results.get_text("vcetype").is_none() {
        results.text("vcetype", "OIM");
    }
    for (name, text) in [
        ("scale", cmd.options.text("scale").map(str::trim)),
        ("m", trials.text.as_deref()),
        ("offset", offset.as_ref().map(|o| o.1.as_str())),
    ] {
        if let Some(text) = text {
            results.text(name, text);
        }
    }
    if let Information::Expected { scoring } = asked.information {
        results.text("vcetype", if model.is_robust() { "Semirobust" } else { "EIM" });
        if scoring {
            results.text("opt", "irls");
            // As Stata: the search does not use the likelihood, and does not report it.
            results.scalars.remove("ll");
            results.scalars.remove("aic");
        }
        if !model.is_robust() {
            results.text("vce", "eim");
        }
    }
    session.post_estimation(est, model.touse.clone());
    Ok(())
}

/// Searches for the coefficients from the family's own start.
fn maximise(
    session: &mut Session,
    cmd: &ParsedCommand,
    (model, glm): (&Model, &Glm<'_>),
    shift: Option<&[f64]>,
    information: Information,
    layout: &Layout,
) -> Result<MlFit> {
    let weights = likelihood::effective_weights(model).0;
    let plain = weights.as_ref().map(|(w, _)| w.as_slice());
    let failed = || StataError::new(430, "initial values not feasible");
    let start = glm.start(&model.columns(), model.constant, plain, shift).ok_or_else(failed)?;
    let equations = vec![Equation { columns: model.columns(), constant: model.constant, offset: shift }];
    let options = &cmd.options;
    if let Information::Observed = information {
        let formula = Formula::<1, _>(|row: usize, [eta]: [Jet<1>; 1]| {
            glm.family.likelihood(glm.link, glm.y[row], glm.trials[row], eta)
        });
        return likelihood::maximise(session, options, model, &formula, equations, &start, layout);
    }
    let scoring = Scoring(glm);
    let own = equations.clone();
    let fit = likelihood::maximise_unlogged(session, options, model, &scoring, equations, &start, layout)?;
    Ok(settled(model, &scoring, own, fit))
}

/// How far a fit is from the outcomes.
struct Sums {
    n: f64,
    /// Residual degrees of freedom.
    df: f64,
    deviance: f64,
    pearson: f64,
    ll: f64,
}

impl Sums {
    fn of(model: &Model, glm: &Glm<'_>, shift: Option<&[f64]>, fit: &MlFit) -> Self {
        let Glm { family, link, y, trials } = *glm;
        let (weights, n) = likelihood::effective_weights(model);
        let weight = |i: usize| weights.as_ref().map_or(1.0, |w| w.0[i]);
        let columns = model.columns();
        let index = |i: usize| {
            columns.iter().zip(&fit.b).map(|(c, b)| c[i] * b).sum::<f64>()
                + if model.constant { fit.b[columns.len()] } else { 0.0 }
                + shift.map_or(0.0, |o| o[i])
        };
        let rows = 0..y.len();
        let mu: Vec<f64> =
            rows.clone().map(|i| trials[i] * link.mean(Jet::<1>::constant(index(i))).v).collect();
        let deviance = stable_sum(rows.clone().map(|i| weight(i) * family.deviance(y[i], mu[i], trials[i])));
        let square = |i: usize| (y[i] - mu[i]).powi(2) / family.variance(mu[i], trials[i]);
        let pearson = stable_sum(rows.clone().map(|i| weight(i) * square(i)));
        let circle = 2.0 * std::f64::consts::PI;
        let ll = match family {
            // The normal likelihood at its own variance; the inverse Gaussian one with dispersion one ([R] glm).
            Family::Gaussian => {
                let total: f64 = rows.map(weight).sum();
                -0.5 * total * ((circle * deviance / total).ln() + 1.0)
            }
            Family::InverseGaussian => {
                let own = |i: usize| family.deviance(y[i], mu[i], 1.0) + 3.0 * y[i].ln() + circle.ln();
                -0.5 * stable_sum(rows.map(|i| weight(i) * own(i)))
            }
            _ => fit.ll,
        };
        let held = fit.constrained.as_ref().map_or(0, |c| c.independent);
        Self { n, df: n - (fit.b.len() - held) as f64, deviance, pearson, ll }
    }

    /// Stores the sums, their scaled forms and the information criteria of `k` free parameters.
    fn store(&self, results: &mut Results, phi: f64, k: f64) {
        let Self { n, df, deviance, pearson, ll } = *self;
        results.scalar("df", df).scalar("phi", phi).scalar("vf", 1.0);
        results.scalar("deviance", deviance).scalar("deviance_p", pearson);
        results.scalar("deviance_s", deviance / phi).scalar("deviance_ps", pearson / phi);
        results.scalar("dispers", deviance / df).scalar("dispers_p", pearson / df);
        results.scalar("dispers_s", deviance / phi / df).scalar("dispers_ps", pearson / phi / df);
        results.scalar("aic", (-2.0 * ll + 2.0 * k) / n).scalar("bic", deviance - df * n.ln());
    }
}

/// Goes on with Fisher scoring, which nears the maximum by a share in each step where the link is not canonical, until
/// the coefficients settle; the log stays that of the search.
fn settled<L: Likelihood>(model: &Model, scoring: &L, equations: Vec<Equation<'_>>, fit: MlFit) -> MlFit {
    if !fit.converged || fit.constrained.is_some() {
        return fit;
    }
    let (weights, n) = likelihood::effective_weights(model);
    let weights = weights.as_ref().map(|(w, kind)| (w.as_slice(), *kind));
    let problem = Problem { model: scoring, equations, rows: model.y.len(), weights, n };
    let limits =
        Limits { iterations: 2000, tolerance: 1e-12, likelihood_tolerance: 0.0, newton_tolerance: 1e-12 };
    let under = Under { allowed: None, outer_products: model.vce == VceSpec::OuterProducts };
    match problem.maximise_under(&fit.b, limits, model.kernel_vce(), under) {
        Some(found) if found.converged => MlFit { log: fit.log, ..found },
        _ => fit,
    }
}

/// Which information matrix a fit uses.
#[derive(Clone, Copy)]
pub(super) enum Information {
    /// The Hessian.
    Observed,
    /// Its expectation; `scoring` where the search is Fisher scoring by name.
    Expected {
        /// Option `irls`.
        scoring: bool,
    },
}

fn information(cmd: &ParsedCommand) -> Information {
    let asked = cmd.options.text("vce").map_or("", str::trim);
    match (cmd.has("irls"), asked) {
        (true, _) => Information::Expected { scoring: true },
        (false, "eim") => Information::Expected { scoring: false },
        _ => Information::Observed,
    }
}

/// The dispersion: of `scale()`, or by default one for discrete families and Pearson's for continuous ones.
fn scale(cmd: &ParsedCommand, family: Family, deviance: f64, pearson: f64) -> Result<f64> {
    match cmd.options.text("scale").map(str::trim) {
        None if family.fixed_scale() => Ok(1.0),
        None | Some("x2") => Ok(pearson),
        Some("dev") => Ok(deviance),
        Some(text) => parse_number(text).filter(|v| *v > 0.0).ok_or_else(|| {
            StataError::invalid(format!("scale({text}) invalid: x2, dev or a positive number"))
        }),
    }
}

/// Prints the deviance of each iteration of Fisher scoring; it falls by twice the gain of the likelihood.
fn print_deviances(session: &mut Session, fit: &estimators::ml::MlFit, deviance: f64) {
    session.print("");
    for (i, line) in fit.log.iter().enumerate() {
        let value = format::bare("%10.0g", deviance + 2.0 * (fit.ll - line.ll));
        session.print(format!(
            "Iteration {}:{}Deviance = {value:>10}",
            i + 1,
            if i < 9 { "  " } else { " " }
        ));
    }
}
