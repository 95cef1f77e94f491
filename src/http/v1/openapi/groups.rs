//! Groups of error codes that the facts of several routes name.

use crate::domain::error::ErrorCode;
use crate::domain::error::ErrorCode::*;

/// Codes of routes that read uploaded files.
pub const FILES: &[ErrorCode] = &[
    InputFormatUnsupported,
    InputFileNameForbidden,
    InputParseFailed,
    InputEmpty,
    InputTooLarge,
    InputEncodingInvalid,
    InputSheetNotFound,
    InputRoleInvalid,
];

/// Codes of routes that bind a template to the data.
pub const BINDING: &[ErrorCode] = &[
    ContractColumnNotFound,
    RoleUnused,
    ExpressionInvalid,
    TemplateNotFound,
    TemplateNotApplicable,
    DoTemplateSelectionInvalidTemplateId,
    InputsMissing,
    InputDatasetNotFound,
];

/// Codes of routes that freeze a plan.
pub const FREEZE: &[ErrorCode] =
    &[PlanFreezeNotAllowed, PlanFreezeMissingRequired, PlanAlreadyFrozenConflict, JobIllegalTransition];

/// Codes of routes that ask the language model.
pub const MODEL: &[ErrorCode] = &[
    InputsMissing,
    LlmNotConfigured,
    LlmConfigInvalid,
    LlmDataSharingNone,
    LlmCallFailed,
    LlmResponseInvalid,
];
