//! `ttest`: t tests of one mean, of paired values and of two groups.
//!
//! Stores in `r()`: N_1 N_2 mu_1 mu_2 sd_1 sd_2 sd se t df_t p p_l p_u level. Formulas: [R] ttest.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::groups::Grouped;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{clean, is_missing};
use estimators::distributions::t_inverse_tail;
use estimators::means::{Moments, Spread, TTest, one_sample, two_sample};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("BY"),
    OptSpec::flag("UNEqual"),
    OptSpec::flag("Welch"),
    OptSpec::flag("UNPaired"),
    OptSpec::real("Level"),
])
.unsupported(&["reverse"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ttest",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "ttest v, by(g) [unequal welch] | ttest v == # | ttest v1 == v2 [, unpaired unequal welch] [level(#)]",
    notes: "stores r(N_1 N_2 mu_1 mu_2 sd_1 sd_2 sd se t df_t p p_l p_u level); formulas: [R] ttest",
    examples: &[Example {
        run: "set obs 6\ngen g = _n > 3\ngen x = cond(g, _n + 1, _n)\nttest x, by(g)",
        // Means 2 and 6, both variances 1: t = -4 / sqrt(2/3).
        expect: &[("r(t)", -4.898_979_485_566_356), ("r(df_t)", 4.0), ("r(mu_2)", 6.0)],
    }],
};

/// One line of the table of means.
struct Line {
    name: String,
    moments: Moments,
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = crate::estimation::display::level(session, cmd)?;
    let spread = match (cmd.has("welch"), cmd.has("unequal")) {
        (true, _) => Spread::Welch,
        (false, true) => Spread::Satterthwaite,
        _ => Spread::Equal,
    };
    let (left, right) = match cmd.list.split_once("==").or_else(|| cmd.list.split_once('=')) {
        Some((left, right)) => (left.trim(), Some(right.trim())),
        None => (cmd.list.trim(), None),
    };
    if left.is_empty() {
        return Err(StataError::standard(100));
    }
    match (right, cmd.options.text("by")) {
        (None, Some(by)) => {
            let data = Grouped::read(session, cmd, left, by)?.two()?;
            let names = data.names.clone();
            two_groups(session, [data.of(0), data.of(1)], [&names[0], &names[1]], spread, level)
        }
        (None, None) => Err(StataError::new(100, "by() option required")),
        (Some(_), Some(_)) => Err(StataError::option_not_allowed("by()")),
        (Some(right), None) => {
            let first = session.numeric_variable(left)?;
            let mut touse = session.rows(cmd)?;
            let pick = |session: &Session, variable: usize, touse: &[bool]| -> Vec<f64> {
                let column = &session.frame.var(variable).data;
                (0..touse.len())
                    .filter(|i| touse[*i])
                    .map(|i| column.num(i))
                    .filter(|v| !is_missing(*v))
                    .collect()
            };
            let is_variable = session.variable(right).is_ok();
            if !is_variable {
                let target = session.eval_num(right)?;
                let values = pick(session, first, &touse);
                return one(session, left, Moments::of(&enough(values)?), target, level);
            }
            let second = session.numeric_variable(right)?;
            let names = [session.frame.var(first).name.clone(), session.frame.var(second).name.clone()];
            if cmd.has("unpaired") || spread != Spread::Equal {
                if !cmd.has("unpaired") {
                    return Err(StataError::invalid("option unequal requires option unpaired"));
                }
                let groups = [pick(session, first, &touse), pick(session, second, &touse)];
                return two_groups(session, groups, [&names[0], &names[1]], spread, level);
            }
            session.markout(&[first, second], &mut touse, false)?;
            paired(
                session,
                enough(pick(session, first, &touse))?,
                pick(session, second, &touse),
                &names,
                level,
            )
        }
    }
}

fn enough(values: Vec<f64>) -> Result<Vec<f64>> {
    if values.len() < 2 {
        Err(StataError::standard(if values.is_empty() { 2000 } else { 2001 }))
    } else {
        Ok(values)
    }
}

fn limits(m: &Moments, level: f64) -> (f64, f64) {
    let half = t_inverse_tail(m.n - 1.0, (1.0 - level / 100.0) / 2.0) * m.se();
    (clean(m.mean - half), clean(m.mean + half))
}

fn table_head(session: &mut Session, head: &str, level: f64) {
    session.print("-".repeat(78));
    let interval = format!("[{}% conf. interval]", format::bare("%5.0g", level));
    session.print(format!("{head:>8} |     Obs        Mean    Std. err.   Std. dev.{interval:>23}"));
    session.print(rule());
}

fn rule() -> String {
    format!("---------+{}", "-".repeat(68))
}

fn print_line(session: &mut Session, line: &Line, level: f64) {
    let m = &line.moments;
    let (low, high) = limits(m, level);
    let cell = |x: f64, width: usize| format::right(&format::bare("%9.0g", clean(x)), width);
    session.print(format!(
        "{:>8} |{}{}{}{}{}{}",
        format::abbrev(&line.name, 8),
        format::right(&format::bare("%9.0fc", m.n), 8),
        cell(m.mean, 12),
        cell(m.se(), 12),
        cell(m.sd, 12),
        cell(low, 12),
        cell(high, 12)
    ));
}

fn print_difference(session: &mut Session, test: &TTest, level: f64) {
    let half = t_inverse_tail(test.df, (1.0 - level / 100.0) / 2.0) * test.se;
    let cell = |x: f64, width: usize| format::right(&format::bare("%9.0g", clean(x)), width);
    session.print(format!(
        "    diff |        {}{}            {}{}",
        cell(test.difference, 12),
        cell(test.se, 12),
        cell(test.difference - half, 12),
        cell(test.difference + half, 12)
    ));
}

fn print_end(session: &mut Session, left: &str, what: &str, test: &TTest, kind: &str) {
    let (below, both, above) = test.p();
    session.print("-".repeat(78));
    let t = format!("t ={}", format::right(&format::bare("%8.4f", test.t), 9));
    session.print(format!("    {left}{t:>width$}", width = 74usize.saturating_sub(left.chars().count())));
    let df = format::right(&format::bare("%8.0g", test.df), 9);
    session.print(format!("{:<30}{:>48}", format!("H0: {what}"), format!("{kind}egrees of freedom ={df}")));
    session.print("");
    let name = what.split(" = ").next().unwrap_or("diff").trim().to_string();
    let target = what.split(" = ").nth(1).unwrap_or("0").to_string();
    let p = |x: f64| format::bare("%6.4f", clean(x));
    session.print(
        format!(
            "{:^26}{:^26}{:^26}",
            format!("Ha: {name} < {target}"),
            format!("Ha: {name} != {target}"),
            format!("Ha: {name} > {target}")
        )
        .trim_end(),
    );
    session.print(
        format!(
            "{:^26}{:^26}{:^26}",
            format!("Pr(T < t) = {}", p(below)),
            format!("Pr(|T| > |t|) = {}", p(both)),
            format!("Pr(T > t) = {}", p(above))
        )
        .trim_end(),
    );
}

fn store(session: &mut Session, test: &TTest, level: f64, fill: impl Fn(&mut Results)) {
    let (below, both, above) = test.p();
    let mut results = Results::default();
    results.scalar("level", level);
    fill(&mut results);
    results.scalar("p_l", clean(below)).scalar("p_u", clean(above)).scalar("p", clean(both));
    results.scalar("se", clean(test.se)).scalar("t", clean(test.t)).scalar("df_t", clean(test.df));
    session.r = results;
}

fn two_groups(
    session: &mut Session,
    groups: [Vec<f64>; 2],
    names: [&str; 2],
    spread: Spread,
    level: f64,
) -> Result<()> {
    let [first, second] = groups;
    let all: Vec<f64> = first.iter().chain(&second).copied().collect();
    let (first, second) = (enough_group(first)?, enough_group(second)?);
    let combined = Moments::of(&all);
    let test = two_sample(first, second, spread);
    session.print("");
    let kind = if spread == Spread::Equal { "equal" } else { "unequal" };
    session.print(format!("Two-sample t test with {kind} variances"));
    table_head(session, "Group", level);
    print_line(session, &Line { name: names[0].to_string(), moments: first }, level);
    print_line(session, &Line { name: names[1].to_string(), moments: second }, level);
    session.print(rule());
    print_line(session, &Line { name: "Combined".to_string(), moments: combined }, level);
    session.print(rule());
    print_difference(session, &test, level);
    let left =
        format!("diff = mean({}) - mean({})", format::abbrev(names[0], 16), format::abbrev(names[1], 16));
    let df = match spread {
        Spread::Equal => "D",
        Spread::Satterthwaite => "Satterthwaite's d",
        Spread::Welch => "Welch's d",
    };
    print_end(session, &left, "diff = 0", &test, df);
    store(session, &test, level, |r| {
        r.scalar("N_1", first.n).scalar("mu_1", first.mean).scalar("sd_1", clean(first.sd));
        r.scalar("N_2", second.n).scalar("mu_2", second.mean).scalar("sd_2", clean(second.sd));
        r.scalar("sd", clean(combined.sd));
    });
    Ok(())
}

fn enough_group(values: Vec<f64>) -> Result<Moments> {
    if values.is_empty() { Err(StataError::standard(2000)) } else { Ok(Moments::of(&values)) }
}

fn one(session: &mut Session, name: &str, m: Moments, target: f64, level: f64) -> Result<()> {
    let test = one_sample(m, target);
    session.print("");
    session.print("One-sample t test");
    table_head(session, "Variable", level);
    print_line(session, &Line { name: name.to_string(), moments: m }, level);
    let shown = format::bare("%9.0g", target);
    print_end(
        session,
        &format!("mean = mean({})", format::abbrev(name, 16)),
        &format!("mean = {shown}"),
        &test,
        "D",
    );
    store(session, &test, level, |r| {
        r.scalar("N_1", m.n).scalar("mu_1", m.mean).scalar("sd_1", clean(m.sd));
    });
    Ok(())
}

fn paired(
    session: &mut Session,
    first: Vec<f64>,
    second: Vec<f64>,
    names: &[String; 2],
    level: f64,
) -> Result<()> {
    let gaps: Vec<f64> = first.iter().zip(&second).map(|(a, b)| a - b).collect();
    let (a, b, gap) = (Moments::of(&first), Moments::of(&second), Moments::of(&gaps));
    let test = one_sample(gap, 0.0);
    session.print("");
    session.print("Paired t test");
    table_head(session, "Variable", level);
    print_line(session, &Line { name: names[0].clone(), moments: a }, level);
    print_line(session, &Line { name: names[1].clone(), moments: b }, level);
    session.print(rule());
    print_line(session, &Line { name: "diff".to_string(), moments: gap }, level);
    let left =
        format!("mean(diff) = mean({} - {})", format::abbrev(&names[0], 12), format::abbrev(&names[1], 12));
    print_end(session, &left, "mean(diff) = 0", &test, "D");
    store(session, &test, level, |r| {
        r.scalar("N_1", a.n).scalar("mu_1", a.mean).scalar("sd_1", clean(a.sd));
        r.scalar("N_2", b.n).scalar("mu_2", b.mean).scalar("sd_2", clean(b.sd));
    });
    Ok(())
}
