//! `GET /v1/console`: the page for people and its files, out of the binary. What the page does stands in
//! `assets/console`; it calls the same routes as every other client, so nothing here knows a job.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::domain::canonical::sha256_hex;
use crate::http::extract::body::Path;
use crate::http::extract::headers::IfNoneMatch;
use crate::http::route::RouteFacts;

static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/console_files.rs"));

/// Only files of the console itself may run, load or be asked; pictures may also be made in the page.
pub const CONSOLE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE: &str = "index.html";

/// One file with its response headers.
struct Asset {
    bytes: &'static [u8],
    media_type: &'static str,
    tag: String,
}

static ASSETS: LazyLock<BTreeMap<&'static str, Asset>> = LazyLock::new(|| {
    let asset = |(name, bytes): &(&'static str, &'static [u8])| {
        let tag = format!("\"{}\"", &sha256_hex(bytes)[..32]);
        (*name, Asset { bytes, media_type: media_type(name), tag })
    };
    EMBEDDED.iter().map(asset).collect()
});

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("csv") => "text/csv; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Returns the SHA-256 of each file of the sample data.
pub fn sample_hashes() -> BTreeSet<String> {
    let samples = EMBEDDED.iter().filter(|(name, _)| name.starts_with("samples/"));
    samples.map(|(_, bytes)| sha256_hex(bytes)).collect()
}

/// The rest of an asset's path.
#[derive(Debug, Deserialize)]
pub struct AssetSegment {
    path: String,
}

/// The facts of `open_console`.
pub const PAGE_FACTS: RouteFacts = RouteFacts { if_none_match: true, tagged: true, ..RouteFacts::NONE };

/// Shows the web console: a complete analysis in a browser, in English and Chinese.
///
/// Needs no credential: the page asks for a task code or a key, and keeps it only as long as it is open.
#[utoipa::path(get, path = "/v1/console", tag = "console", operation_id = "open_console",
    responses((status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 304, description = "The caller has this page")))]
pub async fn page(none_match: IfNoneMatch) -> Response {
    answer(PAGE, &none_match)
}

/// `/v1/console/`: the page's relative addresses need it without the slash. Relative, so that a prefix in front of the service stays.
pub async fn slash() -> Response {
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, "../console")]).into_response()
}

/// A script, a style sheet or a picture of the page.
pub async fn asset(Path(segment): Path<AssetSegment>, none_match: IfNoneMatch) -> Response {
    answer(&segment.path, &none_match)
}

/// Returns a file by its exact name. No other path is resolved, so no request can reach another file.
fn answer(name: &str, none_match: &IfNoneMatch) -> Response {
    let Some(asset) = ASSETS.get(name) else { return StatusCode::NOT_FOUND.into_response() };
    let tag = HeaderValue::from_str(&asset.tag).expect("hexadecimal digits are a valid header");
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONSOLE_POLICY)),
    ];
    if none_match.hits(&asset.tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    ([(header::CONTENT_TYPE, asset.media_type)], headers, asset.bytes).into_response()
}
