//! `probit`: probit regression of a 0/1 outcome.
//!
//! Syntax: `probit depvar [indepvars] [if] [in] [weight] [, noconstant offset(v) asis vce(oim|robust|cluster v)
//! level(#) or nolog iterate(#)]`. Stores in `e()`: N k k_eq df_m r2_p ll ll_0 chi2 p rank ic converged
//! N_clust N_cdf N_cds, b V, cmd depvar chi2type vce vcetype clustvar. Formulas: [R] probit.

use super::super::{ByRule, CommandSpec, Example, Form};
use crate::error::Result;
use crate::estimation::binary::{self, Kind};
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::ml_binary::Link;

const KIND: Kind = Kind { cmd: "probit", link: Link::Probit, title: "Probit regression", odds: false };

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "probit",
    min: 6,
    form: Form::Standard(&super::logit::SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "probit depvar [indepvars] [if] [in] [weight] [, noconstant offset(v) asis vce(oim|robust|cluster v) level(#) nolog iterate(#)]",
    notes: "stores e(N k df_m r2_p ll ll_0 chi2 p rank ic converged N_clust N_cdf N_cds), e(b), e(V), r(table); formulas: [R] probit",
    examples: &[Example {
        // Shares 3/7 and 6/8.
        run: "input y x n\n1 1 6\n0 1 2\n1 0 3\n0 0 4\nend\nprobit y x [fweight=n]",
        expect: &[
            ("abs(_b[_cons] - invnormal(3/7)) < 1e-6", 1.0),
            ("abs(_b[_cons] + _b[x] - invnormal(3/4)) < 1e-6", 1.0),
        ],
    }],
};

/// Runs the command.
fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    binary::run(session, cmd, &KIND)
}
