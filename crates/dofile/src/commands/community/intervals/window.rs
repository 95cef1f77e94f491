//! The rolling window of `asreg` and `asrol`: it ends at the row's key and goes back a number of its units.

use crate::error::{Result, StataError};
use crate::session::Session;
use crate::tsset::Panel;

/// The rolling window.
pub(super) struct Window {
    /// The key of each row of the data.
    pub(super) keys: Vec<f64>,
    length: f64,
}

impl Window {
    /// Reads `[rangevar] #`; the time variable of `tsset` is the default.
    pub(super) fn parse(s: &Session, command: &str, text: &str) -> Result<Self> {
        let (key, length) = match text.split_whitespace().collect::<Vec<_>>()[..] {
            [length] => (Panel::of(&s.frame)?.series()?, length),
            [key, length] if key.parse::<f64>().is_err() => (s.numeric_variable(key)?, length),
            _ => return Err(StataError::unsupported_option(command, &format!("window({text})"))),
        };
        match length.parse::<f64>() {
            Ok(length) if length > 0.0 => Ok(Self { keys: s.frame.numeric(key)?.to_vec(), length }),
            _ => Err(StataError::invalid("window() must have a positive length")),
        }
    }

    /// The rows of a group, each with the rows in its window in the order of the key. A recursive window begins with the
    /// group's first row.
    pub(super) fn samples<'a>(
        &'a self,
        group: &'a [usize],
        recursive: bool,
    ) -> impl Iterator<Item = (usize, Vec<usize>)> + 'a {
        let mut order = group.to_vec();
        order.sort_by(|a, b| self.keys[*a].total_cmp(&self.keys[*b]));
        group.iter().map(move |&row| {
            let key = self.keys[row];
            let from = match recursive {
                true => 0,
                false => order.partition_point(|r| self.keys[*r] <= key - self.length),
            };
            (row, order[from..order.partition_point(|r| self.keys[*r] <= key)].to_vec())
        })
    }
}
