//! Lists of hashes in the form of `sha256sum`: 64 hexadecimal digits, two spaces, a path.

use std::collections::BTreeMap;

/// Returns the lines of these paths and hashes, in the order of the paths.
pub fn write<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let sorted: BTreeMap<&str, &str> = files.collect();
    sorted.iter().map(|(path, sha256)| format!("{sha256}  {path}\n")).collect()
}

/// Reads such a list into paths and hashes.
///
/// # Errors
/// Names the first line that is not of the form, or a path that occurs twice.
pub fn read(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut files = BTreeMap::new();
    for (i, line) in text.lines().enumerate() {
        let (sha256, path) =
            line.split_once("  ").ok_or_else(|| format!("line {} is not `hash  path`", i + 1))?;
        let is_hash = sha256.len() == 64 && sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !is_hash || path.is_empty() {
            return Err(format!("line {} is not `hash  path`", i + 1));
        }
        if files.insert(path.to_owned(), sha256.to_owned()).is_some() {
            return Err(format!("line {} names {path} again", i + 1));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let (a, b) = ("a".repeat(64), "0".repeat(64));
        let text = write([("z.csv", a.as_str()), ("工资.csv", b.as_str())].into_iter());
        assert_eq!(text, format!("{a}  z.csv\n{b}  工资.csv\n"));
        let files = read(&text).expect("a list");
        assert_eq!((files.len(), &files["z.csv"]), (2, &a));
        for bad in ["x", &format!("{a} z"), &format!("{a}  z\n{a}  z"), &format!("{}  z", "A".repeat(64))] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
