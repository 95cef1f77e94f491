//! Programs, their lines, and how control passes through them. Running them is in `interp`.

/// A logical line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Line {
    /// Command text without comments.
    pub text: String,
    /// Physical lines as written, for the echo.
    pub source: Vec<String>,
    /// Index of the line with the `}` (or `end`) that closes the block this line opens.
    pub end: Option<usize>,
}

/// Which results a program sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Class {
    /// None.
    #[default]
    None,
    /// `r()`.
    R,
    /// `e()`.
    E,
    /// `s()`.
    S,
}

/// A defined program.
#[derive(Debug, Clone)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// Body.
    pub lines: Vec<Line>,
    /// Results class.
    pub class: Class,
    /// Whether `by` may run it, once for each group.
    pub byable: bool,
    /// Whether `by` runs it once for all groups, which it then handles itself.
    pub onecall: bool,
    /// Whether the order of the data is restored after a call.
    pub sortpreserve: bool,
}

/// How control leaves a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flow {
    /// To the next line.
    #[default]
    Next,
    /// `continue`.
    Continue,
    /// `continue, break`.
    Break,
    /// `exit` from a do-file or program.
    Exit,
    /// `exit, clear` or `exit, STATA`: end of the session.
    Quit,
}

/// Whether lines are echoed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Echo {
    /// Nothing.
    Off,
    /// `. command` before its output and a blank line behind it.
    On,
    /// `. command` without the blank line: inside of braces.
    Inside,
}

impl Echo {
    /// The echo of what stands inside of braces.
    pub(crate) fn inside(self) -> Self {
        if self == Echo::Off { Echo::Off } else { Echo::Inside }
    }
}
