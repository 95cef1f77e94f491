//! `joinby`, `cross`, `fillin`: pairs of rows.

use super::combine::{carry_labels, open};
use super::pairing::compare_across;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, ValueLabel, Variable};
use crate::ops::groups::grouped;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use std::cmp::Ordering;
use std::sync::Arc;

/// Most rows that a product may have.
const MOST_ROWS: usize = 50_000_000;

const JOINBY: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("UPDATE"),
    OptSpec::flag("REPLACE"),
    OptSpec::text("UNMatched"),
    OptSpec::text("_merge"),
    OptSpec::flag("noLabel"),
])
.using(Using::Required);
const CROSS: StandardSyntax = StandardSyntax::whole(&[]).using(Using::Required);
const FILLIN: StandardSyntax = StandardSyntax::whole(&[]);

pub(super) const SPEC_JOINBY: CommandSpec = CommandSpec {
    name: "joinby",
    min: 6,
    form: Form::Standard(&JOINBY),
    by: ByRule::No,
    run: joinby,
    syntax: "joinby [varlist] using filename [, update replace unmatched(none|both|master|using) _merge(varname) nolabel]",
    notes: "all pairs within groups of the variables (default: those that both files have); values of the data in memory stay; no results",
    examples: &[Example {
        run: "tempfile f\ninput id y\n1 10\n1 11\n2 20\n3 30\nend\nsave `f'\nclear\ninput id x\n1 5\n1 6\n2 7\n4 8\nend\njoinby id using `f', unmatched(both)\nsort id x y\ncount if _merge == 3",
        expect: &[("_N", 7.0), ("r(N)", 5.0), ("y[2]", 11.0), ("x[4]", 6.0)],
    }],
};
pub(super) const SPEC_CROSS: CommandSpec = CommandSpec {
    name: "cross",
    min: 5,
    form: Form::Standard(&CROSS),
    by: ByRule::No,
    run: cross,
    syntax: "cross using filename",
    notes: "every row with every row of the file; no results",
    examples: &[Example {
        run: "tempfile f\nset obs 3\ngenerate b = _n\nsave `f'\nclear\nset obs 2\ngenerate a = _n\ncross using `f'\nsort a b",
        expect: &[("_N", 6.0), ("a[4]", 2.0), ("b[3]", 3.0)],
    }],
};
pub(super) const SPEC_FILLIN: CommandSpec = CommandSpec {
    name: "fillin",
    min: 6,
    form: Form::Standard(&FILLIN),
    by: ByRule::No,
    run: fillin,
    syntax: "fillin varlist",
    notes: "adds the combinations that are absent, with _fillin 1; no results",
    examples: &[Example {
        run: "input g t x\n1 1 5\n1 2 6\n2 2 7\nend\nfillin g t\nsort g t\ncount if _fillin",
        expect: &[("_N", 4.0), ("r(N)", 1.0), ("missing(x[3])", 1.0), ("t[3]", 1.0)],
    }],
};

fn too_many(rows: usize) -> Result<()> {
    if rows > MOST_ROWS {
        return Err(StataError::new(
            901,
            format!("no room to add more observations\nthe result would have {rows} rows"),
        ));
    }
    Ok(())
}

/// Pairs of rows and the code of their match: 1 master only, 2 using only, 3 both.
type Pairs = Vec<(Option<usize>, Option<usize>, u8)>;

fn pairs(master: &Frame, km: &[usize], using: &Frame, ku: &[usize]) -> Result<Pairs> {
    let order =
        |f: &Frame, keys: &[usize]| f.sorted_order(&keys.iter().map(|&k| (k, false)).collect::<Vec<_>>());
    let (om, ou) = (order(master, km), order(using, ku));
    let mut out = Vec::new();
    let mut used = vec![false; using.n_rows()];
    let (mut j, mut total) = (0, 0usize);
    for &m in &om {
        while j < ou.len() && compare_across(using, ku, ou[j], master, km, m) == Ordering::Less {
            j += 1;
        }
        let mut t = j;
        while t < ou.len() && compare_across(using, ku, ou[t], master, km, m) == Ordering::Equal {
            out.push((Some(m), Some(ou[t]), 3));
            used[ou[t]] = true;
            t += 1;
        }
        if t == j {
            out.push((Some(m), None, 1));
        }
        total = total.max(out.len());
        too_many(total)?;
    }
    out.extend(ou.iter().filter(|&&u| !used[u]).map(|&u| (None, Some(u), 2)));
    Ok(out)
}

