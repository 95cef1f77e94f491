//! `hetregress`: linear regression whose error variance is an exponential function of regressors, by maximum likelihood.
//!
//! Stores in `e()`: N df_m ll ll_c chi2 chi2_c df_m_c p p_c rank converged, b, V, cmd depvar method. Formulas: [R]
//! hetregress; Harvey (1976), Econometrica 44.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::WEIGHTS;
use super::parts::{Listed, first, scalar, scale_footer, single, store_scale_test};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::Reading;
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::jet::{Formula, Jet};
use estimators::ml_censored::{Seen, censored};

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::text("het"),
    OptSpec::flag("MLe"),
    OptSpec::flag("WALDHET"),
    OptSpec::flag("LRMODEL"),
    OptSpec::flag("TWOstep"),
])
.weights(WEIGHTS)
.maximised();

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "hetregress",
    min: 10,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "hetregress depvar [indepvars] [if] [in] [weight] [, het(varlist) noconstant waldhet lrmodel vce(oim|robust|cluster v|opg) level(#) nolog] | hetregress depvar [indepvars] [if] [in], twostep het(varlist) [noconstant level(#)]",
    notes: "stores e(N df_m ll ll_c chi2 chi2_c df_m_c p p_c), e(b) with the equation lnsigma2, e(V), r(table); twostep: least squares, the regression of the log of squared residuals on het() with its constant raised by 1.2704 (the mean of the log of a chi-squared with the other sign), then weighted least squares; formulas: [R] hetregress, Harvey (1976)",
    examples: &[Example {
        // without regressors of the variance the coefficients are those of least squares
        run: "set obs 60\ngen x = mod(_n*7, 11) - 5\ngen z = mod(_n*5, 3)\ngen y = x + (1+z)*(mod(_n*3, 7) - 3)\nregress y x\nscalar b = _b[x]\nscalar s2 = e(rss)/e(N)\nhetregress y x\nassert abs(_b[x] - b) < 1e-8\nassert abs(exp([lnsigma2]_b[_cons])/s2 - 1) < 1e-8\nhetregress y x, het(z)",
        expect: &[("2*(e(ll) - e(ll_c)) - e(chi2_c)", 0.0), ("e(df_m_c)", 1.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "hetregress",
            estimate: &|session| match cmd.has("twostep") {
                true => super::hetregress_twostep::estimate(session, cmd),
                false => estimate(session, cmd),
            },
            header: &header,
            look: &|_| Look { equations: true, ..Look::default() },
            footer: &|session| scale_footer(session, "lnsigma2"),
        },
    )
}

/// Log likelihood of a row: the mean is index 0, the log of the variance index 1.
fn normal(y: f64, [xb, ln_variance]: [Jet<2>; 2]) -> Jet<2> {
    censored(Seen::Value(y), [xb, ln_variance * 0.5])
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = cmd.options.text("het").unwrap_or("");
    let listed = Listed::parse(session, "hetregress", text)?;
    if listed.offset.is_some() || !listed.constant {
        return Err(StataError::new(198, "het() takes no options"));
    }
    let further = listed.list.variables().iter().map(|v| session.variable(v)).collect::<Result<Vec<_>>>()?;
    let mut model = Reading { further, ..Reading::likelihood(cmd, WEIGHTS) }.model(session)?.enough()?;
    drop_collinear(session, &mut model);
    let scale = listed.part(session, "lnsigma2", &model.touse)?;
    let (y, main) = (&model.y, first(&model, true, None));
    let formula = Formula::<2, _>(|row: usize, eta| normal(y[row], eta));
    let width = main.len();
    let mut from = super::tobit::start(&model)?;
    // the start has the log of the deviation
    from[width] *= 2.0;
    let plain = ml_command::quiet(&model, &formula, vec![main.clone(), single()], &from)?;
    from.clone_from(&plain.b);
    from.splice(width..width, vec![0.0; scale.width() - 1]);
    let equations = vec![main, scale.equation()];
    let ll_0 = ml_command::constant_only(cmd, &model, &formula, &equations, &from, 1)?;
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    scale.add_to(&mut layout);
    let fit = likelihood::maximise(session, &cmd.options, &model, &formula, equations, &from, &layout)?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested: Vec<usize> = (0..model.columns().len()).collect();
    let posted = Posted {
        cmd: "hetregress",
        title: "Heteroskedastic linear regression",
        predict: "hetregress_p",
        parameters: &parameters,
        fit: &fit,
        ll_0,
        tested: &tested,
        equations: 2.0,
    };
    let mut est = ml_command::begin(cmd, &model, &posted);
    est.results.text("method", "ml");
    let scales: Vec<usize> = (width..fit.b.len() - 1).collect();
    if !scales.is_empty() {
        store_scale_test(&mut est.results, &fit, &scales, plain.ll, model.is_robust() || cmd.has("waldhet"));
    }
    session.post_estimation(est, model.touse.clone());
    Ok(())
}

fn header(session: &mut Session) {
    let facts = [Fact::observations(scalar(session, "N"))];
    let kind = if session.e.results.get_text("chi2type") == Some("LR") { "LR chi2" } else { "Wald chi2" };
    let test = [
        Fact::statistic(kind, &[scalar(session, "df_m")], scalar(session, "chi2")),
        Fact::probability("Prob > chi2", scalar(session, "p")),
    ];
    let two_steps = session.e.results.get_text("method") == Some("twostep");
    let ll = if two_steps { String::new() } else { likelihood::ll_line(session) };
    session.print("");
    show(session, &["Heteroskedastic linear regression".to_string()], &facts, 17, 10);
    session.print(if two_steps { "Two-step GLS estimation" } else { "ML estimation" });
    show(session, &[String::new(), ll], &test, 17, 10);
    session.print("");
}
