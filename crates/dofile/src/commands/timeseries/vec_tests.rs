//! `veclmar` after `vec`. Formulas: [TS] veclmar; Johansen (1995), 21-22.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::varlmar::{lagrange, show};
use super::vec::{State, held};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;

const VECLMAR: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::int("MLag")]).unsupported(&["ESTimates", "SEParator"]);

/// `veclmar`.
pub(super) const SPEC_VECLMAR: CommandSpec = CommandSpec {
    name: "veclmar",
    min: 7,
    form: Form::Standard(&VECLMAR),
    by: ByRule::No,
    run: veclmar,
    syntax: "veclmar [, mlag(#)]",
    notes: "after vec; the statistic of varlmar with the cointegrating equations among the regressors; stores r(lm): lag chi2 df p; [TS] veclmar",
    examples: &[Example {
        // Degrees of freedom: the squared number of equations.
        run: "set obs 40\ngenerate t = _n\ntsset t\ngenerate double x = sum(mod(7*_n, 11) - 5)\ngenerate double y = x + mod(5*_n, 13)/4\nvec y x\nveclmar, mlag(1)\nmatrix m = r(lm)",
        expect: &[("m[1,3]", 4.0), ("m[1,4]/chi2tail(4, m[1,2])", 1.0)],
    }],
};

fn veclmar(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let most = cmd.options.int("mlag").unwrap_or(2);
    if !(1..=1000).contains(&most) {
        return Err(StataError::invalid("mlag() must be a positive integer"));
    }
    let held = held(session)?;
    let Some(state) = held.downcast_ref::<State>() else { return Err(StataError::no_estimates()) };
    session.r = lagrange(&state.fit.system, most as usize)?;
    show(session);
    Ok(())
}
