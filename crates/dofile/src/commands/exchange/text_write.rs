//! `export delimited`.

use std::fs::File;
use std::io::{BufWriter, Write};

use super::file_and_list;
use crate::error::{Result, StataError};
use crate::format::Format;
use crate::frame::{Column, ValueLabel};
use crate::ops::files::{check_replace, with_extension};
use crate::ops::sources::is_temporary;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::OptSpec;
use crate::value::{is_missing, missing_offset, missing_text};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("Delimiter"),
    OptSpec::flag("noVARNames"),
    OptSpec::flag("noLABel"),
    OptSpec::flag("DATAfmt"),
    OptSpec::flag("Quote"),
    OptSpec::flag("REPLACE"),
];

/// Writes the file; `raw` is the text behind the subcommand.
pub(super) fn run(session: &mut Session, raw: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("export delimited", raw, false)?;
    cmd.check_options(OPTIONS, &[])?;
    let (file, list) = file_and_list(&cmd)?;
    let vars =
        if list.is_empty() { (0..session.frame.n_vars()).collect() } else { session.varlist(&list)? };
    if vars.is_empty() {
        return Err(StataError::new(102, "no variables defined"));
    }
    let rows = session.rows(&cmd)?;
    let temporary = is_temporary(session, &file);
    let file = if temporary { file } else { with_extension(&file, "csv") };
    let path = session.path(&file);
    check_replace(&path, &file, cmd.has("replace") || temporary)?;
    let delimiter = match cmd.options.text("delimiter") {
        None => b',',
        Some("tab" | "\\t" | "\t") => b'\t',
        Some(text) if text.len() == 1 => text.as_bytes()[0],
        Some(_) => return Err(StataError::invalid("option delimiter() incorrectly specified")),
    };
    let fields: Vec<Field<'_>> = vars.iter().map(|&v| Field::new(session, v, &cmd)).collect();
    let failed = |e: std::io::Error| StataError::unwritten(&file, &e);
    let mut out = Sink {
        out: BufWriter::with_capacity(1 << 20, File::create(&path).map_err(failed)?),
        delimiter,
        quote: cmd.has("quote"),
    };
    if !cmd.has("novarnames") {
        let names = vars.iter().map(|&v| session.frame.var(v).name.as_str());
        names
            .enumerate()
            .try_for_each(|(at, name)| out.text(at, name, false))
            .and_then(|()| out.end())
            .map_err(failed)?;
    }
    for row in (0..rows.len()).filter(|&r| rows[r]) {
        for (at, field) in fields.iter().enumerate() {
            field.write(&mut out, at, row).map_err(failed)?;
        }
        out.end().map_err(failed)?;
    }
    out.out.flush().map_err(failed)?;
    if !temporary {
        session.print(format!("file {file} saved"));
    }
    let written = rows.iter().filter(|r| **r).count();
    session.r.clear();
    session.r.scalar("N", written as f64).scalar("k", vars.len() as f64);
    Ok(())
}

/// How one variable is written.
struct Field<'a> {
    column: &'a Column,
    labels: Option<&'a ValueLabel>,
    format: Option<Format>,
}

impl<'a> Field<'a> {
    fn new(session: &'a Session, variable: usize, cmd: &ParsedCommand) -> Self {
        let v = session.frame.var(variable);
        // dates are written as dates whatever the options say
        let format = Format::parse(&v.format).filter(|f| f.is_date() || cmd.has("datafmt"));
        let labels = if cmd.has("nolabel") { None } else { session.frame.labels_of(variable) };
        Self { column: &v.data, labels, format: format.filter(|f| !f.is_string()) }
    }

    fn write<W: Write>(&self, out: &mut Sink<W>, at: usize, row: usize) -> std::io::Result<()> {
        if self.column.is_string() {
            return out.text(at, self.column.str(row), true);
        }
        let value = self.column.num(row);
        if let Some(text) = self.labels.and_then(|set| set.get(value)) {
            return out.text(at, text, true);
        }
        if is_missing(value) {
            let extended = missing_offset(value).is_some_and(|k| k > 0);
            return out.text(at, if extended { missing_text(value) } else { String::new() }.as_str(), false);
        }
        match &self.format {
            Some(format) => out.text(at, format.bare(value).trim(), false),
            None => match self.column {
                // the shortest text that reads back to the same float or double
                Column::Float(values) => out.text(at, &plain(values[row].to_string(), value), false),
                _ => out.text(at, &plain(value.to_string(), value), false),
            },
        }
    }
}

/// A number's shortest text, with an exponent where the digits would be many.
fn plain(text: String, value: f64) -> String {
    if text.len() > 20 { format!("{value:e}") } else { text }
}

/// Writes cells with delimiters and quotes.
struct Sink<W: Write> {
    out: W,
    delimiter: u8,
    quote: bool,
}

impl<W: Write> Sink<W> {
    fn text(&mut self, at: usize, text: &str, is_value: bool) -> std::io::Result<()> {
        if at > 0 {
            self.out.write_all(&[self.delimiter])?;
        }
        let special = |b: u8| b == self.delimiter || matches!(b, b'"' | b'\n' | b'\r');
        if (self.quote && is_value) || text.bytes().any(special) {
            write!(self.out, "\"{}\"", text.replace('"', "\"\""))
        } else {
            self.out.write_all(text.as_bytes())
        }
    }

    fn end(&mut self) -> std::io::Result<()> {
        self.out.write_all(b"\n")
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn numbers_are_short_and_read_back() {
        let cases =
            [(0.1, "0.1"), (-0.5, "-0.5"), (0.0, "0"), (12.0, "12"), (1e300, "1e300"), (1e-30, "1e-30")];
        for (value, text) in cases {
            assert_eq!(plain(value.to_string(), value), text);
            assert_eq!(text.parse::<f64>(), Ok(value));
        }
    }
}
