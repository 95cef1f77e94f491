//! Changes to bytes that know the structure of a format: counts, sizes, offsets and tags are set to values at which
//! readers go wrong. Each change depends on the generator alone.

use std::io::{Cursor, Read, Write};

use crate::faults::Rng;

/// Values at the edges of the integers that formats store.
pub(crate) const EDGES: &[u64] = &[
    0,
    1,
    2,
    3,
    7,
    8,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x1_0000,
    0x00FF_FFFF,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
    0x1_0000_0000,
    0x100_0000_0000,
    0x7FFF_FFFF_FFFF_FFFF,
    u64::MAX,
];
/// What stands in tables and makes trouble.
const TOKENS: &[&str] = &[
    "\"",
    "\"\"",
    "'",
    "\r",
    "\n",
    "\r\n",
    "\0",
    ",",
    ";",
    "\t",
    "|",
    "\u{feff}",
    "1e308",
    "1e309",
    "-0",
    "NaN",
    "inf",
    "1,234",
    "1.234,5",
    "0x7f",
    "2020-02-30",
    "99999-01-01",
    "0001-01-01",
    "24:61:61",
    "=cmd|'/c x'!A1",
    ".",
    ".a",
    "\u{202e}",
    "\u{0}",
    "长长长",
    "9223372036854775808",
    "-2147483648",
    "1e-400",
    "%",
    "$1,0",
    "()",
    "true",
];

/// Writes an edge value of one to eight bytes at a place, in either byte order.
pub(crate) fn put(rng: &mut Rng, bytes: &mut [u8], at: usize) {
    let width = [1, 2, 4, 8][rng.below(4)];
    let length = bytes.len() as u64;
    let value = match rng.below(4) {
        0 => length.wrapping_add(rng.below(3) as u64).wrapping_sub(1),
        _ => *rng.one(EDGES),
    };
    let encoded = if rng.below(2) == 0 { value.to_le_bytes() } else { value.rotate_left(32).to_be_bytes() };
    for (offset, byte) in encoded.iter().take(width).enumerate() {
        if let Some(place) = bytes.get_mut(at + offset) {
            *place = *byte;
        }
    }
}

/// A few changes anywhere: values, cuts, repeats, insertions, pieces of itself.
pub(crate) fn anywhere(rng: &mut Rng, bytes: &mut Vec<u8>) {
    for _ in 0..=rng.below(4) {
        if bytes.is_empty() {
            return;
        }
        let at = rng.below(bytes.len());
        let length = 1 + rng.below((bytes.len() - at).min(64));
        match rng.below(7) {
            0 | 1 => put(rng, bytes, at),
            2 => bytes[at] ^= 1 << rng.below(8),
            3 => drop(bytes.drain(at..at + length)),
            4 => {
                let piece = bytes[at..at + length].repeat(1 + rng.below(40));
                bytes.splice(at..at, piece);
            }
            5 => {
                let token = rng.one(TOKENS).as_bytes().to_vec();
                bytes.splice(at..at, token);
            }
            _ if rng.below(4) == 0 => bytes.truncate(at),
            _ => put(rng, bytes, at),
        }
    }
}

/// Delimited text: tokens at places between fields, long fields, many columns, other encodings.
pub(crate) fn text(rng: &mut Rng, seed: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    match rng.below(6) {
        0 => {
            let columns = 1 + rng.below(300);
            let rows = rng.below(20);
            let delimiter = [",", ";", "\t", "|"][rng.below(4)];
            let mut text = String::new();
            for _ in 0..=rows {
                let fields: Vec<&str> = (0..columns).map(|_| *rng.one(TOKENS)).collect();
                text.push_str(&fields.join(delimiter));
                text.push('\n');
            }
            bytes = text.into_bytes();
        }
        1 => {
            let at = rng.below(bytes.len() + 1);
            let long = rng.one(TOKENS).repeat(1 + rng.below(3_000));
            bytes.splice(at..at, long.into_bytes());
        }
        2 => {
            // as UTF-16, perhaps with half a unit at its end
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let is_big = rng.below(2) == 0;
            let units = text.encode_utf16();
            bytes = units.flat_map(|u| if is_big { u.to_be_bytes() } else { u.to_le_bytes() }).collect();
            let mark: [u8; 2] = if is_big { [0xFE, 0xFF] } else { [0xFF, 0xFE] };
            bytes.splice(0..0, mark);
            bytes.truncate(bytes.len() - rng.below(2));
        }
        _ => {}
    }
    anywhere(rng, &mut bytes);
    bytes
}

