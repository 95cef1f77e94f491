//! `hetprobit`: probit of a 0/1 outcome whose latent error has a modelled standard deviation.
//!
//! Stores in `e()`: N N_f N_s df_m ll ll_0 ll_c chi2 chi2_c df_m_c p p_c rank converged, b, V, cmd depvar method.
//! Formulas: [R] hetprobit; Harvey (1976), Econometrica 44.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::WEIGHTS;
use super::parts::{Listed, first, scalar, scale_footer, store_scale_test};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_perfect;
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::Reading;
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::jet::Formula;
use estimators::ml_binary::{Binary, Link};
use estimators::ml_pairs::scaled_sign;

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::text("het"),
    OptSpec::text("OFFset"),
    OptSpec::flag("WALDHET"),
    OptSpec::flag("ASIS")
])
.weights(WEIGHTS)
.maximised()
.unsupported(&["LRMODEL"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "hetprobit",
    min: 9,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "hetprobit depvar [indepvars] [if] [in] [weight], het(varlist [, offset(v)]) [noconstant offset(v) asis waldhet vce(oim|robust|cluster v) level(#) nolog]",
    notes: "stores e(N N_f N_s df_m ll ll_c chi2 chi2_c df_m_c p p_c), e(b) with the equation lnsigma, e(V), r(table); formulas: [R] hetprobit",
    examples: &[Example {
        run: "set obs 60\ngen x = mod(_n*7, 11) - 5\ngen z = mod(_n*5, 3)\ngen y = x + (1+z)*(mod(_n*3, 7) - 3) > 0\nhetprobit y x, het(z)",
        expect: &[("2*(e(ll) - e(ll_c)) - e(chi2_c)", 0.0), ("e(N_s) + e(N_f)", 60.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "hetprobit",
            estimate: &|session| estimate(session, cmd),
            header: &header,
            look: &|_| Look { equations: true, ..Look::default() },
            footer: &|session| scale_footer(session, "lnsigma"),
        },
    )
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = cmd.options.text("het").ok_or_else(|| StataError::new(198, "option het() required"))?;
    // the scale has no constant: it would not be identified
    let listed = Listed { constant: false, ..Listed::parse(session, "hetprobit", text)? };
    let mut further = ml_command::offset_variables(session, &cmd.options)?;
    further.extend(listed.list.variables().iter().map(|v| session.variable(v)).collect::<Result<Vec<_>>>()?);
    further.extend(listed.offset);
    let mut model = Reading { further, ..Reading::likelihood(cmd, WEIGHTS) }.model(session)?.enough()?;
    drop_perfect(session, cmd, &mut model)?;
    let y: Vec<bool> = model.y.iter().map(|y| *y != 0.0).collect();
    let ones = y.iter().filter(|y| **y).count();
    if ones == 0 || ones == y.len() {
        return Err(StataError::new(2000, "outcome does not vary"));
    }
    let scale = listed.part(session, "lnsigma", &model.touse)?;
    if scale.width() == 0 {
        return Err(StataError::new(198, "option het() has no regressors left"));
    }
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    let main = first(&model, true, shift);
    let width = main.len();
    let probit = Binary { y: &y, link: Link::Probit };
    let plain = ml_command::quiet(&model, &probit, vec![main.clone()], &vec![0.0; width])?;
    let formula = Formula::<2, _>(|row: usize, eta| scaled_sign(y[row], eta));
    let mut from = plain.b.clone();
    from.extend(vec![0.0; scale.width()]);
    let equations = vec![main, scale.equation()];
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    scale.add_to(&mut layout);
    let fit = likelihood::maximise(session, &cmd.options, &model, &formula, equations, &from, &layout)?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested: Vec<usize> = (0..model.columns().len()).collect();
    let posted = Posted {
        cmd: "hetprobit",
        title: "Heteroskedastic probit model",
        predict: "hetprob_p",
        parameters: &parameters,
        fit: &fit,
        ll_0: None,
        tested: &tested,
        equations: 2.0,
    };
    let mut est = ml_command::begin(cmd, &model, &posted);
    let results = &mut est.results;
    let scales: Vec<usize> = (width..fit.b.len()).collect();
    store_scale_test(results, &fit, &scales, plain.ll, model.is_robust() || cmd.has("waldhet"));
    results.text("method", "ml");
    let frequency = model.weight_text.as_ref().is_some_and(|t| t.0 == "fweight");
    let weights = model.weights.as_ref().filter(|_| frequency);
    let count = |one: bool| -> f64 {
        (0..y.len()).filter(|i| y[*i] == one).map(|i| weights.map_or(1.0, |w| w.values[i])).sum()
    };
    results.scalar("N_s", count(true)).scalar("N_f", count(false));
    if scale.shift.is_some() {
        results.text("offset2", text);
    }
    if let Some((_, text)) = &offset {
        results.text("offset", text);
    }
    session.post_estimation(est, model.touse.clone());
    Ok(())
}

fn header(session: &mut Session) {
    let facts = [
        Fact::observations(scalar(session, "N")),
        Fact::new("Zero outcomes", "%10.0fc", scalar(session, "N_f")),
        Fact::new("Nonzero outcomes", "%10.0fc", scalar(session, "N_s")),
    ];
    let test = [
        Fact::statistic("Wald chi2", &[scalar(session, "df_m")], scalar(session, "chi2")),
        Fact::probability("Prob > chi2", scalar(session, "p")),
    ];
    let ll = likelihood::ll_line(session);
    session.print("");
    show(session, &["Heteroskedastic probit model".to_string()], &facts, 17, 10);
    session.print("");
    show(session, &[String::new(), ll], &test, 17, 10);
    session.print("");
}
