//! Tests of multivariate normality and of the form of covariance and correlation matrices ([MV] mvtest normality, mvtest
//! covariances, mvtest correlations, Methods and formulas; Mardia 1970, Biometrika 57; Henze and Zirkler 1990,
//! Communications in Statistics 19; Doornik and Hansen 2008, Oxford Bulletin 70; Rencher and Christensen 2012, chapter 7).

use super::matrix::Mat;

/// A statistic with a chi-squared distribution.
#[derive(Clone, Copy, Debug)]
pub struct Statistic {
    /// The measure itself, where it has one.
    pub value: f64,
    /// Chi-squared.
    pub chi2: f64,
    /// Degrees of freedom.
    pub df: f64,
}

/// Sums of squares and products around the means.
pub fn products(columns: &[Vec<f64>]) -> Mat {
    let k = columns.len();
    let centred: Vec<Vec<f64>> = columns
        .iter()
        .map(|c| {
            let mean = c.iter().sum::<f64>() / c.len() as f64;
            c.iter().map(|x| x - mean).collect()
        })
        .collect();
    Mat::from_fn(k, k, |i, j| centred[i].iter().zip(&centred[j]).map(|(a, b)| a * b).sum())
}

/// Products `(x_i - m)' S^-1 (x_j - m)` with the covariance that divides by n; nothing when it is singular.
fn distances(columns: &[Vec<f64>]) -> Option<Mat> {
    let n = columns[0].len();
    let inverse = products(columns).scaled(1.0 / n as f64).inverse_definite()?;
    let means: Vec<f64> = columns.iter().map(|c| c.iter().sum::<f64>() / n as f64).collect();
    let z = Mat::from_fn(n, columns.len(), |i, j| columns[j][i] - means[j]);
    Some(z.times(&inverse).times(&z.transpose()))
}

/// Mardia's skewness and kurtosis.
pub fn mardia(columns: &[Vec<f64>]) -> Option<(Statistic, Statistic)> {
    let (n, k) = (columns[0].len() as f64, columns.len() as f64);
    let g = distances(columns)?;
    let skewness = g.data().iter().map(|v| v.powi(3)).sum::<f64>() / (n * n);
    let kurtosis = g.diagonal().iter().map(|v| v * v).sum::<f64>() / n;
    let factor = (k + 1.0) * (n + 1.0) * (n + 3.0) / (6.0 * ((n + 1.0) * (k + 1.0) - 6.0));
    let excess = kurtosis - k * (k + 2.0);
    Some((
        Statistic { value: skewness, chi2: factor * skewness, df: k * (k + 1.0) * (k + 2.0) / 6.0 },
        Statistic { value: kurtosis, chi2: excess * excess / (8.0 * k * (k + 2.0) / n), df: 1.0 },
    ))
}

/// Henze and Zirkler's test, its log-normal distribution turned into a squared standard normal.
pub fn henze_zirkler(columns: &[Vec<f64>]) -> Option<Statistic> {
    let (n, p) = (columns[0].len() as f64, columns.len() as f64);
    let g = distances(columns)?;
    let b2 = ((2.0 * p + 1.0) * n / 4.0).powf(2.0 / (p + 4.0)) / 2.0;
    let own = g.diagonal();
    let rows = own.len();
    let mut pairs = 0.0;
    for i in 0..rows {
        for j in 0..rows {
            pairs += (-0.5 * b2 * (own[i] + own[j] - 2.0 * g[(i, j)])).exp();
        }
    }
    let single: f64 = own.iter().map(|d| (-b2 * d / (2.0 * (1.0 + b2))).exp()).sum();
    let value = pairs / n - 2.0 * (1.0 + b2).powf(-p / 2.0) * single + n * (1.0 + 2.0 * b2).powf(-p / 2.0);
    let (b4, b8) = (b2 * b2, b2.powi(4));
    let a = 1.0 + 2.0 * b2;
    let w = (1.0 + b2) * (1.0 + 3.0 * b2);
    let mean = 1.0 - a.powf(-p / 2.0) * (1.0 + p * b2 / a + p * (p + 2.0) * b4 / (2.0 * a * a));
    let variance = 2.0 * (1.0 + 4.0 * b2).powf(-p / 2.0)
        + 2.0 * a.powf(-p) * (1.0 + 2.0 * p * b4 / (a * a) + 3.0 * p * (p + 2.0) * b8 / (4.0 * a.powi(4)))
        - 4.0 * w.powf(-p / 2.0) * (1.0 + 3.0 * p * b4 / (2.0 * w) + p * (p + 2.0) * b8 / (2.0 * w * w));
    let square = mean * mean;
    let centre = (square * square / (variance + square)).sqrt().ln();
    let spread = ((variance + square) / square).ln().sqrt();
    let z = (value.ln() - centre) / spread;
    Some(Statistic { value, chi2: z * z, df: 1.0 })
}

