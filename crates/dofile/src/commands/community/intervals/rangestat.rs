//! `rangestat`: statistics for each row over the rows whose key lies in an interval. Written from the help file of
//! Picard, Cox and Ferrer (2017).

use super::bound::Bound;
use super::{add, free_name, regression};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::ops::groups::{each_group, grouped};
use crate::session::Session;
use crate::syntax::blanks::tight_equals;
use crate::syntax::split::matching_paren;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};
use estimators::descriptive::{Sample, by_name};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Interval"),
    OptSpec::text("by"),
    OptSpec::flag("EXCLudeself"),
    OptSpec::flag("CASEwise"),
])
.unsupported(&["LOCal", "Describe"]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "rangestat",
    min: 9,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "rangestat (stat) [newvar=]varname [...] [(stat) ...] [(reg|corr|cov) varlist] [if] [in], interval(keyvar low high) [by(varlist) excludeself casewise]",
    notes: "stat: obs count missing mean sum sd variance skewness kurtosis min median max first last firstnm lastnm; new variables are varname_stat; a number is added to the key, a variable is the bound, . is no bound; (reg) makes reg_nobs reg_r2 reg_adj_r2 b_* se_*, (corr) corr_nobs corr_x, (cov) cov_nobs cov_x; functions of Mata are refused; no results",
    examples: &[
        Example {
            run: "set obs 6\ngenerate id = ceil(_n/3)\ngenerate t = _n\ngenerate x = _n^2\nrangestat (mean) x (sum) s=x (count) x, interval(t -1 0)\nrangestat (max) x, interval(t . 1) by(id) excludeself\nrangestat (count) n=x, interval(t 1 2) by(id)",
            expect: &[
                ("x_mean[1]", 1.0),
                ("x_mean[3]", 6.5),
                ("s[6]", 61.0),
                ("x_count[2]", 2.0),
                ("x_max[1]", 4.0),
                ("x_max[3]", 4.0),
                ("missing(n[3])", 1.0),
                ("n[4]", 2.0),
            ],
        },
        Example {
            run: "set obs 5\ngenerate t = _n\ngenerate x = mod(_n, 3)\ngenerate y = 1 + 2*x\nrangestat (reg) y x (corr) y x, interval(t . .)",
            expect: &[("b_x[1]", 2.0), ("b_cons[5]", 1.0), ("reg_nobs[2]", 5.0), ("corr_x[1]", 1.0)],
        },
    ],
};

const STATISTICS: &[&str] = &[
    "obs", "count", "missing", "mean", "sum", "sd", "variance", "skewness", "kurtosis", "min", "median",
    "max", "first", "last", "firstnm", "lastnm",
];

/// One statistic with its variables and the names of what it makes.
struct Item {
    stat: String,
    vars: Vec<usize>,
    names: Vec<String>,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let interval =
        cmd.options.text("interval").ok_or_else(|| StataError::invalid("option interval() required"))?;
    let [key, low, high] = interval.split_whitespace().collect::<Vec<_>>()[..] else {
        return Err(StataError::invalid("interval() must have keyvar low high"));
    };
    let key = s.numeric_variable(key)?;
    let bounds = (Bound::parse(s, low)?, Bound::parse(s, high)?);
    let items = items(s, &cmd.list)?;
    let mut all: Vec<&String> = items.iter().flat_map(|i| &i.names).collect();
    for name in &all {
        free_name(s, name)?;
    }
    all.sort();
    if all.windows(2).any(|w| w[0] == w[1]) {
        return Err(StataError::invalid("names of new variables are not unique"));
    }
    let by = cmd.options.text("by").map(|l| s.varlist(l)).transpose()?.unwrap_or_default();
    let mut keep = s.rows(cmd)?;
    if cmd.has("casewise") {
        let vars: Vec<usize> = items.iter().flat_map(|i| i.vars.clone()).collect();
        s.markout(&vars, &mut keep, true)?;
    }
    let keys = s.frame.numeric(key)?.to_vec();
    let rows: Vec<usize> = (0..keep.len()).filter(|r| keep[*r] && !is_missing(keys[*r])).collect();
    let groups: Vec<Vec<usize>> = grouped(s, &by, rows)
        .into_iter()
        .map(|mut g| {
            g.sort_by(|a, b| keys[*a].total_cmp(&keys[*b]));
            g
        })
        .collect();
    let mut out: Vec<(String, String, Vec<f64>)> = Vec::new();
    for item in &items {
        let columns: Vec<Vec<f64>> =
            item.vars.iter().map(|v| s.frame.numeric(*v).map(|c| c.to_vec())).collect::<Result<_>>()?;
        let found = each_group(&groups, |group| {
            in_group(item, &columns, group, &keys, &bounds, cmd.has("excludeself"))
        });
        if s.interrupted() {
            return Err(StataError::standard(1));
        }
        let first = out.len();
        for name in &item.names {
            let label = match item.vars[..] {
                [v] if item.names.len() == 1 => format!("{} of {}", item.stat, s.frame.var(v).name),
                _ => name.clone(),
            };
            out.push((name.clone(), label, vec![MISSING; keep.len()]));
        }
        for (row, values) in found.into_iter().flatten() {
            values.into_iter().enumerate().for_each(|(k, x)| out[first + k].2[row] = x);
        }
    }
    for (name, label, values) in out {
        add(s, &name, &label, &values)?;
    }
    Ok(())
}

