//! Texts and tests of `table1_mc`: one variable, split by group.

use super::request::{Item, Kind, Look};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::fisher;
use crate::ops::groups::{grouped, level_name};
use crate::ops::two_way::{contributions, sums};
use crate::session::Session;
use crate::value::is_missing;
use estimators::descriptive::Sample;
use estimators::distributions::{chi2_tail, f_tail};
use estimators::means::{Moments, kruskal_wallis, one_way, rank_sum};

/// A line of the table.
pub(super) struct Line {
    pub(super) level: String,
    /// One text for each column.
    pub(super) cells: Vec<String>,
}

/// The lines of a variable.
pub(super) struct Block {
    pub(super) lines: Vec<Line>,
    pub(super) p: Option<f64>,
    pub(super) test: &'static str,
    /// Rows used and left out, for each column.
    pub(super) counts: Vec<(usize, usize)>,
}

/// The columns of the table as lists of rows (repeated by frequency weights), the groups that are compared first.
pub(super) struct Columns {
    pub(super) rows: Vec<Vec<usize>>,
    /// How many of them are groups; the rest is the total.
    pub(super) groups: usize,
}

/// Summarises and compares a variable.
pub(super) fn block(s: &Session, item: &Item, look: &Look, columns: &Columns) -> Result<Block> {
    match item.kind {
        Kind::Categorical => categorical(s, item, look, columns),
        Kind::Binary => binary(s, item, look, columns),
        _ => continuous(s, item, look, columns),
    }
}

fn continuous(s: &Session, item: &Item, look: &Look, columns: &Columns) -> Result<Block> {
    let logged = item.kind == Kind::LogNormal;
    let value = |r: &usize| s.frame.num_at(item.var, *r);
    let used = |rows: &[usize]| -> Vec<f64> {
        rows.iter().map(value).filter(|x| !is_missing(*x) && (!logged || *x > 0.0)).collect()
    };
    let samples: Vec<Vec<f64>> = columns.rows.iter().map(|r| used(r)).collect();
    let own = s.frame.var(item.var).format.clone();
    let first = item.formats.first().cloned().or_else(|| look.format.clone()).unwrap_or(own);
    let second = item.formats.get(1).cloned().unwrap_or_else(|| first.clone());
    let shown = |fmt: &str, x: f64| format::bare(fmt, x).trim().to_string();
    let cell = |x: &Vec<f64>| -> String {
        if x.is_empty() {
            return String::new();
        }
        let plain = || Sample::plain(x.iter().copied());
        match item.kind {
            Kind::Normal => {
                format!(
                    "{}{}{}{}",
                    shown(&first, plain().mean()),
                    look.sd.0,
                    shown(&second, plain().sd()),
                    look.sd.1
                )
            }
            Kind::LogNormal => {
                let l = Sample::plain(x.iter().map(|x| x.ln()));
                let (mean, sd) = (l.mean().exp(), l.sd());
                let sd = if is_missing(sd) { sd } else { sd.exp() };
                format!("{}{}{}{}", shown(&first, mean), look.gsd.0, shown(&second, sd), look.gsd.1)
            }
            _ => {
                let p = |p: f64| plain().percentile(p);
                let (low, high) = (shown(&second, p(25.0)), shown(&second, p(75.0)));
                format!("{} ({low}{}{high})", shown(&first, p(50.0)), look.middle)
            }
        }
    };
    let compared: Vec<Vec<f64>> = samples[..columns.groups]
        .iter()
        .filter(|x| !x.is_empty())
        .map(|x| if logged { x.iter().map(|x| x.ln()).collect() } else { x.clone() })
        .collect();
    let (p, test) = compare(item.kind, &compared, columns.groups);
    Ok(Block {
        lines: vec![Line { level: String::new(), cells: samples.iter().map(cell).collect() }],
        p,
        test,
        counts: columns.rows.iter().zip(&samples).map(|(r, x)| (x.len(), r.len() - x.len())).collect(),
    })
}

