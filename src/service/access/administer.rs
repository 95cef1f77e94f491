//! An operator's request on the command line, as one request and one response: through the running
//! service, or on the store directly.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::credential::Role;
use crate::domain::error::Problem;
use crate::domain::ids::{KeyId, TenantId};
use crate::service::access::accounts::BootstrapKey;
use crate::service::access::api_keys::{CreateApiKey, ListApiKeys, NewApiKey, RevokeApiKey, RotateApiKey};
use crate::service::access::credential_views::{ApiKeyView, TaskCodeView};
use crate::service::access::credentials::Ports;
use crate::service::access::task_codes::CreateTaskCodes;
use crate::service::shared::context::Caller;

/// An operator's request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum AdminRequest {
    /// Creates task codes of one tenant.
    CreateTaskCodes {
        /// Tenant of the codes.
        tenant_id: TenantId,
        /// Number of codes.
        count: usize,
        /// Days until they expire; absent: the default of the use case.
        expires_in_days: Option<u32>,
    },
    /// Creates an API key.
    CreateApiKey {
        /// Tenant of the key.
        tenant_id: TenantId,
        /// Role of the key.
        role: Role,
        /// Words for people, to recognise the key.
        label: Option<String>,
        /// Days until it expires; absent: never.
        expires_in_days: Option<u32>,
    },
    /// All tenants when absent.
    ListApiKeys {
        /// Tenant whose keys are listed.
        tenant_id: Option<TenantId>,
    },
    /// Replaces a key by a new one of the same role.
    RotateApiKey {
        /// Public id of the old key.
        key_id: KeyId,
        /// Hours in which both keys work; absent: the default of the use case.
        overlap_hours: Option<u32>,
    },
    /// Ends a key at once.
    RevokeApiKey {
        /// Public id of the key.
        key_id: KeyId,
    },
    /// Remove what is due, or tell it. Needs the files of jobs, so that `app` answers it.
    SweepRetention {
        /// Reports what is due and removes nothing.
        dry_run: bool,
    },
}

/// Does what the operator asks for.
///
/// # Errors
/// As the use case behind the request.
pub async fn administer(
    ports: Ports<'_>,
    bootstrap: Option<&BootstrapKey>,
    caller: &Caller,
    request: AdminRequest,
) -> Result<Value, Problem> {
    match request {
        AdminRequest::CreateTaskCodes { tenant_id, count, expires_in_days } => {
            let codes = CreateTaskCodes(ports).execute(caller, &tenant_id, count, expires_in_days).await?;
            let views: Vec<TaskCodeView> = codes.iter().map(TaskCodeView::issued).collect();
            Ok(json!({"task_codes": views}))
        }
        AdminRequest::CreateApiKey { tenant_id, role, label, expires_in_days } => {
            let new = NewApiKey { tenant_id, role, label, expires_in_days };
            let key = CreateApiKey(ports).execute(caller, new).await?;
            Ok(json!(ApiKeyView::from(&key)))
        }
        AdminRequest::ListApiKeys { tenant_id } => {
            let keys = ListApiKeys(ports).execute(tenant_id).await?;
            let views: Vec<ApiKeyView> = keys.iter().map(ApiKeyView::from).collect();
            Ok(json!({"api_keys": views}))
        }
        AdminRequest::RotateApiKey { key_id, overlap_hours } => {
            let key = RotateApiKey(ports).execute(caller, None, &key_id, overlap_hours).await?;
            Ok(json!(ApiKeyView::from(&key)))
        }
        AdminRequest::RevokeApiKey { key_id } => {
            let key = RevokeApiKey(ports).execute(caller, None, &key_id, bootstrap).await?;
            Ok(json!(ApiKeyView::from(&key)))
        }
        AdminRequest::SweepRetention { .. } => {
            Err(Problem::validation("command", "is answered by the process that has the files"))
        }
    }
}
