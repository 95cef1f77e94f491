//! `merge` and `append`: combining data sets.

use super::pairing::{Joined, by_number, join};
use super::{combine_notes, old_merge};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, StorageType, ValueLabel, Variable};
use crate::ops::data_files::read_dta;
use crate::ops::files::with_extension;
use crate::ops::sources::source;
use crate::session::Session;
use crate::syntax::split::unquote;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;
use estimators::blocks;
use std::sync::Arc;

const OWN: &[OptSpec] = &[
    OptSpec::text("KEEPUSing"),
    OptSpec::text("GENerate"),
    OptSpec::flag("NOGENerate"),
    OptSpec::flag("noLabel"),
    OptSpec::flag("noNOTEs"),
    OptSpec::flag("update"),
    OptSpec::flag("replace"),
    OptSpec::flag("noREPort"),
    OptSpec::flag("force"),
    OptSpec::text("assert"),
    OptSpec::text("keep"),
    // it says that both data sets are sorted, which the engine does not need to know
    OptSpec::flag("SORTED"),
];
const MERGE: StandardSyntax =
    StandardSyntax::whole(crate::concat_lists!(OptSpec; OWN, &old_merge::OPTIONS)).using(Using::Required);
const APPEND: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::text("GENerate"),
    OptSpec::text("keep"),
    OptSpec::flag("noLabel"),
    OptSpec::flag("noNOTEs"),
    OptSpec::flag("force"),
])
.using(Using::Required);

pub(super) const SPEC_MERGE: CommandSpec = CommandSpec {
    name: "merge",
    min: 3,
    form: Form::Standard(&MERGE),
    by: ByRule::No,
    run: merge,
    syntax: "merge {1:1|m:1|1:m|m:m} varlist using filename | merge 1:1 _n using filename | merge [varlist] using filename (old syntax) [, keepusing(varlist) generate(newvar) nogenerate nolabel nonotes update replace noreport force assert(results) keep(results)]; old syntax: [, keep(varlist) unique uniqmaster uniqusing nokeep _merge(newvar) sort nolabel nonotes update replace]",
    notes: "_merge: 1 master only, 2 using only, 3 matched, 4 missing updated, 5 conflict; m:m pairs the rows of a key in order, the last one of the shorter side again and again; no results",
    examples: &[Example {
        run: "tempfile f\nset obs 3\ngenerate k = _n + 1\ngenerate z = 10*k\nsave `f'\nclear\nset obs 3\ngenerate k = _n\nmerge 1:1 k using `f'\nsort k\ncount if _merge == 3",
        expect: &[("_N", 4.0), ("r(N)", 2.0), ("z[2]", 20.0), ("_merge[1]", 1.0), ("_merge[4]", 2.0)],
    }],
};
pub(super) const SPEC_APPEND: CommandSpec = CommandSpec {
    name: "append",
    min: 3,
    form: Form::Standard(&APPEND),
    by: ByRule::No,
    run: append,
    syntax: "append using filename [filename ...] [, generate(newvar) keep(varlist) nolabel nonotes force]",
    notes: "no results",
    examples: &[Example {
        run: "tempfile f\nset obs 2\ngenerate x = _n\nsave `f'\nappend using `f', generate(from)",
        expect: &[("_N", 4.0), ("x[4]", 2.0), ("from[3]", 1.0)],
    }],
};

pub(super) fn open(s: &mut Session, name: &str, keep: Option<&str>) -> Result<Frame> {
    let (path, file) = source(s, name, "dta")?;
    read_dta(&path, &file, keep, false)
}

/// Wider of two storage types of the same kind.
pub(super) fn common(a: StorageType, b: StorageType) -> StorageType {
    use StorageType as T;
    match (a, b) {
        (T::Str(x), T::Str(y)) => T::Str(x.max(y)),
        (T::StrL, _) | (_, T::StrL) => T::StrL,
        (T::Double, _) | (_, T::Double) => T::Double,
        (T::Float, T::Long) | (T::Long, T::Float) => T::Double,
        (T::Float, _) | (_, T::Float) => T::Float,
        (T::Long, _) | (_, T::Long) => T::Long,
        (T::Int, _) | (_, T::Int) => T::Int,
        _ => T::Byte,
    }
}

