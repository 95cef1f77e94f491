//! `dtable`: descriptive statistics of a sample and its groups ([R] dtable). Its options are in `dtable_options`; the items are in
//! the collection `DTable`.

use super::collect::export_option;
use super::dtable_options::{Line, Wanted, options};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::collection::{
    CellRule, Choice, Collection, Collections, Content, HeaderRule, Layout, LevelHeader, Styles, Tags,
    TitleHeader,
};
use crate::ops::fisher::exact;
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
    syntax: "dtable [varlist] [if] [in] [fweight] [, by(varname [, tests nototals missing]) continuous([varlist] [, statistics(names) test(regress|kwallis|none)]) factor([varlist] [, statistics(names) test(pearson|fisher|lrchi2|none)]) sample([label] [, statistics(frequency percent)]) nosample listwise nformat(%fmt [statistics]) sformat(text [statistics]) title(text) note(text) column(by(hide)) name(collection) replace export(filename [, replace as()])]",
    notes: "means with standard deviations, frequencies with percent of factor variables (i., and 1.x for one level); without listwise each variable has its own sample; tests: regress is the F test of a regression on the groups, pearson and lrchi2 as in tabulate; statistics: mean sd median p# q1 q3 iqr min max count sum variance semean cv skewness kurtosis range, fvfrequency fvpercent fvproportion; the table is the collection DTable, or that of name(), with the dimensions var (_N is the sample), result (composites _dtable_stats and _dtable_test) and the groups; stores r(N)",
    examples: &[Example {
        run: "set obs 8\ngenerate g = _n > 4\ngenerate x = _n\ngenerate b = mod(_n, 2)\ntempfile f\ndtable x i.b, by(g, tests) export(`f', as(md) replace)\nscalar n = r(N)\nconfirm file `f'",
        expect: &[("n", 8.0)],
    }],
};

/// The sample: rows with their weights, and the groups of `by()` with all rows as the last one where totals are shown.
struct Data<'a> {
    s: &'a Session,
    weights: Option<&'a [f64]>,
    /// Variable of the groups.
    by: Option<String>,
    /// Level and rows of each column.
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

/// The column of the tests.
const TEST: &str = "_dtable_test";
/// The composite result with the statistics of a cell.
const STATISTICS: &str = "_dtable_stats";

/// The collection that is filled, with the results in the order of the table.
struct Filling {
    c: Collection,
    statistics: Vec<String>,
    tests: Vec<String>,
}

