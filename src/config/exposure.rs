//! Check of the files that runs may read against those that no run may ever read: data, settings and secrets.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::reader::Reader;
use super::sections::{Sandbox, Settings};
use crate::domain::gate::Rule;
use crate::domain::sandbox_paths::LIBRARIES;

/// Reports every path that runs may read and that holds, or lies in, data, settings or secrets: to the gate in
/// production, else as a problem. Links are resolved, and a folder that is mounted twice is one folder.
pub(super) fn check(r: &mut Reader<'_>, settings: &Settings) {
    let kept = kept(r, settings);
    let named = settings.run.sandbox_read.iter().map(|path| ("run.sandbox_read", path.clone()));
    let engine = settings.stata.cmd.as_ref().and_then(|words| words.first());
    // another path is refused for being relative
    let engine = engine.filter(|word| word.starts_with('/') && settings.run.sandbox != Sandbox::Off);
    let folder = engine.and_then(|word| Some(resolve(Path::new(word)).parent()?.to_owned()));
    let system = LIBRARIES.iter().map(|path| ("data_dir", PathBuf::from(path)));
    for (key, path) in named.chain(folder.map(|folder| ("stata.cmd", folder))).chain(system) {
        let readable = resolve(&path);
        let met = kept
            .iter()
            .find(|(_, kept, is_folder)| holds(&readable, kept) || (*is_folder && holds(kept, &readable)));
        if let Some((what, kept, _)) = met {
            let message = format!(
                "lets runs read {}, which holds or lies in {what} ({})",
                path.display(),
                kept.display()
            );
            r.unresolved(Rule::SandboxReads, key, message);
        }
    }
}

/// Files that no run may read: name, resolved path, and whether it is a folder whose content counts.
fn kept(r: &Reader<'_>, settings: &Settings) -> Vec<(&'static str, PathBuf, bool)> {
    let mut kept = vec![("data_dir", resolve(&settings.data_dir), true)];
    kept.extend(r.settings_file().map(|file| ("the settings file", resolve(&file), false)));
    kept.extend(r.secret_files().iter().map(|file| ("a file of a secret", resolve(file), false)));
    kept.extend(settings.tls.iter().map(|tls| ("tls.key_file", resolve(&tls.key_file), false)));
    kept
}

/// An absolute path with the links of the part that exists resolved.
fn resolve(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let existing = path.ancestors().find_map(|part| Some((part, part.canonicalize().ok()?)));
    match existing {
        Some((part, resolved)) => match path.strip_prefix(part) {
            Ok(rest) if rest.as_os_str().is_empty() => resolved,
            Ok(rest) => resolved.join(rest),
            Err(_) => path,
        },
        None => path,
    }
}

/// True if a path is another one or lies below it, by name or because the same folder is mounted there.
fn holds(outer: &Path, inner: &Path) -> bool {
    let identity = |path: &Path| std::fs::metadata(path).map(|facts| (facts.dev(), facts.ino())).ok();
    inner.starts_with(outer)
        || identity(outer).is_some_and(|outer| inner.ancestors().any(|part| identity(part) == Some(outer)))
}
