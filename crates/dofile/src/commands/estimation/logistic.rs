//! `logistic`: logistic regression of a 0/1 outcome, shown as odds ratios.
//!
//! Syntax: `logistic depvar [indepvars] [if] [in] [weight] [, noconstant offset(v) asis vce(oim|robust|cluster v)
//! level(#) or nolog iterate(#)]`. Stores in `e()`: N k k_eq df_m r2_p ll ll_0 chi2 p rank ic converged
//! N_clust N_cdf N_cds, b V, cmd depvar chi2type vce vcetype clustvar. Formulas: [R] logistic.

use super::super::{ByRule, CommandSpec, Example, Form};
use crate::error::Result;
use crate::estimation::binary::{self, Kind};
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::ml_binary::Link;

const KIND: Kind = Kind { cmd: "logistic", link: Link::Logit, title: "Logistic regression", odds: true };

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "logistic",
    min: 8,
    form: Form::Standard(&super::logit::SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "logistic depvar [indepvars] [if] [in] [weight] [, noconstant offset(v) asis vce(oim|robust|cluster v) level(#) or nolog iterate(#)]",
    notes: "stores e(N k df_m r2_p ll ll_0 chi2 p rank ic converged N_clust N_cdf N_cds), e(b), e(V), r(table); formulas: [R] logistic",
    examples: &[Example {
        // Odds ratio 6*4/(2*3).
        run: "input y x n\n1 1 6\n0 1 2\n1 0 3\n0 0 4\nend\nlogistic y x [fweight=n]",
        expect: &[("abs(exp(_b[x]) - 4) < 1e-6", 1.0), ("e(N)", 15.0)],
    }],
};

/// Runs the command.
fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    binary::run(session, cmd, &KIND)
}
