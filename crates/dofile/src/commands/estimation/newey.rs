//! `newey`: linear regression with Newey-West standard errors.
//!
//! Syntax: `newey depvar [indepvars] [if] [in] [aweight], lag(#) [noconstant force level(#)]` after `tsset`.
//! Stores in `e()`: N df_m df_r F lag rank, b V, cmd depvar vcetype title. Formulas: [TS] newey.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::{fit_error, level, show_active};
use crate::estimation::header::{Fact, show};
use crate::estimation::model::{Model, Reading};
use crate::estimation::post::{self, Parameters, plain_stripe, stata};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::tsset::Panel;
use crate::value::MISSING;
use estimators::distributions::f_tail;
use estimators::hac::{Kernel, weighted_meat};
use estimators::matrix::Mat;
use estimators::ols::FitError;
use estimators::qr::{self, Design as Columns, Solution};
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("LAg"),
    OptSpec::flag("noConstant"),
    OptSpec::flag("force"),
    OptSpec::real("Level"),
])
.weights(&[WeightKind::Analytic])
.coefficient_table();

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "newey",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "newey depvar [indepvars] [if] [in] [aweight], lag(#) [noconstant force level(#)]",
    notes: "stores e(N df_m df_r F lag rank), e(b), e(V), r(table); formulas: [TS] newey",
    examples: &[Example {
        // Without lags these are the robust standard errors.
        run: "set obs 20\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nregress y x, vce(robust)\nscalar s = _se[x]\nnewey y x, lag(0)",
        expect: &[("_se[x]/s", 1.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "newey" {
        return display(session, cmd);
    }
    let lag = cmd.options.int("lag").ok_or_else(|| StataError::invalid("option lag() required"))?;
    if lag < 0 {
        return Err(StataError::new(198, "lag() must not be negative"));
    }
    let panel = Panel::of(&session.frame)?;
    panel.series()?;
    let further = panel.time.into_iter().collect();
    let reading = Reading { weight_kinds: SYNTAX.weights, further, ..Reading::new(cmd) };
    let mut model = reading.model(session)?.enough()?;
    let earlier = lagged_rows(session, &model, &panel, lag, cmd.has("force"))?;
    let weights = model.weights.as_ref().map(|w| w.effective().0);
    let solution = {
        let columns = model.columns();
        let design = Columns { columns: &columns, weights: weights.as_deref(), constant: model.constant };
        qr::solve(design, &model.y)
    };
    let n = model.y.len() as f64;
    let k = solution.b.len() as f64;
    if n <= k {
        return Err(fit_error(FitError::Insufficient));
    }
    let v = covariance(&model, &solution, weights.as_deref(), &earlier).scaled(n / (n - k));
    let omitted = model.omit(&solution.basis.omitted);
    post::note_omitted(session, &omitted);
    let parameters = Parameters::spread(plain_stripe(model.names()), &model.estimated(), &solution.b, &v);
    let mut est = post::begin("newey", &post::command_line(cmd), &parameters, &model);
    let slopes: Vec<usize> = (0..solution.basis.kept.len()).collect();
    let test = wald::test_zero(&solution.b, &v, &slopes);
    let f = if test.df == slopes.len() && test.df > 0 { test.f() } else { f64::NAN };
    est.results
        .scalar("N", n)
        .scalar("df_m", slopes.len() as f64)
        .scalar("df_r", n - k)
        .scalar("F", stata(f));
    est.results.scalar("lag", lag as f64).scalar("rank", k).text("vcetype", "Newey–West");
    est.results.text("title", "Regression with Newey–West standard errors").text("predict", "newey_p");
    let touse = model.touse.clone();
    session.post_estimation(est, touse);
    display(session, cmd)
}

/// For lags 1 to `lag` the position in the sample of the row that many periods earlier.
fn lagged_rows(
    session: &Session,
    model: &Model,
    panel: &Panel,
    lag: i64,
    force: bool,
) -> Result<Vec<Vec<Option<usize>>>> {
    let mut position = vec![None; session.frame.n_rows()];
    for (i, row) in model.design.rows.iter().enumerate() {
        position[*row] = Some(i);
    }
    let mut out = Vec::new();
    for step in 1..=lag.max(1) {
        let shifted = panel.shifted_rows(&session.frame, step as i32)?;
        let rows: Vec<Option<usize>> =
            model.design.rows.iter().map(|r| shifted[*r].and_then(|earlier| position[earlier])).collect();
        if step == 1 && !force && rows.iter().filter(|r| r.is_none()).count() > panels(session, model, panel)
        {
            return Err(StataError::new(
                498,
                "sample is not regularly spaced; use the force option to treat the gaps as lags",
            ));
        }
        out.push(rows);
    }
    out.truncate(lag as usize);
    Ok(out)
}

/// Number of panels in the sample.
fn panels(session: &Session, model: &Model, panel: &Panel) -> usize {
    match panel.panel {
        None => 1,
        Some(v) => crate::estimation::model::number_groups(&session.frame, v, &model.design.rows).1,
    }
}

/// Bartlett-weighted sums of products of scores, in the orthonormal basis ([TS] newey).
fn covariance(
    model: &Model,
    solution: &Solution,
    weights: Option<&[f64]>,
    earlier: &[Vec<Option<usize>>],
) -> Mat {
    let columns = model.columns();
    let rows = model.y.len();
    let fitted = if columns.is_empty() {
        vec![solution.b.first().copied().unwrap_or(0.0); rows]
    } else {
        qr::predict(&columns, &solution.basis.kept, model.constant, &solution.b)
    };
    let mut scores: Vec<f64> = model.y.iter().zip(&fitted).map(|(y, fitted)| y - fitted).collect();
    scores.iter_mut().zip(weights.into_iter().flatten()).for_each(|(e, w)| *e *= w);
    let last = earlier.len();
    let meat =
        weighted_meat(&solution.basis, &columns, &scores, (Kernel::Bartlett, last as f64, last), |lag| {
            earlier[lag - 1].iter().enumerate().filter_map(|(late, early)| early.map(|early| (early, late)))
        });
    solution.root.sandwich(&meat)
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let (f, df_m, df_r) = (scalar("F"), scalar("df_m"), scalar("df_r"));
    let p = if crate::value::is_missing(f) { MISSING } else { f_tail(df_m, df_r, f) };
    let facts = [
        Fact::observations(scalar("N")),
        Fact::statistic("F", &[df_m, df_r], f),
        Fact::probability("Prob > F", p),
    ];
    let left = [
        e.get_text("title").unwrap_or("").to_string(),
        format!("Maximum lag = {}", crate::format::bare("%9.0g", scalar("lag"))),
    ];
    session.print("");
    show(session, &left, &facts, 17, 10);
    session.print("");
    show_active(session, level, None)
}
