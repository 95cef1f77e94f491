//! `estat` after survey estimation: design effects, coefficients of variation, standard deviations, sizes, strata and the declaration ([SVY] estat).

use crate::error::{Result, StataError};
use crate::estimation::table::{Layout, parse_term};
use crate::format;
use crate::matrix::Matrix;
use crate::ops::estat::Call;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;

/// The subcommand, when the active estimates are of a survey.
pub(in crate::commands) fn estat(
    s: &mut Session,
    word: &str,
    call: &dyn Fn(&str) -> Call,
) -> Option<Result<()>> {
    if s.e.results.get_text("prefix") != Some("svy") {
        return None;
    }
    match word {
        _ if word.len() >= 3 && "effects".starts_with(word) => Some(effects(s, &call("effects"))),
        "lceffects" => Some(super::combined_effects::run(s, &call("lceffects"))),
        "cv" => Some(variation(s, &call("cv"))),
        "sd" => Some(deviations(s, &call("sd"))),
        "size" => Some(sizes(s, &call("size"))),
        "svyset" => Some(declaration(s, &call("svyset"))),
        "strata" => Some(strata(s, &call("strata"))),
        // Likelihoods do not exist after svy.
        "gof" => Some(super::goodness::run(s, &call("gof"))),
        "ic" | "classification" | "hettest" | "ovtest" | "imtest" | "vif" => {
            Some(Err(StataError::new(321, format!("estat {word} is not valid after svy"))))
        }
        _ => None,
    }
}

/// Design effects: the variance over that of a simple random sample of as many rows, or with `srssubpop` of as many rows of
/// the subpopulation or group; `deft` takes the sample with replacement. `meff` is the variance over that of the command without
/// the design, `meft` its square root ([SVY] estat).
fn effects(s: &mut Session, call: &Call) -> Result<()> {
    let specs = ["DEFF", "DEFT", "MEFF", "MEFT", "SRSsubpop"].map(OptSpec::flag);
    let options = call.options(&specs, &[])?;
    let e = s.e.results.clone();
    let (Some(b), Some(deff), Some(deft)) =
        (e.matrices.get("b"), e.matrices.get("deff"), e.matrices.get("deft"))
    else {
        return Err(StataError::no_estimates());
    };
    let (deff, deft) = match options.has("srssubpop") {
        true => within_subpopulations(s)?,
        false => (deff.clone(), deft.clone()),
    };
    let asked = |names: &[&str]| names.iter().any(|name| options.has(name));
    let meff = if asked(&["meff", "meft"]) { misspecification_effects(s)? } else { Vec::new() };
    let both = !asked(&["deff", "deft", "meff", "meft"]);
    let (with_deff, with_deft) = (both || options.has("deff"), both || options.has("deft"));
    let wide = |x: f64, w: usize| format::right(&format::bare("%9.6g", x), w);
    let mut shown: Vec<Effect<'_>> = Vec::new();
    if with_deff {
        shown.push(("DEFF", 11, Box::new(|j| wide(deff.get(0, j), 12))));
    }
    if with_deft {
        shown.push(("DEFT", 10, Box::new(|j| wide(deft.get(0, j), 10))));
    }
    if options.has("meff") {
        shown.push(("MEFF", 10, Box::new(|j| wide(meff[j], 10))));
    }
    if options.has("meft") {
        shown.push(("MEFT", 10, Box::new(|j| wide(meff[j].sqrt(), 10))));
    }
    let width = beside_errors(s, &shown)?;
    if with_deff && e.get_text("fpc1").is_some() {
        note_on_weights(s, width);
    }
    let named = |m: &Matrix| Matrix::row_vector(m.values().to_vec(), b.col_names.clone());
    let names = if options.has("srssubpop") { ["deffsub", "deftsub"] } else { ["deff", "deft"] };
    let mut r = Results::default();
    r.matrix(names[0], named(&deff)).matrix(names[1], named(&deft));
    if !meff.is_empty() {
        let row = |values: Vec<f64>| Matrix::row_vector(values, b.col_names.clone());
        r.matrix("meft", row(meff.iter().map(|m| m.sqrt()).collect())).matrix("meff", row(meff.clone()));
    }
    s.r = r;
    Ok(())
}

/// `V/V_msp`, where `V_msp` is the variance of the estimate that the command without the design would report.
fn misspecification_effects(s: &Session) -> Result<Vec<f64>> {
    let without = s.e.results.matrices.get("V_msp").cloned();
    let after = || StataError::unsupported_option("estat effects", &format!("meff after {}", s.e.cmd()));
    let (v, without) = (stored(s, "effects", "V")?, without.ok_or_else(after)?);
    Ok((0..v.cols()).map(|j| v.get(j, j) / without.get(j, j)).collect())
}

