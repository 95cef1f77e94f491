//! File formats of `esttab`: fixed width, separated values, LaTeX, HTML and Markdown.

use super::esttab_around::{Around, Groups};
use super::esttab_latex::Document;
use super::esttab_options::Given;
use super::esttab_rows::{Cell, Part};

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Columns of fixed width.
    Fixed,
    /// Separated by a character, in quotes.
    Separated(char),
    /// Separated by tabs without quotes.
    Tab,
    /// LaTeX, with the rules of `booktabs` or without.
    Latex { booktabs: bool },
    /// HTML.
    Html,
    /// Markdown.
    Markdown,
    /// Rich text.
    Rtf,
}

/// Headings, widths and notes of a table.
pub(super) struct Frame {
    pub title: Option<String>,
    pub numbered: bool,
    pub titles: Vec<String>,
    pub column_labels: Vec<String>,
    pub models: usize,
    /// Number of columns of each model.
    pub widths: Vec<usize>,
    /// Whether each column has stars.
    pub starred: Vec<bool>,
    pub star_width: usize,
    /// Width of the labels.
    pub variables: usize,
    /// Width of a number.
    pub column: usize,
    pub notes: Vec<String>,
    pub alignment: Option<String>,
    pub fragment: bool,
    /// Texts around the numbers of the models.
    pub numbers: [String; 2],
    /// The document around a table of LaTeX.
    pub document: Document,
    pub rules: bool,
    pub groups: Groups,
    pub around: Around,
    /// Number of columns of each model; more than one with `unstack`.
    pub spans: Vec<usize>,
    /// Titles of the columns of unstacked models.
    pub equations: Vec<String>,
}

impl Frame {
    /// Number of columns besides the labels.
    pub(super) fn columns(&self) -> usize {
        self.starred.len()
    }

    /// The frame of models whose equations stand side by side.
    pub(super) fn unstacked(self, spans: Vec<usize>, equations: Vec<String>) -> Self {
        let repeated = |k: usize| k.min(self.widths.len().saturating_sub(1));
        let starts: Vec<usize> =
            self.widths.iter().scan(0, |at, w| Some(std::mem::replace(at, *at + w))).collect();
        let models = spans.iter().enumerate().flat_map(|(k, n)| vec![repeated(k); *n]);
        let (mut widths, mut starred, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        for k in models {
            let columns = starts[k]..starts[k] + self.widths[k];
            widths.push(self.widths[k]);
            starred.extend_from_slice(&self.starred[columns.clone()]);
            labels.extend(columns.filter_map(|c| self.column_labels.get(c).cloned()));
        }
        Self { models: equations.len(), widths, starred, column_labels: labels, spans, equations, ..self }
    }
}

impl Format {
    /// The format of the options, or of the extension of the file.
    pub(super) fn of(options: &Given, file: Option<&str>) -> Self {
        let style = options.text("style").unwrap_or("").trim().to_string();
        let has = |name: &str| options.has(name) || style == name;
        if has("booktabs") {
            return Self::Latex { booktabs: true };
        }
        for (name, format) in [
            ("tex", Self::Latex { booktabs: false }),
            ("csv", Self::Separated(',')),
            ("scsv", Self::Separated(';')),
            ("tab", Self::Tab),
            ("html", Self::Html),
            ("md", Self::Markdown),
            ("rtf", Self::Rtf),
            ("fixed", Self::Fixed),
        ] {
            if has(name) {
                return format;
            }
        }
        let base = file.unwrap_or("").rsplit(['/', '\\']).next().unwrap_or("");
        match base.rsplit_once('.').map_or("", |(_, ext)| ext) {
            "tex" => Self::Latex { booktabs: false },
            "csv" => Self::Separated(','),
            "html" | "htm" => Self::Html,
            "md" => Self::Markdown,
            "rtf" => Self::Rtf,
            _ => Self::Fixed,
        }
    }

