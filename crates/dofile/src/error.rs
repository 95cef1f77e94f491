//! Errors with Stata's return codes and wording. Control flow (`exit`,
//! `continue`) does not belong here.

use std::fmt;
use std::io::ErrorKind;

/// An error of the language: a return code (`_rc`) and what is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StataError {
    /// Stata's return code, as shown in `r(code);`.
    pub code: i32,
    /// The text shown before the code; empty where nothing is printed.
    pub message: String,
}

/// Result with [`StataError`] as the default error.
pub type Result<T, E = StataError> = std::result::Result<T, E>;

impl fmt::Display for StataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} r({})", self.message, self.code)
    }
}

impl std::error::Error for StataError {}

impl StataError {
    /// An error with its own text.
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The standard text of a code, as the command `error #` prints it.
    pub fn standard(code: i32) -> Self {
        Self::new(code, standard_message(code))
    }

    /// `invalid syntax` r(198).
    pub fn syntax() -> Self {
        Self::new(198, "invalid syntax")
    }

    /// A parenthesis that is not closed: r(132).
    pub fn unclosed() -> Self {
        Self::new(132, "too few )")
    }

    /// r(198) with its own text.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(198, message)
    }

    /// `variable NAME not found` r(111).
    pub fn no_variable(name: &str) -> Self {
        Self::new(111, format!("variable {name} not found"))
    }

    /// `NAME not found` r(111): a name in an expression.
    pub fn not_found(name: &str) -> Self {
        Self::new(111, format!("{name} not found"))
    }

    /// `variable NAME already defined` r(110).
    pub fn already_defined(name: &str) -> Self {
        Self::new(110, format!("variable {name} already defined"))
    }

    /// A file that cannot be opened or written: r(603), or r(699) where the disk is full ([P] error).
    pub fn unwritten(file: impl fmt::Display, error: &std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::new(699, "insufficient disk space"),
            _ => Self::new(603, format!("file {file} could not be opened: {error}")),
        }
    }

    /// `type mismatch` r(109).
    pub fn type_mismatch() -> Self {
        Self::new(109, "type mismatch")
    }

    /// `option NAME not allowed` r(198).
    pub fn option_not_allowed(name: &str) -> Self {
        Self::new(198, format!("option {name} not allowed"))
    }

    /// A command of Stata that this engine does not have, r(199).
    pub fn unsupported_command(name: &str) -> Self {
        Self::new(199, format!("command {name} is not supported by the open engine"))
    }

    /// An option that Stata has and this engine does not, r(199).
    pub fn unsupported_option(command: &str, option: &str) -> Self {
        let text = format!("option {option} of command {command} is not supported by the open engine");
        Self::new(199, text)
    }

    /// `no observations` r(2000).
    pub fn no_observations() -> Self {
        Self::standard(2000)
    }

    /// `insufficient observations` r(2001).
    pub fn insufficient_observations() -> Self {
        Self::standard(2001)
    }

    /// `last estimates not found` r(301).
    pub fn no_estimates() -> Self {
        Self::standard(301)
    }

    /// `convergence not achieved` r(430).
    pub fn not_converged() -> Self {
        Self::standard(430)
    }
}

/// The text that Stata's `error #` prints (manual [P] error).
pub fn standard_message(code: i32) -> &'static str {
    match code {
        1 => "--Break--",
        2 => "connection timed out -- see help r(2) for troubleshooting",
        3 => "no dataset in use",
        4 => "no; dataset in memory has changed since last saved",
        5 => "not sorted",
        6 => "",
        7 => "'' found where something else expected",
        9 => "assertion is false",
        18 => "you must start with an empty dataset",
        20 => "statistic not calculable",
        100 => "varlist required",
        101 => "varlist not allowed",
        102 => "too few variables specified",
        103 => "too many variables specified",
        104 => "nothing to input",
        106 => "variable is string in using data but numeric in master data",
        107 => "numeric variable required",
        108 => "string variable required",
        109 => "type mismatch",
        110 => "already defined",
        111 => "not found",
        119 => "statement out of context",
        120 => "invalid %format",
        121 => "invalid numlist",
        122 => "invalid numlist has too few elements",
        123 => "invalid numlist has too many elements",
        124 => "invalid numlist has elements out of order",
        125 => "invalid numlist has elements outside of allowed range",
        126 => "invalid numlist has noninteger elements",
        127 => "invalid numlist has values not in order",
        130 => "expression too long",
        131 => "not possible with test",
        132 => "too many '(' or '['",
        133 => "unknown function ()",
        134 => "too many values",
        135 => "not possible with weighted data",
        140 => "repeated categorical variable in term",
        141 => "repeated term",
        145 => "term contains more than 8 variables",
        147 => "term not in model",
        148 => "too few categories",
        149 => "too many categories",
        152 => "nonconformability",
        180 => "invalid attempt to modify label",
        181 => "may not label strings",
        182 => "not labeled",
        184 => "options may not be combined",
        190 => "request may not be combined with by",
        191 => "request may not be combined with by() option",
        196 => "could not restore sort order because variables were dropped",
        197 => "invalid syntax",
        198 => "invalid syntax",
        199 => "unrecognized command",
        301 => "last estimates not found",
        302 => "last test not found",
        303 => "equation not found",
        304 => "ml model not found",
        321 => "requested action not valid after most recent estimation command",
        322 => "something that should be true of your estimation results is not",
        399 => "may not drop constant",
        401 => "may not use noninteger frequency weights",
        402 => "negative weights encountered",
        404 => "not possible with pweighted data",
        406 => "not possible with analytic weights",
        407 => "weights must be the same for all observations in a group",
        409 => "no variance",
        411 => "nonpositive values encountered",
        412 => "redundant or inconsistent constraints",
        416 => "missing values encountered",
        420 => "2 groups required",
        421 => "could not determine between-subject error term; use bse() option",
        422 => "could not determine between-subject basic unit; use bseunit() option",
        430 => "convergence not achieved",
        450 => "variable is not a 0/1 variable",
        451 => "invalid values for time variable",
        452 => "invalid values for factor variable",
        459 => "something that should be true of your data is not",
        460 => "only one cluster detected",
        461 => "number of obs must be greater than # for robust variance computation",
        480 => "starting values invalid or some RHS variables have missing values",
        481 => "equation or system not identified; cannot estimate",
        491 => "could not find feasible values",
        498 => "",
        499 => "various errors",
        501 => "matrix operation not found",
        502 => "number of rows or columns unequal",
        503 => "conformability error",
        504 => "matrix has missing values",
        505 => "matrix not symmetric",
        506 => "matrix not positive definite",
        507 => "name conflict",
        508 => "matrix has zero values on diagonal",
        509 => "matrix operators that return matrices not allowed in this context",
        601 => "file not found",
        602 => "file already exists",
        603 => "file could not be opened",
        604 => "log file already open",
        606 => "no log file open",
        610 => "file not in Stata format",
        612 => "unexpected end of file",
        621 => "already preserved",
        622 => "nothing to restore",
        900 => "no room to add more variables",
        901 => "no room to add more observations",
        908 => "matsize too small",
        909 => "op. sys. refuses to provide memory",
        910 => "value too small",
        912 => "value too large",
        915 => "unable to allocate matrix",
        920 => "too many macros",
        950 => "insufficient memory",
        1000 => "system limit exceeded - see manual",
        2000 => "no observations",
        2001 => "insufficient observations",
        3000 => "(message from mata)",
        3499 => "function not found",
        _ => "",
    }
}
