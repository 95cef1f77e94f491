//! Which format a file has, by its content; its name only decides what the refusal says.

use std::fs::File;
use std::path::Path;

use super::problems;
use crate::domain::error::Problem;

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Xlsx,
    Xlsb,
    Xls,
    Ods,
    Dta,
    Sav,
    Xport,
    Sas,
    R,
    Parquet,
}

/// First bytes of formats that are not read, with their names.
const FOREIGN: &[(&[u8], &str)] = &[
    (b"%PDF", "a PDF document; copy its table into a spreadsheet program and save it there"),
    (b"\x1f\x8b", "a gzip archive; unpack it"),
    (b"7z\xbc\xaf", "a 7-Zip archive; unpack it"),
    (b"Rar!", "a RAR archive; unpack it"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive; unpack it"),
    (b"ARROW1", "a Feather file; save it as Parquet or CSV in the program that made it"),
    (b"\x89PNG", "a picture; type its table into a spreadsheet program"),
    (b"\xff\xd8\xff", "a picture; type its table into a spreadsheet program"),
    (b"SQLite format 3", "a SQLite database; export the table as CSV"),
    (b"\0\x01\0\0Standard Jet DB", "an Access database; export the table as a workbook or as CSV"),
    (b"\0\x01\0\0Standard ACE DB", "an Access database; export the table as a workbook or as CSV"),
    (b"\x89HDF", "an HDF5 file; save its table as CSV or Parquet in the program that made it"),
    (b"MATLAB 5.0 MAT-file", "a file of MATLAB; save its table with writetable"),
    (b"New MicroTSP Workfile", "a workfile of EViews; save it as CSV or as .dta"),
    (b"\x7fELF", "a program"),
    (
        b"**COMPRESSED**",
        "a file of PROC CPORT; upload the data set itself (.sas7bdat), or a transport file (.xpt) of the LIBNAME engine xport",
    ),
    (
        SAS_CATALOG,
        "a catalog of formats of SAS (.sas7bcat), which has labels of values and no data; upload the data set (.sas7bdat), whose \
         columns keep their codes, or save the data with their labels in SAS as .sav or .dta",
    ),
];

/// First bytes of a catalog of SAS.
const SAS_CATALOG: &[u8] =
    b"\0\0\0\0\0\0\0\0\0\0\0\0\xc2\xea\x81\x63\xb3\x14\x11\xcf\xbd\x92\x08\0\x09\xc7\x31\x8c";

/// First bytes of a data set in SAS's own format.
const SAS_DATA_SET: &[u8] =
    b"\0\0\0\0\0\0\0\0\0\0\0\0\xc2\xea\x81\x60\xb3\x14\x11\xcf\xbd\x92\x08\0\x09\xc7\x31\x8c";

/// Advice for the user in a refusal.
const ACCEPTED: &str = "upload CSV, XLSX, XLSB, XLS, ODS, DTA, SAV, XPT, SAS7BDAT, RDS, RDATA or PARQUET";

/// Most names of an archive that are checked.
const MOST_NAMES: usize = 10_000;

/// Finds the format.
///
/// # Errors
/// Empty files, formats that are not read, content that contradicts the name, I/O.
pub(super) fn detect(path: &Path, original_name: &str) -> Result<Format, Problem> {
    let mut head = [0u8; 512];
    let length = File::open(path)
        .and_then(|mut file| super::text::read_full(&mut file, &mut head))
        .map_err(|e| problems::io("read the upload", &e))?;
    let head = &head[..length];
    let extension = original_name.rsplit_once('.').map(|(_, e)| e.to_lowercase()).unwrap_or_default();
    if head.is_empty() {
        return Err(problems::empty("the file is empty"));
    }
    if extension == "dtas" {
        return Err(problems::unsupported(
            "bundles of frames (.dtas) are not supported; save each frame as .dta",
        ));
    }
    if head.starts_with(b"<stata_dta>") || is_old_dta(head) || extension == "dta" {
        return if head.starts_with(b"PK") { zip(path, "dta") } else { Ok(Format::Dta) };
    }
    if let Some(format) = of_other_programs(head) {
        return Ok(format);
    }
    if is_r(path, head)? {
        return Ok(Format::R);
    }
    if head.starts_with(b"PK\x03\x04") {
        return zip(path, &extension);
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Ok(Format::Xls);
    }
    if let Some((_, name)) = FOREIGN.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(problems::unsupported(&format!("the file is {name}; {ACCEPTED}")));
    }
    if is_portable(head) || extension == "por" {
        return Err(problems::unsupported(
            "the file is a portable file of SPSS (.por); open it in SPSS or PSPP, save it as .sav and upload that",
        ));
    }
    if matches!(
        extension.as_str(),
        "xlsx"
            | "xlsm"
            | "xlsb"
            | "ods"
            | "sav"
            | "zsav"
            | "xpt"
            | "sas7bdat"
            | "sas7bcat"
            | "rds"
            | "rda"
            | "rdata"
            | "parquet"
    ) {
        return Err(problems::parse(
            None,
            None,
            &format!(
                "the file is named .{extension}, but its content is not; rename it to .csv if it is a text table, or save it \
                 again in the program that made it"
            ),
        ));
    }
    let start = head.trim_ascii_start();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).to_ascii_lowercase();
    if [&b"<!doctype"[..], b"<html", b"<?xml", b"<table"].iter().any(|t| start.starts_with(t)) {
        return Err(problems::unsupported(&format!(
            "the file is an HTML or XML page; open it in a spreadsheet program and save it as a workbook, or {ACCEPTED}"
        )));
    }
    if is_json(&start) {
        return Err(problems::unsupported(&format!(
            "the file is JSON; save its records as a table with one row for each, or {ACCEPTED}"
        )));
    }
    Ok(Format::Text)
}