/// Doornik and Hansen's omnibus test.
pub fn doornik_hansen(columns: &[Vec<f64>]) -> Option<Statistic> {
    let (n, k) = (columns[0].len(), columns.len());
    let size = n as f64;
    let s = products(columns).scaled(1.0 / size);
    let sd: Vec<f64> = s.diagonal().iter().map(|v| v.sqrt()).collect();
    let correlation = Mat::from_fn(k, k, |i, j| s[(i, j)] / (sd[i] * sd[j]));
    let (roots, vectors) = correlation.symmetric_eigen();
    if roots.iter().any(|r| *r <= 1e-12) {
        return None;
    }
    let half = Mat::from_fn(k, k, |i, j| if i == j { 1.0 / roots[i].sqrt() } else { 0.0 });
    let turn = vectors.sandwich(&half);
    let means: Vec<f64> = columns.iter().map(|c| c.iter().sum::<f64>() / size).collect();
    let mut chi2 = 0.0;
    for a in 0..k {
        let own: Vec<f64> =
            (0..n).map(|i| (0..k).map(|j| turn[(a, j)] * (columns[j][i] - means[j]) / sd[j]).sum()).collect();
        let moment = |p: i32| own.iter().map(|x: &f64| x.powi(p)).sum::<f64>() / size;
        let m2 = moment(2);
        let (skew, kurtosis) = (moment(3) / m2.powf(1.5), moment(4) / (m2 * m2));
        chi2 += skewness_score(skew, size).powi(2) + kurtosis_score(skew * skew, kurtosis, size).powi(2);
    }
    Some(Statistic { value: f64::NAN, chi2, df: 2.0 * k as f64 })
}

/// D'Agostino's normal approximation of a skewness.
fn skewness_score(skew: f64, n: f64) -> f64 {
    let beta = 3.0 * (n * n + 27.0 * n - 70.0) * (n + 1.0) * (n + 3.0)
        / ((n - 2.0) * (n + 5.0) * (n + 7.0) * (n + 9.0));
    let w2 = -1.0 + (2.0 * (beta - 1.0)).sqrt();
    let delta = 1.0 / (0.5 * w2.ln()).sqrt();
    let y = skew * ((w2 - 1.0) / 2.0 * (n + 1.0) * (n + 3.0) / (6.0 * (n - 2.0))).sqrt();
    delta * y.asinh()
}

/// A normal score of a kurtosis given the squared skewness, from a gamma distribution by Wilson and Hilferty's cube root.
fn kurtosis_score(b1: f64, b2: f64, n: f64) -> f64 {
    let d = (n - 3.0) * (n + 1.0) * (n * n + 15.0 * n - 4.0);
    let a = (n - 2.0) * (n + 5.0) * (n + 7.0) * (n * n + 27.0 * n - 70.0) / (6.0 * d);
    let c = (n - 7.0) * (n + 5.0) * (n + 7.0) * (n * n + 2.0 * n - 5.0) / (6.0 * d);
    let k = (n + 5.0) * (n + 7.0) * (n.powi(3) + 37.0 * n * n + 11.0 * n - 313.0) / (12.0 * d);
    let alpha = a + b1 * c;
    let chi = (b2 - 1.0 - b1) * 2.0 * k;
    ((chi / (2.0 * alpha)).cbrt() - 1.0 + 1.0 / (9.0 * alpha)) * (9.0 * alpha).sqrt()
}

fn ln_det(s: &Mat) -> Option<f64> {
    let root = s.cholesky()?;
    Some(2.0 * root.diagonal().iter().map(|d| d.ln()).sum::<f64>())
}

/// Whether a covariance is diagonal.
pub fn diagonal(s: &Mat, n: f64) -> Option<Statistic> {
    let k = s.rows() as f64;
    let ln_r = ln_det(s)? - s.diagonal().iter().map(|v| v.ln()).sum::<f64>();
    Some(Statistic {
        value: f64::NAN,
        chi2: -(n - 1.0 - (2.0 * k + 5.0) / 6.0) * ln_r,
        df: k * (k - 1.0) / 2.0,
    })
}

