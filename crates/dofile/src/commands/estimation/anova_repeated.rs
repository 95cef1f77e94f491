//! `repeated()` of `anova`: corrections of the degrees of freedom of repeated measures by Box, Greenhouse and Geisser, and
//! Huynh and Feldt. Formulas: [R] anova; Winer, Brown and Michels (1991).

use super::anova::{rule, shown_name};
use crate::error::{Result, StataError};
use crate::estimation::model::Model;
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::anova::{Sphericity, sphericity};
use estimators::distributions::f_tail;

/// Variables of a term in the order of its name.
fn variables(term: &str) -> Vec<&str> {
    term.split(['#', '|']).collect()
}

/// The between-subjects error term: the one of `bse()`, else the largest one without the repeated variable, error
/// terms first.
fn between_subjects(results: &Results, asked: Option<&str>, repeated: &str) -> Result<usize> {
    let count = results.get_scalar("k_terms").unwrap_or(0.0) as usize;
    let text = |what: &str, i: usize| results.get_text(&format!("{what}_{i}")).unwrap_or("").to_string();
    let names: Vec<String> = (1..=count).map(|i| text("term", i)).collect();
    if let Some(asked) = asked {
        let wanted = asked.trim().replace(' ', "");
        return names
            .iter()
            .position(|n| *n == wanted)
            .map(|i| i + 1)
            .ok_or_else(|| StataError::new(198, format!("bse(): term {wanted} is not in the model")));
    }
    let errors: Vec<String> = (1..=count).map(|i| text("errorterm", i)).collect();
    let free = |i: &usize| !variables(&names[*i - 1]).contains(&repeated);
    let size = |i: usize| (errors.contains(&names[i - 1]), variables(&names[i - 1]).len());
    let most = (1..=count).filter(free).max_by_key(|i| (size(*i), std::cmp::Reverse(*i)));
    most.ok_or_else(|| {
        StataError::new(198, "could not determine between-subject error term; use bse() option")
    })
}

/// Computes the corrections and stores them.
///
/// # Errors
/// r(198) for a repeated variable that is not in the model or without a term of subjects.
pub(super) fn store(
    session: &Session,
    cmd: &ParsedCommand,
    model: &Model,
    results: &mut Results,
) -> Result<()> {
    let text = |name: &str| cmd.options.text(name).map(str::trim);
    let named = session.varlist(text("repeated").unwrap_or(""))?;
    let [repeated] = named[..] else {
        return Err(StataError::unsupported_option("anova", "repeated() with several variables"));
    };
    if model.weights.is_some() {
        return Err(StataError::unsupported_option("anova", "repeated() with weights"));
    }
    let name = session.frame.var(repeated).name.clone();
    let count = results.get_scalar("k_terms").unwrap_or(0.0) as usize;
    let terms: Vec<String> =
        (1..=count).map(|i| results.get_text(&format!("term_{i}")).unwrap_or("").to_string()).collect();
    if !terms.contains(&name) {
        return Err(StataError::new(198, format!("repeated(): {name} is not a term of the model")));
    }
    let error = between_subjects(results, text("bse"), &name)?;
    let of_error: Vec<String> = variables(&terms[error - 1]).into_iter().map(str::to_string).collect();
    let unit = match text("bseunit") {
        Some(unit) => session.frame.var(session.variable(unit)?).name.clone(),
        None => of_error[0].clone(),
    };
    let groups = match text("grouping") {
        Some(list) => session.varlist(list)?,
        None => {
            let others: Vec<&String> = of_error.iter().filter(|v| **v != unit).collect();
            others.iter().map(|v| session.variable(v)).collect::<Result<_>>()?
        }
    };
    let values =
        |v: usize| -> Vec<f64> { model.design.rows.iter().map(|r| session.frame.num_at(v, *r)).collect() };
    let subject: Vec<Vec<f64>> =
        of_error.iter().map(|v| session.variable(v).map(values)).collect::<Result<_>>()?;
    let group: Vec<Vec<f64>> = groups.iter().map(|v| values(*v)).collect();
    let df = results.get_scalar(&format!("df_{error}")).unwrap_or(0.0);
    let found = sphericity(&model.y, &values(repeated), &subject, &group, df)
        .ok_or_else(|| StataError::new(498, "too few repeated measures of the subjects for a covariance"))?;
    let Sphericity { covariance, subjects, greenhouse_geisser, huynh_feldt, box_lower } = found;
    results.scalar("N_bse", subjects).scalar("df_bse", df);
    results.scalar("hf1", stata(huynh_feldt)).scalar("gg1", greenhouse_geisser).scalar("box1", box_lower);
    results.text("repvars", name.clone()).text("repvar1", name);
    results.text("bse", terms[error - 1].clone()).text("bseunit", unit);
    let stripe: Vec<Stripe> = (1..=covariance.rows()).map(|i| Stripe::term(format!("c{i}"))).collect();
    results.matrix("Srep", Matrix::square(covariance.data().to_vec(), stripe));
    Ok(())
}

