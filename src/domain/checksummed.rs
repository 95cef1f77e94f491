//! Small JSON files that carry their own checksum, so that damage is found before anything is believed.
//! Which file is which belongs to its reader.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::canonical::{canonical_value, sha256_hex};

/// The member that holds the checksum of everything else.
const CHECKSUM_MEMBER: &str = "_integrity";

/// Why a checksummed file is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChecksumError {
    /// The bytes are not JSON, not an object, or not of the expected type.
    #[error("it is not the JSON that it should be")]
    Unreadable,
    /// The checksum is absent, and the file's contract version requires one.
    #[error("it carries no checksum")]
    NoChecksum,
    /// The content differs from the one for which the checksum was computed.
    #[error("its checksum does not match")]
    Mismatch,
}

/// Returns the bytes of a JSON object with its checksum: `_integrity.sha256` over the canonical JSON of
/// everything else.
///
/// # Panics
/// If the value does not serialise to a JSON object; all checksummed types do.
pub fn with_checksum<T: Serialize>(value: &T) -> Vec<u8> {
    let mut value = serde_json::to_value(value).expect("checksummed types serialise to JSON");
    let sha256 = sha256_hex(canonical_value(&value));
    let members = value.as_object_mut().expect("checksummed types are objects");
    members.insert(CHECKSUM_MEMBER.to_owned(), json!({"sha256": sha256}));
    serde_json::to_vec(&value).expect("values serialise to JSON")
}

/// Reads what [`with_checksum`] wrote. `without_checksum_until` is the last `contract_version` whose files had no checksum.
///
/// # Errors
/// [`ChecksumError`].
pub fn read_checksummed<T: DeserializeOwned>(
    bytes: &[u8],
    without_checksum_until: u64,
) -> Result<T, ChecksumError> {
    let mut value: Value = serde_json::from_slice(bytes).map_err(|_| ChecksumError::Unreadable)?;
    let members = value.as_object_mut().ok_or(ChecksumError::Unreadable)?;
    match members.shift_remove(CHECKSUM_MEMBER) {
        Some(stated) if stated["sha256"] == sha256_hex(canonical_value(&value)) => {}
        Some(_) => return Err(ChecksumError::Mismatch),
        None if value["contract_version"].as_u64().is_some_and(|v| v <= without_checksum_until) => {}
        None => return Err(ChecksumError::NoChecksum),
    }
    serde_json::from_value(value).map_err(|_| ChecksumError::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    type Facts = BTreeMap<String, Value>;

    fn facts(version: u64) -> Facts {
        BTreeMap::from([
            ("contract_version".to_owned(), json!(version)),
            ("text".to_owned(), json!("教育 \"x\"")),
            ("time".to_owned(), json!(u64::MAX)),
        ])
    }

    #[test]
    fn what_is_sealed_is_read_back() {
        assert_eq!(read_checksummed::<Facts>(&with_checksum(&facts(2)), 1), Ok(facts(2)));
    }

    #[test]
    fn every_flipped_bit_is_found_or_changes_nothing() {
        let whole = with_checksum(&facts(2));
        for bit in 0..whole.len() * 8 {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            if let Ok(read) = read_checksummed::<Facts>(&damaged, 1) {
                panic!("bit {bit} was not found: {read:?}");
            }
        }
    }

    #[test]
    fn every_cut_is_found() {
        let whole = with_checksum(&facts(2));
        for length in 0..whole.len() {
            assert!(read_checksummed::<Facts>(&whole[..length], 1).is_err(), "{length}");
        }
    }

    #[test]
    fn only_older_contracts_need_no_seal() {
        let bare = |version| serde_json::to_vec(&facts(version)).expect("serialises");
        assert_eq!(read_checksummed::<Facts>(&bare(1), 1), Ok(facts(1)));
        assert_eq!(read_checksummed::<Facts>(&bare(2), 1), Err(ChecksumError::NoChecksum));
        assert_eq!(read_checksummed::<Value>(b"[1]", 1), Err(ChecksumError::Unreadable));
        assert_eq!(read_checksummed::<Value>(b"{}", 1), Err(ChecksumError::NoChecksum));
    }
}
