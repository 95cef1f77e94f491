//! The group that a byable program is called for, and the functions that report it ([P] byable).

/// A call of a byable program under `by` ([P] byable). The data stay whole: `mark` and `marksample` keep the group's rows.
#[derive(Debug, Clone, Copy)]
pub struct ByCall {
    /// The group's rows: the first, and the one after the last.
    pub rows: (usize, usize),
    /// Number of the call from 1 on; 0 where the program is called once for all groups.
    pub index: usize,
    /// Whether it is the last call.
    pub last: bool,
}

/// Whether a function reports the call.
pub(super) fn is_one(function: &str) -> bool {
    matches!(function, "_by" | "_byindex" | "_bylastcall" | "_byn1" | "_byn2")
}

/// The value of such a function; without a call there is one group, the last.
pub(super) fn value(function: &str, call: Option<ByCall>) -> f64 {
    let Some(call) = call else { return f64::from(u8::from(function == "_bylastcall")) };
    match function {
        "_by" => 1.0,
        "_byindex" => call.index as f64,
        "_bylastcall" => f64::from(u8::from(call.last)),
        "_byn1" => call.rows.0 as f64 + 1.0,
        _ => call.rows.1 as f64,
    }
}
