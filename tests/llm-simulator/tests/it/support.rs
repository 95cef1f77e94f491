//! A simulator on a free port, and what its callers send.

use std::net::SocketAddr;

use llm_simulator::{Settings, Simulator};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Starts a simulator; it ends with the test's runtime.
pub(crate) async fn start(settings: Settings) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(Simulator::new(settings).serve(listener, std::future::pending()));
    format!("http://{address}")
}

/// A client; reqwest asks for a TLS provider even where no TLS is used.
pub(crate) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

pub(crate) fn settings(toml: &str) -> Settings {
    let settings: Settings = toml::from_str(toml).unwrap();
    settings.check().unwrap();
    settings
}

pub(crate) async fn post(url: &str, body: &Value, headers: &[(&str, &str)]) -> reqwest::Response {
    let mut request = client().post(url).json(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

pub(crate) async fn get(url: &str) -> reqwest::Response {
    client().get(url).send().await.unwrap()
}

pub(crate) fn chat(prompt: &str) -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": prompt}]})
}

pub(crate) fn message(prompt: &str) -> Value {
    json!({"model": "m", "max_tokens": 500, "messages": [{"role": "user", "content": prompt}]})
}

pub(crate) fn contents(prompt: &str) -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": prompt}]}]})
}

pub(crate) const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");

/// The events of a stream by name and data.
pub(crate) fn events(text: &str) -> Vec<(String, String)> {
    let field = |block: &str, name: &str| {
        block.lines().find_map(|l| l.strip_prefix(name)).map(|v| v.trim().to_owned()).unwrap_or_default()
    };
    text.split("\n\n")
        .filter(|block| block.contains("data:"))
        .map(|block| (field(block, "event:"), field(block, "data:")))
        .collect()
}

/// What a raw connection received, in the pieces in which it came, and how it ended.
pub(crate) async fn raw(
    base: &str,
    path: &str,
    headers: &str,
    body: &Value,
) -> (Vec<Vec<u8>>, std::io::Result<()>) {
    let address: SocketAddr = base.strip_prefix("http://").unwrap().parse().unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n{headers}\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut pieces = Vec::new();
    let mut buffer = vec![0; 65_536];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) => return (pieces, Ok(())),
            Ok(n) => pieces.push(buffer[..n].to_vec()),
            Err(error) => return (pieces, Err(error)),
        }
    }
}
