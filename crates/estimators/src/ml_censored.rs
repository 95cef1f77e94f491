//! Log likelihoods of outcomes that are censored, truncated, known as intervals, or seen for selected rows
//! only, as formulas of their linear indices ([R] tobit, [R] truncreg, [R] intreg, [R] heckman).

use super::jet::{Jet, ln_interval};

/// Observation of a row's latent outcome.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seen {
    /// Its value.
    Value(f64),
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
    /// Between two values.
    Between(f64, f64),
}

/// What is known of an outcome between the limits.
pub fn within(y: f64, lower: Option<f64>, upper: Option<f64>) -> Seen {
    match (lower, upper) {
        (Some(l), _) if y <= l => Seen::AtMost(l),
        (_, Some(u)) if y >= u => Seen::AtLeast(u),
        _ => Seen::Value(y),
    }
}

/// Log likelihood of a normal latent outcome; index 0 is its mean, index 1 the log of its standard deviation.
pub fn censored<const N: usize>(seen: Seen, [xb, lns]: [Jet<N>; 2]) -> Jet<N> {
    let scale = (-lns).exp();
    let z = |y: f64| (-xb + y) * scale;
    match seen {
        Seen::Value(y) => z(y).ln_density() - lns,
        Seen::AtMost(y) => z(y).ln_normal(),
        Seen::AtLeast(y) => (-z(y)).ln_normal(),
        Seen::Between(a, b) => ln_interval(z(a), z(b)),
    }
}

/// Log likelihood of a normal outcome that is only seen between two limits (infinite where open).
pub fn truncated(y: f64, limits: (f64, f64), [xb, lns]: [Jet<2>; 2]) -> Jet<2> {
    let scale = (-lns).exp();
    let z = |y: f64| (-xb + y) * scale;
    let inside = match (limits.0.is_finite(), limits.1.is_finite()) {
        (true, true) => ln_interval(z(limits.0), z(limits.1)),
        (true, false) => (-z(limits.0)).ln_normal(),
        (false, true) => z(limits.1).ln_normal(),
        (false, false) => Jet::constant(0.0),
    };
    z(y).ln_density() - lns - inside
}

/// Log likelihood of a selection model; indices: outcome, selection, `atanh(rho)`, `ln(sigma)`.
/// An outcome of `None` stands for a row that was not selected.
pub fn selection(y: Option<f64>, [xb, zg, athrho, lns]: [Jet<4>; 4]) -> Jet<4> {
    match y {
        None => (-zg).ln_normal(),
        Some(y) => {
            let z = (-xb + y) * (-lns).exp();
            // (zg + rho z) / sqrt(1 - rho^2), with rho = tanh(athrho)
            (zg * athrho.cosh() + z * athrho.sinh()).ln_normal() + z.ln_density() - lns
        }
    }
}

/// Log likelihood of a hurdle model (Cragg 1971, Econometrica 39; [R] churdle): whether the outcome exceeds its bound is
/// a probit, its size is normal and truncated at the bound, or log-normal above a bound of zero. Indices: outcome,
/// selection, the logs of the standard deviations of both. `None` stands for a row at the bound.
pub fn hurdle(y: Option<f64>, bound: f64, exponential: bool, [xb, zg, lns, lnsel]: [Jet<4>; 4]) -> Jet<4> {
    let index = zg * (-lnsel).exp();
    let Some(y) = y else { return (-index).ln_normal() };
    let scale = (-lns).exp();
    if exponential {
        return index.ln_normal() + ((-xb + y.ln()) * scale).ln_density() - lns - y.ln();
    }
    index.ln_normal() + ((-xb + y) * scale).ln_density() - lns - ((xb - bound) * scale).ln_normal()
}
