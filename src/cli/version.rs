//! `stata-service version`: what this program is.

use serde_json::json;

use super::Exit;
use crate::domain::{job, plan};

/// Arguments of `version`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One JSON object instead of a line.
    #[arg(long)]
    json: bool,
}

/// Prints the version.
#[expect(clippy::print_stdout, reason = "the output of a command")]
pub(super) fn run(args: &Args) -> Exit {
    let version = env!("CARGO_PKG_VERSION");
    if args.json {
        let schema = json!({"job": job::SCHEMA_VERSION, "plan": plan::PLAN_VERSION});
        println!("{}", json!({"name": "stata-service", "version": version, "schema": schema}));
    } else {
        println!("stata-service {version}");
    }
    Exit::Done
}
