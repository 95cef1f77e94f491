//! Addresses of services and parts of their paths.

use reqwest::Url;

use super::failure::Failure;

/// Checks the address of a service and returns it without a trailing slash.
///
/// # Errors
/// [`Failure::Usage`] for anything but `http://` or `https://` with a host, or an address with a password.
pub(super) fn base_url(text: &str) -> Result<String, Failure> {
    let wrong = |why: &str| Failure::Usage(format!("{text:?} is no address of a service: {why}"));
    let Ok(url) = Url::parse(text) else { return Err(wrong("it must begin with http:// or https://")) };
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong("it must begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it must not hold a name or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it must end with the host or a path"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// True if what is sent to an address can be read on its way: plain http to another machine.
pub(super) fn is_readable_in_transit(base: &str) -> bool {
    let Ok(url) = Url::parse(base) else { return false };
    let local = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "http" && !local
}

/// A part of a path, escaped.
pub(super) fn segment(text: &str) -> String {
    let mut url = Url::parse("http://x/").expect("a literal address");
    url.path_segments_mut().expect("it has a path").clear().push(text);
    url.path()[1..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_checked_before_anything_is_sent() {
        assert_eq!(base_url("http://127.0.0.1:8080/").ok().as_deref(), Some("http://127.0.0.1:8080"));
        assert_eq!(base_url("https://a.b/stata/").ok().as_deref(), Some("https://a.b/stata"));
        for wrong in ["127.0.0.1:8080", "ftp://x", "https://u:p@x", "http://x/?a=b", "", "http://"] {
            assert!(matches!(base_url(wrong), Err(Failure::Usage(_))), "{wrong}");
        }
    }

    #[test]
    fn plain_http_to_another_machine_is_readable() {
        assert!(is_readable_in_transit("http://10.0.0.7:8080"));
        for safe in ["http://localhost:1", "http://127.0.0.1", "http://[::1]:80", "https://example.org"] {
            assert!(!is_readable_in_transit(safe), "{safe}");
        }
    }

    #[test]
    fn a_part_of_a_path_cannot_leave_its_place() {
        assert_eq!(segment("a/../b?c#d é"), "a%2F..%2Fb%3Fc%23d%20%C3%A9");
    }
}
