//! `scobit`: skewed logistic regression of a 0/1 outcome.
//!
//! Stores in `e()`: N N_f N_s k_aux ll ll_c alpha chi2 p chi2_c p_c (without a robust covariance) rank converged, b, V,
//! cmd depvar. Formulas: [R] scobit; Nagler (1994), American Journal of Political Science 38.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::WEIGHTS;
use super::parts::{first, scalar, single};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_perfect;
use crate::estimation::derived::derived_row;
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::Reading;
use crate::format;
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::chi2_tail;
use estimators::jet::Formula;
use estimators::ml_binary::{Binary, Link};
use estimators::ml_pairs::skewed_sign;

const SYNTAX: StandardSyntax =
    StandardSyntax::new(ml_options![OptSpec::text("OFFset"), OptSpec::flag("ASIS")])
        .weights(WEIGHTS)
        .maximised();

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "scobit",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "scobit depvar [indepvars] [if] [in] [weight] [, offset(v) asis noconstant vce(oim|robust|cluster v|opg) level(#) nolog]",
    notes: "stores e(N N_f N_s ll ll_c chi2_c p_c alpha), e(b) with /lnalpha, e(V), r(table); formulas: [R] scobit",
    examples: &[Example {
        run: "set obs 60\ngen x = mod(_n*7, 11) - 5\ngen y = x + mod(_n*3, 13) - 5 > 0\nlogit y x, nolog\nscalar l = e(ll)\nscobit y x, nolog",
        expect: &[
            ("abs(e(ll_c) - l) < 1e-8", 1.0),
            ("e(chi2_c) - 2*(e(ll) - e(ll_c))", 0.0),
            ("e(alpha) - exp(_b[/lnalpha])", 0.0),
        ],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let shown = level(session, cmd)?;
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "scobit",
            estimate: &|session| estimate(session, cmd),
            header: &header,
            look: &|_| Look { ancillary: 1, ..Look::default() },
            footer: &|session| footer(session, shown),
        },
    )
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let further = ml_command::offset_variables(session, &cmd.options)?;
    let mut model = Reading { further, ..Reading::likelihood(cmd, WEIGHTS) }.model(session)?.enough()?;
    drop_perfect(session, cmd, &mut model)?;
    let y: Vec<bool> = model.y.iter().map(|y| *y != 0.0).collect();
    if y.iter().all(|one| *one == y[0]) {
        return Err(StataError::new(2000, "outcome does not vary"));
    }
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    let main = first(&model, true, shift);
    let logit = Binary { y: &y, link: Link::Logit };
    let plain = ml_command::quiet(&model, &logit, vec![main.clone()], &vec![0.0; main.len()])?;
    let formula = Formula::<2, _>(|row: usize, eta| skewed_sign(y[row], eta));
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    layout.ancillary("lnalpha");
    let from = [plain.b.as_slice(), &[0.0]].concat();
    let equations = vec![main, single()];
    let fit = likelihood::maximise(session, &cmd.options, &model, &formula, equations, &from, &layout)?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested: Vec<usize> = (0..model.columns().len()).collect();
    let posted = Posted {
        cmd: "scobit",
        title: "Skewed logistic regression",
        predict: "scobit_p",
        parameters: &parameters,
        fit: &fit,
        ll_0: None,
        tested: &tested,
        equations: 2.0,
    };
    let mut est = ml_command::begin(cmd, &model, &posted);
    let results = &mut est.results;
    results.scalar("ll_c", plain.ll).scalar("alpha", fit.b[fit.b.len() - 1].exp());
    if !model.is_robust() && fit.constrained.is_none() {
        let chi2 = (2.0 * (fit.ll - plain.ll)).max(0.0);
        results.scalar("chi2_c", chi2).scalar("p_c", chi2_tail(1.0, chi2)).text("chi2_ct", "LR");
    }
    let frequency = model.weight_text.as_ref().is_some_and(|t| t.0 == "fweight");
    let weights = model.weights.as_ref().filter(|_| frequency);
    let count = |one: bool| -> f64 {
        (0..y.len()).filter(|i| y[*i] == one).map(|i| weights.map_or(1.0, |w| w.values[i])).sum()
    };
    results.scalar("N_s", count(true)).scalar("N_f", count(false));
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
    let ll = likelihood::ll_line(session);
    session.print("");
    show(session, &["Skewed logistic regression".to_string(), String::new(), ll], &facts, 17, 10);
    session.print("");
}

fn footer(session: &mut Session, level: f64) {
    if let Some(at) = session.e.b().map(|b| b.cols() - 1) {
        derived_row(session, "alpha", at, level, f64::exp, f64::exp);
        session.print("-".repeat(78));
    }
    if session.e.results.get_scalar("chi2_c").is_some() {
        let [chi2, p] = ["chi2_c", "p_c"].map(|n| scalar(session, n));
        let left = format!("LR test of alpha=1: chi2(1) = {}", format::bare("%8.2f", chi2).trim_start());
        let right = format!("Prob > chi2 = {}", format::bare("%6.4f", p));
        session.print(format!("{left}{right:>width$}", width = 78usize.saturating_sub(left.len())));
    }
    session.print("");
    session.print("Note: Likelihood-ratio tests are recommended for inference with scobit models.");
}
