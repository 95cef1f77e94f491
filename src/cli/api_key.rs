//! `api-key create|list|rotate|revoke`: the keys of clients and operators.

#![expect(clippy::print_stdout, reason = "the output of a command")]

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::Exit;
use super::task_code::cell;
use crate::app::control::{RequestError, Target, request};
use crate::domain::credential::Role;
use crate::domain::ids::{KeyId, TenantId};
use crate::service::access::administer::AdminRequest;

/// API keys.
#[derive(Debug, Args)]
pub struct ApiKeyArgs {
    #[command(subcommand)]
    command: ApiKeyCommand,
    /// Print the result as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    Viewer,
    Client,
    Operator,
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Viewer => Role::Viewer,
            RoleName::Client => Role::Client,
            RoleName::Operator => Role::Operator,
            RoleName::Admin => Role::Admin,
        }
    }
}

#[derive(Debug, Subcommand)]
enum ApiKeyCommand {
    /// Create a key; it is shown once
    Create {
        /// Tenant of the key
        #[arg(long, default_value = "default")]
        tenant: TenantId,
        /// Role of the key
        #[arg(long, value_enum)]
        role: RoleName,
        /// A note for people
        #[arg(long)]
        label: Option<String>,
        /// Days until the key expires; by default it does not expire
        #[arg(long)]
        expires_in_days: Option<u32>,
    },
    /// List keys, newest first
    List {
        /// Only keys of this tenant
        #[arg(long)]
        tenant: Option<TenantId>,
    },
    /// Replace a key by a new one; the old one keeps working for a while
    Rotate {
        /// The public id of the key
        key_id: KeyId,
        /// Hours for which both keys work (24)
        #[arg(long)]
        overlap_hours: Option<u32>,
    },
    /// Revoke a key at once
    Revoke {
        /// The public id of the key
        key_id: KeyId,
    },
}

impl From<ApiKeyCommand> for AdminRequest {
    fn from(command: ApiKeyCommand) -> Self {
        match command {
            ApiKeyCommand::Create { tenant, role, label, expires_in_days } => {
                AdminRequest::CreateApiKey { tenant_id: tenant, role: role.into(), label, expires_in_days }
            }
            ApiKeyCommand::List { tenant } => AdminRequest::ListApiKeys { tenant_id: tenant },
            ApiKeyCommand::Rotate { key_id, overlap_hours } => {
                AdminRequest::RotateApiKey { key_id, overlap_hours }
            }
            ApiKeyCommand::Revoke { key_id } => AdminRequest::RevokeApiKey { key_id },
        }
    }
}

/// Runs the command against a data directory; through the running service where there is one.
pub async fn run(args: ApiKeyArgs, target: &Target) -> Result<Exit, RequestError> {
    let answer = request(target, &args.command.into()).await?;
    if args.json {
        println!("{answer:#}");
    } else {
        print_answer(&answer);
    }
    Ok(Exit::Done)
}

/// Prints a new key as its text alone, so that scripts can take it; others as a table.
fn print_answer(answer: &Value) {
    if let Some(key) = answer["api_key"].as_str() {
        println!("{key}");
        return;
    }
    let one = std::slice::from_ref(answer);
    let keys = answer["api_keys"].as_array().map_or(one, Vec::as_slice);
    println!("{:<18} {:<16} {:<9} {:<25} {:<25} label", "key_id", "tenant", "role", "expires", "revoked");
    for key in keys {
        println!(
            "{:<18} {:<16} {:<9} {:<25} {:<25} {}",
            cell(key, "key_id"),
            cell(key, "tenant_id"),
            cell(key, "role"),
            cell(key, "expires_at"),
            cell(key, "revoked_at"),
            cell(key, "label"),
        );
    }
}
