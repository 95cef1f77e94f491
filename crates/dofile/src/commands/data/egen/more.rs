//! Functions of `egen` from the packages egenmore (Cox) and _gwtmean (Kantor), written from their help files.

use super::call::Call;
use super::{argument_values, groups};
use crate::error::{Result, StataError};
use crate::expr::EvalCtx;
use crate::frame::{Column, StorageType};
use crate::ops::groups::grouped;
use crate::session::Session;
use crate::syntax::{OptSpec, numlist};
use crate::tsset::Panel;
use crate::value::{MISSING, is_missing};
use estimators::descriptive::{Sample, mean_ranks};

/// The functions.
const NAMES: &[&str] = &[
    "nvals", "nmiss", "xtile", "corr", "ewma", "gmean", "hmean", "semean", "sumoth", "var", "wtmean",
    "first", "lastnm", "rall", "rany", "rcount", "noccur", "sieve",
];

/// Their options.
pub(super) const OPTIONS: &[OptSpec] = &[
    OptSpec::text("by"),
    OptSpec::flag("Missing"),
    OptSpec::int("Nquantiles"),
    OptSpec::text("Percentiles"),
    OptSpec::text("Weights"),
    OptSpec::flag("Covariance"),
    OptSpec::flag("SPearman"),
    OptSpec::real("a"),
    OptSpec::text("cond"),
    OptSpec::text("String"),
    OptSpec::text("KEEP"),
    OptSpec::text("CHAR"),
    OptSpec::text("OMIT"),
];
/// Options that are refused by name.
pub(super) const REFUSED: &[&str] = &["taua", "taub", "altdef", "symbol"];

/// Whether a function is one of these.
pub(super) fn has(function: &str) -> bool {
    NAMES.contains(&function)
}

/// r(198) for an option of another function.
pub(super) fn check(call: &Call) -> Result<()> {
    let own: &[&str] = match call.function.as_str() {
        "nvals" => &["missing"],
        "xtile" => &["nquantiles", "percentiles", "weights"],
        "corr" => &["covariance", "spearman"],
        "ewma" => &["a"],
        "wtmean" => &["weights"],
        "rall" | "rany" | "rcount" => &["cond"],
        "noccur" => &["string"],
        "sieve" => &["keep", "char", "omit"],
        _ => &[],
    };
    match call.cmd.options.iter().find(|o| o.0 != "by" && !own.contains(&o.0)) {
        Some((other, _)) => Err(StataError::option_not_allowed(other)),
        None => Ok(()),
    }
}

/// The new variable.
pub(super) fn column(s: &Session, call: &Call, keep: &[bool]) -> Result<Column> {
    check(call)?;
    let shape = |fallback| call.ty.unwrap_or(fallback);
    let values = match call.function.as_str() {
        "sieve" => return sieve(s, call, keep),
        "nvals" => distinct(s, call, keep)?,
        "corr" => pairs(s, call, keep)?,
        "ewma" => smoothed(s, call, keep)?,
        "rall" | "rany" | "rcount" => across(s, call, keep)?,
        "noccur" => occurrences(s, call, keep)?,
        _ => by_group(s, call, keep)?,
    };
    let integer =
        ["nvals", "nmiss", "xtile", "rall", "rany", "rcount", "noccur"].contains(&call.function.as_str());
    let fallback = match integer {
        true => values.iter().fold(StorageType::Byte, |t, x| t.promoted_for(*x)),
        false => s.settings.default_type,
    };
    Ok(Column::from_f64(shape(fallback), &values))
}

/// Different values in each group.
fn distinct(s: &Session, call: &Call, keep: &[bool]) -> Result<Vec<f64>> {
    let v = s.variable(&call.argument)?;
    let absent = |r: usize| match s.frame.var(v).is_string() {
        true => s.frame.str_at(v, r).is_empty(),
        false => is_missing(s.frame.num_at(v, r)),
    };
    let mut out = vec![MISSING; keep.len()];
    for group in groups(s, call, keep)? {
        let rows: Vec<usize> =
            group.iter().copied().filter(|r| call.cmd.has("missing") || !absent(*r)).collect();
        let n = grouped(s, &[v], rows).len() as f64;
        group.iter().for_each(|r| out[*r] = n);
    }
    Ok(out)
}

