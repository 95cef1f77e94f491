//! `matlist`: `matrix list` of one matrix without its heading.

use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::Result;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::top_level_comma;

pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "the layout is that of matrix list; no results",
    examples: &[Example {
        run: "matrix A = (1,2\\3,4)\nmatlist A, format(%9.2f)\ncapture matlist nosuch\nscalar rc = _rc",
        expect: &[("A[2,1]", 3.0), ("rc", 111.0)],
    }],
    ..CommandSpec::raw("matlist", 5, run, "matlist name [, format(%fmt)]")
};

const REFUSED: &[&str] = &[
    "title",
    "TIndent",
    "ROWtitle",
    "TWidth",
    "LEFT",
    "RIGHT",
    "LINes",
    "BORder",
    "NAmes",
    "SHOWcoleq",
    "CSPec",
    "RSPec",
    "UNDerscore",
    "noBLank",
    "noHAlf",
    "NODOTz",
    "KEEPCOLEQ",
    "ALIGNcolnames",
    "COLEQ",
    "ROWEQ",
];

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let end = top_level_comma(&cmd.raw).unwrap_or(cmd.raw.len());
    let rest = cmd.raw[end..].trim_start_matches(',');
    let options = Options::parse("matlist", rest, &[OptSpec::text("format")], REFUSED)?;
    let format = options.text("format").map_or(String::new(), |f| format!(" format({f})"));
    s.run_expanded(&format!("matrix list {}, noheader{format}", &cmd.raw[..end])).map(|_| ())
}
