//! `astile`: quantile groups, also within groups. Written from the help file of Shah (2018); the rule is that of `xtile`.

use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter, StandardSyntax};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::int("Nquantiles"), OptSpec::text("by")]).exp().unsupported(&["qc"]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "astile",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::Whole,
    run,
    syntax: "[bysort varlist:] astile newvar = exp [if] [in] [, nquantiles(#) by(varlist)]",
    notes: "nquantiles(2) without the option; as gquantiles with option xtile; qc() is refused; no results",
    examples: &[Example {
        run: "set obs 12\ngenerate g = ceil(_n/6)\ngenerate x = _n\nastile q = x, nq(3) by(g)\nbysort g: astile h = x\nxtile o = x, nquantiles(4)\nastile p = x, nquantiles(4)\ncount if o != p",
        expect: &[("q[6]", 3.0), ("q[7]", 1.0), ("h[3]", 1.0), ("h[4]", 2.0), ("r(N)", 0.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let exp = cmd.exp.as_ref().ok_or_else(|| StataError::new(100, "=exp required"))?;
    let mut by: Vec<String> = s.by_positions().into_iter().map(|v| s.frame.var(v).name.clone()).collect();
    by.extend(cmd.options.text("by").map(str::to_string));
    let mut line = format!("gquantiles {} = {exp}", cmd.list.trim());
    for (word, text) in [("if", &cmd.if_exp), ("in", &cmd.in_range)] {
        if let Some(text) = text {
            line.push_str(&format!(" {word} {text}"));
        }
    }
    line.push_str(&format!(", xtile nquantiles({})", cmd.options.int("nquantiles").unwrap_or(2)));
    if !by.is_empty() {
        line.push_str(&format!(" by({})", by.join(" ")));
    }
    s.run_expanded(&line).map(|_| ())
}