/// A column beside the standard errors: its head, the width of the head, its cells.
type Effect<'a> = (&'static str, usize, Box<dyn Fn(usize) -> String + 'a>);

/// `V/((1 - m/M) V_sub)` and `sqrt(V/V_sub)`, where `V_sub` is the variance of a simple random sample with replacement of the
/// `m` rows of the subpopulation, whose weights sum to `M`.
fn within_subpopulations(s: &Session) -> Result<(Matrix, Matrix)> {
    let (v, within) = (stored(s, "effects", "V")?, stored(s, "effects", "V_srssub")?);
    let (n, population) = (stored(s, "effects", "_N")?, stored(s, "effects", "_N_subp")?);
    let finite = s.e.results.get_text("fpc1").is_some();
    let ratio = |j: usize| v.get(j, j) / within.get(j, j);
    let left = |j: usize| if finite { 1.0 - n.get(0, j) / population.get(0, j) } else { 1.0 };
    let row =
        |f: &dyn Fn(usize) -> f64| Matrix::row_vector((0..v.cols()).map(f).collect(), v.col_names.clone());
    Ok((row(&|j| ratio(j) / left(j)), row(&|j| ratio(j).sqrt())))
}

/// The note that Stata prints under design effects of a sample from a finite population, as wide as the table.
fn note_on_weights(s: &mut Session, width: usize) {
    let text = "Weights must represent population totals for deff to be correct when using an FPC; however, deft is \
                invariant to the scale of weights.";
    let mut line = "Note:".to_string();
    for word in text.split_whitespace() {
        if line.len() + 1 + word.len() > width {
            s.print(std::mem::replace(&mut line, "     ".to_string()));
        }
        line.push(' ');
        line.push_str(word);
    }
    s.print(line);
}

/// Prints estimates and standard errors with further columns; the width of the table.
fn beside_errors(s: &mut Session, shown: &[Effect<'_>]) -> Result<usize> {
    let (b, v) = (stored(s, "effects", "b")?, stored(s, "effects", "V")?);
    let e = &s.e.results;
    let heading = match e.get_text("cmd").unwrap_or("") {
        "mean" => "Mean",
        "total" => "Total",
        "ratio" => "Ratio",
        "proportion" => "Proportion",
        _ => "Coefficient",
    };
    let vce = e.get_text("vcetype").unwrap_or("Linearized").to_string();
    let depvar = if heading == "Coefficient" { e.get_text("depvar").unwrap_or("") } else { "" };
    let depvar = format::abbrev(depvar, 12);
    let cells = |j: usize| shown.iter().map(|(_, _, cell)| cell(j)).collect::<String>();
    let width = 22 + cells(0).chars().count();
    s.print("");
    s.print("-".repeat(width + 14));
    let pad = 18usize.saturating_sub(vce.chars().count() / 2);
    s.print(format!("{:13}|{}{vce}", "", " ".repeat(pad)));
    let head = if heading.len() >= 11 { format!(" {heading}  ") } else { format!("{heading:>11}   ") };
    let heads: String = shown.iter().map(|(head, width, _)| format!("{head:>width$}")).collect();
    s.print(format!("{depvar:>12} |{head}std. err.{heads}"));
    s.print(format!("-------------+{}", "-".repeat(width)));
    let mut layout = Layout::default();
    for (j, stripe) in b.col_names.iter().enumerate() {
        let (estimate, error) =
            (format::number("%9.0g", b.get(0, j)), format::number("%9.0g", v.get(j, j).sqrt()));
        let cells = format!("  {estimate}  {error}{}", cells(j));
        layout.print(s, &stripe.name, parse_term(&stripe.name).as_ref(), &cells);
    }
    s.print("-".repeat(width + 14));
    Ok(width + 14)
}

/// `estat cv`: standard errors in percent of the estimates.
fn variation(s: &mut Session, call: &Call) -> Result<()> {
    call.options(&[OptSpec::flag("noLegend")], &[])?;
    let (b, v) = (stored(s, "cv", "b")?, stored(s, "cv", "V")?);
    let cv: Vec<f64> = (0..b.cols()).map(|j| 100.0 * v.get(j, j).sqrt() / b.get(0, j).abs()).collect();
    let cell = |j: usize| format::right(&format::bare("%9.6g", cv[j]), 12);
    beside_errors(s, &[("CV (%)", 11, Box::new(cell))])?;
    let mut r = Results::default();
    r.matrix("cv", Matrix::row_vector(cv, b.col_names.clone()));
    s.r = r;
    Ok(())
}

/// Prints a table with a row for each estimate and the columns given.
fn columns(s: &mut Session, columns: &[(&str, &dyn Fn(usize) -> String)]) -> Result<()> {
    let Some(b) = s.e.b().cloned() else { return Err(StataError::no_estimates()) };
    let names: Vec<String> = b.col_names.iter().map(|n| n.name.replace("bn.", ".")).collect();
    let width = names.iter().map(String::len).max().unwrap_or(0).clamp(12, 32);
    let rule = 13 * columns.len();
    s.print("");
    s.print("-".repeat(width + 2 + rule));
    let heads: String = columns.iter().map(|(head, _)| format!("{head:>13}")).collect();
    s.print(format!("{:width$} |{heads}", ""));
    s.print(format!("{}+{}", "-".repeat(width + 1), "-".repeat(rule)));
    for (j, name) in names.iter().enumerate() {
        let cells: String = columns.iter().map(|(_, cell)| format!("{:>13}", cell(j))).collect();
        s.print(format!("{:>width$} |{cells}", format::abbrev(name, width)));
    }
    s.print("-".repeat(width + 2 + rule));
    Ok(())
}

/// A matrix of the active results, r(321) where the estimates have none.
pub(super) fn stored(s: &Session, word: &str, name: &str) -> Result<Matrix> {
    let found = s.e.results.matrices.get(name).cloned();
    found.ok_or_else(|| StataError::new(321, format!("estat {word} is not valid after {}", s.e.cmd())))
}

/// `estat sd`: `sqrt(n/(n-1) sum w (y - mean)^2 / sum w)` within each group.
fn deviations(s: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::flag("VARiance")], &["SRSsubpop"])?;
    if s.e.cmd() != "mean" {
        return Err(StataError::new(321, format!("estat sd is not valid after {}", s.e.cmd())));
    }
    let (b, within, n) = (stored(s, "sd", "b")?, stored(s, "sd", "V_srssub")?, stored(s, "sd", "_N")?);
    let variance: Vec<f64> = (0..b.cols()).map(|j| within.get(j, j) * n.get(0, j)).collect();
    let sd: Vec<f64> = variance.iter().map(|v| v.sqrt()).collect();
    let shown = if options.has("variance") { &variance } else { &sd };
    let head = if options.has("variance") { "Variance" } else { "Std. dev." };
    let number = |x: f64| format::bare("%9.0g", x);
    columns(s, &[("Mean", &|j| number(b.get(0, j))), (head, &|j| number(shown[j]))])?;
    let mut r = Results::default();
    let row = |values: Vec<f64>| Matrix::row_vector(values, b.col_names.clone());
    r.matrix("mean", b.clone()).matrix("sd", row(sd)).matrix("variance", row(variance));
    s.r = r;
    Ok(())
}

