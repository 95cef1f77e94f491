//! `retention`: removes what is due now, or shows it.

#![expect(clippy::print_stdout, reason = "the output of a command")]

use super::Exit;
use crate::app::control::{RequestError, Target, request};
use crate::cli::task_code::cell;
use crate::service::access::administer::AdminRequest;

/// Arguments of `retention`.
#[derive(Debug, clap::Args)]
pub(super) struct RetentionArgs {
    /// Only show what would be removed
    #[arg(long)]
    dry_run: bool,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command against a data directory; through the running service where there is one.
pub(super) async fn run(args: RetentionArgs, target: &Target) -> Result<Exit, RequestError> {
    let answer = request(target, &AdminRequest::SweepRetention { dry_run: args.dry_run }).await?;
    if args.json {
        println!("{answer:#}");
        return Ok(Exit::Done);
    }
    for removal in answer["removals"].as_array().into_iter().flatten() {
        let what = ["kind", "tenant_id", "job_id", "path", "due_at"].map(|name| cell(removal, name));
        println!("{}", what.join("  "));
    }
    let total: u64 = answer["removed"]
        .as_object()
        .map(|kinds| kinds.values().filter_map(serde_json::Value::as_u64).sum())
        .unwrap_or(0);
    let verb = if args.dry_run { "would be removed" } else { "removed" };
    println!("{total} {verb}, {} held, {} postponed", answer["held"], answer["postponed"]);
    if answer["more"] == true {
        println!("there is more: run it again");
    }
    Ok(Exit::Done)
}
