//! `collect` and `etable`: the current table as a file, and tables of estimates ([TABLES] collect export, [R] etable).
//! Collections with layouts and styles of their own are not there.

use super::docx;
use super::model::{Align, Block, Cell, Document, Grid, Look};
use super::pdf;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::collection::Sheet;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{top_level_comma, unquote};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format as CellFormat, FormatAlign, Workbook};
use std::fmt::Write as _;

/// `collect`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "collect",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "collect export filename [, as(docx|html|pdf|xlsx|tex|md|txt) replace tableonly] | collect preview | collect title \"text\" | collect notes \"text\" | collect clear",
    notes: "the table that table, dtable or etable showed last; the file type is that of the name; layouts, labels and styles of collections are not there; no results",
    examples: &[Example {
        run: "set obs 4\ngenerate g = ceil(_n/2)\ntempfile f\ntable g\ncollect export `f', as(md) replace\nscalar n = r(N)\nconfirm file `f'",
        expect: &[("n", 4.0)],
    }],
};

pub(super) use super::etable::SPEC as SPEC_ETABLE;

const OPTIONS: &[OptSpec] = &[OptSpec::text("as"), OptSpec::flag("replace"), OptSpec::flag("tableonly")];

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (main, options) = match top_level_comma(&cmd.raw) {
        Some(i) => (cmd.raw[..i].trim(), cmd.raw[i + 1..].trim()),
        None => (cmd.raw.trim(), ""),
    };
    let (word, rest) = main.split_once(char::is_whitespace).unwrap_or((main, ""));
    let none = || StataError::new(111, "no collection; table, dtable or etable has to be run first");
    if word.is_empty() || word.contains(':') {
        return Err(StataError::unsupported_command("collect: (the prefix)"));
    }
    match word {
        "export" => export(s, unquote(rest.trim()), options),
        "preview" => {
            let sheet = Sheet::current(s).ok_or_else(none)?.clone();
            sheet.print(s);
            Ok(())
        }
        "clear" => {
            Sheet::clear(s);
            Ok(())
        }
        "title" => {
            let text = unquote(rest.trim()).to_string();
            Sheet::current(s).ok_or_else(none)?.title = text;
            Ok(())
        }
        "notes" => {
            let text = unquote(rest.trim()).to_string();
            Sheet::current(s).ok_or_else(none)?.notes.push(text);
            Ok(())
        }
        "" => Err(StataError::syntax()),
        _ => Err(StataError::unsupported_command(&format!("collect {}", word.trim_end_matches(':')))),
    }
}

/// Writes the current table by the text of an option `export(filename [, options])`.
pub(super) fn export_option(s: &mut Session, text: &str) -> Result<()> {
    let (name, options) = match top_level_comma(text) {
        Some(i) => (text[..i].trim(), text[i + 1..].trim()),
        None => (text.trim(), ""),
    };
    export(s, unquote(name), options)
}

/// Writes the current table; `options` are those of `collect export`.
fn export(s: &mut Session, name: &str, options: &str) -> Result<()> {
    let options = Options::parse(
        "collect export",
        options,
        OPTIONS,
        &["sheet", "cell", "modify", "dofile", "cssfile", "noisily"],
    )?;
    if name.is_empty() {
        return Err(StataError::invalid("a file name is required"));
    }
    let sheet = Sheet::current(s)
        .ok_or_else(|| StataError::new(111, "no collection; table, dtable or etable has to be run first"))?
        .clone();
    let ending = name.rsplit('/').next().and_then(|n| n.rsplit_once('.')).map(|n| n.1.to_lowercase());
    let (name, kind) = match (options.text("as"), ending) {
        (Some(kind), None) => (format!("{name}.{kind}"), kind.to_string()),
        (Some(kind), Some(_)) => (name.to_string(), kind.to_string()),
        (None, Some(kind)) => (name.to_string(), kind),
        (None, None) => {
            return Err(StataError::invalid("the type of the file is not known; option as() gives it"));
        }
    };
    let path = s.path(&name);
    if path.exists() && !options.has("replace") {
        return Err(StataError::new(602, format!("file {name} already exists")));
    }
    let only = options.has("tableonly");
    let failed = |e: String| StataError::new(603, format!("file {name} could not be written: {e}"));
    let bytes = match kind.as_str() {
        "md" | "markdown" => markdown(&sheet).into_bytes(),
        "html" | "htm" => html(&sheet, only).into_bytes(),
        "tex" | "latex" => latex(&sheet, only).into_bytes(),
        "txt" => plain(&sheet).into_bytes(),
        "xlsx" => workbook(&sheet).map_err(|e| failed(e.to_string()))?,
        "docx" => docx::write(&document(&sheet)).map_err(|e| failed(e.to_string()))?,
        "pdf" => pdf::write(&document(&sheet)).map_err(|e| failed(e.to_string()))?,
        "smcl" | "xls" => {
            return Err(StataError::unsupported_option("collect export", &format!("as({kind})")));
        }
        _ => return Err(StataError::invalid(format!("{kind} is no type of collect export"))),
    };
    std::fs::write(&path, bytes).map_err(|e| failed(e.to_string()))?;
    s.print(format!("(collection exported to file {name})"));
    Ok(())
}

