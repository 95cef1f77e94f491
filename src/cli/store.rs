//! `store check|export|rebuild|move|migrate`: the store as a whole, for operators.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the output of a command")]

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::Exit;
use crate::adapters::objects::moving::Pass;
use crate::adapters::postgres::moving::Step;
use crate::app::control::{RequestError, Target};
use crate::app::maintenance::{MaintenanceRequest, maintain, migrate_tables, rebuild};
use crate::app::moving::{move_records, take_records_back};
use crate::app::moving_files::{move_files, remove_old_files, take_files_back};

/// The store.
#[derive(Debug, Args)]
pub struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
    /// Print the report as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Verify database, checksums, audit chain, readable copies and artifacts
    Check {
        /// Read every artifact and compare its hash
        #[arg(long)]
        deep: bool,
    },
    /// Write every job record, the audit chain and a manifest into an empty directory
    Export {
        /// The directory
        dir: PathBuf,
    },
    /// Rebuild a lost database from the readable copies, while the service does not run; with PostgreSQL, the queue
    Rebuild,
    /// Move the records into the PostgreSQL database of the settings, or the files into their bucket; or finish a move
    Move {
        /// Move the files of jobs: while the service runs most of them, when it is stopped the rest, with the switch
        #[arg(long)]
        files: bool,
        /// Undo a move: of records as long as nothing was committed in the database since, of files until the switch
        #[arg(long)]
        take_back: bool,
        /// Move damaged records or files too, as they are; without it nothing is moved while there are any
        #[arg(long, conflicts_with = "take_back")]
        keep_damaged: bool,
        /// Remove the files from the data directory, once they were moved into the bucket
        #[arg(long, requires = "files", conflicts_with_all = ["take_back", "keep_damaged"])]
        remove_old: bool,
    },
    /// Make the tables of the PostgreSQL database, or bring them to the format of this release
    Migrate,
}

/// Runs the command; `check` and `export` go through the running service where there is one.
pub async fn run(args: StoreArgs, target: &Target) -> Result<Exit, RequestError> {
    let report = match &args.command {
        StoreCommand::Check { deep } => {
            maintain(target, &MaintenanceRequest::StoreCheck { deep: *deep }).await
        }
        StoreCommand::Export { dir } => match std::path::absolute(dir) {
            Ok(dir) => maintain(target, &MaintenanceRequest::StoreExport { dir }).await,
            Err(error) => Err(RequestError::Io(error)),
        },
        StoreCommand::Rebuild => rebuild(target).await,
        StoreCommand::Migrate => migrate_tables(target).await,
        StoreCommand::Move { remove_old: true, .. } => remove_old_files(target).await,
        StoreCommand::Move { files: true, take_back: true, .. } => take_files_back(target).await,
        StoreCommand::Move { files: true, keep_damaged, .. } => {
            move_files(target, *keep_damaged, show_pass).await
        }
        StoreCommand::Move { take_back: true, .. } => take_records_back(target).await,
        StoreCommand::Move { keep_damaged, .. } => move_records(target, *keep_damaged, show).await,
    }?;
    if args.json {
        println!("{report:#}");
    } else {
        print_report(&args.command, &report);
    }
    let clean = match &args.command {
        StoreCommand::Check { .. } | StoreCommand::Move { .. } => report["ok"] == true,
        StoreCommand::Export { .. } => report["damaged"].as_array().is_none_or(Vec::is_empty),
        StoreCommand::Migrate => true,
        StoreCommand::Rebuild => {
            report["unused"].as_array().is_none_or(Vec::is_empty) && report["audit_broken"].is_null()
        }
    };
    Ok(if clean { Exit::Done } else { Exit::Failed })
}

/// Shows what a move is doing.
fn show(step: Step) {
    match step {
        Step::Copied { table, rows, of } => eprintln!("copied {rows} of {of} rows: {table}"),
        Step::Verifying => eprintln!("comparing every row"),
        Step::StartingOver => eprintln!("the data directory was changed since it was copied: copying again"),
    }
}

/// Shows how far a pass over files is.
fn show_pass(pass: Pass) {
    eprintln!("stored {} of {} files, {} MiB", pass.files, pass.of, pass.bytes >> 20);
}

