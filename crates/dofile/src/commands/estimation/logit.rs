//! `logit`: logistic regression of a 0/1 outcome, shown as coefficients.
//!
//! Syntax: `logit depvar [indepvars] [if] [in] [weight] [, noconstant offset(v) asis vce(oim|robust|cluster v)
//! level(#) or nolog iterate(#)]`. Stores in `e()`: N k k_eq df_m r2_p ll ll_0 chi2 p rank ic converged
//! N_clust N_cdf N_cds, b V, cmd depvar chi2type vce vcetype clustvar. Formulas: [R] logit.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::Result;
use crate::estimation::binary::{self, Kind};
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::ml_binary::Link;

const KIND: Kind = Kind { cmd: "logit", link: Link::Logit, title: "Logistic regression", odds: false };

/// The syntax that the binary models share.
pub(super) const SYNTAX: StandardSyntax = StandardSyntax::new(binary::OPTIONS)
    .weights(&[WeightKind::Frequency, WeightKind::Importance, WeightKind::Probability])
    .maximised();

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "logit",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "logit depvar [indepvars] [if] [in] [weight] [, noconstant offset(v) asis vce(oim|robust|cluster v) level(#) or nolog iterate(#)]",
    notes: "stores e(N k df_m r2_p ll ll_0 chi2 p rank ic converged N_clust N_cdf N_cds), e(b), e(V), r(table); formulas: [R] logit",
    examples: &[Example {
        // Odds 6/2 and 3/4.
        run: "input y x n\n1 1 6\n0 1 2\n1 0 3\n0 0 4\nend\nlogit y x [fweight=n]",
        expect: &[("abs(_b[x] - ln(4)) < 1e-6", 1.0), ("abs(_b[_cons] - ln(3/4)) < 1e-6", 1.0)],
    }],
};

/// Runs the command.
fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    binary::run(session, cmd, &KIND)
}
