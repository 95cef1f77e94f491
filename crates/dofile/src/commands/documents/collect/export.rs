//! `collect export` ([TABLES] collect export): the tables of a collection as a file.

use super::super::docx;
use super::super::model::{Align, Block, Cell, Document, Grid, Look};
use super::super::pdf;
use super::super::putexcel_place::{Place, place_collection};
use super::view::sheets_of;
use crate::error::{Result, StataError};
use crate::ops::collection::Sheet;
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{front_and_options, unquote};
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format as CellFormat, FormatAlign, Workbook, Worksheet, XlsxError,
};
use std::fmt::Write as _;

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("as"),
    OptSpec::text("name"),
    OptSpec::flag("replace"),
    OptSpec::flag("tableonly"),
    OptSpec::flag("noopen"),
    OptSpec::text("sheet"),
    OptSpec::text("cell"),
    OptSpec::flag("modify"),
];

/// `collect export`.
pub(super) fn export_command(s: &mut Session, text: &str) -> Result<()> {
    export_option(s, text)
}

/// Writes the current table by the text of an option `export(filename [, options])`.
pub(in crate::commands::documents) fn export_option(s: &mut Session, text: &str) -> Result<()> {
    let (name, options) = front_and_options(text);
    export(s, unquote(name), options)
}

/// Writes the current table; `options` are those of `collect export`.
fn export(s: &mut Session, name: &str, options: &str) -> Result<()> {
    let options = Options::parse("collect export", options, OPTIONS, &["dofile", "cssfile", "noisily"])?;
    if name.is_empty() {
        return Err(StataError::invalid("a file name is required"));
    }
    let sheets = sheets_of(s, options.text("name").map(str::trim))?;
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
    let place = place(&options)?.or_else(|| (kind == "xls").then(Place::default));
    if let Some(place) = &place {
        if !["xlsx", "xls"].contains(&kind.as_str()) {
            return Err(StataError::invalid(
                "options sheet(), cell() and modify are for the types xlsx and xls",
            ));
        }
        if path.exists() && !options.has("replace") && !place.modifies {
            return Err(StataError::new(602, format!("file {name} already exists")));
        }
        place_collection(s, &name, place)?;
        s.print(format!("(collection exported to file {name})"));
        return Ok(());
    }
    if path.exists() && !options.has("replace") {
        return Err(StataError::new(602, format!("file {name} already exists")));
    }
    let only = options.has("tableonly");
    let failed = |e: String| StataError::new(603, format!("file {name} could not be written: {e}"));
    let bytes = match kind.as_str() {
        "md" | "markdown" => joined(&sheets, markdown).into_bytes(),
        "html" | "htm" => page(&sheets, only).into_bytes(),
        "tex" | "latex" => article(&sheets, only).into_bytes(),
        "txt" => joined(&sheets, plain).into_bytes(),
        "xlsx" => {
            // kept for a later `modify`
            place_collection(s, &name, &Place::default())?;
            workbook(&sheets).map_err(|e| failed(e.to_string()))?
        }
        "docx" => docx::write(&document(&sheets)).map_err(|e| failed(e.to_string()))?,
        "pdf" => pdf::write(&document(&sheets)).map_err(|e| failed(e.to_string()))?,
        "smcl" => {
            return Err(StataError::unsupported_option("collect export", &format!("as({kind})")));
        }
        _ => return Err(StataError::invalid(format!("{kind} is no type of collect export"))),
    };
    std::fs::write(&path, bytes).map_err(|e| failed(e.to_string()))?;
    s.print(format!("(collection exported to file {name})"));
    Ok(())
}

/// `sheet()`, `cell()` and `modify`, where one of them was given.
fn place(options: &Options) -> Result<Option<Place>> {
    let (sheet, cell) = (options.text("sheet"), options.text("cell"));
    if sheet.is_none() && cell.is_none() && !options.has("modify") {
        return Ok(None);
    }
    if options.has("modify") && options.has("replace") {
        return Err(StataError::invalid("only one of replace and modify is allowed"));
    }
    let (name, rest) = front_and_options(sheet.unwrap_or("Sheet1"));
    let is_new_sheet = match rest.trim() {
        "" => false,
        "replace" => true,
        other => return Err(StataError::option_not_allowed(other)),
    };
    Ok(Some(Place {
        sheet: unquote(name.trim()).to_string(),
        is_new_sheet,
        cell: cell.unwrap_or("A1").trim().to_string(),
        modifies: options.has("modify"),
    }))
}

/// The texts of tables, one after another.
fn joined(sheets: &[Sheet], text: impl Fn(&Sheet) -> String) -> String {
    sheets.iter().map(text).collect::<Vec<_>>().join("\n")
}

