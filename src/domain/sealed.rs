//! Small JSON files that carry their own checksum, so that damage is found before anything is believed.
//! Which file is which belongs to its reader.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::canonical::sha256_of;

/// The member that holds the checksum of everything else.
const SEAL: &str = "_integrity";

/// Why a sealed file is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("it is not the JSON that it should be")]
    Unreadable,
    #[error("it carries no checksum")]
    Unsealed,
    #[error("its checksum does not match")]
    Mismatch,
}

/// Returns the bytes of a JSON object with its seal: `_integrity.sha256` over the canonical JSON of
/// everything else.
///
/// # Panics
/// If the value does not serialise to a JSON object; all sealed types do.
pub fn seal<T: Serialize>(value: &T) -> Vec<u8> {
    let mut value = serde_json::to_value(value).expect("sealed types serialise to JSON");
    let sha256 = sha256_of(&value);
    let members = value.as_object_mut().expect("sealed types are objects");
    members.insert(SEAL.to_owned(), json!({"sha256": sha256}));
    serde_json::to_vec(&value).expect("values serialise to JSON")
}

/// Reads what [`seal`] wrote. `unsealed_until` is the last `contract_version` whose files had no seal.
///
/// # Errors
/// [`SealError`].
pub fn unseal<T: DeserializeOwned>(bytes: &[u8], unsealed_until: u64) -> Result<T, SealError> {
    let mut value: Value = serde_json::from_slice(bytes).map_err(|_| SealError::Unreadable)?;
    let members = value.as_object_mut().ok_or(SealError::Unreadable)?;
    match members.shift_remove(SEAL) {
        Some(seal) if seal["sha256"].as_str() == Some(sha256_of(&value).as_str()) => {}
        Some(_) => return Err(SealError::Mismatch),
        None if value["contract_version"].as_u64().is_some_and(|v| v <= unsealed_until) => {}
        None => return Err(SealError::Unsealed),
    }
    serde_json::from_value(value).map_err(|_| SealError::Unreadable)
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
        assert_eq!(unseal::<Facts>(&seal(&facts(2)), 1), Ok(facts(2)));
    }

    #[test]
    fn every_flipped_bit_is_found_or_changes_nothing() {
        let whole = seal(&facts(2));
        for bit in 0..whole.len() * 8 {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            if let Ok(read) = unseal::<Facts>(&damaged, 1) {
                panic!("bit {bit} was not found: {read:?}");
            }
        }
    }

    #[test]
    fn every_cut_is_found() {
        let whole = seal(&facts(2));
        for length in 0..whole.len() {
            assert!(unseal::<Facts>(&whole[..length], 1).is_err(), "{length}");
        }
    }

    #[test]
    fn only_older_contracts_need_no_seal() {
        let bare = |version| serde_json::to_vec(&facts(version)).expect("serialises");
        assert_eq!(unseal::<Facts>(&bare(1), 1), Ok(facts(1)));
        assert_eq!(unseal::<Facts>(&bare(2), 1), Err(SealError::Unsealed));
        assert_eq!(unseal::<Value>(b"[1]", 1), Err(SealError::Unreadable));
        assert_eq!(unseal::<Value>(b"{}", 1), Err(SealError::Unsealed));
    }
}
