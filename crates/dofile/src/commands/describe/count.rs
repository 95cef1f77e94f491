//! `count`: the number of rows that satisfy a condition.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::Result;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::ParsedCommand;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "count",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "count [if] [in]",
    notes: "stores r(N); [D] count",
    examples: &[Example { run: "set obs 5\ngenerate x = _n\ncount if x > 2", expect: &[("r(N)", 3.0)] }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !cmd.list.trim().is_empty() {
        return Err(crate::error::StataError::syntax());
    }
    let n = s.rows(cmd)?.into_iter().filter(|t| *t).count() as f64;
    s.print(format!("  {}", format::bare("%15.0gc", n)));
    let mut r = Results::default();
    r.scalar("N", n);
    s.r = r;
    Ok(())
}