    /// Extension of a file name without one.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Separated(_) => "csv",
            Self::Latex { .. } => "tex",
            Self::Html => "html",
            Self::Markdown => "md",
            Self::Rtf => "rtf",
            Self::Fixed | Self::Tab => "txt",
        }
    }

    /// Label of a statistic.
    pub(super) fn statistic(self, name: &str, label: bool) -> String {
        let latex = matches!(self, Self::Latex { .. });
        let text = match (name, label) {
            ("N", true) => "Observations",
            ("N", false) if latex => "\\(N\\)",
            ("r2", _) if latex => "\\(R^{2}\\)",
            ("r2", true) => "R-squared",
            ("r2", false) => "R-sq",
            ("r2_a", true) if latex => "Adjusted \\(R^{2}\\)",
            ("r2_a", false) if latex => "adj. \\(R^{2}\\)",
            ("r2_a", true) => "Adjusted R-squared",
            ("r2_a", false) => "adj. R-sq",
            ("r2_p", true) if latex => "Pseudo \\(R^{2}\\)",
            ("r2_p", false) if latex => "pseudo \\(R^{2}\\)",
            ("r2_p", true) => "Pseudo R-squared",
            ("r2_p", false) => "pseudo R-sq",
            ("aic", _) if latex => "\\textit{AIC}",
            ("bic", _) if latex => "\\textit{BIC}",
            ("aic", _) => "AIC",
            ("bic", _) => "BIC",
            (other, _) => return self.escaped(other),
        };
        text.to_string()
    }

    /// A letter in italics, where the format has them, and the text behind it.
    pub(super) fn italic(self, letter: &str, text: &str) -> String {
        match self {
            Self::Latex { .. } => format!("\\textit{{{letter}}}{text}"),
            Self::Html => format!("<i>{letter}</i>{text}"),
            Self::Markdown => format!("*{letter}*{text}"),
            _ => format!("{letter}{text}"),
        }
    }

    /// The note about stars.
    pub(super) fn levels(self, stars: &[(String, f64, String)]) -> String {
        let one = |(mark, _, level): &(String, f64, String)| match self {
            Self::Latex { .. } => format!("\\sym{{{mark}}} \\(p<{level}\\)"),
            Self::Html => format!("<sup>{mark}</sup> <i>p</i> &lt; {level}"),
            Self::Markdown => format!("{} *p* < {level}", mark.replace('*', "\\*")),
            _ => format!("{mark} p<{level}"),
        };
        stars.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    /// A text without characters that mean something to the format.
    pub(super) fn escaped(self, text: &str) -> String {
        match self {
            Self::Latex { .. } => {
                let mut out = String::with_capacity(text.len());
                for c in text.chars() {
                    // the author's own \% stays
                    if "_#%&".contains(c) && !out.ends_with('\\') {
                        out.push('\\');
                    }
                    out.push(c);
                }
                out
            }
            Self::Html => text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
            Self::Markdown => text.replace('|', "\\|"),
            Self::Separated(_) => text.replace('"', "\"\""),
            Self::Fixed | Self::Tab | Self::Rtf => text.to_string(),
        }
    }
}

/// The lines of the table.
pub(super) fn render(frame: &Frame, body: &[Part], format: Format) -> Vec<String> {
    match format {
        Format::Fixed => fixed(frame, body),
        Format::Latex { booktabs } => super::esttab_latex::lines(frame, body, format, booktabs),
        Format::Separated(_) | Format::Tab => separated(frame, body, format),
        Format::Html => html(frame, body, format),
        Format::Markdown => markdown(frame, body, format),
        Format::Rtf => super::esttab_rtf::document(frame, body),
    }
}

/// Lines of headings: each has one text for each column of each model.
pub(super) fn headings(frame: &Frame) -> Vec<Vec<String>> {
    let spread = |texts: Vec<String>, spans: &[usize]| {
        let (mut line, mut at) = (Vec::new(), 0);
        for (k, text) in texts.into_iter().enumerate() {
            let span = spans.get(k).copied().unwrap_or(1);
            let columns: usize = frame.widths[at..at + span].iter().sum();
            at += span;
            line.push(text);
            line.resize(line.len() + columns - 1, String::new());
        }
        line
    };
    let first_of = |texts: Vec<String>| spread(texts, &frame.spans);
    let models = if frame.spans.is_empty() { frame.models } else { frame.spans.len() };
    let mut out = Vec::new();
    out.extend(frame.groups.cells(&frame.widths));
    if frame.numbered {
        let [left, right] = &frame.numbers;
        let number = |i: usize| format!("{left}{i}{right}");
        out.push(first_of((1..=models).map(number).collect()));
    }
    if !frame.titles.is_empty() {
        out.push(first_of(frame.titles.clone()));
    }
    if frame.equations.iter().any(|text| !text.is_empty()) {
        out.push(spread(frame.equations.clone(), &[]));
    }
    if !frame.column_labels.is_empty() {
        let mut own = frame.column_labels.clone();
        own.resize(frame.columns(), String::new());
        out.push(own);
    }
    out
}