/// Prints the corrections of the active estimates, if there are any.
pub(super) fn display(session: &mut Session) {
    let e = &session.e.results;
    let Some(repeated) = e.get_text("repvar1").map(str::to_string) else { return };
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let mut lines = vec![
        String::new(),
        String::new(),
        format!("Between-subjects error term:  {}", text("bse")),
        format!(
            "{:>28}  {:<9} ({} df)",
            "Levels:",
            format::bare("%9.0g", scalar("N_bse")),
            format::bare("%9.0g", scalar("df_bse"))
        ),
        format!("{:>28}  {}", "Lowest b.s.e. variable:", text("bseunit")),
        String::new(),
        format!("Repeated variable: {repeated}"),
    ];
    let shown = |label: &str, x: f64| format!("{label:>70}{:>8}", format::bare("%7.4f", x));
    lines.push(shown("Huynh-Feldt epsilon        =", scalar("hf1")));
    if scalar("hf1") > 1.0 {
        lines.push(shown("*Huynh-Feldt epsilon reset to", 1.0));
    }
    let epsilons = [scalar("hf1").min(1.0), scalar("gg1"), scalar("box1")];
    lines.push(shown("Greenhouse-Geisser epsilon =", epsilons[1]));
    lines.push(shown("Box's conservative epsilon =", epsilons[2]));
    lines.push(String::new());
    lines.push(format!("{:>78}", "------------ Prob > F ------------"));
    lines.push(format!(
        "{:>24} |{:>7}{:>7}{:>11}{:>7}{:>9}{:>9}",
        "Source", "df", "F", "Regular", "H-F", "G-G", "Box"
    ));
    let affected: Vec<usize> = (1..=scalar("k_terms") as usize)
        .filter(|i| {
            let tested = !crate::value::is_missing(scalar(&format!("dfdenom_{i}")));
            tested && variables(&text(&format!("term_{i}"))).contains(&repeated.as_str())
        })
        .collect();
    let errors: Vec<String> = affected.iter().map(|i| text(&format!("errorterm_{i}"))).collect();
    let rule = rule(affected.iter().map(|i| text(&format!("term_{i}"))).chain(errors.iter().cloned()));
    lines.push(rule.clone());
    for (k, i) in affected.iter().enumerate() {
        let (df, f) = (scalar(&format!("df_{i}")), scalar(&format!("F_{i}")));
        let below = scalar(&format!("dfdenom_{i}"));
        let p = |eps: f64| format::bare("%6.4f", stata(f_tail(df * eps, below * eps, f)));
        lines.push(format!(
            "{:>24} |{:>7}{:>9}{:>9}{:>9}{:>9}{:>9}",
            shown_name(&text(&format!("term_{i}"))),
            format::bare("%9.0g", df),
            format::bare("%8.2f", f),
            p(1.0),
            p(epsilons[0]),
            p(epsilons[1]),
            p(epsilons[2])
        ));
        // The error term stands below the last term that it tests.
        if !errors[k + 1..].contains(&errors[k]) {
            lines.push(format!("{:>24} |{:>7}", shown_name(&errors[k]), format::bare("%9.0g", below)));
        }
    }
    lines.push(rule.replace('+', "-"));
    lines.iter().for_each(|l| session.print(l.trim_end()));
}