/// Functions of one expression over groups.
fn by_group(s: &Session, call: &Call, keep: &[bool]) -> Result<Vec<f64>> {
    let groups = groups(s, call, keep)?;
    let x = argument_values(s, call, &groups)?;
    let weights = match call.cmd.options.text("weights") {
        Some(text) => Some(s.numbers(text, &vec![true; s.frame.n_rows()])?),
        None if call.function == "wtmean" => {
            return Err(StataError::invalid("option weight() required"));
        }
        None => None,
    };
    let mut out = vec![MISSING; x.len()];
    for group in &groups {
        let present: Vec<usize> = group.iter().copied().filter(|r| !is_missing(x[*r])).collect();
        let values = || present.iter().map(|r| x[*r]);
        let n = present.len() as f64;
        let value = match call.function.as_str() {
            "nmiss" => (group.len() - present.len()) as f64,
            "gmean" if values().any(|x| x <= 0.0) => MISSING,
            "gmean" => (values().map(f64::ln).sum::<f64>() / n).exp(),
            "hmean" => n / values().map(|x| 1.0 / x).sum::<f64>(),
            "semean" => (Sample::plain(values()).variance() / n).sqrt(),
            "var" => Sample::plain(values()).variance(),
            "first" => values().next().unwrap_or(MISSING),
            "lastnm" => values().next_back().unwrap_or(MISSING),
            "wtmean" => weighted(&present, &x, weights.as_deref()),
            "sumoth" => {
                let total: f64 = values().sum();
                group.iter().for_each(|r| out[*r] = total - if is_missing(x[*r]) { 0.0 } else { x[*r] });
                continue;
            }
            _ => {
                categories(call, &present, &x, weights.as_deref(), &mut out)?;
                continue;
            }
        };
        let value = if value.is_finite() { value } else { MISSING };
        group.iter().for_each(|r| out[*r] = value);
    }
    Ok(out)
}

fn weighted(rows: &[usize], x: &[f64], weights: Option<&[f64]>) -> f64 {
    let weight = |r: usize| weights.map_or(1.0, |w| w[r]);
    let used = || rows.iter().copied().filter(|r| !is_missing(weight(*r)));
    used().map(|r| x[r] * weight(r)).sum::<f64>() / used().map(weight).sum::<f64>()
}

/// Quantile groups, as those of `xtile`.
fn categories(
    call: &Call,
    rows: &[usize],
    x: &[f64],
    weights: Option<&[f64]>,
    out: &mut [f64],
) -> Result<()> {
    let percents = match (call.cmd.options.text("percentiles"), call.cmd.options.int("nquantiles")) {
        (Some(list), None) => numlist::expand(list)?,
        (None, n) => {
            let n = n.unwrap_or(2).max(2);
            (1..n).map(|k| 100.0 * k as f64 / n as f64).collect()
        }
        _ => return Err(StataError::invalid("percentiles() and nquantiles() may not be combined")),
    };
    if rows.is_empty() {
        return Ok(());
    }
    let sample = match weights {
        None => Sample::plain(rows.iter().map(|r| x[*r])),
        Some(w) => Sample::new(
            rows.iter().filter(|r| !is_missing(w[**r])).map(|r| (x[*r], w[*r])),
            Some(estimators::weights::WeightKind::Analytic),
        ),
    };
    let mut cuts: Vec<f64> = percents.iter().map(|p| sample.percentile(*p)).collect();
    cuts.sort_by(f64::total_cmp);
    rows.iter().for_each(|r| out[*r] = 1.0 + cuts.partition_point(|c| *c < x[*r]) as f64);
    Ok(())
}

/// Correlations (covariances, rank correlations) of two variables in groups.
fn pairs(s: &Session, call: &Call, keep: &[bool]) -> Result<Vec<f64>> {
    let vars = s.varlist(&call.argument)?;
    let [a, b] = vars[..] else {
        return Err(StataError::standard(if vars.len() < 2 { 102 } else { 103 }));
    };
    let (a, b) = (s.frame.numeric(a)?, s.frame.numeric(b)?);
    let mut out = vec![MISSING; keep.len()];
    for group in groups(s, call, keep)? {
        let rows: Vec<usize> =
            group.iter().copied().filter(|r| !is_missing(a[*r]) && !is_missing(b[*r])).collect();
        let (mut x, mut y): (Vec<f64>, Vec<f64>) = rows.iter().map(|r| (a[*r], b[*r])).unzip();
        if call.cmd.has("spearman") {
            (x, y) = (mean_ranks(&x).0, mean_ranks(&y).0);
        }
        let n = x.len() as f64;
        let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
        let sum = |f: &dyn Fn(f64, f64) -> f64| x.iter().zip(&y).map(|(x, y)| f(x - mx, y - my)).sum::<f64>();
        let cross = sum(&|x, y| x * y);
        let value = match call.cmd.has("covariance") {
            true => cross / (n - 1.0),
            false => cross / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt(),
        };
        if value.is_finite() {
            group.iter().for_each(|r| out[*r] = value);
        }
    }
    Ok(out)
}

