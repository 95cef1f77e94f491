//! `outsheet`, the old form of `export delimited`: tabs, quoted strings, the extension `.out`.

use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter, StandardSyntax, Using};
use crate::error::Result;
use crate::ops::files::with_extension;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("Comma"),
    OptSpec::text("DELIMiter"),
    OptSpec::flag("noNames"),
    OptSpec::flag("Names"),
    OptSpec::flag("Label"),
    OptSpec::flag("Quote"),
    OptSpec::flag("noLabel"),
    OptSpec::flag("noQuote"),
    OptSpec::flag("replace"),
])
.using(Using::Required);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "outsheet",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "outsheet [varlist] using filename [if] [in] [, comma delimiter(\"char\") nonames nolabel noquote replace]",
    notes: "export delimited with tabs and quoted strings; no results",
    examples: &[Example {
        run: "set obs 3\ngenerate x = 2*_n\noutsheet x using sheet.txt if _n > 1, replace\nimport delimited using sheet.txt, delimiters(tab) clear\nerase sheet.txt",
        expect: &[("_N", 2.0), ("x[2]", 6.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let file = with_extension(cmd.using.as_deref().unwrap_or_default(), "out");
    let mut options = match cmd.options.text("delimiter") {
        Some(text) => format!("delimiter({text})"),
        None if cmd.has("comma") => String::new(),
        None => "delimiter(tab)".to_string(),
    };
    for (given, passed) in [("nonames", " novarnames"), ("nolabel", " nolabel"), ("replace", " replace")] {
        if cmd.has(given) {
            options.push_str(passed);
        }
    }
    if !cmd.has("noquote") {
        options.push_str(" quote");
    }
    let condition =
        |word: &str, text: &Option<String>| text.as_ref().map_or(String::new(), |t| format!(" {word} {t}"));
    let rows = condition("if", &cmd.if_exp) + &condition("in", &cmd.in_range);
    s.run_expanded(&format!("export delimited {} using \"{file}\"{rows}, {options}", cmd.list)).map(|_| ())
}
