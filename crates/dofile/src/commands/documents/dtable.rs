//! `dtable`: descriptive statistics of a sample and its groups ([R] dtable). Its options are in `dtable_options`, the file
//! formats in `collect`.

use super::collect::export_option;
use super::dtable_options::{Line, Wanted, options};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::collection::Sheet;
use crate::ops::groups::{grouped, level_name};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};
use estimators::descriptive::{Sample, by_name};
use estimators::distributions::chi2_tail;
use estimators::means::{Moments, kruskal_wallis, one_way};

/// `dtable`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "dtable",
    min: 6,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "dtable [varlist] [if] [in] [fweight] [, by(varname [, tests nototals missing]) continuous([varlist] [, statistics(names) test(regress|kwallis|none)]) factor([varlist] [, statistics(names) test(pearson|lrchi2|none)]) sample([label] [, statistics(frequency percent)]) nosample listwise nformat(%fmt [statistics]) sformat(text [statistics]) title(text) note(text) column(by(hide)) export(filename [, replace as()])]",
    notes: "means with standard deviations, frequencies with percent of factor variables (i.); without listwise each variable has its own sample; tests: regress is the F test of a regression on the groups, pearson and lrchi2 as in tabulate; statistics: mean sd median p# q1 q3 iqr min max count sum variance semean cv skewness kurtosis range, fvfrequency fvpercent fvproportion; the table is the current collection; stores r(N)",
    examples: &[Example {
        run: "set obs 8\ngenerate g = _n > 4\ngenerate x = _n\ngenerate b = mod(_n, 2)\ntempfile f\ndtable x i.b, by(g, tests) export(`f', as(md) replace)\nscalar n = r(N)\nconfirm file `f'",
        expect: &[("n", 8.0)],
    }],
};

/// The sample: rows with their weights, and the groups of `by()` with all rows as the last one where totals are shown.
struct Data<'a> {
    s: &'a Session,
    weights: Option<&'a [f64]>,
    /// Label and rows of each column.
    columns: Vec<(String, Vec<usize>)>,
    /// Number of the columns that are groups.
    groups: usize,
}

impl Data<'_> {
    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |w| w[row])
    }

    fn total(&self, rows: impl IntoIterator<Item = usize>) -> f64 {
        rows.into_iter().map(|r| self.weight(r)).sum()
    }

    /// Rows of a column where a variable is not missing.
    fn valid(&self, column: usize, v: usize) -> Vec<usize> {
        let rows = &self.columns[column].1;
        rows.iter().copied().filter(|r| !is_missing(self.s.frame.num_at(v, *r))).collect()
    }

    fn sample(&self, rows: &[usize], v: usize) -> Sample {
        let kind = self.weights.map(|_| WeightKind::Frequency);
        Sample::new(rows.iter().map(|r| (self.s.frame.num_at(v, *r), self.weight(*r))), kind)
    }
}

fn label(s: &Session, v: usize) -> String {
    let var = s.frame.var(v);
    if var.label.is_empty() { var.name.clone() } else { var.label.clone() }
}

/// A p-value as it is shown.
fn p_text(p: f64) -> String {
    match p {
        p if !p.is_finite() || is_missing(p) => ".".to_string(),
        p if p < 0.001 => "<0.001".to_string(),
        p => format::bare("%5.3f", p).trim().to_string(),
    }
}

/// Numbers of one cell, each in its format.
fn cell(wanted: &Wanted, numbers: &[(&str, f64)]) -> String {
    let texts = numbers.iter().map(|(name, x)| wanted.text(name, *x));
    texts.collect::<Vec<_>>().join(" ")
}

/// Statistic of a continuous variable.
fn statistic(sample: &Sample, name: &str) -> f64 {
    let name = match name {
        "q1" => "p25",
        "q2" => "p50",
        "q3" => "p75",
        other => other,
    };
    by_name(sample, name).unwrap_or(MISSING)
}

/// The F test of a regression on the groups, or the test of Kruskal and Wallis.
fn continuous_test(data: &Data<'_>, line: &Line) -> Result<f64> {
    let groups: Vec<Vec<usize>> =
        (0..data.groups).map(|c| data.valid(c, line.variable)).filter(|rows| !rows.is_empty()).collect();
    if groups.len() < 2 {
        return Ok(MISSING);
    }
    if line.test == "kwallis" {
        if data.weights.is_some() {
            return Err(StataError::unsupported_option("dtable", "test(kwallis) with weights"));
        }
        let values: Vec<f64> =
            groups.iter().flatten().map(|r| data.s.frame.num_at(line.variable, *r)).collect();
        let of: Vec<usize> = groups.iter().enumerate().flat_map(|(g, rows)| vec![g; rows.len()]).collect();
        return Ok(kruskal_wallis(&values, &of, groups.len()).p().1);
    }
    let moments: Vec<Moments> = groups
        .iter()
        .map(|rows| {
            let sample = data.sample(rows, line.variable);
            Moments { n: sample.n(), mean: sample.mean(), sd: sample.sd() }
        })
        .collect();
    Ok(one_way(&moments).p().0)
}

