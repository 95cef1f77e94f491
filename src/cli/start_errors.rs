//! What keeps the service from starting, with the path, the setting and where it was given, and what to do.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::adapters::tls::TlsError;
use crate::app::build::BuildError;
use crate::config::{self, Env, Settings};

/// `data_dir, from SS_DATA_DIR`.
fn setting(key: &str, settings: &Settings) -> String {
    let origin = settings.shown.iter().find(|shown| shown.key == key).map(|shown| shown.origin.as_str());
    format!("{key}, from {}", origin.unwrap_or("default"))
}

/// Says why nothing could be built from the settings.
pub(super) fn of_build(error: &BuildError, settings: &Settings) -> String {
    match error {
        BuildError::DataDir(error) => format!(
            "the data directory {} ({}) cannot be used by the user {}: {error}; {}",
            settings.data_dir.display(),
            setting("data_dir", settings),
            rustix::process::geteuid().as_raw(),
            match error.kind() {
                ErrorKind::PermissionDenied =>
                    "give it to this user, or name a directory that the user may write",
                ErrorKind::NotADirectory | ErrorKind::AlreadyExists =>
                    "a file has this name or that of a folder above it; name another directory",
                _ => "name a directory of a local disk that this user may write",
            }
        ),
        BuildError::Tls(error) => {
            let key_file = settings.tls.as_ref().map(|tls| tls.key_file.clone());
            let key = match error {
                TlsError::File { path, .. } if Some(path) == key_file.as_ref() => "tls.key_file",
                TlsError::Unusable(_) => "tls.key_file",
                _ => "tls.cert_file",
            };
            format!("{error} ({})", setting(key, settings))
        }
        BuildError::Postgres(_) => format!("{error} ({})", setting("store.database_url", settings)),
        other => other.to_string(),
    }
}

/// Says why the address cannot be listened on.
pub(super) fn of_listening(error: &std::io::Error, settings: &Settings) -> String {
    let advice = match error.kind() {
        ErrorKind::AddrInUse => {
            "; another program uses this port: end it, or choose another one, such as 127.0.0.1:8081; port 0 picks a free \
             one"
        }
        ErrorKind::AddrNotAvailable => {
            "; this machine has no such address: 127.0.0.1 is reachable from here alone, 0.0.0.0 from everywhere"
        }
        ErrorKind::PermissionDenied => {
            "; ports below 1024 need a right that this user lacks: choose a higher one, and a proxy in front of it"
        }
        _ => "",
    };
    format!("cannot listen on {} ({}): {error}{advice}", settings.listen, setting("listen", settings))
}

/// Says that the engine's program is not there or cannot be started. In production the gate says it, where probes see it,
/// too; a server without runs needs no engine.
pub(super) fn absent_engine(settings: &Settings) -> Option<String> {
    let word = settings.stata.cmd.as_ref().and_then(|words| words.first())?;
    if settings.env == Env::Production || !settings.server.role.runs_jobs() {
        return None;
    }
    let (problem, tried) = match program(word, &config::search_path()) {
        Ok(()) => return None,
        Err(found) => found,
    };
    Some(format!(
        "the engine {word} ({}) {problem}{tried}; name the path of Stata's batch program, such as \
         /usr/local/stata18/stata-mp, or leave the setting out for the open engine",
        setting("stata.cmd", settings)
    ))
}

/// Checks that a word names a program that can be started; else the problem and the folders that were tried.
fn program(word: &str, search: &[PathBuf]) -> Result<(), (String, String)> {
    let state = |path: &Path| match std::fs::metadata(path) {
        Err(error) => Err(format!("cannot be started: {error}")),
        Ok(found) if !found.is_file() => Err("is no program".to_owned()),
        Ok(found) if found.permissions().mode() & 0o111 == 0 => {
            Err("cannot be started: the file is not executable (chmod +x)".to_owned())
        }
        Ok(_) => Ok(()),
    };
    if word.contains('/') {
        return state(Path::new(word)).map_err(|problem| (problem, String::new()));
    }
    if search.iter().any(|folder| state(&folder.join(word)).is_ok()) {
        return Ok(());
    }
    let folders: Vec<String> = search.iter().map(|folder| folder.display().to_string()).collect();
    Err(("was not found".to_owned(), format!(" in {}", folders.join(", "))))
}
