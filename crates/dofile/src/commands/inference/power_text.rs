//! How the designs of `power` are shown.

use crate::format;

/// The sign of the alternative.
pub(super) fn sign(one_sided: bool, above: bool) -> &'static str {
    match (one_sided, above) {
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
