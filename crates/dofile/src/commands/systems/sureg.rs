//! `sureg`: seemingly unrelated regressions by two-step or iterated feasible GLS.
//!
//! Stores in `e()` what `system` says. Formulas: [R] sureg; Zellner (1962), Journal of the American Statistical
//! Association 57.

use super::super::{ByRule, CommandSpec, Example, Form};
use super::mvreg::correlations;
use super::system::{self, Method};
use super::system_show;
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;

const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("SMall"),
    OptSpec::flag("DFK"),
    OptSpec::flag("noHEader"),
    OptSpec::flag("noTABle"),
    OptSpec::real("Level"),
    OptSpec::flag("noCONstant"),
    OptSpec::flag("ISUre"),
    OptSpec::text("Constraints"),
    OptSpec::int("ITERate"),
    // no log is printed
    OptSpec::flag("noLOg"),
    OptSpec::flag("LOg"),
    OptSpec::flag("CORR"),
];
const UNSUPPORTED: &[&str] = &["noCNSReport", "DFK2", "COEFLegend", "TOLerance"];

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "sureg",
    min: 5,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run,
    syntax: "sureg ([name:] depvar1 indepvars1) ([name:] depvar2 indepvars2) ... [if] [in] [weight] [, small dfk isure iterate(#) constraints(numlist) corr level(#)]",
    notes: "two steps, or iterated with isure; constraints hold in the first step too; stores e(N) and by equation e(rss_# rmse_# r2_# chi2_# p_#), e(Sigma), e(Cns), e(b), e(V), r(table); corr shows the correlations of residuals and the test of Breusch and Pagan (1980), e(chi2_bp) and e(df_bp); formulas: [R] sureg",
    examples: &[Example {
        // The same regressors in every equation: least squares equation by equation.
        run: "set obs 8\ngen x = _n\ngen a = x + mod(_n*3, 5)\ngen b = 2 - x + mod(_n*5, 7)\nregress b x\nscalar s = _b[x]\nsureg (a x) (b x)",
        expect: &[("[b]_b[x] - s", 0.0), ("e(N)", 8.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim().to_string();
    if raw.is_empty() || raw.starts_with(',') {
        if session.e.cmd() != "sureg" {
            return Err(StataError::no_estimates());
        }
        let mut again = ParsedCommand::split("sureg", &raw, false)?;
        again.check_weighted_options(OPTIONS, UNSUPPORTED)?;
        return system_show::display(session, &again);
    }
    let (texts, rest) = system::split(&raw)?;
    let mut line = ParsedCommand::split("sureg", &rest, false)?;
    line.check_weighted_options(OPTIONS, UNSUPPORTED)?;
    let (equations, open) = system::read(session, &texts, &line, &[])?;
    let limit = line.options.int("iterate").map_or(1600, |i| i.max(1) as usize);
    let method = Method {
        cmd: "sureg",
        method: if line.has("isure") { "isure" } else { "sure" },
        title: "Seemingly unrelated regression",
        dfk: line.has("dfk"),
        small: line.has("small"),
        independent: false,
        iterations: if line.has("isure") { limit } else { 1 },
        constraints: line.options.text("constraints"),
    };
    system::estimate(session, &raw, equations, open, None, &method)?;
    system_show::display(session, &line)?;
    if line.has("corr") {
        let (chi2, df) = correlations(session)?;
        session.e.results.scalar("chi2_bp", chi2).scalar("df_bp", df);
    }
    Ok(())
}