/// Reads `(stat) list (stat) list`.
fn items(s: &Session, list: &str) -> Result<Vec<Item>> {
    let mut rest = list.trim();
    let mut out = Vec::new();
    let mut stat = "mean".to_string();
    while !rest.is_empty() {
        if rest.starts_with('(') {
            let end = matching_paren(rest, 0).ok_or_else(StataError::syntax)?;
            stat = rest[1..end].trim().to_string();
            rest = rest[end + 1..].trim_start();
        }
        let end = rest.find('(').unwrap_or(rest.len());
        let part = rest[..end].trim();
        rest = rest[end..].trim_start();
        if part.is_empty() {
            return Err(StataError::standard(100));
        }
        if ["reg", "corr", "cov"].contains(&stat.as_str()) {
            out.push(joint(s, &stat, part)?);
        } else if STATISTICS.contains(&stat.as_str()) {
            single(s, &stat, part, &mut out)?;
        } else {
            return Err(StataError::unsupported_option("rangestat", &format!("({stat})")));
        }
    }
    if out.is_empty() { Err(StataError::standard(100)) } else { Ok(out) }
}

fn single(s: &Session, stat: &str, part: &str, out: &mut Vec<Item>) -> Result<()> {
    let spaced = tight_equals(part);
    for word in spaced.split_whitespace() {
        let (new, old) = word.split_once('=').map_or((None, word), |(a, b)| (Some(a), b));
        let vars = s.varlist(old)?;
        if new.is_some() && vars.len() != 1 {
            return Err(StataError::standard(103));
        }
        for v in vars {
            if s.frame.var(v).is_string() {
                return Err(StataError::type_mismatch());
            }
            let name = new.map_or_else(|| format!("{}_{stat}", s.frame.var(v).name), str::to_string);
            out.push(Item { stat: stat.to_string(), vars: vec![v], names: vec![name] });
        }
    }
    Ok(())
}

fn joint(s: &Session, stat: &str, part: &str) -> Result<Item> {
    let vars = s.varlist(part)?;
    if vars.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let regression = stat == "reg";
    if vars.len() < 2 || (!regression && vars.len() > 2) {
        return Err(StataError::new(if vars.len() < 2 { 102 } else { 103 }, "two variables required"));
    }
    let names = if regression {
        let terms: Vec<String> = vars[1..].iter().map(|v| s.frame.var(*v).name.clone()).collect();
        let all = || terms.iter().map(String::as_str).chain(["cons"]);
        ["reg_nobs", "reg_r2", "reg_adj_r2"]
            .map(str::to_string)
            .into_iter()
            .chain(all().map(|t| format!("b_{t}")))
            .chain(all().map(|t| format!("se_{t}")))
            .collect()
    } else {
        vec![format!("{stat}_nobs"), format!("{stat}_x")]
    };
    Ok(Item { stat: stat.to_string(), vars, names })
}

