//! `generate` and `replace`.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::expr::{Compiled, EvalCtx};
use crate::frame::{Column, StorageType, Variable};
use crate::session::Session;
use crate::syntax::varlist::check_new;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};

const GENERATE: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("Before"), OptSpec::text("After")]).exp();
const REPLACE: StandardSyntax = StandardSyntax::new(&[OptSpec::flag("nopromote")]).exp();

pub(super) const SPEC_GENERATE: CommandSpec = CommandSpec {
    name: "generate",
    min: 1,
    form: Form::Standard(&GENERATE),
    by: ByRule::Whole,
    run: generate,
    syntax: "generate [type] newvar[:lblname] =exp [if] [in] [, before(varname) | after(varname)]",
    notes: "no results; a number that the type can not hold becomes missing",
    examples: &[
        Example {
            run: "set obs 5\ngenerate x = _n^2\ngenerate double s = sum(x)\nreplace x = x[_n-1] + 1 if _n > 1",
            expect: &[("s[5]", 55.0), ("x[5]", 5.0)],
        },
        Example {
            run: "set obs 4\ngenerate g = _n > 2\nbysort g: generate k = _n\nby g: generate n = _N\ngenerate float f = .1",
            expect: &[("k[3]", 1.0), ("n[1]", 2.0), ("f[1] == .1", 0.0), ("f[1] == float(.1)", 1.0)],
        },
    ],
};

pub(super) const SPEC_REPLACE: CommandSpec = CommandSpec {
    name: "replace",
    min: 7,
    form: Form::Standard(&REPLACE),
    by: ByRule::Whole,
    run: replace,
    syntax: "replace oldvar =exp [if] [in] [, nopromote]",
    notes: "no results; the storage type is promoted when a value needs it; rows are changed in order, so x[_n-1] is the new value",
    examples: &[Example {
        run: "set obs 4\ngenerate x = _n\nreplace x = 10*x if x > 2",
        expect: &[("x[2]", 2.0), ("x[3]", 30.0)],
    }],
};

/// Rows to compute, with the limits of their by-group.
pub(crate) fn group_ranges(s: &Session) -> Vec<(usize, usize)> {
    let by = s.by_positions();
    if by.is_empty() { vec![s.range()] } else { s.frame.groups(&by) }
}

/// Rows that `if` and `in` select, with `_n` and `_N` of the by-groups.
pub(crate) fn selected(s: &Session, cmd: &ParsedCommand, groups: &[(usize, usize)]) -> Result<Vec<bool>> {
    let n = s.frame.n_rows();
    let mut keep = vec![false; n];
    let (lo, hi) = match &cmd.in_range {
        Some(text) => s.in_range(text)?,
        None => (0, n),
    };
    let condition = cmd.if_exp.as_ref().map(|t| s.compile(t)).transpose()?;
    if condition.as_ref().is_some_and(|c| c.is_string()) {
        return Err(StataError::type_mismatch());
    }
    for &(first, last) in groups {
        let ctx = EvalCtx { frame: &s.frame, rng: &s.rng, first, last };
        for (i, k) in keep.iter_mut().enumerate().take(last.min(hi)).skip(first.max(lo)) {
            *k = condition.as_ref().is_none_or(|c| c.holds(&ctx, i));
        }
    }
    Ok(keep)
}

