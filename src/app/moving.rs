//! Moving the records of an embedded store into the PostgreSQL database of the settings, and back.

use std::sync::Arc;

use serde_json::{Value, json};

use super::control::{RequestError, Target};
use super::maintenance::blocking;
use crate::adapters::clock::SystemClock;
use crate::adapters::postgres::moving::{MoveError, MoveSpec, Step, move_store, take_back};
use crate::domain::error::ErrorCode;

impl From<MoveError> for RequestError {
    fn from(error: MoveError) -> Self {
        match error {
            MoveError::Refused(message) => refused(message),
            MoveError::Store(error) => error.into(),
            MoveError::Postgres(error) => error.into(),
        }
    }
}

pub(super) fn refused(message: impl Into<String>) -> RequestError {
    let code = ErrorCode::InputValidationFailed.as_str().to_owned();
    RequestError::Refused { code, message: message.into() }
}

fn spec(target: &Target, keep_damaged: bool) -> Result<MoveSpec, RequestError> {
    let Some(url) = target.database_url.clone() else {
        let text = "the settings name no database; set store.backend = \"postgres\" and store.database_url to the \
                    database that the records move to";
        return Err(refused(text));
    };
    let (data_dir, clock) = (target.data_dir.clone(), Arc::new(SystemClock));
    Ok(MoveSpec { data_dir, url, clock, lock_wait: target.wait, keep_damaged })
}

/// Moves the records, or finishes a move that was begun. The service must not run.
///
/// # Errors
/// [`RequestError`].
pub async fn move_records(
    target: &Target,
    keep_damaged: bool,
    mut on: impl FnMut(Step) + Send + 'static,
) -> Result<Value, RequestError> {
    let spec = spec(target, keep_damaged)?;
    Ok(json!(blocking(move || move_store(&spec, &mut on)).await??))
}

/// Undoes a move to which the database has added nothing. The service must not run.
///
/// # Errors
/// [`RequestError`].
pub async fn take_records_back(target: &Target) -> Result<Value, RequestError> {
    let spec = spec(target, false)?;
    blocking(move || take_back(&spec)).await??;
    Ok(json!({"ok": true}))
}
