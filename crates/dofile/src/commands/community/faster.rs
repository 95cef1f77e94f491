//! Commands of the packages gtools (Caceres Bravo) and ftools (Correia) that do what an official command does, in less
//! time. Here each is the official command.

use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::Result;
use crate::session::Session;
use crate::syntax::ParsedCommand;

/// A command under another name.
macro_rules! same_as {
    ($constant:ident, $name:literal, $official:literal, $run:literal, $expect:expr) => {
        pub(super) const $constant: CommandSpec = CommandSpec {
            notes: concat!("the command ", $official, "; options that it lacks are refused"),
            examples: &[Example { run: $run, expect: $expect }],
            ..CommandSpec::raw(
                $name,
                $name.len(),
                |s: &mut Session, cmd: &ParsedCommand| official(s, $official, cmd),
                concat!($name, " as ", $official),
            )
        };
    };
}

same_as!(
    FCOLLAPSE,
    "fcollapse",
    "collapse",
    "set obs 4\ngenerate g = _n > 2\ngenerate x = _n\nfcollapse (sum) x, by(g)",
    &[("x[2]", 7.0)]
);
same_as!(
    FEGEN,
    "fegen",
    "egen",
    "set obs 4\ngenerate g = 5 * (_n > 2)\nfegen k = group(g)",
    &[("k[4]", 2.0)]
);
same_as!(
    FISID,
    "fisid",
    "isid",
    "set obs 2\ngenerate g = 1\ncapture fisid g\nscalar rc = _rc",
    &[("rc", 459.0)]
);
same_as!(FLEVELSOF, "flevelsof", "levelsof", "set obs 4\ngenerate g = _n > 2\nflevelsof g", &[("r(r)", 2.0)]);
same_as!(
    FMERGE,
    "fmerge",
    "merge",
    "tempfile f\nset obs 3\ngenerate id = _n\nsave `f'\ndrop in 1\nfmerge 1:1 id using `f'\ncount if _merge == 2",
    &[("r(N)", 1.0)]
);
same_as!(
    GCOLLAPSE,
    "gcollapse",
    "collapse",
    "set obs 4\ngenerate g = _n > 2\ngenerate x = _n\ngcollapse (mean) m = x, by(g)",
    &[("m[1]", 1.5), ("_N", 2.0)]
);
same_as!(
    GDISTINCT,
    "gdistinct",
    "distinct",
    "set obs 4\ngenerate g = _n > 1\ngdistinct g",
    &[("r(ndistinct)", 2.0)]
);
same_as!(
    GDUPLICATES,
    "gduplicates",
    "duplicates",
    "set obs 4\ngenerate g = _n > 1\ngduplicates drop g, force",
    &[("_N", 2.0)]
);
same_as!(
    GEGEN,
    "gegen",
    "egen",
    "set obs 4\ngenerate g = _n > 2\ngegen n = count(g), by(g)",
    &[("n[1]", 2.0)]
);
same_as!(
    GISID,
    "gisid",
    "isid",
    "set obs 2\ngenerate g = _n\ncapture gisid g\nscalar rc = _rc",
    &[("rc", 0.0)]
);
same_as!(
    GLEVELSOF,
    "glevelsof",
    "levelsof",
    "set obs 5\ngenerate g = mod(_n, 3)\nglevelsof g",
    &[("r(r)", 3.0)]
);
same_as!(
    GUNIQUE,
    "gunique",
    "unique",
    "set obs 5\ngenerate g = mod(_n, 3)\ngunique g",
    &[("r(unique)", 3.0)]
);
same_as!(HASHSORT, "hashsort", "gsort", "set obs 3\ngenerate x = _n\nhashsort -x", &[("x[1]", 3.0)]);

fn official(s: &mut Session, name: &str, cmd: &ParsedCommand) -> Result<()> {
    s.run_expanded(&format!("{name} {}", cmd.raw)).map(|_| ())
}
