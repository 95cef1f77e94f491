//! Samples of programs: `mark`, `marksample`, `markout`.

use crate::commands::{CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable, is_valid_name};
use crate::session::Session;
use crate::syntax::{FvList, OptSpec, ParsedCommand, WeightKind, varlist};
use crate::value::MISSING;

const MARKS: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::flag("STRok"), OptSpec::flag("NOVARlist"), OptSpec::flag("zeroweight")]);
const MARKOUT_SYNTAX: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::flag("STRok"), OptSpec::flag("sysmissok")]);
const MARK_SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("zeroweight")]).weights(super::ALL_WEIGHTS);
pub(super) const MARKSAMPLE: CommandSpec = CommandSpec {
    examples: &[Example {
        // Rows 1, 3 and 4.
        run: "program define t, rclass\nsyntax varlist [if]\nmarksample touse\ncount if `touse'\nreturn scalar n = r(N)\nend\nset obs 5\ngenerate x = _n\nreplace x = . in 2\nt x if _n < 5",
        expect: &[("r(n)", 3.0)],
    }],
    form: Form::Standard(&MARKS),
    ..CommandSpec::raw("marksample", 6, marksample, "marksample lmacname [, novarlist strok zeroweight]")
};
pub(super) const MARK: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 4\ngenerate x = _n\nmark m if x > 1\nsummarize m",
        expect: &[("r(sum)", 3.0), ("m[1]", 0.0)],
    }],
    form: Form::Standard(&MARK_SYNTAX),
    ..CommandSpec::raw("mark", 4, mark, "mark newmarkvar [if] [in] [weight] [, zeroweight]")
};
pub(super) const MARKOUT: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 4\ngenerate x = _n\nreplace x = . in 2/3\nmark m\nmarkout m x\nsummarize m",
        expect: &[("r(sum)", 2.0), ("m[2]", 0.0)],
    }],
    form: Form::Standard(&MARKOUT_SYNTAX),
    ..CommandSpec::raw("markout", 7, markout, "markout markvar [varlist] [, strok sysmissok]")
};

fn add_mark(s: &mut Session, name: &str, touse: &[bool]) -> Result<()> {
    let values: Vec<i8> = touse.iter().map(|&t| i8::from(t)).collect();
    if let Some(i) = s.frame.find(name) {
        s.frame.drop_vars(&[i]);
    }
    s.frame.add(Variable::new(name, Column::Byte(values)))?;
    Ok(())
}

/// The rows that `if` and `in` select, within the group that a byable program is called for.
fn group_rows(s: &mut Session, cmd: &ParsedCommand) -> Result<Vec<bool>> {
    let outer = s.by;
    if let Some(call) = s.scope().by {
        s.by = Some(call.rows);
    }
    let rows = s.rows(cmd);
    s.by = outer;
    rows
}

fn marksample(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let local = cmd.list.trim().to_string();
    if !is_valid_name(&local) {
        return Err(StataError::syntax());
    }
    let (text_if, text_in) = (s.local("if").to_string(), s.local("in").to_string());
    let weight = s.local("weight").to_string();
    let exp = s.local("exp").to_string();
    let varlist = s.local("varlist").to_string();
    let weight = if weight.is_empty() { String::new() } else { format!("[{weight}{exp}]") };
    let inner = ParsedCommand::split("mark", &format!("{text_if} {text_in} {weight}"), false)?;
    let mut touse = group_rows(s, &inner)?;
    weighted(s, &inner, &mut touse, cmd.has("zeroweight"))?;
    if !cmd.has("novarlist") && !varlist.is_empty() {
        markout_list(s, &varlist, &mut touse, cmd.has("strok"))?;
    }
    let name = s.temporary_name();
    add_mark(s, &name, &touse)?;
    s.set_local(&local, name);
    Ok(())
}

/// Excludes rows with missing values in a list that may hold operators.
fn markout_list(s: &Session, list: &str, touse: &mut [bool], strok: bool) -> Result<()> {
    match varlist::resolve(&s.frame, list, s.settings.varabbrev) {
        Ok(vars) => s.markout(&vars, touse, strok),
        Err(_) => FvList::parse(&s.frame, list, s.settings.varabbrev)?.markout(&s.frame, touse),
    }
}

fn mark(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let name = cmd.list.trim().to_string();
    if !is_valid_name(&name) && !name.starts_with("__") {
        return Err(StataError::syntax());
    }
    let mut touse = group_rows(s, cmd)?;
    weighted(s, cmd, &mut touse, cmd.has("zeroweight"))?;
    add_mark(s, &name, &touse)
}

/// Excludes rows whose weight is missing, or zero unless `zero` says that these stay.
fn weighted(s: &Session, cmd: &ParsedCommand, touse: &mut [bool], zero: bool) -> Result<()> {
    let selected = touse.to_vec();
    s.weights(cmd, WeightKind::Frequency, touse)?;
    if let Some(weight) = cmd.weight.as_ref().filter(|_| zero) {
        let values = s.numbers(&weight.exp, &selected)?;
        for (row, mark) in touse.iter_mut().enumerate() {
            *mark |= selected[row] && values[row] == 0.0;
        }
    }
    Ok(())
}

fn markout(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (name, list) = cmd.list.split_once(char::is_whitespace).unwrap_or((cmd.list.as_str(), ""));
    let i = s.numeric_variable(name)?;
    let before: Vec<bool> = s.frame.numeric(i)?.iter().map(|&x| x != 0.0).collect();
    let mut touse = before.clone();
    markout_list(s, list, &mut touse, cmd.has("strok"))?;
    if cmd.has("sysmissok") {
        // `.` of numeric variables is no reason to leave a row out, .a to .z are
        touse.clone_from(&before);
        for v in s.varlist(list)? {
            match s.frame.var(v).is_string() {
                true => s.markout(&[v], &mut touse, cmd.has("strok"))?,
                false => {
                    let values = s.frame.numeric(v)?;
                    touse.iter_mut().zip(values.iter()).for_each(|(t, x)| *t &= *x <= MISSING);
                }
            }
        }
    }
    let column = s.frame.column_mut(i);
    for (k, t) in touse.iter().enumerate() {
        if before[k] && !t {
            column.set_num(k, 0.0);
        }
    }
    Ok(())
}
