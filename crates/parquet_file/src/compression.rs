//! Unpacks pages.

use std::io::Read;

use crate::error::Error;

/// Memory that Zstandard may take for its window, as a power of two.
const ZSTD_WINDOW: u32 = 27;

/// Unpacks a page of `length` bytes.
pub(crate) fn unpack(codec: i64, packed: Vec<u8>, length: usize) -> Result<Vec<u8>, Error> {
    let damaged = |name: &str| Error::malformed(format!("a page cannot be unpacked ({name})"));
    let unpacked = match codec {
        0 => packed,
        1 => {
            let announced = snap::raw::decompress_len(&packed).map_err(|_| damaged("snappy"))?;
            if announced != length {
                return Err(damaged("snappy"));
            }
            snap::raw::Decoder::new().decompress_vec(&packed).map_err(|_| damaged("snappy"))?
        }
        2 => all(flate2::read::MultiGzDecoder::new(packed.as_slice()), length)
            .ok_or_else(|| damaged("gzip"))?,
        4 => all(brotli_decompressor::Decompressor::new(packed.as_slice(), 4096), length)
            .ok_or_else(|| damaged("brotli"))?,
        5 => hadoop(&packed, length)
            .or_else(|| lz4_flex::block::decompress(&packed, length).ok())
            .ok_or_else(|| damaged("lz4"))?,
        6 => {
            let mut decoder = zstd::Decoder::with_buffer(packed.as_slice()).map_err(|_| damaged("zstd"))?;
            decoder.window_log_max(ZSTD_WINDOW).map_err(|_| damaged("zstd"))?;
            all(decoder, length).ok_or_else(|| damaged("zstd"))?
        }
        7 => lz4_flex::block::decompress(&packed, length).map_err(|_| damaged("lz4"))?,
        3 => return Err(Error::Unsupported("the compression LZO".to_owned())),
        other => return Err(Error::malformed(format!("{other} is no compression"))),
    };
    if unpacked.len() == length {
        Ok(unpacked)
    } else {
        Err(Error::malformed("a page has another length than announced"))
    }
}

/// All bytes; `None` where they are more than announced, or damaged.
fn all(reader: impl Read, length: usize) -> Option<Vec<u8>> {
    let mut unpacked = Vec::new();
    reader.take(length as u64 + 1).read_to_end(&mut unpacked).ok()?;
    Some(unpacked)
}

/// Blocks as Hadoop writes them: lengths, unpacked and packed, in front of each.
fn hadoop(packed: &[u8], length: usize) -> Option<Vec<u8>> {
    let (mut unpacked, mut rest) = (Vec::new(), packed);
    while !rest.is_empty() {
        let (sizes, behind) = rest.split_first_chunk::<8>()?;
        let of = u32::from_be_bytes([sizes[0], sizes[1], sizes[2], sizes[3]]) as usize;
        let size = u32::from_be_bytes([sizes[4], sizes[5], sizes[6], sizes[7]]) as usize;
        if of > length - unpacked.len() {
            return None;
        }
        unpacked.extend(lz4_flex::block::decompress(behind.get(..size)?, of).ok()?);
        rest = &behind[size..];
    }
    (unpacked.len() == length).then_some(unpacked)
}
