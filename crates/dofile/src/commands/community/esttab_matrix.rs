//! `esttab matrix(name)`: a matrix as a table, as the help of estout (SSC) documents it.

use super::esttab_options::{Given, number};
use super::esttab_rows::{Cell, Part};
use super::esttab_text::{Format, Frame};
use crate::error::{Result, StataError};
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::syntax::options::split_options;
use crate::syntax::split::{front_and_options, unquote};

/// The matrix that a list names, with its formats by column.
pub(super) struct Shown {
    name: String,
    matrix: Matrix,
    formats: Vec<String>,
}

/// Reads `matrix(name [, fmt(formats) transpose])`; nothing for lists of results.
pub(super) fn read(s: &Session, list: &str) -> Result<Option<Shown>> {
    let inner = ["matrix(", "mat(", "m("].iter().find_map(|p| list.strip_prefix(p)?.strip_suffix(')'));
    let Some(inner) = inner else { return Ok(None) };
    let (name, options) = front_and_options(inner);
    let (mut transpose, mut formats) = (false, Vec::new());
    for (option, argument) in split_options(options)? {
        match (option.as_str(), argument) {
            ("transpose" | "t", None) => transpose = true,
            ("fmt" | "f", Some(text)) => formats = text.split_whitespace().map(str::to_string).collect(),
            (other, _) => return Err(StataError::unsupported_option("esttab matrix()", other)),
        }
    }
    let matrix = s.matrix(name).ok_or_else(|| StataError::not_found(name))?;
    let matrix = if transpose { matrix.transpose() } else { matrix.as_ref().clone() };
    Ok(Some(Shown { name: name.to_string(), matrix, formats }))
}

/// Headings, widths and notes.
pub(super) fn frame(options: &Given, shown: &Shown, given: Frame) -> Frame {
    let titles = match options.text("mtitles") {
        Some(text) if !text.is_empty() => vec![unquote(text.trim()).to_string()],
        _ if options.has("nomtitles") => Vec::new(),
        _ => vec![shown.name.clone()],
    };
    Frame {
        numbered: false,
        titles,
        column_labels: shown.matrix.col_names.iter().map(Stripe::full).collect(),
        models: 1,
        widths: vec![shown.matrix.cols()],
        starred: vec![false; shown.matrix.cols()],
        star_width: 0,
        notes: Vec::new(),
        ..given
    }
}

/// A line for each row, with headings of equations.
pub(super) fn body(shown: &Shown, labels: &[(String, String)], format: Format) -> Vec<Part> {
    let m = &shown.matrix;
    let mut out = Vec::new();
    let mut equation = "";
    for (i, stripe) in m.row_names.iter().enumerate() {
        if stripe.eq != equation {
            equation = &stripe.eq;
            out.push(Part::Heading(format.escaped(equation)));
        }
        let own = labels.iter().find(|(name, _)| *name == stripe.name).map(|(_, label)| label.clone());
        let fmt = |j: usize| {
            let last = shown.formats.last().map_or("%9.0g", String::as_str);
            shown.formats.get(j).map_or(last, String::as_str)
        };
        let cells =
            (0..m.cols()).map(|j| Cell { text: number(fmt(j), m.get(i, j)), stars: String::new() }).collect();
        out.push(Part::Line(own.unwrap_or_else(|| format.escaped(&stripe.name)), cells));
    }
    out
}
