//! Making and scaling weighting matrices ([SP] spmatrix create; Drukker, Peng, Prucha and Raciborski 2013, Stata
//! Journal 13: 242-286).

use super::hessenberg::Hessenberg;
use crate::matrix::Mat;

/// Mean radius of the Earth in kilometres and in miles.
pub const EARTH: (f64, f64) = (6371.009, 3958.761);

/// How a matrix is scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scaling {
    /// By the largest modulus of the eigenvalues.
    Spectral,
    /// By the smaller of the largest row sum and the largest column sum of absolute values.
    MinMax,
    /// Each row by its sum; rows of zeros stay.
    Row,
    /// Not at all.
    None,
}

/// Distance of two points in the plane.
pub fn planar(a: (f64, f64), b: (f64, f64)) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

/// Distance on a sphere by the haversine formula; points are longitude and latitude in degrees.
pub fn great_circle(a: (f64, f64), b: (f64, f64), radius: f64) -> f64 {
    let haversine = |x: f64| (x.to_radians() / 2.0).sin().powi(2);
    let share = haversine(b.1 - a.1) + a.1.to_radians().cos() * b.1.to_radians().cos() * haversine(b.0 - a.0);
    2.0 * radius * share.clamp(0.0, 1.0).sqrt().asin()
}

/// Scales a matrix; nothing when the divisor is not a positive number.
pub fn scaled(w: Mat, scaling: Scaling) -> Option<Mat> {
    let divisor = match scaling {
        Scaling::None => return Some(w),
        Scaling::Row => return Some(by_rows(&w)),
        Scaling::MinMax => largest_sums(&w),
        Scaling::Spectral => spectral_radius(&w)?,
    };
    (divisor.is_finite() && divisor > 0.0).then(|| w.scaled(1.0 / divisor))
}

fn by_rows(w: &Mat) -> Mat {
    let sums: Vec<f64> = (0..w.rows()).map(|i| w.row(i).iter().sum()).collect();
    Mat::from_fn(w.rows(), w.cols(), |i, j| if sums[i] == 0.0 { w[(i, j)] } else { w[(i, j)] / sums[i] })
}

/// The smaller of the largest row sum and the largest column sum of absolute values, a bound of the eigenvalues.
pub fn largest_sums(w: &Mat) -> f64 {
    let mut columns = vec![0.0_f64; w.cols()];
    let mut top_row = 0.0_f64;
    for i in 0..w.rows() {
        top_row = top_row.max(w.row(i).iter().map(|x| x.abs()).sum());
        for (sum, x) in columns.iter_mut().zip(w.row(i)) {
            *sum += x.abs();
        }
    }
    top_row.min(columns.iter().fold(0.0, |m, x| m.max(*x)))
}

/// Largest modulus of the eigenvalues. For weights that are not negative it is an eigenvalue itself (Perron and
/// Frobenius), which Laguerre's iteration finds from above; else all eigenvalues are computed.
pub fn spectral_radius(w: &Mat) -> Option<f64> {
    radius_of(w, &Hessenberg::of(w))
}

/// [`spectral_radius`] of a matrix whose reduced form is known.
pub fn radius_of(w: &Mat, h: &Hessenberg) -> Option<f64> {
    if w.data().iter().any(|x| *x < 0.0) {
        let values = crate::schur::eigenvalues(w)?;
        return values.iter().map(|(re, im)| re.hypot(*im)).reduce(f64::max);
    }
    let bound = largest_sums(w);
    if bound == 0.0 {
        return Some(0.0);
    }
    let n = w.rows() as f64;
    let mut top = bound * (1.0 + 1e-9);
    for _ in 0..500 {
        let at = h.ln_determinant(1.0 / top);
        // derivatives of ln det(top I - W)
        let rate = n / top - at.first / (top * top);
        let bend = n / (top * top) - at.second / top.powi(4) - 2.0 * at.first / top.powi(3);
        if !rate.is_finite() || rate <= 0.0 {
            break;
        }
        let under = (n - 1.0) * (n * bend - rate * rate);
        let step = if under > 0.0 { n / (rate + under.sqrt()) } else { 1.0 / rate };
        top -= step;
        if step <= 1e-15 * top {
            break;
        }
    }
    (top.is_finite() && top > 0.0).then_some(top)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radius_of_a_path_is_known() {
        // The path of n units has the eigenvalues 2 cos(pi j / (n + 1)).
        for n in [2, 3, 9, 40] {
            let path = Mat::from_fn(n, n, |i, j| f64::from(u8::from(i.abs_diff(j) == 1)));
            let want = 2.0 * (std::f64::consts::PI / (n + 1) as f64).cos();
            let got = spectral_radius(&path).expect("a radius");
            assert!((got - want).abs() < 1e-12, "{n}: {got} {want}");
        }
    }

    #[test]
    fn radius_of_a_directed_cycle_is_one() {
        let cycle = Mat::from_fn(5, 5, |i, j| f64::from(u8::from((i + 1) % 5 == j)));
        assert!((spectral_radius(&cycle).expect("a radius") - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_quarter_of_the_equator() {
        let quarter = great_circle((0.0, 0.0), (90.0, 0.0), 2.0);
        assert!((quarter - std::f64::consts::PI).abs() < 1e-14);
    }
}
