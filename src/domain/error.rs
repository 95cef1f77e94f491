//! The closed list of error codes and the typed refusal that carries one. Statuses belong to `http`.

use serde_json::{Map, Value};

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident => $text:literal, $retryable:literal;)*) => {
        /// A cause that the caller can act on. Codes are never renamed and never reused; each has its
        /// section in `docs/errors.md`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)*
        }

        impl ErrorCode {
            /// Every code, in the order of declaration.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)*];

            /// Returns the code as it is sent to clients.
            pub fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$variant => $text,)* }
            }

            /// Returns the code with this text.
            pub fn parse(text: &str) -> Option<ErrorCode> {
                match text { $($text => Some(ErrorCode::$variant),)* _ => None }
            }

            /// True if the same request may succeed later without a change by the caller.
            pub fn retryable(self) -> bool {
                match self { $(ErrorCode::$variant => $retryable,)* }
            }
        }
    };
}

error_codes! {
    AuthBearerTokenMissing => "AUTH_BEARER_TOKEN_MISSING", false;
    AuthBearerTokenInvalid => "AUTH_BEARER_TOKEN_INVALID", false;
    AuthTokenInvalid => "AUTH_TOKEN_INVALID", false;
    AuthTokenForbidden => "AUTH_TOKEN_FORBIDDEN", false;
    AuthLoginFailed => "AUTH_LOGIN_FAILED", false;
    TenantIdUnsafe => "TENANT_ID_UNSAFE", false;
    JobNotFound => "JOB_NOT_FOUND", false;
    RouteNotFound => "ROUTE_NOT_FOUND", false;
    MethodNotAllowed => "METHOD_NOT_ALLOWED", false;
    PayloadTooLarge => "PAYLOAD_TOO_LARGE", false;
    UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE", false;
    UriTooLong => "URI_TOO_LONG", false;
    HeadersTooLarge => "HEADERS_TOO_LARGE", false;
    RequestTimeout => "REQUEST_TIMEOUT", true;
    InternalError => "INTERNAL_ERROR", true;
    InputValidationFailed => "INPUT_VALIDATION_FAILED", false;
    StoreUnavailable => "STORE_UNAVAILABLE", true;
    ServiceNotReady => "SERVICE_NOT_READY", true;
    DependencyUnavailable => "DEPENDENCY_UNAVAILABLE", true;
    ConfigReloadFailed => "CONFIG_RELOAD_FAILED", false;
    ServiceShuttingDown => "SERVICE_SHUTTING_DOWN", true;
    StorageFull => "STORAGE_FULL", true;
    RateLimited => "RATE_LIMITED", true;
    QuotaExceeded => "QUOTA_EXCEEDED", false;
    JobVersionConflict => "JOB_VERSION_CONFLICT", true;
    JobCorrupt => "JOB_CORRUPT", false;
    JobSchemaNewer => "JOB_SCHEMA_NEWER", false;
    JobLocked => "JOB_LOCKED", false;
    JobGone => "JOB_GONE", false;
    RetentionHold => "RETENTION_HOLD", false;
    JobIllegalTransition => "JOB_ILLEGAL_TRANSITION", false;
    IdempotencyKeyReused => "IDEMPOTENCY_KEY_REUSED", false;
    IdempotencySecretNotReplayable => "IDEMPOTENCY_SECRET_NOT_REPLAYABLE", false;
    TaskCodeNotFound => "TASK_CODE_NOT_FOUND", false;
    TaskCodeInvalid => "TASK_CODE_INVALID", false;
    TaskCodeExpired => "TASK_CODE_EXPIRED", false;
    TaskCodeRevoked => "TASK_CODE_REVOKED", false;
    TaskCodeRedeemConflict => "TASK_CODE_REDEEM_CONFLICT", false;
    ApiKeyNotFound => "API_KEY_NOT_FOUND", false;
    AdminTokenNotFound => "ADMIN_TOKEN_NOT_FOUND", false;
    InputFormatUnsupported => "INPUT_FORMAT_UNSUPPORTED", false;
    InputFileNameForbidden => "INPUT_FILE_NAME_FORBIDDEN", false;
    InputParseFailed => "INPUT_PARSE_FAILED", false;
    InputEmpty => "INPUT_EMPTY", false;
    InputTooLarge => "INPUT_TOO_LARGE", false;
    InputEncodingInvalid => "INPUT_ENCODING_INVALID", false;
    InputSheetNotFound => "INPUT_SHEET_NOT_FOUND", false;
    InputRoleInvalid => "INPUT_ROLE_INVALID", false;
    InputDatasetNotFound => "INPUT_DATASET_NOT_FOUND", false;
    InputsMissing => "INPUTS_MISSING", false;
    DraftNotFound => "DRAFT_NOT_FOUND", false;
    DraftConfirmBlocked => "DRAFT_CONFIRM_BLOCKED", false;
    ExpressionInvalid => "EXPRESSION_INVALID", false;
    ContractColumnNotFound => "CONTRACT_COLUMN_NOT_FOUND", false;
    RoleUnused => "ROLE_UNUSED", false;
    TemplateNotFound => "TEMPLATE_NOT_FOUND", false;
    TemplateNotApplicable => "TEMPLATE_NOT_APPLICABLE", false;
    DoTemplateSelectionInvalidTemplateId => "DO_TEMPLATE_SELECTION_INVALID_TEMPLATE_ID", false;
    UploadSessionNotFound => "UPLOAD_SESSION_NOT_FOUND", false;
    UploadSessionExpired => "UPLOAD_SESSION_EXPIRED", false;
    PlanFreezeNotAllowed => "PLAN_FREEZE_NOT_ALLOWED", false;
    PlanFreezeMissingRequired => "PLAN_FREEZE_MISSING_REQUIRED", false;
    PlanAlreadyFrozenConflict => "PLAN_ALREADY_FROZEN_CONFLICT", false;
    PlanMissing => "PLAN_MISSING", false;
    PlanOutdated => "PLAN_OUTDATED", false;
    RunNotFound => "RUN_NOT_FOUND", false;
    RunNotSucceeded => "RUN_NOT_SUCCEEDED", false;
    RenderingFailed => "RENDERING_FAILED", false;
    RangeNotSatisfiable => "RANGE_NOT_SATISFIABLE", false;
    ArtifactNotFound => "ARTIFACT_NOT_FOUND", false;
    ArtifactPathUnsafe => "ARTIFACT_PATH_UNSAFE", false;
    ArtifactExpired => "ARTIFACT_EXPIRED", false;
    LlmNotConfigured => "LLM_NOT_CONFIGURED", false;
    LlmDataSharingNone => "LLM_DATA_SHARING_NONE", false;
    LlmConfigInvalid => "LLM_CONFIG_INVALID", false;
    LlmCallFailed => "LLM_CALL_FAILED", true;
    LlmResponseInvalid => "LLM_RESPONSE_INVALID", true;
}

