//! `table` (the syntax of Stata 17 and later): statistics by variables in rows and columns. What is shown is kept
//! for `collect`.

use super::table_layout::{Axis, Dim, STATISTICS, known_name, lay_out, sides};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::collection::Sheet;
use crate::ops::groups::{grouped, level_name};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::split_options;
use crate::syntax::split::top_level_comma;
use crate::syntax::{ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};
use estimators::descriptive::{Sample, by_name};
use std::collections::HashMap;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "table",
    min: 5,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "table (rowvars) [(colvars)] [if] [in] [fweight aweight] [, statistic(frequency | percent [, across(varlist)] | mean varlist | sd | min | max | median | total | count | p25 | p75 | iqr ...) nototals missing zerocounts nformat(%fmt [statistics])]",
    notes: "up to four variables; result among the rows or columns places the statistics, var their variables (otherwise columns without column variables, else rows); the shown table is the current collection (collect export); stores r(N) and r(table) in the shown layout; command(), tests and styles are not there",
    examples: &[
        Example {
            run: "set obs 8\ngenerate g = ceil(_n/4)\ngenerate b = mod(_n, 2)\ngenerate x = _n\ntable (g) (b), statistic(mean x) statistic(frequency)\nmatrix T = r(table)",
            expect: &[("T[1,1]", 3.0), ("T[2,1]", 2.0), ("T[5,3]", 4.5), ("T[6,3]", 8.0), ("r(N)", 8.0)],
        },
        Example {
            run: "set obs 8\ngenerate g = ceil(_n/4)\ngenerate b = mod(_n, 2)\ngenerate x = _n\ntable (g b) (result), statistic(mean x) statistic(count x) nototals\nmatrix T = r(table)",
            expect: &[("rowsof(T)", 4.0), ("T[1,1]", 3.0), ("T[4,1]", 6.0), ("T[4,2]", 2.0)],
        },
        Example {
            // Variables in rows, statistics in columns.
            run: "set obs 8\ngenerate x = _n\ngenerate z = 2*_n\ntable (var) (result), statistic(mean x z) statistic(max x z)\nmatrix T = r(table)",
            expect: &[("rowsof(T)", 2.0), ("T[1,1]", 4.5), ("T[2,1]", 9.0), ("T[2,2]", 16.0)],
        },
    ],
};

/// One statistic of a variable, or of the rows.
pub(super) struct Item {
    name: String,
    variable: Option<usize>,
    fmt: Option<String>,
    /// Variables whose levels add up to 100 percent; all together without any.
    across: Vec<usize>,
    /// As it is shown.
    pub label: String,
}

/// The variables of `across()` behind the comma of `statistic(percent, ...)`.
fn across(s: &Session, text: &str) -> Result<Vec<usize>> {
    let mut out = Vec::new();
    for (name, argument) in split_options(text)? {
        match (name.as_str(), argument) {
            ("across", Some(list)) if !list.contains('#') => {
                for word in list.split_whitespace().filter(|w| *w != "result") {
                    out.push(s.variable(word)?);
                }
            }
            _ => {
                let refused = format!("statistic(percent, {name}())");
                return Err(StataError::unsupported_option("table", &refused));
            }
        }
    }
    Ok(out)
}

/// `contents(freq mean x sd x)` of releases before 17, with `format()`, `row` and `column`.
fn old_contents(s: &Session, text: &str, out: &mut Options) -> Result<()> {
    let mut words = text.split_whitespace();
    while let Some(what) = words.next() {
        let (name, variable) = match what {
            "freq" => ("frequency", None),
            _ => {
                let name = if what == "n" { "count" } else { what };
                if !STATISTICS.iter().any(|k| k.0 == name) {
                    return Err(StataError::unsupported_option("table", &format!("contents({what})")));
                }
                (name, Some(s.numeric_variable(words.next().ok_or_else(StataError::syntax)?)?))
            }
        };
        out.items.push(item(name, variable));
    }
    Ok(())
}

fn item(name: &str, variable: Option<usize>) -> Item {
    Item { name: name.to_string(), variable, fmt: None, across: Vec::new(), label: String::new() }
}

/// Values of the options.
struct Options {
    items: Vec<Item>,
    totals: bool,
    missing: bool,
    /// Empty cells have a frequency of zero instead of nothing.
    zeros: bool,
}

