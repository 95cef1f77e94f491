//! Distances on the globe.

/// An ellipsoid of revolution.
#[derive(Debug, Clone, Copy)]
pub struct Ellipsoid {
    /// The semimajor axis.
    pub axis: f64,
    /// The flattening.
    pub flattening: f64,
}

impl Ellipsoid {
    /// The length of the geodesic between two points (latitude, longitude in degrees) and the number of iterations, by the
    /// inverse formula of Vincenty (1975). None where it does not converge, for nearly antipodal points.
    pub fn distance(&self, one: (f64, f64), two: (f64, f64), most: usize) -> Option<(f64, usize)> {
        let f = self.flattening;
        let short = self.axis * (1.0 - f);
        let reduced = |degrees: f64| ((1.0 - f) * degrees.to_radians().tan()).atan();
        let (u1, u2) = (reduced(one.0), reduced(two.0));
        let l = (two.1 - one.1).to_radians();
        let mut lambda = l;
        for iteration in 1..=most {
            let (sin_l, cos_l) = lambda.sin_cos();
            let across = u2.cos() * sin_l;
            let along = u1.cos() * u2.sin() - u1.sin() * u2.cos() * cos_l;
            let sin_sigma = across.hypot(along);
            if sin_sigma == 0.0 {
                return Some((0.0, iteration));
            }
            let cos_sigma = u1.sin() * u2.sin() + u1.cos() * u2.cos() * cos_l;
            let sigma = sin_sigma.atan2(cos_sigma);
            let sin_alpha = u1.cos() * u2.cos() * sin_l / sin_sigma;
            let cos2_alpha = 1.0 - sin_alpha * sin_alpha;
            // on the equator there is no midpoint term
            let mid =
                if cos2_alpha > 1e-15 { cos_sigma - 2.0 * u1.sin() * u2.sin() / cos2_alpha } else { 0.0 };
            let c = f / 16.0 * cos2_alpha * (4.0 + f * (4.0 - 3.0 * cos2_alpha));
            let before = lambda;
            let turn = sigma + c * sin_sigma * (mid + c * cos_sigma * (2.0 * mid * mid - 1.0));
            lambda = l + (1.0 - c) * f * sin_alpha * turn;
            if (lambda - before).abs() < 1e-12 {
                let u = cos2_alpha * (self.axis * self.axis - short * short) / (short * short);
                let a = 1.0 + u / 16384.0 * (4096.0 + u * (-768.0 + u * (320.0 - 175.0 * u)));
                let b = u / 1024.0 * (256.0 + u * (-128.0 + u * (74.0 - 47.0 * u)));
                let third = b / 6.0 * mid * (4.0 * sin_sigma * sin_sigma - 3.0) * (4.0 * mid * mid - 3.0);
                let inner = mid + b / 4.0 * (cos_sigma * (2.0 * mid * mid - 1.0) - third);
                return Some((short * a * (sigma - b * sin_sigma * inner), iteration));
            }
        }
        None
    }
}

/// The angle between two points (latitude, longitude in degrees) on a sphere, by the haversine formula.
pub fn great_circle(one: (f64, f64), two: (f64, f64)) -> f64 {
    let half = |a: f64, b: f64| ((b - a).to_radians() / 2.0).sin().powi(2);
    let h = half(one.0, two.0) + one.0.to_radians().cos() * two.0.to_radians().cos() * half(one.1, two.1);
    2.0 * h.sqrt().min(1.0).asin()
}
