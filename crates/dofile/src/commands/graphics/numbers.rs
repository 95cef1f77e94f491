//! The statistics that graphs compute themselves: percentiles, polynomial fits with bands,
//! kernel densities, histogram bins. Pure functions on slices.

use estimators::distributions::{normal_density, t_inverse_tail};

/// The `p`-th percentile (0 to 100) of sorted values with weights, as `summarize, detail` and
/// `_pctile` compute it ([R] summarize, Methods and formulas).
pub(super) fn percentile(sorted: &[(f64, f64)], p: f64) -> f64 {
    let total: f64 = sorted.iter().map(|v| v.1).sum();
    let target = total * p / 100.0;
    let mut below = 0.0;
    for (at, &(value, weight)) in sorted.iter().enumerate() {
        below += weight;
        if below > target + 1e-10 * total {
            return value;
        }
        if (below - target).abs() <= 1e-10 * total {
            return match sorted.get(at + 1) {
                Some(next) => (value + next.0) / 2.0,
                None => value,
            };
        }
    }
    sorted.last().map_or(f64::NAN, |v| v.0)
}

/// A least-squares polynomial of degree 1 or 2 in one variable.
#[derive(Debug, Clone)]
pub(super) struct Polynomial {
    center: f64,
    scale: f64,
    coefficients: Vec<f64>,
    /// Inverse cross product in the centred and scaled variable.
    inverse: Vec<Vec<f64>>,
    /// Residual standard deviation.
    pub(super) rmse: f64,
    /// Residual degrees of freedom.
    pub(super) df: f64,
}

impl Polynomial {
    /// Fits `y` on powers of `x`; `weights` are frequencies when `frequency`, else they are scaled
    /// to sum to the number of rows. `None` when there are too few distinct values.
    pub(super) fn fit(
        points: &[(f64, f64)],
        weights: &[f64],
        frequency: bool,
        degree: usize,
    ) -> Option<Self> {
        let total: f64 = weights.iter().sum();
        let n = if frequency { total } else { points.len() as f64 };
        let factor = n / total;
        let mean = |f: &dyn Fn(&(f64, f64)) -> f64| {
            points.iter().zip(weights).map(|(p, w)| w * f(p)).sum::<f64>() / total
        };
        let center = mean(&|p| p.0);
        let scale = mean(&|p| (p.0 - center).powi(2)).sqrt();
        if !(scale > 1e-12 * center.abs() && scale > 0.0) {
            return None;
        }
        let k = degree + 1;
        let basis = |x: f64| (0..k).map(|j| ((x - center) / scale).powi(j as i32)).collect::<Vec<f64>>();
        let mut cross = vec![vec![0.0; k]; k];
        let mut right = vec![0.0; k];
        for (&(x, y), w) in points.iter().zip(weights) {
            let row = basis(x);
            for i in 0..k {
                right[i] += w * factor * row[i] * y;
                for j in 0..k {
                    cross[i][j] += w * factor * row[i] * row[j];
                }
            }
        }
        let inverse = invert(cross)?;
        let coefficients: Vec<f64> =
            inverse.iter().map(|row| row.iter().zip(&right).map(|(a, b)| a * b).sum()).collect();
        let fitted = |x: f64| basis(x).iter().zip(&coefficients).map(|(a, b)| a * b).sum::<f64>();
        let rss: f64 =
            points.iter().zip(weights).map(|(p, w)| w * factor * (p.1 - fitted(p.0)).powi(2)).sum();
        let df = n - k as f64;
        let rmse = if df > 0.0 { (rss / df).sqrt() } else { f64::NAN };
        Some(Self { center, scale, coefficients, inverse, rmse, df })
    }

    fn basis(&self, x: f64) -> Vec<f64> {
        (0..self.coefficients.len()).map(|j| ((x - self.center) / self.scale).powi(j as i32)).collect()
    }

