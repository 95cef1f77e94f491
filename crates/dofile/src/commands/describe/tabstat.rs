//! `tabstat`: a compact table of statistics, over groups on request.

use super::moments::Sample;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::groups::level_name;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};
use crate::value::is_missing;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("by"),
    OptSpec::text("Statistics"),
    OptSpec::text("stats"),
    OptSpec::text("Columns"),
    OptSpec::flag("noTotal"),
    OptSpec::flag("Missing"),
    OptSpec::flag_or_text("Format"),
    OptSpec::flag("SAVE"),
    OptSpec::flag("CASEwise"),
    OptSpec::flag("noSEParator"),
    OptSpec::int("LAbelwidth"),
    OptSpec::int("VArwidth"),
    OptSpec::flag("LOngstub"),
])
.weights(&[WeightKind::Analytic, WeightKind::Frequency]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "tabstat",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "tabstat varlist [if] [in] [weight] [, by(varname) statistics(names) columns(variables|statistics) nototal missing casewise format(%fmt) labelwidth(#) varwidth(#) noseparator longstub save]",
    notes: "with save stores r(StatTotal), r(Stat#) and r(name#); [R] tabstat",
    examples: &[Example {
        run: "set obs 6\ngenerate g = mod(_n, 2)\ngenerate x = _n\ntabstat x, by(g) statistics(n mean p50) save\nmatrix m = r(Stat2)\nmatrix t = r(StatTotal)",
        expect: &[("m[2,1]", 3.0), ("t[1,1]", 6.0), ("t[3,1]", 3.5)],
    }],
};

/// Statistics: the word with the letters that may not be left out in capitals, what the table shows, its own name.
const WORDS: &[(&str, &str, &str)] = &[
    ("n", "N", "n"),
    ("COunt", "N", "n"),
    ("MEan", "Mean", "mean"),
    ("SUm", "Sum", "sum"),
    ("MAx", "Max", "max"),
    ("MIn", "Min", "min"),
    ("Range", "Range", "range"),
    ("sd", "SD", "sd"),
    ("Variance", "Variance", "variance"),
    ("cv", "CV", "cv"),
    ("SEMean", "SE(mean)", "semean"),
    ("SKewness", "Skewness", "skewness"),
    ("Kurtosis", "Kurtosis", "kurtosis"),
    ("MEDian", "p50", "p50"),
    ("iqr", "IQR", "iqr"),
];
const PERCENTILES: &[&str] = &["p1", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "p99"];

