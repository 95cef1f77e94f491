//! Values of expressions: numbers, missing values and strings. Arithmetic on them is in the expression evaluator.

pub use estimators::missing::{MISSING, clean, is_missing, missing, missing_offset};

/// `.`, `.a` … `.z`.
pub fn missing_text(x: f64) -> String {
    match missing_offset(x) {
        Some(k) if k > 0 => format!(".{}", (b'a' + k - 1) as char),
        _ => ".".to_string(),
    }
}

/// A value of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number or a missing value.
    Num(f64),
    /// A string.
    Str(String),
}

impl Value {
    /// The number, if it is one.
    pub fn as_num(&self) -> Option<f64> {
        match self {
            Value::Num(x) => Some(*x),
            Value::Str(_) => None,
        }
    }

    /// True for strings.
    pub fn is_str(&self) -> bool {
        matches!(self, Value::Str(_))
    }
}
