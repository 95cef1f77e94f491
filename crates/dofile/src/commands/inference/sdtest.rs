//! `sdtest`: variance-comparison tests of one variable, two variables or two groups.
//!
//! Stores in `r()`: N N_1 N_2 sd sd_1 sd_2 F or chi2, df df_1 df_2, p p_l p_u. Formulas: [R] sdtest.

use super::mean_tests::{Claim, Line, table};
use super::{nonmissing, numbers_or_missing, sides};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::format;
use crate::ops::groups::Grouped;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::clean;
use estimators::distributions::{chi2_probability, chi2_tail, f_probability, f_tail};
use estimators::means::Moments;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::text("BY"), OptSpec::real("Level")]);
const IMMEDIATE: StandardSyntax = StandardSyntax::whole(&[OptSpec::real("Level")]);

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

/// The immediate form.
pub(super) const SPEC_IMMEDIATE: CommandSpec = CommandSpec {
    name: "sdtesti",
    min: 7,
    form: Form::Standard(&IMMEDIATE),
    by: ByRule::No,
    run: run_immediate,
    syntax: "sdtesti #obs {#mean | .} #sd #val | sdtesti #obs1 {#mean1 | .} #sd1 #obs2 {#mean2 | .} #sd2 [, level(#)]",
    notes: "as sdtest; r(sd) of two samples needs both means; [R] sdtest",
    examples: &[Example {
        // 74*(6.5/6.2)^2 with 74 degrees of freedom
        run: "sdtesti 75 . 6.5 6.2",
        expect: &[("r(chi2)", 81.334_547_346_514_05), ("r(df)", 74.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let (left, right) = sides(&cmd.list);
    match (right, cmd.options.text("by")) {
        (None, Some(by)) => {
            let data = Grouped::read(session, cmd, left, by)?.two()?;
            let of = |g: usize| (data.names[g].as_str(), Moments::of(&data.of(g)));
            ratio(session, "Group", [of(0), of(1)], level);
        }
        (Some(right), None) => {
            let touse = session.rows(cmd)?;
            let moments = |session: &Session, name: &str| -> Result<(String, Moments)> {
                let variable = session.numeric_variable(name)?;
                let values = nonmissing(session, variable, &touse);
                if values.is_empty() {
                    return Err(StataError::no_observations());
                }
                Ok((session.frame.var(variable).name.clone(), Moments::of(&values)))
            };
            let (name, first) = moments(session, left)?;
            if session.variable(right).is_ok() {
                let (other, second) = moments(session, right)?;
                ratio(session, "Variable", [(&name, first), (&other, second)], level);
                return Ok(());
            }
            let target = session.eval_num(right)?;
            one(session, "Variable", &name, first, target, level)?;
        }
        (None, None) => return Err(StataError::new(100, "by() option required")),
        (Some(_), Some(_)) => return Err(StataError::option_not_allowed("by()")),
    }
    Ok(())
}

fn run_immediate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let given = numbers_or_missing(&cmd.list)?;
    let moments = |x: &[f64]| -> Result<Moments> {
        if !(x[0] >= 2.0 && x[0].fract() == 0.0 && x[2] > 0.0) {
            return Err(StataError::invalid("invalid number of observations or standard deviation"));
        }
        Ok(Moments { n: x[0], mean: x[1], sd: x[2] })
    };
    match given.len() {
        4 => one(session, "", "x", moments(&given)?, given[3], level),
        6 => {
            let groups = [("x", moments(&given[..3])?), ("y", moments(&given[3..])?)];
            ratio(session, "", groups, level);
            Ok(())
        }
        _ => Err(StataError::invalid("wrong number of arguments")),
    }
}

/// Shows and stores the test of two spreads.
fn ratio(session: &mut Session, head: &str, [(name_1, a), (name_2, b)]: [(&str, Moments); 2], level: f64) {
    let (df1, df2) = (a.n - 1.0, b.n - 1.0);
    let f = (a.sd / b.sd).powi(2);
    let (below, above) = (f_probability(df1, df2, f), f_tail(df1, df2, f));
    let all = Moments::pooled(a, b);
    session.print("");
    session.print("Variance ratio test");
    let groups = [Line::sample(name_1, &a, level), Line::sample(name_2, &b, level)];
    table(session, head, level, &[&groups, &[Line::sample("Combined", &all, level)]]);
    let df = format::right(&format!("{df1}, {df2}"), 9);
    Claim {
        meaning: format!("ratio = sd({}) / sd({})", format::abbrev(name_1, 16), format::abbrev(name_2, 16)),
        null: ("ratio", "1".to_string()),
        statistic: ("f", f),
        freedom: format!("Degrees of freedom ={df}"),
        events: ["Pr(F < f)", if below < above { "2*Pr(F < f)" } else { "2*Pr(F > f)" }, "Pr(F > f)"],
        // Twice the smaller tail ([R] sdtest).
        p: [below, 2.0 * below.min(above), above],
        shift: 1,
    }
    .show(session);
    let mut results = Results::default();
    results.scalar("N", all.n).scalar("sd", clean(all.sd));
    results.scalar("N_1", a.n).scalar("N_2", b.n).scalar("sd_1", clean(a.sd)).scalar("sd_2", clean(b.sd));
    results.scalar("F", clean(f)).scalar("df_1", df1).scalar("df_2", df2);
    results.scalar("p_l", clean(below)).scalar("p", clean(2.0 * below.min(above)));
    results.scalar("p_u", clean(above));
    session.r = results;
}

/// Shows and stores the test of one spread.
fn one(session: &mut Session, head: &str, name: &str, m: Moments, target: f64, level: f64) -> Result<()> {
    if target.is_nan() || target <= 0.0 {
        return Err(StataError::new(411, "the standard deviation must be positive"));
    }
    let df = m.n - 1.0;
    let chi2 = df * (m.sd / target).powi(2);
    let (below, above) = (chi2_probability(df, chi2), chi2_tail(df, chi2));
    session.print("");
    session.print("One-sample test of variance");
    table(session, head, level, &[&[Line::sample(name, &m, level)]]);
    let shown = format::right(&format::bare("%8.0g", df), 9);
    Claim {
        meaning: format!("sd = sd({})", format::abbrev(name, 16)),
        null: ("sd", format::bare("%9.0g", target)),
        statistic: ("c = chi2", chi2),
        freedom: format!("Degrees of freedom ={shown}"),
        events: ["Pr(C < c)", if below < above { "2*Pr(C < c)" } else { "2*Pr(C > c)" }, "Pr(C > c)"],
        p: [below, 2.0 * below.min(above), above],
        shift: 1,
    }
    .show(session);
    let mut results = Results::default();
    results.scalar("N", m.n).scalar("sd", clean(m.sd)).scalar("chi2", clean(chi2)).scalar("df", df);
    results.scalar("p_l", clean(below)).scalar("p", clean(2.0 * below.min(above)));
    results.scalar("p_u", clean(above));
    session.r = results;
    Ok(())
}
