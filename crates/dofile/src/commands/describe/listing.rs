//! `list`, `ds`.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::listing::{self, Table};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};

const LIST: StandardSyntax =
    StandardSyntax::new(listing::OPTIONS).unsupported(&["SUBVARname", "CONstant", "FULLnames"]);
const DS: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::text("HAS"), OptSpec::flag_or_text("NOT"), OptSpec::flag("Alpha")])
        .unsupported(&["Detail", "Varwidth", "Skip", "INSEnsitive", "INDent"]);
pub(super) const SPEC_LIST: CommandSpec = CommandSpec {
    name: "list",
    min: 1,
    form: Form::Standard(&LIST),
    by: ByRule::EachGroup,
    run: list,
    syntax: "list [varlist] [if] [in] [, clean noobs nolabel noheader divider separator(#) sepby(varlist) abbreviate(#) string(#) mean[(varlist)] sum[(varlist)] n[(varlist)] labvar(varname) absolute]",
    notes: "no results",
    examples: &[Example {
        run: "set obs 1\ngenerate x = 6*7\ntempfile f\nquietly log using `f', text\nlist x\nquietly log close\nfile open h using `f', read text\nfile read h line\nscalar found = 0\nwhile r(eof) == 0 {\nif strpos(`\"`line'\"', \"42\") scalar found = 1\nfile read h line\n}\nfile close h",
        expect: &[("found", 1.0)],
    }],
};
pub(super) const SPEC_DS: CommandSpec = CommandSpec {
    name: "ds",
    min: 2,
    form: Form::Standard(&DS),
    by: ByRule::No,
    run: ds,
    syntax: "ds [varlist] [, not has(type typelist) not(type typelist) alpha]",
    notes: "stores r(varlist)",
    examples: &[Example {
        run: "set obs 1\ngenerate x = 1\ngenerate s = \"a\"\ngenerate y = 2\nds, has(type numeric)\nscalar numeric = r(varlist) == \"x y\"\nds s x, not",
        expect: &[("numeric", 1.0), ("r(varlist) == \"y\"", 1.0)],
    }],
};
fn list(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = if cmd.list.is_empty() { (0..s.frame.n_vars()).collect() } else { s.varlist(&cmd.list)? };
    let keep = s.rows(cmd)?;
    let rows: Vec<usize> = (0..keep.len()).filter(|&r| keep[r]).collect();
    if vars.is_empty() || rows.is_empty() {
        return Ok(());
    }
    Table::read(s, cmd, &vars)?.print(s, &rows, &vars);
    Ok(())
}

fn ds(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut vars = if cmd.list.is_empty() { (0..s.frame.n_vars()).collect() } else { s.varlist(&cmd.list)? };
    if cmd.has("not") && cmd.options.text("not").is_none() {
        vars = (0..s.frame.n_vars()).filter(|v| !vars.contains(v)).collect();
    }
    for (option, want) in [("has", true), ("not", false)] {
        let Some(text) = cmd.options.text(option) else {
            continue;
        };
        let (what, items) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let items: Vec<&str> = items.split_whitespace().collect();
        let matches = |v: usize| -> Result<bool> {
            let var = s.frame.var(v);
            let ty = var.data.storage_type().name();
            Ok(match what {
                "type" => items.iter().any(|i| match *i {
                    "numeric" => !var.is_string(),
                    "string" => var.is_string(),
                    t => ty == t,
                }),
                w if "vallabel".starts_with(w) && w.len() >= 4 => {
                    !var.value_label.is_empty()
                        && (items.is_empty() || items.contains(&var.value_label.as_str()))
                }
                w if "varlabel".starts_with(w) && w.len() >= 4 => !var.label.is_empty(),
                "format" => items.iter().any(|i| crate::syntax::varlist::wildcard(i, &var.format)),
                _ => return Err(StataError::unsupported_option("ds", &format!("{option}({what})"))),
            })
        };
        let picked: Result<Vec<bool>> = vars.iter().map(|&v| matches(v)).collect();
        let picked = picked?;
        let mut k = 0;
        vars.retain(|_| {
            k += 1;
            picked[k - 1] == want
        });
    }
    let mut names: Vec<String> = vars.iter().map(|&v| s.frame.var(v).name.clone()).collect();
    if cmd.has("alpha") {
        names.sort();
    }
    name_columns(s, &names.iter().map(|n| format::abbrev(n, 12)).collect::<Vec<_>>());
    let mut r = Results::default();
    r.text("varlist", names.join(" "));
    s.r = r;
    Ok(())
}

/// Names in columns as wide as the longest of them, downwards first.
pub(super) fn name_columns(s: &mut Session, names: &[String]) {
    let width = names.iter().map(|n| n.chars().count()).max().unwrap_or(0) + 2;
    let columns = ((s.settings.linesize + 2) / width).max(1);
    let rows = names.len().div_ceil(columns);
    for row in 0..rows {
        let line: String = names.iter().skip(row).step_by(rows).map(|n| format::left(n, width)).collect();
        s.print(line.trim_end());
    }
}