/// Lines of the table with the same number of cells.
fn lines(sheet: &Sheet) -> (usize, Vec<Vec<String>>) {
    let width = sheet.head.iter().chain(&sheet.rows).map(Vec::len).max().unwrap_or(1);
    let all = sheet.head.iter().chain(&sheet.rows).map(|l| {
        let mut line = l.clone();
        line.resize(width, String::new());
        line
    });
    (width, all.collect())
}

fn markdown(sheet: &Sheet) -> String {
    let (width, lines) = lines(sheet);
    let mut out = String::new();
    if !sheet.title.is_empty() {
        let _ = writeln!(out, "{}\n", sheet.title);
    }
    let row = |line: &[String]| {
        let cells: Vec<String> = line
            .iter()
            .map(|c| {
                // leading blanks are the indentation of labels
                let indent = c.len() - c.trim_start().len();
                format!("{}{}", "&nbsp;".repeat(indent), c.trim_start().replace('|', "\\|"))
            })
            .collect();
        format!("| {} |", cells.join(" | "))
    };
    // one line of headings only: those above it are rows before it would be read as data, so they are joined
    let head: Vec<String> = (0..width)
        .map(|j| {
            let parts: Vec<&str> =
                lines[..sheet.head.len()].iter().map(|l| l[j].as_str()).filter(|t| !t.is_empty()).collect();
            parts.join(" ")
        })
        .collect();
    let _ = writeln!(out, "{}", row(&head));
    let _ = writeln!(out, "|:---|{}", "---:|".repeat(width - 1));
    lines[sheet.head.len()..].iter().for_each(|l| {
        let _ = writeln!(out, "{}", row(l));
    });
    for note in &sheet.notes {
        let _ = writeln!(out, "\n{note}");
    }
    out
}

fn html(sheet: &Sheet, only: bool) -> String {
    let (_, lines) = lines(sheet);
    let mut body = String::from("<table>\n");
    if !sheet.title.is_empty() {
        let _ = writeln!(body, "<caption>{}</caption>", docx::escape(&sheet.title));
    }
    for (i, line) in lines.iter().enumerate() {
        match i {
            0 => body.push_str("<thead>\n"),
            i if i == sheet.head.len() => body.push_str("<tbody>\n"),
            _ => {}
        }
        body.push_str("<tr>");
        for (j, text) in line.iter().enumerate() {
            let tag = if i < sheet.head.len() || j == 0 { "th" } else { "td" };
            let indent = (text.len() - text.trim_start().len()) as f64 * 0.5;
            let style = if j > 0 {
                " style=\"text-align:right\"".to_string()
            } else {
                format!(" style=\"text-align:left;font-weight:normal;padding-left:{indent}em\"")
            };
            let _ = write!(body, "<{tag}{style}>{}</{tag}>", docx::escape(text.trim_start()));
        }
        body.push_str("</tr>\n");
        if i + 1 == sheet.head.len() {
            body.push_str("</thead>\n");
        }
    }
    if lines.len() > sheet.head.len() {
        body.push_str("</tbody>\n");
    }
    body.push_str("</table>\n");
    for note in &sheet.notes {
        let _ = writeln!(body, "<p>{}</p>", docx::escape(note));
    }
    if only {
        return body;
    }
    format!(
        "<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"><title>{}</title></head>\n<body>\n{body}</body>\n</html>\n",
        docx::escape(&sheet.title)
    )
}

/// Text for LaTeX.
fn tex(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '<' => out.push_str("\\textless{}"),
            '>' => out.push_str("\\textgreater{}"),
            c => out.push(c),
        }
    }
    out
}

