//! Names of files as commands take them.

use crate::error::{Result, StataError};
use std::path::Path;

/// Adds an extension when a file name has none.
pub(crate) fn with_extension(name: &str, ext: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    // temporary files have a dot in their name already
    if base.contains('.') || base.is_empty() { name.to_string() } else { format!("{name}.{ext}") }
}

/// Refuses to overwrite a file without `replace` (r(602)).
pub(crate) fn check_replace(path: &Path, shown: &str, replace: bool) -> Result<()> {
    if path.exists() && !replace {
        return Err(StataError::new(602, format!("file {shown} already exists")));
    }
    Ok(())
}
