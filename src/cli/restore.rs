//! `restore`: a backup becomes a new data directory.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the output of a command")]

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::Exit;
use super::backup::{WhichArgs, exit_of, print_missing};
use crate::adapters::backup::RestoreSpec;
use crate::app::restore::restore_backup;

/// Restoring a backup.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// Directory of the backup
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The data directory: absent or empty
    #[arg(long, value_name = "DATADIR")]
    to: PathBuf,
    #[command(flatten)]
    which: WhichArgs,
    /// A later audit export (file or directory), whose deletions are repeated
    #[arg(long, value_name = "PATH")]
    audit: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: RestoreArgs) -> Exit {
    let opening = args.which.opening();
    let spec =
        RestoreSpec { from: args.from, id: args.which.snapshot, to: args.to, opening, audit: args.audit };
    let runtime = match super::runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{error}");
            return Exit::Internal;
        }
    };
    let restored = match runtime.block_on(restore_backup(spec)) {
        Ok(restored) => restored,
        Err(error) => {
            eprintln!("{error}");
            return exit_of(&error);
        }
    };
    if args.json {
        println!("{:#}", json!(restored));
        return Exit::Done;
    }
    println!("restored to sequence {}, as of {}", restored.sequence, restored.created_at.to_rfc3339());
    println!("audit event {} ({})", restored.audit_seq, restored.audit_hash);
    println!("{} jobs, {} files, {} bytes", restored.jobs, restored.files, restored.bytes);
    println!("{} deletions recorded after the backup were repeated", restored.deletions_applied);
    for id in &restored.unread {
        println!("the later backup {id} cannot be read; deletions recorded only there are not known");
    }
    print_missing(&json!(restored));
    Exit::Done
}