/// Pearson's chi-squared, or that of the likelihood ratio, of a table of levels by groups ([R] tabulate twoway).
fn factor_test(test: &str, counts: &[Vec<f64>]) -> f64 {
    let columns: Vec<f64> =
        (0..counts.first().map_or(0, Vec::len)).map(|c| counts.iter().map(|row| row[c]).sum()).collect();
    let n: f64 = columns.iter().sum();
    let (mut pearson, mut ratio) = (0.0, 0.0);
    for row in counts {
        let own: f64 = row.iter().sum();
        for (count, column) in row.iter().zip(&columns).filter(|(_, column)| **column > 0.0) {
            let expected = own * column / n;
            pearson += (count - expected).powi(2) / expected;
            ratio += if *count > 0.0 { 2.0 * count * (count / expected).ln() } else { 0.0 };
        }
    }
    let used = columns.iter().filter(|c| **c > 0.0).count();
    let df = (counts.len().saturating_sub(1) * used.saturating_sub(1)) as f64;
    if df == 0.0 { MISSING } else { chi2_tail(df, if test == "lrchi2" { ratio } else { pearson }) }
}

/// Lines of a factor variable: its label with the test, then its levels.
fn factor(data: &Data<'_>, line: &Line, wanted: &Wanted) -> Vec<Vec<String>> {
    let all: Vec<usize> = {
        let rows = data.columns[..data.groups.max(1)].iter().flat_map(|(_, rows)| rows.iter().copied());
        rows.filter(|r| !is_missing(data.s.frame.num_at(line.variable, *r))).collect()
    };
    let levels = grouped(data.s, &[line.variable], all);
    let values: Vec<f64> = levels.iter().map(|rows| data.s.frame.num_at(line.variable, rows[0])).collect();
    let counts: Vec<Vec<f64>> = values
        .iter()
        .map(|value| {
            let of = |column: usize| {
                let rows = data.valid(column, line.variable);
                data.total(rows.into_iter().filter(|r| data.s.frame.num_at(line.variable, *r) == *value))
            };
            (0..data.columns.len()).map(of).collect()
        })
        .collect();
    let mut heading = vec![label(data.s, line.variable)];
    heading.resize(data.columns.len() + 1, String::new());
    let mut lines = vec![heading];
    for (rows, own) in levels.iter().zip(&counts) {
        let mut text = vec![format!("  {}", level_name(data.s, line.variable, rows[0]))];
        for (column, count) in own.iter().enumerate() {
            let n: f64 = counts.iter().map(|row| row[column]).sum();
            let share = if n > 0.0 { count / n } else { MISSING };
            let numbers = line.statistics.iter().map(|name| match name.as_str() {
                "fvfrequency" => ("fvfrequency", *count),
                "fvproportion" => ("fvproportion", share),
                _ => ("fvpercent", if n > 0.0 { 100.0 * share } else { MISSING }),
            });
            text.push(cell(wanted, &numbers.collect::<Vec<_>>()));
        }
        lines.push(text);
    }
    // the test stands beside the first level
    if wanted.tests
        && line.test != "none"
        && let Some(first) = lines.get_mut(1)
    {
        let of_groups: Vec<Vec<f64>> = counts.iter().map(|row| row[..data.groups].to_vec()).collect();
        first.push(p_text(factor_test(&line.test, &of_groups)));
    }
    lines
}

/// Which test compares which variables.
fn test_notes(data: &Data<'_>, by: usize, wanted: &Wanted) -> Vec<String> {
    let mut tests: Vec<&str> = Vec::new();
    for line in wanted.lines.iter().filter(|l| l.test != "none") {
        if !tests.contains(&line.test.as_str()) {
            tests.push(&line.test);
        }
    }
    let name = |v: usize| data.s.frame.var(v).name.as_str();
    let note = |test: &&str| {
        let of: Vec<&str> =
            wanted.lines.iter().filter(|l| l.test == **test).map(|l| name(l.variable)).collect();
        let list = match &of[..] {
            [one] => (*one).to_string(),
            [one, two] => format!("{one} and {two}"),
            all => format!("{}, and {}", all[..all.len() - 1].join(", "), all[all.len() - 1]),
        };
        format!("note: using test {test} across levels of {} for {list}.", name(by))
    };
    tests.iter().map(note).collect()
}

