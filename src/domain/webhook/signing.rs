//! Secrets of endpoints and the signatures that they make, as the Standard Webhooks specification has them.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};

use super::{SecretName, WebhookRecord};
use crate::domain::canonical::{hmac_sha256, sha256_hex};
use crate::domain::ids::{DeliveryId, WebhookId};

/// Fewest bytes of a key.
pub const MIN_KEY_BYTES: usize = 32;
/// Digits of the fingerprint of a key.
const KEY_ID_DIGITS: usize = 16;

/// The keys that secrets are derived from: the first for new secrets, the others for those that they made. They are kept
/// outside the store and its backups: anyone who reads those can sign nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookKeys(Vec<Vec<u8>>);

impl WebhookKeys {
    /// Takes keys, the one for new secrets first; `None` without a key or with one shorter than [`MIN_KEY_BYTES`].
    pub fn new(keys: Vec<Vec<u8>>) -> Option<Self> {
        let sound = !keys.is_empty() && keys.iter().all(|key| key.len() >= MIN_KEY_BYTES);
        sound.then_some(Self(keys))
    }

    /// Returns fingerprints of the keys, in their order.
    pub fn prints(&self) -> Vec<String> {
        self.0.iter().map(|key| key_id(key)).collect()
    }

    /// Names the secret of a generation, from the first key.
    pub fn name(&self, generation: u32) -> SecretName {
        SecretName { key_id: key_id(&self.0[0]), generation }
    }

    /// Returns the bytes of a secret, `HMAC-SHA256(key, "webhook" ‖ 0 ‖ webhook_id ‖ 0 ‖ generation)`; `None` where its key
    /// is not here.
    fn secret(&self, webhook_id: &WebhookId, name: &SecretName) -> Option<[u8; 32]> {
        let key = self.0.iter().find(|key| key_id(key) == name.key_id)?;
        let text = format!("webhook\0{webhook_id}\0{}", name.generation);
        Some(hmac_sha256(key, text.as_bytes()))
    }

    /// Returns the secret in the form that receivers take, `whsec_<base64>`; `None` where its key is not here.
    pub fn shown_secret(&self, webhook_id: &WebhookId, name: &SecretName) -> Option<String> {
        Some(format!("whsec_{}", BASE64_STANDARD.encode(self.secret(webhook_id, name)?)))
    }

    /// Returns the header `webhook-signature`: a signature of each secret that signs now, separated by blanks; `None` where
    /// the key of the current secret is not here.
    pub fn signatures(
        &self,
        endpoint: &WebhookRecord,
        id: &DeliveryId,
        at: DateTime<Utc>,
        body: &str,
    ) -> Option<String> {
        self.secret(&endpoint.webhook_id, &endpoint.secret)?;
        let secrets = endpoint.signing_secrets(at).filter_map(|name| self.secret(&endpoint.webhook_id, name));
        let signed = secrets.map(|secret| signature(&secret, id.as_str(), at.timestamp(), body));
        Some(signed.collect::<Vec<_>>().join(" "))
    }
}

impl fmt::Debug for WebhookKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookKeys({})", self.0.len())
    }
}

fn key_id(key: &[u8]) -> String {
    let mut named = b"webhook key\0".to_vec();
    named.extend_from_slice(key);
    sha256_hex(named)[..KEY_ID_DIGITS].to_owned()
}

/// Returns `v1,base64(HMAC-SHA256(secret, "id.timestamp.body"))`.
fn signature(secret: &[u8], id: &str, timestamp: i64, body: &str) -> String {
    let signed = format!("{id}.{timestamp}.{body}");
    format!("v1,{}", BASE64_STANDARD.encode(hmac_sha256(secret, signed.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::TenantId;
    use crate::domain::webhook::EndingSecret;
    use chrono::Duration;

    #[test]
    fn the_signature_is_that_of_the_published_test_vector() {
        // the test of the reference implementations (standardwebhooks, libraries/python/tests/test_webhooks.py)
        let secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"; // pragma: allowlist secret
        let secret = BASE64_STANDARD.decode(secret).expect("base64");
        let signed =
            signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    fn keys(bytes: &[u8]) -> WebhookKeys {
        WebhookKeys::new(bytes.iter().map(|byte| vec![*byte; MIN_KEY_BYTES]).collect()).expect("sound")
    }

    fn endpoint(secret: SecretName, now: DateTime<Utc>) -> WebhookRecord {
        WebhookRecord {
            webhook_id: WebhookId::parse("wh_1").expect("valid"),
            version: 1,
            revision: 1,
            tenant_id: TenantId::default_tenant(),
            job_id: None,
            url: "https://example.com/".to_owned(),
            event_types: Vec::new(),
            enabled: true,
            enabled_since: now,
            disabled_because: None,
            secret,
            previous_secrets: Vec::new(),
            created_at: now,
            updated_at: now,
            failing_since: None,
        }
    }

    #[test]
    fn old_and_new_secret_sign_during_the_overlap_and_a_lost_key_signs_nothing() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let (old, new) = (keys(b"a"), keys(b"ba"));
        let mut record = endpoint(old.name(1), now);
        let id = DeliveryId::parse("msg_1").expect("valid");
        let before = old.signatures(&record, &id, now, "{}").expect("signed");
        assert_eq!(new.signatures(&record, &id, now, "{}").as_ref(), Some(&before), "the key is second now");
        record.previous_secrets =
            vec![EndingSecret { name: record.secret.clone(), until: now + Duration::hours(1) }];
        record.secret = new.name(2);
        let both = new.signatures(&record, &id, now, "{}").expect("signed");
        let (first, second) = both.split_once(' ').expect("two signatures");
        assert_eq!(second, before);
        assert_ne!(first, before);
        let later = now + Duration::hours(1);
        let one = new.signatures(&record, &id, later, "{}").expect("signed");
        assert!(!one.contains(' '), "{one}");
        assert_eq!(
            old.signatures(&record, &id, now, "{}"),
            None,
            "the key of the current secret is not here"
        );
        let shown = new.shown_secret(&record.webhook_id, &record.secret).expect("here");
        let bytes = BASE64_STANDARD.decode(shown.strip_prefix("whsec_").expect("a prefix")).expect("base64");
        assert_eq!(bytes.len(), 32);
    }
}
