//! `input`: rows typed in the do-file, up to `end`.

use crate::error::{Result, StataError};
use crate::format;
use crate::frame::{StorageType, Variable, is_valid_name};
use crate::session::Session;
use crate::syntax::options::parse_number;
use crate::syntax::split::{unquote, words};
use crate::syntax::varlist::typed_words;
use crate::value::MISSING;

/// New variables with their types.
fn read_fields(s: &Session, list: &str) -> Result<Vec<(String, StorageType)>> {
    let mut fields: Vec<(String, StorageType)> = Vec::new();
    let mut add = |name: &str, ty: StorageType| {
        if !is_valid_name(name) {
            return Err(StataError::new(198, format!("{name} invalid name")));
        }
        if s.frame.find(name).is_some() || fields.iter().any(|f| f.0 == name) {
            return Err(StataError::already_defined(name));
        }
        fields.push((name.to_string(), ty));
        Ok(())
    };
    for (name, ty) in typed_words(list, s.settings.default_type)? {
        add(name, ty)?;
    }
    Ok(fields)
}

/// The names above the rows that are typed, each in the width of its format; empty where the list is wrong.
pub(crate) fn input_heading(s: &Session, header: &str) -> String {
    let list = header.split_once(char::is_whitespace).map_or("", |(_, l)| l);
    let fields = read_fields(s, list.split(',').next().unwrap_or("")).unwrap_or_default();
    let cells = fields.iter().enumerate().map(|(i, (name, ty))| {
        let format = ty.default_format();
        let width: usize =
            format.chars().skip(1).take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(9);
        let margin = if i == 0 { 5 } else { 2 };
        format::right(&format::abbrev(name, width), width + margin)
    });
    cells.collect()
}

/// Runs `input` with its rows.
pub(crate) fn input_rows(s: &mut Session, header: &str, rows: &[String]) -> Result<()> {
    let list = header.split_once(char::is_whitespace).map_or("", |(_, l)| l);
    let list = list.split(',').next().unwrap_or("");
    let fields = read_fields(s, list)?;
    if fields.is_empty() {
        return Err(StataError::standard(104));
    }
    let rows: Vec<&String> = rows.iter().filter(|r| !r.trim().is_empty()).collect();
    let first = s.frame.n_rows();
    let fresh = s.frame.n_vars() == 0;
    let n = if fresh { rows.len() } else { first.max(rows.len()) };
    s.frame.set_n_rows(n);
    let mut columns: Vec<_> = fields.iter().map(|(_, t)| t.column(n)).collect();
    for (i, row) in rows.iter().enumerate() {
        for (k, cell) in words(&without_commas(row)).into_iter().enumerate().take(fields.len()) {
            if fields[k].1.is_string() {
                columns[k].set_str(i, unquote(cell));
                continue;
            }
            match parse_number(cell) {
                Some(x) => columns[k].set_num(i, x),
                None => {
                    s.out.line(&format!("'{cell}' cannot be read as a number"));
                    columns[k].set_num(i, MISSING);
                }
            }
        }
    }
    for ((name, _), column) in fields.iter().zip(columns) {
        s.frame.add(Variable::new(name, column))?;
    }
    Ok(())
}

/// A row with blanks for the commas outside quotes.
fn without_commas(row: &str) -> String {
    let mut quoted = false;
    row.chars()
        .map(|c| {
            quoted ^= c == '"';
            if c == ',' && !quoted { ' ' } else { c }
        })
        .collect()
}
