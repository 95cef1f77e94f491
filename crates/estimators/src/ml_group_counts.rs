//! Negative binomial models of panels with fixed or random effects in the dispersion (Hausman, Hall and Griliches 1984,
//! Econometrica 52), and random-effects Poisson with gamma effects. Formulas: [XT] xtnbreg, [XT] xtpoisson.

use super::distributions::ln_gamma;
use super::matrix::Mat;
use super::ml_group::{GroupLikelihood, GroupPoint, Grouped};
use super::stirling::{digamma_rest, ln_gamma_change, ln_gamma_rest, trigamma_rest};

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
        let [value, slope, curvature] = ln_gamma_change(lambda, y);
        out.ll += value - ln_gamma(y + 1.0);
        let first = lambda * slope;
        let second = first + lambda * lambda * curvature;
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
        let [value, slope, curvature] = ln_gamma_change(s, y);
        add(&sums, (ln_gamma(y + 1.0) - value, -slope, -curvature), &mut out);
        out
    }
}

/// `ln B(r + l, s + y) - ln B(r, s)` with its derivatives. With little overdispersion `r` and `s` are large against `l` and
/// `y`: the leading terms of Stirling's formula are joined before they cancel, where a difference of gamma functions would
/// leave noise that looks like a maximum.
struct BetaChange {
    value: f64,
    by_l: f64,
    by_r: f64,
    by_s: f64,
    by_ll: f64,
    by_ls: f64,
    by_rr: f64,
    by_ss: f64,
    by_rs: f64,
}

impl BetaChange {
    fn new([r, s]: [f64; 2], [l, y]: [f64; 2]) -> Self {
        let (before, after) = (r + s, r + s + l + y);
        let (p, q) = (r + l, s + y);
        // p/after = r/before (1 + tilt/r), q/after = s/before (1 - tilt/s)
        let tilt = (l * s - r * y) / after;
        let (in_r, in_s) = ((tilt / r).ln_1p(), (-tilt / s).ln_1p());
        let rest = |f: fn(f64) -> f64, x: f64, y: f64| f(x) - f(y);
        let halves = ((l + y) / before).ln_1p() - (l / r).ln_1p() - (y / s).ln_1p();
        let rests =
            rest(ln_gamma_rest, p, r) + rest(ln_gamma_rest, q, s) - rest(ln_gamma_rest, after, before);
        let whole = rest(digamma_rest, before, after);
        let by_rs = (l + y) / (before * after) + rest(trigamma_rest, before, after);
        Self {
            value: r * in_r + s * in_s - l * (q / p).ln_1p() - y * (p / q).ln_1p() + 0.5 * halves + rests,
            by_l: rest(digamma_rest, p, after) - (q / p).ln_1p(),
            by_r: in_r + whole + rest(digamma_rest, p, r),
            by_s: in_s + whole + rest(digamma_rest, q, s),
            by_ll: q / (p * after) + rest(trigamma_rest, p, after),
            by_ls: -(1.0 / after + trigamma_rest(after)),
            by_rr: by_rs - l / (r * p) + rest(trigamma_rest, p, r),
            by_ss: by_rs - y / (s * q) + rest(trigamma_rest, q, s),
            by_rs,
        }
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
        let mut out = GroupPoint { ll: 0.0, gradient: vec![0.0; k + 2], hessian: Mat::zeros(k + 2, k + 2) };
        let beta = BetaChange::new([r, s], [l, y]);
        add(&sums, (beta.value, beta.by_l, beta.by_ll), &mut out);
        out.gradient[k] = r * beta.by_r;
        out.gradient[k + 1] = s * beta.by_s;
        out.hessian[(k, k)] = r * beta.by_r + r * r * beta.by_rr;
        out.hessian[(k + 1, k + 1)] = s * beta.by_s + s * s * beta.by_ss;
        let cross = r * s * beta.by_rs;
        (out.hessian[(k, k + 1)], out.hessian[(k + 1, k)]) = (cross, cross);
        for a in 0..k {
            let (with_r, with_s) = (r * beta.by_ll * sums.slope[a], s * beta.by_ls * sums.slope[a]);
            (out.hessian[(a, k)], out.hessian[(k, a)]) = (with_r, with_r);
            (out.hessian[(a, k + 1)], out.hessian[(k + 1, a)]) = (with_s, with_s);
        }
        out
    }
}

