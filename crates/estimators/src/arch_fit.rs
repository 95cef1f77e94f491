//! Densities and the maximum likelihood of the models of `arch` ([TS] arch, Methods and formulas).

use super::arch::{Arch, Errors};
use super::distributions::{digamma, ln_gamma};
use super::matrix::Mat;
use super::ml::{Iteration, MlFit};
use super::real::stable_sum;
use super::stirling::ln_gamma_change;
use std::f64::consts::{LN_2, PI};

/// The covariance of the estimates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covariance {
    /// Inverse of the sum of outer products of the scores.
    OuterProduct,
    /// Inverse of the observed information.
    Information,
    /// Sandwich of both, with the factor N/(N-1).
    Robust,
}

/// Log density of an error at its variance, and its derivatives in the error, the variance and the parameter of the
/// shape.
struct Density {
    errors: Errors,
    /// Degrees of freedom less two, or the shape.
    shape: f64,
    constant: f64,
    /// Derivative of the constant in the parameter of the shape.
    constant_slope: f64,
    /// Log of the scale of the generalised error distribution and its derivative in the shape.
    scale: (f64, f64),
}

impl Density {
    /// `parameter` is `ln(df - 2)` or the log of the shape where these are estimated.
    fn new(errors: Errors, parameter: f64) -> Self {
        match errors {
            Errors::Normal => {
                let constant = -0.5 * (2.0 * PI).ln();
                Self { errors, shape: 0.0, constant, constant_slope: 0.0, scale: (0.0, 0.0) }
            }
            Errors::Student(df) => {
                let excess = df.map_or(parameter.exp(), |df| df - 2.0);
                // of errors that are normal the degrees of freedom grow without end
                let [change, slope, _] = ln_gamma_change(0.5 * (excess + 2.0), 0.5);
                let constant = change - 0.5 * (excess * PI).ln();
                let constant_slope = 0.5 * excess * slope - 0.5;
                Self { errors, shape: excess, constant, constant_slope, scale: (0.0, 0.0) }
            }
            Errors::Generalised(shape) => {
                let s = shape.unwrap_or(parameter.exp());
                let ln_scale = 0.5 * (-2.0 / s * LN_2 + ln_gamma(1.0 / s) - ln_gamma(3.0 / s));
                let scale_slope = 0.5 * (2.0 * LN_2 - digamma(1.0 / s) + 3.0 * digamma(3.0 / s)) / (s * s);
                let constant = s.ln() - ln_scale - (1.0 + 1.0 / s) * LN_2 - ln_gamma(1.0 / s);
                let slope = 1.0 / s - scale_slope + (LN_2 + digamma(1.0 / s)) / (s * s);
                let scale = (ln_scale, scale_slope);
                Self { errors, shape: s, constant, constant_slope: s * slope, scale }
            }
        }
    }

    /// Value and derivatives.
    fn at(&self, e: f64, v: f64) -> (f64, [f64; 3]) {
        let base = self.constant - 0.5 * v.ln();
        match self.errors {
            Errors::Normal => {
                let q = e * e / v;
                (base - 0.5 * q, [-e / v, 0.5 * (q - 1.0) / v, 0.0])
            }
            Errors::Student(_) => {
                let (excess, half) = (self.shape, 0.5 * (self.shape + 3.0));
                let w = e * e / (v * excess);
                let share = w / (1.0 + w);
                let by_shape = self.constant_slope - 0.5 * excess * w.ln_1p() + half * share;
                let by_error = -2.0 * half * e / (v * excess * (1.0 + w));
                (base - half * w.ln_1p(), [by_error, (half * share - 0.5) / v, by_shape])
            }
            Errors::Generalised(_) => {
                let s = self.shape;
                if e == 0.0 {
                    return (base, [0.0, -0.5 / v, self.constant_slope]);
                }
                let ln_z = 0.5 * (e * e / v).ln() - self.scale.0;
                let power = (s * ln_z).exp();
                let by_shape = self.constant_slope - 0.5 * s * power * (ln_z - s * self.scale.1);
                (base - 0.5 * power, [-0.5 * s * power / e, (0.25 * s * power - 0.5) / v, by_shape])
            }
        }
    }
}

/// Scores of the rows, their sum and the sum of their outer products.
struct Slopes {
    gradient: Vec<f64>,
    outer: Mat,
}

