//! The panels of `tabout`: frequencies, percentages and statistics as text.

use crate::error::{Result, StataError};
use crate::frame::Variable;
use crate::ops::groups::{grouped, level_name};
use crate::session::Session;
use crate::syntax::split::words;
use crate::value::is_missing;
use estimators::descriptive::{Sample, by_name};
use estimators::distributions::chi2_tail;
use estimators::weights::WeightKind;

/// Decimals with commas or percent signs, the last one for the rest.
pub(super) struct Formats(Vec<(usize, bool, bool)>);

impl Formats {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut out = Vec::new();
        for word in text.split_whitespace() {
            let digits: String = word.chars().take_while(char::is_ascii_digit).collect();
            let rest = &word[digits.len()..];
            let decimals = digits.parse().unwrap_or(0);
            if rest.chars().any(|c| !"cp".contains(c)) {
                return Err(StataError::unsupported_option("tabout", &format!("format({word})")));
            }
            out.push((decimals, rest.contains('c'), rest.contains('p')));
        }
        if out.is_empty() {
            return Err(StataError::invalid("option format() incorrectly specified"));
        }
        Ok(Self(out))
    }

    /// A number by the format of a cell.
    fn show(&self, k: usize, x: f64) -> String {
        if is_missing(x) || !x.is_finite() {
            return String::new();
        }
        let (decimals, commas, percent) = self.0[k.min(self.0.len() - 1)];
        let mut text = format!("{x:.decimals$}");
        if commas {
            let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
            let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |w| ("-", w));
            let grouped: Vec<&str> =
                whole.as_bytes().rchunks(3).rev().map(|c| std::str::from_utf8(c).unwrap_or("")).collect();
            text = format!("{sign}{}{rest}", grouped.join(","));
        }
        if percent {
            text.push('%');
        }
        text
    }
}

/// What a cell shows.
pub(super) struct Statistic {
    name: String,
    /// The variable of a statistic.
    variable: Option<usize>,
    title: String,
}

impl Statistic {
    pub(super) fn list(s: &Session, text: &str, sum: bool) -> Result<Vec<Self>> {
        let list = words(text);
        if sum {
            if list.is_empty() || !list.len().is_multiple_of(2) {
                return Err(StataError::invalid("cells() must have statistics and variables in pairs"));
            }
            let pair = |p: &[&str]| -> Result<Self> {
                let variable = s.numeric_variable(p[1])?;
                let stat = p[0].trim_start_matches("N ");
                if by_name(&Sample::plain([1.0].into_iter()), stat).is_none() {
                    return Err(StataError::unsupported_option("tabout", &format!("cells({stat})")));
                }
                let title = format!("{} {}", title(stat), s.frame.var(variable).name);
                Ok(Self { name: stat.to_string(), variable: Some(variable), title })
            };
            return list.chunks(2).map(pair).collect();
        }
        let known =
            [("freq", "No."), ("row", "Row %"), ("col", "Col %"), ("cell", "Cell %"), ("cum", "Cum %")];
        list.into_iter()
            .map(|word| match known.iter().find(|k| k.0 == word || (k.0 == "col" && word == "column")) {
                Some((name, title)) => {
                    Ok(Self { name: (*name).to_string(), variable: None, title: (*title).to_string() })
                }
                None => Err(StataError::unsupported_option("tabout", &format!("cells({word})"))),
            })
            .collect()
    }
}

