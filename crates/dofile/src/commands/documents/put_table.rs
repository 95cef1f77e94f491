//! Tables of `putdocx` and `putpdf`.

use super::border::{self, Border};
use super::content::{shown, text_options, values};
use super::model::Block;
use super::put::{Format, document, refuse};
use super::table;
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::split::{matching_paren, unquote};

/// `table name = spec [, options]` and `table name(i,j) [= (exp)] [, options]`.
pub(super) fn run(s: &mut Session, f: Format, rest: &str, options: &str) -> Result<()> {
    document(s, f)?;
    let (target, spec) = match rest.split_once('=') {
        Some((t, e)) => (t.trim(), Some(e.trim())),
        None => (rest, None),
    };
    if let Some((name, place)) = target.split_once('(') {
        let place = place.strip_suffix(')').ok_or_else(StataError::syntax)?;
        return cell(s, f, name.trim(), place, spec, options);
    }
    let spec = spec.ok_or_else(StataError::syntax)?;
    if !crate::frame::is_valid_name(target) {
        return Err(StataError::new(198, format!("{target} invalid name")));
    }
    let own = text_options(options)?;
    let (mut names, mut numbers, mut row_names, mut col_names) = (false, false, false, false);
    let (mut title, mut notes, mut borders) = (None, Vec::new(), Border::plain());
    for (name, argument) in &own.rest {
        match (name.as_str(), argument.as_deref()) {
            ("varnames", None) => names = true,
            ("obsno", None) => numbers = true,
            ("rownames", None) => row_names = true,
            ("colnames", None) => col_names = true,
            ("title", Some(t)) => title = Some(unquote(t.trim()).to_string()),
            ("note", Some(t)) => notes.push(unquote(t.trim()).to_string()),
            ("border", Some(t)) if f == Format::Docx => border::add(&mut borders, t, false)?,
            _ => {
                return refuse(
                    f,
                    &own.rest,
                    &[
                        "width",
                        "border",
                        "layout",
                        "memtable",
                        "headerrow",
                        "indent",
                        "spacing",
                        "cellmargin",
                        "cellspacing",
                    ],
                );
            }
        }
    }
    let mut grid = if spec.starts_with('(') {
        let inner = spec.trim_start_matches('(').trim_end_matches(')');
        let (r, c) = inner.split_once(',').ok_or_else(StataError::syntax)?;
        let size = |t: &str| s.eval_num(t).map(|x| x.clamp(0.0, 1e7) as usize);
        table::empty(size(r)?, size(c)?)?
    } else if spec == "etable" {
        table::estimates(s)?
    } else if let Some(rest) = spec.strip_prefix("data") {
        let rest = rest.trim_start();
        let close = matching_paren(rest, 0).ok_or_else(StataError::syntax)?;
        let inner = ParsedCommand::split(f.name(), &rest[close + 1..], false)?;
        table::data(s, unquote(rest[1..close].trim()), &inner, names, numbers)?
    } else if let Some(rest) = spec.strip_prefix("matrix") {
        let name = rest.trim().trim_start_matches('(').trim_end_matches(')').trim();
        let m = s.matrix(name).ok_or_else(|| StataError::not_found(name))?;
        table::matrix(&m, own.format.as_deref(), row_names, col_names)?
    } else {
        return Err(StataError::unsupported_option(f.name(), spec.split('(').next().unwrap_or(spec)));
    };
    grid.name = target.to_string();
    grid.borders = borders;
    if let Some(title) = title {
        grid.title = title;
    }
    grid.notes.extend(notes);
    document(s, f)?.blocks.push(Block::Table(grid));
    Ok(())
}

/// Places of `(i,j)`: a number, a range `a/b` or `.` for all, from 1.
fn places(text: &str, most: usize) -> Result<std::ops::Range<usize>> {
    let one = |t: &str| t.trim().parse::<usize>().ok().filter(|k| (1..=most).contains(k));
    let bad = || StataError::new(198, format!("{text}: not a row or column of the table"));
    match text.trim() {
        "." => Ok(0..most),
        t => match t.split_once('/') {
            Some((a, b)) => Ok(one(a).ok_or_else(bad)? - 1..one(b).ok_or_else(bad)?),
            None => one(t).map(|k| k - 1..k).ok_or_else(bad),
        },
    }
}

fn cell(
    s: &mut Session,
    f: Format,
    name: &str,
    place: &str,
    spec: Option<&str>,
    options: &str,
) -> Result<()> {
    let own = text_options(options)?;
    let is_border = |o: &&(String, Option<String>)| f == Format::Docx && o.0 == "border" && o.1.is_some();
    let (lines, others): (Vec<_>, Vec<_>) = own.rest.iter().partition(is_border);
    refuse(
        f,
        &others.into_iter().cloned().collect::<Vec<_>>(),
        &["shading", "border", "colspan", "rowspan", "valign", "append", "drop", "addrows", "addcols"],
    )?;
    let value = match spec {
        Some(text) if text.starts_with("image") => {
            return Err(StataError::unsupported_option(f.name(), "image in a cell"));
        }
        Some(text) => {
            let mut all = String::new();
            for value in values(s, text)? {
                all.push_str(&shown(&value, own.format.as_deref())?);
            }
            Some(all)
        }
        None => None,
    };
    let (i, j) = place.split_once(',').ok_or_else(StataError::syntax)?;
    let grid =
        document(s, f)?.table(name).ok_or_else(|| StataError::new(111, format!("table {name} not found")))?;
    let rows = places(i, grid.rows.len())?;
    let columns = places(j, grid.rows.first().map_or(0, Vec::len))?;
    for row in &mut grid.rows[rows] {
        for cell in row.iter_mut().take(columns.end).skip(columns.start) {
            if let Some(text) = &value {
                cell.text.clone_from(text);
            }
            cell.look.bold |= own.look.bold;
            cell.look.italic |= own.look.italic;
            cell.look.underline |= own.look.underline;
            cell.look.size = own.look.size.or(cell.look.size);
            if own.look.color.is_some() {
                cell.look.color.clone_from(&own.look.color);
            }
            cell.align = own.align.unwrap_or(cell.align);
            for (_, text) in &lines {
                border::add(&mut cell.borders, text.as_deref().unwrap_or(""), true)?;
            }
        }
    }
    Ok(())
}
