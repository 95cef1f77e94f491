//! Linear quantile regression: the minimum of weighted check losses as a vertex of the linear programme,
//! found by steepest descent along its edges (Koenker and d'Orey 1987). Where several
//! vertices have the least loss, the fit is the lowest of them, as the quantile of a sample is its lower order statistic.

use super::distributions::normal_quantile;
use super::matrix::Mat;
use super::qr::{Design, solve};

/// A fitted quantile.
#[derive(Debug, Clone)]
pub struct QuantileFit {
    /// Coefficients: columns, then the constant.
    pub b: Vec<f64>,
    /// Weighted sum of check losses.
    pub loss: f64,
    /// Edges walked along.
    pub iterations: usize,
    /// Whether the vertex is optimal.
    pub converged: bool,
    /// Whether no other vertex is optimal.
    pub unique: bool,
}

/// Columns of a quantile regression; all independent.
#[derive(Clone, Copy)]
pub struct QuantileData<'a> {
    /// Outcome.
    pub y: &'a [f64],
    /// Regressors.
    pub columns: &'a [&'a [f64]],
    /// Weights; absent means ones.
    pub w: Option<&'a [f64]>,
    /// Whether there is a constant.
    pub constant: bool,
}

impl QuantileData<'_> {
    /// Number of parameters.
    pub fn size(&self) -> usize {
        self.columns.len() + usize::from(self.constant)
    }

    pub(crate) fn weight(&self, i: usize) -> f64 {
        self.w.map_or(1.0, |w| w[i])
    }

    /// Fitted values.
    pub fn fitted(&self, b: &[f64]) -> Vec<f64> {
        let last = if self.constant { b[self.columns.len()] } else { 0.0 };
        let mut out = vec![last; self.y.len()];
        for (column, b) in self.columns.iter().zip(b) {
            out.iter_mut().zip(*column).for_each(|(o, x)| *o += b * x);
        }
        out
    }

    /// Residuals; those of interpolated points are zero up to rounding.
    pub fn residuals(&self, b: &[f64]) -> Vec<f64> {
        self.y.iter().zip(self.fitted(b)).map(|(y, f)| y - f).collect()
    }

    /// Weighted sum of check losses of residuals.
    pub fn loss(&self, residuals: &[f64], tau: f64) -> f64 {
        residuals
            .iter()
            .enumerate()
            .map(|(i, r)| self.weight(i) * if *r >= 0.0 { tau * r } else { (tau - 1.0) * r })
            .sum()
    }
}

/// Standardised rows: `z[i * p + j]`, with the shift and scale of each column.
pub(crate) struct Rows {
    z: Vec<f64>,
    shift: Vec<f64>,
    scale: Vec<f64>,
    p: usize,
}

impl Rows {
    pub(crate) fn of(data: QuantileData<'_>) -> Self {
        let (n, p) = (data.y.len(), data.size());
        let (mut shift, mut scale) = (vec![0.0; p], vec![1.0; p]);
        let mut z = vec![1.0; n * p];
        for (j, column) in data.columns.iter().enumerate() {
            if data.constant {
                shift[j] = column.iter().sum::<f64>() / n as f64;
            }
            let spread = column.iter().map(|x| (x - shift[j]).powi(2)).sum::<f64>() / n as f64;
            scale[j] = if spread > 0.0 { spread.sqrt() } else { 1.0 };
            for i in 0..n {
                z[i * p + j] = (column[i] - shift[j]) / scale[j];
            }
        }
        Self { z, shift, scale, p }
    }

    pub(crate) fn row(&self, i: usize) -> &[f64] {
        &self.z[i * self.p..(i + 1) * self.p]
    }

    /// Covariance of the coefficients of the raw columns.
    pub(crate) fn raw_covariance(&self, v: &Mat, constant: bool) -> Mat {
        let last = self.p.saturating_sub(1);
        let cell = |i: usize, j: usize| match () {
            () if i == j => 1.0 / self.scale[j],
            () if constant && i == last => -self.shift[j] / self.scale[j],
            () => 0.0,
        };
        Mat::from_fn(self.p, self.p, cell).sandwich(v)
    }

