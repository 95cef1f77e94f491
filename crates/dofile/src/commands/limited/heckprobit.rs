//! `heckprobit`: probit of a 0/1 outcome that is seen for selected rows only.
//!
//! Stores in `e()`: N N_selected N_nonselected df_m ll ll_c chi2 chi2_c p p_c rho rank converged, b, V, cmd depvar.
//! Formulas: [R] heckprobit; Van de Ven and Van Praag (1981), Journal of Econometrics 17.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::WEIGHTS;
use super::heckman::{Selected, read, selection_header, store_counts};
use super::parts::{scalar, single, test_line, text};
use crate::error::{Result, StataError};
use crate::estimation::derived::derived_row;
use crate::estimation::display::level;
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::Model;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::{concat_lists, ml_options};
use estimators::distributions::chi2_tail;
use estimators::jet::Formula;
use estimators::ml::{Equation, MlFit};
use estimators::ml_binary::{Binary, Link};
use estimators::ml_pairs::selected_sign;
use estimators::wald;

const OPTIONS: &[OptSpec] = ml_options![OptSpec::text("SELect")];
const SYNTAX: StandardSyntax = StandardSyntax::new(concat_lists!(OptSpec; OPTIONS, ml_command::RATIO))
    .weights(WEIGHTS)
    .maximised()
    .unsupported(&["OFFset", "FIRst"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "heckprobit",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "heckprobit depvar [indepvars] [if] [in] [weight], select([depvar_s =] varlist_s [, noconstant]) [noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "stores e(N N_selected N_nonselected df_m ll ll_c chi2 chi2_c p p_c rho), e(b) with /athrho, e(V), r(table); formulas: [R] heckprobit",
    examples: &[Example {
        run: "set obs 90\ngen z = mod(_n*7, 11) - 5\ngen x = mod(_n*5, 13) - 6\ngen s = z + mod(_n*3, 8) - 3 > 0\ngen y = x + mod(_n*11, 7) - 3 > 0 if s\nheckprobit y x, select(z)",
        expect: &[("e(rho) - tanh(_b[/athrho])", 0.0), ("2*(e(ll) - e(ll_c)) - e(chi2_c)", 0.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let shown = level(session, cmd)?;
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "heckprobit",
            estimate: &|session| estimate(session, cmd),
            header: &|session| selection_header(session, &["Probit model with sample selection"], true),
            look: &|_| Look { equations: true, ..Look::default() },
            footer: &|session| footer(session, shown),
        },
    )
}

/// Probit of the outcome on the selected rows, with the weights of the sample.
fn outcome_alone(sample: &Selected, y: &[bool]) -> Result<MlFit> {
    let signs: Vec<bool> = sample.rows().map(|i| y[i]).collect();
    if signs.iter().all(|s| *s == signs[0]) {
        return Err(StataError::new(2000, "outcome does not vary; the selected rows have one value"));
    }
    let start = vec![0.0; sample.outcome.columns().len() + usize::from(sample.outcome.constant)];
    sample.outcome_alone(&Binary { y: &signs, link: Link::Probit }, 0, None, &start)
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let sample = read(session, cmd, &[])?;
    let model = &sample.model;
    let y: Vec<bool> = model.y.iter().map(|y| *y != 0.0).collect();
    let outcome = outcome_alone(&sample, &y)?;
    let chooser = Equation { columns: model.columns(), constant: model.constant, offset: None };
    let width = chooser.len();
    let probit = Binary { y: &sample.selected, link: Link::Probit };
    let selection = ml_command::quiet(model, &probit, vec![chooser.clone()], &vec![0.0; width])?;
    let ll_c = outcome.ll + selection.ll;
    let formula = Formula::<3, _>(|row: usize, eta| selected_sign(sample.selected[row].then(|| y[row]), eta));
    let equations = vec![
        Equation { columns: sample.outcome.columns(), constant: sample.outcome.constant, offset: None },
        chooser,
        single(),
    ];
    let mut from = outcome.b.clone();
    from.extend(&selection.b);
    from.push(0.0);
    let mut layout = Layout::default();
    layout.equation(&model.depvar, sample.outcome.names(), &sample.outcome.estimated());
    layout.equation(&sample.selection_name, model.names(), &model.estimated());
    layout.ancillary("athrho");
    let ll_0 = ml_command::constant_only(cmd, model, &formula, &equations, &from, 1)?;
    let fit = likelihood::maximise(session, &cmd.options, model, &formula, equations, &from, &layout)?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested: Vec<usize> = (0..sample.outcome.columns().len()).collect();
    let posted = Posted {
        cmd: "heckprobit",
        title: "Probit model with sample selection",
        predict: "heckpr_p",
        parameters: &parameters,
        fit: &fit,
        ll_0,
        tested: &tested,
        equations: 3.0,
    };
    let mut est = ml_command::begin(cmd, model, &posted);
    let results = &mut est.results;
    results.scalars.remove("r2_p");
    store_independence(model, &fit, ll_c, results);
    store_counts(&sample, results);
    session.post_estimation(est, model.touse.clone());
    Ok(())
}

/// Stores the correlation of both equations, whose inverse hyperbolic tangent is the last parameter, and its test; `ll_c` is the log
/// likelihood without it.
pub(super) fn store_independence(model: &Model, fit: &MlFit, ll_c: f64, results: &mut Results) {
    let last = fit.b.len() - 1;
    let (kind, chi2) = if model.is_robust() || fit.constrained.is_some() {
        ("Wald", wald::test_zero(&fit.b, &fit.v, &[last]).chi2)
    } else {
        results.scalar("ll_c", ll_c);
        ("LR", (2.0 * (fit.ll - ll_c)).max(0.0))
    };
    results.text("chi2_ct", kind).scalar("chi2_c", chi2).scalar("p_c", chi2_tail(1.0, chi2));
    results.scalar("rho", fit.b[last].tanh());
}

/// Prints the correlation of both equations and its test.
pub(super) fn footer(session: &mut Session, level: f64) {
    let Some(last) = session.e.b().map(|b| b.cols() - 1) else { return };
    derived_row(session, "rho", last, level, f64::tanh, |x| 1.0 - x.tanh().powi(2));
    session.print("-".repeat(78));
    let name = format!("{} test of indep. eqns. (rho = 0)", text(session, "chi2_ct"));
    let [chi2, p] = ["chi2_c", "p_c"].map(|n| scalar(session, n));
    test_line(session, &name, 1.0, chi2, p);
}
