//! `winsor2` and `winsor`: extreme values are replaced by percentiles or by their neighbours, or removed. Written from
//! the help files of Lian (winsor2 2.0) and Cox (winsor).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable, is_valid_name};
use crate::ops::groups::grouped;
use crate::session::Session;
use crate::syntax::split::words;
use crate::syntax::{OptSpec, ParsedCommand, numlist};
use crate::value::{MISSING, is_missing};
use estimators::descriptive::Sample;

const WINSOR2: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Suffix"),
    OptSpec::flag("replace"),
    OptSpec::flag("Trim"),
    OptSpec::text("Cuts"),
    OptSpec::text("by"),
    OptSpec::flag("Label"),
]);
const WINSOR: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Generate"),
    OptSpec::real("p"),
    OptSpec::int("h"),
    OptSpec::flag("HIGHonly"),
    OptSpec::flag("LOWonly"),
]);

/// The command `winsor2`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "winsor2",
    min: 7,
    form: Form::Standard(&WINSOR2),
    by: ByRule::No,
    run,
    syntax: "winsor2 varlist [if] [in] [, suffix(text) replace trim cuts(# #) by(varlist) label]",
    notes: "percentiles 1 and 99 by the rule of summarize, detail; new variables end in _w, with trim in _tr; no results",
    examples: &[
        Example {
            run: "set obs 20\ngenerate x = _n^2\nsummarize x, detail\nscalar low = r(p10)\nscalar high = r(p90)\nwinsor2 x, cuts(90 10)\nwinsor2 x, cuts(10 90) trim\ncount if x_tr == .\nscalar cut = r(N)\nwinsor2 x, replace cuts(0 75)",
            expect: &[
                ("x_w[1] - low", 0.0),
                ("x_w[20] - high", 0.0),
                ("x_w[10]", 100.0),
                ("cut", 4.0),
                ("x[1]", 1.0),
                ("x[20]", 240.5),
            ],
        },
        Example {
            run: "set obs 10\ngenerate g = _n > 5\ngenerate x = _n\nwinsor2 x if _n < 10, by(g) cuts(0 50) suffix(_h) label\nlocal l : variable label x_h\nscalar same = \"`l'\" == \"-Winsor(p0,p50)\"",
            expect: &[("x_h[5]", 3.0), ("x_h[9]", 7.5), ("missing(x_h[10])", 1.0), ("same", 1.0)],
        },
    ],
};

/// The command `winsor`.
pub(super) const SPEC_WINSOR: CommandSpec = CommandSpec {
    name: "winsor",
    min: 6,
    form: Form::Standard(&WINSOR),
    by: ByRule::No,
    run: winsor,
    syntax: "winsor varname [if] [in], generate(newvar) {p(#) | h(#)} [highonly lowonly]",
    notes: "the h = int(p N) lowest and highest values become the next one inwards; no results",
    examples: &[Example {
        run: "set obs 10\ngenerate x = _n\nreplace x = 99 in 10\nwinsor x, generate(w) p(.25)\nwinsor x, generate(v) h(1) highonly",
        expect: &[("w[1]", 3.0), ("w[10]", 8.0), ("v[1]", 1.0), ("v[10]", 9.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.has("replace") && cmd.options.text("suffix").is_some() {
        return Err(StataError::invalid("options suffix() and replace may not be combined"));
    }
    let trim = cmd.has("trim");
    let (low, high) = cuts(cmd.options.text("cuts").unwrap_or("1 99"))?;
    let by = cmd.options.text("by").map(|list| s.varlist(list)).transpose()?.unwrap_or_default();
    let suffix = cmd.options.text("suffix").unwrap_or(if trim { "_tr" } else { "_w" }).to_string();
    let keep = s.rows(cmd)?;
    for position in s.varlist(&cmd.list)? {
        let variable = s.frame.var(position);
        if variable.is_string() {
            return Err(StataError::type_mismatch());
        }
        let (name, label) = (variable.name.clone(), variable.label.clone());
        let column = variable.data.clone();
        let rows: Vec<usize> = (0..keep.len()).filter(|r| keep[*r] && !is_missing(column.num(*r))).collect();
        let mut values: Vec<f64> = if cmd.has("replace") {
            (0..keep.len()).map(|r| column.num(r)).collect()
        } else {
            vec![MISSING; keep.len()]
        };
        for group in grouped(s, &by, rows) {
            let sample = Sample::plain(group.iter().map(|r| column.num(*r)));
            let (from, to) = (limit(&sample, low), limit(&sample, high));
            for row in group {
                let x = column.num(row);
                let outside = x < from || x > to;
                values[row] = if trim && outside { MISSING } else { x.clamp(from, to) };
            }
        }
        let shape = values.iter().fold(column.storage_type(), |shape, x| shape.promoted_for(*x));
        let data = Column::from_f64(shape, &values);
        if cmd.has("replace") {
            s.frame.set_column(position, data);
            continue;
        }
        let new = format!("{name}{suffix}");
        if !is_valid_name(&new) {
            return Err(StataError::new(198, format!("{new} invalid name")));
        }
        let mut made = Variable::new(&new, data);
        if cmd.has("label") {
            let what = if trim { "Trim" } else { "Winsor" };
            made.label = format!("{label}-{what}(p{low},p{high})").chars().take(80).collect();
        }
        s.frame.add(made)?;
    }
    Ok(())
}

/// A percentile, the extremes for 0 and 100.
fn limit(sample: &Sample, percent: f64) -> f64 {
    if percent == 0.0 { sample.min() } else { sample.percentile(percent) }
}

/// The two percentiles of `cuts()` in order.
fn cuts(text: &str) -> Result<(f64, f64)> {
    let found = numlist::expand(text)?;
    match found[..] {
        [a, b] if [a, b].iter().all(|p| (0.0..=100.0).contains(p)) && a != b => Ok((a.min(b), a.max(b))),
        _ => Err(StataError::invalid("cuts() must have two different percentiles from 0 to 100")),
    }
}

fn winsor(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let [name] = words(&cmd.list)[..] else { return Err(StataError::standard(103)) };
    let position = s.numeric_variable(name)?;
    let new =
        cmd.options.text("generate").ok_or_else(|| StataError::invalid("option generate() required"))?;
    let keep = s.rows(cmd)?;
    let column = s.frame.var(position).data.clone();
    let mut rows: Vec<usize> = (0..keep.len()).filter(|r| keep[*r] && !is_missing(column.num(*r))).collect();
    rows.sort_by(|a, b| column.num(*a).total_cmp(&column.num(*b)));
    let n = rows.len();
    let h = match (cmd.options.real("p"), cmd.options.int("h")) {
        (Some(p), None) if p > 0.0 && p < 0.5 => (p * n as f64) as usize,
        (None, Some(h)) if h > 0 => h as usize,
        _ => return Err(StataError::invalid("p() above 0 and below .5, or h() above 0, required")),
    };
    if h == 0 || 2 * h >= n {
        return Err(StataError::invalid(format!("{h} values in each tail of {n} observations")));
    }
    let (low, high) = (column.num(rows[h]), column.num(rows[n - h - 1]));
    let mut values = vec![MISSING; keep.len()];
    for row in &rows {
        let x = column.num(*row);
        let x = if cmd.has("highonly") { x } else { x.max(low) };
        values[*row] = if cmd.has("lowonly") { x } else { x.min(high) };
    }
    s.frame.add(Variable::new(new, Column::from_f64(column.storage_type(), &values)))?;
    Ok(())
}
