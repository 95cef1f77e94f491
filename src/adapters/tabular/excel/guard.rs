//! Refuses ZIP bombs before any part of a workbook is read into memory: every part is unpacked once and
//! counted, because the sizes that an archive states about itself need not be true.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use crate::adapters::tabular::problems;
use crate::domain::error::Problem;

/// Most bytes of all parts, unpacked.
const MOST_TOTAL: u64 = 2 << 30;
/// Most bytes of the shared texts, which are kept in memory.
const MOST_SHARED: u64 = 128 << 20;
/// Most bytes of any other part that is kept in memory.
const MOST_PART: u64 = 32 << 20;
/// Most parts.
const MOST_PARTS: usize = 10_000;
/// A part above this size that unpacks to more than [`MOST_RATIO`] times its packed size is a bomb.
const RATIO_FROM: u64 = 64 << 20;
const MOST_RATIO: u64 = 400;

/// Checks a workbook's archive.
///
/// # Errors
/// `INPUT_TOO_LARGE` for bombs, `INPUT_PARSE_FAILED` for damaged archives.
pub(super) fn check(path: &Path) -> Result<(), Problem> {
    let damaged = |_| problems::parse(None, None, "the workbook's ZIP archive is damaged or truncated");
    let file = File::open(path).map_err(|e| problems::io("read the upload", &e))?;
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    if archive.len() > MOST_PARTS {
        return Err(problems::too_large("the workbook has too many parts", MOST_PARTS as u64));
    }
    let mut total = 0;
    let mut buffer = vec![0; 64 * 1024];
    for at in 0..archive.len() {
        let mut part = archive.by_index(at).map_err(damaged)?;
        let name = part.name().map_err(damaged)?.to_lowercase();
        let most =
            if name.starts_with("xl/worksheets/") || name.starts_with("xl/media/") || name == "content.xml" {
                MOST_TOTAL
            } else if name.ends_with("sharedstrings.xml") || name.ends_with("sharedstrings.bin") {
                MOST_SHARED
            } else {
                MOST_PART
            };
        let packed = part.compressed_size().max(1);
        let mut size = 0u64;
        loop {
            let length = part.read(&mut buffer).map_err(|_| {
                problems::parse(None, None, "a part of the workbook cannot be unpacked; the file is damaged")
            })?;
            if length == 0 {
                break;
            }
            size += length as u64;
            total += length as u64;
            if size > most || total > MOST_TOTAL {
                return Err(problems::too_large("a part of the workbook unpacks to too many bytes", most));
            }
            if size > RATIO_FROM && size / packed > MOST_RATIO {
                return Err(problems::too_large(
                    "a part of the workbook is packed like a ZIP bomb",
                    MOST_RATIO,
                ));
            }
        }
    }
    Ok(())
}
