//! Output of `xtlogit`, `xtprobit` and `xtpoisson`.

use super::clogit;
use crate::format;
use crate::session::Session;
use crate::value::MISSING;
use estimators::distributions::chi2_tail;
use estimators::wald;

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

/// The last parameter, which is the log of a variance: its value, standard error and limits.
pub(super) fn last_parameter(session: &Session, level: f64) -> (f64, f64, [f64; 2]) {
    parameter_from_end(session, level, 1)
}

/// A parameter counted from the end: value, standard error and limits.
pub(super) fn parameter_from_end(session: &Session, level: f64, from_end: usize) -> (f64, f64, [f64; 2]) {
    let (Some(b), Some(v)) = (session.e.b(), session.e.v()) else { return (MISSING, MISSING, [MISSING; 2]) };
    let at = b.cols() - from_end;
    let (value, error) = (b.values()[at], v.get(at, at).sqrt());
    let half = wald::critical(level, None) * error;
    (value, error, [value - half, value + half])
}

/// A line of the table for a function of the parameters, which has no test.
pub(super) fn derived_row(label: &str, value: f64, error: f64, low: f64, high: f64) -> String {
    let cell = |x: f64, width: usize| format::right(&format::bare("%9.0g", x), width);
    format!(
        "{label:>12} |{}{}{:>16}{}{}",
        cell(value, 11),
        cell(error, 11),
        "",
        cell(low, 13),
        cell(high, 12)
    )
}

/// Prints the lines under the table: derived parameters and the test of no effects.
pub(super) fn footer(session: &mut Session, name: &str) {
    let scalar = |s: &Session, n: &str| s.e.results.get_scalar(n).unwrap_or(MISSING);
    let cmd_level = session.settings.level;
    if is_random(session) {
        let normal = text(session, "distrib") == "Gaussian";
        let shown: &[&str] = match (name, normal) {
            ("xtpoisson", false) => &["alpha"],
            ("xtpoisson", true) => &["sigma_u"],
            _ => &["sigma_u", "rho"],
        };
        for item in shown {
            let value = scalar(session, item);
            let (log, error, limits) = last_parameter(session, cmd_level);
            let rows = match *item {
                "alpha" => [log, limits[0], limits[1]].map(f64::exp),
                "sigma_u" => [log, limits[0], limits[1]].map(|x| (0.5 * x).exp()),
                // The variance of the outcome's own error follows from the stored share.
                _ => {
                    let own = log.exp() * (1.0 - value) / value;
                    [log, limits[0], limits[1]].map(|x| x.exp() / (x.exp() + own))
                }
            };
            let slope = match *item {
                "alpha" => value,
                "sigma_u" => 0.5 * value,
                _ => value * (1.0 - value),
            };
            session.print(derived_row(item, value, slope * error, rows[1], rows[2]));
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