/// Whether a covariance is a multiple of the identity.
pub fn spherical(s: &Mat, n: f64) -> Option<Statistic> {
    let k = s.rows() as f64;
    let trace: f64 = s.diagonal().iter().sum();
    let ln_u = ln_det(s)? - k * (trace / k).ln();
    Some(Statistic {
        value: f64::NAN,
        chi2: -(n - 1.0 - (2.0 * k * k + k + 2.0) / (6.0 * k)) * ln_u,
        df: k * (k + 1.0) / 2.0 - 1.0,
    })
}

/// Whether a covariance is compound symmetric.
pub fn compound(s: &Mat, n: f64) -> Option<Statistic> {
    let k = s.rows() as f64;
    let variance = s.diagonal().iter().sum::<f64>() / k;
    let off = (s.data().iter().sum::<f64>() - k * variance) / (k * (k - 1.0));
    let r = off / variance;
    let ln_u = ln_det(s)? - k * variance.ln() - (k - 1.0) * (1.0 - r).ln() - (1.0 + (k - 1.0) * r).ln();
    let factor = n - 1.0 - k * (k + 1.0).powi(2) * (2.0 * k - 3.0) / (6.0 * (k - 1.0) * (k * k + k - 4.0));
    Some(Statistic { value: f64::NAN, chi2: -factor * ln_u, df: k * (k + 1.0) / 2.0 - 2.0 })
}

/// Whether all correlations are the same (Lawley 1963).
pub fn equal_correlations(s: &Mat, n: f64) -> Option<Statistic> {
    let size = s.rows();
    let k = size as f64;
    let r = |i: usize, j: usize| s[(i, j)] / (s[(i, i)] * s[(j, j)]).sqrt();
    let of_row = |i: usize| (0..size).filter(|j| *j != i).map(|j| r(i, j)).sum::<f64>() / (k - 1.0);
    let mean = (0..size).map(of_row).sum::<f64>() / k;
    let mut pairs = 0.0;
    for i in 0..size {
        for j in 0..i {
            pairs += (r(i, j) - mean).powi(2);
        }
    }
    let rows: f64 = (0..size).map(|i| (of_row(i) - mean).powi(2)).sum();
    let rest = (1.0 - mean).powi(2);
    let u = (k - 1.0).powi(2) * (1.0 - rest) / (k - (k - 2.0) * rest);
    let chi2 = (n - 1.0) / rest * (pairs - u * rows);
    chi2.is_finite().then_some(Statistic { value: f64::NAN, chi2, df: (k + 1.0) * (k - 2.0) / 2.0 })
}

/// Box's test that covariances of groups are the same.
#[derive(Clone, Copy, Debug)]
pub struct BoxTest {
    /// Modified likelihood ratio, without correction.
    pub ratio: f64,
    /// Corrected, with a chi-squared distribution.
    pub chi2: f64,
    /// Its degrees of freedom, the first ones of F.
    pub df: f64,
    /// The approximation by F.
    pub f: f64,
    /// Its second degrees of freedom.
    pub df_r: f64,
}

/// Box's test from the sums of squares and products and the sizes of the groups; nothing when one is singular.
pub fn box_test(groups: &[(Mat, f64)]) -> Option<BoxTest> {
    let k = groups[0].0.rows() as f64;
    let m = groups.len() as f64;
    let total: f64 = groups.iter().map(|g| g.1 - 1.0).sum();
    let size = groups[0].0.rows();
    let pooled = groups.iter().fold(Mat::zeros(size, size), |sum, g| sum.plus(&g.0)).scaled(1.0 / total);
    let mut ratio = total * ln_det(&pooled)?;
    for (products, n) in groups {
        ratio -= (n - 1.0) * ln_det(&products.clone().scaled(1.0 / (n - 1.0)))?;
    }
    let inverse = |p: i32| groups.iter().map(|g| (g.1 - 1.0).powi(-p)).sum::<f64>() - total.powi(-p);
    let c1 = inverse(1) * (2.0 * k * k + 3.0 * k - 1.0) / (6.0 * (k + 1.0) * (m - 1.0));
    let c2 = inverse(2) * (k - 1.0) * (k + 2.0) / (6.0 * (m - 1.0));
    let df = (m - 1.0) * k * (k + 1.0) / 2.0;
    let gap = c2 - c1 * c1;
    let df_r = (df + 2.0) / gap.abs();
    let f = if gap > 0.0 {
        (1.0 - c1 - df / df_r) / df * ratio
    } else {
        let b = (1.0 - c1 + 2.0 / df_r) / df_r;
        df_r * b * ratio / (df * (1.0 - b * ratio))
    };
    Some(BoxTest { ratio, chi2: (1.0 - c1) * ratio, df, f, df_r })
}
