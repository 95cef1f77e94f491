//! Multiple correspondence analysis of categorical variables by the Burt matrix or the indicator matrix (Greenacre 1984,
//! 2006; [MV] mca).

use super::matrix::Mat;

/// Which matrix is decomposed, and how the inertias are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approach {
    /// The Burt matrix, inertias adjusted for its diagonal blocks (Greenacre 2006, 2.2).
    Adjusted,
    /// The Burt matrix as it is.
    Burt,
    /// The indicator matrix.
    Indicator,
}

/// An analysis. Categories of all variables stand one after another.
#[derive(Debug, Clone)]
pub struct MultipleCorrespondence {
    /// Tables of each pair of variables, with the marginals on the diagonal.
    pub burt: Mat,
    /// Masses of the categories.
    pub masses: Vec<f64>,
    /// Principal inertias of the dimensions.
    pub inertias: Vec<f64>,
    /// Eigenvalues of the indicator matrix that belong to them.
    pub eigenvalues: Vec<f64>,
    /// Standard coordinates: a row for each category, a column for each dimension.
    pub standard: Mat,
    /// Total inertia.
    pub total: f64,
    /// Inertia of each category.
    pub of_categories: Vec<f64>,
}

impl MultipleCorrespondence {
    /// Analyses observations: `category[v][i]` is the category of variable `v` in row `i`, from zero; `sizes[v]` their number.
    /// Every category must occur. The coordinate that is largest in absolute value is positive in each dimension.
    pub fn of(category: &[Vec<usize>], sizes: &[usize], weights: &[f64], approach: Approach) -> Self {
        let starts: Vec<usize> =
            sizes.iter().scan(0, |at, size| Some(std::mem::replace(at, *at + size))).collect();
        let (count, q) = (sizes.iter().sum::<usize>(), sizes.len() as f64);
        let mut burt = Mat::zeros(count, count);
        for (i, w) in weights.iter().enumerate() {
            for (a, left) in category.iter().zip(&starts) {
                for (b, right) in category.iter().zip(&starts) {
                    burt[(left + a[i], right + b[i])] += w;
                }
            }
        }
        let n: f64 = weights.iter().sum();
        let masses: Vec<f64> = (0..count).map(|j| burt[(j, j)] / (n * q)).collect();
        // standardised residuals of the Burt matrix; its eigenvalues are those of the indicator matrix
        let s = Mat::from_fn(count, count, |i, j| {
            let p = burt[(i, j)] / (n * q * q);
            (p - masses[i] * masses[j]) / (masses[i] * masses[j]).sqrt()
        });
        let (values, vectors) = s.symmetric_eigen();
        let floor = if approach == Approach::Adjusted { 1.0 / q } else { 0.0 };
        let rank = count - sizes.len();
        let kept = values.iter().take(rank).filter(|v| **v > floor + 1e-12).count();
        let inertia = |value: f64| match approach {
            Approach::Adjusted => (q / (q - 1.0) * (value - 1.0 / q)).powi(2),
            Approach::Burt => value * value,
            Approach::Indicator => value,
        };
        let variable = |j: usize| starts.iter().rposition(|s| *s <= j).unwrap_or(0);
        let of_category = |j: usize| match approach {
            Approach::Indicator => (1.0 - q * masses[j]) / q,
            Approach::Burt => (0..count).map(|i| s[(i, j)].powi(2)).sum(),
            Approach::Adjusted => {
                let off = (0..count).filter(|i| variable(*i) != variable(j)).map(|i| s[(i, j)].powi(2));
                off.sum::<f64>() * q / (q - 1.0)
            }
        };
        let sign = |k: usize| {
            let scaled = (0..count).map(|j| vectors[(j, k)] / masses[j].sqrt());
            if scaled.max_by(|a, b| a.abs().total_cmp(&b.abs())).is_some_and(|x| x < 0.0) {
                -1.0
            } else {
                1.0
            }
        };
        let signs: Vec<f64> = (0..kept).map(sign).collect();
        let of_categories: Vec<f64> = (0..count).map(of_category).collect();
        Self {
            standard: Mat::from_fn(count, kept, |j, k| signs[k] * vectors[(j, k)] / masses[j].sqrt()),
            inertias: values[..kept].iter().map(|v| inertia(*v)).collect(),
            eigenvalues: values[..kept].to_vec(),
            total: of_categories.iter().sum(),
            of_categories,
            masses,
            burt,
        }
    }

    /// Principal coordinate of a category in a dimension.
    pub fn principal(&self, category: usize, dimension: usize) -> f64 {
        self.standard[(category, dimension)] * self.inertias[dimension].sqrt()
    }

    /// The part of the inertia of a category that a dimension has.
    pub fn of_category(&self, category: usize, dimension: usize) -> f64 {
        self.masses[category] * self.principal(category, dimension).powi(2) / self.of_categories[category]
    }

    /// The part of the inertia of a dimension that a category has.
    pub fn of_dimension(&self, category: usize, dimension: usize) -> f64 {
        self.masses[category] * self.standard[(category, dimension)].powi(2)
    }
}