fn latex(sheet: &Sheet, only: bool) -> String {
    let (width, lines) = lines(sheet);
    let mut body = String::from("\\begin{table}[!h]\n\\centering\n");
    if !sheet.title.is_empty() {
        let _ = writeln!(body, "\\caption{{{}}}", tex(&sheet.title));
    }
    let _ = writeln!(body, "\\begin{{tabular}}{{l{}}}\n\\hline", "r".repeat(width - 1));
    for (i, line) in lines.iter().enumerate() {
        if i == sheet.head.len() {
            body.push_str("\\hline\n");
        }
        let cells: Vec<String> = line
            .iter()
            .map(|c| {
                let indent = c.len() - c.trim_start().len();
                let space =
                    if indent > 0 { format!("\\hspace{{{}em}}", indent as f64 / 2.0) } else { String::new() };
                format!("{space}{}", tex(c.trim_start()))
            })
            .collect();
        let _ = writeln!(body, "{} \\\\", cells.join(" & "));
    }
    body.push_str("\\hline\n\\end{tabular}\n");
    for note in &sheet.notes {
        let _ = writeln!(body, "\\par {}", tex(note));
    }
    body.push_str("\\end{table}\n");
    if only {
        return body;
    }
    format!(
        "\\documentclass{{article}}\n\\usepackage[utf8]{{inputenc}}\n\\begin{{document}}\n{body}\\end{{document}}\n"
    )
}

fn plain(sheet: &Sheet) -> String {
    let mut s = Session::default();
    s.settings.linesize = 255;
    sheet.print(&mut s);
    s.out.take().trim_start_matches('\n').to_string()
}

fn workbook(sheet: &Sheet) -> std::result::Result<Vec<u8>, rust_xlsxwriter::XlsxError> {
    let (_, lines) = lines(sheet);
    let mut out = Workbook::new();
    // a fixed date, so that the same table gives the same file
    let created = ExcelDateTime::from_ymd(2000, 1, 1)?;
    out.set_properties(&DocProperties::new().set_creation_datetime(&created));
    let page = out.add_worksheet();
    let mut r = 0;
    if !sheet.title.is_empty() {
        page.write_string_with_format(0, 0, &sheet.title, &CellFormat::new().set_bold())?;
        r = 1;
    }
    page.set_column_width(0, 28)?;
    for (i, line) in lines.iter().enumerate() {
        for (j, text) in line.iter().enumerate().filter(|(_, t)| !t.is_empty()) {
            let column = j.min(16_000) as u16;
            let indent = ((text.len() - text.trim_start().len()) / 2).min(15) as u8;
            let mut look = CellFormat::new();
            look = if j == 0 { look.set_indent(indent) } else { look.set_align(FormatAlign::Right) };
            if i < sheet.head.len() {
                look = look.set_bold();
            }
            // numbers stay numbers, with as many decimals as are shown
            let number = text.replace(',', "");
            match number.parse::<f64>() {
                Ok(x) if j > 0 && i >= sheet.head.len() && x.is_finite() => {
                    let decimals = number.split_once('.').map_or(0, |d| d.1.len());
                    let comma = if text.contains(',') { "#,##0" } else { "0" };
                    let code = if decimals == 0 {
                        comma.to_string()
                    } else {
                        format!("{comma}.{}", "0".repeat(decimals))
                    };
                    page.write_number_with_format(r, column, x, &look.set_num_format(code))?
                }
                _ => page.write_string_with_format(r, column, text.trim_start(), &look)?,
            };
        }
        r += 1;
    }
    for note in &sheet.notes {
        page.write_string(r, 0, note)?;
        r += 1;
    }
    out.save_to_buffer()
}

fn document(sheet: &Sheet) -> Document {
    let (_, lines) = lines(sheet);
    let rows = lines
        .iter()
        .enumerate()
        .map(|(i, line)| {
            line.iter()
                .enumerate()
                .map(|(j, text)| Cell {
                    // blanks that are no-break keep the indentation
                    text: if j == 0 { text.replace("  ", "\u{a0}\u{a0}") } else { text.clone() },
                    look: Look { bold: i < sheet.head.len(), ..Look::default() },
                    align: if j == 0 { Align::Left } else { Align::Right },
                })
                .collect()
        })
        .collect();
    let grid = Grid {
        name: String::new(),
        title: sheet.title.clone(),
        notes: sheet.notes.clone(),
        rows,
        headings: sheet.head.len(),
    };
    Document { page: (8.5, 11.0), size: 11.0, blocks: vec![Block::Table(grid)] }
}
