//! The file with the keys that sign links: `<data>/link.keys`, readable by its owner alone, outside the store and never
//! part of a backup.

use std::fs;
use std::io;
use std::path::Path;

use chrono::{DateTime, Duration, Utc};

use super::private_file;
use crate::domain::signed_link::{LinkKeys, MIN_KEY_BYTES};
use crate::ports::ids::IdSource;

/// The file's name in the data directory.
const NAME: &str = "link.keys";
/// A key is replaced at the first start after so long.
const ROTATE_AFTER: Duration = Duration::days(30);

/// Returns the keys of a data directory; makes them at the first start and replaces the signing one when it is old. The
/// previous key still verifies. A file that cannot be read as keys is replaced: links live for minutes.
///
/// # Errors
/// Any I/O error.
pub fn load(data_dir: &Path, ids: &dyn IdSource, now: DateTime<Utc>) -> io::Result<LinkKeys> {
    let path = data_dir.join(NAME);
    let kept = match fs::read_to_string(&path) {
        Ok(text) => text.lines().filter_map(|line| hex::decode(line.trim()).ok()).collect(),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {
            Vec::new()
        }
        Err(error) => return Err(error),
    };
    if let Some(keys) = LinkKeys::new(kept.clone())
        && !is_old(&path, now)
    {
        return Ok(keys);
    }
    let mut keys = vec![ids.secret(MIN_KEY_BYTES)];
    keys.extend(kept.into_iter().filter(|key| key.len() >= MIN_KEY_BYTES).take(1));
    write(data_dir, &path, &keys)?;
    Ok(LinkKeys::new(keys).expect("a fresh key is long enough"))
}

fn is_old(path: &Path, now: DateTime<Utc>) -> bool {
    let written = fs::metadata(path).and_then(|facts| facts.modified());
    written.is_ok_and(|at| now - DateTime::<Utc>::from(at) > ROTATE_AFTER)
}

/// Replaces a file of keys, readable by its owner alone.
///
/// # Errors
/// Any I/O error.
pub(super) fn write(data_dir: &Path, path: &Path, keys: &[Vec<u8>]) -> io::Result<()> {
    let lines: String = keys.iter().map(|key| hex::encode(key) + "\n").collect();
    private_file::replace(data_dir, path, &lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::clock::SystemClock;
    use crate::adapters::ids::SystemIds;
    use crate::ports::clock::Clock;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn keys_are_made_once_kept_private_and_rotated_when_old() {
        let dir = tempfile::tempdir().expect("a directory");
        let now = SystemClock.now();
        let first = load(dir.path(), &SystemIds, now).expect("made");
        let path = dir.path().join(NAME);
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(load(dir.path(), &SystemIds, now).expect("read"), first);
        let later = now + ROTATE_AFTER + Duration::minutes(1);
        let second = load(dir.path(), &SystemIds, later).expect("rotated");
        assert_ne!(second, first);
        let lines = fs::read_to_string(&path).expect("there");
        assert_eq!(lines.lines().count(), 2, "the new key and the one before");
        fs::write(&path, "no keys").expect("written");
        load(dir.path(), &SystemIds, now).expect("made again");
    }
}