fn fixed(frame: &Frame, body: &[Part]) -> Vec<String> {
    let width = |text: &str| unicode_width::UnicodeWidthStr::width(text);
    let cut = |text: &str, room: usize| crate::format::abbrev(text, room);
    // a number is never cut: the row grows where it is wider than its column
    let pad = |text: &str, room: usize| format!("{}{text}", " ".repeat(room.saturating_sub(width(text))));
    let line = |label: &str, cells: &[Cell]| {
        let label = cut(label, frame.variables);
        let mut out = format!("{label}{}", " ".repeat(frame.variables.saturating_sub(width(&label))));
        for (k, cell) in cells.iter().enumerate() {
            out.push(' ');
            out.push_str(&pad(&cell.text, frame.column));
            if frame.starred[k] {
                let room = frame.star_width.saturating_sub(width(&cell.stars));
                out.push_str(&format!("{}{}", cell.stars, " ".repeat(room)));
            }
        }
        out
    };
    let columns: usize =
        frame.starred.iter().map(|s| 1 + frame.column + if *s { frame.star_width } else { 0 }).sum();
    let rule = "-".repeat(frame.variables + columns);
    let mut out = vec![String::new()];
    out.extend(frame.title.clone());
    let rules = |out: &mut Vec<String>| {
        if frame.rules {
            out.push(rule.clone());
        }
    };
    rules(&mut out);
    let heads = headings(frame);
    for texts in &heads {
        let cells: Vec<Cell> =
            texts.iter().map(|t| Cell { text: cut(t, frame.column), stars: String::new() }).collect();
        out.push(line("", &cells));
    }
    if !heads.is_empty() {
        rules(&mut out);
    }
    for part in body {
        match part {
            Part::Line(label, cells) => out.push(line(label, cells)),
            Part::Heading(text) => out.push(cut(text, frame.variables)),
            Part::Gap => out.push(String::new()),
            Part::Rule => rules(&mut out),
            Part::Before(_) | Part::After(_) | Part::Own(_) => {}
        }
    }
    rules(&mut out);
    out.extend(frame.notes.clone());
    out
}

fn separated(frame: &Frame, body: &[Part], format: Format) -> Vec<String> {
    let join = |texts: Vec<String>| match format {
        Format::Separated(c) => {
            let quoted: Vec<String> = texts.iter().map(|t| format!("\"{}\"", format.escaped(t))).collect();
            quoted.join(&c.to_string())
        }
        _ => texts.join("\t"),
    };
    let with =
        |label: &str, cells: Vec<String>| join(std::iter::once(label.to_string()).chain(cells).collect());
    let mut out: Vec<String> = frame.title.iter().map(|t| join(vec![t.clone()])).collect();
    out.extend(headings(frame).into_iter().map(|texts| with("", texts)));
    for part in body {
        match part {
            Part::Line(label, cells) => {
                out.push(with(label, cells.iter().map(|c| format!("{}{}", c.text, c.stars)).collect()));
            }
            Part::Heading(text) => out.push(join(vec![text.clone()])),
            _ => {}
        }
    }
    out.extend(frame.notes.iter().map(|n| join(vec![n.clone()])));
    out
}

fn html(frame: &Frame, body: &[Part], format: Format) -> Vec<String> {
    let columns = frame.columns() + 1;
    let mut out = vec!["<table border=\"0\" width=\"*\">".to_string()];
    out.extend(frame.title.iter().map(|t| format!("<caption>{}</caption>", format.escaped(t))));
    let rule = format!("<tr><td colspan={columns}><hr></td></tr>");
    out.push(rule.clone());
    let row = |label: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|c| format!("<td align=\"center\">{c}</td>")).collect();
        format!("<tr><td align=\"left\">{}</td>{cells}</tr>", format.escaped(label))
    };
    out.extend(headings(frame).into_iter().map(|t| row("", t.iter().map(|t| format.escaped(t)).collect())));
    out.push(rule.clone());
    for part in body {
        out.push(match part {
            Part::Line(label, cells) => {
                let cells = cells.iter().map(|c| {
                    let stars =
                        if c.stars.is_empty() { String::new() } else { format!("<sup>{}</sup>", c.stars) };
                    format!("{}{stars}", format.escaped(&c.text))
                });
                row(label, cells.collect())
            }
            Part::Heading(text) => row(text, Vec::new()),
            Part::Gap => format!("<tr><td colspan={columns}>&nbsp;</td></tr>"),
            Part::Rule => rule.clone(),
            Part::Before(_) | Part::After(_) | Part::Own(_) => continue,
        });
    }
    out.push(rule);
    out.push("</table>".to_string());
    out.extend(frame.notes.iter().map(|n| format!("<p>{n}</p>")));
    out
}

fn markdown(frame: &Frame, body: &[Part], format: Format) -> Vec<String> {
    let row =
        |label: &str, cells: Vec<String>| format!("| {} | {} |", format.escaped(label), cells.join(" | "));
    let columns = frame.columns();
    let mut out: Vec<String> = frame.title.iter().flat_map(|t| [t.clone(), String::new()]).collect();
    let mut heads = headings(frame).into_iter();
    out.push(row("", heads.next().unwrap_or_else(|| vec![String::new(); columns])));
    out.push(format!("|---|{}", "---:|".repeat(columns)));
    out.extend(heads.map(|texts| row("", texts)));
    for part in body {
        match part {
            Part::Line(label, cells) => {
                let cells = cells
                    .iter()
                    .map(|c| format!("{}{}", format.escaped(&c.text), c.stars.replace('*', "\\*")));
                out.push(row(label, cells.collect()));
            }
            Part::Heading(text) => out.push(row(&format!("**{text}**"), vec![String::new(); columns])),
            _ => {}
        }
    }
    out.push(String::new());
    out.extend(frame.notes.clone());
    out
}
