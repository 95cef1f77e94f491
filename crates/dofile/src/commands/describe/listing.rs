//! `list`, `describe`, `ds`.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::format;
use crate::format::count_text;
use crate::ops::listing::{self, Table};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};

const LIST: StandardSyntax =
    StandardSyntax::new(listing::OPTIONS).unsupported(&["SUBVARname", "CONstant", "FULLnames"]);
const DESCRIBE: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("Short"),
    OptSpec::flag("SImple"),
    OptSpec::flag("Fullnames"),
    OptSpec::flag("VARList"),
    OptSpec::flag("Numbers"),
])
.using(Using::Optional)
.unsupported(&["replace", "clear", "DEtail"]);
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
pub(super) const SPEC_DESCRIBE: CommandSpec = CommandSpec {
    name: "describe",
    min: 1,
    form: Form::Standard(&DESCRIBE),
    by: ByRule::No,
    run: describe,
    syntax: "describe [varlist] [using filename] [, short simple fullnames varlist numbers]",
    notes: "stores r(N) r(k) r(width) r(changed); varlist adds r(varlist) r(sortlist)",
    examples: &[Example {
        run: "set obs 3\ngenerate x = 1\ngenerate str5 s = \"a\"\nquietly describe, varlist",
        expect: &[("r(N)", 3.0), ("r(k)", 2.0), ("r(width)", 9.0), ("wordcount(r(varlist))", 2.0)],
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

fn describe(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if let Some(file) = &cmd.using {
        let (path, file) = crate::ops::sources::source(s, file, "dta")?;
        let frame = crate::ops::data_files::read_dta(&path, &file, None, false)?;
        let own = std::mem::replace(&mut s.frame, frame);
        let result = describe_frame(s, cmd);
        s.frame = own;
        return result;
    }
    describe_frame(s, cmd)
}

fn describe_frame(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = if cmd.list.is_empty() { (0..s.frame.n_vars()).collect() } else { s.varlist(&cmd.list)? };
    if cmd.has("simple") {
        let names: Vec<String> = vars.iter().map(|&v| s.frame.var(v).name.clone()).collect();
        s.print(names.join("  "));
    } else {
        let from =
            if s.frame.filename.is_empty() { String::new() } else { format!(" from {}", s.frame.filename) };
        s.print("");
        s.print(format!("Contains data{from}"));
        let fact = |name: &str, n: usize, text: &str| {
            format!("{name:>14} {:>13}{:18}{text}", count_text(n), "").trim_end().to_string()
        };
        s.print(fact("Observations:", s.frame.n_rows(), &s.frame.label));
        s.print(fact("Variables:", s.frame.n_vars(), &s.frame.timestamp));
        if super::codebook::notes_of(s, "_dta").next().is_some() {
            s.print(format!("{:46}(_dta has notes)", ""));
        }
        if !cmd.has("short") {
            let rule = "-".repeat(s.settings.linesize.clamp(40, 255).min(80) - 1);
            s.print(rule.clone());
            s.print("Variable      Storage   Display    Value");
            s.print("    name         type    format    label      Variable label");
            s.print(rule.clone());
            for &v in &vars {
                let var = s.frame.var(v);
                let name =
                    if cmd.has("fullnames") { var.name.clone() } else { format::abbrev(&var.name, 15) };
                let text = format!(
                    "{:<15} {:<7} {:<10} {:<10} {}",
                    name,
                    var.data.storage_type().name(),
                    var.format,
                    format::abbrev(&var.value_label, 10),
                    var.label
                );
                s.print(text.trim_end());
            }
            s.print(rule);
        }
        let sorted = s.frame.sorted_by.join("  ");
        s.print(format!("Sorted by: {sorted}"));
        if s.frame.changed {
            s.print("     Note: Dataset has changed since last saved.");
        }
    }
    let mut r = Results::default();
    r.scalar("N", s.frame.n_rows() as f64)
        .scalar("k", s.frame.n_vars() as f64)
        .scalar("width", s.row_width() as f64)
        .scalar("changed", f64::from(u8::from(s.frame.changed)));
    if cmd.has("varlist") {
        let names: Vec<String> = vars.iter().map(|&v| s.frame.var(v).name.clone()).collect();
        r.text("varlist", names.join(" ")).text("sortlist", s.frame.sorted_by.join(" "));
    }
    s.r = r;
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
    s.print(names.join("  "));
    let mut r = Results::default();
    r.text("varlist", names.join(" "));
    s.r = r;
    Ok(())
}
