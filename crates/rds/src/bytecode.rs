//! Compiled functions, which an image may hold next to data frames. They are passed over.

use crate::error::Error;
use crate::kind;
use crate::parse::Parser;
use crate::spool::Spool;

impl<S: Spool> Parser<'_, S> {
    /// Passes over compiled code: its instructions and its constants.
    pub(crate) fn bytecode(&mut self) -> Result<(), Error> {
        self.deeper()?;
        self.item(0, false)?;
        let count = self.tokens.int("code")?;
        for _ in 0..count {
            match self.tokens.int("code")? as u8 {
                kind::BYTECODE => self.bytecode()?,
                of @ (kind::CALL
                | kind::PAIRS
                | kind::TO_BE_REPEATED
                | kind::REPEATED
                | kind::CALL_WITH_ATTRIBUTES
                | kind::PAIRS_WITH_ATTRIBUTES) => self.call_of_bytecode(of)?,
                _ => drop(self.item(0, false)?),
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn call_of_bytecode(&mut self, of: u8) -> Result<(), Error> {
        self.deeper()?;
        let mut of = of;
        loop {
            match of {
                kind::REPEATED => {
                    self.tokens.int("code")?;
                    break;
                }
                kind::TO_BE_REPEATED => {
                    self.tokens.int("code")?;
                    of = self.tokens.int("code")? as u8;
                }
                _ => {}
            }
            match of {
                kind::CALL_WITH_ATTRIBUTES | kind::PAIRS_WITH_ATTRIBUTES => drop(self.item(0, false)?),
                kind::CALL | kind::PAIRS => {}
                _ => {
                    self.item(0, false)?;
                    break;
                }
            }
            self.item(0, false)?;
            let head = self.tokens.int("code")? as u8;
            self.call_of_bytecode(head)?;
            of = self.tokens.int("code")? as u8;
        }
        self.depth -= 1;
        Ok(())
    }
}
