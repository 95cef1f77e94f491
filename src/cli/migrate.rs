//! `migrate`: brings what older releases left in the data directory to the present form.

#![expect(clippy::print_stdout, reason = "the output of a command")]

use clap::Args;
use serde_json::Value;

use super::Exit;
use crate::app::control::{RequestError, Target};
use crate::app::maintenance::{MaintenanceRequest, maintain};

/// Migration of older records.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// Migrate every record of an older release now; the service does the same in the background
    #[arg(long, required_unless_present = "finalize")]
    to_current: bool,
    /// Only list what would be done
    #[arg(long, conflicts_with = "finalize")]
    dry_run: bool,
    /// Migrate, then remove the original files; an older release cannot be used afterwards
    #[arg(long)]
    finalize: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command; through the running service if there is one. Exits with 1 if a record cannot be
/// migrated.
pub async fn run(args: MigrateArgs, target: &Target) -> Result<Exit, RequestError> {
    let asked = MaintenanceRequest::Migrate { dry_run: args.dry_run, finalize: args.finalize };
    let report = maintain(target, &asked).await?;
    if args.json {
        println!("{report:#}");
    } else {
        print_report(&report);
    }
    let is_whole = report["failed"].as_array().is_none_or(Vec::is_empty);
    Ok(if is_whole { Exit::Done } else { Exit::Failed })
}

fn print_report(report: &Value) {
    let done = if report["dry_run"] == true { "would be migrated" } else { "migrated" };
    println!(
        "{} old places: {} {done} to schema version {}, {} in the store already",
        report["found"], report["migrated"], report["schema_version"], report["present"],
    );
    for failed in report["failed"].as_array().into_iter().flatten() {
        let text = |name: &str| failed[name].as_str().unwrap_or_default().to_owned();
        println!("not migrated: {}: {}", text("place"), text("reason"));
    }
    if report["finalized"] == true {
        println!("{} old directories removed; the migration is final", report["removed"]);
    }
}
