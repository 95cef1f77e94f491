//! Negative binomial models of panels with fixed or random effects in the dispersion (Hausman, Hall and Griliches 1984,
//! Econometrica 52). Formulas: [XT] xtnbreg.

use super::distributions::{digamma, ln_gamma, trigamma};
use super::matrix::Mat;
use super::ml_group::{GroupLikelihood, GroupPoint, Grouped};

/// Sums over the rows of a group: of `lambda` and `y`, and the derivatives of their likelihood in the coefficients.
struct Sums {
    lambda: f64,
    y: f64,
    ll: f64,
    gradient: Vec<f64>,
    hessian: Mat,
    /// First and second derivatives of the sum of `lambda`.
    slope: Vec<f64>,
    curvature: Mat,
}

/// The part of both likelihoods that is a sum over rows: `ln G(lambda + y) - ln G(lambda) - ln G(y + 1)`.
fn sums(data: &Grouped<'_>, group: usize, b: &[f64]) -> Sums {
    let k = data.columns.len();
    let mut out = Sums {
        lambda: 0.0,
        y: 0.0,
        ll: 0.0,
        gradient: vec![0.0; k],
        hessian: Mat::zeros(k, k),
        slope: vec![0.0; k],
        curvature: Mat::zeros(k, k),
    };
    for row in &data.rows[group] {
        let (y, lambda) = (data.y[*row], data.index(*row, b).exp());
        out.lambda += lambda;
        out.y += y;
        out.ll += ln_gamma(lambda + y) - ln_gamma(lambda) - ln_gamma(y + 1.0);
        let first = lambda * (digamma(lambda + y) - digamma(lambda));
        let second = first + lambda * lambda * (trigamma(lambda + y) - trigamma(lambda));
        for a in 0..k {
            let x = data.columns[a][*row];
            out.gradient[a] += first * x;
            out.slope[a] += lambda * x;
            for c in 0..k {
                let product = x * data.columns[c][*row];
                out.hessian[(a, c)] += second * product;
                out.curvature[(a, c)] += lambda * product;
            }
        }
    }
    out
}

/// Adds a function of the sum of `lambda` with its derivatives.
fn add(sums: &Sums, (value, first, second): (f64, f64, f64), out: &mut GroupPoint) {
    let k = sums.slope.len();
    out.ll = sums.ll + value;
    for a in 0..k {
        out.gradient[a] = sums.gradient[a] + first * sums.slope[a];
        for c in 0..k {
            out.hessian[(a, c)] = sums.hessian[(a, c)]
                + first * sums.curvature[(a, c)]
                + second * sums.slope[a] * sums.slope[c];
        }
    }
}

/// Fixed effects: the likelihood given the total of the group. A constant is identified.
pub struct ConditionalNegativeBinomial<'a>(pub Grouped<'a>);

impl GroupLikelihood for ConditionalNegativeBinomial<'_> {
    fn parameters(&self) -> usize {
        self.0.columns.len()
    }

    fn groups(&self) -> usize {
        self.0.rows.len()
    }

    fn group(&self, group: usize, b: &[f64]) -> GroupPoint {
        let k = b.len();
        let sums = sums(&self.0, group, b);
        let (s, y) = (sums.lambda, sums.y);
        let mut out = GroupPoint { ll: 0.0, gradient: vec![0.0; k], hessian: Mat::zeros(k, k) };
        let value = ln_gamma(s) + ln_gamma(y + 1.0) - ln_gamma(s + y);
        add(&sums, (value, digamma(s) - digamma(s + y), trigamma(s) - trigamma(s + y)), &mut out);
        out
    }
}

/// Random effects: the inverse of one plus the dispersion is Beta(r, s); the last parameters are `ln r` and `ln s`.
pub struct BetaNegativeBinomial<'a>(pub Grouped<'a>);

impl GroupLikelihood for BetaNegativeBinomial<'_> {
    fn parameters(&self) -> usize {
        self.0.columns.len() + 2
    }

    fn groups(&self) -> usize {
        self.0.rows.len()
    }

    fn group(&self, group: usize, b: &[f64]) -> GroupPoint {
        let k = self.0.columns.len();
        let (r, s) = (b[k].exp(), b[k + 1].exp());
        let sums = sums(&self.0, group, b);
        let (l, y) = (sums.lambda, sums.y);
        let all = r + s + l + y;
        let mut out = GroupPoint { ll: 0.0, gradient: vec![0.0; k + 2], hessian: Mat::zeros(k + 2, k + 2) };
        let value =
            ln_gamma(r + s) + ln_gamma(r + l) + ln_gamma(s + y) - ln_gamma(r) - ln_gamma(s) - ln_gamma(all);
        let last = trigamma(all);
        add(&sums, (value, digamma(r + l) - digamma(all), trigamma(r + l) - last), &mut out);
        let d_r = digamma(r + s) + digamma(r + l) - digamma(r) - digamma(all);
        let d_s = digamma(r + s) + digamma(s + y) - digamma(s) - digamma(all);
        let d_rr = trigamma(r + s) + trigamma(r + l) - trigamma(r) - last;
        let d_ss = trigamma(r + s) + trigamma(s + y) - trigamma(s) - last;
        out.gradient[k] = r * d_r;
        out.gradient[k + 1] = s * d_s;
        out.hessian[(k, k)] = r * d_r + r * r * d_rr;
        out.hessian[(k + 1, k + 1)] = s * d_s + s * s * d_ss;
        let cross = r * s * (trigamma(r + s) - last);
        (out.hessian[(k, k + 1)], out.hessian[(k + 1, k)]) = (cross, cross);
        for a in 0..k {
            let (with_r, with_s) = (r * (trigamma(r + l) - last) * sums.slope[a], -s * last * sums.slope[a]);
            (out.hessian[(a, k)], out.hessian[(k, a)]) = (with_r, with_r);
            (out.hessian[(a, k + 1)], out.hessian[(k + 1, a)]) = (with_s, with_s);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Derivatives against central differences.
    fn check(model: &dyn GroupLikelihood, at: &[f64]) {
        let point = model.group(0, at);
        for i in 0..at.len() {
            let moved = |step: f64| {
                let mut b = at.to_vec();
                b[i] += step;
                model.group(0, &b)
            };
            let (low, high) = (moved(-1e-5), moved(1e-5));
            let slope = (high.ll - low.ll) / 2e-5;
            assert!((slope - point.gradient[i]).abs() < 1e-7, "{i}: {slope} {}", point.gradient[i]);
            for j in 0..at.len() {
                let second = (high.gradient[j] - low.gradient[j]) / 2e-5;
                assert!((second - point.hessian[(i, j)]).abs() < 1e-7, "{i} {j}: {second}");
            }
        }
    }

    #[test]
    fn derivatives_agree_with_differences() {
        let (x, ones, y) = ([0.2, -1.0, 0.7, 1.5], [1.0; 4], [3.0, 0.0, 5.0, 1.0]);
        let data = || Grouped { columns: vec![&x, &ones], y: &y, offset: None, rows: vec![vec![0, 1, 2, 3]] };
        check(&ConditionalNegativeBinomial(data()), &[0.4, -0.3]);
        check(&BetaNegativeBinomial(data()), &[0.4, -0.3, 1.1, 0.6]);
    }
}
