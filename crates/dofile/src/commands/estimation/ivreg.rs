//! `ivreg`: the command of older versions for two-stage least squares with small-sample statistics.

use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::Result;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::split::top_level_comma;

pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "ivregress 2sls with option small; stores its results",
    examples: &[Example {
        run: "set obs 30\ngenerate z = mod(7*_n, 11)\ngenerate x = z + mod(5*_n, 13)\ngenerate y = 2*x + mod(3*_n, 7)\nivregress 2sls y (x = z), small\nscalar b = _b[x]\nscalar s = _se[x]\nivreg y (x = z)\nscalar same = _b[x] == b & _se[x] == s",
        expect: &[("same", 1.0), ("e(df_r)", 28.0)],
    }],
    ..CommandSpec::raw(
        "ivreg",
        5,
        run,
        "ivreg depvar [varlist1] (varlist2 = varlist_iv) [if] [in] [weight] [, options]",
    )
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = match top_level_comma(&cmd.raw) {
        Some(at) => format!("{}, small {}", &cmd.raw[..at], &cmd.raw[at + 1..]),
        None => format!("{}, small", cmd.raw),
    };
    s.run_expanded(&format!("ivregress 2sls {text}")).map(|_| ())
}