/// Title of a table and what tells it from the other tables of the layout.
fn headings(sheet: &Sheet) -> impl Iterator<Item = &str> {
    [sheet.title.as_str(), sheet.panel.as_str()].into_iter().filter(|t| !t.is_empty())
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
    for title in headings(sheet) {
        let _ = writeln!(out, "{title}\n");
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
    let stub = sheet.labels();
    let _ = writeln!(out, "|{}{}", ":---|".repeat(stub), "---:|".repeat(width.saturating_sub(stub)));
    lines[sheet.head.len()..].iter().for_each(|l| {
        let _ = writeln!(out, "{}", row(l));
    });
    for note in &sheet.notes {
        let _ = writeln!(out, "\n{note}");
    }
    out
}

fn html(sheet: &Sheet) -> String {
    let (_, lines) = lines(sheet);
    let mut body = String::from("<table>\n");
    let titles: Vec<String> = headings(sheet).map(docx::escape).collect();
    if !titles.is_empty() {
        let _ = writeln!(body, "<caption>{}</caption>", titles.join("<br>"));
    }
    for (i, line) in lines.iter().enumerate() {
        match i {
            0 => body.push_str("<thead>\n"),
            i if i == sheet.head.len() => body.push_str("<tbody>\n"),
            _ => {}
        }
        body.push_str("<tr>");
        for (j, text) in line.iter().enumerate() {
            let tag = if i < sheet.head.len() || j < sheet.labels() { "th" } else { "td" };
            let indent = (text.len() - text.trim_start().len()) as f64 * 0.5;
            let style = if j >= sheet.labels() {
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
    body
}

fn page(sheets: &[Sheet], only: bool) -> String {
    let body = joined(sheets, html);
    if only {
        return body;
    }
    let title = sheets.first().map_or("", |sheet| sheet.title.as_str());
    format!(
        "<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"><title>{}</title></head>\n<body>\n{body}</body>\n</html>\n",
        docx::escape(title)
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

fn latex(sheet: &Sheet) -> String {
    let (width, lines) = lines(sheet);
    let mut body = String::from("\\begin{table}[!h]\n\\centering\n");
    let titles: Vec<String> = headings(sheet).map(tex).collect();
    if !titles.is_empty() {
        let _ = writeln!(body, "\\caption{{{}}}", titles.join(": "));
    }
    let stub = sheet.labels();
    let _ = writeln!(
        body,
        "\\begin{{tabular}}{{{}{}}}\n\\hline",
        "l".repeat(stub),
        "r".repeat(width.saturating_sub(stub))
    );
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
    body
}

fn article(sheets: &[Sheet], only: bool) -> String {
    let body = joined(sheets, latex);
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

fn workbook(sheets: &[Sheet]) -> std::result::Result<Vec<u8>, XlsxError> {
    let mut out = Workbook::new();
    // a fixed date, so that the same table gives the same file
    let created = ExcelDateTime::from_ymd(2000, 1, 1)?;
    out.set_properties(&DocProperties::new().set_creation_datetime(&created));
    let page = out.add_worksheet();
    page.set_column_width(0, 28)?;
    let mut r = 0;
    for sheet in sheets {
        r = write_sheet(page, sheet, r)?;
    }
    out.save_to_buffer()
}

/// Writes a table from a row on, and returns the row behind it.
fn write_sheet(page: &mut Worksheet, sheet: &Sheet, from: u32) -> std::result::Result<u32, XlsxError> {
    let (_, lines) = lines(sheet);
    let mut r = from;
    for title in headings(sheet) {
        page.write_string_with_format(r, 0, title, &CellFormat::new().set_bold())?;
        r += 1;
    }
    for (i, line) in lines.iter().enumerate() {
        for (j, text) in line.iter().enumerate().filter(|(_, t)| !t.is_empty()) {
            let column = j.min(16_000) as u16;
            let is_label = j < sheet.labels();
            let indent = ((text.len() - text.trim_start().len()) / 2).min(15) as u8;
            let mut look = CellFormat::new();
            look = if is_label { look.set_indent(indent) } else { look.set_align(FormatAlign::Right) };
            if i < sheet.head.len() {
                look = look.set_bold();
            }
            // numbers stay numbers, with as many decimals as are shown
            let number = text.replace(',', "");
            match number.parse::<f64>() {
                Ok(x) if !is_label && i >= sheet.head.len() && x.is_finite() => {
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
    Ok(r)
}

/// The tables of the current collection for a document.
pub(in crate::commands::documents) fn current_grids(s: &Session) -> Result<Vec<Grid>> {
    Ok(sheets_of(s, None)?.iter().map(grid).collect())
}

fn document(sheets: &[Sheet]) -> Document {
    Document { page: (8.5, 11.0), size: 11.0, blocks: sheets.iter().map(|s| Block::Table(grid(s))).collect() }
}

fn grid(sheet: &Sheet) -> Grid {
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
                    align: if j < sheet.labels() { Align::Left } else { Align::Right },
                    ..Cell::default()
                })
                .collect()
        })
        .collect();
    Grid {
        title: headings(sheet).collect::<Vec<_>>().join(", "),
        notes: sheet.notes.clone(),
        rows,
        headings: sheet.head.len(),
        ..Grid::default()
    }
}
