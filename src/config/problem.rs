//! Problems of settings, and the origin of each value.

use std::fmt;
use std::path::PathBuf;

/// Origin of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The embedded `config/default.toml`.
    Default,
    /// The settings file with this path, also a file that a secret was read from.
    File(PathBuf),
    /// Name of the environment variable.
    Environment(String),
    /// Name of the flag.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// One problem, which ends the program with 78; never carries the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The key, or the name that was given for one.
    pub key: String,
    /// Layer that gave the value.
    pub origin: Origin,
    /// The problem and the values that are allowed; no secret.
    pub message: String,
    /// Line of the settings file, from 1, where it has one.
    pub line: Option<usize>,
}

impl ConfigProblem {
    /// A value or name that does not fit.
    pub fn invalid(key: impl Into<String>, origin: Origin, message: impl Into<String>) -> Self {
        Self { key: key.into(), origin, message: message.into(), line: None }
    }

    /// The same with the line of the settings file that it is on.
    #[must_use]
    pub fn on_line(self, line: Option<usize>) -> Self {
        Self { line, ..self }
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.starts_with("llm.") {
            f.write_str("LLM_CONFIG_INVALID: ")?;
        }
        let line = self.line.map_or_else(String::new, |line| format!(", line {line}"));
        write!(f, "{} (from {}{line}): {}", self.key, self.origin, self.message)
    }
}
