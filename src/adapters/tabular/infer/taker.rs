//! What else is done with a cell while the facts on its column are gathered.

use std::ops::Range;

use crate::adapters::tabular::date::Moment;

/// Takes cells as inference has read them. Ranges are those of the cells in the text that holds them, blanks around
/// them included.
pub(in crate::adapters::tabular) trait Taker {
    /// True if the value of every plain number is wanted; otherwise it may be zero.
    const VALUES: bool;

    /// A cell of up to eight digits and nothing else.
    fn few_digits(&mut self, value: u32, cell: Range<usize>);

    /// Another plain number.
    fn plain(&mut self, value: f64, cell: Range<usize>);

    /// A word for a missing value, or nothing.
    fn no_value(&mut self);

    /// Anything else; `text` has no blanks around it, `moment` is the date with the year first that it was read as.
    fn other(&mut self, text: &[u8], cell: Range<usize>, moment: Option<Moment>);
}

/// Facts alone.
impl Taker for () {
    const VALUES: bool = false;

    #[inline(always)]
    fn few_digits(&mut self, _: u32, _: Range<usize>) {}

    #[inline(always)]
    fn plain(&mut self, _: f64, _: Range<usize>) {}

    #[inline(always)]
    fn no_value(&mut self) {}

    #[inline(always)]
    fn other(&mut self, _: &[u8], _: Range<usize>, _: Option<Moment>) {}
}
