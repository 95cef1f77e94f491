//! Weights that a regression with group and period effects gives to the treatment effects of cells, and how much these would
//! have to vary to mislead. De Chaisemartin and D'Haultfoeuille (2020), Two-way fixed effects estimators with heterogeneous
//! treatment effects, American Economic Review 110, theorem 1 and corollary 1.

/// Treated cells and what follows from their weights.
pub struct Weighted {
    /// Weight of each cell; those of cells without treatment are zero. They add up to one.
    pub weights: Vec<f64>,
    /// Least standard deviation of effects whose mean is zero.
    pub zero_mean: f64,
    /// Least standard deviation of effects of the opposite sign in all cells; nothing where no weight is negative.
    pub opposite: Option<f64>,
}

/// Weights from the residuals of the treatment on both sets of effects. `size` has the observations (or the sum of their
/// weights) of each cell; `estimate` is the coefficient of the treatment.
pub fn weigh(treatment: &[f64], residual: &[f64], size: &[f64], estimate: f64) -> Option<Weighted> {
    let dose: Vec<f64> = treatment.iter().zip(size).map(|(d, n)| d * n).collect();
    let whole: f64 = dose.iter().sum();
    let sum: f64 = dose.iter().zip(residual).map(|(m, e)| m * e).sum();
    if whole == 0.0 || sum == 0.0 || treatment.iter().any(|d| *d < 0.0) {
        return None;
    }
    let weights: Vec<f64> = dose.iter().zip(residual).map(|(m, e)| m * e / sum).collect();
    // Relative weights, which have mean one over the treated, largest first, with the shares of their cells.
    let mut relative: Vec<(f64, f64)> = weights
        .iter()
        .zip(&dose)
        .filter(|(_, m)| **m > 0.0)
        .map(|(w, m)| (w * whole / m, m / whole))
        .collect();
    relative.sort_by(|a, b| b.0.total_cmp(&a.0));
    let variance: f64 = relative.iter().map(|(w, p)| p * (w - 1.0) * (w - 1.0)).sum();
    // Sums over the cells from each one to the last.
    let mut tails = vec![[0.0; 3]; relative.len()];
    let mut so_far = [0.0; 3];
    for (tail, (w, p)) in tails.iter_mut().zip(&relative).rev() {
        so_far = [so_far[0] + p, so_far[1] + p * w, so_far[2] + p * w * w];
        *tail = so_far;
    }
    let opposite = relative
        .iter()
        .zip(&tails)
        .find(|((w, _), [share, sum, _])| *w < -sum / (1.0 - share))
        .map(|(_, [share, sum, square])| estimate.abs() / (square + sum * sum / (1.0 - share)).sqrt());
    let negative = weights.iter().any(|w| *w < 0.0);
    Some(Weighted {
        weights,
        zero_mean: estimate.abs() / variance.sqrt(),
        opposite: opposite.filter(|_| negative),
    })
}
