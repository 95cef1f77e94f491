//! The files of a library by their paths: those that the binary carries, or those of a directory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Largest file that a library may hold.
const MAX_FILE_BYTES: u64 = 50_000_000;

/// Paths below the library's root with `/` between components → contents.
pub type FileSet = BTreeMap<String, Cow<'static, [u8]>>;

/// The files of `assets/stata_do_library` at the time of the build.
static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/library_files.rs"));

/// Returns the files that the binary carries.
pub fn embedded() -> FileSet {
    EMBEDDED.iter().map(|(path, bytes)| ((*path).to_owned(), Cow::Borrowed(*bytes))).collect()
}

/// Reads the files of a directory; symbolic links are not followed.
///
/// # Errors
/// Any I/O error, `InvalidData` for names that are not UTF-8 and for files above 50 MB.
pub fn from_dir(root: &Path) -> io::Result<FileSet> {
    let mut files = FileSet::new();
    collect(root, "", &mut files)?;
    Ok(files)
}

fn collect(dir: &Path, prefix: &str, files: &mut FileSet) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|_| {
            io::Error::new(io::ErrorKind::InvalidData, format!("a file name below {prefix}/ is not UTF-8"))
        })?;
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else if kind.is_file() {
            if entry.metadata()?.len() > MAX_FILE_BYTES {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("{path} is larger than 50 MB"),
                ));
            }
            files.insert(path, Cow::Owned(std::fs::read(entry.path())?));
        }
    }
    Ok(())
}
