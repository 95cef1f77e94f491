//! `putexcel`: cells, matrices and estimates in a workbook. The workbook is kept in memory while it is set and
//! written after each statement (with `open`: at `putexcel save`); workbooks of others are not changed.

use std::collections::BTreeMap;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook};

use super::collect::current_grids;
use super::content::text_options;
use super::putexcel_style::{CellStyle, Merging, cell_format, cell_style};
use super::table;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::files::{check_replace, with_extension};
use crate::ops::xls::{self, is_xls};
use crate::session::{Extension, Session};
use crate::syntax::ParsedCommand;
use crate::syntax::split::{front_and_options, unquote};
use crate::value::{Value, is_missing};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "putexcel",
    min: 4,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "putexcel set file [, sheet(name) replace modify open] | ul_cell = {\"text\" | (exp) | matrix(name) [, names rownames colnames] | etable | collect} [...] [, bold italic underline nformat(excelcode) halign() left|hcenter|right top|vcenter|bottom txtwrap merge|unmerge border(all|left|right|top|bottom[, style]) fpattern(solid, color) font(name, size, color)] | cellrange, formats | describe | save | clear",
    notes: "modify works on workbooks of the same run; formulas as formula(\"=A1+B1\"); formats of a range are added to those that its cells have",
    examples: &[Example {
        run: "set obs 5\ngenerate x = _n\nsummarize x\ntempfile f\nputexcel set \"`f'.xlsx\", replace\nputexcel A1 = \"mean\" B1 = (r(mean)), bold\nmatrix M = (1, 2 \\ 3, 4)\nputexcel A3 = matrix(M), names nformat(0.00)\nputexcel A9 = \"平均\"\nimport excel \"`f'.xlsx\", clear\nscalar mean = B[1] == \"3\"\nscalar cell = C[5] == \"4\"\nscalar text = A[9] == \"平均\"\nputexcel clear\nerase \"`f'.xlsx\"",
        expect: &[("mean", 1.0), ("cell", 1.0), ("text", 1.0)],
    }],
};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    Empty,
    Number(f64),
    Text(String),
    Formula(String),
}

/// A sheet with the first and the last cell of a merged range.
pub(super) type Merged = (usize, (u32, u16), (u32, u16));

/// The workbook that `putexcel set` made.
#[derive(Clone, Debug, Default)]
pub(super) struct Book {
    pub(super) file: String,
    pub(super) sheet: String,
    pub(super) open: bool,
    pub(super) sheets: Vec<String>,
    pub(super) cells: BTreeMap<(usize, u32, u16), (Content, CellStyle)>,
    /// Merged ranges of a sheet, from their first to their last cell.
    pub(super) merged: Vec<Merged>,
}

/// Workbooks of the run by file, so that `modify` can continue with them.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) current: Option<Book>,
    pub(super) written: BTreeMap<String, Book>,
}

impl Extension for State {}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (main, options) = front_and_options(&cmd.raw);
    let (word, rest) = main.split_once(char::is_whitespace).unwrap_or((main, ""));
    match word {
        "set" => set(s, rest.trim(), options),
        "clear" => {
            s.extensions.state::<State>().current = None;
            Ok(())
        }
        "describe" | "d" => {
            let line = match &s.extensions.state::<State>().current {
                Some(b) => format!("  file {}, sheet {}", b.file, b.sheet),
                None => "  no workbook is set".to_string(),
            };
            s.print(line);
            Ok(())
        }
        "save" | "close" => {
            write(s)?;
            let done = s.extensions.state::<State>().current.take();
            if let Some(book) = done {
                let file = book.file.clone();
                s.extensions.state::<State>().written.insert(file.clone(), book);
                s.print(format!("file {file} saved"));
            }
            Ok(())
        }
        "" => Err(StataError::syntax()),
        "sheetset" => Err(StataError::unsupported_command("putexcel sheetset")),
        _ => cells(s, main, options),
    }
}

