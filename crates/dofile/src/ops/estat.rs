//! Subcommands of `estat`.

use crate::error::{Result, StataError};
use crate::syntax::options::{OptSpec, Options};

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
    /// Checks the options.
    pub(crate) fn options(&self, specs: &[OptSpec], unsupported: &[&str]) -> Result<Options> {
        Options::parse(&format!("estat {}", self.name), &self.option_text, specs, unsupported)
    }

    /// Refuses any option and list.
    pub(crate) fn bare(&self) -> Result<()> {
        self.options(&[], &[])?;
        if self.list.is_empty() {
            Ok(())
        } else {
            Err(StataError::new(198, format!("{} not allowed", self.list)))
        }
    }
}
