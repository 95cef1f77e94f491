//! `labmask`: values or labels of one variable as value labels of another (help file of labutil).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;
use std::collections::BTreeMap;

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("VALues"), OptSpec::text("LBLname"), OptSpec::flag("decode")]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "labmask",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "labmask varname [if] [in], values(valuesname) [lblname(name) decode]",
    notes: "whole numbers; r(198) where one value would have two labels; the set of labels has the name of the variable unless lblname(); no results; help file of labutil",
    examples: &[Example {
        run: "input id str5 name\n2 \"two\"\n1 \"one\"\n2 \"two\"\nend\nlabmask id, values(name)\ndecode id, generate(text)\nscalar same = text[1] == \"two\" & text[2] == \"one\"",
        expect: &[("same", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variable = s.numeric_variable(cmd.list.trim())?;
    let Some(values) = cmd.options.text("values") else {
        return Err(StataError::invalid("option values() required"));
    };
    let values = s.variable(values.trim())?;
    let mut touse = s.rows(cmd)?;
    s.markout(&[variable], &mut touse, false)?;
    let mut texts: BTreeMap<i64, String> = BTreeMap::new();
    for row in (0..touse.len()).filter(|r| touse[*r]) {
        let x = s.frame.num_at(variable, row);
        if x.fract() != 0.0 || x.abs() > 2e9 {
            return Err(StataError::new(198, "may not label non-integers"));
        }
        let text = text_of(s, values, row, cmd.has("decode"));
        let known = texts.entry(x as i64).or_insert_with(|| text.clone());
        if *known != text {
            return Err(StataError::new(198, "values() not constant within groups of the variable"));
        }
    }
    let name = s.frame.var(variable).name.clone();
    let set = cmd.options.text("lblname").map_or(name, |n| n.trim().to_string());
    let labels = s.frame.value_labels.entry(set.clone()).or_default();
    for (value, text) in texts {
        labels.set(value as f64, &text);
    }
    s.frame.var_mut(variable).value_label = set;
    s.frame.changed = true;
    Ok(())
}

/// A value as text: itself, or its label with `decode`.
fn text_of(s: &Session, variable: usize, row: usize, decode: bool) -> String {
    let column = &s.frame.var(variable).data;
    if column.is_string() {
        return column.str(row).to_string();
    }
    let x = column.num(row);
    let label = s.frame.labels_of(variable).filter(|_| decode).and_then(|l| l.get(x));
    match label {
        Some(text) => text.to_string(),
        None if is_missing(x) => String::new(),
        None => format::macro_text(x),
    }
}