fn options(s: &Session, text: &str) -> Result<Options> {
    let given = split_options(text)?;
    let old =
        given.iter().any(|(name, argument)| argument.is_some() && "contents".starts_with(name.as_str()));
    let mut out = Options { items: Vec::new(), totals: !old, missing: false, zeros: old };
    let mut formats: Vec<(String, Vec<String>)> = Vec::new();
    for (name, argument) in given {
        match (name.as_str(), argument.as_deref()) {
            (o, Some(a)) if o.len() >= 4 && "statistic".starts_with(o) => {
                let (a, own) = match top_level_comma(a) {
                    Some(i) => (a[..i].trim(), a[i + 1..].trim()),
                    None => (a.trim(), ""),
                };
                let (what, list) = a.split_once(char::is_whitespace).unwrap_or((a, ""));
                if what == "percent" && !own.is_empty() {
                    out.items.push(Item { across: across(s, own)?, ..item("percent", None) });
                    continue;
                }
                if !own.is_empty() {
                    return Err(StataError::unsupported_option("table", &format!("statistic(, {own})")));
                }
                match what {
                    "frequency" | "freq" => out.items.push(item("frequency", None)),
                    "percent" => out.items.push(item("percent", None)),
                    _ if STATISTICS.iter().any(|k| k.0 == what) => {
                        let variables = s.varlist(list)?;
                        if variables.is_empty() {
                            return Err(StataError::standard(100));
                        }
                        for v in variables {
                            if s.frame.var(v).is_string() {
                                return Err(StataError::type_mismatch());
                            }
                            out.items.push(item(what, Some(v)));
                        }
                    }
                    other => {
                        return Err(StataError::unsupported_option("table", &format!("statistic({other})")));
                    }
                }
            }
            (o, Some(a)) if "contents".starts_with(o) => old_contents(s, a, &mut out)?,
            ("row" | "col" | "column", None) if old => out.totals = true,
            ("center" | "left", None) if old => {}
            ("nototals" | "nototal", None) => out.totals = false,
            ("missing", None) => out.missing = true,
            ("zerocounts", None) => out.zeros = true,
            (o, Some(f)) if o == "nformat" || old && "format".starts_with(o) => {
                let mut words = f.split_whitespace().map(str::to_string);
                let fmt = words.next().unwrap_or_default();
                if format::Format::parse(&fmt).is_none_or(|f| f.is_string()) {
                    return Err(StataError::standard(120));
                }
                formats.push((fmt, words.collect()));
            }
            (
                "command" | "style" | "name" | "append" | "replace" | "sformat" | "label" | "stars"
                | "totals" | "showcounts" | "by" | "scol" | "row" | "col" | "column" | "center" | "left"
                | "concise" | "cellwidth" | "csepwidth" | "scsepwidth" | "stubwidth" | "format" | "listwise",
                _,
            ) => {
                return Err(StataError::unsupported_option("table", &name));
            }
            (o, _) => return Err(StataError::option_not_allowed(o)),
        }
    }
    if out.items.is_empty() {
        out.items.push(item("frequency", None));
    }
    let mut seen: Vec<usize> = out.items.iter().filter_map(|i| i.variable).collect();
    seen.sort_unstable();
    seen.dedup();
    for item in &mut out.items {
        let known = known_name(&item.name);
        item.label = match item.variable.filter(|_| seen.len() > 1) {
            Some(v) => format!("{known}: {}", s.frame.var(v).name),
            None => known.to_string(),
        };
        let own = |f: &&(String, Vec<String>)| f.1.is_empty() || f.1.contains(&item.name);
        item.fmt = formats.iter().rev().find(own).map(|f| f.0.clone());
    }
    Ok(out)
}

impl Item {
    fn text(&self, x: f64) -> String {
        if is_missing(x) {
            return ".".to_string();
        }
        match &self.fmt {
            Some(f) => format::bare(f, x),
            None if matches!(self.name.as_str(), "frequency" | "count") => format::bare("%12.0gc", x),
            None if self.name == "percent" => format::bare("%9.2f", x),
            None => format::bare("%9.0g", x),
        }
    }

    fn value(
        &self,
        s: &Session,
        rows: &[usize],
        weight: &dyn Fn(usize) -> f64,
        kind: Option<WeightKind>,
        all: f64,
    ) -> f64 {
        match self.variable {
            None => {
                let n: f64 = rows.iter().map(|r| weight(*r)).sum();
                if self.name == "percent" { 100.0 * n / all } else { n }
            }
            Some(v) => {
                let sample = Sample::new(rows.iter().map(|r| (s.frame.num_at(v, *r), weight(*r))), kind);
                let name = if self.name == "total" { "sum" } else { &self.name };
                by_name(&sample, name).unwrap_or(MISSING)
            }
        }
    }
}

