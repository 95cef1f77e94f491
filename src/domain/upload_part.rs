//! The parts of a file that is being uploaded. A part is a stored file whose name says its number, which arrival of the
//! number it is, and the hash of its bytes, so that the listing of a session's directory is the state of the session.

use super::layout::session_dir;

/// The name of a part that a client sent to the object store itself, after its number.
const DIRECT: &str = "direct";

/// A stored part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPart {
    /// Number of the part, from 1.
    pub number: u32,
    /// The way it came.
    pub origin: Origin,
    /// Size, in bytes.
    pub size_bytes: u64,
    /// Path below the job's directory.
    pub rel_path: String,
}

/// The way a part came.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Straight to the object store. The bytes were not seen yet.
    Direct {
        /// The store's own tag of the bytes, without quotes.
        tag: Option<String>,
    },
    /// Through the service.
    Service {
        /// Which arrival of this number, from 1; a later one replaces the earlier ones.
        arrival: u32,
        /// Lower-case hexadecimal SHA-256.
        sha256: String,
    },
}

/// A client's declaration of a part that it sent.
#[derive(Debug, Clone, Default)]
pub struct StatedPart {
    /// Number of the part, from 1.
    pub part_number: u32,
    /// Entity tag from the response to the part; compared if given.
    pub etag: Option<String>,
    /// SHA-256 of the part in hexadecimal digits; compared if given.
    pub sha256: Option<String>,
}

/// Returns the path of a part that arrives through the service, below the job's directory.
pub fn part_path(session_id: &str, number: u32, arrival: u32, sha256: &str) -> String {
    format!("{}/{number}.{arrival}.{sha256}", session_dir(session_id))
}

/// Returns the path of a part that a client sends to the object store, below the job's directory. No record cites it.
pub fn direct_part_path(session_id: &str, number: u32) -> String {
    format!("{}/{number}.{DIRECT}", session_dir(session_id))
}

impl StoredPart {
    /// Reads the name of a stored file; `None` for a file that is no part.
    pub fn of(rel_path: &str, size_bytes: u64, tag: Option<&str>) -> Option<Self> {
        let (number, rest) = rel_path.rsplit('/').next()?.split_once('.')?;
        let origin = match rest.split_once('.') {
            None if rest == DIRECT => Origin::Direct { tag: tag.map(|tag| tag.trim_matches('"').to_owned()) },
            None => return None,
            Some((arrival, sha256)) => {
                let is_hash = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit());
                let arrival = arrival.parse().ok().filter(|_| is_hash)?;
                Origin::Service { arrival, sha256: sha256.to_owned() }
            }
        };
        Some(Self { number: number.parse().ok()?, origin, size_bytes, rel_path: rel_path.to_owned() })
    }

    /// The hash that the part's name promises; `None` where nobody has read the bytes.
    pub fn sha256(&self) -> Option<&str> {
        match &self.origin {
            Origin::Service { sha256, .. } => Some(sha256),
            Origin::Direct { .. } => None,
        }
    }

    /// The entity tag of the response to the part, without quotes.
    pub fn tag(&self) -> Option<&str> {
        match &self.origin {
            Origin::Service { sha256, .. } => Some(sha256),
            Origin::Direct { tag } => tag.as_deref(),
        }
    }
}

/// Returns the part of this number that is in force: the last one that came through the service, else the one that was
/// sent to the object store. Of arrivals at once any may be the last, and every server chooses the same.
pub fn in_force(parts: &[StoredPart], number: u32) -> Option<&StoredPart> {
    parts.iter().filter(|part| part.number == number).max_by(|a, b| a.origin.cmp(&b.origin))
}

impl StatedPart {
    /// True if the declaration contradicts what is known of a stored part. `read` is the SHA-256 of its bytes, once they
    /// were read.
    pub fn contradicts(&self, part: &StoredPart, read: Option<&str>) -> bool {
        let sha256 = read.or(part.sha256());
        let differs = |said: &str, is: Option<&str>| is.is_some_and(|is| !said.eq_ignore_ascii_case(is));
        let tag = self.etag.as_deref().map(|tag| tag.trim_matches('"'));
        let is_hash = |said: &str| sha256.is_some_and(|is| said.eq_ignore_ascii_case(is));
        self.sha256.as_deref().is_some_and(|said| differs(said.trim_matches('"'), sha256))
            || tag.is_some_and(|said| differs(said, part.tag()) && !is_hash(said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn part(path: &str) -> StoredPart {
        StoredPart::of(path, 5, Some("\"tag\"")).unwrap_or_else(|| panic!("{path} is a part"))
    }

    #[test]
    fn a_name_says_number_arrival_and_hash() {
        let read = part(&part_path("us_1.job", 12, 3, A));
        let origin = Origin::Service { arrival: 3, sha256: A.to_owned() };
        assert_eq!((read.number, &read.origin, read.sha256()), (12, &origin, Some(A)));
        let direct = part(&direct_part_path("us_1.job", 7));
        assert_eq!((direct.number, direct.sha256(), direct.tag()), (7, None, Some("tag")));
        for name in ["x", "1", "1.2", "1.2.ab", "x.1.ab", "1.direct.x", ".1.tmp", "part_1", "-1.direct"] {
            assert_eq!(StoredPart::of(name, 5, None), None, "{name}");
        }
    }

    #[test]
    fn the_last_arrival_is_in_force_and_one_through_the_service_before_a_direct_one() {
        let parts: Vec<StoredPart> =
            ["s/1.direct", &part_path("s", 1, 2, A), &part_path("s", 1, 10, B), "s/2.direct"]
                .map(part)
                .into();
        let chosen = |number| in_force(&parts, number).map(|part| part.rel_path.clone());
        assert_eq!(chosen(1), Some(parts[2].rel_path.clone()));
        assert_eq!(chosen(2), Some("s/2.direct".to_owned()));
        assert_eq!(chosen(3), None);
        // the order of a listing says nothing
        let equal: Vec<StoredPart> =
            [part_path("s", 1, 2, A), part_path("s", 1, 2, B)].map(|p| part(&p)).into();
        let turned: Vec<StoredPart> = equal.iter().rev().cloned().collect();
        assert_eq!(in_force(&equal, 1), in_force(&turned, 1));
    }

    #[test]
    fn a_declaration_is_compared_with_what_is_known() {
        let stated = |etag: Option<&str>, sha256: Option<&str>| StatedPart {
            part_number: 1,
            etag: etag.map(str::to_owned),
            sha256: sha256.map(str::to_owned),
        };
        let (sent, direct) = (part(&part_path("s", 1, 1, A)), part("s/1.direct"));
        let upper = A.to_uppercase();
        for good in
            [stated(None, None), stated(Some(&format!("\"{A}\"")), Some(&upper)), stated(Some(A), None)]
        {
            assert!(!good.contradicts(&sent, None), "{good:?}");
        }
        for bad in [stated(Some("x"), None), stated(None, Some(B)), stated(Some(A), Some(B))] {
            assert!(bad.contradicts(&sent, None), "{bad:?}");
        }
        assert!(!stated(Some("tag"), Some(A)).contradicts(&direct, None), "nobody has read it");
        assert!(!stated(Some("tag"), Some(A)).contradicts(&direct, Some(A)));
        assert!(!stated(Some(A), None).contradicts(&direct, Some(A)));
        assert!(stated(Some("other"), None).contradicts(&direct, None));
        assert!(stated(Some("tag"), Some(A)).contradicts(&direct, Some(B)));
    }
}
