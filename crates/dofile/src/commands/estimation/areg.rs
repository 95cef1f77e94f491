//! `areg`: linear regression that absorbs the indicators of one or several variables.
//!
//! Syntax: `areg depvar [indepvars] [if] [in] [weight], absorb(varlist) [vce(ols|robust|cluster v) robust
//! cluster(v) level(#)]`. Stores in `e()`: N df_m df_r df_a F F_absorb r2 r2_a rss mss tss rmse ll ll_0 k_absorb
//! rank N_clust, b V, cmd absvar absvars depvar vce vcetype clustvar; with several variables also the matrix
//! absorbed (levels and redundant levels of each). Formulas: [R] areg; several sets of effects: Correia (2017).
//! The degrees of freedom of several sets are exact for two (connected parts of their graph are redundant) and
//! a conservative bound for more; all effects count in the factor of a cluster covariance.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::{fit_error, level, show_active};
use crate::estimation::header::{Fact, show};
use crate::estimation::model::{Reading, number_groups};
use crate::estimation::post::{self, Parameters, plain_stripe, stata};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::MISSING;
use estimators::distributions::f_tail;
use estimators::ols::Request;
use estimators::panel::{self, Units, WithinFit};
use std::sync::Arc;

/// Options of `areg`.
pub(super) const OPTIONS: &[OptSpec] = &[
    OptSpec::text("Absorb"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
];

const SYNTAX: StandardSyntax = StandardSyntax::new(OPTIONS)
    .weights(&[WeightKind::Analytic, WeightKind::Frequency, WeightKind::Probability])
    .coefficient_table();

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "areg",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "areg depvar [indepvars] [if] [in] [weight], absorb(varlist) [vce(ols|robust|cluster v) level(#)]",
    notes: "stores e(N df_m df_r df_a F F_absorb r2 r2_a rss rmse k_absorb N_clust), e(b), e(V), r(table); formulas: [R] areg",
    examples: &[Example {
        // A balanced two-way layout: the slope is the one of the doubly centred columns.
        run: "set obs 6\ngen a = ceil(_n/2)\ngen b = mod(_n,2)\ngen x = _n == 1\ngen y = 3*x + 10*a + b\nareg y x, absorb(a b)",
        expect: &[("_b[x]", 3.0), ("e(df_a)", 3.0), ("e(k_absorb)", 5.0), ("e(df_r)", 1.0)],
    }],
};

/// Runs the command.
fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "areg" {
        return display(session, cmd);
    }
    let name = cmd.options.text("absorb").ok_or_else(|| StataError::invalid("option absorb() required"))?;
    let absorbed = session.varlist(name)?;
    let mut model = Reading { further: absorbed.clone(), ..Reading::new(cmd) }.model(session)?.enough()?;
    let mut sets: Vec<(usize, Units)> = absorbed
        .iter()
        .map(|v| (*v, Units::new(number_groups(&session.frame, *v, &model.design.rows).0)))
        .collect();
    // The largest set is eliminated exactly; the order of the others does not matter.
    sets.sort_by_key(|(_, units)| std::cmp::Reverse(units.count()));
    let (order, sets): (Vec<usize>, Vec<Units>) = sets.into_iter().unzip();
    let (fit, redundant) = {
        let columns = model.columns();
        let request = Request {
            weights: model.weights.as_ref(),
            vce: model.kernel_vce(),
            ..Request::new(&model.y, &columns)
        };
        match sets.as_slice() {
            [units] => (panel::within(&request, units, true).map_err(fit_error)?, vec![0]),
            sets => panel::absorb(&request, sets).map_err(fit_error)?,
        }
    };
    let omitted = model.omit(&fit.ols.basis.omitted);
    post::note_omitted(session, &omitted);
    let parameters =
        Parameters::spread(plain_stripe(model.names()), &model.estimated(), &fit.ols.b, &fit.ols.v);
    let mut est = post::begin("areg", &post::command_line(cmd), &parameters, &model);
    store(&mut est.results, &fit);
    let counts: Vec<(String, usize, usize)> = absorbed
        .iter()
        .map(|v| {
            let at = order.iter().position(|o| o == v).expect("the order is a permutation");
            (session.frame.var(*v).name.clone(), sets[at].count(), redundant[at])
        })
        .collect();
    store_sets(&mut est.results, &counts);
    if sets.len() > 1 {
        est.extra = Some(Arc::new(post::AbsorbState { residuals: fit.ols.residuals.clone() }));
    }
    est.results.text("title", "Linear regression, absorbing indicators").text("model", "ols");
    let touse = model.touse.clone();
    session.post_estimation(est, touse);
    display(session, cmd)
}

