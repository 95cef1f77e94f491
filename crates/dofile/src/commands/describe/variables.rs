//! `describe`: the variables of the data in memory. Files on disk are not described.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::Result;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[OptSpec::flag("Short"), OptSpec::flag("Fullnames")])
    .unsupported(&["Detail", "Numbers", "REPLACE", "clear", "VARList", "SImple"]);

pub const SPEC: CommandSpec = CommandSpec {
    name: "describe",
    min: 1,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "describe [varlist] [, short fullnames]",
    notes: "stores r(N) and r(k) of the data in memory; [D] describe",
    examples: &[Example {
        run: "set obs 4\ngenerate x = 1\ndescribe",
        expect: &[("r(N)", 4.0), ("r(k)", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let listed = !cmd.list.trim().is_empty();
    let vars = if listed { s.varlist(&cmd.list)? } else { (0..s.frame.n_vars()).collect() };
    let rule = "-".repeat(s.settings.linesize.saturating_sub(1).clamp(40, 79));
    if !listed {
        s.print("");
        let source = if s.frame.filename.is_empty() {
            "Contains data".to_string()
        } else {
            format!("Contains data from {}", s.frame.filename)
        };
        s.print(source);
        s.print(format!(
            " Observations: {}",
            format::right(&format::bare("%13.0gc", s.frame.n_rows() as f64), 13)
        ));
        s.print(format!(
            "    Variables: {}",
            format::right(&format::bare("%13.0gc", s.frame.n_vars() as f64), 13)
        ));
    }
    if !cmd.has("short") {
        if listed {
            s.print("");
            s.print("Variable      Storage   Display    Value");
        } else {
            s.print(&rule);
            s.print("Variable      Storage   Display    Value");
        }
        s.print("    name         type    format    label      Variable label");
        s.print(&rule);
        for v in vars {
            let var = s.frame.var(v);
            let shown = if cmd.has("fullnames") { var.name.clone() } else { format::abbrev(&var.name, 15) };
            let line = format!(
                "{} {} {} {} {}",
                format::left(&shown, 15),
                format::left(&var.data.storage_type().name(), 7),
                format::left(&var.format, 10),
                format::left(&format::abbrev(&var.value_label, 10), 10),
                var.label
            );
            s.print(line.trim_end());
        }
        if !listed {
            s.print(&rule);
        }
    }
    if !listed {
        s.print(format!("Sorted by: {}", s.frame.sorted_by.join("  ")).trim_end());
    }
    let mut r = Results::default();
    r.scalar("N", s.frame.n_rows() as f64).scalar("k", s.frame.n_vars() as f64);
    s.r = r;
    Ok(())
}