/// Analysis of variance, or a test of ranks.
fn compare(kind: Kind, samples: &[Vec<f64>], groups: usize) -> (Option<f64>, &'static str) {
    let two = groups == 2;
    let test = match (kind, two) {
        (Kind::Normal, true) => "Ind. t test",
        (Kind::Normal, false) => "ANOVA",
        (Kind::LogNormal, true) => "Ind. t test, logged data",
        (Kind::LogNormal, false) => "ANOVA, logged data",
        (_, true) => "Wilcoxon rank-sum",
        (_, false) => "Kruskal-Wallis",
    };
    if samples.len() < 2 {
        return (None, test);
    }
    let p = if kind == Kind::Skewed {
        let all: Vec<f64> = samples.iter().flatten().copied().collect();
        let group: Vec<usize> = samples.iter().enumerate().flat_map(|(g, x)| vec![g; x.len()]).collect();
        match samples.len() {
            2 => rank_sum(&all, &group.iter().map(|g| *g == 0).collect::<Vec<_>>()).p,
            n => kruskal_wallis(&all, &group, n).p().1,
        }
    } else {
        let moments: Vec<Moments> = samples.iter().map(|x| Moments::of(x)).collect();
        let fit = one_way(&moments);
        if fit.df_within <= 0.0 {
            return (None, test);
        }
        f_tail(fit.df_between, fit.df_within, fit.f())
    };
    (p.is_finite().then_some(p), test)
}

/// A count with its percentage.
fn share(look: &Look, fmt: &str, n: usize, of: usize) -> String {
    let mut percent = match of {
        0 => ".".to_string(),
        _ => format::bare(fmt, 100.0 * n as f64 / of as f64).trim().to_string(),
    };
    if !look.no_space && percent.split('.').next().is_some_and(|whole| whole.len() == 1) {
        percent.insert(0, ' ');
    }
    percent.push_str(&look.sign);
    let number = |n: usize| format::bare(&look.count_format, n as f64).trim().to_string();
    let count = if look.out_of { format!("{}/{}", number(n), number(of)) } else { number(n) };
    match (look.percent_only, look.percent_first) {
        (true, _) => percent,
        (_, true) => format!("{percent} ({count})"),
        _ => format!("{count} ({percent})"),
    }
}

/// Format of percentages: no decimals in small samples.
fn percent_format(item: &Item, look: &Look, total: usize) -> String {
    let usual = if total < 200 { "%5.0f" } else { "%5.1f" };
    item.formats.first().or(look.percent_format.as_ref()).cloned().unwrap_or_else(|| usual.to_string())
}

fn categorical(s: &Session, item: &Item, look: &Look, columns: &Columns) -> Result<Block> {
    let v = item.var;
    let known = |r: &usize| match s.frame.var(v).is_string() {
        true => !s.frame.str_at(v, *r).is_empty(),
        false => !is_missing(s.frame.num_at(v, *r)),
    };
    let used: Vec<Vec<usize>> = columns
        .rows
        .iter()
        .map(|rows| rows.iter().copied().filter(|r| look.missing || known(r)).collect())
        .collect();
    let mut distinct: Vec<usize> = used.iter().flatten().copied().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let levels = grouped(s, &[v], distinct);
    let count = |level: &[usize], rows: &[usize]| {
        rows.iter().filter(|r| s.frame.rows_equal(&[v], level[0], **r)).count()
    };
    let table: Vec<Vec<usize>> =
        levels.iter().map(|l| used.iter().map(|rows| count(l, rows)).collect()).collect();
    let total = used[..columns.groups].iter().map(Vec::len).sum();
    let fmt = percent_format(item, look, total);
    let lines = levels
        .iter()
        .zip(&table)
        .map(|(level, counts)| {
            let whole: usize = counts[..columns.groups].iter().sum();
            let base = |j: usize| if look.row_percent { whole } else { used[j].len() };
            let name = if known(&level[0]) { level_name(s, v, level[0]) } else { "Missing".to_string() };
            let cells = counts.iter().enumerate().map(|(j, n)| share(look, &fmt, *n, base(j))).collect();
            Line { level: name, cells }
        })
        .collect();
    let compared: Vec<Vec<usize>> = table.iter().map(|row| row[..columns.groups].to_vec()).collect();
    Ok(Block {
        lines,
        p: association(&compared, item.exact)?,
        test: if item.exact { "Fisher's exact" } else { "Chi-square" },
        counts: columns.rows.iter().zip(&used).map(|(r, u)| (u.len(), r.len() - u.len())).collect(),
    })
}

