//! Checks of output files: does a file parse as the type that its declaration states? Works on readers;
//! opening files is the caller's business.

use std::io::Read;

use crate::domain::plan::{OutputColumn, PlanOutput};

/// A table as text, without its header.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Names of the columns, without a byte order mark.
    pub header: Vec<String>,
    /// Cells of each row, as many as the header has; empty where a value is missing.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Returns the position of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|h| h == name)
    }

    /// Returns a cell, or an empty text where the column or row does not exist.
    pub fn cell(&self, row: usize, name: &str) -> &str {
        let cell = self.column(name).and_then(|c| self.rows.get(row)?.get(c));
        cell.map_or("", String::as_str)
    }
}

/// State of one output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputState {
    /// The file exists, is newer than the start and parses as its type.
    Ok,
    /// There is no regular file of this name.
    Missing,
    /// The file has no byte.
    Empty,
    /// The file is older than the start of the engine.
    Stale,
    /// The file does not parse as its type, or lacks a declared column.
    Unparsable,
    /// The file is larger than declared.
    TooLarge,
    /// The plan does not declare the file.
    Undeclared,
}

impl OutputState {
    /// Returns the text of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Missing => "missing",
            Self::Empty => "empty",
            Self::Stale => "stale",
            Self::Unparsable => "unparsable",
            Self::TooLarge => "too_large",
            Self::Undeclared => "undeclared",
        }
    }
}

/// Properties of one declared or undeclared output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputFact {
    /// Path in the working directory of the run.
    pub file: String,
    /// True if the plan declares the output.
    pub declared: bool,
    /// Its absence or damage fails the run.
    pub required: bool,
    /// Result of the checks of the file.
    pub state: OutputState,
    /// Why it does not parse, where it does not.
    pub detail: Option<String>,
    /// Size, in bytes; 0 for a missing file.
    pub size_bytes: u64,
    /// The rows, for tables that the verdict reads.
    pub table: Option<Table>,
}

/// Most rows of a table that are kept for the verdict.
const KEPT_ROWS: usize = 20_000;

/// Checks the content of a declared output; returns the table for a csv.
///
/// # Errors
/// A short reason, such as `column p_value is absent`.
pub fn check_content(output: &PlanOutput, reader: impl Read) -> Result<Option<Table>, String> {
    match output.format.as_str() {
        "csv" => check_csv(reader, &output.columns).map(Some),
        "svg" => check_svg(reader).map(|()| None),
        "dta" => check_dta(reader).map(|()| None),
        _ => Ok(None),
    }
}

/// Reads a csv whose header must have the declared columns, with at least one row; cells of numeric
/// columns are numbers, empty or a missing value.
///
/// # Errors
/// The problem, with its row if there is one (1 is the first after the header).
pub fn check_csv(reader: impl Read, columns: &[OutputColumn]) -> Result<Table, String> {
    let mut csv = csv::ReaderBuilder::new().from_reader(reader);
    let header = csv.headers().map_err(|e| format!("the header does not parse: {e}"))?;
    let mut header: Vec<String> = header.iter().map(str::to_owned).collect();
    if let Some(first) = header.first_mut() {
        *first = first.trim_start_matches('\u{feff}').to_owned();
    }
    let mut numeric = Vec::new();
    for column in columns {
        let at = header.iter().position(|h| *h == column.name);
        let at = at.ok_or_else(|| format!("column {} is absent", column.name))?;
        if column.kind != "text" {
            numeric.push(at);
        }
    }
    let mut table = Table { header, rows: Vec::new() };
    let mut rows = 0_u64;
    for record in csv.records() {
        let record = record.map_err(|e| format!("row {} does not parse: {e}", rows + 1))?;
        rows += 1;
        for &at in &numeric {
            let cell = record.get(at).unwrap_or("");
            if !is_number_or_missing(cell) {
                return Err(format!("row {rows}: {} is not a number", table.header[at]));
            }
        }
        if table.rows.len() < KEPT_ROWS {
            table.rows.push(record.iter().map(str::to_owned).collect());
        }
    }
    if rows == 0 { Err("the table has no row".to_owned()) } else { Ok(table) }
}

