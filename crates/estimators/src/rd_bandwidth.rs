//! Bandwidths of regression discontinuity designs that minimise the mean squared error of the estimate.
//!
//! Formulas: Calonico, Cattaneo and Titiunik (2014, Econometrica 82, and 2014, Stata Journal 14); Calonico, Cattaneo,
//! Farrell and Titiunik (2017, Stata Journal 17).

use super::rd::{Settings, Side};

impl Side {
    /// Variance, bias and regularisation term of a bandwidth for the derivative `nu` of a polynomial of order `o`, with
    /// the bias from a polynomial of order `o_b` in the window `h_b`.
    fn constants(&self, s: &Settings, step: &Step, h_b: f64) -> Option<Constants> {
        let Step { o, nu, h_v, .. } = *step;
        let combined = self.for_bandwidth(s, h_v, o, nu)?;
        combined.own_constants(s, step, h_b)
    }

    fn own_constants(&self, s: &Settings, step: &Step, h_b: f64) -> Option<Constants> {
        let Step { o, nu, o_b, h_v, regularised } = *step;
        let window = self.window(s.kernel, h_v, o)?;
        let v = self.covariance(&window, s.variance)[(nu, nu)];
        let moment: Vec<f64> = (0..=o)
            .map(|j| {
                (0..window.rows.len())
                    .map(|i| {
                        let u = self.x[window.rows[i]] / h_v;
                        window.powers[(i, j)] * window.weights[i] * u.powi(o as i32 + 1)
                    })
                    .sum()
            })
            .collect();
        let bias = h_v.powi(nu as i32) * window.inverse.times_vector(&moment)[nu];
        let far = self.window(s.kernel, h_b, o_b)?;
        let b = self.coefficients(&far);
        let rate = 2.0 * (o + 1 - nu) as f64;
        let regular = if regularised {
            let v_b = self.covariance(&far, s.variance)[(o + 1, o + 1)];
            s.regularisation * rate * 3.0 * bias * bias * v_b
        } else {
            0.0
        };
        Some(Constants {
            v: (2.0 * nu as f64 + 1.0) * h_v.powi(2 * nu as i32 + 1) * v,
            b: rate.sqrt() * bias * b[o + 1],
            r: regular,
        })
    }
}

/// A step of the choice of bandwidths.
#[derive(Clone, Copy)]
struct Step {
    o: usize,
    nu: usize,
    o_b: usize,
    h_v: f64,
    regularised: bool,
}

struct Constants {
    v: f64,
    b: f64,
    r: f64,
}

/// What a choice of bandwidths minimises the mean squared error of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The difference of both sides, with one bandwidth.
    Difference,
    /// Their sum, with one bandwidth.
    Sum,
    /// Each side, with its own bandwidth.
    Each,
}

/// Bandwidths of both sides: of the estimate and of the bias.
#[derive(Clone, Copy, Debug)]
pub struct Bandwidths {
    /// Left and right bandwidth of the estimate.
    pub h: [f64; 2],
    /// Left and right bandwidth of the bias.
    pub b: [f64; 2],
}

/// Distance of the `n`-th nearest distinct value of the running variable.
fn nearest(side: &Side, n: usize) -> f64 {
    let mut distances: Vec<f64> = side.x.iter().map(|x| x.abs()).collect();
    distances.sort_by(f64::total_cmp);
    distances.dedup();
    distances[n.min(distances.len()) - 1] * (1.0 + f64::EPSILON.sqrt())
}

/// Mean-squared-error optimal bandwidths. `spread` is the smaller of the
/// standard deviation and the interquartile range over 1.349 of the running variable.
///
/// Where at least a fifth of the values are repeated, windows keep ten distinct values, as the option
/// `masspoints(adjust)` does.
pub fn bandwidths(sides: [&Side; 2], s: &Settings, spread: f64, target: Target) -> Option<Bandwidths> {
    let n: usize = sides.iter().map(|s| s.x.len()).sum();
    let distinct = |side: &Side| {
        let mut x = side.x.clone();
        x.dedup();
        x.len()
    };
    let unique = sides.map(distinct);
    let repeated = (0..2).any(|k| 1.0 - unique[k] as f64 / sides[k].x.len() as f64 >= 0.2);
    let least = if repeated { sides.map(|side| nearest(side, 10)) } else { [0.0, 0.0] };
    let reach = sides.map(|side| side.x.iter().fold(0.0_f64, |m, x| m.max(x.abs())));
    let longest = reach[0].max(reach[1]);
    let total = unique.iter().sum::<usize>().min(n) as f64;
    let pilot = (s.kernel.pilot() * spread * total.powf(-0.2)).min(longest).max(least[0]).max(least[1]);
    let eps = 1.0 + f64::EPSILON.sqrt();
    let both = |step: Step, h: [f64; 2]| -> Option<[Constants; 2]> {
        Some([sides[0].constants(s, &step, h[0])?, sides[1].constants(s, &step, h[1])?])
    };
    let solve = |c: &[Constants; 2], o: usize, floor: bool| -> [f64; 2] {
        let rate = 1.0 / (2.0 * o as f64 + 3.0);
        let value = |v: f64, b: f64, r: f64| (v / (b * b + r)).powf(rate);
        if target != Target::Each {
            let b = if target == Target::Sum { c[1].b + c[0].b } else { c[1].b - c[0].b };
            let h = value(c[0].v + c[1].v, b, c[0].r + c[1].r).min(longest);
            let h = if floor { h.max(least[0]).max(least[1]) } else { h };
            [h, h]
        } else {
            [0, 1].map(|k| {
                let h = value(c[k].v, c[k].b, c[k].r).min(reach[k]);
                if floor { h.max(least[k]) } else { h }
            })
        }
    };
    let first = Step { o: s.q + 1, nu: s.q + 1, o_b: s.q + 2, h_v: pilot, regularised: false };
    let d = solve(&both(first, reach.map(|r| r * eps))?, s.q + 1, true);
    let second = Step { o: s.q, nu: s.p + 1, o_b: s.q + 1, h_v: pilot, regularised: true };
    let b = solve(&both(second, d)?, s.q, false);
    let third = Step { o: s.p, nu: s.deriv, o_b: s.q, h_v: pilot, regularised: true };
    let h = solve(&both(third, b)?, s.p, false);
    Some(Bandwidths { h, b })
}
