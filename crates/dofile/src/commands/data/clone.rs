//! `clonevar`: a copy of a variable with its type, format and labels; `saveold`; `cf`.

use super::combine::open;
use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::frame::{Column, is_valid_name};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;

pub(super) const SPEC_CLONEVAR: CommandSpec = CommandSpec {
    name: "clonevar",
    min: 6,
    form: Form::Raw,
    by: ByRule::No,
    run: clonevar,
    syntax: "clonevar newvar = varname [if] [in]",
    notes: "storage type, values, format, variable label and value label; no results",
    examples: &[Example {
        run: "set obs 3\ngenerate byte x = _n\nlabel variable x \"a label\"\nclonevar y = x if _n > 1\nlocal l : variable label y\nscalar same = \"`l'\" == \"a label\"",
        expect: &[("y[3]", 3.0), ("missing(y[1])", 1.0), ("same", 1.0)],
    }],
};

fn clonevar(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (name, rest) = cmd.raw.split_once('=').ok_or_else(StataError::syntax)?;
    let name = name.trim();
    if s.frame.find(name).is_some() {
        return Err(StataError::already_defined(name));
    }
    if !is_valid_name(name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    let mut inner = ParsedCommand::split("clonevar", rest, false)?;
    inner.check_options(&[], &[])?;
    let keep = s.rows(&inner)?;
    let mut copy = s.frame.var(s.variable(inner.list.trim())?).clone();
    copy.name = name.to_string();
    if keep.contains(&false) {
        let old = copy.data.clone();
        copy.data = std::sync::Arc::new(if old.is_string() {
            let text = |i: usize| if keep[i] { old.str(i) } else { "" };
            Column::from_strings((0..keep.len()).map(|i| text(i).into()).collect())
        } else {
            let values: Vec<f64> =
                (0..keep.len()).map(|i| if keep[i] { old.num(i) } else { MISSING }).collect();
            Column::from_f64(old.storage_type(), &values)
        });
    }
    s.frame.add(copy)?;
    Ok(())
}

const SAVEOLD: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::flag("replace"), OptSpec::flag("all"), OptSpec::int("Version")]);

pub(super) const SPEC_SAVEOLD: CommandSpec = CommandSpec {
    name: "saveold",
    min: 7,
    form: Form::Standard(&SAVEOLD),
    by: ByRule::No,
    run: saveold,
    syntax: "saveold filename [, replace version(#) all]",
    notes: "writes the same release as save, which Stata reads from version 14 on, and says so; no results",
    examples: &[Example {
        run: "set obs 2\ngenerate x = _n\ntempfile f\nsaveold `f'.dta, version(12) replace\nuse `f'.dta, clear\nerase `f'.dta",
        expect: &[("_N", 2.0)],
    }],
};

fn saveold(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.options.int("version").is_some_and(|v| v < 14) {
        s.print("note: saved in the release of save, which Stata reads from version 14 on");
    }
    let replace = if cmd.has("replace") { ", replace" } else { "" };
    s.run_expanded(&format!("save {}{replace}", cmd.list)).map(|_| ())
}

const CF: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::flag("Verbose"), OptSpec::flag("all")]).using(Using::Required);

pub(super) const SPEC_CF: CommandSpec = CommandSpec {
    name: "cf",
    min: 2,
    form: Form::Standard(&CF),
    by: ByRule::No,
    run: cf,
    syntax: "cf varlist using filename [, all verbose]",
    notes: "r(9) when a variable differs or is missing in the file; stores r(Nsum)",
    examples: &[Example {
        run: "tempfile f\nset obs 3\ngenerate x = _n\nsave `f'\ncf _all using `f'\nscalar same = r(Nsum)\nreplace x = 9 in 2\ncapture cf x using `f'\nscalar rc = _rc",
        expect: &[("same", 0.0), ("rc", 9.0)],
    }],
};

fn cf(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let file = cmd.using.clone().unwrap_or_default();
    let using = open(s, &file, None)?;
    let (n, other) = (s.frame.n_rows(), using.n_rows());
    if n != other {
        return Err(StataError::new(9, format!("master has {n} obs., using {other}")));
    }
    let mut sum = 0;
    for position in s.varlist(&cmd.list)? {
        let var = s.frame.var(position).clone();
        let text = match using.find(&var.name).map(|i| using.var(i)) {
            None => {
                sum += n.max(1);
                "does not exist in using".to_string()
            }
            Some(own) if own.is_string() != var.is_string() => {
                sum += n.max(1);
                "is of another type in using".to_string()
            }
            Some(own) => {
                let differs = |i: &usize| {
                    if var.is_string() {
                        var.data.str(*i) != own.data.str(*i)
                    } else {
                        var.data.num(*i) != own.data.num(*i)
                    }
                };
                let count = (0..n).filter(differs).count();
                sum += count;
                if count == 0 { "match".to_string() } else { format!("{count} mismatches") }
            }
        };
        if text != "match" || cmd.has("all") || cmd.has("verbose") {
            s.print(format!("{:>16}:  {text}", var.name));
        }
    }
    let mut results = Results::default();
    results.scalar("Nsum", sum as f64);
    s.r = results;
    if sum > 0 { Err(StataError::new(9, "")) } else { Ok(()) }
}
