//! `backup` and `backup verify`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the output of a command")]

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Exit;
use crate::adapters::backup::{BackupError, Opening, verify};
use crate::app::control::{RequestError, Target};
use crate::app::maintenance::{MaintenanceRequest, maintain};

/// Backups.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct BackupArgs {
    #[command(subcommand)]
    command: Option<BackupCommand>,
    /// Directory of the backup: empty or absent, or one with backups for --incremental
    #[arg(long, required = true, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Add to the backups in the directory; only new content is written
    #[arg(long)]
    incremental: bool,
    /// Encrypt to the holder of this key (`age1…`); may be repeated
    #[arg(long, value_name = "AGE1", conflicts_with = "passphrase_file")]
    recipient: Vec<String>,
    /// Encrypt with the passphrase in the first line of this file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum BackupCommand {
    /// Read a backup from end to end and compare every hash
    Verify {
        /// Directory of the backup
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        #[command(flatten)]
        which: WhichArgs,
        /// Print the report as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Choice of a backup in a directory, and its secret.
#[derive(Debug, Args)]
pub struct WhichArgs {
    /// Name of the backup; by default the latest
    #[arg(long, value_name = "ID")]
    pub snapshot: Option<String>,
    /// File with the secret key, as written by age-keygen
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    pub identity: Option<PathBuf>,
    /// File with the passphrase in its first line
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

impl WhichArgs {
    /// Returns the secret that opens the backup.
    pub fn opening(&self) -> Opening {
        match (&self.identity, &self.passphrase_file) {
            (Some(path), _) => Opening::IdentityFile(path.clone()),
            (None, Some(path)) => Opening::PassphraseFile(path.clone()),
            (None, None) => Opening::None,
        }
    }
}

/// Returns the exit code of a failed backup, verification or restore.
pub fn exit_of(error: &BackupError) -> Exit {
    match error {
        BackupError::Refused(_) => Exit::Usage,
        BackupError::Damaged(_) => Exit::Failed,
        BackupError::Unavailable(_) => Exit::Unavailable,
        BackupError::File { .. } | BackupError::Io(_) => Exit::Io,
    }
}

/// Runs the command; a backup goes through the running service where there is one.
pub async fn run(args: BackupArgs, target: &Target) -> Result<Exit, RequestError> {
    if let Some(BackupCommand::Verify { from, which, json }) = args.command {
        return Ok(run_verify(&from, &which, json));
    }
    let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
    let to = args.to.map(absolute).expect("required by the command line");
    let asked = MaintenanceRequest::Backup {
        to,
        incremental: args.incremental,
        recipients: args.recipient,
        passphrase_file: args.passphrase_file.map(absolute),
    };
    let report = maintain(target, &asked).await?;
    if args.json {
        println!("{report:#}");
    } else {
        println!(
            "backup {} at sequence {}, audit event {} ({})",
            report["id"].as_str().unwrap_or_default(),
            report["sequence"],
            report["audit_seq"],
            report["audit_hash"].as_str().unwrap_or_default(),
        );
        println!(
            "{} jobs, {} files, {} bytes; {} contents of {} bytes were new{}",
            report["jobs"],
            report["files"],
            report["bytes"],
            report["new_contents"],
            report["new_bytes"],
            if report["encrypted"] == true { "; encrypted" } else { "; NOT encrypted" },
        );
        print_missing(&report);
    }
    let is_whole = report["missing"].as_array().is_none_or(Vec::is_empty);
    Ok(if is_whole { Exit::Done } else { Exit::Failed })
}

/// Lists files missing from a backup.
pub fn print_missing(report: &Value) {
    for missing in report["missing"].as_array().into_iter().flatten() {
        println!("not in the backup: {}", missing.as_str().unwrap_or_default());
    }
}

fn run_verify(from: &std::path::Path, which: &WhichArgs, as_json: bool) -> Exit {
    let scratch = std::env::temp_dir();
    let verified = match verify(from, which.snapshot.as_deref(), &which.opening(), &scratch) {
        Ok(verified) => verified,
        Err(error) => {
            eprintln!("{error}");
            return exit_of(&error);
        }
    };
    let whole = verified.problems.is_empty();
    if as_json {
        println!("{:#}", json!(verified));
    } else {
        for problem in &verified.problems {
            println!("damaged: {problem}");
        }
        print_missing(&json!(verified));
        println!(
            "backup {}: {} jobs and {} files at sequence {}: {}",
            verified.id,
            verified.jobs,
            verified.files,
            verified.sequence,
            if whole { "whole" } else { "NOT whole" },
        );
    }
    if whole { Exit::Done } else { Exit::Failed }
}
