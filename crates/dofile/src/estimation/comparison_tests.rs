//! Joint tests of comparisons and their table.

use super::comparison_names::Names;
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use estimators::distributions::f_tail;
use estimators::matrix::Mat;
use estimators::survey::adjusted_wald;
use estimators::wald::{self, Wald};

/// Joint test that estimates are zero.
pub fn joint(b: &[f64], v: &Mat, positions: &[usize]) -> Wald {
    let known: Vec<usize> = positions.iter().copied().filter(|i| b[*i].is_finite()).collect();
    let mut wald = wald::test_zero(b, v, &known);
    wald.dropped.clear();
    wald
}

/// One line of the table of joint tests: block, label, test.
pub struct TestLine {
    /// Term.
    pub block: String,
    /// Label within the term; empty for the term itself.
    pub label: String,
    /// The test.
    pub test: Wald,
}

/// Tests of the comparisons of a term: those with one label together, and all of them where there are several labels. A
/// term whose comparisons have no labels, or a single one without a level, is one test without a label.
pub fn tests_of(block: &str, labels: &[&str], b: &[f64], v: &Mat) -> Vec<TestLine> {
    let line = |label: &str, positions: &[usize]| TestLine {
        block: block.to_string(),
        label: label.to_string(),
        test: joint(b, v, positions),
    };
    let mut distinct: Vec<&str> = Vec::new();
    for label in labels.iter().filter(|l| !l.is_empty()) {
        if !distinct.contains(label) {
            distinct.push(label);
        }
    }
    let all: Vec<usize> = (0..labels.len()).collect();
    let mut out: Vec<TestLine> = Vec::new();
    if let [label] = distinct[..]
        && !names_a_level(label)
    {
        return vec![line("", &all)];
    }
    for label in &distinct {
        let inside: Vec<usize> = all.iter().copied().filter(|i| labels[*i] == *label).collect();
        out.push(line(label, &inside));
    }
    match out.len() {
        0 => out.push(line("", &all)),
        1 => {}
        _ => out.push(line("Joint", &all)),
    }
    out
}

/// Whether a label has more than comparisons in parentheses.
fn names_a_level(label: &str) -> bool {
    let mut depth = 0_usize;
    label.chars().any(|letter| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => return depth == 0 && letter != ' ',
        }
        false
    })
}

/// Prints the table of tests and stores r(df), r(F) or r(chi2), r(p).
pub fn show_tests(
    session: &mut Session,
    equation: &str,
    lines: &[TestLine],
    df_r: Option<f64>,
    adjusted: bool,
    results: &mut Results,
) {
    let survey = session.e.results.get_text("prefix") == Some("svy");
    let adjusted = adjusted && survey;
    let numbers: Vec<(f64, f64)> = lines.iter().map(|l| statistic_of(&l.test, df_r, adjusted)).collect();
    let statistic = if df_r.is_some() { "F" } else { "chi2" };
    let p_label = if df_r.is_some() { "P>F" } else { "P>chi2" };
    let rows = lines.iter().map(|l| (l.block.as_str(), l.label.as_str()));
    let names = Names::of(session, equation, 34, rows);
    session.print(names.frame(34));
    session.print(names.line("", &format!("{:>11}{:>12}{:>11}", "df", statistic, p_label)));
    session.print(names.rule(34));
    names.print_equation(session);
    let mut block = "";
    for (line, (value, p)) in lines.iter().zip(&numbers) {
        if block != line.block && !block.is_empty() {
            session.print(names.line("", ""));
        }
        if block != line.block && !line.label.is_empty() {
            session.print(names.line(&line.block, ""));
        }
        block = &line.block;
        let cells = format!(
            "{:>11}{:>12}{:>11}",
            line.test.df,
            format::bare("%9.2f", *value),
            format::bare("%6.4f", *p)
        );
        if line.label.is_empty() {
            session.print(names.line(&line.block, &cells));
        } else {
            names.print_level(session, &line.label, &cells);
        }
    }
    if let Some(df) = df_r {
        session.print(names.line("", ""));
        let label = if survey { "Design" } else { "Denominator" };
        session.print(names.line(label, &format!("{:>11}", format::bare("%9.0g", df))));
    }
    session.print(names.frame(34));
    if adjusted && df_r.is_some() {
        session.print("Note: F statistics are adjusted for the survey design.");
    }
    let row = |values: Vec<f64>| {
        let names = lines
            .iter()
            .map(|l| {
                Stripe::term(if l.label.is_empty() {
                    l.block.clone()
                } else {
                    format!("{} {}", l.label, l.block)
                })
            })
            .collect();
        Matrix::row_vector(values, names)
    };
    results.matrix("df", row(lines.iter().map(|l| l.test.df as f64).collect()));
    results.matrix(statistic, row(numbers.iter().map(|n| n.0).collect()));
    results.matrix("p", row(numbers.iter().map(|n| n.1).collect()));
}

/// F or chi-squared of a test and its p-value; after `svy` adjusted for the few units of the design ([SVY] svy postestimation).
fn statistic_of(test: &Wald, df_r: Option<f64>, adjusted: bool) -> (f64, f64) {
    match df_r {
        Some(design) if adjusted && test.df > 0 => {
            let (f, rest) = adjusted_wald(test.chi2, test.df, design);
            (stata(f), stata(f_tail(test.df as f64, rest, f)))
        }
        Some(_) => (stata(test.f()), stata(test.p(df_r))),
        None => (stata(test.chi2), stata(test.p(None))),
    }
}
