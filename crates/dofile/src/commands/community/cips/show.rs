//! The output of `xtcips` and `pescadf`.

use crate::format;
use crate::ops::panel_series::Data;
use crate::session::Session;
use crate::value::MISSING;
use estimators::timeseries::Deterministic;

fn deterministics(parts: Deterministic) -> &'static str {
    match parts {
        Deterministic::None => "none",
        Deterministic::Constant | Deterministic::Drift => "constant",
        Deterministic::Trend => "constant & trend",
    }
}

/// Shows the mean of the truncated t (`value`) with its critical values; `any` where a t was truncated.
pub(super) fn cips(
    s: &mut Session,
    data: &Data,
    parts: Deterministic,
    any: bool,
    (value, periods): (f64, f64),
    limits: Option<[f64; 3]>,
) {
    let number = |x: f64| format::number("%9.3f", x);
    s.print("");
    s.print(format!(
        "Pesaran Panel Unit Root Test with cross-sectional and first difference mean included for {}",
        data.name
    ));
    s.print(format!("Deterministics chosen: {}", deterministics(parts)));
    s.print("");
    s.print("Dynamics: lags criterion decision General to Particular based on F joint test");
    if any {
        s.print("");
        s.print("Individual ti were truncated during the aggregation process");
    }
    s.print("");
    s.print("H0 (homogeneous non-stationary): bi = 0 for all i");
    s.print("");
    let star = if any { "*" } else { "" };
    let periods = format::bare("%9.4g", periods);
    s.print(format!(
        "CIPS{star:<1} = {}{:>26}",
        number(value),
        format!("N,T = ({},{periods})", data.panels.len())
    ));
    s.print("");
    s.print(format!("{:>33}{:>10}{:>10}", "10%", "5%", "1%"));
    let [one, five, ten] = limits.unwrap_or([MISSING; 3]);
    let cell = |x: f64| format::bare("%9.2f", x);
    s.print(format!("Critical values at {:>14}{:>10}{:>10}", cell(ten), cell(five), cell(one)));
}

/// What `pescadf` found.
pub(super) struct Cadf {
    /// Option `nodemean`.
    pub(super) keeps_mean: bool,
    /// Option `trunoff`.
    pub(super) whole: bool,
    /// Mean t.
    pub(super) tbar: f64,
    /// Rows of all regressions.
    pub(super) n: f64,
    /// Mean number of lags.
    pub(super) lags: f64,
    /// Periods of each unit.
    pub(super) periods: f64,
}

/// Shows the mean t of `pescadf`.
pub(super) fn cadf(
    s: &mut Session,
    data: &Data,
    parts: Deterministic,
    found: &Cadf,
    limits: Option<[f64; 3]>,
) {
    let number = |x: f64| format::number("%9.3f", x);
    let first = if found.keeps_mean { "not extracted" } else { "extracted" };
    let extreme =
        if found.whole { "no truncation of extreme t-values" } else { "extreme t-values truncated" };
    s.print("");
    s.print(format!("Pesaran's CADF test for {}", data.name));
    s.print(format!("Cross-sectional average in first period {first} and {extreme}"));
    s.print(format!("Deterministics chosen: {}", deterministics(parts)));
    s.print("");
    s.print(format!(
        "{:<34}Obs = {}",
        format!("t-bar test, N,T = ({},{})", data.panels.len(), found.periods),
        found.n
    ));
    s.print(format!("Augmented by {} lags (average)", format::bare("%9.0g", found.lags)));
    s.print("");
    s.print("    t-bar     cv10      cv5       cv1    Z[t-bar]    P-value");
    let [one, five, ten] = limits.unwrap_or([MISSING; 3]);
    s.print(format!(
        "{}{:>10}{:>10}{:>10}{:>10}{:>10}",
        number(found.tbar),
        number(ten),
        number(five),
        number(one),
        ".",
        "."
    ));
    s.print("");
    s.print("Z[t-bar] is not computed by the open engine; compare t-bar with the critical values.");
}
