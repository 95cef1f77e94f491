//! The command line: one file per subcommand.

pub mod api_key;
pub mod demo;
pub mod task_code;
mod exit;
mod serve;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Flags, Settings};
pub use exit::Exit;

/// Runs empirical analyses: a question and data in, a frozen plan, a real run and checkable numbers out.
#[derive(Debug, Parser)]
#[command(name = "stata-service", version, disable_help_subcommand = true)]
struct Cli {
    /// Settings file (TOML); also `SS_CONFIG`.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the HTTP API.
    Serve(serve::Args),
    /// Walk the main job end to end on bundled data.
    Demo(demo::Args),
}

/// Runs the command line of this process.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, not faults; a closed output is nobody's fault.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let config = cli.config;
    match cli.command {
        Command::Serve(args) => serve::run(args, config).into(),
        Command::Demo(args) => demo(args).into(),
    }
}

/// Loads the settings, or prints every problem.
///
/// # Errors
/// [`Exit::Config`].
#[expect(clippy::print_stderr, reason = "problems of settings are for the person who starts the program")]
pub(crate) fn settings(flags: &Flags) -> Result<Settings, Exit> {
    crate::config::load(flags).map_err(|problems| {
        for problem in problems {
            eprintln!("{problem}");
        }
        Exit::Config
    })
}

#[expect(clippy::print_stderr, reason = "the failure of a command for people")]
fn demo(args: demo::Args) -> Exit {
    let outcome = runtime().and_then(|runtime| Ok(runtime.block_on(demo::run(args))?));
    match outcome {
        Ok(()) => Exit::Done,
        Err(error) => {
            eprintln!("the demo failed: {error}");
            Exit::Failed
        }
    }
}

/// Builds the asynchronous runtime.
fn runtime() -> Result<tokio::runtime::Runtime, demo::DemoError> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
