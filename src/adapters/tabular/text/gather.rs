//! Facts on the cells of a column that are not converted on the way.

use super::grid::Grid;
use super::marks;
use crate::adapters::tabular::infer::{Digits, Inference};
use crate::adapters::tabular::number;

/// Takes in the cells of a column. What finds bits in words is compiled once more for processors that have instructions
/// for it.
pub(super) fn gather(fact: &mut Inference, grid: &Grid, at: usize, text: &str) {
    #[cfg(target_arch = "x86_64")]
    if marks::has_avx2() {
        // SAFETY: the processor has what the function is compiled for.
        return unsafe { gather_with_avx2(fact, grid, at, text) };
    }
    gather_by_words(fact, grid, at, text);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn gather_with_avx2(fact: &mut Inference, grid: &Grid, at: usize, text: &str) {
    gather_by_words(fact, grid, at, text);
}

#[inline(always)]
fn gather_by_words(fact: &mut Inference, grid: &Grid, at: usize, text: &str) {
    let mut digits = Digits::default();
    let mut known = fact.known();
    for (cell, row) in grid.column(at, text) {
        if let Some((bytes, range)) = cell.place() {
            if let Some(number) = known.decimal::<false>(bytes, &range) {
                digits.add_decimal(range.len(), number.leading_zero);
                continue;
            }
            if let Some(value) = number::few_digits(bytes, &range) {
                digits.add(value, bytes, &range);
                continue;
            }
            if known.day(bytes, &range).is_some() {
                digits.add_day(range.len());
                continue;
            }
            digits.hand_over(fact);
            fact.others_within_to(bytes, range, grid.number(row), &mut ());
        } else {
            digits.hand_over(fact);
            fact.text(cell.text().as_bytes(), grid.number(row));
        }
        known = fact.known();
    }
    digits.hand_over(fact);
}
