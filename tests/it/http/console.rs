//! The console as it is served: types, caching, policy, nothing but its own files, and its size.

use std::io::Write as _;
use std::path::Path;

use reqwest::{Method, Response};
use stata_service::http::v1::console::CONSOLE_POLICY;

use crate::support::app::TestApp;

/// Most bytes of scripts and styles that the first page waits for.
const MOST_AT_FIRST: usize = 110_000;
/// Most bytes of all scripts and styles with the words of both languages, and of what is sent of them. No page loads all: most of
/// it is words of remarks, checks and tables in two languages, which come with the view that shows them.
const MOST_BYTES: usize = 840_000;
const MOST_SENT: usize = 285_000;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/console"))
}

async fn get(app: &TestApp, path: &str) -> Response {
    app.http.get(format!("{}{path}", app.base)).send().await.expect("an answer")
}

fn text<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).unwrap_or_else(|| panic!("no {name}")).to_str().expect("ASCII")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_and_its_files_come_with_type_tag_and_policy() {
    let mut app = TestApp::start().await;
    for (path, media_type, file) in [
        ("/v1/console", "text/html; charset=utf-8", "index.html"),
        ("/v1/console/app.js", "text/javascript; charset=utf-8", "app.js"),
        ("/v1/console/views/start.js", "text/javascript; charset=utf-8", "views/start.js"),
        ("/v1/console/console.css", "text/css; charset=utf-8", "console.css"),
        ("/v1/console/icon.svg", "image/svg+xml", "icon.svg"),
        ("/v1/console/samples/pay.csv", "text/csv; charset=utf-8", "samples/pay.csv"),
    ] {
        let response = get(&app, path).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(text(&response, "content-type"), media_type, "{path}");
        assert_eq!(text(&response, "cache-control"), "no-cache", "{path}");
        assert_eq!(text(&response, "content-security-policy"), CONSOLE_POLICY, "{path}");
        assert_eq!(text(&response, "x-content-type-options"), "nosniff", "{path}");
        let tag = text(&response, "etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "a strong tag: {tag}");
        let on_disk = std::fs::read(folder().join(file)).expect("the file");
        assert_eq!(response.bytes().await.expect("a body"), on_disk, "{path}");

        let known = app.http.get(format!("{}{path}", app.base)).header("If-None-Match", &tag);
        let known = known.send().await.expect("an answer");
        assert_eq!(known.status(), 304, "{path}");
        assert_eq!(text(&known, "etag"), tag);
        let head = app.http.request(Method::HEAD, format!("{}{path}", app.base));
        let head = head.send().await.expect("an answer");
        assert_eq!((head.status().as_u16(), text(&head, "etag")), (200, tag.as_str()), "{path}");
        assert_eq!(text(&head, "content-length"), on_disk.len().to_string(), "{path}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_the_consoles_files_is_served() {
    let mut app = TestApp::start().await;
    for path in [
        "/v1/console/README.md",
        "/v1/console/nothing.js",
        "/v1/console/views",
        "/v1/console/views/",
        "/v1/console//etc/passwd",
        "/v1/console/%2e%2e/%2e%2e/Cargo.toml",
        "/v1/console/..%2f..%2fCargo.toml",
        "/v1/console/views/..%5c..%5capp.js",
        "/v1/console/app.js%00",
    ] {
        let response = get(&app, path).await;
        assert!(response.status().is_client_error(), "{path}: {}", response.status());
        assert_eq!(text(&response, "content-type"), "application/problem+json", "{path}");
    }
    let written = app.http.post(format!("{}/v1/console", app.base)).send().await.expect("an answer");
    assert_eq!(written.status(), 405);
    app.stop().await;
}

/// The page works behind any prefix: its addresses are relative, also the one that takes the slash away.
#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_relative_so_that_a_prefix_stays() {
    let mut app = TestApp::start().await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    let slash = client.expect("a client").get(format!("{}/v1/console/", app.base)).send().await;
    let slash = slash.expect("an answer");
    assert_eq!((slash.status().as_u16(), text(&slash, "location")), (308, "../console"));
    let page = get(&app, "/v1/console").await.text().await.expect("a page");
    let mut seen = 0;
    for part in page.split(['"', ' ']).filter(|part| part.starts_with("console/")) {
        assert_eq!(get(&app, &format!("/v1/{part}")).await.status(), 200, "{part}");
        seen += 1;
    }
    assert!(seen >= 3, "the page loads its style and its script");
    for refused in ["src=\"/", "href=\"/", "http:", "https:", "style=", "<style", "onclick", "<script>"] {
        assert!(!page.contains(refused), "the page has {refused}");
    }
    app.stop().await;
}

/// Views are loaded when they are opened, so the first page waits for the frame and its own words alone.
#[test]
fn scripts_and_styles_stay_small_and_load_nothing_from_elsewhere() {
    const FIRST: [&str; 9] = [
        "app.js",
        "api.js",
        "i18n.js",
        "ui.js",
        "console.css",
        "results.css",
        "i18n/shell.js",
        "views/start.js",
        "i18n/start.js",
    ];
    let (mut all, mut at_first, mut sent) = (0, 0, 0);
    for entry in walkdir(folder()) {
        let name = entry.strip_prefix(folder()).expect("found below it").to_string_lossy().into_owned();
        if !(name.ends_with(".js") || name.ends_with(".css")) {
            continue;
        }
        let text = std::fs::read_to_string(&entry).expect("a text file");
        all += text.len();
        at_first += if FIRST.contains(&name.as_str()) { text.len() } else { 0 };
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(text.as_bytes()).expect("memory");
        sent += gzip.finish().expect("memory").len();
        for refused in ["innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "new Function", "@import"] {
            assert!(!text.contains(refused), "{name} has {refused}");
        }
        let elsewhere = text.replace("http://www.w3.org/2000/svg", "");
        assert!(!elsewhere.contains("http://") && !elsewhere.contains("https://"), "{name} names a host");
    }
    assert!(at_first > 0 && at_first <= MOST_AT_FIRST, "{at_first} bytes before the first page is there");
    assert!(all <= MOST_BYTES && sent <= MOST_SENT, "{all} bytes of scripts and styles, {sent} sent");
}

/// Returns all files below a folder.
pub(crate) fn walkdir(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(walkdir(&path)) } else { found.push(path) }
    }
    found
}
