//! The LaTeX format of `esttab`.

use super::esttab_options::Given;
use super::esttab_rows::{Cell, Part};
use super::esttab_text::{Format, Frame, headings};
use crate::syntax::split::unquote;

/// What stands around a table of LaTeX.
#[derive(Debug, Clone, Default)]
pub(super) struct Document {
    /// Packages of a document of its own.
    pub page: Option<Vec<String>>,
    /// Width of the table.
    pub width: Option<String>,
    pub long: bool,
    pub no_float: bool,
}

impl Document {
    /// Reads `page()`, `width()`, `longtable` and `nofloat`.
    pub(super) fn read(options: &Given) -> Self {
        let packages = |text: &str| text.split_whitespace().map(str::to_string).collect();
        Self {
            page: options.has("page").then(|| packages(options.text("page").unwrap_or(""))),
            width: options.text("width").map(|t| unquote(t.trim()).to_string()),
            long: options.has("longtable"),
            no_float: options.has("nofloat"),
        }
    }
}

/// The lines of the table.
pub(super) fn lines(frame: &Frame, body: &[Part], format: Format, booktabs: bool) -> Vec<String> {
    let stub = frame.variables;
    let rule = |own: &str, plain: &str| if booktabs { own.to_string() } else { plain.to_string() };
    let mut out = Vec::new();
    if let Some(lines) = &frame.around.pre_head {
        out.extend(lines.clone());
    } else if !frame.fragment {
        out.extend(opening(frame, booktabs));
    }
    let heads = heads(frame, format);
    let some = !heads.is_empty();
    out.extend(heads);
    if let Some(lines) = &frame.around.post_head {
        out.extend(lines.clone());
    } else if some && (!frame.fragment || frame.rules) {
        out.push(rule("\\midrule", "\\hline"));
    }
    let mut pre_foot = frame.around.pre_foot.clone();
    let mut before = String::new();
    for part in body {
        match part {
            Part::Line(label, cells) => {
                out.push(std::mem::take(&mut before) + &row(frame, label, cells, format));
            }
            Part::Heading(text) => {
                out.push(format!("{:<stub$}{}\\\\", format.escaped(text), "&".repeat(frame.columns())));
            }
            Part::Gap => out.push(rule("\\addlinespace", "[1em]")),
            Part::Rule => match pre_foot.take() {
                Some(lines) => out.extend(lines),
                None => out.push(rule("\\midrule", "\\hline")),
            },
            Part::Before(text) => before.clone_from(text),
            Part::After(text) => out.last_mut().into_iter().for_each(|last| last.push_str(text)),
            Part::Own(text) => out.push(text.clone()),
        }
    }
    out.extend(pre_foot.into_iter().flatten());
    if let Some(lines) = &frame.around.post_foot {
        out.extend(lines.clone());
    } else if !frame.fragment {
        out.push(rule("\\bottomrule", "\\hline\\hline"));
        out.extend(closing(frame, format));
    }
    match &frame.document.page {
        Some(packages) => page(packages, out, booktabs, frame.document.long),
        None => out,
    }
}

/// The lines that open the table, up to its first rule.
fn opening(frame: &Frame, booktabs: bool) -> Vec<String> {
    let document = &frame.document;
    let sym = "\\def\\sym#1{\\ifmmode^{#1}\\else\\(^{#1}\\)\\fi}".to_string();
    let columns = frame.columns();
    let alignment = frame.alignment.as_deref().unwrap_or("c");
    let columns = format!("l*{{{columns}}}{{{alignment}}}");
    let top = if booktabs { "\\toprule" } else { "\\hline\\hline" };
    if document.long {
        let middle = if booktabs { "\\midrule" } else { "\\hline" };
        let mut out = vec!["{".to_string(), sym, format!("\\begin{{longtable}}{{{columns}}}")];
        out.extend(frame.title.iter().map(|title| format!("\\caption{{{title}}}\\\\")));
        out.push(format!("{top}\\endfirsthead{middle}\\endhead{middle}\\endfoot\\endlastfoot"));
        return out;
    }
    let mut out = vec![if floats(frame) { "\\begin{table}[htbp]\\centering" } else { "{" }.to_string(), sym];
    out.extend(frame.title.iter().map(|title| format!("\\caption{{{title}}}")));
    out.push(match &document.width {
        Some(width) => {
            format!("\\begin{{tabular*}}{{{width}}}{{@{{\\hskip\\tabcolsep\\extracolsep\\fill}}{columns}}}")
        }
        None => format!("\\begin{{tabular}}{{{columns}}}"),
    });
    out.push(top.to_string());
    out
}

