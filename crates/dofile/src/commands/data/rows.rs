//! Rows and the order of variables: `drop`, `keep`, `sort`, `gsort`, `order`, `expand`.

use super::generate::{group_ranges, selected};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format::count_text;
use crate::frame::{Column, Variable};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;

const DROP: StandardSyntax = StandardSyntax::new(&[]);
const SORT: StandardSyntax = StandardSyntax::new(&[OptSpec::flag("stable")]);
const GSORT: StandardSyntax = StandardSyntax::whole(&[OptSpec::text("Generate"), OptSpec::flag("Mfirst")]);
const ORDER: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("first"),
    OptSpec::flag("last"),
    OptSpec::text("Before"),
    OptSpec::text("After"),
    OptSpec::flag("ALPHAbetic"),
    OptSpec::flag("SEQuential"),
]);
const EXPAND: StandardSyntax = StandardSyntax::new(&[OptSpec::text("GENerate")]).exp();

const fn spec(
    name: &'static str,
    min: usize,
    syntax: &'static StandardSyntax,
    by: ByRule,
    run: fn(&mut Session, &ParsedCommand) -> Result<()>,
    text: &'static str,
) -> CommandSpec {
    CommandSpec {
        name,
        min,
        form: Form::Standard(syntax),
        by,
        run,
        syntax: text,
        notes: "no results",
        examples: &[],
    }
}

pub(super) const SPEC_DROP: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 10\ngenerate x = _n\ngenerate y = 1\ndrop y\ndrop if x > 7\nkeep in 2/l\nscalar n = _N\nscalar f = x[1]",
        expect: &[("n", 6.0), ("f", 2.0)],
    }],
    ..spec("drop", 4, &DROP, ByRule::Whole, |s, c| drop_keep(s, c, true), "drop {varlist | [if] [in]}")
};
pub(super) const SPEC_KEEP: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 10\ngenerate x = _n\ngenerate y = 1\nkeep x\nkeep if x > 3\nkeep in 1/2\nscalar n = _N\ncapture confirm variable y\nscalar rc = _rc",
        expect: &[("n", 2.0), ("x[1]", 4.0), ("rc", 111.0)],
    }],
    ..spec("keep", 4, &DROP, ByRule::Whole, |s, c| drop_keep(s, c, false), "keep {varlist | [if] [in]}")
};
pub(super) const SPEC_SORT: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 4\ngenerate x = -_n\ngenerate y = _n\nsort x",
        expect: &[("x[1]", -4.0), ("y[1]", 4.0)],
    }],
    notes: "stable: rows with equal keys keep their order (Stata orders them at random by sortseed); no results",
    ..spec("sort", 2, &SORT, ByRule::No, sort, "sort varlist [in] [, stable]")
};
pub(super) const SPEC_GSORT: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 4\ngenerate x = mod(_n, 2)\ngenerate y = _n\ngsort -x y",
        expect: &[("x[1]", 1.0), ("y[1]", 1.0), ("y[4]", 4.0)],
    }],
    ..spec(
        "gsort",
        2,
        &GSORT,
        ByRule::No,
        gsort,
        "gsort [+|-]varname [[+|-]varname ...] [, generate(newvar) mfirst]",
    )
};
pub(super) const SPEC_ORDER: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 1\ngenerate a = 1\ngenerate b = 2\ngenerate c = 3\norder c\norder a, last\nunab v : _all\nscalar same = \"`v'\" == \"c b a\"",
        expect: &[("same", 1.0)],
    }],
    ..spec(
        "order",
        5,
        &ORDER,
        ByRule::No,
        order,
        "order varlist [, first last before(varname) after(varname) alphabetic sequential]",
    )
};
pub(super) const SPEC_EXPAND: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 2\ngenerate k = _n\nexpand k, generate(new)\nsummarize new",
        expect: &[("_N", 3.0), ("r(sum)", 1.0)],
    }],
    ..spec("expand", 4, &EXPAND, ByRule::No, expand, "expand [=]exp [if] [in] [, generate(newvar)]")
};

fn drop_keep(s: &mut Session, cmd: &ParsedCommand, drop: bool) -> Result<()> {
    let rows = cmd.if_exp.is_some() || cmd.in_range.is_some();
    if rows && !cmd.list.is_empty() {
        return Err(StataError::syntax());
    }
    if rows {
        let groups = group_ranges(s);
        let picked = selected(s, cmd, &groups)?;
        let keep: Vec<bool> = picked.iter().map(|&p| p != drop).collect();
        let deleted = keep.iter().filter(|k| !**k).count();
        s.frame.keep_rows(&keep);
        let plural = if deleted == 1 { "" } else { "s" };
        s.print(format!("({} observation{plural} deleted)", count_text(deleted)));
        return stored(s, "N_drop", deleted);
    }
    if cmd.list.is_empty() {
        return Err(StataError::syntax());
    }
    let vars = s.varlist(&cmd.list)?;
    let before = s.frame.n_vars();
    if drop {
        if vars.len() == s.frame.n_vars() {
            s.frame.drop_vars(&vars);
            s.frame.set_n_rows(0);
        } else {
            s.frame.drop_vars(&vars);
        }
    } else {
        let gone: Vec<usize> = (0..s.frame.n_vars()).filter(|i| !vars.contains(i)).collect();
        s.frame.drop_vars(&gone);
    }
    stored(s, "k_drop", before - s.frame.n_vars())
}

