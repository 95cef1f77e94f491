//! Parametric survival models with a frailty that the records of a group share: the hazards of the group are multiplied by
//! one random variable with mean one and variance theta, which is integrated out ([ST] streg, Methods and formulas;
//! Gutierrez 2002, Stata Journal 2; Hougaard 2000, chapter 7).

use super::jet::Jet;
use super::matrix::Mat;
use super::ml::Equation;
use super::ml_frailty::{Frailty, Model, Record};
use super::ml_group::{GroupLikelihood, GroupPoint};

/// The likelihood. Parameters: those of the index, those of the ancillary parameter where the distribution has one, and the
/// log of the variance of the frailty.
pub struct SharedFrailty<'a> {
    /// Distribution of time and of the frailty.
    pub model: Model,
    /// Records.
    pub records: Vec<Record>,
    /// Rows of each group.
    pub groups: &'a [Vec<usize>],
    /// The index, then the ancillary parameter where there is one.
    pub equations: Vec<Equation<'a>>,
}

/// A sum over the records of a group with its derivatives in the parameters of the equations.
struct Sum {
    value: f64,
    gradient: Vec<f64>,
    hessian: Mat,
}

impl Sum {
    fn new(size: usize) -> Self {
        Self { value: 0.0, gradient: vec![0.0; size], hessian: Mat::zeros(size, size) }
    }

    /// Adds a function of the two indices; `slopes` has for each parameter its equation and the value it multiplies.
    fn add(&mut self, of: Jet<2>, slopes: &[(usize, f64)]) {
        self.value += of.v;
        for (a, (e, x)) in slopes.iter().enumerate() {
            self.gradient[a] += of.g[*e] * x;
            for (b, (f, z)) in slopes.iter().enumerate() {
                self.hessian[(a, b)] += of.h[*e][*f] * x * z;
            }
        }
    }
}

impl SharedFrailty<'_> {
    /// For each parameter its equation and what it multiplies in a row.
    fn slopes(&self, row: usize) -> Vec<(usize, f64)> {
        let mut out = Vec::new();
        for (number, equation) in self.equations.iter().enumerate() {
            out.extend(equation.columns.iter().map(|c| (number, c[row])));
            out.extend(equation.constant.then_some((number, 1.0)));
        }
        out
    }
}

/// Log of the expectation of `u^failures exp(-u hazard)` over the frailty `u`, in the cumulated hazard and the log of theta.
fn ln_moment(frailty: Frailty, failures: usize, hazard: Jet<2>, theta: Jet<2>) -> Jet<2> {
    let count = Jet::constant(failures as f64);
    let one = Jet::constant(1.0);
    match frailty {
        Frailty::Gamma => {
            // Gamma(1/theta + D) theta^D / Gamma(1/theta) = product of 1 + k theta
            let product = (1..failures)
                .fold(Jet::constant(0.0), |sum, k| sum + (theta * Jet::constant(k as f64)).ln_1p());
            product - (one / theta + count) * (theta * hazard).ln_1p()
        }
        Frailty::InverseGaussian => {
            let two = Jet::constant(2.0);
            let root = (one + two * theta * hazard).sqrt();
            // (1 - root) / theta without its cancellation
            let laplace = -(two * hazard) / (root + one);
            // The Bessel function of order D - 1/2 is an exponential times a Bessel polynomial in theta / root, whose growth
            // from one degree to the next follows a recurrence of positive terms (NIST DLMF 10.49, 18.34).
            let argument = theta / root;
            let (mut growth, mut ln_polynomial) = (one, Jet::constant(0.0));
            for k in 1..failures {
                growth = Jet::constant((2 * k - 1) as f64) * argument + one / growth;
                ln_polynomial = ln_polynomial + growth.ln();
            }
            laplace - count * root.ln() + ln_polynomial
        }
    }
}