pub(super) fn carry_labels(s: &mut Session, using: &Frame, skip: bool) {
    if skip {
        return;
    }
    let sets: Vec<(String, ValueLabel)> =
        using.value_labels.iter().map(|(n, l)| (n.clone(), l.clone())).collect();
    for (name, set) in sets {
        let defined = s.frame.value_labels.contains_key(&name);
        if defined {
            s.print(format!("(label {name} already defined)"));
            continue;
        }
        s.frame.value_labels.insert(name, set);
    }
}

/// Result codes named in `keep()` and `assert()`.
fn codes(text: &str) -> Result<Vec<u8>> {
    text.split_whitespace()
        .map(|w| match w {
            "1" | "master" | "mas" | "mast" => Ok(1),
            "2" | "using" | "us" | "usi" => Ok(2),
            "3" | "match" | "mat" | "matched" | "matches" => Ok(3),
            "4" => Ok(4),
            "5" => Ok(5),
            w if w.starts_with("match_upd") && "match_updates".starts_with(w) => Ok(4),
            w if w.starts_with("match_con") && "match_conflicts".starts_with(w) => Ok(5),
            w => Err(StataError::new(198, format!("{w}: invalid merge result"))),
        })
        .collect()
}

/// `1:1 varlist`, `1:1 _n`, and the old syntax: `varlist` pairs rows of a key in order, nothing pairs rows by number.
fn kind_and_keys(s: &mut Session, cmd: &ParsedCommand) -> Result<Request> {
    let list = cmd.list.trim();
    let (kind, keys) = list.split_once(char::is_whitespace).unwrap_or((list, ""));
    let keys = keys.trim();
    let kind = kind.replace(' ', "");
    if ["1:1", "m:1", "1:m", "m:m"].contains(&kind.as_str()) {
        if keys.is_empty() || keys == "_n" && kind != "1:1" {
            return Err(StataError::syntax());
        }
        old_merge::refuse(cmd)?;
        return Ok(Request { kind, keys: keys.to_string(), old: false });
    }
    if kind.contains(':') {
        return Err(StataError::syntax());
    }
    s.print("(note: you are using old merge syntax; see the command merge for new syntax)");
    let keys = if list.is_empty() { "_n" } else { list };
    let kind = if keys == "_n" { "1:1" } else { old_merge::kind(cmd) };
    Ok(Request { kind: kind.to_string(), keys: keys.to_string(), old: true })
}

/// How rows are paired, by what, and whether the options are those of the old syntax.
struct Request {
    kind: String,
    keys: String,
    old: bool,
}

/// The keys in the data that are merged: present, and of the kind that they have in memory.
fn keys_in_using(s: &Session, km: &[usize], using: &Frame) -> Result<Vec<usize>> {
    let one = |&k: &usize| {
        let key = s.frame.var(k);
        let n = &key.name;
        let j = using
            .find(n)
            .ok_or_else(|| StataError::new(111, format!("variable {n} not found in using data")))?;
        if using.var(j).is_string() == key.is_string() {
            return Ok(j);
        }
        let (a, b) = if key.is_string() { ("str", "numeric") } else { ("numeric", "string") };
        Err(StataError::new(106, format!("key variable {n} is {a} in master but {b} in using data")))
    };
    km.iter().map(one).collect()
}

/// Refuses a variable that is text in one of the two and a number in the other.
fn same_kinds(master: &Frame, using: &Frame) -> Result<()> {
    for v in using.vars() {
        let Some(i) = master.find(&v.name) else { continue };
        if master.var(i).is_string() != v.is_string() {
            let text = match v.is_string() {
                true => "string in using data but numeric in master data",
                false => "numeric in using data but string in master data",
            };
            return Err(StataError::new(106, format!("variable {} is {text}", v.name)));
        }
    }
    Ok(())
}

