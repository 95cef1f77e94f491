//! Decomposition of the difference between two groups' mean outcomes (Blinder 1973; Oaxaca 1973): coefficients and means
//! of both groups with their covariance, and the parts that are products of them.

use super::matrix::Mat;
use super::ols::{self, FitError, OlsFit, Request};
use super::vce::{Clusters, Vce};
use super::weights::{WeightKind, Weights};

/// Two groups with one model.
pub struct Sample<'a> {
    /// Outcome.
    pub y: &'a [f64],
    /// Regressors without the constant.
    pub columns: &'a [&'a [f64]],
    /// Whether a row belongs to the second group.
    pub second: &'a [bool],
    /// Sampling weights.
    pub weights: Option<&'a [f64]>,
}

/// How the covariance of the coefficients is computed.
#[derive(Clone, Copy)]
pub enum Covariance<'a> {
    /// The models are independent; robust or with errors of equal variance.
    Separate {
        /// Whether each model has the Huber/White covariance.
        robust: bool,
    },
    /// One sandwich of all models, by rows or by clusters, as [R] suest.
    Joint(Option<Clusters<'a>>),
}

/// The pooled model that gives reference coefficients.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pooled {
    /// None.
    No,
    /// With the group as a further regressor.
    WithGroup,
    /// Without it.
    WithoutGroup,
}

/// Coefficients and means, each with the constant last.
pub struct Estimates {
    /// Parameters of one block: regressors and the constant.
    pub size: usize,
    /// Coefficients of the first and second group, reference coefficients if any, means of the first and second group.
    pub values: Vec<f64>,
    /// Covariance of `values`.
    pub v: Mat,
    /// Observations of the two groups.
    pub counts: [usize; 2],
}

/// One linear model and the rows that it is fitted to.
struct Piece {
    rows: Vec<usize>,
    fit: OlsFit,
    weights: Vec<f64>,
    /// Parameters that are used: all but the coefficient of the group.
    used: usize,
}

fn piece(sample: &Sample<'_>, rows: Vec<usize>, group: bool, robust: bool) -> Result<Piece, FitError> {
    let pick = |values: &[f64]| -> Vec<f64> { rows.iter().map(|r| values[*r]).collect() };
    let mut columns: Vec<Vec<f64>> = sample.columns.iter().map(|c| pick(c)).collect();
    if group {
        columns.push(rows.iter().map(|r| f64::from(u8::from(sample.second[*r]))).collect());
    }
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let y = pick(sample.y);
    let weights = sample.weights.map(|w| Weights { kind: WeightKind::Probability, values: pick(w) });
    let vce = if robust { Vce::Robust } else { Vce::Classical };
    let fit = ols::fit(&Request { weights: weights.as_ref(), vce, ..Request::new(&y, &views) })?;
    if fit.b.len() != views.len() + 1 || fit.df_residual <= 0.0 {
        return Err(FitError::Insufficient);
    }
    let weights = weights.map_or_else(|| vec![1.0; y.len()], |w| w.effective().0);
    Ok(Piece { rows, fit, weights, used: sample.columns.len() + 1 })
}

impl Piece {
    /// Positions of the used parameters in the fit: the regressors and the constant.
    fn positions(&self) -> Vec<usize> {
        (0..self.used - 1).chain([self.fit.b.len() - 1]).collect()
    }

    /// Weighted residual times the regressors of row `i` of the piece.
    fn score(&self, sample: &Sample<'_>, i: usize) -> Vec<f64> {
        let row = self.rows[i];
        let scale = self.weights[i] * self.fit.residuals[i];
        let mut out: Vec<f64> = sample.columns.iter().map(|c| scale * c[row]).collect();
        if self.fit.b.len() > self.used {
            out.push(scale * f64::from(u8::from(sample.second[row])));
        }
        out.push(scale);
        out
    }
}

