//! `heckoprobit`: ordered probit of a categorical outcome that is seen for selected rows only.
//!
//! Stores in `e()`: N N_selected N_nonselected k_cat cat df_m ll ll_c chi2 chi2_c p p_c rho rank converged, b, V, cmd depvar.
//! Formulas: [R] heckoprobit; De Luca and Perotti (2011), Stata Journal 11.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::WEIGHTS;
use super::heckman::{Selected, read, selection_header, store_counts};
use super::heckprobit::{footer, store_independence};
use super::parts::single;
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::matrix::{Matrix, Stripe};
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::ml::{Equation, MlFit};
use estimators::ml_binary::{Binary, Link};
use estimators::ml_choice::Ordered;
use estimators::ml_pairs::SelectedOrder;

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![OptSpec::text("SELect")])
    .weights(WEIGHTS)
    .maximised()
    .unsupported(&["OFFset", "FIRst"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "heckoprobit",
    min: 11,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "heckoprobit depvar indepvars [if] [in] [weight], select([depvar_s =] varlist_s [, noconstant]) [vce(oim|robust|cluster v) level(#) nolog]",
    notes: "stores e(N N_selected N_nonselected k_cat df_m ll ll_c chi2 chi2_c p p_c rho), e(cat), e(b) with /cut1 ... /athrho, e(V), r(table); formulas: [R] heckoprobit",
    examples: &[Example {
        // with two categories the model is that of heckprobit
        run: "set obs 90\ngen z = mod(_n*7, 11) - 5\ngen x = mod(_n*5, 13) - 6\ngen s = z + mod(_n*3, 8) - 3 > 0\ngen y = x + mod(_n*11, 7) - 3 > 0 if s\nheckprobit y x, select(z)\nscalar ll = e(ll)\nscalar c = [y]_b[_cons]\nscalar r = e(rho)\nheckoprobit y x, select(z)",
        expect: &[
            ("abs(e(ll) - ll) < 1e-8", 1.0),
            ("abs(_b[/cut1] + c) < 1e-5", 1.0),
            ("abs(e(rho) - r) < 1e-5", 1.0),
        ],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let shown = level(session, cmd)?;
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "heckoprobit",
            estimate: &|session| estimate(session, cmd),
            header: &|session| {
                selection_header(session, &["Ordered probit model with sample selection"], true);
            },
            look: &|_| Look { equations: true, ..Look::default() },
            footer: &|session| footer(session, shown),
        },
    )
}

/// The categories of the selected rows in ascending order, and that of each row.
fn categories(sample: &Selected) -> Result<(Vec<f64>, Vec<Option<usize>>)> {
    let rows = sample.model.y.iter().zip(&sample.selected);
    let mut values: Vec<f64> = rows.clone().filter(|r| *r.1).map(|r| *r.0).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    if values.len() < 2 {
        return Err(StataError::new(2000, "outcome does not vary; the selected rows have one value"));
    }
    if values.len() > 50 {
        return Err(StataError::new(149, "too many categories: more than 50 outcomes"));
    }
    let of_row = rows.map(|(y, chosen)| chosen.then(|| values.partition_point(|v| v < y))).collect();
    Ok((values, of_row))
}

/// Ordered probit of the selected rows with the weights of the sample.
fn outcome_alone(sample: &Selected, of_row: &[Option<usize>], categories: usize) -> Result<MlFit> {
    let y: Vec<usize> = of_row.iter().flatten().copied().collect();
    let mut start = vec![0.0; sample.outcome.columns().len()];
    let below = |c: usize| y.iter().filter(|k| **k < c).count() as f64 / y.len() as f64;
    start.extend((1..categories).map(|c| Link::Probit.index(below(c))));
    let kernel = Ordered { y: &y, categories, link: Link::Probit };
    sample.outcome_alone(&kernel, categories - 1, None, &start)
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.has("noconstant") {
        return Err(StataError::option_not_allowed("noconstant"));
    }
    let mut sample = read(session, cmd, &[])?;
    // the cut points are the constants
    sample.outcome.constant = false;
    let sample = sample;
    let model = &sample.model;
    let (values, of_row) = categories(&sample)?;
    let cuts = values.len() - 1;
    let outcome = outcome_alone(&sample, &of_row, values.len())?;
    let chooser = Equation { columns: model.columns(), constant: model.constant, offset: None };
    let width = chooser.len();
    let probit = Binary { y: &sample.selected, link: Link::Probit };
    let selection = ml_command::quiet(model, &probit, vec![chooser.clone()], &vec![0.0; width])?;
    let ll_c = outcome.ll + selection.ll;
    let slopes = sample.outcome.columns().len();
    let mut equations =
        vec![Equation { columns: sample.outcome.columns(), constant: false, offset: None }, chooser];
    equations.extend((0..=cuts).map(|_| single()));
    let mut from = outcome.b[..slopes].to_vec();
    from.extend(&selection.b);
    from.extend(&outcome.b[slopes..]);
    from.push(0.0);
    let mut layout = Layout::default();
    layout.equation(&model.depvar, sample.outcome.names(), &sample.outcome.estimated());
    layout.equation(&sample.selection_name, model.names(), &model.estimated());
    for cut in 1..=cuts {
        layout.ancillary(&format!("cut{cut}"));
    }
    layout.ancillary("athrho");
    let kernel = SelectedOrder { category: &of_row, categories: values.len() };
    let fit = likelihood::maximise(session, &cmd.options, model, &kernel, equations, &from, &layout)?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested: Vec<usize> = (0..slopes).collect();
    let posted = Posted {
        cmd: "heckoprobit",
        title: "Ordered probit model with sample selection",
        predict: "heckopr_p",
        parameters: &parameters,
        fit: &fit,
        ll_0: None,
        tested: &tested,
        equations: 3.0 + cuts as f64,
    };
    let mut est = ml_command::begin(cmd, model, &posted);
    let results = &mut est.results;
    store_independence(model, &fit, ll_c, results);
    let mut matrix = Matrix::new(1, values.len(), values.clone());
    matrix.row_names = vec![Stripe::term("r1")];
    results.scalar("k_cat", values.len() as f64).matrix("cat", matrix);
    store_counts(&sample, results);
    session.post_estimation(est, model.touse.clone());
    Ok(())
}
