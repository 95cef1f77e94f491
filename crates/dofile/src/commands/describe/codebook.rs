//! `codebook`: what each variable holds ([D] codebook). Columns stand as Stata 17 and later print them.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::format::count_text;
use crate::frame::{StorageType, Variable};
use crate::ops::groups::grouped;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};
use estimators::descriptive::Sample;
use unicode_width::UnicodeWidthStr;

const CODEBOOK: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("Compact"),
    OptSpec::flag("All"),
    OptSpec::flag("Header"),
    OptSpec::flag("Notes"),
    OptSpec::int("Tabulate"),
    OptSpec::flag("Detail"),
    OptSpec::flag("DOTs"),
    OptSpec::flag("Problems"),
])
.unsupported(&["MV", "Languages"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "codebook",
    min: 4,
    form: Form::Standard(&CODEBOOK),
    by: ByRule::No,
    run: codebook,
    syntax: "codebook [varlist] [if] [in] [, compact problems detail all header notes tabulate(#)]",
    notes: "no results",
    examples: &[Example {
        run: "set obs 3\ngenerate x = 40 + _n\ntempfile f\nquietly log using `f', text\ncodebook x\nquietly log close\nfile open h using `f', read text\nfile read h line\nscalar found = 0\nwhile r(eof) == 0 {\nif strpos(`\"`line'\"', \"[41,43]\") scalar found = 1\nfile read h line\n}\nfile close h",
        expect: &[("found", 1.0)],
    }],
};

/// Notes on a variable, in their order.
pub(super) fn notes_of<'a>(s: &'a Session, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let count: usize = s.frame.char(name, "note0").trim().parse().unwrap_or(0);
    let texts = (1..=count).map(move |i| s.frame.char(name, &format!("note{i}")).to_string());
    texts.filter(|t| !t.is_empty())
}

/// What the data are, before the variables.
fn header(s: &mut Session) {
    let (rows, vars) = (s.frame.n_rows(), s.frame.n_vars());
    s.print("");
    s.print(format!("{:>22}: {}", "Dataset", s.frame.filename));
    s.print(format!("{:>22}: {}", "Last saved", s.frame.timestamp));
    s.print("");
    s.print(format!("{:>22}: {}", "Label", if s.frame.label.is_empty() { "[none]" } else { &s.frame.label }));
    s.print(format!("{:>22}: {}", "Number of variables", count_text(vars)));
    s.print(format!("{:>22}: {}", "Number of observations", count_text(rows)));
}

/// A variable, its rows and what they hold.
pub(super) struct Content {
    pub(super) v: usize,
    pub(super) var: Variable,
    rows: usize,
    /// Rows of each distinct value that is not missing, in ascending order.
    pub(super) groups: Vec<Vec<usize>>,
    /// Missing values with their numbers of rows: `.` or the empty string first.
    missing: Vec<(f64, usize)>,
    sample: Sample,
}

impl Content {
    fn read(s: &Session, v: usize, rows: &[usize]) -> Self {
        let var = s.frame.var(v).clone();
        let string = var.is_string();
        let gone = |r: usize| if string { var.data.str(r).is_empty() } else { is_missing(var.data.num(r)) };
        let present: Vec<usize> = rows.iter().copied().filter(|&r| !gone(r)).collect();
        let mut missing: Vec<(f64, usize)> = Vec::new();
        for &r in rows.iter().filter(|&&r| gone(r)) {
            let x = if string { MISSING } else { var.data.num(r) };
            match missing.iter_mut().find(|m| m.0 == x) {
                Some(known) => known.1 += 1,
                None => missing.push((x, 1)),
            }
        }
        missing.sort_by(|a, b| a.0.total_cmp(&b.0));
        let sample = Sample::plain(present.iter().filter(|_| !string).map(|&r| var.data.num(r)));
        Self { v, groups: grouped(s, &[v], present), missing, rows: rows.len(), sample, var }
    }

    /// Rows with `.` or the empty string, and rows with `.a` to `.z`.
    fn missing_rows(&self) -> (usize, usize) {
        let of = |extended: bool| {
            self.missing.iter().filter(|m| (m.0 != MISSING) == extended).map(|m| m.1).sum::<usize>()
        };
        (of(false), of(true))
    }

    /// The largest power of ten of which all values are multiples; smaller ones are not tried below 1e-8.
    fn unit(&self) -> f64 {
        let float = self.var.data.storage_type() == StorageType::Float;
        let values: Vec<f64> = self.groups.iter().map(|g| self.var.data.num(g[0])).collect();
        let multiple = |unit: f64, x: f64| {
            let near = (x / unit).round() * unit;
            if float { near as f32 == x as f32 } else { (near - x).abs() <= 4.0 * f64::EPSILON * x.abs() }
        };
        let all = |power: &i32| values.iter().all(|x| multiple(10f64.powi(*power), *x));
        let power = if values.iter().all(|x| *x == 0.0) { Some(0) } else { (-8..=7).rev().find(all) };
        10f64.powi(power.unwrap_or(-8))
    }

