//! The test of parallel slopes after an ordered logit: Brant (1990), Assessing proportionality in the proportional odds model for ordinal
//! logistic regression, Biometrics 46, 1171-1178.

use super::matrix::Mat;

/// The test.
pub struct Brant {
    /// Coefficients of the binary logits of `y > 1`, `y > 2` ...: regressors, then the constant, by cut.
    pub coefficients: Vec<Vec<f64>>,
    /// Statistic of all slopes.
    pub chi2: f64,
    /// Statistic of each regressor; degrees of freedom are the cuts less one.
    pub by_regressor: Vec<f64>,
}

/// The test from categories numbered from zero and columns of regressors; nothing where a binary logit has no finite maximum or a
/// covariance is singular.
pub fn test(category: &[usize], columns: &[Vec<f64>]) -> Option<Brant> {
    let cuts = category.iter().max().copied().unwrap_or(0);
    let k = columns.len();
    let row = |i: usize| -> Vec<f64> { columns.iter().map(|c| c[i]).chain([1.0]).collect() };
    let rows: Vec<Vec<f64>> = (0..category.len()).map(row).collect();
    let mut coefficients = Vec::new();
    let mut shares = Vec::new();
    for cut in 0..cuts {
        let above: Vec<bool> = category.iter().map(|c| *c > cut).collect();
        let (b, p) = logit(&rows, &above)?;
        coefficients.push(b);
        shares.push(p);
    }
    let mut inverses = Vec::new();
    for p in &shares {
        let weights: Vec<f64> = p.iter().map(|p| p * (1.0 - p)).collect();
        inverses.push(products(&rows, &weights).inverse_definite()?);
    }
    // covariance of the slopes of all cuts
    let slopes: Vec<usize> = (0..k).collect();
    let block = |j: usize, l: usize| -> Mat {
        let (low, high) = (&shares[j.min(l)], &shares[j.max(l)]);
        let weights: Vec<f64> = low.iter().zip(high).map(|(a, b)| b - a * b).collect();
        inverses[j].times(&products(&rows, &weights)).times(&inverses[l]).select(&slopes, &slopes)
    };
    let blocks: Vec<Vec<Mat>> = (0..cuts).map(|j| (0..cuts).map(|l| block(j, l)).collect()).collect();
    let statistic = |which: &[usize]| -> Option<f64> {
        let size = (cuts - 1) * which.len();
        let at = |position: usize| (1 + position / which.len(), which[position % which.len()]);
        let gaps: Vec<f64> = (0..size)
            .map(|p| {
                let (cut, variable) = at(p);
                coefficients[0][variable] - coefficients[cut][variable]
            })
            .collect();
        let v = Mat::from_fn(size, size, |a, b| {
            let ((j, x), (l, z)) = (at(a), at(b));
            blocks[0][0][(x, z)] - blocks[0][l][(x, z)] - blocks[j][0][(x, z)] + blocks[j][l][(x, z)]
        });
        Some(v.inverse_definite()?.quadratic(&gaps))
    };
    let by_regressor = (0..k).map(|x| statistic(&[x])).collect::<Option<Vec<f64>>>()?;
    Some(Brant { chi2: statistic(&slopes)?, by_regressor, coefficients })
}

fn products(rows: &[Vec<f64>], weights: &[f64]) -> Mat {
    let size = rows.first().map_or(0, Vec::len);
    let mut out = Mat::zeros(size, size);
    for (row, weight) in rows.iter().zip(weights) {
        for i in 0..size {
            for j in 0..size {
                out[(i, j)] += weight * row[i] * row[j];
            }
        }
    }
    out
}

/// Coefficients and probabilities of a binary logit by Newton's method.
fn logit(rows: &[Vec<f64>], y: &[bool]) -> Option<(Vec<f64>, Vec<f64>)> {
    let size = rows.first()?.len();
    let mut b = vec![0.0; size];
    for _ in 0..60 {
        let p: Vec<f64> = rows
            .iter()
            .map(|r| 1.0 / (1.0 + (-r.iter().zip(&b).map(|(x, c)| x * c).sum::<f64>()).exp()))
            .collect();
        let weights: Vec<f64> = p.iter().map(|p| p * (1.0 - p)).collect();
        let gradient: Vec<f64> = (0..size)
            .map(|j| {
                rows.iter()
                    .zip(y.iter().zip(&p))
                    .map(|(r, (y, p))| r[j] * (f64::from(u8::from(*y)) - p))
                    .sum()
            })
            .collect();
        let step = products(rows, &weights).inverse_definite()?.times_vector(&gradient);
        b.iter_mut().zip(&step).for_each(|(b, s)| *b += s);
        if b.iter().any(|c| c.abs() > 1e6 || c.is_nan()) {
            return None;
        }
        let scale = b.iter().fold(1.0_f64, |m, c| m.max(c.abs()));
        if step.iter().all(|s| s.abs() < 1e-11 * scale) {
            return Some((b, p));
        }
    }
    None
}