    /// The fitted value.
    pub(super) fn at(&self, x: f64) -> f64 {
        self.basis(x).iter().zip(&self.coefficients).map(|(a, b)| a * b).sum()
    }

    /// Half the width of the confidence interval of the mean, or with `forecast` of a new value.
    pub(super) fn half_width(&self, x: f64, level: f64, forecast: bool) -> f64 {
        let row = self.basis(x);
        let mut variance = f64::from(u8::from(forecast));
        for (i, a) in row.iter().enumerate() {
            for (j, b) in row.iter().enumerate() {
                variance += a * b * self.inverse[i][j];
            }
        }
        t_inverse_tail(self.df, (1.0 - level / 100.0) / 2.0) * self.rmse * variance.max(0.0).sqrt()
    }
}

/// Inverse of a small symmetric positive definite matrix by Gauss–Jordan with pivoting.
fn invert(mut a: Vec<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    let k = a.len();
    let largest = a.iter().enumerate().map(|(i, row)| row[i].abs()).fold(0.0, f64::max);
    let mut out: Vec<Vec<f64>> =
        (0..k).map(|i| (0..k).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    for column in 0..k {
        let pivot = (column..k).max_by(|&i, &j| a[i][column].abs().total_cmp(&a[j][column].abs()))?;
        if a[pivot][column].abs() <= 1e-11 * largest {
            return None;
        }
        a.swap(column, pivot);
        out.swap(column, pivot);
        let divisor = a[column][column];
        for j in 0..k {
            a[column][j] /= divisor;
            out[column][j] /= divisor;
        }
        for row in (0..k).filter(|&row| row != column) {
            let factor = a[row][column];
            for j in 0..k {
                let (above, own) = (a[column][j], out[column][j]);
                a[row][j] -= factor * above;
                out[row][j] -= factor * own;
            }
        }
    }
    Some(out)
}

/// A kernel of density estimation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kernel {
    Epanechnikov,
    Epan2,
    Biweight,
    Cosine,
    Gaussian,
    Parzen,
    Rectangle,
    Triangle,
}

impl Kernel {
    /// By its name or abbreviation in `kernel()`.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let all = [
            ("epanechnikov", 2, Self::Epanechnikov),
            ("epan2", 5, Self::Epan2),
            ("biweight", 2, Self::Biweight),
            ("cosine", 3, Self::Cosine),
            ("gaussian", 3, Self::Gaussian),
            ("parzen", 3, Self::Parzen),
            ("rectangle", 3, Self::Rectangle),
            ("triangle", 3, Self::Triangle),
        ];
        all.iter().find(|(full, least, _)| name.len() >= *least && full.starts_with(name)).map(|k| k.2)
    }

    /// Its full name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Epanechnikov => "epanechnikov",
            Self::Epan2 => "epan2",
            Self::Biweight => "biweight",
            Self::Cosine => "cosine",
            Self::Gaussian => "gaussian",
            Self::Parzen => "parzen",
            Self::Rectangle => "rectangle",
            Self::Triangle => "triangle",
        }
    }

    /// K(z) of [R] kdensity, Methods and formulas.
    pub(super) fn weight(self, z: f64) -> f64 {
        let a = z.abs();
        let inside = |limit: f64, value: f64| if a < limit { value } else { 0.0 };
        match self {
            Self::Epanechnikov => inside(5f64.sqrt(), 0.75 * (1.0 - z * z / 5.0) / 5f64.sqrt()),
            Self::Epan2 => inside(1.0, 0.75 * (1.0 - z * z)),
            Self::Biweight => inside(1.0, 15.0 / 16.0 * (1.0 - z * z).powi(2)),
            Self::Cosine => inside(0.5, 1.0 + (2.0 * std::f64::consts::PI * z).cos()),
            Self::Gaussian => normal_density(z),
            Self::Parzen if a <= 0.5 => 4.0 / 3.0 - 8.0 * z * z + 8.0 * a.powi(3),
            Self::Parzen => inside(1.0, 8.0 * (1.0 - a).powi(3) / 3.0),
            Self::Rectangle => inside(1.0, 0.5),
            Self::Triangle => inside(1.0, 1.0 - a),
        }
    }
}