/// A refusal with its code, a sentence for people and typed context for programs.
///
/// `message` never carries paths, queries, prompts or keys; internal causes are logged where they occur.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}: {message}", code.as_str())]
pub struct Problem {
    /// What happened, out of the closed list.
    pub code: ErrorCode,
    /// What happened, for people; says what to do next.
    pub message: String,
    /// Typed fields of this code.
    pub context: Map<String, Value>,
    /// When a retry makes sense, in seconds.
    pub retry_after_seconds: Option<u64>,
}

impl Problem {
    /// Builds a refusal without context.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), context: Map::new(), retry_after_seconds: None }
    }

    /// Adds one context field.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.context.insert(key.to_owned(), value.into());
        self
    }

    /// States when a retry makes sense.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// Builds a validation refusal with one `{path, reason}` entry.
    pub fn validation(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::validation_all(vec![(path.into(), reason.into())])
    }

    /// Builds a validation refusal with all its `{path, reason}` entries.
    pub fn validation_all(errors: Vec<(String, String)>) -> Self {
        let message = errors
            .iter()
            .map(|(path, reason)| if path.is_empty() { reason.clone() } else { format!("{path}: {reason}") })
            .collect::<Vec<_>>()
            .join("; ");
        let list: Vec<Value> = errors
            .into_iter()
            .map(|(path, reason)| serde_json::json!({"path": path, "reason": reason}))
            .collect();
        Self::new(ErrorCode::InputValidationFailed, message).with("errors", list)
    }

    /// Builds the answer for an unexpected internal cause, which the caller must log itself.
    pub fn internal() -> Self {
        Self::new(
            ErrorCode::InternalError,
            "an internal error occurred; quote the trace id when you report it",
        )
    }
}
