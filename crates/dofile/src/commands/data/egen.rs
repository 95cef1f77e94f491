//! `egen`: statistics over groups and rows.

mod call;
mod cut;
mod mode;
mod more;
mod places;
mod text;

use self::call::{Call, parse};
use self::places::{group, row_function, seq, tag};
use super::generate::selected;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::expr::EvalCtx;
use crate::frame::{Column, StorageType, ValueLabel, Variable};
use crate::ops::groups::{each_group, grouped, numbered};
use crate::session::Session;
use crate::syntax::{ParsedCommand, numlist};
use crate::value::{MISSING, is_missing};
use estimators::descriptive::{Sample, by_name};
use estimators::group_moments::{GroupMoments, NO_GROUP};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "egen",
    min: 4,
    form: Form::Raw,
    by: ByRule::Whole,
    run,
    syntax: "egen [type] newvar = fcn(arguments) [if] [in] [, options]; fcn: count mean median sd sum total min max pctile(, p(#)) iqr skew kurt rank(, field track unique) group(, label missing) tag std seq cut(, at() group()) rowmean rowtotal rowmin rowmax rowmiss rownonmiss(, strok) rowsd rowfirst rowlast concat ends(, punct() trim head last tail) anycount anymatch(, values()) mode(, minmode maxmode nummode() missing) diff fill(numlist) pc(, prop) mad mdev; rsum rmean rmin rmax rsd rmiss robs rfirst rlast are the row functions under older names; of egenmore: nvals(, missing) nmiss xtile(, nquantiles() percentiles() weights()) corr(, covariance spearman) ewma(, a(#)) gmean hmean semean sumoth var first lastnm wtmean(, weight()) rall rany rcount(, cond()) noccur(, string()) sieve(, keep() char() omit())",
    notes: "no results; by varlist: and by() group the statistic; formulas: those of summarize; rank: average ranks for ties",
    examples: &[
        Example {
            run: "set obs 6\ngenerate g = mod(_n, 2)\ngenerate double x = _n\nbysort g: egen double m = mean(x)\negen t = total(x), by(g)\negen r = rank(x)\negen k = group(g)\negen first = tag(g)\negen double rm = rowmean(x t)\nsort x",
            expect: &[
                ("m[1]", 3.0),
                ("m[2]", 4.0),
                ("t[1]", 9.0),
                ("r[6]", 6.0),
                ("k[1]", 2.0),
                ("rm[1]", 5.0),
            ],
        },
        Example {
            run: "set obs 5\negen a = fill(2 4)\negen b = fill(1 1 2 2)\negen c = fill(1 2 3 1 2 3)\negen p = pc(a)\negen d = mad(a)\negen e = mdev(a)\negen t = rsum(a b)",
            expect: &[
                ("a[5]", 10.0),
                ("b[5]", 3.0),
                ("c[5]", 2.0),
                ("p[1]", 6.666_666_507_720_947),
                ("d[1]", 2.0),
                ("e[1]", 2.400_000_095_367_432),
                ("t[5]", 13.0),
            ],
        },
        Example {
            run: "set obs 2\ngenerate s = cond(_n == 1, \"Mary Ann Lee\", \"Ono\")\ngenerate x = cond(_n == 1, ., 2)\negen a = ends(s)\negen b = ends(s), last\negen c = ends(s), tail\negen d = ends(s), punct(n)\negen k = rownonmiss(s x), strok\ncapture egen j = rownonmiss(s x)",
            expect: &[
                ("a[1] + \"|\" + a[2] == \"Mary|Ono\"", 1.0),
                ("b[1] + \"|\" + b[2] == \"Lee|Ono\"", 1.0),
                ("c[1] + \"|\" + c[2] == \"Ann Lee|\"", 1.0),
                ("d[1] + \"|\" + d[2] == \"Mary A|O\"", 1.0),
                ("k[1] + 10 * k[2]", 21.0),
                ("_rc", 109.0),
            ],
        },
        Example {
            run: "set obs 6\ngenerate t = _n\ngenerate g = _n > 3\ngenerate x = mod(_n, 4)\ngenerate z = 2*x\ngenerate str s = \"a1 b22\"\ntsset t\negen v = nvals(x), by(g)\negen c = corr(x z)\negen double e = ewma(x), a(.5)\negen q = xtile(x), n(3) by(g)\negen k = rcount(x z), cond(@ > 2)\negen o = sumoth(x), by(g)\negen double m = wtmean(x), weight(t) by(g)\negen d = sieve(s), keep(n)\negen n2 = noccur(s), string(2)",
            expect: &[
                ("v[1]", 3.0),
                ("c[2]", 1.0),
                ("e[3]", 2.25),
                ("q[3]", 3.0),
                ("k[3]", 2.0),
                ("o[1]", 5.0),
                ("m[3] * 6", 14.0),
                ("d[1] == \"122\"", 1.0),
                ("n2[1]", 2.0),
            ],
        },
        Example {
            run: "set obs 5\ngenerate x = cond(_n == 3, ., _n)\negen n = count(x)\negen p = pctile(x), p(25)\negen c = cut(x), at(0 2 6)\negen miss = rowmiss(x)\negen z = std(x)",
            expect: &[
                ("n[3]", 4.0),
                ("p[1]", 1.5),
                ("c[1]", 0.0),
                ("c[5]", 2.0),
                ("miss[3]", 1.0),
                ("missing(z[3])", 1.0),
            ],
        },
    ],
};

