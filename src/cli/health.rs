//! `stata-service health`: asks a running service whether it is ready; for container health checks, which
//! have no other client at hand. Speaks plain HTTP, and TLS to the service of the settings, whose certificate it
//! has.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::{Exit, settings};
use crate::adapters::tls::TlsFiles;
use crate::adapters::tls_client::pinned;
use crate::config::Flags;

/// Time limit of connecting and of the response, each.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Largest answer read.
const MOST_BYTES: u64 = 1 << 20;

/// Arguments of `health`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Base URL of the service; by default the address of the settings.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// Reason why the service could not be queried.
#[derive(Debug, thiserror::Error)]
pub(super) enum HealthError {
    #[error("{0:?} is not a URL such as http://127.0.0.1:8080")]
    Url(String),
    #[error("the service does not answer: {0}")]
    Io(#[from] std::io::Error),
    #[error("the answer is not HTTP")]
    NotHttp,
    #[error("no TLS with the service: {0}")]
    Tls(#[from] rustls::Error),
}

/// Prints the report; ready is [`Exit::Done`], anything else [`Exit::Unavailable`].
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the output of a command")]
pub(super) fn run(args: Args, config: Option<PathBuf>) -> Exit {
    let (url, tls) = match args.url {
        Some(url) => (url, None),
        None => match settings(&Flags { config, values: Vec::new() }) {
            Ok(settings) => {
                let files = settings.tls.map(|tls| TlsFiles { cert: tls.cert_file, key: tls.key_file });
                match files.map(|files| pinned(&files)).transpose() {
                    Ok(tls) => (format!("http://{}", reachable(settings.listen)), tls),
                    Err(error) => {
                        eprintln!("{error}");
                        return Exit::Config;
                    }
                }
            }
            Err(exit) => return exit,
        },
    };
    match ask(&url, tls.map(Arc::new)) {
        Ok((status, body)) => {
            println!("{body}");
            if status == 200 { Exit::Done } else { Exit::Unavailable }
        }
        Err(error @ HealthError::Url(_)) => {
            eprintln!("{error}");
            Exit::Usage
        }
        Err(error) => {
            eprintln!("{error}");
            Exit::Unavailable
        }
    }
}

/// The address under which a listener can be reached from its own host.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// A connection, with TLS or without.
trait Conversation: Read + Write {}

impl<T: Read + Write> Conversation for T {}

/// Gets `/health/ready`: status and body.
fn ask(url: &str, tls: Option<Arc<ClientConfig>>) -> Result<(u16, String), HealthError> {
    let wrong = || HealthError::Url(url.to_owned());
    let rest = url.strip_prefix("http://").ok_or_else(wrong)?;
    let (authority, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let with_port = match authority.rsplit_once(':') {
        Some((_, port)) if port.parse::<u16>().is_ok() => authority.to_owned(),
        _ => format!("{authority}:80"),
    };
    if authority.is_empty() || url.contains(char::is_whitespace) {
        return Err(wrong());
    }
    let address = with_port.to_socket_addrs()?.next().ok_or_else(wrong)?;
    let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut stream: Box<dyn Conversation> = match tls {
        None => Box::new(stream),
        Some(config) => {
            let name = ServerName::IpAddress(address.ip().into());
            Box::new(StreamOwned::new(ClientConnection::new(config, name)?, stream))
        }
    };
    let prefix = prefix.trim_matches('/');
    let slash = if prefix.is_empty() { "" } else { "/" };
    let request = format!(
        "GET {slash}{prefix}/health/ready HTTP/1.1\r\nHost: {authority}\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MOST_BYTES).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(HealthError::NotHttp)?;
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or(HealthError::NotHttp)?;
    Ok((status, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_on_all_addresses_are_asked_on_the_local_one() {
        let at = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(at("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(at("[::]:8080"), "[::1]:8080");
        assert_eq!(at("192.0.2.1:80"), "192.0.2.1:80");
    }

    #[test]
    fn only_plain_http_urls_are_asked() {
        for url in ["https://x", "x:80", "http://", "http://a b"] {
            assert!(matches!(ask(url, None), Err(HealthError::Url(_))), "{url}");
        }
    }

    #[test]
    fn status_and_body_of_an_answer_are_read() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let length = stream.read(&mut request).unwrap();
            stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}").unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        assert_eq!(ask(&format!("http://{address}/"), None).unwrap(), (503, "{}".to_owned()));
        assert!(server.join().unwrap().starts_with("GET /health/ready HTTP/1.1\r\n"));
    }
}
