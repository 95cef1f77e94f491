//! Estimates as data sets: `parmest` (Newson 2003, Stata Journal 3) and `regsave` (Reif 2010). Written from the help files.

mod parmest;
mod regsave;

pub(super) use parmest::SPEC as PARMEST;
pub(super) use regsave::SPEC as REGSAVE;

use crate::commands::Interpreter;
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, StorageType, Variable};
use crate::ops::files::{check_replace, with_extension};
use crate::session::Session;
use crate::syntax::split::{front_and_options, unquote};

/// A data set under construction: variables of one length.
#[derive(Default)]
struct Data(Vec<Variable>);

impl Data {
    fn text(&mut self, name: &str, label: &str, values: impl Iterator<Item = String>) {
        let mut variable = Variable::new(name, Column::from_strings(values.map(Into::into).collect()));
        variable.label = label.to_string();
        self.0.push(variable);
    }

    fn number(&mut self, name: &str, label: &str, format: &str, values: &[f64]) {
        let mut variable = Variable::new(name, Column::from_f64(StorageType::Double, values));
        variable.label = label.to_string();
        variable.format = format.to_string();
        self.0.push(variable);
    }

    fn frame(self, rows: usize) -> Result<Frame> {
        let mut frame = Frame::new();
        frame.set_n_rows(rows);
        for variable in self.0 {
            frame.add(variable)?;
        }
        Ok(frame)
    }
}

/// A file name with its options: `name [, replace]`.
fn file_option(text: &str) -> Result<(String, bool)> {
    let (name, options) = front_and_options(text);
    if let Some(other) = options.split_whitespace().find(|o| *o != "replace") {
        return Err(StataError::option_not_allowed(other));
    }
    Ok((with_extension(unquote(name.trim()), "dta"), options == "replace"))
}

/// Writes a data set to a file without changing the data in memory.
fn save(s: &mut Session, frame: Frame, file: &str, replace: bool) -> Result<()> {
    check_replace(&s.path(file), file, replace)?;
    let before = std::mem::replace(&mut s.frame, frame);
    let done = s.run_expanded(&format!("save \"{file}\", replace"));
    s.frame = before;
    done.map(|_| ())
}
