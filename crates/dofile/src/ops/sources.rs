//! Files that a do-file reads by name or by an address of the web.

use super::files::with_extension;
use crate::error::{Result, StataError};
use crate::session::Session;
use std::path::PathBuf;

/// Whether a name is an address of the web.
pub(crate) fn is_address(name: &str) -> bool {
    let name = name.trim_start();
    ["http://", "https://", "ftp://"]
        .iter()
        .any(|p| name.get(..p.len()).is_some_and(|n| n.eq_ignore_ascii_case(p)))
}

/// The name of the file behind an address, without its query.
fn file_of(address: &str) -> &str {
    let end = address.find(['?', '#']).unwrap_or(address.len());
    address[..end].rsplit('/').next().unwrap_or_default()
}

/// The first file of this name in `first`, the working folder and the folders of the ado-path.
pub(crate) fn find(s: &Session, file: &str, first: Option<String>) -> Option<String> {
    let folders = first.into_iter().chain([".".to_string()]).chain(s.ado_directories());
    folders.map(|folder| format!("{folder}/{file}")).find(|path| s.path(path).is_file())
}

/// The error r(601) for a file that is not there, with what to do.
pub(crate) fn missing(shown: &str, file: &str, why: &str) -> StataError {
    let folder = "into the working folder, or its folder into the ado-path by adopath +";
    StataError::new(601, format!("file {shown} not found\n({why}: put {file} {folder})"))
}

/// True for a name that `tempfile` gave, which may be overwritten and gets no extension.
pub(crate) fn is_temporary(s: &Session, name: &str) -> bool {
    s.scopes.iter().any(|scope| scope.temporary_files.contains(name))
}

/// Path of a file to read, and its name as messages show it; `extension`, which may be empty, is added to a name without
/// one. The engine has no network: an address stands for the file of its name in the working folder or the ado-path, and
/// which one is read is printed.
pub(crate) fn source(s: &mut Session, name: &str, extension: &str) -> Result<(PathBuf, String)> {
    let plain = extension.is_empty() || is_temporary(s, name);
    let extended = |n: &str| if plain { n.to_string() } else { with_extension(n, extension) };
    if !is_address(name) {
        let shown = extended(name);
        return Ok((s.path(&shown), shown));
    }
    let file = extended(file_of(name));
    let Some(found) = find(s, &file, None) else {
        return Err(missing(name, &file, "the open engine has no network"));
    };
    let shown = found.strip_prefix("./").unwrap_or(&found);
    s.print(format!("(the open engine has no network: {shown} is read in place of the address)"));
    Ok((s.path(&found), extended(name)))
}
