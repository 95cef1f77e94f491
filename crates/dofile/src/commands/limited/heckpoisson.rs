//! `heckpoisson`: Poisson regression of a count that is seen for selected rows only, by maximum likelihood.
//!
//! Stores in `e()`: N N_selected N_nonselected df_m ll chi2 p chi2_c p_c rho sigma n_quad, b with /athrho /lnsigma, V, cmd depvar
//! title title2. Formulas: [R] heckpoisson, Methods and formulas; Terza (1998), Journal of Econometrics 84.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::WEIGHTS;
use super::heckman::{Selected, read, selection_header, store_counts};
use super::parts::{scalar, single, test_line, text};
use crate::error::{Result, StataError};
use crate::estimation::derived::derived_row;
use crate::estimation::display::level;
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::chi2_tail;
use estimators::ml::{Equation, MlFit};
use estimators::ml_binary::{Binary, Link};
use estimators::ml_count::Poisson;
use estimators::ml_treated_count::TreatedCount;
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::text("SELect"),
    OptSpec::flag("IRr"),
    OptSpec::int("INTPoints"),
    OptSpec::text("EXPosure"),
    OptSpec::text("OFFset"),
])
.weights(WEIGHTS)
.maximised();

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "heckpoisson",
    min: 11,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "heckpoisson depvar [indepvars] [if] [in] [weight], select([depvar_s =] varlist_s [, noconstant]) [irr exposure(v) offset(v) intpoints(#) noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "Gauss-Hermite quadrature, 25 points; stores e(N N_selected N_nonselected df_m ll chi2 p chi2_c p_c rho sigma n_quad), e(b) with /athrho /lnsigma, e(V), r(table); predict: n (the default), ir, ncond, pr(n), pr(a,b), psel, xb, xbsel, stdp, stdpsel; formulas: [R] heckpoisson, Terza (1998)",
    examples: &[Example {
        run: "set obs 200\ngen z = mod(_n*7, 11) - 5\ngen x = mod(_n*5, 13)/6\ngen u = mod(_n*17, 19) - 9\ngen s = z + u/2 > 0\ngen y = int(exp(.3 + x/2 + u/12) + mod(_n*11, 6)/4) if s\nheckpoisson y x, select(s = z)",
        expect: &[
            ("e(N_selected) + e(N_nonselected)", 200.0),
            ("abs(e(rho) - tanh(_b[/athrho])) < 1e-12", 1.0),
            ("abs(e(sigma) - exp(_b[/lnsigma])) < 1e-12", 1.0),
        ],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let shown = level(session, cmd)?;
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "heckpoisson",
            estimate: &|session| estimate(session, cmd),
            header: &|session| {
                let titles = [text(session, "title"), text(session, "title2")];
                selection_header(session, &[&titles[0], &titles[1]], true);
            },
            look: &|session| Look {
                equations: true,
                eform: cmd.has("irr").then_some("IRR"),
                ancillary: if cmd.has("irr") { ml_command::behind_first(session) } else { 0 },
                ..Look::default()
            },
            footer: &|session| footer(session, shown),
        },
    )
}

/// Poisson regression on the selected rows, with the weights of the sample: starting values.
fn outcome_alone(sample: &Selected, shift: Option<&[f64]>) -> Result<MlFit> {
    let y: Vec<f64> = sample.rows().map(|i| sample.model.y[i]).collect();
    let mut start = vec![0.0; sample.outcome.columns().len()];
    if sample.outcome.constant {
        start.push((y.iter().sum::<f64>() / y.len() as f64).max(1e-6).ln());
    }
    sample.outcome_alone(&Poisson { y: &y }, 0, shift, &start)
}