/// Mean and standard deviation (divisor n - 1) of weighted values; the weights count as frequencies.
pub(super) fn moments(values: &[(f64, f64)]) -> (f64, f64) {
    let total: f64 = values.iter().map(|v| v.1).sum();
    let mean = values.iter().map(|v| v.0 * v.1).sum::<f64>() / total;
    let squares: f64 = values.iter().map(|v| v.1 * (v.0 - mean).powi(2)).sum();
    (mean, (squares / (total - 1.0)).sqrt())
}

/// The default bandwidth: 0.9 m n^(-1/5) with m the smaller of the standard deviation and the
/// interquartile range / 1.349 ([R] kdensity). `values` are sorted; weights sum to n.
pub(super) fn bandwidth(values: &[(f64, f64)]) -> f64 {
    let n: f64 = values.iter().map(|v| v.1).sum();
    let sd = moments(values).1;
    let iqr = (percentile(values, 75.0) - percentile(values, 25.0)) / 1.349;
    let spread = if iqr > 0.0 { sd.min(iqr) } else { sd };
    0.9 * spread / n.powf(0.2)
}

/// The density at each point of `at`.
pub(super) fn density(values: &[(f64, f64)], at: &[f64], width: f64, kernel: Kernel) -> Vec<f64> {
    let total: f64 = values.iter().map(|v| v.1).sum();
    at.iter()
        .map(|x| {
            let sum: f64 = values.iter().map(|(v, w)| w * kernel.weight((x - v) / width)).sum();
            sum / (total * width)
        })
        .collect()
}

/// The grid of `kdensity`: `n` points from the smallest value less the bandwidth to the largest plus it.
pub(super) fn density_grid(values: &[(f64, f64)], n: usize, width: f64) -> Vec<f64> {
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return Vec::new();
    };
    let (low, high) = (first.0 - width, last.0 + width);
    (0..n).map(|i| low + (high - low) * i as f64 / (n - 1).max(1) as f64).collect()
}

/// The default number of bins: the integer part of min(sqrt(n), 10 ln(n) / ln(10)) ([R] histogram).
pub(super) fn bins(n: f64) -> usize {
    (n.sqrt().min(10.0 * n.ln() / std::f64::consts::LN_10).floor() as usize).max(1)
}

