//! `egranger`, the test for cointegration of Engle and Granger (1987), augmented by lags; critical values of MacKinnon (2010).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::format;
use crate::frame::{Column, Variable};
use crate::ops::run::{quietly, shown};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use crate::value::{MISSING, is_missing};
use estimators::engle_granger::{Trend, critical_values};
use estimators::ols::{self, Request};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("LAgs"),
    OptSpec::flag("TRend"),
    OptSpec::flag("QTrend"),
    OptSpec::flag("REGress"),
])
.unsupported(&["ecm"]);

/// The residuals of the first step.
const RESIDUALS: &str = "_egresid";

/// `egranger`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "egranger",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "egranger depvar indepvars [if] [in] [, lags(#) trend qtrend regress]",
    notes: "a Dickey-Fuller regression without constant of the residuals of the first step, which stay as _egresid; stores e(Zt cv1 cv5 cv10 N1 N2 lags nvar); ecm is refused; community command by Schaffer",
    examples: &[Example {
        // Without lags: the t statistic of D.e on L.e.
        run: "set obs 40\ngenerate t = _n\ntsset t\ngenerate double x = sum(mod(7*_n, 11) - 5)\ngenerate double y = x + mod(5*_n, 13)/4\negranger y x\nscalar z = e(Zt)\nregress D._egresid L._egresid, noconstant",
        expect: &[("z/(_b[L._egresid]/_se[L._egresid])", 1.0), ("e(N)", 39.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let lags = cmd.options.int("lags").unwrap_or(0);
    if !(0..=1000).contains(&lags) {
        return Err(StataError::new(198, "lags() must be a nonnegative integer"));
    }
    let lags = lags as usize;
    let declared = Panel::of(&session.frame)?;
    declared.series()?;
    if declared.panel.is_some() {
        return Err(StataError::new(459, "egranger is for one time series, not for panels"));
    }
    let trend = match (cmd.has("trend"), cmd.has("qtrend")) {
        (_, true) => Trend::Quadratic,
        (true, false) => Trend::Linear,
        (false, false) => Trend::Constant,
    };
    let series = first_step(session, cmd, trend)?;
    let (zt, second) = second_step(session, lags)?;
    let first = session.e.results.get_scalar("N").unwrap_or(MISSING);
    let values = critical_values(trend, series, first - 1.0);
    let values = values.ok_or_else(|| StataError::new(198, "at most 12 series are allowed"))?;
    if cmd.has("regress") {
        session.print("");
        session.print("Engle-Granger test regression");
        let lagged = if lags == 0 { String::new() } else { format!(" L(1/{lags})D.{RESIDUALS}") };
        shown(session, &format!("regress D.{RESIDUALS} L.{RESIDUALS}{lagged}, noconstant"))?;
    }
    let mut est = Estimation::default();
    let r: &mut Results = &mut est.results;
    r.scalar("Zt", zt).scalar("cv1", values[0]).scalar("cv5", values[1]).scalar("cv10", values[2]);
    r.scalar("N1", first).scalar("N2", second).scalar("N", second).scalar("lags", lags as f64);
    r.scalar("nvar", series as f64)
        .text("cmd", "egranger")
        .text("title", "Engle-Granger test for cointegration");
    let sample = session.estimation_sample().map_or_else(Vec::new, |s| s.to_vec());
    session.post_estimation(est, sample);
    show(session, lags, trend);
    Ok(())
}

/// The regression of the levels; returns the number of series and leaves the residuals.
fn first_step(session: &mut Session, cmd: &ParsedCommand, trend: Trend) -> Result<usize> {
    if let Some(at) = session.frame.find(RESIDUALS) {
        session.frame.drop_vars(&[at]);
    }
    let condition = cmd.if_exp.as_ref().map(|e| format!(" if {e}")).unwrap_or_default();
    let range = cmd.in_range.as_ref().map(|r| format!(" in {r}")).unwrap_or_default();
    let mut parts = String::new();
    let mut made = Vec::new();
    for (name, power, wanted) in
        [("_trend", 1, trend != Trend::Constant), ("_qtrend", 2, trend == Trend::Quadratic)]
    {
        if !wanted {
            continue;
        }
        if session.frame.find(name).is_some() {
            return Err(StataError::new(110, format!("variable {name} already defined")));
        }
        let values = (1..=session.frame.n_rows()).map(|i| (i as f64).powi(power)).collect();
        session.frame.add(Variable::new(name, Column::Double(values)))?;
        parts.push_str(&format!(" {name}"));
        made.push(name);
    }
    let line = format!("regress {}{parts}{condition}{range}", cmd.list.trim());
    let done = if cmd.has("regress") {
        session.print("");
        session.print("Engle-Granger 1st-step regression");
        shown(session, &line)
    } else {
        quietly(session, &line)
    };
    let done =
        done.and_then(|()| quietly(session, &format!("predict double {RESIDUALS} if e(sample), residuals")));
    for name in made {
        let at = session.frame.position(name)?;
        session.frame.drop_vars(&[at]);
    }
    done?;
    let slopes = session.e.results.get_scalar("df_m").unwrap_or(0.0) as usize;
    let deterministic = match trend {
        Trend::Constant => 0,
        Trend::Linear => 1,
        Trend::Quadratic => 2,
    };
    Ok(slopes + 1 - deterministic)
}

/// The t statistic of the lagged residual, and the rows.
fn second_step(session: &Session, lags: usize) -> Result<(f64, f64)> {
    let panel = Panel::of(&session.frame)?;
    let at = session.frame.position(RESIDUALS)?;
    let levels = session.frame.numeric(at)?.to_vec();
    let mut shifted = Vec::new();
    for lag in 1..=lags + 1 {
        shifted.push(panel.shifted_rows(&session.frame, lag as i32)?);
    }
    let level = |row: usize, lag: usize| -> f64 {
        if lag == 0 { levels[row] } else { shifted[lag - 1][row].map_or(MISSING, |r| levels[r]) }
    };
    let change = |row: usize, lag: usize| -> f64 {
        let (now, before) = (level(row, lag), level(row, lag + 1));
        if is_missing(now) || is_missing(before) { MISSING } else { now - before }
    };
    let known = |row: &usize| (0..=lags).all(|lag| !is_missing(change(*row, lag)));
    let rows: Vec<usize> = (0..levels.len()).filter(known).collect();
    let y: Vec<f64> = rows.iter().map(|r| change(*r, 0)).collect();
    let mut columns: Vec<Vec<f64>> = vec![rows.iter().map(|r| level(*r, 1)).collect()];
    columns.extend((1..=lags).map(|lag| rows.iter().map(|r| change(*r, lag)).collect::<Vec<f64>>()));
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let fit = ols::fit(&Request { constant: false, ..Request::new(&y, &views) }).map_err(fit_error)?;
    if fit.basis.kept.len() < columns.len() || fit.df_residual <= 0.0 {
        return Err(StataError::insufficient_observations());
    }
    Ok((fit.b[0] / fit.v[(0, 0)].sqrt(), y.len() as f64))
}

fn show(session: &mut Session, lags: usize, trend: Trend) {
    let scalar = |name: &str| session.e.results.get_scalar(name).unwrap_or(MISSING);
    let count = |name: &str| format::bare("%9.0fc", scalar(name)).trim().to_string();
    let cell = |name: &str| format!("{:>18}", format::bare("%9.3f", scalar(name)));
    let title = if lags == 0 { "Engle-Granger" } else { "Augmented Engle-Granger" };
    let mut lines = vec![
        String::new(),
        format!("{:<50}N (1st step) = {:>12}", format!("{title} test for cointegration"), count("N1")),
        format!(
            "{:<50}N (test)     = {:>12}",
            if lags == 0 { String::new() } else { format!("Number of lags   = {lags}") },
            count("N2")
        ),
        String::new(),
        "-".repeat(78),
        format!("{:>22}{:>18}{:>18}{:>18}", "Test", "1% Critical", "5% Critical", "10% Critical"),
        format!("{:>22}{:>18}{:>18}{:>18}", "Statistic", "Value", "Value", "Value"),
        "-".repeat(78),
        format!(
            " Z(t)  {:>15}{}{}{}",
            format::bare("%9.3f", scalar("Zt")),
            cell("cv1"),
            cell("cv5"),
            cell("cv10")
        ),
        "-".repeat(78),
        "Critical values from MacKinnon (1990, 2010)".to_string(),
    ];
    match trend {
        Trend::Constant => {}
        Trend::Linear => lines.push("1st-step includes linear trend".to_string()),
        Trend::Quadratic => lines.push("1st-step includes linear and quadratic trend".to_string()),
    }
    lines.iter().for_each(|l| session.print(l));
}
