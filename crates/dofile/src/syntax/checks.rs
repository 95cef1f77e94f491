//! What a command refuses on its line: options that it has not, and parts that it does not read, which would leave wrong
//! numbers behind.

use super::options::{OptSpec, Options};
use super::split::ParsedCommand;
use crate::error::{Result, StataError};

impl ParsedCommand {
    /// Checks the options of a command that takes no weight against specs (abbreviations as declared). A weight that
    /// nobody reads would leave wrong numbers behind.
    ///
    /// # Errors
    /// r(101) for a weight, r(198) and r(199) for options.
    pub fn check_options(&mut self, specs: &[OptSpec], unsupported: &[&str]) -> Result<()> {
        self.refuse_weight()?;
        self.check_weighted_options(specs, unsupported)
    }

    /// Splits the text of a command that takes the whole data, without weights and files.
    ///
    /// # Errors
    /// r(101) for a part that the command does not take, r(198) for text that is none of the syntax.
    pub fn whole(name: &str, text: &str) -> Result<Self> {
        let cmd = Self::split(name, text, false)?;
        cmd.refuse_weight()?;
        cmd.refuse_selection()?;
        match cmd.using {
            Some(_) => Err(StataError::new(101, "using not allowed")),
            None => Ok(cmd),
        }
    }

    /// r(101) where the line has a weight.
    pub fn refuse_weight(&self) -> Result<()> {
        match self.weight {
            Some(_) => Err(StataError::new(101, "weights not allowed")),
            None => Ok(()),
        }
    }

    /// r(101) where the line has `if` or `in`.
    pub fn refuse_selection(&self) -> Result<()> {
        match (&self.if_exp, &self.in_range) {
            (Some(_), _) => Err(StataError::new(101, "if not allowed")),
            (None, Some(_)) => Err(StataError::new(101, "in range not allowed")),
            (None, None) => Ok(()),
        }
    }

    /// Checks the options of a command that reads its weight itself.
    ///
    /// # Errors
    /// r(198) and r(199) for options.
    pub fn check_weighted_options(&mut self, specs: &[OptSpec], unsupported: &[&str]) -> Result<()> {
        self.options = Options::parse(&self.name, &self.option_text, specs, unsupported)?;
        Ok(())
    }
}
