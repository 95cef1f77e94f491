//! Arguments of functions that had another meaning under an earlier `version`: masks of `date()` in small letters before
//! version 10 ([D] Datetime conversion), the probability of `invt()` before version 13 (Stata FAQ of 1997: two-tailed).

use super::compile::Names;
use super::functions::{self, Imp};
use super::node::Node;
use super::parser::BinOp;
use crate::value::Value;

/// Turns the arguments of a call under an older version into those of today.
pub(super) fn renew(names: &dyn Names, function: &str, arguments: &mut [Node]) {
    let before = |first: f64| matches!(names.c_value("version"), Ok(Value::Num(version)) if version < first);
    let Some(second) = arguments.get_mut(1) else { return };
    match function {
        "date" if before(10.0) => capitals(second),
        "invt" if before(13.0) => lower_tail(second),
        _ => {}
    }
}

/// A mask in capitals.
fn capitals(mask: &mut Node) {
    if let Some(Imp::Any(f, string)) = functions::find("strupper").map(|f| f.imp) {
        let small = std::mem::replace(mask, Node::Num(0.0));
        *mask = Node::AnyCall(f, vec![small], string);
    }
}

/// The probability below `t` of the one between `-t` and `t`.
fn lower_tail(p: &mut Node) {
    if !p.is_string() {
        let between = std::mem::replace(p, Node::Num(0.0));
        let whole = Node::Arith(BinOp::Add, Box::new(Node::Num(1.0)), Box::new(between));
        *p = Node::Arith(BinOp::Div, Box::new(whole), Box::new(Node::Num(2.0)));
    }
}
