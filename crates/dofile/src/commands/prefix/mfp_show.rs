//! What `mfp` prints: the tests of each cycle, the transformations and the table of the chosen functions.

use super::fp_search::Candidate;
use super::mfp_choice::{Choice, Covariate};
use super::terms::TermModel;
use crate::estimation::post::stata;
use crate::format;
use crate::session::Session;

/// Powers as a list; a dot for a regressor that is left out.
pub(super) fn powers_text(powers: Option<&[f64]>) -> String {
    match powers {
        None => ".".to_string(),
        Some(powers) => {
            powers.iter().map(|p| format::bare("%9.0g", *p).trim().to_string()).collect::<Vec<_>>().join(" ")
        }
    }
}

/// First parts of the names of new variables: `I` and the first letters of the regressor. A later regressor with the same letters
/// has a number after three of them.
pub(super) fn stubs(regressors: &[&str]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for name in regressors {
        let short = |n: usize| name.chars().take(n).collect::<String>();
        let numbered = |k: usize| format!("I{}{k}", short(3));
        let plain = format!("I{}", short(4));
        let free = |stub: &String| !out.contains(stub);
        out.push(if free(&plain) { plain } else { (2..).map(numbered).find(free).unwrap_or_default() });
    }
    out
}

/// The deviance of the linear model.
pub(super) fn untransformed(s: &mut Session, linear: &Candidate) {
    s.print("");
    s.print(format!(
        "Deviance for model with all terms untransformed = {}, {} observations",
        format::bare("%9.3f", linear.deviance).trim(),
        format::bare("%9.0f", linear.n).trim()
    ));
}

/// The heading of the first cycle.
pub(super) fn heading(s: &mut Session, cycle: i64) {
    if cycle == 1 {
        s.print("");
        s.print("Variable     Model (vs.)   Deviance  Dev diff.   P      Powers   (vs.)");
        s.print("-".repeat(70));
    }
}

/// The tests of one regressor.
pub(super) fn block(s: &mut Session, name: &str, choice: &Choice) {
    for (i, line) in choice.lines.iter().enumerate() {
        let powers = match line.label.as_str() {
            "null" => ".".to_string(),
            _ => powers_text(Some(&line.fitted.powers)),
        };
        let against = if i == 0 { choice.against.as_str() } else { "" };
        let largest = if i == 0 { powers_text(Some(&choice.largest.powers)) } else { String::new() };
        let text = format!(
            "{:<12} {:<6} {:<5}{:>11}{:>11}  {:>6}{:<2} {powers:<8} {largest}",
            if i == 0 { format::abbrev(name, 12) } else { String::new() },
            line.label,
            against,
            format::bare("%9.3f", line.fitted.deviance).trim(),
            format::bare("%9.3f", line.fitted.deviance - choice.largest.deviance).trim(),
            format::bare("%5.3f", stata(line.p)).trim(),
            line.mark,
        );
        s.print(text.trim_end());
    }
    let text = format!(
        "{:<12} {:<12}{:>11}{:>21} {}",
        "",
        "Final",
        format::bare("%9.3f", choice.deviance()).trim(),
        "",
        powers_text(choice.powers())
    );
    s.print(text);
    s.print("");
}

/// The deviance after a cycle.
pub(super) fn end_of_cycle(s: &mut Session, cycle: i64, deviance: f64) {
    s.print(format!("End of Cycle {cycle}: deviance = {:>12}", format::bare("%9.3f", deviance).trim()));
    s.print("-".repeat(70));
}

/// Whether the functions stand.
pub(super) fn convergence(s: &mut Session, cycles: Option<i64>, most: i64) {
    s.print("");
    match cycles {
        Some(n) => {
            let plural = if n == 1 { "" } else { "s" };
            s.print(format!("Fractional polynomial fitting algorithm converged after {n} cycle{plural}."));
        }
        None => s.print(format!("No convergence after {most} cycles.")),
    }
}

/// How the new variables come from the regressors.
pub(super) fn transformations(s: &mut Session, covariates: &[Covariate], names: &[Vec<String>]) {
    s.print("");
    s.print("Transformations of covariates:");
    s.print("");
    for (covariate, names) in covariates.iter().zip(names) {
        formulas(s, covariate, names);
    }
}

/// The formula of each new variable of a regressor, and its scale.
pub(super) fn formulas(s: &mut Session, covariate: &Covariate, names: &[String]) {
    let Some(powers) = &covariate.powers else { return };
    let scaled = &covariate.scaled;
    let plain = scaled.shift == 0.0 && scaled.factor == 1.0;
    let x = if plain { covariate.name.as_str() } else { "X" };
    let center = scaled.center.map(|c| (c + scaled.shift) / scaled.factor);
    for (i, name) in names.iter().enumerate() {
        let times = powers[..i].iter().rev().take_while(|p| **p == powers[i]).count();
        let function = |x: &str| {
            let base = match powers[i] {
                0.0 => format!("ln({x})"),
                1.0 => x.to_string(),
                p => format!("{x}^{}", format::bare("%9.0g", p).trim()),
            };
            format!("{base}{}", format!("*ln({x})").repeat(times))
        };
        let middle = center.map(|c| {
            let p = powers[i];
            let base = if p == 0.0 { c.ln() } else { c.powf(p) };
            let value = base * c.ln().powi(times as i32);
            let sign = if value < 0.0 { "+" } else { "-" };
            format!("{sign}{}", format::bare("%12.0g", value.abs()).trim())
        });
        let middle = middle.filter(|m| m != "-0").unwrap_or_default();
        s.print(format!("-> gen double {name} = {}{middle} if e(sample)", function(x)));
    }
    if !plain {
        let number = |x: f64| format::bare("%9.0g", x).trim().to_string();
        let sum = if scaled.shift == 0.0 {
            covariate.name.clone()
        } else {
            format!("({}+{})", covariate.name, number(scaled.shift))
        };
        let over = if scaled.factor == 1.0 { String::new() } else { format!("/{}", number(scaled.factor)) };
        s.print(format!("   (where: X = {sum}{over})"));
    }
}

/// The table of initial and final functions.
pub(super) fn summary(s: &mut Session, model: &TermModel, covariates: &[Covariate]) {
    let outcome = if model.outcomes.is_empty() { "_t".to_string() } else { model.outcomes.join(" ") };
    s.print("");
    s.print(format!("Final multivariable fractional polynomial model for {outcome}"));
    s.print("-".repeat(68));
    s.print("    Variable |    -----Initial-----          -----Final-----");
    s.print("             |   df     Select   Alpha    Status    df    Powers");
    s.print("-------------+------------------------------------------------------");
    for covariate in covariates {
        let level = |x: f64| format::bare("%6.4f", x);
        let status = if covariate.powers.is_some() { "in" } else { "out" };
        let powers = covariate.powers.as_deref().map_or(String::new(), |p| powers_text(Some(p)));
        let text = format!(
            "{:>12} | {:>4}     {}   {}     {status:<6} {:>3}     {powers}",
            format::abbrev(&covariate.name, 12),
            covariate.df,
            level(covariate.select).trim(),
            level(covariate.alpha).trim(),
            covariate.final_df()
        );
        s.print(text.trim_end());
    }
    s.print("-".repeat(68));
}

/// The deviance of the final model.
pub(super) fn deviance(s: &mut Session, deviance: f64) {
    s.print(format!("Deviance: {}.", format::bare("%9.3f", deviance).trim()));
}
