//! Errors of Mata: their codes and texts ([M-2] Errors) and the traceback that the log shows.

use crate::error::StataError;

/// An error on its way up the calls.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Mata's or the do-file language's return code.
    pub code: i32,
    /// The text behind the code; empty where nothing is shown.
    text: String,
    /// Functions from the one that found the error outwards; none yet while the error leaves the place that found it.
    trace: Vec<String>,
    /// True for errors of the syntax and for `exit()`: no traceback is shown.
    plain: bool,
}

/// A result with a [`Fault`] as error.
pub(super) type Run<T> = Result<T, Fault>;

impl Fault {
    /// The error of a code with the manual's text.
    pub fn code(code: i32) -> Self {
        Self::with(code, standard_text(code))
    }

    /// An error with its own text.
    pub fn with(code: i32, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), trace: Vec::new(), plain: false }
    }

    /// An error of the syntax: code 3000 and no traceback.
    pub fn syntax(text: impl Into<String>) -> Self {
        Self { plain: true, ..Self::with(3000, text) }
    }

    /// Ends the run with a return code; nothing is shown besides the text.
    pub fn exit(code: i32, text: impl Into<String>) -> Self {
        Self { plain: true, ..Self::with(code, text) }
    }

    /// A name that stands for nothing.
    pub fn not_found(name: &str) -> Self {
        Self::with(3499, format!("{name} not found"))
    }

    /// What Mata has and this engine does not.
    pub fn unsupported(name: &str) -> Self {
        Self::with(199, format!("{name} of Mata is not supported by the open engine"))
    }

    /// Whether the error ends the session's run whatever catches it.
    pub fn is_break(&self) -> bool {
        self.code == 1
    }

    /// Names the function that found the error, unless one is named already.
    pub fn found_by(mut self, name: &str) -> Self {
        if self.trace.is_empty() {
            self.trace.push(name.to_string());
        }
        self
    }

    /// Adds a function that the error left.
    pub fn left(mut self, name: &str) -> Self {
        self.trace.push(name.to_string());
        self
    }

    /// The text alone.
    pub fn message(&self) -> &str {
        &self.text
    }

    /// The error as the do-file language sees it: the message is the traceback.
    pub fn into_error(self) -> StataError {
        if self.plain || self.is_break() || self.trace.is_empty() {
            return StataError::new(self.code, self.text);
        }
        let mut lines = Vec::with_capacity(self.trace.len());
        for (k, name) in self.trace.iter().enumerate() {
            lines.push(if k == 0 {
                format!("{:>24}:  {:>4}  {}", name, self.code, self.text)
            } else {
                format!("{name:>24}:     -  function returned error")
            });
        }
        StataError::new(self.code, lines.join("\n"))
    }
}

impl From<StataError> for Fault {
    fn from(error: StataError) -> Self {
        Self::with(error.code, error.message)
    }
}

/// The manual's text of a code.
pub(super) fn standard_text(code: i32) -> &'static str {
    match code {
        3001 => "incorrect number of arguments",
        3002 => "identical arguments not allowed",
        3010 => "attempt to dereference NULL pointer",
        3011 => "invalid lval",
        3012 => "undefined operation on pointer",
        3101 => "matrix found where function required",
        3102 => "function found where matrix required",
        3103 => "view found where array required",
        3104 => "array found where view required",
        3200 => "conformability error",
        3201 => "vector required",
        3202 => "rowvector required",
        3203 => "colvector required",
        3204 => "matrix found where scalar required",
        3205 => "square matrix required",
        3206 => "invalid use of view containing op.vars",
        3212 => "view vars & obs out of range",
        3213 => "view vars out of range",
        3214 => "view obs out of range",
        3250 => "type mismatch",
        3251 => "nonnumeric found where numeric required",
        3252 => "noncomplex found where complex required",
        3253 => "nonreal found where real required",
        3254 => "nonstring found where string required",
        3255 => "real or string required",
        3256 => "numeric or string required",
        3257 => "nonpointer found where pointer required",
        3258 => "nonvoid found where void required",
        3259 => "nonstruct found where struct required",
        3300 => "argument out of range",
        3301 => "subscript invalid",
        3302 => "invalid %fmt",
        3303 => "invalid permutation vector",
        3351 => "argument has missing values",
        3352 => "singular matrix",
        3353 => "matrix not positive definite",
        3360 => "failure to converge",
        3492 => "resulting string too long",
        3500 => "invalid Stata variable name",
        3598 => "Stata returned error",
        3601 => "invalid file handle",
        3602 => "invalid filename",
        3603 => "invalid file mode",
        3611 => "too many open files",
        3621 => "attempt to write read-only file",
        3622 => "attempt to read write-only file",
        3623 => "attempt to seek append-only file",
        3698 => "file seek error",
        3900 => "out of memory",
        3998 => "stack overflow",
        _ => crate::error::standard_message(code),
    }
}
