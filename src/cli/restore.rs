//! `restore`: a backup becomes a new data directory.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the output of a command")]

use std::path::PathBuf;

use clap::Args;
use secrecy::SecretString;
use serde_json::json;

use super::Exit;
use super::backup::{WhichArgs, exit_of, print_missing};
use crate::adapters::backup::RestoreSpec;
use crate::adapters::objects;
use crate::app::restore::restore_backup;
use crate::config::Flags;

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
    /// Put the records into the PostgreSQL database of the settings, which must be empty
    #[arg(long)]
    to_database: bool,
    /// Put the files into the bucket of the settings, which must hold none below its prefix
    #[arg(long)]
    to_objects: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: RestoreArgs, config: Option<PathBuf>) -> Exit {
    let (database, objects) = match places(&args, config) {
        Ok(places) => places,
        Err(exit) => return exit,
    };
    let opening = args.which.opening();
    let spec = RestoreSpec {
        from: args.from,
        id: args.which.snapshot,
        to: args.to,
        opening,
        audit: args.audit,
        objects,
        continues: false,
    };
    let runtime = match super::runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{error}");
            return Exit::Internal;
        }
    };
    let restored = match runtime.block_on(restore_backup(spec, database)) {
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

/// The database and the bucket of the settings, where they are asked for.
fn places(
    args: &RestoreArgs,
    config: Option<PathBuf>,
) -> Result<(Option<SecretString>, Option<objects::Options>), Exit> {
    if !args.to_database && !args.to_objects {
        return Ok((None, None));
    }
    let settings = super::settings(&Flags { config, values: Vec::new() })?;
    let database = settings.store.database_url.clone().filter(|_| args.to_database);
    let objects = super::files::files(&settings.files).objects.filter(|_| args.to_objects);
    if args.to_database && database.is_none() {
        eprintln!("the settings name no database; set store.backend = \"postgres\" and store.database_url");
        return Err(Exit::Usage);
    }
    if args.to_objects && objects.is_none() {
        eprintln!("the settings name no bucket; set files.backend = \"s3\" and s3.bucket");
        return Err(Exit::Usage);
    }
    Ok((database, objects))
}
