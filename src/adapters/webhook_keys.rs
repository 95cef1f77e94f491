//! The file with the keys that secrets of webhooks are derived from: `<data>/webhook.keys`, readable by its owner alone,
//! outside the store and never part of a backup.

use std::fs;
use std::io;
use std::path::Path;

use super::link_key::write;
use crate::domain::webhook::signing::{MIN_KEY_BYTES, WebhookKeys};
use crate::ports::ids::IdSource;

/// The file's name in the data directory.
const NAME: &str = "webhook.keys";

/// Returns the keys of a data directory; makes one at the first start. A file that cannot be read as keys is left as it is:
/// a new key would end every secret that receivers have.
///
/// # Errors
/// Any I/O error; `InvalidData` for a file that holds no keys.
pub fn load(data_dir: &Path, ids: &dyn IdSource) -> io::Result<WebhookKeys> {
    let path = data_dir.join(NAME);
    let keys = match fs::read_to_string(&path) {
        Ok(text) => text.lines().map(|line| hex::decode(line.trim())).collect::<Result<Vec<_>, _>>().ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let keys = vec![ids.secret(MIN_KEY_BYTES)];
            write(data_dir, &path, &keys)?;
            Some(keys)
        }
        Err(error) => return Err(error),
    };
    keys.and_then(WebhookKeys::new).ok_or_else(|| {
        let text = format!(
            "{} holds no keys; restore it, or remove it and rotate the secrets of all webhooks",
            path.display()
        );
        io::Error::new(io::ErrorKind::InvalidData, text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::ids::SystemIds;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn keys_are_made_once_kept_private_and_never_replaced() {
        let dir = tempfile::tempdir().expect("a directory");
        let first = load(dir.path(), &SystemIds).expect("made");
        let path = dir.path().join(NAME);
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(load(dir.path(), &SystemIds).expect("read"), first);
        for broken in ["no keys", "", "abcd"] {
            fs::write(&path, broken).expect("written");
            assert_eq!(load(dir.path(), &SystemIds).expect_err("refused").kind(), io::ErrorKind::InvalidData);
            assert_eq!(fs::read_to_string(&path).expect("there"), broken);
        }
    }
}
