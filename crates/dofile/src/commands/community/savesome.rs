//! `savesome`: saves some of the variables and rows of the data, which stay (Cox, SSC).

use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "savesome",
    min: 8,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "savesome [varlist] [if] [in] using filename [, replace nolabel orphans emptyok all]",
    notes: "the data in memory stay as they are; options are those of save; see savesome (SSC)",
    examples: &[Example {
        run: "set obs 5\ngenerate x = _n\ngenerate y = 2*_n\ntempfile f\nsavesome y if x > 3 using `f'\nscalar kept = _N == 5 & c(k) == 2\nuse `f', clear",
        expect: &[("kept", 1.0), ("_N", 2.0), ("c(k)", 1.0), ("y[1]", 8.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut cmd = ParsedCommand::split("savesome", &cmd.raw, false)?;
    const OPTIONS: &[OptSpec] = &[
        OptSpec::flag("replace"),
        OptSpec::flag("noLabel"),
        OptSpec::flag("ORPHANs"),
        OptSpec::flag("EMPTYok"),
        OptSpec::flag("all"),
    ];
    cmd.check_options(OPTIONS, &["OLD"])?;
    let file = cmd.using.clone().ok_or_else(|| StataError::new(100, "using required"))?;
    let chosen = if cmd.list.trim().is_empty() { None } else { Some(s.varlist(&cmd.list)?) };
    let rows = s.rows(&cmd)?;
    let whole = s.frame.clone();
    if let Some(chosen) = chosen {
        let others: Vec<usize> = (0..s.frame.n_vars()).filter(|v| !chosen.contains(v)).collect();
        s.frame.drop_vars(&others);
    }
    s.frame.keep_rows(&rows);
    let done = s.run_expanded(&format!("save `\"{file}\"', {}", cmd.option_text));
    s.frame = whole;
    done.map(|_| ())
}
