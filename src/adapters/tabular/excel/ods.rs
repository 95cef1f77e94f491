//! Spreadsheets of OpenDocument (.ods), streamed: cells in the order of the file (OASIS Open Document Format 1.3, part 3, section 9).

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::rows::Cell;
use crate::adapters::tabular::advance::Counted;
use crate::adapters::tabular::date::{self, DAY_MS};
use crate::adapters::tabular::problems;
use crate::domain::error::Problem;

/// Rows of a spreadsheet program; the empty ones at the end of a sheet are written as repeated.
const MOST_ROWS: u64 = 1_048_576;
const MOST_COLUMNS: u64 = 16_384;
/// Longest text of a cell, in bytes; a spreadsheet program has 32,767 characters.
const MOST_TEXT: usize = 1 << 20;

/// A cell with a value, or several that are the same.
pub(super) struct Repeated {
    /// Zero-based.
    pub column: u64,
    pub columns: u64,
    pub cell: Cell,
    /// Rows that the cell is merged over.
    pub spans: u64,
}

/// A spreadsheet on the disk.
pub(super) struct Spreadsheet {
    path: PathBuf,
    pub sheets: Vec<String>,
}

impl Spreadsheet {
    /// Reads the names of the sheets.
    ///
    /// # Errors
    /// A damaged or protected file, I/O.
    pub(super) fn open(path: &Path) -> Result<Self, Problem> {
        let mut book = Self { path: path.to_owned(), sheets: Vec::new() };
        let mut sheets = Vec::new();
        book.read(|reader| {
            let mut buffer = Vec::new();
            loop {
                buffer.clear();
                match next(reader, &mut buffer)? {
                    Event::Start(tag) if tag.name().as_ref() == "table:table" => {
                        sheets.push(attribute(&tag, "table:name")?.unwrap_or_default());
                        buffer_skip(reader, &tag)?;
                    }
                    Event::Start(tag) if tag.name().as_ref() == "table:tracked-changes" => {
                        buffer_skip(reader, &tag)?
                    }
                    Event::Eof => return Ok(()),
                    _ => {}
                }
            }
        })?;
        book.sheets = sheets;
        Ok(book)
    }

    /// Calls `take` with each row that has a value: its zero-based number, how often it is repeated, and its cells.
    ///
    /// # Errors
    /// A damaged file, or what `take` answers.
    pub(super) fn each_row(
        &self,
        sheet: &str,
        mut take: impl FnMut(u64, u64, &[Repeated]) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        self.read(|reader| {
            let mut buffer = Vec::new();
            loop {
                buffer.clear();
                match next(reader, &mut buffer)? {
                    Event::Start(tag) if tag.name().as_ref() == "table:tracked-changes" => {
                        buffer_skip(reader, &tag)?
                    }
                    Event::Start(tag) if tag.name().as_ref() == "table:table" => {
                        if attribute(&tag, "table:name")?.as_deref() == Some(sheet) {
                            return rows(reader, &mut take);
                        }
                        buffer_skip(reader, &tag)?;
                    }
                    Event::Eof => return Ok(()),
                    _ => {}
                }
            }
        })
    }

    fn read<T>(
        &self,
        work: impl FnOnce(
            &mut Reader<BufReader<zip::read::ZipFile<'_, BufReader<Counted>>>>,
        ) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let file = Counted::open(&self.path, 3).map_err(|e| problems::io("read the upload", &e))?;
        let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|_| damaged())?;
        let part = archive.by_name("content.xml").map_err(|_| damaged())?;
        let mut reader = Reader::from_reader(BufReader::with_capacity(256 * 1024, part));
        reader.config_mut().check_end_names = false;
        work(&mut reader)
    }
}

/// True for a document with a password.
pub(super) fn is_protected(path: &Path) -> bool {
    let manifest = || -> Option<bool> {
        let mut archive = zip::ZipArchive::new(BufReader::new(File::open(path).ok()?)).ok()?;
        let part = archive.by_name("META-INF/manifest.xml").ok()?;
        let mut text = String::new();
        std::io::Read::read_to_string(&mut std::io::Read::take(part, 1 << 20), &mut text).ok()?;
        Some(text.contains("encryption-data"))
    };
    manifest().unwrap_or(false)
}

fn damaged() -> Problem {
    problems::parse(None, None, "the spreadsheet is damaged and cannot be read")
}

