//! Dense matrices with row and column names (`eq:term` stripes). Numeric
//! kernels of estimators do not belong here.

use crate::error::{Result, StataError};

/// A row or column name: equation (may be empty) and term.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stripe {
    /// Equation name, empty where there is none (shown as `_`).
    pub eq: String,
    /// Term such as `x`, `2.a`, `1b.a#c.z`, `_cons`.
    pub name: String,
}

impl Stripe {
    /// A stripe without an equation.
    pub fn term(name: impl Into<String>) -> Self {
        Self { eq: String::new(), name: name.into() }
    }

    /// A stripe with an equation.
    pub fn with_eq(eq: impl Into<String>, name: impl Into<String>) -> Self {
        Self { eq: eq.into(), name: name.into() }
    }

    /// Parses `eq:term` or `term`.
    pub fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some((eq, name)) => Self::with_eq(if eq == "_" { "" } else { eq }, name),
            None => Self::term(text),
        }
    }

    /// `eq:term`, or the term where there is no equation.
    pub fn full(&self) -> String {
        if self.eq.is_empty() { self.name.clone() } else { format!("{}:{}", self.eq, self.name) }
    }
}

/// A matrix in row-major order with names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matrix {
    rows: usize,
    cols: usize,
    data: Vec<f64>,
    /// Row names, one for each row.
    pub row_names: Vec<Stripe>,
    /// Column names, one for each column.
    pub col_names: Vec<Stripe>,
}

impl Matrix {
    /// A matrix from row-major values with the default names `r1 …`, `c1 …`.
    pub fn new(rows: usize, cols: usize, data: Vec<f64>) -> Self {
        assert_eq!(data.len(), rows * cols, "one value for each cell");
        Self {
            rows,
            cols,
            data,
            row_names: (1..=rows).map(|i| Stripe::term(format!("r{i}"))).collect(),
            col_names: (1..=cols).map(|i| Stripe::term(format!("c{i}"))).collect(),
        }
    }

    /// A matrix of one repeated value.
    pub fn filled(rows: usize, cols: usize, x: f64) -> Self {
        Self::new(rows, cols, vec![x; rows * cols])
    }

    /// The identity matrix.
    pub fn identity(n: usize) -> Self {
        let mut m = Self::filled(n, n, 0.0);
        (0..n).for_each(|i| m.set(i, i, 1.0));
        m
    }

    /// A row vector (row named `y1`, as `e(b)`) with column names.
    pub fn row_vector(values: Vec<f64>, names: Vec<Stripe>) -> Self {
        let mut m = Self::new(1, values.len(), values);
        m.row_names = vec![Stripe::term("y1")];
        m.col_names = names;
        m
    }

