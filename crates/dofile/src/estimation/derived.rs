//! Functions of a parameter below a table: rho of athrho, alpha of lnalpha.

use crate::format;
use crate::matrix::Stripe;
use crate::session::Session;
use estimators::distributions::chi2_tail;
use estimators::wald;

/// Commands that show functions of their last parameters below the table.
const DERIVED: [&str; 19] = [
    "nbreg",
    "zinb",
    "tnbreg",
    "heckman",
    "heckprobit",
    "heckoprobit",
    "heckpoisson",
    "biprobit",
    "etregress",
    "etpoisson",
    "intreg",
    "ivprobit",
    "streg",
    "xtlogit",
    "xtprobit",
    "xtcloglog",
    "xtpoisson",
    "xtnbreg",
    "scobit",
];

/// Commands whose ancillary parameter has no test in the table: its null hypothesis is on the boundary.
pub(super) const UNTESTED: [&str; 11] = [
    "nbreg",
    "tnbreg",
    "xtlogit",
    "xtprobit",
    "xtcloglog",
    "xtpoisson",
    "xtnbreg",
    "menbreg",
    "meologit",
    "meoprobit",
    "mestreg",
];

/// Whether rows of functions of the last parameters (rho of athrho, sigma of lnsigma) follow the table of the active
/// results, so that a rule ends the parameters.
pub(super) fn follow(session: &Session, stripe: &[Stripe]) -> bool {
    match session.e.cmd() {
        _ if session.e.results.get_text("cmd2") == Some("streg") => {
            let last = stripe.last().filter(|s| s.eq.starts_with('/')).map(|s| s.name.as_str());
            last.is_some_and(|name| matches!(name, "ln_p" | "lnsigma" | "lngamma" | "lntheta" | "kappa"))
        }
        "churdle" => stripe.iter().filter(|s| s.eq == "lnsigma").count() == 1,
        cmd => stripe.last().is_some_and(|s| s.eq.starts_with('/')) && DERIVED.contains(&cmd),
    }
}

/// Prints one derived parameter: a function of the parameter at `position` with its derivative, and the limits of the
/// parameter transformed in the same way.
pub(crate) fn derived_row(
    session: &mut Session,
    label: &str,
    position: usize,
    level: f64,
    function: impl Fn(f64) -> f64,
    derivative: impl Fn(f64) -> f64,
) {
    let (Some(b), Some(v)) = (session.e.b(), session.e.v()) else { return };
    let (b, se) = (b.values()[position], v.get(position, position).sqrt());
    let reach = wald::critical(level, session.e.results.get_scalar("df_r")) * se;
    let look = session.settings.table.clone();
    let wide = |x: f64| look.wide(x);
    let (low, high) = (function(b - reach), function(b + reach));
    let line = format!(
        "{:>12} |  {}  {} {:>8}   {:>5}    {}   {}",
        format::abbrev(label, 12),
        wide(function(b)),
        wide(se * derivative(b).abs()),
        "",
        "",
        wide(low.min(high)),
        wide(low.max(high))
    );
    session.print(line);
}

/// Prints the likelihood-ratio test of a parameter that is zero under the null model. Zero lies on the boundary: half of the
/// chi-squared tail ([R] nbreg).
pub(crate) fn boundary_line(session: &mut Session, name: &str, chi2: f64) {
    let p = chi2_tail(1.0, chi2) / if chi2 > 0.0 { 2.0 } else { 1.0 };
    let test = format!("LR test of {name}=0: chibar2(01) = {}", format::bare("%8.2f", chi2));
    let tail = format!("Prob >= chibar2 = {}", format::bare("%5.3f", p));
    session.print(format!("{test}{tail:>width$}", width = 78usize.saturating_sub(test.chars().count())));
}