/// Moves points within a circle whose radius is a share (in percent) of the range of both axes.
pub(super) fn jitter(points: &mut [(f64, f64)], percent: f64, seed: f64) {
    if percent == 0.0 {
        return;
    }
    let span = |pick: fn(&(f64, f64)) -> f64| {
        let known = points.iter().map(pick).filter(|v| v.is_finite());
        let (low, high) = known.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
        if high > low { high - low } else { 0.0 }
    };
    let (across, up) = (span(|p| p.0), span(|p| p.1));
    let mut draws = crate::rng::Mt64::new(seed as u64);
    for point in points {
        let angle = std::f64::consts::TAU * draws.uniform();
        let radius = percent / 100.0 * draws.uniform().sqrt();
        *point = (point.0 + across * radius * angle.cos(), point.1 + up * radius * angle.sin());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_follow_the_rule_of_summarize() {
        let unit = |v: &[f64]| v.iter().map(|x| (*x, 1.0)).collect::<Vec<_>>();
        // n p / 100 is a whole number: mean of two values, otherwise the next one
        assert_eq!(percentile(&unit(&[1.0, 2.0, 3.0, 4.0]), 50.0), 2.5);
        assert_eq!(percentile(&unit(&[1.0, 2.0, 3.0, 4.0]), 25.0), 1.5);
        assert_eq!(percentile(&unit(&[1.0, 2.0, 3.0]), 50.0), 2.0);
        assert_eq!(percentile(&[(1.0, 3.0), (9.0, 1.0)], 75.0), 5.0);
    }

    #[test]
    fn bins_are_those_of_the_manual() {
        // [R] histogram: 74 cars give 8 bins, sp500's 248 days give 15
        assert_eq!(bins(74.0), 8);
        assert_eq!(bins(248.0), 15);
    }

    #[test]
    fn kernels_integrate_to_one() {
        for kernel in [
            Kernel::Epanechnikov,
            Kernel::Epan2,
            Kernel::Biweight,
            Kernel::Cosine,
            Kernel::Gaussian,
            Kernel::Parzen,
            Kernel::Rectangle,
            Kernel::Triangle,
        ] {
            let sum: f64 = (-80_000..80_000).map(|i| kernel.weight(f64::from(i) * 1e-4 + 5e-5) * 1e-4).sum();
            assert!((sum - 1.0).abs() < 1e-6, "{kernel:?}: {sum}");
        }
    }

    #[test]
    fn a_line_and_its_band_agree_with_sums_by_hand() {
        // stopping distances of ten cars; the t quantile is that of printed tables
        let speed = [4.0, 4.0, 7.0, 7.0, 8.0, 9.0, 10.0, 10.0, 10.0, 11.0];
        let dist = [2.0, 10.0, 4.0, 22.0, 16.0, 10.0, 18.0, 26.0, 34.0, 17.0];
        let points: Vec<_> = speed.into_iter().zip(dist).collect();
        let fit = Polynomial::fit(&points, &[1.0; 10], false, 1).unwrap();
        // Sxx = 56, Sxy = 143, Syy = 876.9, means 8 and 15.9
        assert!((fit.at(8.0) - 15.9).abs() < 1e-12);
        assert!((fit.at(9.0) - fit.at(8.0) - 143.0 / 56.0).abs() < 1e-12);
        let rss = 876.9 - 143.0f64.powi(2) / 56.0;
        let half = 2.306_004_135_204_166 * (rss / 8.0 * 0.1).sqrt();
        assert!((fit.half_width(8.0, 95.0, false) - half).abs() < 1e-9);
    }

    const POINTS: [(f64, f64); 10] = [
        (1.0, 2.1),
        (2.0, 3.9),
        (3.0, 6.2),
        (4.0, 7.8),
        (5.0, 9.1),
        (6.0, 13.2),
        (7.0, 13.9),
        (8.0, 16.8),
        (9.0, 17.1),
        (10.0, 22.4),
    ];

    #[test]
    fn quadratic_bands_agree_with_statsmodels() {
        // WLS and OLS of statsmodels 0.15, get_prediction at x = 5.5
        let weights = [1.0, 2.0, 1.0, 3.0, 1.0, 1.0, 2.0, 1.0, 1.0, 2.0];
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        let plain = Polynomial::fit(&POINTS, &[1.0; 10], false, 2).unwrap();
        close(plain.at(5.5), 10.884_374_999_999_984);
        close(plain.half_width(5.5, 95.0, false), 1.101_399_949_253_664_8);
        close(plain.half_width(5.5, 95.0, true), 2.551_970_226_780_591_5);
        let analytic = Polynomial::fit(&POINTS, &weights, false, 2).unwrap();
        close(analytic.at(5.5), 10.805_211_552_954_908);
        close(analytic.half_width(5.5, 95.0, false), 0.949_553_950_450_997_8);
        let frequency = Polynomial::fit(&POINTS, &weights, true, 2).unwrap();
        close(frequency.half_width(5.5, 90.0, false), 0.546_630_269_887_858_2);
        assert!(Polynomial::fit(&[(1.0, 1.0), (1.0, 2.0)], &[1.0; 2], false, 1).is_none());
    }
}
