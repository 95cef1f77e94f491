//! `stata-service dofile -b do FILE.do`: the open do-file engine, with the process contract of batch Stata.

use std::process::ExitCode;

/// Everything after `dofile`, as batch Stata takes it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// Runs the engine in this process.
pub(super) fn run(args: Args) -> ExitCode {
    dofile::batch_main(args.words)
}