    /// Coefficients of the raw columns.
    fn raw(&self, b: &[f64], constant: bool) -> Vec<f64> {
        let mut out: Vec<f64> = b.iter().zip(&self.scale).map(|(b, s)| b / s).collect();
        if constant {
            let last = self.p - 1;
            out[last] = b[last] - (0..last).map(|j| out[j] * self.shift[j]).sum::<f64>();
        }
        out
    }
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Rows with small residuals that span the parameters.
fn first_basis(rows: &Rows, residuals: &[f64]) -> Option<Vec<usize>> {
    let mut order: Vec<usize> = (0..residuals.len()).collect();
    order.sort_by(|&a, &b| residuals[a].abs().total_cmp(&residuals[b].abs()).then(a.cmp(&b)));
    for tolerance in [1e-2, 1e-5, 1e-9] {
        let mut basis = Vec::new();
        let mut directions: Vec<Vec<f64>> = Vec::new();
        for &i in &order {
            let mut v = rows.row(i).to_vec();
            let length = product(&v, &v).sqrt();
            for _ in 0..2 {
                for d in &directions {
                    let c = product(&v, d);
                    v.iter_mut().zip(d).for_each(|(v, d)| *v -= c * d);
                }
            }
            let rest = product(&v, &v).sqrt();
            if rest > tolerance * length && rest > 0.0 {
                v.iter_mut().for_each(|v| *v /= rest);
                directions.push(v);
                basis.push(i);
                if basis.len() == rows.p {
                    return Some(basis);
                }
            }
        }
    }
    None
}

fn basis_inverse(rows: &Rows, basis: &[usize]) -> Option<Mat> {
    let data = basis.iter().flat_map(|&i| rows.row(i).to_vec()).collect();
    Mat::from_rows(rows.p, rows.p, data).inverse()
}

/// A deterministic shift that separates ties: in (-1, 1), from the finaliser of SplitMix64 (Steele, Lea and Flood
/// 2014). A regular sequence would not do: rows that follow a pattern themselves would stay tied.
fn nudge(i: usize, attempt: u64) -> f64 {
    let mut z = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(attempt << 32);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) as f64 / (u64::MAX as f64) * 2.0 - 1.0
}

/// The quantile `tau` of the outcome alone and the check loss around it: the value number `floor((n + 1) tau)` in
/// ascending order, as the published `e(q_v)` of [R] qreg (4187, 4934 and 6342 of 74 prices) and of 235 values at 0.75.
/// Weights are `counts`, and where `(n + 1) tau` is no integer, the loss may be above the least one; other weights have
/// no number of rows, and the value is the lowest of those with the least loss.
pub fn raw(data: QuantileData<'_>, tau: f64, counts: bool) -> Option<(f64, f64)> {
    let mut order: Vec<usize> = (0..data.y.len()).collect();
    order.sort_by(|a, b| data.y[*a].total_cmp(&data.y[*b]));
    let n: f64 = order.iter().map(|i| data.weight(*i)).sum();
    // the product of counts and a decimal fraction may fall short of an integer by rounding
    let wanted = match counts {
        true => ((n + 1.0) * tau * (1.0 + 1e-12)).floor().clamp(1.0, n.max(1.0)),
        false => n * tau * (1.0 - 1e-12),
    };
    let mut seen = 0.0;
    let value = order.iter().find_map(|i| {
        seen += data.weight(*i);
        (seen >= wanted).then_some(data.y[*i])
    })?;
    let residuals: Vec<f64> = data.y.iter().map(|y| y - value).collect();
    Some((value, data.loss(&residuals, tau)))
}

/// Fits quantile `tau`. `None` when the columns do not span the parameters.
pub fn fit(data: QuantileData<'_>, tau: f64) -> Option<QuantileFit> {
    let (n, p) = (data.y.len(), data.size());
    if p == 0 {
        let loss = data.loss(data.y, tau);
        return Some(QuantileFit { b: Vec::new(), loss, iterations: 0, converged: true, unique: true });
    }
    let rows = Rows::of(data);
    let start = solve(Design { columns: data.columns, weights: data.w, constant: data.constant }, data.y);
    let ols = data.residuals(&start.b);
    let spread = ols.iter().map(|r| r.abs()).sum::<f64>() / n as f64;
    let level = data.y.iter().map(|y| y.abs()).fold(0.0, f64::max);
    let shift = normal_quantile(tau) * spread;
    let centred: Vec<f64> = ols.iter().map(|r| r - shift).collect();
    let basis = first_basis(&rows, &centred)?;
    // Large enough to stand above rounding, too small to move a vertex; larger where ties remained.
    let size = (1e-9 * spread).max(1e-13 * level);
    let mut found = None;
    for attempt in 0..4 {
        let size = size * 30f64.powi(attempt);
        let y: Vec<f64> =
            data.y.iter().enumerate().map(|(i, y)| y + size * nudge(i, attempt as u64)).collect();
        let walked = walk(&data, &rows, &y, basis.clone(), (tau, spread))?;
        let converged = walked.converged;
        found = Some(walked);
        if converged {
            break;
        }
    }
    found
}

