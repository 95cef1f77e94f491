//! `zandrews`: unit-root test of Zivot and Andrews with one break of unknown date.
//!
//! Zivot and Andrews (1992), Journal of Business and Economic Statistics 10. Written from the article and the help text.

use super::series;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::format;
use crate::frame::{Column, Variable};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::varlist::check_new;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;
use estimators::zivot_andrews::{self as kernel, Break, LagRule};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("maxlags"),
    OptSpec::real("trim"),
    OptSpec::text("break"),
    OptSpec::text("GENerate"),
    OptSpec::text("lagmethod"),
    OptSpec::real("level"),
])
.unsupported(&["GRaph"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "zandrews",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "zandrews varname [if] [in] [, break(intercept|trend|both) lagmethod(TTest|AIC|BIC|input) maxlags(#) trim(#) generate(newvar)]",
    notes: "up to T^0.25 lags of the difference unless lagmethod(input) takes those of maxlags(); the cutoff of lagmethod(TTest) is 0.10; stores r(tmin) r(tminobs) r(bestlag) r(nobs); Zivot and Andrews (1992)",
    examples: &[Example {
        // The statistic of the regression with the break at the date of the smallest one.
        run: "set obs 30\ngenerate t = _n\ntsset t\ngenerate double y = mod(7*_n, 11) + 5*(_n > 14)\nzandrews y, lagmethod(input) maxlags(0)\nlocal at = r(tminobs)\nscalar z = r(tmin)\ngenerate d = t >= `at'\nregress D.y L.y t d",
        expect: &[("_b[L.y]/_se[L.y]/z", 1.0)],
    }],
};

/// The word of an option without regard to case.
fn word(cmd: &ParsedCommand, option: &str, usual: &str) -> String {
    cmd.options.text(option).unwrap_or(usual).trim().to_lowercase()
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (kind, what) = match word(cmd, "break", "intercept").as_str() {
        "intercept" => (Break::Intercept, "intercept"),
        "trend" => (Break::Trend, "trend"),
        "both" => (Break::Both, "both intercept and trend"),
        other => return Err(StataError::invalid(format!("break({other}) invalid"))),
    };
    if cmd.options.real("level").is_some_and(|l| l != 0.10) {
        return Err(StataError::unsupported_option("zandrews", "level() other than 0.10"));
    }
    let method = word(cmd, "lagmethod", "ttest");
    let (rule, name) = match method.as_str() {
        "input" => {
            let lags = cmd.options.int("maxlags").filter(|l| *l >= 0);
            let lags = lags.ok_or_else(|| StataError::invalid("maxlags() required with lagmethod(input)"))?;
            (LagRule::Fixed(lags as usize), "input")
        }
        "aic" => (LagRule::Aic, "AIC"),
        "bic" => (LagRule::Bic, "BIC"),
        "ttest" => (LagRule::Significance(0.10), "TTest"),
        other => return Err(StataError::invalid(format!("lagmethod({other}) invalid"))),
    };
    let trim = cmd.options.real("trim").unwrap_or(0.15);
    if !(trim > 0.0 && trim < 0.25) {
        return Err(StataError::invalid("trim() must be between 0 and 0.25"));
    }
    let generate = cmd.options.text("generate").map(|name| name.trim().to_string());
    if let Some(name) = &generate {
        check_new(&session.frame, name)?;
    }
    let series = series::one(session, cmd)?;
    let found = kernel::test(&series.values, kind, rule, trim).map_err(fit_error)?;
    let rows = &series.rows;
    let least = found.path.iter().min_by(|a, b| a.1.total_cmp(&b.1)).copied();
    let (at, t) = least.ok_or_else(StataError::no_observations)?;
    let (_, time) = series::declared(session)?;
    let date = session.cell_text(time, rows[at], false).trim().to_string();
    session.print("");
    session.print(format!("Zivot-Andrews unit root test for  {}", series.name));
    session.print("");
    session.print(format!("Allowing for break in {what}"));
    session.print("");
    session.print(format!("Lag selection via {name}: lags of D.{} included = {}", series.name, found.lags));
    session.print("");
    let shown = format::bare("%6.3f", t);
    session.print(format!("Minimum t-statistic {shown} at {date}  (obs {})", rows[at] + 1));
    session.print("");
    let [one, five, ten] = kind.critical_values().map(|c| format::bare("%5.2f", c));
    session.print(format!("Critical values: 1%: {one} 5%: {five} 10%: {ten}"));
    if let Some(name) = generate {
        let mut column = vec![MISSING; session.frame.n_rows()];
        found.path.iter().for_each(|(at, t)| column[rows[*at]] = *t);
        session.frame.add(Variable::new(&name, Column::Double(column)))?;
    }
    let mut results = Results::default();
    results.scalar("nobs", found.n as f64).scalar("bestlag", found.lags as f64);
    results.scalar("tminobs", (rows[at] + 1) as f64).scalar("tmin", t);
    session.r = results;
    Ok(())
}
