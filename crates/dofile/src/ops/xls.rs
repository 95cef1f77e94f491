//! Workbooks of Excel 97 to 2003 (`.xls`): records of BIFF8 in a compound file. Layout: Microsoft, [MS-XLS] and [MS-CFB].

use std::collections::HashMap;

/// Whether a file is one of Excel 97 to 2003 by its name.
pub(crate) fn is_xls(file: &str) -> bool {
    file.to_lowercase().ends_with(".xls")
}

/// Rows and columns that a sheet has at most.
pub(crate) const LIMITS: (u32, u16) = (65_536, 256);
/// Bytes of data that a record has at most.
const RECORD: usize = 8_224;
/// Cells use formats from this one on; those before belong to styles.
const FIRST_FORMAT: usize = 15;
/// Number formats of a workbook start at this number.
const FIRST_NUMBER: usize = 164;
/// The font of bold texts: there is no font 4.
const BOLD: u16 = 5;

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Empty,
    Number(f64),
    Text(String),
}

/// How a cell is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Look {
    pub(crate) bold: bool,
    /// A number format of Excel, such as `0.00`.
    pub(crate) number: Option<String>,
}

/// A sheet: its name and its cells by row and column, in their order.
pub(crate) struct Sheet {
    pub(crate) name: String,
    pub(crate) cells: Vec<((u32, u16), Cell, Look)>,
}

/// The bytes of a workbook; nothing where the sheets are larger than the format allows.
pub(crate) fn write(sheets: &[Sheet]) -> Option<Vec<u8>> {
    let inside = |(row, column): &(u32, u16)| *row < LIMITS.0 && *column < LIMITS.1;
    if sheets.is_empty() || !sheets.iter().flat_map(|s| &s.cells).all(|(at, ..)| inside(at)) {
        return None;
    }
    let book = Book::of(sheets);
    let parts: Vec<Vec<u8>> = sheets.iter().enumerate().map(|(k, s)| book.sheet(s, k == 0)).collect();
    // the positions of the sheets have one size, whatever they are
    let begin = book.globals(sheets, &vec![0; sheets.len()]).len();
    let starts: Vec<u32> = parts
        .iter()
        .scan(begin, |at, part| {
            let own = *at as u32;
            *at += part.len();
            Some(own)
        })
        .collect();
    let mut stream = book.globals(sheets, &starts);
    parts.iter().for_each(|part| stream.extend(part));
    compound(stream)
}

/// A record: its number and its data.
fn record(out: &mut Vec<u8>, number: u16, data: &[u8]) {
    out.extend(number.to_le_bytes());
    out.extend((data.len() as u16).to_le_bytes());
    out.extend(data);
}

/// Words of 16 bits.
fn words(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// A text with a count of one byte.
fn short_text(text: &str, most: usize) -> Vec<u8> {
    let own: Vec<u16> = units(text).into_iter().take(most).collect();
    let mut out = vec![own.len() as u8, 1];
    out.extend(words(&own));
    out
}

/// What the sheets share: texts, looks and number formats.
struct Book<'a> {
    texts: Vec<&'a str>,
    places: HashMap<&'a str, u32>,
    /// How many cells have a text.
    uses: u32,
    looks: Vec<&'a Look>,
    numbers: Vec<&'a str>,
}

impl<'a> Book<'a> {
    fn of(sheets: &'a [Sheet]) -> Self {
        let mut out = Self {
            texts: Vec::new(),
            places: HashMap::new(),
            uses: 0,
            looks: Vec::new(),
            numbers: Vec::new(),
        };
        for (_, cell, look) in sheets.iter().flat_map(|s| &s.cells) {
            if let Cell::Text(text) = cell {
                out.uses += 1;
                let next = out.texts.len() as u32;
                out.places.entry(text).or_insert_with(|| {
                    out.texts.push(text);
                    next
                });
            }
            if !out.looks.contains(&look) {
                out.looks.push(look);
            }
            if let Some(number) = look.number.as_deref().filter(|n| !out.numbers.contains(n)) {
                out.numbers.push(number);
            }
        }
        out
    }

