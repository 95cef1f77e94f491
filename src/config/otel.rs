//! The settings of traces. Their standard names in the environment are those of the OpenTelemetry specification
//! ("OpenTelemetry Environment Variable Specification" and "OpenTelemetry Protocol Exporter").

use secrecy::ExposeSecret;

use super::reader::Reader;
use super::sections::{Otel, OtelProtocol};

/// Reads the settings of traces; without an endpoint, or disabled, they are off.
pub(super) fn otel(r: &mut Reader<'_>) -> Otel {
    let endpoint = r.text("otel.endpoint");
    if let Some(text) = &endpoint {
        let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        if rest.is_none_or(|host| host.is_empty() || host.starts_with(['/', ':'])) {
            r.invalid(
                "otel.endpoint",
                format!("must be http://host:port or https://host:port, not {text:?}"),
            );
        }
    }
    let words = [("http/protobuf", OtelProtocol::HttpProtobuf), ("grpc", OtelProtocol::Grpc)];
    let protocol = r.choice("otel.protocol", &words).unwrap_or(OtelProtocol::HttpProtobuf);
    let headers = r.secret("otel.headers").and_then(|text| pairs(text.expose_secret()));
    let is_header = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let headers = match headers {
        Some(pairs) if pairs.iter().all(|(name, _)| is_header(name)) => pairs,
        None if r.secret("otel.headers").is_none() => Vec::new(),
        // the text itself is a secret
        _ => {
            r.invalid("otel.headers", "must be name=value pairs with commas between them");
            Vec::new()
        }
    };
    let attributes = r.text("otel.resource_attributes").unwrap_or_default();
    let resource_attributes = pairs(&attributes).unwrap_or_else(|| {
        r.invalid("otel.resource_attributes", "must be name=value pairs with commas between them");
        Vec::new()
    });
    let disabled = r.flag("otel.disabled");
    Otel {
        endpoint: endpoint.filter(|_| !disabled),
        protocol,
        headers: headers.into_iter().map(|(name, value)| (name, value.into())).collect(),
        sample_ratio: r.decimal("otel.sample_ratio", 0.0, 1.0),
        service_name: r.text("otel.service_name").unwrap_or_else(|| "stata-service".to_owned()),
        resource_attributes,
    }
}

/// Reads `name=value,name=value`, where values may be percent-encoded; `None` if it is anything else.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let pair = |part: &str| {
        let (name, value) = part.split_once('=')?;
        let name = name.trim();
        (!name.is_empty()).then_some(())?;
        Some((name.to_owned(), decoded(value.trim())?))
    };
    parts.map(pair).collect()
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            bytes.extend(hex::decode(digits).ok()?);
            rest = after;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_as_the_specification_writes_them() {
        let read = pairs("api-key=k%3D1, x = y ,").expect("pairs");
        assert_eq!(read, [("api-key".to_owned(), "k=1".to_owned()), ("x".to_owned(), "y".to_owned())]);
        assert_eq!(pairs(""), Some(Vec::new()));
        for bad in ["x", "=y", "a=%2", "a=%zz", "a=%ff"] {
            assert_eq!(pairs(bad), None, "{bad}");
        }
    }
}
