//! Regressors that separate the two outcomes of a binary model: every value of one outcome lies above every value of the
//! other, so that the likelihood has no maximum (Albert and Anderson 1984).

use crate::ports::tabular::Separating;

/// Least and largest value of each regressor, where the outcome is zero and where it is not.
pub(super) struct Ranges {
    of: Vec<[[f64; 2]; 2]>,
}

impl Ranges {
    pub(super) fn new(regressors: usize) -> Self {
        Self { of: vec![[[f64::INFINITY, f64::NEG_INFINITY]; 2]; regressors] }
    }

    /// Takes the regressors of a row, in their order.
    pub(super) fn take(&mut self, outcome: bool, values: impl Iterator<Item = Option<f64>>) {
        for (ranges, value) in self.of.iter_mut().zip(values) {
            let Some(x) = value else { continue };
            let [least, most] = &mut ranges[usize::from(outcome)];
            *least = least.min(x);
            *most = most.max(x);
        }
    }

    /// Returns the regressors that separate the outcomes.
    pub(super) fn separating(&self, names: &[String]) -> Vec<Separating> {
        let one = |(column, [zero, other]): (&String, &[[f64; 2]; 2])| {
            let up = zero[1] < other[0];
            let separates = (up || other[1] < zero[0]) && zero[0] <= zero[1] && other[0] <= other[1];
            let between = if up { [zero[1], other[0]] } else { [other[1], zero[0]] };
            separates.then(|| Separating { column: column.clone(), up, between })
        };
        names.iter().zip(&self.of).filter_map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn separating(rows: &[(bool, f64)]) -> Vec<(bool, [f64; 2])> {
        let mut ranges = Ranges::new(1);
        rows.iter().for_each(|(outcome, x)| ranges.take(*outcome, std::iter::once(Some(*x))));
        ranges.separating(&["x".to_owned()]).into_iter().map(|s| (s.up, s.between)).collect()
    }

    #[test]
    fn outcomes_apart_are_separated_and_outcomes_that_touch_are_not() {
        let up = [(false, 1.0), (false, 4.5), (true, 5.5), (true, 9.0)];
        assert_eq!(separating(&up), [(true, [4.5, 5.5])]);
        let down = up.map(|(outcome, x)| (!outcome, x));
        assert_eq!(separating(&down), [(false, [4.5, 5.5])]);
        assert!(separating(&[(false, 1.0), (false, 4.5), (true, 4.5), (true, 9.0)]).is_empty());
    }

    #[test]
    fn one_outcome_alone_separates_nothing() {
        assert!(separating(&[(true, 1.0), (true, 2.0)]).is_empty());
        assert!(separating(&[]).is_empty());
    }
}