    /// The number of the format of a look; the plain one comes first.
    fn format(&self, look: &Look) -> u16 {
        let own = self.looks.iter().position(|l| *l == look).map_or(0, |at| at + 1);
        (FIRST_FORMAT + own) as u16
    }

    fn globals(&self, sheets: &[Sheet], starts: &[u32]) -> Vec<u8> {
        let mut out = Vec::new();
        record(&mut out, 0x0809, &begin(0x0005));
        record(&mut out, 0x0042, &words(&[0x04B0]));
        record(&mut out, 0x003D, &words(&[0x0168, 0x010E, 0x5C3A, 0x23BE, 0x0038, 0, 0, 1, 0x0258]));
        for weight in [400, 400, 400, 400, 700] {
            let mut font = words(&[200, u16::from(weight == 700), 0x7FFF, weight, 0]);
            font.extend([0, 0, 0, 0]);
            font.extend(short_text("Arial", 31));
            record(&mut out, 0x0031, &font);
        }
        for (k, number) in self.numbers.iter().enumerate() {
            let own = units(number);
            let mut data = words(&[(FIRST_NUMBER + k) as u16, own.len() as u16]);
            data.push(1);
            data.extend(words(&own));
            record(&mut out, 0x041E, &data);
        }
        (0..FIRST_FORMAT).for_each(|_| record(&mut out, 0x00E0, &extended(0, 0, true)));
        record(&mut out, 0x00E0, &extended(0, 0, false));
        for look in &self.looks {
            let number = look.number.as_deref().and_then(|n| self.numbers.iter().position(|own| *own == n));
            let number = number.map_or(0, |k| (FIRST_NUMBER + k) as u16);
            record(&mut out, 0x00E0, &extended(if look.bold { BOLD } else { 0 }, number, false));
        }
        record(&mut out, 0x0293, &[0x00, 0x80, 0x00, 0xFF]);
        for (sheet, start) in sheets.iter().zip(starts) {
            let mut data = start.to_le_bytes().to_vec();
            data.extend([0, 0]);
            data.extend(short_text(&sheet.name, 31));
            record(&mut out, 0x0085, &data);
        }
        self.shared_texts(&mut out);
        record(&mut out, 0x000A, &[]);
        out
    }

    /// The table of texts; a text that reaches the end of a record goes on in the next one, after a byte for its kind.
    fn shared_texts(&self, out: &mut Vec<u8>) {
        let mut data = self.uses.to_le_bytes().to_vec();
        data.extend((self.texts.len() as u32).to_le_bytes());
        let mut number = 0x00FC;
        for text in &self.texts {
            let own = units(text);
            if data.len() + 5 > RECORD {
                record(out, number, &data);
                (number, data) = (0x003C, Vec::new());
            }
            data.extend((own.len().min(32_767) as u16).to_le_bytes());
            data.push(1);
            for unit in own.into_iter().take(32_767) {
                if data.len() + 2 > RECORD {
                    record(out, number, &data);
                    (number, data) = (0x003C, vec![1]);
                }
                data.extend(unit.to_le_bytes());
            }
        }
        record(out, number, &data);
    }

    fn sheet(&self, sheet: &Sheet, is_first: bool) -> Vec<u8> {
        let mut out = Vec::new();
        record(&mut out, 0x0809, &begin(0x0010));
        let ends = |n: u32, own: u32| n.max(own + 1);
        let rows = sheet.cells.iter().fold(0, |n, ((row, _), ..)| ends(n, *row));
        let columns = sheet.cells.iter().fold(0, |n, ((_, column), ..)| ends(n, u32::from(*column)));
        let mut size = 0_u32.to_le_bytes().to_vec();
        size.extend(rows.to_le_bytes());
        size.extend(words(&[0, columns as u16, 0]));
        record(&mut out, 0x0200, &size);
        for ((row, column), cell, look) in &sheet.cells {
            let mut data = words(&[*row as u16, *column, self.format(look)]);
            match cell {
                Cell::Empty => record(&mut out, 0x0201, &data),
                Cell::Number(x) => {
                    data.extend(x.to_le_bytes());
                    record(&mut out, 0x0203, &data);
                }
                Cell::Text(text) => {
                    data.extend(self.places[text.as_str()].to_le_bytes());
                    record(&mut out, 0x00FD, &data);
                }
            }
        }
        let shown = if is_first { 0x06B6 } else { 0x00B6 };
        record(&mut out, 0x023E, &words(&[shown, 0, 0, 0x0040, 0, 0, 0, 0, 0]));
        record(&mut out, 0x000A, &[]);
        out
    }
}

