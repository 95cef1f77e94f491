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
        // the statistics of one variable stand side by side
        None => vars.len() == 1,
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
        by_label: by.map_or(String::new(), |v| s.frame.var(v).label.clone()),
        formats: formats(s, cmd, &vars),
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
    /// The label of the group variable.
    by_label: String,
    names: &'a [String],
    statistics: Vec<&'static str>,
    /// Format of each variable's statistics.
    formats: Vec<String>,
    by_statistics: bool,
    /// A line between groups.
    separated: bool,
    /// Names of the lines stand beside those of the groups.
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
    /// Width of the groups' names, and of the whole stub before ` |`.
    fn stub(&self, parts: &[(String, Vec<bool>)]) -> (usize, usize) {
        match &self.by {
            Some(by) => {
                let names = parts.iter().map(|p| p.0.chars().count());
                let longest = names.chain([by.chars().count()]).max().unwrap_or(0);
                let width = longest.clamp(8, self.label_width);
                (width, if self.long_stub { width + 1 + self.line_width() } else { width })
            }
            None => (self.line_width(), self.line_width()),
        }
    }

    /// Width of the names of lines: no name of a statistic has more than eight letters.
    fn line_width(&self) -> usize {
        if self.by_statistics { self.name_width } else { 8 }
    }

    /// The lines above the table.
    fn title(&self, s: &mut Session) {
        s.print("");
        let Some(by) = &self.by else { return };
        s.print(if self.by_statistics {
            format!("Summary for variables: {}", self.names.join(" "))
        } else {
            format!("Summary statistics: {}", self.statistics.join(", "))
        });
        let label = match self.by_label.as_str() {
            "" => String::new(),
            label => format!(" ({label})"),
        };
        s.print(format!("Group variable: {by}{label}"));
        s.print("");
    }

    fn print(&self, s: &mut Session, parts: &[(String, Vec<bool>)], tables: &[Matrix]) {
        let statistics: Vec<String> = self.statistics.iter().map(|t| (*t).to_string()).collect();
        let columns = if self.by_statistics { &statistics[..] } else { self.names };
        let (_, stub) = self.stub(parts);
        // as many columns as the line takes; the others follow in further tables
        let page = (s.settings.linesize.saturating_sub(stub + 2) / 10).max(1);
        self.title(s);
        for first in (0..columns.len()).step_by(page) {
            if first > 0 {
                s.print("");
            }
            self.page(s, parts, tables, &columns[first..(first + page).min(columns.len())], first);
        }
    }

    /// One table: the columns from `first` on.
    fn page(
        &self,
        s: &mut Session,
        parts: &[(String, Vec<bool>)],
        tables: &[Matrix],
        columns: &[String],
        first: usize,
    ) {
        let (width, stub) = self.stub(parts);
        let line_name =
            |text: &str| format::right(&format::abbrev(text, self.line_width()), self.line_width());
        let kind = if self.by_statistics { "Variable" } else { "Stats" };
        let left = |group: &str, line: &str| match &self.by {
            None => line_name(line),
            Some(_) if self.long_stub => {
                format!("{} {}", format::left(&format::abbrev(group, width), width), line_name(line))
            }
            Some(_) => format::right(&format::abbrev(group, width), width),
        };
        let titles: String = columns.iter().map(|c| format::right(&format::abbrev(c, 8), 10)).collect();
        s.print(format!("{} |{titles}", left(self.by.as_deref().unwrap_or(""), kind)));
        let rule = format!("{}+{}", "-".repeat(stub + 1), "-".repeat(titles.chars().count()));
        s.print(&rule);
        let lines = if self.by_statistics { self.names.len() } else { self.statistics.len() };
        for (g, (label, _)) in parts.iter().enumerate() {
            for i in 0..lines {
                let line = if self.by_statistics { self.names[i].as_str() } else { self.statistics[i] };
                let cells: String = (first..first + columns.len())
                    .map(|j| {
                        let (k, v) = if self.by_statistics { (j, i) } else { (i, j) };
                        format::right(&self.cell(tables[g].get(k, v), v), 10)
                    })
                    .collect();
                s.print(format!("{} |{cells}", left(if i == 0 { label } else { "" }, line)));
            }
            // the total is the last table; without it no line stands before the last group
            let before_total = g + 2 == tables.len();
            let separated = (lines > 1 && self.separated) || before_total;
            if self.by.is_some() && g + 1 < parts.len() && separated {
                s.print(&rule);
            }
        }
        s.print("-".repeat(rule.chars().count()));
    }

    /// A statistic of variable `v`.
    fn cell(&self, x: f64, v: usize) -> String {
        if is_missing(x) { ".".to_string() } else { format::bare(&self.formats[v], x) }
    }
}

/// The formats of the variables' statistics: what `format()` says, or each variable's own as far as nine characters
/// hold it.
fn formats(s: &Session, cmd: &ParsedCommand, vars: &[usize]) -> Vec<String> {
    let own = |v: &usize| {
        let format = &s.frame.var(*v).format;
        let width = format.trim_start_matches('%').split('.').next().and_then(|w| w.parse::<usize>().ok());
        if width.is_some_and(|w| w <= 9) { format.clone() } else { "%9.0g".to_string() }
    };
    match cmd.options.text("format").filter(|t| !t.trim().is_empty()) {
        Some(format) => vec![format.to_string(); vars.len()],
        None if cmd.has("format") => vars.iter().map(own).collect(),
        None => vec!["%9.0g".to_string(); vars.len()],
    }
}