/// Exponentially weighted moving averages over the time variable.
fn smoothed(s: &Session, call: &Call, keep: &[bool]) -> Result<Vec<f64>> {
    let panel = Panel::of(&s.frame)?;
    let time = panel.series()?;
    let a = call.cmd.options.real("a").ok_or_else(|| StataError::invalid("option a() required"))?;
    if !(0.0..=1.0).contains(&a) {
        return Err(StataError::invalid("a() must be between 0 and 1"));
    }
    let v = s.numeric_variable(&call.argument)?;
    let mut out = vec![MISSING; keep.len()];
    let rows: Vec<usize> = (0..keep.len()).filter(|r| keep[*r]).collect();
    for mut group in grouped(s, &panel.panel.into_iter().collect::<Vec<_>>(), rows) {
        group.sort_by(|x, y| s.frame.num_at(time, *x).total_cmp(&s.frame.num_at(time, *y)));
        let mut last: Option<(f64, f64)> = None;
        for r in group {
            let (x, t) = (s.frame.num_at(v, r), s.frame.num_at(time, r));
            // the average of a period follows that of the period before; a gap or missing value ends it
            let value = match last {
                _ if is_missing(x) => MISSING,
                None => x,
                Some((before, at)) if at + panel.delta == t && !is_missing(before) => {
                    a * x + (1.0 - a) * before
                }
                Some(_) => MISSING,
            };
            out[r] = value;
            last = Some((value, t));
        }
    }
    Ok(out)
}

/// A condition over variables, in which @ stands for the variable.
fn across(s: &Session, call: &Call, keep: &[bool]) -> Result<Vec<f64>> {
    let condition =
        call.cmd.options.text("cond").ok_or_else(|| StataError::invalid("option cond() required"))?;
    let vars = s.varlist(&call.argument)?;
    let compiled = vars
        .iter()
        .map(|v| s.compile(&condition.replace('@', &s.frame.var(*v).name)))
        .collect::<Result<Vec<_>>>()?;
    let ctx: EvalCtx<'_> = s.ctx();
    let count = |r: usize| compiled.iter().filter(|c| c.holds(&ctx, r)).count();
    let value = |r: usize| match call.function.as_str() {
        "rcount" => count(r) as f64,
        "rany" => f64::from(u8::from(count(r) > 0)),
        _ => f64::from(u8::from(count(r) == vars.len())),
    };
    Ok((0..keep.len()).map(|r| if keep[r] { value(r) } else { MISSING }).collect())
}

fn text_of(s: &Session, name: &str) -> Result<usize> {
    let v = s.variable(name)?;
    if s.frame.var(v).is_string() { Ok(v) } else { Err(StataError::type_mismatch()) }
}

fn occurrences(s: &Session, call: &Call, keep: &[bool]) -> Result<Vec<f64>> {
    let wanted = call.cmd.options.text("string").filter(|t| !t.is_empty());
    let wanted = wanted.ok_or_else(|| StataError::invalid("option string() required"))?;
    let v = text_of(s, &call.argument)?;
    let value = |r: usize| s.frame.str_at(v, r).matches(wanted).count() as f64;
    Ok((0..keep.len()).map(|r| if keep[r] { value(r) } else { MISSING }).collect())
}

/// The characters of a text that are of some classes, in a list, or not in a list.
fn sieve(s: &Session, call: &Call, keep: &[bool]) -> Result<Column> {
    let options = &call.cmd.options;
    let v = text_of(s, &call.argument)?;
    let given = ["keep", "char", "omit"].iter().filter(|o| options.text(o).is_some()).count();
    if given != 1 {
        return Err(StataError::invalid("one of keep(), char() and omit() required"));
    }
    let mut classes = Vec::new();
    for word in options.text("keep").unwrap_or("").split_whitespace() {
        let full = ["alphabetic", "numeric", "space", "other"].into_iter().find(|c| c.starts_with(word));
        classes.push(full.ok_or_else(|| StataError::invalid("keep() must have a, n, s or o"))?);
    }
    let class = |c: char| match c {
        c if c.is_ascii_alphabetic() => "alphabetic",
        c if c.is_ascii_digit() => "numeric",
        ' ' => "space",
        _ => "other",
    };
    let wanted = |c: char| match (options.text("char"), options.text("omit")) {
        (Some(list), _) => list.contains(c),
        (_, Some(list)) => !list.contains(c),
        _ => classes.contains(&class(c)),
    };
    let value = |r: usize| -> Box<str> {
        s.frame.str_at(v, r).chars().filter(|c| wanted(*c)).collect::<String>().into()
    };
    Ok(Column::from_strings((0..keep.len()).map(|r| if keep[r] { value(r) } else { "".into() }).collect()))
}