fn next<'b, R: BufRead>(reader: &mut Reader<R>, buffer: &'b mut Vec<u8>) -> Result<Event<'b>, Problem> {
    reader.read_event_into(buffer).map_err(|error| {
        tracing::debug!(error = ?error, "a spreadsheet could not be read");
        damaged()
    })
}

fn buffer_skip<R: BufRead>(reader: &mut Reader<R>, tag: &BytesStart<'_>) -> Result<(), Problem> {
    let end = tag.to_end().into_owned();
    reader.read_to_end_into(end.name(), &mut Vec::new()).map(|_| ()).map_err(|_| damaged())
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, Problem> {
    let found = tag.try_get_attribute(name).map_err(|_| damaged())?;
    found
        .map(|a| quick_xml::escape::unescape(&a.value).map(|text| text.into_owned()).map_err(|_| damaged()))
        .transpose()
}

/// How often something is repeated, at least once.
fn repeated(tag: &BytesStart<'_>, name: &str) -> Result<u64, Problem> {
    Ok(attribute(tag, name)?.and_then(|text| text.parse().ok()).unwrap_or(1).max(1))
}

/// Reads the rows of a sheet up to its end.
fn rows<R: BufRead>(
    reader: &mut Reader<R>,
    take: &mut impl FnMut(u64, u64, &[Repeated]) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let mut row = 0u64;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match next(reader, &mut buffer)? {
            Event::Start(tag) => match tag.name().as_ref() {
                "table:table-row" => {
                    let times = repeated(&tag, "table:number-rows-repeated")?;
                    let cells = cells(reader)?;
                    if !cells.is_empty() {
                        if row.saturating_add(times) > MOST_ROWS {
                            return Err(problems::too_large("the sheet has too many rows", MOST_ROWS));
                        }
                        take(row, times, &cells)?;
                    }
                    row = row.saturating_add(times);
                }
                // they only hold rows
                "table:table-header-rows" | "table:table-row-group" | "table:table-rows" => {}
                _ => buffer_skip(reader, &tag)?,
            },
            Event::Empty(tag) if tag.name().as_ref() == "table:table-row" => {
                row = row.saturating_add(repeated(&tag, "table:number-rows-repeated")?);
            }
            Event::End(tag) if tag.name().as_ref() == "table:table" => return Ok(()),
            Event::Eof => return Err(damaged()),
            _ => {}
        }
    }
}

/// Reads the cells of a row up to its end; those without a value are left out.
fn cells<R: BufRead>(reader: &mut Reader<R>) -> Result<Vec<Repeated>, Problem> {
    let mut column = 0u64;
    let mut found = Vec::new();
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let (tag, is_empty) = match next(reader, &mut buffer)? {
            Event::Start(tag) => (tag, false),
            Event::Empty(tag) => (tag, true),
            Event::End(tag) if tag.name().as_ref() == "table:table-row" => return Ok(found),
            Event::Eof => return Err(damaged()),
            _ => continue,
        };
        if !matches!(tag.name().as_ref(), "table:table-cell" | "table:covered-table-cell") {
            if !is_empty {
                buffer_skip(reader, &tag)?;
            }
            continue;
        }
        let columns = repeated(&tag, "table:number-columns-repeated")?;
        let spans = repeated(&tag, "table:number-rows-spanned")?;
        let tag = tag.into_owned();
        let text = if is_empty { String::new() } else { text(reader, &tag)? };
        let cell = value(&tag, text)?;
        if cell != Cell::Empty {
            if column.saturating_add(columns) > MOST_COLUMNS {
                return Err(problems::too_large("the sheet has too many columns", MOST_COLUMNS));
            }
            found.push(Repeated { column, columns, cell, spans });
        }
        column = column.saturating_add(columns);
    }
}

