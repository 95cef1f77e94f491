//! Moving averages and exponential smoothers of one series, the search for their parameters, and lowess.
//! Formulas: [TS] tssmooth ma, exponential, dexponential, hwinters; Holt (2004), Winters (1960); [R] lowess.

use crate::missing::{MISSING, is_missing};

/// A weighted moving average: `weights[i]` belongs to the value `i - back` periods ahead. Values that are missing
/// or outside the series are left out and the other weights rescaled.
pub fn moving_average(x: &[f64], weights: &[f64], back: usize) -> Vec<f64> {
    (0..x.len())
        .map(|t| {
            let (mut sum, mut total) = (0.0, 0.0);
            for (i, w) in weights.iter().enumerate() {
                let value = (t + i).checked_sub(back).and_then(|at| x.get(at)).copied();
                if let Some(v) = value.filter(|v| !is_missing(*v)) {
                    sum += w * v;
                    total += w;
                }
            }
            if total == 0.0 { MISSING } else { sum / total }
        })
        .collect()
}

/// Result of a smoother: one-step-ahead predictions of each value, the smoothed level after each value, and
/// level and slope after the last one.
pub struct Smoothed {
    /// Predictions from the values before.
    pub predicted: Vec<f64>,
    /// Level after each value.
    pub level: Vec<f64>,
    /// Last level and slope, for forecasts.
    pub last: (f64, f64),
}

impl Smoothed {
    /// Sum of squared one-step-ahead prediction errors.
    pub fn rss(&self, x: &[f64]) -> f64 {
        x.iter().zip(&self.predicted).map(|(x, p)| (x - p).powi(2)).sum()
    }
}

/// Single exponential smoothing from the level `s0` before the first value.
pub fn single(x: &[f64], alpha: f64, s0: f64) -> Smoothed {
    let mut out = Smoothed { predicted: Vec::new(), level: Vec::new(), last: (s0, 0.0) };
    for value in x {
        out.predicted.push(out.last.0);
        out.last.0 = alpha * value + (1.0 - alpha) * out.last.0;
        out.level.push(out.last.0);
    }
    out
}

/// Double exponential smoothing (Brown) from the levels before the first value; `level` is the series smoothed twice.
pub fn double(x: &[f64], alpha: f64, start: (f64, f64)) -> Smoothed {
    let mut out = Smoothed { predicted: Vec::new(), level: Vec::new(), last: (0.0, 0.0) };
    let (mut once, mut twice) = start;
    let ratio = alpha / (1.0 - alpha);
    for value in x {
        out.predicted.push(2.0 * once - twice + ratio * (once - twice));
        once = alpha * value + (1.0 - alpha) * once;
        twice = alpha * once + (1.0 - alpha) * twice;
        out.level.push(twice);
    }
    out.last = (2.0 * once - twice, ratio * (once - twice));
    out
}

/// Nonseasonal Holt–Winters smoothing from level and slope before the first value.
pub fn holt(x: &[f64], alpha: f64, beta: f64, start: (f64, f64)) -> Smoothed {
    let mut out = Smoothed { predicted: Vec::new(), level: Vec::new(), last: start };
    for value in x {
        let (a, b) = out.last;
        out.predicted.push(a + b);
        let level = alpha * value + (1.0 - alpha) * (a + b);
        out.last = (level, beta * (level - a) + (1.0 - beta) * b);
        out.level.push(level);
    }
    out
}

/// Intercept and slope of the first `n` values on 1, 2, ...
pub fn line(x: &[f64], n: usize) -> (f64, f64) {
    let own = &x[..n.min(x.len())];
    let count = own.len() as f64;
    let centre = (count + 1.0) / 2.0;
    let mean = own.iter().sum::<f64>() / count;
    let (mut xy, mut xx) = (0.0, 0.0);
    for (i, value) in own.iter().enumerate() {
        let t = (i + 1) as f64 - centre;
        xy += t * (value - mean);
        xx += t * t;
    }
    let slope = if xx > 0.0 { xy / xx } else { 0.0 };
    (mean - slope * centre, slope)
}