/// Refuses outcomes that are no counts.
fn check_counts(sample: &Selected) -> Result<()> {
    let depvar = &sample.model.depvar;
    let seen = || sample.rows().map(|i| sample.model.y[i]);
    if seen().any(|y| y < 0.0) {
        return Err(StataError::new(459, format!("{depvar} must be greater than or equal to zero")));
    }
    if seen().all(|y| y == 0.0) {
        return Err(StataError::new(498, format!("{depvar} is zero for all observations")));
    }
    Ok(())
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let points = cmd.options.int("intpoints").unwrap_or(25);
    if !(2..=128).contains(&points) {
        return Err(StataError::invalid("intpoints() must be between 2 and 128"));
    }
    let further = ml_command::offset_variables(session, &cmd.options)?;
    let sample = read(session, cmd, &further)?;
    check_counts(&sample)?;
    let model = &sample.model;
    let offset = outcome_offset(session, cmd, &sample)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    let outcome = outcome_alone(&sample, shift)?;
    let chooser = Equation { columns: model.columns(), constant: model.constant, offset: None };
    let probit = Binary { y: &sample.selected, link: Link::Probit };
    let selection = ml_command::quiet(model, &probit, vec![chooser.clone()], &vec![0.0; chooser.len()])?;
    let kernel = TreatedCount::selected(&model.y, &sample.selected, points as usize);
    let equations = vec![
        Equation { columns: sample.outcome.columns(), constant: sample.outcome.constant, offset: shift },
        chooser,
        single(),
        single(),
    ];
    let mut from = outcome.b.clone();
    from.extend(&selection.b);
    from.extend([0.0, -0.7]);
    let mut layout = Layout::default();
    layout.equation(&model.depvar, sample.outcome.names(), &sample.outcome.estimated());
    layout.equation(&sample.selection_name, model.names(), &model.estimated());
    layout.ancillary("athrho").ancillary("lnsigma");
    let fit = likelihood::maximise(session, &cmd.options, model, &kernel, equations, &from, &layout)?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested: Vec<usize> = (0..sample.outcome.columns().len()).collect();
    let posted = Posted {
        cmd: "heckpoisson",
        title: "Poisson regression with endogenous selection",
        predict: "heckpoisson_p",
        parameters: &parameters,
        fit: &fit,
        ll_0: None,
        tested: &tested,
        equations: 4.0,
    };
    let mut est = ml_command::begin(cmd, model, &posted);
    let size = fit.b.len();
    let chi2 = wald::test_zero(&fit.b, &fit.v, &[size - 2]).chi2;
    let results = &mut est.results;
    results.scalars.remove("r2_p");
    results.scalar("rho", fit.b[size - 2].tanh()).scalar("sigma", fit.b[size - 1].exp());
    results.scalar("chi2_c", chi2).scalar("p_c", chi2_tail(1.0, chi2)).text("chi2_ct", "Wald");
    results.scalar("n_quad", points as f64).scalar("k_dv", 2.0);
    results.text("title2", format!("({points} quadrature points)"));
    store_counts(&sample, results);
    results.scalars.remove("N_cens");
    if let Some((_, name)) = &offset {
        results.text("offset1", name);
    }
    session.post_estimation(est, model.touse.clone());
    Ok(())
}

/// The offset of the count, zero in rows that were not selected, and its text.
fn outcome_offset(
    session: &Session,
    cmd: &ParsedCommand,
    sample: &Selected,
) -> Result<Option<(Vec<f64>, String)>> {
    let Some((mut values, name)) = ml_command::offset(session, &cmd.options, &sample.model.design.rows)?
    else {
        return Ok(None);
    };
    values.iter_mut().zip(&sample.selected).filter(|(_, s)| !**s).for_each(|(v, _)| *v = 0.0);
    Ok(Some((values, name)))
}

fn footer(session: &mut Session, level: f64) {
    let Some(size) = session.e.b().map(|b| b.cols()) else { return };
    derived_row(session, "rho", size - 2, level, f64::tanh, |x| 1.0 - x.tanh().powi(2));
    derived_row(session, "sigma", size - 1, level, f64::exp, f64::exp);
    session.print("-".repeat(78));
    test_line(
        session,
        "Wald test of indep. eqns. (rho = 0)",
        1.0,
        scalar(session, "chi2_c"),
        scalar(session, "p_c"),
    );
}