    fn summary(&self, s: &mut Session) {
        let number = |x: f64| format::bare("%9.0g", x);
        let pair = |s: &mut Session, name: &str, text: &str, other: &str, value: &str| {
            // the numbers of missing values begin at the same place, the unit ends there
            let other_at = if other.starts_with("Missing") { 26 } else { 35 - other.width() };
            let gap = other_at.saturating_sub(text.width()).max(1);
            s.print(format!("{name:>22}: {text}{}{other}: {value}", " ".repeat(gap)));
        };
        let string = self.var.is_string();
        if !string && self.sample.rows() > 0 {
            let range = format!("[{},{}]", number(self.sample.min()), number(self.sample.max()));
            let unit = self.unit();
            let unit = if unit < 1e-5 {
                format!("1.000e-{:02}", -unit.log10().round() as i32)
            } else {
                number(unit)
            };
            pair(s, "Range", &range, "Units", &unit);
        }
        let (plain, extended) = self.missing_rows();
        let of_all = |n: usize| format!("{}/{}", count_text(n), count_text(self.rows));
        let unique = count_text(self.groups.len());
        pair(s, "Unique values", &unique, if string { "Missing \"\"" } else { "Missing ." }, &of_all(plain));
        if extended > 0 {
            let codes = self.missing.iter().filter(|m| m.0 != MISSING).count();
            pair(s, "Unique mv codes", &count_text(codes), "Missing .*", &of_all(extended));
        }
    }

    /// Values with their frequencies; missing values come last.
    fn tabulation(&self, s: &mut Session) {
        let labels = s.frame.labels_of(self.v).cloned();
        let string = self.var.is_string();
        let head = if labels.is_some() { "Freq.   Numeric  Label" } else { "Freq.  Value" };
        let mut lines = vec![format!("{:>22}: {head}", "Tabulation")];
        let number = |x: f64| format::bare("%9.0g", x);
        let mut line = |n: usize, value: String, label: &str| {
            let value = if labels.is_some() { format!("{value:>10}") } else { format!("  {value}") };
            lines.push(format!("{:>29}{value}  {label}", count_text(n)).trim_end().to_string());
        };
        for group in &self.groups {
            if string {
                line(group.len(), format!("\"{}\"", self.var.data.str(group[0])), "");
            } else {
                let x = self.var.data.num(group[0]);
                line(group.len(), number(x), labels.as_ref().and_then(|l| l.get(x)).unwrap_or(""));
            }
        }
        for (x, n) in &self.missing {
            let label = labels.as_ref().and_then(|l| l.get(*x)).unwrap_or("");
            line(*n, if string { "\"\"".into() } else { number(*x) }, label);
        }
        lines.iter().for_each(|l| s.print(l));
    }

    fn moments(&self, s: &mut Session) {
        let narrow = |x: f64| format!("{:>7}", format::bare("%8.0g", x));
        s.print(format!("{:>22}: {}", "Mean", narrow(self.sample.mean())));
        s.print(format!("{:>22}: {}", "Std. dev.", narrow(self.sample.sd())));
        s.print("");
        let points = [10.0, 25.0, 50.0, 75.0, 90.0];
        let row = |texts: Vec<String>| texts.iter().map(|t| format!("{t:>10}")).collect::<String>();
        let names = row(points.iter().map(|p| format!("{p}%")).collect());
        let values = points.iter().map(|p| format::bare("%9.0g", self.sample.percentile(*p)));
        s.print(format!("{:>22}: {}", "Percentiles", &names[3..]));
        s.print(format!("{:21}{}", "", row(values.collect())));
    }

    /// Four values spread over the distinct ones.
    fn examples(&self, s: &mut Session) {
        let n = self.groups.len();
        for k in 1..=4 {
            let place = (n * k / 5).saturating_sub(1);
            let Some(group) = self.groups.get(place) else { continue };
            let name = if k == 1 { format!("{:>22}: ", "Examples") } else { " ".repeat(24) };
            s.print(format!("{name}\"{}\"", self.var.data.str(group[0])));
        }
    }

    /// Blanks before, within or after the text of strings.
    fn warning(&self, s: &mut Session) {
        let texts: Vec<&str> = self.groups.iter().map(|g| self.var.data.str(g[0])).collect();
        let kinds = [
            ("leading", texts.iter().any(|t| t.starts_with(' '))),
            ("embedded", texts.iter().any(|t| t.trim().contains(' '))),
            ("trailing", texts.iter().any(|t| t.ends_with(' '))),
        ];
        let found: Vec<&str> = kinds.iter().filter(|k| k.1).map(|k| k.0).collect();
        let list = match &found[..] {
            [] => return,
            [one] => (*one).to_string(),
            [one, two] => format!("{one} and {two}"),
            all => format!("{}, and {}", all[..all.len() - 1].join(", "), all[all.len() - 1]),
        };
        s.print("");
        s.print(format!("{:>22}: Variable has {list} blanks.", "Warning"));
    }