/// Fits the models and the means.
///
/// Means and coefficients are taken as uncorrelated (Jann 2008, Stata Journal 8, section 3). Without clusters the factor of a
/// joint sandwich is N/(N-1), that of the means n/(n-1) in each group; with clusters both are G/(G-1).
///
/// # Errors
/// `Insufficient` when a group has too few rows or a regressor that is collinear in it; `OneCluster`.
pub fn estimates(
    sample: &Sample<'_>,
    pooled: Pooled,
    covariance: Covariance<'_>,
    fixed: bool,
) -> Result<Estimates, FitError> {
    let robust = matches!(covariance, Covariance::Separate { robust: true }) || sample.weights.is_some();
    let of = |second: bool| -> Vec<usize> {
        (0..sample.y.len()).filter(|i| sample.second[*i] == second).collect()
    };
    let groups = [of(false), of(true)];
    let mut pieces = Vec::new();
    for rows in &groups {
        pieces.push(piece(sample, rows.clone(), false, robust)?);
    }
    if pooled != Pooled::No {
        let all = (0..sample.y.len()).collect();
        pieces.push(piece(sample, all, pooled == Pooled::WithGroup, robust)?);
    }
    let clusters = match covariance {
        Covariance::Joint(clusters) => clusters,
        Covariance::Separate { .. } => None,
    };
    if clusters.is_some_and(|c| c.count < 2) {
        return Err(FitError::OneCluster);
    }
    let size = sample.columns.len() + 1;
    let mut values: Vec<f64> =
        pieces.iter().flat_map(|p| p.positions().into_iter().map(|i| p.fit.b[i])).collect();
    let means = groups.each_ref().map(|rows| mean(sample, rows));
    let total = values.len() + 2 * size;
    let mut v = Mat::zeros(total, total);
    match covariance {
        Covariance::Separate { .. } => {
            for (block, piece) in pieces.iter().enumerate() {
                let own = piece.fit.v.select(&piece.positions(), &piece.positions());
                place(&mut v, &own, block * size);
            }
        }
        Covariance::Joint(_) => place(&mut v, &joint(sample, &pieces, clusters), 0),
    }
    if !fixed {
        place(&mut v, &covariance_of_means(sample, &groups, &means, clusters), values.len());
    }
    values.extend(means.iter().flatten());
    Ok(Estimates { size, values, v, counts: groups.each_ref().map(Vec::len) })
}

/// Puts a block on the diagonal.
fn place(v: &mut Mat, block: &Mat, from: usize) {
    for i in 0..block.rows() {
        for j in 0..block.cols() {
            v[(from + i, from + j)] = block[(i, j)];
        }
    }
}

/// Weighted means of the regressors, and one for the constant.
fn mean(sample: &Sample<'_>, rows: &[usize]) -> Vec<f64> {
    let w = |r: usize| sample.weights.map_or(1.0, |w| w[r]);
    let total: f64 = rows.iter().map(|r| w(*r)).sum();
    let mut out: Vec<f64> =
        sample.columns.iter().map(|c| rows.iter().map(|r| w(*r) * c[*r]).sum::<f64>() / total).collect();
    out.push(1.0);
    out
}

/// Sums of outer products of influence rows, within clusters if any. `row` gives position and values of each row.
fn outer(
    size: usize,
    count: usize,
    clusters: Option<Clusters<'_>>,
    mut row: impl FnMut(usize, &mut [f64]),
) -> Mat {
    let mut out = Mat::zeros(size, size);
    let mut add = |u: &[f64]| {
        for i in (0..size).filter(|i| u[*i] != 0.0) {
            for j in 0..size {
                out[(i, j)] += u[i] * u[j];
            }
        }
    };
    let mut buffer = vec![0.0; size];
    if let Some(clusters) = clusters {
        let mut sums = vec![vec![0.0; size]; clusters.count];
        for i in 0..count {
            buffer.fill(0.0);
            row(i, &mut buffer);
            let own = &mut sums[clusters.of_row[i] as usize];
            own.iter_mut().zip(&buffer).for_each(|(s, b)| *s += b);
        }
        sums.iter().for_each(|s| add(s));
        let g = clusters.count as f64;
        return out.scaled(g / (g - 1.0));
    }
    for i in 0..count {
        buffer.fill(0.0);
        row(i, &mut buffer);
        add(&buffer);
    }
    out
}

/// The sandwich of all models; a row adds to its group and to the pooled model.
fn joint(sample: &Sample<'_>, pieces: &[Piece], clusters: Option<Clusters<'_>>) -> Mat {
    let sizes: Vec<usize> = pieces.iter().map(|p| p.fit.b.len()).collect();
    let starts: Vec<usize> = (0..sizes.len()).map(|k| sizes[..k].iter().sum()).collect();
    let total: usize = sizes.iter().sum();
    let n = sample.y.len();
    let mut place_of = vec![Vec::new(); n];
    for (k, piece) in pieces.iter().enumerate() {
        piece.rows.iter().enumerate().for_each(|(i, row)| place_of[*row].push((k, i)));
    }
    let meat = outer(total, n, clusters, |row, out| {
        for (k, i) in &place_of[row] {
            out[starts[*k]..starts[*k] + sizes[*k]].copy_from_slice(&pieces[*k].score(sample, *i));
        }
    });
    let mut bread = Mat::zeros(total, total);
    for (k, piece) in pieces.iter().enumerate() {
        place(&mut bread, &piece.fit.unscaled, starts[k]);
    }
    let used: Vec<usize> =
        pieces.iter().zip(&starts).flat_map(|(p, s)| p.positions().into_iter().map(move |i| i + s)).collect();
    let n = n as f64;
    let factor = if clusters.is_some() { 1.0 } else { n / (n - 1.0) };
    bread.sandwich(&meat).scaled(factor).select(&used, &used)
}