/// `estat size`: observations and sums of weights of each estimate.
fn sizes(s: &mut Session, call: &Call) -> Result<()> {
    call.options(&[OptSpec::flag("OBS"), OptSpec::flag("SIZE")], &[])?;
    let (b, v) = (stored(s, "size", "b")?, stored(s, "size", "V")?);
    let (n, population) = (stored(s, "size", "_N")?, stored(s, "size", "_N_subp")?);
    let number = |x: f64| format::bare("%9.0g", x);
    columns(
        s,
        &[
            ("Estimate", &|j| number(b.get(0, j))),
            ("Std. err.", &|j| number(v.get(j, j).sqrt())),
            ("Obs", &|j| format::bare("%12.0fc", n.get(0, j))),
            ("Size", &|j| format::bare("%12.0gc", population.get(0, j))),
        ],
    )?;
    let mut r = Results::default();
    r.matrix("_N", n).matrix("_N_subp", population);
    s.r = r;
    Ok(())
}

/// `estat svyset`: the declaration of the data.
fn declaration(s: &mut Session, call: &Call) -> Result<()> {
    call.options(&[], &[])?;
    let declared = super::design::Declaration::of(&s.frame)?;
    super::svyset::show(s, &declared);
    Ok(())
}

/// `estat strata`: strata with one sampling unit and those drawn whole.
fn strata(s: &mut Session, call: &Call) -> Result<()> {
    call.options(&[], &[])?;
    let e = &s.e.results;
    let [single, certain, all] =
        ["N_strata_single", "N_strata_certain", "N_strata"].map(|name| e.get_scalar(name).unwrap_or(0.0));
    s.print("");
    s.print("-".repeat(50));
    s.print(format!("{:>12} |{:>12}{:>12}{:>12}", "Stage", "Singleton", "Certainty", "Total"));
    s.print(format!("-------------+{}", "-".repeat(36)));
    s.print(format!("{:>12} |{single:>12}{certain:>12}{all:>12}", 1));
    s.print("-".repeat(50));
    let mut r = Results::default();
    let one = |x: f64| Matrix::new(1, 1, vec![x]);
    r.matrix("_N_strata_single", one(single)).matrix("_N_strata_certain", one(certain));
    r.matrix("_N_strata", one(all));
    s.r = r;
    Ok(())
}
