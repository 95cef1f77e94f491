//! `xttest0`: Breusch and Pagan's Lagrange-multiplier test for random effects after `xtreg, re`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::linear::{Grid, Parameters};
use crate::estimation::model::number_groups;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::split::ParsedCommand;
use estimators::descriptive::Sample;
use estimators::distributions::chi2_tail;
use estimators::ols::{self, Request};
use estimators::panel::Units;
use estimators::real::stable_sum;

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xttest0",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "xttest0",
    notes: "after xtreg, re; stores r(lm) r(df) r(p); Breusch and Pagan (1980), for unbalanced panels Baltagi and Li (1990); formulas: [XT] xtreg postestimation",
    examples: &[Example {
        // Residuals of the pooled model are -2 -1 1 2 around the mean: A1 = 1 - 18/10, LM = 4^2/2 A1^2/(8 - 4).
        run: "input id y\n1 1\n1 2\n2 4\n2 5\nend\nxtset id\nxtreg y, re\nxttest0",
        expect: &[("r(lm)", 1.28), ("r(p)", 0.128_949_513_3), ("r(df)", 1.0)],
    }],
};

/// LM statistic of pooled residuals: `(n^2/2) A1^2 / (sum T_i^2 - n)` with
/// `A1 = 1 - sum_i (sum_t v_it)^2 / sum v_it^2` ([XT] xtreg postestimation, Methods and formulas).
fn statistic(residuals: &[f64], units: &Units) -> f64 {
    let mut sums = vec![0.0; units.count()];
    for (unit, value) in units.of_row.iter().zip(residuals) {
        sums[*unit as usize] += value;
    }
    let a = 1.0 - stable_sum(sums.iter().map(|s| s * s)) / stable_sum(residuals.iter().map(|v| v * v));
    let n = residuals.len() as f64;
    let squares: f64 = units.sizes.iter().map(|t| (t * t) as f64).sum();
    0.5 * n * n * a * a / (squares - n)
}

fn run(session: &mut Session, _: &ParsedCommand) -> Result<()> {
    let text = |s: &Session, name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
    if session.e.cmd() != "xtreg" || text(session, "model") != "re" {
        return Err(StataError::new(301, "last estimates are not xtreg, re"));
    }
    let sample = session.required_estimation_sample()?;
    let rows: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
    let (depvar, unit) = (text(session, "depvar"), text(session, "ivar"));
    let (of_row, _) = number_groups(&session.frame, session.frame.position(&unit)?, &rows);
    let units = Units::new(of_row);
    let outcome = FvList::parse(&session.frame, &depvar, false)?.expand(&session.frame, &sample)?;
    let y = match outcome.first() {
        Some(term) => term.values(&session.frame, &rows)?,
        None => return Err(StataError::no_variable(&depvar)),
    };
    let parameters = Parameters::of(&session.e)?;
    let slopes: Vec<usize> = (0..parameters.b.len())
        .filter(|i| parameters.terms[*i].as_ref().is_some_and(|t| !t.is_omitted()))
        .collect();
    let mut grid = Grid::new(&session.frame, rows.clone());
    grid.load(slopes.iter().filter_map(|i| parameters.terms[*i].as_ref()))?;
    let columns = grid.design(&parameters, &slopes);
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let pooled = ols::fit(&Request::new(&y, &columns)).map_err(crate::estimation::display::fit_error)?;
    let scalar = |name: &str| session.e.results.get_scalar(name).unwrap_or(0.0);
    let (sigma_u, sigma_e) = (scalar("sigma_u"), scalar("sigma_e"));
    // A variance at the edge of its range: the one-sided statistic is zero.
    let lm = if sigma_u == 0.0 { 0.0 } else { statistic(&pooled.residuals, &units) };
    let p = if sigma_u == 0.0 { 1.0 } else { chi2_tail(1.0, lm) / 2.0 };
    let spread = Sample::plain(y.iter().copied()).variance();
    show(session, &depvar, &unit, [spread, sigma_e * sigma_e, sigma_u * sigma_u], lm, p);
    let mut results = Results::default();
    results.scalar("lm", lm).scalar("df", 1.0).scalar("p", p);
    session.r = results;
    Ok(())
}

fn show(session: &mut Session, depvar: &str, unit: &str, variances: [f64; 3], lm: f64, p: f64) {
    let time = session.frame.char("_dta", "_TStvar").to_string();
    let time = if time.is_empty() { "t".to_string() } else { time };
    session.print("");
    session.print("Breusch and Pagan Lagrangian multiplier test for random effects");
    session.print("");
    session.print(format!("        {depvar}[{unit},{time}] = Xb + u[{unit}] + e[{unit},{time}]"));
    session.print("");
    session.print("        Estimated results:");
    session.print("                         |       Var     SD = sqrt(Var)");
    session.print("                ---------+-----------------------------");
    for (name, value) in [depvar, "e", "u"].iter().zip(variances) {
        session.print(format!(
            "                {:>8} | {:>10}      {:>10}",
            format::abbrev(name, 8),
            format::bare("%9.0g", value),
            format::bare("%9.0g", value.sqrt())
        ));
    }
    session.print("");
    session.print("        Test: Var(u) = 0");
    session.print(format!("                             chibar2(01) = {:>8}", format::bare("%8.2f", lm)));
    session.print(format!("                          Prob > chibar2 = {:>8}", format::bare("%6.4f", p)));
}