fn print_files(report: &Value) {
    if let Some(removed) = report["removed"].as_u64().filter(|_| report["switched"].is_null()) {
        println!("the move was undone: {removed} objects were removed");
    } else if let Some(jobs) = report["jobs"].as_u64() {
        println!("the files of {jobs} jobs were removed from the data directory");
    } else if report["before"] == true {
        println!("the files were moved before");
    } else {
        for damaged in report["damaged"].as_array().into_iter().flatten() {
            println!(
                "{}: {}",
                damaged[0].as_str().unwrap_or_default(),
                damaged[1].as_str().unwrap_or_default()
            );
        }
        println!("{} files with {} bytes are in the bucket", report["files"], report["bytes"]);
        println!(
            "{}",
            match (report["switched"] == true, report["ok"] == true) {
                (true, _) =>
                    "it is the place of the files from here on: start the service with files.backend = \"s3\"",
                (false, true) =>
                    "the service runs: stop it and run the command again, which copies the rest and switches",
                (false, false) => "nothing was switched: files are damaged; --keep-damaged moves all others",
            }
        );
    }
}

fn print_move(report: &Value, take_back: bool) {
    if take_back {
        println!("the move was undone: use store.backend = \"file\"; the database cannot be opened");
        return;
    }
    let target = report["target"].as_str().unwrap_or_default();
    if report["before"] == true {
        println!("the records were moved to {target} before");
        return;
    }
    if report["ok"] != true {
        print_problems(&report["damage"]);
        println!("nothing was moved: the store is damaged; --keep-damaged moves damaged records as they are");
        return;
    }
    for (table, rows) in report["rows"].as_object().into_iter().flatten() {
        println!("{rows} rows: {table}");
    }
    println!(
        "moved to {target} at sequence {}, audit event {} {}",
        report["sequence"],
        report["audit_seq"],
        report["audit_hash"].as_str().unwrap_or_default()
    );
    if report["damage"]["ok"] != true {
        print_problems(&report["damage"]);
    }
}

/// Prints the report of a check.
pub(super) fn print_problems(report: &Value) {
    let list = |name: &str| report[name].as_array().cloned().unwrap_or_default();
    for problem in list("problems") {
        let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
        println!("{}: {}: {}", text("kind"), text("subject"), text("detail"));
    }
    for (what, count) in report["checked"].as_object().into_iter().flatten() {
        println!("{count} {what}");
    }
    for note in list("notes") {
        println!("note: {}", note.as_str().unwrap_or_default());
    }
    println!("{} problems at sequence {}", report["problem_count"], report["sequence"]);
}

fn print_report(command: &StoreCommand, report: &Value) {
    let list = |name: &str| report[name].as_array().cloned().unwrap_or_default();
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    match command {
        StoreCommand::Check { .. } => {
            print_problems(report);
        }
        StoreCommand::Export { .. } => {
            println!(
                "{} jobs and {} audit events at sequence {}",
                report["jobs"], report["audit_events"], report["sequence"]
            );
            for damaged in list("damaged") {
                println!("not exported, damaged: {}", damaged.as_str().unwrap_or_default());
            }
        }
        StoreCommand::Move { files: true, .. } => print_files(report),
        StoreCommand::Move { take_back, .. } => print_move(report, *take_back),
        StoreCommand::Migrate => match report["from"].as_u64() {
            Some(from) if report["to"] == from => println!("the tables have format {from} already"),
            Some(from) => println!("the tables went from format {from} to {}", report["to"]),
            None => println!("the tables were made, with format {}", report["to"]),
        },
        StoreCommand::Rebuild if report["queued"].is_u64() => {
            println!("the queue was made again, with {} jobs", report["queued"]);
        }
        StoreCommand::Rebuild => {
            println!(
                "{} jobs ({} compared with their copies) and {} audit events",
                report["jobs"], report["compared"], report["audit_events"]
            );
            for unused in list("unused") {
                println!("not used: {}: {}", text(&unused, "path"), text(&unused, "reason"));
            }
            if let Some(broken) = report["audit_broken"].as_str() {
                println!("the audit export is broken at {broken}");
            }
            let lost: Vec<String> =
                list("only_in_a_backup").iter().filter_map(|v| v.as_str().map(str::to_owned)).collect();
            println!("only a backup holds: {}", lost.join(", "));
        }
    }
}
