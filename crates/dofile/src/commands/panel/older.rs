//! Mixed-effects models of limited outcomes under their names of older versions ([XT] xtmelogit, [ME] meqrlogit).

use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::Result;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::split_options;
use crate::syntax::split::front_and_options;

macro_rules! older {
    ($constant:ident, $name:literal, $today:literal, $outcome:literal) => {
        pub(super) const $constant: CommandSpec = CommandSpec {
            notes: concat!(
                $today,
                " under its name of older versions: the same likelihood, by adaptive quadrature with 7 points; e(b) has variances as after ",
                $today,
                ", not logarithms of standard deviations; option variance is accepted"
            ),
            examples: &[Example {
                run: concat!(
                    "set obs 60\ngenerate g = ceil(_n/6)\ngenerate x = mod(_n, 4)\ngenerate y = ",
                    $outcome,
                    "\n",
                    $today,
                    " y x || g:\nscalar b = _b[x]\nscalar l = e(ll)\n",
                    $name,
                    " y x || g:, variance"
                ),
                expect: &[("_b[x] - b", 0.0), ("e(ll) - l", 0.0)],
            }],
            ..CommandSpec::raw(
                $name,
                $name.len(),
                |s: &mut Session, cmd: &ParsedCommand| run(s, cmd, $today),
                concat!($name, " depvar [indepvars] [if] [in] || levelvar: [varlist] [, options of ", $today, " variance]"),
            )
        };
    };
}

older!(MEQRLOGIT, "meqrlogit", "melogit", "mod(_n * 7 + g, 5) > 1 + (g > 7)");
older!(MEQRPOISSON, "meqrpoisson", "mepoisson", "mod(_n * 7 + g, 5) + (g > 7)");
older!(XTMELOGIT, "xtmelogit", "melogit", "mod(_n * 7 + g, 5) > 1 + (g > 7)");
older!(XTMEPOISSON, "xtmepoisson", "mepoisson", "mod(_n * 7 + g, 5) + (g > 7)");

fn run(s: &mut Session, cmd: &ParsedCommand, today: &str) -> Result<()> {
    let raw = cmd.raw.trim();
    let (front, options) = front_and_options(raw);
    let mut kept = String::new();
    for (name, value) in split_options(options)? {
        match value {
            // today's output shows variances
            None if name.len() >= 3 && "variance".starts_with(&name) => {}
            None => kept.push_str(&format!(" {name}")),
            Some(value) => kept.push_str(&format!(" {name}({value})")),
        }
    }
    s.run_expanded(&format!("{today} {front},{kept}")).map(|_| ())
}
