//! `betareg`: regression of a share strictly between zero and one by a beta distribution with a modelled scale.
//!
//! Stores in `e()`: N k k_eq df_m ll ll_0 chi2 p rank converged, b, V, cmd depvar link slink linkt linkf slinkt slinkf.
//! Formulas: [R] betareg; Ferrari and Cribari-Neto (2004), Journal of Applied Statistics 31.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::WEIGHTS;
use super::parts::{Listed, Part, first, text};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{Model, Reading};
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::jet::{Formula, Jet};
use estimators::ml::Equation;
use estimators::ml_beta::{ScaleLink, ln_beta_density};
use estimators::ml_glm::GlmLink;
use estimators::qr::weighted_mean;

const SYNTAX: StandardSyntax =
    StandardSyntax::new(ml_options![OptSpec::text("SCale"), OptSpec::text("LInk"), OptSpec::text("SLInk"),])
        .weights(WEIGHTS)
        .maximised();

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "betareg",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "betareg depvar indepvars [if] [in] [weight] [, scale(varlist [, noconstant offset(v)]) link(logit|probit|cloglog|loglog) slink(log|root|identity) noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "stores e(N df_m ll ll_0 chi2 p), e(b) with the equation scale, e(V), r(table); the likelihood-ratio test compares with the model without slopes in the mean; formulas: [R] betareg",
    examples: &[Example {
        // Shares that are symmetric around one half have a mean of one half.
        run: "set obs 5\ngen y = _n/6\ngen x = mod(_n, 2)\nbetareg y x",
        expect: &[("abs(_b[x]) < 1e-6", 1.0), ("abs([y]_b[_cons]) < 1e-6", 1.0), ("e(N)", 5.0)],
    }],
};

/// Links of the mean: name, title and formula as the header shows them.
const LINKS: &[(GlmLink, &str, &str, &str)] = &[
    (GlmLink::Logit, "logit", "Logit", "log(u/(1-u))"),
    (GlmLink::Probit, "probit", "Probit", "invnorm(u)"),
    (GlmLink::Cloglog, "cloglog", "Comp. log-log", "log(-log(1-u))"),
    (GlmLink::Loglog, "loglog", "Log-log", "-log(-log(u))"),
];

/// Links of the scale.
const SCALES: &[(ScaleLink, &str, &str, &str)] = &[
    (ScaleLink::Log, "log", "Log", "log(phi)"),
    (ScaleLink::Root, "root", "Square root", "sqrt(phi)"),
    (ScaleLink::Identity, "identity", "Identity", "phi"),
];

fn chosen<T: Copy>(
    rows: &'static [(T, &'static str, &'static str, &'static str)],
    option: &str,
    cmd: &ParsedCommand,
) -> Result<&'static (T, &'static str, &'static str, &'static str)> {
    let asked = cmd.options.text(option).map_or("", str::trim);
    if asked.is_empty() {
        return Ok(&rows[0]);
    }
    rows.iter()
        .find(|row| row.1.starts_with(asked))
        .ok_or_else(|| StataError::invalid(format!("invalid {option}(): {asked}")))
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "betareg",
            estimate: &|session| estimate(session, cmd),
            header: &header,
            look: &|_| Look { equations: true, ..Look::default() },
            footer: &|_| {},
        },
    )
}

fn header(session: &mut Session) {
    likelihood::header(session, "Beta regression");
    for (label, formula, title) in
        [("Link function", "linkf", "linkt"), ("Slink function", "slinkf", "slinkt")]
    {
        let (formula, title) = (text(session, formula), text(session, title));
        session.print(format!("{label:<15}: g({}) = {formula:<16} [{title}]", variable_of(label)));
    }
    session.print("");
}

fn variable_of(label: &str) -> &'static str {
    if label.starts_with('S') { "phi" } else { "u" }
}

/// Start: the link of the mean share, and the scale of its variance.
fn start(model: &Model, link: GlmLink, scale_link: ScaleLink) -> (f64, f64) {
    let (weights, _) = likelihood::effective_weights(model);
    let w = weights.as_ref().map(|w| w.0.as_slice());
    let mean = weighted_mean(&model.y, w);
    let squares: Vec<f64> = model.y.iter().map(|y| (y - mean).powi(2)).collect();
    let variance = weighted_mean(&squares, w).max(1e-8);
    let scale = (mean * (1.0 - mean) / variance - 1.0).max(0.1);
    (link.index(mean), scale_link.index(scale))
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let link = chosen(LINKS, "link", cmd)?;
    let scale_link = chosen(SCALES, "slink", cmd)?;
    let listed = Listed::parse(session, "betareg", cmd.options.text("scale").unwrap_or(""))?;
    let mut further: Vec<usize> =
        listed.list.variables().iter().map(|v| session.variable(v)).collect::<Result<_>>()?;
    further.extend(listed.offset);
    let mut model = Reading { further, ..Reading::likelihood(cmd, WEIGHTS) }.model(session)?.enough()?;
    drop_collinear(session, &mut model);
    if model.y.iter().any(|y| *y <= 0.0 || *y >= 1.0) {
        return Err(StataError::new(
            459,
            format!("{} must be greater than zero and less than one", model.depvar),
        ));
    }
    let scale = listed.part(session, "scale", &model.touse)?;
    let formula = Formula::<2, _>(|row: usize, [mean, spread]: [Jet<2>; 2]| {
        ln_beta_density(model.y[row], link.0.mean(mean), scale_link.0.scale(spread))
    });
    let equations =
        |slopes: bool| -> Vec<Equation<'_>> { vec![first(&model, slopes, None), scale.equation()] };
    let (index, spread) = start(&model, link.0, scale_link.0);
    let slopes = model.columns().len();
    let mut from = vec![0.0; slopes];
    from.extend(model.constant.then_some(index));
    from.extend(vec![0.0; scale.side.columns().len()]);
    from.extend(scale.side.constant.then_some(spread));
    let null = match model.constant {
        true => Some(ml_command::quiet(&model, &formula, equations(false), &from[slopes..])?),
        false => None,
    };
    if let Some(null) = &null {
        from[slopes..].copy_from_slice(&null.b);
    }
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    scale.add_to(&mut layout);
    let fit = likelihood::maximise(session, &cmd.options, &model, &formula, equations(true), &from, &layout)?;
    post(session, cmd, &model, &scale, (&fit, &layout), null.map(|n| n.ll));
    let results = &mut session.e.results;
    results.text("link", link.1).text("linkt", link.2).text("linkf", link.3);
    results.text("slink", scale_link.1).text("slinkt", scale_link.2).text("slinkf", scale_link.3);
    Ok(())
}

fn post(
    session: &mut Session,
    cmd: &ParsedCommand,
    model: &Model,
    scale: &Part,
    (fit, layout): (&estimators::ml::MlFit, &Layout),
    ll_0: Option<f64>,
) {
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested: Vec<usize> = (0..model.columns().len()).collect();
    let posted = Posted {
        cmd: "betareg",
        title: "Beta regression",
        predict: "betareg_p",
        parameters: &parameters,
        fit,
        ll_0,
        tested: &tested,
        equations: 2.0,
    };
    let mut est = ml_command::begin(cmd, model, &posted);
    // As Stata: no pseudo R2 of a density.
    est.results.scalars.remove("r2_p");
    if scale.shift.is_some() {
        est.results.text("offset2", cmd.options.text("scale").unwrap_or(""));
    }
    session.post_estimation(est, model.touse.clone());
}
