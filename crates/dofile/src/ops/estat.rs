//! Subcommands of `estat`.

use crate::error::{Result, StataError};
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::ParsedCommand;

/// A subcommand: its words before and after the comma.
pub(crate) struct Call {
    /// Text between the subcommand and the comma.
    pub(crate) list: String,
    /// Its options as written.
    pub(crate) option_text: String,
    /// Its name.
    pub(crate) name: String,
}

impl Call {
    /// The options of a subcommand that takes nothing in front of them.
    ///
    /// # Errors
    /// r(101) for a list, a restriction or weights.
    pub(crate) fn options(&self, specs: &[OptSpec], unsupported: &[&str]) -> Result<Options> {
        self.no_list()?;
        self.options_after_list(specs, unsupported)
    }

    /// The options of a subcommand that reads what stands in front of them.
    pub(crate) fn options_after_list(&self, specs: &[OptSpec], unsupported: &[&str]) -> Result<Options> {
        Options::parse(&format!("estat {}", self.name), &self.option_text, specs, unsupported)
    }

    /// Refuses any option and list.
    pub(crate) fn bare(&self) -> Result<()> {
        self.options(&[], &[]).map(|_| ())
    }

    /// Refuses what stands in front of the options, under the name that it has in the syntax of a command.
    pub(crate) fn no_list(&self) -> Result<()> {
        let refused = |what: &str| Err(StataError::new(101, format!("{what} not allowed")));
        match self.parts()? {
            p if !p.list.trim().is_empty() => refused("varlist"),
            p if p.if_exp.is_some() => refused("if"),
            p if p.in_range.is_some() => refused("in"),
            p if p.using.is_some() => refused("using"),
            p if p.weight.is_some() => refused("weights"),
            _ => Ok(()),
        }
    }

    /// The parts of a subcommand that takes `if` and `in`.
    ///
    /// # Errors
    /// r(101) for a list or a file, r(199) for weights.
    pub(crate) fn restriction(&self) -> Result<ParsedCommand> {
        let parts = self.parts()?;
        if parts.weight.is_some() {
            return Err(StataError::unsupported_option(&format!("estat {}", self.name), "weights"));
        }
        if !parts.list.trim().is_empty() || parts.using.is_some() {
            self.no_list()?;
        }
        Ok(parts)
    }

    fn parts(&self) -> Result<ParsedCommand> {
        ParsedCommand::split(&format!("estat {}", self.name), &self.list, false)
    }
}
