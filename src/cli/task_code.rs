//! `task-code create`: makes task codes and shows them once.

#![expect(clippy::print_stdout, reason = "the output of a command")]

use clap::{Args, Subcommand};
use serde_json::Value;

use super::Exit;
use super::plain::plain;
use crate::app::control::{RequestError, Target, request};
use crate::domain::ids::TenantId;
use crate::service::access::administer::AdminRequest;

/// Task codes.
#[derive(Debug, Args)]
pub struct TaskCodeArgs {
    #[command(subcommand)]
    command: TaskCodeCommand,
}

#[derive(Debug, Subcommand)]
enum TaskCodeCommand {
    /// Create task codes; each is shown once
    Create {
        /// Tenant of the codes
        #[arg(long, default_value = "default")]
        tenant: TenantId,
        /// Number of codes, 1 to 500
        #[arg(long, default_value_t = 1)]
        count: usize,
        /// Days until unused codes expire
        #[arg(long)]
        expires_in_days: Option<u32>,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command against a data directory; through the running service where there is one.
pub async fn run(args: TaskCodeArgs, target: &Target) -> Result<Exit, RequestError> {
    let TaskCodeCommand::Create { tenant, count, expires_in_days, json } = args.command;
    let asked = AdminRequest::CreateTaskCodes { tenant_id: tenant, count, expires_in_days };
    let answer = request(target, &asked).await?;
    if json {
        println!("{answer:#}");
    } else {
        for code in answer["task_codes"].as_array().into_iter().flatten() {
            println!("{}", code["task_code"].as_str().unwrap_or_default());
        }
    }
    Ok(Exit::Done)
}

/// Returns a member as text for a table; `-` where there is none.
pub(super) fn cell(value: &Value, name: &str) -> String {
    plain(value[name].as_str().unwrap_or("-"))
}
