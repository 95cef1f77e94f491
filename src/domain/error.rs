//! The closed list of error codes and the typed refusal that carries one. Statuses belong to `http`.

use serde_json::{Map, Value};

/// The kind of a cause. `http` gives each class its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The request is malformed or not valid.
    Invalid,
    /// The caller is not identified.
    Unauthenticated,
    /// The caller may not do this.
    Forbidden,
    /// The resource does not exist, or belongs to another tenant.
    NotFound,
    /// The path exists, and has not this method.
    MethodNotAllowed,
    /// The request did not arrive in time.
    Timeout,
    /// The state of the resource does not permit the request.
    Conflict,
    /// The resource existed and was removed or expired.
    Gone,
    /// The content is larger than permitted.
    TooLarge,
    /// The path with its query is longer than permitted.
    UriTooLong,
    /// The content has a media type that the route does not read.
    MediaType,
    /// The range lies outside the file.
    Range,
    /// The request is valid and cannot be carried out.
    Unprocessable,
    /// A rate or quota is used up.
    Limited,
    /// The headers are larger than permitted.
    HeadersTooLarge,
    /// The service is at fault.
    Internal,
    /// A service that this one called failed or sent an invalid response.
    Upstream,
    /// A needed part of the service is not available.
    Unavailable,
    /// The disk is full.
    StorageFull,
}

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident => $text:literal, $class:ident, $retryable:literal;)*) => {
        /// A cause that the caller can act on. Codes are never renamed and never reused; each has its
        /// section in `docs/errors.md`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ErrorCode {
            $(
                $(#[$doc])*
                #[doc = concat!("Sent as `", $text, "`; class [`ErrorClass::", stringify!($class), "`].")]
                $variant,
            )*
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

            /// Returns the class, which decides how the refusal is sent.
            pub fn class(self) -> ErrorClass {
                match self { $(ErrorCode::$variant => ErrorClass::$class,)* }
            }

            /// True if the same request may succeed later without a change by the caller.
            pub fn retryable(self) -> bool {
                match self { $(ErrorCode::$variant => $retryable,)* }
            }
        }
    };
}

