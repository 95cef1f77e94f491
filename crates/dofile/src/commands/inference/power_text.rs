//! How the designs of `power` are shown.

use super::power::Design;
use crate::format;

/// The sign of the alternative.
pub(super) fn sign(d: &Design) -> &'static str {
    match (d.sides == 1.0, d.second > d.first) {
        (false, _) => "!=",
        (true, true) => ">",
        (true, false) => "<",
    }
}

/// A parameter as it is shown.
pub(super) fn four(x: f64) -> String {
    format::right(&format::bare("%9.4f", x), 9)
}

/// A sample size as it is shown.
pub(super) fn whole(n: f64) -> String {
    format::right(&format::bare("%9.0fc", n), 9)
}