/// The number of `p()`; the median without it.
fn percentile(cmd: &ParsedCommand) -> Result<f64> {
    match cmd.options.text("p").map(str::trim) {
        None => Ok(50.0),
        Some(text) => text.parse().map_err(|_| StataError::invalid("option p() incorrectly specified")),
    }
}

/// Groups of row numbers: by the prefix, by `by()`, or all rows.
fn groups(s: &Session, call: &Call, keep: &[bool]) -> Result<Vec<Vec<usize>>> {
    let mut vars = s.by_positions();
    if let Some(by) = call.cmd.options.text("by") {
        vars = s.varlist(by)?;
    }
    let rows: Vec<usize> = (0..keep.len()).filter(|&i| keep[i]).collect();
    if vars.is_empty() {
        return Ok(vec![rows]);
    }
    Ok(grouped(s, &vars, rows))
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let call = parse(s, &cmd.raw)?;
    let ranges = super::generate::group_ranges(s);
    let keep = selected(s, &call.cmd, &ranges)?;
    let n = s.frame.n_rows();
    let default = s.settings.default_type;
    let (column, set): (Column, Option<ValueLabel>) = match call.function.as_str() {
        "group" => {
            let (values, set) = group(s, &call, &keep)?;
            let ty =
                call.ty.unwrap_or(if default == StorageType::Double { default } else { StorageType::Float });
            (Column::from_f64(ty, &values), set)
        }
        "cut" => cut::column(s, &call, &keep)?,
        "tag" => (Column::from_f64(call.ty.unwrap_or(StorageType::Byte), &tag(s, &call, &keep)?), None),
        f if more::has(f) => (more::column(s, &call, &keep)?, None),
        "concat" | "ends" => (text::column(s, &call, &keep)?, None),
        f if f.starts_with("row") => {
            let values = row_function(s, &call, &keep)?;
            let ty = call.ty.unwrap_or(if f.contains("miss") { StorageType::Byte } else { default });
            (Column::from_f64(ty, &values), None)
        }
        "mode" => (mode::column(s, &call, &keep)?, None),
        "fill" => (Column::from_f64(call.ty.unwrap_or(default), &fill(&call, &keep)?), None),
        "seq" => (Column::from_f64(call.ty.unwrap_or(StorageType::Int), &seq(s, &call, &keep)?), None),
        "diff" => {
            let vars = s.varlist(&call.argument)?;
            let differs = |r: usize| vars.iter().any(|&v| s.frame.num_at(v, r) != s.frame.num_at(vars[0], r));
            if vars.iter().any(|&v| s.frame.var(v).is_string()) {
                return Err(StataError::type_mismatch());
            }
            let values: Vec<f64> =
                (0..n).map(|r| if keep[r] { f64::from(u8::from(differs(r))) } else { MISSING }).collect();
            (Column::from_f64(call.ty.unwrap_or(StorageType::Byte), &values), None)
        }
        "anyvalue" | "anycount" | "anymatch" => (any(s, &call, &keep)?, None),
        _ => {
            let values = group_function(s, &call, &keep)?;
            let ty = call.ty.unwrap_or(match call.function.as_str() {
                "count" if n > 16_777_216 => StorageType::Long,
                _ => default,
            });
            (Column::from_f64(ty, &values), None)
        }
    };
    let missing = (0..n).filter(|&i| !column.is_string() && is_missing(column.num(i))).count();
    let mut var = Variable::new(&call.name, column);
    if let Some(set) = set {
        let name = match call.cmd.options.text("lname").or(call.cmd.options.text("label")) {
            Some(l) => l.split(',').next().unwrap_or(l).trim().to_string(),
            None => call.name.clone(),
        };
        var.value_label.clone_from(&name);
        s.frame.value_labels.insert(name, set);
    }
    if call.function == "group" {
        var.label = format!("group({})", call.argument.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    s.frame.add(var)?;
    if missing > 0 {
        let plural = if missing == 1 { "" } else { "s" };
        s.print(format!("({} missing value{plural} generated)", crate::format::count_text(missing)));
    }
    Ok(())
}

/// `anyvalue()`: the value where it is one of those wanted; `anycount()` and `anymatch()`: how many of the variables have one, and
/// whether any has.
fn any(s: &Session, call: &Call, keep: &[bool]) -> Result<Column> {
    let n = s.frame.n_rows();
    let wanted = numlist::expand(call.cmd.options.text("values").unwrap_or(""))?;
    if call.function == "anyvalue" {
        let v = s.numeric_variable(call.argument.trim())?;
        let value = |r: usize| Some(s.frame.num_at(v, r)).filter(|x| keep[r] && wanted.contains(x));
        let values: Vec<f64> = (0..n).map(|r| value(r).unwrap_or(MISSING)).collect();
        let ty = call.ty.unwrap_or(s.frame.var(v).data.storage_type());
        return Ok(Column::from_f64(ty, &values));
    }
    let vars = s.varlist(&call.argument)?;
    let hits = |r: usize| vars.iter().filter(|&&v| wanted.contains(&s.frame.num_at(v, r))).count() as f64;
    let value = |r: usize| match (call.function == "anymatch", keep[r]) {
        (true, false) => 0.0,
        (false, false) => MISSING,
        (true, true) => hits(r).min(1.0),
        (false, true) => hits(r),
    };
    let values: Vec<f64> = (0..n).map(value).collect();
    Ok(Column::from_f64(call.ty.unwrap_or(StorageType::Byte), &values))
}

/// Values of the argument expression, by the rows of their groups.
fn argument_values(s: &Session, call: &Call, groups: &[Vec<usize>]) -> Result<Vec<f64>> {
    // a variable alone needs no expression
    if let Some(values) = s.frame.find(call.argument.trim()).and_then(|v| s.frame.var(v).data.as_f64()) {
        return Ok(values.into_owned());
    }
    let c = s.compile(&call.argument)?;
    let mut out = vec![MISSING; s.frame.n_rows()];
    if c.is_string() {
        if ["count"].contains(&call.function.as_str()) {
            let ctx = s.ctx();
            groups.iter().flatten().for_each(|&r| {
                if !c.text(&ctx, r).is_empty() {
                    out[r] = 1.0;
                }
            });
            return Ok(out);
        }
        return Err(StataError::type_mismatch());
    }
    let n = s.frame.n_rows();
    for g in groups {
        // _n and _N count within groups when these are contiguous, as they are under the by prefix
        let (first, last) = match (g.first(), g.last()) {
            (Some(&a), Some(&b)) if !s.by_vars.is_empty() => (a, b + 1),
            _ => (0, n),
        };
        let ctx = EvalCtx { frame: &s.frame, rng: &s.rng, first, last };
        for &r in g {
            out[r] = c.num(&ctx, r);
        }
    }
    Ok(out)
}

fn group_function(s: &Session, call: &Call, keep: &[bool]) -> Result<Vec<f64>> {
    let groups = groups(s, call, keep)?;
    let x = argument_values(s, call, &groups)?;
    let mut out = vec![MISSING; x.len()];
    let option = |name: &str| call.cmd.options.real(name);
    if !["rank", "std", "pc"].contains(&call.function.as_str()) {
        let wish = Wish::of(call)?;
        let group_of_row = numbered(&groups, x.len());
        let values = wish.values(&x, &groups, &group_of_row)?;
        for (out, &group) in out.iter_mut().zip(&group_of_row).filter(|(_, group)| **group != NO_GROUP) {
            *out = values[group as usize];
        }
        return Ok(out);
    }
    for g in &groups {
        let sample = Sample::plain(g.iter().map(|&r| x[r]));
        match call.function.as_str() {
            "rank" => rank(&x, g, call, &mut out),
            "std" => {
                let (m, sd) = (option("mean").unwrap_or(0.0), option("std").or(option("sd")).unwrap_or(1.0));
                for &r in g.iter().filter(|&&r| !is_missing(x[r])) {
                    out[r] = m + sd * (x[r] - sample.mean()) / sample.sd();
                }
            }
            _ => {
                let total: f64 = sample.x.iter().sum();
                let scale = if call.cmd.has("prop") { 1.0 } else { 100.0 };
                for &r in g.iter().filter(|&&r| !is_missing(x[r])) {
                    out[r] = scale * x[r] / total;
                }
            }
        }
    }
    Ok(out)
}

/// A function with one value for each group, and its options.
struct Wish<'a> {
    function: &'a str,
    percentile: f64,
    missing: bool,
}

impl<'a> Wish<'a> {
    fn of(call: &'a Call) -> Result<Self> {
        Ok(Self {
            function: &call.function,
            percentile: percentile(&call.cmd)?,
            missing: call.cmd.has("missing"),
        })
    }

    /// The value of each group.
    fn values(&self, x: &[f64], groups: &[Vec<usize>], group_of_row: &[u32]) -> Result<Vec<f64>> {
        // a total of no values may be missing
        if !self.missing
            && let Some(values) = GroupMoments::by_name(self.function, x, group_of_row, groups.len())
        {
            return Ok(values);
        }
        each_group(groups, |g| self.value(&Sample::plain(g.iter().map(|&r| x[r])))).into_iter().collect()
    }

    fn value(&self, sample: &Sample) -> Result<f64> {
        Ok(match self.function {
            "pctile" => sample.percentile(self.percentile),
            "total" | "sum" if sample.rows() == 0 && !self.missing => 0.0,
            "total" | "sum" if sample.rows() == 0 => MISSING,
            "skew" => sample.skewness(),
            "kurt" => sample.kurtosis(),
            "mad" => deviation(sample, sample.percentile(50.0), |s| s.percentile(50.0)),
            "mdev" => deviation(sample, sample.mean(), Sample::mean),
            f @ ("count" | "mean" | "median" | "sd" | "total" | "sum" | "min" | "max" | "iqr") => {
                by_name(sample, f).unwrap_or(MISSING)
            }
            f => return Err(StataError::new(133, format!("unknown egen function {f}()"))),
        })
    }
}

/// A statistic of the absolute deviations from a centre.
fn deviation(sample: &Sample, centre: f64, of: impl Fn(&Sample) -> f64) -> f64 {
    if sample.rows() == 0 {
        return MISSING;
    }
    of(&Sample::plain(sample.x.iter().map(|v| (v - centre).abs())))
}

/// `fill(numlist)`: the shortest block of the list that goes on with a constant step, from row to row.
fn fill(call: &Call, keep: &[bool]) -> Result<Vec<f64>> {
    let list = numlist::expand(&call.argument)?;
    let step = |p: usize| list[p] - list[0];
    let goes_on = |p: &usize| (0..list.len() - p).all(|i| list[i + p] - list[i] == step(*p));
    let block = (1..list.len()).find(goes_on).ok_or_else(|| {
        StataError::new(198, "fill() needs at least two numbers that show how the list goes on")
    })?;
    let mut at = 0;
    Ok(keep
        .iter()
        .map(|inside| {
            if !inside {
                return MISSING;
            }
            let value = list[at % block] + (at / block) as f64 * step(block);
            at += 1;
            value
        })
        .collect())
}

fn rank(x: &[f64], g: &[usize], call: &Call, out: &mut [f64]) {
    let mut rows: Vec<usize> = g.iter().copied().filter(|&r| !is_missing(x[r])).collect();
    rows.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
    let n = rows.len();
    let mut i = 0;
    while i < n {
        let end = i + rows[i..].iter().take_while(|&&r| x[r] == x[rows[i]]).count();
        for (k, &r) in rows[i..end].iter().enumerate() {
            out[r] = if call.cmd.has("unique") {
                (i + k + 1) as f64
            } else if call.cmd.has("track") {
                (i + 1) as f64
            } else if call.cmd.has("field") {
                (n - end + 1) as f64
            } else {
                (i + 1 + end) as f64 / 2.0
            };
        }
        i = end;
    }
}