pub(super) fn set(s: &mut Session, rest: &str, options: &str) -> Result<()> {
    let file = with_extension(unquote(rest), "xlsx");
    if !file.to_lowercase().ends_with(".xlsx") && !is_xls(&file) {
        return Err(StataError::new(199, "putexcel writes .xlsx and .xls files only in the open engine"));
    }
    let (mut sheet, mut replace, mut modify, mut open) = ("Sheet1".to_string(), false, false, false);
    for (name, argument) in crate::syntax::options::split_options(options)? {
        match (name.as_str(), argument.as_deref()) {
            ("sheet", Some(a)) => sheet = unquote(a.split(',').next().unwrap_or(a).trim()).to_string(),
            ("replace", None) => replace = true,
            ("modify", None) => modify = true,
            ("open", None) => open = true,
            ("keepcellformat" | "locale" | "nomsg", _) => {
                return Err(StataError::unsupported_option("putexcel set", &name));
            }
            (o, _) => return Err(StataError::option_not_allowed(o)),
        }
    }
    let path = s.path(&file);
    let (old, others) = {
        let st = s.extensions.state::<State>();
        if let Some(b) = st.current.take() {
            st.written.insert(b.file.clone(), b);
        }
        let old = st.written.remove(&file);
        (old, path.exists())
    };
    let mut book = match old {
        Some(book) if modify => book,
        None if modify && others => {
            return Err(StataError::new(
                199,
                "putexcel set, modify of a workbook of another program is not supported by the open engine",
            ));
        }
        _ => {
            check_replace(&path, &file, replace || modify)?;
            Book { file, ..Book::default() }
        }
    };
    if !book.sheets.contains(&sheet) {
        book.sheets.push(sheet.clone());
    }
    book.sheet = sheet;
    book.open = open;
    s.extensions.state::<State>().current = Some(book);
    Ok(())
}

/// `A1` or `A1:C5` as row and column ranges.
fn area(text: &str) -> Option<((u32, u16), (u32, u16))> {
    let one = |t: &str| {
        let letters = t.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (column, row) = t.split_at(letters);
        if letters == 0 || letters > 3 {
            return None;
        }
        let c = column.bytes().fold(0u32, |c, b| c * 26 + u32::from(b.to_ascii_uppercase() - b'A') + 1);
        let r = row.parse::<u32>().ok().filter(|r| (1..=1_048_576).contains(r))?;
        (c <= 16_384).then_some((r - 1, c as u16 - 1))
    };
    match text.split_once(':') {
        Some((a, b)) => Some((one(a)?, one(b)?)),
        None => one(text).map(|p| (p, p)),
    }
}

pub(super) fn cells(s: &mut Session, main: &str, options: &str) -> Result<()> {
    if s.extensions.state::<State>().current.is_none() {
        return Err(StataError::new(119, "no workbook is set; putexcel set first"));
    }
    let (style, names, merging) = cell_style(&text_options(options)?)?;
    let mut rest = main.trim();
    let mut put: Vec<((u32, u16), Content)> = Vec::new();
    let mut formatted = Vec::new();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
        let cells = &rest[..end];
        let inside = cells.strip_prefix('(').and_then(|c| c.strip_suffix(')'));
        let (first, last) = area(inside.unwrap_or(cells))
            .ok_or_else(|| StataError::invalid(format!("{}: invalid cell", &rest[..end])))?;
        rest = rest[end..].trim_start();
        let Some(after) = rest.strip_prefix('=') else {
            formatted.push((first, last));
            continue;
        };
        let after = after.trim_start();
        let (value, tail) = value_text(after)?;
        rest = tail.trim_start();
        contents(s, value, first, names, &mut put)?;
    }
    let too_many = |(a, b): &((u32, u16), (u32, u16))| {
        (u64::from(b.0.saturating_sub(a.0)) + 1) * (u64::from(b.1.saturating_sub(a.1)) + 1) > 1_000_000
    };
    if formatted.iter().any(too_many) {
        return Err(StataError::invalid("the cell range is too large"));
    }
    let book = s.extensions.state::<State>().current.as_mut().ok_or_else(StataError::syntax)?;
    let sheet = book.sheets.iter().position(|n| *n == book.sheet).unwrap_or(0);
    for ((r, c), content) in put {
        let number = matches!(content, Content::Number(_));
        let mut own = style.clone();
        if !number {
            own.number = None;
        }
        book.cells.insert((sheet, r, c), (content, own));
    }
    for (first @ (r0, c0), last @ (r1, c1)) in formatted {
        for r in r0..=r1 {
            for c in c0..=c1 {
                let slot = book.cells.entry((sheet, r, c)).or_insert((Content::Empty, CellStyle::default()));
                slot.1.add(&style);
            }
        }
        if merging != Merging::Unchanged {
            book.merged.retain(|(k, a, b)| *k != sheet || b.0 < r0 || a.0 > r1 || b.1 < c0 || a.1 > c1);
        }
        if merging == Merging::Merge && first != last {
            book.merged.push((sheet, first, last));
        }
    }
    if book.open { Ok(()) } else { write(s) }
}