/// The statistics and the variables of a table that crosses both, each in the order of the command.
fn crossed(items: &[Item]) -> (Vec<String>, Vec<usize>) {
    let (mut statistics, mut of): (Vec<String>, Vec<usize>) = Default::default();
    for item in items {
        if !statistics.contains(&item.name) {
            statistics.push(item.name.clone());
        }
        if let Some(v) = item.variable.filter(|v| !of.contains(v)) {
            of.push(v);
        }
    }
    (statistics, of)
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = top_level_comma(&cmd.raw).map_or("", |i| cmd.raw[i + 1..].trim());
    let inner = ParsedCommand::split("table", &cmd.raw, false)?;
    let [mut down, mut across] = sides(s, &inner.list)?;
    let options = options(s, text)?;
    if !down.contains(&Dim::Result) && !across.contains(&Dim::Result) {
        // without column variables the statistics stand side by side
        if across.is_empty() {
            across.push(Dim::Result);
        } else if options.items.len() > 1 {
            down.push(Dim::Result);
        }
    }
    let mut touse = s.rows(&inner)?;
    let weights = s.weights(&inner, WeightKind::Frequency, &mut touse)?;
    let variables: Vec<usize> = down.iter().chain(&across).filter_map(Dim::variable).collect();
    if !options.missing {
        s.markout(&variables, &mut touse, true)?;
    }
    let rows: Vec<usize> = (0..touse.len()).filter(|&r| touse[r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    // for each variable the number of the level of each row, and the names of the levels
    let mut level_of: Vec<HashMap<usize, usize>> = Vec::new();
    let mut names: Vec<Vec<String>> = Vec::new();
    for v in &variables {
        let groups = grouped(s, &[*v], rows.clone());
        names.push(groups.iter().map(|g| level_name(s, *v, g[0])).collect());
        level_of.push(groups.iter().enumerate().flat_map(|(k, g)| g.iter().map(move |r| (*r, k))).collect());
    }
    // rows of each cell; `None` stands for all levels of a variable
    let mut cells: HashMap<Vec<Option<usize>>, Vec<usize>> = HashMap::new();
    for &r in &rows {
        for mask in 0..1usize << variables.len() {
            let whole = |k: usize| mask >> k & 1 == 1;
            if mask != 0 && !options.totals {
                break;
            }
            let key =
                level_of.iter().enumerate().map(|(k, l)| if whole(k) { None } else { l.get(&r).copied() });
            cells.entry(key.collect()).or_default().push(r);
        }
    }
    let kind = weights.as_ref().map(|w| w.kind);
    let weight = |r: usize| weights.as_ref().map_or(1.0, |w| w.values[r]);
    let all: f64 = rows.iter().map(|&r| weight(r)).sum();
    let present: Vec<&Vec<Option<usize>>> = cells.keys().collect();
    let title = |v: usize| {
        let var = s.frame.var(v);
        if var.label.is_empty() { var.name.clone() } else { var.label.clone() }
    };
    let titles: Vec<String> = variables.iter().map(|v| title(*v)).collect();
    let count = down.iter().filter(|d| d.variable().is_some()).count();
    let by_variable = down.contains(&Dim::Var) || across.contains(&Dim::Var);
    let (statistics, of) = if by_variable { crossed(&options.items) } else { Default::default() };
    let labels: Vec<String> = if by_variable {
        statistics.iter().map(|name| known_name(name).to_string()).collect()
    } else {
        options.items.iter().map(|i| i.label.clone()).collect()
    };
    let owners: Vec<String> = of.iter().map(|v| title(*v)).collect();
    let axis = |dims: &[Dim], first: usize| {
        Axis::new(dims, first, (&names, &titles), (&labels, &owners), options.totals, &present)
    };
    let (row_axis, column_axis) = (axis(&down, 0), axis(&across, count));
    let mut values = Vec::new();
    let mut texts: Vec<Vec<String>> = Vec::new();
    for row in &row_axis.entries {
        let mut line = Vec::new();
        for column in &column_axis.entries {
            let key: Vec<Option<usize>> = row.levels.iter().chain(&column.levels).copied().collect();
            let number = row.item.or(column.item).unwrap_or(0);
            let place = row.of.or(column.of).map_or(Some(number), |v| {
                let wanted = |i: &Item| i.variable == Some(of[v]) && i.name == statistics[number];
                options.items.iter().position(wanted)
            });
            let Some(item) = place.map(|i| &options.items[i]) else {
                values.push(MISSING);
                line.push(String::new());
                continue;
            };
            // the rows of all levels of the variables of across(), or all rows
            let whole = || -> f64 {
                let fixed = |k: usize| (!item.across.contains(&variables[k])).then(|| key[k]).flatten();
                let within = |r: &&usize| {
                    (0..key.len()).all(|k| fixed(k).is_none_or(|l| level_of[k].get(*r) == Some(&l)))
                };
                rows.iter().filter(within).map(|&r| weight(r)).sum()
            };
            let (x, text) = match cells.get(&key) {
                Some(own) => {
                    let whole = if item.across.is_empty() { all } else { whole() };
                    let x = item.value(s, own, &weight, kind, whole);
                    (x, item.text(x))
                }
                None if item.variable.is_none() && options.zeros => (0.0, item.text(0.0)),
                None => (MISSING, String::new()),
            };
            values.push(x);
            line.push(text);
        }
        texts.push(line);
    }
    let mut m = Matrix::new(row_axis.entries.len(), column_axis.entries.len(), values);
    let name = |t: &str| crate::expr::functions::valid_name(t);
    m.row_names = row_axis
        .entries
        .iter()
        .map(|e| {
            let last = e.labels.last().map_or("", String::as_str);
            match e.labels.len() {
                0 => Stripe::term("Total"),
                1 => Stripe::term(name(last)),
                n => Stripe::with_eq(name(&e.labels[n - 2]), name(last)),
            }
        })
        .collect();
    m.col_names = column_axis.entries.iter().map(|e| Stripe::term(name(&e.labels.join("_")))).collect();
    let sheet: Sheet = lay_out(&row_axis, &column_axis, texts);
    sheet.print(s);
    sheet.keep(s);
    let mut r = Results::default();
    r.scalar("N", all).matrix("table", m);
    s.r = r;
    Ok(())
}