impl Arch<'_> {
    fn density(&self, b: &[f64]) -> Density {
        Density::new(self.errors, b.last().copied().unwrap_or(0.0))
    }

    /// Log likelihood at parameters; nothing where it cannot be computed.
    pub fn log_likelihood(&self, b: &[f64]) -> Option<f64> {
        let (errors, variances) = self.tracks(b, false)?;
        let density = self.density(b);
        let ll = stable_sum(errors.value.iter().zip(&variances.value).map(|(e, v)| density.at(*e, *v).0));
        ll.is_finite().then_some(ll)
    }

    fn slopes(&self, b: &[f64]) -> Option<Slopes> {
        let (errors, variances) = self.tracks(b, true)?;
        let density = self.density(b);
        let (n, k) = (self.y.len(), b.len());
        let scores = Mat::from_rows(n, k, {
            let mut out = Vec::with_capacity(n * k);
            for t in 0..n {
                let [by_error, by_variance, by_shape] = density.at(errors.value[t], variances.value[t]).1;
                let (e, v) = (errors.row(t), variances.row(t));
                out.extend((0..k).map(|j| by_error * e[j] + by_variance * v[j]));
                if self.errors.estimated() {
                    out[t * k + k - 1] = by_shape;
                }
            }
            out
        });
        if !scores.data().iter().all(|s| s.is_finite()) {
            return None;
        }
        let gradient = (0..k).map(|j| stable_sum((0..n).map(|i| scores[(i, j)]))).collect();
        Some(Slopes { gradient, outer: scores.transpose().outer() })
    }

    /// Maximises by the method of Berndt, Hall, Hall and Hausman (1974). Where scores jump because an error changes
    /// its sign, the gradient does not vanish at the top: a search along the axes of the covariance decides there.
    pub fn maximise(&self, start: &[f64], iterations: usize, covariance: Covariance) -> Option<MlFit> {
        let mut b = start.to_vec();
        let mut ll = self.log_likelihood(&b)?;
        let mut log = vec![Iteration { ll, remark: "" }];
        let (mut converged, mut done) = (false, 0);
        let mut slopes = self.slopes(&b)?;
        while done < iterations {
            let v = slopes.outer.inverse_definite()?;
            let direction = v.times_vector(&slopes.gradient);
            let decrement: f64 = direction.iter().zip(&slopes.gradient).map(|(d, g)| d * g).sum();
            converged = decrement < SMALL;
            if converged {
                break;
            }
            let step =
                self.along(&b, ll, &direction).filter(|(_, found)| found - ll > GAIN * (1.0 + ll.abs()));
            let Some((next, found)) = step.or_else(|| self.around(&b, ll, &v)) else {
                converged = true;
                break;
            };
            (b, ll) = (next, found);
            log.push(Iteration { ll, remark: "" });
            slopes = self.slopes(&b)?;
            done += 1;
        }
        let opg = slopes.outer.inverse_definite()?;
        if covariance == Covariance::OuterProduct {
            return Some(MlFit {
                b,
                v: opg.clone(),
                v_model: opg,
                ll,
                log,
                converged,
                constrained: None,
                scores: None,
            });
        }
        let v_model = self.information(&b, &opg)?.inverse_definite()?;
        let n = self.y.len() as f64;
        let v = match covariance {
            Covariance::Robust => v_model.sandwich(&slopes.outer).scaled(n / (n - 1.0)),
            _ => v_model.clone(),
        };
        Some(MlFit { b, v, v_model, ll, log, converged, constrained: None, scores: None })
    }

    /// The best of some lengths of a step, if one raises the log likelihood.
    fn along(&self, b: &[f64], ll: f64, direction: &[f64]) -> Option<(Vec<f64>, f64)> {
        let mut best: Option<(Vec<f64>, f64)> = None;
        let mut length = 2.0;
        for _ in 0..40 {
            let next: Vec<f64> = b.iter().zip(direction).map(|(b, d)| b + length * d).collect();
            match self.log_likelihood(&next) {
                Some(found) if found > best.as_ref().map_or(ll, |b| b.1) => best = Some((next, found)),
                _ if best.is_some() => break,
                _ => {}
            }
            length *= 0.5;
        }
        best
    }

    /// A higher point near by, by steps along both directions of each axis of the covariance that become shorter.
    fn around(&self, b: &[f64], ll: f64, v: &Mat) -> Option<(Vec<f64>, f64)> {
        let axes = v.cholesky()?;
        let (mut best, mut length) = ((b.to_vec(), ll), 0.05);
        while length > 1e-7 {
            let mut moved = false;
            for (axis, sign) in (0..b.len()).flat_map(|axis| [(axis, 1.0), (axis, -1.0)]) {
                let next: Vec<f64> =
                    (0..b.len()).map(|i| best.0[i] + sign * length * axes[(i, axis)]).collect();
                if let Some(found) = self.log_likelihood(&next).filter(|found| *found > best.1) {
                    best = (next, found);
                    moved = true;
                }
            }
            if !moved {
                length *= 0.5;
            }
        }
        (best.1 - ll > GAIN * (1.0 + ll.abs())).then_some(best)
    }

    /// Observed information: differences of fourth order of the gradient, with steps in shares of standard errors.
    fn information(&self, b: &[f64], v: &Mat) -> Option<Mat> {
        let k = b.len();
        let mut out = Mat::zeros(k, k);
        for j in 0..k {
            let h = 1e-3 * v[(j, j)].sqrt();
            let at = |step: f64| {
                let mut moved = b.to_vec();
                moved[j] += step * h;
                self.slopes(&moved).map(|s| s.gradient)
            };
            let (far_up, up, down, far_down) = (at(2.0)?, at(1.0)?, at(-1.0)?, at(-2.0)?);
            for i in 0..k {
                out[(i, j)] = (far_up[i] - far_down[i] - 8.0 * (up[i] - down[i])) / (12.0 * h);
            }
        }
        Some(out.symmetrised())
    }
}

