//! `_fv_check_depvar`: refuses a factor variable where a program expects its outcome. [P] marks it as a programmer's helper.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::{FvList, OptSpec, ParsedCommand};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::real("k")]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "_fv_check_depvar",
    min: 16,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "_fv_check_depvar varlist [, k(#)]",
    notes: "r(198) where one of the first # variables (1) is a factor variable",
    examples: &[Example {
        run: "set obs 4\ngenerate y = _n\n_fv_check_depvar y\ncapture _fv_check_depvar i.y\nscalar rc = _rc\ncapture _fv_check_depvar y i.y, k(2)\nscalar second = _rc",
        expect: &[("rc", 198.0), ("second", 198.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let first = match cmd.options.real("k") {
        Some(k) if k >= 1.0 => k as usize,
        Some(_) => return Err(StataError::invalid("option k() takes a number above zero")),
        None => 1,
    };
    let words: Vec<&str> = cmd.list.split_whitespace().take(first).collect();
    let list = FvList::parse(&s.frame, &words.join(" "), s.settings.varabbrev)?;
    match list.factors().is_empty() {
        true => Ok(()),
        false => Err(StataError::invalid("depvar may not be a factor variable")),
    }
}