/// The data of the record that begins the workbook or a sheet.
fn begin(kind: u16) -> Vec<u8> {
    words(&[0x0600, kind, 0x0DBB, 0x07CC, 0x0041, 0, 0x0006, 0])
}

/// The data of a format of cells, or of one of styles.
fn extended(font: u16, number: u16, is_style: bool) -> Vec<u8> {
    let mut out = words(&[font, number, if is_style { 0xFFF5 } else { 0x0001 }]);
    out.extend([0x20, 0, 0, if is_style { 0xF4 } else { 0x0C }]);
    out.extend(words(&[0, 0, 0, 0, 0x20C0]));
    out
}

/// Bytes of a sector of a compound file, and entries of its table in one.
const SECTOR: usize = 512;
const ENTRIES: usize = SECTOR / 4;
/// Sectors of the table that the header names.
const IN_HEADER: usize = 109;
const END: u32 = 0xFFFF_FFFE;
const FREE: u32 = 0xFFFF_FFFF;

/// A compound file with one stream, `Workbook`; nothing where it is too large.
fn compound(mut stream: Vec<u8>) -> Option<Vec<u8>> {
    // shorter streams would stand in another part of the file
    stream.resize(stream.len().max(4_096).next_multiple_of(SECTOR), 0);
    let own = stream.len() / SECTOR;
    let table = (own + 1).div_ceil(ENTRIES - 1);
    if table > IN_HEADER {
        return None;
    }
    let mut out = vec![0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
    out.extend([0; 16]);
    out.extend(words(&[0x003E, 0x0003, 0xFFFE, 9, 6, 0, 0, 0]));
    let numbers = [0, table as u32, own as u32, 0, 4_096, END, 0, END, 0];
    numbers.iter().for_each(|n| out.extend(n.to_le_bytes()));
    for k in 0..IN_HEADER {
        out.extend(if k < table { (own + 1 + k) as u32 } else { FREE }.to_le_bytes());
    }
    out.extend(&stream);
    out.extend(entry("Root Entry", 5, 1, (END, 0)));
    out.extend(entry("Workbook", 2, FREE, (0, stream.len() as u32)));
    (0..2).for_each(|_| out.extend(entry("", 0, FREE, (0, 0))));
    let mut next: Vec<u32> = (1..own as u32).collect();
    next.extend([END, END]);
    next.resize(own + 1 + table, 0xFFFF_FFFD);
    next.resize(table * ENTRIES, FREE);
    next.iter().for_each(|n| out.extend(n.to_le_bytes()));
    Some(out)
}

/// An entry of the directory: its name, its kind, its child, and where it starts with its size.
fn entry(name: &str, kind: u8, child: u32, (start, size): (u32, u32)) -> Vec<u8> {
    let mut own = units(name);
    let length = if own.is_empty() { 0 } else { 2 * (own.len() + 1) };
    own.resize(32, 0);
    let mut out = words(&own);
    out.extend((length as u16).to_le_bytes());
    out.extend([kind, 1]);
    [FREE, FREE, child].iter().for_each(|n| out.extend(n.to_le_bytes()));
    out.extend([0; 36]);
    out.extend(start.to_le_bytes());
    out.extend(u64::from(size).to_le_bytes());
    out
}
