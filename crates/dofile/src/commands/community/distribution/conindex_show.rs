//! What `conindex` prints.

use super::conindex_model::Estimate;
use crate::format;
use crate::session::Session;
use estimators::distributions::t_two_sided;

/// The table of an index.
pub(super) fn table(s: &mut Session, label: &str, heading: &str, found: &Estimate) {
    let rule = "-".repeat(84);
    let number =
        |x: Option<f64>, fmt: &str| x.map_or(String::new(), |x| format::bare(fmt, x).trim().to_string());
    let p = found.se.map(|se| t_two_sided(found.df, found.value / se));
    s.print("");
    s.print(&rule);
    s.print(format!(
        "{:<20}| {:<12}| {:<15}| {:<18}| {:<9}|",
        "Index:", "No. of obs.", "Index value", heading, "p-value"
    ));
    s.print(&rule);
    s.print(format!(
        "{:<20}| {:<12}| {:<15}| {:<18}| {:<9}|",
        label,
        format::bare("%9.0g", found.n).trim(),
        number(Some(found.value), "%12.8g"),
        number(found.se, "%12.8g"),
        number(p, "%6.4f"),
    ));
    s.print(&rule);
}

/// The test of two independent indices.
pub(super) fn difference(s: &mut Session, diff: f64, se: f64, z: f64, p: f64) {
    let n = |x: f64| format::bare("%12.8g", x).trim().to_string();
    let rule = "-".repeat(60);
    s.print("");
    s.print("Test for the difference of both indices (independent samples)");
    s.print(&rule);
    s.print(format!("{:<14}| {:<14}| {:<12}| {:<10}|", "Diff.", "Std. err.", "z-stat.", "p-value"));
    s.print(&rule);
    s.print(format!(
        "{:<14}| {:<14}| {:<12}| {:<10}|",
        n(diff),
        n(se),
        format::bare("%9.2f", z).trim(),
        format::bare("%6.4f", p).trim()
    ));
    s.print(&rule);
}