fn binary(s: &Session, item: &Item, look: &Look, columns: &Columns) -> Result<Block> {
    let value = |r: &usize| s.frame.num_at(item.var, *r);
    let used: Vec<Vec<f64>> = columns
        .rows
        .iter()
        .map(|rows| rows.iter().map(value).filter(|x| !is_missing(*x)).collect())
        .collect();
    if used.iter().flatten().any(|x| *x != 0.0 && *x != 1.0) {
        let name = &s.frame.var(item.var).name;
        return Err(StataError::new(498, format!("binary variable {name} must be 0 or 1")));
    }
    let ones: Vec<usize> = used.iter().map(|x| x.iter().filter(|x| **x == 1.0).count()).collect();
    let total = used[..columns.groups].iter().map(Vec::len).sum();
    let fmt = percent_format(item, look, total);
    let cells = ones.iter().zip(&used).map(|(n, x)| share(look, &fmt, *n, x.len())).collect();
    let zeros: Vec<usize> = ones.iter().zip(&used).map(|(n, x)| x.len() - n).collect();
    let table = vec![zeros[..columns.groups].to_vec(), ones[..columns.groups].to_vec()];
    Ok(Block {
        lines: vec![Line { level: String::new(), cells }],
        p: association(&table, item.exact)?,
        test: if item.exact { "Fisher's exact" } else { "Chi-square" },
        counts: columns.rows.iter().zip(&used).map(|(r, u)| (u.len(), r.len() - u.len())).collect(),
    })
}

/// Pearson's or Fisher's test of the rows and columns that are not empty.
fn association(table: &[Vec<usize>], exact: bool) -> Result<Option<f64>> {
    let rows: Vec<&Vec<usize>> = table.iter().filter(|r| r.iter().sum::<usize>() > 0).collect();
    let width = table.first().map_or(0, Vec::len);
    let kept: Vec<usize> = (0..width).filter(|j| rows.iter().any(|r| r[*j] > 0)).collect();
    let cells: Vec<f64> = rows.iter().flat_map(|r| kept.iter().map(|j| r[*j] as f64)).collect();
    let (nr, nc) = (rows.len(), kept.len());
    if nr < 2 || nc < 2 {
        return Ok(None);
    }
    if exact {
        return fisher::exact(nr, nc, &cells).map(|p| Some(p.0));
    }
    let (across, down, total) = sums(nr, nc, &cells);
    let pearson = |(k, n): (usize, &f64)| contributions(*n, across[k / nc] * down[k % nc] / total).0;
    let chi2: f64 = cells.iter().enumerate().map(pearson).sum();
    Ok(Some(chi2_tail(((nr - 1) * (nc - 1)) as f64, chi2)))
}

/// A p-value with at most so many decimals below 0.10 and two above.
pub(super) fn p_text(p: Option<f64>, decimals: usize) -> String {
    let Some(p) = p else { return String::new() };
    let least = 10f64.powi(-(decimals as i32));
    if p < least {
        return format!("<{least:.decimals$}");
    }
    let digits = if p < 0.10 { decimals } else { decimals.min(2) };
    format!("{p:.digits$}")
}
