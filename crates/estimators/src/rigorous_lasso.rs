//! Lasso of a linear model with penalties from theory: the rigorous lasso.
//!
//! Minimises `RSS/n + lambda/n * sum of loading_j |b_j|`. Formulas: Belloni, Chen, Chernozhukov and Hansen (2012,
//! Econometrica 80), appendix A; Belloni, Chernozhukov and Hansen (2014, Review of Economic Studies 81); start from the
//! residuals of the most correlated candidates and number of rounds: Ahrens, Hansen and Schaffer (2020, Stata Journal
//! 20).

use super::distributions::normal_quantile;
use super::matrix::Mat;

/// How the penalty is set.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Loadings that allow errors of different variances.
    pub heteroskedastic: bool,
    /// Slack of the penalty, above one.
    pub c: f64,
    /// Probability that a candidate without effect enters.
    pub gamma: f64,
    /// Rounds in which the loadings are estimated again.
    pub rounds: usize,
    /// Number of most correlated candidates that give the first residuals.
    pub start: usize,
}

impl Plan {
    /// The usual plan for a number of rows.
    pub fn of(heteroskedastic: bool, rows: usize) -> Self {
        Self { heteroskedastic, c: 1.1, gamma: 0.1 / (rows as f64).ln(), rounds: 2, start: 5 }
    }
}

/// A fitted lasso.
#[derive(Clone, Debug)]
pub struct RigorousFit {
    /// Lasso slopes.
    pub lasso: Vec<f64>,
    /// Least squares on the candidates with lasso slopes that are not zero; zero elsewhere.
    pub after: Vec<f64>,
    /// The penalty.
    pub lambda: f64,
    /// The penalty without the scale of the errors.
    pub lambda0: f64,
    /// Loadings of the candidates.
    pub loadings: Vec<f64>,
}

