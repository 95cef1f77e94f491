//! `fre`: one-way frequency tables with values, labels and missing values. Written from the documentation of Jann (2007),
//! fre: Stata module to display one-way frequency table, SSC S456835.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::Matrix;
use crate::ops::groups::grouped;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};
use crate::value::is_missing;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("Format"),
    OptSpec::flag("noMISsing"),
    OptSpec::flag("noLabel"),
    OptSpec::flag("noValue"),
    OptSpec::flag("noName"),
    OptSpec::flag("noTItle"),
    OptSpec::flag("noWrap"),
    OptSpec::int("Width"),
    OptSpec::int("Rows"),
    OptSpec::int("TABulate"),
    OptSpec::flag("ALL"),
    OptSpec::flag_or_text("Include"),
    OptSpec::flag("INCLUDELabeled"),
    OptSpec::flag("Ascending"),
    OptSpec::flag("Descending"),
])
.weights(&[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Importance])
.using(Using::Optional)
.unsupported(&["REPLACE", "APPEND", "TEX", "PRE", "POST"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "fre",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "fre [varlist] [if] [in] [weight] [, format(#) nomissing nolabel novalue noname notitle nowrap width(#) rows(#) tabulate(#) all include[(numlist)] includelabeled ascending descending]",
    notes: "at most rows() values are shown, 20 without it, half of them the lowest; tabulate(#) shows the # lowest and highest; stores, for the last variable, r(N) r(N_valid) r(N_missing) r(r) r(r_valid) r(r_missing) r(depvar) r(label) r(lab_valid) r(lab_missing), r(valid) and r(missing): frequencies",
    examples: &[Example {
        run: "set obs 8\ngenerate x = mod(_n, 3) if _n < 7\nlabel define l 0 \"none\" 1 \"one\" 5 \"five\"\nlabel values x l\nreplace x = .a in 8\nfre x\nscalar valid = r(N_valid)\nscalar gone = r(N_missing)\nmatrix V = r(valid)\nmatrix M = r(missing)\nfre x, includelabeled",
        expect: &[
            ("valid", 6.0),
            ("gone", 2.0),
            ("V[2,1]", 2.0),
            ("rowsof(V)", 3.0),
            ("M[2,1]", 1.0),
            ("r(r_valid)", 4.0),
            ("el(r(valid),4,1)", 0.0),
        ],
    }],
};

/// A line of the table: value, label and frequency.
struct Line {
    value: String,
    label: String,
    count: f64,
}

impl Line {
    /// The value padded to a width, then the label.
    fn text(&self, cmd: &ParsedCommand, width: usize) -> String {
        match (cmd.has("novalue"), self.label.is_empty()) {
            (true, false) => self.label.clone(),
            (_, true) => self.value.clone(),
            _ => format!("{} {}", format::left(&self.value, width), self.label),
        }
    }
}

/// Frequencies of the values and of the missing values of a variable, each in ascending order of values.
struct Counted {
    valid: Vec<Line>,
    missing: Vec<Line>,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.using.is_some() {
        return Err(StataError::new(199, "using is not supported by fre of the open engine"));
    }
    if cmd.has("ascending") && cmd.has("descending") {
        return Err(StataError::invalid("options ascending and descending may not be combined"));
    }
    if cmd.options.int("format").is_some_and(|n| !(0..=9).contains(&n)) {
        return Err(StataError::new(198, "format() must lie between 0 and 9"));
    }
    let vars: Vec<usize> =
        if cmd.list.trim().is_empty() { (0..s.frame.n_vars()).collect() } else { s.varlist(&cmd.list)? };
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    // Analytic weights are shares of the number of observations.
    let scale = match &weights {
        Some(w) if w.kind == WeightKind::Analytic => {
            rows.len() as f64 / rows.iter().map(|r| w.values[*r]).sum::<f64>()
        }
        _ => 1.0,
    };
    let weight = |r: usize| weights.as_ref().map_or(1.0, |w| scale * w.values[r]);
    for v in vars {
        let mut found = count(s, cmd, v, &rows, &weight)?;
        if cmd.has("nomissing") {
            found.missing.clear();
        }
        for lines in [&mut found.valid, &mut found.missing] {
            if cmd.has("ascending") {
                lines.sort_by(|a, b| a.count.total_cmp(&b.count));
            } else if cmd.has("descending") {
                lines.sort_by(|a, b| b.count.total_cmp(&a.count));
            }
        }
        if found.valid.is_empty() && found.missing.is_empty() {
            return Err(StataError::no_observations());
        }
        show(s, cmd, v, &found);
        store(s, v, &found);
    }
    Ok(())
}

fn count(
    s: &Session,
    cmd: &ParsedCommand,
    v: usize,
    rows: &[usize],
    weight: &dyn Fn(usize) -> f64,
) -> Result<Counted> {
    let var = s.frame.var(v);
    let labels = s.frame.labels_of(v).filter(|_| !cmd.has("nolabel"));
    let mut of_values: Vec<(f64, Line)> = Vec::new();
    let mut out = Counted { valid: Vec::new(), missing: Vec::new() };
    for group in grouped(s, &[v], rows.to_vec()) {
        let count: f64 = group.iter().map(|r| weight(*r)).sum();
        if var.is_string() {
            let text = var.data.str(group[0]).to_string();
            let lines = if text.is_empty() { &mut out.missing } else { &mut out.valid };
            lines.push(Line { value: text, label: String::new(), count });
        } else {
            let x = var.data.num(group[0]);
            let label = labels.and_then(|l| l.get(x)).unwrap_or("").to_string();
            of_values.push((x, Line { value: format::bare(&var.format, x), label, count }));
        }
    }
    let known = s.frame.labels_of(v);
    let further: Vec<f64> = match (cmd.options.text("include").filter(|t| !t.is_empty()), known) {
        _ if var.is_string() => Vec::new(),
        (Some(list), _) => crate::syntax::numlist::expand(list)?,
        (None, Some(l)) if cmd.has("include") || cmd.has("includelabeled") => l.iter().map(|e| e.0).collect(),
        _ => Vec::new(),
    };
    for x in further {
        if !of_values.iter().any(|(known, _)| *known == x) {
            let label = labels.and_then(|l| l.get(x)).unwrap_or("").to_string();
            of_values.push((x, Line { value: format::bare(&var.format, x), label, count: 0.0 }));
        }
    }
    of_values.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (x, line) in of_values {
        if is_missing(x) { out.missing.push(line) } else { out.valid.push(line) }
    }
    Ok(out)
}

/// Positions that are shown; `None` stands for those left out between the lowest and the highest.
fn shown(cmd: &ParsedCommand, lines: usize) -> Vec<Option<usize>> {
    let most = cmd.options.int("rows").map_or(20, |n| n.max(0) as usize);
    let (mut low, mut high) = (most.div_ceil(2), most / 2);
    if let Some(n) = cmd.options.int("tabulate") {
        (low, high) = (n.max(0) as usize, n.max(0) as usize);
    }
    if cmd.has("all") || lines <= low + high {
        return (0..lines).map(Some).collect();
    }
    let mut out: Vec<Option<usize>> = (0..low).map(Some).collect();
    out.push(None);
    out.extend((lines - high..lines).map(Some));
    out
}

/// Texts of a line of the table: section, value with label, and four cells.
type Texts = (&'static str, String, Vec<String>);

fn sections(cmd: &ParsedCommand, found: &Counted) -> Vec<Texts> {
    let decimals = cmd.options.int("format").unwrap_or(2) as usize;
    let sum = |lines: &[Line]| lines.iter().map(|l| l.count).sum::<f64>();
    let (valid, missing) = (sum(&found.valid), sum(&found.missing));
    let total = valid + missing;
    let share =
        |x: f64, of: f64| if of > 0.0 { format!("{:.decimals$}", 100.0 * x / of) } else { ".".into() };
    let freq = |x: f64| format::bare("%10.0g", x);
    let with_missing = !cmd.has("nomissing");
    let width = found.valid.iter().chain(&found.missing).map(|l| l.value.chars().count()).max().unwrap_or(0);
    let mut out: Vec<Texts> = Vec::new();
    let mut so_far: Vec<f64> = Vec::new();
    for line in &found.valid {
        so_far.push(so_far.last().copied().unwrap_or(0.0) + line.count);
    }
    for at in shown(cmd, found.valid.len()) {
        let name = if out.is_empty() { "Valid" } else { "" };
        let Some(at) = at else {
            out.push(("", ":".into(), vec![":".into(); if with_missing { 4 } else { 3 }]));
            continue;
        };
        let line = &found.valid[at];
        let mut cells = vec![freq(line.count), share(line.count, total)];
        if with_missing {
            cells.push(share(line.count, valid));
        }
        cells.push(share(so_far[at], valid));
        out.push((name, line.text(cmd, width), cells));
    }
    if !found.valid.is_empty() {
        let mut cells = vec![freq(valid), share(valid, total)];
        if with_missing {
            cells.push(share(valid, valid));
        }
        out.push(("", "Total".into(), cells));
    }
    if !found.missing.is_empty() {
        for (i, line) in found.missing.iter().enumerate() {
            let name = if i == 0 { "Missing" } else { "" };
            out.push((name, line.text(cmd, width), vec![freq(line.count), share(line.count, total)]));
        }
        if found.missing.len() > 1 {
            out.push(("", "Total".into(), vec![freq(missing), share(missing, total)]));
        }
        out.push(("Total", String::new(), vec![freq(total), share(total, total)]));
    }
    out
}

fn show(s: &mut Session, cmd: &ParsedCommand, v: usize, found: &Counted) {
    let lines = sections(cmd, found);
    let with_missing = !cmd.has("nomissing");
    let mut width = lines.iter().map(|l| l.1.chars().count()).max().unwrap_or(0);
    if let Some(most) = cmd.options.int("width") {
        width = width.min((most.max(5)) as usize);
    }
    let indent = if with_missing { 8 } else { 0 };
    let headings: &[&str] =
        if with_missing { &["Freq.", "Percent", "Valid", "Cum."] } else { &["Freq.", "Percent", "Cum."] };
    let rule = "-".repeat(indent + width + 2 + 11 * headings.len());
    let row = |section: &str, text: &str, cells: &[String]| {
        let section = if with_missing { format!("{section:<8}") } else { String::new() };
        let cells: String =
            (0..headings.len()).map(|i| format!("{:>11}", cells.get(i).map_or("", String::as_str))).collect();
        format!("{section}{} |{cells}", format::left(text, width))
    };
    s.print("");
    if !cmd.has("notitle") {
        let var = s.frame.var(v);
        let title = match (cmd.has("noname"), var.label.is_empty()) {
            (true, false) => var.label.clone(),
            (false, false) => format!("{} -- {}", var.name, var.label),
            _ => var.name.clone(),
        };
        s.print(title);
    }
    s.print(&rule);
    let headings: Vec<String> = headings.iter().map(|h| (*h).to_string()).collect();
    s.print(row("", "", &headings));
    s.print(format!("{}+{}", "-".repeat(indent + width + 1), "-".repeat(11 * headings.len())));
    for (section, text, cells) in &lines {
        let mut parts = wrapped(text, if cmd.has("nowrap") { usize::MAX } else { width });
        let last = parts.pop().unwrap_or_default();
        let mut section = *section;
        for part in parts {
            s.print(row(section, &part, &[]));
            section = "";
        }
        let last: String = last.chars().take(width).collect();
        s.print(row(section, &last, cells));
    }
    s.print(rule);
}

/// The text in pieces of a width.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(width.max(1)).map(|c| c.iter().collect()).collect()
}

fn store(s: &mut Session, v: usize, found: &Counted) {
    let sum = |lines: &[Line]| lines.iter().map(|l| l.count).sum::<f64>();
    let texts = |lines: &[Line]| {
        let quoted = |l: &Line| {
            let label = if l.label.is_empty() { String::new() } else { format!(" {}", l.label) };
            format!("`\"{}{label}\"'", l.value)
        };
        lines.iter().map(quoted).collect::<Vec<_>>().join(" ")
    };
    let column = |lines: &[Line]| Matrix::new(lines.len(), 1, lines.iter().map(|l| l.count).collect());
    let (valid, missing) = (sum(&found.valid), sum(&found.missing));
    let mut r = Results::default();
    r.scalar("N", valid + missing).scalar("N_valid", valid).scalar("N_missing", missing);
    r.scalar("r", (found.valid.len() + found.missing.len()) as f64);
    r.scalar("r_valid", found.valid.len() as f64).scalar("r_missing", found.missing.len() as f64);
    let var = s.frame.var(v);
    r.text("depvar", var.name.as_str()).text("label", var.label.as_str());
    r.text("lab_valid", texts(&found.valid)).text("lab_missing", texts(&found.missing));
    for (name, lines) in [("valid", &found.valid), ("missing", &found.missing)] {
        if !lines.is_empty() {
            r.matrix(name, column(lines));
        }
    }
    s.r = r;
}
