//! Names of records as text columns: a JSON array `[kind, …]`, used by receipts and the quarantine.

use crate::domain::ids::{BatchId, CodeId, DeliveryId, JobId, KeyId, TenantId, WebhookId};
use crate::ports::store::Key;

/// Returns the text form of a name.
pub(in crate::adapters) fn encode(key: &Key) -> String {
    let parts = match key {
        Key::Job(tenant, job) => vec!["job", tenant.as_str(), job.as_str()],
        Key::TaskCode(id) => vec!["task_code", id.as_str()],
        Key::ApiKey(id) => vec!["api_key", id.as_str()],
        Key::Idempotency(id) => vec!["idempotency", id.as_str()],
        Key::Tenant(id) => vec!["tenant", id.as_str()],
        Key::Webhook(id) => vec!["webhook", id.as_str()],
        Key::Delivery(id) => vec!["delivery", id.as_str()],
        Key::Cursor(name) => vec!["cursor", name.as_str()],
        Key::Batch(id) => vec!["batch", id.as_str()],
    };
    serde_json::Value::from(parts).to_string()
}

/// Reads the text form of a name.
pub(in crate::adapters) fn decode(text: &str) -> Option<Key> {
    let parts: Vec<String> = serde_json::from_str(text).ok()?;
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    Some(match parts.as_slice() {
        ["job", tenant, job] => Key::Job(TenantId::parse(*tenant).ok()?, JobId::parse(*job).ok()?),
        ["task_code", id] => Key::TaskCode(CodeId::parse(*id).ok()?),
        ["api_key", id] => Key::ApiKey(KeyId::parse(*id).ok()?),
        ["idempotency", id] => Key::Idempotency((*id).to_owned()),
        ["tenant", id] => Key::Tenant(TenantId::parse(*id).ok()?),
        ["webhook", id] => Key::Webhook(WebhookId::parse(*id).ok()?),
        ["delivery", id] => Key::Delivery(DeliveryId::parse(*id).ok()?),
        ["cursor", name] => Key::Cursor((*name).to_owned()),
        ["batch", id] => Key::Batch(BatchId::parse(*id).ok()?),
        _ => return None,
    })
}

/// Returns the text form of the names and versions of a receipt.
pub(in crate::adapters) fn encode_versions(versions: &[(Key, u64)]) -> String {
    let list: Vec<serde_json::Value> =
        versions.iter().map(|(key, version)| serde_json::json!([encode(key), version])).collect();
    serde_json::Value::from(list).to_string()
}

/// Reads the names and versions of a receipt.
pub(in crate::adapters) fn decode_versions(text: &str) -> Option<Vec<(Key, u64)>> {
    let list: Vec<(String, u64)> = serde_json::from_str(text).ok()?;
    list.into_iter().map(|(key, version)| Some((decode(&key)?, version))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        let keys = [
            Key::Job(TenantId::default_tenant(), JobId::parse("job_1").expect("valid")),
            Key::TaskCode(CodeId::parse("c-1").expect("valid")),
            Key::ApiKey(KeyId::parse("k").expect("valid")),
            Key::Idempotency("\"odd\" [text]".to_owned()),
            Key::Tenant(TenantId::default_tenant()),
            Key::Webhook(WebhookId::parse("wh_1").expect("valid")),
            Key::Delivery(DeliveryId::parse("msg_1").expect("valid")),
            Key::Cursor("webhooks".to_owned()),
            Key::Batch(BatchId::parse("batch_1").expect("valid")),
        ];
        let versions: Vec<(Key, u64)> = keys.into_iter().zip(1..).collect();
        assert_eq!(decode_versions(&encode_versions(&versions)), Some(versions));
        assert_eq!(decode("[\"job\",\"..\",\"x\"]"), None);
    }
}
