//! Identifiers as newtypes that validate on construction, so that no unchecked text enters a use case.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is not an acceptable identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} must have 1 to {max} characters out of {allowed}")]
pub struct InvalidId {
    kind: &'static str,
    max: usize,
    allowed: &'static str,
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $max:literal, $allowed:literal, $ok:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Longest accepted text, in bytes.
            pub const MAX_LEN: usize = $max;

            /// Checks and wraps a text.
            ///
            /// # Errors
            /// [`InvalidId`] if the text is empty, too long or has a character outside the allowed set.
            pub fn parse(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                let check: fn(&str) -> bool = $ok;
                if text.is_empty() || text.len() > $max || !check(&text) {
                    return Err(InvalidId { kind: $kind, max: $max, allowed: $allowed });
                }
                Ok(Self(text))
            }

            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }
    };
}

/// True for names that are also safe as one path component.
fn file_safe(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_alphanumeric());
    first && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn lower_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

id_type!(
    /// A tenant; also the name of its directory.
    TenantId, "tenant id", 64, "letters, digits, - and _", file_safe
);
id_type!(
    /// A job; also the name of its directory.
    JobId, "job id", 128, "letters, digits, - and _", file_safe
);
id_type!(
    /// One attempt of a job; also the name of its run directory.
    RunId, "run id", 64, "letters, digits, - and _", file_safe
);
id_type!(
    /// A server among those that share a store: by default the host's name.
    NodeId, "node id", 128, "letters, digits, ., - and _", |t| {
        t.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    }
);
id_type!(
    /// The public name of a task code (never the code itself).
    CodeId, "code id", 64, "letters, digits, - and _", file_safe
);
id_type!(
    /// The public part of an API key.
    KeyId, "key id", 64, "letters, digits, - and _", file_safe
);
id_type!(
    /// An endpoint of webhooks.
    WebhookId, "webhook id", 64, "letters, digits, - and _", file_safe
);
id_type!(
    /// A delivery to an endpoint; the header `webhook-id` of each attempt.
    DeliveryId, "delivery id", 64, "letters, digits, - and _", file_safe
);
id_type!(
    /// A batch of specifications of one job.
    BatchId, "batch id", 64, "letters, digits, - and _", file_safe
);
id_type!(
    /// A W3C trace id: 32 lower-case hexadecimal digits.
    TraceId, "trace id", 32, "32 lower-case hexadecimal digits", |t| t.len() == 32 && lower_hex(t)
);
id_type!(
    /// A plan: the SHA-256 of what decides its result, 64 lower-case hexadecimal digits.
    PlanId, "plan id", 64, "64 lower-case hexadecimal digits", |t| t.len() == 64 && lower_hex(t)
);
id_type!(
    /// A template of the do-template library, `family.name`.
    TemplateId, "template id", 96, "family.name in lower case", |t| {
        let Some((family, name)) = t.split_once('.') else { return false };
        !family.is_empty()
            && family.bytes().all(|b| b.is_ascii_lowercase())
            && !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    }
);

impl TenantId {
    /// The tenant of requests that name none.
    pub fn default_tenant() -> Self {
        Self("default".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_their_directory_are_refused() {
        for bad in ["", "..", ".", "a/b", "a\\b", "-a", "a b", "ä", "a\0"] {
            assert!(TenantId::parse(bad).is_err(), "{bad:?}");
            assert!(JobId::parse(bad).is_err(), "{bad:?}");
        }
        assert!(JobId::parse("x".repeat(129)).is_err());
        assert!(JobId::parse("job_01-A").is_ok());
    }

    #[test]
    fn a_template_id_is_family_dot_name() {
        assert!(TemplateId::parse("linear.ols_robust").is_ok());
        for bad in ["linear", "Linear.ols", "linear.", ".ols", "a.b.c", "a.b/c"] {
            assert!(TemplateId::parse(bad).is_err(), "{bad}");
        }
    }
}