/// Columns of both sides for the pairs; where both have a variable the master's value counts.
fn combine(master: &Frame, using: &Frame, rows: &Pairs, update: (bool, bool)) -> Result<Frame> {
    let mut frame = Frame::new();
    frame.value_labels = master.value_labels.clone();
    frame.chars = master.chars.clone();
    frame.label.clone_from(&master.label);
    for v in master.vars() {
        let mut var = v.clone();
        let mut column = v.data.gather(rows.iter().map(|r| r.0));
        if let Some(j) = using.find(&v.name) {
            let other = &using.var(j).data;
            if other.is_string() != column.is_string() {
                return Err(StataError::new(
                    106,
                    format!("variable {} is text in one file and numeric in the other", v.name),
                ));
            }
            column = column.convert(super::combine::common(column.storage_type(), other.storage_type()));
            for (i, row) in rows.iter().enumerate() {
                let Some(u) = row.1 else { continue };
                let gone = if column.is_string() {
                    column.str(i).is_empty()
                } else {
                    crate::value::is_missing(column.num(i))
                };
                let theirs = if other.is_string() {
                    other.str(u).is_empty()
                } else {
                    crate::value::is_missing(other.num(u))
                };
                if row.0.is_none() || (update.0 && !theirs && (gone || update.1)) {
                    if column.is_string() {
                        column.set_str(i, other.str(u))
                    } else {
                        column.set_num(i, other.num(u))
                    }
                }
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

fn joinby(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let using = open(s, cmd.using.as_deref().unwrap_or(""), None)?;
    let km: Vec<usize> = if cmd.list.trim().is_empty() {
        (0..s.frame.n_vars()).filter(|&i| using.find(&s.frame.var(i).name).is_some()).collect()
    } else {
        s.varlist(&cmd.list)?
    };
    if km.is_empty() {
        return Err(StataError::new(111, "no variables in common"));
    }
    let mut ku = Vec::new();
    for &k in &km {
        let name = &s.frame.var(k).name;
        let j = using
            .find(name)
            .ok_or_else(|| StataError::new(111, format!("variable {name} not found in using data")))?;
        if using.var(j).is_string() != s.frame.var(k).is_string() {
            return Err(StataError::new(
                106,
                format!("variable {name} is text in one file and numeric in the other"),
            ));
        }
        ku.push(j);
    }
    let unmatched = cmd.options.text("unmatched").unwrap_or("none");
    let (keep_master, keep_using) = match unmatched {
        "none" | "n" => (false, false),
        "both" | "b" => (true, true),
        "master" | "m" => (true, false),
        "using" | "u" => (false, true),
        _ => return Err(StataError::invalid("option unmatched() incorrectly specified")),
    };
    let mut rows = pairs(&s.frame, &km, &using, &ku)?;
    rows.retain(|r| r.2 == 3 || (r.2 == 1 && keep_master) || (r.2 == 2 && keep_using));
    let mut frame = combine(&s.frame, &using, &rows, (cmd.has("update"), cmd.has("replace")))?;
    if unmatched != "none" && unmatched != "n" {
        let name = cmd.options.text("_merge").unwrap_or("_merge");
        let mut var = Variable::new(name, Column::Byte(rows.iter().map(|r| r.2 as i8).collect()));
        var.value_label = "_merge".into();
        let mut set = ValueLabel::default();
        for (x, t) in [
            (1.0, "only in master data"),
            (2.0, "only in using data"),
            (3.0, "both in master and using data"),
        ] {
            set.set(x, t);
        }
        frame.value_labels.insert("_merge".into(), set);
        frame.add(var)?;
    }
    s.frame = frame;
    s.frame.changed = true;
    carry_labels(s, &using, cmd.has("nolabel"));
    Ok(())
}

fn cross(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let using = open(s, cmd.using.as_deref().unwrap_or(""), None)?;
    let (n, m) = (s.frame.n_rows(), using.n_rows());
    too_many(n.saturating_mul(m))?;
    s.room_for(n as f64 * m as f64, 32.0)?;
    let rows: Pairs = (0..n).flat_map(|i| (0..m).map(move |j| (Some(i), Some(j), 3))).collect();
    s.frame = combine(&s.frame, &using, &rows, (false, false))?;
    s.frame.changed = true;
    carry_labels(s, &using, false);
    Ok(())
}

fn fillin(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = s.varlist(&cmd.list)?;
    if vars.len() < 2 {
        return Err(StataError::standard(102));
    }
    if s.frame.find("_fillin").is_some() {
        return Err(StataError::already_defined("_fillin"));
    }
    let all: Vec<usize> = (0..s.frame.n_rows()).collect();
    let levels: Vec<Vec<usize>> =
        vars.iter().map(|&v| grouped(s, &[v], all.clone()).into_iter().map(|g| g[0]).collect()).collect();
    let total = levels.iter().map(Vec::len).fold(1usize, usize::saturating_mul);
    too_many(total)?;
    s.room_for(total as f64, 32.0)?;
    let place =
        |v: usize, r: usize, k: usize| levels[k].binary_search_by(|&l| s.frame.compare(v, l, r)).unwrap_or(0);
    let cell = |r: usize| vars.iter().enumerate().fold(0, |c, (k, &v)| c * levels[k].len() + place(v, r, k));
    let mut present = vec![false; total];
    all.iter().for_each(|&r| present[cell(r)] = true);
    let absent: Vec<usize> = (0..total).filter(|&c| !present[c]).collect();
    let n = all.len();
    too_many(n + absent.len())?;
    let sources: Vec<Option<usize>> =
        all.iter().map(|&r| Some(r)).chain(absent.iter().map(|_| None)).collect();
    let old = s.frame.clone();
    s.frame.gather_rows(sources.iter().copied());
    for (k, &v) in vars.iter().enumerate() {
        let below: usize = levels[k + 1..].iter().map(Vec::len).product();
        let rows = all
            .iter()
            .map(|&r| Some(r))
            .chain(absent.iter().map(|&c| Some(levels[k][c / below % levels[k].len()])));
        let column = old.var(v).data.gather(rows.collect::<Vec<_>>().into_iter());
        s.frame.set_column(v, column);
    }
    let flag = (0..n + absent.len()).map(|i| i8::from(i >= n)).collect();
    s.frame.add(Variable::new("_fillin", Column::Byte(flag)))?;
    s.frame.sort_by(&vars);
    Ok(())
}