// Columns: text, class, whether a repeated request may succeed without a change by the caller.
error_codes! {
    AuthBearerTokenMissing => "AUTH_BEARER_TOKEN_MISSING", Unauthenticated, false;
    AuthBearerTokenInvalid => "AUTH_BEARER_TOKEN_INVALID", Unauthenticated, false;
    AuthTokenInvalid => "AUTH_TOKEN_INVALID", Forbidden, false;
    AuthTokenForbidden => "AUTH_TOKEN_FORBIDDEN", Forbidden, false;
    AuthLoginFailed => "AUTH_LOGIN_FAILED", Unauthenticated, false;
    TenantIdUnsafe => "TENANT_ID_UNSAFE", Invalid, false;
    JobNotFound => "JOB_NOT_FOUND", NotFound, false;
    RouteNotFound => "ROUTE_NOT_FOUND", NotFound, false;
    MethodNotAllowed => "METHOD_NOT_ALLOWED", MethodNotAllowed, false;
    PayloadTooLarge => "PAYLOAD_TOO_LARGE", TooLarge, false;
    UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE", MediaType, false;
    UriTooLong => "URI_TOO_LONG", UriTooLong, false;
    HeadersTooLarge => "HEADERS_TOO_LARGE", HeadersTooLarge, false;
    RequestTimeout => "REQUEST_TIMEOUT", Timeout, true;
    InternalError => "INTERNAL_ERROR", Internal, true;
    InputValidationFailed => "INPUT_VALIDATION_FAILED", Invalid, false;
    StoreUnavailable => "STORE_UNAVAILABLE", Unavailable, true;
    ServiceNotReady => "SERVICE_NOT_READY", Unavailable, true;
    DependencyUnavailable => "DEPENDENCY_UNAVAILABLE", Unavailable, true;
    ConfigReloadFailed => "CONFIG_RELOAD_FAILED", Conflict, false;
    ServiceShuttingDown => "SERVICE_SHUTTING_DOWN", Unavailable, true;
    StorageFull => "STORAGE_FULL", StorageFull, true;
    RateLimited => "RATE_LIMITED", Limited, true;
    QuotaExceeded => "QUOTA_EXCEEDED", Limited, false;
    JobVersionConflict => "JOB_VERSION_CONFLICT", Conflict, true;
    JobCorrupt => "JOB_CORRUPT", Internal, false;
    JobSchemaNewer => "JOB_SCHEMA_NEWER", Internal, false;
    JobLocked => "JOB_LOCKED", Conflict, false;
    JobGone => "JOB_GONE", Gone, false;
    RetentionHold => "RETENTION_HOLD", Forbidden, false;
    JobIllegalTransition => "JOB_ILLEGAL_TRANSITION", Conflict, false;
    IdempotencyKeyReused => "IDEMPOTENCY_KEY_REUSED", Unprocessable, false;
    IdempotencyInProgress => "IDEMPOTENCY_IN_PROGRESS", Conflict, true;
    IdempotencySecretNotReplayable => "IDEMPOTENCY_SECRET_NOT_REPLAYABLE", Conflict, false;
    TaskCodeNotFound => "TASK_CODE_NOT_FOUND", NotFound, false;
    TaskCodeInvalid => "TASK_CODE_INVALID", Invalid, false;
    TaskCodeExpired => "TASK_CODE_EXPIRED", Invalid, false;
    TaskCodeRevoked => "TASK_CODE_REVOKED", Invalid, false;
    TaskCodeRedeemConflict => "TASK_CODE_REDEEM_CONFLICT", Conflict, false;
    ApiKeyNotFound => "API_KEY_NOT_FOUND", NotFound, false;
    AdminTokenNotFound => "ADMIN_TOKEN_NOT_FOUND", NotFound, false;
    InputFormatUnsupported => "INPUT_FORMAT_UNSUPPORTED", Invalid, false;
    InputFileNameForbidden => "INPUT_FILE_NAME_FORBIDDEN", Invalid, false;
    InputParseFailed => "INPUT_PARSE_FAILED", Invalid, false;
    InputEmpty => "INPUT_EMPTY", Invalid, false;
    InputTooLarge => "INPUT_TOO_LARGE", TooLarge, false;
    InputEncodingInvalid => "INPUT_ENCODING_INVALID", Invalid, false;
    InputSheetNotFound => "INPUT_SHEET_NOT_FOUND", Invalid, false;
    InputRoleInvalid => "INPUT_ROLE_INVALID", Invalid, false;
    InputDatasetNotFound => "INPUT_DATASET_NOT_FOUND", NotFound, false;
    InputsMissing => "INPUTS_MISSING", Conflict, false;
    DraftNotFound => "DRAFT_NOT_FOUND", NotFound, false;
    DraftConfirmBlocked => "DRAFT_CONFIRM_BLOCKED", Invalid, false;
    ExpressionInvalid => "EXPRESSION_INVALID", Invalid, false;
    ContractColumnNotFound => "CONTRACT_COLUMN_NOT_FOUND", Invalid, false;
    RoleUnused => "ROLE_UNUSED", Invalid, false;
    TemplateNotFound => "TEMPLATE_NOT_FOUND", NotFound, false;
    TemplateNotApplicable => "TEMPLATE_NOT_APPLICABLE", Invalid, false;
    DoTemplateSelectionInvalidTemplateId => "DO_TEMPLATE_SELECTION_INVALID_TEMPLATE_ID", Invalid, false;
    UploadSessionNotFound => "UPLOAD_SESSION_NOT_FOUND", NotFound, false;
    UploadSessionExpired => "UPLOAD_SESSION_EXPIRED", Gone, false;
    PlanFreezeNotAllowed => "PLAN_FREEZE_NOT_ALLOWED", Conflict, false;
    PlanFreezeMissingRequired => "PLAN_FREEZE_MISSING_REQUIRED", Invalid, false;
    PlanAlreadyFrozenConflict => "PLAN_ALREADY_FROZEN_CONFLICT", Conflict, false;
    PlanMissing => "PLAN_MISSING", Conflict, false;
    PlanOutdated => "PLAN_OUTDATED", Conflict, false;
    BatchNotFound => "BATCH_NOT_FOUND", NotFound, false;
    BatchCellsInvalid => "BATCH_CELLS_INVALID", Invalid, false;
    TrialNotOffered => "TRIAL_NOT_OFFERED", NotFound, false;
    TrialLimit => "TRIAL_LIMIT", Forbidden, false;
    WebhookNotFound => "WEBHOOK_NOT_FOUND", NotFound, false;
    WebhookDeliveryNotFound => "WEBHOOK_DELIVERY_NOT_FOUND", NotFound, false;
    WebhookAddressRefused => "WEBHOOK_ADDRESS_REFUSED", Invalid, false;
    WebhookDisabled => "WEBHOOK_DISABLED", Conflict, false;
    RunNotFound => "RUN_NOT_FOUND", NotFound, false;
    RunNotSucceeded => "RUN_NOT_SUCCEEDED", Conflict, false;
    RenderingFailed => "RENDERING_FAILED", Unprocessable, false;
    RangeNotSatisfiable => "RANGE_NOT_SATISFIABLE", Range, false;
    ArtifactNotFound => "ARTIFACT_NOT_FOUND", NotFound, false;
    ArtifactPathUnsafe => "ARTIFACT_PATH_UNSAFE", Invalid, false;
    ArtifactExpired => "ARTIFACT_EXPIRED", Gone, false;
    LlmNotConfigured => "LLM_NOT_CONFIGURED", Unavailable, false;
    LlmDataSharingNone => "LLM_DATA_SHARING_NONE", Conflict, false;
    LlmConfigInvalid => "LLM_CONFIG_INVALID", Unavailable, false;
    LlmCallFailed => "LLM_CALL_FAILED", Upstream, true;
    LlmResponseInvalid => "LLM_RESPONSE_INVALID", Upstream, true;
}

/// A refusal with its code, a sentence for people and typed context for programs.
///
/// `message` never carries paths, queries, prompts or keys; internal causes are logged where they occur.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}: {message}", code.as_str())]
pub struct Problem {
    /// Code from the closed list.
    pub code: ErrorCode,
    /// What happened, for people, with the next step.
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
