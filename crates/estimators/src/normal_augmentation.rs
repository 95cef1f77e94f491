//! Multivariate normal regression with missing outcomes: maximum likelihood by the EM algorithm and draws of parameters and
//! values by data augmentation ([MI] mi impute mvn, Methods and formulas; Schafer 1997, Analysis of Incomplete Multivariate
//! Data, chapter 5; Tanner and Wong 1987).

use super::matrix::Mat;
use super::real::stable_sum;

/// The data: outcomes by column, not-a-number where they are missing, and regressors of all of them.
pub struct Incomplete<'a> {
    /// Outcomes, p columns of n rows.
    pub y: Vec<&'a [f64]>,
    /// Regressors, q columns of n rows, a constant among them; none are missing and none collinear.
    pub x: Vec<&'a [f64]>,
}

/// Coefficients (q by p) and covariance of the errors (p by p).
#[derive(Clone, Debug)]
pub struct Normal {
    /// Coefficients.
    pub beta: Mat,
    /// Covariance.
    pub sigma: Mat,
}

/// The maximum likelihood estimates.
pub struct EmFit {
    /// Parameters.
    pub parameters: Normal,
    /// Log likelihood of the observed values.
    pub ll: f64,
    /// Steps.
    pub iterations: usize,
    /// Whether the parameters settled.
    pub converged: bool,
}

/// Source of random numbers.
pub trait Random {
    /// A standard normal number.
    fn normal(&mut self) -> f64;
    /// A chi-squared number.
    fn chi2(&mut self, df: f64) -> f64;
}

/// Rows with the same outcomes observed.
struct Pattern {
    observed: Vec<usize>,
    missing: Vec<usize>,
    rows: Vec<usize>,
}

/// The regression of the missing outcomes of a pattern on the observed ones.
struct Conditional {
    /// Missing by observed.
    slopes: Mat,
    /// Covariance of the missing outcomes given the observed ones.
    rest: Mat,
}