    fn print(&self, s: &mut Session, most: usize) {
        let rule = "-".repeat(s.settings.linesize.min(80) - 1);
        s.print("");
        s.print(&rule);
        let label = if self.var.label.is_empty() { "(unlabeled)" } else { &self.var.label };
        let room = rule.len().saturating_sub(self.var.name.width());
        s.print(format!("{}{}", self.var.name, format::right(label, room)));
        s.print(rule);
        s.print("");
        let string = self.var.is_string();
        let kind = if string { "String" } else { "Numeric" };
        let ty = self.var.data.storage_type();
        let longest =
            self.groups.iter().map(|g| if string { self.var.data.str(g[0]).len() } else { 0 }).max();
        let but = match (ty, longest) {
            (StorageType::Str(n), Some(used)) if used < usize::from(n) => {
                format!(", but longest is str{used}")
            }
            _ => String::new(),
        };
        s.print(format!("{:>22}: {kind} ({}){but}", "Type", ty.name()));
        if !self.var.value_label.is_empty() {
            s.print(format!("{:>22}: {}", "Label", self.var.value_label));
        }
        s.print("");
        self.summary(s);
        s.print("");
        if self.groups.len() <= most {
            self.tabulation(s);
        } else if string {
            self.examples(s);
        } else {
            self.moments(s);
        }
        if string {
            self.warning(s);
        }
    }
}

/// One line for each variable; columns are as wide as their widest cell.
fn compact(s: &mut Session, contents: &[Content]) {
    let number = |x: f64| format::bare("%9.0g", x);
    let lines: Vec<[String; 7]> = contents
        .iter()
        .map(|c| {
            let of = |x: f64| if c.var.is_string() { ".".to_string() } else { number(x) };
            let present: usize = c.groups.iter().map(Vec::len).sum();
            [
                format::abbrev(&c.var.name, 12),
                present.to_string(),
                c.groups.len().to_string(),
                of(c.sample.mean()),
                of(c.sample.min()),
                of(c.sample.max()),
                c.var.label.clone(),
            ]
        })
        .collect();
    let head = ["Variable", "Obs", "Unique", "Mean", "Min", "Max", "Label"];
    let width = |k: usize| lines.iter().map(|l| l[k].width()).max().unwrap_or(0).max(head[k].width());
    let name = width(0).max(9);
    let widths = [2, 1, 2, 2, 2].iter().enumerate().map(|(k, gap)| width(k + 1) + gap).collect::<Vec<_>>();
    let print = |s: &mut Session, cells: &[&str]| {
        let mut line = format::left(cells[0], name);
        widths.iter().zip(&cells[1..6]).for_each(|(w, c)| line.push_str(&format::right(c, *w)));
        s.print(format!("{line}  {}", cells[6]).trim_end());
    };
    let rule = "-".repeat(s.settings.linesize.min(80) - 1);
    s.print("");
    print(s, &head);
    s.print(&rule);
    lines.iter().for_each(|l| print(s, &l.each_ref().map(String::as_str)));
    s.print(rule);
}

fn codebook(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = if cmd.list.is_empty() { (0..s.frame.n_vars()).collect() } else { s.varlist(&cmd.list)? };
    let keep = s.rows(cmd)?;
    let rows: Vec<usize> = (0..keep.len()).filter(|&r| keep[r]).collect();
    let most = cmd.options.int("tabulate").unwrap_or(9).max(0) as usize;
    if cmd.has("header") || cmd.has("all") {
        header(s);
    }
    let contents: Vec<Content> = vars.into_iter().map(|v| Content::read(s, v, &rows)).collect();
    let problems = cmd.has("problems");
    if cmd.has("detail") && !problems {
        return Err(StataError::invalid("option detail may be specified only with option problems"));
    }
    if cmd.has("compact") {
        compact(s, &contents);
    }
    if problems && !cmd.has("detail") {
        super::codebook_problems::report(s, &contents);
    }
    if cmd.has("compact") || problems && !cmd.has("detail") {
        return Ok(());
    }
    for content in &contents {
        content.print(s, most);
        if cmd.has("notes") || cmd.has("all") {
            let notes: Vec<String> = notes_of(s, &content.var.name).collect();
            for (i, note) in notes.iter().enumerate() {
                s.print(format!("{:>22}: {}.  {note}", if i == 0 { "Notes" } else { "" }, i + 1));
            }
        }
    }
    if problems {
        super::codebook_problems::report(s, &contents);
    }
    Ok(())
}
