//! `estat lceffects`: design effects of a linear combination of estimates of a survey ([SVY] estat).

use super::effects::stored;
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::estimation::linear_form;
use crate::estimation::post::{kernel, stata};
use crate::format;
use crate::ops::estat::Call;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::value::is_missing;

/// What a simple random sample from the finite population loses of its variance: one without one.
fn finite(s: &Session) -> Result<f64> {
    let (deff, deft) = (stored(s, "lceffects", "deff")?, stored(s, "lceffects", "deft")?);
    let parts = (0..deff.cols()).map(|j| deft.get(0, j).powi(2) / deff.get(0, j));
    Ok(parts.filter(|f| f.is_finite() && *f > 0.0).find(|f| !is_missing(*f)).unwrap_or(1.0))
}

/// Variance of the combination over that of a simple random sample, and over that of the command without the design.
pub(super) fn run(s: &mut Session, call: &Call) -> Result<()> {
    let specs = ["DEFF", "DEFT", "MEFF", "MEFT", "SRSsubpop"].map(OptSpec::flag);
    let options = call.options_after_list(&specs, &[])?;
    if options.has("srssubpop") {
        return Err(StataError::unsupported_option("estat lceffects", "srssubpop"));
    }
    let parameters = Parameters::of(&s.e)?;
    let form = linear_form::parse(&call.list, &parameters)?;
    if form.is_number() {
        return Err(StataError::new(198, "no coefficients in the expression"));
    }
    let w = &form.weights;
    let estimate = w.iter().zip(&parameters.b).map(|(w, b)| w * b).sum::<f64>() + form.constant;
    let variance = parameters.v.quadratic(w);
    let finite_sample = s.e.results.matrices.get("V_srswor").is_some();
    let random = stored(s, "lceffects", if finite_sample { "V_srswor" } else { "V_srs" })?;
    let deff = variance / kernel(&random).quadratic(w);
    let deft = (deff * if finite_sample { finite(s)? } else { 1.0 }).sqrt();
    let asked = |names: &[&str]| names.iter().any(|name| options.has(name));
    let both = !asked(&["deff", "deft", "meff", "meft"]);
    let mut shown = Vec::new();
    if both || options.has("deff") {
        shown.push(("DEFF", "deff", deff));
    }
    if both || options.has("deft") {
        shown.push(("DEFT", "deft", deft));
    }
    if asked(&["meff", "meft"]) {
        let after =
            || StataError::unsupported_option("estat lceffects", &format!("meff after {}", s.e.cmd()));
        let without = s.e.results.matrices.get("V_msp").cloned().ok_or_else(after)?;
        let meff = variance / kernel(&without).quadratic(w);
        if options.has("meff") {
            shown.push(("MEFF", "meff", meff));
        }
        if options.has("meft") {
            shown.push(("MEFT", "meft", meff.sqrt()));
        }
    }
    let target = format::bare("%9.0g", -form.constant + 0.0);
    s.print("");
    s.print(format!(" ( 1)  {} = {target}", form.text(&parameters)));
    let se = variance.max(0.0).sqrt();
    show(s, estimate, se, &shown);
    let mut r = Results::default();
    r.scalar("estimate", estimate).scalar("se", stata(se));
    if let Some(df) = s.e.results.get_scalar("df_r") {
        r.scalar("df", df);
    }
    r.scalar("deff", stata(deff)).scalar("deft", stata(deft));
    for (_, name, x) in &shown {
        r.scalar(name, stata(*x));
    }
    s.r = r;
    Ok(())
}

fn show(s: &mut Session, estimate: f64, se: f64, shown: &[(&str, &str, f64)]) {
    let heading = match s.e.cmd() {
        "mean" => "Mean",
        "total" => "Total",
        "ratio" => "Ratio",
        "proportion" => "Proportion",
        _ => "Coefficient",
    };
    let depvar = if heading == "Coefficient" { s.e.results.get_text("depvar").unwrap_or("") } else { "" };
    let depvar = format::abbrev(depvar, 12);
    let width = 24 + 12 * shown.len();
    s.print("");
    s.print("-".repeat(width + 14));
    let heads: String = shown.iter().map(|(head, ..)| format!("{head:>12}")).collect();
    s.print(format!("{depvar:>12} |{heading:>11}    std. err.{heads}").trim_end());
    s.print(format!("-------------+{}", "-".repeat(width)));
    let cells: String =
        shown.iter().map(|(_, _, x)| format::right(&format::bare("%9.6g", stata(*x)), 12)).collect();
    s.print(format!(
        "{:>12} |  {}    {}{cells}",
        "(1)",
        format::number("%9.0g", estimate),
        format::number("%9.0g", se)
    ));
    s.print("-".repeat(width + 14));
}
