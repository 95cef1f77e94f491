//! The values of `post handle (exp) (exp) ...` and of `frame post`.

use crate::error::{Result, StataError};
use crate::frame::StorageType;
use crate::session::Session;
use crate::syntax::split::matching_paren;
use crate::value::Value;

/// Evaluates the expressions in parentheses, one for each variable; r(109) for a text where a number belongs.
pub(crate) fn values(s: &Session, text: &str, types: &[StorageType]) -> Result<Vec<Value>> {
    let mut rest = text.trim();
    let mut row = Vec::new();
    while !rest.is_empty() {
        let end = matching_paren(rest, 0).filter(|_| rest.starts_with('(')).ok_or_else(StataError::syntax)?;
        let value = s.eval(rest[1..end].trim())?;
        let ty = types.get(row.len()).ok_or_else(|| StataError::new(198, "too many expressions"))?;
        if ty.is_string() != value.is_str() {
            return Err(StataError::type_mismatch());
        }
        row.push(value);
        rest = rest[end + 1..].trim_start();
    }
    if row.len() < types.len() {
        return Err(StataError::new(198, "too few expressions"));
    }
    Ok(row)
}