/// Name that the table shows for a statistic, and its canonical name; r(198) for an unknown one.
fn canonical(name: &str) -> Result<Vec<(&'static str, String)>> {
    let percentiles = |names: &[&'static str]| names.iter().map(|p| (*p, (*p).to_string())).collect();
    let lower = name.to_ascii_lowercase();
    let name = lower.as_str();
    if name == "q" {
        return Ok(percentiles(&["p25", "p50", "p75"]));
    }
    let shortened = |word: &str| {
        let least = word.chars().take_while(char::is_ascii_uppercase).count();
        let least = if least == 0 { word.len() } else { least };
        name.len() >= least && word.to_lowercase().starts_with(name)
    };
    if let Some((_, shown, own)) = WORDS.iter().find(|(word, ..)| shortened(word)) {
        return Ok(vec![(shown, (*own).to_string())]);
    }
    match PERCENTILES.iter().find(|p| **p == name) {
        Some(p) => Ok(percentiles(&[p])),
        None => Err(StataError::invalid(format!("unknown statistic: {name}"))),
    }
}

/// Label and rows of each group; the last one is the total.
fn groups(
    s: &Session,
    by: Option<usize>,
    touse: &mut [bool],
    missing: bool,
) -> Result<Vec<(String, Vec<bool>)>> {
    let mut out = Vec::new();
    if let Some(v) = by {
        if !missing {
            s.markout(&[v], touse, true)?;
        }
        let order: Vec<usize> =
            s.frame.sorted_order(&[(v, false)]).into_iter().filter(|&i| touse[i]).collect();
        let mut last: Option<usize> = None;
        for i in order {
            if last.is_none_or(|l| !s.frame.rows_equal(&[v], l, i)) {
                out.push((level_name(s, v, i), vec![false; touse.len()]));
            }
            if let Some((_, rows)) = out.last_mut() {
                rows[i] = true;
            }
            last = Some(i);
        }
    }
    out.push(("Total".to_string(), touse.to_vec()));
    Ok(out)
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = s.varlist(&cmd.list)?;
    if vars.is_empty() {
        return Err(StataError::standard(100));
    }
    if vars.iter().any(|&v| s.frame.var(v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let mut statistics = Vec::new();
    let listed = cmd.options.text("statistics").or(cmd.options.text("stats")).unwrap_or("mean");
    for name in listed.split([' ', '\t', ',']).filter(|name| !name.is_empty()) {
        statistics.extend(canonical(name)?);
    }
    let by = cmd.options.text("by").map(|t| s.variable(t.trim())).transpose()?;
    let by_statistics = match cmd.options.text("columns").map(str::trim) {
        None => false,
        Some(t) if !t.is_empty() && "statistics".starts_with(t) => true,
        Some("stats") => true,
        Some(t) if !t.is_empty() && "variables".starts_with(t) => false,
        Some(t) => return Err(StataError::invalid(format!("columns({t}) invalid"))),
    };
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Analytic, &mut touse)?;
    if cmd.has("casewise") {
        s.markout(&vars, &mut touse, false)?;
    }
    let parts = groups(s, by, &mut touse, cmd.has("missing"))?;
    let mut tables = Vec::new();
    for (_, rows) in &parts {
        let mut cells = vec![0.0; statistics.len() * vars.len()];
        for (j, &v) in vars.iter().enumerate() {
            let column = &s.frame.var(v).data;
            let weight = |i: usize| weights.as_ref().map_or(1.0, |w| w.values[i]);
            let mut sample =
                Sample::new((0..rows.len()).filter(|&i| rows[i]).map(|i| (column.num(i), weight(i))));
            sample.frequency = weights.as_ref().is_some_and(|w| w.kind == WeightKind::Frequency);
            for (k, (_, name)) in statistics.iter().enumerate() {
                cells[k * vars.len() + j] = sample.statistic(name).unwrap_or(crate::value::MISSING);
            }
        }
        tables.push(Matrix::new(statistics.len(), vars.len(), cells));
    }
    let names: Vec<String> = vars.iter().map(|&v| s.frame.var(v).name.clone()).collect();
    let shown = if by.is_some() && cmd.has("nototal") { parts.len() - 1 } else { parts.len() };
    let layout = Layout {
        by: by.map(|v| s.frame.var(v).name.clone()),
        names: &names,
        statistics: statistics.iter().map(|x| x.0).collect(),
        format: cmd.options.text("format").unwrap_or("%9.0g").to_string(),
        by_statistics,
        separated: !cmd.has("noseparator"),
        long_stub: cmd.has("longstub"),
        label_width: width(cmd, "labelwidth", 16, 8..=32)?,
        name_width: width(cmd, "varwidth", 12, 8..=16)?,
    };
    layout.print(s, &parts[..shown], &tables);
    if cmd.has("save") {
        s.r = saved(&parts, tables, &names, &statistics, by.is_some());
    } else {
        s.r = Results::default();
    }
    Ok(())
}

fn saved(
    parts: &[(String, Vec<bool>)],
    tables: Vec<Matrix>,
    names: &[String],
    statistics: &[(&'static str, String)],
    grouped: bool,
) -> Results {
    let mut r = Results::default();
    let last = parts.len() - 1;
    for (i, mut m) in tables.into_iter().enumerate() {
        m.col_names = names.iter().map(Stripe::term).collect();
        m.row_names = statistics.iter().map(|x| Stripe::term(x.0)).collect();
        if i == last {
            r.matrix("StatTotal", m);
        } else if grouped {
            r.matrix(&format!("Stat{}", i + 1), m).text(&format!("name{}", i + 1), parts[i].0.clone());
        }
    }
    r
}

/// How the table is laid out.
struct Layout<'a> {
    by: Option<String>,
    names: &'a [String],
    statistics: Vec<&'static str>,
    format: String,
    by_statistics: bool,
    /// A line between groups.
    separated: bool,
    /// The name of the group variable stands in the stub whatever its contents.
    long_stub: bool,
    /// Most characters of the labels of groups.
    label_width: usize,
    /// Most characters of names of variables.
    name_width: usize,
}

/// A width of the table within its bounds; r(198) outside.
fn width(
    cmd: &ParsedCommand,
    option: &str,
    default: usize,
    bounds: std::ops::RangeInclusive<usize>,
) -> Result<usize> {
    let Some(asked) = cmd.options.int(option) else { return Ok(default) };
    usize::try_from(asked).ok().filter(|w| bounds.contains(w)).ok_or_else(|| {
        StataError::invalid(format!("{option}() must be between {} and {}", bounds.start(), bounds.end()))
    })
}

impl Layout<'_> {
    fn print(&self, s: &mut Session, parts: &[(String, Vec<bool>)], tables: &[Matrix]) {
        let columns: Vec<String> = if self.by_statistics {
            self.statistics.iter().map(|t| (*t).to_string()).collect()
        } else {
            self.names.to_vec()
        };
        let lines: Vec<String> = if self.by_statistics {
            self.names.to_vec()
        } else {
            self.statistics.iter().map(|t| (*t).to_string()).collect()
        };
        let stub = match &self.by {
            Some(_) => {
                parts.iter().map(|p| p.0.chars().count()).max().unwrap_or(0).clamp(8, self.label_width)
            }
            None => self.name_width,
        };
        // the line's own name is shown when it is not the only one
        let name_each = self.by.is_none() || lines.len() > 1 || self.long_stub;
        let inner = if self.by.is_some() && name_each { 10 } else { 0 };
        let head = match &self.by {
            Some(by) => format::right(&format::abbrev(by, stub), stub),
            None => format::right(if self.by_statistics { "Variable" } else { "Stats" }, stub),
        };
        s.print("");
        if self.by.is_some() {
            let by = self.by.clone().unwrap_or_default();
            if self.by_statistics {
                s.print(format!("Summary for variables: {}", self.names.join(" ")));
            } else {
                s.print(format!("Summary statistics: {}", self.statistics.join(", ")));
            }
            s.print(format!("Group variable: {by}"));
            s.print("");
        }
        let titles: String = columns.iter().map(|c| format::right(&format::abbrev(c, 10), 10)).collect();
        s.print(format!("{head}{} |{titles}", " ".repeat(inner)));
        let rule = format!("{}+{}", "-".repeat(stub + inner + 1), "-".repeat(titles.chars().count()));
        s.print(&rule);
        for (g, (label, _)) in parts.iter().enumerate() {
            for (i, line) in lines.iter().enumerate() {
                let left = match (&self.by, i) {
                    (Some(_), 0) => format::right(&format::abbrev(label, stub), stub),
                    (Some(_), _) => " ".repeat(stub),
                    (None, _) => format::right(&format::abbrev(line, stub), stub),
                };
                let own =
                    if inner > 0 { format::right(&format::abbrev(line, 9), inner) } else { String::new() };
                let cells: String = (0..columns.len())
                    .map(|j| {
                        let x = if self.by_statistics { tables[g].get(j, i) } else { tables[g].get(i, j) };
                        let text =
                            if is_missing(x) { ".".to_string() } else { format::bare(&self.format, x) };
                        format::right(&text, 10)
                    })
                    .collect();
                s.print(format!("{left}{own} |{cells}"));
            }
            let separated = (lines.len() > 1 && self.separated) || g + 2 == parts.len();
            if self.by.is_some() && g + 1 < parts.len() && separated {
                s.print(&rule);
            }
        }
        s.print("-".repeat(rule.chars().count()));
    }
}
