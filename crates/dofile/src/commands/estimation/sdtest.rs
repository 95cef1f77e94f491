//! `sdtest`: variance-comparison tests of one variable, two variables or two groups.
//!
//! Stores in `r()`: N N_1 N_2 sd sd_1 sd_2 F or chi2, df df_1 df_2, p p_l p_u. Formulas: [R] sdtest.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::groups::Grouped;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{clean, is_missing};
use estimators::distributions::{chi2_probability, chi2_tail, f_probability, f_tail};
use estimators::means::Moments;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::text("BY"), OptSpec::real("Level")]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "sdtest",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "sdtest v, by(g) | sdtest v1 == v2 | sdtest v == # [, level(#)]",
    notes: "stores r(N_1 N_2 sd_1 sd_2 F df_1 df_2 p p_l p_u), for one variable r(N sd chi2 df p p_l p_u); formulas: [R] sdtest",
    examples: &[Example {
        run: "set obs 6\ngen g = _n > 3\ngen x = cond(g, 2*_n, _n)\nsdtest x, by(g)",
        expect: &[("r(F)", 0.25), ("r(df_1)", 2.0), ("r(p_l)", 0.2)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (left, right) = match cmd.list.split_once("==").or_else(|| cmd.list.split_once('=')) {
        Some((left, right)) => (left.trim(), Some(right.trim())),
        None => (cmd.list.trim(), None),
    };
    match (right, cmd.options.text("by")) {
        (None, Some(by)) => {
            let data = Grouped::read(session, cmd, left, by)?.two()?;
            let names = [data.names[0].clone(), data.names[1].clone()];
            ratio(session, Moments::of(&data.of(0)), Moments::of(&data.of(1)), &names)
        }
        (Some(right), None) => {
            let touse = session.rows(cmd)?;
            let moments = |session: &Session, name: &str| -> Result<Moments> {
                let variable = session.numeric_variable(name)?;
                let column = &session.frame.var(variable).data;
                let values: Vec<f64> = (0..touse.len())
                    .filter(|i| touse[*i])
                    .map(|i| column.num(i))
                    .filter(|v| !is_missing(*v))
                    .collect();
                if values.is_empty() { Err(StataError::standard(2000)) } else { Ok(Moments::of(&values)) }
            };
            let first = moments(session, left)?;
            if session.variable(right).is_ok() {
                let second = moments(session, right)?;
                return ratio(session, first, second, &[left.to_string(), right.to_string()]);
            }
            let target = session.eval_num(right)?;
            one(session, first, target, left)
        }
        (None, None) => Err(StataError::new(100, "by() option required")),
        (Some(_), Some(_)) => Err(StataError::option_not_allowed("by()")),
    }
}

fn print_moments(session: &mut Session, name: &str, m: &Moments) {
    let cell = |x: f64| format::right(&format::bare("%9.0g", clean(x)), 12);
    session.print(format!(
        "{:>8} |{}{}{}{}",
        format::abbrev(name, 8),
        format::right(&format::bare("%9.0fc", m.n), 8),
        cell(m.mean),
        cell(m.se()),
        cell(m.sd)
    ));
}

fn print_p(session: &mut Session, what: &str, below: f64, both: f64, above: f64) {
    let p = |x: f64| format::bare("%6.4f", clean(x));
    session.print(format!(
        "  Pr({what} < obs) = {}    2*min tail = {}    Pr({what} > obs) = {}",
        p(below),
        p(both),
        p(above)
    ));
}

fn ratio(session: &mut Session, a: Moments, b: Moments, names: &[String; 2]) -> Result<()> {
    let (df1, df2) = (a.n - 1.0, b.n - 1.0);
    let f = (a.sd / b.sd).powi(2);
    let (below, above) = (f_probability(df1, df2, f), f_tail(df1, df2, f));
    // Twice the smaller tail ([R] sdtest).
    let both = 2.0 * below.min(above);
    session.print("");
    session.print("Variance ratio test");
    session.print("-".repeat(66));
    session.print("   Group |     Obs        Mean   Std. err.   Std. dev.");
    session.print(format!("---------+{}", "-".repeat(56)));
    print_moments(session, &names[0], &a);
    print_moments(session, &names[1], &b);
    session.print("-".repeat(66));
    session.print(format!(
        "    ratio = sd({}) / sd({})   f = {}",
        names[0],
        names[1],
        format::bare("%8.4f", clean(f))
    ));
    session.print(format!("H0: ratio = 1   Degrees of freedom = {df1}, {df2}"));
    session.print("");
    print_p(session, "F", below, both, above);
    let mut results = Results::default();
    // the standard deviation of all observations
    let n = a.n + b.n;
    let between = a.n * b.n / n * (a.mean - b.mean).powi(2);
    let all = ((df1 * a.sd * a.sd + df2 * b.sd * b.sd + between) / (n - 1.0)).sqrt();
    results.scalar("N", n).scalar("sd", clean(all));
    results.scalar("N_1", a.n).scalar("N_2", b.n).scalar("sd_1", clean(a.sd)).scalar("sd_2", clean(b.sd));
    results.scalar("F", clean(f)).scalar("df_1", df1).scalar("df_2", df2);
    results.scalar("p_l", clean(below)).scalar("p", clean(both)).scalar("p_u", clean(above));
    session.r = results;
    Ok(())
}

fn one(session: &mut Session, m: Moments, target: f64, name: &str) -> Result<()> {
    if target <= 0.0 {
        return Err(StataError::new(411, "the standard deviation must be positive"));
    }
    let df = m.n - 1.0;
    let chi2 = df * (m.sd / target).powi(2);
    let (below, above) = (chi2_probability(df, chi2), chi2_tail(df, chi2));
    let both = 2.0 * below.min(above);
    session.print("");
    session.print("One-sample test of variance");
    session.print("-".repeat(66));
    session.print("Variable |     Obs        Mean   Std. err.   Std. dev.");
    session.print(format!("---------+{}", "-".repeat(56)));
    print_moments(session, name, &m);
    session.print("-".repeat(66));
    session.print(format!("    sd = sd({name})   c = chi2 = {}", format::bare("%9.4f", clean(chi2))));
    session.print(format!("H0: sd = {}   Degrees of freedom = {df}", format::bare("%9.0g", target)));
    session.print("");
    print_p(session, "C", below, both, above);
    let mut results = Results::default();
    results.scalar("N", m.n).scalar("sd", clean(m.sd)).scalar("chi2", clean(chi2)).scalar("df", df);
    results.scalar("p_l", clean(below)).scalar("p", clean(both)).scalar("p_u", clean(above));
    session.r = results;
    Ok(())
}