/// A .dta file: values behind tags, in the map, in the header of old releases.
pub(crate) fn dta(rng: &mut Rng, seed: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    let tags: Vec<usize> =
        (1..bytes.len()).filter(|at| bytes[at - 1] == b'>' && bytes[*at] != b'<').collect();
    for _ in 0..=rng.below(3) {
        match rng.below(4) {
            0 if !tags.is_empty() => {
                let at = *rng.one(&tags);
                put(rng, &mut bytes, at);
            }
            1 if !tags.is_empty() => {
                // the map is 14 offsets, the types a row of 16-bit numbers
                let at = *rng.one(&tags) + 2 * rng.below(56);
                put(rng, &mut bytes, at);
            }
            2 => {
                let at = rng.below(120);
                put(rng, &mut bytes, at);
            }
            _ => anywhere(rng, &mut bytes),
        }
    }
    bytes
}

/// A compound file with a stream of BIFF records: lengths and types of records, numbers in them, sectors.
pub(crate) fn xls(rng: &mut Rng, seed: &[u8]) -> Vec<u8> {
    const KINDS: &[u16] = &[
        0x00FC, 0x0200, 0x0208, 0x00BD, 0x027E, 0x0203, 0x0204, 0x00FD, 0x0006, 0x0207, 0x003C, 0x0085,
        0x041E, 0x00E0, 0x0022, 0x0042, 0x00E5, 0x0018, 0x0809, 0x000A, 0x013D, 0x00BE, 0x0205, 0x00D6,
    ];
    let mut bytes = seed.to_vec();
    let records = biff(&bytes);
    for _ in 0..=rng.below(3) {
        // a change before may have moved or cut the records
        let record = (!records.is_empty()).then(|| *rng.one(&records));
        let record = record.filter(|(at, length)| at + 4 + length <= bytes.len());
        match (rng.below(6), record) {
            (0, Some((at, _))) => bytes[at..at + 2].copy_from_slice(&rng.one(KINDS).to_le_bytes()),
            (1, Some((at, _))) => {
                let length = *rng.one(EDGES) as u16;
                bytes[at + 2..at + 4].copy_from_slice(&length.to_le_bytes());
            }
            (2 | 3, Some((at, length))) => {
                let place = at + 4 + rng.below(length.max(1));
                put(rng, &mut bytes, place);
            }
            // header of the compound file, and the first sector, which holds the table of sectors in small files
            (4, _) => {
                let at = 24 + 2 * rng.below(300);
                put(rng, &mut bytes, at);
            }
            _ => anywhere(rng, &mut bytes),
        }
    }
    bytes
}

/// Places and lengths of the records that follow the first begin-of-file record.
fn biff(bytes: &[u8]) -> Vec<(usize, usize)> {
    let begin = bytes.windows(4).position(|w| w[..2] == [0x09, 0x08] && w[2] <= 16 && w[3] == 0);
    let mut records = Vec::new();
    let mut at = begin.unwrap_or(bytes.len());
    while at + 4 <= bytes.len() {
        let length = usize::from(u16::from_le_bytes([bytes[at + 2], bytes[at + 3]]));
        if at + 4 + length > bytes.len() || (bytes[at] == 0 && bytes[at + 1] == 0) {
            break;
        }
        records.push((at, length));
        at += 4 + length;
    }
    records
}

/// A workbook of XML parts in a ZIP archive: the parts, or the archive's own structures.
pub(crate) fn xlsx(rng: &mut Rng, seed: &[u8]) -> Vec<u8> {
    parts(rng, seed, xml)
}

/// An archive whose parts are changed, or its own structures.
pub(crate) fn parts(rng: &mut Rng, seed: &[u8], change: fn(&mut Rng, &mut Vec<u8>)) -> Vec<u8> {
    if rng.below(4) == 0 {
        return zip(rng, seed);
    }
    let mut from = zip::ZipArchive::new(Cursor::new(seed)).expect("the seed is an archive");
    let changed = rng.below(from.len());
    let mut to = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let method =
        if rng.below(2) == 0 { zip::CompressionMethod::Stored } else { zip::CompressionMethod::Deflated };
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    for index in 0..from.len() {
        let mut part = from.by_index(index).expect("a part");
        let name = part.name().expect("a name").to_string();
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).expect("read");
        if index == changed || rng.below(8) == 0 {
            change(rng, &mut bytes);
        }
        to.start_file(name, options).expect("started");
        to.write_all(&bytes).expect("written");
    }
    let mut bytes = to.finish().expect("finished").into_inner();
    if rng.below(8) == 0 {
        anywhere(rng, &mut bytes);
    }
    bytes
}