/// Stores how many observations or variables are gone.
fn stored(s: &mut Session, name: &str, count: usize) -> Result<()> {
    s.r.clear();
    s.r.scalar(name, count as f64);
    Ok(())
}

fn sort(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = s.varlist(&cmd.list)?;
    if vars.is_empty() {
        return Err(StataError::standard(100));
    }
    if cmd.if_exp.is_some() || cmd.in_range.is_some() {
        return Err(StataError::unsupported_option("sort", "in"));
    }
    s.frame.sort_by(&vars);
    Ok(())
}

fn gsort(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = cmd.list.replace("- ", "-").replace("+ ", "+");
    let mut keys: Vec<(usize, bool)> = Vec::new();
    for word in text.split_whitespace() {
        let descending = word.starts_with('-');
        let name = word.trim_start_matches(['-', '+']);
        for i in s.varlist(name)? {
            keys.push((i, descending));
        }
    }
    if keys.is_empty() {
        return Err(StataError::standard(100));
    }
    // descending order keeps missing values last unless mfirst
    let last_missing = !cmd.has("mfirst");
    let order = order_rows(s, &keys, last_missing);
    s.frame.take_rows(&order);
    // the order is known up to the first descending key: `gsort id -date` allows `by id:`
    let ascending = keys.iter().take_while(|k| !k.1);
    s.frame.sorted_by = ascending.map(|k| s.frame.var(k.0).name.clone()).collect();
    if let Some(name) = cmd.options.text("generate") {
        let positions: Vec<usize> = keys.iter().map(|k| k.0).collect();
        let mut values = vec![0.0; s.frame.n_rows()];
        for (k, (a, b)) in s.frame.groups(&positions).into_iter().enumerate() {
            values[a..b].iter_mut().for_each(|x| *x = k as f64 + 1.0);
        }
        let column = Column::from_f64(crate::frame::StorageType::Long, &values);
        s.frame.add(Variable::new(name, column))?;
    }
    Ok(())
}

fn order_rows(s: &Session, keys: &[(usize, bool)], last_missing: bool) -> Vec<usize> {
    let mut order: Vec<usize> = (0..s.frame.n_rows()).collect();
    order.sort_by(|&a, &b| {
        for &(v, descending) in keys {
            let column = &s.frame.var(v).data;
            let mut c = s.frame.compare(v, a, b);
            if descending {
                let (ma, mb) = (
                    !column.is_string() && is_missing(column.num(a)),
                    !column.is_string() && is_missing(column.num(b)),
                );
                c = match (ma, mb) {
                    (true, false) if last_missing => std::cmp::Ordering::Greater,
                    (false, true) if last_missing => std::cmp::Ordering::Less,
                    _ => c.reverse(),
                };
            }
            if c.is_ne() {
                return c;
            }
        }
        std::cmp::Ordering::Equal
    });
    order
}

fn order(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut vars = s.varlist(&cmd.list)?;
    if cmd.has("alphabetic") || cmd.has("sequential") {
        vars.sort_by_key(|&i| s.frame.var(i).name.clone());
    }
    let rest: Vec<usize> = (0..s.frame.n_vars()).filter(|i| !vars.contains(i)).collect();
    let at = match (cmd.options.text("before"), cmd.options.text("after")) {
        (Some(v), None) => {
            let t = s.variable(v)?;
            rest.iter().position(|&i| i == t).ok_or_else(StataError::syntax)?
        }
        (None, Some(v)) => {
            let t = s.variable(v)?;
            rest.iter().position(|&i| i == t).ok_or_else(StataError::syntax)? + 1
        }
        (None, None) if cmd.has("last") => rest.len(),
        (None, None) => 0,
        _ => return Err(StataError::standard(184)),
    };
    let order: Vec<usize> = [&rest[..at], &vars[..], &rest[at..]].concat();
    s.frame.reorder_vars(&order);
    Ok(())
}

fn expand(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let exp = cmd.exp.clone().unwrap_or_else(|| cmd.list.clone());
    let keep = s.rows(cmd)?;
    let c = s.compile_numeric(&exp)?;
    let n = s.frame.n_rows();
    let ctx = s.ctx();
    let copies: Vec<usize> = (0..n)
        .map(|i| {
            let x = c.num(&ctx, i);
            if !keep[i] || is_missing(x) || x < 2.0 { 0 } else { x.min(1e9) as usize - 1 }
        })
        .collect();
    let added: usize = copies.iter().sum();
    if (n + added) as f64 * s.frame.n_vars().max(1) as f64 > 4e9 {
        return Err(StataError::standard(901));
    }
    s.room_for((n + added) as f64, 8.0)?;
    let mut rows: Vec<usize> = (0..n).collect();
    for (i, &k) in copies.iter().enumerate() {
        rows.extend(std::iter::repeat_n(i, k));
    }
    s.frame.take_rows(&rows);
    if let Some(name) = cmd.options.text("generate") {
        let values: Vec<i8> = (0..rows.len()).map(|i| i8::from(i >= n)).collect();
        s.frame.add(Variable::new(name, Column::Byte(values)))?;
    }
    s.print(format!("({} observation{} created)", count_text(added), if added == 1 { "" } else { "s" }));
    Ok(())
}
