//! The sample spectral density of a series at its natural frequencies ([TS] pergram, [TS] cumsp, Methods and formulas;
//! Newton 1988).

use std::f64::consts::PI;

/// `|sum x(t) exp(2 pi i (t-1) (k-1)/n)|^2 / n` of the series less its mean, for `k = 1 ... [n/2] + 1`.
pub fn periodogram(series: &[f64]) -> Vec<f64> {
    let n = series.len();
    if n == 0 {
        return Vec::new();
    }
    let mean = series.iter().sum::<f64>() / n as f64;
    let centred: Vec<(f64, f64)> = series.iter().map(|x| (x - mean, 0.0)).collect();
    let mut out: Vec<f64> =
        transform(&centred)[..=n / 2].iter().map(|(re, im)| (re * re + im * im) / n as f64).collect();
    // the mean was taken out
    out[0] = 0.0;
    out
}

/// The discrete Fourier transform by the factors of the length (Cooley and Tukey 1965).
fn transform(x: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let n = x.len();
    let factor = (2..).take_while(|p| p * p <= n).find(|p| n.is_multiple_of(*p)).unwrap_or(n);
    let turn = |k: usize| {
        let angle = 2.0 * PI * (k % n) as f64 / n as f64;
        (angle.cos(), angle.sin())
    };
    let times = |a: (f64, f64), b: (f64, f64)| (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0);
    if n <= 1 {
        return x.to_vec();
    }
    let turns: Vec<(f64, f64)> = (0..n).map(turn).collect();
    let rest = n / factor;
    let parts: Vec<Vec<(f64, f64)>> = if factor == n {
        x.iter().map(|v| vec![*v]).collect()
    } else {
        (0..factor)
            .map(|r| transform(&x.iter().skip(r).step_by(factor).copied().collect::<Vec<_>>()))
            .collect()
    };
    (0..n)
        .map(|k| {
            parts.iter().enumerate().fold((0.0, 0.0), |sum, (r, part)| {
                let (re, im) = times(part[k % rest], turns[r * k % n]);
                (sum.0 + re, sum.1 + im)
            })
        })
        .collect()
}

/// Sums of the spectral density up to each frequency as shares of the whole sum.
pub fn cumulative(density: &[f64]) -> Vec<f64> {
    let total: f64 = density.iter().sum();
    density
        .iter()
        .scan(0.0, |sum, f| {
            *sum += f;
            Some(*sum / total)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transform_is_the_sum_of_its_definition() {
        for n in [1_usize, 2, 3, 7, 12, 30, 49] {
            let x: Vec<f64> = (0..n).map(|t| ((t * 7) % 11) as f64 - 3.0).collect();
            let mean = x.iter().sum::<f64>() / n as f64;
            for (k, found) in periodogram(&x).iter().enumerate() {
                let angle = |t: usize| 2.0 * PI * (t * k) as f64 / n as f64;
                let re: f64 = x.iter().enumerate().map(|(t, v)| (v - mean) * angle(t).cos()).sum();
                let im: f64 = x.iter().enumerate().map(|(t, v)| (v - mean) * angle(t).sin()).sum();
                assert!((found - (re * re + im * im) / n as f64).abs() < 1e-9, "{n} {k}");
            }
        }
    }
}
