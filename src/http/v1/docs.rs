//! `GET /v1/docs`: the OpenAPI document as a page, with a try-out. Everything it needs is in the binary; what the
//! document says is in [`super::openapi`].

use std::io::Read;
use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use flate2::read::GzDecoder;
use serde::Deserialize;

use crate::domain::canonical::sha256_hex;
use crate::domain::error::{ErrorCode, Problem};
use crate::http::error::ApiError;
use crate::http::extract::body::Path;
use crate::http::extract::headers::{Headers, none_match_hits};
use crate::http::route::RouteFacts;

/// Own files only: no inline script or style, no other host. Icons of Swagger UI are `data:` images.
pub const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file of the page.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
    is_gzip: bool,
    tag: String,
}

impl Asset {
    fn new(name: &'static str, media_type: &'static str, bytes: &'static [u8], is_gzip: bool) -> Self {
        // weak: the same file is sent with and without a content encoding
        let tag = format!("W/\"{}\"", &sha256_hex(bytes)[..32]);
        Self { name, media_type, bytes, is_gzip, tag }
    }
}

macro_rules! from_archive {
    ($name:literal, $media_type:literal) => {
        Asset::new($name, $media_type, include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz")), true)
    };
}

macro_rules! own {
    ($name:literal, $media_type:literal) => {
        Asset::new($name, $media_type, include_bytes!(concat!("../../../assets/api_page/", $name)), false)
    };
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

static ASSETS: LazyLock<[Asset; 6]> = LazyLock::new(|| {
    [
        own!("index.html", "text/html; charset=utf-8"),
        own!("page.css", "text/css; charset=utf-8"),
        Asset { media_type: SCRIPT, ..own!("page.js", "") },
        from_archive!("swagger-ui.css", "text/css; charset=utf-8"),
        Asset { media_type: SCRIPT, ..from_archive!("swagger-ui-bundle.js", "") },
        from_archive!("LICENSE", "text/plain; charset=utf-8"),
    ]
});

/// The file's segment.
#[derive(Debug, Deserialize)]
pub struct AssetSegment {
    asset: String,
}

/// The facts of `get_docs`.
pub const PAGE_FACTS: RouteFacts = RouteFacts { if_none_match: true, tagged: true, ..RouteFacts::NONE };

/// Shows this document as a page with a try-out.
///
/// Needs no credential; the page asks for one where a request that is tried out needs it, and keeps it only as long
/// as it is open.
#[utoipa::path(get, path = "/v1/docs", tag = "library", operation_id = "get_docs",
    responses((status = 200, content_type = "text/html", body = String, description = "The page."),
        (status = 304)))]
pub async fn page(Headers(headers): Headers) -> Result<Response<Body>, ApiError> {
    serve("index.html", &headers)
}

/// The facts of `get_docs_asset`.
pub const ASSET_FACTS: RouteFacts = RouteFacts {
    refusals: &[&[ErrorCode::RouteNotFound]],
    if_none_match: true,
    tagged: true,
    ..RouteFacts::NONE
};

/// Returns a file of the page.
///
/// Style and script of the page at `/v1/docs`, which are part of the service.
#[utoipa::path(get, path = "/v1/docs/{asset}", tag = "library", operation_id = "get_docs_asset",
    params(("asset" = String, Path)),
    responses((status = 200, content_type = "*/*", body = String, description = "The file."), (status = 304)))]
pub async fn asset(
    Path(segment): Path<AssetSegment>,
    Headers(headers): Headers,
) -> Result<Response<Body>, ApiError> {
    serve(&segment.asset, &headers)
}

fn serve(name: &str, asked: &HeaderMap) -> Result<Response<Body>, ApiError> {
    let asset = ASSETS
        .iter()
        .find(|asset| asset.name == name)
        .ok_or_else(|| Problem::new(ErrorCode::RouteNotFound, "the page has no such file"))?;
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    let tag = HeaderValue::from_str(&asset.tag).expect("hexadecimal digits are a valid header");
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    if asset.is_gzip {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if none_match_hits(asked, asset.tag.trim_start_matches("W/")) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    if asset.is_gzip && takes_gzip(asked) {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        *response.body_mut() = Body::from(Bytes::from_static(asset.bytes));
    } else if asset.is_gzip {
        let mut plain = Vec::new();
        let read = GzDecoder::new(asset.bytes).read_to_end(&mut plain);
        read.map_err(|_| Problem::internal())?;
        *response.body_mut() = Body::from(plain);
    } else {
        *response.body_mut() = Body::from(Bytes::from_static(asset.bytes));
    }
    Ok(response)
}

/// True if `Accept-Encoding` names gzip with a weight above zero (RFC 9110, section 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let stated = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    stated.flat_map(|list| list.split(',')).any(|part| {
        let (name, weight) = part.split_once(';').unwrap_or((part, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|text| text.parse::<f64>().ok());
        matches!(name.trim(), "gzip" | "x-gzip") && weight.is_some_and(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_only_to_those_who_take_it() {
        for (stated, expected) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, gzip;q=0.8", true),
            ("gzip;q=0", false),
            ("identity", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(stated));
            assert_eq!(takes_gzip(&headers), expected, "{stated}");
        }
    }

    #[test]
    fn the_files_of_the_archive_are_whole() {
        for asset in ASSETS.iter().filter(|asset| asset.is_gzip) {
            let mut text = String::new();
            GzDecoder::new(asset.bytes).read_to_string(&mut text).expect("the checksum holds");
            assert!(text.len() > 10_000, "{}", asset.name);
        }
    }
}