fn generate(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let exp = cmd.exp.as_deref().ok_or_else(|| StataError::new(100, "=exp required"))?;
    let words: Vec<&str> = cmd.list.split_whitespace().collect();
    let (ty, target) = match words[..] {
        [name] => (None, name),
        [ty, name] => {
            let known =
                StorageType::parse(ty).ok_or_else(|| StataError::new(198, format!("{ty} invalid type")))?;
            (Some((known, ty == "str")), name)
        }
        [] => return Err(StataError::standard(100)),
        _ => return Err(StataError::standard(103)),
    };
    let (name, label) = target.split_once(':').map_or((target, ""), |(n, l)| (n, l));
    check_new(&s.frame, name)?;
    s.room_for(s.frame.n_rows() as f64, 16.0)?;
    let groups = group_ranges(s);
    let keep = selected(s, cmd, &groups)?;
    let c = with_matches(s, cmd, exp)?;
    let n = s.frame.n_rows();
    let (column, missing) = if c.is_string() {
        let values = string_values(s, &c, &groups, &keep);
        let column = match ty {
            None | Some((_, true)) => Column::from_strings(values),
            Some((t, _)) if t.is_string() => Column::from_strings(values).convert(t),
            Some(_) => return Err(StataError::type_mismatch()),
        };
        let empty = (0..n).filter(|&i| column.str(i).is_empty()).count();
        (column, empty)
    } else {
        let ty = ty.map_or(s.settings.default_type, |t| t.0);
        if ty.is_string() {
            return Err(StataError::type_mismatch());
        }
        let values = numeric_values(s, &c, &groups, &keep);
        let column = Column::from_f64(ty, &values);
        let missing = (0..n).filter(|&i| is_missing(column.num(i))).count();
        (column, missing)
    };
    let mut var = Variable::new(name, column);
    var.value_label = label.to_string();
    s.frame.add(var)?;
    place(s, cmd, name)?;
    if missing > 0 {
        let plural = if missing == 1 { "" } else { "s" };
        s.print(format!("({} missing value{plural} generated)", crate::format::count_text(missing)));
    }
    Ok(())
}

/// The expression; where it asks for parts of a match (`regexs()`) and `if` makes the match, the condition is
/// evaluated again before each value, as Stata goes row by row.
fn with_matches(s: &Session, cmd: &ParsedCommand, exp: &str) -> Result<Compiled> {
    let plain = s.compile(exp)?;
    match &cmd.if_exp {
        Some(condition) if exp.contains("regexs(") && condition.contains("regexm(") => {
            let other = if plain.is_string() { "\"\"" } else { "." };
            s.compile(&format!("cond(({condition}), ({exp}), {other})"))
        }
        _ => Ok(plain),
    }
}

/// Moves the new last variable as `before()` or `after()` say.
fn place(s: &mut Session, cmd: &ParsedCommand, name: &str) -> Result<()> {
    let target = match (cmd.options.text("before"), cmd.options.text("after")) {
        (None, None) => return Ok(()),
        (Some(v), None) => s.variable(v)?,
        (None, Some(v)) => s.variable(v)? + 1,
        _ => return Err(StataError::standard(184)),
    };
    let new = s.frame.position(name)?;
    let mut order: Vec<usize> = (0..s.frame.n_vars()).filter(|&i| i != new).collect();
    order.insert(target.min(order.len()), new);
    s.frame.reorder_vars(&order);
    Ok(())
}

fn numeric_values(s: &Session, c: &Compiled, groups: &[(usize, usize)], keep: &[bool]) -> Vec<f64> {
    let mut out = vec![MISSING; keep.len()];
    for &(first, last) in groups {
        let ctx = EvalCtx { frame: &s.frame, rng: &s.rng, first, last };
        for i in (first..last).filter(|&i| keep[i]) {
            out[i] = c.num(&ctx, i);
        }
    }
    out
}

fn string_values(s: &Session, c: &Compiled, groups: &[(usize, usize)], keep: &[bool]) -> Vec<Box<str>> {
    let mut out: Vec<Box<str>> = vec!["".into(); keep.len()];
    for &(first, last) in groups {
        let ctx = EvalCtx { frame: &s.frame, rng: &s.rng, first, last };
        for i in (first..last).filter(|&i| keep[i]) {
            out[i] = c.text(&ctx, i).into();
        }
    }
    out
}

fn replace(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let exp = cmd.exp.as_deref().ok_or_else(|| StataError::new(100, "=exp required"))?;
    let target = s.variable(&cmd.list)?;
    let groups = group_ranges(s);
    let keep = selected(s, cmd, &groups)?;
    let c = with_matches(s, cmd, exp)?;
    let var = s.frame.var(target);
    if var.is_string() != c.is_string() {
        return Err(StataError::type_mismatch());
    }
    let own = c.columns().contains(&target);
    let changed = if c.is_string() {
        replace_strings(s, target, &c, &groups, &keep)
    } else if own {
        replace_in_order(s, target, &c, &groups, &keep, cmd.has("nopromote"))
    } else {
        let values = numeric_values(s, &c, &groups, &keep);
        store_numbers(s, target, &values, &keep, cmd.has("nopromote"))
    };
    let plural = if changed.0 == 1 { "" } else { "s" };
    let missing = if changed.1 > 0 {
        format!(", {} to missing", crate::format::count_text(changed.1))
    } else {
        String::new()
    };
    s.print(format!("({} real change{plural} made{missing})", crate::format::count_text(changed.0)));
    Ok(())
}

