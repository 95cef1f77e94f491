//! `estat bootstrap`: bias and intervals of the active bootstrap results ([R] bootstrap postestimation).

use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::Matrix;
use crate::ops::estat::Call;
use crate::session::Session;
use crate::syntax::OptSpec;

const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("bc"),
    OptSpec::flag("bca"),
    OptSpec::flag("Normal"),
    OptSpec::flag("Percentile"),
    OptSpec::flag("all"),
    OptSpec::flag("noHEader"),
    OptSpec::flag("noLEGend"),
];

/// The kinds of intervals: option, matrix of limits, mark, meaning.
const KINDS: [(&str, &str, &str, &str); 4] = [
    ("normal", "ci_normal", "(N)", "  N: Normal"),
    ("percentile", "ci_percentile", "(P)", "  P: Percentile"),
    ("bc", "ci_bc", "(BC)", " BC: Bias-corrected"),
    ("bca", "ci_bca", "(BCa)", "BCa: Bias-corrected and accelerated"),
];

/// Runs the subcommand of `estat` after `bootstrap`.
pub(in crate::commands) fn estat(
    s: &mut Session,
    word: &str,
    call: &dyn Fn(&str) -> Call,
) -> Option<Result<()>> {
    let own = s.e.results.get_text("prefix") == Some("bootstrap");
    (own && word.len() > 3 && "bootstrap".starts_with(word)).then(|| show(s, &call("bootstrap")))
}

fn show(s: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(OPTIONS, &["EForm", "verbose"])?;
    let none = !KINDS.iter().any(|k| options.has(k.0));
    if options.has("bca") && s.e.results.matrices.get("ci_bca").is_none() {
        return Err(StataError::new(198, "BCa confidence intervals need option bca of bootstrap"));
    }
    let there = |k: &&(&str, &str, &str, &str)| s.e.results.matrices.get(k.1).is_some();
    let asked =
        |k: &&(&str, &str, &str, &str)| options.has("all") || options.has(k.0) || (none && k.0 == "bc");
    let chosen: Vec<_> = KINDS.iter().filter(|k| asked(k) && (k.0 != "bca" || there(k))).collect();
    let matrix = |name: &str| -> Result<Matrix> {
        s.e.results.matrices.get(name).cloned().ok_or_else(StataError::no_estimates)
    };
    let limits: Vec<Matrix> = chosen.iter().map(|k| matrix(k.1)).collect::<Result<_>>()?;
    let (bias, se, all) = (matrix("bias")?, matrix("se")?, matrix("b")?);
    let scalar = |name: &str| s.e.results.get_scalar(name).unwrap_or(crate::value::MISSING);
    let level = format::bare("%5.0g", s.e.results.get_scalar("level").unwrap_or(s.settings.level));
    let depvar = s.e.results.get_text("depvar").unwrap_or("").to_string();
    let mut lines = Vec::new();
    if !options.has("noheader") {
        let number = |name: &str| format::bare("%15.0gc", scalar(name));
        let (obs, replications) = (number("N"), number("N_reps"));
        let width = obs.len().max(replications.len());
        lines.push(String::new());
        lines.push(format!("{:<1$}Number of obs = {obs:>width$}", "Bootstrap results", 62 - width));
        lines.push(format!("{:<1$}Replications  = {replications:>width$}", "", 62 - width));
        lines.push(String::new());
    }
    lines.push("-".repeat(78));
    lines.push("             |    Observed               Bootstrap".to_string());
    let title = format::abbrev(&depvar, 12);
    let interval = format!("[{level}% conf. interval]");
    lines.push(format!("{title:>12} | coefficient       Bias    std. err.  {interval}"));
    let wide = |x: f64| format::right(&format::bare("%9.0g", x), 11);
    for (j, stripe) in bias.col_names.iter().enumerate() {
        lines.push(format!("-------------+{}", "-".repeat(64)));
        let b =
            all.col_names.iter().position(|c| c == stripe).map_or(crate::value::MISSING, |i| all.get(0, i));
        for (i, (kind, limits)) in chosen.iter().zip(&limits).enumerate() {
            let head = if i == 0 {
                let name = format::abbrev(&stripe.full(), 12);
                format!("{name:>12} |{}{}{} ", wide(b), wide(bias.get(0, j)), wide(se.get(0, j)))
            } else {
                format!("{:>12} |{:>34}", "", "")
            };
            lines.push(format!("{head}{}{}  {}", wide(limits.get(0, j)), wide(limits.get(1, j)), kind.2));
        }
    }
    lines.push("-".repeat(78));
    if !options.has("nolegend") {
        for (i, kind) in chosen.iter().enumerate() {
            lines.push(format!("{}{}", if i == 0 { "Key: " } else { "     " }, kind.3));
        }
    }
    lines.iter().for_each(|line| s.print(line));
    Ok(())
}