/// Squared length of the last step, in standard errors, that ends a search.
const SMALL: f64 = 1e-12;

/// Relative gain of the log likelihood below which a step does not count.
const GAIN: f64 = 1e-12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Terms;

    const ALL: [(Errors, f64); 3] =
        [(Errors::Normal, 0.0), (Errors::Student(None), 1.5), (Errors::Generalised(None), 0.3)];

    /// Densities integrate to one and have the variance that they are given.
    #[test]
    fn densities_have_unit_mass_and_their_variance() {
        for (errors, shape) in ALL {
            let density = Density::new(errors, shape);
            let (steps, width) = (400_000, 2e-3);
            let (mut mass, mut second) = (0.0, 0.0);
            for i in 0..steps {
                let x = (f64::from(i) + 0.5) * width - 400.0;
                let p = density.at(x, 2.0).0.exp() * width;
                mass += p;
                second += p * x * x;
            }
            assert!((mass - 1.0).abs() < 1e-6, "{errors:?} {mass}");
            assert!((second - 2.0).abs() < 1e-3, "{errors:?} {second}");
        }
    }

    /// With ever more degrees of freedom Student's t becomes the normal distribution, and its shape stops to matter.
    #[test]
    fn the_density_of_t_tends_to_the_normal_one() {
        let normal = Density::new(Errors::Normal, 0.0);
        for (parameter, tolerance) in [(14.0, 1e-5), (30.0, 1e-11), (37.1, 1e-11), (60.0, 1e-11)] {
            let (value, slopes) = Density::new(Errors::Student(None), parameter).at(1.3, 2.0);
            let (wanted, of_normal) = normal.at(1.3, 2.0);
            assert!((value - wanted).abs() < tolerance, "{parameter}: {value} is not {wanted}");
            assert!(
                (slopes[0] - of_normal[0]).abs() < tolerance && slopes[2].abs() < tolerance,
                "{slopes:?}"
            );
        }
    }

    /// The gradient is that of the log likelihood, for every kind of term and density.
    #[test]
    fn gradients_agree_with_differences() {
        let y: Vec<f64> = (0..60).map(|t| f64::from((t * 7919) % 101) / 25.0 - 2.0).collect();
        let ones = vec![1.0; y.len()];
        let arma = Terms { ar: vec![1], ma: vec![1, 4], in_mean: true, ..Terms::default() };
        let plain = Terms { arch: vec![1, 3], garch: vec![2], tarch: vec![1], ..arma.clone() };
        let exponential = Terms { earch: vec![1, 2], egarch: vec![1], ..arma };
        for (errors, shape) in ALL {
            for (terms, variance) in [
                (plain.clone(), vec![0.1, 0.05, 0.4, 0.1, 0.7]),
                (exponential.clone(), vec![0.1, 0.2, -0.1, 0.1, 0.5, 0.2]),
            ] {
                let model = Arch { y: &y, columns: vec![&ones], terms, errors };
                let mut b = vec![0.1, 0.05, 0.3, 0.2, -0.1];
                b.extend(variance);
                if errors.estimated() {
                    b.push(shape);
                }
                let found = model.slopes(&b).expect("a gradient").gradient;
                for j in 0..b.len() {
                    let at = |h: f64| {
                        let mut moved = b.clone();
                        moved[j] += h;
                        model.log_likelihood(&moved).expect("a log likelihood")
                    };
                    let h = 1e-4;
                    let slope = (at(-2.0 * h) - at(2.0 * h) + 8.0 * (at(h) - at(-h))) / (12.0 * h);
                    assert!(
                        (slope - found[j]).abs() < 1e-6 * (1.0 + slope.abs()),
                        "{errors:?} {j}: {slope} {}",
                        found[j]
                    );
                }
            }
        }
    }
}