/// Text of XML: numbers and references in it, elements twice or gone, nesting, entities.
fn xml(rng: &mut Rng, bytes: &mut Vec<u8>) {
    const NUMBERS: &[&str] = &[
        "0",
        "1",
        "-1",
        "65535",
        "1048577",
        "16384",
        "2147483648",
        "4294967295",
        "4000000000",
        "18446744073709551616",
        "1e308",
        "",
        "x",
        "00000000000000000000001",
    ];
    const REFERENCES: &[&str] = &[
        "XFD1048576",
        "A0",
        "ZZZZ9",
        "A99999999999",
        "A1:XFD1048576",
        "A1:A4294967295",
        "XFE1",
        "1A",
        "$A$1",
        "a1",
    ];
    const PIECES: &[&str] = &[
        "&lol;",
        "&#0;",
        "&#x110000;",
        "&amp",
        "<![CDATA[",
        "]]>",
        "<!--",
        "<?x",
        "<!DOCTYPE a [<!ENTITY lol \"lol\">]>",
        "<a>",
        "</row>",
        "<c r=\"B2\" t=\"s\"><v>99999999</v></c>",
        "<row r=\"1048577\"/>",
        " xml:space=\"preserve\"",
    ];
    for _ in 0..=rng.below(4) {
        let digits: Vec<usize> = (1..bytes.len())
            .filter(|at| bytes[*at].is_ascii_digit() && !bytes[at - 1].is_ascii_digit())
            .collect();
        let elements: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] == b'<').collect();
        match rng.below(7) {
            0 | 1 if !digits.is_empty() => {
                let at = *rng.one(&digits);
                let end = at + bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                let number = rng.one(NUMBERS).bytes().collect::<Vec<_>>();
                bytes.splice(at..end, number);
            }
            2 => {
                let text = String::from_utf8_lossy(bytes).into_owned();
                let places: Vec<usize> = text.match_indices("r=\"").map(|(at, _)| at + 3).collect();
                if !places.is_empty() {
                    let at = *rng.one(&places);
                    let end = at + text[at..].find('"').unwrap_or(0);
                    let reference: &str = rng.one::<&str>(REFERENCES);
                    *bytes = [&text[..at], reference, &text[end..]].concat().into_bytes();
                }
            }
            3 if elements.len() > 1 => {
                let from = rng.below(elements.len() - 1);
                let to = (from + 1 + rng.below(6)).min(elements.len() - 1);
                let piece = bytes[elements[from]..elements[to]].repeat(1 + rng.below(200));
                bytes.splice(elements[from]..elements[from], piece);
            }
            4 if elements.len() > 1 => {
                let from = rng.below(elements.len() - 1);
                let to = (from + 1 + rng.below(3)).min(elements.len() - 1);
                drop(bytes.drain(elements[from]..elements[to]));
            }
            5 if !elements.is_empty() => {
                let at = *rng.one(&elements);
                let piece = rng.one(PIECES).repeat([1, 1, 1, 50, 2_000][rng.below(5)]);
                bytes.splice(at..at, piece.into_bytes());
            }
            _ => anywhere(rng, bytes),
        }
    }
}

/// The structures of a ZIP archive: signatures, sizes, offsets, counts, names, methods and flags.
pub(crate) fn zip(rng: &mut Rng, seed: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    let is_record = |at: &usize| {
        seed[*at..].starts_with(b"PK\x01\x02")
            || seed[*at..].starts_with(b"PK\x03\x04")
            || seed[*at..].starts_with(b"PK\x05\x06")
    };
    let records: Vec<usize> = (0..seed.len()).filter(is_record).collect();
    for _ in 0..=rng.below(3) {
        match rng.below(5) {
            0 => anywhere(rng, &mut bytes),
            _ if !records.is_empty() => {
                let at = *rng.one(&records) + 4 + rng.below(50);
                put(rng, &mut bytes, at);
            }
            _ => {}
        }
    }
    bytes
}

/// JSON: numbers, brackets, texts and keys, deep nesting, repeats.
pub(crate) fn json(rng: &mut Rng, seed: &[u8]) -> Vec<u8> {
    const PIECES: &[&str] = &[
        "null",
        "1e999",
        "-0.0",
        "99999999999999999999",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "{}",
        "[]",
        "\"",
        "\\",
        ",",
        ":",
        "{\"a\":",
        "[",
        "]",
        "}",
        "true",
        "\"x) shell rm (\"",
        "\"`c(pwd)'\"",
        "data: [DONE]\n\n",
        "event: error\n",
        "\r\n",
    ];
    let mut bytes = seed.to_vec();
    for _ in 0..=rng.below(4) {
        let marks: Vec<usize> = (0..bytes.len()).filter(|at| b"{}[],:\"\n".contains(&bytes[*at])).collect();
        if marks.is_empty() || rng.below(4) == 0 {
            anywhere(rng, &mut bytes);
            continue;
        }
        let at = *rng.one(&marks);
        let next = marks.iter().copied().find(|mark| *mark > at).unwrap_or(bytes.len());
        let piece = rng.one(PIECES).repeat([1, 1, 1, 1, 3, 5_000][rng.below(6)]).into_bytes();
        match rng.below(4) {
            0 => drop(bytes.splice(at..at, piece)),
            1 => drop(bytes.splice(at + 1..next.max(at + 1), piece)),
            2 => drop(bytes.drain(at..next)),
            _ => {
                let again = bytes[at..next].repeat(1 + rng.below(50));
                drop(bytes.splice(at..at, again));
            }
        }
    }
    bytes
}
