//! Combination of estimates from multiply imputed data ([MI] mi estimate, Methods and formulas; Rubin 1987; Barnard and
//! Rubin 1999, Biometrika 86; Reiter 2007, Biometrika 94).

use super::matrix::Mat;

/// Combined estimates.
pub struct Pooled {
    /// Averages of the estimates.
    pub b: Vec<f64>,
    /// Total covariance, `W + (1 + 1/M) B`.
    pub v: Mat,
    /// Average covariance within imputations.
    pub within: Mat,
    /// Covariance of the estimates between imputations.
    pub between: Mat,
    /// Relative increase in variance due to nonresponse, of each parameter.
    pub increase: Vec<f64>,
    /// Fraction of missing information of each parameter.
    pub missing: Vec<f64>,
    /// Degrees of freedom of each parameter; infinite without variation between imputations and a sample's limit.
    pub df: Vec<f64>,
    /// Number of imputations.
    pub m: f64,
    /// Degrees of freedom with complete data, if they are finite and counted.
    pub complete: Option<f64>,
}

/// A test of several coefficients on the assumption of equal fractions of missing information.
pub struct EqualTest {
    /// The F statistic.
    pub f: f64,
    /// Number of coefficients.
    pub df: f64,
    /// Denominator degrees of freedom.
    pub df_residual: f64,
    /// Average relative increase in variance.
    pub increase: f64,
}

/// Combines estimates and covariances of at least two imputations. `complete` are the degrees of freedom of the analysis
/// of complete data; without them those of a large sample are used.
pub fn pool(estimates: &[Vec<f64>], covariances: &[Mat], complete: Option<f64>) -> Pooled {
    let (m, p) = (estimates.len() as f64, estimates[0].len());
    let b: Vec<f64> = (0..p).map(|j| estimates.iter().map(|e| e[j]).sum::<f64>() / m).collect();
    let within = covariances.iter().fold(Mat::zeros(p, p), |sum, v| sum.plus(v)).scaled(1.0 / m);
    let between = Mat::from_fn(p, p, |i, j| {
        estimates.iter().map(|e| (e[i] - b[i]) * (e[j] - b[j])).sum::<f64>() / (m - 1.0)
    });
    let factor = 1.0 + 1.0 / m;
    let v = within.plus(&between.clone().scaled(factor));
    let increase: Vec<f64> = (0..p)
        .map(|j| if within[(j, j)] > 0.0 { factor * between[(j, j)] / within[(j, j)] } else { 0.0 })
        .collect();
    let df: Vec<f64> = (0..p).map(|j| degrees(increase[j], m, complete)).collect();
    let missing = (0..p)
        .map(|j| {
            let r = increase[j];
            // 1 - lambda(df) / lambda(complete df) x within / total, with lambda(v) = (v + 1)/(v + 3)
            let known = |v: f64| if v.is_finite() { (v + 1.0) / (v + 3.0) } else { 1.0 };
            if r > 0.0 {
                1.0 - known(df[j]) / known(complete.unwrap_or(f64::INFINITY)) / (r + 1.0)
            } else {
                0.0
            }
        })
        .collect();
    Pooled { b, v, within, between, increase, missing, df, m, complete }
}

/// Degrees of freedom of one parameter (Barnard and Rubin 1999).
fn degrees(increase: f64, m: f64, complete: Option<f64>) -> f64 {
    let large = if increase > 0.0 { (m - 1.0) * (1.0 + 1.0 / increase).powi(2) } else { f64::INFINITY };
    let Some(complete) = complete else { return large };
    let share = increase / (1.0 + increase);
    let observed = complete * (complete + 1.0) / (complete + 3.0) * (1.0 - share);
    1.0 / (1.0 / large + 1.0 / observed)
}

impl Pooled {
    /// Tests that the coefficients at some positions are zero.
    pub fn test_zero(&self, positions: &[usize]) -> Option<EqualTest> {
        let k = positions.len() as f64;
        let within = self.within.select(positions, positions);
        let inverse = within.inverse_definite()?;
        let between = self.between.select(positions, positions);
        let trace: f64 = inverse.times(&between).diagonal().iter().sum();
        let r = (1.0 + 1.0 / self.m) * trace / k;
        let b: Vec<f64> = positions.iter().map(|p| self.b[*p]).collect();
        let f = inverse.quadratic(&b) / (k * (1.0 + r));
        Some(EqualTest { f, df: k, df_residual: self.residual(k, r), increase: r })
    }

    /// Denominator degrees of freedom: Li, Raghunathan and Rubin (1991) in large samples, Reiter (2007) otherwise.
    fn residual(&self, k: f64, r: f64) -> f64 {
        let t = k * (self.m - 1.0);
        if k == 1.0 {
            return degrees(r, self.m, self.complete);
        }
        match self.complete {
            _ if r <= 0.0 => self.complete.unwrap_or(f64::INFINITY),
            None if t > 4.0 => 4.0 + (t - 4.0) * (1.0 + (1.0 - 2.0 / t) / r).powi(2),
            None => t * (1.0 + 1.0 / k) * (1.0 + 1.0 / r).powi(2) / 2.0,
            Some(complete) if t > 4.0 => {
                let a = r * t / (t - 2.0);
                let star = complete * (complete + 1.0) / (complete + 3.0);
                let (c0, c1, c2) = (1.0 / (t - 4.0), star - 2.0 * (1.0 + a), star - 4.0 * (1.0 + a));
                let square = a * a;
                let z = 1.0 / c2
                    + c0 * (square * c1 / ((1.0 + a).powi(2) * c2))
                    + c0 * (8.0 * square * c1 / ((1.0 + a) * c2 * c2) + 4.0 * square / ((1.0 + a) * c2))
                    + c0 * (4.0 * square / (c2 * c1) + 16.0 * square * c1 / c2.powi(3))
                    + c0 * (8.0 * square / (c2 * c2));
                4.0 + 1.0 / z
            }
            Some(complete) => {
                let large = t * (1.0 + 1.0 / k) * (1.0 + 1.0 / r).powi(2) / 2.0;
                let observed = complete * (complete + 1.0) / (complete + 3.0) / (1.0 + r);
                1.0 / (1.0 / large + 1.0 / observed)
            }
        }
    }
}