/// The formats that their first bytes name.
fn of_other_programs(head: &[u8]) -> Option<Format> {
    let starts = |magic: &[u8]| head.starts_with(magic);
    if starts(b"$FL2") || starts(b"$FL3") || head[8.min(head.len())..].starts_with(b"ENCRYPTEDSAV") {
        Some(Format::Sav)
    } else if starts(b"HEADER RECORD*******LIB") {
        Some(Format::Xport)
    } else if starts(SAS_DATA_SET) {
        Some(Format::Sas)
    } else if starts(b"PAR1") || starts(b"PARE") {
        Some(Format::Parquet)
    } else {
        None
    }
}

/// True for the beginning of a portable file of SPSS: texts of 200 bytes, of which one is readable as ASCII, and behind a table
/// of 256 characters its mark. Lines may break anywhere.
fn is_portable(head: &[u8]) -> bool {
    let text: Vec<u8> = head.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let says = b"ASCII SPSS PORT FILE";
    let beginning = &text[..text.len().min(200)];
    beginning.windows(says.len()).any(|part| part == says)
        || text.get(456..).is_some_and(|rest| rest.starts_with(b"SPSSPORT"))
}

/// True for text that begins as an object of JSON, or as a list of objects or lists: no table does.
fn is_json(start: &[u8]) -> bool {
    match start.split_first() {
        Some((b'{', rest)) => rest.trim_ascii_start().starts_with(b"\""),
        Some((b'[', rest)) => matches!(rest.trim_ascii_start().first(), Some(b'{' | b'[')),
        _ => false,
    }
}

/// True for what R saved. Only a packed file has to be unpacked to know it.
fn is_r(path: &Path, head: &[u8]) -> Result<bool, Problem> {
    let may_be = [&b"RD"[..], b"X\n", b"A\n", b"B\n"].iter().any(|first| head.starts_with(first));
    if !may_be && rds::Packing::of(head) == rds::Packing::Plain {
        return Ok(false);
    }
    Ok(rds::is_r(File::open(path).map_err(|e| problems::io("read the upload", &e))?))
}

/// Releases before 117 begin with the release, the byte order (1 or 2), 1 and 0.
fn is_old_dta(head: &[u8]) -> bool {
    head.len() >= 4
        && (102..=116).contains(&head[0])
        && matches!(head[1], 1 | 2)
        && head[2] == 1
        && head[3] == 0
}

fn zip(path: &Path, extension: &str) -> Result<Format, Problem> {
    let file = File::open(path).map_err(|e| problems::io("read the upload", &e))?;
    let archive = zip::ZipArchive::new(std::io::BufReader::new(file)).map_err(|_| {
        problems::parse(None, None, "the file is a damaged or truncated ZIP archive, so not a workbook")
    })?;
    let names: Vec<String> =
        archive.file_names().take(MOST_NAMES).flatten().map(|n| n.to_lowercase()).collect();
    let has = |name: &str| names.iter().any(|n| n == name);
    if has("xl/workbook.xml") {
        Ok(Format::Xlsx)
    } else if has("xl/workbook.bin") {
        Ok(Format::Xlsb)
    } else if has("content.xml") {
        let is_text = matches!(extension, "odt" | "ott" | "odp" | "odg");
        let reason = "the file is an OpenDocument text or drawing; upload a spreadsheet (.ods)";
        if is_text { Err(problems::unsupported(reason)) } else { Ok(Format::Ods) }
    } else if extension == "dta" || names.iter().any(|n| n.ends_with(".dta")) {
        Err(problems::unsupported("bundles of frames (.dtas) are not supported; save each frame as .dta"))
    } else {
        let what = match () {
            () if has("word/document.xml") => {
                "a document of Word; copy its table into a spreadsheet program and save it there"
            }
            () if has("index/document.iwa") => {
                "a document of Numbers or Pages; export it as a workbook or as CSV"
            }
            () => "a ZIP archive without a workbook; unpack it",
        };
        Err(problems::unsupported(&format!("the file is {what}; {ACCEPTED}")))
    }
}
