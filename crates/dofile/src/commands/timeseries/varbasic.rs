//! `varbasic`: a vector autoregression and the graph of its responses. [TS] varbasic.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::ops::run::{quietly, shown};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("LAgs"),
    OptSpec::flag("IRf"),
    OptSpec::flag("FEvd"),
    OptSpec::flag("NOGraph"),
    OptSpec::int("STep"),
]);

/// `varbasic`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "varbasic",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "varbasic varlist [if] [in] [, lags(numlist) irf fevd nograph step(#)]",
    notes: "var, then irf create varbasic in the file _varbasic.irf, then irf graph of the orthogonalized responses, with irf of the simple ones, with fevd of the shares; results as var; [TS] varbasic",
    examples: &[Example {
        run: "set obs 30\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nvar y x, lags(1)\nscalar b = [y]_b[L.x]\nvarbasic y x, lags(1) step(4) nograph\nscalar same = [y]_b[L.x]/b\nuse _varbasic.irf, clear\nkeep if impulse == \"x\" & response == \"y\" & step == 1\nerase _varbasic.irf",
        expect: &[("same", 1.0), ("irf[1]/b", 1.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let step = cmd.options.int("step").unwrap_or(8);
    if !(1..=500).contains(&step) {
        return Err(StataError::new(198, "step() must be an integer from 1 to 500"));
    }
    if cmd.has("irf") && cmd.has("fevd") {
        return Err(StataError::invalid("only one of irf and fevd is allowed"));
    }
    let lags = cmd.options.text("lags").unwrap_or("1 2");
    let condition = cmd.if_exp.as_ref().map(|e| format!(" if {e}")).unwrap_or_default();
    let range = cmd.in_range.as_ref().map(|r| format!(" in {r}")).unwrap_or_default();
    shown(session, &format!("var {}{condition}{range}, lags({lags})", cmd.list.trim()))?;
    quietly(session, &format!("irf create varbasic, set(_varbasic, replace) step({step})"))?;
    if cmd.has("nograph") {
        return Ok(());
    }
    let statistic = if cmd.has("irf") {
        "irf"
    } else if cmd.has("fevd") {
        "fevd"
    } else {
        "oirf"
    };
    shown(session, &format!("irf graph {statistic}"))
}
