//! Typed settings; the only reader of the environment.
//!
//! [`load`] puts the layers together and answers the settings, or all problems at once.

mod build;
mod choices;
mod client;
mod comments;
pub mod documentation;
mod exposure;
mod files;
mod keys;
mod layers;
mod llm;
mod network;
mod otel;
mod problem;
pub mod production;
mod reader;
mod sections;
mod server;
mod store;
mod trial;
mod webhooks;

pub use build::Host;
pub use client::{CLIENT_VARIABLES, ClientEnvironment, client_environment};
pub use layers::Flags;
pub use problem::{ConfigProblem, Origin};
pub use sections::*;

/// Exit code of a configuration that cannot be used (`EX_CONFIG` of sysexits.h).
pub const EXIT_CODE: u8 = 78;

/// Loads the settings of this process.
///
/// # Errors
/// Every problem, each with key and origin; the program ends with [`EXIT_CODE`].
#[expect(clippy::disallowed_methods, reason = "this room is the reader of the environment")]
pub fn load(flags: &Flags) -> Result<Settings, Vec<ConfigProblem>> {
    // a variable that is not Unicode cannot be one of ours, or is reported as unusable
    let environment = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        Some((name, value.to_string_lossy().into_owned()))
    });
    load_from(flags, environment, Host::detect())
}

/// Returns the folders in which this process looks for programs.
#[expect(clippy::disallowed_methods, reason = "this room is the reader of the environment")]
pub fn search_path() -> Vec<std::path::PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

/// Loads settings from a given environment and host.
///
/// # Errors
/// Every problem, each with key and origin.
pub fn load_from(
    flags: &Flags,
    environment: impl IntoIterator<Item = (String, String)>,
    host: Host,
) -> Result<Settings, Vec<ConfigProblem>> {
    let (merged, problems) = layers::merge(flags, environment);
    build::build(&merged, problems, host)
}
