//! Masks of `date()` in small letters, as they were before version 10 ([D] Datetime conversion; `version` in [P]).

use super::compile::Names;
use super::functions::{self, Imp};
use super::node::Node;
use crate::value::Value;

/// Puts the mask of a call of `date()` into capitals under a version before 10.
pub(super) fn enlarge(names: &dyn Names, function: &str, arguments: &mut [Node]) {
    let Some(mask) = arguments.get_mut(1).filter(|_| function == "date") else { return };
    let older = matches!(names.c_value("version"), Ok(Value::Num(version)) if version < 10.0);
    let upper = functions::find("strupper").map(|f| f.imp);
    if let (true, Some(Imp::Any(f, string))) = (older, upper) {
        let small = std::mem::replace(mask, Node::Num(0.0));
        *mask = Node::AnyCall(f, vec![small], string);
    }
}