/// Leaves out the rows that the options do not keep. Returns the results of `assert()` if a row has another one: all rows
/// stay then, so that one can see what did not match.
fn select(cmd: &ParsedCommand, old_syntax: bool, rows: &mut Joined) -> Result<Option<Vec<u8>>> {
    if let Some(wanted) = cmd.options.text("assert") {
        let wanted = codes(wanted)?;
        if rows.iter().any(|r| !wanted.contains(&r.2)) {
            return Ok(Some(wanted));
        }
    }
    if old_syntax {
        rows.retain(|r| r.2 != 2 || !cmd.has("nokeep"));
    } else if let Some(wanted) = cmd.options.text("keep") {
        let wanted = codes(wanted)?;
        rows.retain(|r| wanted.contains(&r.2));
    }
    Ok(None)
}

/// Adds the variable that says where each row comes from.
fn add_result(frame: &mut Frame, name: &str, rows: &Joined) -> Result<()> {
    let values: Vec<i8> = rows.iter().map(|r| r.2 as i8).collect();
    let mut var = Variable::new(name, Column::Byte(values));
    var.format = "%23.0g".into();
    var.label = "Matching result from merge".into();
    var.value_label = "_merge".into();
    let mut set = ValueLabel::default();
    for (x, t) in [
        (1.0, "Master only (1)"),
        (2.0, "Using only (2)"),
        (3.0, "Matched (3)"),
        (4.0, "Missing updated (4)"),
        (5.0, "Nonmissing conflict (5)"),
    ] {
        set.set(x, t);
    }
    frame.value_labels.insert("_merge".into(), set);
    frame.add(var)?;
    Ok(())
}

fn merge(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let Request { kind, keys, old: old_syntax } = kind_and_keys(s, cmd)?;
    let km = if keys == "_n" { Vec::new() } else { s.varlist(&keys)? };
    let names: Vec<String> = km.iter().map(|&k| s.frame.var(k).name.clone()).collect();
    let file = cmd.using.clone().unwrap_or_default();
    let keep_using = cmd.options.text(if old_syntax { "keep" } else { "keepusing" });
    let keep_using = keep_using.map(|k| format!("{} {k}", names.join(" ")));
    let using = open(s, &file, keep_using.as_deref())?;
    let ku = keys_in_using(s, &km, &using)?;
    let named = cmd.options.text("generate").or(cmd.options.text("_merge"));
    let result = (!cmd.has("nogenerate")).then(|| named.unwrap_or("_merge"));
    if let Some(name) = result.filter(|name| s.frame.find(name).is_some()) {
        return Err(StataError::already_defined(name));
    }
    if !cmd.has("force") {
        same_kinds(&s.frame, &using)?;
    }
    let mut rows =
        if keys == "_n" { by_number(&s.frame, &using) } else { join(&s.frame, &km, &using, &ku, &kind)? };
    let update = cmd.has("update");
    if update {
        combine_notes::mark_updates(&s.frame, &using, &names, &mut rows);
    }
    let violated = select(cmd, old_syntax, &mut rows)?;
    if !cmd.has("nonotes") {
        combine_notes::widened(&s.frame, &using).into_iter().for_each(|note| s.print(note));
    }
    let mut frame = build(&s.frame, &using, &rows, &names, update, cmd.has("replace"))?;
    if let Some(name) = result {
        add_result(&mut frame, name, &rows)?;
    }
    s.frame = frame;
    carry_labels(s, &using, cmd.has("nolabel"));
    if !cmd.has("noreport") {
        combine_notes::report(s, &rows, result, update);
    }
    match violated {
        None => Ok(()),
        Some(wanted) => Err(combine_notes::violated(&wanted)),
    }
}

fn build(
    master: &Frame,
    using: &Frame,
    rows: &Joined,
    keys: &[String],
    update: bool,
    replace: bool,
) -> Result<Frame> {
    let mut frame = Frame::new();
    frame.value_labels = master.value_labels.clone();
    frame.chars = master.chars.clone();
    frame.label.clone_from(&master.label);
    frame.filename.clone_from(&master.filename);
    let gathered = blocks::each(master.n_vars(), |i| master.var(i).data.gather(rows.iter().map(|r| r.0)));
    for (v, mut column) in master.vars().iter().zip(gathered) {
        let mut var = v.clone();
        if let Some(j) = using.find(&v.name) {
            let other = &using.var(j).data;
            if other.is_string() == column.is_string() {
                column = column.convert(common(column.storage_type(), other.storage_type()));
                let is_key = keys.contains(&v.name);
                fill(&mut column, other, rows, is_key, update, replace);
            }
        }
        var.data = Arc::new(column);
        frame.add(var)?;
    }
    for v in using.vars().iter().filter(|v| master.find(&v.name).is_none()) {
        let mut var = v.clone();
        var.data = Arc::new(v.data.gather(rows.iter().map(|r| r.1)));
        frame.add(var)?;
    }
    Ok(frame)
}

