//! Synthetic difference in differences (Arkhangelsky, Athey, Hirshberg, Imbens and Wager 2021, American Economic Review 111).

use super::matrix::Mat;

/// Which weights are estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Weights of units and of periods.
    SyntheticDid,
    /// Equal weights.
    Did,
    /// Weights of units without a constant, none of periods.
    SyntheticControl,
}

/// Outcomes of units (rows) by period: controls first, periods before the treatment first.
pub struct Block {
    /// Outcomes.
    pub y: Mat,
    /// Number of controls.
    pub controls: usize,
    /// Number of periods before the treatment.
    pub before: usize,
}

/// An effect with its weights.
#[derive(Debug, Clone)]
pub struct Effect {
    /// The effect on the treated.
    pub tau: f64,
    /// Weights of the controls.
    pub omega: Vec<f64>,
    /// Weights of the periods before the treatment.
    pub lambda: Vec<f64>,
}

/// The steps of the solver that the authors of the method document: those before and after small weights are set to zero.
const STEPS: (usize, usize) = (100, 10_000);

/// Columns and their target less their means.
struct Quadratic {
    columns: Vec<Vec<f64>>,
    target: Vec<f64>,
    /// The penalty on the squares of the weights.
    zeta: f64,
    /// The change at which the steps end.
    least: f64,
}

impl Quadratic {
    fn new(columns: Vec<Vec<f64>>, target: Vec<f64>, zeta: f64, least: f64, constant: bool) -> Self {
        let centred = |x: Vec<f64>| -> Vec<f64> {
            let mean = if constant { x.iter().sum::<f64>() / x.len() as f64 } else { 0.0 };
            x.into_iter().map(|x| x - mean).collect()
        };
        Self { columns: columns.into_iter().map(centred).collect(), target: centred(target), zeta, least }
    }

    fn error(&self, x: &[f64]) -> Vec<f64> {
        let mut error: Vec<f64> = self.target.iter().map(|t| -t).collect();
        for (column, w) in self.columns.iter().zip(x).filter(|(_, w)| **w != 0.0) {
            error.iter_mut().zip(column).for_each(|(e, c)| *e += w * c);
        }
        error
    }

    /// Steps of Frank and Wolfe (1956) towards the best vertex of the simplex, as long as the best along the line.
    fn walk(&self, mut x: Vec<f64>, most: usize) -> Vec<f64> {
        let n = self.target.len() as f64;
        let eta = n * self.zeta * self.zeta;
        let mut before = f64::INFINITY;
        for step in 0..most {
            let error = self.error(&x);
            let gradient =
                |j: usize| self.columns[j].iter().zip(&error).map(|(c, e)| c * e).sum::<f64>() + eta * x[j];
            let slopes: Vec<f64> = (0..x.len()).map(gradient).collect();
            let Some(best) = (0..x.len()).min_by(|a, b| slopes[*a].total_cmp(&slopes[*b])) else { break };
            let direction: Vec<f64> =
                x.iter().enumerate().map(|(j, w)| if j == best { 1.0 - w } else { -w }).collect();
            if direction.iter().any(|d| *d != 0.0) {
                let along: f64 = direction.iter().zip(&slopes).map(|(d, s)| d * s).sum();
                // the change of the error: the best column less the combination
                let change: f64 = self.columns[best]
                    .iter()
                    .zip(&error)
                    .zip(&self.target)
                    .map(|((c, e), t)| (c - (e + t)).powi(2))
                    .sum();
                let length: f64 = direction.iter().map(|d| d * d).sum();
                let curve = change + eta * length;
                let step = if curve > 0.0 { (-along / curve).clamp(0.0, 1.0) } else { 0.0 };
                x.iter_mut().zip(&direction).for_each(|(w, d)| *w += step * d);
            }
            let squares: f64 = self.error(&x).iter().map(|e| e * e).sum();
            let value = self.zeta * self.zeta * x.iter().map(|w| w * w).sum::<f64>() + squares / n;
            if step > 0 && before - value <= self.least * self.least {
                break;
            }
            before = value;
        }
        x
    }