impl GroupLikelihood for SharedFrailty<'_> {
    fn parameters(&self) -> usize {
        1 + self.equations.iter().map(|e| e.columns.len() + usize::from(e.constant)).sum::<usize>()
    }

    fn groups(&self) -> usize {
        self.groups.len()
    }

    fn group(&self, group: usize, b: &[f64]) -> GroupPoint {
        let size = b.len() - 1;
        let (mut hazards, mut logs, mut failures) = (Sum::new(size), Sum::new(size), 0);
        for row in &self.groups[group] {
            let slopes = self.slopes(*row);
            let mut indices = [0.0; 2];
            for (index, equation) in indices.iter_mut().zip(&self.equations) {
                *index = equation.offset.map_or(0.0, |o| o[*row]);
            }
            slopes.iter().zip(b).for_each(|((e, x), b)| indices[*e] += x * b);
            let [eta, ancillary] = Jet::variables(&indices);
            let record = self.records[*row];
            let mut cumulated = self.model.cumulative(record.t, eta, ancillary);
            if record.t0 > 0.0 {
                cumulated = cumulated - self.model.cumulative(record.t0, eta, ancillary);
            }
            hazards.add(cumulated, &slopes);
            if record.d {
                failures += 1;
                logs.add(self.model.log_hazard(record.t, eta, ancillary), &slopes);
            }
        }
        let theta = Jet::variable(b[size], 1).exp();
        let moment = ln_moment(self.model.frailty, failures, Jet::variable(hazards.value, 0), theta);
        let ([by_hazard, by_theta], h) = (moment.g, moment.h);
        let mut gradient: Vec<f64> =
            hazards.gradient.iter().zip(&logs.gradient).map(|(hz, l)| by_hazard * hz + l).collect();
        gradient.push(by_theta);
        let slope = |a: usize| if a < size { hazards.gradient[a] } else { 0.0 };
        let own = |a: usize| f64::from(u8::from(a == size));
        let hessian = Mat::from_fn(size + 1, size + 1, |a, c| {
            let mut cell = h[0][0] * slope(a) * slope(c)
                + h[0][1] * (slope(a) * own(c) + own(a) * slope(c))
                + h[1][1] * own(a) * own(c);
            if a < size && c < size {
                cell += by_hazard * hazards.hessian[(a, c)] + logs.hessian[(a, c)];
            }
            cell
        });
        GroupPoint { ll: logs.value + moment.v, gradient, hessian }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Log of the mean of `u^n exp(-u H)` by quadrature (mpmath 1.3, 30 digits) over the density
    /// `(2 pi theta u^3)^(-1/2) exp(-(u - 1)^2 / (2 theta u))`.
    #[test]
    fn moments_of_the_inverse_gaussian_are_those_of_quadrature() {
        for (failures, hazard, theta, want) in [
            (1, 2.0, 0.5, -2.013_407_759_471_809),
            (40, 30.0, 1.2, -30.599_881_330_787_44),
            (300, 250.0, 0.5, -247.933_779_737_673_3),
            (2000, 2500.0, 0.8, -2_449.895_872_466_457),
            (2000, 3.0, 0.01, 5_356.582_594_998_437),
        ] {
            let at = |hazard: f64, ln_theta: f64| {
                let theta = Jet::variable(ln_theta, 1).exp();
                ln_moment(Frailty::InverseGaussian, failures, Jet::variable(hazard, 0), theta)
            };
            let got = at(hazard, f64::ln(theta));
            assert!((got.v - want).abs() < 1e-11 * want.abs(), "{failures}: {} is not {want}", got.v);
            // the derivatives are those of the value
            let step = 1e-5;
            let slope =
                (at(hazard, f64::ln(theta) + step).v - at(hazard, f64::ln(theta) - step).v) / (2.0 * step);
            assert!((got.g[1] - slope).abs() < 1e-6 * got.v.abs(), "{failures}: {} is not {slope}", got.g[1]);
            assert!(got.h.iter().flatten().all(|x| x.is_finite()), "{failures}");
        }
    }
}