/// The place in (0, 1) where a function is least: the best of a grid, then golden sections around it.
pub fn least_on_unit(f: impl Fn(f64) -> f64) -> f64 {
    const STEPS: usize = 200;
    let at = |k: usize| k as f64 / STEPS as f64;
    let best = (1..STEPS).min_by(|a, b| f(at(*a)).total_cmp(&f(at(*b)))).unwrap_or(1);
    let (mut low, mut high) = (at(best - 1).max(1e-9), at(best + 1).min(1.0 - 1e-9));
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    for _ in 0..80 {
        let (a, b) = (high - golden * (high - low), low + golden * (high - low));
        if f(a) < f(b) { high = b } else { low = a }
    }
    (low + high) / 2.0
}

/// The place in the unit square where a function is least: the best of a grid, then steps along the axes and
/// diagonals that halve when none of them helps.
pub fn least_on_square(f: impl Fn(f64, f64) -> f64) -> (f64, f64) {
    const STEPS: usize = 40;
    let at = |k: usize| k as f64 / STEPS as f64;
    let mut best = (0.5, 0.5);
    let mut value = f(0.5, 0.5);
    for (i, j) in (1..STEPS).flat_map(|i| (1..STEPS).map(move |j| (i, j))) {
        let here = f(at(i), at(j));
        if here < value {
            (best, value) = ((at(i), at(j)), here);
        }
    }
    let mut step = at(1);
    while step > 1e-10 {
        let around = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)];
        let next = around
            .iter()
            .map(|(i, j)| (best.0 + f64::from(*i) * step, best.1 + f64::from(*j) * step))
            .filter(|(a, b)| (1e-9..1.0).contains(a) && (1e-9..1.0).contains(b))
            .map(|p| (p, f(p.0, p.1)))
            .min_by(|a, b| a.1.total_cmp(&b.1));
        match next {
            Some((place, found)) if found < value => (best, value) = (place, found),
            _ => step /= 2.0,
        }
    }
    best
}

/// Lowess ([R] lowess, Methods and formulas): for each point a weighted regression line (or with
/// `mean` a weighted mean) over the nearest `bandwidth` share of the points, tricube weights unless
/// `unweighted`. `points` must be sorted by x.
pub fn lowess(points: &[(f64, f64)], bandwidth: f64, mean: bool, unweighted: bool) -> Vec<(f64, f64)> {
    let n = points.len();
    let k = ((n as f64 * bandwidth - 0.5) / 2.0).floor().max(0.0) as usize;
    (0..n)
        .map(|i| {
            let (low, high) = (i.saturating_sub(k), (i + k).min(n - 1));
            let x = points[i].0;
            let reach = 1.0001 * (points[high].0 - x).max(x - points[low].0);
            let weight = |xj: f64| {
                if unweighted || reach <= 0.0 {
                    return 1.0;
                }
                let u = ((xj - x).abs() / reach).min(1.0);
                (1.0 - u.powi(3)).powi(3)
            };
            let mut sums = [0.0; 5];
            for &(xj, yj) in &points[low..=high] {
                let (w, d) = (weight(xj), xj - x);
                for (sum, term) in sums.iter_mut().zip([w, w * d, w * d * d, w * yj, w * d * yj]) {
                    *sum += term;
                }
            }
            let [w, wd, wdd, wy, wdy] = sums;
            let determinant = w * wdd - wd * wd;
            let y = if mean || determinant <= 1e-12 * w * wdd {
                wy / w
            } else {
                (wdd * wy - wd * wdy) / determinant
            };
            (x, y)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn lowess_agrees_with_weighted_regressions_of_statsmodels() {
        // one WLS of statsmodels per point with the weights of [R] lowess
        let expected: [(f64, bool, bool, [f64; 3]); 3] = [
            (0.8, false, false, [2.040_104_954_1, 10.007_994_061_6, 21.801_049_541_3]),
            (0.5, true, false, [2.822_160_848_3, 9.901_713_489_6, 20.273_637_502_4]),
            (0.5, false, true, [2.016_666_666_7, 10.04, 21.566_666_666_7]),
        ];
        for (bandwidth, mean, unweighted, values) in expected {
            let smooth = lowess(&POINTS, bandwidth, mean, unweighted);
            for (at, value) in [0, 4, 9].into_iter().zip(values) {
                assert!((smooth[at].1 - value).abs() < 1e-9, "{bandwidth} {at}: {} {value}", smooth[at].1);
            }
        }
    }
}
