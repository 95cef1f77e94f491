//! `mata: statements`, and Mata's commands such as `mata describe`. Blocks up to `end` are read by the interpreter.

use crate::commands::{CommandSpec, Example};
use crate::error::Result;
use crate::session::Session;
use crate::syntax::ParsedCommand;

pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "a block begins with mata or mata: and ends with end; the functions and limits are in mata.md; no results",
    examples: &[
        Example {
            run: "mata: x = (1, 2 \\ 3, 4)\nmata: st_numscalar(\"d\", det(x))\nmata: st_matrix(\"M\", x * x)\nscalar a = M[2, 1]",
            expect: &[("d", -2.0), ("a", 15.0)],
        },
        Example {
            run: "mata:\nreal scalar f(real scalar n) return(n <= 1 ? 1 : n * f(n - 1))\nst_numscalar(\"a\", f(5))\nend\ncapture mata: nosuch\nscalar b = _rc\nmata: mata drop f()\ncapture mata: f(2)\nscalar c = _rc",
            expect: &[("a", 120.0), ("b", 3499.0), ("c", 3499.0)],
        },
    ],
    ..CommandSpec::raw(
        "mata",
        4,
        run,
        "mata: statement[; statement ...] | mata [:] | mata {clear|describe|drop|rename|matsave|matuse|matdescribe|set|query|which|stata} ...",
    )
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    crate::mata::run_line(s, &cmd.raw)
}