/// Names and sizes of the absorbed sets; the matrix `e(absorbed)` has one row for each.
fn store_sets(results: &mut Results, counts: &[(String, usize, usize)]) {
    let levels: usize = counts.iter().map(|c| c.1).sum();
    let names: Vec<&str> = counts.iter().map(|c| c.0.as_str()).collect();
    results.scalar("k_absorb", levels as f64);
    results.text("absvar", names[0]).text("absvars", names.join(" ")).text("predict", "areg_p");
    if counts.len() > 1 {
        let data = counts.iter().flat_map(|c| [c.1 as f64, c.2 as f64]).collect();
        let mut table = Matrix::new(counts.len(), 2, data);
        table.row_names = counts.iter().map(|c| Stripe::term(c.0.clone())).collect();
        table.col_names = ["levels", "redundant"].map(Stripe::term).to_vec();
        results.matrix("absorbed", table);
    }
}

fn store(results: &mut Results, fit: &WithinFit) {
    let ols = &fit.ols;
    let f = ols.f.unwrap_or(f64::NAN);
    results.scalar("N", ols.n).scalar("df_m", ols.df_m).scalar("df_r", ols.df_r);
    results.scalar("F", stata(f)).scalar("p", stata(f_tail(ols.df_m, ols.df_r, f)));
    let tss = fit.total_squares;
    results.scalar("tss", tss).scalar("rss", ols.rss).scalar("mss", tss - ols.rss);
    results.scalar("r2", stata(1.0 - ols.rss / tss));
    results.scalar("r2_a", stata(1.0 - ols.rss / ols.df_residual / (tss / (ols.n - 1.0))));
    results.scalar("rmse", fit.sigma_e).scalar("ll", stata(ols.ll)).scalar("ll_0", stata(ols.ll_0));
    results.scalar("rank", ols.rank as f64);
    let (f, df1, df2) = fit.effects_f;
    results.scalar("df_a", df1);
    results.scalar("F_absorb", stata(f)).scalar("p_absorb", stata(f_tail(df1, df2, f))).scalar("df_e", df2);
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let facts = [
        Fact::observations(scalar("N")),
        Fact::new("No. of categories", "%10.0fc", scalar("k_absorb")),
        Fact::statistic("F", &[scalar("df_m"), scalar("df_r")], scalar("F")),
        Fact::probability("Prob > F", scalar("p")),
        Fact::probability("R-squared", scalar("r2")),
        Fact::probability("Adj R-squared", scalar("r2_a")),
        Fact::new("Root MSE", "%9.4f", scalar("rmse")),
    ];
    let left = [
        e.get_text("title").unwrap_or("").to_string(),
        match e.get_text("absvars").unwrap_or("") {
            names if names.contains(' ') => format!("Absorbed variables: {names}"),
            name => format!("Absorbed variable: {name}"),
        },
    ];
    let test = (scalar("F_absorb"), scalar("df_a"), scalar("df_e"), scalar("p_absorb"));
    let robust = e.get_text("vcetype").is_some();
    session.print("");
    show(session, &left, &facts, 17, 7);
    session.print("");
    show_active(session, level, None)?;
    if !robust {
        let left = format!(
            "F test of absorbed indicators: F({}, {}) = {}",
            test.1,
            test.2,
            format::bare("%9.3f", test.0)
        );
        let right = format!("Prob > F = {}", format::bare("%5.3f", test.3));
        session.print(format!("{left}{right:>width$}", width = 78usize.saturating_sub(left.len())));
    }
    Ok(())
}