    /// A square matrix with the same names on both sides (as `e(V)`).
    pub fn square(values: Vec<f64>, names: Vec<Stripe>) -> Self {
        let mut m = Self::new(names.len(), names.len(), values);
        m.row_names = names.clone();
        m.col_names = names;
        m
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The value of a cell (0-based).
    #[inline]
    pub fn get(&self, i: usize, j: usize) -> f64 {
        self.data[i * self.cols + j]
    }

    /// Sets a cell (0-based).
    #[inline]
    pub fn set(&mut self, i: usize, j: usize, x: f64) {
        self.data[i * self.cols + j] = x;
    }

    /// All values, row by row.
    pub fn values(&self) -> &[f64] {
        &self.data
    }

    /// The transpose, names included.
    pub fn transpose(&self) -> Self {
        let data = (0..self.cols).flat_map(|j| (0..self.rows).map(move |i| self.get(i, j))).collect();
        let mut t = Self::new(self.cols, self.rows, data);
        t.row_names = self.col_names.clone();
        t.col_names = self.row_names.clone();
        t
    }

    /// The matrix product; row names of `self`, column names of `other`. r(503) on nonconformity.
    pub fn times(&self, other: &Self) -> Result<Self> {
        if self.cols != other.rows {
            return Err(StataError::standard(503));
        }
        let mut out = Self::filled(self.rows, other.cols, 0.0);
        for i in 0..self.rows {
            for k in 0..self.cols {
                let a = self.get(i, k);
                for j in 0..other.cols {
                    out.data[i * other.cols + j] += a * other.get(k, j);
                }
            }
        }
        out.row_names = self.row_names.clone();
        out.col_names = other.col_names.clone();
        Ok(out)
    }

    /// Applies a function to pairs of cells; names of `self`. r(503) on nonconformity.
    pub fn zip(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Result<Self> {
        if self.rows != other.rows || self.cols != other.cols {
            return Err(StataError::standard(503));
        }
        let mut out = self.clone();
        out.data.iter_mut().zip(&other.data).for_each(|(a, b)| *a = f(*a, *b));
        Ok(out)
    }

    /// Applies a function to every cell.
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        let mut out = self.clone();
        out.data.iter_mut().for_each(|a| *a = f(*a));
        out
    }

    /// Rows `r0..r1` and columns `c0..c1` (half open), names included.
    pub fn slice(&self, r0: usize, r1: usize, c0: usize, c1: usize) -> Self {
        let data = (r0..r1).flat_map(|i| (c0..c1).map(move |j| self.get(i, j))).collect();
        let mut out = Self::new(r1 - r0, c1 - c0, data);
        out.row_names = self.row_names[r0..r1].to_vec();
        out.col_names = self.col_names[c0..c1].to_vec();
        out
    }

    /// `self` above `other` (`A \ B`); column names of `self`.
    pub fn stack(&self, other: &Self) -> Result<Self> {
        if self.cols != other.cols {
            return Err(StataError::standard(503));
        }
        let mut out =
            Self::new(self.rows + other.rows, self.cols, [&self.data[..], &other.data[..]].concat());
        out.col_names = self.col_names.clone();
        out.row_names = [&self.row_names[..], &other.row_names[..]].concat();
        Ok(out)
    }

    /// The same; rows of `other` without names of their own are numbered on where those of `self` have none either.
    pub fn stack_numbered(&self, other: &Self) -> Result<Self> {
        let mut out = self.stack(other)?;
        let letter = if self.row_names.first().is_some_and(|n| n.name == "c1") { 'c' } else { 'r' };
        let numbered = |n: usize| (1..=n).map(|i| Stripe::term(format!("{letter}{i}"))).collect::<Vec<_>>();
        if [self, other].iter().all(|m| m.row_names == numbered(m.rows)) {
            out.row_names = numbered(out.rows);
        }
        Ok(out)
    }

    /// `self` beside `other` (`A , B`); row names of `self`.
    pub fn beside(&self, other: &Self) -> Result<Self> {
        Ok(self.transpose().stack(&other.transpose())?.transpose())
    }

    /// True when the matrix equals its transpose.
    pub fn is_symmetric(&self) -> bool {
        self.rows == self.cols && (0..self.rows).all(|i| (0..i).all(|j| self.get(i, j) == self.get(j, i)))
    }

    /// The column of an ancillary parameter: that of the equation `/`, else of the first one whose name begins with it.
    pub fn find_ancillary(&self, name: &str) -> Option<usize> {
        let all = || self.col_names.iter().enumerate().filter(|(_, s)| s.name == name);
        let own = all().find(|(_, s)| s.eq == "/");
        own.or_else(|| all().find(|(_, s)| s.eq.starts_with('/'))).map(|found| found.0)
    }

    /// Position of a column by its full or bare name.
    pub fn find_col(&self, name: &str) -> Option<usize> {
        find_stripe(&self.col_names, name)
    }

    /// Position of a row by its full or bare name.
    pub fn find_row(&self, name: &str) -> Option<usize> {
        find_stripe(&self.row_names, name)
    }

    /// Inverse by Gauss–Jordan elimination with partial pivoting; r(504) with
    /// missing values, `None` when singular.
    pub fn inverse(&self) -> Result<Option<Self>> {
        if self.rows != self.cols {
            return Err(StataError::standard(503));
        }
        if self.data.iter().any(|&x| crate::value::is_missing(x)) {
            return Err(StataError::standard(504));
        }
        let n = self.rows;
        let mut a = self.clone();
        let mut inv = Self::identity(n);
        for c in 0..n {
            let p = (c..n).max_by(|&i, &j| a.get(i, c).abs().total_cmp(&a.get(j, c).abs())).unwrap_or(c);
            if a.get(p, c).abs() <= f64::MIN_POSITIVE {
                return Ok(None);
            }
            for j in 0..n {
                a.data.swap(p * n + j, c * n + j);
                inv.data.swap(p * n + j, c * n + j);
            }
            let d = a.get(c, c);
            for j in 0..n {
                a.data[c * n + j] /= d;
                inv.data[c * n + j] /= d;
            }
            for i in (0..n).filter(|&i| i != c) {
                let f = a.get(i, c);
                if f != 0.0 {
                    for j in 0..n {
                        a.data[i * n + j] -= f * a.data[c * n + j];
                        inv.data[i * n + j] -= f * inv.data[c * n + j];
                    }
                }
            }
        }
        inv.row_names = self.col_names.clone();
        inv.col_names = self.row_names.clone();
        Ok(Some(inv))
    }

    /// Inverse of a symmetric matrix by the sweep operator; rows and columns of
    /// dependent variables are zero (manual [M-5] invsym, generalized inverse).
    pub fn inverse_symmetric(&self) -> Result<Self> {
        if !self.is_symmetric() {
            return Err(StataError::standard(505));
        }
        if self.data.iter().any(|&x| crate::value::is_missing(x)) {
            return Err(StataError::standard(504));
        }
        let n = self.rows;
        let mut a = self.clone();
        let diag: Vec<f64> = (0..n).map(|i| self.get(i, i).abs()).collect();
        let mut swept = vec![false; n];
        for k in 0..n {
            let d = a.get(k, k);
            if d <= diag[k] * 1e-13 || d <= 0.0 {
                continue;
            }
            for i in (0..n).filter(|&i| i != k) {
                let f = a.get(i, k) / d;
                for j in (0..n).filter(|&j| j != k) {
                    a.data[i * n + j] -= f * a.get(k, j);
                }
            }
            for j in (0..n).filter(|&j| j != k) {
                a.data[k * n + j] /= d;
                let x = a.data[j * n + k];
                a.data[j * n + k] = -x / d;
            }
            a.set(k, k, 1.0 / d);
            swept[k] = true;
        }
        for i in 0..n {
            for j in 0..n {
                if !swept[i] || !swept[j] {
                    a.set(i, j, 0.0);
                }
            }
        }
        // exact symmetry whatever the rounding
        for i in 0..n {
            for j in 0..i {
                let x = 0.5 * (a.get(i, j) + a.get(j, i));
                a.set(i, j, x);
                a.set(j, i, x);
            }
        }
        Ok(a)
    }
}

fn find_stripe(names: &[Stripe], name: &str) -> Option<usize> {
    if name.contains(':') {
        let want = Stripe::parse(name);
        return names.iter().position(|s| *s == want);
    }
    names.iter().position(|s| s.name == name)
}
