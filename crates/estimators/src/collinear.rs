//! The choice of the columns that are omitted because of collinearity.
//!
//! Stata omits the columns whose diagonal is zero in `invsym()` of the centred cross products, and `invsym()` sweeps at
//! every step the column with the largest pivot, the leftmost of equal ones (W. Gould, Statalist, 16 February 2005,
//! "Re: st: _rmcoll query"; the FAQ "Estimation commands and omitted variables" shows a column in the middle omitted).
//! Of columns with equal sums of squares the leftmost is swept first: printed output of a wage equation with a constant of
//! each person and dummies of all persons (Cameron and Trivedi's panel) omits the last dummy, not that with the least pivot.
//! A pivot counts as zero against the column's own sum of squares. The tolerance is not published. StataCorp's account
//! of the NIST data says that two powers of Filip are omitted: with the shares 3.0e-11 and 6.3e-11, the next one having
//! 3.3e-10 (computed with 60 digits).

/// Share of a column's centred sum of squares below which others explain the column.
const COLLINEAR: f64 = 1e-10;
/// The same share where only the arithmetic limits the solution.
const SINGULAR: f64 = 1e-20;
/// Pivots that differ by less than this share are equal: the leftmost column is swept first.
const EQUAL: f64 = 1e-9;

/// How columns are chosen.
#[derive(Clone, Copy, Debug)]
pub enum Rule<'a> {
    /// The largest pivot first, within blocks of these sizes; columns beyond them are the last block.
    Pivots(&'a [usize]),
    /// From left to right, leaving out what is singular in the arithmetic.
    Singular,
}

/// Numbers of the columns that the others explain, ascending. Columns are centred, of one length; `noise` is each
/// column's rounding noise as a share of its length.
pub fn dependent(mut columns: Vec<Vec<f64>>, noise: &[f64], rule: Rule<'_>) -> Vec<usize> {
    let own: Vec<f64> = columns.iter().map(|c| square(c)).collect();
    let mut omitted = Vec::new();
    for mut block in blocks(columns.len(), rule) {
        while !block.is_empty() {
            let pivots: Vec<f64> = block.iter().map(|j| square(&columns[*j])).collect();
            let largest = pivots.iter().copied().fold(0.0, f64::max);
            let at = pivots.iter().position(|p| *p >= largest * (1.0 - EQUAL)).unwrap_or(0);
            let length = own[block[at]];
            let at = block.iter().position(|j| (own[*j] - length).abs() <= length * EQUAL).unwrap_or(at);
            let j = block.remove(at);
            let limit = if matches!(rule, Rule::Singular) { SINGULAR } else { COLLINEAR };
            let share = pivots[at] / own[j];
            if share.is_nan() || share <= limit.max(noise[j] * noise[j]) {
                omitted.push(j);
                columns[j].fill(0.0);
            } else {
                sweep(&mut columns, j, pivots[at]);
            }
        }
    }
    omitted.sort_unstable();
    omitted
}

/// Groups of columns that are chosen one after another.
fn blocks(count: usize, rule: Rule<'_>) -> Vec<Vec<usize>> {
    match rule {
        Rule::Singular => (0..count).map(|j| vec![j]).collect(),
        Rule::Pivots(sizes) => {
            let mut start = 0;
            let mut out = Vec::new();
            for size in sizes.iter().copied().chain([count]) {
                let end = (start + size).min(count);
                out.push((start..end).collect());
                start = end;
            }
            out
        }
    }
}

/// Takes the direction of column `j` out of the others; its own values stay behind as zeros.
fn sweep(columns: &mut [Vec<f64>], j: usize, pivot: f64) {
    let direction = std::mem::take(&mut columns[j]);
    for column in columns.iter_mut().filter(|c| !c.is_empty()) {
        let along = column.iter().zip(&direction).map(|(a, b)| a * b).sum::<f64>() / pivot;
        column.iter_mut().zip(&direction).for_each(|(a, b)| *a -= along * b);
    }
}

fn square(column: &[f64]) -> f64 {
    column.iter().map(|v| v * v).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two columns with an angle whose squared sine is `share`.
    fn pair(share: f64) -> Vec<Vec<f64>> {
        vec![vec![1.0, 0.0], vec![(1.0 - share).sqrt(), share.sqrt()]]
    }

    #[test]
    fn the_edge_is_between_the_powers_of_filip() {
        let chosen = |share| dependent(pair(share), &[0.0; 2], Rule::Pivots(&[]));
        assert_eq!(chosen(6.3e-11), [1]);
        assert_eq!(chosen(3.3e-10), [0_usize; 0]);
    }

    #[test]
    fn the_larger_column_stays_and_of_equal_ones_the_left() {
        let columns = vec![vec![1.0, 1.0], vec![3.0, 3.0], vec![0.0, 2.0]];
        assert_eq!(dependent(columns, &[0.0; 3], Rule::Pivots(&[])), [0]);
        let equal = vec![vec![2.0, 1.0], vec![2.0, 1.0], vec![-2.0, -1.0]];
        assert_eq!(dependent(equal, &[0.0; 3], Rule::Pivots(&[])), [1, 2]);
    }

    /// Dummies of a balanced panel after a column that is constant within its units.
    #[test]
    fn of_columns_of_equal_length_the_last_is_omitted() {
        let constant = [4.0, 9.0, 1.0, 7.0];
        let centre = |mut column: Vec<f64>| {
            let mean = column.iter().sum::<f64>() / 8.0;
            column.iter_mut().for_each(|v| *v -= mean);
            column
        };
        let mut columns = vec![centre((0..8).map(|i| constant[i / 2]).collect())];
        columns
            .extend((1..4).map(|unit| centre((0..8).map(|i| f64::from(u8::from(i / 2 == unit))).collect())));
        assert_eq!(dependent(columns, &[0.0; 4], Rule::Pivots(&[])), [3]);
    }

    #[test]
    fn an_earlier_block_comes_first() {
        let columns = vec![vec![1.0, 1.0], vec![3.0, 3.0]];
        assert_eq!(dependent(columns, &[0.0; 2], Rule::Pivots(&[1, 1])), [1]);
    }
}
