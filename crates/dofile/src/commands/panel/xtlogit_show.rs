//! Output of `xtlogit`, `xtprobit` and `xtpoisson`.

use super::clogit;
use crate::format;
use crate::session::Session;
use crate::value::MISSING;
use estimators::distributions::chi2_tail;

/// A text of the active results.
fn text(session: &Session, name: &str) -> String {
    session.e.results.get_text(name).unwrap_or("").to_string()
}

/// Whether the active results are those of random effects.
pub(super) fn is_random(session: &Session) -> bool {
    text(session, "model") == "re"
}

/// Prints the header of the active results.
pub(super) fn header(session: &mut Session) {
    let title = text(session, "title");
    let effects = if is_random(session) {
        format!("Random effects u_i ~ {}", text(session, "distrib"))
    } else {
        String::new()
    };
    let points = session.e.results.get_scalar("n_quad");
    clogit::panel_header(session, &title, &effects, points);
}

/// Prints the lines under the table: derived parameters and the test of no effects.
pub(super) fn footer(session: &mut Session, name: &str) {
    let scalar = |s: &Session, n: &str| s.e.results.get_scalar(n).unwrap_or(MISSING);
    if is_random(session) {
        let normal = text(session, "distrib") == "Gaussian";
        let shown: &[&str] = match (name, normal) {
            ("xtpoisson", false) => &["alpha"],
            ("xtpoisson", true) => &["sigma_u"],
            _ => &["sigma_u", "rho"],
        };
        for item in shown {
            let value = scalar(session, item);
            session.print(format!("{item:>12} |  {}", format::number("%9.0g", value)));
        }
        session.print("-".repeat(78));
        if text(session, "vcetype").is_empty() {
            // Zero is the edge of the range: half of the chi-squared tail.
            let chi2 = scalar(session, "chi2_c");
            let p = chi2_tail(1.0, chi2) / if chi2 > 0.0 { 2.0 } else { 1.0 };
            let what = match (name, normal) {
                ("xtpoisson", false) => "alpha=0",
                ("xtpoisson", true) => "sigma_u=0",
                _ => "rho=0",
            };
            let left =
                format!("LR test of {what}: chibar2(01) = {}", format::bare("%8.2f", chi2).trim_start());
            let right = format!("Prob >= chibar2 = {}", format::bare("%5.3f", p));
            session.print(format!("{left}{right:>width$}", width = 78usize.saturating_sub(left.len())));
        }
    }
}
