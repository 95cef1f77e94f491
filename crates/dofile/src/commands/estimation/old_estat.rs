//! `vif`, `hettest`, `ovtest`: subcommands of `estat` under the names that they had as commands.

use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::Result;
use crate::session::Session;
use crate::syntax::ParsedCommand;

const NOTES: &str = "the subcommand of estat under its older name";

pub(super) const VIF: CommandSpec = CommandSpec {
    notes: NOTES,
    // Orthogonal regressors have the factor one.
    examples: &[Example {
        run: "set obs 8\ngenerate x = mod(_n, 2)\ngenerate z = mod(int((_n - 1)/2), 2)\ngenerate y = x + z + _n\nregress y x z\nvif",
        expect: &[("r(vif_1)", 1.0)],
    }],
    ..CommandSpec::raw("vif", 3, run, "vif [, uncentered]")
};
pub(super) const HETTEST: CommandSpec = CommandSpec {
    notes: NOTES,
    examples: &[Example {
        run: "set obs 12\ngenerate x = _n\ngenerate y = x + mod(_n, 3)\nregress y x\nestat hettest\nscalar p = r(p)\nhettest",
        expect: &[("r(p) - p", 0.0)],
    }],
    ..CommandSpec::raw("hettest", 7, run, "hettest [varlist] [, options]")
};
pub(super) const OVTEST: CommandSpec = CommandSpec {
    notes: NOTES,
    examples: &[Example {
        run: "set obs 12\ngenerate x = _n\ngenerate y = x + mod(_n, 3)\nregress y x\nestat ovtest\nscalar p = r(p)\novtest",
        expect: &[("r(p) - p", 0.0)],
    }],
    ..CommandSpec::raw("ovtest", 6, run, "ovtest [, rhs]")
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    s.run_expanded(&format!("estat {} {}", cmd.name, cmd.raw)).map(|_| ())
}
