//! What columns can be by themselves, whatever a question says of them.

use super::columns::Named;

/// Which columns are units or periods, and which are categories.
pub(super) struct Natures<'a> {
    pub(super) columns: &'a [Named<'a>],
    pub(super) rows: u64,
}

impl Natures<'_> {
    pub(super) fn is_unit(&self, column: usize) -> bool {
        self.columns[column].is_unit(self.rows) || self.columns[column].is_time()
    }

    /// True for columns that "with firm effects" may mean.
    pub(super) fn has_effects(&self, column: usize) -> bool {
        self.is_unit(column) || self.columns[column].is_named_for_units()
    }

    pub(super) fn absorbs(&self, column: usize) -> bool {
        self.is_unit(column) || self.columns[column].is_group()
    }
}