impl Filling {
    fn add(&mut self, data: &Data<'_>, (column, var, result): (&str, &str, &str), x: f64) {
        let mut tags = Tags::from([
            ("var".to_string(), var.to_string()),
            ("result".to_string(), result.to_string()),
            ("cmdset".to_string(), "1".to_string()),
        ]);
        if let Some(by) = &data.by {
            tags.insert(by.clone(), column.to_string());
        }
        self.c.add(tags, Content::Number(x), None);
        let names = if column == TEST { &mut self.tests } else { &mut self.statistics };
        if !names.iter().any(|n| n == result) {
            names.push(result.to_string());
        }
    }
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

/// Pearson's chi-squared, or that of the likelihood ratio, of a table of levels by groups, or Fisher's exact test of it ([R]
/// tabulate twoway).
fn factor_test(test: &str, counts: &[Vec<f64>]) -> Result<f64> {
    let columns: Vec<f64> =
        (0..counts.first().map_or(0, Vec::len)).map(|c| counts.iter().map(|row| row[c]).sum()).collect();
    if test == "fisher" {
        let used: Vec<usize> = (0..columns.len()).filter(|c| columns[*c] > 0.0).collect();
        let cells: Vec<f64> = counts.iter().flat_map(|row| used.iter().map(|c| row[*c])).collect();
        let several = counts.len() > 1 && used.len() > 1;
        return if several { Ok(exact(counts.len(), used.len(), &cells)?.0) } else { Ok(MISSING) };
    }
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
    Ok(if df == 0.0 { MISSING } else { chi2_tail(df, if test == "lrchi2" { ratio } else { pearson }) })
}

/// Items of a factor variable: its levels, and the test at the first of them.
fn factor(data: &Data<'_>, line: &Line, wanted: &Wanted, to: &mut Filling) -> Result<()> {
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
    let name = &data.s.frame.var(line.variable).name;
    to.c.labels.dims.insert(name.clone(), label(data.s, line.variable));
    let is_shown = |value: &f64| line.levels.is_empty() || line.levels.contains(value);
    let shown = levels.iter().zip(&counts).zip(&values).filter(|(_, value)| is_shown(value));
    for (k, ((rows, own), _)) in shown.enumerate() {
        let value = level_value(data.s, line.variable, rows[0]);
        to.c.labels.set_level(name, &value, &level_name(data.s, line.variable, rows[0]));
        let var = format!("{value}.{name}");
        for (column, count) in own.iter().enumerate() {
            let n: f64 = counts.iter().map(|row| row[column]).sum();
            let share = if n > 0.0 { count / n } else { MISSING };
            for statistic in &line.statistics {
                let x = match statistic.as_str() {
                    "fvfrequency" => *count,
                    "fvproportion" => share,
                    _ if n > 0.0 => 100.0 * share,
                    _ => MISSING,
                };
                to.add(data, (&data.columns[column].0, &var, statistic), x);
            }
        }
        if k == 0 && wanted.tests && line.test != "none" {
            let of_groups: Vec<Vec<f64>> = counts.iter().map(|row| row[..data.groups].to_vec()).collect();
            to.add(data, (TEST, &var, &line.test), factor_test(&line.test, &of_groups)?);
        }
    }
    Ok(())
}

/// A value of a variable as a level of a dimension.
fn level_value(s: &Session, v: usize, row: usize) -> String {
    let var = s.frame.var(v);
    if var.is_string() {
        return var.data.str(row).to_string();
    }
    crate::format::bare("%18.0g", var.data.num(row)).trim().to_string()
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

/// Items of a continuous variable.
fn continuous(data: &Data<'_>, line: &Line, wanted: &Wanted, to: &mut Filling) -> Result<()> {
    let name = &data.s.frame.var(line.variable).name;
    to.c.labels.set_level("var", name, &label(data.s, line.variable));
    for (column, (level, _)) in data.columns.iter().enumerate() {
        let sample = data.sample(&data.valid(column, line.variable), line.variable);
        for statistic_name in &line.statistics {
            to.add(data, (level, name, statistic_name), statistic(&sample, statistic_name));
        }
    }
    if wanted.tests && line.test != "none" {
        to.add(data, (TEST, name, &line.test), continuous_test(data, line)?);
    }
    Ok(())
}

/// Items of the size of the sample.
fn sizes(data: &Data<'_>, wanted: &Wanted, to: &mut Filling) {
    let all = match data.groups {
        0 => data.total(data.columns[0].1.iter().copied()),
        groups => data.columns[..groups].iter().map(|(_, rows)| data.total(rows.iter().copied())).sum(),
    };
    to.c.labels.set_level("var", "_N", &wanted.sample_label);
    for (level, rows) in &data.columns {
        let n = data.total(rows.iter().copied());
        for name in &wanted.sample_statistics {
            let x = match name.as_str() {
                "frequency" => n,
                "proportion" => n / all,
                _ => 100.0 * n / all,
            };
            to.add(data, (level, "_N", name), x);
        }
    }
}

fn build(data: &Data<'_>, wanted: &Wanted) -> Result<Collection> {
    let mut c = Collection::new(wanted.name.as_deref().unwrap_or("DTable"));
    c.styles = Styles::predefined("dtable").unwrap_or_default();
    (c.title, c.notes) = (wanted.title.clone(), wanted.notes.clone());
    let mut to = Filling { c, statistics: Vec::new(), tests: Vec::new() };
    if wanted.has_sample {
        to.c.styles.sample_place = wanted.sample_place;
        sizes(data, wanted, &mut to);
    }
    for line in &wanted.lines {
        if line.is_factor {
            factor(data, line, wanted, &mut to)?;
        } else {
            continuous(data, line, wanted, &mut to)?;
        }
    }
    let Filling { mut c, statistics, tests } = to;
    wanted.style(&mut c, &statistics);
    let p = CellRule {
        terms: vec![vec![Choice { dim: "result".into(), levels: Some(tests.clone()) }]],
        nformat: Some("%5.3f".into()),
        minimum: Some((0.001, None)),
        ..CellRule::default()
    };
    c.composites.push((STATISTICS.into(), statistics, " ".into()));
    let mut shown = vec![STATISTICS];
    if !tests.is_empty() {
        c.styles.cells.push(p);
        c.composites.push((TEST.into(), tests, " ".into()));
        shown.push(TEST);
    }
    c.labels.set_level("result", STATISTICS, "Summary");
    let results = Choice::of("result", &shown);
    c.add_auto("result", &shown.iter().map(|l| (*l).to_string()).collect::<Vec<_>>());
    let column = match &data.by {
        Some(by) => {
            c.labels.set_level(by, TEST, "Test");
            let mut order: Vec<String> = data.columns.iter().map(|(level, _)| level.clone()).collect();
            order.push(TEST.to_string());
            c.auto.insert(by.clone(), order);
            let hide =
                HeaderRule { of: Some(Choice::all("result")), title: None, level: Some(LevelHeader::Hide) };
            c.styles.headers.push(hide);
            if wanted.hides_by {
                let hide =
                    HeaderRule { of: Some(Choice::all(by)), title: Some(TitleHeader::Hide), level: None };
                c.styles.headers.push(hide);
            }
            vec![Choice::all(by), results]
        }
        None => vec![results],
    };
    c.layout = Layout { rows: vec![vec![Choice::all("var")]], columns: vec![column], tables: Vec::new() };
    Ok(c)
}

/// Labels of the groups.
fn label_groups(s: &Session, c: &mut Collection, by: usize, rows: &[Vec<usize>]) {
    let name = &s.frame.var(by).name;
    c.labels.dims.insert(name.clone(), label(s, by));
    for group in rows {
        c.labels.set_level(name, &level_value(s, by, group[0]), &level_name(s, by, group[0]));
    }
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
    let split = wanted.by.map(|by| grouped(s, &[by], rows.clone())).unwrap_or_default();
    let of = |by: usize| split.iter().map(|g| (level_value(s, by, g[0]), g.clone())).collect::<Vec<_>>();
    let mut columns: Vec<(String, Vec<usize>)> = wanted.by.map(of).unwrap_or_default();
    let groups = columns.len();
    if wanted.by.is_none() || wanted.totals {
        columns.push((".m".to_string(), rows.clone()));
    }
    let weights = weights.as_ref().map(|w| w.values.as_slice());
    let by = wanted.by.map(|by| s.frame.var(by).name.clone());
    let data = Data { s, weights, by, columns, groups };
    let n = data.total(rows);
    let mut c = build(&data, &wanted)?;
    if let Some(by) = wanted.by {
        label_groups(s, &mut c, by, &split);
    }
    let notes =
        wanted.by.filter(|_| wanted.tests).map(|by| test_notes(&data, by, &wanted)).unwrap_or_default();
    notes.iter().for_each(|n| s.print(n));
    for sheet in c.sheets().into_iter().flatten() {
        sheet.print(s);
    }
    Collections::of(s).put(c);
    let mut r = Results::default();
    r.scalar("N", n);
    s.r = r;
    wanted.export.as_ref().map_or(Ok(()), |text| export_option(s, text))
}
