//! `putdocx textblock`: paragraphs from lines of plain text.

use super::content::shown;
use super::model::Run;
use super::put::{Format, document, paragraph};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::options::split_options;
use crate::syntax::split::front_and_options;

/// What opens and closes a value inside of the text.
const OPEN: &str = "<<dd_docx_display";
const CLOSE: &str = ">>";

/// Adds lines of text to the document. `words` is what follows `textblock` in the first line: `begin` opens a paragraph
/// and takes its options, `append` adds to the open one.
///
/// # Errors
/// r(119) where `append` finds no paragraph, and the errors of values in the text.
pub(crate) fn text_block(s: &mut Session, words: &str, lines: &[String]) -> Result<()> {
    let (kind, options) = front_and_options(words);
    let (mut own, mut by_blank, mut keeps_lines) = (String::new(), false, false);
    for (name, argument) in split_options(options)? {
        match (name.as_str(), argument) {
            ("paramode", None) => by_blank = true,
            ("noparamode", None) => by_blank = false,
            ("newline", None) => keeps_lines = true,
            ("nonewline", None) => keeps_lines = false,
            (name, None) => own.push_str(&format!("{name} ")),
            (name, Some(text)) => own.push_str(&format!("{name}({text}) ")),
        }
    }
    let mut is_new = kind == "begin";
    let blocks: Vec<&[String]> = match by_blank {
        true => lines.split(|l| l.trim().is_empty()).filter(|b| !b.is_empty()).collect(),
        false => vec![lines],
    };
    if is_new && blocks.is_empty() {
        paragraph(s, Format::Docx, &own)?;
    }
    for block in blocks {
        if is_new {
            paragraph(s, Format::Docx, &own)?;
        }
        is_new = true;
        let mut runs = Vec::new();
        for line in joined(block, keeps_lines) {
            runs.push(Run { text: filled(s, &line)?, breaks: usize::from(keeps_lines), ..Run::default() });
        }
        if let Some(last) = runs.last_mut() {
            last.breaks = 0;
        }
        let open = document(s, Format::Docx)?.open_paragraph();
        open.ok_or_else(|| StataError::new(119, "no paragraph is open; add one first"))?.runs.extend(runs);
    }
    Ok(())
}

/// The lines as they are, or as one text with a blank between them.
fn joined(lines: &[String], keeps_lines: bool) -> Vec<String> {
    let trimmed = lines.iter().map(|l| l.trim()).filter(|l| keeps_lines || !l.is_empty());
    if keeps_lines {
        trimmed.map(str::to_string).collect()
    } else {
        vec![trimmed.collect::<Vec<_>>().join(" ")]
    }
}

/// The text with the values of `<<dd_docx_display [%fmt]: exp>>`.
fn filled(s: &mut Session, text: &str) -> Result<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once(OPEN) {
        let (inside, after) = inside.split_once(CLOSE).ok_or_else(StataError::syntax)?;
        let (format, expression) = inside.split_once(':').ok_or_else(StataError::syntax)?;
        let format = Some(format.trim().trim_matches('"')).filter(|f| !f.is_empty());
        let expression = s.expand(expression.trim())?;
        let value = s.eval(&expression)?;
        out.push_str(before);
        out.push_str(&shown(&value, format)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}
