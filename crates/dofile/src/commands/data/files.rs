//! `use` and `save`: .dta files.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::frame::Frame;
use crate::ops::data_files::{read_dta, write_dta};
use crate::ops::files::{check_replace, with_extension};
use crate::ops::sources::{is_temporary, source};
use crate::session::Session;
use crate::syntax::split::unquote;
use crate::syntax::{OptSpec, ParsedCommand};
use std::collections::BTreeSet;

const USE: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("clear"), OptSpec::flag("replace"), OptSpec::flag("nolabel")])
        .using(Using::Optional);
const SAVE: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::flag("replace"), OptSpec::flag("emptyok"), OptSpec::flag("orphans")])
        .unsupported(&["all", "nolabel"]);

pub(super) const SPEC_USE: CommandSpec = CommandSpec {
    name: "use",
    min: 1,
    form: Form::Standard(&USE),
    by: ByRule::No,
    run: run_use,
    syntax: "use [varlist] [if] [in] using filename [, clear replace nolabel]",
    notes: "reads .dta files of releases 113 to 119; replace is clear under an older name; no results",
    examples: &[Example {
        run: "tempfile f\nset obs 3\ngenerate double x = _n/2\nsave `f'\nuse `f', clear",
        expect: &[("x[3]", 1.5), ("_N", 3.0)],
    }],
};

pub(super) const SPEC_SAVE: CommandSpec = CommandSpec {
    name: "save",
    min: 2,
    form: Form::Standard(&SAVE),
    by: ByRule::No,
    run: run_save,
    syntax: "save [filename] [, replace emptyok orphans]",
    notes: "writes release 118 (119 above 32,767 variables); no results",
    examples: &[Example {
        run: "set obs 2\ngenerate x = _n\ntempfile f\nsave `f'.dta\ncapture save `f'.dta\nscalar rc = _rc\nreplace x = 9 in 2\nsave `f'.dta, replace\nuse `f'.dta, clear\nerase `f'.dta",
        expect: &[("rc", 602.0), ("x[2]", 9.0)],
    }],
};

fn run_use(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (list, name) = match &cmd.using {
        Some(u) => (Some(cmd.list.as_str()), u.as_str()),
        None => (None, unquote(&cmd.list)),
    };
    if name.is_empty() {
        return Err(StataError::new(198, "invalid file specification"));
    }
    if s.frame.changed && !cmd.has("clear") && !cmd.has("replace") && s.frame.n_vars() > 0 {
        return Err(StataError::standard(4));
    }
    let (path, file) = source(s, name, "dta")?;
    let needs_all = cmd.if_exp.is_some();
    let mut frame = read_dta(&path, &file, if needs_all { None } else { list }, s.settings.varabbrev)?;
    if cmd.has("nolabel") {
        frame.value_labels.clear();
    }
    if needs_all || cmd.in_range.is_some() {
        let old = std::mem::replace(&mut s.frame, frame);
        match s.rows(cmd) {
            Ok(keep) => s.frame.keep_rows(&keep),
            Err(e) => {
                s.frame = old;
                return Err(e);
            }
        }
        if let Some(list) = list.filter(|l| needs_all && !l.trim().is_empty()) {
            let wanted = s.varlist(list)?;
            let drop: Vec<usize> = (0..s.frame.n_vars()).filter(|i| !wanted.contains(i)).collect();
            s.frame.drop_vars(&drop);
        }
        s.frame.changed = false;
    } else {
        s.frame = frame;
    }
    if !s.frame.label.is_empty() {
        let label = format!("({})", s.frame.label);
        s.print(label);
    }
    Ok(())
}

/// Names of the sets of value labels that variables have, in any language of the labels.
fn attached_labels(frame: &Frame) -> BTreeSet<String> {
    let languages = frame.chars.iter().filter(|((_, name), _)| name.starts_with("_lang_l_"));
    let own = frame.vars().iter().map(|v| v.value_label.clone());
    own.chain(languages.map(|(_, set)| set.clone())).collect()
}

fn run_save(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let name = unquote(&cmd.list);
    let name = if name.is_empty() { s.frame.filename.clone() } else { name.to_string() };
    if name.is_empty() {
        return Err(StataError::new(198, "invalid file specification"));
    }
    if s.frame.n_vars() == 0 && !cmd.has("emptyok") {
        return Err(StataError::new(102, "no variables defined"));
    }
    let temporary = is_temporary(s, &name);
    let file = if temporary { name.clone() } else { with_extension(&name, "dta") };
    let path = s.path(&file);
    check_replace(&path, &file, cmd.has("replace") || temporary)?;
    s.frame.timestamp = s.clock_text("%tcDD_Mon_CCYY_HH:MM", 'c');
    let all = s.frame.value_labels.clone();
    if !cmd.has("orphans") {
        let attached = attached_labels(&s.frame);
        s.frame.value_labels.retain(|name, _| attached.contains(name.as_str()));
    }
    let written = write_dta(&s.frame, &path);
    s.frame.value_labels = all;
    written?;
    s.frame.changed = false;
    s.frame.filename.clone_from(&file);
    if !temporary {
        s.print(format!("file {file} saved"));
    }
    Ok(())
}
