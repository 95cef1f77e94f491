//! Files as answers: byte ranges (RFC 9110, section 14), strong entity tags, safe names.

use std::io::Read as _;
use std::ops::Range;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::error::ApiError;
use super::extract::headers::none_match_hits;
use crate::domain::error::{ErrorCode, Problem};
use crate::service::jobs::read_artifact::BlobReader;
use crate::service::shared::pools::Pool;

/// Bytes per piece of a streamed file.
const CHUNK: usize = 64 * 1024;

/// Metadata of a file that is served.
#[derive(Debug, Clone)]
pub struct FileFacts<'a> {
    /// Size of the whole file, in bytes.
    pub size_bytes: u64,
    /// Strong tag, without quotes; absent while the file grows.
    pub tag: Option<&'a str>,
    /// Media type of the response.
    pub media_type: &'a str,
    /// Name offered to the client; made safe for the header.
    pub file_name: &'a str,
    /// Expected hash of the whole file; a full download is cut off before its end if the hash differs.
    pub sha256: Option<&'a str>,
}

/// Part of a file that a request wants.
#[derive(Debug)]
pub enum Wanted {
    /// The client has it; this is the response.
    NotModified(Response),
    /// A range, or the whole file.
    Part(Part),
}

/// The bytes of a file that a response carries.
#[derive(Debug)]
pub struct Part {
    status: StatusCode,
    /// The first byte and the one after the last.
    pub range: Range<u64>,
    tag: Option<String>,
}

/// Returns what the conditions and the range of a request ask for.
///
/// # Errors
/// `RANGE_NOT_SATISFIABLE`.
pub fn wanted(facts: &FileFacts<'_>, request: &HeaderMap) -> Result<Wanted, ApiError> {
    let tag = facts.tag.map(|t| format!("\"{t}\""));
    if let Some(tag) = &tag
        && none_match_hits(request, tag)
    {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        response.headers_mut().insert(header::ETAG, ascii(tag));
        return Ok(Wanted::NotModified(response));
    }
    let range_applies = request
        .get(header::IF_RANGE)
        .is_none_or(|v| tag.as_ref().is_some_and(|tag| v.as_bytes() == tag.as_bytes()));
    let asked = request.get(header::RANGE).filter(|_| range_applies).and_then(|v| v.to_str().ok());
    let (status, start, end) = match asked.map(|text| parse_range(text, facts.size_bytes)) {
        None | Some(Asked::Ignored) => (StatusCode::OK, 0, facts.size_bytes),
        Some(Asked::Part(start, end)) => (StatusCode::PARTIAL_CONTENT, start, end),
        Some(Asked::Unsatisfiable) => {
            return Err(Problem::new(ErrorCode::RangeNotSatisfiable, "the file is shorter than that")
                .with("size_bytes", facts.size_bytes)
                .into());
        }
    };
    Ok(Wanted::Part(Part { status, range: start..end, tag }))
}

/// Returns the response with the bytes of a part; `reader` begins with its first byte.
pub fn serve_part(part: Part, reader: BlobReader, facts: &FileFacts<'_>, pool: &Pool) -> Response {
    let Part { status, range: Range { start, end }, tag } = part;
    let whole = status == StatusCode::OK;
    let with_checksum = facts.sha256.filter(|_| whole).map(|sha256| (Sha256::new(), sha256.to_owned()));
    let mut response = Response::new(stream(reader, end - start, with_checksum, pool.clone()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, ascii(facts.media_type));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(end - start));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A figure opened in a browser must not run scripts with this origin.
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    );
    headers.insert(header::CONTENT_DISPOSITION, disposition(facts.file_name));
    if let Some(tag) = &tag {
        headers.insert(header::ETAG, ascii(tag));
    }
    if status == StatusCode::PARTIAL_CONTENT {
        let text = format!("bytes {start}-{}/{}", end - 1, facts.size_bytes);
        headers.insert(header::CONTENT_RANGE, ascii(&text));
    }
    response
}

enum Asked {
    /// Not understood, or several ranges: the whole is answered, as the RFC allows.
    Ignored,
    /// From (inclusive) and to (exclusive).
    Part(u64, u64),
    Unsatisfiable,
}

