//! Direct standardisation of means, proportions and ratios: strata of the sample with the weights of a standard population
//! ([R] mean, Methods and formulas).

use crate::error::{Result, StataError};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;

/// The strata of a sample.
pub(super) struct Standard {
    /// Variable of the strata.
    name: String,
    /// Variable of their weights.
    weight: String,
    /// Stratum of each row of the sample.
    pub of_row: Vec<usize>,
    /// Weight of each stratum; they add up to one unless `nostdrescale` says otherwise.
    pub shares: Vec<f64>,
}

/// Variables of `stdize()` and `stdweight()`.
///
/// # Errors
/// r(198) where one of them is alone.
pub(super) fn variables(s: &Session, cmd: &ParsedCommand) -> Result<Option<[usize; 2]>> {
    match (cmd.options.text("stdize"), cmd.options.text("stdweight")) {
        (None, None) if cmd.has("nostdrescale") => {
            Err(StataError::invalid("option nostdrescale requires stdize()"))
        }
        (None, None) => Ok(None),
        (Some(strata), Some(weight)) => {
            Ok(Some([s.variable(strata.trim())?, s.numeric_variable(weight.trim())?]))
        }
        (Some(_), None) => Err(StataError::invalid("option stdize() requires stdweight()")),
        (None, Some(_)) => Err(StataError::invalid("option stdweight() requires stdize()")),
    }
}

impl Standard {
    /// Reads the strata of the rows.
    ///
    /// # Errors
    /// r(459) for weights that are negative, add up to zero or differ within a stratum.
    pub(super) fn of(
        s: &Session,
        cmd: &ParsedCommand,
        [strata, weight]: [usize; 2],
        rows: &[usize],
    ) -> Result<Self> {
        let (numbers, count) = crate::estimation::model::number_groups(&s.frame, strata, rows);
        let of_row: Vec<usize> = numbers.iter().map(|k| *k as usize).collect();
        let mut shares = vec![f64::NAN; count];
        for (row, k) in rows.iter().zip(&of_row) {
            let value = s.frame.num_at(weight, *row);
            if value < 0.0 {
                return Err(StataError::new(459, "stdweight() must not be negative"));
            }
            if shares[*k].is_nan() {
                shares[*k] = value;
            } else if shares[*k] != value {
                return Err(StataError::new(
                    459,
                    "stdweight() must be constant within the strata of stdize()",
                ));
            }
        }
        let total: f64 = shares.iter().sum();
        if total <= 0.0 || is_missing(total) {
            return Err(StataError::new(459, "stdweight() must not add up to zero"));
        }
        if !cmd.has("nostdrescale") {
            shares.iter_mut().for_each(|x| *x /= total);
        }
        let name = |v: usize| s.frame.var(v).name.clone();
        Ok(Self { name: name(strata), weight: name(weight), of_row, shares })
    }

    /// The standardised ratio of the members, and the score of each of them: its share in the ratio of its stratum, times the
    /// weight of the stratum.
    ///
    /// # Errors
    /// r(459) where a stratum with weight has no members.
    pub(super) fn ratio(
        &self,
        members: &[usize],
        weight: impl Fn(usize) -> f64,
        top: impl Fn(usize) -> f64,
        bottom: impl Fn(usize) -> f64,
    ) -> Result<(f64, Vec<f64>)> {
        let mut sums = vec![(0.0, 0.0); self.shares.len()];
        for &i in members {
            let own = &mut sums[self.of_row[i]];
            own.0 += weight(i) * top(i);
            own.1 += weight(i) * bottom(i);
        }
        let mut value = 0.0;
        for ((a, b), share) in sums.iter().zip(&self.shares).filter(|(_, share)| **share > 0.0) {
            if *b == 0.0 {
                let text = format!("a stratum of {} has no observations in a group", self.name);
                return Err(StataError::new(459, text));
            }
            value += share * a / b;
        }
        let score = |&i: &usize| {
            let (k, (a, b)) = (self.of_row[i], sums[self.of_row[i]]);
            if self.shares[k] == 0.0 { 0.0 } else { self.shares[k] * (top(i) - a / b * bottom(i)) / b }
        };
        Ok((value, members.iter().map(score).collect()))
    }

    /// Stores what the strata are.
    pub(super) fn store(&self, r: &mut Results) {
        r.text("stdize", &self.name).text("stdweight", &self.weight);
        r.scalar("N_stdize", self.shares.len() as f64);
    }
}
