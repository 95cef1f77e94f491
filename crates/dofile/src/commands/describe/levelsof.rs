//! `levelsof`: the distinct values of a variable.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{is_missing, missing_text};
use std::sync::Arc;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("Clean"),
    OptSpec::text("LOCal"),
    OptSpec::flag("Missing"),
    OptSpec::text("Separate"),
    OptSpec::text("MATROW"),
    OptSpec::text("MATCELL"),
    OptSpec::flag("HEXadecimal"),
]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "levelsof",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "levelsof varname [if] [in] [, clean local(macname) missing separate(separator) matrow(matname) matcell(matname) hexadecimal]",
    notes: "stores r(levels), r(N) and r(r); [P] levelsof",
    examples: &[Example {
        run: "set obs 6\ngenerate g = mod(_n, 3)\nlevelsof g if _n > 1, local(k)\nscalar n = `: word count `k''\nscalar third = `: word 3 of `k''",
        expect: &[("r(r)", 3.0), ("r(N)", 5.0), ("n", 3.0), ("third", 2.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let var = s.variable(cmd.list.trim())?;
    let touse = s.rows(cmd)?;
    let with_missing = cmd.has("missing");
    let mut used = 0usize;
    let mut counted: Vec<(f64, f64)> = Vec::new();
    let hexadecimal = cmd.has("hexadecimal");
    let mut levels: Vec<String> = Vec::new();
    let column = &s.frame.var(var).data;
    if column.is_string() {
        if hexadecimal || cmd.options.text("matrow").is_some() || cmd.options.text("matcell").is_some() {
            let text = "options hexadecimal, matrow() and matcell() are for numeric variables";
            return Err(StataError::invalid(text));
        }
        let mut values: Vec<&str> = (0..touse.len()).filter(|&i| touse[i]).map(|i| column.str(i)).collect();
        values.retain(|v| with_missing || !v.is_empty());
        used += values.len();
        values.sort_unstable();
        values.dedup();
        let clean = cmd.has("clean");
        levels.extend(values.iter().map(|v| if clean { (*v).to_string() } else { format!("`\"{v}\"'") }));
    } else {
        let mut values: Vec<f64> = (0..touse.len()).filter(|&i| touse[i]).map(|i| column.num(i)).collect();
        values.retain(|&v| with_missing || !is_missing(v));
        used += values.len();
        values.sort_by(f64::total_cmp);
        for value in values {
            match counted.last_mut() {
                Some(last) if last.0 == value => last.1 += 1.0,
                _ => counted.push((value, 1.0)),
            }
        }
        levels.extend(counted.iter().map(|&(v, _)| match v {
            v if is_missing(v) => missing_text(v),
            v if hexadecimal => format::bare("%21x", v).trim().to_string(),
            v => format::macro_text(v),
        }));
    }
    let text = levels.join(cmd.options.text("separate").unwrap_or(" "));
    s.print(&text);
    if let Some(name) = cmd.options.text("local") {
        let name = name.to_string();
        s.set_local(&name, text.clone());
    }
    for (option, pick) in [("matrow", 0), ("matcell", 1)] {
        if let Some(name) = cmd.options.text(option).map(str::trim) {
            let cells = counted.iter().map(|c| if pick == 0 { c.0 } else { c.1 }).collect();
            let mut matrix = Matrix::new(counted.len(), 1, cells);
            matrix.row_names = (1..=counted.len()).map(|i| Stripe::term(format!("r{i}"))).collect();
            matrix.col_names = vec![Stripe::term("c1")];
            s.matrices.insert(name.to_string(), Arc::new(matrix));
        }
    }
    let mut r = crate::results::Results::default();
    r.scalar("N", used as f64).scalar("r", levels.len() as f64).text("levels", text);
    s.r = r;
    Ok(())
}
