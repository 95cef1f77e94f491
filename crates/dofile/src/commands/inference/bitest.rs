//! `bitest` and `bitesti`: exact binomial tests of a proportion ([R] bitest).

use super::{numbers, values};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::distributions::{binomial_probability, binomial_tail, ln_gamma};

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("Detail")]).weights(&[WeightKind::Frequency]);
const IMMEDIATE: StandardSyntax = StandardSyntax::whole(&[OptSpec::flag("Detail")]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "bitest",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "bitest varname == #p [if] [in] [fweight] [, detail]",
    notes: "stores r(N) r(P_p) r(k) r(k_opp) r(k_p) r(k_opp_p) r(p) r(p_l) r(p_u); the two-sided probability is over the outcomes that are at most as probable as the observed one; [R] bitest",
    examples: &[Example {
        // Of 3 tosses none: (1/2)^3 below, twice that on both sides.
        run: "set obs 3\ngenerate x = 0\nbitest x == .5",
        expect: &[("r(p_l)", 0.125), ("r(p_u)", 1.0), ("r(p)", 0.25)],
    }],
};

pub(super) const SPEC_IMMEDIATE: CommandSpec = CommandSpec {
    name: "bitesti",
    min: 7,
    form: Form::Standard(&IMMEDIATE),
    by: ByRule::No,
    run: run_immediate,
    syntax: "bitesti #N #succ #p [, detail]",
    notes: "as bitest; the second number is a count, or a proportion where it lies between 0 and 1",
    examples: &[Example { run: "bitesti 3 0 .5", expect: &[("r(p)", 0.25), ("r(k)", 0.0)] }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    // one equals sign is enough, as in the other tests
    let (name, p) =
        cmd.list.split_once("==").or_else(|| cmd.list.split_once('=')).ok_or_else(StataError::syntax)?;
    let p = s.eval_num(p.trim())?;
    let variable = s.numeric_variable(name.trim())?;
    let mut touse = s.rows(cmd)?;
    s.markout(&[variable], &mut touse, false)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let x = values(s, variable, &rows);
    let weight = |i: usize| weights.as_ref().map_or(1.0, |w| w.values[i]);
    let name = s.frame.var(variable).name.clone();
    if x.iter().any(|v| *v != 0.0 && *v != 1.0) {
        return Err(StataError::new(450, format!("variable {name} is not a 0/1 variable")));
    }
    if x.is_empty() {
        return Err(StataError::no_observations());
    }
    let n: f64 = rows.iter().map(|i| weight(*i)).sum();
    let ones: f64 = rows.iter().zip(&x).map(|(i, x)| weight(*i) * x).sum();
    test(s, &name, n, ones, p)
}

fn run_immediate(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let [n, k, p] = numbers(&cmd.list)?[..] else {
        return Err(StataError::invalid("wrong number of arguments"));
    };
    let k = if k > 0.0 && k < 1.0 { (n * k).round() } else { k };
    test(s, "", n, k, p)
}

/// P(X = k) of a binomial with `n` trials.
fn mass(n: u64, k: u64, p: f64) -> f64 {
    let (n, k) = (n as f64, k as f64);
    let ways = ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0);
    (ways + k * p.ln() + (n - k) * (-p).ln_1p()).exp()
}

/// Outcomes of the other tail that count as extreme: those at most as probable as the observed one.
fn opposite(n: u64, k: u64, p: f64) -> Option<u64> {
    let at = mass(n, k, p) * (1.0 + 1e-7);
    let extreme = |i: &u64| mass(n, *i, p) <= at;
    if (k as f64) < n as f64 * p {
        (k + 1..=n).filter(|i| *i as f64 > n as f64 * p).find(extreme)
    } else {
        (0..k).rev().filter(|i| (*i as f64) < n as f64 * p).find(extreme)
    }
}

fn test(s: &mut Session, name: &str, n: f64, k: f64, p: f64) -> Result<()> {
    let whole = |x: f64| x >= 0.0 && x.fract() == 0.0 && x <= 1e9;
    if !whole(n) || !whole(k) || k > n || n < 1.0 || !(p > 0.0 && p < 1.0) {
        return Err(StataError::invalid("invalid number of observations, of successes, or probability"));
    }
    let (size, count) = (n as u64, k as u64);
    let upper = binomial_tail(size, count, p);
    let lower = binomial_probability(size, count, p);
    let other = opposite(size, count, p);
    let beyond = match other {
        Some(i) if (i as f64) > n * p => binomial_tail(size, i, p),
        Some(i) => binomial_probability(size, i, p),
        None => 0.0,
    };
    let own = if k < n * p { lower } else { upper };
    let both = if k == n * p { 1.0 } else { (own + beyond).min(1.0) };
    let number = |x: f64, width: usize| format::right(&format::bare("%9.0g", x), width);
    s.print("");
    if !name.is_empty() {
        s.print(format!("Binomial probability test: {name}"));
    }
    s.print("        N   Observed k   Expected k   Assumed p   Observed p");
    s.print("-".repeat(60));
    s.print(format!(
        "{:>9}{}{}{}{}",
        format::bare("%9.0g", n),
        number(k, 11),
        number(n * p, 13),
        format::right(&format::bare("%9.5f", p), 14),
        format::right(&format::bare("%9.5f", k / n), 13)
    ));
    s.print("");
    let sides = match other {
        Some(i) if (i as f64) > k => format!("k <= {k} or k >= {i}"),
        Some(i) => format!("k <= {i} or k >= {k}"),
        None if k < n * p => format!("k <= {k}"),
        None => format!("k >= {k}"),
    };
    let lines = [
        (format!("Pr(k >= {k})"), upper, "one-sided"),
        (format!("Pr(k <= {k})"), lower, "one-sided"),
        (format!("Pr({sides})"), both, "two-sided"),
    ];
    let width = lines.iter().map(|l| l.0.len()).max().unwrap_or(0);
    for (text, value, kind) in lines {
        s.print(format!("  {text:<width$} = {}  ({kind} test)", format::bare("%8.6f", value)));
    }
    let mut r = Results::default();
    r.scalar("N", n).scalar("P_p", p).scalar("k", k).scalar("k_p", mass(size, count, p));
    if let Some(i) = other {
        r.scalar("k_opp", i as f64).scalar("k_opp_p", mass(size, i, p));
    }
    r.scalar("p", both).scalar("p_l", lower).scalar("p_u", upper);
    s.r = r;
    Ok(())
}
