//! Log likelihood of beta regression: a share strictly between zero and one with mean `mu` and scale `psi`, so that
//! its variance is `mu (1 - mu) / (1 + psi)` ([R] betareg; Ferrari and Cribari-Neto 2004, Journal of Applied
//! Statistics 31; Smithson and Verkuilen 2006, Psychological Methods 11).

use super::jet::Jet;

/// Link between the scale and its linear index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleLink {
    /// `ln psi`.
    Log,
    /// `sqrt psi`.
    Root,
    /// `psi`.
    Identity,
}

impl ScaleLink {
    /// Scale at a linear index.
    pub fn scale<const N: usize>(self, eta: Jet<N>) -> Jet<N> {
        match self {
            Self::Log => eta.exp(),
            Self::Root => eta.square(),
            Self::Identity => eta,
        }
    }

    /// Linear index of a scale.
    pub fn index(self, scale: f64) -> f64 {
        match self {
            Self::Log => scale.ln(),
            Self::Root => scale.sqrt(),
            Self::Identity => scale,
        }
    }
}

/// Log density of a share at its mean and scale; not a number where the scale is not positive.
pub fn ln_beta_density<const N: usize>(y: f64, mean: Jet<N>, scale: Jet<N>) -> Jet<N> {
    if scale.v <= 0.0 {
        return Jet::constant(f64::NAN);
    }
    let (a, b) = (mean * scale, (-mean + 1.0) * scale);
    scale.ln_gamma() - a.ln_gamma() - b.ln_gamma() + (a - 1.0) * y.ln() + (b - 1.0) * (-y).ln_1p()
}