fn floats(frame: &Frame) -> bool {
    frame.title.is_some() && !frame.document.no_float && !frame.document.long
}

/// The notes and the lines that close the table.
fn closing(frame: &Frame, format: Format) -> Vec<String> {
    let mut out = Vec::new();
    for note in &frame.notes {
        let note = if note.contains('\\') { note.clone() } else { format.escaped(note) };
        out.push(format!("\\multicolumn{{{}}}{{l}}{{\\footnotesize {note}}}\\\\", frame.columns() + 1));
    }
    let environment = match (frame.document.long, &frame.document.width) {
        (true, _) => "longtable",
        (_, Some(_)) => "tabular*",
        _ => "tabular",
    };
    out.push(format!("\\end{{{environment}}}"));
    out.push(if floats(frame) { "\\end{table}" } else { "}" }.to_string());
    out
}

/// A document of its own around the table.
fn page(packages: &[String], table: Vec<String>, booktabs: bool, long: bool) -> Vec<String> {
    let mut out = vec!["\\documentclass{article}".to_string()];
    out.extend(packages.iter().map(|name| format!("\\usepackage{{{name}}}")));
    let own = [(booktabs, "booktabs"), (long, "longtable")];
    let needed = own.iter().filter(|(used, name)| *used && !packages.iter().any(|p| p == name));
    out.extend(needed.map(|(_, name)| format!("\\usepackage{{{name}}}")));
    out.extend(["\\begin{document}".to_string(), String::new()]);
    out.extend(table);
    out.extend([String::new(), "\\end{document}".to_string()]);
    out
}

/// The lines of headings. A number or title of a model stands over all of its columns.
fn heads(frame: &Frame, format: Format) -> Vec<String> {
    let label_of = |text: &str| format!("{:<stub$}", format.escaped(text), stub = frame.variables);
    let groups = frame.groups.latex(&frame.widths, |t| format.escaped(t));
    let mut heads = headings(frame);
    let mut out = Vec::new();
    if let Some(line) = &groups {
        heads.remove(0);
        out.push(format!("{}{line}", label_of(&frame.groups.left)));
    }
    let labels = usize::from(!frame.column_labels.is_empty());
    let equations = usize::from(frame.equations.iter().any(|text| !text.is_empty()));
    let of_models = heads.len() - labels - equations;
    for (k, texts) in heads.iter().enumerate() {
        let spans = match k {
            k if k < of_models => model_widths(frame),
            k if k < of_models + equations => frame.widths.clone(),
            _ => vec![1; texts.len()],
        };
        let (mut line, mut at) = (label_of(""), 0);
        for span in spans {
            line.push_str(&format!("&\\multicolumn{{{span}}}{{c}}{{{}}}", format.escaped(&texts[at])));
            at += span;
        }
        out.push(line + "\\\\");
    }
    out
}

/// Number of columns of each model; an unstacked one has those of all its equations.
fn model_widths(frame: &Frame) -> Vec<usize> {
    if frame.spans.is_empty() {
        return frame.widths.clone();
    }
    let mut widths = frame.widths.iter();
    frame.spans.iter().map(|span| widths.by_ref().take(*span).sum()).collect()
}

/// A line with its label and its cells.
fn row(frame: &Frame, label: &str, cells: &[Cell], format: Format) -> String {
    let cells: String = cells
        .iter()
        .enumerate()
        .map(|(k, c)| {
            let mark = if c.stars.is_empty() { String::new() } else { format!("\\sym{{{}}}", c.stars) };
            let room = if frame.starred[k] { frame.star_width + 6 } else { 0 };
            format!("&{:>width$}{mark:<room$}", format.escaped(&c.text), width = frame.column)
        })
        .collect();
    let statistic = label.starts_with("\\(") || label.contains("\\textit") || label.contains("R^{2}");
    let label = if statistic { label.to_string() } else { format.escaped(label) };
    format!("{label:<stub$}{cells}\\\\", stub = frame.variables)
}