/// Walks from a basis along edges of descending loss with the outcome `y`, whose ties are separated.
fn walk(
    data: &QuantileData<'_>,
    rows: &Rows,
    y: &[f64],
    mut basis: Vec<usize>,
    (tau, spread): (f64, f64),
) -> Option<QuantileFit> {
    let (n, p) = (y.len(), rows.p);
    let mut inside = vec![false; n];
    basis.iter().for_each(|&i| inside[i] = true);
    let (mut iterations, mut converged, mut unique) = (0, false, true);
    let limit = 200 * p + 20 * n + 2000;
    let mut inverse = basis_inverse(rows, &basis)?;
    let mut breaks: Vec<(f64, f64, usize)> = Vec::new();
    // change of the weighted sum of fitted values with each parameter
    let mut total = vec![0.0; p];
    (0..n).for_each(|i| total.iter_mut().zip(rows.row(i)).for_each(|(t, z)| *t += data.weight(i) * z));
    let size = total.iter().map(|t| t.abs()).sum::<f64>();
    while iterations < limit {
        let b = inverse.times_vector(&basis.iter().map(|&i| y[i]).collect::<Vec<_>>());
        let (r, gradient) = outside(data, rows, (y, &b), &inside, tau);
        let (leaving, direction, slope) = match steepest(data, &inverse, &basis, &gradient, tau) {
            Edge::Descends(leaving, direction, slope) => (leaving, direction, slope),
            Edge::Level(edges) => {
                converged = true;
                // ties that were separated are no other solutions
                let far = |d: &[f64]| nearest(rows, &inside, &r, d).is_some_and(|t| t > 1e-6 * spread);
                let mut others = edges.into_iter().filter(|(_, d)| far(d)).peekable();
                unique = unique && others.peek().is_none();
                let down = others.find(|(_, d)| product(&total, d) < -1e-10 * size);
                let Some((leaving, direction)) = down else { break };
                (leaving, direction, 0.0)
            }
        };
        breaks.clear();
        for i in (0..n).filter(|&i| !inside[i]) {
            let a = product(rows.row(i), &direction);
            let t = r[i] / a;
            if t > 0.0 && a.abs() > 1e-14 {
                breaks.push((t, data.weight(i) * a.abs(), i));
            }
        }
        breaks.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.2.cmp(&b.2)));
        let mut running = slope;
        let entering = breaks.iter().find(|(_, weight, _)| {
            running += weight;
            running >= 0.0
        });
        let Some(&(_, _, entering)) = entering else { break };
        inside[basis[leaving]] = false;
        inside[entering] = true;
        basis[leaving] = entering;
        inverse = basis_inverse(rows, &basis)?;
        iterations += 1;
    }
    let b = inverse.times_vector(&basis.iter().map(|&i| data.y[i]).collect::<Vec<_>>());
    let b = rows.raw(&b, data.constant);
    let loss = data.loss(&data.residuals(&b), tau);
    Some(QuantileFit { b, loss, iterations, converged, unique })
}

/// Residuals of the rows outside the basis, and the negative gradient of their loss.
fn outside(
    data: &QuantileData<'_>,
    rows: &Rows,
    (y, b): (&[f64], &[f64]),
    inside: &[bool],
    tau: f64,
) -> (Vec<f64>, Vec<f64>) {
    let (mut r, mut gradient) = (vec![0.0; y.len()], vec![0.0; rows.p]);
    for i in (0..y.len()).filter(|i| !inside[*i]) {
        let z = rows.row(i);
        r[i] = y[i] - product(z, b);
        let slope = data.weight(i) * if r[i] < 0.0 { tau - 1.0 } else { tau };
        gradient.iter_mut().zip(z).for_each(|(g, z)| *g += slope * z);
    }
    (r, gradient)
}

/// Length of the step along a direction to the first residual that becomes zero.
fn nearest(rows: &Rows, inside: &[bool], residuals: &[f64], direction: &[f64]) -> Option<f64> {
    let steps = (0..residuals.len()).filter(|i| !inside[*i]).filter_map(|i| {
        let a = product(rows.row(i), direction);
        let t = residuals[i] / a;
        (t > 0.0 && a.abs() > 1e-14).then_some(t)
    });
    steps.min_by(f64::total_cmp)
}

/// Edges from a vertex.
enum Edge {
    /// The one with the most negative slope per unit of length: leaving position, direction, slope.
    Descends(usize, Vec<f64>, f64),
    /// None descends; those along which the loss does not change.
    Level(Vec<(usize, Vec<f64>)>),
}

fn steepest(data: &QuantileData<'_>, inverse: &Mat, basis: &[usize], gradient: &[f64], tau: f64) -> Edge {
    let p = basis.len();
    let mut best: Option<(usize, f64, f64, f64)> = None;
    let mut level = Vec::new();
    let along = |j: usize, sign: f64| (0..p).map(|i| sign * inverse[(i, j)]).collect::<Vec<f64>>();
    for (j, row) in basis.iter().enumerate() {
        let column = along(j, 1.0);
        let u = product(&column, gradient);
        let w = data.weight(*row);
        let length = product(&column, &column).sqrt();
        for (sign, slope) in [(1.0, w * (1.0 - tau) - u), (-1.0, w * tau + u)] {
            let scale = 1e-10 * (w + u.abs());
            if slope < -scale && best.is_none_or(|b| slope / length < b.3) {
                best = Some((j, sign, slope, slope / length));
            }
            if slope.abs() <= scale {
                level.push((j, sign));
            }
        }
    }
    match best {
        Some((j, sign, slope, _)) => Edge::Descends(j, along(j, sign), slope),
        None => Edge::Level(level.into_iter().map(|(j, sign)| (j, along(j, sign))).collect()),
    }
}