/// Random-effects Poisson with gamma effects; the last parameter is `ln(alpha)`, the one before it may be
/// the constant, whose column is then among the regressors ([XT] xtpoisson).
pub struct GammaPoisson<'a>(pub Grouped<'a>);

impl GroupLikelihood for GammaPoisson<'_> {
    fn parameters(&self) -> usize {
        self.0.columns.len() + 1
    }

    fn groups(&self) -> usize {
        self.0.rows.len()
    }

    fn group(&self, group: usize, b: &[f64]) -> GroupPoint {
        let k = self.0.columns.len();
        let rows = &self.0.rows[group];
        let theta = (-b[k]).exp();
        let events: f64 = rows.iter().map(|r| self.0.y[*r]).sum();
        let means: Vec<f64> = rows.iter().map(|r| self.0.index(*r, b).exp()).collect();
        let total: f64 = means.iter().sum();
        let mut out = GroupPoint { ll: 0.0, gradient: vec![0.0; k + 1], hessian: Mat::zeros(k + 1, k + 1) };
        let ratio = (theta + events) / (theta + total);
        let [value, slope, curvature] = ln_gamma_change(theta, events);
        out.ll = value - theta * (total / theta).ln_1p() - events * (theta + total).ln();
        let mut sum = vec![0.0; k];
        for (mean, row) in means.iter().zip(rows) {
            let y = self.0.y[*row];
            out.ll += y * mean.ln() - ln_gamma(y + 1.0);
            for (a, total) in sum.iter_mut().enumerate() {
                let x = self.0.columns[a][*row];
                *total += mean * x;
                out.gradient[a] += x * (y - ratio * mean);
                for c in 0..k {
                    out.hessian[(a, c)] -= ratio * mean * x * self.0.columns[c][*row];
                }
            }
        }
        // theta = exp(-lnalpha): d theta / d lnalpha = -theta.
        let d = slope - (total / theta).ln_1p() + (total - events) / (theta + total);
        let dd = curvature + (total * total + theta * events) / (theta * (theta + total).powi(2));
        out.gradient[k] = -theta * d;
        out.hessian[(k, k)] = theta * d + theta * theta * dd;
        for a in 0..k {
            for c in 0..k {
                out.hessian[(a, c)] += ratio * sum[a] * sum[c] / (theta + total);
            }
            // d/d theta of -ratio * sum
            let cross = -sum[a] * (1.0 - ratio) / (theta + total) * -theta;
            out.hessian[(a, k)] = cross;
            out.hessian[(k, a)] = cross;
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
        check(&BetaNegativeBinomial(data()), &[0.4, 6.0, 12.0, 6.5]);
        check(&GammaPoisson(data()), &[0.4, -0.3, -0.7]);
        check(&GammaPoisson(data()), &[0.4, -0.3, -9.0]);
    }

    /// Changes of the log of the beta function, mpmath 1.3 with 60 digits.
    #[test]
    fn changes_of_the_beta_function_keep_their_digits() {
        for (before, by, want) in [
            ([3.0, 2.0], [8.5, 6.0], -10.559_018_021_540_44),
            ([1_000_000_000.0, 2_000_000.0], [3_000.0, 4.0], -30.860_432_395_354_38),
            ([1_000_000_000_000_000.0, 100_000_000_000.0], [40_000.0, 7.0], -68.472_882_582_157_95),
            ([2.5, 400_000_000.0], [1.25, 900.0], -23.556_594_618_913_426),
        ] {
            let got = BetaChange::new(before, by).value;
            assert!((got - want).abs() <= 1e-13 * f64::abs(want), "{before:?} {by:?}: {got} is not {want}");
        }
    }
}