fn covariance_of_means(
    sample: &Sample<'_>,
    groups: &[Vec<usize>; 2],
    means: &[Vec<f64>; 2],
    clusters: Option<Clusters<'_>>,
) -> Mat {
    let size = sample.columns.len() + 1;
    let w = |r: usize| sample.weights.map_or(1.0, |w| w[r]);
    let totals = groups.each_ref().map(|rows| rows.iter().map(|r| w(*r)).sum::<f64>());
    // without clusters each group has its own factor, whose root goes into the influence
    let roots = groups.each_ref().map(|rows| match clusters {
        Some(_) => 1.0,
        None => (rows.len() as f64 / (rows.len() as f64 - 1.0)).sqrt(),
    });
    outer(2 * size, sample.y.len(), clusters, |row, out| {
        let g = usize::from(sample.second[row]);
        let scale = roots[g] * w(row) / totals[g];
        for (j, column) in sample.columns.iter().enumerate() {
            out[g * size + j] = scale * (column[row] - means[g][j]);
        }
    })
}

/// A part of the difference: `weights[a][c]` is the factor of the mean of group `a` times coefficient `c` (first group,
/// second group, reference), summed over regressors.
pub type Part = [[f64; 3]; 2];

/// Mean prediction of one group.
pub const GROUPS: [Part; 2] = [[[1.0, 0.0, 0.0], [0.0; 3]], [[0.0; 3], [0.0, 1.0, 0.0]]];
/// The difference of the predictions.
pub const DIFFERENCE: Part = [[1.0, 0.0, 0.0], [0.0, -1.0, 0.0]];

/// Endowments, coefficients and interaction, from the view of the second group, or of the first one if `reverse`.
pub fn threefold(reverse: bool) -> [Part; 3] {
    if reverse {
        return [
            [[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]],
            [[1.0, -1.0, 0.0], [0.0; 3]],
            [[-1.0, 1.0, 0.0], [1.0, -1.0, 0.0]],
        ];
    }
    [[[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]], [[0.0; 3], [1.0, -1.0, 0.0]], [[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0]]]
}

/// Explained and unexplained with reference `w b1 + (1-w) b2`, or with estimated reference coefficients.
pub fn twofold(weight: Option<f64>) -> [Part; 2] {
    match weight {
        Some(w) => [[[w, 1.0 - w, 0.0], [-w, w - 1.0, 0.0]], [[1.0 - w, w - 1.0, 0.0], [w, -w, 0.0]]],
        None => [[[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]], [[1.0, 0.0, -1.0], [0.0, -1.0, 1.0]]],
    }
}

impl Estimates {
    /// Where a block begins: coefficients 0 to 2, means 3 and 4.
    fn start(&self, block: usize) -> Option<usize> {
        let coefficients = self.values.len() / self.size - 2;
        match block {
            3 | 4 => Some((coefficients + block - 3) * self.size),
            _ if block < coefficients => Some(block * self.size),
            _ => None,
        }
    }

    /// Value and gradient of a part over some regressors (`size - 1` is the constant).
    pub fn part(&self, part: &Part, regressors: &[usize]) -> (f64, Vec<f64>) {
        let mut gradient = vec![0.0; self.values.len()];
        let mut value = 0.0;
        for (mean, factors) in part.iter().enumerate() {
            for (coefficient, factor) in factors.iter().enumerate().filter(|f| *f.1 != 0.0) {
                let (Some(x), Some(b)) = (self.start(3 + mean), self.start(coefficient)) else { continue };
                for j in regressors {
                    value += factor * self.values[x + j] * self.values[b + j];
                    gradient[b + j] += factor * self.values[x + j];
                    gradient[x + j] += factor * self.values[b + j];
                }
            }
        }
        (value, gradient)
    }
}
