//! Which engine repeats a run.

use std::path::{Path, PathBuf};

use crate::domain::run::EngineFacts;

/// The engines that can be requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Engine {
    /// The open engine that this program carries.
    Open,
    /// Stata on this machine.
    Stata,
}

/// Names of batch Stata, the fastest first.
const STATA: [&str; 6] = ["stata-mp", "stata-se", "stata", "StataMP", "StataSE", "Stata"];

/// Returns the command of an engine, whose first word is an absolute path. The default is the engine of
/// the run.
///
/// # Errors
/// Names the missing program.
pub(super) fn command(
    wished: Option<Engine>,
    stata: Option<&Path>,
    run: &EngineFacts,
) -> Result<(Engine, Vec<String>), String> {
    let by_run = if run.kind == "stata" { Engine::Stata } else { Engine::Open };
    let engine = wished.unwrap_or(if stata.is_some() { Engine::Stata } else { by_run });
    match engine {
        Engine::Open => {
            let program = std::env::current_exe().map_err(|e| format!("the open engine is not here: {e}"))?;
            Ok((engine, vec![program.display().to_string(), "dofile".to_owned()]))
        }
        Engine::Stata => {
            let program = match stata {
                Some(path) => existing(path),
                None => on_the_path(),
            };
            let program = program.ok_or_else(|| match stata {
                Some(path) => format!("Stata is not here: {} is no program", path.display()),
                None => "Stata is not here: name it with --stata, or repeat with --engine open".to_owned(),
            })?;
            Ok((engine, vec![program.display().to_string()]))
        }
    }
}

fn existing(path: &Path) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let real = std::fs::canonicalize(path).ok()?;
    let metadata = std::fs::metadata(&real).ok()?;
    (metadata.is_file() && metadata.permissions().mode() & 0o111 != 0).then_some(real)
}

fn on_the_path() -> Option<PathBuf> {
    let folders = crate::config::search_path();
    STATA.iter().find_map(|name| folders.iter().find_map(|folder| existing(&folder.join(name))))
}