/// Values of the using data for rows without a master row, and `update`/`replace`.
fn fill(column: &mut Column, other: &Column, rows: &Joined, key: bool, update: bool, replace: bool) {
    for (i, row) in rows.iter().enumerate() {
        let Some(u) = row.1 else { continue };
        if row.0.is_none() {
            if column.is_string() {
                column.set_str(i, other.str(u))
            } else {
                column.set_num(i, other.num(u))
            }
            continue;
        }
        if key || !update {
            continue;
        }
        if column.is_string() {
            if !other.str(u).is_empty() && (replace || column.str(i).is_empty()) {
                column.set_str(i, other.str(u));
            }
        } else if !is_missing(other.num(u)) && (replace || is_missing(column.num(i))) {
            column.set_num(i, other.num(u));
        }
    }
}

fn append(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = cmd.using.clone().unwrap_or_default();
    let path_exists = s.path(&with_extension(&text, "dta")).exists() || s.path(&text).exists();
    let files: Vec<String> = if path_exists {
        vec![text]
    } else {
        crate::syntax::split::words(&text).into_iter().map(|w| unquote(w).to_string()).collect()
    };
    let n0 = s.frame.n_rows();
    let mut source: Vec<f64> = vec![0.0; n0];
    for (k, file) in files.iter().enumerate() {
        let other = open(s, file, cmd.options.text("keep"))?;
        if !cmd.has("nonotes") {
            combine_notes::widened(&s.frame, &other).into_iter().for_each(|note| s.print(note));
        }
        append_frame(s, &other, cmd.has("force"))?;
        source.resize(s.frame.n_rows(), k as f64 + 1.0);
        carry_labels(s, &other, cmd.has("nolabel"));
    }
    if let Some(name) = cmd.options.text("generate") {
        s.frame.add(Variable::new(name, Column::from_f64(StorageType::Byte, &source)))?;
        // do-files drop this set before they define their own texts; those of Stata are not documented
        s.frame.value_labels.entry("_append".into()).or_default();
    }
    Ok(())
}

fn append_frame(s: &mut Session, other: &Frame, force: bool) -> Result<()> {
    for v in other.vars() {
        if let Some(i) = s.frame.find(&v.name)
            && s.frame.var(i).is_string() != v.is_string()
            && !force
        {
            let (a, b) = if v.is_string() { ("numeric", "string") } else { ("string", "numeric") };
            return Err(StataError::new(
                106,
                format!("variable {} is {a} in master but {b} in using data", v.name),
            ));
        }
    }
    let (n0, n1) = (s.frame.n_rows(), other.n_rows());
    s.frame.set_n_rows(n0 + n1);
    for v in other.vars() {
        let i = match s.frame.find(&v.name) {
            Some(i) => i,
            None => {
                let mut var = v.clone();
                var.data = Arc::new(v.data.storage_type().column(n0 + n1));
                s.frame.add(var)?
            }
        };
        let mine = s.frame.var(i).data.storage_type();
        let theirs = v.data.storage_type();
        if mine.is_string() != theirs.is_string() {
            continue;
        }
        let ty = common(mine, theirs);
        if ty != mine {
            let column = s.frame.var(i).data.convert(ty);
            s.frame.set_column(i, column);
        }
        let column = s.frame.column_mut(i);
        for r in 0..n1 {
            if ty.is_string() {
                column.set_str(n0 + r, v.data.str(r))
            } else {
                column.set_num(n0 + r, v.data.num(r))
            }
        }
    }
    s.frame.sorted_by.clear();
    Ok(())
}