fn title(stat: &str) -> String {
    let mut letters = stat.chars();
    letters.next().map(|c| c.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What all panels have in common.
pub(super) struct Data<'a> {
    pub(super) keep: &'a [bool],
    pub(super) weights: Option<&'a [f64]>,
    pub(super) statistics: &'a [Statistic],
    pub(super) formats: &'a Formats,
    pub(super) labels: &'a [String],
    pub(super) missing: bool,
    pub(super) total: String,
    pub(super) totals: bool,
    pub(super) by_statistic: bool,
    pub(super) stacked: bool,
    pub(super) counts: bool,
    pub(super) chi2: bool,
}

/// A panel.
#[derive(Default)]
pub(super) struct Part {
    pub(super) head: Vec<Vec<String>>,
    pub(super) rows: Vec<Vec<String>>,
    pub(super) notes: Vec<String>,
    pub(super) n: f64,
}

impl Data<'_> {
    fn title(&self, k: usize) -> String {
        self.labels.get(k).cloned().unwrap_or_else(|| self.statistics[k].title.clone())
    }

    fn weight(&self, rows: &[usize]) -> f64 {
        self.weights.map_or(rows.len() as f64, |w| rows.iter().map(|r| w[*r]).sum())
    }

    /// Rows in use.
    fn rows(&self, s: &Session, vars: &[usize]) -> Result<Vec<usize>> {
        let mut keep = self.keep.to_vec();
        if !self.missing {
            s.markout(vars, &mut keep, true)?;
        }
        let rows: Vec<usize> = (0..keep.len()).filter(|r| keep[*r]).collect();
        if rows.is_empty() { Err(StataError::no_observations()) } else { Ok(rows) }
    }

    fn statistic(&self, s: &Session, k: usize, rows: &[usize]) -> String {
        let stat = &self.statistics[k];
        let Some(v) = stat.variable else { return String::new() };
        let values = rows.iter().map(|r| (s.frame.num_at(v, *r), self.weights.map_or(1.0, |w| w[*r])));
        let sample = Sample::new(values, self.weights.map(|_| WeightKind::Analytic));
        self.formats.show(k, by_name(&sample, &stat.name).unwrap_or(f64::NAN))
    }
}

fn shown(v: &Variable) -> String {
    if v.label.is_empty() { v.name.clone() } else { v.label.clone() }
}

/// A table of one variable.
pub(super) fn one_way(s: &Session, data: &Data<'_>, v: usize) -> Result<Part> {
    let rows = data.rows(s, &[v])?;
    let n = data.weight(&rows);
    let mut part = Part { n, ..Part::default() };
    let count = data.statistics.len();
    part.head.push([String::new()].into_iter().chain((0..count).map(|k| data.title(k))).collect());
    part.rows.push(vec![shown(s.frame.var(v))]);
    let mut sum = 0.0;
    let line = |name: String, own: f64, sum: f64| -> Vec<String> {
        let cells = (0..count).map(|k| {
            let x = match data.statistics[k].name.as_str() {
                "freq" => own,
                "cum" => 100.0 * sum / n,
                "row" => 100.0,
                _ => 100.0 * own / n,
            };
            data.formats.show(k, x)
        });
        [name].into_iter().chain(cells).collect()
    };
    for level in grouped(s, &[v], rows) {
        let own = data.weight(&level);
        sum += own;
        part.rows.push(line(level_name(s, v, level[0]), own, sum));
    }
    if data.totals {
        part.rows.push(line(data.total.clone(), n, n));
    }
    Ok(part)
}

/// A table of two variables.
pub(super) fn two_way(s: &Session, data: &Data<'_>, v: usize, across: usize) -> Result<Part> {
    let rows = data.rows(s, &[v, across])?;
    let n = data.weight(&rows);
    let (down, over) = (grouped(s, &[v], rows.clone()), grouped(s, &[across], rows));
    let column_of: std::collections::HashMap<usize, usize> =
        over.iter().enumerate().flat_map(|(j, g)| g.iter().map(move |r| (*r, j))).collect();
    let table: Vec<Vec<f64>> = down
        .iter()
        .map(|level| {
            let mut row = vec![0.0; over.len()];
            level.iter().for_each(|r| row[column_of[r]] += data.weights.map_or(1.0, |w| w[*r]));
            row
        })
        .collect();
    let columns: Vec<f64> = over.iter().map(|g| data.weight(g)).collect();
    let mut names: Vec<String> = over.iter().map(|g| level_name(s, across, g[0])).collect();
    if data.counts {
        names.iter_mut().zip(&columns).for_each(|(name, n)| name.push_str(&format!(" (n={n})")));
    }
    names.push(data.total.clone());
    let value = |k: usize, own: f64, row: f64, column: f64| {
        let x = match data.statistics[k].name.as_str() {
            "freq" => own,
            "row" => 100.0 * own / row,
            "col" => 100.0 * own / column,
            "cell" => 100.0 * own / n,
            _ => f64::NAN,
        };
        data.formats.show(k, x)
    };
    let count = data.statistics.len();
    let order = order(data, names.len());
    let mut part = Part { n, head: heads(s, data, across, &names, &order), ..Part::default() };
    part.rows.push(vec![shown(s.frame.var(v))]);
    let mut lines: Vec<(String, Vec<f64>)> =
        down.iter().zip(&table).map(|(level, row)| (level_name(s, v, level[0]), row.clone())).collect();
    if data.totals {
        lines.push((data.total.clone(), columns.clone()));
    }
    let column = |j: usize| columns.get(j).copied().unwrap_or(n);
    for (name, row) in lines {
        let sum: f64 = row.iter().sum();
        let own = |j: usize| row.get(j).copied().unwrap_or(sum);
        if data.stacked {
            for k in 0..count {
                let cells = (0..names.len()).map(|j| value(k, own(j), sum, column(j)));
                let label = if k == 0 { name.clone() } else { String::new() };
                part.rows.push([label].into_iter().chain(cells).collect());
            }
            continue;
        }
        let cells = order.iter().map(|(j, k)| value(*k, own(*j), sum, column(*j)));
        part.rows.push([name].into_iter().chain(cells).collect());
    }
    if data.chi2 {
        let expected = |i: usize, j: usize| table[i].iter().sum::<f64>() * columns[j] / n;
        let chi2: f64 = (0..down.len())
            .flat_map(|i| (0..over.len()).map(move |j| (i, j)))
            .map(|(i, j)| (table[i][j] - expected(i, j)).powi(2) / expected(i, j))
            .sum();
        let df = ((down.len() - 1) * (over.len() - 1)) as f64;
        part.rows.push(vec![format!("Pearson chi2({df}) = {chi2:.4}   Pr = {:.3}", chi2_tail(df, chi2))]);
    }
    Ok(part)
}