/// Stores values where `keep` is true, promoting the type; returns changes and changes to missing.
fn store_numbers(
    s: &mut Session,
    target: usize,
    values: &[f64],
    keep: &[bool],
    fixed: bool,
) -> (usize, usize) {
    let before = s.frame.var(target).data.storage_type();
    let mut ty = before;
    if !fixed {
        for (&x, _) in values.iter().zip(keep).filter(|(_, k)| **k) {
            ty = ty.promoted_for(x);
        }
    }
    if ty != before {
        promote(s, target, ty);
    }
    let mut changed = (0, 0);
    let column = s.frame.column_mut(target);
    for (i, &x) in values.iter().enumerate().filter(|(i, _)| keep[*i]) {
        let old = column.num(i);
        column.set_num(i, x);
        if column.num(i) != old {
            changed.0 += 1;
            changed.1 += usize::from(is_missing(column.num(i)));
        }
    }
    changed
}

/// Converts a variable to a wider type and says so.
pub(crate) fn promote(s: &mut Session, target: usize, ty: StorageType) {
    let (name, old) = (s.frame.var(target).name.clone(), s.frame.var(target).data.storage_type());
    let column = s.frame.var(target).data.convert(ty);
    let default = s.frame.var(target).format == old.default_format();
    s.frame.set_column(target, column);
    if default || ty.is_string() {
        s.frame.var_mut(target).format = ty.default_format();
    }
    s.print(format!("variable {name} was {} now {}", old.name(), ty.name()));
}

/// Row by row, because the expression reads the variable that is changed.
fn replace_in_order(
    s: &mut Session,
    target: usize,
    c: &Compiled,
    groups: &[(usize, usize)],
    keep: &[bool],
    fixed: bool,
) -> (usize, usize) {
    let mut changed = (0, 0);
    let mut promoted = None;
    for &(first, last) in groups {
        for i in (first..last).filter(|&i| keep[i]) {
            let x = c.num(&EvalCtx { frame: &s.frame, rng: &s.rng, first, last }, i);
            let old_type = s.frame.var(target).data.storage_type();
            let ty = if fixed { old_type } else { old_type.promoted_for(x) };
            if ty != old_type {
                promoted.get_or_insert(old_type);
                let column = s.frame.var(target).data.convert(ty);
                s.frame.set_column(target, column);
            }
            let column = s.frame.column_mut(target);
            let old = column.num(i);
            column.set_num(i, x);
            if column.num(i) != old {
                changed.0 += 1;
                changed.1 += usize::from(is_missing(column.num(i)));
            }
        }
    }
    if let Some(old) = promoted {
        let var = s.frame.var_mut(target);
        let ty = var.data.storage_type();
        if var.format == old.default_format() {
            var.format = ty.default_format();
        }
        let text = format!("variable {} was {} now {}", var.name, old.name(), ty.name());
        s.print(text);
    }
    changed
}

fn replace_strings(
    s: &mut Session,
    target: usize,
    c: &Compiled,
    groups: &[(usize, usize)],
    keep: &[bool],
) -> (usize, usize) {
    let mut changed = (0, 0);
    for &(first, last) in groups {
        for i in (first..last).filter(|&i| keep[i]) {
            let text = c.text(&EvalCtx { frame: &s.frame, rng: &s.rng, first, last }, i).into_owned();
            let ty = s.frame.var(target).data.storage_type();
            if let StorageType::Str(w) = ty
                && text.len() > usize::from(w)
            {
                let wider =
                    if text.len() > 2045 { StorageType::StrL } else { StorageType::Str(text.len() as u16) };
                promote(s, target, wider);
            }
            if s.frame.str_at(target, i) != text {
                s.frame.column_mut(target).set_str(i, &text);
                changed.0 += 1;
                changed.1 += usize::from(text.is_empty());
            }
        }
    }
    changed
}
