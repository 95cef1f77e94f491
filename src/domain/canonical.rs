//! Canonical JSON and its SHA-256: the bytes that hashes, plan ids and the audit chain are made of.

use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Returns the canonical form of a value: no spaces, object keys sorted by their bytes, numbers and
/// strings as `serde_json` prints them (shortest form that reads back to the same double).
///
/// # Panics
/// Never for types that serialise to JSON objects with string keys, which all stored types are.
pub fn canonical_json<T: Serialize + ?Sized>(value: &T) -> String {
    canonical_value(&serde_json::to_value(value).expect("stored types serialise to JSON"))
}

/// Returns the canonical form of what is JSON already, as [`canonical_json`] does, without a copy of it.
pub fn canonical_value(value: &Value) -> String {
    let mut out = Vec::new();
    write_value(value, &mut out);
    String::from_utf8(out).expect("JSON is UTF-8")
}

fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(map) => {
            let mut members: Vec<(&String, &Value)> = map.iter().collect();
            members.sort_unstable_by_key(|(key, _)| *key);
            out.push(b'{');
            for (i, (key, member)) in members.into_iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_scalar(key, out);
                out.push(b':');
                write_value(member, out);
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_value(item, out);
            }
            out.push(b']');
        }
        scalar => write_scalar(scalar, out),
    }
}

fn write_scalar<T: Serialize>(scalar: &T, out: &mut Vec<u8>) {
    serde_json::to_writer(out, scalar).expect("memory takes every scalar");
}

/// Returns the SHA-256 of bytes as 64 lower-case hexadecimal digits.
pub fn sha256_hex(bytes: impl AsRef<[u8]>) -> String {
    hex::encode(Sha256::digest(bytes.as_ref()))
}

/// Returns the HMAC-SHA256 of bytes under a key.
///
/// # Panics
/// Never: HMAC takes keys of any length.
pub fn hmac_sha256(key: &[u8], bytes: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

/// Returns the SHA-256 of the canonical JSON of a value.
pub fn sha256_of<T: Serialize + ?Sized>(value: &T) -> String {
    sha256_hex(canonical_json(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value = serde_json::json!({"b": [{"z": 1, "a": null}], "a": "é\n"});
        assert_eq!(canonical_json(&value), r#"{"a":"é\n","b":[{"a":null,"z":1}]}"#);
    }

    #[test]
    fn the_hash_is_that_of_the_published_vector() {
        // FIPS 180-4, "abc"
        assert_eq!(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