/// The line of a continuous variable.
fn continuous(data: &Data<'_>, line: &Line, wanted: &Wanted) -> Result<Vec<String>> {
    let mut text = vec![label(data.s, line.variable)];
    for column in 0..data.columns.len() {
        let sample = data.sample(&data.valid(column, line.variable), line.variable);
        let numbers: Vec<(&str, f64)> =
            line.statistics.iter().map(|name| (name.as_str(), statistic(&sample, name))).collect();
        text.push(cell(wanted, &numbers));
    }
    if wanted.tests {
        text.push(match line.test.as_str() {
            "none" => String::new(),
            _ => p_text(continuous_test(data, line)?),
        });
    }
    Ok(text)
}

/// The line of the size of the sample.
fn sizes(data: &Data<'_>, wanted: &Wanted) -> Vec<String> {
    let all = match data.groups {
        0 => data.total(data.columns[0].1.iter().copied()),
        groups => data.columns[..groups].iter().map(|(_, rows)| data.total(rows.iter().copied())).sum(),
    };
    let mut text = vec![wanted.sample_label.clone()];
    for (_, rows) in &data.columns {
        let n = data.total(rows.iter().copied());
        let numbers = wanted.sample_statistics.iter().map(|name| match name.as_str() {
            "frequency" => ("frequency", n),
            "proportion" => ("proportion", n / all),
            _ => ("percent", 100.0 * n / all),
        });
        text.push(cell(wanted, &numbers.collect::<Vec<_>>()));
    }
    text
}

fn build(data: &Data<'_>, by: Option<usize>, wanted: &Wanted) -> Result<Sheet> {
    let mut sheet =
        Sheet { title: wanted.title.clone(), notes: wanted.notes.clone(), bare: true, ..Sheet::default() };
    if let Some(by) = by.filter(|_| !wanted.hides_by) {
        let mut head = vec![String::new(), label(data.s, by)];
        head.resize(data.columns.len() + 1 + usize::from(wanted.tests), String::new());
        sheet.head.push(head);
    }
    let mut names: Vec<String> = std::iter::once(String::new()).collect();
    names.extend(data.columns.iter().map(|(name, _)| name.clone()));
    names.extend(wanted.tests.then(|| "Test".to_string()));
    let width = names.len();
    sheet.head.push(names);
    if wanted.has_sample {
        sheet.rows.push(sizes(data, wanted));
    }
    for line in &wanted.lines {
        if line.is_factor {
            sheet.rows.extend(factor(data, line, wanted));
        } else {
            sheet.rows.push(continuous(data, line, wanted)?);
        }
    }
    sheet.rows.iter_mut().for_each(|row| row.resize(width, String::new()));
    Ok(sheet)
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let parsed = ParsedCommand::split("dtable", &cmd.raw, false)?;
    let wanted = options(s, &parsed.list, &parsed.option_text)?;
    let mut touse = s.rows(&parsed)?;
    let weights = s.weights(&parsed, WeightKind::Frequency, &mut touse)?;
    if weights.as_ref().is_some_and(|w| w.kind != WeightKind::Frequency) {
        return Err(StataError::unsupported_option("dtable", "weights other than fweights"));
    }
    if let Some(by) = wanted.by.filter(|_| !wanted.keeps_missing) {
        s.markout(&[by], &mut touse, true)?;
    }
    if wanted.is_listwise {
        let variables: Vec<usize> = wanted.lines.iter().map(|line| line.variable).collect();
        s.markout(&variables, &mut touse, true)?;
    }
    let rows: Vec<usize> = (0..touse.len()).filter(|&r| touse[r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let mut columns: Vec<(String, Vec<usize>)> = match wanted.by {
        Some(by) => {
            let groups = grouped(s, &[by], rows.clone());
            groups.into_iter().map(|g| (level_name(s, by, g[0]), g)).collect()
        }
        None => Vec::new(),
    };
    let groups = columns.len();
    if wanted.by.is_none() || wanted.totals {
        let name = if wanted.by.is_some() { "Total" } else { "Summary" };
        columns.push((name.to_string(), rows.clone()));
    }
    let weights = weights.as_ref().map(|w| w.values.as_slice());
    let data = Data { s, weights, columns, groups };
    let n = data.total(rows);
    let sheet = build(&data, wanted.by, &wanted)?;
    let notes =
        wanted.by.filter(|_| wanted.tests).map(|by| test_notes(&data, by, &wanted)).unwrap_or_default();
    notes.iter().for_each(|n| s.print(n));
    sheet.print(s);
    sheet.keep(s);
    let mut r = Results::default();
    r.scalar("N", n);
    s.r = r;
    wanted.export.as_ref().map_or(Ok(()), |text| export_option(s, text))
}
