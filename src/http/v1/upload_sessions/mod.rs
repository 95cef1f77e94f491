//! `/v1/upload-sessions/{upload_session_id}`: parts, fresh URLs, the end.

pub mod finalize;
pub mod get;
pub mod part;
pub mod refresh;
