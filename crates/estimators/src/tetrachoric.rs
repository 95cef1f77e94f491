//! The tetrachoric correlation of a table of two binary variables ([R] tetrachoric, Methods and formulas).

use super::binormal::{binormal, binormal_density};
use super::distributions::{normal, normal_quantile};

/// A correlation with its standard error.
#[derive(Clone, Copy, Debug)]
pub struct Correlation {
    /// The estimate.
    pub rho: f64,
    /// Its standard error; zero at the boundary.
    pub se: f64,
}

/// Counts of two binary variables: `[[n00, n01], [n10, n11]]`.
pub type Counts = [[f64; 2]; 2];

/// Replaces the only empty cell by one half and keeps the margins (option `zeroadjust`).
pub fn without_zero(n: Counts) -> Counts {
    let empty: Vec<(usize, usize)> =
        [(0, 0), (0, 1), (1, 0), (1, 1)].into_iter().filter(|(i, j)| n[*i][*j] == 0.0).collect();
    let [(i, j)] = empty[..] else { return n };
    let shift = |a: usize, b: usize| if (a == i) == (b == j) { 0.5 } else { -0.5 };
    [0, 1].map(|a| [0, 1].map(|b| n[a][b] + shift(a, b)))
}

/// Maximum likelihood: the correlation of two standard normal variables, cut at the margins, whose probabilities are
/// the observed shares; the standard error by the delta method, which is that of the information matrix. Nothing when
/// a variable does not vary.
pub fn maximum_likelihood(n: Counts) -> Option<Correlation> {
    let total: f64 = n.iter().flatten().sum();
    let (row, column) = ((n[0][0] + n[0][1]) / total, (n[0][0] + n[1][0]) / total);
    if !(row > 0.0 && row < 1.0 && column > 0.0 && column < 1.0) {
        return None;
    }
    if n[0][0] == 0.0 || n[1][1] == 0.0 {
        return Some(Correlation { rho: -1.0, se: 0.0 });
    }
    if n[0][1] == 0.0 || n[1][0] == 0.0 {
        return Some(Correlation { rho: 1.0, se: 0.0 });
    }
    let (h, k) = (normal_quantile(row), normal_quantile(column));
    let share = n[0][0] / total;
    let (mut low, mut high) = (-1.0, 1.0);
    let mut rho = 0.0;
    for _ in 0..200 {
        let gap = binormal(h, k, rho) - share;
        if gap > 0.0 {
            high = rho;
        } else {
            low = rho;
        }
        let newton = rho - gap / binormal_density(h, k, rho);
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - rho).abs() < 1e-15 {
            break;
        }
        rho = next;
    }
    let root = (1.0 - rho * rho).sqrt();
    let density = binormal_density(h, k, rho);
    let (by_row, by_column) = (normal((k - rho * h) / root), normal((h - rho * k) / root));
    // derivatives of rho in the shares of the cells
    let slopes = [[(1.0 - by_row - by_column) / density, -by_row / density], [-by_column / density, 0.0]];
    let moment = |power: i32| -> f64 {
        (0..2)
            .flat_map(|i| (0..2).map(move |j| (i, j)))
            .map(|(i, j)| n[i][j] / total * slopes[i][j].powi(power))
            .sum()
    };
    Some(Correlation { rho, se: ((moment(2) - moment(1).powi(2)) / total).sqrt() })
}

/// The approximation of Edwards and Edwards (1984): `(a - 1)/(a + 1)` with the odds ratio to the power pi/4 as `a`.
pub fn edwards(n: Counts) -> Option<Correlation> {
    let cross = |a: f64, b: f64| a * b;
    let (top, bottom) = (cross(n[0][0], n[1][1]), cross(n[0][1], n[1][0]));
    if top == 0.0 && bottom == 0.0 {
        return None;
    }
    if top == 0.0 || bottom == 0.0 {
        return Some(Correlation { rho: if top == 0.0 { -1.0 } else { 1.0 }, se: 0.0 });
    }
    let alpha = (top / bottom).powf(std::f64::consts::FRAC_PI_4);
    let spread: f64 = n.iter().flatten().map(|x| 1.0 / x).sum();
    let slope = std::f64::consts::FRAC_PI_2 * alpha / (1.0 + alpha).powi(2);
    Some(Correlation { rho: (alpha - 1.0) / (alpha + 1.0), se: slope * spread.sqrt() })
}