/// Results of the rows of a group, which is ordered by key.
fn in_group(
    item: &Item,
    columns: &[Vec<f64>],
    group: &[usize],
    keys: &[f64],
    bounds: &(Bound, Bound),
    excluding: bool,
) -> Vec<(usize, Vec<f64>)> {
    let mut out = Vec::with_capacity(group.len());
    for &row in group {
        let (low, high) = (bounds.0.of(row, Some(keys[row])), bounds.1.of(row, Some(keys[row])));
        let from = low.map_or(0, |low| group.partition_point(|r| keys[*r] < low));
        let to = high.map_or(group.len(), |high| group.partition_point(|r| keys[*r] <= high));
        let window: Vec<usize> =
            group[from..to.max(from)].iter().copied().filter(|r| !(excluding && *r == row)).collect();
        if !window.is_empty() {
            out.push((row, values(item, columns, &window)));
        }
    }
    out
}

fn values(item: &Item, columns: &[Vec<f64>], window: &[usize]) -> Vec<f64> {
    if item.vars.len() > 1 {
        return joint_values(item, columns, window);
    }
    vec![statistic(&item.stat, &columns[0], window)]
}

/// A statistic of the rows of a sample, which are ordered by the key.
pub(super) fn statistic(stat: &str, values: &[f64], sample: &[usize]) -> f64 {
    let raw = || sample.iter().map(|r| values[*r]);
    let present = || raw().filter(|x| !is_missing(*x));
    match stat {
        "obs" => sample.len() as f64,
        "missing" => raw().filter(|x| is_missing(*x)).count() as f64,
        "first" => raw().next().unwrap_or(MISSING),
        "last" => raw().next_back().unwrap_or(MISSING),
        "firstnm" => present().next().unwrap_or(MISSING),
        "lastnm" => present().next_back().unwrap_or(MISSING),
        "count" => present().count() as f64,
        _ if present().next().is_none() => MISSING,
        stat => by_name(&Sample::plain(present()), stat).unwrap_or(MISSING),
    }
}

fn joint_values(item: &Item, columns: &[Vec<f64>], window: &[usize]) -> Vec<f64> {
    let rows: Vec<usize> =
        window.iter().copied().filter(|r| columns.iter().all(|c| !is_missing(c[*r]))).collect();
    let of = |c: &Vec<f64>| -> Vec<f64> { rows.iter().map(|r| c[*r]).collect() };
    let y = of(&columns[0]);
    let mut out = vec![MISSING; item.names.len()];
    out[0] = rows.len() as f64;
    if item.stat == "reg" {
        let x: Vec<Vec<f64>> = columns[1..].iter().map(of).collect();
        if let Some(fit) = regression(&y, &x, true, x.len() + 1, false) {
            let k = fit.b.len();
            let finite = |x: f64| if x.is_finite() { x } else { MISSING };
            (out[1], out[2]) = (finite(fit.r2), finite(fit.r2_a));
            for j in 0..k {
                (out[3 + j], out[3 + k + j]) = (fit.b[j], finite(fit.v[(j, j)].sqrt()));
            }
        }
        return out;
    }
    let x = of(&columns[1]);
    if rows.len() > 1 {
        let (mx, my) = (Sample::plain(x.iter().copied()).mean(), Sample::plain(y.iter().copied()).mean());
        let cross = |a: &[f64], ma: f64, b: &[f64], mb: f64| -> f64 {
            a.iter().zip(b).map(|(a, b)| (a - ma) * (b - mb)).sum()
        };
        let (xy, xx, yy) = (cross(&x, mx, &y, my), cross(&x, mx, &x, mx), cross(&y, my, &y, my));
        let value = if item.stat == "cov" { xy / (rows.len() - 1) as f64 } else { xy / (xx * yy).sqrt() };
        out[1] = if value.is_finite() { value } else { MISSING };
    }
    out
}