impl RigorousFit {
    /// Positions of the selected candidates.
    pub fn selected(&self) -> Vec<usize> {
        (0..self.lasso.len()).filter(|j| self.lasso[*j] != 0.0).collect()
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Lasso, ridge or elastic net by coordinate descent on centred columns: the penalty beside `RSS/n` is `lambda/n * (alpha
/// sum psi |b| + (1 - alpha)/2 sum psi^2 b^2)`; `alpha` one is the lasso.
pub fn shrink(y: &[f64], x: &[Vec<f64>], lambda: f64, loadings: &[f64], alpha: f64) -> Vec<f64> {
    let k = x.len();
    let cross = Mat::from_fn(k, k, |a, b| if a <= b { dot(&x[a], &x[b]) } else { 0.0 });
    let product = |a: usize, b: usize| cross[(a.min(b), a.max(b))];
    let right: Vec<f64> = x.iter().map(|c| dot(c, y)).collect();
    let mut b = vec![0.0; k];
    for _ in 0..100_000 {
        let mut moved = 0.0_f64;
        for j in 0..k {
            let own = product(j, j);
            if own <= 0.0 {
                continue;
            }
            let others: f64 = (0..k).filter(|m| *m != j && b[*m] != 0.0).map(|m| product(j, m) * b[m]).sum();
            let slope = right[j] - others;
            let threshold = lambda * alpha * loadings[j] / 2.0;
            let ridge = lambda * (1.0 - alpha) * loadings[j].powi(2) / 2.0;
            let next = slope.signum() * (slope.abs() - threshold).max(0.0) / (own + ridge);
            moved = moved.max((next - b[j]).abs() * own.sqrt());
            b[j] = next;
        }
        if moved <= 1e-12 * dot(y, y).sqrt() {
            break;
        }
    }
    b
}

/// The first columns among some that are not combinations of those before them.
pub fn independent(x: &[Vec<f64>], chosen: &[usize]) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for j in chosen {
        let mut rest = x[*j].clone();
        // twice: once is not enough for nearly collinear columns
        for q in basis.iter().chain(&basis) {
            let part = dot(q, &rest);
            rest.iter_mut().zip(q).for_each(|(r, q)| *r -= part * q);
        }
        let norm = dot(&rest, &rest).sqrt();
        if norm > 1e-9 * dot(&x[*j], &x[*j]).sqrt() {
            rest.iter_mut().for_each(|r| *r /= norm);
            basis.push(rest);
            kept.push(*j);
        }
    }
    kept
}

/// Least squares on some of the columns; collinear ones of them stay zero.
pub fn refit(y: &[f64], x: &[Vec<f64>], chosen: &[usize]) -> Vec<f64> {
    let mut out = vec![0.0; x.len()];
    let kept = independent(x, chosen);
    let k = kept.len();
    let cross = Mat::from_fn(k, k, |a, b| dot(&x[kept[a]], &x[kept[b]]));
    let right: Vec<f64> = kept.iter().map(|j| dot(&x[*j], y)).collect();
    if let Some(inverse) = cross.inverse_definite() {
        kept.iter().zip(inverse.times_vector(&right)).for_each(|(j, b)| out[*j] = b);
    }
    out
}

/// What is left of an outcome.
pub fn residuals(y: &[f64], x: &[Vec<f64>], b: &[f64]) -> Vec<f64> {
    let mut out = y.to_vec();
    for (column, slope) in x.iter().zip(b).filter(|(_, b)| **b != 0.0) {
        out.iter_mut().zip(column).for_each(|(r, v)| *r -= slope * v);
    }
    out
}

/// Fits the lasso on centred columns.
pub fn fit(y: &[f64], x: &[Vec<f64>], plan: &Plan) -> RigorousFit {
    let n = y.len() as f64;
    let p = x.len();
    let lambda0 = 2.0 * plan.c * n.sqrt() * normal_quantile(1.0 - plan.gamma / (2.0 * p as f64));
    let size: Vec<f64> = x.iter().map(|c| (dot(c, c) / n).sqrt()).collect();
    let correlation = |j: usize| if size[j] > 0.0 { (dot(&x[j], y) / size[j]).abs() } else { 0.0 };
    let mut order: Vec<usize> = (0..p).collect();
    order.sort_by(|a, b| correlation(*b).total_cmp(&correlation(*a)));
    order.truncate(plan.start);
    let mut errors = residuals(y, x, &refit(y, x, &order));
    let mut out = RigorousFit {
        lasso: vec![0.0; p],
        after: vec![0.0; p],
        lambda: lambda0,
        lambda0,
        loadings: size.clone(),
    };
    for _ in 0..plan.rounds.max(1) {
        if plan.heteroskedastic {
            out.loadings = x
                .iter()
                .map(|c| (c.iter().zip(&errors).map(|(v, e)| (v * e).powi(2)).sum::<f64>() / n).sqrt())
                .collect();
        } else {
            out.lambda = lambda0 * (dot(&errors, &errors) / n).sqrt();
        }
        out.lasso = shrink(y, x, out.lambda, &out.loadings, 1.0);
        out.after = refit(y, x, &out.selected());
        errors = residuals(y, x, &out.after);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With orthogonal columns the lasso moves each slope towards zero by the same amount.
    #[test]
    fn orthogonal_slopes_move_by_the_threshold() {
        let x = [vec![1.0, -1.0, 1.0, -1.0], vec![1.0, 1.0, -1.0, -1.0]];
        let y: Vec<f64> = (0..4).map(|i| 3.0 * x[0][i] + 0.25 * x[1][i]).collect();
        let b = shrink(&y, &x, 4.0, &[1.0, 1.0], 1.0);
        assert!((b[0] - 2.5).abs() < 1e-10 && b[1] == 0.0, "{b:?}");
        let half = shrink(&y, &x, 4.0, &[1.0, 1.0], 0.0);
        assert!((half[0] - 12.0 / 6.0).abs() < 1e-10, "{half:?}");
    }
}
