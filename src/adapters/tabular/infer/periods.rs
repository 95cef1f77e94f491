//! Readings of a cell as a period: a month, a quarter, a pair of years.

use super::{Inference, MONTH, QUARTER, Readings, SPAN};
use crate::adapters::tabular::date;

impl Inference {
    /// The periods that a cell admits.
    pub(super) fn periods(&mut self, text: &[u8]) -> Readings {
        let mut admits = 0;
        if self.readings & MONTH != 0 && date::month(text).is_some() {
            admits |= MONTH;
        }
        if self.readings & QUARTER != 0 && date::quarter(text).is_some() {
            admits |= QUARTER;
        }
        if self.readings & SPAN != 0
            && let Some(year) = date::first_year(text)
        {
            admits |= SPAN;
            self.spans = (self.spans.0.min(year), self.spans.1.max(year));
        }
        admits
    }

    /// Adds the pairs of years of another part of the file.
    pub(super) fn merge_periods(&mut self, other: &Self) {
        self.spans = (self.spans.0.min(other.spans.0), self.spans.1.max(other.spans.1));
    }

    /// True for `2005-06`, `2006-07`, `2007-08`: months that are 13 apart each time are years.
    pub(super) fn are_pairs_of_years(&self) -> bool {
        self.readings & (SPAN | MONTH) == SPAN | MONTH && self.spans.1.saturating_sub(self.spans.0) >= 2
    }
}
