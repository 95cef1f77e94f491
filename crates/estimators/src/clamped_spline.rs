//! Cubic splines through points, whose slopes at both ends are those of the parabolas through the first and the last three
//! points; their derivatives and integrals. Formulas: de Boor (2001), A Practical Guide to Splines, chapter IV.

/// A spline through points of ascending positions.
pub struct Spline<'a> {
    x: &'a [f64],
    y: &'a [f64],
    /// Slope at each point.
    slope: Vec<f64>,
}

/// Slope at the first of three points of the parabola through them.
fn parabola_slope(x: [f64; 3], y: [f64; 3]) -> f64 {
    let first = (y[1] - y[0]) / (x[1] - x[0]);
    let second = (y[2] - y[1]) / (x[2] - x[1]);
    first - (second - first) / (x[2] - x[0]) * (x[1] - x[0])
}

impl<'a> Spline<'a> {
    /// The spline; a line through two points, and a constant through one.
    pub fn through(x: &'a [f64], y: &'a [f64]) -> Self {
        let n = x.len();
        let slope = match n {
            0 | 1 => vec![0.0; n],
            2 => vec![(y[1] - y[0]) / (x[1] - x[0]); 2],
            _ => slopes(x, y),
        };
        Self { x, y, slope }
    }

    /// The derivative at each point.
    pub fn derivatives(&self) -> &[f64] {
        &self.slope
    }

    /// The integral from the first point up to each point.
    pub fn integrals(&self) -> Vec<f64> {
        let mut total = 0.0;
        let mut out = vec![0.0; self.x.len().min(1)];
        for i in 1..self.x.len() {
            let h = self.x[i] - self.x[i - 1];
            total +=
                h * (self.y[i - 1] + self.y[i]) / 2.0 + h * h * (self.slope[i - 1] - self.slope[i]) / 12.0;
            out.push(total);
        }
        out
    }
}

/// Slopes that make the second derivative continuous, by elimination in a system with three diagonals.
fn slopes(x: &[f64], y: &[f64]) -> Vec<f64> {
    let n = x.len();
    let step = |i: usize| x[i + 1] - x[i];
    let rise = |i: usize| (y[i + 1] - y[i]) / step(i);
    let mut slope = vec![0.0; n];
    slope[0] = parabola_slope([x[0], x[1], x[2]], [y[0], y[1], y[2]]);
    slope[n - 1] = parabola_slope([x[n - 1], x[n - 2], x[n - 3]], [y[n - 1], y[n - 2], y[n - 3]]);
    // row i: step(i) s[i-1] + 2 (step(i-1) + step(i)) s[i] + step(i-1) s[i+1] = right side
    let mut diagonal = vec![0.0; n];
    let mut right = vec![0.0; n];
    for i in 1..n - 1 {
        diagonal[i] = 2.0 * (step(i - 1) + step(i));
        right[i] = 3.0 * (step(i) * rise(i - 1) + step(i - 1) * rise(i));
        if i == 1 {
            right[i] -= step(i) * slope[0];
        } else {
            let factor = step(i) / diagonal[i - 1];
            diagonal[i] -= factor * step(i - 2);
            right[i] -= factor * right[i - 1];
        }
    }
    for i in (1..n - 1).rev() {
        slope[i] = (right[i] - step(i - 1) * slope[i + 1]) / diagonal[i];
    }
    slope
}

/// Integrals by trapezoids from the first point up to each point.
pub fn trapezoids(x: &[f64], y: &[f64]) -> Vec<f64> {
    let mut total = 0.0;
    let mut out = vec![0.0; x.len().min(1)];
    for i in 1..x.len() {
        total += (x[i] - x[i - 1]) * (y[i] + y[i - 1]) / 2.0;
        out.push(total);
    }
    out
}
