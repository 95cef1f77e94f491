//! The tables of `fitstat` and what it stores.

use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::value::{MISSING, is_missing};
use estimators::distributions::chi2_tail;

/// The measures of a model.
#[derive(Debug, Clone)]
pub(super) struct Saved {
    pub(super) command: String,
    pub(super) n: f64,
    /// Degrees of freedom of the model.
    pub(super) df: f64,
    /// Number of parameters.
    pub(super) k: f64,
    /// Values by name.
    pub(super) values: Vec<(&'static str, f64)>,
}

impl Saved {
    /// Keeps a measure.
    pub(super) fn set(&mut self, name: &'static str, x: f64) {
        self.values.push((name, x));
    }

    fn get(&self, name: &str) -> Option<f64> {
        self.values.iter().find(|v| v.0 == name).map(|v| v.1)
    }
}

/// A block of a table: its heading and lines of label and measure.
type Block<'a> = (&'a str, Vec<(String, &'a str)>);

fn blocks<'a>(fit: &Saved, other: Option<&Saved>, ic: bool) -> Vec<Block<'a>> {
    let degrees = |own: f64, get: &dyn Fn(&Saved) -> f64| match other {
        None => format!("(df={own:.0})"),
        Some(o) => format!("(df={own:.0}/{:.0}/{:.0})", get(o), own - get(o)),
    };
    let bic = format!("BIC{}", degrees(fit.k, &|o| o.k));
    let line = |label: &str, name: &'a str| (label.to_string(), name);
    if ic {
        return vec![
            ("AIC", vec![line("AIC", "aic"), line("(divided by N)", "aic_n")]),
            (
                "BIC",
                vec![
                    (bic, "bic"),
                    line("BIC (based on deviance)", "bic_d"),
                    line("BIC' (based on LRX2)", "bic_p"),
                ],
            ),
        ];
    }
    let deviance = if other.is_some() { "D" } else { "Deviance" };
    let df = degrees(fit.n - fit.k, &|o| o.n - o.k);
    let lr = degrees(fit.df, &|o| o.df);
    vec![
        ("Log-likelihood", vec![line("Model", "ll"), line("Intercept-only", "ll_0")]),
        (
            "Chi-square",
            vec![(format!("{deviance}{df}"), "dev"), (format!("LR{lr}"), "lrx2"), line("p-value", "lrx2_p")],
        ),
        (
            "R2",
            vec![
                line("R2", "r2"),
                line("Adjusted R2", "r2_adj"),
                line("McFadden", "r2_mf"),
                line("McFadden(adjusted)", "r2_mfadj"),
                line("McKelvey & Zavoina", "r2_mz"),
                line("Cox-Snell/ML", "r2_ml"),
                line("Cragg-Uhler/Nagelkerke", "r2_cu"),
                line("Efron", "r2_ef"),
                line("Tjur's D", "r2_tj"),
                line("Count", "r2_ct"),
                line("Count(adjusted)", "r2_ctadj"),
            ],
        ),
        ("IC", vec![line("AIC", "aic"), line("AIC divided by N", "aic_n"), (bic, "bic")]),
        ("Variance of", vec![line("e", "v_error"), line("y-star", "v_ystar")]),
    ]
}

/// Prints the measures, beside those of a saved model.
pub(super) fn show(s: &mut Session, fit: &Saved, other: Option<&Saved>, ic: bool) {
    let heads: Vec<&str> = match other {
        None => vec![fit.command.as_str()],
        Some(_) => vec!["Current", "Saved", "Difference"],
    };
    let width = 13 * heads.len();
    let rule = format!("{}+{}", "-".repeat(25), "-".repeat(width - 1));
    s.print("");
    s.print(format!("{:25}|{}", "", heads.iter().map(|h| format!("{h:>12} ")).collect::<String>()));
    for (heading, lines) in blocks(fit, other, ic) {
        let lines: Vec<_> = lines.into_iter().filter(|(_, name)| fit.get(name).is_some()).collect();
        if lines.is_empty() {
            continue;
        }
        s.print(&rule);
        s.print(format!("{heading:<25}|{}", " ".repeat(width - 1)));
        for (label, name) in lines {
            let cells: String = cells(fit, other, name)
                .iter()
                .map(|x| format!("{} ", format::right(format::bare("%11.3f", *x).trim(), 12)))
                .collect();
            s.print(format!("{label:>24} |{cells}"));
        }
    }
    if let Some(other) = other {
        notes(s, fit, other, ic);
    }
}

fn cells(fit: &Saved, other: Option<&Saved>, name: &str) -> Vec<f64> {
    let own = fit.get(name).unwrap_or(MISSING);
    let Some(other) = other else { return vec![own] };
    let theirs = other.get(name).unwrap_or(MISSING);
    let difference = match name {
        _ if is_missing(own) || is_missing(theirs) => MISSING,
        // the p-value of the test of one model against the other
        "lrx2_p" => compared(fit, other).map_or(MISSING, |(x, df)| chi2_tail(df, x)),
        _ => own - theirs,
    };
    vec![own, theirs, difference]
}

/// Chi-squared of the likelihood-ratio test between the models and its degrees of freedom.
fn compared(fit: &Saved, other: &Saved) -> Option<(f64, f64)> {
    let (own, theirs) = (fit.get("ll")?, other.get("ll")?);
    let df = (fit.k - other.k).abs();
    (df > 0.0 && !is_missing(own) && !is_missing(theirs)).then_some((2.0 * (own - theirs).abs(), df))
}

fn notes(s: &mut Session, fit: &Saved, other: &Saved, ic: bool) {
    if !ic {
        let (small, large) = if fit.k < other.k { ("current", "saved") } else { ("saved", "current") };
        s.print("");
        s.print(format!("Note: Likelihood-ratio test assumes {small} model nested in {large} model."));
    }
    let Some(difference) = fit.get("bic").zip(other.get("bic")).map(|(a, b)| a - b) else { return };
    if is_missing(difference) {
        return;
    }
    // grades of Raftery (1995)
    let grade = match difference.abs() {
        d if d <= 2.0 => "weak",
        d if d <= 6.0 => "positive",
        d if d <= 10.0 => "strong",
        _ => "very strong",
    };
    let better = if difference < 0.0 { "current" } else { "saved" };
    s.print("");
    s.print(format!(
        "Difference of {} in BIC provides {grade} support for {better} model.",
        format::number("%8.3f", difference.abs())
    ));
}

/// Stores the measures, and with a saved model their differences.
pub(super) fn store(s: &mut Session, fit: &Saved, other: Option<&Saved>) {
    let mut r = Results::default();
    r.scalar("N", fit.n).scalar("n_parm", fit.k);
    for (name, value) in &fit.values {
        r.scalar(name, *value);
        if other.is_some()
            && let Some(difference) = cells(fit, other, name).get(2)
        {
            r.scalar(&format!("{name}_diff"), *difference);
        }
    }
    s.r = r;
}