/// The value behind `=`: a quoted text, `(exp)`, `name(…)` or a word; and what follows.
fn value_text(text: &str) -> Result<(&str, &str)> {
    let b = text.as_bytes();
    if b.is_empty() {
        return Err(StataError::syntax());
    }
    if crate::syntax::split::quote_at(b, 0) {
        return Ok(text.split_at(crate::syntax::split::skip_quote(b, 0)));
    }
    let end = text.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(text.len());
    if text[end..].starts_with('(') {
        let close = crate::syntax::split::matching_paren(text, end).ok_or_else(StataError::syntax)?;
        return Ok(text.split_at(close + 1));
    }
    Ok(text.split_at(end))
}

fn contents(
    s: &Session,
    value: &str,
    at: (u32, u16),
    names: [bool; 2],
    put: &mut Vec<((u32, u16), Content)>,
) -> Result<()> {
    let number = |x: f64| if is_missing(x) { Content::Empty } else { Content::Number(x) };
    if let Some(inner) = value.strip_prefix("matrix(").and_then(|v| v.strip_suffix(')')) {
        let name = inner.split(',').next().unwrap_or(inner).trim();
        let m = s.matrix(name).ok_or_else(|| StataError::not_found(name))?;
        let (top, left) = (u32::from(names[1]), u16::from(names[0]));
        if at.0 as usize + m.rows() + 1 > 1_048_576 || at.1 as usize + m.cols() + 1 > 16_384 {
            return Err(StataError::invalid("the matrix does not fit the sheet"));
        }
        if names[1] {
            put.extend(
                m.col_names
                    .iter()
                    .enumerate()
                    .map(|(j, n)| ((at.0, at.1 + left + j as u16), Content::Text(n.full()))),
            );
        }
        if names[0] {
            put.extend(
                m.row_names
                    .iter()
                    .enumerate()
                    .map(|(i, n)| ((at.0 + top + i as u32, at.1), Content::Text(n.full()))),
            );
        }
        for i in 0..m.rows() {
            for j in 0..m.cols() {
                put.push(((at.0 + top + i as u32, at.1 + left + j as u16), number(m.get(i, j))));
            }
        }
        return Ok(());
    }
    if value == "etable" || value == "collect" {
        let grids = if value == "etable" { vec![table::estimates(s)?] } else { current_grids(s)? };
        let rows = grids.iter().flat_map(|grid| &grid.rows);
        for (i, row) in rows.enumerate() {
            for (j, cell) in row.iter().enumerate().filter(|(_, cell)| !cell.text.is_empty()) {
                let content = match cell.text.trim().replace(',', "").parse::<f64>() {
                    Ok(x) if j > 0 => Content::Number(x),
                    _ => Content::Text(cell.text.clone()),
                };
                put.push(((at.0 + i as u32, at.1 + j as u16), content));
            }
        }
        return Ok(());
    }
    if let Some(inner) = value.strip_prefix("formula(").and_then(|v| v.strip_suffix(')')) {
        put.push((at, Content::Formula(unquote(inner.trim()).to_string())));
        return Ok(());
    }
    if ["picture(", "image(", "rscalars", "escalars", "emacros", "rmacros", "returnset"]
        .iter()
        .any(|p| value.starts_with(p))
    {
        return Err(StataError::unsupported_option("putexcel", value.split('(').next().unwrap_or(value)));
    }
    put.push((
        at,
        match s.eval(value)? {
            Value::Num(x) => number(x),
            Value::Str(t) => Content::Text(t),
        },
    ));
    Ok(())
}

