//! Stochastic frontiers of panels with an inefficiency of each unit, constant or decaying in time (Battese and Coelli
//! 1992, Journal of Productivity Analysis 3; [XT] xtfrontier, Methods and formulas).
//!
//! Parameters: regressors (a constant is a column), `mu`, `eta` where the inefficiency decays, `ln sigma_S^2` and the
//! logit of `gamma = sigma_u^2/sigma_S^2`.

use super::distributions::LN_SQRT_TWO_PI;
use super::jet::Jet;
use super::matrix::Mat;
use super::ml_group::{GroupLikelihood, GroupPoint, Grouped};

/// A panel frontier.
pub struct PanelFrontier<'a> {
    /// Regressors and outcome by group.
    pub rows: Grouped<'a>,
    /// Time of each row less the last one of its unit.
    pub time: Option<&'a [f64]>,
    /// 1 for production, -1 for costs.
    pub sign: f64,
}

/// Sums over the rows of a unit: `sum eta_t e_t`, `sum e_t^2`, `sum eta_t^2`.
#[derive(Clone, Copy)]
pub struct Sums {
    /// Residuals times the factors of decay.
    pub cross: f64,
    /// Squared residuals.
    pub squares: f64,
    /// Squared factors of decay.
    pub decay: f64,
}

/// Log likelihood of a unit of `n` rows; arguments: the three sums, `mu`, `ln sigma_S^2`, logit of `gamma`.
fn unit(sign: f64, n: f64, [cross, squares, decay, mu, lns, lgt]: [Jet<6>; 6]) -> Jet<6> {
    let (gamma, rest) = (lgt.logistic(), (-lgt).logistic());
    let s2 = lns.exp();
    let spread = (decay - 1.0) * gamma + 1.0;
    let above = mu / (gamma * s2).sqrt();
    let inner = (mu * rest - gamma * cross * sign) / (gamma * rest * s2 * spread).sqrt();
    -lns * (0.5 * n)
        - rest.ln() * (0.5 * (n - 1.0))
        - spread.ln() * 0.5
        - above.ln_normal()
        - above.square() * 0.5
        + inner.ln_normal()
        + inner.square() * 0.5
        - squares / (rest * s2) * 0.5
        - n * LN_SQRT_TWO_PI
}

impl PanelFrontier<'_> {
    /// Number of parameters after the regressors.
    fn further(&self) -> usize {
        3 + usize::from(self.time.is_some())
    }

    /// Factor of decay of a row and its first two derivatives in `eta`.
    fn decay(&self, row: usize, b: &[f64]) -> [f64; 3] {
        let Some(time) = self.time else { return [1.0, 0.0, 0.0] };
        let eta = b[self.rows.columns.len() + 1];
        let h = (-eta * time[row]).exp();
        [h, -time[row] * h, time[row] * time[row] * h]
    }
}

impl GroupLikelihood for PanelFrontier<'_> {
    fn parameters(&self) -> usize {
        self.rows.columns.len() + self.further()
    }

    fn groups(&self) -> usize {
        self.rows.rows.len()
    }

    fn group(&self, group: usize, b: &[f64]) -> GroupPoint {
        let rows = &self.rows.rows[group];
        let (k, size) = (self.rows.columns.len(), b.len());
        // values, gradients and Hessians of the three sums
        let mut sums = [0.0; 3];
        let mut first = vec![vec![0.0; size]; 3];
        let mut second = vec![Mat::zeros(size, size); 3];
        let eta = k + 1;
        for row in rows {
            let e = self.rows.y[*row] - self.rows.index(*row, b);
            let [h, h1, h2] = self.decay(*row, b);
            sums[0] += h * e;
            sums[1] += e * e;
            sums[2] += h * h;
            for a in 0..k {
                let x = self.rows.columns[a][*row];
                first[0][a] -= h * x;
                first[1][a] -= 2.0 * e * x;
                for c in 0..k {
                    second[1][(a, c)] += 2.0 * x * self.rows.columns[c][*row];
                }
            }
            if self.time.is_some() {
                first[0][eta] += h1 * e;
                first[2][eta] += 2.0 * h * h1;
                second[0][(eta, eta)] += h2 * e;
                second[2][(eta, eta)] += 2.0 * (h1 * h1 + h * h2);
                for a in 0..k {
                    let x = self.rows.columns[a][*row];
                    second[0][(a, eta)] -= h1 * x;
                    second[0][(eta, a)] -= h1 * x;
                }
            }
        }
        let at = [sums[0], sums[1], sums[2], b[k], b[size - 2], b[size - 1]];
        let jet = unit(self.sign, rows.len() as f64, Jet::variables(&at));
        for place in [k, size - 2, size - 1] {
            let mut own = vec![0.0; size];
            own[place] = 1.0;
            first.push(own);
        }
        let mut out = GroupPoint { ll: jet.v, gradient: vec![0.0; size], hessian: Mat::zeros(size, size) };
        for i in 0..6 {
            for (total, own) in out.gradient.iter_mut().zip(&first[i]) {
                *total += jet.g[i] * own;
            }
            if i < 3 {
                out.hessian = out.hessian.plus(&second[i].clone().scaled(jet.g[i]));
            }
            for j in 0..6 {
                let outer = Mat::from_fn(size, size, |a, c| first[i][a] * first[j][c]);
                out.hessian = out.hessian.plus(&outer.scaled(jet.h[i][j]));
            }
        }
        out
    }
}

/// Mean and standard deviation of the normal distribution that, cut at zero, is the inefficiency of a unit given its
/// residuals. `scales` are the standard deviations of `v` and `u`.
pub fn posterior(sign: f64, sums: Sums, mu: f64, (v, u): (f64, f64)) -> (f64, f64) {
    let total = v * v + u * u * sums.decay;
    ((mu * v * v - sign * sums.cross * u * u) / total, v * u / total.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The likelihood of two rows integrates to one over their residuals.
    #[test]
    fn density_integrates_to_one() {
        let (steps, width) = (400, 0.06);
        let mut total = 0.0;
        for i in 0..steps {
            for j in 0..steps {
                let e = [i, j].map(|k| -12.0 + (f64::from(k) + 0.5) * width);
                let h = [1.2, 1.0];
                let at = [
                    h[0] * e[0] + h[1] * e[1],
                    e[0] * e[0] + e[1] * e[1],
                    h[0] * h[0] + h[1] * h[1],
                    0.4,
                    0.3,
                    0.5,
                ];
                total += unit(1.0, 2.0, Jet::variables(&at)).v.exp() * width * width;
            }
        }
        assert!((total - 1.0).abs() < 1e-4, "{total}");
    }
}
