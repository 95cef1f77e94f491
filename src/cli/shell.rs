//! `completions` and `manual`: what a shell and `man` know of this program.

use std::path::PathBuf;

use clap::Command;
use clap_complete::Shell;

use super::Exit;

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub(super) struct CompletionsArgs {
    /// The shell that completes.
    shell: Shell,
}

/// Arguments of `manual`.
#[derive(Debug, clap::Args)]
pub(super) struct ManualArgs {
    /// Folder of the pages; it is made if it does not exist.
    folder: PathBuf,
}

/// Prints the completions of a shell.
pub(super) fn completions(args: &CompletionsArgs, mut command: Command) -> Exit {
    let name = command.get_name().to_owned();
    clap_complete::generate(args.shell, &mut command, name, &mut std::io::stdout());
    Exit::Done
}

/// Writes a page for the program and for each of its commands.
#[expect(clippy::print_stderr, reason = "the failure of a command for people")]
pub(super) fn manual(args: &ManualArgs, command: Command) -> Exit {
    let written =
        std::fs::create_dir_all(&args.folder).and_then(|()| clap_mangen::generate_to(command, &args.folder));
    match written {
        Ok(()) => Exit::Done,
        Err(error) => {
            eprintln!("{}: {error}", args.folder.display());
            Exit::Io
        }
    }
}