fn write(s: &mut Session) -> Result<()> {
    let Some(book) = &s.extensions.state::<State>().current else {
        return Err(StataError::new(119, "no workbook is set; putexcel set first"));
    };
    let file = book.file.clone();
    if is_xls(&file) {
        let bytes = old_workbook(book)?;
        let path = s.path(&file);
        return std::fs::write(&path, bytes).map_err(|e| StataError::unwritten(file, &e));
    }
    let failed = |e: rust_xlsxwriter::XlsxError| {
        StataError::new(603, format!("file {file} could not be written: {e}"))
    };
    let mut out = Workbook::new();
    // a fixed date, so that the same cells give the same file
    let created = ExcelDateTime::from_ymd(2000, 1, 1).map_err(failed)?;
    out.set_properties(&DocProperties::new().set_creation_datetime(&created));
    for (k, name) in book.sheets.iter().enumerate() {
        let sheet = out.add_worksheet();
        sheet.set_name(name).map_err(failed)?;
        for (_, (r0, c0), (r1, c1)) in book.merged.iter().filter(|m| m.0 == k) {
            let style = book.cells.get(&(k, *r0, *c0)).map(|cell| cell_format(&cell.1)).unwrap_or_default();
            // the cells are written below: the first one over the empty text, the others keep their formats
            sheet.merge_range(*r0, *c0, *r1, *c1, "", &style).map_err(failed)?;
        }
        for (&(_, r, c), (content, style)) in book.cells.range((k, 0, 0)..=(k, u32::MAX, u16::MAX)) {
            let f = cell_format(style);
            match content {
                Content::Number(x) => sheet.write_number_with_format(r, c, *x, &f),
                Content::Text(t) => sheet.write_string_with_format(r, c, t, &f),
                Content::Formula(t) => sheet.write_formula_with_format(r, c, t.as_str(), &f),
                Content::Empty => sheet.write_blank(r, c, &f),
            }
            .map_err(failed)?;
        }
    }
    let bytes = out.save_to_buffer().map_err(failed)?;
    let path = s.path(&file);
    std::fs::write(&path, bytes).map_err(|e| StataError::unwritten(file, &e))
}

/// The bytes of a workbook of Excel 97 to 2003.
fn old_workbook(book: &Book) -> Result<Vec<u8>> {
    let mut sheets = Vec::new();
    for (k, name) in book.sheets.iter().enumerate() {
        let mut cells = Vec::new();
        for (&(_, r, c), (content, style)) in book.cells.range((k, 0, 0)..=(k, u32::MAX, u16::MAX)) {
            let cell = match content {
                Content::Empty => xls::Cell::Empty,
                Content::Number(x) => xls::Cell::Number(*x),
                Content::Text(t) => xls::Cell::Text(t.clone()),
                Content::Formula(_) => {
                    return Err(StataError::unsupported_option("putexcel", "formula() in a file .xls"));
                }
            };
            cells.push(((r, c), cell, style.old_look()));
        }
        sheets.push(xls::Sheet { name: name.clone(), cells });
    }
    xls::write(&sheets).ok_or_else(|| StataError::new(198, "the cells do not fit a file .xls; use .xlsx"))
}
