//! `stata-service config show`: the settings that are in force, secrets masked, each with its origin.

use std::path::PathBuf;

use super::serve::options;
use super::{Exit, settings};
use crate::config::Flags;

/// Arguments of `config`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print every setting with its value and origin.
    Show {
        /// One JSON array instead of lines.
        #[arg(long)]
        json: bool,
    },
}

/// Prints the settings, or every problem; problems of the engine's command go to standard error.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the output of a command")]
pub(super) fn run(args: Args, config: Option<PathBuf>) -> Exit {
    let Command::Show { json } = args.command;
    let settings = match settings(&Flags { config, values: Vec::new() }) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    if json {
        let list = serde_json::to_string_pretty(&settings.shown).expect("settings are texts");
        println!("{list}");
    } else {
        for setting in &settings.shown {
            println!("{} = {}  # {}", setting.key, setting.value, setting.origin);
        }
    }
    for problem in
        options(&settings).map(|options| super::serve::engine_problems(&options)).unwrap_or_default()
    {
        eprintln!("stata.cmd: {problem}");
    }
    Exit::Done
}