    /// Weights from equal ones: steps, then without the weights up to a quarter of the largest again.
    fn weights(&self) -> Vec<f64> {
        let count = self.columns.len();
        let first = self.walk(vec![1.0 / count as f64; count], STEPS.0);
        let largest = first.iter().copied().fold(0.0, f64::max);
        let kept: Vec<f64> = first.into_iter().map(|w| if w <= largest / 4.0 { 0.0 } else { w }).collect();
        let sum: f64 = kept.iter().sum();
        self.walk(kept.into_iter().map(|w| w / sum).collect(), STEPS.1)
    }
}

impl Block {
    fn treated(&self) -> usize {
        self.y.rows() - self.controls
    }

    fn after(&self) -> usize {
        self.y.cols() - self.before
    }

    /// The spread of changes of the controls from period to period before the treatment.
    fn noise(&self) -> f64 {
        let changes: Vec<f64> = (0..self.controls)
            .flat_map(|i| (1..self.before).map(move |t| (i, t)))
            .map(|(i, t)| self.y[(i, t)] - self.y[(i, t - 1)])
            .collect();
        let n = changes.len() as f64;
        let mean = changes.iter().sum::<f64>() / n;
        (changes.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
    }

    fn mean_treated(&self, t: usize) -> f64 {
        (self.controls..self.y.rows()).map(|i| self.y[(i, t)]).sum::<f64>() / self.treated() as f64
    }

    fn mean_after(&self, i: usize) -> f64 {
        (self.before..self.y.cols()).map(|t| self.y[(i, t)]).sum::<f64>() / self.after() as f64
    }

    /// The effect by a method.
    pub fn effect(&self, method: Method) -> Effect {
        let (controls, before) = (self.controls, self.before);
        let noise = if before > 1 { self.noise() } else { 0.0 };
        let noise = if noise.is_finite() { noise } else { 0.0 };
        let rows = |i: usize| -> Vec<f64> { (0..before).map(|t| self.y[(i, t)]).collect() };
        let target: Vec<f64> = (0..before).map(|t| self.mean_treated(t)).collect();
        let eta = ((self.treated() * self.after()) as f64).powf(0.25);
        let (tiny, least) = (1e-6 * noise, 1e-5 * noise);
        let omega = match method {
            Method::Did => vec![1.0 / controls as f64; controls],
            _ => {
                let zeta = if method == Method::SyntheticDid { eta * noise } else { tiny };
                let columns: Vec<Vec<f64>> = (0..controls).map(rows).collect();
                Quadratic::new(columns, target, zeta, least, method == Method::SyntheticDid).weights()
            }
        };
        let lambda = match method {
            Method::Did => vec![1.0 / before as f64; before],
            Method::SyntheticControl => vec![0.0; before],
            Method::SyntheticDid => {
                let columns: Vec<Vec<f64>> =
                    (0..before).map(|t| (0..controls).map(|i| self.y[(i, t)]).collect()).collect();
                let target: Vec<f64> = (0..controls).map(|i| self.mean_after(i)).collect();
                Quadratic::new(columns, target, tiny, least, true).weights()
            }
        };
        let tau = self.tau(&omega, &lambda);
        Effect { tau, omega, lambda }
    }

    /// The double difference with given weights.
    pub fn tau(&self, omega: &[f64], lambda: &[f64]) -> f64 {
        let change = |i: usize| {
            self.mean_after(i) - lambda.iter().enumerate().map(|(t, w)| w * self.y[(i, t)]).sum::<f64>()
        };
        let treated = (self.controls..self.y.rows()).map(change).sum::<f64>() / self.treated() as f64;
        treated - omega.iter().enumerate().map(|(i, w)| w * change(i)).sum::<f64>()
    }

    /// The same with some rows, controls first.
    pub fn of_rows(&self, rows: &[usize], controls: usize) -> Self {
        Self {
            y: Mat::from_fn(rows.len(), self.y.cols(), |i, t| self.y[(rows[i], t)]),
            controls,
            before: self.before,
        }
    }
}
