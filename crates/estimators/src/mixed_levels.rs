//! Levels of the random effects of linear mixed models, and the cross products of their groups ([ME] mixed; Pinheiro and
//! Bates 2000, chapter 2).

use super::matrix::Mat;
use super::mixed::Mixed;

/// Cross products of rows: `x` are the effects of the level above and then the fixed effects.
pub(super) struct Products {
    pub(super) n: f64,
    /// Log of the determinant of the rows' covariance in units of the residual variance.
    pub(super) ln_det: f64,
    pub(super) xx: Mat,
    pub(super) xy: Vec<f64>,
    pub(super) yy: f64,
    pub(super) zx: Mat,
    pub(super) zy: Vec<f64>,
    pub(super) zz: Mat,
}

/// Cross products of a group of the highest level: sums over its rows, and those with the effects of each of its groups of
/// the lowest level.
#[derive(Clone)]
pub(super) struct Group {
    pub(super) n: f64,
    ln_det: f64,
    xx: Mat,
    xy: Vec<f64>,
    yy: f64,
    inner: Vec<Inner>,
}

/// Cross products of the effects of a group of the lowest level.
#[derive(Clone)]
struct Inner {
    /// Columns of `x` that are not zero in the group: a factor with many levels has few in each.
    columns: Vec<usize>,
    zx: Mat,
    zy: Vec<f64>,
    zz: Mat,
}

impl Group {
    /// A group of the highest level from those of the lowest; nothing for none.
    pub(super) fn of(parts: impl Iterator<Item = Products>) -> Option<Self> {
        let mut out: Option<Self> = None;
        for part in parts {
            let q = part.zz.rows();
            let filled = |j: &usize| (0..q).any(|i| part.zx[(i, *j)] != 0.0);
            let columns: Vec<usize> = (0..part.xx.rows()).filter(filled).collect();
            let every: Vec<usize> = (0..q).collect();
            let zx = part.zx.select(&every, &columns);
            let inner = Inner { columns, zx, zy: part.zy, zz: part.zz };
            match &mut out {
                None => {
                    out = Some(Self {
                        n: part.n,
                        ln_det: part.ln_det,
                        xx: part.xx,
                        xy: part.xy,
                        yy: part.yy,
                        inner: vec![inner],
                    });
                }
                Some(sum) => {
                    sum.n += part.n;
                    sum.ln_det += part.ln_det;
                    sum.xx = sum.xx.plus(&part.xx);
                    sum.xy.iter_mut().zip(&part.xy).for_each(|(total, own)| *total += own);
                    sum.yy += part.yy;
                    sum.inner.push(inner);
                }
            }
        }
        out
    }
}

/// Form of the covariance of the effects of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A variance for each effect.
    Independent,
    /// Variances and correlations.
    Unstructured,
    /// One variance for all effects.
    Identity,
}

/// Effects of a level that are independent of its other ones.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// Their number.
    pub effects: usize,
    /// Form of their covariance.
    pub form: Form,
}

/// Random effects of a level.
pub struct Effects<'a> {
    /// Their columns, block by block.
    pub z: &'a [&'a [f64]],
    /// Rows of each group.
    pub rows: &'a [Vec<usize>],
    /// Their blocks.
    pub blocks: &'a [Block],
}

impl Block {
    /// Number of standard deviations.
    pub fn deviations(self) -> usize {
        if self.form == Form::Identity { self.effects.min(1) } else { self.effects }
    }

    /// Number of correlations.
    pub fn correlations(self) -> usize {
        if self.form == Form::Unstructured { self.effects * self.effects.saturating_sub(1) / 2 } else { 0 }
    }

    /// Root of the covariance of the effects: `G = L L'`; nothing when it is not positive semidefinite.
    fn root(self, theta: &[f64]) -> Option<Mat> {
        let q = self.effects;
        let sd: Vec<f64> = theta[..self.deviations()].iter().map(|l| l.exp()).collect();
        let diagonal =
            |value: &dyn Fn(usize) -> f64| Mat::from_fn(q, q, |i, j| if i == j { value(i) } else { 0.0 });
        match self.form {
            Form::Identity => return Some(diagonal(&|_| sd[0])),
            Form::Independent => return Some(diagonal(&|i| sd[i])),
            Form::Unstructured => {}
        }
        let mut correlation = Mat::identity(q);
        let mut at = q;
        for i in 0..q {
            for j in i + 1..q {
                let r = theta[at].tanh();
                correlation[(i, j)] = r;
                correlation[(j, i)] = r;
                at += 1;
            }
        }
        let root = correlation.cholesky()?;
        Some(Mat::from_fn(q, q, |i, j| sd[i] * root[(i, j)]))
    }
}

/// Root of the covariance of all effects of a level, and the number of parameters that it takes.
pub(super) fn root_of(blocks: &[Block], theta: &[f64]) -> Option<(Mat, usize)> {
    let size = blocks.iter().map(|b| b.effects).sum();
    let mut out = Mat::zeros(size, size);
    let (mut from, mut at) = (0, 0);
    for block in blocks {
        let own = block.root(&theta[at..])?;
        for i in 0..block.effects {
            for j in 0..block.effects {
                out[(from + i, from + j)] = own[(i, j)];
            }
        }
        from += block.effects;
        at += block.deviations() + block.correlations();
    }
    Some((out, at))
}