/// The paragraphs of a cell, up to its end.
fn text<R: BufRead>(reader: &mut Reader<R>, cell: &BytesStart<'_>) -> Result<String, Problem> {
    let mut out = String::new();
    let mut paragraphs = 0;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match next(reader, &mut buffer)? {
            Event::Start(tag) => match tag.name().as_ref() {
                "text:p" => {
                    if paragraphs > 0 {
                        out.push('\n');
                    }
                    paragraphs += 1;
                }
                "text:span" | "text:a" => {}
                "text:s" | "text:tab" | "text:line-break" => space(&tag, &mut out)?,
                // comments, drawings
                _ => buffer_skip(reader, &tag)?,
            },
            Event::Empty(tag) => space(&tag, &mut out)?,
            Event::Text(part) if paragraphs > 0 => out.push_str(&part),
            Event::CData(part) if paragraphs > 0 => out.push_str(&part),
            Event::GeneralRef(part) if paragraphs > 0 => out.push(character(&part)?),
            Event::End(tag) if tag.name() == cell.name() => return Ok(out),
            Event::Eof => return Err(damaged()),
            _ => {}
        }
        if out.len() > MOST_TEXT {
            return Err(problems::too_large("the text of a cell is too long", MOST_TEXT as u64));
        }
    }
}

/// White space that is written as an element.
fn space(tag: &BytesStart<'_>, out: &mut String) -> Result<(), Problem> {
    match tag.name().as_ref() {
        "text:s" => {
            let count = repeated(tag, "text:c")?.min(MOST_TEXT as u64);
            out.extend(std::iter::repeat_n(' ', count as usize));
        }
        "text:tab" => out.push('\t'),
        "text:line-break" => out.push('\n'),
        _ => {}
    }
    Ok(())
}

fn character(part: &BytesRef<'_>) -> Result<char, Problem> {
    if let Some(c) = part.resolve_char_ref().map_err(|_| damaged())? {
        return Ok(c);
    }
    match part.as_ref() {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(damaged()),
    }
}

/// The value of a cell with these paragraphs.
fn value(tag: &BytesStart<'_>, text: String) -> Result<Cell, Problem> {
    if attribute(tag, "calcext:value-type")?.as_deref() == Some("error") {
        return Ok(Cell::Error);
    }
    let of = |name: &str| attribute(tag, name);
    let found = match attribute(tag, "office:value-type")?.as_deref() {
        Some("float" | "percentage" | "currency") => {
            of("office:value")?.and_then(|x| x.parse().ok()).filter(|x: &f64| x.is_finite()).map(Cell::Number)
        }
        Some("date") => of("office:date-value")?.and_then(|text| moment(&text)),
        // a duration stays a number of days, as in other workbooks
        Some("time") => of("office:time-value")?.and_then(|text| duration(&text)).map(Cell::Number),
        Some("boolean") => of("office:boolean-value")?.map(|text| Cell::Truth(text == "true")),
        Some("string") => of("office:string-value")?.map(|text| Cell::of_text(&text)),
        _ => None,
    };
    Ok(found.unwrap_or_else(|| Cell::of_text(&text)))
}

/// `2024-01-05`, `2024-01-05T03:04:05.678`.
fn moment(text: &str) -> Option<Cell> {
    let (day, time) = text.split_once('T').unwrap_or((text, ""));
    let mut parts = day.splitn(3, '-');
    let year = parts.next()?.parse().ok()?;
    let days = date::days(year, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?)?;
    let mut seconds = 0.0;
    if !time.is_empty() {
        let mut parts = time.splitn(3, ':');
        let hours: u32 = parts.next()?.parse().ok().filter(|h| *h < 24)?;
        let minutes: u32 = parts.next()?.parse().ok().filter(|m| *m < 60)?;
        let rest: f64 =
            parts.next().map_or(Some(0.0), |s| s.parse().ok()).filter(|s| (0.0..60.0).contains(s))?;
        seconds = f64::from(hours * 3600 + minutes * 60) + rest;
    }
    let time = (seconds * 1000.0).round();
    Some(Cell::Moment { ms: f64::from(days) * DAY_MS + time, has_time: time != 0.0 })
}

/// Days of a duration such as `PT03H04M05S` (XML Schema).
fn duration(text: &str) -> Option<f64> {
    let (sign, text) = text.strip_prefix('-').map_or((1.0, text), |rest| (-1.0, rest));
    let time = text.strip_prefix("PT")?;
    let mut seconds = 0.0;
    let mut rest = time;
    while let Some(at) = rest.find(['H', 'M', 'S']) {
        let amount: f64 = rest[..at].parse().ok()?;
        seconds += amount
            * match rest.as_bytes()[at] {
                b'H' => 3600.0,
                b'M' => 60.0,
                _ => 1.0,
            };
        rest = &rest[at + 1..];
    }
    rest.is_empty().then_some(sign * seconds / 86_400.0)
}