fn parse_range(text: &str, size: u64) -> Asked {
    let Some(spec) = text.trim().strip_prefix("bytes=") else { return Asked::Ignored };
    if spec.contains(',') {
        return Asked::Ignored;
    }
    let Some((first, last)) = spec.split_once('-') else { return Asked::Ignored };
    match (first.trim(), last.trim()) {
        ("", suffix) => match suffix.parse::<u64>() {
            Ok(0) => Asked::Unsatisfiable,
            Ok(n) if size > 0 => Asked::Part(size.saturating_sub(n), size),
            Ok(_) => Asked::Unsatisfiable,
            Err(_) => Asked::Ignored,
        },
        (first, last) => {
            let Ok(first) = first.parse::<u64>() else { return Asked::Ignored };
            let end = match last {
                "" => size,
                digits => match digits.parse::<u64>() {
                    Ok(last) if last >= first => last.saturating_add(1).min(size),
                    _ => return Asked::Ignored,
                },
            };
            if first >= size { Asked::Unsatisfiable } else { Asked::Part(first, end) }
        }
    }
}

/// Streams a part of a file through the pool of reads.
fn stream(reader: BlobReader, length: u64, with_checksum: Option<(Sha256, String)>, pool: Pool) -> Body {
    let state = (reader, length, with_checksum);
    Body::from_stream(futures_util::stream::try_unfold(state, move |(mut file, left, with_checksum)| {
        let pool = pool.clone();
        async move {
            if left == 0 {
                return Ok::<_, std::io::Error>(None);
            }
            let read = pool
                .run(move || -> std::io::Result<(BlobReader, Vec<u8>)> {
                    let mut buffer = vec![0; CHUNK.min(usize::try_from(left).unwrap_or(CHUNK))];
                    let n = file.read(&mut buffer)?;
                    if n == 0 {
                        return Err(std::io::ErrorKind::UnexpectedEof.into());
                    }
                    buffer.truncate(n);
                    Ok((file, buffer))
                })
                .await
                .map_err(std::io::Error::other)?;
            let (file, buffer) = read?;
            let left = left - buffer.len() as u64;
            let with_checksum = match with_checksum {
                None => None,
                Some((mut hasher, expected)) => {
                    hasher.update(&buffer);
                    if left == 0 && hex::encode(hasher.clone().finalize()) != expected {
                        tracing::error!(
                            event = "SS_ARTIFACT_DAMAGED",
                            "an artifact does not match its hash; its download is cut off"
                        );
                        return Err(std::io::Error::other("the stored file is damaged"));
                    }
                    Some((hasher, expected))
                }
            };
            Ok(Some((Bytes::from(buffer), (file, left, with_checksum))))
        }
    }))
}

fn ascii(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"))
}

/// Names the download; characters outside a safe set are percent-encoded (RFC 8187).
pub fn disposition(file_name: &str) -> HeaderValue {
    let safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let plain: String = file_name.bytes().map(|b| if safe(b) { char::from(b) } else { '_' }).collect();
    let encoded: String = file_name
        .bytes()
        .map(|b| if safe(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect();
    ascii(&format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &str, size: u64) -> Option<(u64, u64)> {
        match parse_range(text, size) {
            Asked::Part(a, b) => Some((a, b)),
            _ => None,
        }
    }

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        assert_eq!(part("bytes=0-0", 10), Some((0, 1)));
        assert_eq!(part("bytes=3-", 10), Some((3, 10)));
        assert_eq!(part("bytes=-4", 10), Some((6, 10)));
        assert_eq!(part("bytes=-40", 10), Some((0, 10)));
        assert_eq!(part("bytes=5-100", 10), Some((5, 10)));
        assert!(matches!(parse_range("bytes=10-", 10), Asked::Unsatisfiable));
        assert!(matches!(parse_range("bytes=-0", 10), Asked::Unsatisfiable));
        for ignored in ["bytes=5-2", "items=0-1", "bytes=0-1,3-4", "bytes=a-b", "bytes="] {
            assert!(matches!(parse_range(ignored, 10), Asked::Ignored), "{ignored}");
        }
    }
}
