//! The rich text format of `esttab`: one table row for each line, stars raised.

use super::esttab_rows::{Cell, Part};
use super::esttab_text::{Frame, headings};

/// Widths of the columns, in twips: the labels and the numbers.
const WIDTHS: (usize, usize) = (2000, 1300);

/// A text as RTF writes it: control characters escaped, others beyond ASCII by their code.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut units = [0_u16; 2];
    for c in text.chars() {
        match c {
            '\\' | '{' | '}' => out.extend(['\\', c]),
            c if c.is_ascii() => out.push(c),
            c => c.encode_utf16(&mut units).iter().for_each(|unit| {
                out.push_str(&format!("\\u{}?", i16::from_ne_bytes(unit.to_ne_bytes())));
            }),
        }
    }
    out
}

/// A row; `above` draws a rule over it.
fn row(label: &str, cells: &[(String, String)], above: bool) -> String {
    let border = if above { "\\clbrdrt\\brdrw10\\brdrs" } else { "" };
    let mut out = String::from("{\\trowd\\trgaph108\\trleft-108");
    for i in 0..=cells.len() {
        out.push_str(&format!("{border}\\cellx{}", WIDTHS.0 + i * WIDTHS.1));
    }
    out.push_str(&format!("\n\\pard\\intbl\\ql {{{}}}\\cell", escaped(label)));
    for (text, stars) in cells {
        let raised = if stars.is_empty() { String::new() } else { format!("{{\\super {stars}}}") };
        out.push_str(&format!("\n\\pard\\intbl\\qc {{{}{raised}}}\\cell", escaped(text)));
    }
    out.push_str("\n\\row}");
    out
}

/// The lines of the table without the frame of a document.
fn table(frame: &Frame, body: &[Part]) -> Vec<String> {
    let columns = frame.columns();
    let mut out = Vec::new();
    if let Some(title) = &frame.title {
        out.push(format!("{{\\pard\\keepn\\ql {}\\par}}", escaped(title)));
    }
    let mut above = frame.rules;
    let push = |out: &mut Vec<String>, above: &mut bool, label: &str, cells: Vec<(String, String)>| {
        out.push(row(label, &cells, *above));
        *above = false;
    };
    let heads = headings(frame);
    let some = !heads.is_empty();
    for texts in heads {
        push(&mut out, &mut above, "", texts.into_iter().map(|t| (t, String::new())).collect());
    }
    above = above || (some && frame.rules);
    for part in body {
        let empty = || vec![(String::new(), String::new()); columns];
        match part {
            Part::Line(label, cells) => {
                let cells = cells.iter().map(|Cell { text, stars }| (text.clone(), stars.clone())).collect();
                push(&mut out, &mut above, label, cells);
            }
            Part::Heading(text) => push(&mut out, &mut above, text, empty()),
            Part::Gap => push(&mut out, &mut above, "", empty()),
            Part::Rule => above = frame.rules,
            Part::Before(_) | Part::After(_) | Part::Own(_) => {}
        }
    }
    if frame.rules {
        out.push("{\\trowd\\trgaph108\\trleft-108\\clbrdrt\\brdrw10\\brdrs".to_string());
        let right = WIDTHS.0 + columns * WIDTHS.1;
        out.push(format!("\\cellx{right}\n\\pard\\intbl\\ql {{}}\\cell\\row}}"));
    }
    out.extend(frame.notes.iter().map(|note| format!("{{\\pard\\ql\\fs20 {}\\par}}", escaped(note))));
    out
}

/// The document.
pub(super) fn document(frame: &Frame, body: &[Part]) -> Vec<String> {
    let mut out = vec!["{\\rtf1\\ansi\\deff0 {\\fonttbl{\\f0\\fnil Times New Roman;}}".to_string()];
    out.extend(table(frame, body));
    out.push("{\\pard \\par}".to_string());
    out.push("}".to_string());
    out
}

/// The document with that of a file before it; `lines` is a document.
pub(super) fn appended(before: &str, lines: &[String]) -> Option<String> {
    let open = before.trim_end().strip_suffix('}')?;
    Some(format!("{open}{}\n", lines.get(1..)?.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::{appended, escaped};

    #[test]
    fn characters_of_the_format_are_escaped() {
        assert_eq!(escaped("a{b}\\ é"), "a\\{b\\}\\\\ \\u233?");
    }

    #[test]
    fn a_second_table_goes_into_the_document_of_the_first() {
        let lines = ["{\\rtf1", "second", "}"].map(String::from);
        assert_eq!(appended("{\\rtf1\nfirst\n}\n", &lines).as_deref(), Some("{\\rtf1\nfirst\nsecond\n}\n"));
        assert_eq!(appended("no document", &lines), None);
    }
}