impl Incomplete<'_> {
    fn rows(&self) -> usize {
        self.x.first().map_or(0, |c| c.len())
    }

    fn patterns(&self) -> Vec<Pattern> {
        let mut out: Vec<Pattern> = Vec::new();
        let p = self.y.len();
        for row in 0..self.rows() {
            let missing: Vec<usize> = (0..p).filter(|j| self.y[*j][row].is_nan()).collect();
            match out.iter_mut().find(|own| own.missing == missing) {
                Some(own) => own.rows.push(row),
                None => {
                    let observed = (0..p).filter(|j| !missing.contains(j)).collect();
                    out.push(Pattern { observed, missing, rows: vec![row] });
                }
            }
        }
        out
    }

    /// Mean of an outcome of a row at coefficients.
    fn mean(&self, beta: &Mat, row: usize, j: usize) -> f64 {
        self.x.iter().enumerate().map(|(k, c)| c[row] * beta[(k, j)]).sum()
    }

    /// `(X'X)^-1`, and least squares of complete outcomes with the cross products of the residuals.
    fn regression(&self, inverse: &Mat, y: &[Vec<f64>]) -> (Mat, Mat) {
        let (n, p, q) = (self.rows(), y.len(), self.x.len());
        let xy = Mat::from_fn(q, p, |k, j| stable_sum((0..n).map(|i| self.x[k][i] * y[j][i])));
        let beta = inverse.times(&xy);
        let residuals: Vec<Vec<f64>> =
            (0..p).map(|j| (0..n).map(|i| y[j][i] - self.mean(&beta, i, j)).collect()).collect();
        let cell = |a: usize, b: usize| stable_sum((0..n).map(|i| residuals[a][i] * residuals[b][i]));
        (beta, Mat::from_fn(p, p, cell).symmetrised())
    }

    fn inverse(&self) -> Option<Mat> {
        let (n, q) = (self.rows(), self.x.len());
        Mat::from_fn(q, q, |a, b| stable_sum((0..n).map(|i| self.x[a][i] * self.x[b][i]))).inverse_definite()
    }

    /// The log likelihood of the observed values.
    pub fn log_likelihood(&self, at: &Normal) -> Option<f64> {
        let mut terms = Vec::new();
        for pattern in self.patterns().iter().filter(|own| !own.observed.is_empty()) {
            let own = &pattern.observed;
            let root = at.sigma.select(own, own).cholesky()?;
            let ln_det: f64 = (0..own.len()).map(|i| 2.0 * root[(i, i)].ln()).sum();
            let turned = root.inverse_lower();
            let constant = own.len() as f64 * (2.0 * std::f64::consts::PI).ln() + ln_det;
            for row in &pattern.rows {
                let e: Vec<f64> =
                    own.iter().map(|j| self.y[*j][*row] - self.mean(&at.beta, *row, *j)).collect();
                terms.push(-0.5 * (constant + turned.times_vector(&e).iter().map(|v| v * v).sum::<f64>()));
            }
        }
        Some(stable_sum(terms))
    }

    /// Starting values: regressions of each outcome on the rows where it is observed, without covariances.
    fn start(&self) -> Option<Normal> {
        let (p, q) = (self.y.len(), self.x.len());
        let (mut beta, mut sigma) = (Mat::zeros(q, p), Mat::zeros(p, p));
        for j in 0..p {
            let rows: Vec<usize> = (0..self.rows()).filter(|i| !self.y[j][*i].is_nan()).collect();
            let own: Vec<Vec<f64>> = self.x.iter().map(|c| rows.iter().map(|i| c[*i]).collect()).collect();
            let part = Incomplete { y: Vec::new(), x: own.iter().map(Vec::as_slice).collect() };
            let values: Vec<f64> = rows.iter().map(|i| self.y[j][*i]).collect();
            let (b, products) = part.regression(&part.inverse()?, &[values]);
            (0..q).for_each(|k| beta[(k, j)] = b[(k, 0)]);
            sigma[(j, j)] = products[(0, 0)] / rows.len() as f64;
        }
        (0..p).all(|j| sigma[(j, j)] > 0.0).then_some(Normal { beta, sigma })
    }

    fn conditional(pattern: &Pattern, sigma: &Mat) -> Option<Conditional> {
        let (m, o) = (&pattern.missing, &pattern.observed);
        if o.is_empty() {
            return Some(Conditional { slopes: Mat::zeros(m.len(), 0), rest: sigma.select(m, m) });
        }
        let across = sigma.select(m, o);
        let slopes = across.times(&sigma.select(o, o).inverse_definite()?);
        let rest = sigma.select(m, m).minus(&slopes.times(&across.transpose())).symmetrised();
        Some(Conditional { slopes, rest })
    }

    /// Puts expected values into the missing places of `filled`, or draws around them.
    fn fill(
        &self,
        at: &Normal,
        patterns: &[Pattern],
        filled: &mut [Vec<f64>],
        mut random: Option<&mut dyn Random>,
    ) -> Option<Mat> {
        let p = self.y.len();
        let mut spread = Mat::zeros(p, p);
        for pattern in patterns.iter().filter(|own| !own.missing.is_empty()) {
            let (m, o) = (&pattern.missing, &pattern.observed);
            let own = Self::conditional(pattern, &at.sigma)?;
            let root = match random {
                Some(_) => Some(own.rest.cholesky()?),
                None => None,
            };
            for row in &pattern.rows {
                let e: Vec<f64> =
                    o.iter().map(|j| self.y[*j][*row] - self.mean(&at.beta, *row, *j)).collect();
                let moved = own.slopes.times_vector(&e);
                let noise = match (&mut random, &root) {
                    (Some(random), Some(root)) => {
                        let z: Vec<f64> = m.iter().map(|_| random.normal()).collect();
                        root.times_vector(&z)
                    }
                    _ => vec![0.0; m.len()],
                };
                for (k, j) in m.iter().enumerate() {
                    filled[*j][*row] = self.mean(&at.beta, *row, *j) + moved[k] + noise[k];
                }
            }
            let count = pattern.rows.len() as f64;
            for (a, i) in m.iter().enumerate() {
                for (b, j) in m.iter().enumerate() {
                    spread[(*i, *j)] += count * own.rest[(a, b)];
                }
            }
        }
        Some(spread)
    }

    fn observed(&self) -> Vec<Vec<f64>> {
        self.y.iter().map(|c| c.to_vec()).collect()
    }

    /// Maximum likelihood estimates by the EM algorithm; it ends where no parameter changes by more than `tolerance`,
    /// relative to its size above one. Nothing where an outcome has no variance left, or rows do not suffice.
    pub fn em(&self, iterations: usize, tolerance: f64) -> Option<EmFit> {
        let (patterns, inverse) = (self.patterns(), self.inverse()?);
        let n = self.rows() as f64;
        let mut at = self.start()?;
        let mut filled = self.observed();
        for iteration in 1..=iterations {
            let spread = self.fill(&at, &patterns, &mut filled, None)?;
            let (beta, products) = self.regression(&inverse, &filled);
            let next = Normal { beta, sigma: products.plus(&spread).scaled(1.0 / n) };
            let change = |a: &Mat, b: &Mat| {
                let apart = a.data().iter().zip(b.data()).map(|(a, b)| (a - b).abs() / (a.abs() + 1.0));
                apart.fold(0.0, f64::max)
            };
            let moved = change(&at.beta, &next.beta).max(change(&at.sigma, &next.sigma));
            at = next;
            if moved <= tolerance {
                let ll = self.log_likelihood(&at)?;
                return Some(EmFit { parameters: at, ll, iterations: iteration, converged: true });
            }
        }
        let ll = self.log_likelihood(&at)?;
        Some(EmFit { parameters: at, ll, iterations, converged: false })
    }

    /// One chain of data augmentation from `at`: after `first` rounds, and then after every `between` ones, the completed
    /// outcomes are handed to `keep`, as long as it asks for more. A round draws the missing values given the parameters
    /// and the parameters given the completed data, the covariance from an inverse Wishart distribution with
    /// `lambda + n - q` degrees of freedom. Nothing where a covariance is not definite.
    pub fn augment(
        &self,
        at: &Normal,
        lambda: f64,
        (first, between): (usize, usize),
        random: &mut dyn Random,
        keep: &mut dyn FnMut(&[Vec<f64>]) -> bool,
    ) -> Option<()> {
        let (patterns, inverse) = (self.patterns(), self.inverse()?);
        let across = inverse.cholesky()?;
        let df = lambda + self.rows() as f64 - self.x.len() as f64;
        let mut at = at.clone();
        let mut filled = self.observed();
        let mut rounds = first.max(1);
        loop {
            for _ in 0..rounds {
                self.fill(&at, &patterns, &mut filled, Some(&mut *random))?;
                let (beta, products) = self.regression(&inverse, &filled);
                let sigma = inverse_wishart(&products, df, random)?;
                let root = sigma.cholesky()?;
                let (p, q) = (self.y.len(), self.x.len());
                let z: Vec<f64> = (0..p * q).map(|_| random.normal()).collect();
                let noise = across.times(&Mat::from_rows(q, p, z)).times(&root.transpose());
                at = Normal { beta: beta.plus(&noise), sigma };
            }
            self.fill(&at, &patterns, &mut filled, Some(&mut *random))?;
            if !keep(&filled) {
                return Some(());
            }
            rounds = between.max(1);
        }
    }
}

/// A draw whose inverse has the Wishart distribution with scale `products^-1` (Bartlett 1933).
fn inverse_wishart(products: &Mat, df: f64, random: &mut dyn Random) -> Option<Mat> {
    let p = products.rows();
    if df <= p as f64 - 1.0 {
        return None;
    }
    // products = L L', so that inv(products) = inv(L)' inv(L); A is Bartlett's triangle, Sigma^-1 = inv(L)' A A' inv(L)
    let root = products.cholesky()?;
    let mut triangle = Mat::zeros(p, p);
    for i in 0..p {
        triangle[(i, i)] = random.chi2(df - i as f64).sqrt();
        for j in 0..i {
            triangle[(i, j)] = random.normal();
        }
    }
    // Sigma = L inv(A)' inv(A) L'
    let turned = triangle.inverse_lower().times(&root.transpose());
    Some(turned.transpose().times(&turned).symmetrised())
}
