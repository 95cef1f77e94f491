//! Writes a table to a file: Word, rich text, LaTeX, HTML, Markdown, workbooks, text with tabs or commas.

use super::Target;
use crate::error::{Result, StataError};
use crate::ops::collection::{Collections, Sheet};
use crate::ops::files::check_replace;
use crate::ops::run::quietly;
use crate::session::Session;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Writes the table; the ending of the file name decides the kind of file.
pub(super) fn write(s: &mut Session, sheet: Sheet, target: &Target) -> Result<()> {
    let file = target.file.as_str();
    let path = s.path(file);
    let old = match path.exists() && target.append && !target.replace {
        true => Some(std::fs::read(&path).map_err(|e| failed(file, &e.to_string()))?),
        false => {
            check_replace(&path, file, target.replace || target.append)?;
            None
        }
    };
    let kind = file.rsplit('.').next().unwrap_or("").to_lowercase();
    let bytes = match (kind.as_str(), old) {
        ("docx", old) => {
            let new = exported(s, sheet, "docx", "")?;
            match old {
                None => new,
                Some(old) => {
                    figure::docx::join(&old, &new, false).map_err(|e| failed(file, &e.to_string()))?
                }
            }
        }
        ("doc" | "rtf", old) => rich_text(&sheet, old, file)?,
        ("xlsx" | "pdf", Some(_)) => {
            let text = format!("appending to {file}: only replace is supported for this kind of file");
            return Err(StataError::new(199, text));
        }
        ("xlsx" | "pdf", None) => exported(s, sheet, &kind, "")?,
        ("tex" | "html" | "htm" | "md", old) => {
            let kind = if kind == "htm" { "html" } else { &kind };
            let only = if old.is_some() || kind == "md" { " tableonly" } else { "" };
            joined(old, exported(s, sheet, kind, only)?)
        }
        ("csv", old) => joined(old, delimited(&sheet, ',').into_bytes()),
        ("xml", None) => workbook(&sheet).into_bytes(),
        ("xml", Some(_)) => {
            return Err(StataError::new(199, "appending to a workbook is not supported by the open engine"));
        }
        (_, old) => joined(old, delimited(&sheet, '\t').into_bytes()),
    };
    std::fs::write(&path, bytes).map_err(|e| failed(file, &e.to_string()))
}

fn failed(file: &str, why: &str) -> StataError {
    StataError::new(603, format!("file {file} could not be written: {why}"))
}

/// Lines of text, behind those of the file. A table goes in front of the end of a document.
fn joined(old: Option<Vec<u8>>, new: Vec<u8>) -> Vec<u8> {
    let Some(old) = old else { return new };
    let text = String::from_utf8_lossy(&old).into_owned();
    let new = String::from_utf8_lossy(&new).into_owned();
    let at =
        ["\\end{document}", "</body>"].iter().filter_map(|end| text.rfind(end)).next().unwrap_or(text.len());
    format!("{}\n{new}{}", text[..at].trim_end_matches('\n'), &text[at..]).into_bytes()
}

/// The bytes of `collect export`. The current collection stays what it was.
fn exported(s: &mut Session, sheet: Sheet, kind: &str, options: &str) -> Result<Vec<u8>> {
    let path = PathBuf::from(format!("{}.{kind}", s.temporary_file()));
    Collections::of(s).lend(Some(sheet));
    let done = quietly(s, &format!("collect export \"{}\", replace as({kind}){options}", path.display()));
    Collections::of(s).lend(None);
    done?;
    let bytes = std::fs::read(&path).map_err(|e| failed(kind, &e.to_string()));
    let _ = std::fs::remove_file(&path);
    bytes
}

fn lines(sheet: &Sheet) -> impl Iterator<Item = &Vec<String>> {
    sheet.head.iter().chain(&sheet.rows)
}

/// Text with a character between the cells.
fn delimited(sheet: &Sheet, by: char) -> String {
    let cell = |text: &String| {
        if by == ',' && text.contains([',', '"']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.clone()
        }
    };
    let mut out = String::new();
    if !sheet.title.is_empty() {
        let _ = writeln!(out, "{}", cell(&sheet.title));
    }
    for line in lines(sheet) {
        let cells: Vec<String> = line.iter().map(cell).collect();
        let _ = writeln!(out, "{}", cells.join(&by.to_string()));
    }
    for note in &sheet.notes {
        let _ = writeln!(out, "{}", cell(note));
    }
    out
}

/// A text as RTF writes it.
fn safe(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' | '{' | '}' => out.extend(['\\', c]),
            c if c.is_ascii() => out.push(c),
            c => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                let _ = write!(out, "\\u{}?", i16::from_ne_bytes(unit.to_ne_bytes()));
            }),
        }
    }
    out
}

/// A document in rich text, or the table put in front of the end of one.
fn rich_text(sheet: &Sheet, old: Option<Vec<u8>>, file: &str) -> Result<Vec<u8>> {
    let mut out = match old {
        None => String::from("{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Garamond;}}\\fs22\n"),
        Some(old) => {
            let text = String::from_utf8_lossy(&old).trim_end().to_string();
            match text.strip_suffix('}').filter(|_| text.starts_with("{\\rtf")) {
                Some(front) => format!("{}\n\\pard\\par\n", front.trim_end()),
                None => return Err(StataError::new(610, format!("file {file} is not a rich text document"))),
            }
        }
    };
    if !sheet.title.is_empty() {
        let _ = writeln!(out, "\\pard\\ql\\b {}\\b0\\par", safe(&sheet.title));
    }
    let width = lines(sheet).map(Vec::len).max().unwrap_or(1);
    let (heads, count) = (sheet.head.len(), sheet.head.len() + sheet.rows.len());
    for (k, line) in lines(sheet).enumerate() {
        out.push_str("\\trowd\\trgaph100\\trleft0");
        let rule = if k == 0 || k == heads { "\\clbrdrt\\brdrs\\brdrw10" } else { "" };
        let last = if k + 1 == count { "\\clbrdrb\\brdrs\\brdrw10" } else { "" };
        for j in 0..width {
            let _ = write!(out, "{rule}{last}\\cellx{}", 2200 + 1150 * j);
        }
        for j in 0..width {
            let align = if j == 0 { "ql" } else { "qc" };
            let text = line.get(j).map_or("", String::as_str);
            let (bold, plain) = if k < heads { ("\\b ", "\\b0") } else { ("", "") };
            let _ = write!(out, "\\pard\\intbl\\{align} {bold}{}{plain}\\cell", safe(text));
        }
        out.push_str("\\row\n");
    }
    for note in &sheet.notes {
        let _ = writeln!(out, "\\pard\\ql\\i {}\\i0\\par", safe(note));
    }
    out.push_str("}\n");
    Ok(out.into_bytes())
}

/// A workbook in the XML of Excel 2003.
fn workbook(sheet: &Sheet) -> String {
    let safe = |t: &str| t.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<?mso-application progid=\"Excel.Sheet\"?>\n\
         <Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\" \
         xmlns:ss=\"urn:schemas-microsoft-com:office:spreadsheet\">\n<Worksheet ss:Name=\"Sheet1\"><Table>\n",
    );
    for line in lines(sheet) {
        out.push_str("<Row>");
        for cell in line {
            let kind = if cell.parse::<f64>().is_ok() { "Number" } else { "String" };
            let _ = write!(out, "<Cell><Data ss:Type=\"{kind}\">{}</Data></Cell>", safe(cell));
        }
        out.push_str("</Row>\n");
    }
    out.push_str("</Table></Worksheet></Workbook>\n");
    out
}
