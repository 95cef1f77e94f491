//! The data sets of a session besides the current one (`frame`), and the links of the current one to them (`frlink`).

use super::Session;
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The name of the current frame, and the frames that are not current.
#[derive(Debug)]
pub struct Frames {
    /// Name of the current frame.
    pub current: String,
    /// The other frames by name.
    pub others: BTreeMap<String, Frame>,
}

impl Default for Frames {
    fn default() -> Self {
        Self { current: "default".into(), others: BTreeMap::new() }
    }
}

/// One value of a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// The bits of a number, with one zero.
    Number(u64),
    /// A text.
    Text(Box<str>),
}

/// The values of some variables in a row.
pub fn key(frame: &Frame, variables: &[usize], row: usize) -> Vec<Key> {
    let one = |v: &usize| {
        if frame.var(*v).is_string() {
            Key::Text(frame.str_at(*v, row).into())
        } else {
            Key::Number((frame.num_at(*v, row) + 0.0).to_bits())
        }
    };
    variables.iter().map(one).collect()
}

/// Characteristics of a link variable.
pub const LINK_FRAME: &str = "frlink_frame";
/// The matched variables of the current frame.
pub const LINK_KEYS: &str = "frlink_keys";
/// The matched variables of the linked frame.
pub const LINK_OTHER_KEYS: &str = "frlink_other_keys";
/// `1:1` or `m:1`.
pub const LINK_MODE: &str = "frlink_mode";

/// A link of the current frame to another one.
pub struct Link {
    /// Name of the other frame.
    pub frame: String,
    /// Matched variables of the other frame.
    pub other_keys: Vec<usize>,
    /// For each row of the current frame the row of the other one.
    pub rows: Vec<Option<usize>>,
}

impl Session {
    /// Makes another frame the current one; r(111) when there is none.
    pub fn change_frame(&mut self, name: &str) -> Result<()> {
        if self.frames.current == name {
            return Ok(());
        }
        let next = self.frames.others.remove(name);
        let next = next.ok_or_else(|| StataError::new(111, format!("frame {name} not found")))?;
        let old = std::mem::replace(&mut self.frame, next);
        let before = std::mem::replace(&mut self.frames.current, name.to_string());
        self.frames.others.insert(before, old);
        Ok(())
    }

    /// Runs something in another frame; the current frame comes back whatever happens.
    pub fn in_frame<T>(&mut self, name: &str, run: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let before = self.frames.current.clone();
        self.change_frame(name)?;
        let result = run(self);
        self.change_frame(&before)?;
        result
    }

    /// Another frame by name; r(111) when there is none.
    pub fn other_frame(&self, name: &str) -> Result<&Frame> {
        self.frames.others.get(name).ok_or_else(|| StataError::new(111, format!("frame {name} not found")))
    }

    /// Reads a link variable. The numbers that it holds are checked against the matched variables, because either
    /// frame may have been sorted or changed since: r(459) where they no longer agree.
    pub fn link(&self, variable: &str) -> Result<Link> {
        let here = &self.frame;
        let position = here.find_abbrev(variable, self.settings.varabbrev)?;
        let name = here.var(position).name.clone();
        let stored = |key: &str| here.char(&name, key).to_string();
        let frame = stored(LINK_FRAME);
        if frame.is_empty() || here.var(position).is_string() {
            return Err(StataError::new(111, format!("{name} is not a link variable")));
        }
        let other = self.other_frame(&frame)?;
        let stale = || {
            StataError::new(
                459,
                format!("the data have changed since {name} was made; type frlink rebuild {name}"),
            )
        };
        let find = |frame: &Frame, names: String| -> Option<Vec<usize>> {
            names.split_whitespace().map(|n| frame.find(n)).collect()
        };
        let keys = find(here, stored(LINK_KEYS)).ok_or_else(stale)?;
        let other_keys = find(other, stored(LINK_OTHER_KEYS)).ok_or_else(stale)?;
        let rows = (0..here.n_rows())
            .map(|row| match here.num_at(position, row) {
                number if crate::value::is_missing(number) => Ok(None),
                number => {
                    let at = (number as usize).wrapping_sub(1);
                    let same = at < other.n_rows() && key(here, &keys, row) == key(other, &other_keys, at);
                    if same { Ok(Some(at)) } else { Err(stale()) }
                }
            })
            .collect::<Result<Vec<Option<usize>>>>()?;
        Ok(Link { frame, other_keys, rows })
    }

    /// The values of a variable of a linked frame in the rows of the current one; missing where nothing is linked.
    pub(super) fn linked_column(&self, link: &str, variable: &str) -> Result<Arc<Column>> {
        let link = self.link(link)?;
        let other = self.other_frame(&link.frame)?;
        let position = other.find_abbrev(variable, self.settings.varabbrev)?;
        Ok(Arc::new(other.var(position).data.gather(link.rows.into_iter())))
    }
}
