//! `capsule verify` and `capsule rerun`: what a capsule proves by itself, and whether its numbers come out again.
//! Both need neither a service nor its data.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the output of a command")]

mod data;
mod engine;
mod rerun;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::Exit;
use super::plain::plain;
use crate::adapters::capsule_archive::{Unreadable, ZipCapsule};
use crate::adapters::capsule_folder::FolderCapsule;
use crate::ports::capsule_archive::CapsuleArchive;
use crate::service::runs::capsule_check::verify::{Findings, inspect};

/// Capsules.
#[derive(Debug, Args)]
pub struct CapsuleArgs {
    #[command(subcommand)]
    command: CapsuleCommand,
}

#[derive(Debug, Subcommand)]
enum CapsuleCommand {
    /// Check archive, hashes, description, plan and audit events of a capsule, also of one that is unpacked in a folder
    Verify {
        /// The archive, or the folder.
        file: PathBuf,
        /// Print the report as JSON
        #[arg(long)]
        json: bool,
    },
    /// Run a capsule's do-file again and compare every number of its tables
    Rerun(rerun::RerunArgs),
}

/// Runs the command: 0 no difference, 1 a difference, 2 invalid arguments, 65 not a capsule, 66 no such file,
/// 69 no engine.
pub fn run(args: &CapsuleArgs) -> Exit {
    match &args.command {
        CapsuleCommand::Verify { file, json } => match opened(file) {
            Ok(mut archive) => {
                let findings = inspect(archive.as_mut());
                if *json {
                    println!("{:#}", findings.to_json());
                } else {
                    print_findings(&findings);
                }
                if findings.problems.is_empty() { Exit::Done } else { Exit::Failed }
            }
            Err(reason) => refused(reason, *json),
        },
        CapsuleCommand::Rerun(args) => rerun::run(args),
    }
}

/// Opens an archive, or the folder into which one was unpacked.
fn opened(path: &Path) -> Result<Box<dyn CapsuleArchive>, Unreadable> {
    Ok(match path.is_dir() {
        true => Box::new(FolderCapsule::open(path)?),
        false => Box::new(ZipCapsule::open(path)?),
    })
}

/// Reports why a file is not a valid capsule.
fn refused(reason: Unreadable, as_json: bool) -> Exit {
    let (exit, text) = match reason {
        Unreadable::NoFile(text) => (Exit::NoInput, text),
        Unreadable::NoCapsule(text) => (Exit::DataError, text),
    };
    if as_json {
        println!("{:#}", json!({"ok": false, "unreadable": text}));
    } else {
        eprintln!("{}", plain(&text));
    }
    exit
}

/// Prints the result of a check.
fn print_findings(findings: &Findings) {
    println!("run      {} of plan {}", plain(&findings.run_id), plain(&findings.plan_id));
    println!("template {}, engine {}", plain(&findings.template), plain(&findings.engine));
    println!(
        "audit    {} events, {} hashes recomputed, {} links",
        findings.piece.events, findings.piece.recomputed, findings.piece.linked
    );
    for remark in &findings.remarks {
        println!("note     {}", plain(remark));
    }
    for problem in &findings.problems {
        println!("DIFFERS  {}: {}", plain(&problem.file), plain(&problem.reason));
    }
    match findings.problems.len() {
        0 => println!("ok       {} files match the capsule", findings.files),
        n => println!("failed   {n} differences"),
    }
}