/// `s2 I + L'Z'Z L`.
fn inner_of(root: &Mat, zz: &Mat, s2: f64) -> Mat {
    let q = root.rows();
    let diagonal = (0..q).all(|i| (0..q).all(|j| i == j || root[(i, j)] == 0.0));
    let mut out = if diagonal {
        Mat::from_fn(q, q, |i, j| root[(i, i)] * zz[(i, j)] * root[(j, j)])
    } else {
        root.transpose().sandwich(zz)
    };
    (0..q).for_each(|i| out[(i, i)] += s2);
    out
}

/// `ln|I + L'Z'Z L / s2|` from the lower root of `s2 I + L'Z'Z L`.
fn ln_det_of(factor: &Mat, s2: f64) -> f64 {
    let q = factor.rows();
    2.0 * (0..q).map(|i| factor[(i, i)].ln()).sum::<f64>() - q as f64 * s2.ln()
}

impl Mixed {
    /// `M = L (s2 I + L' Z'Z L)^-1 L'` and `ln|I + L'Z'Z L / s2|` of a group.
    pub(super) fn middle(root: &Mat, zz: &Mat, s2: f64) -> Option<(Mat, f64)> {
        if root.rows() == 0 {
            return Some((Mat::zeros(0, 0), 0.0));
        }
        let inner = inner_of(root, zz, s2);
        let ln_det = ln_det_of(&inner.cholesky()?, s2);
        Some((root.sandwich(&inner.inverse_definite()?), ln_det))
    }

    /// Cross products of the columns and the outcome of a group of the highest level, net of all effects and times
    /// the residual variance; and the logarithm of the determinant of its covariance.
    pub(super) fn net(&self, group: &Group, roots: &[Mat], s2: f64) -> Option<(Mat, Vec<f64>, f64, f64)> {
        let lowest = &roots[roots.len() - 1];
        let k = group.xx.rows();
        let (mut xx, mut xy, mut yy) = (group.xx.clone(), group.xy.clone(), group.yy);
        let mut ln_det = group.n * s2.ln() + group.ln_det;
        for g in &group.inner {
            let (m, ln) = Self::middle(lowest, &g.zz, s2)?;
            ln_det += ln;
            let (mzx, mzy) = (m.times(&g.zx), m.times_vector(&g.zy));
            let q = g.zy.len();
            for (a, at) in g.columns.iter().enumerate() {
                for (b, to) in g.columns.iter().enumerate() {
                    xx[(*at, *to)] -= (0..q).map(|i| g.zx[(i, a)] * mzx[(i, b)]).sum::<f64>();
                }
                xy[*at] -= (0..q).map(|i| g.zx[(i, a)] * mzy[i]).sum::<f64>();
            }
            yy -= g.zy.iter().zip(&mzy).map(|(a, b)| a * b).sum::<f64>();
        }
        if roots.len() == 1 {
            return Some((xx, xy, yy, ln_det));
        }
        self.net_of_first(&roots[0], s2, (&xx, &xy, yy), k).map(|(xx, xy, yy, ln)| (xx, xy, yy, ln_det + ln))
    }

    /// Cross products of the fixed effects net of the effects of the highest level, whose columns come first in `xx`.
    fn net_of_first(
        &self,
        root: &Mat,
        s2: f64,
        (xx, xy, yy): (&Mat, &[f64], f64),
        k: usize,
    ) -> Option<(Mat, Vec<f64>, f64, f64)> {
        let (first, rest): (Vec<usize>, Vec<usize>) = (0..k).partition(|i| *i < k - self.fixed);
        let q = first.len();
        let factor = inner_of(root, &xx.select(&first, &first), s2).cholesky()?;
        // The factor solves for L'[Z'X Z'y]; the products of the solutions are those with M.
        let back = root.transpose();
        let (mut zx, mut zy) = (back.times(&xx.select(&first, &rest)), back.times_vector(&xy[..q]));
        for i in 0..q {
            let row = factor.row(i);
            for (j, lower) in row.iter().enumerate().take(i) {
                zy[i] -= lower * zy[j];
                for c in 0..self.fixed {
                    let above = zx[(j, c)];
                    zx[(i, c)] -= lower * above;
                }
            }
            zy[i] /= row[i];
            (0..self.fixed).for_each(|c| zx[(i, c)] /= row[i]);
        }
        let along = zx.transpose().times_vector(&zy);
        let net_xy = rest.iter().zip(&along).map(|(at, a)| xy[*at] - a).collect();
        let net_yy = yy - zy.iter().map(|z| z * z).sum::<f64>();
        let net_xx = xx.select(&rest, &rest).minus(&zx.transpose().times(&zx));
        Some((net_xx, net_xy, net_yy, ln_det_of(&factor, s2)))
    }
}

/// Cross products of the rows of a group.
pub(super) fn products(y: &[f64], x: &[&[f64]], z: &[&[f64]], rows: &[usize]) -> Products {
    let dot = |a: &[f64], b: &[f64]| rows.iter().map(|i| a[*i] * b[*i]).sum::<f64>();
    Products {
        n: rows.len() as f64,
        ln_det: 0.0,
        xx: Mat::from_fn(x.len(), x.len(), |i, j| dot(x[i], x[j])),
        xy: x.iter().map(|c| dot(c, y)).collect(),
        yy: dot(y, y),
        zx: Mat::from_fn(z.len(), x.len(), |i, j| dot(z[i], x[j])),
        zy: z.iter().map(|c| dot(c, y)).collect(),
        zz: Mat::from_fn(z.len(), z.len(), |i, j| dot(z[i], z[j])),
    }
}
