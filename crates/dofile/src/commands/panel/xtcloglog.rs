//! `xtcloglog`: panel models of a 0/1 outcome with the complementary log-log curve, with normal random effects or averaged
//! over the population.
//!
//! Stores in `e()`: N N_g g_min g_avg g_max df_m ll ll_c chi2 chi2_c p sigma_u rho n_quad, b with /lnsig2u, V, cmd ivar
//! depvar. Formulas: [XT] xtcloglog.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::clogit::{group_rows, store_sizes};
use super::random::{Setup, fit, integration_points};
use super::unit_variable;
use super::xtgee::population_averaged;
use super::xtlogit::read;
use super::xtlogit_show::{footer, header, is_random};
use crate::error::{Result, StataError};
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::ml_glm::{Family, GlmLink};
use estimators::ml_random_outcomes::{Binary, Curve};

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::flag("re"),
    OptSpec::flag("pa"),
    OptSpec::text("Corr"),
    OptSpec::flag("EForm"),
    OptSpec::text("I"),
    OptSpec::text("OFFset"),
    OptSpec::int("INTPoints"),
])
.weights(super::xtgee::WEIGHTS)
.searched()
.unsupported(&["INTMethod", "LRMODEL", "ASIS"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtcloglog",
    min: 9,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "xtcloglog depvar [indepvars] [if] [in] [weight] [, re|pa corr(...) eform offset(v) intpoints(#) noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "weights with pa only; mean-variance adaptive Gauss-Hermite quadrature, 12 points; stores e(N N_g df_m ll ll_c chi2 chi2_c p sigma_u rho), e(b) with /lnsig2u, e(V), r(table); predict: xb, pr, pu0; formulas: [XT] xtcloglog",
    examples: &[Example {
        run: "set obs 120\ngen id = ceil(_n/8)\ngen x = mod(_n*7, 11) - 5\ngen y = x + 3*mod(id, 3) + mod(_n*5, 9) > 7\nxtset id\nxtcloglog y x",
        expect: &[
            ("e(N_g)", 15.0),
            ("2*(e(ll) - e(ll_c)) - e(chi2_c)", 0.0),
            ("e(sigma_u)^2 - exp(_b[/lnsig2u])", 0.0),
        ],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.has("pa") {
        if cmd.has("re") {
            return Err(StataError::invalid("option pa may not be combined with fe or re"));
        }
        return population_averaged(session, cmd, ("xtcloglog", Family::Binomial, GlmLink::Cloglog));
    }
    if cmd.weight.is_some() {
        return Err(StataError::new(101, "weights not allowed"));
    }
    if cmd.has("corr") {
        return Err(StataError::option_not_allowed("corr()"));
    }
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "xtcloglog",
            estimate: &|session| estimate(session, cmd),
            header: &header,
            look: &|session| Look {
                eform: cmd.has("eform").then_some("exp(b)"),
                ancillary: usize::from(is_random(session)),
                ..Look::default()
            },
            footer: &|session| footer(session, "xtcloglog"),
        },
    )
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let unit = unit_variable(session, cmd.options.text("i"))?;
    let mut model = read(session, cmd, unit, false)?;
    model.y.iter_mut().for_each(|y| *y = f64::from(u8::from(*y != 0.0)));
    if model.y.iter().all(|y| *y == model.y[0]) {
        return Err(StataError::new(2000, "outcome does not vary"));
    }
    let rows = group_rows(session, unit, &model);
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let ones = vec![1.0; model.y.len()];
    let mean = model.y.iter().sum::<f64>() / model.y.len() as f64;
    let points = integration_points(cmd, 12)?;
    let setup = Setup {
        model: &model,
        outcome: Binary { y: &model.y, curve: Curve::Cloglog },
        further: Vec::new(),
        constant: (-(-mean).ln_1p()).ln(),
        effects: vec![&ones],
        correlated: false,
        unit: 1.0,
        points,
        rows: &rows,
        offset: offset.as_ref().map(|o| o.0.as_slice()),
    };
    let mut found = fit(session, cmd, setup)?;
    let best = &mut found.fit;
    let last = best.b.len() - 1;
    // the kernel has ln(sigma_u), e(b) has ln(sigma_u^2)
    let doubled = 2.0 * best.b[last];
    ml_command::rescale(&mut best.b, &mut best.v, last, doubled, 2.0);
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    layout.ancillary("lnsig2u");
    let parameters = layout.parameters(&found.fit.b, &found.fit.v);
    let slopes: Vec<usize> = (0..model.columns().len()).collect();
    let posted = Posted {
        cmd: "xtcloglog",
        title: "Random-effects complementary log-log model",
        predict: "xtbin_p",
        parameters: &parameters,
        fit: &found.fit,
        ll_0: None,
        tested: &slopes,
        equations: 2.0,
    };
    let mut est = ml_command::begin(cmd, &model, &posted);
    let variance = doubled.exp();
    let results = &mut est.results;
    store_sizes(results, &rows);
    results.scalar("ll_c", found.ll_c).scalar("chi2_c", (2.0 * (found.fit.ll - found.ll_c)).max(0.0));
    results.scalar("sigma_u", variance.sqrt());
    // the latent error is of the Gumbel distribution
    results.scalar("rho", variance / (variance + std::f64::consts::PI.powi(2) / 6.0));
    results.scalar("n_quad", points as f64).text("intmethod", "mvaghermite").text("distrib", "Gaussian");
    results.text("chi2_ct", "LR").text("model", "re").text("ivar", session.frame.var(unit).name.clone());
    if let Some((_, text)) = &offset {
        results.text("offset", text);
    }
    session.post_estimation(est, model.touse.clone());
    Ok(())
}
