//! Log likelihood of a limited outcome with continuous endogenous regressors: the errors of the outcome and of the
//! reduced forms are jointly normal, so the row is the density of the endogenous regressors times the outcome given
//! their errors ([R] ivprobit, [R] ivtobit, Methods and formulas).

use super::distributions::LN_SQRT_TWO_PI;
use super::jet::{Jet, ln_interval};
use super::ml_censored::Seen;

/// Outcome of a row.
#[derive(Clone, Copy, Debug)]
pub enum Outcome {
    /// The sign of a latent variable with variance one.
    Positive(bool),
    /// A censored variable.
    Censored(Seen),
}

/// The joint density of the reduced-form errors and what they say about the outcome's error.
struct Reduced<const N: usize> {
    ln_density: Jet<N>,
    /// Mean of the outcome's standardised error given them.
    mean: Jet<N>,
    /// Its variance.
    variance: Jet<N>,
}

/// Position of `atanh` of the correlation of errors `j > i` among the correlations, which stand column by column:
/// 2_1, 3_1, 3_2.
fn correlation(j: usize, i: usize, size: usize) -> usize {
    (0..i).map(|c| size - 1 - c).sum::<usize>() + j - i - 1
}

/// `z` are the standardised errors of `p` endogenous regressors, `lns` the logs of their standard deviations, `at` the
/// `atanh` of the `p (p + 1) / 2` correlations. The value is not a number where the correlations contradict each other.
fn reduced<const N: usize>(z: &[Jet<N>], lns: &[Jet<N>], at: &[Jet<N>]) -> Reduced<N> {
    let p = z.len();
    let zero = Jet::constant(0.0);
    let own = |j: usize, i: usize| at[correlation(j + 1, i + 1, p + 1)].tanh();
    // Cholesky factor of the correlations of the regressors' errors, and both right-hand sides solved by it.
    let mut factor = vec![vec![zero; p]; p];
    let (mut w, mut u) = (vec![zero; p], vec![zero; p]);
    let mut ln_density = zero;
    for j in 0..p {
        let (mut left, mut top) = (z[j], at[correlation(j + 1, 0, p + 1)].tanh());
        let mut rest = Jet::constant(1.0);
        for i in 0..j {
            let mut cell = own(j, i);
            for (own, other) in factor[j].iter().zip(&factor[i]).take(i) {
                cell = cell - *own * *other;
            }
            factor[j][i] = cell / factor[i][i];
            rest = rest - factor[j][i].square();
            left = left - factor[j][i] * w[i];
            top = top - factor[j][i] * u[i];
        }
        factor[j][j] = rest.sqrt();
        w[j] = left / factor[j][j];
        u[j] = top / factor[j][j];
        ln_density = ln_density - w[j].square() * 0.5 - factor[j][j].ln() - lns[j] - LN_SQRT_TWO_PI;
    }
    let mut mean = zero;
    let mut variance = Jet::constant(1.0);
    for j in 0..p {
        mean = mean + u[j] * w[j];
        variance = variance - u[j].square();
    }
    Reduced { ln_density, mean, variance }
}

/// Log likelihood of a row with `p` endogenous regressors of values `x`. Indices: the outcome, each reduced form, the
/// correlations, for a censored outcome the log of its standard deviation, and those of the regressors.
pub fn with_endogenous<const N: usize>(outcome: Outcome, x: &[f64], eta: [Jet<N>; N]) -> Jet<N> {
    let p = x.len();
    let pairs = p * (p + 1) / 2;
    let at = &eta[1 + p..1 + p + pairs];
    let scales = &eta[1 + p + pairs..];
    let lns = &scales[scales.len() - p..];
    let z: Vec<Jet<N>> = (0..p).map(|j| (-eta[1 + j] + x[j]) * (-lns[j]).exp()).collect();
    let found = reduced(&z, lns, at);
    let root = found.variance.sqrt();
    let outcome = match outcome {
        Outcome::Positive(positive) => {
            let z = (eta[0] + found.mean) / root;
            if positive { z.ln_normal() } else { (-z).ln_normal() }
        }
        Outcome::Censored(seen) => {
            let lns = scales[0];
            let at = |y: f64| ((-eta[0] + y) * (-lns).exp() - found.mean) / root;
            match seen {
                Seen::Value(y) => at(y).ln_density() - lns - root.ln(),
                Seen::AtMost(y) => at(y).ln_normal(),
                Seen::AtLeast(y) => (-at(y)).ln_normal(),
                Seen::Between(a, b) => ln_interval(at(a), at(b)),
            }
        }
    };
    found.ln_density + outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The density of three jointly normal variables from its definition, against the factorised form.
    #[test]
    fn the_factorised_density_is_the_joint_one() {
        let at = [0.3_f64, -0.2, 0.5];
        let lns = [0.1, -0.3, 0.4];
        let (y, x) = (0.7, [1.2, -0.4]);
        let eta = Jet::<9>::variables(&[0.2, 1.0, 0.1, at[0], at[1], at[2], lns[0], lns[1], lns[2]]);
        let found = with_endogenous(Outcome::Censored(Seen::Value(y)), &x, eta).v;
        let e = [(y - 0.2) / lns[0].exp(), (1.2 - 1.0) / lns[1].exp(), (-0.4 - 0.1) / lns[2].exp()];
        let r = [at[0].tanh(), at[1].tanh(), at[2].tanh()];
        let matrix =
            crate::matrix::Mat::from_rows(3, 3, vec![1.0, r[0], r[1], r[0], 1.0, r[2], r[1], r[2], 1.0]);
        let det = 1.0 + 2.0 * r[0] * r[1] * r[2] - r.iter().map(|r| r * r).sum::<f64>();
        let quadratic = matrix.inverse().expect("a correlation matrix").quadratic(&e);
        let want = -0.5 * quadratic - 0.5 * f64::ln(det) - lns.iter().sum::<f64>() - 3.0 * LN_SQRT_TWO_PI;
        assert!((found - want).abs() < 1e-13, "{found} {want}");
    }
}