fn is_number_or_missing(cell: &str) -> bool {
    let cell = cell.trim();
    let missing = cell.is_empty() || matches!(cell.as_bytes(), [b'.'] | [b'.', b'a'..=b'z']);
    missing || cell.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Reads a drawing: well-formed XML whose root is `svg` and that draws something.
///
/// # Errors
/// The problem.
pub fn check_svg(reader: impl Read) -> Result<(), String> {
    use quick_xml::events::Event;
    let mut xml = quick_xml::Reader::from_reader(std::io::BufReader::new(reader));
    let mut buffer = Vec::new();
    let (mut depth, mut root, mut drawn) = (0_u32, false, false);
    loop {
        buffer.clear();
        let event = xml.read_event_into(&mut buffer).map_err(|e| format!("not well-formed: {e}"))?;
        match event {
            Event::Start(tag) => {
                if depth == 0 {
                    root = tag.local_name().as_ref() == "svg" && !root;
                }
                drawn |= draws(tag.local_name().as_ref());
                depth += 1;
            }
            Event::Empty(tag) => drawn |= depth > 0 && draws(tag.local_name().as_ref()),
            Event::End(_) => depth -= 1,
            Event::Eof if depth > 0 => return Err("the file ends inside an element".to_owned()),
            Event::Eof if !root => return Err("the root element is not svg".to_owned()),
            Event::Eof if !drawn => return Err("the drawing is empty".to_owned()),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

fn draws(name: &str) -> bool {
    matches!(
        name,
        "path" | "line" | "rect" | "circle" | "ellipse" | "polyline" | "polygon" | "text" | "image" | "use"
    )
}

/// Reads the first bytes of a data set: releases 113 to 115 or the tagged header of 117 to 121.
///
/// # Errors
/// The problem.
pub fn check_dta(reader: impl Read) -> Result<(), String> {
    let mut head = Vec::new();
    reader.take(64).read_to_end(&mut head).map_err(|e| e.to_string())?;
    let tagged = head.starts_with(b"<stata_dta><header><release>1");
    let old = head.len() > 4 && matches!(head[0], 113..=115) && matches!(head[1], 1 | 2);
    if tagged || old { Ok(()) } else { Err("not a data set".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(spec: &[(&str, &str)]) -> Vec<OutputColumn> {
        spec.iter().map(|(n, k)| OutputColumn { name: (*n).into(), kind: (*k).into(), unit: None }).collect()
    }

    #[test]
    fn a_table_needs_its_columns_and_a_row() {
        let declared = columns(&[("term", "text"), ("estimate", "number")]);
        let table =
            check_csv("term,estimate,note\nx,1.5e+00,\ny,,omitted\n".as_bytes(), &declared).expect("parses");
        assert_eq!((table.rows.len(), table.cell(1, "note"), table.cell(0, "absent")), (2, "omitted", ""));
        for (text, why) in [
            ("term\nx\n", "column estimate is absent"),
            ("term,estimate\n", "the table has no row"),
            ("term,estimate\nx,abc\n", "row 1: estimate is not a number"),
            ("term,estimate\nx,inf\n", "row 1: estimate is not a number"),
        ] {
            assert_eq!(check_csv(text.as_bytes(), &declared).expect_err(text), why);
        }
        assert!(check_csv("term,estimate\nx,1,2\n".as_bytes(), &declared).is_err(), "a ragged row");
        assert!(check_csv(&b"term,estimate\n\xff,1\n"[..], &declared).is_err(), "not UTF-8");
        assert!(check_csv("\u{feff}term,estimate\nx,.\n".as_bytes(), &declared).is_ok());
    }

    #[test]
    fn a_drawing_is_well_formed_and_draws() {
        let ok =
            r#"<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><g><path d="M0 0"/></g></svg>"#;
        assert_eq!(check_svg(ok.as_bytes()), Ok(()));
        for bad in
            ["", "<svg></svg>", "<svg><path/>", "<html><path/></html>", "<svg><path></svg>", "plain text"]
        {
            assert!(check_svg(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_data_set_is_known_by_its_header() {
        assert!(check_dta(&b"<stata_dta><header><release>118</release>"[..]).is_ok());
        assert!(check_dta(&[114, 2, 1, 0, 5][..]).is_ok());
        assert!(check_dta(&b"a,b\n1,2\n"[..]).is_err());
        assert!(check_dta(&b""[..]).is_err());
    }
}