/// Columns: level and statistic, with `layout(cb)` all levels of a statistic together.
fn order(data: &Data<'_>, levels: usize) -> Vec<(usize, usize)> {
    let count = data.statistics.len();
    match data.by_statistic {
        true => (0..count).flat_map(|k| (0..levels).map(move |j| (j, k))).collect(),
        false => (0..levels).flat_map(|j| (0..count).map(move |k| (j, k))).collect(),
    }
}

fn heads(
    s: &Session,
    data: &Data<'_>,
    across: usize,
    names: &[String],
    order: &[(usize, usize)],
) -> Vec<Vec<String>> {
    let first = |cells: Vec<String>| -> Vec<String> { [String::new()].into_iter().chain(cells).collect() };
    if data.stacked {
        return vec![first(vec![shown(s.frame.var(across))]), first(names.to_vec())];
    }
    let mut before = usize::MAX;
    let levels = order
        .iter()
        .map(|(j, _)| {
            let new = *j != before;
            before = *j;
            if new { names[*j].clone() } else { String::new() }
        })
        .collect();
    let titles = order.iter().map(|(_, k)| data.title(*k)).collect();
    vec![first(vec![shown(s.frame.var(across))]), first(levels), first(titles)]
}

/// A table of statistics over the levels of one or two variables.
pub(super) fn summary(s: &Session, data: &Data<'_>, v: usize, across: Option<usize>) -> Result<Part> {
    let vars: Vec<usize> = [v].into_iter().chain(across).collect();
    let rows = data.rows(s, &vars)?;
    let n = data.weight(&rows);
    let down = grouped(s, &[v], rows.clone());
    let over: Vec<Vec<usize>> = across.map_or_else(Vec::new, |a| grouped(s, &[a], rows.clone()));
    let mut part = Part { n, ..Part::default() };
    let (names, order) = match across {
        None => (vec![String::new()], order(data, 1)),
        Some(a) => {
            let mut names: Vec<String> = over.iter().map(|g| level_name(s, a, g[0])).collect();
            names.push(data.total.clone());
            let order = order(data, names.len());
            (names, order)
        }
    };
    part.head = match across {
        Some(a) => heads(s, data, a, &names, &order),
        None => vec![[String::new()].into_iter().chain(order.iter().map(|o| data.title(o.1))).collect()],
    };
    part.rows.push(vec![shown(s.frame.var(v))]);
    let mut lines: Vec<(String, Vec<usize>)> =
        down.iter().map(|level| (level_name(s, v, level[0]), level.clone())).collect();
    if data.totals {
        lines.push((data.total.clone(), rows));
    }
    for (name, level) in lines {
        let cells = order.iter().map(|(j, k)| match over.get(*j) {
            Some(column) => {
                let both: Vec<usize> =
                    level.iter().copied().filter(|r| column.binary_search(r).is_ok()).collect();
                data.statistic(s, *k, &both)
            }
            None => data.statistic(s, *k, &level),
        });
        part.rows.push([name].into_iter().chain(cells).collect());
    }
    Ok(part)
}
